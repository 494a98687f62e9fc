"""What all verbs share: options, opening the ledger, showing results and errors, exit codes.

Flow of a verb: typer reads its options → `with acting(...)` opens the ledger and the key → the act → `show` prints words or
JSON. Errors of ours become a message, a remedy and an exit code; --dry-run ends after the simulation.

Exit codes: 0 done · 1 failed · 2 bad input · 3 refused by a contract · 4 chain or database unreachable or wrong · 5 key or
password · 6 tool missing · 7 mirror or audit found something wrong · 8 done, but some rows of a file were refused.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from eth_utils.address import is_address, to_checksum_address
from rich.console import Console
from rich.table import Table

from node_client.errors import BadInput, KeyMissing, TanhuiError
from node_client.ledger import Act, DryRun, Ledger
from node_client.settings import Settings
from node_client.signer import Key, Keystore, keystore_of
from node_client.units import Day, Grams, day_of, parse_bytes32, parse_token_id, parse_tonnes, tonnes_text

ROWS_REFUSED: Final = 8
_EXAMPLE_INDENT: Final = "    "

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Simulate and describe the act, and send nothing.")
]


def key_option(default: str) -> Any:
    """An option naming the keystore's key that signs."""
    return typer.Option(default, "--key", help="Name of the key that signs (see tanhui keys list).")


def examples(*lines: str) -> str:
    """The examples at the foot of a verb's --help."""
    return "Examples:\n\n" + "\n\n".join(f"{_EXAMPLE_INDENT}{line}" for line in lines)


@dataclass(frozen=True, slots=True)
class Acting:
    """An open ledger and the key that acts on it."""

    ledger: Ledger
    signer: Key
    keystore: Keystore
    as_json: bool

    def show(self, sentence: str, **facts: Any) -> None:
        """The result is printed: the sentence and facts for people, the facts as JSON for machines."""
        show(sentence, facts, as_json=self.as_json)

    def account(self, text: str) -> str:
        """The address that an option gives: an address, or the name of a key."""
        return account_of(self.keystore, text)


def account_of(keystore: Keystore, text: str) -> str:
    """The address that a text gives: an address, or the name of a key.

    Raises `KeyMissing` when it is neither, `BadInput` when an address's checksum is wrong.
    """
    if re.fullmatch(r"0x[0-9a-fA-F]{40}", text):
        checksummed = to_checksum_address(text)
        if not is_address(text) or (text not in {checksummed, text.lower()}):
            raise BadInput(f"{text} has a wrong checksum", remedy="copy the address again")
        return str(checksummed)
    try:
        return keystore.address(text)
    except KeyMissing as error:
        raise BadInput(
            f"{text!r} is neither an address nor a key's name", remedy="see tanhui keys list"
        ) from error


@contextmanager
def errors_shown(*, as_json: bool) -> Iterator[None]:
    """Errors of ours are printed with their remedy, and end the program with their exit code."""
    try:
        yield
    except TanhuiError as error:
        if as_json:
            body = {"error": type(error).__name__, "message": error.message, "remedy": error.remedy}
            arguments = getattr(error, "arguments", None)
            print(json.dumps(body | ({"arguments": arguments} if arguments else {}), ensure_ascii=False))
        else:
            err.print(f"[bold red]error[/] {_escape(error.message)}")
            err.print(f"  → {_escape(error.remedy)}")
        raise typer.Exit(error.exit_code) from error
    except ValueError as error:
        if as_json:
            print(json.dumps({"error": "BadInput", "message": str(error)}, ensure_ascii=False))
        else:
            err.print(f"[bold red]error[/] {_escape(str(error))}")
        raise typer.Exit(BadInput.exit_code) from error


