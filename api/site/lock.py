"""Lock pages: grams bound to a case or an offer.

Flow: /{lang}/locks, /{lang}/locks/{number} → node_client.lock → templates.
"""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.site import lookup
from api.site.listing import LIMIT, listing
from api.site.page import Here, Page, PageRoute, missing
from node_client import act, lock

router = APIRouter(route_class=PageRoute)


@router.get("/locks")
def locks(page: Page = Here) -> Response:
    """The list of locks."""
    state = page.choice("state", ("open",))
    rows = lock.page(page.connection, after=page.after, limit=LIMIT, open_only=state == "open")
    owners = lookup.owners(page.connection, [each for row in rows for each in (row["holder"], row["keeper"])])
    return page.show("locks.html", listing=listing(page, rows), owners=owners)


@router.get("/locks/{lock_id}")
def one(lock_id: str, page: Page = Here) -> Response:
    """One lock."""
    found = lock.by_id(page.connection, lock_id.lower())
    if found is None:
        raise missing()
    return page.show(
        "lock.html",
        lock=found,
        owners=lookup.owners(page.connection, [found["holder"], found["keeper"]]),
        acts=act.page(page.connection, subject=f"lock:{found['lock_id']}", limit=50),
    )
