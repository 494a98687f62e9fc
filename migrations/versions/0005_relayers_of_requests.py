"""Several relayers: each request says whose nonce it has, and no two under way have the same.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0005"
down_revision: Final = "0004"
branch_labels = None
depends_on = None

UNDER_WAY: Final = sa.text("state IN ('prepared', 'broadcast', 'mined') AND nonce IS NOT NULL")


def upgrade() -> None:
    op.add_column("request", sa.Column("relayer", sa.String(length=42), nullable=True))
    # What one relayer sent before there were several has a nonce of nobody named: the outbox prepares it anew.
    op.execute(
        "INSERT INTO request_event (number, line, state, at, note) SELECT r.number,"
        " (SELECT count(*) FROM request_event e WHERE e.number = r.number), 'accepted', r.updated_at, 'upgraded'"
        " FROM request r WHERE r.state IN ('prepared', 'broadcast', 'mined')"
    )
    op.execute(
        "UPDATE request SET state = 'accepted', nonce = NULL, raw = NULL, tx_hash = NULL, deadline = NULL, block = NULL"
        " WHERE state IN ('prepared', 'broadcast', 'mined')"
    )
    op.create_index(
        "uq_request_relayer_nonce",
        "request",
        ["relayer", "nonce"],
        unique=True,
        sqlite_where=UNDER_WAY,
        postgresql_where=UNDER_WAY,
    )


def downgrade() -> None:
    op.drop_index("uq_request_relayer_nonce", "request")
    op.drop_column("request", "relayer")
