"""How fast requests to retire become final, with every part real: API, outbox and mirror as processes, anvil, both databases.

    python -m bench.outbox [--requests 3000] [--relayers 4] [--clients 50] [--block-seconds 1] [--apis 1] [--profile FOLDER]

Prints JSON. Three phases for each database. `throughput`: clients post as fast as they are answered; `final_per_second` counts
from the first POST to the last final; `chain_most_per_second` is what full blocks hold, whoever fills them. `roomy`: the same
with blocks of three times the gas, so that the chain is not what bounds. `latency`: requests are posted at `paced_per_second`;
how long each took from its POST until the database called it final, in seconds and in blocks of the chain (its block less the
head at the POST).
Exit code 1 when a request was doubled, lost or not final, or when `final_per_second` is below the bar of 200.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import signal
import statistics
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import psycopg
from sqlalchemy import func, select
from sqlalchemy.engine import make_url

from bench.mirror import postgres
from bench.portal import Portal, portal
from node_client.database import table_of
from node_client.network.ganache import BLOCK_GAS_LIMIT
from node_client.rpc import Rpc

BAR: Final = 200
_ROOMY: Final = 3
PACE: Final = 100
PACED_SECONDS: Final = 15
_DRAIN_SECONDS: Final = 120.0


class Watcher:
    """Notes when the database first calls each request final, and the head of the chain all along."""

    def __init__(self, made: Portal) -> None:
        self._made = made
        self._ended = threading.Event()
        self.head = made.made.ledger.chain.head()
        # Only what is posted from now on: a look at all history would be the largest load of all.
        self._after = _newest(made)
        self.final_at: dict[str, tuple[float, int]] = {}
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._heads, self._finals)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Nothing is noted any more."""
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _heads(self) -> None:
        rpc = Rpc(self._made.made.ledger.chain.url)
        while not self._ended.wait(0.05):
            self.head = int(rpc.call("eth_blockNumber"), 16)
        rpc.close()

    def _finals(self) -> None:
        table = table_of("request")
        while not self._ended.wait(0.05):
            chosen = select(table.c.idempotency_key, table.c.block).where(
                table.c.state == "final",
                table.c.number > self._after,
                table.c.updated_at >= int(time.time()) - 3,
            )
            with self._made.engine.connect() as connection:
                found = connection.execute(chosen).all()
            now = time.perf_counter()
            for row in found:
                self.final_at.setdefault(row.idempotency_key, (now, row.block))


def main() -> int:
    options = _options()
    rows = []
    with ExitStack() as stack:
        for name in options.databases.split(","):
            url = ""
            if name == "postgres":
                server = make_url(stack.enter_context(postgres())).set(drivername="postgresql")
                with psycopg.connect(
                    server.render_as_string(hide_password=False), autocommit=True
                ) as connection:
                    connection.execute("CREATE DATABASE outbox")
                url = server.set(database="outbox").render_as_string(hide_password=False)
            rows.append({"database": name, **_measure(url, options)})
    met = all(row["doubled"] == 0 and row["not_final"] == 0 for row in rows) and all(
        row["throughput"]["final_per_second"] >= BAR for row in rows
    )
    body = {
        "benchmark": "outbox",
        "cores": os.cpu_count(),
        "load_average": [round(each, 1) for each in os.getloadavg()],
        "chain": f"anvil, a block every {options.block_seconds:g} s",
        "block_gas": options.block_gas,
        "relayers": options.relayers,
        "clients": options.clients,
        "api_processes": options.apis,
        "bar_final_per_second": BAR,
        "databases": rows,
        "bar_met": met,
    }
    print(json.dumps(body, indent=2))
    return 0 if met else 1


