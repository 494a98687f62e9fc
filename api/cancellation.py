"""Cancellations: GET /v1/cancellations, /v1/cancellations/{id}."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from api.deps import AddressFilter, At, CreditText, Number, Paged, PortalDep, Word
from api.kinds import Address, Answer, GramsText, Hash, Id, Time, TokenIdText, TonnesText
from api.listing import Listing, address, credit, detail, equal, listed, shown
from api.reading import Snapshot

State = Literal["proposed", "confirmed", "returned"]


class Cancellation(Answer):
    """Credits taken out for an error, which is no offset. `lock_id` is null for free grams."""

    cancellation_id: Id
    sequence: Id
    state: str = Field(examples=["confirmed"])
    token_id: TokenIdText
    holder: Address
    grams: GramsText
    tonnes: TonnesText
    lock_id: Hash | None
    reason_code: str = Field(examples=["recall"])
    case_hash: Hash
    proposer_id: Id
    decider_id: Id | None
    decided_at: Time | None
    cancelled_sequence: Id | None = Field(description="The act that cancelled the grams.")
    block: Id
    timestamp: Time


class CancellationQuery(Paged):
    """Filters of cancellations."""

    state: State | None = None
    token_id: CreditText | None = None
    holder: AddressFilter | None = None
    reason_code: Word | None = None
    proposer_id: Number | None = None


CANCELLATIONS = Listing(
    "cancellation",
    Cancellation,
    {
        "state": equal("state"),
        "token_id": credit(),
        "holder": address("holder"),
        "reason_code": equal("reason_code"),
        "proposer_id": equal("proposer_id"),
    },
)

router = APIRouter(prefix="/v1", tags=["cancellations"])


@router.get("/cancellations", responses=listed(Cancellation), response_model=None, summary="Cancellations")
async def list_cancellations(
    request: Request, portal: PortalDep, query: Annotated[CancellationQuery, Query()]
) -> Response:
    """Cancellations, newest first."""
    return await CANCELLATIONS.page(portal, request, query)


@router.get(
    "/cancellations/{cancellation_id}",
    responses=shown(Cancellation),
    response_model=None,
    summary="A cancellation",
)
async def get_cancellation(
    request: Request,
    portal: PortalDep,
    cancellation_id: Annotated[Number, Path()],
    _at: Annotated[At, Query()],
) -> Response:
    """One cancellation."""

    def find(snapshot: Snapshot) -> dict[str, Any] | None:
        return CANCELLATIONS.one(snapshot, cancellation_id=cancellation_id)

    return await detail(portal, request, find)
