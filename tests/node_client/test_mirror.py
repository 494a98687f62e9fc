"""The mirror stores what the chain says, whole batches only, or stops and says why."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import closing, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from msgspec import structs
from sqlalchemy import Engine, func, select, text
from sqlalchemy.engine import make_url

from node_client import database
from node_client.chain import Chain, Log
from node_client.database import table_of
from node_client.deployment import Deployment
from node_client.errors import (
    ChainMismatch,
    DatabaseRevision,
    DatabaseUnreachable,
    ForkDetected,
    MirrorError,
    MirrorInconsistent,
    SequenceMismatch,
    UnknownEvent,
    WriterReplaced,
)
from node_client.mirror import (
    Digest,
    Mirror,
    Progress,
    checkpoint,
    digest,
    indexes,
    loop,
    read_checkpoint,
    registry,
)
from tests.node_client.ledger_world import Liar, World


def acts(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(table_of("act"))).scalar_one()


def is_empty(engine: Engine) -> bool:
    with engine.connect() as connection:
        return all(
            connection.execute(select(func.count()).select_from(table_of(name))).scalar_one() == 0
            for name in registry.mirrored()
        )


@pytest.mark.parametrize("most_blocks", [1, 7, 4_000])
def test_every_database_and_batch_size_gives_the_same_digest(
    engine: Engine, ledger_world: World, reference: Digest, most_blocks: int
) -> None:
    mirror = Mirror(ledger_world.chain, engine, ledger_world.deployment, most_blocks=most_blocks)
    mirror.run()
    assert digest(engine) == reference


def test_a_new_mirror_goes_on_where_another_stopped(
    engine: Engine, ledger_world: World, reference: Digest
) -> None:
    for until in range(ledger_world.deployment.block, ledger_world.chain.head() + 1, 11):
        Mirror(ledger_world.chain, engine, ledger_world.deployment).run(until=until)
    Mirror(ledger_world.chain, engine, ledger_world.deployment).run()
    assert digest(engine) == reference


def test_at_every_block_the_acts_stored_are_the_sequence(engine: Engine, ledger_world: World) -> None:
    heads: list[tuple[int, int]] = []
    mirror = Mirror(ledger_world.chain, engine, ledger_world.deployment, most_blocks=1)
    mirror.run(progress=lambda step: heads.append((step.block, step.sequence)))
    contract = ledger_world.deployment.addresses["Credits"]
    stands = [pair for pair in heads if pair[1]]
    for block, sequence in stands:
        assert ledger_world.chain.call(contract, "Credits", "totals", block=block)["sequence"] == sequence
    with engine.connect() as connection:
        sequences = connection.execute(select(table_of("act").c.sequence)).scalars().all()
    assert sorted(sequences) == list(range(1, stands[-1][1] + 1))


def test_running_again_changes_nothing(mirrored: Engine, ledger_world: World, reference: Digest) -> None:
    Mirror(ledger_world.chain, mirrored, ledger_world.deployment).run()
    assert digest(mirrored) == reference


def test_rebuilding_gives_the_same_digest_and_leaves_tables_of_others(
    mirrored: Engine, ledger_world: World, reference: Digest
) -> None:
    with mirrored.begin() as connection:
        connection.execute(text("CREATE TABLE api_key_of_test (id INTEGER)"))
        connection.execute(text("INSERT INTO api_key_of_test VALUES (7)"))
        connection.execute(text("UPDATE holding SET free = free + 1"))
    Mirror(ledger_world.chain, mirrored, ledger_world.deployment).rebuild()
    assert digest(mirrored) == reference
    with mirrored.connect() as connection:
        assert connection.execute(text("SELECT id FROM api_key_of_test")).scalars().all() == [7]


def test_a_database_that_was_dropped_is_made_again_with_the_same_digest(
    database_url: str, engine_for: Callable[[str], Engine], ledger_world: World, reference: Digest
) -> None:
    engine = engine_for(database_url)
    Mirror(ledger_world.chain, engine, ledger_world.deployment).run()
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    if engine.dialect.name == "sqlite":
        Path(engine.url.database or "").unlink()
    again = engine_for(database_url)
    assert is_empty(again)
    Mirror(ledger_world.chain, again, ledger_world.deployment).run()
    assert digest(again) == reference


def test_of_two_writers_the_first_is_replaced_and_writes_nothing(
    engine: Engine, ledger_world: World, reference: Digest
) -> None:
    second = Mirror(ledger_world.chain, engine, ledger_world.deployment)

    def paused(step: Progress) -> None:
        if step.block == ledger_world.deployment.block + 20:
            second.run()

    first = Mirror(ledger_world.chain, engine, ledger_world.deployment, most_blocks=1)
    with pytest.raises(WriterReplaced):
        first.run(progress=paused)
    assert digest(engine) == reference


def test_a_writer_replaced_at_the_same_block_is_refused_too(engine: Engine, ledger_world: World) -> None:
    middle = 0
    second = Mirror(ledger_world.chain, engine, ledger_world.deployment)
    first = Mirror(ledger_world.chain, engine, ledger_world.deployment, most_blocks=1)

    def paused(step: Progress) -> None:
        nonlocal middle
        if step.block == ledger_world.deployment.block + 20:
            middle = second.run(until=0).block

    with pytest.raises(WriterReplaced):
        first.run(progress=paused)
    with engine.connect() as connection:
        found = read_checkpoint(connection)
    assert found is not None
    assert found.block == middle


def test_another_chain_and_other_contracts_are_refused(mirrored: Engine, ledger_world: World) -> None:
    deployment = ledger_world.deployment
    with pytest.raises(ChainMismatch, match="chain 5"):
        Mirror(ledger_world.chain, mirrored, replace(deployment, chain_id=5)).run()
    swapped = {**deployment.addresses, "Credits": deployment.addresses["Projects"]}
    with pytest.raises(ChainMismatch, match=deployment.addresses["Credits"]):
        Mirror(ledger_world.chain, mirrored, replace(deployment, addresses=swapped)).run()
    with pytest.raises(ChainMismatch):
        Mirror(ledger_world.chain, mirrored, replace(deployment, addresses=swapped)).rebuild()
    assert acts(mirrored) > 0


def test_a_database_of_another_revision_is_refused(database_url: str, ledger_world: World) -> None:
    empty = database.engine(database_url)
    with pytest.raises(DatabaseRevision, match="none") as refusal:
        Mirror(ledger_world.chain, empty, ledger_world.deployment).run()
    assert "tanhui db upgrade" in refusal.value.remedy
    database.upgrade(database_url)
    with empty.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseRevision, match="9999"):
        Mirror(ledger_world.chain, empty, ledger_world.deployment).run()
    empty.dispose()


def test_an_unknown_event_stops_the_mirror_before_its_batch(engine: Engine, own_world: World) -> None:
    known = Mirror(own_world.chain, engine, own_world.deployment)
    before = known.run()
    # A contract that does nothing but log an unknown topic stands where Corrections stood.
    own_world.rpc("anvil_setCode", own_world.deployment.addresses["Corrections"], "0x604260006000a100")
    own_world.send("authority", own_world.deployment.addresses["Corrections"], "0x")
    with pytest.raises(UnknownEvent, match=rf"Corrections.*block {own_world.last_block}"):
        known.run()
    with engine.connect() as connection:
        found = read_checkpoint(connection)
    assert found is not None
    assert (found.block, found.block_hash) == (before.block, before.block_hash)


def counted(logs: list[Log], deployment: Deployment) -> list[Log]:
    """The logs that the ledger's sequence counts."""
    names = {address: name for name, address in deployment.addresses.items()}
    return [log for log in logs if registry.decode(log, names[log.address])[0].counted]


