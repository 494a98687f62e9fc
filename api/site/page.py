"""One page: its language, its database connection at one block, its filters, its answer.

Flow: request → `here` (a `Page` with an open connection) → a noun's route asks node_client for rows → `Page.show(template)` →
HTML with strict headers. What goes wrong on the way becomes a page too (`PageRoute`): 400, 404 and 503 in the reader's language.

Every page speaks for one block: all its queries run in one transaction on one snapshot.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path as File
from typing import Annotated, Any, Final

from fastapi import Depends, HTTPException, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, DBAPIError, SQLAlchemyError
from starlette.exceptions import HTTPException as StarletteHTTPException

from api.site import chart, word
from api.site.form import Form, subscripted
from api.site.freshness import Freshness, freshness_of
from api.site.language import DEFAULT, LANGUAGES, NAMES, TAGS, Language, other, words_of
from node_client.errors import DatabaseError
from node_client.settings import Settings

ROOT: Final = File(__file__).parent.parent
ROWS: Final = 50
_LARGEST: Final = 2**63 - 1
# The forms that templates call by name.
_FORMS: Final = (
    *("amount", "bare", "count", "when", "stamp", "day", "period", "hex", "short", "said", "serial"),
    *("href", "link", "credit_path", "credit_short"),
)

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


@functools.cache
def asset(name: str) -> str:
    """The path of a static file, with a mark of its content, so that browsers may keep it for good."""
    content = (ROOT / "static" / name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:10]}"


@functools.lru_cache(maxsize=8)
def environment(form: Form) -> Environment:
    """Jinja2 of one language's forms and words, with everything escaped that is not marked safe."""
    made = Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    words = words_of(form.lang)
    installed: Any = made
    installed.install_gettext_callables(words.gettext, words.ngettext, newstyle=True)
    made.filters["co2"] = subscripted
    made.globals.update(
        form=form,
        lang=form.lang,
        html_lang=TAGS[form.lang],
        asset=asset,
        words=word,
        chart=chart,
        term=lambda table, code: words.gettext(table.get(str(code), str(code))),
        tone=lambda code: word.TONES.get(code, "open"),
        # Options of a choice: values with their words.
        options=lambda table, codes: [(code, words.gettext(table.get(code, code))) for code in codes],
        **{name: getattr(form, name) for name in _FORMS},
    )
    return made


# A number of a path; one beyond SQL's integers names nothing that exists.
Number = Annotated[int, Path(ge=0, le=_LARGEST)]


class BadFilter(ValueError):
    """A value of the address's query makes no sense."""


