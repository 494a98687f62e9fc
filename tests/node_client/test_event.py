"""Events are decoded exactly, or not at all."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.address import to_checksum_address
from hypothesis import given, settings
from hypothesis import strategies as st

from node_client.decoding import EscapedText, Undecodable, snake
from node_client.event import NEVER_EMITTED, EventType, abi_events
from node_client.mirror import registry
from tests.node_client.ledger_world import HOSTILE, World, canonical

CONTRACTS = (
    "Roles",
    "Credits",
    "Methodologies",
    "Projects",
    "Issuances",
    "Cancellations",
    "Supervision",
    "Corrections",
)
TYPES = sorted(registry.event_types().items())
IDS = [f"{contract}.{kind.name}" for (contract, _), kind in TYPES]


def test_each_event_of_each_contract_has_its_struct_and_a_fold_or_the_journal() -> None:
    known = {(contract, kind.name) for (contract, _), kind in TYPES}
    in_abi = {(contract, name) for contract in CONTRACTS for name in abi_events(contract)}
    assert known == {pair for pair in in_abi if pair[1] not in NEVER_EMITTED}
    for _, kind in TYPES:
        assert registry.FOLDS.get(kind.struct) or kind.struct.keeps_args, kind.name


def test_each_event_stands_on_the_chain_of_the_tests(ledger_world: World) -> None:
    addresses = {address: name for name, address in ledger_world.deployment.addresses.items()}
    logs = ledger_world.chain.logs(ledger_world.deployment.block, ledger_world.chain.head(), list(addresses))
    seen = {(addresses[log.address], registry.decode(log, addresses[log.address])[1].name) for log in logs}
    missing = {(contract, kind.name) for (contract, _), kind in TYPES} - seen
    # Only Credits can be asked to obey another manager, and it never is; each constructor says it once.
    assert missing == set()


def value_of(entry: dict[str, Any], rng: random.Random) -> tuple[Any, Any]:  # noqa: PLR0911 - one a type
    """A random value of an ABI type, and what the struct holds for it."""
    kind: str = entry["type"]
    if kind.endswith("[]"):
        pairs = [value_of({**entry, "type": kind[:-2]}, rng) for _ in range(rng.choice([0, 1, 3]))]
        return [raw for raw, _ in pairs], tuple(held for _, held in pairs)
    if kind == "tuple":
        pairs = [value_of(part, rng) for part in entry["components"]]
        return tuple(raw for raw, _ in pairs), tuple(held for _, held in pairs)
    if kind == "bool":
        return (flag := rng.random() < 0.5), flag
    if kind == "address":
        raw = to_checksum_address(rng.randbytes(20))
        return raw, raw
    if kind == "string":
        text = rng.choice(
            ["", "a" * 31, "b" * 32, "碳惠" * 11, HOSTILE.decode("utf-8", "ignore").replace("\0", "")]
        )
        return text.encode(), text
    if kind == "bytes" or kind.startswith("bytes"):
        size = rng.choice([0, 5, 32, 33]) if kind == "bytes" else int(kind[5:])
        blob = rng.randbytes(size)
        return blob, "0x" + blob.hex()
    number = rng.choice([0, 1, 2 ** int(kind[4:]) - 1, rng.randrange(2 ** int(kind[4:]))])
    return number, number


def sample(
    contract: str, kind: EventType, rng: random.Random
) -> tuple[tuple[str, ...], bytes, dict[str, Any]]:
    """Topics and data as eth_abi writes them, and the fields they stand for."""
    topics, kinds, raws, held = [kind.topic], [], [], {}
    for entry in abi_events(contract)[kind.name]["inputs"]:
        raw, value = value_of(entry, rng)
        held[snake(entry["name"])] = value
        if entry["indexed"]:
            topics.append("0x" + encode([canonical(entry)], [raw]).hex())
        else:
            kinds.append(canonical(entry).replace("string", "bytes"))
            raws.append(raw)
    return tuple(topics), encode(kinds, raws), held


def plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return tuple(map(plain, msgspec.structs.astuple(value)))
    return tuple(map(plain, value)) if isinstance(value, tuple) else value


@pytest.mark.parametrize(("key", "kind"), TYPES, ids=IDS)
def test_decoding_agrees_with_eth_abi_on_random_values(key: tuple[str, str], kind: EventType) -> None:
    rng = random.Random(kind.name)
    for _ in range(60):
        topics, data, held = sample(key[0], kind, rng)
        event = kind.decode(topics, data)
        assert {name: plain(getattr(event, name)) for name in kind.kinds} == held


@pytest.mark.parametrize(("key", "kind"), TYPES, ids=IDS)
def test_no_two_encodings_give_the_same_event(key: tuple[str, str], kind: EventType) -> None:
    rng = random.Random(kind.name)
    for _ in range(150):
        topics, data, _ = sample(key[0], kind, rng)
        event = kind.decode(topics, data)
        altered = bytearray(data)
        if not altered:
            continue
        altered[rng.randrange(len(altered))] ^= 1 << rng.randrange(8)
        try:
            other = kind.decode(topics, bytes(altered))
        except Undecodable:
            continue
        assert plain(other) != plain(event)


@pytest.mark.parametrize(("key", "kind"), TYPES, ids=IDS)
@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    edits=st.lists(st.tuples(st.integers(0, 4_000), st.integers(0, 255)), max_size=3),
    length=st.integers(-64, 64),
)
def test_data_is_accepted_exactly_when_eth_abi_would_write_it(
    key: tuple[str, str], kind: EventType, seed: int, edits: list[tuple[int, int]], length: int
) -> None:
    topics, data, _ = sample(key[0], kind, random.Random(seed))
    altered = bytearray(data)
    for place, byte in edits:
        if altered:
            # Mostly words' ends, where offsets, lengths and flags are.
            altered[(place * 31 if place % 2 else place) % len(altered)] = byte
    if length % 5 == 0:
        altered = altered[:length] if length < 0 else altered + bytes(length)
    inputs = [entry for entry in abi_events(key[0])[kind.name]["inputs"] if not entry["indexed"]]
    kinds = [canonical(entry).replace("string", "bytes") for entry in inputs]
    try:
        values = decode(kinds, bytes(altered))
        canonically = encode(kinds, values) == bytes(altered)
    except (DecodingError, OverflowError):
        canonically = False
    try:
        kind.decode(topics, bytes(altered))
        accepted = True
    except Undecodable:
        accepted = False
    assert accepted == canonically


@pytest.mark.parametrize(("key", "kind"), TYPES, ids=IDS)
def test_cut_extended_and_misplaced_logs_are_refused(key: tuple[str, str], kind: EventType) -> None:
    topics, data, _ = sample(key[0], kind, random.Random(1))
    for bad_topics, bad_data in (
        (topics, data + bytes(32)),
        (topics, data + b"\0"),
        ((*topics, topics[0]), data),
        (topics[:-1], data),
        *([(topics, data[:-1]), (topics, data[:-32]), (topics, b"")] if data else []),
    ):
        if len(bad_topics) == len(topics) - 1 and len(topics) == 1:
            continue
        with pytest.raises(Undecodable):
            kind.decode(bad_topics, bad_data)


def test_hostile_text_is_kept_readable_with_its_bytes() -> None:
    kind = registry.event_types()[next(key for key, kind in TYPES if kind.name == "LedgerPaused")]
    event: Any = kind.decode((kind.topic, "0x" + bytes(32).hex()), encode(["bytes"], [HOSTILE]))
    assert isinstance(event.reason, EscapedText)
    assert event.reason.raw == HOSTILE
    assert "\0" not in event.reason
    event.reason.encode("utf-8")


def test_a_list_that_claims_more_than_there_is_is_refused_at_once() -> None:
    kind = next(kind for _, kind in TYPES if kind.name == "TransferBatch")
    word = (0).to_bytes(32, "big")
    huge = (64).to_bytes(32, "big") + (96).to_bytes(32, "big") + (2**255).to_bytes(32, "big") + word
    with pytest.raises(Undecodable):
        kind.decode((kind.topic, *["0x" + word.hex()] * 3), huge)
