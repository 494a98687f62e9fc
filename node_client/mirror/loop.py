"""The mirror: from the chain to SQL, exactly once.

Flow, for backfill and live alike: plan (which blocks) → fetch (headers, logs, the contract's own count and sums) → verify
(chain of headers, blooms, order) → fold (events into rows) → verify (count and sums at the last block) → commit (headers, rows
and checkpoint in one transaction, fenced). While a batch is folded, one thread fetches and verifies the next, and another
writes those before (node_client.mirror.writer); the fold needs nothing of SQL that is not committed, for it keeps the rows that
are under way.

Whatever is wrong stops the mirror before anything of the batch is written; a crash at any instant leaves whole batches only.
Following, it waits for what passes (a silent node, a database that is away, answers that contradict each other a few times).
A fork is undone where blocks may change (node_client.mirror.rollback), and freezes the mirror where they are final.
"""

from __future__ import annotations

import gc
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final

from eth_abi.exceptions import InsufficientDataBytes
from sqlalchemy import Connection, Engine, select

from node_client.batch import Batch, write
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
from node_client.mirror import indexes, proving, registry, rollback, verify
from node_client.mirror.checkpoint import Checkpoint
from node_client.mirror.health import Beat, Health
from node_client.mirror.writer import Writer

FIRST_BLOCKS: Final = 64
MOST_BLOCKS: Final = 1_000
# Logs that a batch should have: enough to make each batch's own costs small, few enough that no stage waits long for another.
WANTED_LOGS: Final = 4_000
# Of the first batch, doubled with each: while it is fetched, the other stages have nothing to do.
FIRST_LOGS: Final = 1_000
# Batches fetched and not yet folded.
MOST_AHEAD: Final = 2
# Logs after which a transaction takes no further batch; a page that several batches change is written once in each.
LOGS_OF_TRANSACTION: Final = 6_000
# A mirror made from nothing leaves indexes for later when it has so many blocks before it.
BLOCKS_TO_INDEX_LATER: Final = 200
# What is folded waits for more of its transaction no longer than this.
SOON_SECONDS: Final = 0.5
# Gas that a log stands for; a transfer takes some 55,000. Where others use the chain too, it is more.
LEAST_GAS_OF_LOG: Final = 40_000
SWITCH_SECONDS: Final = 0.0005
LONGEST_PAUSE_SECONDS: Final = 30.0
# Contradictions met at one block, one after the other, before a following mirror gives up.
MOST_CONTRADICTIONS: Final = 12
# anvil tells the newest block's state with that of the block it is just making: some milliseconds later it does not.
AGAIN_SECONDS: Final = (0.02, 0.1)
NO_NEWS: Final = "for a new block"
MAKES_INDEXES: Final = "for the tables' indexes"
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
    """Blocks as the node told them, verified; `totals` is what the contract says at the last one, None if it cannot."""

    headers: list[Header]
    logs: list[Log]
    logs_hashes: dict[int, str]
    totals: dict[str, Any] | None

    @property
    def last(self) -> int:
        """The last block."""
        return self.headers[-1].number


@dataclass(frozen=True, slots=True)
class _Folded:
    """What is left of blocks whose logs have become rows."""

    headers: list[Header]
    logs_hashes: dict[int, str]
    logs: int


