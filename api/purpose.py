"""Purposes of retirement: GET /v1/purposes, /v1/purposes/{code}."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from api.deps import At, Paged, PortalDep, Word
from api.kinds import Answer, Id
from api.listing import Listing, detail, equal, listed, shown
from api.reading import Snapshot
from node_client import purpose


class Purpose(Answer):
    """What a retirement can be for. Only those allowed can be chosen now."""

    purpose: int = Field(ge=0, le=15, description="Its number on the chain.", examples=[0])
    sequence: Id
    allowed: bool
    code: str = Field(examples=["event"])
    name_zh: str = Field(examples=["大型活动碳中和"])
    name_en: str = Field(examples=["Event"])


class PurposeQuery(Paged):
    """Filters of purposes."""

    allowed: bool | None = None


PURPOSES = Listing("purpose", Purpose, {"allowed": equal("allowed")}, order=("purpose",), ascending=True)

router = APIRouter(prefix="/v1", tags=["purposes"])


@router.get("/purposes", responses=listed(Purpose), response_model=None, summary="Purposes of retirement")
async def list_purposes(
    request: Request, portal: PortalDep, query: Annotated[PurposeQuery, Query()]
) -> Response:
    """Purposes by number."""
    return await PURPOSES.page(portal, request, query)


@router.get("/purposes/{code}", responses=shown(Purpose), response_model=None, summary="A purpose")
async def get_purpose(
    request: Request, portal: PortalDep, code: Annotated[Word, Path()], _at: Annotated[At, Query()]
) -> Response:
    """One purpose, by its code."""

    def find(snapshot: Snapshot) -> dict[str, Any] | None:
        found = purpose.by_code(snapshot.connection, code)
        return None if found is None else PURPOSES.one(snapshot, purpose=found["purpose"])

    return await detail(portal, request, find)
