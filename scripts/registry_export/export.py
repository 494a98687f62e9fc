"""What a registry's export says, typed and checked: what a replay pushes through the ledger's acts.

    file(s) ─▶ table.py: bytes ─▶ rows with physical line numbers        (whole-file errors: BrokenExport)
            ─▶ verra.py | cercarbono.py | acr.py: row ─▶ Block           (one bad row: Refused)
            ─▶ assembly.py: Blocks ─▶ Export               (what only several rows show: overlaps, sums)

Two promises hold for every file that is not broken as a whole:

* Every data row is either represented (its line is in an issuance or a retirement) or refused with a
  `Problem` that names line, column, reason and remedy. Nothing is dropped in silence, and a refused row
  creates nothing.
* What comes out depends on what the rows say, not on their order, except where two rows contradict each
  other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

GRAMS_PER_TONNE = 1_000_000
MAX_TOTAL_GRAMS = 2**63 - 1
NO_VERSION = "V01"
NOT_STATED = "not stated"

PURPOSES = (
    "event",
    "office",
    "product",
    "travel",
    "compliance",
    "damage_restoration",
    "public_welfare",
    "gift",
    "emissions_inventory",
    "other",
)


@dataclass(frozen=True, slots=True)
class Methodology:
    """A way of counting. `version` is "V01" where the registry names none."""

    code: str
    version: str
    sector: str


@dataclass(frozen=True, slots=True)
class Project:
    """A project; [crediting_start, crediting_end) covers every period seen, in whole years unless stated."""

    code: str
    name: str
    methodology_code: str
    methodology_version: str
    place: str
    sector: str
    crediting_start: date
    crediting_end: date


@dataclass(frozen=True, slots=True)
class Report:
    """A monitoring report: the UTC days [start, end) of a project, claimed with at least what was issued."""

    project_code: str
    start: date
    end: date
    claimed_grams: int


@dataclass(frozen=True, slots=True)
class Issuance:
    """One credit, its whole volume at once.

    `credit_id` (< 2**128) is computed from what the registry says of the credit, so that the same issuance
    in another
    download has the same id. `lines[i]` is a physical line of `files[i]`: every row that brought volume.
    `from_retirements` is true when no issuance row was given and the retired blocks themselves prove the
    issuance.
    """

    project_code: str
    start: date
    end: date
    issued_on: date
    vintage: int
    grams: int
    serials: tuple[str, ...]
    credit_id: int
    lines: tuple[int, ...]
    files: tuple[str, ...]
    from_retirements: bool


@dataclass(frozen=True, slots=True)
class Retirement:
    """One retired serial block; `retirement_key` is its name for ever, so that no import retires it twice.

    When `beneficiary_is_person`, `beneficiary` may reach the chain only as a salted commitment; the name has
    been
    taken out of `note` already.
    """

    project_code: str
    credit_id: int
    retirement_key: str
    serial: str
    grams: int
    retired_on: date
    beneficiary: str
    beneficiary_is_person: bool
    purpose: str
    note: str
    source_reason: str
    line: int
    file: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that was refused, or a note on an accepted one. Line 1 with a note speaks of the whole file."""

    line: int
    column: str
    kind: Literal["refused", "note"]
    code: str
    message: str
    remedy: str
    file: str


@dataclass(frozen=True, slots=True)
class Export:
    """Everything one registry's files say. `rows` counts data rows (blank lines are none)."""

    registry: str
    methodologies: tuple[Methodology, ...]
    projects: tuple[Project, ...]
    reports: tuple[Report, ...]
    issuances: tuple[Issuance, ...]
    retirements: tuple[Retirement, ...]
    problems: tuple[Problem, ...]
    rows: int

    @property
    def claimed_grams(self) -> int:
        """The sum of all reports' claims."""
        return sum(report.claimed_grams for report in self.reports)

    @property
    def issued_grams(self) -> int:
        """The sum of all issuances."""
        return sum(issuance.grams for issuance in self.issuances)

    @property
    def retired_grams(self) -> int:
        """The sum of all retirements; never above `issued_grams`."""
        return sum(retirement.grams for retirement in self.retirements)

    @property
    def held_grams(self) -> int:
        """What is issued and not retired."""
        return self.issued_grams - self.retired_grams

    @property
    def refused(self) -> tuple[Problem, ...]:
        """The rows that created nothing."""
        return tuple(problem for problem in self.problems if problem.kind == "refused")

    @property
    def notes(self) -> tuple[Problem, ...]:
        """Remarks on rows that were accepted."""
        return tuple(problem for problem in self.problems if problem.kind == "note")


class BrokenExport(ValueError):
    """The file as a whole cannot be read; nothing of it was used. Holds place, reason and remedy."""

    def __init__(self, file: str, reason: str, remedy: str, line: int | None = None) -> None:
        self.file = file
        self.line = line
        self.reason = reason
        self.remedy = remedy
        place = file if line is None else f"{file}, line {line}"
        super().__init__(f"{place}: {reason}. {remedy}")


class Refused(Exception):
    """One row must create nothing. Never leaves this package: it becomes a `Problem`."""

    def __init__(self, column: str, code: str, message: str, remedy: str) -> None:
        self.column = column
        self.code = code
        self.message = message
        self.remedy = remedy
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class ProjectText:
    """What one row says of its project. `crediting_start` only where the registry states it."""

    code: str
    name: str
    methodology_code: str
    methodology_version: str
    place: str
    sector: str
    crediting_start: date | None = None


@dataclass(frozen=True, slots=True)
class RetirementText:
    """What one row says of a retirement."""

    key: str
    retired_on: date
    date_column: str
    beneficiary: str
    is_person: bool
    purpose: str
    note: str
    source_reason: str


@dataclass(frozen=True, slots=True)
class SerialRange:
    """The units first..last (both inclusive) of one numbering; two rows may never hold the same unit."""

    numbering: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Block:
    """One row in the words all registries share.

    `lists_issuance` is false for a row of a list of retirements, which brings volume only when no issuance
    row
    names its credit. `issued_on` is None where the row does not tell (Cercarbono's retirements).
    `claimed_grams` is what the registry says was verified for the whole period, 0 where it does not say.
    """

    file: str
    line: int
    project: ProjectText
    start: date
    end: date
    issued_on: date | None
    issued_column: str
    vintage: int
    grams: int
    quantity_column: str
    serial: str
    serial_column: str
    serial_range: SerialRange | None
    credit_id: int
    lists_issuance: bool
    claimed_grams: int
    retirement: RetirementText | None
    notes: tuple[Problem, ...]
