"""One ledger with every kind of event, on a chain of its own, for all tests of the mirror."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from node_client import database
from node_client.mirror import Digest, Mirror, digest
from node_client.network import anvil as anvil_network
from tests.node_client.ledger_world import World, everything


@pytest.fixture(scope="session")
def ledger_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A ledger with each event at least once. Tests read it; none may add to it."""
    folder = tmp_path_factory.mktemp("ledger-anvil")
    world = World.deploy(anvil_network.up(folder).rpc_url)
    everything(world)
    yield world
    world.chain.close()
    anvil_network.down(folder)


@pytest.fixture
def own_world(tmp_path: Path) -> Iterator[World]:
    """A ledger just deployed, on a chain that is this test's alone."""
    folder = tmp_path / "anvil"
    world = World.deploy(anvil_network.up(folder).rpc_url)
    yield world
    world.chain.close()
    anvil_network.down(folder)


@pytest.fixture
def engine_for() -> Iterator[Callable[[str], Engine]]:
    """Makes engines with all tables, closed after the test."""
    made: list[Engine] = []

    def make(url: str) -> Engine:
        database.upgrade(url)
        made.append(database.engine(url))
        return made[-1]

    yield make
    for engine in made:
        engine.dispose()


@pytest.fixture
def engine(database_url: str, engine_for: Callable[[str], Engine]) -> Engine:
    """An empty mirror; each test that uses it runs on SQLite and on PostgreSQL."""
    return engine_for(database_url)


@pytest.fixture
def mirrored(engine: Engine, ledger_world: World) -> Engine:
    """The whole ledger mirrored."""
    Mirror(ledger_world.chain, engine, ledger_world.deployment).run()
    return engine


@pytest.fixture(scope="session")
def reference(ledger_world: World, tmp_path_factory: pytest.TempPathFactory) -> Digest:
    """The digest of a mirror made on SQLite in one go."""
    url = f"sqlite:///{tmp_path_factory.mktemp('reference') / 'mirror.sqlite'}"
    database.upgrade(url)
    engine = database.engine(url)
    Mirror(ledger_world.chain, engine, ledger_world.deployment).run()
    found = digest(engine)
    engine.dispose()
    return found
