"""The indexes that only readers use: left out while a mirror is made from nothing, and made at its end.

Flow: nothing mirrored and far to go → `drop` → tables are filled → the head is reached → `make` what is `missing`, which is also
what a mirror does that finds the work of one that was killed.

To fill a table and sort it once costs half of keeping its indexes in order at every row. Unique keys stay: they refuse rows. So
do the indexes of tables that stay small.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Final

import sqlalchemy
from sqlalchemy import Engine, Index, text

from node_client.database import TROUBLE, table_of

# The tables that have rows for every act, transfer or retirement.
GROWING: Final = ("act", "transfer", "retirement", "retirement_line", "holding")


def _ours() -> list[list[Index]]:
    tables = ([index for index in table_of(name).indexes if not index.unique] for name in GROWING)
    return [sorted(each, key=lambda index: str(index.name)) for each in tables]


def missing(engine: Engine) -> list[list[Index]]:
    """The indexes that the tables should have and do not, table by table."""
    tables = sqlalchemy.inspect(engine).get_multi_indexes(filter_names=GROWING)
    there = {each["name"] for indexes in tables.values() for each in indexes}
    left = ([index for index in indexes if index.name not in there] for indexes in _ours())
    return [each for each in left if each]


def drop(engine: Engine) -> None:
    """The growing tables have unique keys only, unless somebody is reading them just now: then all stays as it is."""
    with suppress(*TROUBLE), engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL lock_timeout = '2s'"))
        for indexes in _ours():
            for index in indexes:
                index.drop(connection, checkfirst=True)


def make(engine: Engine, made: Callable[[], None]) -> None:
    """Every index is there; `made` is called after each table's."""
    for indexes in missing(engine):
        with engine.begin() as connection:
            for index in indexes:
                index.create(connection, checkfirst=True)
        made()
