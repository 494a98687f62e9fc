"""Retirements: GET /v1/retirements, /v1/retirements/{id}. What POST does stands in api/retiring.py.

The mirror wrote every retirement's answer once, as bytes; they are joined and sent, and never made again. A mirrored
retirement is final, so its own answer may be kept for ever; corrections are linked, not written into it.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from eth_utils.address import to_checksum_address
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from api.deps import AddressFilter, At, CreditText, HashFilter, Json, Number, Paged, PortalDep, Word
from api.kinds import Address, Answer, Count, GramsText, Hash, Id, SerialText, Time, TokenIdText, TonnesText
from api.listing import listed, paged, shown, token_of
from api.paging import filters_of
from api.problems import Problem
from api.reading import Snapshot

IMMUTABLE = "public, max-age=31536000, immutable"


class RetirementLine(Answer):
    """One credit's part; the serials of its grams are `first_serial` to `last_serial` of the credit."""

    token_id: TokenIdText
    project_id: Id
    credit_id: str = Field(pattern=r"^[0-9]{1,39}$", examples=["1"])
    vintage: int = Field(ge=0, le=65_535, examples=[2026])
    grams: GramsText
    tonnes: TonnesText
    first_serial: SerialText
    last_serial: SerialText


class Retirement(Answer):
    """A retirement, final. Its consumption's days are [from, until), counted from 1970-01-01; null when none are stated."""

    sequence: Id
    retirement_id: Hash = Field(description="The certificate's number.")
    holder: Address
    member_id: Id
    purpose: int = Field(ge=0, le=15)
    purpose_code: str = Field(description="The purpose's code at the time.", examples=["event"])
    beneficiary: str
    beneficiary_hash: Hash
    consumed_from: Count | None
    consumed_until: Count | None
    case_reference: str
    place: str
    note: str
    grams: GramsText
    tonnes: TonnesText
    record_hash: Hash = Field(description="EIP-712 struct hash of the record: what the chain keeps.")
    block: Id
    log_index: Count
    timestamp: Time
    tx_hash: Hash
    lines: list[RetirementLine]


class RetirementQuery(Paged):
    """Filters of retirements; by project or credit when one of the lines is of it."""

    holder: AddressFilter | None = None
    member_id: Number | None = None
    purpose: Word | None = Field(None, description="Code of a purpose.")
    project_id: Number | None = None
    token_id: CreditText | None = None


_CONDITIONS = {
    "holder": "r.holder = ?",
    "member_id": "r.member_id = ?",
    "purpose": "r.purpose = (SELECT min(purpose) FROM purpose WHERE code = ?)",
}
_OF_LINES = ("project_id", "token_id")


def statement_of(filters: dict[str, Any], after: int | None, limit: int) -> tuple[str, list[Any]]:
    """The SQL of a page, newest first, and its values."""
    values = [_value(name, filters[name]) for name in _CONDITIONS if name in filters]
    where = [_CONDITIONS[name] for name in _CONDITIONS if name in filters]
    of_lines = [name for name in _OF_LINES if name in filters]
    line_values = [_value(name, filters[name]) for name in of_lines]
    line_where = [f"l.{name} = ?" for name in of_lines]
    if of_lines and not where:
        # The lines' own index finds the page; their retirements follow by key.
        if after is not None:
            line_where.append("l.sequence < ?")
            line_values.append(after)
        lines = (
            f"SELECT DISTINCT l.sequence FROM retirement_line l WHERE {' AND '.join(line_where)}"  # noqa: S608 - our own words
            " ORDER BY l.sequence DESC LIMIT ?"
        )
        return (
            f"SELECT r.sequence, r.doc FROM ({lines}) f JOIN retirement r ON r.sequence = f.sequence"  # noqa: S608 - our own words
            " ORDER BY r.sequence DESC"
        ), [*line_values, limit]
    if of_lines:
        matching = " AND ".join(["l.sequence = r.sequence", *line_where])
        where.append(f"EXISTS (SELECT 1 FROM retirement_line l WHERE {matching})")  # noqa: S608 - our own words
        values.extend(line_values)
    if after is not None:
        where.append("r.sequence < ?")
        values.append(after)
    chosen = f" WHERE {' AND '.join(where)}" if where else ""
    return (
        f"SELECT r.sequence, r.doc FROM retirement r{chosen} ORDER BY r.sequence DESC LIMIT ?"  # noqa: S608 - our own words
    ), [*values, limit]


def _value(name: str, value: Any) -> Any:
    if name == "holder":
        return to_checksum_address(value)
    return token_of(value) if name == "token_id" else value


router = APIRouter(prefix="/v1", tags=["retirements"])


@router.get("/retirements", responses=listed(Retirement), response_model=None, summary="Retirements")
async def list_retirements(
    request: Request, portal: PortalDep, query: Annotated[RetirementQuery, Query()]
) -> Response:
    """Retirements, newest first."""
    filters = filters_of(query.model_dump())
    place = portal.cursors.read(query.cursor, "retirement", filters) if query.cursor else None
    sql, values = statement_of(filters, place[0] if place else None, query.limit + 1)

    def work(snapshot: Snapshot) -> tuple[list[tuple[Any, ...]], int]:
        return snapshot.rows(sql, values), snapshot.mark.block

    rows, block = await portal.read(request, work)
    shown_rows = rows[: query.limit]
    last = [shown_rows[-1][0]] if len(rows) > query.limit else None
    return paged(portal, request, "retirement", query, [row[1] for row in shown_rows], last, block)


@router.get(
    "/retirements/{retirement_id}", responses=shown(Retirement), response_model=None, summary="A retirement"
)
async def get_retirement(
    request: Request,
    portal: PortalDep,
    retirement_id: Annotated[HashFilter, Path()],
    _at: Annotated[At, Query()],
) -> Response:
    """One retirement, by the certificate's number. It never changes; its corrections are linked."""
    number = retirement_id.lower()

    def find(snapshot: Snapshot) -> bytes | None:
        found = snapshot.rows("SELECT doc FROM retirement WHERE retirement_id = ?", (number,))
        return found[0][0] if found else None

    doc = await portal.read(request, find)
    if doc is None:
        raise Problem("NotFound", {"path": request.url.path})
    return Json(
        doc,
        headers={
            "ETag": f'"{hashlib.sha256(doc).hexdigest()[:32]}"',
            "Cache-Control": IMMUTABLE,
            "Link": f'</v1/corrections?retirement_id={number}>; rel="related"; title="corrections"',
        },
    )
