"""Holdings: GET /v1/holdings, /v1/holdings/{account}/{credit}."""

from __future__ import annotations

from typing import Annotated, Any

from eth_utils.address import to_checksum_address
from fastapi import APIRouter, Path, Query, Request, Response

from api.deps import AddressFilter, At, CreditText, Paged, PortalDep
from api.kinds import Address, Answer, GramsText, TokenIdText, TonnesText
from api.listing import Listing, address, credit, detail, listed, shown, token_of
from api.reading import Snapshot


class Holding(Answer):
    """What an account has of a credit: free, locked, and what it has retired."""

    account: Address
    token_id: TokenIdText
    free_grams: GramsText
    free_tonnes: TonnesText
    locked_grams: GramsText
    locked_tonnes: TonnesText
    retired_grams: GramsText
    retired_tonnes: TonnesText


class HoldingQuery(Paged):
    """Filters of holdings; `held` leaves out those without free or locked grams."""

    account: AddressFilter | None = None
    token_id: CreditText | None = None
    held: bool | None = None


HOLDINGS = Listing(
    "holding",
    Holding,
    {
        "account": address("account"),
        "token_id": credit(),
        "held": lambda table, value: (table.c.free + table.c.locked > 0) == value,
    },
    order=("account", "token_id"),
    ascending=True,
    renamed={"free": "free_grams", "locked": "locked_grams", "retired": "retired_grams"},
)

router = APIRouter(prefix="/v1", tags=["holdings"])


@router.get("/holdings", responses=listed(Holding), response_model=None, summary="Holdings")
async def list_holdings(
    request: Request, portal: PortalDep, query: Annotated[HoldingQuery, Query()]
) -> Response:
    """Holdings by account and token id."""
    return await HOLDINGS.page(portal, request, query)


@router.get(
    "/holdings/{account}/{credit}", responses=shown(Holding), response_model=None, summary="A holding"
)
async def get_holding(
    request: Request,
    portal: PortalDep,
    account: Annotated[AddressFilter, Path()],
    credit: Annotated[CreditText, Path()],
    _at: Annotated[At, Query()],
) -> Response:
    """What one account has of one credit."""
    token_id = token_of(credit)

    def find(snapshot: Snapshot) -> dict[str, Any] | None:
        return HOLDINGS.one(snapshot, account=to_checksum_address(account), token_id=token_id)

    return await detail(portal, request, find)
