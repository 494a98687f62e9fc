"""Verra's list of Verified Carbon Units: a row is one serial block, and with a retirement date a retired one.

* Credit = (project, vintage period, issuance date); its volume is the sum of its blocks in the files given.
* Report = (project, vintage period); what was claimed is "Total Vintage Quantity", the verified total of the
  vintage, but never less than the blocks. The period may have several issuances.
* The serial `batch-first-last-VCS-…-project-ddmmyyyy-ddmmyyyy-flag` must agree with quantity and project.
  Where only its dates differ from the vintage columns the row is accepted with a note and the columns count.
  The numbers first..last run through the whole registry, so no two rows may share one, whatever their batch.
* The column is "Retirement/Cancellation Date": a row whose reason says it was cancelled is refused, for a
  cancellation is not an offset, and the file does not tell the acts that the ledger asks for. So is a row
  with a beneficiary, reason or details but no date: it may be retired, and free credits of it could be sold
  again.
* Vintage = the year of the period's last day (in Verra's files the periods end with a calendar year).
"""

from __future__ import annotations

import re
from datetime import date, timedelta

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
    grams,
    iso_day,
    line_of_text,
    name_of_text,
    period,
    purpose_of,
)
from scripts.registry_export.person import is_person, without_persons
from scripts.registry_export.table import Layout, Row

REGISTRY = "VCS"

LAYOUT = Layout(
    format="verra",
    kind="both",
    columns=(
        "Issuance Date",
        "Vintage Start",
        "Vintage End",
        "ID",
        "Name",
        "Country/Area",
        "Project Type",
        "Methodology",
        "Total Vintage Quantity",
        "Quantity Issued",
        "Serial Number",
        "Retirement/Cancellation Date",
        "Retirement Beneficiary",
        "Retirement Reason",
        "Retirement Details",
    ),
    free_text=frozenset({"Name", "Retirement Beneficiary", "Retirement Details"}),
)

_SERIAL = re.compile(r"[0-9]{1,12}-([0-9]{1,15})-([0-9]{1,15})-[^\s]{3,80}", re.ASCII)
_SERIAL_END = re.compile(r"-([0-9]{1,9})-([0-9]{8})-([0-9]{8})-[0-9]", re.ASCII)


def credit_of(row: Row) -> tuple[str, int]:
    """The project code and credit id that the row names. Raises Refused where it does not."""
    issued_on = iso_day(row.text("Issuance Date"), "Issuance Date")
    start, end = _period(row)
    return _project_code(row), credit_id(issued_on, start, end)


def credit_id(issued_on: date, start: date, end: date) -> int:
    """The days of issuance, of the period's start and of its end (yyyymmdd), as one number of 24 digits."""
    return int(f"{issued_on:%Y%m%d}{start:%Y%m%d}{end - timedelta(days=1):%Y%m%d}")


def read_block(row: Row, folded_persons: frozenset[str]) -> Block:
    """What the row says, checked in itself. Raises Refused."""
    code, credit = credit_of(row)
    start, end = _period(row)
    quantity_grams = grams(row.text("Quantity Issued"), "Quantity Issued")
    serial = row.text("Serial Number")
    notes = []
    serial_range = _serial_range(serial, quantity_grams)
    serial_note = _contradiction(row, serial, start, end)
    if serial_note is not None:
        notes.append(serial_note)
    methodology = name_of_text(row.text("Methodology"))
    if not methodology:
        notes.append(
            _note(row, "Methodology", "no_methodology", f"no methodology: {NOT_STATED!r} stands for it")
        )
    name = name_of_text(row.text("Name"))
    if not name:
        notes.append(_note(row, "Name", "no_project_name", "no project name: its code stands for it"))
    retirement = _retirement(row, serial, folded_persons)
    if retirement is not None and not retirement.beneficiary:
        notes.append(_note(row, "Retirement Beneficiary", "no_beneficiary", "retired without a beneficiary"))
    if retirement is not None and retirement.is_person:
        notes.append(
            _note(
                row,
                "Retirement Beneficiary",
                "beneficiary_is_person",
                "a person: only a commitment goes on chain",
            )
        )
    return Block(
        file=row.file,
        line=row.line,
        project=ProjectText(
            code=code,
            name=name or code,
            methodology_code=methodology or NOT_STATED,
            methodology_version=NO_VERSION,
            place=name_of_text(row.text("Country/Area")) or NOT_STATED,
            sector=name_of_text(row.text("Project Type")) or NOT_STATED,
        ),
        start=start,
        end=end,
        issued_on=iso_day(row.text("Issuance Date"), "Issuance Date"),
        issued_column="Issuance Date",
        vintage=(end - timedelta(days=1)).year,
        grams=quantity_grams,
        quantity_column="Quantity Issued",
        serial=serial,
        serial_column="Serial Number",
        serial_range=serial_range,
        credit_id=credit,
        lists_issuance=True,
        claimed_grams=grams(row.text("Total Vintage Quantity"), "Total Vintage Quantity"),
        retirement=retirement,
        notes=tuple(notes),
    )


