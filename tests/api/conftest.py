"""Ledgers, mirrors on both databases, and the API running over them."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from api.outbox import Outbox, Patience
from node_client import database
from node_client.mirror import Mirror
from node_client.network import anvil as anvil_network
from node_client.remote_signer import vault_of
from node_client.settings import Settings
from node_client.signer import Vault
from tests.api.city import Town, found, quick_key, served, settings_of, town
from tests.node_client.ledger_world import World, everything


@pytest.fixture(scope="session")
def told_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A ledger with each event at least once, hostile texts among them. Tests read it; none may add to it."""
    folder = tmp_path_factory.mktemp("told-anvil")
    world = World.deploy(anvil_network.up(folder).rpc_url)
    everything(world)
    yield world
    world.chain.close()
    anvil_network.down(folder)


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def told_settings(
    request: pytest.FixtureRequest, told_world: World, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """Settings of that ledger's API, everything mirrored; on SQLite and on PostgreSQL."""
    folder = tmp_path_factory.mktemp("told")
    if request.param == "sqlite":
        url, drop = f"sqlite:///{folder / 'mirror.sqlite'}", None
    else:
        server = make_url(request.getfixturevalue("postgres_server")).set(drivername="postgresql")
        name = f"tanhui_api_{uuid.uuid4().hex}"
        drop = (make_conninfo(server.render_as_string(hide_password=False)), sql.Identifier(name))
        with psycopg.connect(drop[0], autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(drop[1]))
        url = server.set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)
    database.upgrade(url)
    engine = database.engine(url)
    Mirror(told_world.chain, engine, told_world.deployment).run()
    engine.dispose()
    yield settings_of(told_world, folder, url)
    if drop is not None:
        with psycopg.connect(drop[0], autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(drop[1]))


@pytest.fixture(scope="session")
def told(told_settings: Settings) -> Iterator[httpx.Client]:
    """A client of the API over that ledger."""
    with served(told_settings) as client:
        yield client


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stopped ledger with a holder, to be copied."""
    folder = tmp_path_factory.mktemp("founded")
    found(folder)
    return folder


@pytest.fixture
def here(founded: Path, tmp_path: Path, database_url: str) -> Iterator[Town]:
    """A ledger with a holder that is this test's alone, on both databases; the API is not running."""
    folder = tmp_path / "town"
    shutil.copytree(founded, folder)
    with town(folder, database_url) as made:
        yield made


@pytest.fixture
def own_anvil(here: Town) -> Path:
    """The folder that this test's chain runs in."""
    return here.settings.data.parent / "anvil"


@pytest.fixture
def client(here: Town) -> Iterator[httpx.Client]:
    """A client of the API over that ledger."""
    with served(here.settings) as found:
        yield found


@pytest.fixture
def pool(here: Town) -> Settings:
    """Settings with three relayers; the API only accepts."""
    for number in (2, 3):
        quick_key(here.settings.keystore, f"relayer-{number}")
    return here.settings.model_copy(update={"relayers": "relayer, relayer-2,relayer-3", "outbox": False})


@pytest.fixture
def outbox_of() -> Iterator[Callable[..., Outbox]]:
    """Makes outboxes that run no thread, each as after a restart; closed after the test."""
    made: list[tuple[Outbox, Vault]] = []

    def make(
        town: Town, settings: Settings | None = None, engine: Engine | None = None, **patience: float
    ) -> Outbox:
        of = settings or town.settings
        vault = vault_of(of)
        made.append((Outbox(of, engine or town.engine, vault, Patience(**patience)), vault))
        return made[-1][0]

    yield make
    for outbox, vault in made:
        outbox.close()
        vault.close()
