"""A whole portal out of processes: a chain, the mirror, the API, the outbox, as an operator runs them.

Flow: `portal` makes a ledger with an owner who holds credits, relayers' keys and a database → `start` runs the commands of
`tanhui` as processes → requests → `kill`, `start` again … → everything ends with the context.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import IO, Any, Final

from sqlalchemy import Engine

from api import key as api_keys
from bench.world import World, filed_methodology, proposed_issuance, registered_project, world
from node_client import database
from node_client import deployment as deployments
from node_client.acts import issuance
from node_client.compiler import ROOT
from node_client.network import anvil
from node_client.units import token_hex

COMMANDS: Final = {
    "api": ("api", "serve", "--json"),
    "outbox": ("request", "carry", "--json"),
    "mirror": ("mirror", "run", "--follow", "--json"),
}
_READY_SECONDS: Final = 60.0


@dataclass
class Portal:
    """The parts, and what a client needs to know."""

    made: World
    engine: Engine
    environment: dict[str, str]
    token_id: int
    api_key: str
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    logs: dict[str, IO[bytes]] = field(default_factory=dict)
    readers: dict[str, threading.Thread] = field(default_factory=dict)
    # What the mirror said each time it stopped of itself.
    stops: list[str] = field(default_factory=list)

    @property
    def holder(self) -> str:
        """The account whose credits are retired."""
        return self.made.parties.owner.address

    def body(self, grams: int = 1, **more: Any) -> dict[str, Any]:
        """The body of a retirement."""
        return {
            "lines": [{"credit": token_hex(self.token_id), "grams": str(grams)}],
            "purpose": "event",
            "beneficiary": "示范国际会展酒店有限公司",
            "case_reference": "第四十二届冰雪节开幕式",
            "place": "哈尔滨市松北区",
            "note": "抵销开幕式全部交通与用电排放",
            **more,
        }

    def start(self, name: str, *, profile: Path | None = None, **settings: str) -> str:
        """A part runs; what it printed first, which for the API has its address."""
        if name not in self.logs:
            self.logs[name] = (self.made.folder / f"{name}.log").open("ab")
        log = self.logs[name]
        program = (
            ["-m", "scripts.main"]
            if profile is None
            else ["-m", "cProfile", "-o", str(profile), "-m", "scripts.main"]
        )
        process = subprocess.Popen(
            [sys.executable, *program, *COMMANDS[name.split("-", maxsplit=1)[0]]],
            cwd=ROOT,
            env={**self.environment, **settings},
            stdout=subprocess.PIPE,
            stderr=log,
        )
        self.running[name] = process
        first: list[bytes] = []
        assert process.stdout is not None
        reader = threading.Thread(target=_drain, args=(process.stdout, first, log), daemon=True)
        reader.start()
        self.readers[name] = reader
        deadline = time.monotonic() + _READY_SECONDS
        while not first and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        return first[0].decode() if first else ""

    def address(self, said: str) -> tuple[str, int]:
        """Host and port that an API's first line tells."""
        host, _, port = json.loads(said)["address"].removeprefix("http://").rpartition(":")
        return host, int(port)

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """The part does not run any more."""
        process = self.running.pop(name, None)
        if process is not None:
            process.send_signal(number)
            process.wait(30)
            self.readers.pop(name).join(30)

    def check(self) -> None:
        """Every part that was started runs; a mirror that stopped is started again, as a supervisor would.

        Raises AssertionError with the end of its log for any other.
        """
        for name, process in list(self.running.items()):
            if process.poll() is None:
                continue
            self.readers.pop(name).join(30)
            said = (self.made.folder / f"{name}.log").read_text()[-2000:]
            assert name == "mirror", f"{name} ended with {process.returncode}: {said}"
            self.stops.append(said.strip().splitlines()[-1] if said.strip() else str(process.returncode))
            self.start(name)

    def retired(self) -> int:
        """Grams that the holder has retired, by the contract."""
        held = self.made.ledger.read("Credits", "holding", self.holder, self.token_id)
        return int(held["retired"])

    def processor_seconds(self, name: str) -> float:
        """Processor time that a part has used since its start."""
        fields = Path(f"/proc/{self.running[name].pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self, name: str) -> int:
        """Kilobytes that a part has in memory; 0 when it does not run."""
        process = self.running.get(name)
        if process is None:
            return 0
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            return 0
        return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0)


def _drain(stream: IO[bytes], first: list[bytes], log: IO[bytes]) -> None:
    with stream:
        for line in stream:
            if not first:
                first.append(line)
            elif b'"acts"' not in line:
                log.write(line)
                log.flush()


@contextmanager
def portal(
    database_url: str, *, relayers: int, chain: ModuleType = anvil, **settings: str
) -> Iterator[Portal]:
    """A ledger whose owner holds 10^12 grams, mirrored, with keys of relayers; no part runs yet but the chain."""
    with world(chain) as made:
        names = ["relayer", *(f"relayer-{number}" for number in range(2, relayers + 1))]
        for name in names:
            made.keystore.ensure(name)
        number, token_id = proposed_issuance(made, registered_project(made, filed_methodology(made)), 1)
        issuance.confirm_issuance(made.ledger, made.parties.authority, issuance_id=number)
        deployments.save(made.folder / "deployments", made.ledger.deployment)
        url = database_url or f"sqlite:///{made.folder / 'tanhui.sqlite'}"
        database.upgrade(url)
        engine = database.engine(url)
        _, api_key = api_keys.create(engine, holder=made.parties.owner.address, label="bench")
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TANHUI_")},
            "TANHUI_DATA": str(made.folder),
            "TANHUI_NODE_URL": made.ledger.chain.url,
            "TANHUI_DATABASE_URL": url,
            "TANHUI_PASSWORD": "bench",
            "TANHUI_RATE_LIMIT": "",
            "TANHUI_PORT": "0",
            "TANHUI_RELAYERS": ",".join(names),
            "TANHUI_OUTBOX": "false",
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            **settings,
        }
        found = Portal(made, engine, environment, int(token_id), api_key)
        try:
            yield found
        finally:
            for name in list(found.running):
                found.kill(name)
            for log in found.logs.values():
                log.close()
            engine.dispose()
