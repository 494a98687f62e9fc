"""Quotes: POST /v1/quotes, what a retirement would do, without doing it.

Flow: the body of a retirement → the contract is asked as for a real one (a refusal is the answer) → each line with its
project, vintage and the serials it would take now, and the texts as they would be published.

Serials are given out when a retirement is mined: those of a quote are expected, not reserved.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import Field

from api.deps import Json, PortalDep
from api.faults import documented
from api.key import KEY_PROBLEMS, RETIRE, CallerDep
from api.kinds import (
    Address,
    Answer,
    Date,
    GramsText,
    Hash,
    Id,
    SerialText,
    TokenIdText,
    TonnesText,
    date_text,
    json_bytes,
)
from api.order import RetirementOrder
from api.problems import Problem
from api.reading import Snapshot
from api.retiring import BODY, REFUSALS, ask_contract, record_of
from node_client import credit, methodology, project, purpose
from node_client.orders import Retirement
from node_client.units import hex32, token_hex, tonnes_text

_NO_ID = bytes.fromhex("ff" * 32)


class QuoteLine(Answer):
    """One line as it would be retired now."""

    token_id: TokenIdText
    project_id: Id
    project_name: str
    methodology_id: Id
    methodology_code: str
    credit_id: str = Field(pattern=r"^[0-9]{1,39}$")
    vintage: int = Field(ge=0, le=65_535)
    grams: GramsText
    tonnes: TonnesText
    first_serial: SerialText = Field(description="Expected, not reserved.")
    last_serial: SerialText


class Quote(Answer):
    """What would be retired, and published for ever."""

    holder: Address
    member_id: Id
    member_name: str
    purpose: int = Field(ge=0, le=15)
    purpose_code: str
    purpose_name_zh: str
    purpose_name_en: str
    beneficiary: str
    beneficiary_hash: Hash
    case_reference: str
    place: str
    note: str
    consumed_from: Date | None
    consumed_until: Date | None
    grams: GramsText
    tonnes: TonnesText
    lines: list[QuoteLine]
    block: Id


router = APIRouter(prefix="/v1", tags=["retiring"])


@router.post(
    "/quotes",
    response_model=None,
    summary="What a retirement would do",
    responses={
        200: {"model": Quote},
        **documented(*KEY_PROBLEMS, *BODY, *REFUSALS, "ChainUnreachable", "MirrorEmpty"),
    },
)
async def quote(request: Request, portal: PortalDep, caller: CallerDep, order: RetirementOrder) -> Response:
    """What the same body would retire, if it were sent to /v1/retirements now. Nothing is stored or changed."""
    caller.needs(RETIRE)
    # The number of a retirement is not chosen yet; this one is nobody's.
    record = await record_of(portal, request, order, _NO_ID)
    await ask_contract(portal, caller.holder, record)
    answer = await portal.read(request, lambda snapshot: _quoted(snapshot, caller.holder, record))
    return Json(json_bytes(answer), headers={"Cache-Control": "no-store"})


def _quoted(snapshot: Snapshot, holder: str, record: Retirement) -> dict[str, Any]:
    connection = snapshot.connection
    owner = snapshot.rows(
        "SELECT m.member_id, m.name FROM member m JOIN account a ON a.member_id = m.member_id WHERE a.account = ?",
        (holder,),
    )
    chosen = purpose.by_id(connection, record.purpose)
    if not owner or chosen is None:
        raise _behind(snapshot)
    grams = sum(line.grams for line in record.lines)
    dated = record.consumed_until > 0
    return {
        "holder": holder,
        "member_id": owner[0][0],
        "member_name": owner[0][1],
        "purpose": record.purpose,
        "purpose_code": chosen["code"],
        "purpose_name_zh": chosen["name_zh"],
        "purpose_name_en": chosen["name_en"],
        "beneficiary": record.beneficiary,
        "beneficiary_hash": hex32(record.beneficiary_hash),
        "case_reference": record.case_reference,
        "place": record.place,
        "note": record.note,
        "consumed_from": date_text(record.consumed_from) if dated else None,
        "consumed_until": date_text(record.consumed_until) if dated else None,
        "grams": str(grams),
        "tonnes": tonnes_text(grams),
        "lines": _lines(snapshot, record),
        "block": snapshot.mark.block,
    }


def _behind(snapshot: Snapshot) -> Problem:
    """The contract knows what the mirror does not yet."""
    return Problem("MirrorBehind", {"block": snapshot.mark.block, "min_block": snapshot.mark.block + 1})


def _lines(snapshot: Snapshot, record: Retirement) -> list[dict[str, Any]]:
    taken: dict[str, int] = {}
    lines = []
    for line in record.lines:
        token_id = token_hex(line.token_id)
        found = credit.by_id(snapshot.connection, token_id)
        if found is None:
            raise _behind(snapshot)
        of_project = project.by_id(snapshot.connection, found["project_id"])
        of_methodology = methodology.by_id(snapshot.connection, found["methodology_id"])
        if of_project is None or of_methodology is None:
            raise _behind(snapshot)
        first = taken.get(token_id, found["retired_grams"]) + 1
        taken[token_id] = first + line.grams - 1
        lines.append(
            {
                "token_id": token_id,
                "project_id": found["project_id"],
                "project_name": of_project["name"],
                "methodology_id": found["methodology_id"],
                "methodology_code": of_methodology["code"],
                "credit_id": found["credit_id"],
                "vintage": found["vintage"],
                "grams": str(line.grams),
                "tonnes": tonnes_text(line.grams),
                "first_serial": str(first),
                "last_serial": str(taken[token_id]),
            }
        )
    return lines