def _measure(url: str, options: argparse.Namespace) -> dict[str, Any]:
    with portal(url, relayers=options.relayers) as made:
        profile = Path(options.profile) if options.profile else None
        if profile is not None:
            profile.mkdir(parents=True, exist_ok=True)

        def of(name: str) -> Path | None:
            return (
                profile
                / f"{name}-{make_url(made.environment['TANHUI_DATABASE_URL']).get_backend_name()}.prof"
                if profile
                else None
            )

        made.start("mirror", profile=of("mirror"))
        made.start("outbox", profile=of("outbox"))
        addresses = [
            made.address(made.start(f"api-{number}", profile=of(f"api-{number}")))
            for number in range(options.apis)
        ]
        _block_gas(made, options.block_gas)
        _interval(made, options.block_seconds)
        _post_all(made, addresses, [f"warm-{number}" for number in range(20)], options.clients)
        _drained(made)
        throughput = _throughput(made, addresses, options, "fast", options.block_gas)
        _block_gas(made, options.block_gas * _ROOMY)
        roomy = _throughput(made, addresses, options, "roomy", options.block_gas * _ROOMY)
        _block_gas(made, options.block_gas)
        watcher = Watcher(made)
        latency = _latency(made, addresses, options, watcher)
        watcher.stop()
        posted = 20 + options.requests * 2 + PACE * PACED_SECONDS
        shown = _shown(made)
        memory = {name: made.memory(name) // 1024 for name in made.running}
        for name in list(made.running):
            # Not SIGTERM: uvicorn passes it on at its end, and then no profile is written.
            made.kill(name, signal.SIGINT)
        return {
            "throughput": throughput,
            "roomy": roomy,
            "latency": latency,
            "doubled": max(made.retired() - posted, 0),
            "not_final": posted - shown,
            "memory_megabytes": memory,
            "mirror_stops": made.stops,
        }


def _newest(made: Portal) -> int:
    """The number of the newest request."""
    with made.engine.connect() as connection:
        return int(connection.execute(select(func.max(table_of("request").c.number))).scalar_one())


def _block_gas(made: Portal, gas: int) -> None:
    """From now on blocks hold so much gas."""
    made.made.ledger.chain.rpc.call("evm_setBlockGasLimit", hex(gas))


def _interval(made: Portal, seconds: float) -> None:
    """From now on blocks come at a beat, as a consortium's do."""
    if seconds:
        made.made.ledger.chain.rpc.call("evm_setAutomine", False)
        made.made.ledger.chain.rpc.call("evm_setIntervalMining", int(seconds))


def _throughput(
    made: Portal, addresses: list[tuple[str, int]], options: argparse.Namespace, name: str, block_gas: int
) -> dict[str, Any]:
    used = {name: made.processor_seconds(name) for name in made.running}
    before = time.perf_counter()
    _post_all(made, addresses, [f"{name}-{number}" for number in range(options.requests)], options.clients)
    accepted = time.perf_counter() - before
    _drained(made)
    final = time.perf_counter() - before
    gas = _gas(made)
    return {
        "requests": options.requests,
        "accepted_per_second": round(options.requests / accepted, 1),
        "final_per_second": round(options.requests / final, 1),
        "gas_of_a_retirement": gas,
        "chain_most_per_second": round(block_gas / gas / options.block_seconds, 1)
        if options.block_seconds
        else None,
        "processor_milliseconds_per_request": {
            name: round((made.processor_seconds(name) - before) / options.requests * 1000, 2)
            for name, before in used.items()
            if before <= made.processor_seconds(name)
        },
    }


def _gas(made: Portal) -> int:
    """The gas that the newest final request took."""
    table = table_of("request")
    chosen = select(table.c.tx_hash).where(table.c.state == "final").order_by(table.c.number.desc()).limit(1)
    with made.engine.connect() as connection:
        receipt = made.made.ledger.chain.rpc.call(
            "eth_getTransactionReceipt", connection.execute(chosen).scalar_one()
        )
    return int(receipt["gasUsed"], 16)


def _latency(
    made: Portal, addresses: list[tuple[str, int]], options: argparse.Namespace, watcher: Watcher
) -> dict[str, Any]:
    posted: dict[str, tuple[float, int]] = {}
    start = time.perf_counter()
    local = threading.local()

    def once(number: int) -> None:
        name = f"paced-{number}"
        time.sleep(max(start + number / PACE - time.perf_counter(), 0))
        posted[name] = (time.perf_counter(), watcher.head)
        _post(made, local, addresses[number % len(addresses)], name)

    with ThreadPoolExecutor(options.clients) as pool:
        list(pool.map(once, range(PACE * PACED_SECONDS)))
    _drained(made)
    time.sleep(0.5)
    seconds = sorted(watcher.final_at[name][0] - at for name, (at, _) in posted.items())
    blocks = sorted(watcher.final_at[name][1] - head for name, (_, head) in posted.items())
    return {
        "paced_per_second": PACE,
        "requests": len(posted),
        "seconds": _percentiles(seconds),
        "blocks": _percentiles(blocks),
    }


def _percentiles(values: list[Any]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=100)
    return {"p50": round(cuts[49], 2), "p99": round(cuts[98], 2), "most": round(values[-1], 2)}


def _post_all(made: Portal, addresses: list[tuple[str, int]], names: list[str], clients: int) -> None:
    local = threading.local()
    turns = itertools.cycle(addresses)
    with ThreadPoolExecutor(clients) as pool:
        for each in [pool.submit(_post, made, local, next(turns), name) for name in names]:
            each.result()


def _post(made: Portal, local: threading.local, address: tuple[str, int], name: str) -> None:
    """One POST over this thread's own connection to the API; anything but 202 is an error."""
    kept: dict[tuple[str, int], http.client.HTTPConnection] = local.__dict__.setdefault("kept", {})
    connection = kept.setdefault(address, http.client.HTTPConnection(*address, timeout=60))
    headers = {
        "Authorization": f"Bearer {made.api_key}",
        "Idempotency-Key": name,
        "Content-Type": "application/json",
    }
    body = json.dumps(made.body())
    try:
        connection.request("POST", "/v1/retirements", body, headers)
        answer = connection.getresponse()
    except (OSError, http.client.HTTPException):
        # The server closes a connection that was idle for five seconds; the same key makes a repetition safe.
        connection.close()
        connection.request("POST", "/v1/retirements", body, headers)
        answer = connection.getresponse()
    said = answer.read()
    assert answer.status == 202, (answer.status, said)


def _drained(made: Portal) -> None:
    """Every request is at its end. Raises when they take longer than two minutes."""
    table = table_of("request")
    chosen = select(func.count()).where(table.c.state.in_(("accepted", "prepared", "broadcast", "mined")))
    deadline = time.monotonic() + _DRAIN_SECONDS
    while True:
        with made.engine.connect() as connection:
            if connection.execute(chosen).scalar_one() == 0:
                return
        made.check()
        assert time.monotonic() < deadline, "requests are stuck"
        time.sleep(0.05)


def _shown(made: Portal) -> int:
    """Final requests whose retirement the mirror shows, by record hash."""
    rows, shown = table_of("request"), table_of("retirement")
    same = (shown.c.retirement_id == rows.c.retirement_id) & (shown.c.record_hash == rows.c.record_hash)
    chosen = select(func.count()).select_from(rows.join(shown, same)).where(rows.c.state == "final")
    with made.engine.connect() as connection:
        return int(connection.execute(chosen).scalar_one())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=3000)
    parser.add_argument("--relayers", type=int, default=4)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--apis", type=int, default=1)
    parser.add_argument("--block-seconds", type=int, default=1, help="0: every transaction at once")
    parser.add_argument("--block-gas", type=int, default=BLOCK_GAS_LIMIT)
    parser.add_argument("--databases", default="sqlite,postgres")
    parser.add_argument("--profile", default="", help="a folder for profiles of every part, by cProfile")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
