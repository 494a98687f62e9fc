"""Members and their accounts: GET /v1/members, /v1/members/{id}, /v1/accounts, /v1/accounts/{address}."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from eth_utils.address import to_checksum_address
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from api.deps import AddressFilter, At, Number, Paged, PortalDep, Search
from api.kinds import Address, Answer, Count, Hash, Id, Time, TimeOrNone
from api.listing import Listing, contains, detail, equal, listed, shown
from api.reading import Snapshot

Kind = Literal["authority", "operator", "verifier", "expert", "project_owner", "buyer", "broker", "fund"]
Standing = Literal["active", "suspended", "closed"]


class Member(Answer):
    """An organisation."""

    member_id: Id
    sequence: Id
    kind: str = Field(examples=["buyer"])
    standing: str = Field(examples=["active"])
    registration_hash: Hash
    name: str = Field(examples=["冰城会展有限公司"])
    accounts: Count
    block: Id
    timestamp: Time


class Account(Answer):
    """An account of a member. `frozen_until` is null when it was never frozen or was set free by an act."""

    account: Address
    sequence: Id
    member_id: Id
    frozen_until: TimeOrNone
    frozen_case: str | None
    block: Id
    timestamp: Time


class MemberQuery(Paged):
    """Filters of members."""

    kind: Kind | None = None
    standing: Standing | None = None
    q: Search | None = None


class AccountQuery(Paged):
    """Filters of accounts."""

    member_id: Number | None = None


MEMBERS = Listing(
    "member", Member, {"kind": equal("kind"), "standing": equal("standing"), "q": contains("name")}
)
ACCOUNTS = Listing("account", Account, {"member_id": equal("member_id")})

router = APIRouter(prefix="/v1", tags=["members"])


@router.get("/members", responses=listed(Member), response_model=None, summary="Members")
async def list_members(
    request: Request, portal: PortalDep, query: Annotated[MemberQuery, Query()]
) -> Response:
    """Members, newest first."""
    return await MEMBERS.page(portal, request, query)


@router.get("/members/{member_id}", responses=shown(Member), response_model=None, summary="A member")
async def get_member(
    request: Request, portal: PortalDep, member_id: Annotated[Number, Path()], _at: Annotated[At, Query()]
) -> Response:
    """One member."""
    return await detail(portal, request, lambda snapshot: MEMBERS.one(snapshot, member_id=member_id))


@router.get("/accounts", responses=listed(Account), response_model=None, summary="Accounts")
async def list_accounts(
    request: Request, portal: PortalDep, query: Annotated[AccountQuery, Query()]
) -> Response:
    """Accounts, newest first."""
    return await ACCOUNTS.page(portal, request, query)


@router.get("/accounts/{account}", responses=shown(Account), response_model=None, summary="An account")
async def get_account(
    request: Request,
    portal: PortalDep,
    account: Annotated[AddressFilter, Path()],
    _at: Annotated[At, Query()],
) -> Response:
    """One account."""

    def find(snapshot: Snapshot) -> dict[str, Any] | None:
        return ACCOUNTS.one(snapshot, account=to_checksum_address(account))

    return await detail(portal, request, find)
