"""Project pages: the list, and one project's life from submission to retirement.

Flow: /{lang}/projects, /{lang}/projects/{number} → node_client.project and its reports, issuances, retirements → templates.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Response

from api.site import life, lookup
from api.site.listing import LIMIT, listing
from api.site.page import Here, Number, Page, PageRoute, missing
from node_client import act, credit, issuance, project, report, retirement, total

router = APIRouter(route_class=PageRoute)
_SHOWN: Final = 20


@router.get("/projects")
def projects(page: Page = Here) -> Response:
    """The list of projects."""
    connection = page.connection
    rows = project.page(
        connection,
        after=page.after,
        limit=LIMIT,
        state=page.choice("state", project.STATES),
        owner_id=page.number("owner"),
        methodology_id=page.number("methodology"),
    )
    return page.show(
        "projects.html",
        listing=listing(page, rows),
        members=lookup.members(connection, [row["owner_id"] for row in rows]),
        methodologies=lookup.methodologies(connection, [row["methodology_id"] for row in rows]),
        totals=lookup.totals(connection, "project", [row["project_id"] for row in rows]),
        states=project.STATES[1:],
        many=lookup.highest(connection, "project", "project_id"),
    )


@router.get("/projects/{project_id}")
def one(project_id: Number, page: Page = Here) -> Response:
    """One project."""
    connection = page.connection
    found = project.by_id(connection, project_id)
    if found is None:
        raise missing()
    reports = report.page(connection, project_id=project_id, limit=_SHOWN)
    issuances = issuance.page(connection, project_id=project_id, limit=_SHOWN)
    retirements = retirement.page(connection, project_id=project_id, limit=_SHOWN)
    acts = act.page(connection, subject=f"project:{project_id}", limit=100)
    return page.show(
        "project.html",
        project=found,
        owner=lookup.members(connection, [found["owner_id"]])[found["owner_id"]],
        methodology=lookup.methodologies(connection, [found["methodology_id"]])[found["methodology_id"]],
        claim_keys=len(project.claim_keys(connection, project_id)),
        sums=total.by_key(connection, "project", str(project_id)),
        credits=credit.page(connection, project_id=project_id, limit=_SHOWN),
        reports=reports,
        life=life.ordered(
            [
                *life.states(page, acts, project.STATES),
                *life.reports(page, reports),
                *life.issuances(page, issuances),
                *life.retirements(page, retirements),
            ]
        ),
    )
