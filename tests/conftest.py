"""Real chains and real databases for tests; nothing of ours is replaced by a stand-in.

Flow: a chain is started once per test session, on a free loopback port, the first time a test asks for
it. PostgreSQL is that of tests.postgres; each test gets a database of its own, dropped afterwards.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from node_client.network import ChainProcess
from node_client.network import anvil as anvil_network
from node_client.network import ganache as ganache_network
from tests import postgres
from tests.web3signer import Web3Signer


@pytest.fixture(scope="session")
def anvil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChainProcess]:
    """A fast chain without gas costs, shared by the session: deploy your own contracts on it."""
    folder = tmp_path_factory.mktemp("anvil")
    yield anvil_network.up(folder)
    anvil_network.down(folder)


@pytest.fixture(scope="session")
def ganache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChainProcess]:
    """The development chain of `tanhui demo`, shared by the session."""
    folder = tmp_path_factory.mktemp("ganache")
    yield ganache_network.up(folder)
    ganache_network.down(folder)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server's maintenance database, where databases can be created."""
    with postgres.server() as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """SQLAlchemy's URL of an empty PostgreSQL database that is this test's alone."""
    with postgres.empty_database(postgres_server) as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """SQLAlchemy's URL of an empty SQLite file that is this test's alone."""
    return f"sqlite:///{tmp_path / 'mirror.sqlite'}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Each test that uses this runs twice: on SQLite and on PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def signer_of() -> Iterator[Callable[..., Web3Signer]]:
    """Makes remote signers that end with the test."""
    made: list[Web3Signer] = []

    def make(*keys: Any, **how: Any) -> Web3Signer:
        made.append(Web3Signer(list(keys), **how))
        threading.Thread(target=made[-1].serve_forever, daemon=True).start()
        return made[-1]

    yield make
    for server in made:
        server.shutdown()
        server.server_close()
