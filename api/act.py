"""Acts: the journal of the ledger. GET /v1/acts, /v1/acts/{sequence}."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from api.deps import At, Number, Paged, PortalDep, Word
from api.kinds import Answer, Count, Hash, Id, Json, Time
from api.listing import Listing, detail, equal, listed, shown


class Act(Answer):
    """One act. `args` are its fields when no other answer has them all."""

    sequence: Id
    block: Id
    log_index: Count
    tx_hash: Hash
    timestamp: Time
    contract: str = Field(examples=["Credits"])
    event: str = Field(examples=["CreditsRetired"])
    subject: str = Field(examples=["project:1"])
    args: Json | None


class ActQuery(Paged):
    """Filters of acts."""

    event: Word | None = None
    contract: Word | None = None
    subject: Word | None = None
    block: Number | None = None


ACTS = Listing(
    "act",
    Act,
    {
        "event": equal("event"),
        "contract": equal("contract"),
        "subject": equal("subject"),
        "block": equal("block"),
    },
)

router = APIRouter(prefix="/v1", tags=["acts"])


@router.get("/acts", responses=listed(Act), response_model=None, summary="Acts")
async def list_acts(request: Request, portal: PortalDep, query: Annotated[ActQuery, Query()]) -> Response:
    """Acts, newest first."""
    return await ACTS.page(portal, request, query)


@router.get("/acts/{sequence}", responses=shown(Act), response_model=None, summary="An act")
async def get_act(
    request: Request, portal: PortalDep, sequence: Annotated[Number, Path()], _at: Annotated[At, Query()]
) -> Response:
    """One act, by its number in the ledger's sequence."""
    return await detail(portal, request, lambda snapshot: ACTS.one(snapshot, sequence=sequence))
