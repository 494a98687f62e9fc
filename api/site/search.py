"""The search box: takes anything, and goes to its page.

Flow: /{lang}/search?q=… → what the text can be by its form (hash, account, serial name, number) and what bears it as code or
name → one match: its page; several or none: the list of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from eth_utils.address import to_checksum_address
from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import or_, select

from api.site import word
from api.site.form import clipped
from api.site.language import N_
from api.site.page import Here, Page, PageRoute
from node_client import act, correction, credit, lock, member, project, retirement
from node_client.database import table_of
from node_client.units import encode_token_id, token_hex

router = APIRouter(route_class=PageRoute)
_NAMES: Final = 20


@dataclass(frozen=True, slots=True)
class Match:
    """Something found: what it is, how it is called, and its path."""

    kind: str
    name: str
    path: str


@router.get("/search")
def search(page: Page = Here) -> Response:
    """What the text names."""
    text = page.text("q")
    matches = _matches(page, text) if text else []
    if len(matches) == 1:
        return RedirectResponse(matches[0].path, status_code=303)
    return page.show("search.html", text=text, matches=matches)


def _matches(page: Page, text: str) -> list[Match]:
    if re.fullmatch(r"0x[0-9a-fA-F]{64}", text):
        return _of_hash(page, text.lower())
    if re.fullmatch(r"0x[0-9a-fA-F]{40}", text):
        account = to_checksum_address(text)
        found = member.account(page.connection, account)
        return (
            [Match(word.SUBJECTS["account"][0], account, page.form.href("accounts", account))]
            if found
            else []
        )
    return [*_of_credit(page, text), *_of_number(page, text), *_of_name(page, text)]


def _of_hash(page: Page, text: str) -> list[Match]:
    connection, form = page.connection, page.form
    found: list[Match] = []
    if retirement.by_id(connection, text):
        found.append(Match(word.SUBJECTS["retirement"][0], text, form.href("retirements", text)))
    if credit.by_id(connection, text):
        found.append(Match(word.SUBJECTS["credit"][0], text, form.credit_path(text)))
    if lock.by_id(connection, text):
        found.append(Match(word.SUBJECTS["lock"][0], text, form.href("locks", text)))
    corrected = correction.by_id(connection, text)
    if corrected:
        found.append(Match(N_("correction"), text, form.href("retirements", corrected["retirement_id"])))
    block = table_of("block")
    number = connection.execute(select(block.c.number).where(block.c.hash == text)).scalar()
    if number is not None:
        found.append(Match(N_("block"), str(number), form.href("blocks", number)))
    return found or _of_other_hash(page, text)


def _of_other_hash(page: Page, text: str) -> list[Match]:
    """By hashes that stand in a column without index of their own: record, report, document."""
    connection, form = page.connection, page.form
    report, retired = table_of("report"), table_of("retirement")
    number = connection.execute(select(report.c.report_id).where(report.c.report_hash == text)).scalar()
    if number is not None:
        return [Match(word.SUBJECTS["report"][0], str(number), form.href("reports", number))]
    chosen = (
        select(retired.c.retirement_id)
        .where(or_(retired.c.record_hash == text, retired.c.tx_hash == text))
        .limit(_NAMES)
    )
    return [
        Match(word.SUBJECTS["retirement"][0], each, form.href("retirements", each))
        for each in connection.execute(chosen).scalars()
    ]


def _of_credit(page: Page, text: str) -> list[Match]:
    """A credit by its serial name (HRBCER-000003-2026-1) or by project and credit (3-1)."""
    named = re.fullmatch(r"[A-Za-z]+-(\d{1,18})-\d{4}-(\d{1,38})", text) or re.fullmatch(
        r"(\d{1,18})-(\d{1,38})", text
    )
    if named is None:
        return []
    token_id = token_hex(encode_token_id(int(named[1]), int(named[2])))
    if credit.by_id(page.connection, token_id) is None:
        return []
    return [Match(word.SUBJECTS["credit"][0], text, page.form.credit_path(token_id))]


def _of_number(page: Page, text: str) -> list[Match]:
    """Whatever has the number."""
    if not re.fullmatch(r"\d{1,18}", text):
        return []
    connection, form, number = page.connection, page.form, int(text)
    found: list[Match] = []
    one = project.by_id(connection, number)
    if one is not None:
        found.append(
            Match(word.SUBJECTS["project"][0], f"{number} · {one['name']}", form.href("projects", number))
        )
    organisation = member.by_id(connection, number)
    if organisation is not None:
        found.append(
            Match(
                word.SUBJECTS["member"][0], f"{number} · {organisation['name']}", form.href("members", number)
            )
        )
    for kind, folder in (
        ("methodology", "methodologies"),
        ("report", "reports"),
        ("issuance", "issuances"),
        ("cancellation", "cancellations"),
    ):
        table = table_of(kind)
        key = table.c[f"{kind}_id"]
        if connection.execute(select(key).where(key == number)).scalar() is not None:
            found.append(Match(word.SUBJECTS[kind][0], str(number), form.href(folder, number)))
    block = table_of("block")
    if connection.execute(select(block.c.number).where(block.c.number == number)).scalar() is not None:
        found.append(Match(N_("block"), str(number), form.href("blocks", number)))
    if act.by_sequence(connection, number) is not None:
        found.append(Match(N_("act"), str(number), form.href("acts", number)))
    return found


def _of_name(page: Page, text: str) -> list[Match]:
    """Projects, methodologies and members whose code or name has the text, and retirements of a beneficiary of that name."""
    connection, form = page.connection, page.form
    projects, methodologies = table_of("project"), table_of("methodology")
    members, retired = table_of("member"), table_of("retirement")
    exact = connection.execute(select(projects.c.project_id).where(projects.c.code == text)).scalars().all()
    if exact:
        return [Match(word.SUBJECTS["project"][0], text, form.href("projects", each)) for each in exact]
    like: list[tuple[str, str, Any]] = [
        (
            "project",
            "projects",
            select(projects.c.project_id, projects.c.name)
            .where(
                or_(
                    projects.c.name.contains(text, autoescape=True),
                    projects.c.code.contains(text, autoescape=True),
                )
            )
            .order_by(projects.c.project_id),
        ),
        (
            "methodology",
            "methodologies",
            select(
                methodologies.c.methodology_id,
                methodologies.c.code.concat(" ").concat(methodologies.c.version),
            )
            .where(methodologies.c.code.contains(text, autoescape=True))
            .order_by(methodologies.c.methodology_id),
        ),
        (
            "member",
            "members",
            select(members.c.member_id, members.c.name)
            .where(members.c.name.contains(text, autoescape=True))
            .order_by(members.c.member_id),
        ),
        (
            "retirement",
            "retirements",
            select(retired.c.retirement_id, retired.c.beneficiary)
            .where(retired.c.beneficiary == text)
            .order_by(retired.c.sequence.desc()),
        ),
    ]
    return [
        Match(word.SUBJECTS[kind][0], clipped(name, 80), form.href(folder, key))
        for kind, folder, chosen in like
        for key, name in connection.execute(chosen.limit(_NAMES))
    ]
