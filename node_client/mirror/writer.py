"""Batches on their way into SQL: written in a thread of its own, in their order, several in one transaction.

Flow: `Writer.put` → the thread writes the batch's rows into the open transaction → commit, once it holds enough logs or blocks
or at `settle` → the checkpoint that then stands in SQL.

Many batches a transaction, because a page that each of them changes is written once; small batches all the same, because the
stages of the mirror then wait less for each other. What was put and not committed is gone after an error, whole batches and the
checkpoint with them.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeAlias

from sqlalchemy import Connection, Engine

from node_client.mirror.checkpoint import Checkpoint

# Writes one batch, headers and checkpoint included; the checkpoint it leads to.
WriteDown: TypeAlias = Callable[[Connection], Checkpoint]

LOGS_OF_TRANSACTION: Final = 8_000
# Batches folded and not yet written; each holds all its rows.
_MOST_WAITING: Final = 3


class Writer:
    """The only one that writes while it is open. A transaction takes no further batch once it has `most_blocks`.

    `committed` is the checkpoint in SQL. `told` hears in the caller's thread of each commit, from where to where; `ended` in the
    writer's, with the seconds that the transaction took of the database.
    """

    def __init__(
        self,
        engine: Engine,
        now: Checkpoint,
        most_blocks: int,
        told: Callable[[Checkpoint, Checkpoint], None],
        ended: Callable[[Checkpoint, float], None],
    ) -> None:
        self.committed = now
        self._engine = engine
        self._most_blocks = most_blocks
        self._told = told
        self._ended = ended
        self._pool = ThreadPoolExecutor(1, "tanhui-write")
        self._waiting: deque[Future[Checkpoint | None]] = deque()
        # The writing thread's own.
        self._connection: Connection | None = None
        self._reached = now
        self._stood = now.block
        self._logs = 0
        self._seconds = 0.0
        self._broken = False

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_error: object) -> None:
        # Whatever stopped the mirror, the batches before it were sent off and are answered for first.
        try:
            self.settle()
        finally:
            self._pool.shutdown()

    def put(self, write_down: WriteDown, logs: int) -> None:
        """The batch is on its way. Raises what an earlier one raised."""
        while len(self._waiting) >= _MOST_WAITING:
            self._answer()
        self._waiting.append(self._pool.submit(self._write, write_down, logs))

    def settle(self) -> None:
        """All that was put is committed. Raises what one of the batches raised."""
        self._waiting.append(self._pool.submit(self._commit))
        while self._waiting:
            self._answer()

    def _answer(self) -> None:
        reached = self._waiting.popleft().result()
        if reached is not None:
            before, self.committed = self.committed, reached
            self._told(before, reached)

    def _write(self, write_down: WriteDown, logs: int) -> Checkpoint | None:
        if self._broken:
            return None
        started = time.monotonic()
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
                self._connection.begin()
            self._reached = write_down(self._connection)
        except BaseException:
            self._abandon()
            raise
        self._logs += logs
        self._seconds += time.monotonic() - started
        full = self._logs >= LOGS_OF_TRANSACTION or self._reached.block - self._stood >= self._most_blocks
        return self._commit() if full else None

    def _commit(self) -> Checkpoint | None:
        if self._connection is None:
            return None
        started = time.monotonic()
        try:
            self._connection.commit()
        except BaseException:
            self._abandon()
            raise
        self._connection.close()
        seconds = self._seconds + time.monotonic() - started
        self._connection, self._logs, self._seconds, self._stood = None, 0, 0.0, self._reached.block
        self._ended(self._reached, seconds)
        return self._reached

    def _abandon(self) -> None:
        """Nothing more is written: what comes after a batch that failed must not stand without it."""
        self._broken = True
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
