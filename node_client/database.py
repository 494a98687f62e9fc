"""The database: engine, schema revision, column kinds, bulk writing and keyset pages.

Flow of a write: table class → `Sheet` (its columns, keys and statements, worked out once) → rows as tuples → COPY or
INSERT of many for new rows, UPDATE of many for changed ones.

SQLite (WAL) and PostgreSQL 15 or newer hold the same tables and give the same answers. Amounts are BIGINT grams, addresses
and hashes text in one spelling (see node_client.units), days whole UTC days since 1970.
"""

from __future__ import annotations

import functools
import itertools
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import msgspec
import psycopg
import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    event,
    select,
)
from sqlalchemy.dialects.postgresql import dialect as postgresql_dialect
from sqlalchemy.engine import RowMapping, make_url
from sqlmodel import Field, SQLModel

from node_client.errors import DatabaseRevision, DatabaseUnreachable

MIGRATIONS: Final = Path(__file__).resolve().parent.parent / "migrations"
BUSY_MILLISECONDS: Final = 30_000
HIGHEST_LIMIT: Final = 500
# Values that one statement of SQLite may have.
SQLITE_VARIABLES: Final = 32_766
_PORTIONS: Final = (1_024, 256, 64, 16, 4, 1)
SQLITE_CACHE_KIB: Final = 16_384
SQLITE_LOG_PAGES: Final = 8_192

_POSTGRESQL: Final = postgresql_dialect()  # type: ignore[no-untyped-call]

# A database that refused to work. Bulk writing goes past SQLAlchemy, so the drivers' own errors come out beside SQLAlchemy's.
TROUBLE: Final = (
    sqlalchemy.exc.OperationalError,
    sqlalchemy.exc.InterfaceError,
    # PostgreSQL's word for a transaction that it has ended itself.
    sqlalchemy.exc.InternalError,
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.InternalError,
    sqlite3.OperationalError,
)
# Rows that contradict those stored.
CONFLICT: Final = (sqlalchemy.exc.IntegrityError, psycopg.IntegrityError, sqlite3.IntegrityError)

# Every constraint has a name, the same on both databases, so that later migrations can find it.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# On SQLite only INTEGER makes a primary key the row's own number; both hold 64 bits.
BIGINT: Final = BigInteger().with_variant(Integer(), "sqlite")


def number(**options: Any) -> Any:
    """A column of whole numbers below 2^63: grams, ids, blocks, Unix seconds, days since 1970."""
    return _column(BIGINT, options)


def text(**options: Any) -> Any:
    """A column of text of any length."""
    return _column(Text(), options)


def hash_text(**options: Any) -> Any:
    """A column of 0x and 64 lower-case hexadecimal digits: hashes, bytes32, token ids."""
    return _column(String(66), options)


def address(**options: Any) -> Any:
    """A column of checksummed addresses."""
    return _column(String(42), options)


def word(**options: Any) -> Any:
    """A column of short ASCII: codes, states, decimal numbers of up to 256 bits."""
    return _column(String(78), options)


def flag(**options: Any) -> Any:
    """A column of true or false."""
    return _column(Boolean(), options)


def blob(**options: Any) -> Any:
    """A column of bytes."""
    return _column(LargeBinary(), options)


def _column(kind: Any, options: dict[str, Any]) -> Any:
    # Numbers come from the chain; the database must never make one up.
    extra = {"autoincrement": False} if options.get("primary_key") else {}
    return Field(sa_type=kind, sa_column_kwargs=extra, **options)


def table_of(name: str) -> Table:
    """The table of a name; every noun's module must have been imported."""
    return SQLModel.metadata.tables[name]


