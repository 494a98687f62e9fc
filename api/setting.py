"""Settings of the ledger: GET /v1/settings."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from api.deps import Paged, PortalDep
from api.kinds import Answer, Id
from api.listing import Listing, listed


class Setting(Answer):
    """One setting; `sequence` is the act that set it, 0 for the contracts' own default."""

    name: str = Field(examples=["notice_seconds"])
    value: str = Field(examples=["604800"])
    sequence: Id


SETTINGS = Listing("setting", Setting, {}, order=("name",), ascending=True)

router = APIRouter(prefix="/v1", tags=["settings"])


@router.get("/settings", responses=listed(Setting), response_model=None, summary="Settings of the ledger")
async def list_settings(request: Request, portal: PortalDep, query: Annotated[Paged, Query()]) -> Response:
    """Settings by name: the operator, the length of notices, the rule of appraisal, the pause."""
    return await SETTINGS.page(portal, request, query)
