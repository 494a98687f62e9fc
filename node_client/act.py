"""The journal: every act of the ledger once, in the order of its sequence.

Flow: any counted event → `fold` → table `act`. The row's number is the ledger's own count, so a row too few or too many
shows at once against `Credits.totals().sequence`.

`args` holds an event's fields as JSON when no other table holds them all, or when one lies beyond SQL's integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Index, and_, select
from sqlalchemy.engine import RowMapping
from sqlmodel import SQLModel

from node_client import database
from node_client.batch import Batch
from node_client.database import hash_text, number, text, word
from node_client.event import LARGEST, At, Event, EventType
from node_client.units import token_hex

_BIGGEST_JSON_NUMBER = 2**53 - 1


class ActRow(SQLModel, table=True):
    """One act. `sequence` is its number, `subject` what it is about, `args` JSON or null."""

    __tablename__ = "act"
    __table_args__ = (Index("ix_act_subject_sequence", "subject", "sequence"), Index("ix_act_block", "block"))

    sequence: int = number(primary_key=True)
    block: int = number()
    log_index: int = number()
    tx_hash: str = hash_text()
    timestamp: int = number()
    contract: str = word()
    event: str = word()
    subject: str = text()
    args: str | None = text(default=None)


TABLES = (ActRow,)


def args_json(event: Event, kind: EventType) -> str:
    """The event's fields as one JSON object: token ids in hex, integers that JavaScript cannot hold as text."""
    fields = {name: _plain(getattr(event, name), abi_type) for name, abi_type in kind.kinds.items()}
    return msgspec.json.encode(fields).decode("utf-8")


def _plain(value: Any, abi_type: str) -> Any:
    if abi_type == "uint256":
        return token_hex(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int) and (abi_type == "uint64" or value > _BIGGEST_JSON_NUMBER):
        return str(value)
    return value


def fold(event: Event, kind: EventType, at: At, batch: Batch) -> None:
    """The act is in the journal."""
    keep = event.keeps_args or (bool(kind.wide) and any(getattr(event, name) > LARGEST for name in kind.wide))
    args = args_json(event, kind) if keep else None
    place = (at.sequence, at.block, at.log_index, at.tx_hash, at.timestamp, at.contract)
    batch.add("act", (*place, kind.name, event.subject(at), args))


def by_sequence(connection: Connection, sequence: int) -> RowMapping | None:
    """The act of a number, or None."""
    return database.one(connection, "act", database.table_of("act").c.sequence == sequence)


def page(
    connection: Connection,
    *,
    after: int | None = None,
    limit: int = 50,
    subject: str | None = None,
    event: str | None = None,
) -> Sequence[RowMapping]:
    """Acts newest first, below the sequence `after`; of one subject or one kind of event when given."""
    return database.page(
        connection, "act", after=after, limit=limit, filters={"subject": subject, "event": event}
    )


def of_block(connection: Connection, block: int) -> Sequence[RowMapping]:
    """The acts of a block, in their order."""
    table = database.table_of("act")
    return (
        connection.execute(select(table).where(table.c.block == block).order_by(table.c.sequence))
        .mappings()
        .all()
    )


def since(connection: Connection, sequence: int, limit: int = 500) -> Sequence[RowMapping]:
    """The acts above a sequence, oldest first: what a feed has to send next."""
    table = database.table_of("act")
    newer = select(table).where(and_(table.c.sequence > sequence)).order_by(table.c.sequence).limit(limit)
    return connection.execute(newer).mappings().all()
