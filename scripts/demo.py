"""tanhui demo: the whole line on this machine: contracts, chain, import, SQL, audit, API and pages.

Flow: keys → development chain → contracts → parties → a real registry's export through the real acts → mirror into SQLite →
audit → API → the file's totals against chain, SQL and API → pages on loopback until interrupted, or the end with --once.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer
from rich.table import Table
from sqlalchemy import Engine

from api import key as api_keys
from node_client import database, holding, retirement, total
from node_client.acts import transfer
from node_client.compiler import ROOT
from node_client.errors import MirrorError, TanhuiError
from node_client.ledger import Ledger
from node_client.mirror.registry import decode
from node_client.network import ganache
from node_client.settings import Settings
from node_client.signer import Keystore, keystore_of, new_password_file
from node_client.units import GRAMS_PER_TONNE, credit_name, parse_token_id, tonnes_text
from scripts.console import errors_shown, out
from scripts.deploy import deploy_once
from scripts.import_file import parties_of, read_export, replay, show_outcome
from scripts.mirror import audit_now, catch_up, mirror_of, print_audit
from scripts.scheme import AUTHORITY_NAME, development_code, ensure_development_keys, set_up_development

EXPORT: Final = ROOT / "examples" / "registries" / "verra_vcus.csv"
_PARTIES: Final = {"expert": "expert-1"} | {
    party: party for party in ("authority", "operator", "verifier", "owner", "buyer")
}
_START_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Totals:
    """What must come out the same from everywhere. Serials are gapless or not; grams are CO2e."""

    projects: int
    issuances: int
    issued_grams: int
    retirements: int
    retired_grams: int
    serials_gapless: bool


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the check of the totals.")] = False,
    port: Annotated[
        int, typer.Option(help="Port of the pages; 0 takes a free one.", min=0, max=65535)
    ] = 8640,
    keep: Annotated[bool, typer.Option("--keep", help="Go on with the last demonstration's ledger.")] = False,
) -> None:
    """A real registry's records stand on a chain, in SQL and on pages, equal to the tonne. Exit code 7 when they do not."""
    # Its own folder, whatever the environment says: a demonstration must not touch a real scheme.
    settings = Settings(data=ROOT / "data" / "demo", node_url="", chain_id=0, database_url="", port=port)
    # Both mean: stop, in order. A shell that starts us in the background would have us ignore the first.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with errors_shown(as_json=False), ExitStack() as stack:
        if ganache.status(settings.chain_folder) is not None:
            raise TanhuiError(
                "a demonstration runs already",
                remedy="end it with Ctrl-C; if it was killed: TANHUI_DATA=data/demo .venv/bin/tanhui chain down",
            )
        if settings.data.exists() and not keep:
            # What visitors of the last one retired would not be in the file.
            shutil.rmtree(settings.data)
        _run(settings, stack, once=once, fresh=not keep)


def _run(settings: Settings, stack: ExitStack, *, once: bool, fresh: bool) -> None:
    with _step("1/8 keys of the parties (encrypted, in data/demo/keys)"):
        new_password_file(settings.data / "password")
        keystore = keystore_of(settings)
        ensure_development_keys(keystore)
    with _step("2/8 development chain (ganache through npx, state in data/demo/chain)"):
        ganache.up(settings.chain_folder)
        stack.callback(ganache.down, settings.chain_folder)
    with _step("3/8 contracts"):
        database.upgrade(settings.effective_database_url)
        deploy_once(settings, "authority", AUTHORITY_NAME, development_code("authority"))
    ledger = stack.enter_context(contextlib.closing(Ledger.open(settings)))
    engine = database.engine(settings.effective_database_url)
    stack.callback(engine.dispose)
    with _step("4/8 members, roles, purposes, settings"):
        set_up_development(ledger, keystore)
    with _step(f"5/8 import of {EXPORT.name} through the real acts"):
        _import(settings, ledger, keystore)
    with _step("6/8 mirror into SQLite, and its audit against the chain"):
        catch_up(mirror_of(ledger, engine, settings), quiet=False)
        report = audit_now(ledger, engine, quiet=False)
        print_audit(report)
        if not report.clean:
            raise typer.Exit(MirrorError.exit_code)
    with _step("7/8 API and pages"):
        address = stack.enter_context(_serving(settings))
    with _step("8/8 the file's totals against chain, SQL and API"):
        if not _compare(ledger, engine, address, with_file=fresh):
            raise typer.Exit(MirrorError.exit_code)
    if not once:
        _stay(settings, stack, ledger, keystore, address)


