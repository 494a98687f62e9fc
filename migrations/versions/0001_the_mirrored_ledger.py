"""The mirrored ledger: headers, checkpoint, journals, and a table for each noun.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

# On SQLite only INTEGER makes a primary key the row's own number.
BIGINT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision: Final = "0001"
down_revision: Final = None
branch_labels = None
depends_on = None

# Children before parents.
TABLES: Final = (
    "retirement_line",
    "lock",
    "holding",
    "objection",
    "credit",
    "issuance",
    "report",
    "correction",
    "claim_key",
    "retirement",
    "project",
    "appraisal",
    "methodology",
    "cancellation",
    "account",
    "transfer",
    "total",
    "setting",
    "role_member",
    "role_function",
    "role_act",
    "role",
    "purpose",
    "member",
    "checkpoint",
    "block",
    "act",
)


def upgrade() -> None:  # noqa: PLR0915 - one statement a table and index
    op.create_table(
        "act",
        sa.Column("sequence", BIGINT, autoincrement=False, nullable=False),
        sa.Column("block", BIGINT, nullable=False),
        sa.Column("log_index", BIGINT, nullable=False),
        sa.Column("tx_hash", sa.String(length=66), nullable=False),
        sa.Column("timestamp", BIGINT, nullable=False),
        sa.Column("contract", sa.String(length=78), nullable=False),
        sa.Column("event", sa.String(length=78), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("args", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_act")),
    )
    op.create_index("ix_act_block", "act", ["block"], unique=False)
    op.create_index("ix_act_subject_sequence", "act", ["subject", "sequence"], unique=False)
    op.create_table(
        "block",
        sa.Column("number", BIGINT, autoincrement=False, nullable=False),
        sa.Column("hash", sa.String(length=66), nullable=False),
        sa.Column("parent_hash", sa.String(length=66), nullable=False),
        sa.Column("timestamp", BIGINT, nullable=False),
        sa.Column("receipts_root", sa.String(length=66), nullable=False),
        sa.Column("logs_bloom", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_block")),
        sa.UniqueConstraint("hash", name=op.f("uq_block_hash")),
    )
    op.create_table(
        "checkpoint",
        sa.Column("id", BIGINT, autoincrement=False, nullable=False),
        sa.Column("chain_id", BIGINT, nullable=False),
        sa.Column("credits_address", sa.String(length=42), nullable=False),
        sa.Column("block", BIGINT, nullable=False),
        sa.Column("block_hash", sa.String(length=66), nullable=False),
        sa.Column("sequence", BIGINT, nullable=False),
        sa.Column("epoch", BIGINT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkpoint")),
    )
    op.create_table(
        "member",
        sa.Column("member_id", BIGINT, autoincrement=False, nullable=False),
        sa.Column("sequence", BIGINT, nullable=False),
        sa.Column("kind", sa.String(length=78), nullable=False),
        sa.Column("standing", sa.String(length=78), nullable=False),
        sa.Column("registration_hash", sa.String(length=66), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("accounts", BIGINT, nullable=False),
        sa.Column("block", BIGINT, nullable=False),
        sa.Column("timestamp", BIGINT, nullable=False),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_member")),
        sa.UniqueConstraint("registration_hash", name=op.f("uq_member_registration_hash")),
        sa.UniqueConstraint("sequence", name=op.f("uq_member_sequence")),
    )
    op.create_table(
        "purpose",
        sa.Column("purpose", BIGINT, autoincrement=False, nullable=False),
        sa.Column("sequence", BIGINT, nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("purpose", name=op.f("pk_purpose")),
        sa.UniqueConstraint("sequence", name=op.f("uq_purpose_sequence")),
    )
    op.create_table(
        "role",
        sa.Column("role_id", sa.String(length=78), autoincrement=False, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("admin", sa.String(length=78), nullable=False),
        sa.Column("guardian", sa.String(length=78), nullable=False),
        sa.Column("grant_delay", BIGINT, nullable=False),
        sa.Column("grant_delay_since", BIGINT, nullable=False),
        sa.PrimaryKeyConstraint("role_id", name=op.f("pk_role")),
    )
    op.create_table(
        "role_act",
        sa.Column("block", BIGINT, autoincrement=False, nullable=False),
        sa.Column("log_index", BIGINT, autoincrement=False, nullable=False),
        sa.Column("tx_hash", sa.String(length=66), nullable=False),
        sa.Column("timestamp", BIGINT, nullable=False),
        sa.Column("contract", sa.String(length=78), nullable=False),
        sa.Column("event", sa.String(length=78), nullable=False),
        sa.Column("role_id", sa.String(length=78), nullable=True),
        sa.Column("account", sa.String(length=42), nullable=True),
        sa.Column("args", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("block", "log_index", name=op.f("pk_role_act")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_role_act_account", "role_act", ["account"], unique=False)
    op.create_table(
        "role_function",
        sa.Column("target", sa.String(length=42), autoincrement=False, nullable=False),
        sa.Column("selector", sa.String(length=78), autoincrement=False, nullable=False),
        sa.Column("role_id", sa.String(length=78), nullable=False),
        sa.PrimaryKeyConstraint("target", "selector", name=op.f("pk_role_function")),
    )
    op.create_table(
        "role_member",
        sa.Column("role_id", sa.String(length=78), autoincrement=False, nullable=False),
        sa.Column("account", sa.String(length=42), autoincrement=False, nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("since", BIGINT, nullable=False),
        sa.Column("delay", BIGINT, nullable=False),
        sa.Column("delay_since", BIGINT, nullable=False),
        sa.Column("block", BIGINT, nullable=False),
        sa.PrimaryKeyConstraint("role_id", "account", name=op.f("pk_role_member")),
    )
    op.create_index("ix_role_member_account", "role_member", ["account"], unique=False)
    op.create_table(
        "setting",
        sa.Column("name", sa.String(length=78), autoincrement=False, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("sequence", BIGINT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_setting")),
    )
    op.create_table(
        "total",
        sa.Column("dimension", sa.String(length=78), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("issued_grams", BIGINT, nullable=False),
        sa.Column("retired_grams", BIGINT, nullable=False),
        sa.Column("cancelled_grams", BIGINT, nullable=False),
        sa.Column("issuances", BIGINT, nullable=False),
        sa.Column("retirements", BIGINT, nullable=False),
        sa.Column("cancellations", BIGINT, nullable=False),
        sa.Column("transfers", BIGINT, nullable=False),
        sa.PrimaryKeyConstraint("dimension", "key", name=op.f("pk_total")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "transfer",
        sa.Column("sequence", BIGINT, autoincrement=False, nullable=False),
        sa.Column("line", BIGINT, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=78), nullable=False),
        sa.Column("operator", sa.String(length=42), nullable=False),
        sa.Column("sender", sa.String(length=42), nullable=False),
        sa.Column("receiver", sa.String(length=42), nullable=False),
        sa.Column("token_id", sa.String(length=66), nullable=False),
        sa.Column("grams", BIGINT, nullable=False),
        sa.Column("block", BIGINT, nullable=False),
        sa.Column("timestamp", BIGINT, nullable=False),
        sa.PrimaryKeyConstraint("sequence", "line", name=op.f("pk_transfer")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_transfer_receiver", "transfer", ["receiver", "sequence"], unique=False)
    op.create_index("ix_transfer_sender", "transfer", ["sender", "sequence"], unique=False)
    op.create_index("ix_transfer_token_id", "transfer", ["token_id", "sequence"], unique=False)
    op.create_table(
        "account",
        sa.Column("account", sa.String(length=42), autoincrement=False, nullable=False),
        sa.Column("sequence", BIGINT, nullable=False),
        sa.Column("member_id", BIGINT, nullable=False),
        sa.Column("frozen_until", BIGINT, nullable=False),
        sa.Column("frozen_case", sa.Text(), nullable=True),
        sa.Column("block", BIGINT, nullable=False),
        sa.Column("timestamp", BIGINT, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_account_member_id")),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_account")),
        sa.UniqueConstraint("sequence", name=op.f("uq_account_sequence")),
    )
    op.create_index("ix_account_member_id", "account", ["member_id"], unique=False)
    op.create_table(
        "cancellation",
        sa.Column("cancellation_id", BIGINT, autoincrement=False, nullable=False),
        sa.Column("sequence", BIGINT, nullable=False),
        sa.Column("state", sa.String(length=78), nullable=False),
        sa.Column("token_id", sa.String(length=66), nullable=False),
        sa.Column("holder", sa.String(length=42), nullable=False),
        sa.Column("grams", BIGINT, nullable=False),
        sa.Column("lock_id", sa.String(length=66), nullable=True),
        sa.Column("reason_code", sa.String(length=78), nullable=False),
        sa.Column("case_hash", sa.String(length=66), nullable=False),
        sa.Column("proposer_id", BIGINT, nullable=False),
        sa.Column("decider_id", BIGINT, nullable=True),
        sa.Column("decided_at", BIGINT, nullable=True),
        sa.Column("cancelled_sequence", BIGINT, nullable=True),
        sa.Column("block", BIGINT, nullable=False),
        sa.Column("timestamp", BIGINT, nullable=False),
        sa.ForeignKeyConstraint(
            ["decider_id"], ["member.member_id"], name=op.f("fk_cancellation_decider_id")
        ),
        sa.ForeignKeyConstraint(
            ["proposer_id"], ["member.member_id"], name=op.f("fk_cancellation_proposer_id")
        ),
        sa.PrimaryKeyConstraint("cancellation_id", name=op.f("pk_cancellation")),
        sa.UniqueConstraint("sequence", name=op.f("uq_cancellation_sequence")),
    )
    op.create_index("ix_cancellation_holder", "cancellation", ["holder"], unique=False)
    op.create_index("ix_cancellation_token_id", "cancellation", ["token_id"], unique=False)
    op.create_table(
        "methodology",
        sa.Column("methodology_id", BIGINT, autoincrement=False, nullable=False),
        sa.Column("sequence", BIGINT, nullable=False),
        sa.Column("state", sa.String(length=78), nullable=False),
        sa.Column("submitter_id", BIGINT, nullable=False),
        sa.Column("document_hash", sa.String(length=66), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("sector", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("opinions", BIGINT, nullable=False),
        sa.Column("score_sum", BIGINT, nullable=False),
        sa.Column("block", BIGINT, nullable=False),
        sa.Column("timestamp", BIGINT, nullable=False),
        sa.ForeignKeyConstraint(
            ["submitter_id"], ["member.member_id"], name=op.f("fk_methodology_submitter_id")
        ),
        sa.PrimaryKeyConstraint("methodology_id", name=op.f("pk_methodology")),
        sa.UniqueConstraint("sequence", name=op.f("uq_methodology_sequence")),
    )
    op.create_index("ix_methodology_submitter_id", "methodology", ["submitter_id"], unique=False)
    op.create_table(
        "appraisal",
        sa.Column("sequence", BIGINT, autoincrement=False, nullable=False),
        sa.Column("methodology_id", BIGINT, nullable=False),
        sa.Column("expert", sa.String(length=42), nullable=False),
        sa.Column("score", BIGINT, nullable=False),
        sa.Column("opinion_hash", sa.String(length=66), nullable=False),
        sa.Column("block", BIGINT, nullable=False),
        sa.Column("timestamp", BIGINT, nullable=False),
        sa.ForeignKeyConstraint(["expert"], ["account.account"], name=op.f("fk_appraisal_expert")),
        sa.ForeignKeyConstraint(
            ["methodology_id"], ["methodology.methodology_id"], name=op.f("fk_appraisal_methodology_id")
        ),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_appraisal")),
    )
    op.create_index("ix_appraisal_methodology_id", "appraisal", ["methodology_id"], unique=False)
    op.create_table(
        "project",
        sa.Column("project_id", BIGINT, autoincrement=False, nullable=False),
        sa.Column("sequence", BIGINT, nullable=False),
        sa.Column("state", sa.String(length=78), nullable=False),
        sa.Column("owner_id", BIGINT, nullable=False),
        sa.Column("methodology_id", BIGINT, nullable=False),
        sa.Column("crediting_start", BIGINT, nullable=False),
        sa.Column("crediting_end", BIGINT, nullable=False),
        sa.Column("document_hash", sa.String(length=66), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("block", BIGINT, nullable=False),
        sa.Column("timestamp", BIGINT, nullable=False),
        sa.ForeignKeyConstraint(
            ["methodology_id"], ["methodology.methodology_id"], name=op.f("fk_project_methodology_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["member.member_id"], name=op.f("fk_project_owner_id")),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_project")),
        sa.UniqueConstraint("sequence", name=op.f("uq_project_sequence")),
    )
    op.create_index("ix_project_methodology_id", "project", ["methodology_id"], unique=False)
    op.create_index("ix_project_owner_id", "project", ["owner_id"], unique=False)
    op.create_table(
        "retirement",
        sa.Column("sequence", BIGINT, autoincrement=False, nullable=False),
        sa.Column("retirement_id", sa.String(length=66), nullable=False),
        sa.Column("holder", sa.String(length=42), nullable=False),
        sa.Column("member_id", BIGINT, nullable=False),
        sa.Column("purpose", BIGINT, nullable=False),
        sa.Column("purpose_code", sa.Text(), nullable=False),
        sa.Column("beneficiary", sa.Text(), nullable=False),
        sa.Column("beneficiary_hash", sa.String(length=66), nullable=False),
        sa.Column("consumed_from", BIGINT, nullable=False),
        sa.Column("consumed_until", BIGINT, nullable=False),
        sa.Column("case_reference", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("grams", BIGINT, nullable=False),
        sa.Column("record_hash", sa.String(length=66), nullable=False),
        sa.Column("escaped", sa.Text(), nullable=True),
        sa.Column("block", BIGINT, nullable=False),
        sa.Column("log_index", BIGINT, nullable=False),
        sa.Column("timestamp", BIGINT, nullable=False),
        sa.Column("tx_hash", sa.String(length=66), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["holder"], ["account.account"], name=op.f("fk_retirement_holder")),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_retirement_member_id")),
        sa.ForeignKeyConstraint(["purpose"], ["purpose.purpose"], name=op.f("fk_retirement_purpose")),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_retirement")),
        sa.UniqueConstraint("retirement_id", name=op.f("uq_retirement_retirement_id")),
    )
    op.create_index("ix_retirement_holder", "retirement", ["holder", "sequence"], unique=False)
    op.create_index("ix_retirement_member_id", "retirement", ["member_id", "sequence"], unique=False)
    op.create_index("ix_retirement_purpose", "retirement", ["purpose", "sequence"], unique=False)
    op.create_index("ix_retirement_timestamp", "retirement", ["timestamp"], unique=False)
    op.create_table(
        "claim_key",
        sa.Column("project_id", BIGINT, autoincrement=False, nullable=False),
        sa.Column("line", BIGINT, autoincrement=False, nullable=False),
        sa.Column("claim_key", sa.String(length=66), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.project_id"], name=op.f("fk_claim_key_project_id")),
        sa.PrimaryKeyConstraint("project_id", "line", name=op.f("pk_claim_key")),
    )
    op.create_index("ix_claim_key_claim_key", "claim_key", ["claim_key"], unique=False)
    op.create_table(
        "correction",
        sa.Column("sequence", BIGINT, autoincrement=False, nullable=False),
        sa.Column("correction_id", sa.String(length=66), nullable=False),
        sa.Column("retirement_id", sa.String(length=66), nullable=False),
        sa.Column("member_id", BIGINT, nullable=False),
        sa.Column("beneficiary_hash", sa.String(length=66), nullable=False),
        sa.Column("beneficiary", sa.Text(), nullable=False),
        sa.Column("case_reference", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("record_hash", sa.String(length=66), nullable=False),
        sa.Column("escaped", sa.Text(), nullable=True),
        sa.Column("block", BIGINT, nullable=False),
        sa.Column("timestamp", BIGINT, nullable=False),
        sa.Column("tx_hash", sa.String(length=66), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_correction_member_id")),
        sa.ForeignKeyConstraint(
            ["retirement_id"], ["retirement.retirement_id"], name=op.f("fk_correction_retirement_id")
        ),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_correction")),
        sa.UniqueConstraint("correction_id", name=op.f("uq_correction_correction_id")),
    )
    op.create_index("ix_correction_retirement_id", "correction", ["retirement_id", "sequence"], unique=False)
    op.create_table(
        "report",
        sa.Column("report_id", BIGINT, autoincrement=False, nullable=False),
        sa.Column("sequence", BIGINT, nullable=False),
        sa.Column("project_id", BIGINT, nullable=False),
        sa.Column("state", sa.String(length=78), nullable=False),
        sa.Column("period_start", BIGINT, nullable=False),
        sa.Column("period_end", BIGINT, nullable=False),
        sa.Column("claimed_grams", BIGINT, nullable=False),
        sa.Column("verified_grams", BIGINT, nullable=False),
        sa.Column("data_root", sa.String(length=66), nullable=False),
        sa.Column("report_hash", sa.String(length=66), nullable=False),
        sa.Column("verifier_id", BIGINT, nullable=True),
        sa.Column("verification_hash", sa.String(length=66), nullable=True),
        sa.Column("verified_at", BIGINT, nullable=True),
        sa.Column("withdrawal_reason", sa.Text(), nullable=True),
        sa.Column("block", BIGINT, nullable=False),
        sa.Column("timestamp", BIGINT, nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.project_id"], name=op.f("fk_report_project_id")),
        sa.ForeignKeyConstraint(["verifier_id"], ["member.member_id"], name=op.f("fk_report_verifier_id")),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_report")),
        sa.UniqueConstraint("report_hash", name=op.f("uq_report_report_hash")),
        sa.UniqueConstraint("sequence", name=op.f("uq_report_sequence")),
    )
    op.create_index("ix_report_project_id", "report", ["project_id"], unique=False)
    op.create_table(
        "issuance",
        sa.Column("issuance_id", BIGINT, autoincrement=False, nullable=False),
        sa.Column("sequence", BIGINT, nullable=False),
        sa.Column("state", sa.String(length=78), nullable=False),
        sa.Column("report_id", BIGINT, nullable=False),
        sa.Column("project_id", BIGINT, nullable=False),
        sa.Column("token_id", sa.String(length=66), nullable=False),
        sa.Column("proposer_id", BIGINT, nullable=False),
        sa.Column("holder", sa.String(length=42), nullable=False),
        sa.Column("grams", BIGINT, nullable=False),
        sa.Column("vintage", BIGINT, nullable=False),
        sa.Column("notice_ends_at", BIGINT, nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("open_objections", BIGINT, nullable=False),
        sa.Column("decider_id", BIGINT, nullable=True),
        sa.Column("decided_at", BIGINT, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("block", BIGINT, nullable=False),
        sa.Column("timestamp", BIGINT, nullable=False),
        sa.ForeignKeyConstraint(["decider_id"], ["member.member_id"], name=op.f("fk_issuance_decider_id")),
        sa.ForeignKeyConstraint(["holder"], ["account.account"], name=op.f("fk_issuance_holder")),
        sa.ForeignKeyConstraint(["project_id"], ["project.project_id"], name=op.f("fk_issuance_project_id")),
        sa.ForeignKeyConstraint(["proposer_id"], ["member.member_id"], name=op.f("fk_issuance_proposer_id")),
        sa.ForeignKeyConstraint(["report_id"], ["report.report_id"], name=op.f("fk_issuance_report_id")),
        sa.PrimaryKeyConstraint("issuance_id", name=op.f("pk_issuance")),
        sa.UniqueConstraint("sequence", name=op.f("uq_issuance_sequence")),
    )
    op.create_index("ix_issuance_report_id", "issuance", ["report_id"], unique=False)
    op.create_index("ix_issuance_state", "issuance", ["state", "sequence"], unique=False)
    op.create_index("ix_issuance_token_id", "issuance", ["token_id"], unique=False)
    op.create_table(
        "credit",
        sa.Column("token_id", sa.String(length=66), autoincrement=False, nullable=False),
        sa.Column("sequence", BIGINT, nullable=False),
        sa.Column("project_id", BIGINT, nullable=False),
        sa.Column("credit_id", sa.String(length=78), nullable=False),
        sa.Column("methodology_id", BIGINT, nullable=False),
        sa.Column("vintage", BIGINT, nullable=False),
        sa.Column("issuance_id", BIGINT, nullable=False),
        sa.Column("holder", sa.String(length=42), nullable=False),
        sa.Column("issued_grams", BIGINT, nullable=False),
        sa.Column("retired_grams", BIGINT, nullable=False),
        sa.Column("cancelled_grams", BIGINT, nullable=False),
        sa.Column("frozen_until", BIGINT, nullable=False),
        sa.Column("frozen_case", sa.Text(), nullable=True),
        sa.Column("block", BIGINT, nullable=False),
        sa.Column("issued_at", BIGINT, nullable=False),
        sa.ForeignKeyConstraint(["holder"], ["account.account"], name=op.f("fk_credit_holder")),
        sa.ForeignKeyConstraint(
            ["issuance_id"], ["issuance.issuance_id"], name=op.f("fk_credit_issuance_id")
        ),
        sa.ForeignKeyConstraint(
            ["methodology_id"], ["methodology.methodology_id"], name=op.f("fk_credit_methodology_id")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["project.project_id"], name=op.f("fk_credit_project_id")),
        sa.PrimaryKeyConstraint("token_id", name=op.f("pk_credit")),
        sa.UniqueConstraint("issuance_id", name=op.f("uq_credit_issuance_id")),
        sa.UniqueConstraint("sequence", name=op.f("uq_credit_sequence")),
    )
    op.create_index("ix_credit_project_id", "credit", ["project_id", "sequence"], unique=False)
    op.create_index("ix_credit_vintage", "credit", ["vintage", "sequence"], unique=False)
    op.create_table(
        "objection",
        sa.Column("objection_id", BIGINT, autoincrement=False, nullable=False),
        sa.Column("sequence", BIGINT, nullable=False),
        sa.Column("issuance_id", BIGINT, nullable=False),
        sa.Column("member_id", BIGINT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_at", BIGINT, nullable=True),
        sa.Column("block", BIGINT, nullable=False),
        sa.Column("timestamp", BIGINT, nullable=False),
        sa.ForeignKeyConstraint(
            ["issuance_id"], ["issuance.issuance_id"], name=op.f("fk_objection_issuance_id")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_objection_member_id")),
        sa.PrimaryKeyConstraint("objection_id", name=op.f("pk_objection")),
        sa.UniqueConstraint("sequence", name=op.f("uq_objection_sequence")),
    )
    op.create_index("ix_objection_issuance_id", "objection", ["issuance_id"], unique=False)
    op.create_table(
        "holding",
        sa.Column("account", sa.String(length=42), autoincrement=False, nullable=False),
        sa.Column("token_id", sa.String(length=66), autoincrement=False, nullable=False),
        sa.Column("free", BIGINT, nullable=False),
        sa.Column("locked", BIGINT, nullable=False),
        sa.Column("retired", BIGINT, nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.account"], name=op.f("fk_holding_account")),
        sa.ForeignKeyConstraint(["token_id"], ["credit.token_id"], name=op.f("fk_holding_token_id")),
        sa.PrimaryKeyConstraint("account", "token_id", name=op.f("pk_holding")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_holding_token_id", "holding", ["token_id", "account"], unique=False)
    op.create_table(
        "lock",
        sa.Column("lock_id", sa.String(length=66), autoincrement=False, nullable=False),
        sa.Column("sequence", BIGINT, nullable=False),
        sa.Column("holder", sa.String(length=42), nullable=False),
        sa.Column("token_id", sa.String(length=66), nullable=False),
        sa.Column("grams", BIGINT, nullable=False),
        sa.Column("locked_grams", BIGINT, nullable=False),
        sa.Column("keeper", sa.String(length=42), nullable=False),
        sa.Column("expires_at", BIGINT, nullable=False),
        sa.Column("case_reference", sa.Text(), nullable=False),
        sa.Column("block", BIGINT, nullable=False),
        sa.Column("timestamp", BIGINT, nullable=False),
        sa.ForeignKeyConstraint(["holder"], ["account.account"], name=op.f("fk_lock_holder")),
        sa.ForeignKeyConstraint(["keeper"], ["account.account"], name=op.f("fk_lock_keeper")),
        sa.ForeignKeyConstraint(["token_id"], ["credit.token_id"], name=op.f("fk_lock_token_id")),
        sa.PrimaryKeyConstraint("lock_id", name=op.f("pk_lock")),
        sa.UniqueConstraint("sequence", name=op.f("uq_lock_sequence")),
    )
    op.create_index("ix_lock_holder", "lock", ["holder", "sequence"], unique=False)
    op.create_index("ix_lock_keeper", "lock", ["keeper", "sequence"], unique=False)
    op.create_index("ix_lock_token_id", "lock", ["token_id", "sequence"], unique=False)
    op.create_table(
        "retirement_line",
        sa.Column("sequence", BIGINT, autoincrement=False, nullable=False),
        sa.Column("line", BIGINT, autoincrement=False, nullable=False),
        sa.Column("token_id", sa.String(length=66), nullable=False),
        sa.Column("project_id", BIGINT, nullable=False),
        sa.Column("grams", BIGINT, nullable=False),
        sa.Column("first_serial", BIGINT, nullable=False),
        sa.Column("last_serial", BIGINT, nullable=False),
        sa.ForeignKeyConstraint(
            ["sequence"], ["retirement.sequence"], name=op.f("fk_retirement_line_sequence")
        ),
        sa.ForeignKeyConstraint(["token_id"], ["credit.token_id"], name=op.f("fk_retirement_line_token_id")),
        sa.PrimaryKeyConstraint("sequence", "line", name=op.f("pk_retirement_line")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_retirement_line_project_id", "retirement_line", ["project_id", "sequence"], unique=False
    )
    op.create_index(
        "ix_retirement_line_token_id", "retirement_line", ["token_id", "first_serial"], unique=False
    )


def downgrade() -> None:
    # Their indexes go with them.
    for name in TABLES:
        op.drop_table(name)
