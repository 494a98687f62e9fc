"""Blocks that did not last are undone, on chains whose newest blocks may still change.

Flow: a batch near the head → `keep`: of every row it adds or changes, what stood there before, in the batch's own transaction →
a fork → `fork_point`: the newest stored header that the node still has → `roll_back`: what the batches above it did is undone,
newest first, in one fenced transaction → the loop goes on from there.

What stood before is read from SQL and put back as it was, so that undoing needs no knowledge of any noun and leaves exactly
the tables that a mirror stopped at that block would have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

import msgspec
import sqlalchemy
from sqlalchemy import Connection, Engine, delete, insert, select
from sqlalchemy.engine import RowMapping
from sqlmodel import SQLModel

from node_client.batch import Key
from node_client.chain import Chain
from node_client.database import blob, hash_text, number, sheet, table_of
from node_client.errors import ForkDetected
from node_client.mirror import checkpoint as checkpoints
from node_client.mirror import registry
from node_client.mirror.checkpoint import Checkpoint

_KEYS_AT_ONCE: Final = 400

# Table → pairs of a key and the row that stood there, or None where there was none.
Before: TypeAlias = dict[str, list[tuple[list[Any], dict[str, Any] | None]]]


class UndoRow(SQLModel, table=True):
    """What undoes one batch: where the mirror stood before it, and `rows` (MessagePack of `Before`). `block` is its last."""

    __tablename__ = "undo"

    block: int = number(primary_key=True)
    before_block: int = number()
    before_hash: str = hash_text()
    before_sequence: int = number()
    rows: bytes = blob()


def keep(
    connection: Connection,
    before: Checkpoint,
    after: Checkpoint,
    touched: Mapping[str, Iterable[Key]],
    finality_blocks: int,
) -> None:
    """The batch from `before` to `after` can be undone; batches that lie `finality_blocks` below it no longer.

    To be called in the batch's transaction, before its rows are written.
    """
    rows = {name: _standing(connection, name, keys) for name, keys in touched.items()}
    table = table_of("undo")
    connection.execute(delete(table).where(table.c.block <= after.block - finality_blocks))
    connection.execute(
        insert(table).values(
            block=after.block,
            before_block=before.block,
            before_hash=before.block_hash,
            before_sequence=before.sequence,
            rows=msgspec.msgpack.encode(rows),
        )
    )


def _standing(
    connection: Connection, name: str, keys: Iterable[Key]
) -> list[tuple[list[Any], dict[str, Any] | None]]:
    at = sheet(name)
    wanted = list(keys)
    found = {tuple(row[key] for key in at.keys): row for row in at.load_many(connection, wanted)}
    return [(list(key), found.get(key)) for key in wanted]


def fork_point(chain: Chain, engine: Engine, now: Checkpoint) -> int:
    """The newest stored block that the node has too, among those that can be gone back to.

    Raises `ForkDetected` when the chains part further below, and `ChainUnreachable`.
    """
    undo, block = table_of("undo"), table_of("block")
    with engine.connect() as connection:
        lowest = connection.execute(select(sqlalchemy.func.min(undo.c.before_block))).scalar()
        lowest = now.block if lowest is None else int(lowest)
        stored = connection.execute(
            select(block.c.number, block.c.hash)
            .where(block.c.number >= lowest, block.c.number <= now.block)
            .order_by(block.c.number.desc())
        ).all()
    theirs = {header.number: header.hash for header in chain.headers(stored[-1].number, stored[0].number)}
    for row in stored:
        if theirs[row.number] == row.hash:
            return int(row.number)
    raise _too_deep(now, lowest)


def roll_back(chain: Chain, engine: Engine, now: Checkpoint) -> Checkpoint:
    """The mirror stands at or below the newest block it shares with the node, as if it had never gone further.

    Raises `ForkDetected` when that lies deeper than can be undone and `WriterReplaced` when another mirror took over; then
    nothing is changed.
    """
    shared = fork_point(chain, engine, now)
    table = table_of("undo")
    with engine.begin() as connection:
        # Fenced before anything is read, so that no other writer stands between.
        checkpoints.advance(connection, now, now)
        stored = checkpoints.read(connection)
        # Another process may have proven blocks meanwhile.
        after = now = replace(now, proven_block=stored.proven_block if stored else now.proven_block)
        newest_first = select(table).where(table.c.block > shared).order_by(table.c.block.desc())
        for row in connection.execute(newest_first).mappings().all():
            if row["block"] != after.block:
                break
            _undo(connection, row)
            after = replace(
                now,
                block=row["before_block"],
                block_hash=row["before_hash"],
                sequence=row["before_sequence"],
                proven_block=min(now.proven_block, row["before_block"]),
            )
        if after.block > shared:
            raise _too_deep(now, after.block)
        block = table_of("block")
        connection.execute(delete(table).where(table.c.block > after.block))
        connection.execute(delete(block).where(block.c.number > after.block))
        checkpoints.advance(connection, now, after)
    return after


def _undo(connection: Connection, row: RowMapping) -> None:
    """What one batch did is undone."""
    before = msgspec.msgpack.decode(row["rows"], type=Before)
    # Changed rows first: they may have come to point at rows that are about to go.
    for name, pairs in before.items():
        changed = [standing for _, standing in pairs if standing is not None]
        if changed:
            at = sheet(name)
            at.update(connection, list(map(at.changes, changed)))
    for name in registry.mirrored():  # children before parents
        _remove(connection, name, [key for key, standing in before.get(name, ()) if standing is None])


def _remove(connection: Connection, name: str, keys: Sequence[Sequence[Any]]) -> None:
    table = table_of(name)
    columns = list(table.primary_key.columns)
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        part = [tuple(key) for key in keys[start : start + _KEYS_AT_ONCE]]
        match = (
            columns[0].in_([key[0] for key in part])
            if len(columns) == 1
            else sqlalchemy.tuple_(*columns).in_(part)
        )
        connection.execute(delete(table).where(match))


def _too_deep(now: Checkpoint, lowest: int) -> ForkDetected:
    return ForkDetected(
        f"the node's chain leaves the mirrored one below block {lowest}, deeper than can be undone from block {now.block}",
        remedy="compare with other nodes; if the chain was really changed so far back, run `tanhui mirror rebuild`",
    )
