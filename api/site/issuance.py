"""Issuance pages: the list, and one issuance with its notice, its objections and its decision.

Flow: /{lang}/issuances, /{lang}/issuances/{number} → node_client.issuance → templates.
"""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.site import life, lookup
from api.site.listing import LIMIT, listing
from api.site.page import Here, Number, Page, PageRoute, missing
from node_client import credit, issuance, report

router = APIRouter(route_class=PageRoute)


@router.get("/issuances")
def issuances(page: Page = Here) -> Response:
    """The list of issuances."""
    connection = page.connection
    rows = issuance.page(
        connection,
        after=page.after,
        limit=LIMIT,
        state=page.choice("state", issuance.STATES),
        project_id=page.number("project"),
        report_id=page.number("report"),
    )
    return page.show(
        "issuances.html",
        listing=listing(page, rows),
        projects=lookup.projects(connection, [row["project_id"] for row in rows]),
        states=issuance.STATES[1:],
        many=lookup.highest(connection, "issuance", "issuance_id"),
    )


@router.get("/issuances/{issuance_id}")
def one(issuance_id: Number, page: Page = Here) -> Response:
    """One issuance."""
    connection = page.connection
    found = issuance.by_id(connection, issuance_id)
    if found is None:
        raise missing()
    objections = issuance.objections(connection, issuance_id)
    return page.show(
        "issuance.html",
        issuance=found,
        report=report.by_id(connection, found["report_id"]),
        project=lookup.projects(connection, [found["project_id"]])[found["project_id"]],
        members=lookup.members(
            connection, [found["proposer_id"], found["decider_id"], *(row["member_id"] for row in objections)]
        ),
        owners=lookup.owners(connection, [found["holder"]]),
        objections=objections,
        issued=credit.by_id(connection, found["token_id"]) if found["state"] == "confirmed" else None,
        life=life.ordered(life.issuances(page, [found])),
    )
