"""Bare JSON-RPC over one kept-alive HTTP connection.

Flow: method and parameters → one POST (or one POST for many, `batch`) → results, or `RpcError` with what the node said.
For reading in bulk; web3.py costs a hundred times as much per answer, and httpx several times as much for long answers.
"""

from __future__ import annotations

import base64
import http.client
import itertools
import select
import socket
import threading
import time
from collections.abc import Sequence
from typing import Any, Final, Generic, TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

from node_client.errors import ChainUnreachable

T = TypeVar("T")

# So many calls in one POST, when each answer holds at most a header.
_BATCH: Final = 100


class RpcError(Exception):
    """The node answered with an error object; `code`, `data` and the text are the node's own."""

    def __init__(self, method: str, error: Any) -> None:
        fields = error if isinstance(error, dict) else {"message": str(error)}
        super().__init__(f"{method}: {fields.get('message', 'error without a message')}")
        self.method = method
        self.code = fields.get("code")
        self.data = fields.get("data")


class Answer(msgspec.Struct, Generic[T]):
    """One answer whose result is of a known form; neither result nor error is no JSON-RPC."""

    id: Any = None
    result: T | msgspec.UnsetType = msgspec.UNSET
    error: Any = None


class Rpc:
    """A node's JSON-RPC over one connection; threads that use it at once wait for each other."""

    def __init__(self, url: str, timeout_seconds: float = 60.0) -> None:
        self.url = url
        self._timeout_seconds = timeout_seconds
        self._connection: http.client.HTTPConnection | None = None
        self._connected_to = ""
        self._lock = threading.Lock()
        # Time spent waiting for the node's answers, for benchmarks.
        self.waited_seconds = 0.0
        self._ids = itertools.count(1)
        self._encoder = msgspec.json.Encoder()
        self._any = msgspec.json.Decoder(Answer[Any])

    def close(self) -> None:
        """The connection is closed."""
        with self._lock:
            self._drop()

    def call(self, method: str, *params: Any) -> Any:
        """The result of one call.

        Raises `RpcError` when the node answers with an error and `ChainUnreachable` when it does not answer.
        """
        return self.read(self._any, method, *params)

    def read(self, decoder: msgspec.json.Decoder[Answer[T]], method: str, *params: Any) -> T:
        """The result of one call, read straight into the decoder's form. Errors as `call`."""
        body = self.raw(method, *params)
        return self._result(method, self._decode(decoder, body))

    def raw(self, method: str, *params: Any) -> bytes:
        """The whole body that the node answers one call with, unread. Raises `ChainUnreachable`."""
        return self._exchange(self._call(next(self._ids), method, params))

    def batch(self, method: str, params: Sequence[Sequence[Any]]) -> list[Any]:
        """The results of one method for many parameter lists, in their order. Errors as `call`."""
        return self.read_batch(_ANY_BATCH, method, params)

    def read_batch(
        self,
        decoder: msgspec.json.Decoder[list[Answer[T]]],
        method: str,
        params: Sequence[Sequence[Any]],
        at_once: int = _BATCH,
    ) -> list[T]:
        """As `batch`, with each result read straight into the decoder's form, and so many calls in one POST."""
        results: list[T] = []
        for start in range(0, len(params), at_once):
            part = params[start : start + at_once]
            ids = [next(self._ids) for _ in part]
            body = self._exchange(
                [self._call(number, method, each) for number, each in zip(ids, part, strict=True)]
            )
            if body[:1] == b"{":
                # One error for the whole batch.
                self._result(method, self._decode(self._any, body))
            by_id = {answer.id: answer for answer in self._decode(decoder, body)}
            if by_id.keys() != set(ids):
                raise ChainUnreachable(
                    f"the node at {self.url} answered {method} for {len(part)} with something else",
                    remedy="check that the address is a node's JSON-RPC and allows batches",
                )
            results.extend(self._result(method, by_id[number]) for number in ids)
        return results

    @staticmethod
    def _call(number: int, method: str, params: Sequence[Any]) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}

    def _decode(self, decoder: msgspec.json.Decoder[T], body: bytes) -> T:
        try:
            return decoder.decode(body)
        except msgspec.DecodeError as error:
            raise self._unreachable(error) from error

    def _exchange(self, body: Any) -> bytes:
        content = self._encoder.encode(body)
        with self._lock:
            started = time.perf_counter()
            try:
                return self._post(content)
            except (OSError, http.client.HTTPException, ValueError) as error:
                self._drop()
                raise self._unreachable(error) from error
            except BaseException:
                # An answer that was not read to its end would be taken for the next one's.
                self._drop()
                raise
            finally:
                self.waited_seconds += time.perf_counter() - started

    def _post(self, content: bytes) -> bytes:
        where = urlsplit(self.url)
        connection = self._connect(where)
        path = (where.path or "/") + (f"?{where.query}" if where.query else "")
        connection.request("POST", path, content, _headers(where))
        answer = connection.getresponse()
        body = answer.read()
        if answer.will_close:
            self._drop()
        if answer.status >= 400 and body[:1] not in {b"{", b"["}:
            # Not the node's own words, but a gateway's before it.
            raise http.client.HTTPException(f"HTTP {answer.status} {answer.reason}")
        return body

    def _connect(self, where: SplitResult) -> http.client.HTTPConnection:
        """The open connection, or a new one when there is none, the node has closed it, or the address has changed."""
        found = self._connection
        same = found is not None and found.sock is not None and self._connected_to == self.url
        # Nothing was asked, so anything to read is the end of the connection.
        if found is not None and same and not _readable(found.sock):
            return found
        self._drop()
        kind = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(where.hostname or "", where.port, timeout=self._timeout_seconds)
        self._connected_to = self.url
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _unreachable(self, error: Exception) -> ChainUnreachable:
        return ChainUnreachable(
            f"the node at {self.url} does not answer: {type(error).__name__} {error}".rstrip(),
            remedy="start it (tanhui chain up) or correct TANHUI_NODE_URL",
        )

    def _result(self, method: str, answer: Answer[T]) -> T:
        if answer.error is not None:
            raise RpcError(method, answer.error)
        if answer.result is msgspec.UNSET:
            raise ChainUnreachable(
                f"the node at {self.url} answered {method} with something that is no JSON-RPC",
                remedy="check that the address is a node's JSON-RPC",
            )
        return answer.result


def _readable(sock: socket.socket) -> bool:
    if not hasattr(select, "poll"):
        return bool(select.select([sock], [], [], 0)[0])
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


_ANY_BATCH: Final = msgspec.json.Decoder(list[Answer[Any]])


def _headers(where: SplitResult) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if where.username is not None:
        pair = f"{unquote(where.username)}:{unquote(where.password or '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"
    return headers
