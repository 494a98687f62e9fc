"""The app: pages for people, /v1 for programs, over one mirror.

Flow of a request: gate (HEAD, rate limit, body) → freshness (min_block, ETag, kept bytes) → router → a noun's route → the
mirror's rows → JSON. What goes wrong is a problem (api/problems.py).

`create_app` does nothing but put parts together; connections, the head and the outbox start with the server and end with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.staticfiles import StaticFiles

from api import (
    act,
    cancellation,
    correction,
    credit,
    deployment,
    faults,
    holding,
    issuance,
    lock,
    member,
    methodology,
    project,
    purpose,
    quote,
    report,
    retirement,
    retiring,
    role,
    setting,
    statistics,
    status,
    transfer,
)
from api.deps import Portal, log
from api.freshness import FreshnessLayer, Kept
from api.gate import Counters, Gate
from api.node import Head, Node
from api.outbox import Outbox
from api.outbox.means import relayers_of
from api.request import route as request
from node_client.database import engine as engine_of
from node_client.errors import DatabaseError, SignerUnreachable, SigningError
from node_client.settings import Settings

# Routes are tried in this order: the one that is asked for most in bulk stands first.
NOUNS: Final[tuple[ModuleType, ...]] = (
    retiring,
    member,
    purpose,
    setting,
    methodology,
    project,
    report,
    issuance,
    credit,
    holding,
    transfer,
    lock,
    retirement,
    correction,
    cancellation,
    act,
    role,
    statistics,
    deployment,
    quote,
    request,
    status,
)
STATIC: Final = Path(__file__).parent / "static"
DESCRIPTION: Final = """\
The ledger of a city's carbon-inclusion scheme. Reading needs no key; every answer says the block it speaks for
(`X-Mirror-Block`). Amounts are grams of CO2e as decimal text, tonnes stand beside. Problems follow RFC 9457.
"""


def create_app(settings: Settings) -> FastAPI:
    """The app of these settings. Raises `BadInput` when a password file that is named cannot be read."""
    engine = engine_of(settings.effective_database_url)
    app = FastAPI(
        title=settings.scheme_name_en,
        version="1",
        description=DESCRIPTION,
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    portal = Portal(settings, engine)
    app.state.settings, app.state.engine, app.state.portal = settings, engine, portal
    app.state.head, app.state.outbox = None, None
    app.state.counters, app.state.kept = Counters(), Kept()
    app.state.digesting = asyncio.Lock()
    for noun in NOUNS:
        app.include_router(noun.router)
    faults.register(app)
    _add_pages(app)
    app.add_middleware(FreshnessLayer, reader=portal.reader, state=app.state, kept=app.state.kept)
    app.add_middleware(Gate, rate_limit=settings.rate_limit, counters=app.state.counters)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _add_pages(app: FastAPI) -> None:
    """The pages for people, where they are installed."""
    if importlib.util.find_spec("api.site") is not None:
        site: Any = importlib.import_module("api.site")
        if hasattr(site, "router"):
            app.include_router(site.router, include_in_schema=False)
    if STATIC.is_dir():
        app.mount("/static", StaticFiles(directory=STATIC), name="static")


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    portal: Portal = app.state.portal
    try:
        portal.reader.check()
    except DatabaseError as error:
        # Told by /readyz and by every read, which look again: the operator may be upgrading right now.
        log.error("the database cannot be read: %s", error)

    def tell(number: int | None) -> None:
        app.state.head = number

    head_node = Node(portal.settings)
    head = Head(head_node, tell)
    head.start()
    app.state.outbox = outbox = _outbox(portal)
    if outbox is not None:
        portal.wake = outbox.wake
        outbox.start()
    try:
        yield
    finally:
        if outbox is not None:
            outbox.stop()
        head.stop()
        head_node.close()
        portal.node.close()
        portal.desk.close()
        portal.reader.close()
        portal.vault.close()
        portal.close()
        portal.engine.dispose()


def _outbox(portal: Portal) -> Outbox | None:
    """The outbox, when this process is to carry requests and the relayers' keys are there."""
    if not portal.settings.outbox:
        return None
    try:
        relayers_of(portal.settings, portal.vault)
    except SignerUnreachable:
        # It may come up later; until then the outbox waits.
        log.warning("the remote signer does not answer: requests to retire wait")
    except SigningError as error:
        log.info("requests to retire are refused here: %s", error)
        return None
    return Outbox(portal.settings, portal.engine, portal.vault)


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document: the routes' own, with the one model of problems."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        model = faults.ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(model.pop("$defs", {}))
        schemas["ProblemDocument"] = model
        app.openapi_schema = document
    return app.openapi_schema
