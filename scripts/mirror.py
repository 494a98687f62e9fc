"""tanhui mirror, tanhui audit and tanhui db: the SQL mirror of the ledger, and the proof that it lost nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Annotated

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)
from sqlalchemy import Engine

from node_client import database
from node_client.errors import MirrorError
from node_client.ledger import Ledger
from node_client.mirror import AuditReport, Checkpoint, Mirror, digest, tune_interpreter
from node_client.mirror import Progress as Done
from node_client.mirror import audit as audit_mirror
from node_client.mirror.health import diagnose
from node_client.mirror.loop import MOST_BLOCKS
from node_client.settings import Settings
from scripts.console import AsJson, err, errors_shown, examples, out, show

app = typer.Typer(help="Mirror the chain into SQL, and look at the mirror.", no_args_is_help=True)
tables = typer.Typer(help="Create and upgrade the database's tables.", no_args_is_help=True)


@contextmanager
def opened(settings: Settings) -> Iterator[tuple[Ledger, Engine]]:
    """The ledger and the database of the settings are open; closed again afterwards."""
    ledger = Ledger.open(settings)
    try:
        engine = database.engine(settings.effective_database_url)
        try:
            yield ledger, engine
        finally:
            engine.dispose()
    finally:
        ledger.close()


def mirror_of(
    ledger: Ledger,
    engine: Engine,
    settings: Settings,
    *,
    proven: bool | None = None,
    most_blocks: int = MOST_BLOCKS,
) -> Mirror:
    """The mirror from the ledger's node into the database, with at most so many blocks a commit; `proven` None: as set."""
    return Mirror(
        ledger.chain,
        engine,
        ledger.deployment,
        lag_blocks=settings.lag_blocks,
        finality_blocks=settings.finality_blocks,
        proven=settings.proven if proven is None else proven,
        most_blocks=most_blocks,
    )


@contextmanager
def progress_bar(title: str, *, quiet: bool) -> Iterator[Progress]:
    """A bar for work whose length is known only on the way."""
    columns = (SpinnerColumn(), TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=quiet) as progress:
        yield progress


def catch_up(mirror: Mirror, *, quiet: bool, until: int | None = None) -> Checkpoint:
    """The mirror stands at the head (or at `until`); a bar shows how far it is, unless quiet."""
    with progress_bar("mirroring blocks", quiet=quiet) as progress:
        task = progress.add_task("", total=None)
        return mirror.run(
            until=until,
            progress=lambda done: progress.update(task, completed=done.block, total=max(done.head, 0)),
        )


@app.command(epilog=examples("tanhui mirror run", "tanhui mirror run --follow --proven"))
def run(
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with every new block until interrupted.")
    ] = False,
    until: Annotated[int | None, typer.Option(help="Last block to mirror.", min=0)] = None,
    proven: Annotated[
        bool | None,
        typer.Option(
            "--proven/--unproven", help="Write only what the blocks' receipts prove [TANHUI_PROVEN]."
        ),
    ] = None,
    most_blocks: Annotated[
        int, typer.Option(help="Blocks a commit at most; fewer for a slow database.", min=1, max=MOST_BLOCKS)
    ] = MOST_BLOCKS,
    as_json: AsJson = False,
) -> None:
    """The database holds everything up to the chain's head, or block by block what comes, with --follow."""
    with errors_shown(as_json=as_json), opened(settings := Settings()) as (ledger, engine):
        tune_interpreter()
        mirror = mirror_of(ledger, engine, settings, proven=proven, most_blocks=most_blocks)
        if follow:
            # From the start: a node or a database that is away is waited for.
            with suppress(KeyboardInterrupt):
                mirror.run(follow=True, until=until, progress=_Told(as_json=as_json))
            return
        now = catch_up(mirror, quiet=as_json, until=until)
        facts = {"block": now.block, "block_hash": now.block_hash, "sequence": now.sequence}
        show("mirrored", facts, as_json=as_json)