@pytest.mark.parametrize(
    "lie", ["drop", "double", "alter data", "alter topic", "swap", "other block", "repeat"]
)
def test_a_lying_node_is_found_out_and_nothing_is_stored(
    sqlite_url: str, engine_for: Callable[[str], Engine], ledger_world: World, lie: str
) -> None:
    engine = engine_for(sqlite_url)
    rng = random.Random(lie)

    def tell(logs: list[Log]) -> list[Log]:
        victims = counted(logs, ledger_world.deployment)
        if len(victims) < 3:
            return logs
        victim = rng.choice(victims)
        at = logs.index(victim)
        topic = "0x" + rng.randbytes(32).hex()
        lies: dict[str, Callable[[], list[Log]]] = {
            "drop": lambda: [log for log in logs if log is not victim],
            "double": lambda: [*logs[:at], victim, *logs[at:]],
            "repeat": lambda: [
                *logs[: at + 1],
                structs.replace(victim, log_index=victim.log_index + 999),
                *logs[at + 1 :],
            ],
            "alter data": lambda: [
                *logs[:at],
                structs.replace(victim, data=victim.data + b"\1"),
                *logs[at + 1 :],
            ],
            "alter topic": lambda: [
                *logs[:at],
                structs.replace(victim, topics=(victim.topics[0], topic)),
                *logs[at + 1 :],
            ],
            "swap": lambda: (
                [*logs[: at - 1], *reversed(logs[at - 1 : at + 1]), *logs[at + 1 :]] if at else logs[::-1]
            ),
            "other block": lambda: [*logs[:at], structs.replace(victim, block_hash=topic), *logs[at + 1 :]],
        }
        return lies[lie]()

    for _ in range(25):
        with closing(Liar(ledger_world.chain.url, tell)) as liar, pytest.raises(MirrorError) as stop:
            Mirror(liar, engine, ledger_world.deployment).run()
        assert any(character.isdigit() for character in stop.value.message)
        assert stop.value.remedy
        assert is_empty(engine)