@contextmanager
def acting(key: str, *, dry_run: bool = False, as_json: bool = False) -> Iterator[Acting]:
    """The ledger is open and the key unlocked; closed again afterwards."""
    with errors_shown(as_json=as_json):
        settings = Settings()
        ledger = Ledger.open(settings)
        try:
            keystore = keystore_of(settings)
            if dry_run:
                ledger.dry_run = lambda act: _describe(act, as_json=as_json)
            yield Acting(ledger, keystore.open(key), keystore, as_json)
        except DryRun:
            return
        finally:
            ledger.close()


def _describe(act: Act, *, as_json: bool) -> None:
    arguments = [_plain(argument) for argument in act.arguments]
    facts = {
        "dry_run": True,
        "contract": act.contract,
        "function": act.function,
        "arguments": arguments,
        "sender": act.sender,
    }
    show(f"would succeed: {act.contract}.{act.function}; nothing was sent", facts, as_json=as_json)


def show(sentence: str, facts: dict[str, Any], *, as_json: bool) -> None:
    """A result is printed: words and facts for people, the facts alone as JSON for machines."""
    plain = {name: _plain(value) for name, value in facts.items()}
    if as_json:
        print(json.dumps(plain, ensure_ascii=False))
        return
    out.print(f"[green]✓[/] {_escape(sentence)}")
    for name, value in plain.items():
        out.print(f"  [dim]{name.replace('_', ' ')}[/] {_escape(str(value))}")


def show_rows(title: str, rows: list[dict[str, Any]], *, as_json: bool) -> None:
    """Rows are printed, as a table for people, as a JSON list for machines."""
    plain = [{name: _plain(value) for name, value in row.items()} for row in rows]
    if as_json:
        print(json.dumps(plain, ensure_ascii=False))
        return
    if not plain:
        out.print(f"{title}: none")
        return
    table = Table(title=title, title_justify="left", header_style="bold")
    for name in plain[0]:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in plain:
        table.add_row(*(_escape(str(value)) for value in row.values()))
    out.print(table)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Path):
        return value.as_posix()
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    return value


def _escape(text: str) -> str:
    return text.replace("[", r"\[")


def id32(text: str) -> bytes:
    """An id of 32 bytes: 0x and 64 digits as they are, any other text by its SHA-256."""
    return parse_bytes32(text) if text.startswith("0x") else hashlib.sha256(text.encode()).digest()


def new_id() -> bytes:
    """A new random id of 32 bytes."""
    return secrets.token_bytes(32)


def document_hash(document: str) -> bytes:
    """The hash of a document: SHA-256 of the file named, or 0x and 64 digits as they are."""
    if document.startswith("0x"):
        return parse_bytes32(document)
    try:
        return hashlib.sha256(Path(document).read_bytes()).digest()
    except OSError as error:
        raise BadInput(
            f"document {document} cannot be read: {error.strerror}",
            remedy="name a file, or give 0x and its hash",
        ) from error


def registration_hash(code: str) -> bytes:
    """The hash of an organisation's registration code (统一社会信用代码), as members register it."""
    cleaned = code.strip().upper()
    if not cleaned:
        raise BadInput("the registration code is empty", remedy="give the organisation's code")
    return hashlib.sha256(cleaned.encode()).digest()


def grams_of(tonnes: str) -> Grams:
    """The grams of an amount in tonnes."""
    return parse_tonnes(tonnes)


def credit_of(text: str) -> int:
    """The token id of a credit, given as PROJECT-CREDIT or 0x."""
    return parse_token_id(text)


def day_from(text: str) -> Day:
    """The day of an ISO date. Raises ValueError."""
    return day_of(date.fromisoformat(text))


def seconds_from(text: str) -> int:
    """Unix seconds of an ISO time (UTC where no offset is given), or of a number of days from now such as +30d."""
    relative = re.fullmatch(r"\+(\d{1,5})([dhms])", text)
    if relative:
        unit = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}[relative[2]]
        return int(datetime.now(tz=UTC).timestamp()) + int(relative[1]) * unit
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def tonnes(grams: int) -> str:
    """Grams as tonnes with their unit, for people."""
    return f"{tonnes_text(grams)} t"


Progress = Callable[[str], None]
