"""A unit of work: the rows that the events of some blocks add and change, written all at once or not at all.

Flow: `insert` gathers rows that only ever are added; `row` gives the present row of a key, from this batch, the cache of the
batches before, or SQL, to be changed in place; `read` the same without changing it; `take` gives everything gathered, and
`write` writes it in bulk.

Tables are named by text, so that a noun that needs another's row does not import it. A table has one writer all the same:
the fold in its own noun's file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection
from sqlmodel import SQLModel

from node_client.database import Sheet, sheet
from node_client.errors import MirrorInconsistent
from node_client.event import At, Event

Key: TypeAlias = tuple[Any, ...]
Row: TypeAlias = dict[str, Any]
# Of each table, parents before children: rows to add and rows to change.
Writing: TypeAlias = list[tuple[Sheet, list[tuple[Any, ...]], list[tuple[Any, ...]]]]

# Rows kept between batches, some 700 bytes each; beyond this many the cache starts anew.
CACHED_ROWS: Final = 60_000


class Batch:
    """What the events of some blocks do to the tables.

    `previous` is the last event folded, with its place, or None: an ERC-1155 transfer from or to nobody belongs to it.
    Used again after a `take`, it keeps its rows as a cache; after a failure it must be thrown away. `empty` says that the tables
    hold nothing yet, so that no row needs to be looked for that the cache does not have.
    """

    def __init__(self, connection: Connection, *, empty: bool = False) -> None:
        self.previous: tuple[Event, At] | None = None
        self._connection = connection
        self.empty = empty
        self._inserted: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
        # None stands for a row that SQL does not have.
        self._rows: defaultdict[str, dict[Key, Row | None]] = defaultdict(dict)
        self._stored: defaultdict[str, set[Key]] = defaultdict(set)
        self._together: dict[tuple[str, tuple[Key, ...]], tuple[Row, ...]] = {}
        self._changed: defaultdict[str, dict[Key, Row]] = defaultdict(dict)

    def read_from(self, connection: Connection) -> None:
        """Rows not yet known are looked up over this connection."""
        self._connection = connection

    def insert(self, table: str, **values: Any) -> None:
        """The row will be added."""
        # As a tuple at once: dictionaries of thousands of rows would fill the processor's caches.
        self._inserted[table].append(sheet(table).values(values))

    def add(self, table: str, row: tuple[Any, ...]) -> None:
        """As `insert`, with all values in the order of the table's columns: for tables that get a row for most events."""
        self._inserted[table].append(row)

    def row(self, table: str, *key: Any) -> Row:
        """The row of a key, to be changed in place; a new one with the columns' defaults when there is none yet."""
        found = self._changed[table].get(key)
        if found is None:
            found = self._find(table, key)
            if found is None:
                at = sheet(table)
                found = {**at.defaults, **dict(zip(at.keys, key, strict=True))}
                self._rows[table][key] = found
            self._changed[table][key] = found
        return found

    def rows(self, table: str, keys: tuple[Key, ...]) -> tuple[Row, ...]:
        """The rows of some keys as `row` gives them, for keys that come together again and again."""
        found = self._together.get((table, keys))
        if found is None:
            found = self._together[table, keys] = tuple(self.row(table, *key) for key in keys)
        return found

    def known(self, table: str, *key: Any) -> Row:
        """As `row`, for a row that must exist. Raises `MirrorInconsistent` when it does not."""
        self.read(table, *key)
        return self.row(table, *key)

    def read(self, table: str, *key: Any) -> Mapping[str, Any]:
        """The row of a key, not to be changed. Raises `MirrorInconsistent` when there is none."""
        # A row is never empty, so what is falsy is not there.
        found = self._rows[table].get(key) or self._find(table, key)
        if found is None:
            raise MirrorInconsistent(
                f"an event speaks of {table} {', '.join(map(str, key))}, which no earlier event made",
                remedy="run `tanhui mirror rebuild`; if it stops here again, the node leaves logs out: use another",
            )
        return found

    def find(self, table: str, *key: Any) -> Mapping[str, Any] | None:
        """The row of a key, not to be changed, or None."""
        return self._find(table, key)

    def prefetch(self, table: str, keys: Iterable[Key]) -> None:
        """The rows of these keys are in the cache, fetched with few queries."""
        rows = self._rows[table]
        missing = set(keys) - rows.keys()
        if not missing:
            return
        at = sheet(table)
        rows.update(dict.fromkeys(missing))
        for found in at.load_many(self._connection, missing):
            self._keep(table, tuple(found[name] for name in at.keys), found)

    def touched(self) -> dict[str, set[Key]]:
        """The keys of all rows that `take` would give to add or change, by table."""
        found = {name: set(keys) for name, keys in self._changed.items()}
        for name, rows in self._inserted.items():
            found.setdefault(name, set()).update(map(sheet(name).key_of, rows))
        return found

    def take(self) -> Writing:
        """Everything gathered, to be written; the batch starts anew and keeps its rows as a cache.

        The writing holds values of its own, so that the next rows may be changed before it is done.
        """
        taken: Writing = []
        self._together.clear()
        for table in SQLModel.metadata.sorted_tables:
            name = table.name
            at = sheet(name)
            added = self._inserted.pop(name, [])
            changed: list[tuple[Any, ...]] = []
            stored = self._stored[name]
            for key, row in self._changed.pop(name, {}).items():
                if key in stored:
                    changed.append(at.changes(row))
                else:
                    added.append(at.values(row))
                    stored.add(key)
            if added or changed:
                taken.append((at, added, changed))
        return taken

    @property
    def full(self) -> bool:
        """Whether more rows are kept than should be: `forget` them once all that was taken is written."""
        return sum(map(len, self._rows.values())) > CACHED_ROWS

    def forget(self) -> None:
        """Only what is gathered and not yet taken is kept; nothing taken may still be unwritten."""
        for table in self._rows:
            self._rows[table] = dict(self._changed[table])
            self._stored[table] &= self._changed[table].keys()
        self.empty = False

    def _find(self, table: str, key: Key) -> Row | None:
        rows = self._rows[table]
        if key not in rows and not self.empty:
            found = sheet(table).load(self._connection, key)
            if found is None:
                rows[key] = None
            else:
                self._keep(table, key, found)
        return rows.get(key)

    def _keep(self, table: str, key: Key, row: Row) -> None:
        self._rows[table][key] = row
        self._stored[table].add(key)


def write(connection: Connection, writing: Writing) -> int:
    """What was taken is written, parents before children; the number of rows."""
    for at, added, changed in writing:
        if added:
            at.insert(connection, added)
        if changed:
            at.update(connection, changed)
    return sum(len(added) + len(changed) for _, added, changed in writing)
