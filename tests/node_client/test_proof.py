"""Proofs hold for what a chain holds, and for nothing else."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest
import rlp
from alembic import command
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from sqlalchemy import Engine, text
from trie.hexary import HexaryTrie

from node_client import database
from node_client.chain import Chain, Log
from node_client.errors import BadInput, MirrorError, ProofFailed
from node_client.mirror import Checkpoint, Digest, Mirror, audit, digest, proving, read_checkpoint
from node_client.network import ChainProcess
from node_client.proof import (
    NodeHeader,
    NodeLog,
    NodeReceipt,
    check_header,
    check_receipts,
    header_hashes,
    receipts_root,
)
from node_client.proof.trie import ordered_root
from node_client.units import keccak
from tests.node_client.ledger_world import Liar, World


def library_root(values: Sequence[bytes]) -> bytes:
    trie = HexaryTrie({})
    for place, value in enumerate(values):
        trie[rlp.encode(place)] = value
    root: bytes = trie.root_hash
    return root


@pytest.mark.parametrize("count", [0, 1, 2, 15, 16, 17, 127, 128, 129, 130, 255, 256, 257, 300])
def test_the_root_is_that_of_a_library_for_every_length_of_keys(count: int) -> None:
    rng = random.Random(count)
    values = [rng.randbytes(rng.choice([32, 33, 55, 56, 255, 256, 700])) for _ in range(count)]
    assert ordered_root(values) == library_root(values)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(min_size=32, max_size=300), max_size=40))
def test_the_root_is_that_of_a_library_for_any_values(values: list[bytes]) -> None:
    assert ordered_root(values) == library_root(values)


def library_receipt(receipt: NodeReceipt) -> bytes:
    """A receipt by the RLP library, field by field."""

    def raw(value: str) -> bytes:
        return bytes.fromhex(value[2:])

    logs = [[raw(log.address), [raw(topic) for topic in log.topics], raw(log.data)] for log in receipt.logs]
    outcome = raw(receipt.root or "0x") if receipt.status is None else int(receipt.status, 16)
    fields = [outcome, int(receipt.cumulative_gas_used, 16), raw(receipt.logs_bloom), logs]
    kind = int(receipt.type, 16)
    return (bytes([kind]) if kind else b"") + bytes(rlp.encode(fields))


def random_log(rng: random.Random) -> NodeLog:
    def hexed(size: int) -> str:
        return "0x" + rng.randbytes(size).hex()

    data = rng.choice(
        [b"", b"\0", b"\x7f", b"\x80", rng.randbytes(32), rng.randbytes(55), rng.randbytes(400)]
    )
    topics = tuple(hexed(32) for _ in range(rng.randrange(5)))
    return NodeLog("0x1", hexed(32), hexed(32), "0x0", hexed(20), topics, "0x" + data.hex())


def test_receipts_of_every_form_are_encoded_as_by_a_library() -> None:
    rng = random.Random(5)
    for _ in range(200):
        receipt = NodeReceipt(
            transaction_hash="0x",
            cumulative_gas_used=hex(rng.choice([0, 1, 127, 128, 2**24, 2**63])),
            logs_bloom="0x" + rng.randbytes(256).hex(),
            logs=[random_log(rng) for _ in range(rng.randrange(4))],
            type=rng.choice(["0x0", "0x1", "0x2", "0x3", "0x7f"]),
        )
        outcome: dict[str, Any] = rng.choice(
            [{"status": "0x0"}, {"status": "0x1"}, {"root": "0x" + rng.randbytes(32).hex()}]
        )
        receipt = structs.replace(receipt, **outcome)
        assert receipts_root([receipt]) == "0x" + library_root([library_receipt(receipt)]).hex()


def blocks_of(world: World) -> Iterator[tuple[NodeHeader, list[NodeReceipt]]]:
    numbers = range(world.deployment.block, world.chain.head() + 1)
    for header in world.chain.headers(numbers[0], numbers[-1]):
        yield header.told, world.chain.receipts([header.number])[0]


def test_every_block_of_a_real_chain_is_proven(ledger_world: World) -> None:
    proven = 0
    for header, receipts in blocks_of(ledger_world):
        check_header(header)
        check_receipts(int(header.number, 16), header.receipts_root, receipts)
        proven += len(receipts)
    assert proven > 50


def test_a_block_of_hundreds_of_receipts_of_several_types_is_proven(own_world: World) -> None:
    sender = own_world.account("authority")
    own_world.rpc("evm_setAutomine", False)
    for number in range(150):
        fee: dict[str, Any] = (
            {"gasPrice": "0x0"}
            if number % 3 == 0
            else {"gasPrice": "0x0", "accessList": []}
            if number % 3 == 1
            else {"maxFeePerGas": "0x0", "maxPriorityFeePerGas": "0x0"}
        )
        own_world.rpc(
            "eth_sendTransaction", {"from": sender, "to": sender, "nonce": None, "gas": hex(60_000), **fee}
        )
    own_world.rpc("evm_mine")
    own_world.rpc("evm_setAutomine", True)
    head = own_world.chain.head()
    (header,) = own_world.chain.headers(head, head)
    (receipts,) = own_world.chain.receipts([head])
    assert len(receipts) > 128
    assert len({receipt.type for receipt in receipts}) == 3
    check_header(header.told)
    check_receipts(head, header.receipts_root, receipts)


def test_a_chain_without_block_receipts_is_proven_receipt_by_receipt(ganache: ChainProcess) -> None:
    with closing(Chain(ganache.rpc_url)) as chain:
        sender = chain.rpc.call("eth_accounts")[0]
        chain.rpc.call(
            "eth_sendTransaction", {"from": sender, "to": sender, "gas": hex(60_000), "gasPrice": "0x0"}
        )
        head = chain.head()
        (header,) = chain.headers(head, head)
        (receipts,) = chain.receipts([head])
    assert len(receipts) == 1
    check_header(header.told)
    check_receipts(head, header.receipts_root, receipts)


def test_every_altered_field_of_a_header_is_found_out(ledger_world: World) -> None:
    header = next(header for header, receipts in blocks_of(ledger_world) if receipts)
    hashed = [
        name for name in header.__struct_fields__ if name != "hash" and len(getattr(header, name) or "0x") > 2
    ]
    assert len(hashed) > 12
    for name in hashed:
        told = getattr(header, name)
        altered = structs.replace(header, **{name: told[:-1] + ("1" if told[-1] == "0" else "0")})
        with pytest.raises(ProofFailed, match=r"block \d+"):
            check_header(altered)
    with pytest.raises(ProofFailed, match="state_root is missing"):
        check_header(structs.replace(header, state_root=""))


@pytest.mark.parametrize("seals", [0, 4])
def test_headers_with_committed_seals_give_their_own_hash(ledger_world: World, seals: int) -> None:
    """As Besu hashes them: QBFT without seals and with round 0, IBFT 2 with neither."""
    header = next(header for header, receipts in blocks_of(ledger_world) if receipts)
    validators = [bytes([number]) * 20 for number in range(4)]
    signatures = [bytes([number + 1]) * 65 for number in range(seals)]
    for sealed, hashed in (
        ([bytes(32), validators, [], 3, signatures], [bytes(32), validators, [], 0, []]),
        ([bytes(32), validators, b"", bytes(4), signatures], [bytes(32), validators, b""]),
    ):
        bare = structs.replace(header, extra_data="0x" + bytes(rlp.encode(hashed)).hex())
        own = next(header_hashes(bare))
        whole = structs.replace(header, extra_data="0x" + bytes(rlp.encode(sealed)).hex(), hash=own)
        check_header(whole)
        with pytest.raises(ProofFailed):
            check_header(structs.replace(whole, receipts_root="0x" + keccak(b"").hex()))


def test_a_text_that_hides_another_is_refused(ledger_world: World) -> None:
    """Two topics written as one would join to the same bytes."""
    receipts = next(
        receipts
        for _, receipts in blocks_of(ledger_world)
        if any(len(log.topics) > 2 for receipt in receipts for log in receipt.logs)
    )
    log = next(log for receipt in receipts for log in receipt.logs if len(log.topics) > 2)
    first, second, third, *others = log.topics
    log.topics = (first, f"{second}a0{third[2:]}", *others)
    with pytest.raises(ProofFailed, match="wrong length"):
        check_receipts(1, "0x", receipts)


def proven_by(chain: Chain, engine: Engine, world: World, **more: Any) -> Mirror:
    return Mirror(chain, engine, world.deployment, proven=True, **more)


@pytest.mark.parametrize("most_blocks", [3, 4_000])
def test_a_proven_mirror_has_the_same_digest_and_says_how_far_it_is_proven(
    engine: Engine, ledger_world: World, reference: Digest, most_blocks: int
) -> None:
    now = proven_by(ledger_world.chain, engine, ledger_world, most_blocks=most_blocks).run()
    assert digest(engine) == reference
    assert now.proven_block == now.block
    status = Mirror(ledger_world.chain, engine, ledger_world.deployment).status()
    assert status.checkpoint is not None
    assert (status.checkpoint.proven_block, status.checkpoint.proof_lag_blocks) == (reference.block, 0)


def test_what_was_mirrored_without_proof_is_proven_afterwards(
    engine: Engine, ledger_world: World, reference: Digest
) -> None:
    mirror = Mirror(ledger_world.chain, engine, ledger_world.deployment)
    with pytest.raises(BadInput):
        mirror.verify()
    unproven = mirror.run(until=ledger_world.deployment.block + 70)
    assert unproven.proven_block == ledger_world.deployment.block - 1
    assert unproven.proof_lag_blocks == 71
    seen: list[Checkpoint] = []
    assert mirror.verify(seen.append).proven_block == unproven.block
    assert [now.proven_block for now in seen] == [
        unproven.proven_block,
        unproven.proven_block + 64,
        unproven.block,
    ]
    now = mirror.run()
    assert now.proof_lag_blocks == now.block - unproven.block
    assert proven_by(ledger_world.chain, engine, ledger_world).run().proof_lag_blocks == 0
    assert digest(engine) == reference
    with engine.connect() as connection:
        stored = read_checkpoint(connection)
    assert stored is not None
    assert stored.proven_block == reference.block


def test_what_was_folded_otherwise_is_found_out_afterwards(engine: Engine, own_world: World) -> None:
    """A log altered where nothing else can tell: the name of a member."""

    def altered(logs: list[Log]) -> list[Log]:
        place = next((place for place, log in enumerate(logs) if log.data.count(b"authority")), None)
        if place is None:
            return logs
        victim = logs[place]
        lie = structs.replace(victim, data=victim.data.replace(b"authority", b"Authority"))
        return [*logs[:place], lie, *logs[place + 1 :]]

    own_world.act("authority", "Credits", "registerMember", 6, b"\1" * 32, "authority 银行")
    with closing(Liar(own_world.chain.url, altered)) as liar:
        lied = Mirror(liar, engine, own_world.deployment).run()
    assert lied.block == own_world.chain.head()
    with pytest.raises(ProofFailed, match=r"block \d+: its receipts hold \d+ logs") as stop:
        Mirror(own_world.chain, engine, own_world.deployment).verify()
    assert "rebuild" in stop.value.remedy
    with pytest.raises(ProofFailed):
        proven_by(own_world.chain, engine, own_world).run()
    assert proven_by(own_world.chain, engine, own_world).rebuild().proof_lag_blocks == 0


@pytest.mark.parametrize("column", ["hash", "parent_hash", "timestamp", "receipts_root", "logs_bloom"])
def test_a_header_altered_in_sql_is_found_out_by_verifying(
    mirrored: Engine, ledger_world: World, column: str
) -> None:
    block = ledger_world.deployment.block + 5
    values = {"timestamp": 1, "logs_bloom": b"\1" * 256}
    with mirrored.begin() as connection:
        change = text(f"UPDATE block SET {column} = :value WHERE number = {block}")
        connection.execute(change, {"value": values.get(column, f"0x{'1' * 64}")})
    with pytest.raises(ProofFailed, match=f"block {block}: .*{column}"):
        Mirror(ledger_world.chain, mirrored, ledger_world.deployment).verify()


def test_a_header_missing_in_sql_is_found_out_by_verifying(mirrored: Engine, ledger_world: World) -> None:
    with mirrored.begin() as connection:
        connection.execute(text(f"DELETE FROM block WHERE number = {ledger_world.deployment.block + 5}"))
    with pytest.raises(ProofFailed, match="headers are stored"):
        Mirror(ledger_world.chain, mirrored, ledger_world.deployment).verify()


def test_a_mirror_older_than_proofs_is_to_be_rebuilt_and_nobody_is_blamed(
    mirrored: Engine, ledger_world: World, reference: Digest
) -> None:
    url = mirrored.url.render_as_string(hide_password=False)
    # The very migration: it adds the columns to rows that are there.
    command.downgrade(database._alembic(url), "0002")
    database.upgrade(url)
    mirror = Mirror(ledger_world.chain, mirrored, ledger_world.deployment)
    proven = proven_by(ledger_world.chain, mirrored, ledger_world)
    for prove in (mirror.verify, proven.run):
        with pytest.raises(ProofFailed, match=rf"block {ledger_world.deployment.block}: .*older") as stop:
            prove()
        assert stop.value.remedy == proving.REBUILD_OLD
    (finding,) = audit(ledger_world.chain, mirrored, ledger_world.deployment).findings
    assert finding.subject == f"block ({ledger_world.deployment.block}) logs_hash"
    assert finding.remedy == proving.REBUILD_OLD
    mirror.run()
    assert proven.rebuild().proof_lag_blocks == 0
    assert digest(mirrored) == reference


class Forger(Chain):
    """The real node with a hand of its own: `forge` turns the receipts of its blocks into others."""

    def __init__(self, url: str, forge: Callable[[list[NodeReceipt]], list[NodeReceipt]]) -> None:
        super().__init__(url)
        self.forge = forge

    def receipts(self, blocks: Sequence[int]) -> list[list[NodeReceipt]]:
        return [self.forge(receipts) for receipts in super().receipts(blocks)]


def other_gas(receipts: list[NodeReceipt]) -> list[NodeReceipt]:
    return [
        structs.replace(each, cumulative_gas_used=hex(int(each.cumulative_gas_used, 16) + 1))
        for each in receipts
    ]


def other_logs(receipts: list[NodeReceipt]) -> list[NodeReceipt]:
    return [structs.replace(each, logs=each.logs[:-1]) for each in receipts]


def other_kind(receipts: list[NodeReceipt]) -> list[NodeReceipt]:
    return [structs.replace(each, type="0x2") for each in receipts]


@pytest.mark.parametrize(
    "forge",
    [lambda receipts: receipts[:-1], lambda receipts: receipts * 2, other_gas, other_logs, other_kind],
)
def test_receipts_that_are_not_the_blocks_stop_the_mirror(
    engine: Engine, ledger_world: World, forge: Callable[[list[NodeReceipt]], list[NodeReceipt]]
) -> None:
    with (
        closing(Forger(ledger_world.chain.url, forge)) as forger,
        pytest.raises(ProofFailed, match=r"block \d+: .*root"),
    ):
        proven_by(forger, engine, ledger_world).run()
    with engine.connect() as connection:
        stored = read_checkpoint(connection)
    assert stored is None or not stored.block_hash


def test_logs_that_are_not_in_the_receipts_stop_a_proven_mirror(engine: Engine, ledger_world: World) -> None:
    rng = random.Random(11)
    lies: list[Callable[[list[Log], int], list[Log]]] = [
        lambda logs, at: logs[:at] + logs[at + 1 :],
        lambda logs, at: [
            *logs[: at + 1],
            structs.replace(logs[at], log_index=logs[at].log_index + 1),
            *logs[at + 1 :],
        ],
        lambda logs, at: [*logs[:at], structs.replace(logs[at], data=logs[at].data + b"\1"), *logs[at + 1 :]],
        lambda logs, at: [*logs[:at], structs.replace(logs[at], tx_hash="0x" + "1" * 64), *logs[at + 1 :]],
    ]
    for lie in lies * 3:

        def tell(logs: list[Log], lie: Callable[[list[Log], int], list[Log]] = lie) -> list[Log]:
            return lie(logs, rng.randrange(len(logs))) if logs else logs

        with closing(Liar(ledger_world.chain.url, tell)) as liar, pytest.raises(MirrorError) as stop:
            proven_by(liar, engine, ledger_world).run()
        assert "block" in stop.value.message
