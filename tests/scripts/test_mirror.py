"""The mirror by the command line: run, status, a freeze that lasts, thaw, verify."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from node_client import database
from tests.command_line import Scheme


@pytest.fixture
def mirrored(scheme: Scheme, tmp_path: Path) -> Scheme:
    """The scheme with a mirror of its own, at the head."""
    url = f"sqlite:///{tmp_path / 'mirror.sqlite'}"
    own = Scheme(scheme.environment | {"TANHUI_DATABASE_URL": url})
    assert own.run("db", "upgrade").code == 0
    assert own.done("mirror", "status")["diagnosis"] == "no_mirror"
    own.done("mirror", "run", "--most-blocks", "7")
    return own


def exchange(engine: Engine, old: str, new: str) -> None:
    """The newest block stored has the hash `new` in place of `old`."""
    with engine.begin() as connection:
        for table, column in (("block", "hash"), ("checkpoint", "block_hash")):
            connection.execute(
                text(f"UPDATE {table} SET {column} = :new WHERE {column} = :old"), {"old": old, "new": new}
            )


def test_a_frozen_mirror_is_told_and_stays_frozen_until_thawed(mirrored: Scheme) -> None:
    assert mirrored.done("mirror", "status")["diagnosis"] == "ok"
    engine = database.engine(mirrored.environment["TANHUI_DATABASE_URL"])
    stored = mirrored.done("mirror", "run")["block_hash"]
    other = "0x" + "66" * 32
    exchange(engine, stored, other)
    mirrored.refused("ForkDetected", "mirror", "run", code=7)
    mirrored.refused("ForkDetected", "mirror", "thaw", code=7)
    exchange(engine, other, stored)
    engine.dispose()
    told = mirrored.refused("ForkDetected", "mirror", "run", code=7)
    assert "frozen" in told["message"]
    status = mirrored.done("mirror", "status")
    assert (status["state"], status["diagnosis"]) == ("frozen", "frozen")
    assert "tanhui mirror rebuild" in status["remedy"]
    assert mirrored.done("mirror", "thaw")["block_hash"] == stored
    assert mirrored.done("mirror", "run")["block_hash"] == stored
    assert mirrored.done("mirror", "status")["diagnosis"] == "ok"


def test_verify_proves_what_was_mirrored_and_names_the_block_that_is_not(mirrored: Scheme) -> None:
    block = mirrored.done("mirror", "status")["block"]
    engine = database.engine(mirrored.environment["TANHUI_DATABASE_URL"])
    with engine.begin() as connection:
        altered = connection.execute(
            text("SELECT number, logs_hash FROM block WHERE logs_hash <> '' ORDER BY number DESC LIMIT 1")
        ).one()
        change = text("UPDATE block SET logs_hash = :hash WHERE number = :number")
        connection.execute(change, {"hash": "00" * 32, "number": altered.number})
    answer = mirrored.run("mirror", "verify", "--json")
    assert (answer.code, answer.json["error"]) == (7, "ProofFailed")
    assert str(altered.number) in answer.json["message"]
    with engine.begin() as connection:
        connection.execute(change, {"hash": altered.logs_hash, "number": altered.number})
    engine.dispose()
    assert mirrored.done("mirror", "verify")["proven_block"] == block


def test_an_audit_ends_with_7_and_names_the_row_that_is_wrong(mirrored: Scheme) -> None:
    engine = database.engine(mirrored.environment["TANHUI_DATABASE_URL"])
    with engine.begin() as connection:
        connection.execute(text("UPDATE member SET name = 'Mallory' WHERE member_id = 1"))
    engine.dispose()
    answer = mirrored.run("audit", "--json")
    assert (answer.code, answer.json["clean"]) == (7, False)
    (finding,) = answer.json["findings"]
    assert (finding["subject"], finding["found"]) == ("member (1) name", "Mallory")
    assert "member (1) name" in mirrored.run("audit").out


STOPPED_WRITER = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE checkpoint SET sequence = 99")
os.kill(os.getpid(), signal.SIGSTOP)
"""


@pytest.fixture
def locked(mirrored: Scheme) -> Iterator[Scheme]:
    """Another writer was stopped in the middle of its transaction."""
    path = make_url(mirrored.environment["TANHUI_DATABASE_URL"]).database
    writer = subprocess.Popen([sys.executable, "-c", STOPPED_WRITER, str(path)])
    assert os.WIFSTOPPED(os.waitpid(writer.pid, os.WUNTRACED)[1])
    yield mirrored
    writer.kill()
    writer.wait(10)


def test_a_writer_that_is_stopped_with_the_lock_is_blamed_by_the_next_one(
    locked: Scheme, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_MILLISECONDS", 700)
    started = time.monotonic()
    told = locked.refused("DatabaseUnreachable", "mirror", "run", code=4)
    assert 0.7 <= time.monotonic() - started < 10
    assert "another process holds the lock" in told["message"]
    assert "fuser" in told["remedy"]
    # Who only reads is not held up, and sees nothing of what was not committed.
    started = time.monotonic()
    status = locked.done("mirror", "status")
    assert time.monotonic() - started < 0.7
    assert (status["diagnosis"], status["sequence"] != 99) == ("ok", True)


def test_following_stops_at_the_block_asked_for(mirrored: Scheme) -> None:
    block = mirrored.done("mirror", "status")["block"]
    mirrored.done("mirror", "rebuild")
    answer = mirrored.run("mirror", "run", "--follow", "--until", str(block))
    assert answer.code == 0