def tune_interpreter() -> None:
    """Python is set up for a process whose work is to mirror.

    It looks for cyclic garbage after 200,000 new objects instead of 700: rows are made by the thousand and kept until their batch
    is written, and none of them is part of a cycle. It lets threads take turns after half a millisecond instead of five: the
    writer wants its turn after every statement.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 20)
    sys.setswitchinterval(SWITCH_SECONDS)


def _quiet(_progress: Progress) -> None:
    """Says nothing."""


class Mirror:
    """One writer of one database from one node.

    `lag_blocks` keeps it that far behind the head. `finality_blocks` is how many of the newest blocks may still change and
    can be undone; 0 says that blocks are final at once. `most_blocks` bounds a batch and a transaction.
    `proven` writes nothing that the blocks' receipts do not prove.
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
        poll_seconds: float = 0.25,
        proven: bool = False,
    ) -> None:
        self._chain = chain
        self._engine = engine
        self._deployment = deployment
        self._contracts = {address: name for name, address in deployment.addresses.items()}
        self._lag_blocks = lag_blocks
        self._finality_blocks = finality_blocks
        self._most_blocks = most_blocks
        self._blocks = min(FIRST_BLOCKS, most_blocks)
        self._logs = FIRST_LOGS
        self._gas_of_log = LEAST_GAS_OF_LOG
        self._poll_seconds = poll_seconds
        self._proven = proven
        self._batch: Batch | None = None
        self._unindexed = False
        self._beat = Beat(engine)

    def run(
        self, *, follow: bool = False, until: int | None = None, progress: Callable[[Progress], None] = _quiet
    ) -> Checkpoint:
        """Everything up to block `until` (the head by default) is mirrored; with `follow` it goes on for ever.

        Raises `ChainMismatch` for another chain or other contracts, `DatabaseRevision` for other tables, `ForkDetected`,
        `UnknownEvent`, `SequenceMismatch`, `ProofFailed` and `MirrorInconsistent` for what must not be, `WriterReplaced` when
        another mirror took over, `DatabaseUnreachable` and `ChainUnreachable`. Following, an unreachable node or database is
        waited for, and a node that contradicts itself is asked again a few times.
        """
        try:
            return self._run(follow, until, progress)
        except TROUBLE as error:
            raise unreachable(error) from error

    def _run(self, follow: bool, until: int | None, progress: Callable[[Progress], None]) -> Checkpoint:
        now = Checkpoint(0, "", -1, "", 0, epoch=0, proven_block=-1)
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
            self._unindexed = bool(indexes.missing(self._engine))
        except TROUBLE as error:
            raise unreachable(error) from error
        if self._proven and now.proof_lag_blocks:
            # What is proven has no holes, so what was mirrored without proof comes first.
            now = replace(now, proven_block=self.verify().proven_block)
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
                    return self._index(self._catch_up(now, target, progress), progress)
                except ForkDetected as error:
                    now = self._settle(self._stored(now), target, error)
        except TROUBLE as error:
            raise unreachable(error) from error
        except CONFLICT as error:
            raise MirrorInconsistent(
                f"the database refuses rows of the blocks after {now.block}: {str(error).strip().splitlines()[0]}",
                remedy="it holds rows that the mirror did not write: run `tanhui audit`, then `tanhui mirror rebuild`",
            ) from error

    def _index(self, now: Checkpoint, progress: Callable[[Progress], None]) -> Checkpoint:
        """Readers have their indexes again; the checkpoint stays."""
        if self._unindexed:
            progress(Progress(now.block, self._beat.head, now.sequence, 0, MAKES_INDEXES))
            # To sort takes memory too.
            self._batch = None
            indexes.make(self._engine, lambda: self._beat.tell(now.epoch, "running"))
            self._unindexed = False
        return now

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

    def verify(self, progress: Callable[[Checkpoint], None] = lambda _now: None) -> Checkpoint:
        """Every block mirrored is proven by its receipts, without mirroring it again.

        Raises `ProofFailed` for a block that is not, `BadInput` when nothing is mirrored, and as `run`.
        """
        check_revision(self._engine)
        self._check_chain()
        try:
            return proving.verify(self._chain, self._engine, self._deployment, progress)
        except TROUBLE as error:
            raise unreachable(error) from error

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
        if now.block >= target:
            return now
        if not now.block_hash and target - now.block >= BLOCKS_TO_INDEX_LATER:
            self._unindexed = True
            indexes.drop(self._engine)

        def told(before: Checkpoint, after: Checkpoint) -> None:
            progress(Progress(after.block, target, after.sequence, after.sequence - before.sequence))

        coming: deque[Future[_Fetched | None]] = deque()
        batches = self._batches(now, target)
        folded: list[_Folded] = []
        try:
            with ThreadPoolExecutor(1, "tanhui-fetch") as ahead, Writer(now, told) as writer:
                try:
                    coming.extend(ahead.submit(next, batches, None) for _ in range(MOST_AHEAD))
                    before = now
                    while (fetched := coming[0].result()) is not None:
                        coming.popleft()
                        coming.append(ahead.submit(next, batches, None))
                        now = self._fold_in(now, fetched, target)
                        folded.append(_Folded(fetched.headers, fetched.logs_hashes, len(fetched.logs)))
                        if writer.idle or self._enough(folded, target) or not _soon(coming[0]):
                            self._write(before, now, folded, writer, target)
                            before, folded = now, []
                finally:
                    for each in coming:
                        each.cancel()
        except BaseException:
            # Its rows are of a batch that was not written.
            self._batch = None
            raise
        return writer.committed

    def _batches(self, now: Checkpoint, target: int) -> Iterator[_Fetched]:
        """The batches after a place up to the target, each fetched as the child of the one before."""
        while now.block < target:
            fetched = self._fetch(now, target)
            yield fetched
            now = replace(now, block=fetched.last, block_hash=fetched.headers[-1].hash)

    def _enough(self, folded: list[_Folded], target: int) -> bool:
        """Whether what is folded makes a transaction. Batches that can be undone have one each."""
        logs = sum(each.logs for each in folded)
        blocks = sum(len(each.headers) for each in folded)
        last = folded[-1].headers[-1].number
        return (
            logs >= LOGS_OF_TRANSACTION
            or blocks >= self._most_blocks
            or last >= target - self._finality_blocks
        )

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

    def _fold_in(self, before: Checkpoint, fetched: _Fetched, target: int) -> Checkpoint:
        """The batch's rows are in memory, and as the contract counts them; the checkpoint that they lead to."""
        with self._engine.connect() as reading:
            batch = self._reuse(reading, before)
            sequence = self._fold(fetched, before.sequence, batch)
            _check_totals(fetched, sequence, batch, lambda: self._totals(fetched.last, target))
        after = replace(before, block=fetched.last, block_hash=fetched.headers[-1].hash, sequence=sequence)
        return replace(after, proven_block=after.block) if self._proven else after

    def _write(
        self, before: Checkpoint, after: Checkpoint, folded: list[_Folded], writer: Writer, target: int
    ) -> None:
        """All that is folded is on its way into SQL, in one transaction."""
        batch = self._batch
        assert batch is not None  # noqa: S101 - `_fold_in` made it
        undoable = batch.touched() if after.block > target - self._finality_blocks else None
        taken = batch.take()

        def commit() -> Checkpoint:
            started = time.monotonic()
            with self._engine.begin() as connection:
                checkpoints.advance(connection, before, after)
                if undoable is not None:
                    rollback.keep(connection, before, after, undoable, self._finality_blocks)
                for each in folded:
                    checkpoints.store(connection, each.headers, each.logs_hashes)
                write(connection, taken)
            self._beat.commit_seconds = time.monotonic() - started
            self._beat.tell(after.epoch, "running")
            return after

        writer.start(commit)
        if batch.full:
            writer.settle()
            batch.forget()

    def _reuse(self, reading: Connection, before: Checkpoint) -> Batch:
        """The batch with its cache, or a new one. Before the first block nothing is stored, and what stands then is made."""
        if self._batch is None:
            self._batch = Batch(reading, empty=not before.block_hash)
            if not before.block_hash:
                registry.begin(self._batch)
        self._batch.read_from(reading)
        return self._batch

    def _fetch(self, after: Checkpoint, target: int) -> _Fetched:
        """The next blocks after a place, up to the target at most, verified by themselves."""
        first, last = after.block + 1, min(after.block + self._blocks, target)
        # Above this block batches are kept to be undone; none reaches across, so that none is kept in vain.
        lasting = target - self._finality_blocks
        if after.block < lasting < last:
            last = lasting
        headers = self._plan(self._chain.headers(first, last))
        last = headers[-1].number
        verify.check_chain(after, headers)
        logs = self._chain.logs(first, last, list(self._contracts))
        verify.check_logs(headers, logs, self._contracts)
        if self._proven:
            proving.check(self._chain, headers, logs, self._contracts)
        else:
            silent = verify.silent(headers, logs, self._contracts)
            for block, again in self._chain.logs_of_blocks(silent).items():
                verify.check_silent(block, again)
        self._learn(headers, logs)
        hashes = {block: proving.logs_hash(of) for block, of in groupby(logs, lambda log: log.block)}
        return _Fetched(headers, logs, hashes, self._totals(last, target))

    def _plan(self, headers: list[Header]) -> list[Header]:
        """The first of the headers, whose gas lets expect as many logs as wanted; at least one."""
        gas, most = 0, self._logs * self._gas_of_log
        self._logs = min(self._logs * 2, WANTED_LOGS)
        for count, header in enumerate(headers, 1):
            gas += header.gas_used
            if gas >= most:
                self._blocks = min(count + count // 4 + 1, self._most_blocks)
                return headers[:count]
        self._blocks = min(self._blocks * 2, self._most_blocks)
        return headers

    def _learn(self, headers: list[Header], logs: list[Log]) -> None:
        """How much gas stands for a log, as this batch had it; rising slowly, lest a busy time meet a large batch."""
        gas = sum(header.gas_used for header in headers)
        found = gas // max(len(logs), 1)
        self._gas_of_log = max(LEAST_GAS_OF_LOG, min(found, self._gas_of_log * 2))

    def _totals(self, block: int, target: int) -> dict[str, Any] | None:
        """The contract's own count and sums at the block.

        A node without the state of old blocks cannot say; then the count at the newest one speaks for all before it.
        """
        try:
            said: dict[str, Any] = self._chain.call(
                self._deployment.addresses["Credits"], "Credits", "totals", block=block
            )
        except InsufficientDataBytes:
            # The contract does not stand yet at this block.
            return {"sequence": 0, "issued": 0, "retired": 0, "cancelled": 0, "purposes": 0, "paused": False}
        except ChainUnreachable:
            if block < target:
                return None
            raise
        return said

    def _fold(self, fetched: _Fetched, sequence: int, batch: Batch) -> int:
        times = {header.number: header.timestamp for header in fetched.headers}
        contracts = self._contracts
        decoded = [(log, *registry.decode(log, contracts[log.address])) for log in fetched.logs]
        registry.prefetch([event for _, event, _ in decoded], batch)
        for log, event, kind in decoded:
            sequence += event.counted
            at = At(
                sequence if event.counted else 0,
                log.block,
                log.log_index,
                log.tx_hash,
                times[log.block],
                contracts[log.address],
            )
            registry.apply(event, kind, at, batch)
        return sequence


def _soon(coming: Future[_Fetched | None]) -> bool:
    """Whether there is another batch within a moment; trouble with it does not keep what is folded from being written."""
    with suppress(TimeoutError):
        return coming.exception(SOON_SECONDS) is None and coming.result() is not None
    return False


def _check_totals(
    fetched: _Fetched, sequence: int, batch: Batch, again: Callable[[], dict[str, Any] | None]
) -> None:
    """The contract's own count and sums at the last block are those found, if the node could say."""
    total = batch.read("total", "all", "")
    found = {
        "sequence": sequence,
        "issued": total["issued_grams"],
        "retired": total["retired_grams"],
        "cancelled": total["cancelled_grams"],
        "purposes": registry.purposes(batch),
        "paused": batch.read("setting", "paused")["value"] == "true",
    }
    pauses, said = iter(AGAIN_SECONDS), fetched.totals
    while said is not None and (differing := [name for name, value in found.items() if said[name] != value]):
        pause = next(pauses, None)
        if pause is None:
            what = "; ".join(
                f"{name} is {said[name]} in the contract, {found[name]} by the logs" for name in differing
            )
            raise SequenceMismatch(
                f"at block {fetched.last} {what}",
                remedy="the node leaves logs out, or the database is damaged: use another node, or `tanhui mirror rebuild`",
            )
        time.sleep(pause)
        said = again()
