"""The outbox: several relayers, nonces without gaps, a node's troubles waited out with the same bytes, the mirror's last word."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from alembic import command
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from api import request as requests
from api.outbox import Outbox
from node_client import database
from node_client.database import table_of
from node_client.errors import ChainError
from node_client.settings import Settings
from tests.api.city import Town, accept, carried, rows_of, served
from tests.api.test_problems import told_problem
from tests.command_line import Scheme


def test_a_pool_shares_the_work_and_no_relayer_has_a_gap(
    here: Town, pool: Settings, outbox_of: Callable[..., Outbox]
) -> None:
    accept(here, pool, 20)
    outbox = outbox_of(here, pool)
    outbox.step()
    by_relayer: dict[str, list[int]] = {}
    for row in rows_of(here):
        by_relayer.setdefault(row["relayer"], []).append(row["nonce"])
    assert sorted(len(nonces) for nonces in by_relayer.values()) == [6, 7, 7]
    assert all(sorted(nonces) == list(range(len(nonces))) for nonces in by_relayer.values())
    assert carried(here, outbox) == {"final": 20}
    assert here.retired() == 20


def test_no_two_requests_under_way_can_have_one_nonce(
    here: Town, pool: Settings, outbox_of: Callable[..., Outbox]
) -> None:
    accept(here, pool, 4)
    here.world.rpc("evm_setAutomine", False)
    outbox_of(here, pool).step()
    table = table_of("request")
    first = rows_of(here)[0]
    with pytest.raises(IntegrityError), here.engine.begin() as connection:
        connection.execute(
            update(table)
            .where(table.c.number != first["number"])
            .values(relayer=first["relayer"], nonce=first["nonce"])
        )
    here.world.rpc("evm_setAutomine", True)


class Moody(ThreadingHTTPServer):
    """Stands before a node and answers for it as its mood says; `mood` is None when it passes everything on."""

    daemon_threads = True

    def __init__(self, node_url: str) -> None:
        self.node_url = node_url
        self.mood: dict[str, Any] | int | None = None
        self.refused = 0
        super().__init__(("127.0.0.1", 0), _Between)


class _Between(BaseHTTPRequestHandler):
    server: Moody

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        mood, asked = self.server.mood, json.loads(body)
        calls = asked if isinstance(asked, list) else [asked]
        if mood is not None and any(each["method"] == "eth_sendRawTransaction" for each in calls):
            self.server.refused += 1
            if isinstance(mood, int):
                self._answer(mood, b"busy")
            else:
                self._answer(
                    200,
                    json.dumps(
                        [{"jsonrpc": "2.0", "id": each["id"], "error": mood} for each in calls]
                    ).encode(),
                )
            return
        self._answer(
            200,
            httpx.post(
                self.server.node_url,
                content=body,
                headers={"content-type": "application/json"},
                trust_env=False,
            ).content,
        )

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def moody(node_url: str) -> Iterator[Moody]:
    server = Moody(node_url)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


MOODS: dict[str, dict[str, Any] | int] = {
    "Besu lags its peers": {"code": -32002, "message": "lagging"},
    "the pool is full": {"code": -32000, "message": "txpool is full"},
    "an earlier nonce is missing": {
        "code": -32000,
        "message": "Transaction nonce is too distant from current sender nonce",
    },
    "a stalled round": {"code": -32603, "message": "Internal error"},
    "a proxy without a node": 503,
}


def test_troubles_of_the_node_are_waited_out_with_the_same_bytes(
    here: Town, pool: Settings, outbox_of: Callable[..., Outbox]
) -> None:
    accept(here, pool, 6)
    with moody(here.world.chain.url) as server:
        outbox = outbox_of(
            here, pool.model_copy(update={"node_url": f"http://127.0.0.1:{server.server_port}"})
        )
        raws: dict[int, bytes] = {}
        for number, (what, mood) in enumerate(MOODS.items()):
            server.mood = mood
            if isinstance(mood, int):
                with pytest.raises(ChainError):
                    outbox.step()
            else:
                assert mood["message"] in outbox.step(), what
            assert server.refused > number, what
            found = rows_of(here)
            assert {row["state"] for row in found} == {"prepared"}, what
            raws = raws or {row["number"]: bytes(row["raw"]) for row in found}
            assert {row["number"]: bytes(row["raw"]) for row in found} == raws, what
        server.mood = None
        assert carried(here, outbox) == {"final": 6}
        assert {row["number"]: bytes(row["raw"]) for row in rows_of(here)} == raws
    assert here.retired() == 6


def test_what_the_mirror_takes_back_is_not_final_any_more(
    here: Town, pool: Settings, outbox_of: Callable[..., Outbox]
) -> None:
    accept(here, pool, 2)
    assert carried(here, outbox_of(here, pool)) == {"final": 2}
    here.follower.paused.set()
    time.sleep(0.5)
    with here.engine.begin() as connection:
        # As a mirror does when it goes back: the rows of the blocks that are gone are deleted.
        connection.exec_driver_sql("DELETE FROM retirement_line")
        connection.exec_driver_sql("DELETE FROM retirement")
    outbox_of(here, pool).step()
    assert not {row["state"] for row in rows_of(here)} & {"final", "refused", "accepted"}
    assert here.retired() == 2


def test_a_request_can_be_cancelled_by_its_owner_until_it_is_prepared(
    here: Town, pool: Settings, outbox_of: Callable[..., Outbox]
) -> None:
    first, second = accept(here, pool, 2)
    with served(pool) as client:
        for _ in range(2):
            answer = client.post(f"{first}/cancel", headers=here.headers())
            assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
        told_problem(
            client.post("/v1/requests/0x" + "0" * 64 + "/cancel", headers=here.headers()), 404, "NotFound"
        )
        assert carried(here, outbox_of(here, pool)) == {"cancelled": 1, "final": 1}
        found = told_problem(client.post(f"{second}/cancel", headers=here.headers()), 409, "RequestUnderWay")
        assert found["arguments"] == {"state": "final"}
        history = client.get(first, headers=here.headers()).json()["history"]
        assert [each["state"] for each in history] == ["accepted", "cancelled"]
    assert here.retired() == 1


def test_the_command_line_tells_what_became_of_requests(
    here: Town, pool: Settings, outbox_of: Callable[..., Outbox]
) -> None:
    (where,) = accept(here, pool, 1)
    assert carried(here, outbox_of(here, pool)) == {"final": 1}
    request_id = where.rsplit("/", 1)[1]
    environment = {
        "TANHUI_DATA": str(pool.data),
        "TANHUI_DATABASE_URL": pool.database_url,
        "TANHUI_NODE_URL": pool.node_url,
    }
    line = Scheme(environment)
    (row,) = line.done("request", "list")
    assert (row["request_id"], row["state"]) == (request_id, "final")
    assert line.done("request", "list", "--state", "refused") == []
    line.refused("BadInput", "request", "list", "--state", "lost", code=2)
    line.refused("BadInput", "request", "show", "0x00", code=2)
    shown = line.done("request", "show", request_id)
    assert (shown["state"], shown["nonce"], shown["history"][0]["state"]) == ("final", 0, "accepted")
    assert "mirrored" in line.run("request", "show", request_id).out
    assert requests.counts(here.engine)["final"] == 1


def test_requests_that_ended_before_they_were_counted_are_counted(
    here: Town, pool: Settings, outbox_of: Callable[..., Outbox]
) -> None:
    accept(here, pool, 2)
    assert carried(here, outbox_of(here, pool)) == {"final": 2}
    here.follower.paused.set()
    time.sleep(0.5)
    url = here.settings.effective_database_url
    command.downgrade(database._alembic(url), "0006")
    database.upgrade(url)
    assert requests.counts(here.engine) == {
        **dict.fromkeys((*requests.OPEN, *requests.CLOSED), 0),
        "final": 2,
    }
