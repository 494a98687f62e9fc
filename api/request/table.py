"""Requests: what holders' systems asked for, and what became of each. The tables survive a rebuild of the mirror.

States: accepted → prepared (signed bytes stored) → broadcast → mined → final | refused | expired.

`request` has one row per (API key, Idempotency-Key), inserted before anything else is done; every change of its state is a
compare-and-set together with an appended row of `request_event`, in one transaction, so that a change happens once whoever
tries it. api/outbox.py moves requests along; api/retirement.py accepts them.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, Index, UniqueConstraint, func, insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, SQLModel

from api.problems import Problem
from node_client import database
from node_client.database import BIGINT, address, blob, flag, hash_text, table_of, text, word

OPEN: Final = ("accepted", "prepared", "broadcast", "mined")
CLOSED: Final = ("final", "refused", "expired")


class RequestRow(SQLModel, table=True):
    """One request. `record` is the record to be retired as JSON, `raw` the signed transaction, `problem` JSON of a refusal.

    `checked` says that the contract was asked once, or could not be; until then the answer to the caller is open.
    """

    __tablename__ = "request"
    __table_args__ = (
        UniqueConstraint("key_id", "idempotency_key", name="uq_request_key_id_idempotency_key"),
        Index("ix_request_state", "state", "number"),
        Index("ix_request_key_id", "key_id", "number"),
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
    raw: bytes | None = blob(default=None)
    tx_hash: str | None = hash_text(default=None)
    block: int | None = database.number(default=None)
    problem: str | None = text(default=None)
    created_at: int = database.number()
    updated_at: int = database.number()


class RequestEventRow(SQLModel, table=True):
    """One change of a request's state; `line` counts from 0, `at` is Unix seconds."""

    __tablename__ = "request_event"

    number: int = database.number(primary_key=True, foreign_key="request.number")
    line: int = database.number(primary_key=True)
    state: str = word()
    at: int = database.number()
    note: str = text()


def new_id() -> str:
    """A new random id of a request."""
    return "0x" + secrets.token_hex(32)


def retirement_id_of(request_id: str) -> bytes:
    """The retirement's number that a request's id leads to, known before anything is signed."""
    return hashlib.sha256(b"tanhui retirement\x00" + bytes.fromhex(request_id[2:])).digest()


def add(engine: Engine, **values: Any) -> bool:
    """The request is stored as accepted; False when its caller used this Idempotency-Key before."""
    now = int(time.time())
    try:
        with engine.begin() as connection:
            added = connection.execute(
                insert(table_of("request")).values(
                    **values, state="accepted", checked=False, created_at=now, updated_at=now
                )
            )
            assert added.inserted_primary_key is not None  # noqa: S101 - the table has one
            _append(connection, added.inserted_primary_key[0], "accepted", "")
    except IntegrityError:
        return False
    return True


def by_idempotency_key(connection: Connection, key_id: str, idempotency_key: str) -> RowMapping | None:
    """The request that an API key made under an Idempotency-Key, or None."""
    table = table_of("request")
    wanted = select(table).where(table.c.key_id == key_id, table.c.idempotency_key == idempotency_key)
    return connection.execute(wanted).mappings().first()


def by_id(connection: Connection, key_id: str, request_id: str) -> RowMapping | None:
    """A request of an API key, or None."""
    table = table_of("request")
    wanted = select(table).where(table.c.request_id == request_id, table.c.key_id == key_id)
    return connection.execute(wanted).mappings().first()


def page(
    connection: Connection, key_id: str, *, state: str | None, after: int | None, limit: int
) -> Sequence[RowMapping]:
    """An API key's requests, newest first, below the number `after`."""
    table = table_of("request")
    chosen = select(table).where(table.c.key_id == key_id)
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
    """How many requests are in each state."""
    table = table_of("request")
    with engine.connect() as connection:
        grouped = select(table.c.state, func.count()).group_by(table.c.state)
        return {
            **dict.fromkeys((*OPEN, *CLOSED), 0),
            **{row[0]: row[1] for row in connection.execute(grouped)},
        }


def checked(engine: Engine, request_id: str) -> None:
    """The contract has no objection, or could not be asked: the request stays accepted."""
    table = table_of("request")
    with engine.begin() as connection:
        connection.execute(update(table).where(table.c.request_id == request_id).values(checked=True))


def move(
    engine: Engine, request_id: str, before: Sequence[str], state: str, note: str = "", **values: Any
) -> bool:
    """The request has gone from one of the states `before` to `state`, with these values; False when it was in none of them."""
    table = table_of("request")
    with engine.begin() as connection:
        # Written first, so that SQLite takes the writer's lock at once.
        changed = connection.execute(
            update(table)
            .where(table.c.request_id == request_id, table.c.state.in_(before))
            .values(state=state, checked=True, updated_at=int(time.time()), **values)
        )
        if changed.rowcount != 1:
            return False
        found = connection.execute(
            select(table.c.number).where(table.c.request_id == request_id)
        ).scalar_one()
        _append(connection, found, state, note)
    return True


def refuse(engine: Engine, request_id: str, before: Sequence[str], problem: Problem) -> bool:
    """The request is refused for good, with the problem."""
    said = msgspec.json.encode({"name": problem.name, "arguments": problem.arguments}).decode()
    return move(engine, request_id, before, "refused", problem.name, problem=said)


def problem_from(stored: str) -> Problem:
    """The problem that `refuse` stored."""
    said = msgspec.json.decode(stored)
    return Problem(said["name"], said["arguments"])


def _append(connection: Connection, number_: int, state: str, note: str) -> None:
    table = table_of("request_event")
    line = connection.execute(select(func.count()).where(table.c.number == number_)).scalar_one()
    connection.execute(
        insert(table).values(number=number_, line=line, state=state, at=int(time.time()), note=note)
    )
