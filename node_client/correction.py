"""Corrections of retirements: later records, linked to the first, which never changes.

Flow: RetirementCorrected → `fold` → table `correction` → queries.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection, Index, select
from sqlalchemy.engine import RowMapping
from sqlmodel import SQLModel

from node_client import database
from node_client.batch import Batch
from node_client.database import hash_text, number, text
from node_client.event import At, Event
from node_client.retirement import escaped_json

TEXTS: Final = ("beneficiary", "case_reference", "place", "note", "reason")


class Correction(msgspec.Struct, frozen=True):
    """The correction as given."""

    correction_id: str
    retirement_id: str
    beneficiary_hash: str
    beneficiary: str
    case_reference: str
    place: str
    note: str
    reason: str


class RetirementCorrected(Event, frozen=True):
    """A correction of a retirement's texts was recorded."""

    contracts = ("Corrections",)
    retirement_id: str
    correction_id: str
    member_id: int
    record_hash: str
    correction: Correction

    def subject(self, at: At) -> str:
        """The retirement."""
        return f"retirement:{self.retirement_id}"


class CorrectionRow(SQLModel, table=True):
    """One correction; `escaped` as in the table retirement."""

    __tablename__ = "correction"
    __table_args__ = (Index("ix_correction_retirement_id", "retirement_id", "sequence"),)

    sequence: int = number(primary_key=True)
    correction_id: str = hash_text(unique=True)
    retirement_id: str = hash_text(foreign_key="retirement.retirement_id")
    member_id: int = number(foreign_key="member.member_id")
    beneficiary_hash: str = hash_text()
    beneficiary: str = text()
    case_reference: str = text()
    place: str = text()
    note: str = text()
    reason: str = text()
    record_hash: str = hash_text()
    escaped: str | None = text(default=None)
    block: int = number()
    timestamp: int = number()
    tx_hash: str = hash_text()


EVENTS: Final = (RetirementCorrected,)
FOLDS: Final = EVENTS
TABLES: Final = (CorrectionRow,)


def fold(event: Event, at: At, batch: Batch) -> None:
    """The correction is added."""
    if not isinstance(event, RetirementCorrected):
        return
    said = event.correction
    batch.insert(
        "correction",
        sequence=at.sequence,
        correction_id=event.correction_id,
        retirement_id=event.retirement_id,
        member_id=event.member_id,
        beneficiary_hash=said.beneficiary_hash,
        beneficiary=str(said.beneficiary),
        case_reference=str(said.case_reference),
        place=str(said.place),
        note=str(said.note),
        reason=str(said.reason),
        record_hash=event.record_hash,
        escaped=escaped_json(said, TEXTS),
        block=at.block,
        timestamp=at.timestamp,
        tx_hash=at.tx_hash,
    )


def by_id(connection: Connection, correction_id: str) -> RowMapping | None:
    """The correction of a number, or None."""
    table = database.table_of("correction")
    return database.one(connection, "correction", table.c.correction_id == correction_id)


def of_retirement(connection: Connection, retirement_id: str) -> Sequence[RowMapping]:
    """The corrections of a retirement, oldest first."""
    table = database.table_of("correction")
    chosen = select(table).where(table.c.retirement_id == retirement_id).order_by(table.c.sequence)
    return connection.execute(chosen).mappings().all()


def page(connection: Connection, *, after: int | None = None, limit: int = 50) -> Sequence[RowMapping]:
    """Corrections newest first, below the sequence `after`."""
    return database.page(connection, "correction", after=after, limit=limit, filters={})
