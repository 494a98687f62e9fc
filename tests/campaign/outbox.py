"""Requests to retire while API, outbox, mirror and node are killed at random: each ends once, and memory stays flat.

Flow: a portal of processes (`bench.portal`) over ganache, which keeps its state over a kill → clients post while SIGKILL takes
one part after the other, each started again → a calm in which thousands more are posted and memory is sampled → the database,
the chain's events and the holder's balance are counted against each other.

    python -m tests.campaign.outbox --seed 1 --database postgresql --requests 2000      # make campaign-outbox

Victims come from a shuffled bag, so that each part is killed as often as any other. Clients repeat a POST under its
Idempotency-Key until they have an answer; one in twenty asks for more than is held, one in twenty is posted by two clients.
Memory is flat when a part's median in the last quarter of the calm is at most 1.1 times that in the second quarter, both of
one process.

Prints what it does to stderr and a JSON summary to stdout; exit code 1 when a request is stuck, doubled, lost, wrongly ended or
refused without a reason, when there were too few kills, or when memory grows.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import signal
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

from eth_utils.crypto import keccak
from sqlalchemy import func, select

from api import request as requests
from bench.portal import Portal, portal
from node_client.chain import abi_of
from node_client.database import table_of
from node_client.network import ganache
from tests import postgres
from tests.node_client.ledger_world import canonical

HELD_GRAMS: Final = 10**12
FLAT: Final = 1.1
_PARTS: Final = ("api-0", "api-1", "outbox", "mirror")
_VICTIMS: Final = (*_PARTS, "node")
_END_SECONDS: Final = 300.0
_STUCK_SECONDS: Final = 120.0
_SAMPLE_SECONDS: Final = 0.25
# Fewer samples of one process say nothing of its memory.
_FEWEST_SAMPLES: Final = 20


class Campaign:
    """One campaign over a running portal."""

    def __init__(self, made: Portal, *, clients: int, seed: int, pause_seconds: float) -> None:
        self._made = made
        self._clients = clients
        self._pause = pause_seconds
        self._chance = random.Random(seed)
        self._addresses: dict[str, tuple[str, int]] = {}
        self._answers: dict[str, set[tuple[int, str]]] = {}
        self._answering = threading.Lock()
        self.kills: Counter[str] = Counter()
        # Kilobytes of each process of a part, oldest first.
        self.calm: dict[str, dict[int, list[int]]] = {name: {} for name in _PARTS}

    def run(self, *, count: int, calm_count: int, spread_seconds: float, least_kills: int) -> dict[str, Any]:
        """The campaign is over; what was found."""
        for name in _PARTS:
            self._start(name)
        with self._beside(self._kill):
            self._post_all(self._names(count), spread_seconds)
            deadline = time.monotonic() + _END_SECONDS
            # A busy machine starts parts slowly, and then has killed few in the time that the posts took.
            while sum(self.kills.values()) < least_kills and time.monotonic() < deadline:
                time.sleep(0.2)
        say(f"{count} posted, {sum(self.kills.values())} kills")
        stuck = self._wait()
        with self._beside(self._watch):
            self._post_all([f"calm-{number}" for number in range(calm_count)], 0)
            stuck += self._wait()
        say(f"{calm_count} posted in the calm")
        return {**self._found(), "stuck": stuck, "unanswered": count + calm_count - len(self._answers)}

    @contextmanager
    def _beside(self, work: Any) -> Iterator[None]:
        """The work is done by a thread meanwhile, until the event it is given is set."""
        ended = threading.Event()
        troubles: list[BaseException] = []

        def guarded() -> None:
            try:
                work(ended)
            except BaseException as error:
                troubles.append(error)

        thread = threading.Thread(target=guarded)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
        if troubles:
            raise troubles[0]

    def _names(self, count: int) -> list[str]:
        """Names of requests in a random order; some twice, `much-…` for more than is held."""
        names = []
        for number in range(count):
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

    def _kill(self, ended: threading.Event) -> None:
        folder = self._made.made.folder / "chain"
        bag: list[str] = []
        while not ended.wait(self._chance.uniform(self._pause / 3, self._pause)):
            bag = bag or self._chance.sample(_VICTIMS, len(_VICTIMS))
            victim = bag.pop()
            self.kills[victim] += 1
            if victim == "node":
                running = ganache.status(folder)
                if running is not None:
                    os.killpg(running.group, signal.SIGKILL)
                ended.wait(self._chance.uniform(0, 1))
                ganache.up(folder)
            else:
                self._made.kill(victim)
                ended.wait(self._chance.uniform(0, 1))
                self._start(victim)
            self._made.check()

    def _watch(self, ended: threading.Event) -> None:
        while not ended.wait(_SAMPLE_SECONDS):
            for name, processes in self.calm.items():
                running = self._made.running.get(name)
                if running is not None and (size := self._made.memory(name)):
                    processes.setdefault(running.pid, []).append(size)

    def _post_all(self, names: Sequence[str], spread_seconds: float) -> None:
        started = time.monotonic()

        def at(place: int, name: str) -> None:
            time.sleep(max(started + spread_seconds * place / len(names) - time.monotonic(), 0))
            self._post(name)

        with ThreadPoolExecutor(self._clients) as pool:
            list(pool.map(at, range(len(names)), names))

    def _post(self, name: str) -> None:
        """Repeated until the API has said what becomes of it."""
        body = json.dumps(self._made.body(HELD_GRAMS + 1 if name.startswith("much") else 1))
        headers = {
            "Authorization": f"Bearer {self._made.api_key}",
            "Idempotency-Key": name,
            "Content-Type": "application/json",
        }
        turn = sum(name.encode())
        deadline = time.monotonic() + _END_SECONDS
        while True:
            assert time.monotonic() < deadline, f"no answer to {name}"
            turn += 1
            connection = http.client.HTTPConnection(*self._addresses[f"api-{turn % 2}"], timeout=30)
            try:
                connection.request("POST", "/v1/retirements", body, headers)
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

    def _wait(self) -> int:
        """How many requests are still open when nothing is killed any more and none has ended for a long time."""
        table = table_of("request")
        chosen = select(func.count()).where(table.c.state.in_(requests.OPEN))
        before, since = -1, time.monotonic()
        while True:
            with self._made.engine.connect() as connection:
                left = int(connection.execute(chosen).scalar_one())
            if left != before:
                before, since = left, time.monotonic()
            if not left or time.monotonic() - since > _STUCK_SECONDS:
                return left
            self._made.check()
            time.sleep(0.2)

    def _found(self) -> dict[str, Any]:
        rows, shown = table_of("request"), table_of("retirement")
        with self._made.engine.connect() as connection:
            found = connection.execute(select(rows)).mappings().all()
            mirrored = connection.execute(select(shown.c.retirement_id, shown.c.record_hash)).all()
        records = {(row.retirement_id, row.record_hash) for row in mirrored}
        final = [row for row in found if row["state"] == "final"]
        refused = [row for row in found if row["state"] == "refused"]
        on_chain = self._retired_by_number()
        return {
            "requests": len(found),
            "states": dict(Counter(row["state"] for row in found)),
            "final": len(final),
            "refused": dict(
                Counter(
                    requests.problem_from(row["problem"]).name if row["problem"] else "without a reason"
                    for row in refused
                )
            ),
            "wrong_end": [row["idempotency_key"] for row in found if not _as_wanted(row)][:10],
            # What is asked for while no node answers is accepted first and refused later, and told so from then on.
            "answers_that_differ": [
                name for name, told in self._answers.items() if len(told) > 1 and not name.startswith("much")
            ][:10],
            "final_but_not_shown": sum(
                (row["retirement_id"], row["record_hash"]) not in records for row in final
            ),
            "final_but_not_on_chain": sum(row["retirement_id"] not in on_chain for row in final),
            "doubled_by_retirement_id": sum(on_chain.values()) - len(final),
            "doubled_by_balance": self._made.retired() - len(final),
            "kills": dict(self.kills),
            "mirror_stops": self._made.stops,
            "memory": {name: memory_of(processes) for name, processes in self.calm.items()},
        }

    def _retired_by_number(self) -> Counter[str]:
        """How often each retirement's number stands in the chain's own events."""
        ledger = self._made.made.ledger
        entry = next(each for each in abi_of("Credits") if each.get("name") == "CreditsRetired")
        signature = f"CreditsRetired({','.join(canonical(each) for each in entry['inputs'])})"
        logs = ledger.chain.rpc.call(
            "eth_getLogs",
            {
                "fromBlock": "0x0",
                "toBlock": "latest",
                "address": ledger.deployment.address("Credits"),
                "topics": ["0x" + keccak(text=signature).hex()],
            },
        )
        return Counter(each["topics"][1] for each in logs)


def _as_wanted(row: Any) -> bool:
    if row["idempotency_key"].startswith("much"):
        return row["state"] == "refused" and bool(row["problem"])
    return bool(row["state"] == "final")


def memory_of(processes: dict[int, list[int]]) -> dict[str, Any]:
    """Megabytes of the process of a part that ran longest in the calm, by quarters, and whether it stayed flat."""
    sizes = max(processes.values(), key=len, default=[])
    if len(sizes) < _FEWEST_SAMPLES:
        return {"samples": len(sizes), "flat": False}
    quarter = len(sizes) // 4
    medians = [statistics.median(sizes[place * quarter : (place + 1) * quarter]) for place in range(4)]
    return {
        "samples": len(sizes),
        "quarters_megabytes": [round(each / 1024, 1) for each in medians],
        "most_megabytes": round(max(sizes) / 1024, 1),
        "growth": round(medians[3] / medians[1], 3),
        "flat": medians[3] <= FLAT * medians[1],
    }


def say(line: str) -> None:
    """Progress, for people."""
    print(line, file=sys.stderr, flush=True)


def campaign(
    database_url: str,
    *,
    count: int,
    clients: int,
    seed: int,
    calm_count: int = 2000,
    pause_seconds: float = 1.5,
    spread_seconds: float = 120.0,
    least_kills: int = 30,
    relayers: int = 4,
) -> dict[str, Any]:
    """A whole campaign on a fresh ganache; its summary, `ok` when nothing went wrong."""
    with portal(database_url, relayers=relayers, chain=ganache) as made:
        found = Campaign(made, clients=clients, seed=seed, pause_seconds=pause_seconds).run(
            count=count, calm_count=calm_count, spread_seconds=spread_seconds, least_kills=least_kills
        )
    wrong = (
        "stuck",
        "unanswered",
        "wrong_end",
        "answers_that_differ",
        "final_but_not_shown",
        "final_but_not_on_chain",
        "doubled_by_retirement_id",
        "doubled_by_balance",
    )
    ok = (
        found["requests"] == count + calm_count
        and not any(found[each] for each in wrong)
        and sum(found["kills"].values()) >= least_kills
        and all(each["flat"] for each in found["memory"].values())
    )
    return {"campaign": "outbox", "seed": seed, "clients": clients, **found, "ok": ok}


def main() -> int:
    """Runs what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--calm", type=int, default=2000, help="requests of the calm")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--kills", type=int, default=30, help="at least so many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    options = parser.parse_args()

    def run(url: str) -> dict[str, Any]:
        return campaign(
            url,
            count=options.requests,
            calm_count=options.calm,
            clients=options.clients,
            seed=options.seed,
            least_kills=options.kills,
        )

    if options.database == "sqlite":
        found = run("")
    else:
        with postgres.server() as server, postgres.empty_database(server, "tanhui_campaign") as url:
            found = run(url)
    print(json.dumps({"database": options.database, **found}, indent=2, ensure_ascii=False))
    return 0 if found["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
