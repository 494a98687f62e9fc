"""Issuances: GET /v1/issuances, /v1/issuances/{id} with the objections to it."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field
from sqlalchemy import select

from api.deps import AddressFilter, At, CreditText, Number, Paged, PortalDep
from api.kinds import Address, Answer, Count, GramsText, Id, Time, TokenIdText, TonnesText
from api.listing import Listing, address, credit, detail, equal, listed, rows_of, shown
from api.reading import Snapshot
from node_client.database import table_of

State = Literal["proposed", "confirmed", "returned"]


class Issuance(Answer):
    """An issuance and its public notice."""

    issuance_id: Id
    sequence: Id
    state: str = Field(examples=["confirmed"])
    report_id: Id
    project_id: Id
    token_id: TokenIdText
    proposer_id: Id
    holder: Address
    grams: GramsText
    tonnes: TonnesText
    vintage: int = Field(ge=0, le=65_535, examples=[2026])
    notice_ends_at: Time
    origin: str
    open_objections: Count
    decider_id: Id | None
    decided_at: Time | None
    reason: str | None
    block: Id
    timestamp: Time


class Objection(Answer):
    """An objection to an issuance."""

    objection_id: Id
    sequence: Id
    issuance_id: Id
    member_id: Id
    reason: str
    answer: str | None
    answered_at: Time | None
    block: Id
    timestamp: Time


class IssuanceDetail(Issuance):
    """An issuance with its objections."""

    ADDED: ClassVar = ("objections",)

    objections: list[Objection]


class IssuanceQuery(Paged):
    """Filters of issuances."""

    state: State | None = None
    report_id: Number | None = None
    project_id: Number | None = None
    token_id: CreditText | None = None
    holder: AddressFilter | None = None
    proposer_id: Number | None = None
    vintage: Number | None = None


ISSUANCES = Listing(
    "issuance",
    Issuance,
    {
        "state": equal("state"),
        "report_id": equal("report_id"),
        "project_id": equal("project_id"),
        "token_id": credit(),
        "holder": address("holder"),
        "proposer_id": equal("proposer_id"),
        "vintage": equal("vintage"),
    },
)

router = APIRouter(prefix="/v1", tags=["issuances"])


@router.get("/issuances", responses=listed(Issuance), response_model=None, summary="Issuances")
async def list_issuances(
    request: Request, portal: PortalDep, query: Annotated[IssuanceQuery, Query()]
) -> Response:
    """Issuances, newest first."""
    return await ISSUANCES.page(portal, request, query)


@router.get(
    "/issuances/{issuance_id}", responses=shown(IssuanceDetail), response_model=None, summary="An issuance"
)
async def get_issuance(
    request: Request, portal: PortalDep, issuance_id: Annotated[Number, Path()], _at: Annotated[At, Query()]
) -> Response:
    """One issuance with the objections to it, in their order."""

    def find(snapshot: Snapshot) -> dict[str, Any] | None:
        found = ISSUANCES.one(snapshot, issuance_id=issuance_id)
        if found is None:
            return None
        table = table_of("objection")
        objections = select(table).where(table.c.issuance_id == issuance_id).order_by(table.c.sequence)
        return {**found, "objections": rows_of(snapshot, Objection, objections)}

    return await detail(portal, request, find)
