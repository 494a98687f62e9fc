"""A node that is down, another chain, contracts that are not ours, a wrong password, no Node: each has a clear error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from node_client import database
from node_client.compiler import ROOT
from node_client.network import anvil as anvil_network
from tests.command_line import Scheme


def test_a_node_that_is_down_is_named_with_its_address(scheme: Scheme) -> None:
    down = Scheme(scheme.environment | {"TANHUI_NODE_URL": "http://127.0.0.1:9"})
    said = down.refused("ChainUnreachable", "issue", "confirm", "1", code=4)
    assert "http://127.0.0.1:9" in said["message"]


def test_something_that_is_no_node_is_told_from_one(scheme: Scheme) -> None:
    strange = Scheme(scheme.environment | {"TANHUI_NODE_URL": "ftp://example"})
    strange.refused("ChainUnreachable", "issue", "confirm", "1", code=4)


def test_another_chain_id_is_refused(scheme: Scheme) -> None:
    other = Scheme(scheme.environment | {"TANHUI_CHAIN_ID": "42"})
    said = other.refused("ChainMismatch", "issue", "confirm", "1", code=4)
    assert "42" in said["message"]


def test_a_chain_without_our_contracts_is_refused(scheme: Scheme, tmp_path: Path) -> None:
    fresh = anvil_network.up(tmp_path / "fresh")
    try:
        moved = Scheme(scheme.environment | {"TANHUI_NODE_URL": fresh.rpc_url})
        moved.refused("ContractsMissing", "issue", "confirm", "1", code=4)
        moved.refused("ContractsMissing", "deploy", "--authority-name", "x", "--authority-code", "y", code=4)
    finally:
        anvil_network.down(tmp_path / "fresh")


def test_other_contracts_in_our_place_are_refused(scheme: Scheme, tmp_path: Path) -> None:
    record = next((Path(scheme.environment["TANHUI_DATA"]) / "deployments").glob("*.json"))
    changed = json.loads(record.read_text())
    changed["addresses"]["Credits"] = changed["addresses"]["Projects"]
    folder = tmp_path / "deployments"
    folder.mkdir()
    (folder / record.name).write_text(json.dumps(changed))
    wrong = Scheme(scheme.environment | {"TANHUI_DATA": str(tmp_path)})
    said = wrong.refused("ContractsMissing", "mirror", "run", code=4)
    assert "Credits" in said["message"]


def test_a_broken_deployment_record_is_named(scheme: Scheme, tmp_path: Path) -> None:
    record = next((Path(scheme.environment["TANHUI_DATA"]) / "deployments").glob("*.json"))
    (tmp_path / "deployments").mkdir()
    (tmp_path / "deployments" / record.name).write_text("{")
    broken = Scheme(scheme.environment | {"TANHUI_DATA": str(tmp_path)})
    broken.refused("ContractsMissing", "mirror", "run", code=4)


def test_a_wrong_password_opens_nothing(scheme: Scheme) -> None:
    wrong = Scheme(scheme.environment | {"TANHUI_PASSWORD": "wrong"})
    wrong.refused("WrongPassword", "issue", "confirm", "1", code=5)


def test_a_missing_key_names_those_that_are_there(scheme: Scheme) -> None:
    said = scheme.refused("KeyMissing", "issue", "confirm", "1", "--key", "nobody", code=5)
    assert "authority" in said["message"]


def test_an_existing_key_is_not_overwritten(scheme: Scheme) -> None:
    scheme.refused("KeyExists", "keys", "create", "authority", code=5)


@pytest.mark.parametrize("name", ["../evil", "Évil", "", "a" * 65])
def test_a_key_cannot_be_named_out_of_its_folder(scheme: Scheme, name: str) -> None:
    scheme.refused("SigningError", "keys", "create", name, code=5)


def test_a_database_of_another_revision_is_refused(scheme: Scheme, database_url: str) -> None:
    elsewhere = Scheme(scheme.environment | {"TANHUI_DATABASE_URL": database_url})
    elsewhere.refused("DatabaseRevision", "mirror", "run", code=4)
    elsewhere.done("db", "upgrade")
    elsewhere.done("mirror", "run")
    engine = database.engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    said = elsewhere.refused("DatabaseRevision", "audit", code=4)
    assert "9999" in said["message"]


def test_a_database_that_is_down_is_named(scheme: Scheme) -> None:
    url = "postgresql://nobody@127.0.0.1:9/nothing?connect_timeout=2"
    Scheme(scheme.environment | {"TANHUI_DATABASE_URL": url}).refused(
        "DatabaseUnreachable", "mirror", "run", code=4
    )


def test_without_node_the_development_chain_says_what_to_install(tmp_path: Path) -> None:
    bare = {"PATH": str(tmp_path), "TANHUI_DATA": str(tmp_path / "data"), "HOME": str(tmp_path)}
    found = subprocess.run(
        [sys.executable, "-m", "scripts.main", "chain", "up", "--json"],
        cwd=ROOT,
        env=bare | {"PYTHONPATH": str(ROOT), "LANG": os.environ.get("LANG", "C.UTF-8")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 6, found.stderr
    assert json.loads(found.stdout)["error"] == "ToolMissing"
    assert "Node" in json.loads(found.stdout)["message"]
