"""What keeps the mirror from the head is said in one word, a different one for each cause."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing

import pytest
from sqlalchemy import Engine, text

from node_client.chain import Chain, Log
from node_client.errors import ChainUnreachable, MirrorInconsistent, SequenceMismatch
from node_client.mirror import Mirror, Progress, health
from node_client.mirror.health import SLOW_COMMIT_SECONDS, WORDS, Beat, Diagnosis
from node_client.mirror.loop import MOST_CONTRADICTIONS
from tests.node_client.ledger_world import Liar, World


def diagnosis(mirror: Mirror, later: float = 0.0) -> Diagnosis:
    status = mirror.status()
    found = health.diagnose(status.checkpoint, status.health, status.head, time.time() + later)
    assert found.word in WORDS
    assert found.sentence
    return found


class Enough(Exception):
    """The test has seen what it wanted."""


def until_waiting(mirror: Mirror, look: Callable[[Progress], None]) -> None:
    """The mirror follows until `look` has looked at its first wait."""

    def step(progress: Progress) -> None:
        if progress.waiting:
            look(progress)
            raise Enough

    with pytest.raises(Enough):
        mirror.run(follow=True, progress=step)


def test_before_the_first_run_there_is_no_mirror(engine: Engine, ledger_world: World) -> None:
    assert diagnosis(Mirror(ledger_world.chain, engine, ledger_world.deployment)).word == "no_mirror"


def test_at_the_head_all_is_well_and_behind_it_is_catching_up(engine: Engine, ledger_world: World) -> None:
    mirror = Mirror(ledger_world.chain, engine, ledger_world.deployment)
    mirror.run(until=ledger_world.deployment.block + 5)
    assert diagnosis(mirror).word == "catching_up"
    mirror.run()
    assert diagnosis(mirror, later=10_000).word == "ok"


def test_a_lying_node_is_waited_for_a_while_and_then_stopped_for(
    engine: Engine, ledger_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    waits = 0

    def step(progress: Progress) -> None:
        nonlocal waits
        waits += bool(progress.waiting)
        if waits == 1:
            assert diagnosis(mirror).word == "node_contradicts"

    with closing(Liar(ledger_world.chain.url, lambda logs: logs[:-1])) as liar:
        mirror = Mirror(liar, engine, ledger_world.deployment)
        with pytest.raises((MirrorInconsistent, SequenceMismatch)):
            mirror.run(follow=True, progress=step)
        found = diagnosis(mirror)
    assert waits == MOST_CONTRADICTIONS - 1
    assert found.word == "stopped"
    assert found.remedy


def test_a_lie_that_ends_is_got_over(engine: Engine, ledger_world: World) -> None:
    lies = 3

    def lie(logs: list[Log]) -> list[Log]:
        nonlocal lies
        lies -= 1
        return logs[1:] if lies >= 0 else logs

    with closing(Liar(ledger_world.chain.url, lie)) as liar:
        mirror = Mirror(liar, engine, ledger_world.deployment, poll_seconds=0.001)
        assert mirror.run(follow=True, until=ledger_world.chain.head()).block == ledger_world.chain.head()
        assert diagnosis(mirror).word == "ok"


def test_a_node_that_is_silent_and_one_that_is_behind_differ(engine: Engine, ledger_world: World) -> None:
    head = Mirror(ledger_world.chain, engine, ledger_world.deployment).run().block
    with closing(Chain(ledger_world.chain.url)) as chain:
        mirror = Mirror(chain, engine, ledger_world.deployment, poll_seconds=0.001)
        chain.head = lambda: head - 2  # type: ignore[method-assign]
        until_waiting(mirror, lambda _: None)
        assert diagnosis(mirror).word == "node_behind"

        def silent() -> int:
            raise ChainUnreachable("the node does not answer", remedy="start it")

        chain.head = silent  # type: ignore[method-assign]
        until_waiting(mirror, lambda _: None)
        assert diagnosis(mirror).word == "node_unreachable"


def test_a_chain_that_stands_still_and_a_mirror_that_fell_silent_differ(
    engine: Engine, ledger_world: World
) -> None:
    mirror = Mirror(ledger_world.chain, engine, ledger_world.deployment)
    now = mirror.run()
    moment = time.time()
    beat = Beat(engine, lambda: moment)
    beat.seen(now.block)
    beat.tell(now.epoch, "running")
    assert diagnosis(mirror).word == "ok"
    moment += 500
    beat.seen(now.block)
    beat.tell(now.epoch, "running")
    assert diagnosis(mirror, later=500).word == "tip_still"
    assert diagnosis(mirror, later=1_000).word == "silent"


@pytest.mark.slow
def test_a_slow_database_is_named(engine: Engine, own_world: World) -> None:
    mirror = Mirror(own_world.chain, engine, own_world.deployment, poll_seconds=0.01)
    held, holding = threading.Event(), threading.Event()

    def hold() -> None:
        with engine.begin() as connection:
            # Whoever wants to write waits for us, as for a disk that cannot keep up.
            connection.execute(text("UPDATE checkpoint SET block = block"))
            holding.set()
            held.wait(SLOW_COMMIT_SECONDS + 0.5)

    waiting = threading.Thread(target=hold)

    def step(progress: Progress) -> None:
        if progress.waiting and not holding.is_set():
            waiting.start()
            assert holding.wait(5)
            own_world.rpc("evm_mine")

    mirror.run(follow=True, until=own_world.chain.head() + 1, progress=step)
    waiting.join()
    assert diagnosis(mirror).word == "database_slow"


def test_a_writer_that_was_replaced_is_not_heard(engine: Engine, ledger_world: World) -> None:
    mirror = Mirror(ledger_world.chain, engine, ledger_world.deployment)
    old = mirror.run()
    mirror.run()
    Beat(engine).tell(old.epoch, "waiting", ChainUnreachable("nobody hears this", remedy="none"))
    assert diagnosis(mirror).word == "ok"
