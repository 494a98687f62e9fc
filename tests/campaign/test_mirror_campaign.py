"""A small share of `make campaign-mirror` in every run of the tests, on both databases.

Flow: one ledger for all (`Ground`) → each harm some rounds, from one seed → nothing lost, doubled or reordered.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_utils.crypto import keccak
from sqlalchemy import text

from node_client.chain import Chain
from node_client.errors import ProofFailed, SequenceMismatch
from node_client.mirror import Mirror, audit, digest
from tests.campaign import mirror as campaign
from tests.campaign.lies import FORGERIES
from tests.campaign.mirror import Ground
from tests.campaign.oracle import wrongs
from tests.campaign.proxies import LyingNode

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
    found = campaign.lies(on, database_url, rng, 4, quiet)
    for way in campaign.WAYS.values():
        assert sum(found[way]["lies"].values()) > 10, way
        assert found[way]["stops"], way
    assert found["proven"]["stops"]["ProofFailed"]


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


@pytest.mark.slow
def test_following_a_busy_chain_it_is_never_behind_for_long(on: Ground, database_url: str) -> None:
    found = campaign.following(on, database_url, 8, quiet, most_late=0.2)
    for way in campaign.WAYS.values():
        assert found[way]["transfers"] > 1_000
        assert sum(found[way]["behind"].values()) > 40


def topic(signature: str) -> str:
    return "0x" + keccak(text=signature).hex()


TRANSFER = topic("TransferSingle(address,address,address,uint256,uint256)")
MEMBER = topic("MemberRegistered(uint32,uint8,bytes32,string)")
LABEL = topic("RoleLabel(uint64,string)")
# In the words of docs/auditor.md: the forgery, and of which event.
UNSEEN = {
    "another amount or text of the same length": ("data", MEMBER),
    "topics of one log exchanged": ("topics", TRANSFER),
    "another index of a log, in the same order": ("index", TRANSFER),
    "another transaction of a log": ("transaction", TRANSFER),
    "events of the AccessManager left out": ("omission", LABEL),
    "another time of a block": ("time", TRANSFER),
}


@pytest.mark.parametrize("lie", UNSEEN)
def test_some_lies_only_proofs_find(on: Ground, database_url: str, rng: random.Random, lie: str) -> None:
    kind, event = UNSEEN[lie]
    assert f"- {lie}" in Path("docs/auditor.md").read_text(encoding="utf-8")
    chain, deployment = on.world.chain, on.world.deployment
    with (
        campaign.opened(database_url) as engine,
        closing(LyingNode(chain.url, rng, deployment.addresses, proven=True)) as liar,
        closing(Chain(liar.url)) as lying,
    ):
        forgery = FORGERIES.get(kind, lambda _rng, log: log)
        block = next(
            block
            for block in range(on.head, on.oracle.first, -1)
            if liar.forge(block, forgery, "logs", lambda log: bool(log["topics"][0] == event))
        )
        if kind == "time":
            told = {"timestamp": hex(chain.headers(block, block)[0].timestamp + 1)}
            liar.forged[block] = replace(liar.forged[block], header=told)
        Mirror(lying, engine, deployment).run()
        assert digest(engine) != on.reference
        with pytest.raises(ProofFailed, match=f"block {block}: "):
            Mirror(chain, engine, deployment).verify()
        assert not audit(chain, engine, deployment).clean
        on.empty(engine)
        with pytest.raises(ProofFailed, match=f"block {block}: "):
            Mirror(lying, engine, deployment, proven=True).run()
        assert on.must_be_right(engine, lie) < block


def test_an_act_left_out_beside_a_count_that_is_too_old_is_found_at_the_next_true_answer(
    on: Ground, database_url: str, rng: random.Random
) -> None:
    assert "- acts left out, with the contract's" in Path("docs/auditor.md").read_text(encoding="utf-8")
    chain, deployment = on.world.chain, on.world.deployment
    with (
        campaign.opened(database_url) as engine,
        closing(LyingNode(chain.url, rng, deployment.addresses, proven=True)) as liar,
        closing(Chain(liar.url)) as lying,
    ):
        block = next(
            block
            for block in range(on.head - 1, on.oracle.first, -1)
            if liar.forge(
                block,
                FORGERIES["omission"],
                "logs",
                # To somebody: what a retirement burns is in the sums too.
                lambda log: log["topics"][0] == TRANSFER and int(log["topics"][3], 16) > 0,
            )
        )
        true_call = lying.call

        def older(*asked: Any, block: int, lied: int = block) -> Any:
            return true_call(*asked, block=block - (block == lied))

        lying.call = older  # type: ignore[method-assign, assignment]
        assert Mirror(lying, engine, deployment).run(until=block).block == block
        with pytest.raises(SequenceMismatch, match="rebuild"):
            Mirror(chain, engine, deployment).run()
        on.empty(engine)
        with pytest.raises(ProofFailed, match=f"block {block}: "):
            Mirror(lying, engine, deployment, proven=True).run(until=block)
        assert on.must_be_right(engine, "both lies") < block


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
