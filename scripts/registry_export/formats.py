"""The formats by name: `parse` reads files of one format into an Export, `detect` tells a file's format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.registry_export import acr, cercarbono, verra
from scripts.registry_export.assembly import Assembly, CreditKey
from scripts.registry_export.export import Block, BrokenExport, Export
from scripts.registry_export.person import folded_names
from scripts.registry_export.table import Layout, Row, read_table, recognise


@dataclass(frozen=True, slots=True)
class _List:
    """How to read one kind of file: its columns, its row, and the credit a row names."""

    registry: str
    layout: Layout
    read: Callable[[Row, frozenset[str]], Block]
    credit_of: Callable[[Row], CreditKey]


_LISTS = (
    _List(verra.REGISTRY, verra.LAYOUT, verra.read_block, verra.credit_of),
    _List(
        cercarbono.REGISTRY,
        cercarbono.ISSUANCES,
        lambda row, _: cercarbono.read_issuance(row),
        cercarbono.credit_of,
    ),
    _List(
        cercarbono.REGISTRY,
        cercarbono.RETIREMENTS,
        cercarbono.read_retirement,
        cercarbono.credit_of,
    ),
    _List(acr.REGISTRY, acr.ISSUANCES, lambda row, _: acr.read_issuance(row), acr.credit_of_issuance),
    _List(acr.REGISTRY, acr.RETIREMENTS, acr.read_retirement, acr.credit_of_retirement),
)

FORMATS = tuple(dict.fromkeys(entry.layout.format for entry in _LISTS))


def detect(path: Path) -> str:
    """The format that the header of `path` has, one of FORMATS. Raises BrokenExport when it has none."""
    return recognise(path, [entry.layout for entry in _LISTS]).format


def parse(
    paths: Sequence[Path],
    format: str,  # noqa: A002 - the word of the command line
    *,
    persons: frozenset[str] = frozenset(),
) -> Export:
    """What the files, all of one format and in any order, say, with a problem for each row refused.

    `persons`: beneficiaries to be treated as natural persons besides those that look like one.
    Raises BrokenExport when a file cannot be read as a whole or has another format, and ValueError for an
    unknown format or no files.
    """
    lists = [entry for entry in _LISTS if entry.layout.format == format]
    if not lists or not paths:
        raise ValueError(f"needs at least one file and a format of {', '.join(FORMATS)}; got {format!r}")
    for path in paths:
        _refuse_other_format(path, lists)
    folded = folded_names(persons)
    tables = [read_table(path, [entry.layout for entry in lists]) for path in paths]
    assembly = Assembly(lists[0].registry)
    for entry in lists:
        # In the order of _LISTS: a list of issuances is taken before the retirements that it covers.
        for table in tables:
            if table.layout is entry.layout:
                assembly.take(table, _reader(entry, folded), entry.credit_of)
    return assembly.export()


def _reader(entry: _List, folded_persons: frozenset[str]) -> Callable[[Row], Block]:
    return lambda row: entry.read(row, folded_persons)


def _refuse_other_format(path: Path, lists: Sequence[_List]) -> None:
    """Raises BrokenExport that names the right format when the header is another format's."""
    try:
        found = detect(path)
    except BrokenExport:
        # Reading the file will say what it lacks for the format that was asked for.
        return
    if found != lists[0].layout.format:
        raise BrokenExport(
            str(path),
            f"this is a file of format {found}, not {lists[0].layout.format}",
            f"Use --format {found}.",
            1,
        )
