"""Holdings: what each account has of each credit, free, locked and retired.

Flow: CreditIssued, transfers, locks, CreditsRetired, CreditsCancelled → `fold` → table `holding` → queries. No gram is ever
below zero here; an event that would make it so stops the mirror.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Index, select
from sqlalchemy.engine import RowMapping
from sqlmodel import SQLModel

from node_client import database
from node_client.batch import Batch
from node_client.cancellation import NO_LOCK, CreditsCancelled
from node_client.credit import CreditIssued
from node_client.database import address, hash_text, number
from node_client.errors import MirrorInconsistent
from node_client.event import At, Event
from node_client.lock import CreditsLocked, LockDelivered, LockReleased, LockRetired
from node_client.retirement import CreditsRetired
from node_client.transfer import NOBODY, TransferBatch, TransferSingle
from node_client.units import token_hex


class HoldingRow(SQLModel, table=True):
    """What one account has of one credit, in grams."""

    __tablename__ = "holding"
    __table_args__ = (Index("ix_holding_token_id", "token_id", "account"), {"sqlite_with_rowid": False})

    account: str = address(primary_key=True)
    token_id: str = hash_text(primary_key=True)
    free: int = number(default=0)
    locked: int = number(default=0)
    retired: int = number(default=0)


EVENTS: Final[tuple[type[Event], ...]] = ()
FOLDS: Final = (
    CreditIssued,
    TransferSingle,
    TransferBatch,
    CreditsLocked,
    LockReleased,
    LockDelivered,
    LockRetired,
    CreditsRetired,
    CreditsCancelled,
)
TABLES: Final = (HoldingRow,)


def fold(event: Event, at: At, batch: Batch) -> None:
    """The holdings are as the event leaves them."""
    match event:
        case TransferSingle() | TransferBatch() if NOBODY not in (event.from_, event.to):
            for token_id, grams in event.lines:
                # Moving nothing makes no holding: the token id may not even exist.
                if grams:
                    _move(batch, at, event.from_, event.to, token_hex(token_id), grams)
        case CreditsRetired():
            for line in event.record.lines:
                _shift(
                    batch, at, event.holder, token_hex(line.token_id), free=-line.grams, retired=line.grams
                )
        case CreditIssued():
            _receive(batch, event.holder, token_hex(event.token_id), event.grams)
        case CreditsLocked():
            _shift(batch, at, event.holder, token_hex(event.token_id), free=-event.grams, locked=event.grams)
        case LockReleased() | LockDelivered() | LockRetired():
            bound = batch.read("lock", event.lock_id)
            _shift(batch, at, bound["holder"], bound["token_id"], free=event.grams, locked=-event.grams)
        case CreditsCancelled():
            _cancel(event, at, batch)
        case _:
            pass


def _cancel(event: CreditsCancelled, at: At, batch: Batch) -> None:
    token_id = token_hex(event.token_id)
    if event.lock_id == NO_LOCK:
        _shift(batch, at, event.holder, token_id, free=-event.grams)
    else:
        _shift(batch, at, event.holder, token_id, locked=-event.grams)


def _move(batch: Batch, at: At, sender: str, receiver: str, token_id: str, grams: int) -> None:
    # As two shifts, in half the time: most of what happens is this.
    held = batch.row("holding", sender, token_id)
    held["free"] -= grams
    if held["free"] < 0:
        raise _overdrawn(at, held)
    _receive(batch, receiver, token_id, grams)


def _receive(batch: Batch, account: str, token_id: str, grams: int) -> None:
    held = batch.row("holding", account, token_id)
    if not held["free"]:
        # Perhaps a new row; what it names must be there.
        batch.read("account", account)
        batch.read("credit", token_id)
    held["free"] += grams


def _shift(
    batch: Batch, at: At, account: str, token_id: str, *, free: int = 0, locked: int = 0, retired: int = 0
) -> None:
    held = batch.row("holding", account, token_id)
    held["free"] += free
    held["locked"] += locked
    held["retired"] += retired
    if held["free"] < 0 or held["locked"] < 0:
        raise _overdrawn(at, held)


def _overdrawn(at: At, held: Mapping[str, Any]) -> MirrorInconsistent:
    return MirrorInconsistent(
        f"act {at.sequence} in block {at.block} takes more of credit {held['token_id']} from {held['account']} than it has",
        remedy="the node's answer or the database is damaged: run `tanhui audit`",
    )


def touched(event: Event) -> Iterable[tuple[str, tuple[Any, ...]]]:
    """Tables and keys that the event will need, so that they can be fetched together."""
    match event:
        case TransferSingle() | TransferBatch() if NOBODY not in (event.from_, event.to):
            for token_id in {token_id for token_id, _ in event.lines}:
                yield "holding", (event.from_, token_hex(token_id))
                yield "holding", (event.to, token_hex(token_id))
        case CreditsRetired():
            for line in event.record.lines:
                yield "holding", (event.holder, token_hex(line.token_id))
                yield "credit", (token_hex(line.token_id),)
        case CreditsLocked():
            yield "holding", (event.holder, token_hex(event.token_id))
        case LockReleased() | LockDelivered() | LockRetired():
            yield "lock", (event.lock_id,)
        case _:
            pass


def by_id(connection: Connection, account: str, token_id: str) -> RowMapping | None:
    """What an account has of a credit, or None when it never had any."""
    table = database.table_of("holding")
    return database.one(connection, "holding", table.c.account == account, table.c.token_id == token_id)


def of_account(
    connection: Connection,
    account: str,
    *,
    after: str | None = None,
    limit: int = 50,
    held_only: bool = False,
) -> Sequence[RowMapping]:
    """An account's holdings by token id, above the token id `after`; with `held_only` those with free or locked grams."""
    table = database.table_of("holding")
    chosen = select(table).where(table.c.account == account)
    if after is not None:
        chosen = chosen.where(table.c.token_id > after)
    if held_only:
        chosen = chosen.where(table.c.free + table.c.locked > 0)
    ordered = chosen.order_by(table.c.token_id).limit(min(limit, database.HIGHEST_LIMIT))
    return connection.execute(ordered).mappings().all()


def of_credit(
    connection: Connection,
    token_id: str,
    *,
    after: str | None = None,
    limit: int = 50,
    held_only: bool = False,
) -> Sequence[RowMapping]:
    """A credit's holdings by account, above the account `after`; with `held_only` those with free or locked grams."""
    table = database.table_of("holding")
    chosen = select(table).where(table.c.token_id == token_id)
    if after is not None:
        chosen = chosen.where(table.c.account > after)
    if held_only:
        chosen = chosen.where(table.c.free + table.c.locked > 0)
    ordered = chosen.order_by(table.c.account).limit(min(limit, database.HIGHEST_LIMIT))
    return connection.execute(ordered).mappings().all()
