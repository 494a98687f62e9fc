"""What undoes the newest batches on a chain whose blocks may change, and how the mirror is.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

# On SQLite only INTEGER makes a primary key the row's own number.
BIGINT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision: Final = "0004"
down_revision: Final = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "undo",
        sa.Column("block", BIGINT, autoincrement=False, nullable=False),
        sa.Column("before_block", BIGINT, nullable=False),
        sa.Column("before_hash", sa.String(length=66), nullable=False),
        sa.Column("before_sequence", BIGINT, nullable=False),
        sa.Column("rows", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("block", name=op.f("pk_undo")),
    )
    op.create_table(
        "health",
        sa.Column("id", BIGINT, autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=78), nullable=False),
        sa.Column("cause", sa.String(length=78), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("since", BIGINT, nullable=False),
        sa.Column("told_at", BIGINT, nullable=False),
        sa.Column("head", BIGINT, nullable=False),
        sa.Column("head_at", BIGINT, nullable=False),
        sa.Column("commit_ms", BIGINT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_health")),
    )


def downgrade() -> None:
    op.drop_table("health")
    op.drop_table("undo")
