"""Statistics: GET /v1/statistics, sums of the whole ledger and by one dimension. Counters of the mirror; nothing is scanned."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BeforeValidator, Field
from sqlalchemy import select

from api.deps import At, PortalDep, digits
from api.kinds import Answer, Count, GramsText, TonnesText, writer
from api.listing import detail, shown
from api.reading import Snapshot
from node_client.database import table_of
from node_client.units import tonnes_text

By = Literal["day", "minute", "project", "methodology", "member", "vintage", "purpose"]
_NUMBERED = {"project", "methodology", "member", "purpose", "vintage"}


class Total(Answer):
    """Sums of one key: a day (2026-11-23), a minute (2026-11-23T08:31Z), a number, or a year."""

    key: str = Field(examples=["2026-11-23"])
    issued_grams: GramsText
    issued_tonnes: TonnesText
    retired_grams: GramsText
    retired_tonnes: TonnesText
    cancelled_grams: GramsText
    cancelled_tonnes: TonnesText
    issuances: Count
    retirements: Count
    cancellations: Count
    transfers: Count


class Whole(Answer):
    """Sums of the whole ledger; `held` is what is neither retired nor cancelled."""

    issued_grams: GramsText
    issued_tonnes: TonnesText
    retired_grams: GramsText
    retired_tonnes: TonnesText
    cancelled_grams: GramsText
    cancelled_tonnes: TonnesText
    held_grams: GramsText
    held_tonnes: TonnesText
    issuances: Count
    retirements: Count
    cancellations: Count
    transfers: Count


class Statistics(Answer):
    """The whole ledger, and the keys of the dimension asked for; the newest or highest keys when there are more."""

    block: int
    sequence: int
    total: Whole
    by: By | None
    data: list[Total]


class StatisticsQuery(At):
    """Which dimension, and which of its keys."""

    by: By | None = Field(None, description="Dimension; without it only the whole.")
    first: str | None = Field(
        None, pattern=r"^[0-9TZ:-]{1,17}$", description="Lowest key, for day and minute."
    )
    last: str | None = Field(
        None, pattern=r"^[0-9TZ:-]{1,17}$", description="Highest key, for day and minute."
    )
    limit: Annotated[int, BeforeValidator(digits), Field(ge=1, le=10_000)] = Field(
        1_000, description="Keys at most."
    )


router = APIRouter(prefix="/v1", tags=["statistics"])


@router.get("/statistics", responses=shown(Statistics), response_model=None, summary="Statistics")
async def get_statistics(
    request: Request, portal: PortalDep, query: Annotated[StatisticsQuery, Query()]
) -> Response:
    """Sums of everything, and by day, minute, project, methodology, member, vintage or purpose, in the order of the keys."""

    def find(snapshot: Snapshot) -> dict[str, Any]:
        table = table_of("total")
        whole = (
            snapshot.connection.execute(select(table).where(table.c.dimension == "all")).mappings().first()
        )
        row: dict[str, Any] = dict(whole) if whole else {**dict.fromkeys(table.c.keys(), 0), "key": ""}
        total = {name: value for name, value in writer(Total)(row).items() if name != "key"}
        held = row["issued_grams"] - row["retired_grams"] - row["cancelled_grams"]
        return {
            "block": snapshot.mark.block,
            "sequence": snapshot.mark.sequence,
            "total": {**total, "held_grams": str(held), "held_tonnes": tonnes_text(held)},
            "by": query.by,
            "data": _rows(snapshot, query) if query.by else [],
        }

    return await detail(portal, request, find)


def _rows(snapshot: Snapshot, query: StatisticsQuery) -> list[dict[str, Any]]:
    table = table_of("total")
    chosen = select(table).where(table.c.dimension == query.by)
    numbered = query.by in _NUMBERED
    if query.first is not None and not numbered:
        chosen = chosen.where(table.c.key >= query.first)
    if query.last is not None and not numbered:
        chosen = chosen.where(table.c.key <= query.last)
    found = (
        snapshot.connection.execute(chosen.order_by(table.c.key.desc()).limit(query.limit)).mappings().all()
    )
    write = writer(Total)
    rows = [write(row) for row in found]
    return sorted(rows, key=lambda row: int(row["key"])) if numbered else rows[::-1]
