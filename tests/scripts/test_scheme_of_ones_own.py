"""From an empty folder to a scheme with which everything can be tried, by the commands that the README names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command_line import Scheme


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Scheme]:
    scheme = Scheme({"TANHUI_DATA": str(tmp_path / "data"), "TANHUI_NODE_URL": "", "COLUMNS": "200"})
    yield scheme
    scheme.run("chain", "down")


def test_a_scheme_of_ones_own_stands_with_two_commands_and_twice_is_once(empty: Scheme) -> None:
    empty.done("chain", "up")
    made = empty.done("scheme", "develop")
    assert made["members"] == {
        "operator": 2, "guardian": 3, "verifier": 4, "expert-1": 5, "owner": 6, "buyer": 7
    }  # fmt: skip
    first = empty.done("mirror", "run")
    assert empty.done("scheme", "develop")["members"] == made["members"]
    assert empty.done("mirror", "run")["block"] == first["block"]
    assert empty.run("audit").code == 0
