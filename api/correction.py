"""Corrections of retirements' records: GET /v1/corrections, /v1/corrections/{id}."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from api.deps import At, HashFilter, Number, Paged, PortalDep
from api.kinds import Answer, Hash, Id, Json, Time
from api.listing import Listing, detail, equal, listed, lower, shown
from api.reading import Snapshot


class Correction(Answer):
    """A correction: its texts stand beside those of the first record, which has not changed.

    `escaped` has the bytes, in hex, of texts that are not clean UTF-8.
    """

    correction_id: Hash
    sequence: Id
    retirement_id: Hash
    member_id: Id
    beneficiary_hash: Hash
    beneficiary: str
    case_reference: str
    place: str
    note: str
    reason: str = Field(examples=["名称有误"])
    record_hash: Hash
    escaped: Json | None
    block: Id
    timestamp: Time
    tx_hash: Hash


class CorrectionQuery(Paged):
    """Filters of corrections."""

    retirement_id: HashFilter | None = None
    member_id: Number | None = None


CORRECTIONS = Listing(
    "correction", Correction, {"retirement_id": lower("retirement_id"), "member_id": equal("member_id")}
)

router = APIRouter(prefix="/v1", tags=["corrections"])


@router.get("/corrections", responses=listed(Correction), response_model=None, summary="Corrections")
async def list_corrections(
    request: Request, portal: PortalDep, query: Annotated[CorrectionQuery, Query()]
) -> Response:
    """Corrections, newest first."""
    return await CORRECTIONS.page(portal, request, query)


@router.get(
    "/corrections/{correction_id}", responses=shown(Correction), response_model=None, summary="A correction"
)
async def get_correction(
    request: Request,
    portal: PortalDep,
    correction_id: Annotated[HashFilter, Path()],
    _at: Annotated[At, Query()],
) -> Response:
    """One correction."""

    def find(snapshot: Snapshot) -> dict[str, Any] | None:
        return CORRECTIONS.one(snapshot, correction_id=correction_id.lower())

    return await detail(portal, request, find)
