"""Real registries' records through the real acts: totals, idempotence, a kill half way, bad rows."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from node_client.compiler import ROOT
from node_client.network import anvil as anvil_network
from tests.command_line import Scheme, new_scheme

EXAMPLES = ROOT / "examples" / "registries"
VERRA = EXAMPLES / "verra_vcus.csv"
TONNE = 1_000_000


@pytest.fixture
def fresh(tmp_path: Path) -> Any:
    """A scheme on a chain that is this test's alone."""
    folder = tmp_path / "chain"
    process = anvil_network.up(folder)
    try:
        yield new_scheme(tmp_path / "data", process.rpc_url)
    finally:
        anvil_network.down(folder)


def added(answer: Any) -> dict[str, tuple[int, int, int]]:
    return {row["record"]: (row["added"], row["present"], row["refused"]) for row in answer["records"]}


def sql_totals(scheme: Scheme) -> Any:
    scheme.done("db", "upgrade")
    scheme.done("mirror", "run")
    audit = scheme.done("audit")
    assert audit["clean"], audit["findings"]
    return audit


def test_verra_comes_out_to_the_tonne_and_twice_is_once(fresh: Scheme) -> None:
    with VERRA.open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    quantity = [int(row["Quantity Issued"].replace(",", "")) for row in rows]
    retired = [each for each, row in zip(quantity, rows, strict=True) if row["Retirement/Cancellation Date"]]

    first = fresh.done("import", str(VERRA), "--format", "verra")
    assert int(first["issued_grams"]) == sum(quantity) * TONNE == 4_029_227 * TONNE
    assert int(first["retired_grams"]) == sum(retired) * TONNE == 137_546 * TONNE
    assert added(first) == {
        "methodology": (25, 0, 0),
        "project": (56, 0, 0),
        "report": (87, 0, 0),
        "issuance": (88, 0, 0),
        "retirement": (100, 0, 0),
    }
    before = sql_totals(fresh)
    second = fresh.done("import", str(VERRA), "--format", "verra")
    assert all(counts[0] == 0 and counts[2] == 0 for counts in added(second).values())
    after = sql_totals(fresh)
    assert (before["block"], before["sequence"]) == (after["block"], after["sequence"])


def test_an_import_killed_again_and_again_completes_without_doubling(fresh: Scheme) -> None:
    command = [sys.executable, "-m", "scripts.main", "import", str(VERRA), "--format", "verra", "--json"]
    environment = os.environ | fresh.environment | {"PYTHONPATH": str(ROOT)}
    for seconds in (4.0, 5.0, 6.5):
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
    last = fresh.done("import", str(VERRA), "--format", "verra")
    assert all(counts[2] == 0 for counts in added(last).values())
    assert [sum(counts[:2]) for counts in added(last).values()] == [25, 56, 87, 88, 100]
    audit = sql_totals(fresh)
    engine_totals = fresh.done("mirror", "status")
    assert audit["sequence"] == engine_totals["sequence"]
    assert int(last["issued_grams"]) == 4_029_227 * TONNE
    assert int(last["retired_grams"]) == 137_546 * TONNE


def test_the_other_registries_import_too_and_report_what_they_refuse(fresh: Scheme) -> None:
    acr = fresh.run(
        "import",
        str(EXAMPLES / "acr_issuances.csv"),
        str(EXAMPLES / "acr_retirements.csv"),
        "--format",
        "acr",
        "--json",
    )
    assert acr.code == 0, acr.out
    assert int(acr.json["issued_grams"]) == 7_880_796 * TONNE
    assert int(acr.json["retired_grams"]) == 298_881 * TONNE
    cercarbono = fresh.run(
        "import",
        str(EXAMPLES / "cercarbono_issuances.csv"),
        str(EXAMPLES / "cercarbono_retirements.csv"),
        "--format",
        "cercarbono",
        "--json",
    )
    assert cercarbono.code == 8, cercarbono.out
    refused = [each for each in cercarbono.json["problems"] if each["kind"] == "refused"]
    assert [each["code"] for each in refused] == ["days_already_claimed"] * 3
    assert all(each["line"] > 1 and each["remedy"] for each in refused)
    sql_totals(fresh)


def test_a_larger_copy_of_an_issued_credit_is_reported_with_its_lines(fresh: Scheme, tmp_path: Path) -> None:
    lines = VERRA.read_text(encoding="utf-8").splitlines(keepends=True)
    part, whole = tmp_path / "part.csv", tmp_path / "whole.csv"
    # Rows 3 and 4 are two blocks of one issuance.
    part.write_text("".join([lines[0], lines[2]]), encoding="utf-8")
    whole.write_text("".join([lines[0], lines[2], lines[3]]), encoding="utf-8")
    fresh.done("import", str(part), "--format", "verra")
    again = fresh.run("import", str(whole), "--format", "verra", "--json")
    assert again.code == 8
    refused = [each for each in again.json["problems"] if each["kind"] == "refused"]
    assert {each["line"] for each in refused} == {2, 3}
    sql_totals(fresh)


def test_a_dry_run_reads_the_file_and_sends_nothing(scheme_without_chain: Scheme) -> None:
    answer = scheme_without_chain.done("import", str(VERRA), "--format", "verra", "--dry-run")
    assert (answer["rows"], answer["projects"], answer["issuances"], answer["retirements"]) == (
        200,
        56,
        88,
        100,
    )


@pytest.fixture
def scheme_without_chain(tmp_path: Path) -> Scheme:
    return Scheme({"TANHUI_DATA": str(tmp_path), "TANHUI_NODE_URL": "http://127.0.0.1:9"})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"a,b,c\n1,2,3\n", "column"),
        (b"\xff\xfe\x00", "UTF-8"),
    ],
)
def test_a_broken_csv_is_bad_input_with_its_line(
    scheme_without_chain: Scheme, tmp_path: Path, content: bytes, said: str
) -> None:
    file = tmp_path / "broken.csv"
    file.write_bytes(content)
    answer = scheme_without_chain.run("import", str(file), "--format", "verra", "--json")
    assert answer.code == 2, answer.out
    assert said.lower() in answer.out.lower()
    assert json.loads(answer.out)["remedy"]


def test_a_wrong_format_is_named(scheme_without_chain: Scheme) -> None:
    answer = scheme_without_chain.run(
        "import", str(EXAMPLES / "acr_issuances.csv"), "--format", "verra", "--json"
    )
    assert answer.code == 2
    assert "acr" in answer.json["remedy"]
