"""The public pages: every fact of the ledger for people, in Chinese and English, without a login and without JavaScript.

Flow: /zh/… or /en/… → the noun's route in this package → node_client's queries in one snapshot → templates/<noun>.html.
`/` goes to the language that the browser prefers; `/problems/…`, the addresses that the API's problems give, to its pages.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.site import (
    act,
    cancellation,
    credit,
    home,
    issuance,
    lock,
    member,
    methodology,
    problem,
    project,
    purpose,
    report,
    retirement,
    search,
    status,
    text,
    transfer,
)
from api.site.language import LANGUAGES, preferred
from api.site.page import Here, Page, PageRoute, missing

NOUNS: Final = (
    home,
    search,
    project,
    credit,
    retirement,
    issuance,
    methodology,
    report,
    member,
    transfer,
    lock,
    cancellation,
    act,
    purpose,
    status,
    problem,
    text,
)

_rest = APIRouter(route_class=PageRoute)


@_rest.get("/{path:path}")
def nothing_here(path: str, page: Page = Here) -> Response:
    """No page has this address."""
    raise missing()


router = APIRouter(include_in_schema=False)
for _lang in LANGUAGES:
    for _noun in (*NOUNS,):
        router.include_router(_noun.router, prefix=f"/{_lang}")
    router.include_router(_rest, prefix=f"/{_lang}")


@router.get("/zh")
@router.get("/en")
def bare(request: Request) -> Response:
    """The dashboard's address ends with a slash."""
    return RedirectResponse(f"{request.url.path}/", status_code=308)


@router.get("/")
def front(request: Request) -> Response:
    """The dashboard in the browser's language."""
    return _in_language(request, "/")


@router.get("/problems/{name}")
def problem_address(name: str, request: Request) -> Response:
    """The page of a problem, in the browser's language."""
    return _in_language(request, f"/problems/{name}")


def _in_language(request: Request, path: str) -> Response:
    lang = preferred(request.headers.get("accept-language", ""))
    return RedirectResponse(f"/{lang}{path}", status_code=302, headers={"Vary": "Accept-Language"})
