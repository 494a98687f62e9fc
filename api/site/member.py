"""Member and account pages: who takes part, with which accounts, roles and holdings.

Flow: /{lang}/members, /{lang}/members/{number}, /{lang}/accounts/{address} → node_client.member, role, holding → templates.
"""

from __future__ import annotations

from typing import Any

from eth_utils.address import to_checksum_address
from fastapi import APIRouter, Response
from sqlalchemy import func, select

from api.site import lookup
from api.site.listing import LIMIT, listing
from api.site.page import Here, Number, Page, PageRoute, missing
from node_client import act, holding, lock, member, project, retirement, role, setting
from node_client.database import table_of

router = APIRouter(route_class=PageRoute)


@router.get("/members")
def members(page: Page = Here) -> Response:
    """The list of members."""
    connection = page.connection
    rows = member.page(
        connection,
        after=page.after,
        limit=LIMIT,
        kind=page.choice("kind", member.KINDS),
        standing=page.choice("standing", member.STANDINGS),
    )
    return page.show(
        "members.html",
        listing=listing(page, rows),
        kinds=member.KINDS[1:],
        standings=member.STANDINGS[1:],
        held=_held(page, [row["member_id"] for row in rows]),
        many=lookup.highest(connection, "member", "member_id"),
    )


def _held(page: Page, numbers: list[int]) -> dict[int, int]:
    """Grams on the accounts of each member, free or locked."""
    account, held = table_of("account"), table_of("holding")
    chosen = (
        select(account.c.member_id, func.sum(held.c.free + held.c.locked).label("grams"))
        .join(held, held.c.account == account.c.account)
        .where(account.c.member_id.in_(numbers))
        .group_by(account.c.member_id)
    )
    return {row.member_id: int(row.grams) for row in page.connection.execute(chosen)}


@router.get("/members/{member_id}")
def one(member_id: Number, page: Page = Here) -> Response:
    """One member."""
    connection = page.connection
    found = member.by_id(connection, member_id)
    if found is None:
        raise missing()
    accounts = member.accounts(connection, member_id=member_id)
    return page.show(
        "member.html",
        member=found,
        accounts=accounts,
        roles=_roles(page, [row["account"] for row in accounts]),
        holdings=[
            row
            for account in accounts
            for row in holding.of_account(connection, account["account"], held_only=True, limit=20)
        ],
        totals=lookup.totals(connection, "member", [member_id]).get(str(member_id)),
        held=_held(page, [member_id]).get(member_id, 0),
        operates=setting.all_values(connection)["operator"] == str(member_id),
        projects=project.page(connection, owner_id=member_id, limit=20),
        retirements=retirement.page(connection, member_id=member_id, limit=10),
        purposes=lookup.purposes(connection, page.lang),
        acts=act.page(connection, subject=f"member:{member_id}", limit=20),
    )


def _roles(page: Page, accounts: list[str]) -> dict[str, list[Any]]:
    """The roles that each account holds now."""
    return {each: list(role.holders(page.connection, account=each)) for each in accounts}


@router.get("/accounts/{address}")
def account(address: str, page: Page = Here) -> Response:
    """One account."""
    connection = page.connection
    try:
        checksummed = to_checksum_address(address)
    except ValueError:
        raise missing() from None
    found = member.account(connection, checksummed)
    if found is None:
        raise missing()
    return page.show(
        "account.html",
        account=found,
        member=lookup.members(connection, [found["member_id"]])[found["member_id"]],
        roles=_roles(page, [checksummed])[checksummed],
        holdings=holding.of_account(connection, checksummed, limit=50),
        locks=lock.page(connection, holder=checksummed, open_only=True, limit=20),
        retirements=retirement.page(connection, holder=checksummed, limit=10),
        purposes=lookup.purposes(connection, page.lang),
    )
