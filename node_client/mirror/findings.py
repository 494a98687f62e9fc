"""What an audit finds, and the comparison of two databases row by row.

Flow: two connections and a table → both in the order of the key → `differences`, first ones first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from node_client.database import sheet
from node_client.mirror.digest import ordered_rows

REBUILD: Final = "find out who wrote into the database, then run `tanhui mirror rebuild`"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    `kind` is one of: row missing, row extra, row changed, contract state, conservation, serials, header, checkpoint, chain.
    `subject` names the row, such as `holding (0x…, 0x…) free`; `expected` is what the chain says, `found` what SQL says.
    """

    kind: str
    subject: str
    expected: str
    found: str
    remedy: str = REBUILD


def differences(name: str, chain_side: Connection, sql_side: Connection) -> Iterator[Finding]:
    """Every row of a table that one side lacks or has otherwise, in the order of the key."""
    at = sheet(name)
    places = [at.columns.index(key) for key in at.keys]

    def key_of(row: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(row[place] for place in places)

    expected_rows, found_rows = ordered_rows(chain_side, name), ordered_rows(sql_side, name)
    expected, found = next(expected_rows, None), next(found_rows, None)
    while expected is not None or found is not None:
        if found is None or (expected is not None and key_of(expected) < key_of(found)):
            assert expected is not None  # noqa: S101 - the loop's condition
            yield Finding("row missing", _subject(name, key_of(expected)), _brief(expected), "no row")
            expected = next(expected_rows, None)
        elif expected is None or key_of(found) < key_of(expected):
            yield Finding("row extra", _subject(name, key_of(found)), "no row", _brief(found))
            found = next(found_rows, None)
        else:
            for column, said, stored in zip(at.columns, expected, found, strict=True):
                if said != stored:
                    subject = f"{_subject(name, key_of(found))} {column}"
                    yield Finding("row changed", subject, _brief(said), _brief(stored))
            expected, found = next(expected_rows, None), next(found_rows, None)


def _subject(name: str, key: tuple[Any, ...]) -> str:
    return f"{name} ({', '.join(map(str, key))})"


def _brief(value: Any) -> str:
    text = value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= 300 else f"{text[:297]}…"
