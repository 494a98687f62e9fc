"""The mirror: from the chain to SQL, exactly once.

Flow, for backfill and live alike: plan (which blocks) → fetch (headers, logs) → verify (chain of headers, blooms, order) →
fold (events into rows) → verify (the contract's own count and sums at the last block) → commit (headers, rows and checkpoint
in one transaction, fenced).

Whatever is wrong stops the mirror before anything of the batch is written; a crash at any instant leaves whole batches only.
Following, it waits for what passes (a silent node, a database that is away, answers that contradict each other a few times).
A fork is undone where blocks may change (node_client.mirror.rollback), and freezes the mirror where they are final.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from eth_abi.exceptions import InsufficientDataBytes
from sqlalchemy import Engine, select

from node_client.batch import Batch
from node_client.chain import Chain, Header, Log
from node_client.database import CONFLICT, TROUBLE, check_revision, table_of, unreachable
from node_client.deployment import Deployment
from node_client.errors import (
    ChainMismatch,
    ChainUnreachable,
    DatabaseUnreachable,
    ForkDetected,
    MirrorInconsistent,
    SequenceMismatch,
    TanhuiError,
    WriterReplaced,
)
from node_client.event import At
from node_client.mirror import checkpoint as checkpoints
from node_client.mirror import health as healths
from node_client.mirror import registry, rollback, verify
from node_client.mirror.checkpoint import Checkpoint
from node_client.mirror.health import Beat, Health

FEWEST_BLOCKS: Final = 1
MOST_BLOCKS: Final = 4_000
MANY_LOGS: Final = 20_000
FEW_LOGS: Final = 5_000
LONGEST_PAUSE_SECONDS: Final = 30.0
# Contradictions met at one block, one after the other, before a following mirror gives up.
MOST_CONTRADICTIONS: Final = 12
NO_NEWS: Final = "for a new block"
_PASSING: Final = (ChainUnreachable, DatabaseUnreachable, MirrorInconsistent, SequenceMismatch)


@dataclass(frozen=True, slots=True)
class Progress:
    """What the mirror has just done. `block` and `sequence` are committed; `waiting` says why it waits, if it does."""

    block: int
    head: int
    sequence: int
    acts: int
    waiting: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """How far the mirror is. `head` and `lag_blocks`, the blocks up to it, are None when the node does not answer.

    `health` is what the writing mirror said last, if there ever was one.
    """

    checkpoint: Checkpoint | None
    head: int | None
    lag_blocks: int | None
    health: Health | None = None


@dataclass(frozen=True, slots=True)
class _Fetched:
    headers: list[Header]
    logs: list[Log]


def _quiet(_progress: Progress) -> None:
    """Says nothing."""


class Mirror:
    """One writer of one database from one node.

    `lag_blocks` keeps it that far behind the head. `finality_blocks` is how many of the newest blocks may still change and
    can be undone; 0 says that blocks are final at once. `most_blocks` bounds a batch.
    """

    def __init__(
        self,
        chain: Chain,
        engine: Engine,
        deployment: Deployment,
        *,
        lag_blocks: int = 0,
        finality_blocks: int = 0,
        most_blocks: int = MOST_BLOCKS,
        poll_seconds: float = 1.0,
    ) -> None:
        self._chain = chain
        self._engine = engine
        self._deployment = deployment
        self._contracts = {address: name for name, address in deployment.addresses.items()}
        self._lag_blocks = lag_blocks
        self._finality_blocks = finality_blocks
        self._most_blocks = most_blocks
        self._blocks = min(256, most_blocks)
        self._poll_seconds = poll_seconds
        self._batch: Batch | None = None
        self._beat = Beat(engine)

    def run(
        self, *, follow: bool = False, until: int | None = None, progress: Callable[[Progress], None] = _quiet
    ) -> Checkpoint:
        """Everything up to block `until` (the head by default) is mirrored; with `follow` it goes on for ever.

        Raises `ChainMismatch` for another chain or other contracts, `DatabaseRevision` for other tables, `ForkDetected`,
        `UnknownEvent`, `SequenceMismatch` and `MirrorInconsistent` for what must not be, `WriterReplaced` when another
        mirror took over, `DatabaseUnreachable` and `ChainUnreachable`. Following, an unreachable node or database is waited
        for, and a node that contradicts itself is asked again a few times.
        """
        try:
            return self._run(follow, until, progress)
        except TROUBLE as error:
            raise unreachable(error) from error

    def _run(self, follow: bool, until: int | None, progress: Callable[[Progress], None]) -> Checkpoint:
        now = Checkpoint(0, "", -1, "", 0, epoch=0)
        pause, failures, failed_at = self._poll_seconds, 0, -1
        while True:
            why = NO_NEWS
            try:
                now = self._stored(now) if now.epoch else self._begin()
                now = self._go(now, until, progress)
                pause, failures = self._poll_seconds, 0
            except _PASSING as error:
                failures = failures + 1 if now.block == failed_at else 1
                failed_at = now.block
                lying = not isinstance(error, (ChainUnreachable, DatabaseUnreachable))
                if not follow or (lying and failures >= MOST_CONTRADICTIONS):
                    self._tell(now, "stopped", error)
                    raise
                self._tell(now, "waiting", error)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                why = error.message
            except (WriterReplaced, ForkDetected):
                # The next writer speaks, and what froze the mirror has been written down.
                raise
            except TanhuiError as error:
                self._tell(now, "stopped", error)
                raise
            if not follow or (until is not None and now.block >= until):
                self._tell(now, "ended")
                return now
            progress(Progress(now.block, self._beat.head, now.sequence, 0, why))
            time.sleep(pause)

    def _begin(self) -> Checkpoint:
        """Where SQL stands, with this writer's epoch."""
        try:
            check_revision(self._engine)
            self._check_chain()
            now = checkpoints.start(self._engine, self._deployment)
            # Looked for after the epoch was taken: whoever freezes from now on has been replaced.
            healths.refuse_frozen(self._engine)
        except TROUBLE as error:
            raise unreachable(error) from error
        return now

    def _go(self, now: Checkpoint, until: int | None, progress: Callable[[Progress], None]) -> Checkpoint:
        """Mirrored up to the head, or to `until`, past any fork that can be undone. Trouble of the database is told as such."""
        try:
            while True:
                self._beat.seen(self._chain.head())
                head = self._beat.head - self._lag_blocks
                target = head if until is None else min(head, until)
                self._beat.tell(now.epoch, "running")
                try:
                    return self._catch_up(now, target, progress)
                except ForkDetected as error:
                    now = self._settle(self._stored(now), target, error)
        except TROUBLE as error:
            raise unreachable(error) from error
        except CONFLICT as error:
            raise MirrorInconsistent(
                f"the database refuses rows of the blocks after {now.block}: {str(error).strip().splitlines()[0]}",
                remedy="it holds rows that the mirror did not write: run `tanhui audit`, then `tanhui mirror rebuild`",
            ) from error

    def _settle(self, now: Checkpoint, target: int, error: ForkDetected) -> Checkpoint:
        """The fork is undone. Raises it again, with the mirror frozen, where blocks are final or it goes too deep."""
        try:
            self._check_tip(now, target)
        except ForkDetected:
            pass
        else:
            # Another answer to the same question: no fork, but a node of two minds.
            raise MirrorInconsistent(
                f"the node contradicts itself about block {now.block}: {error.message}",
                remedy="use another node",
            )
        self._batch = None
        try:
            if not self._finality_blocks:
                raise error
            return rollback.roll_back(self._chain, self._engine, now)
        except ForkDetected as grave:
            healths.freeze(self._engine, now, self._beat, grave)
            raise

    def thaw(self) -> Checkpoint:
        """A frozen mirror may go on, since the node has the mirrored chain after all.

        Raises `ForkDetected` when it has not, `ChainUnreachable`, and errors of the database as `run`.
        """
        check_revision(self._engine)
        self._check_chain()
        try:
            now = self._read()
            self._check_tip(now, now.block)
            healths.clear(self._engine)
        except TROUBLE as error:
            raise unreachable(error) from error
        return now

    def _tell(self, now: Checkpoint, state: str, error: TanhuiError | None = None) -> None:
        # A database that is away, or not ours, cannot be told so; whoever asks it will see for himself.
        if now.epoch:
            with suppress(*TROUBLE):
                self._beat.tell(now.epoch, state, error)

    def _stored(self, now: Checkpoint) -> Checkpoint:
        """Where SQL stands, whatever became of the last commit. Raises `WriterReplaced` when it is another's by now."""
        try:
            found = self._read()
        except TROUBLE as error:
            raise unreachable(error) from error
        if found.epoch != now.epoch:
            raise checkpoints.replaced(found.block)
        return found

    def rebuild(self, progress: Callable[[Progress], None] = _quiet) -> Checkpoint:
        """The mirrored tables are made anew from the chain; tables of others stay as they are. Errors as `run`."""
        check_revision(self._engine)
        self._check_chain()
        self._batch = None
        checkpoints.clear(self._engine, self._deployment, (*registry.mirrored(), "undo", "health"))
        return self.run(progress=progress)

    def status(self) -> Status:
        """How far the mirror is, and how far the node, if it answers. Raises `DatabaseUnreachable`."""
        try:
            with self._engine.connect() as connection:
                found = checkpoints.read(connection)
                health = healths.read(connection)
        except TROUBLE as error:
            raise unreachable(error) from error
        try:
            head = self._chain.head()
        except ChainUnreachable:
            return Status(found, None, None, health)
        return Status(found, head, None if found is None else max(head - found.block, 0), health)

    def _check_chain(self) -> None:
        if self._chain.chain_id != self._deployment.chain_id:
            raise ChainMismatch(
                f"the node is on chain {self._chain.chain_id}, the deployment on chain {self._deployment.chain_id}",
                remedy="correct TANHUI_NODE_URL or TANHUI_CHAIN_ID",
            )

    def _read(self) -> Checkpoint:
        with self._engine.connect() as connection:
            found = checkpoints.read(connection)
        assert found is not None  # noqa: S101 - `start` made it
        return found

    def _catch_up(self, now: Checkpoint, target: int, progress: Callable[[Progress], None]) -> Checkpoint:
        """Mirrored up to the target; a target that lies behind is a node that lags, which is no fork."""
        self._check_tip(now, target)
        while now.block < target:
            before = now
            now = self._one_batch(now, target)
            progress(Progress(now.block, target, now.sequence, now.sequence - before.sequence))
        return now

    def _check_tip(self, now: Checkpoint, target: int) -> None:
        """The newest mirrored block that the node can have is the node's. Raises `ForkDetected` when it is another."""
        if not now.block_hash or (target < now.block and self._finality_blocks):
            # Where blocks may change, a node that is behind may be on a branch that it will leave itself: wait.
            return
        number, stored = min(now.block, target), now.block_hash
        if number < now.block:
            block = table_of("block")
            with self._engine.connect() as connection:
                found = connection.execute(select(block.c.hash).where(block.c.number == number)).scalar()
            if found is None:
                return
            stored = str(found)
        (header,) = self._chain.headers(number, number)
        if header.hash != stored:
            raise verify.fork(number, stored, header.hash)

    def _one_batch(self, before: Checkpoint, target: int) -> Checkpoint:
        last = min(before.block + self._blocks, target)
        # Above this block batches are kept to be undone; none reaches across, so that none is kept in vain.
        lasting = target - self._finality_blocks
        if before.block < lasting < last:
            last = lasting
        fetched = self._fetch(before, before.block + 1, last)
        try:
            with self._engine.connect() as reading:
                batch = self._reuse(reading)
                if not before.block_hash:
                    registry.begin(batch)
                sequence = self._fold(fetched, before.sequence, batch)
                self._check_totals(last, target, sequence, batch)
            after = replace(before, block=last, block_hash=fetched.headers[-1].hash, sequence=sequence)
            started = time.monotonic()
            with self._engine.begin() as connection:
                checkpoints.advance(connection, before, after)
                if last > lasting:
                    rollback.keep(connection, before, after, batch.touched(), self._finality_blocks)
                checkpoints.store(connection, fetched.headers)
                batch.flush(connection)
            self._beat.commit_seconds = time.monotonic() - started
            self._beat.tell(after.epoch, "running")
        except BaseException:
            # Its rows are of a batch that was not written.
            self._batch = None
            raise
        self._plan(len(fetched.logs))
        return after

    def _reuse(self, reading: Any) -> Batch:
        if self._batch is None:
            self._batch = Batch(reading)
        self._batch.read_from(reading)
        return self._batch

    def _plan(self, logs: int) -> None:
        if logs > MANY_LOGS:
            self._blocks = max(self._blocks // 2, FEWEST_BLOCKS)
        elif logs < FEW_LOGS:
            self._blocks = min(self._blocks * 2, self._most_blocks)

    def _fetch(self, before: Checkpoint, first: int, last: int) -> _Fetched:
        addresses = list(self._contracts)
        headers = self._chain.headers(first, last)
        verify.check_chain(before, headers)
        logs = self._chain.logs(first, last, addresses)
        verify.check_logs(headers, logs, self._contracts)
        for block in verify.silent(headers, logs, self._contracts):
            again = self._chain.logs(block, block, addresses)
            verify.check_again(block, [log for log in logs if log.block == block], again)
        return _Fetched(headers, logs)

    def _fold(self, fetched: _Fetched, sequence: int, batch: Batch) -> int:
        times = {header.number: header.timestamp for header in fetched.headers}
        decoded = [(log, *registry.decode(log, self._contracts[log.address])) for log in fetched.logs]
        registry.prefetch((event for _, event, _ in decoded), batch)
        for log, event, kind in decoded:
            counts = registry.counted(kind)
            sequence += counts
            at = At(
                sequence=sequence if counts else 0,
                block=log.block,
                log_index=log.log_index,
                tx_hash=log.tx_hash,
                timestamp=times[log.block],
                contract=self._contracts[log.address],
            )
            registry.apply(event, kind, at, batch)
        return sequence

    def _check_totals(self, block: int, target: int, sequence: int, batch: Batch) -> None:
        """The contract's own count and sums at the block are those found.

        A node without the state of old blocks cannot say; then the count at the newest one speaks for all before it.
        """
        try:
            said = self._chain.call(self._deployment.addresses["Credits"], "Credits", "totals", block=block)
        except InsufficientDataBytes:
            # The contract does not stand yet at this block.
            said = {"sequence": 0, "issued": 0, "retired": 0, "cancelled": 0, "purposes": 0, "paused": False}
        except ChainUnreachable:
            if block < target:
                return
            raise
        total = batch.read("total", "all", "")
        found = {
            "sequence": sequence,
            "issued": total["issued_grams"],
            "retired": total["retired_grams"],
            "cancelled": total["cancelled_grams"],
            "purposes": registry.purposes(batch),
            "paused": batch.read("setting", "paused")["value"] == "true",
        }
        differing = [name for name, value in found.items() if said[name] != value]
        if differing:
            what = "; ".join(
                f"{name} is {said[name]} in the contract, {found[name]} by the logs" for name in differing
            )
            raise SequenceMismatch(
                f"at block {block} {what}",
                remedy="the node leaves logs out, or the database is damaged: use another node, or `tanhui mirror rebuild`",
            )
