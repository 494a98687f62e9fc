"""Roles: who may do what. GET /v1/roles (who holds which), /v1/roles/{role_id} (one role with its holders and functions)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field
from sqlalchemy import select

from api.deps import AddressFilter, At, Paged, PortalDep
from api.kinds import Address, Answer, Decimal256, Id, Time, TimeOrNone
from api.listing import Listing, address, detail, equal, listed, rows_of, shown
from api.reading import Snapshot
from node_client.database import table_of

RoleId = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,19})$", examples=["2"])]


class RoleMember(Answer):
    """One account's hold of one role; active from `since`, its acts delayed by `delay` seconds from `delay_since`."""

    role_id: Decimal256
    account: Address
    held: bool
    since: Time
    delay: int = Field(ge=0, description="Seconds.")
    delay_since: TimeOrNone
    block: Id


class RoleFunction(Answer):
    """A function of a contract that needs the role."""

    target: Address
    selector: str = Field(pattern=r"^0x[0-9a-f]{8}$")
    role_id: Decimal256


class Role(Answer):
    """A role."""

    ADDED: ClassVar = ("members", "functions")

    role_id: Decimal256
    label: str = Field(examples=["operator"])
    admin: Decimal256
    guardian: Decimal256
    grant_delay: int = Field(ge=0, description="Seconds.")
    grant_delay_since: TimeOrNone
    members: list[RoleMember]
    functions: list[RoleFunction]


class RoleQuery(Paged):
    """Filters of holders of roles; `held=false` chooses former ones."""

    role_id: RoleId | None = None
    account: AddressFilter | None = None
    held: bool | None = None


ROLE_MEMBERS = Listing(
    "role_member",
    RoleMember,
    {"role_id": equal("role_id"), "account": address("account"), "held": equal("held")},
    order=("role_id", "account"),
    ascending=True,
)
ROLES = Listing("role", Role, {}, order=("role_id",), ascending=True)

router = APIRouter(prefix="/v1", tags=["roles"])


@router.get("/roles", responses=listed(RoleMember), response_model=None, summary="Holders of roles")
async def list_roles(request: Request, portal: PortalDep, query: Annotated[RoleQuery, Query()]) -> Response:
    """Who holds which role, by role and account; former holders too unless `held=true`."""
    return await ROLE_MEMBERS.page(portal, request, query)


@router.get("/roles/{role_id}", responses=shown(Role), response_model=None, summary="A role")
async def get_role(
    request: Request, portal: PortalDep, role_id: Annotated[RoleId, Path()], _at: Annotated[At, Query()]
) -> Response:
    """One role with its holders, and the functions that need it."""

    def find(snapshot: Snapshot) -> dict[str, Any] | None:
        found = ROLES.one(snapshot, role_id=role_id)
        if found is None:
            return None
        holders, functions = table_of("role_member"), table_of("role_function")
        held = select(holders).where(holders.c.role_id == role_id).order_by(holders.c.account)
        needing = select(functions).where(functions.c.role_id == role_id)
        return {
            **found,
            "members": rows_of(snapshot, RoleMember, held),
            "functions": rows_of(
                snapshot, RoleFunction, needing.order_by(functions.c.target, functions.c.selector)
            ),
        }

    return await detail(portal, request, find)
