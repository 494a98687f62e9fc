"""The purposes that a retirement may have, and how much was retired for each.

Flow: /{lang}/purposes → node_client.purpose, total → template.
"""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.site import lookup
from api.site.page import Here, Page, PageRoute
from node_client import purpose

router = APIRouter(route_class=PageRoute)


@router.get("/purposes")
def purposes(page: Page = Here) -> Response:
    """The list of purposes."""
    rows = purpose.all_rows(page.connection)
    totals = lookup.totals(page.connection, "purpose", [row["purpose"] for row in rows])
    return page.show("purposes.html", rows=rows, totals=totals)
