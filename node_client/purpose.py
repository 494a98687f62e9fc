"""Purposes of retirement: the table that retirements choose from.

Flow: PurposeSet → `fold` → table `purpose` → queries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select
from sqlalchemy.engine import RowMapping
from sqlmodel import SQLModel

from node_client import database
from node_client.batch import Batch
from node_client.database import flag, number, text, word
from node_client.event import At, Event
from node_client.units import code_to_bytes32, parse_bytes32


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


@dataclass(frozen=True, slots=True)
class PurposeSet(Event):
    """A purpose was added, renamed, allowed or disallowed."""

    keeps_args = True
    purpose: str
    allowed: bool
    name_zh: str
    name_en: str

    def subject(self, at: At) -> str:
        """The purpose."""
        return f"purpose:{code_of(self.purpose)}"


class PurposeRow(SQLModel, table=True):
    """One purpose as it stands; `sequence` is the act that last set it."""

    __tablename__ = "purpose"

    purpose: str = word(primary_key=True)
    sequence: int = number(unique=True)
    allowed: bool = flag()
    name_zh: str = text()
    name_en: str = text()


EVENTS: Final = (PurposeSet,)
FOLDS: Final = EVENTS
TABLES: Final = (PurposeRow,)


def fold(event: Event, at: At, batch: Batch) -> None:
    """The purpose is as it was set."""
    if isinstance(event, PurposeSet):
        batch.row("purpose", code_of(event.purpose)).update(
            sequence=at.sequence,
            allowed=event.allowed,
            name_zh=str(event.name_zh),
            name_en=str(event.name_en),
        )


def by_id(connection: Connection, purpose: str) -> RowMapping | None:
    """The purpose of a code, or None."""
    return database.one(connection, "purpose", database.table_of("purpose").c.purpose == purpose)


def all_rows(connection: Connection, *, allowed: bool | None = None) -> Sequence[RowMapping]:
    """All purposes by code; only those allowed or disallowed now when asked."""
    table = database.table_of("purpose")
    chosen = select(table).order_by(table.c.purpose)
    if allowed is not None:
        chosen = chosen.where(table.c.allowed == allowed)
    return connection.execute(chosen).mappings().all()
