"""Totals: counters kept by the fold, so that no statistic ever scans.

Flow: CreditIssued, CreditsRetired, CreditsCancelled, transfers → `fold` → table `total` → queries.

Dimensions and keys: all (""), day ("2026-11-23") and minute ("2026-11-23T08:31Z") of the block's time in UTC, project,
methodology, member (numbers; the first holder's, the retiring and the losing member's), vintage (year), purpose (number).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select
from sqlalchemy.engine import RowMapping
from sqlmodel import SQLModel

from node_client import database
from node_client.batch import Batch
from node_client.cancellation import CreditsCancelled
from node_client.credit import CreditIssued
from node_client.database import number, text, word
from node_client.event import At, Event
from node_client.retirement import CreditsRetired
from node_client.transfer import NOBODY, TransferBatch, TransferSingle
from node_client.units import time_of, token_hex

DIMENSIONS: Final = ("all", "day", "minute", "project", "methodology", "member", "vintage", "purpose")


class TotalRow(SQLModel, table=True):
    """Sums in grams, and counts of acts, of one key of one dimension."""

    __tablename__ = "total"
    __table_args__ = ({"sqlite_with_rowid": False},)

    dimension: str = word(primary_key=True)
    key: str = text(primary_key=True)
    issued_grams: int = number(default=0)
    retired_grams: int = number(default=0)
    cancelled_grams: int = number(default=0)
    issuances: int = number(default=0)
    retirements: int = number(default=0)
    cancellations: int = number(default=0)
    transfers: int = number(default=0)


EVENTS: Final[tuple[type[Event], ...]] = ()
FOLDS: Final = (CreditIssued, CreditsRetired, CreditsCancelled, TransferSingle, TransferBatch)
TABLES: Final = (TotalRow,)


def begin(batch: Batch) -> None:
    """The total of everything exists, at zero."""
    batch.row("total", "all", "")


def fold(event: Event, at: At, batch: Batch) -> None:
    """Every total that the event is part of has grown by it."""
    match event:
        case TransferSingle() | TransferBatch() if NOBODY not in (event.from_, event.to):
            for row in batch.rows("total", _of_time(at.timestamp)):
                row["transfers"] += 1
        case CreditsRetired():
            _retire(event, at, batch)
        case CreditIssued():
            member_id = batch.read("account", event.holder)["member_id"]
            for dimension, key in (
                *_of_time(at.timestamp),
                *_of_credit(batch, event.token_id),
                ("member", str(member_id)),
            ):
                row = batch.row("total", dimension, key)
                row["issued_grams"] += event.grams
                row["issuances"] += 1
        case CreditsCancelled():
            member_id = batch.read("account", event.holder)["member_id"]
            for dimension, key in (
                *_of_time(at.timestamp),
                *_of_credit(batch, event.token_id),
                ("member", str(member_id)),
            ):
                row = batch.row("total", dimension, key)
                row["cancelled_grams"] += event.grams
                row["cancellations"] += 1
        case _:
            pass


def _retire(event: CreditsRetired, at: At, batch: Batch) -> None:
    """Sums go to each line's keys; a retirement of several lines counts once for each key."""
    whole = sum(line.grams for line in event.record.lines)
    sums: dict[tuple[str, str], int] = {}
    member_id = batch.read("account", event.holder)["member_id"]
    for key in (*_of_time(at.timestamp), ("member", str(member_id)), ("purpose", str(event.record.purpose))):
        sums[key] = whole
    for line in event.record.lines:
        for key in _of_credit(batch, line.token_id):
            sums[key] = sums.get(key, 0) + line.grams
    for (dimension, name), grams in sums.items():
        row = batch.row("total", dimension, name)
        row["retired_grams"] += grams
        row["retirements"] += 1


@functools.lru_cache(maxsize=1_000)
def _of_time(timestamp: int) -> tuple[tuple[str, str], ...]:
    minute = time_of(timestamp).strftime("%Y-%m-%dT%H:%MZ")
    return ("all", ""), ("day", minute[:10]), ("minute", minute)


def _of_credit(batch: Batch, token_id: int) -> Iterable[tuple[str, str]]:
    credit = batch.read("credit", token_hex(token_id))
    return (
        ("project", str(credit["project_id"])),
        ("methodology", str(credit["methodology_id"])),
        ("vintage", str(credit["vintage"])),
    )


@dataclass(frozen=True, slots=True)
class Sums:
    """The whole ledger in grams. `held` is what is neither retired nor cancelled."""

    issued: int
    retired: int
    cancelled: int
    issuances: int
    retirements: int
    cancellations: int
    transfers: int

    @property
    def held(self) -> int:
        """Grams on accounts, free or locked."""
        return self.issued - self.retired - self.cancelled


def whole(connection: Connection) -> Sums:
    """The sums over everything; zeros before anything is mirrored."""
    table = database.table_of("total")
    row = database.one(connection, "total", table.c.dimension == "all", table.c.key == "")
    if row is None:
        return Sums(0, 0, 0, 0, 0, 0, 0)
    return Sums(
        issued=row["issued_grams"],
        retired=row["retired_grams"],
        cancelled=row["cancelled_grams"],
        issuances=row["issuances"],
        retirements=row["retirements"],
        cancellations=row["cancellations"],
        transfers=row["transfers"],
    )


def by_key(connection: Connection, dimension: str, key: str) -> RowMapping | None:
    """The totals of one key, or None when nothing happened there."""
    table = database.table_of("total")
    return database.one(connection, "total", table.c.dimension == dimension, table.c.key == key)


def of_dimension(
    connection: Connection,
    dimension: str,
    *,
    first: str | None = None,
    last: str | None = None,
    limit: int = 10_000,
) -> Sequence[RowMapping]:
    """The totals of a dimension by key as text, from `first` to `last`, both included."""
    table = database.table_of("total")
    chosen = select(table).where(table.c.dimension == dimension)
    if first is not None:
        chosen = chosen.where(table.c.key >= first)
    if last is not None:
        chosen = chosen.where(table.c.key <= last)
    return connection.execute(chosen.order_by(table.c.key).limit(limit)).mappings().all()
