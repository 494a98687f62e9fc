"""Requests: what holders' systems asked for, and what became of each. The tables survive a rebuild of the mirror.

States: accepted → prepared (signed bytes stored) → broadcast → mined → final | refused | expired, or accepted → cancelled.

`request` has one row per (API key, Idempotency-Key), inserted before anything else is done; every change of its state is a
compare-and-set together with an appended row of `request_event`, in one transaction, so that a change happens once whoever
tries it. Changes of many requests share a transaction (`move_all`). api/outbox moves requests along; api/desk.py accepts them.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import (
    Connection,
    Engine,
    Index,
    UniqueConstraint,
    bindparam,
    func,
    select,
    tuple_,
    update,
)
from sqlalchemy import text as sa_text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import RowMapping
from sqlmodel import Field, SQLModel

from api.problems import Problem
from node_client import database
from node_client.database import BIGINT, address, blob, flag, hash_text, sheet, table_of, text, word

OPEN: Final = ("accepted", "prepared", "broadcast", "mined")
SENT: Final = ("prepared", "broadcast")
CLOSED: Final = ("final", "refused", "expired", "cancelled")
_NONCE_HELD: Final = sa_text("state IN ('prepared', 'broadcast', 'mined') AND nonce IS NOT NULL")


class RequestRow(SQLModel, table=True):
    """One request. `record` is the record to be retired as JSON, `raw` the signed transaction, `problem` JSON of a refusal.

    `nonce` is that of the account `relayer`. `checked` says that the contract was asked once, or could not be; until then
    the answer to the caller is open.
    """

    __tablename__ = "request"
    __table_args__ = (
        UniqueConstraint("key_id", "idempotency_key", name="uq_request_key_id_idempotency_key"),
        Index("ix_request_state", "state", "number"),
        Index("ix_request_key_id", "key_id", "number"),
        # However many programs carry requests, no two transactions under way have one nonce.
        Index(
            "uq_request_relayer_nonce",
            "relayer",
            "nonce",
            unique=True,
            sqlite_where=_NONCE_HELD,
            postgresql_where=_NONCE_HELD,
        ),
    )

    # The one number that the database makes up: the order of acceptance.
    number: int | None = Field(default=None, sa_type=BIGINT, primary_key=True)
    request_id: str = hash_text(unique=True)
    key_id: str = word(foreign_key="api_key.key_id")
    idempotency_key: str = text()
    body_hash: str = hash_text()
    holder: str = address()
    retirement_id: str = hash_text(unique=True)
    record: str = text()
    record_hash: str = hash_text()
    state: str = word()
    checked: bool = flag()
    deadline: int | None = database.number(default=None)
    nonce: int | None = database.number(default=None)
    relayer: str | None = address(default=None)
    raw: bytes | None = blob(default=None)
    tx_hash: str | None = hash_text(default=None)
    block: int | None = database.number(default=None)
    problem: str | None = text(default=None)
    created_at: int = database.number()
    updated_at: int = database.number()


class RequestClosedRow(SQLModel, table=True):
    """How many requests are in a state that ends them; those that are open are few enough to be counted."""

    __tablename__ = "request_closed"

    state: str = word(primary_key=True)
    count: int = database.number()


class RequestEventRow(SQLModel, table=True):
    """One change of a request's state; `line` counts from 0, `at` is Unix seconds."""

    __tablename__ = "request_event"

    number: int = database.number(primary_key=True, foreign_key="request.number")
    line: int = database.number(primary_key=True)
    state: str = word()
    at: int = database.number()
    note: str = text()


def id_of(key_hash: str, idempotency_key: str) -> str:
    """The id of the request that an API key makes under an Idempotency-Key, the same in every database.

    So what is asked again of a database that was restored from before the first time is the same retirement, which the
    contract takes once. Nobody else can tell it beforehand: an API key is random, and shown to its owner alone.
    """
    said = b"tanhui request\x00" + bytes.fromhex(key_hash[2:]) + idempotency_key.encode()
    return "0x" + hashlib.sha256(said).hexdigest()


def retirement_id_of(request_id: str) -> bytes:
    """The retirement's number that a request's id leads to, known before anything is signed."""
    return hashlib.sha256(b"tanhui retirement\x00" + bytes.fromhex(request_id[2:])).digest()


class Change(NamedTuple):
    """What becomes of one request beside its state; all changes made together set the same columns."""

    number: int
    note: str = ""
    values: Mapping[str, Any] = {}


