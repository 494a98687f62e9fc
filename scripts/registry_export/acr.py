"""American Carbon Registry's lists: issuances, without serials, and retirements, a row for each range.

* Credit = (project, period, issuance day, reduction or removal). ACR issues reductions and removals of one
  period as two rows that differ in "Verified Removal"; they are different goods, so a removal's credit id
  ends in one more digit, 1. Both lists hold all four facts, so that an issuance row and its retirements meet
  in one id.
* "Total Credits Issued" is issued to the ledger, buffer pool included: the buffer's credits exist and are
  held by somebody. It must equal project plus buffer. ("Credits Transferred to Buffer Pool" are part of the
  project's.)
* Period = the issuance's reporting period, which ACR splits by vintage already, and the retirement's vintage
  assignment period, which is the same period seen from the credit.
* ACR states a crediting period's start but no end: it is used unless it lies after a period of the file (a
  renewed crediting period, noted). Methodologies have versions.
* Two issuance rows equal in every column used cannot be told apart from a copy, for they hold no serials:
  the second is refused. Dates are M/D/YYYY, times GMT.
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
    check_vintage,
    grams,
    line_of_text,
    name_of_text,
    period,
    purpose_of,
    us_day,
    vintage_year,
)
from scripts.registry_export.person import is_person, without_persons
from scripts.registry_export.table import Layout, Row

REGISTRY = "ACR"

_PROJECT_COLUMNS = (
    "Project ID",
    "Project Name",
    "Project Type",
    "Project Methodology/Protocol",
    "Methodology/Protocol Version",
    "Project Site Location",
    "Project Site State",
    "Project Site Country",
)
ISSUANCES = Layout(
    format="acr",
    kind="issuances",
    columns=(
        "Date Issued (GMT)",
        "Vintage",
        "ReportingPeriodBegin",
        "ReportingPeriodEnd",
        "Total Credits Issued",
        "Credits Issued to Project",
        "Credits Issued to Buffer Pool",
        *_PROJECT_COLUMNS,
        "Project Crediting Period Start Date",
        "Verified Removal",
    ),
    free_text=frozenset({"Project Name", "Project Site Location"}),
)
RETIREMENTS = Layout(
    format="acr",
    kind="retirements",
    columns=(
        "Credit Serial Numbers",
        "Date Issued (GMT)",
        "Vintage",
        "Vintage Assignment Period Start Date",
        "Vintage Assignment Period End Date",
        "Quantity of Credits",
        "Status Effective (GMT)",
        "Retired on Behalf of",
        "Retirement Reason",
        "Purpose of Retirement",
        *_PROJECT_COLUMNS,
        "Verified Removal",
    ),
    free_text=frozenset(
        {"Project Name", "Project Site Location", "Retired on Behalf of", "Purpose of Retirement"}
    ),
)

_SERIAL = re.compile(
    r"(ACR-[A-Z]{2}-([0-9]{1,9})-([0-9]{4})-[0-9]{1,9})-([0-9]{1,15})(?: to |-)([0-9]{1,15})", re.ASCII
)


def credit_of_issuance(row: Row) -> tuple[str, int]:
    """The project code and credit id of an issuance row. Raises Refused where it names none."""
    return _credit(row, "ReportingPeriodBegin", "ReportingPeriodEnd")


def credit_of_retirement(row: Row) -> tuple[str, int]:
    """The project code and credit id of a retirement row. Raises Refused where it names none."""
    return _credit(row, "Vintage Assignment Period Start Date", "Vintage Assignment Period End Date")


def credit_id(issued_on: date, start: date, end: date, is_removal: bool) -> int:
    """The days of issuance, start and end as a number of 24 digits; a removal's has one more, 1."""
    number = int(f"{issued_on:%Y%m%d}{start:%Y%m%d}{end - timedelta(days=1):%Y%m%d}")
    return number * 10 + 1 if is_removal else number


def read_issuance(row: Row) -> Block:
    """What an issuance row says, checked in itself. Raises Refused."""
    code, credit = credit_of_issuance(row)
    start, end = _period(row, "ReportingPeriodBegin", "ReportingPeriodEnd")
    quantity_grams = grams(row.text("Total Credits Issued"), "Total Credits Issued")
    to_project = grams(row.text("Credits Issued to Project"), "Credits Issued to Project", zero_allowed=True)
    to_buffer = grams(
        row.text("Credits Issued to Buffer Pool"), "Credits Issued to Buffer Pool", zero_allowed=True
    )
    if to_project + to_buffer != quantity_grams:
        raise Refused(
            "Total Credits Issued",
            "totals_disagree",
            "the total is not the sum of the credits issued to project and buffer pool",
            "Correct the three quantities.",
        )
    crediting_start = us_day(
        row.text("Project Crediting Period Start Date"), "Project Crediting Period Start Date"
    )
    notes: tuple[Problem, ...] = ()
    if crediting_start > start:
        column = "Project Crediting Period Start Date"
        message = (
            f"the crediting period starts on {crediting_start}, after this period: whole years stand for it"
        )
        notes = (_note(row, column, "crediting_start_after_period", message),)
    return Block(
        file=row.file,
        line=row.line,
        project=_project(row, code, crediting_start if crediting_start <= start else None),
        start=start,
        end=end,
        issued_on=us_day(row.text("Date Issued (GMT)"), "Date Issued (GMT)"),
        issued_column="Date Issued (GMT)",
        vintage=_vintage(row, start, end),
        grams=quantity_grams,
        quantity_column="Total Credits Issued",
        serial="",
        serial_column="Project ID",
        serial_range=None,
        credit_id=credit,
        lists_issuance=True,
        claimed_grams=0,
        retirement=None,
        notes=notes,
    )


