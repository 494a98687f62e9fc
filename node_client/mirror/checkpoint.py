"""How far the mirror has come, and the headers it came by.

Flow: `start` makes or checks the checkpoint and takes the writer's epoch → each batch's `advance`, fenced by block and epoch
→ `read` for everybody else.

Whoever starts last writes: its epoch is higher, and the former writer's next `advance` finds no row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from node_client import database
from node_client.chain import Header
from node_client.database import address, blob, hash_text, sheet, table_of
from node_client.deployment import Deployment
from node_client.errors import ChainMismatch, WriterReplaced

_ONLY: Final = 1
LONGEST_IDLE_MS: Final = 20_000


class BlockRow(SQLModel, table=True):
    """One header; `logs_bloom` is 256 bytes, or none when all of them are zero.

    `logs_hash` is the SHA-256 of the ledger's logs as they were folded (node_client.mirror.proving), empty for none.
    """

    __tablename__ = "block"

    number: int = database.number(primary_key=True)
    hash: str = hash_text(unique=True)
    parent_hash: str = hash_text()
    timestamp: int = database.number()
    receipts_root: str = hash_text()
    logs_bloom: bytes = blob()
    logs_hash: str = hash_text()


class CheckpointRow(SQLModel, table=True):
    """The one row that says how far: the last block mirrored, its hash, and the acts up to it. `epoch` is the writer's.

    All blocks up to `proven_block` are proven by their receipts.
    """

    __tablename__ = "checkpoint"

    id: int = database.number(primary_key=True)
    chain_id: int = database.number()
    credits_address: str = address()
    block: int = database.number()
    block_hash: str = hash_text()
    sequence: int = database.number()
    epoch: int = database.number()
    proven_block: int = database.number()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far the mirror has come. `block_hash` is empty before the first block; up to `proven_block` all is proven."""

    chain_id: int
    credits_address: str
    block: int
    block_hash: str
    sequence: int
    epoch: int
    proven_block: int

    @property
    def proof_lag_blocks(self) -> int:
        """Blocks mirrored and not yet proven."""
        return max(self.block - self.proven_block, 0)


def read(connection: Connection) -> Checkpoint | None:
    """The checkpoint, or None when nothing was ever mirrored."""
    table = table_of("checkpoint")
    row = connection.execute(select(table).where(table.c.id == _ONLY)).mappings().first()
    if row is None:
        return None
    return Checkpoint(**{name: row[name] for name in Checkpoint.__slots__})


def start(engine: Engine, deployment: Deployment) -> Checkpoint:
    """The checkpoint is this deployment's, and its epoch a new one of the caller's.

    Raises `ChainMismatch` when the database mirrors another chain or other contracts.
    """
    table = table_of("checkpoint")
    try:
        with engine.begin() as connection:
            # Written before it is read, so that SQLite takes the writer's lock at once.
            if connection.execute(update(table).values(epoch=table.c.epoch + 1)).rowcount == 0:
                connection.execute(insert(table).values(id=_ONLY, **_beginning(deployment)))
            found = read(connection)
            assert found is not None  # noqa: S101 - written above
            check(found, deployment)
    except IntegrityError:
        # Another writer made the first row at the same moment.
        return start(engine, deployment)
    return found


def _beginning(deployment: Deployment) -> dict[str, int | str]:
    return {
        "chain_id": deployment.chain_id,
        "credits_address": deployment.addresses["Credits"],
        "block": deployment.block - 1,
        "block_hash": "",
        "sequence": 0,
        "epoch": 1,
        "proven_block": deployment.block - 1,
    }


def check(found: Checkpoint, deployment: Deployment) -> None:
    """The checkpoint is of this deployment. Raises `ChainMismatch` when it is not."""
    wanted = (deployment.chain_id, deployment.addresses["Credits"])
    if (found.chain_id, found.credits_address) != wanted:
        raise ChainMismatch(
            f"the database mirrors {found.credits_address} on chain {found.chain_id}, not {wanted[1]} on chain {wanted[0]}",
            remedy="correct TANHUI_DATABASE_URL or TANHUI_DATA; each deployment needs a database of its own",
        )


def advance(connection: Connection, before: Checkpoint, after: Checkpoint) -> None:
    """The checkpoint is `after`. To be called first in a batch's transaction.

    Raises `WriterReplaced` when it is not `before` any more.
    """
    table = table_of("checkpoint")
    if connection.dialect.name == "postgresql":
        # A writer that is stopped in its transaction holds the checkpoint's row; the next one shall not wait for ever.
        connection.exec_driver_sql(f"SET LOCAL idle_in_transaction_session_timeout = {LONGEST_IDLE_MS}")
    changed = connection.execute(
        update(table)
        .where(table.c.id == _ONLY, table.c.block == before.block, table.c.epoch == before.epoch)
        .values(
            block=after.block,
            block_hash=after.block_hash,
            sequence=after.sequence,
            # Another process may have proven blocks meanwhile; only what was proven here is said here.
            **({"proven_block": after.proven_block} if after.proven_block == after.block else {}),
        )
    )
    if changed.rowcount != 1:
        raise replaced(before.block)


def replaced(block: int) -> WriterReplaced:
    """The error for a writer whose epoch is over."""
    return WriterReplaced(
        f"another mirror writes into this database since block {block}",
        remedy="nothing was written by this one since; run one mirror per database",
    )


def proved(connection: Connection, before: Checkpoint, block: int) -> None:
    """The blocks up to this one are proven, unless others were mirrored or proven meanwhile; then nothing changes."""
    table = table_of("checkpoint")
    connection.execute(
        update(table)
        .where(table.c.id == _ONLY, table.c.proven_block == before.proven_block, table.c.block >= block)
        .values(proven_block=block)
    )


def clear(engine: Engine, deployment: Deployment, tables: Sequence[str]) -> Checkpoint:
    """The tables are empty and the checkpoint stands before the deployment, with a new epoch."""
    table = table_of("checkpoint")
    start(engine, deployment)
    with engine.begin() as connection:
        connection.execute(
            update(table).values(
                epoch=table.c.epoch + 1,
                block=deployment.block - 1,
                block_hash="",
                sequence=0,
                proven_block=deployment.block - 1,
            )
        )
        for name in tables:
            connection.execute(delete(table_of(name)))
        found = read(connection)
    assert found is not None  # noqa: S101 - `start` made it
    return found


def store(connection: Connection, headers: Sequence[Header], logs_hashes: Mapping[int, str]) -> None:
    """The headers are stored, with the hash of each block's logs where there are any."""
    at = sheet("block")
    rows = [
        at.values(
            {
                "number": header.number,
                "hash": header.hash,
                "parent_hash": header.parent_hash,
                "timestamp": header.timestamp,
                "receipts_root": header.receipts_root,
                "logs_bloom": bloom_bytes(header),
                "logs_hash": logs_hashes.get(header.number, ""),
            }
        )
        for header in headers
    ]
    at.insert(connection, rows)


def bloom_bytes(header: Header) -> bytes:
    """The header's bloom; no bytes when all are zero."""
    bloom = bytes.fromhex(header.logs_bloom[2:])
    return bloom if any(bloom) else b""
