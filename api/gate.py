"""The gate before everything: HEAD, rate limit, length and kind of bodies.

Flow: request → HEAD is asked as GET and answered without its body → a public address' share of the rate limit (RateLimit
headers, 429) → a body is read whole, at most 64 KiB (413), and under /v1 is JSON (415) → the app.

The limit counts per process: several processes each give an address a share of its own.
"""

from __future__ import annotations

import math
import time
from typing import Final

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import Problem, rendered

LARGEST_BODY: Final = 64 * 1024
_UNCOUNTED: Final = ("/livez", "/readyz", "/metrics", "/static/")
_WITH_BODY: Final = {"POST", "PUT", "PATCH", "DELETE"}


class Counters:
    """What the gate has seen, for /metrics."""

    def __init__(self) -> None:
        self.by_status: dict[int, int] = {}

    def count(self, status: int) -> None:
        """One more answer of this status."""
        self.by_status[status] = self.by_status.get(status, 0) + 1


class Gate:
    """ASGI middleware, the outermost. An empty `rate_limit` lets everybody through."""

    def __init__(self, app: ASGIApp, *, rate_limit: str, counters: Counters) -> None:
        self._app = app
        self._counters = counters
        self._item: RateLimitItem | None = parse(rate_limit) if rate_limit else None
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        if self._item is not None:
            self._policy = f'"address";q={self._item.amount};w={self._item.get_expiry()}'.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The request is answered, or sent away."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        extra: list[tuple[bytes, bytes]] = [(b"x-content-type-options", b"nosniff")]
        head_only = scope["method"] == "HEAD"
        if head_only:
            scope = {**scope, "method": "GET"}

        async def out(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._counters.count(message["status"])
                present = {name for name, _ in message["headers"]}
                added = [each for each in extra if each[0] not in present]
                message = {**message, "headers": [*message["headers"], *added]}
            elif head_only:
                message = {**message, "body": b""}
            await send(message)

        problem = await self._limit(scope, extra)
        if problem is None and scope["method"] in _WITH_BODY:
            problem, receive = await _body(scope, receive)
        if problem is None:
            await self._app(scope, receive, out)
            return
        status, headers, body = rendered(problem, scope)
        await out({"type": "http.response.start", "status": status, "headers": headers})
        await out({"type": "http.response.body", "body": body})

    async def _limit(self, scope: Scope, extra: list[tuple[bytes, bytes]]) -> Problem | None:
        if self._item is None or scope["path"].startswith(_UNCOUNTED):
            return None
        address = scope["client"][0] if scope.get("client") else "unknown"
        allowed = await self._limiter.hit(self._item, address)
        window = await self._limiter.get_window_stats(self._item, address)
        seconds = max(math.ceil(window.reset_time - time.time()), 1)
        extra.append((b"ratelimit-policy", self._policy))
        extra.append((b"ratelimit", f'"address";r={max(window.remaining, 0)};t={seconds}'.encode()))
        if allowed:
            return None
        return Problem("TooManyRequests", {"limit": str(self._item)}, headers={"Retry-After": str(seconds)})


async def _body(scope: Scope, receive: Receive) -> tuple[Problem | None, Receive]:
    """The whole body read, so that nothing behind the gate has to bound it."""
    headers = dict(scope["headers"])
    declared = headers.get(b"content-length", b"0")
    too_large = Problem("BodyTooLarge", {"limit_bytes": LARGEST_BODY})
    if declared.isdigit() and int(declared) > LARGEST_BODY:
        return too_large, receive
    parts: list[bytes] = []
    length, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        part = message.get("body", b"")
        length += len(part)
        if length > LARGEST_BODY:
            return too_large, receive
        parts.append(part)
        more = message.get("more_body", False)
    media_type = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
    if length and scope["path"].startswith("/v1/") and media_type != b"application/json":
        said = media_type[:100].decode("latin-1") or "none"
        return Problem("MediaTypeUnsupported", {"media_type": said}), receive
    whole = b"".join(parts)
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": whole, "more_body": False}

    return None, again
