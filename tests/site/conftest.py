"""Two ledgers on real chains, mirrored, and the real app over each: a city's, and one with every event and extreme values.

Flow: anvil → contracts → acts → mirror into SQLite → uvicorn → pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from node_client import database, deployment
from node_client.mirror import Mirror
from node_client.network import anvil as anvil_network
from node_client.settings import Settings
from tests.node_client.ledger_world import World, everything
from tests.site import city
from tests.site.serve import served


@dataclass(frozen=True)
class Site:
    """A served site, the settings it runs with, and a client for it."""

    base: str
    settings: Settings
    client: httpx.Client


def _site(stack: ExitStack, folder: Path, build: Callable[[World], None]) -> Site:
    world = World.deploy(anvil_network.up(folder / "chain").rpc_url)
    stack.callback(anvil_network.down, folder / "chain")
    stack.callback(world.chain.close)
    build(world)
    settings = Settings(
        data=folder,
        node_url=world.chain.url,
        rate_limit="",
        scheme_name_zh="碳惠冰城",
        scheme_name_en="Tanhui Ice City",
    )
    deployment.save(settings.deployments, world.deployment)
    database.upgrade(settings.effective_database_url)
    engine = database.engine(settings.effective_database_url)
    Mirror(world.chain, engine, world.deployment).run()
    engine.dispose()
    base = stack.enter_context(served(settings))
    client = stack.enter_context(httpx.Client(base_url=base, timeout=60))
    return Site(base, settings, client)


@pytest.fixture(scope="session")
def city_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A city's scheme as people would meet it."""
    with ExitStack() as stack:
        yield _site(stack, tmp_path_factory.mktemp("city"), city.build)


@pytest.fixture(scope="session")
def every_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A ledger with each event at least once, hostile texts and extreme values among them."""
    with ExitStack() as stack:
        yield _site(stack, tmp_path_factory.mktemp("every"), everything)


@pytest.fixture(params=["city", "every"])
def site(request: pytest.FixtureRequest) -> Site:
    """Each test that uses this runs on both ledgers."""
    found: Site = request.getfixturevalue(f"{request.param}_site")
    return found
