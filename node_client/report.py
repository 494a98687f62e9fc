"""Monitoring reports and their verification.

Flow: ReportSubmitted, ReportWithdrawn, ReportVerified → `fold` → table `report` → queries.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, Index
from sqlalchemy.engine import RowMapping
from sqlmodel import SQLModel

from node_client import database
from node_client.batch import Batch
from node_client.database import hash_text, number, text, word
from node_client.event import At, Event, bounded

# As numbered in IProjects.sol.
STATES: Final = ("none", "submitted", "verified", "rejected", "withdrawn")


class ReportSubmitted(Event, frozen=True):
    """A monitoring report was submitted, and its days [start, end) claimed."""

    contracts = ("Projects",)
    report_id: int
    project_id: int
    period_start: int
    period_end: int
    claimed_grams: int
    data_root: str
    report_hash: str

    def subject(self, at: At) -> str:
        """The report."""
        return f"report:{self.report_id}"


class ReportWithdrawn(Event, frozen=True):
    """A report was withdrawn by its owner, and its days released."""

    contracts = ("Projects",)
    keeps_args = True
    report_id: int
    reason: str

    def subject(self, at: At) -> str:
        """The report."""
        return f"report:{self.report_id}"


class ReportVerified(Event, frozen=True):
    """A verifier gave its verdict."""

    contracts = ("Projects",)
    report_id: int
    verifier_id: int
    positive: bool
    verified_grams: int
    verification_hash: str

    def subject(self, at: At) -> str:
        """The report."""
        return f"report:{self.report_id}"


class ReportRow(SQLModel, table=True):
    """One monitoring report; its period is [start, end) in days since 1970.

    Grams beyond 2^63 - 1, which can be claimed but never issued, are stored as 2^63 - 1; the journal has the exact value.
    """

    __tablename__ = "report"
    __table_args__ = (Index("ix_report_project_id", "project_id"),)

    report_id: int = number(primary_key=True)
    sequence: int = number(unique=True)
    project_id: int = number(foreign_key="project.project_id")
    state: str = word()
    period_start: int = number()
    period_end: int = number()
    claimed_grams: int = number()
    verified_grams: int = number(default=0)
    data_root: str = hash_text()
    report_hash: str = hash_text(unique=True)
    verifier_id: int | None = number(default=None, foreign_key="member.member_id")
    verification_hash: str | None = hash_text(default=None)
    verified_at: int | None = number(default=None)
    withdrawal_reason: str | None = text(default=None)
    block: int = number()
    timestamp: int = number()


EVENTS: Final = (ReportSubmitted, ReportWithdrawn, ReportVerified)
FOLDS: Final = EVENTS
TABLES: Final = (ReportRow,)


def fold(event: Event, at: At, batch: Batch) -> None:
    """The report is as the event says."""
    match event:
        case ReportSubmitted():
            batch.row("report", event.report_id).update(
                sequence=at.sequence,
                project_id=event.project_id,
                state="submitted",
                period_start=event.period_start,
                period_end=event.period_end,
                claimed_grams=bounded(event.claimed_grams),
                data_root=event.data_root,
                report_hash=event.report_hash,
                block=at.block,
                timestamp=at.timestamp,
            )
        case ReportWithdrawn():
            withdrawn = batch.known("report", event.report_id)
            withdrawn.update(state="withdrawn", withdrawal_reason=str(event.reason))
        case ReportVerified():
            batch.known("report", event.report_id).update(
                state="verified" if event.positive else "rejected",
                verified_grams=bounded(event.verified_grams),
                verifier_id=event.verifier_id,
                verification_hash=event.verification_hash,
                verified_at=at.timestamp,
            )
        case _:
            pass


def by_id(connection: Connection, report_id: int) -> RowMapping | None:
    """The report of a number, or None."""
    return database.one(connection, "report", database.table_of("report").c.report_id == report_id)


def page(
    connection: Connection,
    *,
    after: int | None = None,
    limit: int = 50,
    project_id: int | None = None,
    state: str | None = None,
) -> Sequence[RowMapping]:
    """Reports newest first, below the sequence `after`."""
    filters = {"project_id": project_id, "state": state}
    return database.page(connection, "report", after=after, limit=limit, filters=filters)
