"""Acts about members, their accounts and their roles."""

from __future__ import annotations

from enum import IntEnum

from node_client.acts._event import created_number
from node_client.chain import Receipt
from node_client.deployment import Role
from node_client.ledger import Ledger
from node_client.signer import Signer


class MemberKind(IntEnum):
    """Kinds of members, as in IMembers.MemberKind."""

    AUTHORITY = 1
    OPERATOR = 2
    VERIFIER = 3
    EXPERT = 4
    PROJECT_OWNER = 5
    BUYER = 6
    BROKER = 7
    FUND = 8


class Standing(IntEnum):
    """Standings of members, as in IMembers.Standing."""

    ACTIVE = 1
    SUSPENDED = 2
    CLOSED = 3


def register_member(
    ledger: Ledger, signer: Signer, *, kind: MemberKind, registration_hash: bytes, name: str
) -> int:
    """The organisation is a member, active; its number. By the authority."""
    receipt = ledger.act(signer, "Credits", "registerMember", int(kind), registration_hash, name)
    return created_number(ledger, receipt, "Credits", "MemberRegistered")


def change_standing(
    ledger: Ledger, signer: Signer, *, member_id: int, standing: Standing, reason: str
) -> Receipt:
    """The member has the standing from now on. By the authority."""
    return ledger.act(signer, "Credits", "changeStanding", member_id, int(standing), reason)


def open_account(ledger: Ledger, signer: Signer, *, account: str, member_id: int) -> Receipt:
    """The account belongs to the member, for ever. By the authority."""
    return ledger.act(signer, "Credits", "openAccount", account, member_id)


def appoint_operator(ledger: Ledger, signer: Signer, *, member_id: int) -> Receipt:
    """The member operates the scheme; the former operator's accounts have stopped. By the authority."""
    return ledger.act(signer, "Credits", "appointOperator", member_id)


def grant_role(
    ledger: Ledger, signer: Signer, *, role: Role, account: str, delay_seconds: int = 0
) -> Receipt:
    """The account has the role; with a delay, its acts must be scheduled that long ahead. By the administrator."""
    return ledger.act(signer, "Roles", "grantRole", int(role), account, delay_seconds)


def revoke_role(ledger: Ledger, signer: Signer, *, role: Role, account: str) -> Receipt:
    """The account does not have the role. By the administrator."""
    return ledger.act(signer, "Roles", "revokeRole", int(role), account)
