"""tanhui import: replay another registry's export through the ledger's real acts."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from node_client.errors import BadInput
from node_client.ledger import Ledger
from node_client.settings import Settings
from node_client.signer import Keystore, keystore_of
from scripts.console import (
    ROWS_REFUSED,
    AsJson,
    err,
    errors_shown,
    out,
    show,
    show_rows,
    tonnes,
)
from scripts.registry_export import BrokenExport, Export, Problem, detect, parse
from scripts.replay import Outcome, Parties, Replay, commitment_key


class FormatName(StrEnum):
    """The registries whose exports are understood."""

    verra = "verra"
    cercarbono = "cercarbono"
    acr = "acr"


def import_file(
    files: Annotated[
        list[Path], typer.Argument(help="The export; issuances and retirements may be two files.")
    ],
    registry: Annotated[FormatName, typer.Option("--format", help="Whose export it is.")],
    person: Annotated[
        list[str] | None,
        typer.Option(
            help="A beneficiary that is a natural person and goes on the chain only as a commitment."
        ),
    ] = None,
    authority: Annotated[str, typer.Option(help="Key of the authority.")] = "authority",
    operator: Annotated[str, typer.Option(help="Key of the operator.")] = "operator",
    verifier: Annotated[str, typer.Option(help="Key of the verifier.")] = "verifier",
    expert: Annotated[str, typer.Option(help="Key of the expert.")] = "expert-1",
    owner: Annotated[str, typer.Option(help="Key of the projects' owner.")] = "owner",
    buyer: Annotated[str, typer.Option(help="Key of the buyer that retires.")] = "buyer",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and check the file, and send nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Every good row of the export is on the ledger; every other is reported with its line, reason and remedy.

    Repeated, it adds nothing; killed and repeated, it completes. Exit code 8 when rows were refused.
    """
    with errors_shown(as_json=as_json):
        export = read_export(files, registry.value, frozenset(person or ()))
        if dry_run:
            _show_export(export, as_json=as_json)
            raise typer.Exit(ROWS_REFUSED if export.refused else 0)
        settings = Settings()
        ledger = Ledger.open(settings)
        try:
            keystore = keystore_of(settings)
            parties = parties_of(
                keystore,
                authority=authority,
                operator=operator,
                verifier=verifier,
                expert=expert,
                owner=owner,
                buyer=buyer,
            )
            started = time.monotonic()
            outcome = replay(ledger, parties, export, settings.data / "commitment.key", quiet=as_json)
            seconds = time.monotonic() - started
        finally:
            ledger.close()
        show_outcome(export, outcome, seconds, as_json=as_json)
        if any(problem.kind == "refused" for problem in outcome.problems):
            raise typer.Exit(ROWS_REFUSED)


def read_export(files: list[Path], registry: str, persons: frozenset[str] = frozenset()) -> Export:
    """The export, read and checked.

    Raises `BadInput` with the line and the remedy when the file cannot be understood at all.
    """
    for file in files:
        if not file.is_file():
            raise BadInput(f"there is no file {file}", remedy="name the registry's CSV export")
    try:
        return parse(files, registry, persons=persons)
    except BrokenExport as error:
        hint = ""
        try:
            found = detect(files[0])
            hint = f"; the file looks like --format {found}" if found != registry else ""
        except BrokenExport:
            pass
        raise BadInput(
            f"{Path(error.file).name} line {error.line}: {error.reason}", remedy=f"{error.remedy}{hint}"
        ) from error


def parties_of(keystore: Keystore, **names: str) -> Parties:
    """The parties' keys, opened: the names of the keys by party."""
    return Parties(**{party: keystore.open(name) for party, name in names.items()})


def replay(
    ledger: Ledger, parties: Parties, export: Export, commitments: Path, *, quiet: bool = False
) -> Outcome:
    """The export is on the ledger; a bar shows how far it is, unless quiet."""
    columns = (
        TextColumn("importing {task.fields[kind]:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    steps = sum(
        map(
            len,
            (export.methodologies, export.projects, export.reports, export.issuances, export.retirements),
        )
    )
    # A refusal is rare here, and running every act twice would double the time.
    ledger.simulate_first = False
    try:
        with Progress(*columns, console=err, transient=True, disable=quiet) as progress:
            task = progress.add_task("", total=steps, kind="")
            return Replay(
                ledger,
                parties,
                export,
                commitment_key(commitments),
                lambda kind: progress.update(task, advance=1, kind=kind),
            ).run()
    finally:
        ledger.simulate_first = True


def _show_export(export: Export, *, as_json: bool) -> None:
    facts = {
        "dry_run": True,
        "rows": export.rows,
        "projects": len(export.projects),
        "reports": len(export.reports),
        "issuances": len(export.issuances),
        "issued_grams": str(export.issued_grams),
        "retirements": len(export.retirements),
        "retired_grams": str(export.retired_grams),
        "problems": [asdict(problem) for problem in export.problems],
    }
    if as_json:
        print(json.dumps(facts, ensure_ascii=False))
        return
    show("the file was read; nothing was sent", facts | {"problems": len(export.problems)}, as_json=False)
    _show_problems(export.problems)


def show_outcome(export: Export, outcome: Outcome, seconds: float, *, as_json: bool) -> None:
    """What became of the export is printed: counts by kind, amounts, and every problem with its line."""
    rows = [{"record": kind, **asdict(tally)} for kind, tally in outcome.tallies.items()]
    if as_json:
        body = {
            "rows": export.rows,
            "records": rows,
            "issued_grams": str(outcome.issued_grams),
            "retired_grams": str(outcome.retired_grams),
            "seconds": round(seconds, 3),
            "problems": [asdict(problem) for problem in outcome.problems],
        }
        print(json.dumps(body, ensure_ascii=False))
        return
    _show_problems(tuple(outcome.problems))
    show_rows(f"{export.rows} rows in {seconds:.1f} s", rows, as_json=False)
    out.print(f"issued {tonnes(outcome.issued_grams)} · retired {tonnes(outcome.retired_grams)}")


def _show_problems(problems: tuple[Problem, ...]) -> None:
    notes: dict[str, list[str]] = {}
    for problem in problems:
        if problem.kind == "refused":
            place = f"{Path(problem.file).name} line {problem.line}"
            err.print(
                f"[red]refused[/] {place}: {problem.message} [dim]({problem.code})[/]\n  → {problem.remedy}"
            )
        else:
            notes.setdefault(problem.code, []).append(str(problem.line))
    for code, lines in notes.items():
        err.print(f"[yellow]note[/] {code} ({len(lines)}): lines {', '.join(lines)}")
