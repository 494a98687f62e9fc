"""Names beside numbers: what a row's foreign keys stand for, fetched with one query a kind.

Flow: rows of a page → the keys they name → dictionaries that templates read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.engine import RowMapping

from api.site.language import Language
from node_client.database import table_of

Found = Mapping[Any, RowMapping]


def _by_key(connection: Connection, table: str, key: str, wanted: Iterable[Any]) -> Found:
    """The rows of a table by key; a page never names more keys than a query can hold."""
    keys = {each for each in wanted if each is not None}
    if not keys:
        return {}
    columns = table_of(table)
    rows = connection.execute(select(columns).where(columns.c[key].in_(keys))).mappings()
    return {row[key]: row for row in rows}


def members(connection: Connection, numbers: Iterable[int | None]) -> Found:
    """Members by number."""
    return _by_key(connection, "member", "member_id", numbers)


def projects(connection: Connection, numbers: Iterable[int | None]) -> Found:
    """Projects by number."""
    return _by_key(connection, "project", "project_id", numbers)


def methodologies(connection: Connection, numbers: Iterable[int | None]) -> Found:
    """Methodologies by number."""
    return _by_key(connection, "methodology", "methodology_id", numbers)


def credits_of(connection: Connection, token_ids: Iterable[str | None]) -> Found:
    """Credits by token id."""
    return _by_key(connection, "credit", "token_id", token_ids)


def owners(connection: Connection, accounts: Iterable[str | None]) -> Found:
    """The member of each account that belongs to one."""
    keys = {each for each in accounts if each}
    if not keys:
        return {}
    member, account = table_of("member"), table_of("account")
    chosen = (
        select(account.c.account, member.c.member_id, member.c.name)
        .join(member, member.c.member_id == account.c.member_id)
        .where(account.c.account.in_(keys))
    )
    return {row["account"]: row for row in connection.execute(chosen).mappings()}


def totals(connection: Connection, dimension: str, keys: Iterable[Any]) -> Found:
    """The totals of a dimension's keys."""
    wanted = {str(each) for each in keys}
    if not wanted:
        return {}
    table = table_of("total")
    chosen = select(table).where(table.c.dimension == dimension, table.c.key.in_(wanted))
    return {row["key"]: row for row in connection.execute(chosen).mappings()}


def purposes(connection: Connection, lang: Language) -> dict[int, str]:
    """The purposes' names in a language, by number."""
    table = table_of("purpose")
    column = table.c.name_zh if lang == "zh" else table.c.name_en
    chosen = select(table.c.purpose, column.label("name")).order_by(table.c.purpose)
    return {row.purpose: row.name for row in connection.execute(chosen)}


def highest(connection: Connection, table: str, key: str) -> int:
    """The highest number given, which is how many there are: the ledger numbers without gaps."""
    found: int | None = connection.execute(select(func.max(table_of(table).c[key]))).scalar()
    return found or 0
