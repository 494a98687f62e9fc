"""Supervision: freezes by case, and the pause.

Flow: the events here → the journal (`act` keeps all their fields); accounts, credits and settings fold what changes in them
in their own files.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, select
from sqlalchemy.engine import RowMapping

from node_client import database
from node_client.event import At, Event
from node_client.units import token_hex


class _Supervised(Event, frozen=True):
    """Emitted by Supervision; its fields stand in the journal."""

    contracts = ("Supervision",)
    keeps_args = True


class AccountFrozen(_Supervised, frozen=True):
    """An account was frozen until a time, or its freeze's end moved."""

    account: str
    until: int
    case_number: str

    def subject(self, at: At) -> str:
        """The account."""
        return f"account:{self.account}"


class AccountUnfrozen(_Supervised, frozen=True):
    """An account's freeze was ended by an act."""

    account: str
    case_number: str

    def subject(self, at: At) -> str:
        """The account."""
        return f"account:{self.account}"


class CreditFrozen(_Supervised, frozen=True):
    """A credit was frozen until a time, or its freeze's end moved."""

    token_id: int
    until: int
    case_number: str

    def subject(self, at: At) -> str:
        """The credit."""
        return f"credit:{token_hex(self.token_id)}"


class CreditUnfrozen(_Supervised, frozen=True):
    """A credit's freeze was ended by an act."""

    token_id: int
    case_number: str

    def subject(self, at: At) -> str:
        """The credit."""
        return f"credit:{token_hex(self.token_id)}"


class LedgerPaused(_Supervised, frozen=True):
    """Credits stand still from now on."""

    member_id: int
    reason: str

    def subject(self, at: At) -> str:
        """The ledger."""
        return "ledger"


class UnpauseProposed(_Supervised, frozen=True):
    """A member proposed to end the pause."""

    member_id: int

    def subject(self, at: At) -> str:
        """The ledger."""
        return "ledger"


class LedgerUnpaused(_Supervised, frozen=True):
    """The pause ended, confirmed by a second member."""

    member_id: int

    def subject(self, at: At) -> str:
        """The ledger."""
        return "ledger"


EVENTS: Final = (
    AccountFrozen,
    AccountUnfrozen,
    CreditFrozen,
    CreditUnfrozen,
    LedgerPaused,
    UnpauseProposed,
    LedgerUnpaused,
)


def page(connection: Connection, *, after: int | None = None, limit: int = 50) -> Sequence[RowMapping]:
    """Acts of supervision newest first, below the sequence `after`; their fields are JSON in `args`."""
    return database.page(connection, "act", after=after, limit=limit, filters={"contract": "Supervision"})


def frozen_accounts(connection: Connection, now_seconds: int) -> Sequence[RowMapping]:
    """The accounts frozen at a time (Unix seconds), those frozen longest last."""
    table = database.table_of("account")
    frozen = select(table).where(table.c.frozen_until > now_seconds).order_by(table.c.frozen_until.desc())
    return connection.execute(frozen).mappings().all()


def frozen_credits(connection: Connection, now_seconds: int) -> Sequence[RowMapping]:
    """The credits frozen at a time (Unix seconds), those frozen longest last."""
    table = database.table_of("credit")
    frozen = select(table).where(table.c.frozen_until > now_seconds).order_by(table.c.frozen_until.desc())
    return connection.execute(frozen).mappings().all()
