"""The outbox harmed: lost pools, reorganised chains, restored databases, a crash at every step. Nothing is lost or doubled."""

from __future__ import annotations

import itertools
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from sqlalchemy import Engine, delete, event, insert, select
from sqlmodel import SQLModel

from api import request as requests
from api.outbox import Outbox
from node_client import database
from node_client.database import table_of
from node_client.network import anvil as anvil_network
from node_client.settings import Settings
from node_client.signer import Keystore
from node_client.wire import Wire
from tests.api.city import PASSWORD, Follower, Town, accept, carried, rows_of, served, settled
from tests.node_client.ledger_world import DAY
from tests.web3signer import Web3Signer

OutboxOf = Callable[..., Outbox]


def raws_of(town: Town) -> dict[int, bytes]:
    return {row["number"]: bytes(row["raw"]) for row in rows_of(town)}


def states_of(town: Town) -> set[str]:
    return {row["state"] for row in rows_of(town)}


def histories(town: Town) -> list[list[str]]:
    """The states that each request went through."""
    with town.engine.connect() as connection:
        return [
            [each["state"] for each in requests.history(connection, row["number"])] for row in rows_of(town)
        ]


def moved_until(town: Town, outbox: Outbox, state: str) -> None:
    """Passes until all requests are in the state."""
    deadline = time.monotonic() + 30
    while states_of(town) != {state}:
        assert time.monotonic() < deadline, histories(town)
        outbox.step()
        time.sleep(0.1)


def test_five_hundred_in_flight_outlive_a_lost_pool_and_a_restarted_node(
    here: Town, pool: Settings, outbox_of: OutboxOf, own_anvil: Path
) -> None:
    accept(here, pool, 500)
    here.world.rpc("evm_setAutomine", False)
    outbox = outbox_of(here, pool, resend_seconds=1.5)
    outbox.step()
    assert states_of(here) == {"broadcast"}
    before = raws_of(here)
    here.world.rpc("anvil_dropAllTransactions")
    outbox.step()
    assert here.world.rpc("txpool_status")["pending"] == "0x0"
    time.sleep(1.5)
    outbox.step()
    assert here.world.rpc("txpool_status")["pending"] == hex(500)
    running = anvil_network.status(own_anvil)
    assert running is not None
    anvil_network.down(own_anvil)
    anvil_network.up(own_anvil, running.port)
    assert here.retired() == 0
    # While anvil mines hundreds of blocks, it may answer a call at one of them with the state of the next.
    here.follower.paused.set()
    time.sleep(1.5)
    outbox.step()
    here.follower.paused.clear()
    assert carried(here, outbox, 120) == {"final": 500}
    assert raws_of(here) == before
    assert here.retired() == 500


@pytest.mark.parametrize("reached", ["mined", "final"])
def test_a_reorganised_chain_takes_requests_back_and_they_are_final_once_more(
    here: Town, pool: Settings, outbox_of: OutboxOf, reached: str
) -> None:
    here.follower.stop()
    here.follower = Follower(here.world, here.engine, finality_blocks=64)
    accept(here, pool, 3)
    outbox = outbox_of(here, pool, mirror_seconds=0, resend_seconds=0)
    if reached == "mined":
        here.follower.paused.set()
        time.sleep(0.5)
    moved_until(here, outbox, reached)
    assert here.retired() == 3
    before = raws_of(here)
    here.world.rpc("evm_setAutomine", False)
    depth = here.world.chain.head() - min(row["block"] for row in rows_of(here)) + 1
    here.world.rpc("anvil_reorg", depth, [])
    here.world.rpc("anvil_dropAllTransactions")
    assert here.retired() == 0
    here.follower.paused.clear()
    moved_until(here, outbox, "broadcast")
    here.world.rpc("evm_setAutomine", True)
    here.world.rpc("evm_mine")
    assert carried(here, outbox) == {"final": 3}
    assert raws_of(here) == before
    assert here.retired() == 3
    for states in histories(here):
        assert states[-1] == "final"
        assert Counter(states)["final"] == (1 if reached == "mined" else 2)
        assert "broadcast" in states[states.index(reached) :]
    with here.engine.connect() as connection:
        shown = connection.execute(select(table_of("retirement").c.record_hash)).scalars().all()
    assert sorted(shown) == sorted(row["record_hash"] for row in rows_of(here))