def add_all(engine: Engine, rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """The requests are stored as accepted, in one transaction; the numbers by request id of those that are new.

    One whose caller used its Idempotency-Key before is left out; no two of the rows have the same.
    """
    table, now = table_of("request"), int(time.time())
    kind = sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert
    common = {"state": "accepted", "checked": False, "created_at": now, "updated_at": now}
    adding = kind(table).on_conflict_do_nothing().returning(table.c.request_id, table.c.number)
    with engine.begin() as connection:
        added = {
            row.request_id: row.number
            for row in connection.execute(adding, [{**row, **common} for row in rows])
        }
        if added:
            events = [(number, 0, "accepted", now, "") for number in added.values()]
            sheet("request_event").insert(connection, events)
    return added


def by_idempotency_keys(
    connection: Connection, keys: Collection[tuple[str, str]]
) -> dict[tuple[str, str], RowMapping]:
    """The requests that were made under these pairs of an API key's id and an Idempotency-Key."""
    table = table_of("request")
    wanted = select(table).where(tuple_(table.c.key_id, table.c.idempotency_key).in_(list(keys)))
    return {(row["key_id"], row["idempotency_key"]): row for row in connection.execute(wanted).mappings()}


def by_id(connection: Connection, key_id: str | None, request_id: str) -> RowMapping | None:
    """A request of an API key (of any, without one), or None."""
    table = table_of("request")
    wanted = select(table).where(table.c.request_id == request_id)
    if key_id is not None:
        wanted = wanted.where(table.c.key_id == key_id)
    return connection.execute(wanted).mappings().first()


def page(
    connection: Connection, key_id: str | None, *, state: str | None, after: int | None, limit: int
) -> Sequence[RowMapping]:
    """An API key's requests (everybody's, without one), newest first, below the number `after`."""
    table = table_of("request")
    chosen = select(table)
    if key_id is not None:
        chosen = chosen.where(table.c.key_id == key_id)
    if state is not None:
        chosen = chosen.where(table.c.state == state)
    if after is not None:
        chosen = chosen.where(table.c.number < after)
    return connection.execute(chosen.order_by(table.c.number.desc()).limit(limit)).mappings().all()


def history(connection: Connection, number_: int) -> Sequence[RowMapping]:
    """A request's changes of state, oldest first."""
    table = table_of("request_event")
    chosen = select(table).where(table.c.number == number_).order_by(table.c.line)
    return connection.execute(chosen).mappings().all()


def open_requests(engine: Engine, limit: int) -> Sequence[RowMapping]:
    """The oldest requests that are not at their end."""
    table = table_of("request")
    with engine.connect() as connection:
        chosen = select(table).where(table.c.state.in_(OPEN)).order_by(table.c.number).limit(limit)
        return connection.execute(chosen).mappings().all()


def counts(engine: Engine) -> dict[str, int]:
    """How many requests are in each state, whatever the length of history."""
    table, closed = table_of("request"), table_of("request_closed")
    counted = select(table.c.state, func.count()).where(table.c.state.in_(OPEN)).group_by(table.c.state)
    with engine.connect() as connection:
        found = connection.execute(counted.union_all(select(closed.c.state, closed.c.count))).all()
    return {**dict.fromkeys((*OPEN, *CLOSED), 0), **{row[0]: row[1] for row in found}}


def checked(engine: Engine, numbers: Collection[int]) -> None:
    """The contract has no objection, or could not be asked: the requests stay accepted."""
    table = table_of("request")
    with engine.begin() as connection:
        connection.execute(update(table).where(table.c.number.in_(numbers)).values(checked=True))


def move_all(
    engine: Engine,
    changes: Collection[Change],
    before: Sequence[str],
    state: str,
    *,
    together: bool = False,
) -> set[int]:
    """Each request has gone from one of the states `before` to `state`, with its values; the numbers of those that have.

    One that was in none of them stays as it is; `together`, then all stay. All in one transaction. Where `before` names a
    state that ends requests, it names no other.
    """
    if not changes:
        return set()
    table, events, now = table_of("request"), table_of("request_event"), int(time.time())
    by_number = {each.number: each for each in changes}
    with engine.begin() as connection:
        # Written first, so that SQLite takes the writer's lock at once.
        moved = set(
            connection.execute(
                update(table)
                .where(table.c.number.in_(by_number), table.c.state.in_(before))
                .values(state=state, checked=True, updated_at=now)
                .returning(table.c.number)
            ).scalars()
        )
        if together and len(moved) != len(by_number):
            connection.rollback()
            return set()
        found = [by_number[number] for number in sorted(moved)]
        if found and found[0].values:
            # Set by a statement of its own, because each row has other values.
            columns: dict[str, Any] = {name: bindparam(f"new_{name}") for name in found[0].values}
            connection.execute(
                update(table).where(table.c.number == bindparam("moved")).values(columns),
                [
                    {"moved": each.number, **{f"new_{name}": value for name, value in each.values.items()}}
                    for each in found
                ],
            )
        if found:
            for closed, count in ((state, len(found)), (before[0], -len(found))):
                if closed in CLOSED:
                    _count_closed(connection, closed, count)
            # Nobody appends to their histories meanwhile: the rows are locked by the update above.
            lines = select(events.c.number, func.count()).where(events.c.number.in_(moved))
            line_of = {row[0]: row[1] for row in connection.execute(lines.group_by(events.c.number))}
            told = [(each.number, line_of[each.number], state, now, each.note) for each in found]
            sheet("request_event").insert(connection, told)
    return moved


def _count_closed(connection: Connection, state: str, count: int) -> None:
    table = table_of("request_closed")
    connection.execute(update(table).where(table.c.state == state).values(count=table.c.count + count))


def move(
    engine: Engine, number_: int, before: Sequence[str], state: str, note: str = "", **values: Any
) -> bool:
    """As `move_all` for one request; False when it was in none of the states `before`."""
    return bool(move_all(engine, [Change(number_, note, values)], before, state))


def refusal(number_: int, problem: Problem) -> Change:
    """The change of a request that is refused for good, with the problem."""
    said = msgspec.json.encode({"name": problem.name, "arguments": problem.arguments}).decode()
    return Change(number_, problem.name, {"problem": said})


def problem_from(stored: str) -> Problem:
    """The problem that `refuse` stored."""
    said = msgspec.json.decode(stored)
    return Problem(said["name"], said["arguments"])