class Page:
    """A request for a page: reads its query, runs in one snapshot, and renders."""

    def __init__(self, request: Request, lang: Language, connection: Connection | None) -> None:
        self.request = request
        self.lang: Language = lang
        self._connection = connection
        self.settings: Settings = request.app.state.portal.settings
        self.form = Form(lang, self.settings.utc_offset_hours, self.settings.unit_prefix)

    @property
    def connection(self) -> Connection:
        """The open connection of this page."""
        if self._connection is None:
            raise StarletteHTTPException(503)
        return self._connection

    def word(self, message: str) -> str:
        """The message in the page's language."""
        return words_of(self.lang).gettext(message)

    def text(self, name: str, length: int = 200) -> str:
        """A value of the query, without spaces around it; empty when it is not there."""
        value = self.request.query_params.get(name, "")
        # No name has control characters, and PostgreSQL takes no NUL.
        return "".join(letter for letter in value if letter >= " ").strip()[:length]

    def number(self, name: str) -> int | None:
        """A whole number of the query; None when it is not there. Raises `BadFilter`."""
        value = self.text(name)
        if not value:
            return None
        if not (value.isascii() and value.isdigit() and int(value) <= _LARGEST):
            raise BadFilter(name)
        return int(value)

    def choice(self, name: str, options: Sequence[str]) -> str | None:
        """One of the options; None when none is chosen. Raises `BadFilter`."""
        value = self.text(name)
        if value and value not in options:
            raise BadFilter(name)
        return value or None

    @property
    def after(self) -> int | None:
        """Where a list goes on: below this sequence."""
        return self.number("after")

    def show(self, template: str, status: int = 200, **context: Any) -> Response:
        """The page as HTML."""
        return HTMLResponse(
            environment(self.form).get_template(template).render(**self._frame(), **context),
            status_code=status,
            headers={**HEADERS, "Content-Language": TAGS[self.lang]},
        )

    def _frame(self) -> dict[str, Any]:
        """What every page's frame needs: the block it speaks for, its twin in the other language, the footer."""
        path = self.request.url.path
        rest = path[len(f"/{self.lang}") :] if path.startswith(f"/{self.lang}") else "/"
        query = f"?{self.request.url.query}" if self.request.url.query else ""
        twin = {lang: f"/{lang}{rest or '/'}{query}" for lang in LANGUAGES}
        name = self.settings.scheme_name_zh if self.lang == "zh" else self.settings.scheme_name_en
        return {
            "scheme": name,
            "section": rest.strip("/").split("/")[0],
            "query": self.request.query_params,
            "twin": twin[other(self.lang)],
            "twins": [(TAGS[lang], twin[lang], label) for lang, label in NAMES],
            "other_tag": TAGS[other(self.lang)],
            "freshness": self._freshness(),
            "footer": self._footer(),
        }

    def _freshness(self) -> Freshness | None:
        if self._connection is None:
            return None
        return freshness_of(self.request, self._connection)

    def _footer(self) -> dict[str, str]:
        """The site's furniture that settings fill; what is empty is not shown."""
        names = ("organiser", "undertaker", "site_code", "icp_number", "police_number", "contact")
        found: dict[str, str] = {}
        for name in names:
            value = getattr(self.settings, f"site_{name}_{self.lang}", "") or getattr(
                self.settings, f"site_{name}", ""
            )
            found[name] = str(value or "")
        return found


def language_of(request: Request) -> Language:
    """The language that the path starts with."""
    first = request.url.path.split("/")[1]
    return next((lang for lang in LANGUAGES if lang == first), DEFAULT)


def here(request: Request) -> Iterator[Page]:
    """The page with its connection; 503 when the database does not answer."""
    engine = request.app.state.portal.engine
    connected = engine.connect()
    if engine.dialect.name == "postgresql":
        connected = connected.execution_options(isolation_level="REPEATABLE READ")
    with connected as connection:
        yield Page(request, language_of(request), connection)


Here: Final = Depends(here)


def missing() -> HTTPException:
    """There is no such thing: the 404 page."""
    return HTTPException(404)


_FAILURES: Final = (
    StarletteHTTPException,
    BadFilter,
    RequestValidationError,
    OverflowError,
    SQLAlchemyError,
    DatabaseError,
)


class PageRoute(APIRoute):
    """A route whose failures are pages."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route, with its failures turned into pages."""
        handler = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                return await handler(request)
            except _FAILURES as error:
                return failure(request, _status_of(error), str(error) if isinstance(error, BadFilter) else "")

        return guarded


def _status_of(error: Exception) -> int:
    """The status of what went wrong: numbers beyond SQL's integers name nothing that exists."""
    match error:
        case StarletteHTTPException():
            return error.status_code
        case BadFilter():
            return 400
        case RequestValidationError() | OverflowError() | DataError():
            return 404
        case DBAPIError() if isinstance(error.orig, OverflowError):
            return 404
        case _:
            return 503


def failure(request: Request, status: int, what: str = "") -> Response:
    """The page that says, in the reader's language, what went wrong and how to go on; it needs no database."""
    page = Page(request, language_of(request), None)
    response = page.show("failure.html", status=status, status_code=status, what=what)
    response.headers["Cache-Control"] = "no-store"
    if status == 503:
        response.headers["Retry-After"] = "10"
    return response
