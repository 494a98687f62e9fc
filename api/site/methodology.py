"""Methodology pages: the list, and one methodology with its appraisals.

Flow: /{lang}/methodologies, /{lang}/methodologies/{number} → node_client.methodology, setting → templates.
"""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.site import life, lookup
from api.site.listing import LIMIT, listing
from api.site.page import Here, Number, Page, PageRoute, missing
from node_client import act, methodology, project, setting, total

router = APIRouter(route_class=PageRoute)


@router.get("/methodologies")
def methodologies(page: Page = Here) -> Response:
    """The list of methodologies."""
    connection = page.connection
    rows = methodology.page(
        connection, after=page.after, limit=LIMIT, state=page.choice("state", methodology.STATES)
    )
    return page.show(
        "methodologies.html",
        listing=listing(page, rows),
        totals=lookup.totals(connection, "methodology", [row["methodology_id"] for row in rows]),
        states=methodology.STATES[1:],
        many=lookup.highest(connection, "methodology", "methodology_id"),
    )


@router.get("/methodologies/{methodology_id}")
def one(methodology_id: Number, page: Page = Here) -> Response:
    """One methodology."""
    connection = page.connection
    found = methodology.by_id(connection, methodology_id)
    if found is None:
        raise missing()
    appraisals = methodology.appraisals(connection, methodology_id)
    acts = act.page(connection, subject=f"methodology:{methodology_id}", limit=100)
    return page.show(
        "methodology.html",
        methodology=found,
        submitter=lookup.members(connection, [found["submitter_id"]])[found["submitter_id"]],
        appraisals=appraisals,
        owners=lookup.owners(connection, [row["expert"] for row in appraisals]),
        rule=setting.all_values(connection),
        sums=total.by_key(connection, "methodology", str(methodology_id)),
        projects=project.page(connection, methodology_id=methodology_id, limit=20),
        life=life.ordered(life.states(page, acts, methodology.STATES)),
    )
