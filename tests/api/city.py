"""A ledger, its mirror and the API over them, all running: what the tests of the API look at.

Flow: `found` makes a ledger once → each test runs a copy of its chain (`town`) → `Follower` mirrors every new block →
`api.server.serve` in a thread → httpx.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from eth_account import Account
from pydantic import SecretStr
from sqlalchemy import Engine, select
from sqlalchemy.engine import RowMapping

from api import key
from api import request as requests
from api.outbox import Outbox
from api.server import serve
from node_client import database, deployment
from node_client.chain import Chain
from node_client.database import table_of
from node_client.errors import ChainError
from node_client.mirror import Mirror
from node_client.network import anvil as anvil_network
from node_client.settings import Settings
from node_client.signer import Key
from tests.node_client.ledger_world import FIRST_KEY, TONNE, World, b32

PASSWORD = "a password for tests"
_numbers = itertools.count()


@contextmanager
def served(settings: Settings) -> Iterator[httpx.Client]:
    """The API answers, on a free port; a client of it."""
    ready, stop = threading.Event(), threading.Event()
    address: list[str] = []

    def note(url: str) -> None:
        address.append(url)
        ready.set()

    thread = threading.Thread(target=serve, args=(settings, note, stop), daemon=True)
    thread.start()
    assert ready.wait(20)
    with httpx.Client(base_url=address[0], timeout=30, trust_env=False) as client:
        yield client
    stop.set()
    thread.join(20)
    assert not thread.is_alive()


def settings_of(world: World, folder: Path, database_url: str, **more: Any) -> Settings:
    """Settings of a ledger's API, on a free port, with the deployment record in place."""
    deployment.save(folder / "deployments", world.deployment)
    defaults: dict[str, Any] = {"rate_limit": "", "port": 0}
    return Settings(
        data=folder,
        node_url=world.chain.url,
        database_url=database_url,
        password=SecretStr(PASSWORD),
        **{**defaults, **more},
    )


class Follower:
    """Mirrors every new block until it is stopped, whether or not a node answers."""

    def __init__(self, world: World, engine: Engine, finality_blocks: int = 0) -> None:
        self._world, self._engine, self._finality_blocks = world, engine, finality_blocks
        self._ended = threading.Event()
        self.paused = threading.Event()
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join(20)
        assert self.error is None, self.error

    def _follow(self) -> None:
        try:
            while not self._ended.is_set():
                if not self.paused.is_set():
                    self._once()
                self._ended.wait(0.1)
        except Exception as error:
            self.error = error

    def _once(self) -> None:
        try:
            chain = Chain(self._world.chain.url)
        except ChainError:
            return
        try:
            Mirror(chain, self._engine, self._world.deployment, finality_blocks=self._finality_blocks).run()
        except ChainError:
            pass
        finally:
            chain.close()


@dataclass
class Town:
    """A ledger with a holder whose key the platform keeps."""

    world: World
    settings: Settings
    engine: Engine
    follower: Follower
    holder: str
    token_id: int
    api_key: str
    key_id: str

    def body(self, **more: Any) -> dict[str, Any]:
        """The body of a retirement of one gram."""
        return {
            "lines": [{"credit": hex(self.token_id), "grams": "1"}],
            "purpose": "event",
            "beneficiary": "冰城会展有限公司",
            **more,
        }

    def headers(self, idempotency_key: str = "", **more: str) -> dict[str, str]:
        """The headers of a write, with a new Idempotency-Key unless one is named."""
        name = idempotency_key or f"test-{next(_numbers)}"
        return {"Authorization": f"Bearer {self.api_key}", "Idempotency-Key": name, **more}

    def retired(self) -> int:
        """Grams that the holder has retired, by the contract."""
        address = self.world.deployment.address("Credits")
        held = self.world.chain.call(address, "Credits", "holding", self.holder, self.token_id)
        return int(held["retired"])


