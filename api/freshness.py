"""Freshness: every read of /v1 says the block it speaks for, and is not answered twice for one block.

Flow of a GET under /v1: `min_block` waited for → ETag of (block, path, query) equal to If-None-Match: 304 before any SQL →
bytes kept for this block: sent as they are → else the route; its answer gets `X-Mirror-Block`, `X-Mirror-Lag-Blocks`, a weak
ETag and `no-cache`, unless the route says more (a final retirement is immutable), and is kept.

A new block drops everything kept. Answers that depend on a key, and all but 200, are never kept.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import MutableMapping
from typing import Any, Final
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import Problem, problem_of, rendered
from api.reading import Mark, Reader
from node_client.errors import TanhuiError

WAIT_SECONDS: Final = 2.0
_POLL_SECONDS: Final = 0.05
_MOST_BYTES: Final = 64 * 1024 * 1024
_LARGEST_ENTRY: Final = 1024 * 1024
# Changed whenever an answer of the same block would look different.
_SHAPE: Final = b"1"
_OWN_PATHS: Final = ("/v1/requests", "/v1/quotes")

Headers = list[tuple[bytes, bytes]]


def etag_of(mark: Mark, path: bytes, query: bytes) -> bytes:
    """The weak ETag of an answer: the block, its hash, and what was asked."""
    asked = hashlib.blake2b(path + b"?" + query + _SHAPE, digest_size=9).hexdigest()
    return f'W/"{mark.block}:{mark.hash[2:14]}:{asked}"'.encode("ascii")


def is_known(if_none_match: bytes, etag: bytes) -> bool:
    """Whether If-None-Match names the ETag, by weak comparison."""
    bare = etag.removeprefix(b"W/")
    return any(each.strip().removeprefix(b"W/") == bare for each in if_none_match.split(b","))


def answered(status: int, headers: Headers, body: bytes, known: bytes) -> tuple[int, Headers, bytes]:
    """The answer, or 304 without a body when the asker has it; `*` means that it has any answer at all."""
    if status != 200 or not (known == b"*" or (known and is_known(known, _value(headers, b"etag")))):
        return status, headers, body
    return 304, [each for each in headers if each[0] not in {b"content-length", b"content-type"}], b""


class Kept:
    """Answers of one block, by path and query."""

    def __init__(self) -> None:
        self.hits = 0
        self._of = ("", -1)
        self._answers: dict[tuple[bytes, bytes], tuple[Headers, bytes]] = {}
        self._bytes = 0

    def find(self, mark: Mark, key: tuple[bytes, bytes]) -> tuple[Headers, bytes] | None:
        """The answer kept for this block, or None."""
        if (mark.hash, mark.block) != self._of:
            self._answers.clear()
            self._bytes, self._of = 0, (mark.hash, mark.block)
            return None
        return self._answers.get(key)

    def keep(self, mark: Mark, key: tuple[bytes, bytes], headers: Headers, body: bytes) -> None:
        """The answer is kept, if it is of the block that answers are kept of."""
        if (mark.hash, mark.block) != self._of or len(body) > _LARGEST_ENTRY:
            return
        if self._bytes > _MOST_BYTES:
            self._answers.clear()
            self._bytes = 0
        self._answers[key] = (headers, body)
        self._bytes += len(body) + 500


class FreshnessLayer:
    """ASGI middleware before the router."""

    def __init__(self, app: ASGIApp, *, reader: Reader, state: Any, kept: Kept) -> None:
        self._app = app
        self._reader = reader
        self._state = state
        self._kept = kept

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The request is answered."""
        if scope["type"] != "http" or scope["method"] != "GET" or not _public(scope["path"]):
            await self._app(scope, receive, send)
            return
        try:
            mark = await self._place(scope["query_string"])
        except (Problem, TanhuiError) as error:
            await _tell(problem_of(error), scope, send)
            return
        key = (scope["raw_path"], scope["query_string"])
        etag = etag_of(mark, *key)
        known = next((value for name, value in scope["headers"] if name == b"if-none-match"), b"")
        if known and is_known(known, etag):
            await send(
                {
                    "type": "http.response.start",
                    "status": 304,
                    "headers": [(b"etag", etag), *self._headers(mark)],
                }
            )
            await send({"type": "http.response.body", "body": b""})
            return
        found = self._kept.find(mark, key)
        if found is not None:
            self._kept.hits += 1
            headers, body = found
            status, headers, body = answered(200, [*headers, *self._headers(mark)], body, known)
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})
            return
        await self._app(scope, receive, _Watched(self, scope, send, key, known))

    async def _place(self, query: bytes) -> Mark:
        mark = await self._reader.place()
        if b"min_block=" not in query:
            return mark
        wanted = parse_qs(query.decode("latin-1")).get("min_block", [""])[-1]
        if not wanted.isdecimal() or len(wanted) > 19:
            return mark  # the route refuses it
        deadline = time.monotonic() + WAIT_SECONDS
        while mark.block < int(wanted):
            if time.monotonic() > deadline:
                raise Problem("MirrorBehind", {"block": mark.block, "min_block": int(wanted)})
            await asyncio.sleep(_POLL_SECONDS)
            mark = await self._reader.place()
        return mark

    def _headers(self, mark: Mark) -> Headers:
        head: int | None = self._state.head
        lag = b"unknown" if head is None else str(max(head - mark.block, 0)).encode()
        return [(b"x-mirror-block", str(mark.block).encode()), (b"x-mirror-lag-blocks", lag)]

    def finish(self, scope: Scope, start: Message, body: bytes, key: tuple[bytes, bytes]) -> Headers:
        """The headers that an answer of the router leaves with; it is kept when it may be asked for again."""
        headers: Headers = list(start["headers"])
        mark: Mark | None = scope.get("state", {}).get("mark")
        if mark is None:
            return headers
        if start["status"] == 200:
            names = {name for name, _ in headers}
            if b"etag" not in names:
                headers.append((b"etag", etag_of(mark, *key)))
            if b"cache-control" not in names:
                headers.append((b"cache-control", b"no-cache"))
            self._kept.keep(mark, key, headers, body)
        return [*headers, *self._headers(mark)]


class _Watched:
    """Sends on what the router answers, with the headers of freshness."""

    def __init__(
        self, layer: FreshnessLayer, scope: Scope, send: Send, key: tuple[bytes, bytes], known: bytes
    ) -> None:
        self._layer, self._scope, self._send, self._key, self._known = layer, scope, send, key, known
        self._start: MutableMapping[str, Any] | None = None

    async def __call__(self, message: Message) -> None:
        """The message is sent on; the start waits for the body, which decides whether the answer is kept."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        if self._start is not None:
            start, self._start = self._start, None
            body = message.get("body", b"")
            headers = self._layer.finish(self._scope, start, body, self._key)
            status, headers, body = answered(start["status"], headers, body, self._known)
            await self._send({**start, "status": status, "headers": headers})
            message = {**message, "body": body}
        await self._send(message)


def _public(path: str) -> bool:
    return path.startswith("/v1/") and not path.startswith(_OWN_PATHS)


def _value(headers: Headers, name: bytes) -> bytes:
    return next((value for each, value in headers if each == name), b"")


async def _tell(problem: Problem, scope: Scope, send: Send) -> None:
    status, headers, body = rendered(problem, scope)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
