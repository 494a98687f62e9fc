"""The journal: every act of the ledger in the order of its sequence, and the blocks they stand in.

Flow: /{lang}/acts, /{lang}/acts/{sequence}, /{lang}/blocks, /{lang}/blocks/{number} → node_client.act, table `block` → templates.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from fastapi import APIRouter, Response
from sqlalchemy import func, select
from sqlalchemy.engine import RowMapping

from api.site import life, lookup, word
from api.site.form import Form, clipped
from api.site.listing import LIMIT, listing
from api.site.page import Here, Number, Page, PageRoute, missing
from node_client import act, transfer
from node_client.database import table_of

router = APIRouter(route_class=PageRoute)
_EVENTS: Final = tuple(word.EVENTS)


def subject_path(form: Form, subject: str, known: frozenset[str] | None = None) -> str:
    """The path of what an act is about; empty when it has no page."""
    kind, _, key = subject.partition(":")
    _, folder = word.SUBJECTS.get(kind, ("", ""))
    if not folder or (kind == "credit" and known is not None and key not in known):
        return ""
    if kind == "credit":
        return form.credit_path(key)
    return form.href(folder) if kind in {"purpose", "setting", "ledger"} else form.href(folder, key)


def subject_name(page: Page, subject: str) -> str:
    """What an act is about, in words."""
    kind, _, key = subject.partition(":")
    name, _ = word.SUBJECTS.get(kind, (kind, ""))
    if kind == "credit":
        key = page.form.credit_path(key).rsplit("/", 1)[1]
    short = f"{key[:8]}…{key[-4:]}" if key.startswith("0x") and len(key) > 16 else clipped(key, 30)
    return f"{page.word(name)} {short}".strip()


def subjects(page: Page, rows: Any) -> dict[int, tuple[str, str]]:
    """Name and path of what each act is about, by the act's sequence; a credit that was never issued has no page."""
    named = {row["subject"].partition(":")[2] for row in rows if row["subject"].startswith("credit:")}
    known = frozenset(lookup.credits_of(page.connection, named))
    return {
        row["sequence"]: (subject_name(page, row["subject"]), subject_path(page.form, row["subject"], known))
        for row in rows
    }


@router.get("/acts")
def acts(page: Page = Here) -> Response:
    """The journal."""
    rows = act.page(page.connection, after=page.after, limit=LIMIT, event=page.choice("event", _EVENTS))
    return page.show("acts.html", listing=listing(page, rows), subjects=subjects(page, rows), events=_EVENTS)


@router.get("/acts/{sequence}")
def one(sequence: Number, page: Page = Here) -> Response:
    """One act."""
    found = act.by_sequence(page.connection, sequence)
    if found is None:
        raise missing()
    return page.show(
        "act.html",
        act=found,
        subject=subjects(page, [found])[sequence],
        fields=_fields(found),
        moved=_moved(page, sequence),
        nobody=transfer.NOBODY,
        newest=page.connection.execute(select(func.max(table_of("act").c.sequence))).scalar() or 0,
    )


def _fields(found: RowMapping) -> list[tuple[str, str]]:
    """The event's fields as text."""
    return [
        (name, value if isinstance(value, str) else msgspec.json.encode(value).decode())
        for name, value in life.fields_of(found).items()
    ]


def _moved(page: Page, sequence: int) -> list[RowMapping]:
    table = table_of("transfer")
    chosen = select(table).where(table.c.sequence == sequence).order_by(table.c.line)
    return list(page.connection.execute(chosen).mappings())


@router.get("/blocks")
def blocks(page: Page = Here) -> Response:
    """The list of blocks."""
    table, journal = table_of("block"), table_of("act")
    chosen = (
        select(table.c.number, table.c.hash, table.c.timestamp).order_by(table.c.number.desc()).limit(LIMIT)
    )
    if page.after is not None:
        chosen = chosen.where(table.c.number < page.after)
    rows = page.connection.execute(chosen).mappings().all()
    counted = (
        select(journal.c.block, func.count())
        .where(journal.c.block.in_([row["number"] for row in rows]))
        .group_by(journal.c.block)
    )
    counts = {row[0]: row[1] for row in page.connection.execute(counted)} if rows else {}
    return page.show("blocks.html", listing=listing(page, rows, key="number"), counts=counts)


@router.get("/blocks/{number}")
def block(number: Number, page: Page = Here) -> Response:
    """One block."""
    table = table_of("block")
    found = page.connection.execute(select(table).where(table.c.number == number)).mappings().first()
    if found is None:
        raise missing()
    around = select(table.c.number).where(table.c.number.in_([number - 1, number + 1]))
    rows = act.of_block(page.connection, number)
    return page.show(
        "block.html",
        block=found,
        acts=rows,
        subjects=subjects(page, rows),
        around=set(page.connection.execute(around).scalars()),
    )
