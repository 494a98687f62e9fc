"""How Alembic reaches the database: `node_client.database.upgrade`, or `alembic` with TANHUI_DATABASE_URL.

Flow: address from the caller or the settings → engine → migrations, each database in one transaction.
"""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

import api.key
import api.request  # noqa: F401 - the tables of the API
import node_client.mirror.loop  # noqa: F401 - the tables of every noun
from node_client.database import engine
from node_client.settings import Settings


def run() -> None:
    """The database is of the revision asked for."""
    url = context.config.attributes.get("url") or Settings().effective_database_url
    connectable = engine(url)
    try:
        with connectable.connect() as connection:
            context.configure(
                connection=connection,
                target_metadata=SQLModel.metadata,
                # SQLite cannot change a column in place; a later migration copies the table.
                render_as_batch=connection.dialect.name == "sqlite",
                compare_type=True,
                transactional_ddl=True,
            )
            with context.begin_transaction():
                context.run_migrations()
    finally:
        connectable.dispose()


run()
