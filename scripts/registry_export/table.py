"""Bytes to rows: a CSV file becomes rows that know their physical line, or the file is refused as a whole.

Whole-file errors are those after which row boundaries can no longer be trusted: wrong encoding, a quote that
never closes or closes in the middle of a field, a header that lacks columns. Everything else is a matter of
one row.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from scripts.registry_export.export import BrokenExport, Problem

Kind = Literal["both", "issuances", "retirements"]


@dataclass(frozen=True, slots=True)
class Layout:
    """One kind of file: `columns` must be there, in any order; `free_text` may hold line breaks."""

    format: str
    kind: Kind
    columns: tuple[str, ...]
    free_text: frozenset[str]


@dataclass(frozen=True, slots=True)
class Row:
    """One data row; `line` is the physical line on which it starts, counting from 1."""

    file: str
    line: int
    cells: Mapping[str, str]

    def text(self, column: str) -> str:
        """The cell without surrounding blanks."""
        return self.cells[column].strip()


@dataclass(frozen=True, slots=True)
class Table:
    """A file's rows that have the right shape, a refusal for each that has not, and the `count` of both."""

    layout: Layout
    rows: tuple[Row, ...]
    refused: tuple[Problem, ...]
    count: int


def read_table(path: Path, layouts: Sequence[Layout]) -> Table:
    """The rows of `path`, whose header tells which of `layouts` it has.

    Raises BrokenExport when the file cannot be read as any of them.
    """
    records = _records(str(path), _decoded(path))
    header = _header(str(path), records)
    layout = _recognised(str(path), header, layouts)
    rows: list[Row] = []
    refused: list[Problem] = []
    for record in records:
        line, _, fields = record
        problem = _shape_problem(str(path), record, header, layout)
        if problem is None:
            rows.append(Row(str(path), line, dict(zip(header, fields, strict=True))))
        else:
            refused.append(problem)
    if not rows and not refused:
        raise BrokenExport(
            str(path), "the file has a header and no rows", "Download the list again with its rows."
        )
    return Table(layout, tuple(rows), tuple(refused), len(rows) + len(refused))


def recognise(path: Path, layouts: Sequence[Layout]) -> Layout:
    """The one of `layouts` that the header of `path` has. Raises BrokenExport when it has none."""
    header = _header(str(path), _records(str(path), _decoded(path)))
    return _recognised(str(path), header, layouts)


def _decoded(path: Path) -> str:
    raw = path.read_bytes()
    if not raw:
        raise BrokenExport(str(path), "the file is empty", "Download it again.")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BrokenExport(
            str(path), "byte 0: the text is UTF-16", "Save it as CSV UTF-8 and import again.", 1
        )
    try:
        # Not "utf-8-sig", which counts the bytes of its errors from behind the mark.
        return raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        guess = ""
        try:
            raw.decode("gb18030")
            guess = " (it can be read as GB18030, which Chinese spreadsheets write)"
        except UnicodeDecodeError:
            pass
        raise BrokenExport(
            str(path),
            f"byte {error.start} (0x{raw[error.start]:02x}) is not UTF-8{guess}",
            "Save the file as CSV UTF-8 and import again.",
            raw.count(b"\n", 0, error.start) + 1,
        ) from error


def _records(file: str, text: str) -> Iterator[tuple[int, int, list[str]]]:
    """Each non-blank record with its first and last physical line. The header comes first."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        first = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise BrokenExport(
                file,
                f"the quotation marks of the row that starts here do not pair ({error}; "
                f"noticed on line {reader.line_num})",
                "Close the quote and double each quotation mark inside a quoted field, or download again.",
                first,
            ) from error
        if fields:
            yield first, reader.line_num, fields


def _header(file: str, records: Iterator[tuple[int, int, list[str]]]) -> tuple[str, ...]:
    first = next(records, None)
    if first is None:
        raise BrokenExport(file, "the file holds only blank lines", "Download it again.")
    line, _, fields = first
    header = tuple(field.strip() for field in fields)
    if any("\0" in name for name in header):
        raise BrokenExport(
            file,
            "the header holds NUL bytes: the text is UTF-16 or damaged",
            "Save the file as CSV UTF-8.",
            line,
        )
    doubles = sorted({name for name in header if name and header.count(name) > 1})
    if doubles:
        raise BrokenExport(
            file, f"columns named twice: {', '.join(doubles)}", "Rename or remove one of each.", line
        )
    return header


def _recognised(file: str, header: tuple[str, ...], layouts: Sequence[Layout]) -> Layout:
    present = frozenset(header)
    for layout in layouts:
        if present.issuperset(layout.columns):
            return layout
    nearest = max(layouts, key=lambda layout: len(present.intersection(layout.columns)) / len(layout.columns))
    missing = [column for column in nearest.columns if column not in present]
    reason = f"columns missing for {nearest.format} ({nearest.kind}): {', '.join(missing)}"
    remedy = "Export the list again with all its columns."
    for delimiter, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if any(delimiter in field for field in header) and len(header) < 3:
            reason += f"; the header's fields are separated by {name} instead of commas"
            remedy = "Save the file with commas between the fields."
    if any("\ufffd" in field or "ï»¿" in field for field in header):
        reason += "; the header's letters are damaged by a wrong encoding"
        remedy = "Download the file again and do not open it in a spreadsheet."
    raise BrokenExport(file, reason, remedy, 1)


def _shape_problem(
    file: str, record: tuple[int, int, list[str]], header: tuple[str, ...], layout: Layout
) -> Problem | None:
    """Why this record is no row of the table; None when it is one."""
    line, last_line, fields = record

    def refused(column: str, code: str, message: str, remedy: str) -> Problem:
        return Problem(line, column, "refused", code, message, remedy, file)

    if len(fields) != len(header):
        lines = f"line {line}" if line == last_line else f"lines {line} to {last_line}, read as one row,"
        return refused(
            "",
            "wrong_field_count",
            f"{lines} has {len(fields)} fields where the header has {len(header)}",
            "Quote fields that hold commas or line breaks.",
        )
    for column, field in zip(header, fields, strict=True):
        if "\0" in field:
            return refused(column, "nul_byte", "the field holds a NUL byte", "Download the file again.")
        if column in layout.columns and column not in layout.free_text and ("\n" in field or "\r" in field):
            return refused(
                column,
                "line_break",
                f"the field runs from line {line} on into another line",
                "Look for a stray quotation mark; several rows may have been read as one.",
            )
    return None
