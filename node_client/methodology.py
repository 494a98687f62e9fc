"""Methodologies and their appraisal.

Flow: MethodologySubmitted, MethodologyAppraised, MethodologyStateChanged, AppraisalRuleSet → `fold` → tables `methodology`
and `appraisal` (the rule is a setting) → queries.
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
from node_client.event import At, Event

# As numbered in IMethodologies.sol.
STATES: Final = ("none", "submitted", "appraisal", "filed", "rejected", "suspended", "withdrawn")


class MethodologySubmitted(Event, frozen=True):
    """A methodology was submitted."""

    contracts = ("Methodologies",)
    methodology_id: int
    submitter_id: int
    document_hash: str
    code: str
    version: str
    sector: str
    unit: str

    def subject(self, at: At) -> str:
        """The methodology."""
        return f"methodology:{self.methodology_id}"


class MethodologyAppraised(Event, frozen=True):
    """An expert gave an opinion; `score` is 0 to 100."""

    contracts = ("Methodologies",)
    methodology_id: int
    expert: str
    score: int
    opinion_hash: str

    def subject(self, at: At) -> str:
        """The methodology."""
        return f"methodology:{self.methodology_id}"


class MethodologyStateChanged(Event, frozen=True):
    """A methodology changed state."""

    contracts = ("Methodologies",)
    keeps_args = True
    methodology_id: int
    state: int
    member_id: int
    reason: str

    def subject(self, at: At) -> str:
        """The methodology."""
        return f"methodology:{self.methodology_id}"


class AppraisalRuleSet(Event, frozen=True):
    """The rule of appraisal changed."""

    contracts = ("Methodologies",)
    keeps_args = True
    quorum: int
    pass_mark: int

    def subject(self, at: At) -> str:
        """The rule."""
        return "setting:appraisal_rule"


class MethodologyRow(SQLModel, table=True):
    """One methodology; `sequence` is the act that submitted it."""

    __tablename__ = "methodology"
    __table_args__ = (Index("ix_methodology_submitter_id", "submitter_id"),)

    methodology_id: int = number(primary_key=True)
    sequence: int = number(unique=True)
    state: str = word()
    submitter_id: int = number(foreign_key="member.member_id")
    document_hash: str = hash_text()
    code: str = text()
    version: str = text()
    sector: str = text()
    unit: str = text()
    opinions: int = number(default=0)
    score_sum: int = number(default=0)
    block: int = number()
    timestamp: int = number()


class AppraisalRow(SQLModel, table=True):
    """One expert's opinion."""

    __tablename__ = "appraisal"
    __table_args__ = (Index("ix_appraisal_methodology_id", "methodology_id"),)

    sequence: int = number(primary_key=True)
    methodology_id: int = number(foreign_key="methodology.methodology_id")
    expert: str = address(foreign_key="account.account")
    score: int = number()
    opinion_hash: str = hash_text()
    block: int = number()
    timestamp: int = number()


EVENTS: Final = (MethodologySubmitted, MethodologyAppraised, MethodologyStateChanged, AppraisalRuleSet)
FOLDS: Final = (MethodologySubmitted, MethodologyAppraised, MethodologyStateChanged)
TABLES: Final = (MethodologyRow, AppraisalRow)


def fold(event: Event, at: At, batch: Batch) -> None:
    """The methodology is as the event says."""
    match event:
        case MethodologySubmitted():
            batch.row("methodology", event.methodology_id).update(
                sequence=at.sequence,
                state="submitted",
                submitter_id=event.submitter_id,
                document_hash=event.document_hash,
                code=str(event.code),
                version=str(event.version),
                sector=str(event.sector),
                unit=str(event.unit),
                block=at.block,
                timestamp=at.timestamp,
            )
        case MethodologyAppraised():
            judged = batch.known("methodology", event.methodology_id)
            judged["opinions"] += 1
            judged["score_sum"] += event.score
            batch.insert(
                "appraisal",
                sequence=at.sequence,
                methodology_id=event.methodology_id,
                expert=event.expert,
                score=event.score,
                opinion_hash=event.opinion_hash,
                block=at.block,
                timestamp=at.timestamp,
            )
        case MethodologyStateChanged():
            batch.known("methodology", event.methodology_id)["state"] = STATES[event.state]
        case _:
            pass


def by_id(connection: Connection, methodology_id: int) -> RowMapping | None:
    """The methodology of a number, or None."""
    table = database.table_of("methodology")
    return database.one(connection, "methodology", table.c.methodology_id == methodology_id)


def page(
    connection: Connection, *, after: int | None = None, limit: int = 50, state: str | None = None
) -> Sequence[RowMapping]:
    """Methodologies newest first, below the sequence `after`."""
    return database.page(connection, "methodology", after=after, limit=limit, filters={"state": state})


def appraisals(connection: Connection, methodology_id: int) -> Sequence[RowMapping]:
    """The experts' opinions on a methodology, in their order."""
    table = database.table_of("appraisal")
    chosen = select(table).where(table.c.methodology_id == methodology_id).order_by(table.c.sequence)
    return connection.execute(chosen).mappings().all()
