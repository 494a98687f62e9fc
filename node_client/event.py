"""Events as the contracts emit them: frozen values, decoded strictly.

Flow: ABI file → `EventType` per event (topic, fields, decoder) → `EventType.decode(topics, data)` → the event's struct, which
stands in its noun's file and has the ABI's field names in snake_case.

Texts never fail: whatever is not UTF-8 is written as escapes, with the bytes kept beside (`EscapedText`).
"""

from __future__ import annotations

import functools
import json
import types
from pathlib import Path
from typing import Any, ClassVar, Final

import msgspec
from eth_utils.crypto import keccak

from node_client.decoding import abi_type, decoder, snake

ABI_FOLDER: Final = Path(__file__).parent / "abi"

# SQL's BIGINT ends here; what holders may set beyond it (the end of a lock, say) is stored as this.
LARGEST: Final = 2**63 - 1

# OpenZeppelin declares these, but nothing in the ledger can emit them.
NEVER_EMITTED: Final = frozenset({"URI", "EIP712DomainChanged"})


class At(msgspec.Struct, frozen=True, gc=False):
    """Where an event stands: its number in the ledger's sequence (0 for events that do not count), block, log, time.

    `timestamp` is the block's time in Unix seconds, `contract` the name of the contract that emitted it.
    """

    sequence: int
    block: int
    log_index: int
    tx_hash: str
    timestamp: int
    contract: str


# Not for the garbage collector: an event holds nothing that could hold it.
class Event(msgspec.Struct, frozen=True, gc=False):
    """What every event's struct has.

    `contracts` names its emitters, `counted` says that the ledger's sequence counts it, `keeps_args` that no table but the
    journal holds all its fields.
    """

    contracts: ClassVar[tuple[str, ...]] = ("Credits",)
    counted: ClassVar[bool] = True
    keeps_args: ClassVar[bool] = False

    def subject(self, at: At) -> str:
        """What the event is about, such as `project:12`."""
        raise NotImplementedError


def bounded(value: int) -> int:
    """The value, or SQL's largest integer when it lies beyond; the exact value then stands in the journal."""
    return min(value, LARGEST)


@functools.cache
def abi_events(contract: str) -> types.MappingProxyType[str, dict[str, Any]]:
    """The events of a contract's ABI by name."""
    entries = json.loads((ABI_FOLDER / f"{contract}.json").read_text(encoding="utf-8"))
    found = {entry["name"]: entry for entry in entries if entry["type"] == "event"}
    return types.MappingProxyType(found)


class EventType:
    """One event of the ABI bound to its struct.

    `wide` names the top-level fields that may exceed SQL's integers, `kinds` the ABI type of each field.
    """

    def __init__(self, struct: type[Event], entry: dict[str, Any]) -> None:
        fields = entry["inputs"]
        self.struct = struct
        self.name: str = entry["name"]
        signature = f"{self.name}({','.join(abi_type(field) for field in fields)})"
        self.topic = "0x" + keccak(text=signature).hex()
        self.kinds = {snake(field["name"]): field["type"] for field in fields}
        self.wide = tuple(name for name, kind in self.kinds.items() if kind == "uint64")
        self._decode = decoder(self.name, fields, struct)

    def decode(self, topics: tuple[str, ...], data: bytes) -> Event:
        """The event of a log's topics and data. Raises `Undecodable` when they are anything but its exact encoding."""
        event: Event = self._decode(topics, data)
        return event
