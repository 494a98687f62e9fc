"""The tables are those of the migrations, on both databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect, text
from sqlmodel import SQLModel

from node_client import database
from node_client.batch import Batch, write
from node_client.errors import BadInput, DatabaseUnreachable, MirrorInconsistent
from node_client.mirror import digest, registry


def test_the_migrations_make_exactly_the_tables_of_the_nouns(engine: Engine) -> None:
    ours = {*registry.mirrored(), "checkpoint", "undo", "health"}

    def include(_thing: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
        return kind != "table" or name in ours

    options = {"compare_type": True, "compare_server_default": True, "include_object": include}
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, SQLModel.metadata) == []


def test_every_constraint_has_a_name(engine: Engine) -> None:
    inspector = inspect(engine)
    for name in registry.mirrored():
        assert inspector.get_pk_constraint(name)["name"] == f"pk_{name}"
        for constraint in (*inspector.get_foreign_keys(name), *inspector.get_unique_constraints(name)):
            assert constraint["name"], (name, constraint)


def test_upgrading_works_from_any_folder_and_twice(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    database.upgrade(database_url)
    database.upgrade(database_url)
    engine = database.engine(database_url)
    database.check_revision(engine)
    engine.dispose()


def test_a_database_that_does_not_answer_is_an_error_with_a_remedy() -> None:
    url = "postgresql://nobody@127.0.0.1:1/none"
    engine = database.engine(url)
    with pytest.raises(DatabaseUnreachable) as refusal:
        database.check_revision(engine)
    assert "TANHUI_DATABASE_URL" in refusal.value.remedy
    with pytest.raises(DatabaseUnreachable):
        database.upgrade(url)
    engine.dispose()


def test_sqlite_is_set_up_for_a_reader_beside_a_writer(sqlite_url: str) -> None:
    engine = database.engine(sqlite_url)
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() == database.BUSY_MILLISECONDS
    engine.dispose()


def test_rows_are_added_changed_and_found_again_in_bulk(engine: Engine) -> None:
    text_of_all = "碳\\惠\t\n\"'{},NULL"
    with engine.connect() as reading:
        batch = Batch(reading)
        for number in range(1_000):
            row = batch.row("setting", f"s{number}")
            row["value"] = text_of_all
        with engine.begin() as connection:
            assert write(connection, batch.take()) == 1_000
        assert batch.row("setting", "s5")["value"] == text_of_all
    with engine.connect() as reading:
        batch = Batch(reading)
        batch.prefetch("setting", [(f"s{number}",) for number in range(2_000)])
        assert batch.find("setting", "s1999") is None
        for number in range(0, 1_000, 2):
            batch.known("setting", f"s{number}").update(value="", sequence=2**63 - 1)
        with engine.begin() as connection:
            assert write(connection, batch.take()) == 500
        with pytest.raises(MirrorInconsistent, match="setting nothing"):
            batch.known("setting", "nothing")
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT value, sequence, count(*) FROM setting GROUP BY 1, 2 ORDER BY 2")
        ).all()
    assert [tuple(row) for row in rows] == [(text_of_all, 0, 500), ("", 2**63 - 1, 500)]


def test_null_and_bytes_survive_changes(engine: Engine) -> None:
    for case in ("案", None, "x"):
        with engine.connect() as reading:
            batch = Batch(reading)
            batch.row("role_member", "1", "0x" + "1" * 40).update(held=case is None, block=3)
            batch.row("block", 1).update(
                hash="h",
                parent_hash="p",
                timestamp=1,
                receipts_root="r",
                logs_bloom=b"\0\xff" if case else b"",
                logs_hash="",
            )
            with engine.begin() as connection:
                write(connection, batch.take())
            with engine.connect() as fresh:
                again = Batch(fresh)
                assert again.read("role_member", "1", "0x" + "1" * 40)["held"] is (case is None)
                assert again.read("block", 1)["logs_bloom"] == (b"\0\xff" if case else b"")


def test_a_digest_of_nothing_or_of_another_block_is_refused(engine: Engine, mirrored: Engine) -> None:
    with pytest.raises(BadInput, match="stands at block"):
        digest(mirrored, block=1)
