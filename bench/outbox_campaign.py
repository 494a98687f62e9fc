"""Requests to retire while API, outbox, mirror and node are killed at random: each ends once, whatever happens.

    python -m bench.outbox_campaign [--requests 2000] [--clients 50] [--seed 1] [--database URL]

Prints JSON. Every part is a process; SIGKILL takes one at a time, after random pauses drawn from the seed, and it is started
again: at least 30 times, while requests come over two minutes. The chain is ganache, which keeps its state over a kill. Clients
repeat a POST under its Idempotency-Key until they have an answer; one in twenty asks for more than is held, one in twenty is
posted by two clients. Exit code 1 when a request is stuck, doubled, lost, or refused without a reason, or when memory is
beyond its bound.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from sqlalchemy import func, select

from bench.portal import Portal, portal
from node_client.database import table_of
from node_client.network import ganache

HELD_GRAMS: Final = 10**12
# At the end; opening a key takes 256 MB for a moment (scrypt), which the greatest sizes show.
MOST_MEGABYTES: Final = 250
_PARTS: Final = ("api-0", "api-1", "outbox", "mirror")
_VICTIMS: Final = (*_PARTS, "outbox", "mirror", "node")
_END_SECONDS: Final = 300.0


class Campaign:
    """One campaign over a running portal."""

    def __init__(
        self,
        made: Portal,
        *,
        requests: int,
        clients: int,
        seed: int,
        pause_seconds: float,
        spread_seconds: float,
        least_kills: int,
    ) -> None:
        self._made = made
        self._requests = requests
        self._clients = clients
        self._pause = pause_seconds
        self._spread = spread_seconds
        self._least_kills = least_kills
        self._chance = random.Random(seed)
        self._addresses: dict[str, tuple[str, int]] = {}
        self._ended = threading.Event()
        self._answers: dict[str, set[tuple[int, str]]] = {}
        self._answering = threading.Lock()
        self.kills: Counter[str] = Counter()
        self.memory: dict[str, list[int]] = {name: [] for name in _PARTS}

    def run(self) -> dict[str, Any]:
        """The campaign is over; its summary."""
        for name in _PARTS:
            self._start(name)
        started = time.monotonic()
        killing = [threading.Thread(target=each) for each in (self._kill, self._watch)]
        for thread in killing:
            thread.start()
        try:
            with ThreadPoolExecutor(self._clients) as pool:
                posts = self._posts()
                list(pool.map(lambda each: self._post_at(started, len(posts), *each), enumerate(posts)))
            posted = time.monotonic() - started
            deadline = time.monotonic() + _END_SECONDS
            # A busy machine starts parts slowly, and then has killed few in the time that the posts took.
            while sum(self.kills.values()) < self._least_kills and time.monotonic() < deadline:
                time.sleep(0.2)
        finally:
            self._ended.set()
            for thread in killing:
                thread.join()
        ended = self._wait()
        return {**self._summary(), "posted_seconds": round(posted, 1), "ended": ended}

    def _posts(self) -> list[str]:
        """Names of requests in a random order; some twice, `much-…` for more than is held."""
        names = []
        for number in range(self._requests):
            name = f"much-{number}" if number % 20 == 7 else f"one-{number}"
            names.extend([name, name] if number % 20 == 13 else [name])
        self._chance.shuffle(names)
        return names

    def _start(self, name: str) -> None:
        if name.startswith("api"):
            port = self._addresses[name][1] if name in self._addresses else 0
            said = self._made.start(name, TANHUI_PORT=str(port))
            assert said, (self._made.made.folder / f"{name}.log").read_text()[-2000:]
            self._addresses[name] = self._made.address(said)
        else:
            self._made.start(name)

    def _kill(self) -> None:
        folder = self._made.made.folder / "chain"
        while not self._ended.wait(self._chance.uniform(self._pause / 3, self._pause)):
            victim = self._chance.choice(_VICTIMS)
            self.kills[victim] += 1
            if victim == "node":
                running = ganache.status(folder)
                if running is not None:
                    os.killpg(running.group, signal.SIGKILL)
                self._ended.wait(self._chance.uniform(0, 1))
                ganache.up(folder)
            else:
                self._made.kill(victim)
                self._ended.wait(self._chance.uniform(0, 1))
                self._start(victim)
            self._made.check()

    def _watch(self) -> None:
        while not self._ended.wait(1.0):
            for name, sizes in self.memory.items():
                sizes.append(self._made.memory(name) // 1024)

    def _post_at(self, started: float, count: int, place: int, name: str) -> None:
        time.sleep(max(started + self._spread * place / count - time.monotonic(), 0))
        self._post(name)

    def _post(self, name: str) -> None:
        """Repeated until the API has said what becomes of it."""
        body = self._made.body(HELD_GRAMS + 1 if name.startswith("much") else 1)
        headers = {
            "Authorization": f"Bearer {self._made.api_key}",
            "Idempotency-Key": name,
            "Content-Type": "application/json",
        }
        turn = len(name)
        deadline = time.monotonic() + _END_SECONDS
        while True:
            assert time.monotonic() < deadline, f"no answer to {name}"
            turn += 1
            connection = http.client.HTTPConnection(*self._addresses[f"api-{turn % 2}"], timeout=30)
            try:
                connection.request("POST", "/v1/retirements", json.dumps(body), headers)
                answer = connection.getresponse()
                said = json.loads(answer.read())
            except (OSError, http.client.HTTPException, ValueError):
                time.sleep(0.2)
                continue
            finally:
                connection.close()
            if answer.status < 500:
                with self._answering:
                    told = str(said.get("request_id") or said["name"])
                    self._answers.setdefault(name, set()).add((answer.status, told))
                return
            time.sleep(0.2)

    def _wait(self) -> bool:
        """Whether every request came to an end, with all parts running."""
        table = table_of("request")
        chosen = select(func.count()).where(table.c.state.in_(("accepted", "prepared", "broadcast", "mined")))
        deadline = time.monotonic() + _END_SECONDS
        while time.monotonic() < deadline:
            with self._made.engine.connect() as connection:
                if connection.execute(chosen).scalar_one() == 0:
                    return True
            self._made.check()
            time.sleep(0.2)
        return False

    def _summary(self) -> dict[str, Any]:
        rows, shown = table_of("request"), table_of("retirement")
        with self._made.engine.connect() as connection:
            found = connection.execute(select(rows)).mappings().all()
            mirrored = connection.execute(select(shown.c.retirement_id, shown.c.record_hash)).all()
        records = {(row.retirement_id, row.record_hash) for row in mirrored}
        states = Counter(row["state"] for row in found)
        final = [row for row in found if row["state"] == "final"]
        wrong = [
            row["idempotency_key"]
            for row in found
            if row["state"] != ("refused" if row["idempotency_key"].startswith("much") else "final")
            or (row["state"] == "refused" and not row["problem"])
        ]
        # What is asked for while no node answers is accepted first and refused later, and told so from then on.
        differing = [
            name for name, told in self._answers.items() if len(told) > 1 and not name.startswith("much")
        ]
        return {
            "states": dict(states),
            "requests": len(found),
            "wrong_end": wrong[:10],
            "answers_that_differ": differing[:10],
            "unanswered": self._requests - len(self._answers),
            "final_but_not_shown": sum(
                (row["retirement_id"], row["record_hash"]) not in records for row in final
            ),
            "retirements_on_chain": self._made.retired(),
            "doubled": self._made.retired() - len(final),
            "kills": dict(self.kills),
            "mirror_stops": self._made.stops,
            "most_megabytes": {name: max(sizes, default=0) for name, sizes in self.memory.items()},
            "last_megabytes": {name: self._made.memory(name) // 1024 for name in self.memory},
        }


def campaign(
    database_url: str,
    *,
    requests: int,
    clients: int,
    seed: int,
    pause_seconds: float = 1.5,
    spread_seconds: float = 120.0,
    least_kills: int = 30,
    relayers: int = 4,
) -> dict[str, Any]:
    """A whole campaign on a fresh ganache; its summary, `ok` when nothing went wrong."""
    with portal(database_url, relayers=relayers, chain=ganache) as made:
        found = Campaign(
            made,
            requests=requests,
            clients=clients,
            seed=seed,
            pause_seconds=pause_seconds,
            spread_seconds=spread_seconds,
            least_kills=least_kills,
        ).run()
    ok = (
        found["ended"]
        and found["requests"] == requests
        and not (found["wrong_end"] or found["answers_that_differ"] or found["unanswered"])
        and found["doubled"] == 0
        and found["final_but_not_shown"] == 0
        and max(found["last_megabytes"].values()) <= MOST_MEGABYTES
    )
    return {"campaign": "outbox", "seed": seed, "clients": clients, **found, "ok": ok}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--database", default="", help="SQLAlchemy's address of an empty database; else SQLite"
    )
    options = parser.parse_args()
    found = campaign(options.database, requests=options.requests, clients=options.clients, seed=options.seed)
    print(json.dumps(found, indent=2, ensure_ascii=False))
    return 0 if found["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
