"""The API's own tables: keys, requests and their history. They survive a rebuild of the mirror.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

# On SQLite only INTEGER makes a primary key the row's own number.
BIGINT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision: Final = "0002"
down_revision: Final = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_key",
        sa.Column("key_id", sa.String(length=78), nullable=False),
        sa.Column("key_hash", sa.String(length=66), nullable=False),
        sa.Column("holder", sa.String(length=42), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("created_at", BIGINT, nullable=False),
        sa.Column("revoked_at", BIGINT, nullable=True),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_key_key_hash")),
    )
    op.create_table(
        "request",
        sa.Column("number", BIGINT, autoincrement=True, nullable=False),
        sa.Column("request_id", sa.String(length=66), nullable=False),
        sa.Column("key_id", sa.String(length=78), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.String(length=66), nullable=False),
        sa.Column("holder", sa.String(length=42), nullable=False),
        sa.Column("retirement_id", sa.String(length=66), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("record_hash", sa.String(length=66), nullable=False),
        sa.Column("state", sa.String(length=78), nullable=False),
        sa.Column("checked", sa.Boolean(), nullable=False),
        sa.Column("deadline", BIGINT, nullable=True),
        sa.Column("nonce", BIGINT, nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("tx_hash", sa.String(length=66), nullable=True),
        sa.Column("block", BIGINT, nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("created_at", BIGINT, nullable=False),
        sa.Column("updated_at", BIGINT, nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.key_id"], name=op.f("fk_request_key_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_request")),
        sa.UniqueConstraint("request_id", name=op.f("uq_request_request_id")),
        sa.UniqueConstraint("retirement_id", name=op.f("uq_request_retirement_id")),
        sa.UniqueConstraint("key_id", "idempotency_key", name=op.f("uq_request_key_id_idempotency_key")),
    )
    op.create_index("ix_request_state", "request", ["state", "number"], unique=False)
    op.create_index("ix_request_key_id", "request", ["key_id", "number"], unique=False)
    op.create_table(
        "request_event",
        sa.Column("number", BIGINT, autoincrement=False, nullable=False),
        sa.Column("line", BIGINT, autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=78), nullable=False),
        sa.Column("at", BIGINT, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["number"], ["request.number"], name=op.f("fk_request_event_number")),
        sa.PrimaryKeyConstraint("number", "line", name=op.f("pk_request_event")),
    )


def downgrade() -> None:
    op.drop_table("request_event")
    op.drop_table("request")
    op.drop_table("api_key")
