"""A remote signer for tests: the part of Web3Signer's eth1 API that is used, over keys of eth-account."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from eth_utils.crypto import keccak


class Web3Signer(ThreadingHTTPServer):
    """The part of Web3Signer's eth1 API that is used, over keys of eth-account; `low_v` writes v as 0 and 1."""

    daemon_threads = True

    def __init__(self, keys: list[Any], *, low_v: bool = False, wrong: bool = False) -> None:
        self.keys = {"0x" + key._key_obj.public_key.to_bytes().hex(): key for key in keys}
        self.low_v, self.wrong = low_v, wrong
        self.signed: list[bytes] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Web3Signer

    def do_GET(self) -> None:
        if self.path == "/upcheck":
            self._answer(200, "OK")
        elif self.path == "/api/v1/eth1/publicKeys":
            self._answer(200, json.dumps(list(self.server.keys)))
        else:
            self._answer(404, "")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        key = self.server.keys.get(self.path.removeprefix("/api/v1/eth1/sign/"))
        if key is None:
            self._answer(404, "Public Key not found")
            return
        data = bytes.fromhex(body["data"][2:])
        self.server.signed.append(data)
        signature = bytearray(key.unsafe_sign_hash(keccak(data)).signature)
        signature[64] -= 27 if self.server.low_v else 0
        signature[5] ^= 1 if self.server.wrong else 0
        self._answer(200, "0x" + signature.hex())

    def _answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""
