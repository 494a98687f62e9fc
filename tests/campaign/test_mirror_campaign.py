"""A small share of `make campaign-mirror` in every run of the tests, on both databases.

Flow: one ledger for all (`Ground`) → each harm some rounds, from one seed → nothing lost, doubled or reordered.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from node_client.mirror import Mirror
from tests.campaign import mirror as campaign
from tests.campaign.mirror import Ground
from tests.campaign.oracle import wrongs

SEED = 1


def quiet(_line: str) -> None:
    """Says nothing."""


@pytest.fixture(scope="module")
def on(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with campaign.ground(tmp_path_factory.mktemp("ground"), SEED, 150, quiet) as made:
        yield made


@pytest.fixture
def rng(database_url: str) -> random.Random:
    return random.Random(f"{SEED} {database_url.partition(':')[0]}")


@pytest.mark.slow
def test_killed_at_random_instants_it_loses_nothing(
    on: Ground, database_url: str, rng: random.Random
) -> None:
    found = campaign.kills(on, database_url, rng, 25, quiet)
    assert found["kills"] == 25
    assert found["lives_that_wrote"] > 5


@pytest.mark.slow
def test_lied_to_it_writes_the_truth_or_stops(on: Ground, database_url: str, rng: random.Random) -> None:
    found = campaign.lies(on, database_url, rng, 2, quiet)
    assert sum(found["lies"].values()) > 10
    assert found["stops"]


@pytest.mark.slow
def test_a_stopped_writer_does_not_write_after_another_took_over(
    on: Ground, database_url: str, rng: random.Random
) -> None:
    found = campaign.takeovers(on, database_url, rng, 4, quiet)
    assert found.get(f"first ended with {campaign.REPLACED}")


@pytest.mark.slow
def test_cut_off_from_its_database_it_goes_on(on: Ground, postgres_url: str) -> None:
    found = campaign.cuts(on, postgres_url, random.Random(SEED), 15, quiet)
    assert found["cuts"] == 15


@pytest.mark.slow
def test_with_a_full_disk_it_stops_and_goes_on_when_there_is_room(on: Ground, tmp_path: Path) -> None:
    assert campaign.full_sqlite(on, tmp_path, random.Random(SEED), 1, quiet)["said"]


@pytest.mark.slow
def test_with_a_server_that_cannot_write_it_waits_until_it_can(on: Ground) -> None:
    assert "File too large" in str(campaign.full_postgres(on, random.Random(SEED), 1, quiet)["said"])


HARMS: dict[str, str] = {
    "lost": "DELETE FROM act WHERE sequence = 9",
    "doubled": """INSERT INTO act SELECT sequence + 100000, block, log_index, tx_hash, timestamp, contract, event, subject,
    args FROM act WHERE sequence = 9""",
    "reordered": "UPDATE act SET log_index = log_index + 1 WHERE sequence = 9",
    "holding": "UPDATE holding SET free = free + 1 WHERE locked > 0",
    "total": "UPDATE total SET retirements = retirements + 1 WHERE dimension = 'minute'",
    "header": "UPDATE block SET parent_hash = hash WHERE number = (SELECT max(number) - 2 FROM block)",
    "checkpoint": "UPDATE checkpoint SET sequence = sequence + 1",
}


@pytest.mark.parametrize("harm", HARMS)
def test_the_oracle_sees_it(on: Ground, sqlite_url: str, harm: str) -> None:
    with campaign.opened(sqlite_url) as engine:
        Mirror(on.world.chain, engine, on.world.deployment).run()
        assert wrongs(engine, on.oracle) == []
        with engine.begin() as connection:
            connection.execute(text(HARMS[harm]))
        assert wrongs(engine, on.oracle)
        with pytest.raises(campaign.Harmed):
            on.must_be_right(engine, harm)


@pytest.mark.slow
def test_killed_while_it_undoes_a_fork_it_loses_nothing(
    on: Ground, database_url: str, rng: random.Random
) -> None:
    assert campaign.forks(on, database_url, rng, 3, quiet)["rounds"] == 3
