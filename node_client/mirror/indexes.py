"""The indexes that only readers use: left out while a mirror is made from nothing, and made at its end.

Flow: nothing mirrored and far to go → `drop` → tables are filled → the head is reached → `make` what is `missing`, which is also
what a mirror does that finds the work of one that was killed.

To fill a table and sort it once costs half of keeping its indexes in order at every row. Unique keys stay: they refuse rows. So
do the indexes of tables that stay small.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Final

import sqlalchemy
from sqlalchemy import Connection, Engine, Index, text
from sqlalchemy.schema import CreateIndex, DropIndex

from node_client.database import SQLITE_CACHE_KIB, TROUBLE, table_of

# The tables that have rows for every act, transfer or retirement.
GROWING: Final = ("act", "transfer", "retirement", "retirement_line", "holding")


def _ours() -> list[Index]:
    found = [index for name in GROWING for index in table_of(name).indexes if not index.unique]
    return sorted(found, key=lambda index: str(index.name))


def missing(engine: Engine) -> list[Index]:
    """The indexes that the growing tables should have and do not."""
    tables = sqlalchemy.inspect(engine).get_multi_indexes(filter_names=GROWING)
    there = {each["name"] for indexes in tables.values() for each in indexes}
    return [index for index in _ours() if index.name not in there]


def drop(engine: Engine) -> None:
    """The growing tables have unique keys only, unless somebody is reading them just now: then all stays as it is."""
    with suppress(*TROUBLE), engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL lock_timeout = '2s'"))
        for index in _ours():
            connection.execute(DropIndex(index, if_exists=True))


def make(engine: Engine, made: Callable[[], None]) -> None:
    """Every index is there; `made` is called after each."""

    def create(index: Index) -> None:
        with engine.begin() as connection, _sparing(connection):
            connection.execute(CreateIndex(index, if_not_exists=True))

    # Each connection of PostgreSQL has a process of its own; SQLite has one writer.
    workers = 1 if engine.dialect.name == "sqlite" else min(os.cpu_count() or 1, 4)
    with ThreadPoolExecutor(workers, "tanhui-index") as pool:
        for _ in pool.map(create, missing(engine)):
            made()


@contextmanager
def _sparing(connection: Connection) -> Iterator[None]:
    """SQLite sorts in little memory: it takes twice as much for that as it has for pages."""
    if connection.dialect.name != "sqlite":
        yield
        return
    connection.exec_driver_sql(f"PRAGMA cache_size = -{SQLITE_CACHE_KIB // 4}")
    try:
        yield
    finally:
        connection.exec_driver_sql(f"PRAGMA cache_size = -{SQLITE_CACHE_KIB}")
