"""Proofs: up to which block the mirror is proven, and what was folded of each block.

Blocks mirrored before this revision have no hash of their logs: `tanhui mirror rebuild` makes it.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

# On SQLite only INTEGER makes a primary key the row's own number.
BIGINT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision: Final = "0003"
down_revision: Final = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A default only for the rows that are there; the program says every value itself.
    with op.batch_alter_table("checkpoint") as checkpoint:
        checkpoint.add_column(sa.Column("proven_block", BIGINT, nullable=False, server_default="0"))
    with op.batch_alter_table("checkpoint") as checkpoint:
        checkpoint.alter_column("proven_block", server_default=None)
    with op.batch_alter_table("block") as block:
        block.add_column(sa.Column("logs_hash", sa.String(length=66), nullable=False, server_default=""))
    with op.batch_alter_table("block") as block:
        block.alter_column("logs_hash", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("block") as block:
        block.drop_column("logs_hash")
    with op.batch_alter_table("checkpoint") as checkpoint:
        checkpoint.drop_column("proven_block")
