"""Retirement pages: the list, and the certificate.

Flow: /{lang}/retirements, /{lang}/retirements/{number} → node_client.retirement, correction → templates. The number of the
certificate is the retirement's own; a correction stands beside the first record and never replaces it.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Response

from api.site import lookup
from api.site.listing import LIMIT, listing
from api.site.page import Here, Page, PageRoute, missing
from node_client import correction, retirement, total
from node_client.database import table_of
from node_client.units import parse_token_id, token_hex

router = APIRouter(route_class=PageRoute)
_NOTHING: Final = "0x" + "0" * 64


@router.get("/retirements")
def retirements(page: Page = Here) -> Response:
    """The list of retirements."""
    connection = page.connection
    name = page.text("credit")
    try:
        token_id = token_hex(parse_token_id(name)) if name else None
    except ValueError:
        raise missing() from None
    rows = retirement.page(
        connection,
        after=page.after,
        limit=LIMIT,
        member_id=page.number("member"),
        purpose=page.number("purpose"),
        project_id=page.number("project"),
        token_id=token_id,
    )
    return page.show(
        "retirements.html",
        listing=listing(page, rows),
        owners=lookup.owners(connection, [row["holder"] for row in rows]),
        lines=_lines(page, [row["sequence"] for row in rows]),
        purposes=lookup.purposes(connection, page.lang),
        many=total.whole(connection).retirements,
        nothing=_NOTHING,
    )


def _lines(page: Page, sequences: list[int]) -> dict[int, list[str]]:
    """The token ids of each retirement's lines."""
    if not sequences:
        return {}
    line = table_of("retirement_line")
    found: dict[int, list[str]] = {}
    chosen = line.select().where(line.c.sequence.in_(sequences)).order_by(line.c.sequence, line.c.line)
    for row in page.connection.execute(chosen).mappings():
        found.setdefault(row["sequence"], []).append(row["token_id"])
    return found


@router.get("/retirements/{retirement_id}")
def one(retirement_id: str, page: Page = Here) -> Response:
    """One retirement: its certificate."""
    connection = page.connection
    found = retirement.by_id(connection, retirement_id.lower())
    if found is None:
        raise missing()
    lines = retirement.lines(connection, found["sequence"])
    corrections = correction.of_retirement(connection, found["retirement_id"])
    return page.show(
        "retirement.html",
        retirement=found,
        lines=lines,
        credits=lookup.credits_of(connection, [row["token_id"] for row in lines]),
        projects=lookup.projects(connection, [row["project_id"] for row in lines]),
        owner=lookup.owners(connection, [found["holder"]])[found["holder"]],
        purpose=lookup.purposes(connection, page.lang).get(found["purpose"], ""),
        corrections=corrections,
        members=lookup.members(connection, [row["member_id"] for row in corrections]),
        address=str(page.request.url.replace(query="", fragment="")),
        nothing=_NOTHING,
    )
