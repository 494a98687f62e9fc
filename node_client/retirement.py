"""Retirements: final, numbered, with a record and serials.

Flow: CreditsRetired → `fold` → tables `retirement` (with `doc`, the answer of the API made once) and `retirement_line` →
queries. What a retirement takes is folded by holding, credit and total.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Index, select
from sqlalchemy.engine import RowMapping
from sqlmodel import SQLModel

from node_client import database
from node_client.batch import Batch
from node_client.database import address, blob, hash_text, number, text
from node_client.decoding import EscapedText
from node_client.event import At, Event
from node_client.units import time_of, token_hex, tonnes_text

TEXTS: Final = ("beneficiary", "case_reference", "place", "note")


class Line(msgspec.Struct, frozen=True):
    """One credit's part of a retirement."""

    token_id: int
    grams: int


class Retirement(msgspec.Struct, frozen=True):
    """The record as given; the consumption's days are [from, until) since 1970, both 0 when none is stated."""

    retirement_id: str
    purpose: int
    beneficiary_hash: str
    consumed_from: int
    consumed_until: int
    beneficiary: str
    case_reference: str
    place: str
    note: str
    lines: tuple[Line, ...]


class CreditsRetired(Event, frozen=True):
    """Credits were retired, for ever. A TransferSingle or TransferBatch to nobody follows."""

    retirement_id: str
    holder: str
    record_hash: str
    first_serials: tuple[int, ...]
    record: Retirement

    def subject(self, at: At) -> str:
        """The retirement."""
        return f"retirement:{self.retirement_id}"


class RetirementRow(SQLModel, table=True):
    """One retirement.

    `purpose_code` is the code at the time, `doc` the API's answer as JSON; `escaped` has, as JSON, the bytes in hex of texts
    that are not clean UTF-8, else null.
    """

    __tablename__ = "retirement"
    __table_args__ = (
        Index("ix_retirement_holder", "holder", "sequence"),
        Index("ix_retirement_member_id", "member_id", "sequence"),
        Index("ix_retirement_purpose", "purpose", "sequence"),
        Index("ix_retirement_timestamp", "timestamp"),
    )

    sequence: int = number(primary_key=True)
    retirement_id: str = hash_text(unique=True)
    holder: str = address()
    member_id: int = number()
    purpose: int = number()
    purpose_code: str = text()
    beneficiary: str = text()
    beneficiary_hash: str = hash_text()
    consumed_from: int = number()
    consumed_until: int = number()
    case_reference: str = text()
    place: str = text()
    note: str = text()
    grams: int = number()
    record_hash: str = hash_text()
    escaped: str | None = text(default=None)
    block: int = number()
    log_index: int = number()
    timestamp: int = number()
    tx_hash: str = hash_text()
    doc: bytes = blob()


class RetirementLineRow(SQLModel, table=True):
    """One line; its serials are `first_serial` to `last_serial` of its credit."""

    __tablename__ = "retirement_line"
    __table_args__ = (
        Index("ix_retirement_line_token_id", "token_id", "first_serial"),
        Index("ix_retirement_line_project_id", "project_id", "sequence"),
        {"sqlite_with_rowid": False},
    )

    sequence: int = number(primary_key=True)
    line: int = number(primary_key=True)
    token_id: str = hash_text()
    project_id: int = number()
    grams: int = number()
    first_serial: int = number()
    last_serial: int = number()


EVENTS: Final = (CreditsRetired,)
FOLDS: Final = EVENTS
TABLES: Final = (RetirementRow, RetirementLineRow)


def fold(event: Event, at: At, batch: Batch) -> None:
    """The retirement, its lines and its document are added."""
    if not isinstance(event, CreditsRetired):
        return
    record = event.record
    lines: list[dict[str, Any]] = []
    for place, (line, first) in enumerate(zip(record.lines, event.first_serials, strict=True)):
        token_id = token_hex(line.token_id)
        credit = batch.read("credit", token_id)
        last = first + line.grams - 1
        batch.insert(
            "retirement_line",
            sequence=at.sequence,
            line=place,
            token_id=token_id,
            project_id=credit["project_id"],
            grams=line.grams,
            first_serial=first,
            last_serial=last,
        )
        lines.append(_line_doc(token_id, credit, line.grams, first, last))
    row = {
        "retirement_id": event.retirement_id,
        "holder": event.holder,
        "member_id": batch.read("account", event.holder)["member_id"],
        "purpose": record.purpose,
        "purpose_code": batch.read("purpose", record.purpose)["code"],
        "beneficiary": str(record.beneficiary),
        "beneficiary_hash": record.beneficiary_hash,
        "consumed_from": record.consumed_from,
        "consumed_until": record.consumed_until,
        "case_reference": str(record.case_reference),
        "place": str(record.place),
        "note": str(record.note),
        "grams": sum(line.grams for line in record.lines),
        "record_hash": event.record_hash,
        "block": at.block,
        "log_index": at.log_index,
        "timestamp": at.timestamp,
        "tx_hash": at.tx_hash,
    }
    doc = document(at.sequence, row, lines)
    batch.insert("retirement", sequence=at.sequence, escaped=escaped_json(record, TEXTS), doc=doc, **row)


