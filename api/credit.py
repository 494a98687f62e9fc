"""Credits and their serials: GET /v1/credits, /v1/credits/{credit}, /v1/serials/{credit}/{serial}.

A gram's serial is its place in its credit: serials 1 to `retired_grams` are retired, in the order of retirement.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BeforeValidator, Field

from api.deps import AddressFilter, At, CreditText, Number, Paged, PortalDep, digits
from api.kinds import (
    LARGEST,
    Address,
    Answer,
    GramsText,
    Hash,
    Id,
    SerialText,
    Time,
    TimeOrNone,
    TokenIdText,
    TonnesText,
)
from api.listing import Listing, address, detail, equal, listed, shown, token_of
from api.reading import Snapshot
from node_client import retirement
from node_client.units import tonnes_text


class Credit(Answer):
    """A credit: its volume and what became of it. `held` is what is neither retired nor cancelled."""

    token_id: TokenIdText
    sequence: Id
    project_id: Id
    credit_id: str = Field(pattern=r"^[0-9]{1,39}$", examples=["1"])
    methodology_id: Id
    vintage: int = Field(ge=0, le=65_535, examples=[2026])
    issuance_id: Id
    holder: Address = Field(description="The first holder.")
    issued_grams: GramsText
    issued_tonnes: TonnesText
    retired_grams: GramsText
    retired_tonnes: TonnesText
    cancelled_grams: GramsText
    cancelled_tonnes: TonnesText
    frozen_until: TimeOrNone
    frozen_case: str | None
    block: Id
    issued_at: Time


class Serial(Answer):
    """Where one gram of a credit is. A gram not retired is `held` or cancelled, which no serial tells apart."""

    token_id: TokenIdText
    serial: SerialText
    state: Literal["retired", "not_retired"]
    retirement_id: Hash | None
    sequence: Id | None
    first_serial: SerialText | None = Field(description="First serial of the retirement's line.")
    last_serial: SerialText | None
    grams: GramsText | None = Field(description="Grams of the line.")
    tonnes: TonnesText | None


class CreditQuery(Paged):
    """Filters of credits."""

    project_id: Number | None = None
    methodology_id: Number | None = None
    vintage: Number | None = None
    issuance_id: Number | None = None
    holder: AddressFilter | None = None


CREDITS = Listing(
    "credit",
    Credit,
    {
        "project_id": equal("project_id"),
        "methodology_id": equal("methodology_id"),
        "vintage": equal("vintage"),
        "issuance_id": equal("issuance_id"),
        "holder": address("holder"),
    },
)

router = APIRouter(prefix="/v1", tags=["credits"])


@router.get("/credits", responses=listed(Credit), response_model=None, summary="Credits")
async def list_credits(
    request: Request, portal: PortalDep, query: Annotated[CreditQuery, Query()]
) -> Response:
    """Credits, newest first."""
    return await CREDITS.page(portal, request, query)


@router.get("/credits/{credit}", responses=shown(Credit), response_model=None, summary="A credit")
async def get_credit(
    request: Request, portal: PortalDep, credit: Annotated[CreditText, Path()], _at: Annotated[At, Query()]
) -> Response:
    """One credit, by its token id or PROJECT-CREDIT."""
    token_id = token_of(credit)
    return await detail(portal, request, lambda snapshot: CREDITS.one(snapshot, token_id=token_id))


@router.get(
    "/serials/{credit}/{serial}", responses=shown(Serial), response_model=None, summary="Where a gram is"
)
async def get_serial(
    request: Request,
    portal: PortalDep,
    credit: Annotated[CreditText, Path()],
    serial: Annotated[int, BeforeValidator(digits), Path(ge=1, le=LARGEST)],
    _at: Annotated[At, Query()],
) -> Response:
    """Whether the gram of this serial is retired, and in which retirement. 404 when the credit has no such gram."""
    token_id = token_of(credit)

    def find(snapshot: Snapshot) -> dict[str, Any] | None:
        found = CREDITS.one(snapshot, token_id=token_id)
        if found is None or serial > int(found["issued_grams"]):
            return None
        line = retirement.by_serial(snapshot.connection, token_id, serial)
        answer: dict[str, Any] = {"token_id": token_id, "serial": str(serial)}
        if line is None:
            nothing = dict.fromkeys(list(Serial.model_fields)[3:])
            return {**answer, "state": "not_retired", **nothing}
        where = snapshot.rows("SELECT retirement_id FROM retirement WHERE sequence = ?", (line["sequence"],))
        return {
            **answer,
            "state": "retired",
            "retirement_id": where[0][0],
            "sequence": line["sequence"],
            "first_serial": str(line["first_serial"]),
            "last_serial": str(line["last_serial"]),
            "grams": str(line["grams"]),
            "tonnes": tonnes_text(line["grams"]),
        }

    return await detail(portal, request, find)
