"""Locks: GET /v1/locks, /v1/locks/{id}."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api.deps import AddressFilter, At, CreditText, HashFilter, Paged, PortalDep
from api.kinds import Address, Answer, GramsText, Hash, Id, Time, TokenIdText, TonnesText
from api.listing import Listing, address, credit, detail, listed, shown


class Lock(Answer):
    """Grams bound to a case or an offer; `grams` are those still bound, `locked_grams` those bound at first."""

    lock_id: Hash
    sequence: Id
    holder: Address
    token_id: TokenIdText
    grams: GramsText
    tonnes: TonnesText
    locked_grams: GramsText
    locked_tonnes: TonnesText
    keeper: Address
    expires_at: Time
    case_reference: str
    block: Id
    timestamp: Time


class LockQuery(Paged):
    """Filters of locks; `open` chooses those that still bind grams, or those that do not."""

    holder: AddressFilter | None = None
    keeper: AddressFilter | None = None
    token_id: CreditText | None = None
    open: bool | None = None


LOCKS = Listing(
    "lock",
    Lock,
    {
        "holder": address("holder"),
        "keeper": address("keeper"),
        "token_id": credit(),
        "open": lambda table, value: (table.c.grams > 0) == value,
    },
)

router = APIRouter(prefix="/v1", tags=["locks"])


@router.get("/locks", responses=listed(Lock), response_model=None, summary="Locks")
async def list_locks(request: Request, portal: PortalDep, query: Annotated[LockQuery, Query()]) -> Response:
    """Locks, newest first."""
    return await LOCKS.page(portal, request, query)


@router.get("/locks/{lock_id}", responses=shown(Lock), response_model=None, summary="A lock")
async def get_lock(
    request: Request, portal: PortalDep, lock_id: Annotated[HashFilter, Path()], _at: Annotated[At, Query()]
) -> Response:
    """One lock."""
    return await detail(portal, request, lambda snapshot: LOCKS.one(snapshot, lock_id=lock_id.lower()))