def _period(row: Row) -> tuple[date, date]:
    first = iso_day(row.text("Vintage Start"), "Vintage Start")
    return period(first, iso_day(row.text("Vintage End"), "Vintage End"), "Vintage End")


def _project_code(row: Row) -> str:
    number = row.text("ID")
    if re.fullmatch(r"[0-9]{1,9}", number, re.ASCII) is None:
        code = "project_missing" if not number else "project_unreadable"
        raise Refused("ID", code, f"{number[:40]!r} is not a project number", "Fill in the project's number.")
    return f"VCS-{int(number)}"


def _serial_range(serial: str, quantity_grams: int) -> SerialRange:
    match = _SERIAL.fullmatch(serial)
    if match is None:
        raise Refused(
            "Serial Number",
            "serial_missing" if not serial else "serial_unreadable",
            f"{serial[:80]!r} is not a serial block",
            "Write batch-first-last-VCS-… as the registry does.",
        )
    check_length(int(match[1]), int(match[2]), quantity_grams, "Serial Number")
    return SerialRange("VCS", int(match[1]), int(match[2]))


def _contradiction(row: Row, serial: str, start: date, end: date) -> Problem | None:
    """None, or a note that the serial's dates are not the row's. Another project's serial is refused."""
    match = _SERIAL_END.search(serial)
    if match is None:
        return None
    if f"VCS-{int(match[1])}" != _project_code(row):
        raise Refused(
            "Serial Number",
            "serial_of_other_project",
            f"the serial names project {int(match[1])}, the row {_project_code(row)}",
            "Correct the project or the serial.",
        )
    last = end - timedelta(days=1)
    if (match[2], match[3]) == (f"{start:%d%m%Y}", f"{last:%d%m%Y}"):
        return None
    return _note(
        row, "Serial Number", "serial_period_differs", "the serial's dates are not the row's, which count"
    )


def _retirement(row: Row, serial: str, folded_persons: frozenset[str]) -> RetirementText | None:
    day = row.text("Retirement/Cancellation Date")
    beneficiary = name_of_text(row.text("Retirement Beneficiary"))
    reason = name_of_text(row.text("Retirement Reason"))
    note = line_of_text(row.text("Retirement Details"))
    if not day and not (beneficiary or reason or note):
        return None
    retired_on = iso_day(day, "Retirement/Cancellation Date")
    if "cancel" in reason.casefold():
        raise Refused(
            "Retirement Reason",
            "cancelled",
            "the block was cancelled, which is not a retirement",
            "Record it on the ledger as a cancellation, by two members and with its case.",
        )
    person = is_person(beneficiary, folded_persons)
    return RetirementText(
        key=f"{REGISTRY}|{serial}",
        retired_on=retired_on,
        date_column="Retirement/Cancellation Date",
        beneficiary=beneficiary,
        is_person=person,
        purpose=purpose_of(reason),
        note=without_persons(note, folded_persons | ({beneficiary} if person else frozenset())),
        source_reason=reason,
    )


def _note(row: Row, column: str, code: str, message: str) -> Problem:
    return Problem(row.line, column, "note", code, message, "Nothing, or ask the registry.", row.file)
