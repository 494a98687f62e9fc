"""Issuances: proposed, noticed publicly, objected to, confirmed or returned.

Flow: IssuanceProposed, IssuanceObjected, ObjectionAnswered, IssuanceConfirmed, IssuanceReturned, NoticeLengthSet → `fold`
→ tables `issuance` and `objection` (the notice's length is a setting) → queries.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, Index, select
from sqlalchemy.engine import RowMapping
from sqlmodel import SQLModel

from node_client import database
from node_client.batch import Batch
from node_client.database import address, hash_text, number, text, word
from node_client.event import At, Event, bounded
from node_client.units import token_hex

STATES: Final = ("none", "proposed", "confirmed", "returned")


class _Issued(Event, frozen=True):
    """Emitted by Issuances."""

    contracts = ("Issuances",)


class IssuanceProposed(_Issued, frozen=True):
    """An issuance was proposed; its public notice runs until `notice_ends_at` (Unix seconds)."""

    issuance_id: int
    report_id: int
    token_id: int
    proposer_id: int
    holder: str
    grams: int
    vintage: int
    notice_ends_at: int
    origin: str

    def subject(self, at: At) -> str:
        """The issuance."""
        return f"issuance:{self.issuance_id}"


class IssuanceObjected(_Issued, frozen=True):
    """A member objected to an issuance."""

    objection_id: int
    issuance_id: int
    member_id: int
    reason: str

    def subject(self, at: At) -> str:
        """The issuance."""
        return f"issuance:{self.issuance_id}"


class ObjectionAnswered(_Issued, frozen=True):
    """An objection was answered."""

    objection_id: int
    issuance_id: int
    answer: str

    def subject(self, at: At) -> str:
        """The issuance."""
        return f"issuance:{self.issuance_id}"


class IssuanceConfirmed(_Issued, frozen=True):
    """An issuance was confirmed."""

    issuance_id: int
    member_id: int

    def subject(self, at: At) -> str:
        """The issuance."""
        return f"issuance:{self.issuance_id}"


class IssuanceReturned(_Issued, frozen=True):
    """An issuance was returned."""

    issuance_id: int
    member_id: int
    reason: str

    def subject(self, at: At) -> str:
        """The issuance."""
        return f"issuance:{self.issuance_id}"


class NoticeLengthSet(_Issued, frozen=True):
    """The length of later public notices changed."""

    keeps_args = True
    notice_seconds: int

    def subject(self, at: At) -> str:
        """The setting."""
        return "setting:notice_seconds"


class IssuanceRow(SQLModel, table=True):
    """One issuance; `decider_id` is the member that confirmed or returned it, at `decided_at` (Unix seconds)."""

    __tablename__ = "issuance"
    __table_args__ = (
        Index("ix_issuance_report_id", "report_id"),
        Index("ix_issuance_token_id", "token_id"),
        Index("ix_issuance_state", "state", "sequence"),
    )

    issuance_id: int = number(primary_key=True)
    sequence: int = number(unique=True)
    state: str = word()
    report_id: int = number(foreign_key="report.report_id")
    project_id: int = number(foreign_key="project.project_id")
    token_id: str = hash_text()
    proposer_id: int = number(foreign_key="member.member_id")
    holder: str = address(foreign_key="account.account")
    grams: int = number()
    vintage: int = number()
    notice_ends_at: int = number()
    origin: str = text()
    open_objections: int = number(default=0)
    decider_id: int | None = number(default=None, foreign_key="member.member_id")
    decided_at: int | None = number(default=None)
    reason: str | None = text(default=None)
    block: int = number()
    timestamp: int = number()


class ObjectionRow(SQLModel, table=True):
    """One objection; `answer` is null until there is one."""

    __tablename__ = "objection"
    __table_args__ = (Index("ix_objection_issuance_id", "issuance_id"),)

    objection_id: int = number(primary_key=True)
    sequence: int = number(unique=True)
    issuance_id: int = number(foreign_key="issuance.issuance_id")
    member_id: int = number(foreign_key="member.member_id")
    reason: str = text()
    answer: str | None = text(default=None)
    answered_at: int | None = number(default=None)
    block: int = number()
    timestamp: int = number()


EVENTS: Final = (
    IssuanceProposed,
    IssuanceObjected,
    ObjectionAnswered,
    IssuanceConfirmed,
    IssuanceReturned,
    NoticeLengthSet,
)
FOLDS: Final = (IssuanceProposed, IssuanceObjected, ObjectionAnswered, IssuanceConfirmed, IssuanceReturned)
TABLES: Final = (IssuanceRow, ObjectionRow)


def fold(event: Event, at: At, batch: Batch) -> None:
    """The issuance and its objections are as the event says."""
    match event:
        case IssuanceProposed():
            _propose(event, at, batch)
        case IssuanceObjected():
            batch.known("issuance", event.issuance_id)["open_objections"] += 1
            batch.row("objection", event.objection_id).update(
                sequence=at.sequence,
                issuance_id=event.issuance_id,
                member_id=event.member_id,
                reason=str(event.reason),
                block=at.block,
                timestamp=at.timestamp,
            )
        case ObjectionAnswered():
            batch.known("issuance", event.issuance_id)["open_objections"] -= 1
            answered = batch.known("objection", event.objection_id)
            answered.update(answer=str(event.answer), answered_at=at.timestamp)
        case IssuanceConfirmed():
            decided = batch.known("issuance", event.issuance_id)
            decided.update(state="confirmed", decider_id=event.member_id, decided_at=at.timestamp)
        case IssuanceReturned():
            decided = batch.known("issuance", event.issuance_id)
            decided.update(state="returned", decider_id=event.member_id, decided_at=at.timestamp)
            decided["reason"] = str(event.reason)
        case _:
            pass


def _propose(event: IssuanceProposed, at: At, batch: Batch) -> None:
    batch.row("issuance", event.issuance_id).update(
        sequence=at.sequence,
        state="proposed",
        report_id=event.report_id,
        project_id=batch.read("report", event.report_id)["project_id"],
        token_id=token_hex(event.token_id),
        proposer_id=event.proposer_id,
        holder=event.holder,
        grams=bounded(event.grams),
        vintage=event.vintage,
        notice_ends_at=bounded(event.notice_ends_at),
        origin=str(event.origin),
        block=at.block,
        timestamp=at.timestamp,
    )


def by_id(connection: Connection, issuance_id: int) -> RowMapping | None:
    """The issuance of a number, or None."""
    return database.one(connection, "issuance", database.table_of("issuance").c.issuance_id == issuance_id)


def page(
    connection: Connection,
    *,
    after: int | None = None,
    limit: int = 50,
    state: str | None = None,
    report_id: int | None = None,
    project_id: int | None = None,
) -> Sequence[RowMapping]:
    """Issuances newest first, below the sequence `after`."""
    filters = {"state": state, "report_id": report_id, "project_id": project_id}
    return database.page(connection, "issuance", after=after, limit=limit, filters=filters)


def objections(connection: Connection, issuance_id: int) -> Sequence[RowMapping]:
    """The objections to an issuance, in their order."""
    table = database.table_of("objection")
    chosen = select(table).where(table.c.issuance_id == issuance_id).order_by(table.c.sequence)
    return connection.execute(chosen).mappings().all()
