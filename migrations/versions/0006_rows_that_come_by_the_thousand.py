"""Rows that come by the thousand: holdings and retirements are written without a look at other tables for each of them.

PostgreSQL asks and locks the named row once for every foreign key of every row, which took a fifth of all writing. The fold has
read each of these rows before it names it, and stops where there is none. A holding changes with every transfer, and a row that
changes within its page leaves its indexes alone: hence the room.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0006"
down_revision: Final = "0005"
branch_labels = None
depends_on = None

# Table, column, and the table and column that it named.
NAMED: Final = (
    ("retirement", "holder", "account", "account"),
    ("retirement", "member_id", "member", "member_id"),
    ("retirement", "purpose", "purpose", "purpose"),
    ("retirement_line", "sequence", "retirement", "sequence"),
    ("retirement_line", "token_id", "credit", "token_id"),
    ("holding", "account", "account", "account"),
    ("holding", "token_id", "credit", "token_id"),
)
CHANGING: Final = ("holding", "total", "credit")


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rewrite(adding=False)
        return
    for table, column, _, _ in NAMED:
        op.drop_constraint(f"fk_{table}_{column}", table, type_="foreignkey")
    for table in CHANGING:
        op.execute(f"ALTER TABLE {table} SET (fillfactor = 50)")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rewrite(adding=True)
        return
    for table, column, named, key in NAMED:
        op.create_foreign_key(f"fk_{table}_{column}", table, named, [column], [key])
    for table in CHANGING:
        op.execute(f"ALTER TABLE {table} RESET (fillfactor)")


def _rewrite(*, adding: bool) -> None:
    """SQLite's own recipe for a change of a table's text that no stored row shows (lang_altertable.html, section 7)."""
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    for table, column, named, key in NAMED:
        clause = f", \n\tCONSTRAINT fk_{table}_{column} FOREIGN KEY({column}) REFERENCES {named} ({key})"
        text = connection.execute(
            sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name"), {"name": table}
        ).scalar_one()
        end = text.rindex(")")
        changed = f"{text[:end].rstrip()}{clause}\n{text[end:]}" if adding else text.replace(clause, "")
        if changed == text:
            raise RuntimeError(f"table {table} has no such clause as {clause.strip(', ')!r}")
        connection.execute(
            sa.text("UPDATE sqlite_master SET sql = :sql WHERE type = 'table' AND name = :name"),
            {"sql": changed, "name": table},
        )
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")
