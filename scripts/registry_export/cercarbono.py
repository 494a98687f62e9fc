"""Cercarbono's lists (EcoRegistry): issuances, one row a serial, and retirements, one row a range.

* A serial such as CDC_4_1_1_321_14_1_2009 is one credit; its second part is the project. Buffer credits have
  serials and dates of their own (`is_buffer`), so they are credits of their own, and all of a row's volume
  is issued.
* Retirement rows lack the day of issuance and the period. What both lists hold is the serial, so the credit
  id is made of it alone: its SHA-256 modulo 10^30. A credit imported from its retirements and again from its
  issuance row has one id and cannot be issued twice, and rows that contradict each other on its vintage meet.
* The period of a credit is `vintage_of_credits` as it stands, not the vintage year: "2010-01-01 /
  2018-09-30" was verified as a whole, and all its days must be claimed, or another project could claim what
  was left. `year` is the vintage within it.
* A retirement given without its issuance row: the period is the calendar year of the vintage and the day of
  issuance the first retirement of the serial (it was issued by then). A note says so. Prefer importing both
  lists together.
* The lists name no methodology, place or sector, and the issuances no project name: "not stated" stands for
  them.
* Beneficiary = `end_user`, or where that is "Not public" or empty the `passive_subject`, who owes the carbon
  tax; `certificate_destination` is the reason. Times of both lists are on one clock, UTC.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date

from scripts.registry_export.export import (
    NO_VERSION,
    NOT_STATED,
    Block,
    Problem,
    ProjectText,
    Refused,
    RetirementText,
    SerialRange,
)
from scripts.registry_export.field import (
    check_length,
    check_vintage,
    grams,
    iso_day,
    name_of_text,
    period,
    purpose_of,
    vintage_year,
)
from scripts.registry_export.person import is_person, without_persons
from scripts.registry_export.table import Layout, Row

REGISTRY = "CDC"

ISSUANCES = Layout(
    format="cercarbono",
    kind="issuances",
    columns=(
        "verification",
        "serial",
        "issued_quantity",
        "issuance_date",
        "year",
        "is_buffer",
        "vintage_of_credits",
    ),
    free_text=frozenset(),
)
RETIREMENTS = Layout(
    format="cercarbono",
    kind="retirements",
    columns=(
        "project_name",
        "project_id",
        "serial",
        "vintage",
        "certificate_destination",
        "end_user",
        "passive_subject",
        "date",
        "quantity",
        "from",
        "to",
    ),
    free_text=frozenset({"project_name", "end_user", "passive_subject"}),
)

_SERIAL = re.compile(r"CDC_([0-9]{1,9})_[A-Za-z0-9_]{1,80}", re.ASCII)
_HIDDEN = frozenset({"", "not public", "no público", "no publico"})


def credit_of(row: Row) -> tuple[str, int]:
    """The project code and credit id of a row of either list. Raises Refused where it names none."""
    serial = row.text("serial")
    return _project_code(serial), credit_id(serial)


def credit_id(serial: str) -> int:
    """A number of at most 30 digits that only this serial has: its SHA-256 modulo 10^30."""
    return int.from_bytes(hashlib.sha256(serial.encode()).digest()) % 10**30


def read_issuance(row: Row) -> Block:
    """What an issuance row says, checked in itself. Raises Refused."""
    code, credit = credit_of(row)
    serial = row.text("serial")
    bounds = row.text("vintage_of_credits").split(" / ")
    if len(bounds) != 2:
        raise Refused(
            "vintage_of_credits",
            "date_missing" if not bounds[0] else "date_unreadable",
            f"{row.text('vintage_of_credits')[:40]!r} is not a period",
            "Write it as YYYY-MM-DD / YYYY-MM-DD.",
        )
    first, last = (iso_day(bound.strip(), "vintage_of_credits") for bound in bounds)
    start, end = period(first, last, "vintage_of_credits")
    vintage = vintage_year(row.text("year"), "year")
    check_vintage(vintage, start, end, "year")
    if row.text("is_buffer").casefold() not in ("true", "false"):
        raise Refused(
            "is_buffer", "flag_unreadable", "is_buffer is neither True nor False", "Write True or False."
        )
    return Block(
        file=row.file,
        line=row.line,
        project=_project(code, code),
        start=start,
        end=end,
        issued_on=iso_day(row.text("issuance_date"), "issuance_date"),
        issued_column="issuance_date",
        vintage=vintage,
        grams=grams(row.text("issued_quantity"), "issued_quantity"),
        quantity_column="issued_quantity",
        serial=serial,
        serial_column="serial",
        # A serial is issued in one row; the ranges within it appear only in the retirements.
        serial_range=SerialRange(f"issuance of {serial}", 0, 0),
        credit_id=credit,
        lists_issuance=True,
        claimed_grams=0,
        retirement=None,
        notes=(),
    )


def read_retirement(row: Row, folded_persons: frozenset[str]) -> Block:
    """What a retirement row says, checked in itself. Raises Refused."""
    code, credit = credit_of(row)
    serial = row.text("serial")
    if re.fullmatch(r"[0-9]{1,9}", row.text("project_id"), re.ASCII) is None:
        raise Refused("project_id", "project_missing", "no project number", "Fill in the project's number.")
    if f"CDC-{int(row.text('project_id'))}" != code:
        raise Refused(
            "serial",
            "serial_of_other_project",
            f"the serial names {code}, the row project {row.text('project_id')}",
            "Correct the project or the serial.",
        )
    quantity_grams = grams(row.text("quantity"), "quantity")
    first, last = _unit(row, "from"), _unit(row, "to")
    check_length(first, last, quantity_grams, "to")
    vintage = vintage_year(row.text("vintage"), "vintage")
    retirement = _retirement(row, f"{serial}|{first}-{last}", folded_persons)
    return Block(
        file=row.file,
        line=row.line,
        project=_project(code, name_of_text(row.text("project_name")) or code),
        start=date(vintage, 1, 1),
        end=date(vintage + 1, 1, 1),
        issued_on=None,
        issued_column="date",
        vintage=vintage,
        grams=quantity_grams,
        quantity_column="quantity",
        serial=f"{serial} {first}-{last}",
        serial_column="serial",
        serial_range=SerialRange(serial, first, last),
        credit_id=credit,
        lists_issuance=False,
        claimed_grams=0,
        retirement=retirement,
        notes=_notes(row, retirement),
    )


def _project_code(serial: str) -> str:
    match = _SERIAL.fullmatch(serial)
    if match is None:
        raise Refused(
            "serial",
            "serial_missing" if not serial else "serial_unreadable",
            f"{serial[:80]!r} is not a serial that names its project",
            "Write CDC_<project>_… as the registry does.",
        )
    return f"CDC-{int(match[1])}"


def _project(code: str, name: str) -> ProjectText:
    return ProjectText(
        code=code,
        name=name,
        methodology_code=f"CDC {NOT_STATED}",
        methodology_version=NO_VERSION,
        place=NOT_STATED,
        sector=NOT_STATED,
    )


def _unit(row: Row, column: str) -> int:
    if re.fullmatch(r"[0-9]{1,15}", row.text(column), re.ASCII) is None:
        raise Refused(
            column,
            "serial_missing" if not row.text(column) else "serial_unreadable",
            f"{row.text(column)[:40]!r} is not a unit's number",
            "Write the first and last unit of the range as digits.",
        )
    return int(row.text(column))


def _retirement(row: Row, block: str, folded_persons: frozenset[str]) -> RetirementText:
    end_user, taxpayer = name_of_text(row.text("end_user")), name_of_text(row.text("passive_subject"))
    names = [name for name in (end_user, taxpayer) if name.casefold() not in _HIDDEN]
    beneficiary = names[0] if names else ""
    reason = name_of_text(row.text("certificate_destination"))
    persons = frozenset(name for name in names if is_person(name, folded_persons))
    note = f"Passive subject: {taxpayer}" if len(names) == 2 and taxpayer != end_user else ""
    return RetirementText(
        key=f"{REGISTRY}|{block}",
        retired_on=iso_day(row.text("date"), "date"),
        date_column="date",
        beneficiary=beneficiary,
        is_person=beneficiary in persons,
        purpose=purpose_of(reason),
        note=without_persons(note, folded_persons | persons),
        source_reason=reason,
    )


def _notes(row: Row, retirement: RetirementText) -> tuple[Problem, ...]:
    if not retirement.beneficiary:
        return (_note(row, "no_beneficiary", "retired without a public beneficiary"),)
    if retirement.is_person:
        return (_note(row, "beneficiary_is_person", "a person: only a commitment goes on chain"),)
    return ()


def _note(row: Row, code: str, message: str) -> Problem:
    return Problem(row.line, "end_user", "note", code, message, "Nothing, or ask the registry.", row.file)