def test_a_gap_in_the_nonces_that_lasts_is_closed_by_preparing_anew(here: Town, outbox_of: OutboxOf) -> None:
    accept(here, here.settings, 2)
    here.follower.paused.set()
    time.sleep(0.5)
    world, relayer = here.world, Keystore(here.settings.keystore, PASSWORD).open("relayer")
    kept = world.rpc("evm_snapshot")
    common = {"chainId": world.chain.chain_id, "gas": 21_000, "gasPrice": 0, "value": 0, "to": here.holder}
    world.chain.send_raw(relayer.sign_transaction({**common, "nonce": 0}))
    world.rpc("evm_setAutomine", False)
    outbox = outbox_of(here, gap_seconds=1.0)
    outbox.step()
    assert [row["nonce"] for row in rows_of(here)] == [1, 2]
    # What used nonce 0 is gone with its block, and nobody will send it again.
    world.rpc("evm_revert", kept)
    world.rpc("evm_setAutomine", True)
    for _ in range(2):
        outbox.step()
        assert [row["nonce"] for row in rows_of(here)] == [1, 2]
    time.sleep(1.0)
    here.follower.paused.clear()
    assert carried(here, outbox) == {"final": 2}
    assert [row["nonce"] for row in rows_of(here)] == [0, 1]
    assert all("nonce gap" in notes for notes in _notes(here))
    assert here.retired() == 2


def _notes(town: Town) -> list[list[str]]:
    with town.engine.connect() as connection:
        return [
            [each["note"] for each in requests.history(connection, row["number"])] for row in rows_of(town)
        ]


@pytest.mark.parametrize("low_v", [False, True])
def test_a_remote_signer_s_requests_end_final(
    here: Town, outbox_of: OutboxOf, signer_of: Callable[..., Web3Signer], *, low_v: bool
) -> None:
    """Holder and relayers are keys behind the signer alone; the keystore is empty."""
    keys = {}
    for name in ("holder", "relayer"):
        encrypted = json.loads((here.settings.keystore / f"{name}.json").read_text())
        keys[name] = Account.from_key(Account.decrypt(encrypted, PASSWORD))
        (here.settings.keystore / f"{name}.json").unlink()
    keys["second"] = Account.create()
    server = signer_of(*keys.values(), low_v=low_v)
    relayers = [str(keys["relayer"].address), str(keys["second"].address)]
    settings = here.settings.model_copy(update={"signer_url": server.url, "relayers": ",".join(relayers)})
    accept(here, settings, 4)
    assert server.signed == []
    assert carried(here, outbox_of(here, settings)) == {"final": 4}
    # One order and one transaction each, and nothing was signed twice.
    assert len(server.signed) == len(set(server.signed)) == 8
    assert Counter(row["relayer"] for row in rows_of(here)) == dict.fromkeys(relayers, 2)
    assert here.retired() == 4


def dump_of(engine: Engine) -> dict[str, Sequence[Any]]:
    """Everything that the database holds."""
    with engine.connect() as connection:
        return {
            table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in SQLModel.metadata.sorted_tables
        }


def restore(engine: Engine, dump: dict[str, Sequence[Any]]) -> None:
    """The database holds what it held then."""
    with engine.begin() as connection:
        for table in reversed(SQLModel.metadata.sorted_tables):
            connection.execute(delete(table))
        for table in SQLModel.metadata.sorted_tables:
            if dump[table.name]:
                connection.execute(insert(table), dump[table.name])


