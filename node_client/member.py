"""Members and their accounts.

Flow: MemberRegistered, MemberStandingChanged, AccountOpened, OperatorAppointed, and supervision's freezes of accounts
→ `fold` → tables `member` and `account` → queries.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, Index, select
from sqlalchemy.engine import RowMapping
from sqlmodel import SQLModel

from node_client import database
from node_client.batch import Batch
from node_client.database import address, hash_text, number, text, word
from node_client.event import At, Event, bounded
from node_client.supervision import AccountFrozen, AccountUnfrozen

# As numbered in IMembers.sol.
KINDS: Final = (
    "none",
    "authority",
    "operator",
    "verifier",
    "expert",
    "project_owner",
    "buyer",
    "broker",
    "fund",
)
STANDINGS: Final = ("none", "active", "suspended", "closed")


class MemberRegistered(Event, frozen=True):
    """A member was registered, in standing active."""

    member_id: int
    kind: int
    registration_hash: str
    name: str

    def subject(self, at: At) -> str:
        """The member."""
        return f"member:{self.member_id}"


class MemberStandingChanged(Event, frozen=True):
    """A member's standing changed."""

    keeps_args = True
    member_id: int
    standing: int
    reason: str

    def subject(self, at: At) -> str:
        """The member."""
        return f"member:{self.member_id}"


class AccountOpened(Event, frozen=True):
    """An account was opened for a member."""

    account: str
    member_id: int

    def subject(self, at: At) -> str:
        """The account."""
        return f"account:{self.account}"


class OperatorAppointed(Event, frozen=True):
    """A member became the operator."""

    keeps_args = True
    member_id: int

    def subject(self, at: At) -> str:
        """The member."""
        return f"member:{self.member_id}"


class MemberRow(SQLModel, table=True):
    """One organisation; `kind` and `standing` are words, `sequence` the act that registered it."""

    __tablename__ = "member"

    member_id: int = number(primary_key=True)
    sequence: int = number(unique=True)
    kind: str = word()
    standing: str = word()
    registration_hash: str = hash_text(unique=True)
    name: str = text()
    accounts: int = number(default=0)
    block: int = number()
    timestamp: int = number()


class AccountRow(SQLModel, table=True):
    """One account of a member. `frozen_until` is Unix seconds, 0 when not frozen; in the past when a freeze has ended by time."""

    __tablename__ = "account"
    __table_args__ = (Index("ix_account_member_id", "member_id"),)

    account: str = address(primary_key=True)
    sequence: int = number(unique=True)
    member_id: int = number(foreign_key="member.member_id")
    frozen_until: int = number(default=0)
    frozen_case: str | None = text(default=None)
    block: int = number()
    timestamp: int = number()


EVENTS: Final = (MemberRegistered, MemberStandingChanged, AccountOpened, OperatorAppointed)
FOLDS: Final = (*EVENTS, AccountFrozen, AccountUnfrozen)
TABLES: Final = (MemberRow, AccountRow)


def fold(event: Event, at: At, batch: Batch) -> None:
    """The member's and account's rows say what the event says."""
    match event:
        case MemberRegistered():
            batch.row("member", event.member_id).update(
                sequence=at.sequence,
                kind=KINDS[event.kind],
                standing="active",
                registration_hash=event.registration_hash,
                name=str(event.name),
                block=at.block,
                timestamp=at.timestamp,
            )
        case MemberStandingChanged():
            batch.known("member", event.member_id)["standing"] = STANDINGS[event.standing]
        case AccountOpened():
            batch.known("member", event.member_id)["accounts"] += 1
            batch.row("account", event.account).update(
                sequence=at.sequence, member_id=event.member_id, block=at.block, timestamp=at.timestamp
            )
        case AccountFrozen():
            frozen = batch.known("account", event.account)
            frozen.update(frozen_until=bounded(event.until), frozen_case=str(event.case_number))
        case AccountUnfrozen():
            batch.known("account", event.account).update(frozen_until=0, frozen_case=None)
        case _:
            pass


def by_id(connection: Connection, member_id: int) -> RowMapping | None:
    """The member of a number, or None."""
    return database.one(connection, "member", database.table_of("member").c.member_id == member_id)


def by_account(connection: Connection, account: str) -> RowMapping | None:
    """The member an account (checksummed) belongs to, or None."""
    member, account_table = database.table_of("member"), database.table_of("account")
    joined = select(member).join(account_table, account_table.c.member_id == member.c.member_id)
    return connection.execute(joined.where(account_table.c.account == account)).mappings().first()


def page(
    connection: Connection,
    *,
    after: int | None = None,
    limit: int = 50,
    kind: str | None = None,
    standing: str | None = None,
) -> Sequence[RowMapping]:
    """Members newest first, below the sequence `after`."""
    return database.page(
        connection, "member", after=after, limit=limit, filters={"kind": kind, "standing": standing}
    )


def account(connection: Connection, account: str) -> RowMapping | None:
    """The account of an address (checksummed), or None."""
    return database.one(connection, "account", database.table_of("account").c.account == account)


def accounts(
    connection: Connection, *, member_id: int | None = None, after: int | None = None, limit: int = 50
) -> Sequence[RowMapping]:
    """Accounts newest first, below the sequence `after`; of one member when given."""
    return database.page(connection, "account", after=after, limit=limit, filters={"member_id": member_id})