@contextmanager
def _step(title: str) -> Iterator[None]:
    out.print(f"[bold]{title}[/]")
    started = time.monotonic()
    yield
    out.print(f"  [dim]{time.monotonic() - started:.1f} s[/]")


def _import(settings: Settings, ledger: Ledger, keystore: Keystore) -> None:
    export = read_export([EXPORT], "verra")
    started = time.monotonic()
    outcome = replay(ledger, parties_of(keystore, **_PARTIES), export, settings.data / "commitment.key")
    show_outcome(export, outcome, time.monotonic() - started, as_json=False)


@contextmanager
def _serving(settings: Settings) -> Iterator[str]:
    """The API runs in a process of its own; its address. It ends when the block ends."""
    environment = os.environ | {
        "TANHUI_DATA": str(settings.data),
        "TANHUI_PORT": str(settings.port),
        "TANHUI_NODE_URL": "",
        "TANHUI_DATABASE_URL": "",
        "TANHUI_CHAIN_ID": "0",
    }
    with _process(["api", "serve", "--json"], environment, settings.data / "api.log") as process:
        yield _printed_address(settings.data / "api.log", process)


def _printed_address(log: Path, process: subprocess.Popen[bytes]) -> str:
    """The address that the API printed once it listened; asked of nothing else, since the port may be somebody's."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        for line in log.read_text(encoding="utf-8").splitlines():
            if line.startswith("{"):
                return str(json.loads(line)["address"])
        time.sleep(0.1)
    raise TanhuiError(
        f"the API did not start: {log.read_text(encoding='utf-8').strip()[-300:]}",
        remedy="if the port is in use, give another: tanhui demo --port 0",
    )


@contextmanager
def _process(words: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A verb of ours in a process of its own; it ends when the block ends."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.main", *words],
            cwd=ROOT,
            env=environment | {"PYTHONPATH": str(ROOT)},
            stdout=output,
            stderr=output,
            # Interrupts are for us; we end it in order.
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _compare(ledger: Ledger, engine: Engine, address: str, *, with_file: bool) -> bool:
    """Whether file (if asked for), chain, SQL and API have the same totals; they are printed side by side."""
    found = {"file": _totals_of_file(EXPORT)} if with_file else {}
    found |= {
        "chain": _totals_of_chain(ledger),
        "SQL": _totals_of_sql(engine),
        "API": _totals_of_api(address),
    }
    table = Table("", *found, header_style="bold")
    names = ("projects", "issuances", "issued t", "retirements", "retired t", "serials gapless")
    for name, *values in zip(names, *(astuple(totals) for totals in found.values()), strict=True):
        table.add_row(name, *(tonnes_text(each) if name.endswith(" t") else str(each) for each in values))
    out.print(table)
    same = len(set(found.values())) == 1
    out.print("[green]✓[/] all equal" if same else "[red]✗[/] they differ")
    return same


def _totals_of_file(path: Path) -> Totals:
    """The file read by nothing but the csv module: an oracle for everything after it."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    grams = [int(row["Quantity Issued"].replace(",", "")) * GRAMS_PER_TONNE for row in rows]
    retired = [each for each, row in zip(grams, rows, strict=True) if row["Retirement/Cancellation Date"]]
    groups = {(row["ID"], row["Vintage Start"], row["Vintage End"], row["Issuance Date"]) for row in rows}
    return Totals(len({row["ID"] for row in rows}), len(groups), sum(grams), len(retired), sum(retired), True)


def _totals_of_chain(ledger: Ledger) -> Totals:
    """The contracts' own sums, and their events counted."""
    chain, deployment = ledger.chain, ledger.deployment
    names = {address: name for name, address in deployment.addresses.items()}
    events = [
        decode(log, names[log.address])[0]
        for log in chain.logs(deployment.block, chain.head(), list(deployment.addresses.values()))
        if names[log.address] != "Roles"
    ]

    def count(name: str) -> int:
        return sum(type(event).__name__ == name for event in events)

    next_serial: dict[int, int] = {}
    gapless = True
    for event in events:
        if isinstance(event, retirement.CreditsRetired):
            for line, first in zip(event.record.lines, event.first_serials, strict=True):
                gapless &= first == next_serial.get(line.token_id, 1)
                next_serial[line.token_id] = first + line.grams
    for token_id, following in next_serial.items():
        gapless &= ledger.read("Credits", "credit", token_id)["retired"] == following - 1
    sums = ledger.read("Credits", "totals")
    return Totals(
        count("ProjectSubmitted"),
        count("CreditIssued"),
        sums["issued"],
        count("CreditsRetired"),
        sums["retired"],
        gapless,
    )


