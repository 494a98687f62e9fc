"""Proxies that do harm: a node that lies, and a line to the database that breaks.

Flow: the mirror → `LyingNode` → the node: some answers are dropped from, doubled, altered, reordered, cut, too old or too low.
The mirror → `BreakingLine` → PostgreSQL: cut at any moment, or between a COMMIT and its answer.
"""

from __future__ import annotations

import contextlib
import json
import random
import socket
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
from eth_utils.crypto import keccak

Logs = list[dict[str, Any]]

_UNCOUNTED = "0x" + keccak(text="AuthorityUpdated(address)").hex()


def _some(rng: random.Random, places: list[int]) -> set[int]:
    """1 to 20 % of the places, one at least."""
    return set(rng.sample(places, max(1, int(len(places) * rng.uniform(0.01, 0.2)))))


def _drop(rng: random.Random, logs: Logs, places: list[int]) -> Logs:
    gone = _some(rng, places)
    return [log for place, log in enumerate(logs) if place not in gone]


def _double(rng: random.Random, logs: Logs, places: list[int]) -> Logs:
    twice = _some(rng, places)
    return [each for place, log in enumerate(logs) for each in ([log, log] if place in twice else [log])]


def _reorder(rng: random.Random, logs: Logs, places: list[int]) -> Logs:
    first, second = rng.sample(range(len(logs)), 2) if len(logs) > 1 else (0, 0)
    changed = list(logs)
    changed[first], changed[second] = changed[second], changed[first]
    return changed


def _truncate(rng: random.Random, logs: Logs, places: list[int]) -> Logs:
    return logs[: rng.choice(places)]


def _alter(rng: random.Random, logs: Logs, places: list[int]) -> Logs:
    victims = _some(rng, places)
    return [_altered(rng, log) if place in victims else log for place, log in enumerate(logs)]


def _altered(rng: random.Random, log: dict[str, Any]) -> dict[str, Any]:
    noise = "0x" + rng.randbytes(32).hex()
    topics = list(log["topics"])
    topics[rng.randrange(len(topics))] = noise
    return {
        **log,
        **rng.choice(
            [
                {"topics": topics},
                {"topics": log["topics"][:-1]},
                {"data": log["data"] + "00"},
                {"data": log["data"][:-64] if len(log["data"]) > 66 else log["data"] + "01"},
                {"blockHash": noise},
                {"address": noise[:42]},
            ]
        ),
    }


LIES: dict[str, Callable[[random.Random, Logs, list[int]], Logs]] = {
    "drop": _drop,
    "double": _double,
    "reorder": _reorder,
    "truncate": _truncate,
    "alter": _alter,
}


class LyingNode:
    """A node's JSON-RPC with a share of its answers false, while `rate` is above 0. `told` counts the lies by kind.

    Events that the ledger's sequence does not count (of `uncounted`, the roles' contract) are told truly: without receipt
    proofs only the audit can miss them.
    """

    def __init__(self, url: str, rng: random.Random, uncounted: str) -> None:
        self.rate = 0.0
        self.told: Counter[str] = Counter()
        self._rng = rng
        self._uncounted = uncounted.lower()
        self._node = httpx.Client(base_url=url, trust_env=False, timeout=60)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Headers and body leave together; else each answer waits 40 ms for an acknowledgement.
            wbufsize = -1
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                answer = outer.answer(json.loads(body))
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_words: Any) -> None:
                """Nothing is logged."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """The proxy is gone."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
        self._node.close()

    def answer(self, asked: Any) -> bytes:
        """The node's answer, or something else."""
        many = asked if isinstance(asked, list) else [asked]
        sent = [self._older(each) for each in many]
        found = self._node.post("/", json=sent if isinstance(asked, list) else sent[0]).json()
        told = found if isinstance(found, list) else [found]
        if len(told) == len(many):
            told = [self._lied(question, reply) for question, reply in zip(many, told, strict=True)]
        return json.dumps(told if isinstance(asked, list) else told[0]).encode()

    def _lies(self, kind: str) -> bool:
        if self._rng.random() >= self.rate:
            return False
        self.told[kind] += 1
        return True

    def _older(self, question: dict[str, Any]) -> dict[str, Any]:
        """The question, or the same about an older block."""
        params = list(question["params"])
        at = {"eth_call": 1, "eth_getBlockByNumber": 0}.get(question["method"])
        if at is None or not str(params[at]).startswith("0x"):
            return question
        # A batch asks about many headers at once; each of them lied about would leave no true batch.
        if at == 0 and self._rng.random() < 0.9:
            return question
        if self._lies(f"older {question['method']}"):
            params[at] = hex(max(int(params[at], 16) - self._rng.randrange(1, 30), 0))
        return {**question, "params": params}

    def _lied(self, question: dict[str, Any], reply: dict[str, Any]) -> dict[str, Any]:
        result = reply.get("result")
        if question["method"] == "eth_blockNumber" and self._lies("head withheld"):
            return {**reply, "result": hex(max(int(str(result), 16) - self._rng.randrange(1, 200), 0))}
        if question["method"] != "eth_getLogs" or not result:
            return reply
        places = [
            place
            for place, log in enumerate(result)
            if log["address"].lower() != self._uncounted and log["topics"][0] != _UNCOUNTED
        ]
        kind = self._rng.choice(sorted(LIES))
        if not places or not self._lies(kind):
            return reply
        return {**reply, "result": LIES[kind](self._rng, result, places)}


class BreakingLine:
    """A TCP line to a PostgreSQL server, by its host or the folder of its socket."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self.cut_next_commit = threading.Event()
        self.commits_cut = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Nothing goes through any more."""
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.cut()

    def cut(self) -> int:
        """Every connection is broken; how many there were."""
        with self._lock:
            ends, self._open = self._open, []
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        return len(ends) // 2

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            host, port = self._target
            if host.startswith("/"):
                far = socket.socket(socket.AF_UNIX)
                far.connect(f"{host}/.s.PGSQL.{port}")
            else:
                far = socket.create_connection((host, port))
            with self._lock:
                self._open += [near, far]
            threading.Thread(target=self._carry, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self._carry, args=(far, near, False), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, asking: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if asking and b"COMMIT" in data and self.cut_next_commit.is_set():
                    self.cut_next_commit.clear()
                    # The server commits; the mirror will never hear of it.
                    source.shutdown(socket.SHUT_RDWR)
                    self.commits_cut += 1
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        source.close()
