"""tanhui api: serve the API and the pages, and give out API keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from sqlalchemy import Engine

from api import key as api_keys
from api.server import serve as serve_api
from node_client import database
from node_client.errors import TanhuiError
from node_client.settings import Settings
from node_client.signer import keystore_of
from scripts.console import AsJson, account_of, errors_shown, examples, show, show_rows

app = typer.Typer(help="Serve the API and the pages, and give out API keys.", no_args_is_help=True)
key = typer.Typer(help="Give out and revoke API keys.", no_args_is_help=True)
app.add_typer(key, name="key")


@contextmanager
def opened_database() -> Iterator[Engine]:
    """The database of the settings is open, and of this program's revision; closed again afterwards."""
    engine = database.engine(Settings().effective_database_url)
    try:
        database.check_revision(engine)
        yield engine
    finally:
        engine.dispose()


@app.command(epilog=examples("tanhui api serve", "TANHUI_PORT=0 tanhui api serve"))
def serve(as_json: AsJson = False) -> None:
    """The API and the pages are served until interrupted, on the host and port of the settings."""
    with errors_shown(as_json=as_json):
        started = serve_api(
            Settings(), lambda address: show("serving", {"address": address}, as_json=as_json)
        )
        if not started:
            raise TanhuiError(
                "the server could not start",
                remedy="see the message above; is the port in use? set TANHUI_PORT",
            )


@key.command("create", epilog=examples("tanhui api key create buyer --label 某某酒店"))
def create_key(
    holder: Annotated[str, typer.Argument(help="Account it stands for: address, or name of a key.")],
    label: Annotated[str, typer.Option(help="Whose it is, for the list; no natural person.")] = "",
    as_json: AsJson = False,
) -> None:
    """A new API key stands for the account. It is printed this once, and only its hash is kept."""
    with errors_shown(as_json=as_json), opened_database() as engine:
        account = account_of(keystore_of(Settings()), holder)
        key_id, secret = api_keys.create(engine, holder=account, label=label)
        show(
            "keep this key: it is not shown again",
            {"key_id": key_id, "holder": account, "key": secret},
            as_json=as_json,
        )


@key.command("list", epilog=examples("tanhui api key list"))
def list_keys(as_json: AsJson = False) -> None:
    """The API keys are printed, without the keys themselves."""
    with errors_shown(as_json=as_json), opened_database() as engine:
        rows = [
            {
                "key_id": row["key_id"],
                "holder": row["holder"],
                "scopes": row["scopes"],
                "label": row["label"],
                "created": _time(row["created_at"]),
                "revoked": _time(row["revoked_at"]),
            }
            for row in api_keys.all_keys(engine)
        ]
        show_rows("API keys", rows, as_json=as_json)


@key.command("revoke", epilog=examples("tanhui api key revoke 1a2b3c4d"))
def revoke_key(
    key_id: Annotated[str, typer.Argument(help="Id of the key, as listed.")], as_json: AsJson = False
) -> None:
    """The API key works no longer."""
    with errors_shown(as_json=as_json), opened_database() as engine:
        api_keys.revoke(engine, key_id)
        show(f"key {key_id} works no longer", {"key_id": key_id}, as_json=as_json)


def _time(unix_seconds: int | None) -> str:
    return datetime.fromtimestamp(unix_seconds, tz=UTC).isoformat() if unix_seconds else ""
