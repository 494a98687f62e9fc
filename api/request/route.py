"""What became of requests: GET /v1/requests, GET /v1/requests/{id}, POST /v1/requests/{id}/cancel.

Each API key sees its own alone.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field
from sqlalchemy.engine import RowMapping

from api import request as requests
from api.deps import HashFilter, Json, Page, PortalDep
from api.faults import ProblemDocument, documented
from api.key import KEY_PROBLEMS, RETIRE, CallerDep
from api.kinds import Address, Answer, Hash, Id, Time, json_bytes, time_text
from api.listing import page_model, paged
from api.paging import filters_of
from api.problems import Problem, document
from api.words import language

State = Literal["accepted", "prepared", "broadcast", "mined", "final", "refused", "expired", "cancelled"]


class Change(Answer):
    """One change of a request's state."""

    state: State
    at: Time
    note: str


class RequestShown(Answer):
    """A request and what became of it."""

    request_id: Hash
    state: State
    holder: Address
    retirement_id: Hash
    retirement: str | None = Field(description="Address of the retirement, once final.")
    tx_hash: Hash | None
    block: Id | None
    deadline: Time | None = Field(description="After it, the signed order cannot be carried.")
    problem: ProblemDocument | None = Field(description="Why it was refused, or expired.")
    idempotency_key: str
    created_at: Time
    updated_at: Time


class RequestDetail(RequestShown):
    """A request with all changes of its state, oldest first."""

    history: list[Change]


class RequestQuery(Page):
    """Filters of requests."""

    state: State | None = None


def shown_request(row: RowMapping, lang: str) -> dict[str, Any]:
    """A request's answer in a language."""
    problem: Problem | None = requests.problem_from(row["problem"]) if row["problem"] else None
    if row["state"] == "expired":
        problem = Problem("RequestExpired")
    return {
        "request_id": row["request_id"],
        "state": row["state"],
        "holder": row["holder"],
        "retirement_id": row["retirement_id"],
        "retirement": f"/v1/retirements/{row['retirement_id']}" if row["state"] == "final" else None,
        "tx_hash": row["tx_hash"],
        "block": row["block"],
        "deadline": None if row["deadline"] is None else time_text(row["deadline"]),
        "problem": None if problem is None else document(problem, lang),
        "idempotency_key": row["idempotency_key"],
        "created_at": time_text(row["created_at"]),
        "updated_at": time_text(row["updated_at"]),
    }


router = APIRouter(prefix="/v1", tags=["retiring"])


@router.get(
    "/requests",
    response_model=None,
    summary="Your requests",
    responses={
        200: {"model": page_model(RequestShown)},
        **documented(*KEY_PROBLEMS, "CursorInvalid", "MirrorEmpty"),
    },
)
async def list_requests(
    request: Request, portal: PortalDep, caller: CallerDep, query: Annotated[RequestQuery, Query()]
) -> Response:
    """Requests made with your key, newest first."""
    own = {"key_id": caller.key_id}
    filters = {**filters_of(query.model_dump()), **own}
    place = portal.cursors.read(query.cursor, "request", filters) if query.cursor else None
    lang = language(request.headers.get("accept-language", ""))

    def look() -> list[RowMapping]:
        after = place[0] if place else None
        with portal.engine.connect() as connection:
            return list(
                requests.page(
                    connection, caller.key_id, state=query.state, after=after, limit=query.limit + 1
                )
            )

    rows = await portal.stored(look)
    shown = rows[: query.limit]
    last = [shown[-1]["number"]] if len(rows) > query.limit else None
    documents = [json_bytes(shown_request(row, lang)) for row in shown]
    block = (await portal.reader.place()).block
    answer = paged(portal, request, "request", query, documents, last, block, own)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.get(
    "/requests/{request_id}",
    operation_id="get_request",
    response_model=None,
    summary="One of your requests",
    responses={200: {"model": RequestDetail}, **documented(*KEY_PROBLEMS, "NotFound")},
)
async def get_request(
    request: Request, portal: PortalDep, caller: CallerDep, request_id: Annotated[HashFilter, Path()]
) -> Response:
    """A request made with your key, and every change of its state."""
    lang = language(request.headers.get("accept-language", ""))

    def look() -> dict[str, Any] | None:
        with portal.engine.connect() as connection:
            row = requests.by_id(connection, caller.key_id, request_id.lower())
            if row is None:
                return None
            changes = requests.history(connection, row["number"])
            told = [
                {"state": each["state"], "at": time_text(each["at"]), "note": each["note"]}
                for each in changes
            ]
            return {**shown_request(row, lang), "history": told}

    found = await portal.stored(look)
    if found is None:
        raise Problem("NotFound", {"path": request.url.path})
    return Json(json_bytes(found), headers={"Cache-Control": "no-store"})


@router.post(
    "/requests/{request_id}/cancel",
    response_model=None,
    summary="Cancel one of your requests",
    responses={200: {"model": RequestShown}, **documented(*KEY_PROBLEMS, "NotFound", "RequestUnderWay")},
)
async def cancel_request(
    request: Request, portal: PortalDep, caller: CallerDep, request_id: Annotated[HashFilter, Path()]
) -> Response:
    """A request made with your key is cancelled, if nothing of it was signed yet; cancelling it again changes nothing."""
    caller.needs(RETIRE)
    lang = language(request.headers.get("accept-language", ""))

    def cancel() -> RowMapping | None:
        wanted = request_id.lower()
        with portal.engine.connect() as connection:
            row = requests.by_id(connection, caller.key_id, wanted)
        if row is not None:
            requests.move(portal.engine, row["number"], ("accepted",), "cancelled", "by its owner")
            with portal.engine.connect() as connection:
                row = requests.by_id(connection, caller.key_id, wanted)
        return row

    row = await portal.stored(cancel)
    if row is None:
        raise Problem("NotFound", {"path": request.url.path})
    if row["state"] != "cancelled":
        raise Problem("RequestUnderWay", {"state": row["state"]})
    return Json(json_bytes(shown_request(row, lang)), headers={"Cache-Control": "no-store"})
