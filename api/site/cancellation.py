"""Cancellation pages: credits taken out for an error or a recall, which is no offset.

Flow: /{lang}/cancellations, /{lang}/cancellations/{number} → node_client.cancellation → templates.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Response

from api.site import lookup
from api.site.listing import LIMIT, listing
from api.site.page import Here, Number, Page, PageRoute, missing
from node_client import cancellation

router = APIRouter(route_class=PageRoute)
_STATES: Final = ("proposed", "confirmed", "returned")


@router.get("/cancellations")
def cancellations(page: Page = Here) -> Response:
    """The list of cancellations."""
    rows = cancellation.page(
        page.connection, after=page.after, limit=LIMIT, state=page.choice("state", _STATES)
    )
    return page.show(
        "cancellations.html",
        listing=listing(page, rows),
        owners=lookup.owners(page.connection, [row["holder"] for row in rows]),
        known=lookup.credits_of(page.connection, [row["token_id"] for row in rows]),
        states=_STATES,
        many=lookup.highest(page.connection, "cancellation", "cancellation_id"),
    )


@router.get("/cancellations/{cancellation_id}")
def one(cancellation_id: Number, page: Page = Here) -> Response:
    """One cancellation."""
    found = cancellation.by_id(page.connection, cancellation_id)
    if found is None:
        raise missing()
    return page.show(
        "cancellation.html",
        cancellation=found,
        known=lookup.credits_of(page.connection, [found["token_id"]]),
        members=lookup.members(page.connection, [found["proposer_id"], found["decider_id"]]),
        owners=lookup.owners(page.connection, [found["holder"]]),
    )
