"""Transfers: GET /v1/transfers, /v1/transfers/{sequence} with all its lines."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field
from sqlalchemy import or_, select

from api.deps import AddressFilter, At, CreditText, Number, Paged, PortalDep
from api.kinds import Address, Answer, Count, GramsText, Id, Time, TokenIdText, TonnesText
from api.listing import Listing, address, credit, detail, equal, listed, rows_of, shown
from api.reading import Snapshot
from node_client.database import table_of

Kind = Literal["transfer", "issuance", "retirement", "cancellation"]


class Transfer(Answer):
    """One line of an ERC-1155 transfer; issuance comes from, retirement and cancellation go to, the zero address."""

    sequence: Id
    line: Count
    kind: str = Field(examples=["transfer"])
    operator: Address
    sender: Address
    receiver: Address
    token_id: TokenIdText
    grams: GramsText
    tonnes: TonnesText
    block: Id
    timestamp: Time


class TransferDetail(Answer):
    """One transfer with all its lines."""

    sequence: Id
    lines: list[Transfer]


class TransferQuery(Paged):
    """Filters of transfers; `account` is the sender or the receiver."""

    kind: Kind | None = None
    account: AddressFilter | None = None
    sender: AddressFilter | None = None
    receiver: AddressFilter | None = None
    token_id: CreditText | None = None


TRANSFERS = Listing(
    "transfer",
    Transfer,
    {
        "kind": equal("kind"),
        "account": lambda table, value: or_(
            address("sender")(table, value), address("receiver")(table, value)
        ),
        "sender": address("sender"),
        "receiver": address("receiver"),
        "token_id": credit(),
    },
    order=("sequence", "line"),
)

router = APIRouter(prefix="/v1", tags=["transfers"])


@router.get("/transfers", responses=listed(Transfer), response_model=None, summary="Transfers")
async def list_transfers(
    request: Request, portal: PortalDep, query: Annotated[TransferQuery, Query()]
) -> Response:
    """Lines of transfers, newest first."""
    return await TRANSFERS.page(portal, request, query)


@router.get(
    "/transfers/{sequence}", responses=shown(TransferDetail), response_model=None, summary="A transfer"
)
async def get_transfer(
    request: Request, portal: PortalDep, sequence: Annotated[Number, Path()], _at: Annotated[At, Query()]
) -> Response:
    """One transfer, by the number of its act."""

    def find(snapshot: Snapshot) -> dict[str, Any] | None:
        table = table_of("transfer")
        chosen = select(table).where(table.c.sequence == sequence).order_by(table.c.line)
        lines = rows_of(snapshot, Transfer, chosen)
        return {"sequence": sequence, "lines": lines} if lines else None

    return await detail(portal, request, find)