def _totals_of_sql(engine: Engine) -> Totals:
    with engine.connect() as connection:
        sums = total.whole(connection)
        projects = connection.exec_driver_sql("SELECT count(*) FROM project").scalar_one()
        rows = connection.exec_driver_sql(
            "SELECT token_id, first_serial, last_serial FROM retirement_line ORDER BY token_id, first_serial"
        ).all()
    gapless, last = True, dict.fromkeys((row[0] for row in rows), 0)
    for token_id, first, final in rows:
        gapless &= first == last[token_id] + 1
        last[token_id] = final
    return Totals(projects, sums.issuances, sums.issued, sums.retirements, sums.retired, gapless)


def _totals_of_api(address: str) -> Totals:
    with httpx.Client(base_url=address, trust_env=False) as client:

        def get(path: str) -> Any:
            answer = client.get(path)
            answer.raise_for_status()
            return answer.json()

        sums = get("/v1/statistics")["total"]
        rows: list[dict[str, Any]] = []
        path = "/v1/retirements?limit=500"
        while path:
            page = get(path)
            rows += page["data"]
            path = f"/v1/retirements?limit=500&cursor={page['next']}" if page["next"] else ""
        projects = len(get("/v1/projects?limit=500")["data"])
    last: dict[str, int] = {}
    gapless = True
    for row in reversed(rows):
        for line in row["lines"]:
            gapless &= int(line["first_serial"]) == last.get(line["token_id"], 0) + 1
            last[line["token_id"]] = int(line["last_serial"])
    return Totals(
        projects,
        sums["issuances"],
        int(sums["issued_grams"]),
        sums["retirements"],
        int(sums["retired_grams"]),
        gapless,
    )


def _stay(settings: Settings, stack: ExitStack, ledger: Ledger, keystore: Keystore, address: str) -> None:
    """The buyer has credits to retire, the mirror follows the chain, the pages are served until interrupted."""
    engine = database.engine(settings.effective_database_url)
    stack.callback(engine.dispose)
    with engine.connect() as connection:
        owned = holding.of_account(connection, keystore.address("owner"))
    token_id = parse_token_id(max(owned, key=lambda row: int(row["free"]))["token_id"])
    transfer.transfer(
        ledger,
        keystore.open("owner"),
        to=keystore.address("buyer"),
        token_id=token_id,
        grams=100 * GRAMS_PER_TONNE,
    )
    catch_up(mirror_of(ledger, engine, settings), quiet=True)
    environment = os.environ | {
        "TANHUI_DATA": str(settings.data),
        "TANHUI_NODE_URL": "",
        "TANHUI_DATABASE_URL": "",
    }
    stack.enter_context(
        _process(["mirror", "run", "--follow", "--json"], environment, settings.data / "mirror.log")
    )
    _key_id, secret = api_keys.create(engine, holder=keystore.address("buyer"), label="demo")
    _print_welcome(address, secret, credit_name(token_id))
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()
    out.print("\nstopping")


def _print_welcome(address: str, secret: str, credit: str) -> None:
    body = (
        f'{{"lines": [{{"credit": "{credit}", "tonnes": "0.5"}}], "purpose": "event", '
        '"beneficiary": "示范国际会展酒店有限公司", "case_reference": "冰雪节开幕式"}'
    )
    out.print(f"\n[bold green]The ledger is open:[/] {address}/zh/  {address}/en/")
    out.print("\nRetire half a tonne as the buyer (with one Idempotency-Key, only once):\n")
    print(
        f"curl -i -X POST {address}/v1/retirements \\\n"
        f"  -H 'Authorization: Bearer {secret}' \\\n"
        "  -H 'Idempotency-Key: demo-1' -H 'Content-Type: application/json' \\\n"
        f"  -d '{body}'"
    )
    out.print("\nCtrl-C ends everything that was started here; the data stay in data/demo.")
