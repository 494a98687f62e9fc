"""tanhui keys: make and list the encrypted keys of accounts."""

from __future__ import annotations

from typing import Annotated

import typer

from node_client.settings import Settings
from node_client.signer import keystore_of, new_password_file
from scripts.console import AsJson, errors_shown, examples, show, show_rows

app = typer.Typer(help="Make and list the encrypted keys of accounts.", no_args_is_help=True)


@app.command(epilog=examples("tanhui keys init"))
def init(as_json: AsJson = False) -> None:
    """A random password stands in the data folder's password file, readable by its owner alone; an old one is kept."""
    with errors_shown(as_json=as_json):
        path = new_password_file(Settings().data / "password")
        show("the keystore has a password", {"password_file": path}, as_json=as_json)


@app.command(epilog=examples("tanhui keys create operator"))
def create(
    name: Annotated[str, typer.Argument(help="Name of the new key, such as operator.")],
    as_json: AsJson = False,
) -> None:
    """A new random key is in the keystore, encrypted; an existing one is never overwritten."""
    with errors_shown(as_json=as_json):
        account = keystore_of(Settings()).create(name)
        show(f"key {name} was made", {"name": name, "account": account}, as_json=as_json)


@app.command("list", epilog=examples("tanhui keys list --json"))
def list_keys(as_json: AsJson = False) -> None:
    """The keys and their accounts are printed; no password is needed."""
    with errors_shown(as_json=as_json):
        keystore = keystore_of(Settings())
        rows = [{"name": name, "account": keystore.address(name)} for name in keystore.names()]
        show_rows("keys", rows, as_json=as_json)
