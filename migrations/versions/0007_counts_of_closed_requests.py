"""Requests that came to an end are counted as they do, so that nobody counts all history again.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0007"
down_revision: Final = "0006"
branch_labels = None
depends_on = None

CLOSED: Final = ("final", "refused", "expired", "cancelled")


def upgrade() -> None:
    table = op.create_table(
        "request_closed",
        sa.Column("state", sa.String(length=78), nullable=False),
        sa.Column("count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("state", name=op.f("pk_request_closed")),
    )
    op.bulk_insert(table, [{"state": state, "count": 0} for state in CLOSED])
    op.execute(
        "UPDATE request_closed SET count = (SELECT count(*) FROM request r WHERE r.state = request_closed.state)"
    )


def downgrade() -> None:
    op.drop_table("request_closed")
