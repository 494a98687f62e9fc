"""Roles: who may call what, as the AccessManager says.

Flow: every event of Roles, and AuthorityUpdated of the other contracts → `fold` → journal `role_act` (they do not count in
the ledger's sequence) and tables `role`, `role_member`, `role_function` → queries. Numbers of roles have 64 bits and stand
as decimal text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Index, select, tuple_
from sqlalchemy.engine import RowMapping
from sqlmodel import SQLModel

from node_client import database
from node_client.act import args_json
from node_client.batch import Batch
from node_client.database import address, flag, hash_text, number, text, word
from node_client.event import At, Event, EventType
from node_client.role.event import (
    EVENTS,
    RoleAdminChanged,
    RoleEvent,
    RoleGrantDelayChanged,
    RoleGranted,
    RoleGuardianChanged,
    RoleLabel,
    RoleRevoked,
    TargetFunctionRoleUpdated,
)


class RoleActRow(SQLModel, table=True):
    """One event about roles; `args` are its fields as JSON."""

    __tablename__ = "role_act"
    __table_args__ = (
        Index("ix_role_act_account", "account"),
        {"sqlite_with_rowid": False},
    )

    block: int = number(primary_key=True)
    log_index: int = number(primary_key=True)
    tx_hash: str = hash_text()
    timestamp: int = number()
    contract: str = word()
    event: str = word()
    role_id: str | None = word(default=None)
    account: str | None = address(default=None)
    args: str = text()


class RoleRow(SQLModel, table=True):
    """One role that was ever named or arranged; `grant_delay` is seconds, in force from `grant_delay_since` (Unix seconds)."""

    __tablename__ = "role"

    role_id: str = word(primary_key=True)
    label: str = text(default="")
    admin: str = word(default="0")
    guardian: str = word(default="0")
    grant_delay: int = number(default=0)
    grant_delay_since: int = number(default=0)


class RoleMemberRow(SQLModel, table=True):
    """One account's hold of one role: `held` now or no longer, active from `since`; `delay` seconds from `delay_since`."""

    __tablename__ = "role_member"
    __table_args__ = (Index("ix_role_member_account", "account"),)

    role_id: str = word(primary_key=True)
    account: str = address(primary_key=True)
    held: bool = flag(default=False)
    since: int = number(default=0)
    delay: int = number(default=0)
    delay_since: int = number(default=0)
    block: int = number(default=0)


class RoleFunctionRow(SQLModel, table=True):
    """The role that one function of one contract needs."""

    __tablename__ = "role_function"

    target: str = address(primary_key=True)
    selector: str = word(primary_key=True)
    role_id: str = word(default="0")


FOLDS: Final[tuple[type[RoleEvent], ...]] = EVENTS
TABLES: Final = (RoleActRow, RoleRow, RoleMemberRow, RoleFunctionRow)


def journal(event: Event, kind: EventType, at: At, batch: Batch) -> None:
    """The event is in the roles' journal."""
    role_id: Any = getattr(event, "role_id", None)
    batch.insert(
        "role_act",
        block=at.block,
        log_index=at.log_index,
        tx_hash=at.tx_hash,
        timestamp=at.timestamp,
        contract=at.contract,
        event=kind.name,
        role_id=None if role_id is None else str(role_id),
        account=getattr(event, "account", None),
        args=args_json(event, kind),
    )


def fold(event: Event, at: At, batch: Batch) -> None:
    """Roles and their holders are as the event says."""
    match event:
        case RoleGranted():
            _grant(event, at, batch)
        case RoleRevoked():
            batch.known("role_member", str(event.role_id), event.account)["held"] = False
        case RoleLabel():
            batch.row("role", str(event.role_id))["label"] = str(event.label)
        case RoleAdminChanged():
            batch.row("role", str(event.role_id))["admin"] = str(event.admin)
        case RoleGuardianChanged():
            batch.row("role", str(event.role_id))["guardian"] = str(event.guardian)
        case RoleGrantDelayChanged():
            arranged = batch.row("role", str(event.role_id))
            arranged.update(grant_delay=event.delay, grant_delay_since=event.since)
        case TargetFunctionRoleUpdated():
            batch.row("role_function", event.target, event.selector)["role_id"] = str(event.role_id)
        case _:
            pass


def _grant(event: RoleGranted, at: At, batch: Batch) -> None:
    batch.row("role", str(event.role_id))
    holder = batch.row("role_member", str(event.role_id), event.account)
    if event.new_member:
        holder.update(held=True, since=event.since, delay=event.delay, delay_since=0, block=at.block)
    else:
        holder.update(delay=event.delay, delay_since=event.since)


def all_roles(connection: Connection) -> Sequence[RowMapping]:
    """Every role that was named or arranged, by number as text."""
    table = database.table_of("role")
    return connection.execute(select(table).order_by(table.c.role_id)).mappings().all()


def holders(
    connection: Connection,
    *,
    role_id: str | None = None,
    account: str | None = None,
    held: bool | None = True,
) -> Sequence[RowMapping]:
    """Who holds which role; `held` None gives former holders too."""
    table = database.table_of("role_member")
    filters = {"role_id": role_id, "account": account, "held": held}
    chosen = select(table).where(
        *(table.c[name] == value for name, value in filters.items() if value is not None)
    )
    return connection.execute(chosen.order_by(table.c.role_id, table.c.account)).mappings().all()


def functions(connection: Connection, *, target: str | None = None) -> Sequence[RowMapping]:
    """Which role each restricted function needs."""
    table = database.table_of("role_function")
    chosen = select(table).order_by(table.c.target, table.c.selector)
    if target is not None:
        chosen = chosen.where(table.c.target == target)
    return connection.execute(chosen).mappings().all()


def acts(
    connection: Connection, *, after: tuple[int, int] | None = None, limit: int = 50
) -> Sequence[RowMapping]:
    """Events about roles newest first, below (block, log index) `after`."""
    table = database.table_of("role_act")
    chosen = select(table).order_by(table.c.block.desc(), table.c.log_index.desc())
    if after is not None:
        chosen = chosen.where(tuple_(table.c.block, table.c.log_index) < after)
    return connection.execute(chosen.limit(min(limit, database.HIGHEST_LIMIT))).mappings().all()
