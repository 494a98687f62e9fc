"""Monitoring report pages: the list, and one report with its verification and what was issued of it.

Flow: /{lang}/reports, /{lang}/reports/{number} → node_client.report, issuance → templates.
"""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.site import life, lookup
from api.site.listing import LIMIT, listing
from api.site.page import Here, Number, Page, PageRoute, missing
from node_client import issuance, report

router = APIRouter(route_class=PageRoute)


@router.get("/reports")
def reports(page: Page = Here) -> Response:
    """The list of monitoring reports."""
    connection = page.connection
    rows = report.page(
        connection,
        after=page.after,
        limit=LIMIT,
        state=page.choice("state", report.STATES),
        project_id=page.number("project"),
    )
    return page.show(
        "reports.html",
        listing=listing(page, rows),
        projects=lookup.projects(connection, [row["project_id"] for row in rows]),
        states=report.STATES[1:],
        many=lookup.highest(connection, "report", "report_id"),
    )


@router.get("/reports/{report_id}")
def one(report_id: Number, page: Page = Here) -> Response:
    """One monitoring report."""
    connection = page.connection
    found = report.by_id(connection, report_id)
    if found is None:
        raise missing()
    issuances = issuance.page(connection, report_id=report_id, limit=50)
    return page.show(
        "report.html",
        report=found,
        project=lookup.projects(connection, [found["project_id"]])[found["project_id"]],
        members=lookup.members(connection, [found["verifier_id"]]),
        issuances=issuances,
        life=life.ordered([*life.reports(page, [found]), *life.issuances(page, issuances)]),
    )
