"""Monitoring reports: GET /v1/reports, /v1/reports/{id}."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from api.deps import At, Number, Paged, PortalDep
from api.kinds import Answer, Date, GramsText, Hash, Id, Time, TonnesText
from api.listing import Listing, detail, equal, listed, shown

State = Literal["submitted", "withdrawn", "verified", "rejected"]


class Report(Answer):
    """A monitoring report; its period ends before `period_end`."""

    report_id: Id
    sequence: Id
    project_id: Id
    state: str = Field(examples=["verified"])
    period_start: Date
    period_end: Date
    claimed_grams: GramsText
    claimed_tonnes: TonnesText
    verified_grams: GramsText
    verified_tonnes: TonnesText
    data_root: Hash
    report_hash: Hash
    verifier_id: Id | None
    verification_hash: Hash | None
    verified_at: Time | None
    withdrawal_reason: str | None
    block: Id
    timestamp: Time


class ReportQuery(Paged):
    """Filters of reports."""

    project_id: Number | None = None
    verifier_id: Number | None = None
    state: State | None = None


REPORTS = Listing(
    "report",
    Report,
    {"project_id": equal("project_id"), "verifier_id": equal("verifier_id"), "state": equal("state")},
)

router = APIRouter(prefix="/v1", tags=["reports"])


@router.get("/reports", responses=listed(Report), response_model=None, summary="Monitoring reports")
async def list_reports(
    request: Request, portal: PortalDep, query: Annotated[ReportQuery, Query()]
) -> Response:
    """Reports, newest first."""
    return await REPORTS.page(portal, request, query)


@router.get(
    "/reports/{report_id}", responses=shown(Report), response_model=None, summary="A monitoring report"
)
async def get_report(
    request: Request, portal: PortalDep, report_id: Annotated[Number, Path()], _at: Annotated[At, Query()]
) -> Response:
    """One report."""
    return await detail(portal, request, lambda snapshot: REPORTS.one(snapshot, report_id=report_id))