class _Told:
    """Prints what a following mirror does, and once why it waits."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._waiting = ""

    def __call__(self, done: Done) -> None:
        facts = {"block": done.block, "acts": done.acts, "sequence": done.sequence, "waiting": done.waiting}
        if done.acts or done.waiting != self._waiting:
            if self._as_json:
                show("", facts, as_json=True)
            elif done.waiting:
                out.print(f"block {done.block}: waiting {done.waiting}", markup=False)
            else:
                out.print(f"block {done.block}: {done.acts} acts, sequence {done.sequence}")
        self._waiting = done.waiting


@app.command(epilog=examples("tanhui mirror status --json"))
def status(as_json: AsJson = False) -> None:
    """How far the mirror is, how far the chain, and what keeps it from the head, is printed."""
    with errors_shown(as_json=as_json), opened(settings := Settings()) as (ledger, engine):
        database.check_revision(engine)
        found = mirror_of(ledger, engine, settings).status()
        checkpoint = found.checkpoint
        said = diagnose(checkpoint, found.health, found.head)
        facts = {
            "block": checkpoint.block if checkpoint else None,
            "sequence": checkpoint.sequence if checkpoint else None,
            "head": found.head,
            "lag_blocks": found.lag_blocks,
            "state": found.health.state if found.health else None,
            "diagnosis": said.word,
            "sentence": said.sentence,
            "remedy": said.remedy,
            "proven_block": checkpoint.proven_block if checkpoint else None,
            "proof_lag_blocks": checkpoint.proof_lag_blocks if checkpoint else None,
        }
        show("mirror", facts, as_json=as_json)


@app.command(epilog=examples("tanhui mirror rebuild"))
def rebuild(as_json: AsJson = False) -> None:
    """The mirrored tables are made anew from the chain; keys and requests of the API stay."""
    with errors_shown(as_json=as_json), opened(settings := Settings()) as (ledger, engine):
        tune_interpreter()
        with progress_bar("rebuilding from the first block", quiet=as_json) as progress:
            task = progress.add_task("", total=None)
            now = mirror_of(ledger, engine, settings).rebuild(
                progress=lambda done: progress.update(task, completed=done.block, total=max(done.head, 0))
            )
        show("rebuilt", {"block": now.block, "sequence": now.sequence}, as_json=as_json)


@app.command(epilog=examples("tanhui mirror thaw"))
def thaw(as_json: AsJson = False) -> None:
    """A mirror frozen by a fork may go on, since the node has the mirrored chain; exit code 7 when it has not."""
    with errors_shown(as_json=as_json), opened(settings := Settings()) as (ledger, engine):
        now = mirror_of(ledger, engine, settings).thaw()
        show("the mirror may go on", {"block": now.block, "block_hash": now.block_hash}, as_json=as_json)


@app.command(epilog=examples("tanhui mirror verify"))
def verify(as_json: AsJson = False) -> None:
    """Every block mirrored is proven by its receipts, without mirroring it again. Exit code 7 when one is not."""
    with errors_shown(as_json=as_json), opened(settings := Settings()) as (ledger, engine):
        with progress_bar("proving blocks", quiet=as_json) as progress:
            task = progress.add_task("", total=None)
            now = mirror_of(ledger, engine, settings).verify(
                progress=lambda now: progress.update(task, completed=now.proven_block, total=now.block)
            )
        facts = {"block": now.block, "proven_block": now.proven_block, "sequence": now.sequence}
        show("proven", facts, as_json=as_json)


@app.command("digest", epilog=examples("tanhui mirror digest --json"))
def print_digest(as_json: AsJson = False) -> None:
    """One number for all that is mirrored, and one for each table, is printed; equal mirrors have equal digests."""
    with errors_shown(as_json=as_json):
        engine = database.engine(Settings().effective_database_url)
        try:
            found = digest(engine)
        finally:
            engine.dispose()
        facts = {"block": found.block, "sequence": found.sequence, "digest": found.whole}
        show("digest", facts | (found.tables if not as_json else {"tables": found.tables}), as_json=as_json)


def audit(as_json: AsJson = False) -> None:
    """SQL was compared with the chain, row by row and against the contracts' own state. Exit code 7 for any difference."""
    with errors_shown(as_json=as_json), opened(Settings()) as (ledger, engine):
        report = audit_now(ledger, engine, quiet=as_json)
        if as_json:
            show("", {"clean": report.clean, **asdict(report)}, as_json=True)
        else:
            print_audit(report)
        if not report.clean:
            raise typer.Exit(MirrorError.exit_code)


def audit_now(ledger: Ledger, engine: Engine, *, quiet: bool) -> AuditReport:
    """The audit's report; a line shows what is being compared, unless quiet."""
    columns = (SpinnerColumn(), TextColumn("auditing {task.description}"))
    with Progress(*columns, console=err, transient=True, disable=quiet) as progress:
        task = progress.add_task("", total=None)
        return audit_mirror(
            ledger.chain,
            engine,
            ledger.deployment,
            progress=lambda step: progress.update(task, description=step),
        )


def print_audit(report: AuditReport) -> None:
    """The report is printed for people."""
    place = f"block {report.block}, {report.sequence} acts, {report.rows} rows compared"
    if report.clean:
        out.print(f"[green]✓[/] SQL is what the chain says: {place}")
        return
    out.print(f"[red]✗[/] {len(report.findings)} differences at {place}")
    for finding in report.findings:
        out.print(f"  [bold]{finding.kind}[/] {finding.subject}", markup=True)
        out.print(
            f"    chain {finding.expected}\n    SQL   {finding.found}\n    → {finding.remedy}", markup=False
        )


@tables.command("upgrade", epilog=examples("tanhui db upgrade"))
def upgrade(as_json: AsJson = False) -> None:
    """The database has the tables of this program; its rows are kept."""
    with errors_shown(as_json=as_json):
        url = Settings().effective_database_url
        database.upgrade(url)
        show("the tables are up to date", {}, as_json=as_json)
