"""Problem pages: what happened, why, and how to mend it, one page a problem.

Flow: api.problems.TABLE (the API's own problems, and every error of the contracts) → /{lang}/problems, /{lang}/problems/{name}.
"""

from __future__ import annotations

import re
from typing import Final

from fastapi import APIRouter, Response
from markupsafe import Markup, escape

from api.problems import TABLE
from api.site.language import N_
from api.site.page import Here, Page, PageRoute, missing
from node_client.refusal import MEANINGS

router = APIRouter(route_class=PageRoute)

# In the order of the page; the longest prefix that fits names the group.
GROUPS: Final[dict[str, str]] = {
    "": N_("The API"),
    "Members": N_("Members and accounts"),
    "Credits": N_("Credits and retirements"),
    "Methodologies": N_("Methodologies"),
    "Projects": N_("Projects and monitoring reports"),
    "Issuances": N_("Issuances"),
    "Cancellations": N_("Cancellations"),
    "Supervision": N_("Supervision"),
    "Corrections": N_("Corrections"),
    "ERC1155": N_("The token standard"),
    "Access": N_("Roles"),
    "Contract": N_("The contracts' libraries"),
}

# Who answers with an HTTP status, and what the status means.
STATUSES: Final[dict[int, str]] = {
    400: N_("The request cannot be read."),
    401: N_("The request does not say who sends it."),
    403: N_("The sender may not do this."),
    404: N_("What the request names does not exist."),
    405: N_("The address does not take this method."),
    409: N_("The state of the ledger does not allow it now."),
    413: N_("The request is too long."),
    415: N_("The request is in a form that is not taken."),
    422: N_("A value of the request is not valid."),
    429: N_("Too many requests came from one address."),
    500: N_("The fault is on our side."),
    503: N_("A part of the system does not answer now."),
}


def group_of(name: str) -> str:
    """The group that a problem belongs to."""
    if name not in MEANINGS:
        return ""
    return next((prefix for prefix in GROUPS if prefix and name.startswith(prefix)), "Contract")


def marked(text: str) -> Markup:
    """The sentence with its arguments, in braces, set as such."""
    parts = re.split(r"\{(\w+)\}", text)
    return Markup("").join(
        Markup("<var>{}</var>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(parts)
    )


@router.get("/problems")
def problems(page: Page = Here) -> Response:
    """The list of problems."""
    groups = {
        title: [kind for kind in TABLE.values() if group_of(kind.name) == prefix]
        for prefix, title in GROUPS.items()
    }
    return page.show("problems.html", groups=groups)


@router.get("/problems/{name}")
def one(name: str, page: Page = Here) -> Response:
    """One problem."""
    kind = TABLE.get(name)
    if kind is None:
        raise missing()
    return page.show(
        "problem.html",
        problem=kind,
        group=GROUPS[group_of(name)],
        happened=marked(page.word(kind.detail)),
        remedy=marked(page.word(kind.remedy)),
        arguments=re.findall(r"\{(\w+)\}", kind.detail),
        of_contract=name in MEANINGS,
        status_text=STATUSES.get(kind.status, ""),
    )
