"""Proxies that do harm: a node that lies, and a line to the database that breaks.

Flow: the mirror → `LyingNode` → the node: some answers are other than the node's (tests.campaign.lies), too old, too low or
cut off.
The mirror → `BreakingLine` → PostgreSQL: cut at any moment, or between a COMMIT and its answer.
"""

from __future__ import annotations

import contextlib
import json
import random
import socket
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
from eth_utils.crypto import keccak

from tests.campaign.lies import SLIPS, Forged, Forgery, Log, forge

_UNCOUNTED = "0x" + keccak(text="AuthorityUpdated(address)").hex()
_FIELDS = ("timestamp", "gasUsed", "stateRoot", "receiptsRoot", "parentHash")


class LyingNode:
    """A node's JSON-RPC with a share of its answers false, while `rate` is above 0, and the blocks of `forged` false always.

    `told` counts the lies by kind. Of a mirror that is not `proven` only what it must see is told falsely: events that the
    ledger's sequence does not count, and what fits the bloom and the lengths, only receipts tell (docs/auditor.md).
    """

    def __init__(self, url: str, rng: random.Random, addresses: Mapping[str, str], *, proven: bool) -> None:
        self.rate = 0.0
        self.told: Counter[str] = Counter()
        self.forged: dict[int, Forged] = {}
        self._rng = rng
        self._proven = proven
        # Without proofs, logs left out can agree with a count that is too old: one of the two at a time.
        self._honest = "" if proven else rng.choice(("eth_getLogs", "eth_call"))
        self._contracts = {address.lower(): name for name, address in addresses.items()}
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

    def forge(
        self, block: int, by: Forgery, depth: str, victim: Callable[[Log], bool] = lambda _log: True
    ) -> bool:
        """The block is false from now on in one of the ledger's logs that may be the victim; false when it has none."""
        asked = {"jsonrpc": "2.0", "id": 1, "method": "eth_getBlockReceipts", "params": [hex(block)]}
        receipts = self._node.post("/", json=asked).json()["result"]
        logs = [log for receipt in receipts for log in receipt["logs"] if log["address"] in self._contracts]
        victims = [log for log in logs if victim(log)]
        if victims:
            self.forged[block] = forge(self._rng, receipts, self._rng.choice(victims), by, depth)
        return bool(victims)

    def answer(self, asked: Any) -> bytes:
        """The node's answer, or something else."""
        many = asked if isinstance(asked, list) else [asked]
        sent = [self._older(each) for each in many]
        found = self._node.post("/", json=sent if isinstance(asked, list) else sent[0]).json()
        told = found if isinstance(found, list) else [found]
        if len(told) == len(many):
            told = [
                {**reply, "result": self._slipped(question, self._as_forged(question, reply["result"]))}
                if reply.get("result")
                else reply
                for question, reply in zip(sent, told, strict=True)
            ]
        body = json.dumps(told if isinstance(asked, list) else told[0]).encode()
        return body[: self._rng.randrange(len(body))] if self._lies("cut JSON", 0.02) else body

    def _lies(self, kind: str, share: float = 1.0) -> bool:
        if self._rng.random() >= self.rate * share:
            return False
        self.told[kind] += 1
        return True

    def _older(self, question: dict[str, Any]) -> dict[str, Any]:
        """The question, or the same about an older block."""
        params = list(question["params"])
        at = {"eth_call": 1, "eth_getBlockByNumber": 0}.get(question["method"])
        if at is None or question["method"] == self._honest or not str(params[at]).startswith("0x"):
            return question
        # A batch asks about many headers at once; were each of them often lied about, no batch would be true.
        if self._lies(f"older {question['method']}", 1.0 if at else 0.01):
            params[at] = hex(max(int(params[at], 16) - self._rng.randrange(1, 30), 0))
        return {**question, "params": params}

    def _as_forged(self, question: dict[str, Any], result: Any) -> Any:
        """The answer as it must be when the forged blocks are what they are told to be."""
        method, params = question["method"], question["params"]
        if method == "eth_getLogs":
            first, last = (int(params[0][side], 16) for side in ("fromBlock", "toBlock"))
            wanted = {address.lower() for address in params[0]["address"]}
            for block in sorted(self.forged.keys() & set(range(first, last + 1))):
                # The places of a forged block are those of its logs; it has one at least, for it was chosen so.
                own = [place for place, log in enumerate(result) if int(log["blockNumber"], 16) == block]
                told = [log for log in self.forged[block].logs if log["address"] in wanted]
                if own:
                    result = [*result[: own[0]], *told, *result[own[-1] + 1 :]]
            return result
        block = int(params[0], 16) if method in {"eth_getBlockReceipts", "eth_getBlockByNumber"} else -1
        if block not in self.forged:
            return result
        forged = self.forged[block]
        return forged.receipts if method == "eth_getBlockReceipts" else {**result, **forged.header}

    def _slipped(self, question: dict[str, Any], result: Any) -> Any:
        if question["method"] == "eth_blockNumber" and self._lies("head withheld"):
            return hex(max(int(result, 16) - self._rng.randrange(1, 200), 0))
        if question["method"] == "eth_getBlockByNumber" and self._proven and self._lies("header", 0.01):
            field = self._rng.choice(_FIELDS)
            return {**result, field: hex(int(result[field], 16) ^ 1)}
        if question["method"] == "eth_getBlockReceipts" and self._lies("receipts", 0.02):
            return result[1:]
        if question["method"] != "eth_getLogs" or self._honest == "eth_getLogs":
            return result
        places = [place for place, log in enumerate(result) if self._proven or self._seen(log)]
        kind = self._rng.choice(sorted(SLIPS))
        if not places or not self._lies(kind):
            return result
        return SLIPS[kind](self._rng, result, places)

    def _seen(self, log: Log) -> bool:
        """Whether a mirror without proofs must see what becomes of the log."""
        return self._contracts.get(log["address"].lower()) != "Roles" and log["topics"][0] != _UNCOUNTED


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
