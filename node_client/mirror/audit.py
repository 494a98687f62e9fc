"""Whether SQL says what the chain says, found out by other means than the mirror's own.

Flow: (a) everything folded afresh from the chain into a temporary database, and the two compared by digest and row; (b) the
contracts asked about every row at the checkpoint's block; (c) sums that must agree, serials without gaps, headers against
the node. Nothing is changed; what is wrong comes back as findings.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, func, select

from node_client import database
from node_client.chain import Chain
from node_client.database import table_of
from node_client.deployment import Deployment
from node_client.errors import BadInput, ForkDetected, MirrorError
from node_client.mirror import checkpoint as checkpoints
from node_client.mirror import proving, records, registry, state
from node_client.mirror.checkpoint import Checkpoint
from node_client.mirror.digest import snapshot, table_digest
from node_client.mirror.findings import REBUILD, Finding, differences
from node_client.mirror.loop import Mirror

# Of each table, the first findings; a table that is wholly wrong need not be listed row by row.
FINDINGS_PER_TABLE: Final = 20


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit found at a block. `rows` counts the rows compared; no findings means that SQL is what the chain says."""

    block: int
    block_hash: str
    sequence: int
    rows: int
    findings: tuple[Finding, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def audit(
    chain: Chain,
    engine: Engine,
    deployment: Deployment,
    *,
    progress: Callable[[str], None] = lambda _step: None,
) -> AuditReport:
    """The database was compared with the chain in every row; nothing was changed.

    Raises `BadInput` when nothing is mirrored yet, `ChainUnreachable`, and `ChainMismatch` for another deployment's database.
    """
    database.check_revision(engine)
    with snapshot(engine) as connection:
        found = checkpoints.read(connection)
        if found is None or not found.block_hash:
            raise BadInput("nothing is mirrored yet", remedy="run `tanhui mirror run` first")
        checkpoints.check(found, deployment)
        progress("headers")
        findings = list(_headers(chain, deployment, found, connection))
        if chain.head() < found.block:
            behind = Finding(
                "chain",
                "the node's head",
                f"block {chain.head()}",
                f"mirrored up to {found.block}",
                "use another node",
            )
            return AuditReport(found.block, found.block_hash, found.sequence, 0, (*findings, behind))
        rows = sum(_count(connection, name) for name in registry.mirrored())
        findings += _against_fresh_fold(chain, deployment, found, connection, progress)
        findings += _against_contracts(chain, deployment, found, connection, progress)
        progress("sums and serials")
        findings += _sums(connection)
        findings += _serials(connection)
    return AuditReport(found.block, found.block_hash, found.sequence, rows, tuple(findings))


def _count(connection: Connection, name: str) -> int:
    return connection.execute(select(func.count()).select_from(table_of(name))).scalar_one()


def _headers(
    chain: Chain, deployment: Deployment, found: Checkpoint, connection: Connection
) -> Iterator[Finding]:
    """The first and the last header are the node's, and the checkpoint is the last header."""
    table = table_of("block")
    for number in dict.fromkeys((deployment.block, found.block)):
        stored = connection.execute(select(table.c.hash).where(table.c.number == number)).scalar()
        if number > chain.head():
            continue
        (header,) = chain.headers(number, number)
        if stored != header.hash:
            yield Finding("header", f"block ({number}) hash", header.hash, str(stored))
        if number == found.block and found.block_hash != header.hash:
            yield Finding("checkpoint", "checkpoint block_hash", header.hash, found.block_hash)
    acts = _count(connection, "act")
    if acts != found.sequence:
        yield Finding("checkpoint", "checkpoint sequence", f"{acts} acts stored", str(found.sequence))


def _against_fresh_fold(
    chain: Chain,
    deployment: Deployment,
    found: Checkpoint,
    connection: Connection,
    progress: Callable[[str], None],
) -> Iterator[Finding]:
    with tempfile.TemporaryDirectory(prefix="tanhui-audit-") as folder:
        url = f"sqlite:///{Path(folder) / 'fresh.sqlite'}"
        database.upgrade(url)
        fresh = database.engine(url)
        try:
            progress("folding the chain afresh")
            try:
                made = Mirror(chain, fresh, deployment).run(
                    until=found.block, progress=lambda step: progress(f"folded up to block {step.block}")
                )
            except (MirrorError, ForkDetected) as error:
                yield Finding("chain", "the node's logs", "events that fold", error.message, error.remedy)
                return
            if made.sequence != found.sequence:
                yield Finding("checkpoint", "checkpoint sequence", str(made.sequence), str(found.sequence))
            with snapshot(fresh) as other:
                for name in sorted(registry.mirrored()):
                    progress(f"comparing {name}")
                    if table_digest(other, name) != table_digest(connection, name):
                        yield from islice(_differences(name, other, connection), FINDINGS_PER_TABLE)
        finally:
            fresh.dispose()


def _differences(name: str, fresh: Connection, connection: Connection) -> Iterator[Finding]:
    """As `differences`; that a mirror made before proofs lacks the logs' hashes is said once."""
    old = proving.first_unhashed(connection) if name == "block" else None
    if old is not None:
        subject = f"block ({old}) logs_hash"
        yield Finding("row changed", subject, "a hash", proving.UNHASHED, proving.REBUILD_OLD)
    for finding in differences(name, fresh, connection):
        if old is None or finding.found or not finding.subject.endswith(" logs_hash"):
            yield finding


def _against_contracts(
    chain: Chain,
    deployment: Deployment,
    found: Checkpoint,
    connection: Connection,
    progress: Callable[[str], None],
) -> Iterator[Finding]:
    for name in state.QUESTIONS:
        progress(f"asking the contracts about {name}")
        disagreements = state.disagreements(chain, deployment, found.block, connection, name)
        yield from islice(disagreements, FINDINGS_PER_TABLE)
    yield from state.settings_disagreements(chain, deployment, found.block, connection)
    yield from islice(records.disagreements(connection), FINDINGS_PER_TABLE)
    said = chain.call(deployment.addresses["Credits"], "Credits", "totals", block=found.block)
    total = table_of("total")
    row = connection.execute(select(total).where(total.c.dimension == "all")).mappings().first()
    stored = {
        "sequence": found.sequence,
        "issued": row["issued_grams"] if row else None,
        "retired": row["retired_grams"] if row else None,
        "cancelled": row["cancelled_grams"] if row else None,
    }
    for field, value in stored.items():
        if said[field] != value:
            yield Finding("contract state", f"Credits.totals() {field}", str(said[field]), str(value))


def _sums(connection: Connection) -> Iterator[Finding]:
    """Issued = held + retired + cancelled, per credit and in total; locks and lines add up to what they are part of."""
    holding, credit = table_of("holding"), table_of("credit")
    held = select(
        holding.c.token_id,
        func.sum(holding.c.free + holding.c.locked).label("held"),
        func.sum(holding.c.retired).label("retired"),
    ).group_by(holding.c.token_id)
    by_credit = {row.token_id: (int(row.held), int(row.retired)) for row in connection.execute(held)}
    issued = retired = cancelled = 0
    for row in connection.execute(select(credit)).mappings().all():
        held_grams, retired_grams = by_credit.get(row["token_id"], (0, 0))
        accounted = held_grams + row["retired_grams"] + row["cancelled_grams"]
        subject = f"credit ({row['token_id']})"
        if accounted != row["issued_grams"]:
            yield Finding(
                "conservation",
                f"{subject} issued = held + retired + cancelled",
                str(row["issued_grams"]),
                str(accounted),
            )
        if retired_grams != row["retired_grams"]:
            yield Finding(
                "conservation",
                f"{subject} retired by its holders",
                str(row["retired_grams"]),
                str(retired_grams),
            )
        issued += row["issued_grams"]
        retired += row["retired_grams"]
        cancelled += row["cancelled_grams"]
    table = table_of("total")
    for total in connection.execute(select(table).where(table.c.dimension == "all")).mappings().all():
        for name, value in (("issued", issued), ("retired", retired), ("cancelled", cancelled)):
            if total[f"{name}_grams"] != value:
                yield Finding(
                    "conservation",
                    f"total (all) {name}_grams",
                    f"{value} by the credits",
                    str(total[f"{name}_grams"]),
                )
    yield from _locks(connection)


def _locks(connection: Connection) -> Iterator[Finding]:
    holding, lock = table_of("holding"), table_of("lock")
    bound = select(lock.c.holder, lock.c.token_id, func.sum(lock.c.grams)).group_by(
        lock.c.holder, lock.c.token_id
    )
    sums = {(holder, token_id): int(grams) for holder, token_id, grams in connection.execute(bound)}
    for account, token_id, locked in connection.execute(
        select(holding.c.account, holding.c.token_id, holding.c.locked)
    ).all():
        wanted = sums.get((account, token_id), 0)
        if locked != wanted:
            yield Finding(
                "conservation",
                f"holding ({account}, {token_id}) locked",
                f"{wanted} by its locks",
                str(locked),
            )


def _serials(connection: Connection) -> Iterator[Finding]:
    """The retired serials of each credit run from 1 without gaps to what is retired of it."""
    line, credit = table_of("retirement_line"), table_of("credit")
    reached: dict[str, int] = {}
    ordered = select(line).order_by(line.c.token_id, line.c.first_serial)
    for row in connection.execute(ordered).mappings().all():
        before = reached.get(row["token_id"], 0)
        subject = f"retirement_line ({row['sequence']}, {row['line']})"
        if row["first_serial"] != before + 1:
            yield Finding("serials", f"{subject} first_serial", str(before + 1), str(row["first_serial"]))
        if row["last_serial"] - row["first_serial"] + 1 != row["grams"]:
            yield Finding(
                "serials",
                f"{subject} last_serial",
                str(row["first_serial"] + row["grams"] - 1),
                str(row["last_serial"]),
            )
        reached[row["token_id"]] = row["last_serial"]
    for token_id, retired in connection.execute(select(credit.c.token_id, credit.c.retired_grams)).all():
        if reached.get(token_id, 0) != retired:
            yield Finding(
                "serials",
                f"credit ({token_id}) last serial retired",
                str(retired),
                str(reached.get(token_id, 0)),
                REBUILD,
            )
