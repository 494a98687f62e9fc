"""Pages of text: the glossary, the accessibility statement, the guide for buyers.

Flow: /{lang}/glossary, /{lang}/accessibility, /{lang}/guide → templates. The glossary's rows are a template's too, since each
term stands there in both languages.
"""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.site.page import Here, Page, PageRoute
from api.site.term import TERMS
from node_client import purpose

router = APIRouter(route_class=PageRoute)


@router.get("/glossary")
def glossary(page: Page = Here) -> Response:
    """The words of the register in both languages."""
    return page.show("glossary.html", terms=TERMS)


@router.get("/accessibility")
def accessibility(page: Page = Here) -> Response:
    """What the pages promise to everybody, and where to complain."""
    return page.show("accessibility.html")


@router.get("/guide")
def guide(page: Page = Here) -> Response:
    """How a buyer reads and retires by the API."""
    base = str(page.request.base_url).rstrip("/")
    purposes = purpose.all_rows(page.connection, allowed=True)
    return page.show("guide.html", base=base, purposes=purposes)
