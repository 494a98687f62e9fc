"""The acts' gas stays within its bars: what `make bench-gas` prints, measured on real transactions."""

from __future__ import annotations

import json

import pytest

from bench import gas


def test_every_act_stays_within_its_bar(capsys: pytest.CaptureFixture[str]) -> None:
    code = gas.main()
    body = json.loads(capsys.readouterr().out)
    over = [row for row in body["acts"] if row["bar"] is not None and row["gas"] > row["bar"]]
    assert not over
    assert body["within_bars"]
    assert code == 0
    assert body["retire_share_of_toucan"] < 0.2
