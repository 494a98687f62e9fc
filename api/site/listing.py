"""A page of a list: newest first, going on below a sequence.

Flow: a noun's `page(…, limit=ROWS + 1)` → `listing` → the rows shown, and the addresses of the newest and the next page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from api.site.page import ROWS, Page

# One more than is shown tells whether there is a next page.
LIMIT: Final = ROWS + 1


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows shown, address of the first page, address of the next one (or none), and whether this is not the first."""

    rows: Sequence[Any]
    first: str
    next: str | None
    began: bool


def listing(page: Page, rows: Sequence[Any], key: str = "sequence") -> Listing:
    """The list's page; filters stay in its addresses."""
    kept = {name: value for name, value in page.request.query_params.items() if name != "after" and value}
    path = page.request.url.path
    shown = rows[:ROWS]
    following = urlencode({**kept, "after": shown[-1][key]}) if len(rows) > ROWS else None
    return Listing(
        rows=shown,
        first=f"{path}?{urlencode(kept)}" if kept else path,
        next=f"{path}?{following}" if following else None,
        began=bool(page.text("after")),
    )
