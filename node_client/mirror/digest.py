"""What SQL holds, as one number per table and one for all: equal tables have equal digests on every database.

Flow: snapshot → each mirrored table's rows in the order of its key → one JSON line a row → SHA-256.

Text is ordered by its bytes, never by a language, so that SQLite and PostgreSQL agree.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, String, Table, select

from node_client.database import table_of
from node_client.errors import BadInput
from node_client.mirror import checkpoint as checkpoints
from node_client.mirror import registry

_ROWS_AT_ONCE: Final = 5_000


@dataclass(frozen=True, slots=True)
class Digest:
    """SHA-256 as 64 hexadecimal digits of each mirrored table and of `whole`, at a block."""

    block: int
    block_hash: str
    sequence: int
    tables: dict[str, str]
    whole: str


def digest(engine: Engine, block: int | None = None) -> Digest:
    """The digest of everything mirrored, at the checkpoint's block.

    Raises `BadInput` when `block` is given and the mirror stands at another: balances of the past are not stored.
    """
    with snapshot(engine) as connection:
        found = checkpoints.read(connection)
        if found is None:
            raise BadInput("nothing is mirrored yet", remedy="run `tanhui mirror run` first")
        if block is not None and block != found.block:
            raise BadInput(
                f"the mirror stands at block {found.block}, not {block}",
                remedy=f"mirror a database of its own with `--until {block}`, or ask for block {found.block}",
            )
        tables = {name: table_digest(connection, name) for name in sorted(registry.mirrored())}
    whole = hashlib.sha256(msgspec.json.encode([found.block, found.block_hash, found.sequence, tables]))
    return Digest(found.block, found.block_hash, found.sequence, tables, whole.hexdigest())


def table_digest(connection: Connection, name: str) -> str:
    """The digest of one table's rows."""
    hasher = hashlib.sha256()
    for row in ordered_rows(connection, name):
        hasher.update(msgspec.json.encode(row))
        hasher.update(b"\n")
    return hasher.hexdigest()


def ordered_rows(connection: Connection, name: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a table, streamed in the order of its key, texts by their bytes."""
    table = table_of(name)
    chosen = select(table).order_by(
        *(_by_bytes(table, key.name, connection) for key in table.primary_key.columns)
    )
    streamed = chosen.execution_options(stream_results=True, yield_per=_ROWS_AT_ONCE)
    for row in connection.execute(streamed):
        yield tuple(row)


def rows_of(connection: Connection, name: str) -> Iterator[dict[str, Any]]:
    """The rows of a table as dictionaries, streamed by key."""
    columns = [column.name for column in table_of(name).columns]
    for row in ordered_rows(connection, name):
        yield dict(zip(columns, row, strict=True))


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one state of the database, whatever the mirror writes meanwhile."""
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection


def _by_bytes(table: Table, name: str, connection: Connection) -> Any:
    column = table.c[name]
    if connection.dialect.name == "postgresql" and isinstance(column.type, String):
        return column.collate("C")
    return column
