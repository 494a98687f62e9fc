"""Credit pages: the list, one credit with its volume, holders and serials, and where a serial is now.

Flow: /{lang}/credits, /{lang}/credits/{project-credit}?serial=… → node_client.credit, holding, retirement → templates.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Response
from sqlalchemy import select

from api.site import life, lookup, word
from api.site.listing import LIMIT, listing
from api.site.page import Here, Page, PageRoute, missing
from node_client import act, credit, holding, issuance, lock, methodology, report, retirement
from node_client.database import table_of
from node_client.units import parse_token_id, token_hex

router = APIRouter(route_class=PageRoute)
_SHOWN: Final = 50


@router.get("/credits")
def listed(page: Page = Here) -> Response:
    """The list of credits."""
    connection = page.connection
    rows = credit.page(
        connection,
        after=page.after,
        limit=LIMIT,
        project_id=page.number("project"),
        methodology_id=page.number("methodology"),
        vintage=page.number("vintage"),
    )
    vintages = select(table_of("total").c.key).where(table_of("total").c.dimension == "vintage")
    return page.show(
        "credits.html",
        listing=listing(page, rows),
        projects=lookup.projects(connection, [row["project_id"] for row in rows]),
        vintages=sorted(connection.execute(vintages).scalars(), reverse=True),
    )


@router.get("/credits/{name}")
def one(name: str, page: Page = Here) -> Response:
    """One credit."""
    connection = page.connection
    try:
        token_id = token_hex(parse_token_id(name))
    except ValueError:
        raise missing() from None
    found = credit.by_id(connection, token_id)
    if found is None:
        raise missing()
    holdings = holding.of_credit(connection, token_id, held_only=True, limit=_SHOWN)
    issued = issuance.by_id(connection, found["issuance_id"])
    if issued is None:
        raise missing()
    serial = page.number("serial")
    line = None if serial is None else retirement.by_serial(connection, token_id, serial)
    return page.show(
        "credit.html",
        credit=found,
        project=lookup.projects(connection, [found["project_id"]])[found["project_id"]],
        methodology=methodology.by_id(connection, found["methodology_id"]),
        issuance=issued,
        report=report.by_id(connection, issued["report_id"]),
        members=lookup.members(connection, [issued["proposer_id"], issued["decider_id"]]),
        holdings=holdings,
        owners=lookup.owners(connection, [found["holder"], *(row["account"] for row in holdings)]),
        ranges=_retired(page, token_id),
        locks=lock.page(connection, token_id=token_id, open_only=True, limit=_SHOWN),
        serial_asked=serial,
        serial_line=None if line is None else _retirement_of(page, line["sequence"]),
        life=_life(page, token_id),
    )


def _retired(page: Page, token_id: str) -> list[dict[str, object]]:
    """The newest retired serial ranges, with their retirements."""
    line, retired = table_of("retirement_line"), table_of("retirement")
    chosen = (
        select(line, retired.c.retirement_id, retired.c.beneficiary, retired.c.timestamp)
        .join(retired, retired.c.sequence == line.c.sequence)
        .where(line.c.token_id == token_id)
        .order_by(line.c.first_serial.desc())
        .limit(_SHOWN)
    )
    return [dict(row) for row in page.connection.execute(chosen).mappings()]


def _retirement_of(page: Page, sequence: int) -> str:
    table = table_of("retirement")
    chosen = select(table.c.retirement_id).where(table.c.sequence == sequence)
    return str(page.connection.execute(chosen).scalar_one())


def _life(page: Page, token_id: str) -> list[life.Moment]:
    """Issue, moves, retirements, cancellations and freezes of the credit, the newest fifty."""
    transfer = table_of("transfer")
    chosen = (
        select(transfer)
        .where(transfer.c.token_id == token_id)
        .order_by(transfer.c.sequence.desc(), transfer.c.line)
        .limit(_SHOWN)
    )
    titles = {
        "issuance": word.EVENTS["CreditIssued"],
        "transfer": word.EVENTS["TransferSingle"],
        "retirement": word.EVENTS["CreditsRetired"],
        "cancellation": word.EVENTS["CreditsCancelled"],
    }
    moments = [
        life.Moment(
            row["timestamp"],
            row["sequence"],
            page.word(titles[row["kind"]]),
            page.form.amount(row["grams"]),
            "stop" if row["kind"] == "cancellation" else "good",
            page.form.href("acts", row["sequence"]),
        )
        for row in page.connection.execute(chosen).mappings()
    ]
    freezes = [
        life.Moment(
            row["timestamp"],
            row["sequence"],
            page.word(word.EVENTS[row["event"]]),
            page.form.said(str(life.fields_of(row).get("case_number", ""))),
            "stop" if row["event"] == "CreditFrozen" else "good",
            page.form.href("acts", row["sequence"]),
        )
        for row in act.page(page.connection, subject=f"credit:{token_id}", limit=_SHOWN)
        if row["event"] in {"CreditFrozen", "CreditUnfrozen"}
    ]
    return life.ordered([*moments, *freezes])
