"""Transfer pages: the list of every movement of credits.

Flow: /{lang}/transfers → table `transfer` → template. What a transfer belongs to stands on its act's page.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Response
from sqlalchemy import select

from api.site import lookup, word
from api.site.listing import LIMIT, listing
from api.site.page import Here, Page, PageRoute
from node_client.database import table_of
from node_client.transfer import NOBODY

router = APIRouter(route_class=PageRoute)
_KINDS: Final = tuple(word.TRANSFERS)


@router.get("/transfers")
def transfers(page: Page = Here) -> Response:
    """The list of transfers; lines of one act stay together on a page."""
    table = table_of("transfer")
    kind = page.choice("kind", _KINDS)
    sequences = select(table.c.sequence).distinct().order_by(table.c.sequence.desc()).limit(LIMIT)
    if kind is not None:
        sequences = sequences.where(table.c.kind == kind)
    if page.after is not None:
        sequences = sequences.where(table.c.sequence < page.after)
    acts = [{"sequence": number} for number in page.connection.execute(sequences).scalars()]
    shown = listing(page, acts)
    chosen = select(table).where(table.c.sequence.in_([row["sequence"] for row in shown.rows]))
    rows = page.connection.execute(chosen.order_by(table.c.sequence.desc(), table.c.line)).mappings().all()
    return page.show(
        "transfers.html",
        listing=shown,
        rows=rows,
        kinds=_KINDS,
        nobody=NOBODY,
        owners=lookup.owners(
            page.connection, [each for row in rows for each in (row["sender"], row["receiver"])]
        ),
    )