def read_retirement(row: Row, folded_persons: frozenset[str]) -> Block:
    """What a retirement row says, checked in itself. Raises Refused."""
    code, credit = credit_of_retirement(row)
    start, end = _period(row, "Vintage Assignment Period Start Date", "Vintage Assignment Period End Date")
    vintage = _vintage(row, start, end)
    quantity_grams = grams(row.text("Quantity of Credits"), "Quantity of Credits")
    serial = name_of_text(row.text("Credit Serial Numbers"))
    retirement = _retirement(row, serial, folded_persons)
    return Block(
        file=row.file,
        line=row.line,
        project=_project(row, code, None),
        start=start,
        end=end,
        issued_on=us_day(row.text("Date Issued (GMT)"), "Date Issued (GMT)"),
        issued_column="Date Issued (GMT)",
        vintage=vintage,
        grams=quantity_grams,
        quantity_column="Quantity of Credits",
        serial=serial,
        serial_column="Credit Serial Numbers",
        serial_range=_serial_range(serial, code, vintage, quantity_grams),
        credit_id=credit,
        lists_issuance=False,
        claimed_grams=0,
        retirement=retirement,
        notes=_notes(row, retirement),
    )


def _credit(row: Row, start_column: str, end_column: str) -> tuple[str, int]:
    issued_on = us_day(row.text("Date Issued (GMT)"), "Date Issued (GMT)")
    start, end = _period(row, start_column, end_column)
    flag = row.text("Verified Removal").casefold()
    if flag not in ("", "yes", "no"):
        raise Refused(
            "Verified Removal",
            "flag_unreadable",
            "Verified Removal is neither Yes, No nor empty",
            "Write Yes or No.",
        )
    return _project_code(row), credit_id(issued_on, start, end, flag == "yes")


def _period(row: Row, start_column: str, end_column: str) -> tuple[date, date]:
    first = us_day(row.text(start_column), start_column)
    return period(first, us_day(row.text(end_column), end_column), end_column)


def _vintage(row: Row, start: date, end: date) -> int:
    vintage = vintage_year(row.text("Vintage"), "Vintage")
    check_vintage(vintage, start, end, "Vintage")
    return vintage


def _project_code(row: Row) -> str:
    code = row.text("Project ID")
    if re.fullmatch(r"ACR[0-9]{1,9}", code, re.ASCII) is None:
        name = "project_missing" if not code else "project_unreadable"
        raise Refused("Project ID", name, f"{code[:40]!r} is not a project's id", "Write it as ACR731.")
    return f"ACR{int(code[3:])}"


def _project(row: Row, code: str, crediting_start: date | None) -> ProjectText:
    places = (row.text(f"Project Site {part}") for part in ("Location", "State", "Country"))
    return ProjectText(
        code=code,
        name=name_of_text(row.text("Project Name")) or code,
        methodology_code=name_of_text(row.text("Project Methodology/Protocol")) or NOT_STATED,
        methodology_version=name_of_text(row.text("Methodology/Protocol Version")) or NO_VERSION,
        place=", ".join(name_of_text(place) for place in places if place) or NOT_STATED,
        sector=name_of_text(row.text("Project Type")) or NOT_STATED,
        crediting_start=crediting_start,
    )


def _serial_range(serial: str, code: str, vintage: int, quantity_grams: int) -> SerialRange:
    column = "Credit Serial Numbers"
    match = _SERIAL.fullmatch(serial)
    if match is None:
        raise Refused(
            column,
            "serial_missing" if not serial else "serial_unreadable",
            f"{serial[:80]!r} is not a serial range",
            "Write ACR-country-project-vintage-batch-first to last.",
        )
    if f"ACR{int(match[2])}" != code or int(match[3]) != vintage:
        raise Refused(
            column,
            "serial_of_other_project",
            f"the serial names ACR{int(match[2])} and vintage {match[3]}, the row {code} and {vintage}",
            "Correct the project, the vintage or the serial.",
        )
    check_length(int(match[4]), int(match[5]), quantity_grams, column)
    return SerialRange(match[1], int(match[4]), int(match[5]))


def _retirement(row: Row, serial: str, folded_persons: frozenset[str]) -> RetirementText:
    beneficiary = name_of_text(row.text("Retired on Behalf of"))
    reason = name_of_text(row.text("Retirement Reason"))
    person = is_person(beneficiary, folded_persons)
    note = line_of_text(row.text("Purpose of Retirement"))
    return RetirementText(
        key=f"{REGISTRY}|{serial}",
        retired_on=us_day(row.text("Status Effective (GMT)"), "Status Effective (GMT)"),
        date_column="Status Effective (GMT)",
        beneficiary=beneficiary,
        is_person=person,
        purpose=purpose_of(reason),
        note=without_persons(note, folded_persons | ({beneficiary} if person else frozenset())),
        source_reason=reason,
    )


def _notes(row: Row, retirement: RetirementText) -> tuple[Problem, ...]:
    column = "Retired on Behalf of"
    if not retirement.beneficiary:
        return (_note(row, column, "no_beneficiary", "retired without a beneficiary"),)
    if retirement.is_person:
        return (_note(row, column, "beneficiary_is_person", "a person: only a commitment goes on chain"),)
    return ()


def _note(row: Row, column: str, code: str, message: str) -> Problem:
    return Problem(row.line, column, "note", code, message, "Nothing, or ask the registry.", row.file)
