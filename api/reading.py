"""Reading the mirror: one snapshot, one block.

Flow: a route's `work` → `Reader.read` → snapshot of the database with the mirror's place in it (`Mark`) → rows → the answer
speaks for that block, whatever the mirror commits meanwhile.

On SQLite a read is tens of microseconds and runs on the event loop, over one connection that stays open; on PostgreSQL it
runs in a thread, over the engine's pool.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple, TypeVar

import psycopg
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from api.problems import Problem
from node_client.database import check_revision
from node_client.errors import DatabaseError, DatabaseUnreachable

T = TypeVar("T")

# How old the known place of the mirror may be before a request looks again.
FRESH_SECONDS: Final = 0.02
_RECHECK_SECONDS: Final = 1.0
_PLACE: Final = (
    "SELECT c.block, c.block_hash, c.sequence, c.chain_id, c.credits_address, b.timestamp, c.proven_block"
    " FROM checkpoint c LEFT JOIN block b ON b.number = c.block WHERE c.id = 1"
)


class Mark(NamedTuple):
    """The block that an answer speaks for; its time in Unix seconds, 0 before the first block.

    All blocks up to `proven_block` are proven by their receipts.
    """

    block: int
    hash: str
    sequence: int
    chain_id: int
    credits_address: str
    timestamp: int
    proven_block: int


class Snapshot:
    """One state of the database: `connection` for SQLAlchemy Core, `rows` for hot reads in plain SQL."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._sqlite = connection.dialect.name == "sqlite"
        driver: Any = connection.connection.driver_connection
        self._execute = driver.execute
        found = self.rows(_PLACE)
        if not found:
            raise Problem("MirrorEmpty")
        block, block_hash, sequence, chain_id, address, timestamp, proven_block = found[0]
        self.mark = Mark(block, block_hash, sequence, chain_id, address, timestamp or 0, proven_block)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query whose values stand as question marks."""
        found: list[tuple[Any, ...]] = self._execute(
            sql if self._sqlite else sql.replace("?", "%s"), values
        ).fetchall()
        return found


class Reader:
    """Reads of one database; checks first, and again after trouble, that its tables are this program's."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.sqlite = engine.dialect.name == "sqlite"
        self.known: Mark | None = None
        self._known_at = 0.0
        self._checked = False
        self._refused: tuple[float, DatabaseError] | None = None
        self._kept: Connection | None = None
        self._reading = (
            engine
            if self.sqlite
            else engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        )

    async def read(self, work: Callable[[Snapshot], T]) -> tuple[T, Mark]:
        """The work's result on one snapshot, and the block it speaks for.

        Raises `DatabaseUnreachable`, `DatabaseRevision`, or the problem MirrorEmpty before anything was mirrored.
        """
        if self.sqlite:
            return self._on_loop(work)
        return await run_in_threadpool(self._in_thread, work)

    async def place(self) -> Mark:
        """The mirror's place, at most `FRESH_SECONDS` old."""
        if self.known is not None and time.monotonic() - self._known_at < FRESH_SECONDS:
            return self.known
        return (await self.read(lambda snapshot: snapshot.mark))[0]

    def check(self) -> None:
        """The database answers and has this program's tables. Raises `DatabaseUnreachable` or `DatabaseRevision`."""
        if self._refused and time.monotonic() - self._refused[0] < _RECHECK_SECONDS:
            raise self._refused[1]
        try:
            check_revision(self.engine)
        except DatabaseError as error:
            self._refused = (time.monotonic(), error)
            raise
        self._refused, self._checked = None, True

    def close(self) -> None:
        """The kept connection is closed."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _on_loop(self, work: Callable[[Snapshot], T]) -> tuple[T, Mark]:
        with self._errors():
            if self._kept is None:
                self._kept = self._reading.connect()
            with self._kept.begin():
                return self._told(Snapshot(self._kept), work)

    def _in_thread(self, work: Callable[[Snapshot], T]) -> tuple[T, Mark]:
        with self._errors(), self._reading.connect() as connection, connection.begin():
            return self._told(Snapshot(connection), work)

    def _told(self, snapshot: Snapshot, work: Callable[[Snapshot], T]) -> tuple[T, Mark]:
        if (
            self.known is None
            or snapshot.mark.block >= self.known.block
            or snapshot.mark.hash != self.known.hash
        ):
            self.known = snapshot.mark
        self._known_at = time.monotonic()
        return work(snapshot), snapshot.mark

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """What the drivers raise becomes the database's own errors; the next read checks and connects anew."""
        if not self._checked:
            self.check()
        try:
            yield
        except (DBAPIError, SQLAlchemyError, sqlite3.Error, psycopg.Error) as error:
            self._checked = False
            with contextlib.suppress(Exception):
                self.close()
            # Tables of another revision are the likeliest reason, and then are told as such.
            self.check()
            self._checked = False
            raise DatabaseUnreachable(
                f"the database did not answer a read: {error}", remedy="look at its log"
            ) from error