def engine(url: str) -> Engine:
    """An engine for SQLite (write-ahead log, foreign keys on, patient when busy) or PostgreSQL (psycopg 3)."""
    parsed = make_url(url)
    if parsed.drivername in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    made = sqlalchemy.create_engine(parsed)
    if made.dialect.name == "sqlite":
        event.listen(made, "connect", _prepare_sqlite)
        event.listen(made, "begin", _begin_sqlite)
    return made


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own transactions leave DDL and reads outside; ours are begun in `_begin_sqlite`.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    # In WAL a power cut can lose the last commits but not harm the file; the mirror reads them again.
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    # Indexes by account are written all over; with SQLite's own 2 MiB each row of a long ledger reads pages again.
    cursor.execute(f"PRAGMA cache_size = -{SQLITE_CACHE_KIB}")
    # A page changed by several batches is copied from the log to the file once.
    cursor.execute(f"PRAGMA wal_autocheckpoint = {SQLITE_LOG_PAGES}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _alembic(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    return config


def upgrade(url: str) -> None:
    """The database's tables are of this program's revision; what they held stays.

    Raises `DatabaseUnreachable`.
    """
    try:
        command.upgrade(_alembic(url), "head")
    except sqlalchemy.exc.OperationalError as error:
        raise unreachable(error) from error


def check_revision(of: Engine) -> None:
    """The database's tables are of this program's revision.

    Raises `DatabaseRevision` when they are not and `DatabaseUnreachable` when the database does not answer.
    """
    wanted = set(ScriptDirectory(str(MIGRATIONS)).get_heads())
    try:
        with of.connect() as connection:
            found = set(MigrationContext.configure(connection).get_current_heads())
    except sqlalchemy.exc.OperationalError as error:
        raise unreachable(error) from error
    if found != wanted:
        raise DatabaseRevision(
            f"the database's tables are of revision {_names(found)}, this program needs {_names(wanted)}",
            remedy="run `tanhui db upgrade`; if the database is newer than the program, update the program",
        )


def _names(revisions: set[str]) -> str:
    return ", ".join(sorted(revisions)) or "none"


def unreachable(error: Exception) -> DatabaseUnreachable:
    """The error for a database that refused to work, in its own words."""
    reason = str(error.__cause__ or error).strip().splitlines()[0]
    if reason == "database is locked":
        return DatabaseUnreachable(
            f"another process holds the lock of the database: {reason}",
            remedy="find the program that writes into the file and is stopped or hangs (`fuser` names it), and end it",
        )
    return DatabaseUnreachable(
        f"the database does not answer: {reason}", remedy="start it or correct TANHUI_DATABASE_URL"
    )


class Sheet:
    """One table as the bulk writer sees it: column names in order, keys, defaults, and its statements."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.name = table.name
        self.columns = tuple(column.name for column in table.columns)
        self.keys = tuple(column.name for column in table.primary_key.columns)
        self.others = tuple(name for name in self.columns if name not in self.keys)
        self.defaults = {
            column.name: getattr(column.default, "arg", None)
            for column in table.columns
            if column.default is not None or column.nullable
        }
        # PostgreSQL's names of the columns' types, without lengths.
        self._kinds = {
            column.name: column.type.compile(dialect=_POSTGRESQL).partition("(")[0].lower()
            for column in table.columns
        }
        self._statements: dict[tuple[int, bool], str] = {}
        self.values = itemgetter(*self.columns)
        places = [self.columns.index(name) for name in self.keys]
        self.key_of: Callable[[tuple[Any, ...]], tuple[Any, ...]] = lambda values: tuple(
            values[place] for place in places
        )
        self.changes = itemgetter(*self.others, *self.keys)
        self.by_key = select(table).where(
            *(column == sqlalchemy.bindparam(f"key_{column.name}") for column in table.primary_key.columns)
        )

    def insert(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """The rows, each a tuple of all columns as `values` makes it, are in the table."""
        driver: Any = connection.connection.driver_connection
        if connection.dialect.name == "sqlite":
            for size, values in _portions(rows, len(self.columns)):
                driver.execute(self._sqlite(size, changes=False), values)
            return
        into = f'COPY "{self.name}" ({_names_of(self.columns)}) FROM STDIN (FORMAT BINARY)'
        with driver.cursor() as cursor, cursor.copy(into) as copy:
            copy.set_types([self._kinds[name] for name in self.columns])
            for row in rows:
                copy.write_row(row)

    def update(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """The rows, each a tuple of the other columns and then the key as `changes` makes it, have these values."""
        order = (*self.others, *self.keys)
        if connection.dialect.name == "sqlite":
            driver: Any = connection.connection.driver_connection
            for size, values in _portions(rows, len(order)):
                driver.execute(self._sqlite(size, changes=True), values)
            return
        # One text of JSON, because the driver writes arrays in Python, value by value.
        fields = ", ".join(f'{self._of_json(place, name)} AS "{name}"' for place, name in enumerate(order))
        sets = ", ".join(f'"{name}" = new."{name}"' for name in self.others)
        where = " AND ".join(f'old."{name}" = new."{name}"' for name in self.keys)
        connection.exec_driver_sql(
            f'UPDATE "{self.name}" AS old SET {sets} FROM '  # noqa: S608 - names of our own tables
            f"(SELECT {fields} FROM json_array_elements(%s::json) AS each (row)) AS new WHERE {where}",
            (msgspec.json.encode(rows).decode("utf-8"),),
        )

    def _sqlite(self, size: int, *, changes: bool) -> str:
        """SQLite's statement that writes so many rows; the same text every time, since the driver knows its statements by it."""
        found = self._statements.get((size, changes))
        if found is None:
            columns = (*self.others, *self.keys) if changes else self.columns
            row = f"({', '.join('?' * len(columns))})"
            found = f'INSERT INTO "{self.name}" ({_names_of(columns)}) VALUES {", ".join([row] * size)}'  # noqa: S608 - names of our own tables
            if changes:
                # The rows are there; SQLite changes many in one statement best as if they were new.
                sets = ", ".join(f'"{name}" = excluded."{name}"' for name in self.others)
                found += f" ON CONFLICT ({_names_of(self.keys)}) DO UPDATE SET {sets}"
            self._statements[size, changes] = found
        return found

    def _of_json(self, place: int, name: str) -> str:
        kind, value = self._kinds[name], f"row->>{place}"
        return f"decode({value}, 'base64')" if kind == "bytea" else f"({value})::{kind}"

    def load(self, connection: Connection, key: tuple[Any, ...]) -> dict[str, Any] | None:
        """The row of a key as a dictionary of its own, or None."""
        parameters = {f"key_{name}": value for name, value in zip(self.keys, key, strict=True)}
        found = connection.execute(self.by_key, parameters).mappings().first()
        return None if found is None else dict(found)

    def load_many(self, connection: Connection, keys: Iterable[tuple[Any, ...]]) -> list[dict[str, Any]]:
        """The rows that exist of these keys."""
        columns = list(self.table.primary_key.columns)
        wanted = list(keys)
        found: list[dict[str, Any]] = []
        for start in range(0, len(wanted), 400):
            part = wanted[start : start + 400]
            match: ColumnElement[bool] = (
                columns[0].in_([key[0] for key in part])
                if len(columns) == 1
                else sqlalchemy.tuple_(*columns).in_(part)
            )
            found.extend(dict(row) for row in connection.execute(select(self.table).where(match)).mappings())
        return found


def _names_of(columns: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def _portions(rows: Sequence[tuple[Any, ...]], width: int) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """The rows in portions: how many, and all their values.

    Many rows in one statement, because the driver lets other threads run during a statement, but waits for its turn between
    two. Few sizes, because it keeps the statements.
    """
    start = 0
    for size in _PORTIONS:
        while size * width <= SQLITE_VARIABLES and len(rows) - start >= size:
            yield size, tuple(itertools.chain.from_iterable(rows[start : start + size]))
            start += size


@functools.cache
def sheet(name: str) -> Sheet:
    """The sheet of a table, made once."""
    return Sheet(table_of(name))


def one(connection: Connection, name: str, *conditions: ColumnElement[bool]) -> RowMapping | None:
    """The row of a table that meets the conditions, or None."""
    return connection.execute(select(table_of(name)).where(*conditions)).mappings().first()


def page(
    connection: Connection, name: str, *, after: int | None, limit: int, filters: dict[str, Any]
) -> Sequence[RowMapping]:
    """Up to `limit` (at most 500) rows whose sequence is below `after`, newest first; filters of None are left out."""
    table = table_of(name)
    chosen = select(table).where(
        *(table.c[key] == value for key, value in filters.items() if value is not None)
    )
    if after is not None:
        chosen = chosen.where(table.c.sequence < after)
    return (
        connection.execute(chosen.order_by(table.c.sequence.desc()).limit(min(limit, HIGHEST_LIMIT)))
        .mappings()
        .all()
    )
