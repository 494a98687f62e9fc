"""Requests end once, whatever is killed meanwhile: a small campaign; `make campaign-outbox` runs the large one."""

from __future__ import annotations

import pytest

from bench.outbox_campaign import campaign


@pytest.mark.slow
def test_requests_end_once_while_everything_is_killed(database_url: str) -> None:
    found = campaign(
        database_url,
        requests=60,
        clients=12,
        seed=7,
        pause_seconds=1.0,
        spread_seconds=8.0,
        least_kills=3,
        relayers=2,
    )
    assert found["ok"], found
    assert sum(found["kills"].values()) >= 3
