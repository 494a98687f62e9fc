"""Locks: grams bound to a case or an offer.

Flow: CreditsLocked, LockReleased, LockDelivered, LockRetired, and CreditsCancelled out of a lock → `fold` → table `lock` →
queries. What a lock does to its holder's grams is folded by holding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, Index, select
from sqlalchemy.engine import RowMapping
from sqlmodel import SQLModel

from node_client import database
from node_client.batch import Batch
from node_client.cancellation import NO_LOCK, CreditsCancelled
from node_client.database import address, hash_text, number, text
from node_client.errors import MirrorInconsistent
from node_client.event import At, Event, bounded
from node_client.units import token_hex


class CreditsLocked(Event, frozen=True):
    """Grams were locked by their holder; `expires_at` is Unix seconds."""

    lock_id: str
    holder: str
    token_id: int
    grams: int
    keeper: str
    expires_at: int
    case_reference: str

    def subject(self, at: At) -> str:
        """The lock."""
        return f"lock:{self.lock_id}"


class LockReleased(Event, frozen=True):
    """Locked grams became free again."""

    keeps_args = True
    lock_id: str
    grams: int

    def subject(self, at: At) -> str:
        """The lock."""
        return f"lock:{self.lock_id}"


class LockDelivered(Event, frozen=True):
    """Locked grams were delivered; the TransferSingle that follows is the transfer itself."""

    keeps_args = True
    lock_id: str
    to: str
    grams: int

    def subject(self, at: At) -> str:
        """The lock."""
        return f"lock:{self.lock_id}"


class LockRetired(Event, frozen=True):
    """Locked grams were retired; the CreditsRetired that follows is the retirement itself."""

    keeps_args = True
    lock_id: str
    retirement_id: str
    grams: int

    def subject(self, at: At) -> str:
        """The lock."""
        return f"lock:{self.lock_id}"


class LockRow(SQLModel, table=True):
    """One lock. `grams` are those still bound, `locked_grams` those bound at first; `expires_at` is Unix seconds.

    An end beyond 2^63 - 1 s is stored as that; the journal has the exact value.
    """

    __tablename__ = "lock"
    __table_args__ = (
        Index("ix_lock_holder", "holder", "sequence"),
        Index("ix_lock_keeper", "keeper", "sequence"),
        Index("ix_lock_token_id", "token_id", "sequence"),
    )

    lock_id: str = hash_text(primary_key=True)
    sequence: int = number(unique=True)
    holder: str = address(foreign_key="account.account")
    token_id: str = hash_text(foreign_key="credit.token_id")
    grams: int = number()
    locked_grams: int = number()
    keeper: str = address(foreign_key="account.account")
    expires_at: int = number()
    case_reference: str = text()
    block: int = number()
    timestamp: int = number()


EVENTS: Final = (CreditsLocked, LockReleased, LockDelivered, LockRetired)
FOLDS: Final = (*EVENTS, CreditsCancelled)
TABLES: Final = (LockRow,)


def fold(event: Event, at: At, batch: Batch) -> None:
    """The lock binds what the event leaves bound."""
    match event:
        case CreditsLocked():
            batch.row("lock", event.lock_id).update(
                sequence=at.sequence,
                holder=event.holder,
                token_id=token_hex(event.token_id),
                grams=event.grams,
                locked_grams=event.grams,
                keeper=event.keeper,
                expires_at=bounded(event.expires_at),
                case_reference=str(event.case_reference),
                block=at.block,
                timestamp=at.timestamp,
            )
        case LockReleased() | LockDelivered() | LockRetired():
            _take(event.lock_id, event.grams, at, batch)
        case CreditsCancelled() if event.lock_id != NO_LOCK:
            _take(event.lock_id, event.grams, at, batch)
        case _:
            pass


def _take(lock_id: str, grams: int, at: At, batch: Batch) -> None:
    bound = batch.known("lock", lock_id)
    bound["grams"] -= grams
    if bound["grams"] < 0:
        raise MirrorInconsistent(
            f"act {at.sequence} in block {at.block} takes {grams} g out of lock {lock_id}, which binds fewer",
            remedy="the node's answer or the database is damaged: run `tanhui audit`",
        )


def by_id(connection: Connection, lock_id: str) -> RowMapping | None:
    """The lock of a number, or None."""
    return database.one(connection, "lock", database.table_of("lock").c.lock_id == lock_id)


def page(
    connection: Connection,
    *,
    after: int | None = None,
    limit: int = 50,
    holder: str | None = None,
    keeper: str | None = None,
    token_id: str | None = None,
    open_only: bool = False,
) -> Sequence[RowMapping]:
    """Locks newest first, below the sequence `after`; with `open_only` those that still bind grams."""
    table = database.table_of("lock")
    filters = {"holder": holder, "keeper": keeper, "token_id": token_id}
    chosen = select(table).where(
        *(table.c[name] == value for name, value in filters.items() if value is not None)
    )
    if after is not None:
        chosen = chosen.where(table.c.sequence < after)
    if open_only:
        chosen = chosen.where(table.c.grams > 0)
    newest = chosen.order_by(table.c.sequence.desc()).limit(min(limit, database.HIGHEST_LIMIT))
    return connection.execute(newest).mappings().all()