@pytest.mark.parametrize("known", [False, True], ids=["from before the POST", "from after the POST"])
def test_a_restored_database_and_a_repeated_post_retire_nothing_twice(
    here: Town, outbox_of: OutboxOf, *, known: bool
) -> None:
    before = dump_of(here.engine)
    settings, headers = here.settings.model_copy(update={"outbox": False}), here.headers("once")
    with served(settings) as client:
        answer = client.post("/v1/retirements", json=here.body(), headers=headers)
        assert answer.status_code == 202
        if known:
            before = dump_of(here.engine)
        assert carried(here, outbox_of(here)) == {"final": 1}
        here.follower.paused.set()
        time.sleep(0.5)
        restore(here.engine, before)
        # What would be refused now was done then.
        here.world.act("authority", "Supervision", "freezeAccount", here.holder, here.world.now() + DAY, "案")
        again = client.post("/v1/retirements", json=here.body(), headers=headers)
        assert (again.status_code, again.content) == (answer.status_code, answer.content)
        other = client.post("/v1/retirements", json=here.body(note="other"), headers=headers)
        assert (other.status_code, other.json()["name"]) == (422, "IdempotencyKeyReused")
        outbox = outbox_of(here)
        outbox.step()
        assert states_of(here) == {"mined"}
        here.follower.paused.clear()
        assert carried(here, outbox) == {"final": 1}
        assert settled(client, here, answer.headers["location"])["state"] == "final"
    assert here.retired() == 1


class Crashed(BaseException):
    """The program ends here; nothing of ours catches it."""


@contextmanager
def crash_at(engine: Engine, place: int) -> Iterator[Callable[[], int]]:
    """The program ends at the place-th of its steps: before each statement and commit, before and after each call of the node.

    Yields how many steps there were.
    """
    counted = itertools.count()
    reached = 0

    def step(*_: Any) -> None:
        nonlocal reached
        reached = next(counted)
        if reached == place:
            raise Crashed

    exchange = Wire._batch

    def asked(wire: Wire, *args: Any) -> list[Any]:
        step()
        found = exchange(wire, *args)
        step()
        return found

    names = ("before_cursor_execute", "commit")
    for name in names:
        event.listen(engine, name, step)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Wire, "_batch", asked)
        yield lambda: reached
    for name in names:
        event.remove(engine, name, step)


def sent_by_relayers(town: Town) -> Counter[str]:
    """Hashes of all transactions of the relayers on the chain."""
    keystore = Keystore(town.settings.keystore, PASSWORD)
    relayers = {keystore.address(name).lower() for name in keystore.names() if name.startswith("relayer")}
    blocks = (
        town.world.rpc("eth_getBlockByNumber", hex(number), True)
        for number in range(town.world.chain.head() + 1)
    )
    return Counter(
        each["hash"] for block in blocks for each in block["transactions"] if each["from"] in relayers
    )


def test_a_crash_at_any_step_leaves_each_sent_transaction_with_its_row(
    here: Town, pool: Settings, outbox_of: OutboxOf
) -> None:
    engine = database.engine(here.settings.effective_database_url)
    # With the mirror held back, a request passes through every state of the outbox's own.
    here.follower.paused.set()
    crashes = accepted = 0
    for place in itertools.count():
        accept(here, pool, 1)
        accepted += 1
        outbox = outbox_of(here, pool, engine, mirror_seconds=0)
        ended = True
        with crash_at(engine, place) as reached:
            try:
                for _ in range(3):
                    outbox.step()
            except Crashed:
                ended = False
            finally:
                outbox.close()
        known = {note for notes in _notes(here) for note in notes}
        assert set(sent_by_relayers(here)) <= known, place
        assert all(count == 1 for count in sent_by_relayers(here).values())
        if ended:
            assert reached() < place
            break
        crashes += 1
    assert crashes > 40
    here.follower.paused.clear()
    assert carried(here, outbox_of(here, pool, mirror_seconds=0), 60) == {"final": accepted}
    assert here.retired() == accepted
    engine.dispose()
