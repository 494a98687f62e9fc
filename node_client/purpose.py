"""Purposes of retirement: the table that retirements choose from.

Flow: PurposeSet → `fold` → table `purpose` → queries.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, select
from sqlalchemy.engine import RowMapping
from sqlmodel import SQLModel

from node_client import database
from node_client.batch import Batch
from node_client.database import flag, number, text
from node_client.event import At, Event


class PurposeSet(Event, frozen=True):
    """A purpose was added, renamed, allowed or disallowed."""

    keeps_args = True
    purpose: int
    allowed: bool
    code: str
    name_zh: str
    name_en: str

    def subject(self, at: At) -> str:
        """The purpose."""
        return f"purpose:{self.purpose}"


class PurposeRow(SQLModel, table=True):
    """One purpose as it stands, by its number from 0 to 15; `sequence` is the act that last set it."""

    __tablename__ = "purpose"

    purpose: int = number(primary_key=True)
    sequence: int = number(unique=True)
    allowed: bool = flag()
    code: str = text()
    name_zh: str = text()
    name_en: str = text()


EVENTS: Final = (PurposeSet,)
FOLDS: Final = EVENTS
TABLES: Final = (PurposeRow,)


def fold(event: Event, at: At, batch: Batch) -> None:
    """The purpose is as it was set."""
    if isinstance(event, PurposeSet):
        batch.row("purpose", event.purpose).update(
            sequence=at.sequence,
            allowed=event.allowed,
            code=str(event.code),
            name_zh=str(event.name_zh),
            name_en=str(event.name_en),
        )


def by_code(connection: Connection, code: str) -> RowMapping | None:
    """The purpose of a code, or None; of several, the one with the lowest number."""
    table = database.table_of("purpose")
    return (
        connection.execute(select(table).where(table.c.code == code).order_by(table.c.purpose))
        .mappings()
        .first()
    )


def by_id(connection: Connection, purpose: int) -> RowMapping | None:
    """The purpose of a number, or None."""
    return database.one(connection, "purpose", database.table_of("purpose").c.purpose == purpose)


def all_rows(connection: Connection, *, allowed: bool | None = None) -> Sequence[RowMapping]:
    """All purposes by number; only those allowed or disallowed now when asked."""
    table = database.table_of("purpose")
    chosen = select(table).order_by(table.c.purpose)
    if allowed is not None:
        chosen = chosen.where(table.c.allowed == allowed)
    return connection.execute(chosen).mappings().all()
