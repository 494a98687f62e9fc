"""The bare client keeps to its connection, and says what is wrong with a node that does not keep to JSON-RPC."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from node_client.errors import ChainUnreachable
from node_client.network import ChainProcess
from node_client.rpc import Rpc, RpcError

Answer = Callable[[BaseHTTPRequestHandler, Any], bytes]


@contextmanager
def node(answer: Answer) -> Iterator[str]:
    """A server that answers each body as told, over connections that stay open."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        status = 200

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            content = answer(self, body)
            self.send_response(self.status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def result(body: Any, value: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": body["id"], "result": value}).encode()


def test_calls_share_one_connection_and_threads_take_turns() -> None:
    seen = []

    def answer(handler: BaseHTTPRequestHandler, body: Any) -> bytes:
        seen.append(handler.client_address)
        return result(body, body["params"])

    with node(answer) as url, closing(Rpc(url)) as rpc:
        answers: dict[int, Any] = {}

        def ask(number: int) -> None:
            for _ in range(20):
                answers[number] = rpc.call("echo", number)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == {number: [number] for number in range(8)}
    assert len(seen) == 160
    assert len(set(seen)) == 1


def test_a_connection_that_the_node_closed_is_opened_again() -> None:
    def answer(handler: BaseHTTPRequestHandler, body: Any) -> bytes:
        # Closed after the answer, without a word about it.
        handler.close_connection = True
        return result(body, 1)

    with node(answer) as url, closing(Rpc(url)) as rpc:
        for _ in range(3):
            assert rpc.call("one") == 1
            assert rpc._connection is not None
            rpc._connection.sock.settimeout(5)
            # Waits until the end of the connection has come.
            assert rpc._connection.sock.recv(1, 2) == b""


def test_user_and_password_of_the_address_are_sent() -> None:
    seen = []

    def answer(handler: BaseHTTPRequestHandler, body: Any) -> bytes:
        seen.append(handler.headers["authorization"])
        return result(body, True)

    with node(answer) as url, closing(Rpc(url.replace("//", "//who:p%40ss@"))) as rpc:
        assert rpc.call("any") is True
    assert seen == ["Basic " + base64.b64encode(b"who:p@ss").decode()]


def broken(_handler: BaseHTTPRequestHandler, _body: Any) -> bytes:
    return b"{"


def gateway(handler: Any, _body: Any) -> bytes:
    handler.status = 503
    return b"<html>"


def empty(_handler: BaseHTTPRequestHandler, _body: Any) -> bytes:
    return b"{}"


@pytest.mark.parametrize(
    ("answer", "said"), [(broken, "DecodeError"), (gateway, "HTTP 503"), (empty, "no JSON-RPC")]
)
def test_nonsense_is_an_error_with_a_remedy(answer: Answer, said: str) -> None:
    with node(answer) as url, closing(Rpc(url)) as rpc, pytest.raises(ChainUnreachable, match=said) as stop:
        rpc.call("any")
    assert stop.value.remedy


def test_a_batch_that_lacks_an_answer_or_is_refused_whole_is_an_error(anvil: ChainProcess) -> None:
    def lacking(_handler: BaseHTTPRequestHandler, body: Any) -> bytes:
        return b"[" + b",".join(result(each, 1) for each in body[1:]) + b"]"

    def whole(_handler: BaseHTTPRequestHandler, _body: Any) -> bytes:
        return json.dumps(
            {"jsonrpc": "2.0", "id": None, "error": {"code": -32005, "message": "too many"}}
        ).encode()

    with (
        node(lacking) as url,
        closing(Rpc(url)) as rpc,
        pytest.raises(ChainUnreachable, match="something else"),
    ):
        rpc.batch("any", [[1], [2]])
    with node(whole) as url, closing(Rpc(url)) as rpc, pytest.raises(RpcError, match="too many") as stop:
        rpc.batch("any", [[1], [2]])
    assert stop.value.code == -32005
    with closing(Rpc(anvil.rpc_url)) as rpc:
        headers = rpc.batch("eth_getBlockByNumber", [["0x0", False]] * 250)
        assert len(headers) == 250
        with pytest.raises(RpcError):
            rpc.batch("eth_noSuchMethod", [[]])