def quick_key(keystore: Path, name: str) -> str:
    """A new key under a password that is cheap to try, since tests open keys all the time; its account."""
    account = Account.create()
    keystore.mkdir(parents=True, exist_ok=True)
    encrypted = Account.encrypt(account.key, PASSWORD, kdf="pbkdf2", iterations=2)
    (keystore / f"{name}.json").write_text(json.dumps(encrypted))
    return str(account.address)


def found(folder: Path) -> None:
    """The folder has a chain, stopped, on which a holder has 100 t, and the keys of that holder and of a relayer."""
    chain_folder, data = folder / "anvil", folder / "data"
    world = World.deploy(anvil_network.up(chain_folder).rpc_url)
    deployment.save(data / "deployments", world.deployment)
    holder = quick_key(data / "keys", "holder")
    quick_key(data / "keys", "relayer")
    world.members()
    world.act("authority", "Methodologies", "setAppraisalRule", 1, 50)
    token_id = world.credit()
    world.act("authority", "Credits", "registerMember", 6, b32("holder"), "冰城会展有限公司")
    world.act("authority", "Credits", "openAccount", holder, 7)
    world.act(
        "owner", "Credits", "safeTransferFrom", world.account("owner"), holder, token_id, 100 * TONNE, b""
    )
    (folder / "town.json").write_text(json.dumps({"holder": holder, "token_id": token_id}))
    world.chain.close()
    anvil_network.down(chain_folder)
    (chain_folder / f"{anvil_network.NAME}.json").unlink()


@contextmanager
def town(folder: Path, database_url: str) -> Iterator[Town]:
    """A copy of what `found` made, running, and mirrored as it grows; the API is not running yet."""
    said = json.loads((folder / "town.json").read_text())
    chain = Chain(anvil_network.up(folder / "anvil").rpc_url)
    recorded = deployment.load(folder / "data" / "deployments", chain.chain_id)
    authority = Key(Account.from_key(FIRST_KEY)).address
    world = World(chain, recorded, {"authority": authority}, counter=itertools.count(1_000))
    database.upgrade(database_url)
    engine = database.engine(database_url)
    Mirror(chain, engine, recorded).run()
    key_id, api_key = key.create(engine, holder=said["holder"], label="tests")
    settings = settings_of(world, folder / "data", database_url)
    follower = Follower(world, engine)
    made = Town(world, settings, engine, follower, said["holder"], said["token_id"], api_key, key_id)
    yield made
    made.follower.stop()
    engine.dispose()
    chain.close()
    anvil_network.down(folder / "anvil")


def settled(client: httpx.Client, town: Town, where: str, seconds: float = 30.0) -> dict[str, Any]:
    """A request, once it is at its end."""
    deadline = time.monotonic() + seconds
    while True:
        found: dict[str, Any] = client.get(where, headers=town.headers()).json()
        if found["state"] in {"final", "refused", "expired"}:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def accept(town: Town, settings: Settings, count: int) -> list[str]:
    """So many requests of one gram are accepted; their addresses."""
    with served(settings.model_copy(update={"outbox": False})) as client, ThreadPoolExecutor(25) as pool:
        answers = list(
            pool.map(
                lambda _: client.post("/v1/retirements", json=town.body(), headers=town.headers()),
                range(count),
            )
        )
    assert {answer.status_code for answer in answers} == {202}
    return [answer.headers["location"] for answer in answers]


def rows_of(town: Town) -> Sequence[RowMapping]:
    table = table_of("request")
    with town.engine.connect() as connection:
        return connection.execute(select(table).order_by(table.c.number)).mappings().all()


def carried(town: Town, outbox: Outbox, seconds: float = 30.0) -> Counter[str]:
    """Passes until no request is open; how many ended how, which the counts kept with each change also say."""
    deadline = time.monotonic() + seconds
    while any(row["state"] in requests.OPEN for row in rows_of(town)):
        assert time.monotonic() < deadline, Counter(row["state"] for row in rows_of(town))
        outbox.step()
        time.sleep(0.1)
    found = Counter(row["state"] for row in rows_of(town))
    assert +Counter(requests.counts(town.engine)) == found
    return found
