"""Cancellations: credits taken out for an error or a recall; never an offset.

Flow: CancellationProposed, CancellationConfirmed, CancellationReturned, and the credits' CreditsCancelled → `fold` → table
`cancellation` → queries. What a cancellation takes is folded by holding, lock, credit and total.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, Index
from sqlalchemy.engine import RowMapping
from sqlmodel import SQLModel

from node_client import database
from node_client.batch import Batch
from node_client.database import address, hash_text, number, word
from node_client.event import At, Event, bounded
from node_client.units import code_to_bytes32, parse_bytes32, token_hex

NO_LOCK: Final = "0x" + "0" * 64


def code_of(raw: str) -> str:
    """The code of a bytes32 in hex: its ASCII without padding, or the hex itself when it is not printable ASCII.

    Different bytes never give the same code.
    """
    stripped = bytes.fromhex(raw[2:]).rstrip(b"\x00")
    try:
        code = stripped.decode("ascii")
        return code if code_to_bytes32(code).rstrip(b"\x00") == stripped else raw
    except ValueError:
        return raw


def code_bytes(code: str) -> bytes:
    """The bytes32 of a code: the reverse of `code_of`."""
    return parse_bytes32(code) if len(code) == 66 else code_to_bytes32(code)


class CancellationProposed(Event, frozen=True):
    """A cancellation was proposed."""

    contracts = ("Cancellations",)
    cancellation_id: int
    token_id: int
    holder: str
    proposer_id: int
    grams: int
    lock_id: str
    reason_code: str
    case_hash: str

    def subject(self, at: At) -> str:
        """The cancellation."""
        return f"cancellation:{self.cancellation_id}"


class CancellationConfirmed(Event, frozen=True):
    """A cancellation was confirmed; the credits' CreditsCancelled follows."""

    contracts = ("Cancellations",)
    cancellation_id: int
    member_id: int

    def subject(self, at: At) -> str:
        """The cancellation."""
        return f"cancellation:{self.cancellation_id}"


class CancellationReturned(Event, frozen=True):
    """A cancellation was returned; nothing is taken."""

    contracts = ("Cancellations",)
    cancellation_id: int
    member_id: int

    def subject(self, at: At) -> str:
        """The cancellation."""
        return f"cancellation:{self.cancellation_id}"


class CreditsCancelled(Event, frozen=True):
    """Credits were cancelled, for ever. A TransferSingle to nobody follows."""

    cancellation_id: int
    token_id: int
    holder: str
    grams: int
    lock_id: str

    def subject(self, at: At) -> str:
        """The cancellation."""
        return f"cancellation:{self.cancellation_id}"


class CancellationRow(SQLModel, table=True):
    """One cancellation. `lock_id` is null for free grams; a proposal's token, holder and grams may be of nothing that exists."""

    __tablename__ = "cancellation"
    __table_args__ = (
        Index("ix_cancellation_token_id", "token_id"),
        Index("ix_cancellation_holder", "holder"),
    )

    cancellation_id: int = number(primary_key=True)
    sequence: int = number(unique=True)
    state: str = word()
    token_id: str = hash_text()
    holder: str = address()
    grams: int = number()
    lock_id: str | None = hash_text(default=None)
    reason_code: str = word()
    case_hash: str = hash_text()
    proposer_id: int = number(foreign_key="member.member_id")
    decider_id: int | None = number(default=None, foreign_key="member.member_id")
    decided_at: int | None = number(default=None)
    cancelled_sequence: int | None = number(default=None)
    block: int = number()
    timestamp: int = number()


EVENTS: Final = (CancellationProposed, CancellationConfirmed, CancellationReturned, CreditsCancelled)
FOLDS: Final = EVENTS
TABLES: Final = (CancellationRow,)


def fold(event: Event, at: At, batch: Batch) -> None:
    """The cancellation is as the event says."""
    match event:
        case CancellationProposed():
            batch.row("cancellation", event.cancellation_id).update(
                sequence=at.sequence,
                state="proposed",
                token_id=token_hex(event.token_id),
                holder=event.holder,
                grams=bounded(event.grams),
                lock_id=None if event.lock_id == NO_LOCK else event.lock_id,
                reason_code=code_of(event.reason_code),
                case_hash=event.case_hash,
                proposer_id=event.proposer_id,
                block=at.block,
                timestamp=at.timestamp,
            )
        case CancellationConfirmed():
            decided = batch.known("cancellation", event.cancellation_id)
            decided.update(state="confirmed", decider_id=event.member_id, decided_at=at.timestamp)
        case CancellationReturned():
            decided = batch.known("cancellation", event.cancellation_id)
            decided.update(state="returned", decider_id=event.member_id, decided_at=at.timestamp)
        case CreditsCancelled():
            batch.known("cancellation", event.cancellation_id)["cancelled_sequence"] = at.sequence
        case _:
            pass


def by_id(connection: Connection, cancellation_id: int) -> RowMapping | None:
    """The cancellation of a number, or None."""
    table = database.table_of("cancellation")
    return database.one(connection, "cancellation", table.c.cancellation_id == cancellation_id)


def page(
    connection: Connection,
    *,
    after: int | None = None,
    limit: int = 50,
    state: str | None = None,
    token_id: str | None = None,
    holder: str | None = None,
) -> Sequence[RowMapping]:
    """Cancellations newest first, below the sequence `after`."""
    filters = {"state": state, "token_id": token_id, "holder": holder}
    return database.page(connection, "cancellation", after=after, limit=limit, filters=filters)
