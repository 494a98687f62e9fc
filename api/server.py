"""The server: uvicorn with uvloop and httptools, on loopback unless the settings say otherwise.

Flow: settings → app → `serve` → the port is open and `ready` is told its address → until a signal, or `stop` is set.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Final

import uvicorn

from api.app import create_app
from node_client.settings import Settings

_GRACE_SECONDS: Final = 10


class _Server(uvicorn.Server):
    """Tells where it listens; ends when `stop` is set."""

    def __init__(
        self, config: uvicorn.Config, ready: Callable[[str], None], stop: threading.Event | None
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._stop = stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit and self.servers:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            self._ready(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")

    async def on_tick(self, counter: int) -> bool:
        ended = await super().on_tick(counter)
        return ended or (self._stop is not None and self._stop.is_set())


def serve(
    settings: Settings,
    ready: Callable[[str], None] = lambda _address: None,
    stop: threading.Event | None = None,
) -> bool:
    """The API answered on the settings' host and port until it was told to end; False when it could not start.

    `ready` is called with the address once it listens, which matters with port 0. Call it in the main thread for signals
    to end it, or in another one with `stop`.
    """
    config = uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server = _Server(config, ready, stop)
    server.run()
    return server.started
