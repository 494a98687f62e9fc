"""The site on its own, over an engine: for tests of the pages, and for looking at them.

Flow: `app_of(settings, engine)` → FastAPI with the pages and the static files → `Served`, a real uvicorn on a free port.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import uvicorn
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from sqlalchemy import Engine

from api import site
from api.site.page import ROOT
from node_client.settings import Settings


def app_of(settings: Settings, engine: Engine) -> FastAPI:
    """The pages over a mirrored database."""
    app = FastAPI()
    app.state.portal = SimpleNamespace(settings=settings, engine=engine)
    app.state.head = None
    app.mount("/static", StaticFiles(directory=ROOT / "static"))
    app.include_router(site.router)
    return app


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The app answers on a free port of the loopback; its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    assert server.started
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(20)
    listening.close()
