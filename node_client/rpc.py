"""Bare JSON-RPC over one kept-alive HTTP connection.

Flow: method and parameters → one POST (or one POST for many, `batch`) → results, or `RpcError` with what the node said.
For reading in bulk; web3.py costs a hundred times as much per answer.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from typing import Any

import httpx
import msgspec

from node_client.errors import ChainUnreachable

_BATCH = 200


class RpcError(Exception):
    """The node answered with an error object; `code`, `data` and the text are the node's own."""

    def __init__(self, method: str, error: Any) -> None:
        fields = error if isinstance(error, dict) else {"message": str(error)}
        super().__init__(f"{method}: {fields.get('message', 'error without a message')}")
        self.method = method
        self.code = fields.get("code")
        self.data = fields.get("data")


class Rpc:
    """A node's JSON-RPC; not for use by several threads at once."""

    def __init__(self, url: str, timeout_seconds: float = 60.0) -> None:
        self.url = url
        self._client = httpx.Client(timeout=timeout_seconds, trust_env=False)
        # Time spent waiting for the node's answers, for benchmarks.
        self.waited_seconds = 0.0
        self._ids = itertools.count(1)
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder()

    def close(self) -> None:
        """The connection is closed."""
        self._client.close()

    def call(self, method: str, *params: Any) -> Any:
        """The result of one call.

        Raises `RpcError` when the node answers with an error and `ChainUnreachable` when it does not answer.
        """
        answer = self._post({"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params})
        return self._result(method, answer)

    def raw(self, method: str, *params: Any) -> bytes:
        """The whole body that the node answers one call with, unread. Raises `ChainUnreachable`."""
        return self._exchange({"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params})

    def batch(self, method: str, params: Sequence[Sequence[Any]]) -> list[Any]:
        """The results of one method for many parameter lists, in their order."""
        results: list[Any] = []
        for start in range(0, len(params), _BATCH):
            part = params[start : start + _BATCH]
            ids = [next(self._ids) for _ in part]
            answers = self._post(
                [
                    {"jsonrpc": "2.0", "id": number, "method": method, "params": list(each)}
                    for number, each in zip(ids, part, strict=True)
                ]
            )
            if not isinstance(answers, list) or len(answers) != len(part):
                raise ChainUnreachable(
                    f"the node at {self.url} answered {method} for {len(part)} with something else",
                    remedy="check that the address is a node's JSON-RPC and allows batches",
                )
            by_id = {answer.get("id"): answer for answer in answers}
            results.extend(self._result(method, by_id.get(number)) for number in ids)
        return results

    def _post(self, body: Any) -> Any:
        answer = self._exchange(body)
        started = time.perf_counter()
        try:
            return self._decoder.decode(answer)
        except msgspec.DecodeError as error:
            raise self._unreachable(error) from error
        finally:
            self.waited_seconds += time.perf_counter() - started

    def _exchange(self, body: Any) -> bytes:
        started = time.perf_counter()
        try:
            return self._client.post(
                self.url, content=self._encoder.encode(body), headers={"content-type": "application/json"}
            ).content
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._unreachable(error) from error
        finally:
            self.waited_seconds += time.perf_counter() - started

    def _unreachable(self, error: Exception) -> ChainUnreachable:
        return ChainUnreachable(
            f"the node at {self.url} does not answer: {type(error).__name__} {error}".rstrip(),
            remedy="start it (tanhui chain up) or correct TANHUI_NODE_URL",
        )

    def _result(self, method: str, answer: Any) -> Any:
        if not isinstance(answer, dict) or ("result" not in answer and "error" not in answer):
            raise ChainUnreachable(
                f"the node at {self.url} answered {method} with something that is no JSON-RPC",
                remedy="check that the address is a node's JSON-RPC",
            )
        if answer.get("error") is not None:
            raise RpcError(method, answer["error"])
        return answer["result"]