def _line_doc(token_id: str, credit: Mapping[str, Any], grams: int, first: int, last: int) -> dict[str, Any]:
    return {
        "token_id": token_id,
        "project_id": credit["project_id"],
        "credit_id": credit["credit_id"],
        "vintage": credit["vintage"],
        "grams": str(grams),
        "tonnes": tonnes_text(grams),
        "first_serial": str(first),
        "last_serial": str(last),
    }


def document(sequence: int, row: Mapping[str, Any], lines: list[dict[str, Any]]) -> bytes:
    """The API's answer of a retirement as JSON: grams and serials as text, tonnes exact, the time in UTC.

    Days stay whole days since 1970, null when none are stated, so that no date is too far off to write.
    """
    period = row["consumed_until"] > 0
    answer = {
        "sequence": sequence,
        **row,
        "consumed_from": row["consumed_from"] if period else None,
        "consumed_until": row["consumed_until"] if period else None,
        "grams": str(row["grams"]),
        "tonnes": tonnes_text(row["grams"]),
        "timestamp": time_of(row["timestamp"]),
        "lines": lines,
    }
    return msgspec.json.encode(answer)


def escaped_json(record: object, names: Sequence[str]) -> str | None:
    """The bytes, in hex, of those texts of a record that are not what they read; None when all are."""
    found = {
        name: value.raw.hex() for name in names if isinstance(value := getattr(record, name), EscapedText)
    }
    return msgspec.json.encode(found).decode("ascii") if found else None


def by_id(connection: Connection, retirement_id: str) -> RowMapping | None:
    """The retirement of a number (0x and 64 lower-case digits), or None."""
    table = database.table_of("retirement")
    return database.one(connection, "retirement", table.c.retirement_id == retirement_id)


def doc_by_id(connection: Connection, retirement_id: str) -> bytes | None:
    """The JSON document of a retirement, or None."""
    table = database.table_of("retirement")
    chosen = select(table.c.doc).where(table.c.retirement_id == retirement_id)
    found: bytes | None = connection.execute(chosen).scalar()
    return found


def lines(connection: Connection, sequence: int) -> Sequence[RowMapping]:
    """The lines of the retirement with this sequence, in their order."""
    table = database.table_of("retirement_line")
    chosen = select(table).where(table.c.sequence == sequence).order_by(table.c.line)
    return connection.execute(chosen).mappings().all()


def page(
    connection: Connection,
    *,
    after: int | None = None,
    limit: int = 50,
    holder: str | None = None,
    member_id: int | None = None,
    purpose: int | None = None,
    project_id: int | None = None,
    token_id: str | None = None,
) -> Sequence[RowMapping]:
    """Retirements newest first, below the sequence `after`; by project or credit when one of their lines is of it."""
    table, line = database.table_of("retirement"), database.table_of("retirement_line")
    filters = {"holder": holder, "member_id": member_id, "purpose": purpose}
    chosen = select(table).where(
        *(table.c[name] == value for name, value in filters.items() if value is not None)
    )
    if project_id is not None or token_id is not None:
        of_lines = {"project_id": project_id, "token_id": token_id}
        matching = select(line.c.sequence).where(
            *(line.c[name] == value for name, value in of_lines.items() if value is not None)
        )
        chosen = chosen.where(table.c.sequence.in_(matching))
    if after is not None:
        chosen = chosen.where(table.c.sequence < after)
    newest = chosen.order_by(table.c.sequence.desc()).limit(min(limit, database.HIGHEST_LIMIT))
    return connection.execute(newest).mappings().all()


def by_serial(connection: Connection, token_id: str, serial: int) -> RowMapping | None:
    """The retirement line that holds a serial of a credit, or None when it is not retired."""
    table = database.table_of("retirement_line")
    nearest = (
        select(table)
        .where(table.c.token_id == token_id, table.c.first_serial <= serial)
        .order_by(table.c.first_serial.desc())
        .limit(1)
    )
    found = connection.execute(nearest).mappings().first()
    return found if found is not None and serial <= found["last_serial"] else None