def test_a_node_that_leaves_out_every_act_of_a_block_is_found_out(
    engine: Engine, ledger_world: World
) -> None:
    middle = ledger_world.deployment.block + 30
    with (
        closing(
            Liar(ledger_world.chain.url, lambda logs: [log for log in logs if log.block != middle])
        ) as liar,
        pytest.raises(MirrorError),
    ):
        Mirror(liar, engine, ledger_world.deployment).run()
    assert is_empty(engine)


def test_a_node_that_answers_differently_when_asked_again_is_found_out(
    engine: Engine, ledger_world: World
) -> None:
    roles = ledger_world.deployment.addresses["Roles"]

    def forgetful(logs: list[Log]) -> list[Log]:
        # Events about roles are in no count; only the bloom speaks for them.
        return [log for log in logs if log.address != roles] if len({log.block for log in logs}) > 1 else logs

    with (
        closing(Liar(ledger_world.chain.url, forgetful)) as liar,
        pytest.raises(MirrorInconsistent, match="asked twice"),
    ):
        Mirror(liar, engine, ledger_world.deployment).run()


def test_a_mismatch_of_the_sequence_names_both_numbers(engine: Engine, own_world: World) -> None:
    own_world.members()
    last = own_world.last_block
    with closing(Liar(own_world.chain.url, lambda logs: [log for log in logs if log.block != last])) as liar:
        said = own_world.chain.call(own_world.deployment.addresses["Credits"], "Credits", "totals")[
            "sequence"
        ]
        with pytest.raises(
            SequenceMismatch, match=rf"sequence is {said} in the contract, {said - 1} by the logs"
        ):
            Mirror(liar, engine, own_world.deployment).run()


def test_a_count_told_with_the_state_of_the_block_being_made_is_asked_for_again(
    engine: Engine, own_world: World
) -> None:
    own_world.members()
    until, asked = own_world.last_block - 1, 0
    with closing(Chain(own_world.chain.url)) as chain:
        true_call = chain.call

        def early(*question: Any, block: int) -> Any:
            nonlocal asked
            asked += 1
            return true_call(*question, block=block + (asked == 1))

        chain.call = early  # type: ignore[method-assign, assignment]
        assert Mirror(chain, engine, own_world.deployment).run(until=until).block == until
    assert asked == 2


def test_a_fork_stops_the_mirror_and_a_rebuild_follows_the_new_chain(
    engine: Engine, own_world: World
) -> None:
    snapshot = own_world.rpc("evm_snapshot")
    own_world.members()
    mirror = Mirror(own_world.chain, engine, own_world.deployment)
    stored = mirror.run()
    own_world.rpc("evm_revert", snapshot)
    with pytest.raises(ForkDetected) if own_world.chain.head() >= stored.block else nullcontext():
        mirror.run()
    own_world.wait(1_000)
    for number in range(60):
        own_world.act(
            "authority", "Credits", "registerMember", 6, number.to_bytes(31, "big") + b"\1", "另一个"
        )
    with pytest.raises(ForkDetected, match=f"block {stored.block}"):
        mirror.run()
    assert acts(engine) == stored.sequence
    rebuilt = mirror.rebuild()
    assert rebuilt.block == own_world.chain.head()
    assert acts(engine) == rebuilt.sequence


class Laggard(Chain):
    """A node that is behind."""

    def head(self) -> int:
        return super().head() - 10


def test_a_lagging_node_is_no_fork(mirrored: Engine, ledger_world: World, reference: Digest) -> None:
    with closing(Laggard(ledger_world.chain.url)) as laggard:
        mirror = Mirror(laggard, mirrored, ledger_world.deployment)
        assert mirror.run().block == reference.block
        status = mirror.status()
    assert status.head == reference.block - 10
    assert status.lag_blocks == 0


def test_it_stays_behind_by_as_many_blocks_as_told(engine: Engine, ledger_world: World) -> None:
    mirror = Mirror(ledger_world.chain, engine, ledger_world.deployment, lag_blocks=5)
    assert mirror.run().block == ledger_world.chain.head() - 5
    assert mirror.status().lag_blocks == 5


def test_following_takes_in_new_blocks(engine: Engine, own_world: World) -> None:
    waits = 0

    class Enough(Exception):
        pass

    def step(progress: Progress) -> None:
        nonlocal waits
        if progress.waiting:
            waits += 1
            if waits == 3:
                raise Enough
            own_world.act("authority", "Credits", "registerMember", 6, waits.to_bytes(32, "big"), "新成员")

    mirror = Mirror(own_world.chain, engine, own_world.deployment, poll_seconds=0.01)
    with pytest.raises(Enough):
        mirror.run(follow=True, progress=step)
    with engine.connect() as connection:
        names = connection.execute(select(table_of("member").c.name)).scalars().all()
    assert names.count("新成员") == 2


