"""Forks: undone where blocks may change, with the tables a fresh mirror would have; frozen where blocks are final.

Flow: a real chain → mirrored → evm_revert and other blocks → mirrored again → digest against a fresh mirror of what now stands.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from msgspec.structs import replace
from sqlalchemy import Engine, func, select

from node_client import database
from node_client.chain import Chain, Header
from node_client.database import table_of
from node_client.errors import ForkDetected, MirrorInconsistent, WriterReplaced
from node_client.mirror import Digest, Mirror, Progress, checkpoint, digest, read_checkpoint
from node_client.mirror import health as healths
from node_client.mirror.rollback import roll_back
from node_client.network import anvil
from tests.node_client.ledger_world import DAY, TONNE, World, b32

KEPT = 24


def fresh(world: World, folder: Path) -> Digest:
    """The digest of a mirror made from nothing."""
    url = f"sqlite:///{folder / f'fresh-{random.randbytes(8).hex()}.sqlite'}"
    database.upgrade(url)
    engine = database.engine(url)
    try:
        Mirror(world.chain, engine, world.deployment).run()
        return digest(engine)
    finally:
        engine.dispose()


def with_credit(world: World) -> int:
    """The world has members and a credit; its token id."""
    world.members()
    world.act("authority", "Methodologies", "setAppraisalRule", 1, 50)
    return world.credit()


def acts_of(world: World, credit: int) -> list[Callable[[random.Random], Any]]:
    """Acts that between them touch rows of most tables; each can be done any number of times."""
    owner, buyer = world.account("owner"), world.account("buyer")

    def number() -> int:
        return next(world.counter)

    return [
        lambda _: world.rpc("evm_mine"),
        lambda rng: world.act(
            "owner", "Credits", "safeTransferFrom", owner, buyer, credit, rng.randrange(9), b""
        ),
        lambda rng: world.act(
            "owner", "Credits", "retire", world.retirement([(credit, rng.randrange(1, 9))])
        ),
        lambda rng: world.act(
            "owner", "Credits", "lock", b32(f"l{number()}"), credit, 3, buyer, 2**40, f"案 {rng.random()}"
        ),
        lambda rng: world.act("authority", "Credits", "registerMember", 6, b32(f"m{number()}"), "新成员"),
        lambda rng: world.act(
            "authority", "Credits", "setPurpose", 3, rng.random() < 0.5, "office", "办公", "Office"
        ),
        lambda rng: world.act("authority", "Issuances", "setNoticeLength", rng.randrange(1, 8) * DAY),
        lambda _: world.act("authority", "Roles", "labelRole", 77, f"role {number()}"),
        lambda _: world.credit(grams=TONNE),
    ]


def blocks(world: World, rng: random.Random, count: int, acts: list[Callable[[random.Random], Any]]) -> None:
    """At least so many blocks, of acts drawn from those given."""
    until = world.chain.head() + count
    # Another time makes other hashes, even of empty blocks.
    world.rpc("evm_increaseTime", rng.randrange(1, 1000))
    while world.chain.head() < until:
        rng.choice(acts)(rng)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_after_any_forks_the_tables_are_those_of_a_fresh_mirror(
    engine: Engine, own_world: World, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    world = own_world
    acts = acts_of(world, with_credit(world))
    # The longest act makes 8 blocks: a fork of 8 and such an act at its end stay within what is kept.
    empty = acts[:1]
    undone = 0
    for _ in range(6):
        blocks(world, rng, rng.randrange(0, 5), acts)
        snapshot = world.rpc("evm_snapshot")
        base = world.chain.head()
        blocks(world, rng, rng.randrange(1, 8), rng.choice([acts, empty]))
        mirror = Mirror(
            world.chain,
            engine,
            world.deployment,
            finality_blocks=KEPT,
            most_blocks=rng.choice([1, 3, 4_000]),
        )
        old = mirror.run()
        assert world.rpc("evm_revert", snapshot)
        blocks(world, rng, old.block - base + rng.randrange(0, 3), rng.choice([acts, empty]))
        # The same mirror, with what it remembers, or one that was started anew.
        if rng.random() < 0.5:
            mirror = Mirror(world.chain, engine, world.deployment, finality_blocks=KEPT)
        new = mirror.run()
        assert new.block == world.chain.head()
        undone += new.block_hash != old.block_hash
        assert digest(engine) == fresh(world, tmp_path)
    assert undone == 6


def test_a_fork_is_followed_when_events_stand_on_one_side_only(
    engine: Engine, own_world: World, tmp_path: Path
) -> None:
    rng, world = random.Random(8), own_world
    acts = acts_of(world, with_credit(world))
    empty = acts[:1]
    mirror = Mirror(world.chain, engine, world.deployment, finality_blocks=KEPT)
    # First the events on the new side alone, where only the headers can tell that there was a fork.
    for lost, kept in [(empty, acts[1:]), (acts[1:], empty)] * 3:
        snapshot, base = world.rpc("evm_snapshot"), world.chain.head()
        blocks(world, rng, rng.randrange(1, 6), lost)
        old = mirror.run()
        world.rpc("evm_revert", snapshot)
        blocks(world, rng, old.block - base, kept)
        new = mirror.run()
        assert (new.block, new.block_hash) != (old.block, old.block_hash)
        assert (new.sequence > old.sequence) == (lost is empty)
        assert digest(engine) == fresh(world, tmp_path)
        headers = world.chain.headers(world.deployment.block, new.block)
        with engine.connect() as connection:
            stored = connection.execute(select(table_of("block")).order_by("number")).all()
        assert [
            (row.number, row.hash, row.parent_hash, row.receipts_root, row.timestamp) for row in stored
        ] == [(own.number, own.hash, own.parent_hash, own.receipts_root, own.timestamp) for own in headers]
        assert [row.logs_bloom for row in stored] == [checkpoint.bloom_bytes(header) for header in headers]


@pytest.mark.parametrize("seed", [1, 2])
def test_rolled_back_the_tables_are_those_of_a_mirror_that_stopped_there(
    engine: Engine, own_world: World, tmp_path: Path, seed: int
) -> None:
    rng, world = random.Random(seed), own_world
    acts = acts_of(world, with_credit(world))
    for _ in range(4):
        # What was applied before lies in batches of its own, so that nothing of it need be undone.
        mirror = Mirror(world.chain, engine, world.deployment, finality_blocks=KEPT, most_blocks=1)
        before, there = mirror.run(), digest(engine)
        snapshot = world.rpc("evm_snapshot")
        blocks(world, rng, rng.randrange(1, 8), acts)
        lost = mirror.run()
        world.rpc("evm_revert", snapshot)
        blocks(world, rng, lost.block - before.block, acts)
        assert roll_back(world.chain, engine, lost).block == before.block
        assert digest(engine) == there
        # And what is applied then is as if nothing else had ever been.
        Mirror(world.chain, engine, world.deployment, finality_blocks=KEPT).run()
        assert digest(engine) == fresh(world, tmp_path)


@pytest.mark.parametrize("finality_blocks", [0, KEPT])
def test_a_node_restored_from_an_old_backup_is_no_fork(
    engine: Engine, tmp_path: Path, finality_blocks: int
) -> None:
    node, backup = tmp_path / "node", tmp_path / "backup"
    world = World.deploy(anvil.up(node).rpc_url)
    try:
        world.members()
        # Its state is in its folder once it has stopped.
        anvil.down(node)
        backup.mkdir()
        shutil.copy(node / "anvil-state.json", backup)
        anvil.up(node, port=urlsplit(world.chain.url).port or 0)
        for number in range(5):
            world.act("authority", "Roles", "labelRole", 70 + number, "later")
        mirror = Mirror(world.chain, engine, world.deployment, finality_blocks=finality_blocks)
        now, before = mirror.run(), digest(engine)
        with closing(Chain(anvil.up(backup).rpc_url)) as old:
            assert old.head() < now.block
            restored = Mirror(old, engine, world.deployment, finality_blocks=finality_blocks)
            assert restored.run().block == now.block
            status = restored.status()
        assert healths.diagnose(status.checkpoint, status.health, status.head).word == "node_behind"
        assert digest(engine) == before
        world.rpc("evm_mine")
        assert mirror.run().block == now.block + 1
    finally:
        world.chain.close()
        anvil.down(node)
        anvil.down(backup)


def test_a_following_mirror_goes_on_past_forks(engine: Engine, own_world: World, tmp_path: Path) -> None:
    world = own_world
    acts = acts_of(world, with_credit(world))
    rng = random.Random(5)
    steps = 0

    class Enough(Exception):
        pass

    def step(progress: Progress) -> None:
        nonlocal steps
        if not progress.waiting:
            return
        assert progress.waiting == "for a new block"
        steps += 1
        if steps == 6:
            raise Enough
        # In turn: blocks that will be lost, and their loss.
        if steps % 2:
            blocks(world, rng, 3, acts)
        else:
            world.rpc("anvil_reorg", rng.randrange(1, 4), [])

    mirror = Mirror(world.chain, engine, world.deployment, finality_blocks=KEPT, poll_seconds=0.01)
    with pytest.raises(Enough):
        mirror.run(follow=True, progress=step)
    assert digest(engine) == fresh(world, tmp_path)
    with engine.connect() as connection:
        undo = table_of("undo")
        assert connection.execute(select(func.min(undo.c.block))).scalar_one() > world.chain.head() - KEPT


def test_a_fork_deeper_than_can_be_undone_freezes_until_a_rebuild(
    engine: Engine, own_world: World, tmp_path: Path
) -> None:
    own_world.members()
    snapshot = own_world.rpc("evm_snapshot")
    mirror = Mirror(own_world.chain, engine, own_world.deployment, finality_blocks=5, most_blocks=1)
    for _ in range(8):
        own_world.rpc("evm_mine")
    stored = mirror.run()
    own_world.rpc("evm_revert", snapshot)
    own_world.rpc("evm_increaseTime", 1_000)
    for _ in range(9):
        own_world.rpc("evm_mine")
    before = digest(engine)
    with pytest.raises(ForkDetected, match="deeper than can be undone") as stop:
        mirror.run()
    assert "tanhui mirror rebuild" in stop.value.remedy
    assert digest(engine) == before
    with pytest.raises(ForkDetected, match="frozen"):
        Mirror(own_world.chain, engine, own_world.deployment, finality_blocks=500).run()
    assert mirror.rebuild().block == stored.block + 1
    assert digest(engine) == fresh(own_world, tmp_path)
    assert mirror.run().block == stored.block + 1


@contextmanager
def another(chain: Chain, blocks_: set[int]) -> Iterator[Chain]:
    """The real node, but with other hashes of some blocks."""

    class Other(Chain):
        def headers(self, first: int, last: int) -> list[Header]:
            return [
                replace(header, hash="0x" + "66" * 32) if header.number in blocks_ else header
                for header in super().headers(first, last)
            ]

    with closing(Other(chain.url)) as other:
        yield other


def frozen(engine: Engine) -> bool:
    with engine.connect() as connection:
        found = healths.read(connection)
    return found is not None and found.state == "frozen"


def test_on_a_final_chain_a_changed_block_freezes_over_restarts_until_thawed(
    engine: Engine, own_world: World
) -> None:
    chain, deployment = own_world.chain, own_world.deployment
    now = Mirror(chain, engine, deployment).run()
    before = digest(engine)
    own_world.rpc("evm_mine")
    with another(chain, {now.block}) as liar:
        with pytest.raises(ForkDetected):
            Mirror(liar, engine, deployment).run()
        assert frozen(engine)
        with pytest.raises(ForkDetected, match=f"block {now.block}"):
            Mirror(liar, engine, deployment).thaw()
    # A node that was put right does not lift the freeze; a person does.
    mirror = Mirror(chain, engine, deployment)
    with pytest.raises(ForkDetected, match="frozen") as stop:
        mirror.run()
    assert "tanhui mirror thaw" in stop.value.remedy
    status = mirror.status()
    assert healths.diagnose(status.checkpoint, status.health, status.head).word == "frozen"
    assert digest(engine) == before
    mirror.thaw()
    assert mirror.run().block == now.block + 1
    assert not frozen(engine)


def test_on_a_final_chain_another_block_below_a_lagging_head_freezes_too(
    engine: Engine, own_world: World
) -> None:
    own_world.members()
    now = Mirror(own_world.chain, engine, own_world.deployment).run()
    with another(own_world.chain, {now.block - 3}) as liar:
        liar.head = lambda: now.block - 3  # type: ignore[method-assign]
        with pytest.raises(ForkDetected, match=f"block {now.block - 3}"):
            Mirror(liar, engine, own_world.deployment).run()
        assert frozen(engine)


def test_where_blocks_may_change_a_node_that_is_behind_is_waited_for(
    engine: Engine, own_world: World
) -> None:
    own_world.members()
    now = Mirror(own_world.chain, engine, own_world.deployment, finality_blocks=KEPT).run()
    with another(own_world.chain, set(range(now.block - 3, now.block + 1))) as liar:
        liar.head = lambda: now.block - 1  # type: ignore[method-assign]
        mirror = Mirror(liar, engine, own_world.deployment, finality_blocks=KEPT)
        assert mirror.run().block_hash == now.block_hash
        status = mirror.status()
    assert healths.diagnose(status.checkpoint, status.health, status.head).word == "node_behind"


def test_a_node_of_two_minds_is_no_fork(engine: Engine, own_world: World) -> None:
    now = Mirror(own_world.chain, engine, own_world.deployment).run()
    own_world.rpc("evm_mine")
    changed = {now.block}
    with another(own_world.chain, changed) as liar:
        mirror = Mirror(liar, engine, own_world.deployment)
        # Another hash the first time only.
        plain = liar.headers

        def once(first: int, last: int) -> list[Header]:
            found = plain(first, last)
            changed.clear()
            return found

        liar.headers = once  # type: ignore[method-assign]
        with pytest.raises(MirrorInconsistent, match="contradicts itself"):
            mirror.run()
        assert not frozen(engine)
        assert mirror.run().block == now.block + 1


def test_a_writer_that_was_replaced_rolls_nothing_back(engine: Engine, own_world: World) -> None:
    snapshot = own_world.rpc("evm_snapshot")
    own_world.members()
    mirror = Mirror(own_world.chain, engine, own_world.deployment, finality_blocks=100)
    mine = mirror.run()
    Mirror(own_world.chain, engine, own_world.deployment, finality_blocks=100).run()
    before = digest(engine)
    own_world.rpc("evm_revert", snapshot)
    own_world.rpc("evm_increaseTime", 1_000)
    for _ in range(30):
        own_world.rpc("evm_mine")
    with pytest.raises(WriterReplaced):
        roll_back(own_world.chain, engine, mine)
    assert digest(engine) == before
    with engine.connect() as connection:
        assert read_checkpoint(connection) is not None


def test_a_chain_with_final_blocks_keeps_nothing_to_undo(mirrored: Engine) -> None:
    with mirrored.connect() as connection:
        assert connection.execute(select(func.count()).select_from(table_of("undo"))).scalar() == 0
