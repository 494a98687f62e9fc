"""Methodologies: GET /v1/methodologies, /v1/methodologies/{id} with the experts' opinions."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field
from sqlalchemy import select

from api.deps import At, Number, Paged, PortalDep, Search
from api.kinds import Address, Answer, Count, Hash, Id, Time
from api.listing import Listing, contains, detail, equal, listed, rows_of, shown
from api.reading import Snapshot
from node_client.database import table_of

State = Literal["submitted", "appraisal", "filed", "rejected", "suspended", "withdrawn"]


class Methodology(Answer):
    """A way of reckoning reductions."""

    methodology_id: Id
    sequence: Id
    state: str = Field(examples=["filed"])
    submitter_id: Id
    document_hash: Hash
    code: str = Field(examples=["HRB-01"])
    version: str = Field(examples=["1.0"])
    sector: str
    unit: str
    opinions: Count
    score_sum: Count
    block: Id
    timestamp: Time


class Appraisal(Answer):
    """One expert's opinion."""

    sequence: Id
    methodology_id: Id
    expert: Address
    score: int = Field(ge=0, le=100)
    opinion_hash: Hash
    block: Id
    timestamp: Time


class MethodologyDetail(Methodology):
    """A methodology with its opinions."""

    ADDED: ClassVar = ("appraisals",)

    appraisals: list[Appraisal]


class MethodologyQuery(Paged):
    """Filters of methodologies."""

    state: State | None = None
    submitter_id: Number | None = None
    q: Search | None = None


METHODOLOGIES = Listing(
    "methodology",
    Methodology,
    {
        "state": equal("state"),
        "submitter_id": equal("submitter_id"),
        "q": contains("code", "sector"),
    },
)

router = APIRouter(prefix="/v1", tags=["methodologies"])


@router.get("/methodologies", responses=listed(Methodology), response_model=None, summary="Methodologies")
async def list_methodologies(
    request: Request, portal: PortalDep, query: Annotated[MethodologyQuery, Query()]
) -> Response:
    """Methodologies, newest first."""
    return await METHODOLOGIES.page(portal, request, query)


@router.get(
    "/methodologies/{methodology_id}",
    responses=shown(MethodologyDetail),
    response_model=None,
    summary="A methodology",
)
async def get_methodology(
    request: Request,
    portal: PortalDep,
    methodology_id: Annotated[Number, Path()],
    _at: Annotated[At, Query()],
) -> Response:
    """One methodology with the experts' opinions, in their order."""

    def find(snapshot: Snapshot) -> dict[str, Any] | None:
        found = METHODOLOGIES.one(snapshot, methodology_id=methodology_id)
        if found is None:
            return None
        table = table_of("appraisal")
        opinions = select(table).where(table.c.methodology_id == methodology_id).order_by(table.c.sequence)
        return {**found, "appraisals": rows_of(snapshot, Appraisal, opinions)}

    return await detail(portal, request, find)
