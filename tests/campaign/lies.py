"""What a node can say that is not so.

Flow: `SLIPS` turn the logs of one answer into others; asked again the node may tell the truth. `FORGERIES` turn one log into
another (or none), and `forge` has a whole block tell of it, the same in every answer and however often it is asked.

A forgery keeps order, bloom, lengths and counts. How deep it goes is one of `DEPTHS`: the logs alone, the receipts with them,
or the header too, which then has the root and the bloom of the false receipts, but cannot have their hash.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import msgspec

from node_client.mirror.verify import bloom_bits
from node_client.proof import NodeReceipt, receipts_root

Log: TypeAlias = dict[str, Any]
Raw: TypeAlias = dict[str, Any]
# A log, as told; None is left out.
Forgery: TypeAlias = Callable[[random.Random, Log], Log | None]
# The logs of an answer, and the places of those that may be lied about.
Slip: TypeAlias = Callable[[random.Random, list[Log], list[int]], list[Log]]


def _some(rng: random.Random, places: list[int]) -> set[int]:
    """1 to 20 % of the places, one at least."""
    return set(rng.sample(places, max(1, int(len(places) * rng.uniform(0.01, 0.2)))))


def _drop(rng: random.Random, logs: list[Log], places: list[int]) -> list[Log]:
    gone = _some(rng, places)
    return [log for place, log in enumerate(logs) if place not in gone]


def _double(rng: random.Random, logs: list[Log], places: list[int]) -> list[Log]:
    twice = _some(rng, places)
    return [each for place, log in enumerate(logs) for each in ([log, log] if place in twice else [log])]


def _reorder(rng: random.Random, logs: list[Log], places: list[int]) -> list[Log]:
    first, second = rng.sample(range(len(logs)), 2) if len(logs) > 1 else (0, 0)
    changed = list(logs)
    changed[first], changed[second] = changed[second], changed[first]
    return changed


def _truncate(rng: random.Random, logs: list[Log], places: list[int]) -> list[Log]:
    return logs[: rng.choice(places)]


def _alter(rng: random.Random, logs: list[Log], places: list[int]) -> list[Log]:
    victims = _some(rng, places)
    return [_altered(rng, log) if place in victims else log for place, log in enumerate(logs)]


def _altered(rng: random.Random, log: Log) -> Log:
    noise = "0x" + rng.randbytes(32).hex()
    topics = list(log["topics"])
    topics[rng.randrange(len(topics))] = noise
    return {
        **log,
        **rng.choice(
            [
                {"topics": topics},
                {"topics": log["topics"][:-1]},
                {"data": log["data"] + "00"},
                {"data": log["data"][:-64] if len(log["data"]) > 66 else log["data"] + "01"},
                {"blockHash": noise},
                {"address": noise[:42]},
            ]
        ),
    }


SLIPS: Final[dict[str, Slip]] = {
    "drop": _drop,
    "double": _double,
    "reorder": _reorder,
    "truncate": _truncate,
    "alter": _alter,
}


def _data(_rng: random.Random, log: Log) -> Log:
    """The last byte that is not zero is another: of a text its last letter, of an amount its last digits."""
    data = log["data"].rstrip("0")
    if len(data) < 3:
        return log
    return {**log, "data": data[:-1] + f"{int(data[-1], 16) ^ 3 or 1:x}" + log["data"][len(data) :]}


def _topics(_rng: random.Random, log: Log) -> Log:
    """The last two topics change places, which no bloom can tell."""
    if len(log["topics"]) < 3:
        return log
    return {**log, "topics": [*log["topics"][:-2], log["topics"][-1], log["topics"][-2]]}


def _index(_rng: random.Random, log: Log) -> Log:
    return {**log, "logIndex": hex(int(log["logIndex"], 16) + 1)}


def _transaction(rng: random.Random, log: Log) -> Log:
    return {**log, "transactionHash": "0x" + rng.randbytes(32).hex()}


FORGERIES: Final[dict[str, Forgery]] = {
    "data": _data,
    "topics": _topics,
    "index": _index,
    "transaction": _transaction,
    "omission": lambda _rng, _log: None,
}


def contracts(addresses: Sequence[str]) -> Forgery:
    """The log is of another of the contracts."""
    return lambda rng, log: {**log, "address": rng.choice(addresses).lower()}


DEPTHS: Final = ("logs", "receipts", "header")


@dataclass(frozen=True, slots=True)
class Forged:
    """A block that is told falsely: its logs, receipts and header as the node is to tell them."""

    logs: list[Log]
    receipts: list[Raw]
    header: Mapping[str, Any]


def forge(
    rng: random.Random, receipts: Sequence[Raw], victim: Mapping[str, Any], by: Forgery, depth: str
) -> Forged:
    """The block of these receipts, with one of its logs, the victim, forged as deep as told."""
    told = [
        {**receipt, "logs": [by(rng, log) if log == victim else log for log in receipt["logs"]]}
        for receipt in receipts
    ]
    for receipt in told:
        receipt["logs"] = [log for log in receipt["logs"] if log is not None]
        receipt["logsBloom"] = _bloom(receipt["logs"])
    logs = [log for receipt in told for log in receipt["logs"]]
    header: dict[str, Any] = {}
    if depth == "header":
        root = receipts_root([msgspec.convert(receipt, NodeReceipt) for receipt in told])
        header = {"receiptsRoot": root, "logsBloom": _bloom(logs)}
    return Forged(logs, list(receipts) if depth == "logs" else told, header)


def _bloom(logs: Sequence[Log]) -> str:
    bits = 0
    for log in logs:
        for value in (log["address"], *log["topics"]):
            bits |= bloom_bits(value.lower())
    return f"0x{bits:0512x}"