def test_the_status_says_what_it_can_without_a_node(
    mirrored: Engine, own_world: World, ledger_world: World
) -> None:
    status = Mirror(own_world.chain, mirrored, ledger_world.deployment).status()
    assert status.checkpoint is not None
    with closing(Chain(own_world.chain.url)) as chain:
        chain.rpc.url = "http://127.0.0.1:1"
        blind = Mirror(chain, mirrored, ledger_world.deployment).status()
    assert (blind.checkpoint, blind.head, blind.lag_blocks) == (status.checkpoint, None, None)


def test_a_database_that_goes_away_is_an_error_with_a_remedy(
    sqlite_url: str, engine_for: Callable[[str], Engine], ledger_world: World
) -> None:
    engine = engine_for(sqlite_url)

    def lost(step: Progress) -> None:
        if step.block == ledger_world.deployment.block + 3:
            with engine.begin() as connection:
                connection.execute(text("DROP TABLE act"))

    with pytest.raises(DatabaseUnreachable) as stop:
        Mirror(ledger_world.chain, engine, ledger_world.deployment, most_blocks=1).run(progress=lost)
    assert stop.value.remedy


def test_a_writer_stopped_in_its_transaction_holds_up_the_next_one_only_for_a_while(
    postgres_url: str,
    engine_for: Callable[[str], Engine],
    ledger_world: World,
    reference: Digest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = engine_for(postgres_url)
    monkeypatch.setattr(checkpoint, "LONGEST_IDLE_MS", 500)
    mine = checkpoint.start(engine, ledger_world.deployment)

    def stopped() -> None:
        with engine.begin() as connection:
            checkpoint.advance(connection, mine, replace(mine, sequence=99))
            # While this one says nothing more.
            Mirror(ledger_world.chain, engine, ledger_world.deployment).run()
            checkpoint.advance(connection, mine, mine)

    with pytest.raises(database.TROUBLE):
        stopped()
    assert digest(engine) == reference


def test_a_following_mirror_waits_for_a_database_that_is_not_there_yet(
    database_url: str, ledger_world: World, reference: Digest
) -> None:
    parsed = make_url(database_url)
    away = (
        parsed.set(database=f"{parsed.database}.folder/mirror.sqlite")
        if parsed.get_backend_name() == "sqlite"
        else parsed.set(database=f"{parsed.database}_later")
    )
    engine = database.engine(away.render_as_string(hide_password=False))
    if engine.dialect.name == "sqlite":
        Path(f"{parsed.database}.folder").rmdir()
    waits: list[str] = []

    def step(progress: Progress) -> None:
        if progress.waiting and not waits:
            waits.append(progress.waiting)
            if engine.dialect.name == "sqlite":
                Path(f"{parsed.database}.folder").mkdir()
            else:
                with psycopg.connect(
                    parsed.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True
                ) as connection:
                    connection.execute(f'CREATE DATABASE "{away.database}"')
            database.upgrade(away.render_as_string(hide_password=False))

    mirror = Mirror(ledger_world.chain, engine, ledger_world.deployment, poll_seconds=0.01)
    mirror.run(follow=True, until=ledger_world.chain.head(), progress=step)
    assert waits
    assert digest(engine) == reference
    engine.dispose()


def test_made_from_nothing_it_makes_the_indexes_at_its_end_even_when_killed_before(
    engine: Engine, ledger_world: World, reference: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "BLOCKS_TO_INDEX_LATER", 1)

    def killed(_step: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Mirror(ledger_world.chain, engine, ledger_world.deployment, most_blocks=20).run(progress=killed)
    left = {index.name for index in indexes.missing(engine)}
    assert {"ix_transfer_sender", "ix_act_block", "ix_retirement_holder"} <= left
    # The next one finds what is missing, though it is not made from nothing.
    monkeypatch.undo()
    steps: list[str] = []
    Mirror(ledger_world.chain, engine, ledger_world.deployment).run(
        progress=lambda step: steps.append(step.waiting)
    )
    assert steps[-1] == loop.MAKES_INDEXES
    assert indexes.missing(engine) == []
    assert digest(engine) == reference


def test_indexes_that_somebody_reads_by_stay(
    postgres_url: str,
    engine_for: Callable[[str], Engine],
    ledger_world: World,
    reference: Digest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loop, "BLOCKS_TO_INDEX_LATER", 1)
    engine = engine_for(postgres_url)
    there: list[bool] = []
    with engine.connect() as reader:
        reader.execute(select(table_of("transfer"))).all()
        Mirror(ledger_world.chain, engine, ledger_world.deployment).run(
            progress=lambda _step: there.append(not indexes.missing(engine))
        )
    assert all(there)
    assert digest(engine) == reference
