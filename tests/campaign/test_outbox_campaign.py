"""Requests end once, whatever is killed meanwhile: a small campaign; `make campaign-outbox` runs the large one."""

from __future__ import annotations

import pytest

from tests.campaign.outbox import campaign, memory_of


@pytest.mark.slow
def test_requests_end_once_while_everything_is_killed(database_url: str) -> None:
    found = campaign(
        database_url,
        count=60,
        calm_count=400,
        clients=12,
        seed=7,
        pause_seconds=1.0,
        spread_seconds=8.0,
        least_kills=5,
        relayers=2,
    )
    assert found["ok"], found
    assert set(found["kills"]) == {"api-0", "api-1", "outbox", "mirror", "node"}


def test_memory_that_grows_is_not_flat() -> None:
    assert memory_of({1: [100_000] * 80})["flat"]
    # Of a process that was started later, there is less to judge by.
    assert memory_of({1: [100_000] * 80, 2: list(range(100_000, 104_000, 100))})["flat"]
    assert not memory_of({1: list(range(100_000, 180_000, 1_000))})["flat"]
    assert not memory_of({1: [100_000] * 3})["flat"]
    assert not memory_of({})["flat"]
