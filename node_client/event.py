"""Events as the contracts emit them: frozen values, decoded strictly.

Flow: ABI file → `EventType` per event (topic, fields, decoder) → `EventType.decode(topics, data)` → the event's struct, which
stands in its noun's file and has the ABI's field names in snake_case.

Strict means: exactly the bytes Solidity writes for these values and no others. Padding must be zero, offsets must follow each
other, and nothing may trail. So a value that was altered, cut or extended on its way is refused, and equal events have equal
bytes. Texts never fail: whatever is not UTF-8 is written as escapes, with the bytes kept beside (`EscapedText`).
"""

from __future__ import annotations

import dataclasses
import functools
import json
import re
import types
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, TypeAlias

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from node_client.units import text_from_bytes

ABI_FOLDER: Final = Path(__file__).parent / "abi"

# SQL's BIGINT ends here; what holders may set beyond it (the end of a lock, say) is stored as this.
LARGEST: Final = 2**63 - 1

# OpenZeppelin declares these, but nothing in the ledger can emit them.
NEVER_EMITTED: Final = frozenset({"URI", "EIP712DomainChanged"})

Reader: TypeAlias = Callable[[bytes, int], tuple[Any, int]]


class Undecodable(ValueError):
    """The bytes are not what Solidity writes for this event."""


@dataclass(frozen=True, slots=True)
class At:
    """Where an event stands: its number in the ledger's sequence (0 for events that do not count), block, log, time.

    `timestamp` is the block's time in Unix seconds, `contract` the name of the contract that emitted it.
    """

    sequence: int
    block: int
    log_index: int
    tx_hash: str
    timestamp: int
    contract: str


class Event:
    """What every event's struct has.

    `contracts` names its emitters; `keeps_args` says that no table but the journal holds all its fields.
    """

    __slots__ = ()
    contracts: ClassVar[tuple[str, ...]] = ("Credits",)
    keeps_args: ClassVar[bool] = False

    def subject(self, at: At) -> str:
        """What the event is about, such as `project:12`."""
        raise NotImplementedError


class EscapedText(str):
    """A text whose bytes were not clean UTF-8; `raw` are the bytes."""

    __slots__ = ("raw",)
    raw: bytes


def bounded(value: int) -> int:
    """The value, or SQL's largest integer when it lies beyond; the exact value then stands in the journal."""
    return min(value, LARGEST)


def snake(name: str) -> str:
    """A Solidity name in Python's spelling: `tokenId` is `token_id`, a keyword gets a trailing underscore."""
    text = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
    return f"{text}_" if text == "from" else text


@functools.lru_cache(maxsize=200_000)
def checksummed(raw: bytes) -> str:
    """The address of 20 bytes in EIP-55 form."""
    return str(to_checksum_address(raw))


def _word(data: bytes, at: int) -> int:
    if at + 32 > len(data):
        raise Undecodable(f"ends at byte {len(data)}, but a word starts at {at}")
    return int.from_bytes(data[at : at + 32], "big")


def _unsigned(bits: int) -> Reader:
    limit = 1 << bits

    def read(data: bytes, at: int) -> tuple[Any, int]:
        value = _word(data, at)
        if value >= limit:
            raise Undecodable(f"{value} at byte {at} does not fit {bits} bits")
        return value, at + 32

    return read


def _bool(data: bytes, at: int) -> tuple[Any, int]:
    value = _word(data, at)
    if value > 1:
        raise Undecodable(f"{value} at byte {at} is no boolean")
    return value == 1, at + 32


def _address(data: bytes, at: int) -> tuple[Any, int]:
    if _word(data, at) >> 160:
        raise Undecodable(f"the word at byte {at} is no address")
    return checksummed(data[at + 12 : at + 32]), at + 32


def _fixed(size: int) -> Reader:
    def read(data: bytes, at: int) -> tuple[Any, int]:
        _word(data, at)
        if any(data[at + size : at + 32]):
            raise Undecodable(f"the word at byte {at} is longer than {size} bytes")
        return "0x" + data[at : at + size].hex(), at + 32

    return read


def _bytes(data: bytes, at: int) -> tuple[bytes, int]:
    start = at + 32
    end = start + _word(data, at)
    padded = end + -(end - start) % 32
    if padded > len(data) or any(data[end:padded]):
        raise Undecodable(f"the text at byte {at} is cut, or not padded with zeros")
    return data[start:end], padded


def _hex(data: bytes, at: int) -> tuple[Any, int]:
    raw, end = _bytes(data, at)
    return "0x" + raw.hex(), end


def _text(data: bytes, at: int) -> tuple[Any, int]:
    raw, end = _bytes(data, at)
    text = text_from_bytes(raw)
    if text.encode("utf-8") != raw:
        text = EscapedText(text)
        text.raw = raw
    return text, end


def _sequence(parts: Sequence[tuple[Reader, int]], make: Callable[..., Any]) -> Reader:
    """Reads the parts one after the other; a size of 0 words marks one that lies behind its offset."""
    head = 32 * sum(size or 1 for _, size in parts)

    def read(data: bytes, at: int) -> tuple[Any, int]:
        values = []
        cursor, tail = at, at + head
        for reader, size in parts:
            if size:
                value, cursor = reader(data, cursor)
            else:
                if _word(data, cursor) != tail - at:
                    raise Undecodable(f"the offset at byte {cursor} is not where the next part starts")
                value, tail = reader(data, tail)
                cursor += 32
            values.append(value)
        return make(*values), tail

    return read


def _array(reader: Reader, size: int) -> Reader:
    def read(data: bytes, at: int) -> tuple[Any, int]:
        count = _word(data, at)
        if count * 32 * (size or 1) > len(data):
            raise Undecodable(f"the list at byte {at} claims {count} entries")
        return _sequence([(reader, size)] * count, lambda *values: values)(data, at + 32)

    return read


def _reader(field: dict[str, Any], hint: Any) -> tuple[Reader, int]:
    """A field's reader, and how many words it takes in place (0: it lies behind an offset)."""
    kind: str = field["type"]
    if kind.endswith("[]"):
        (inner_hint, *_) = typing.get_args(hint)
        return _array(*_reader({**field, "type": kind[:-2]}, inner_hint)), 0
    if kind == "tuple":
        parts = _parts(field["components"], hint)
        static = all(size for _, size in parts)
        return _sequence(parts, hint), sum(size for _, size in parts) if static else 0
    if kind in {"string", "bytes"}:
        return (_text if kind == "string" else _hex), 0
    simple: dict[str, Reader] = {"bool": _bool, "address": _address}
    if kind in simple:
        return simple[kind], 1
    if kind.startswith("uint"):
        return _unsigned(int(kind[4:])), 1
    if kind.startswith("bytes"):
        return _fixed(int(kind[5:])), 1
    raise TypeError(f"no reader for {kind}")


def _parts(fields: Sequence[dict[str, Any]], struct: Any) -> list[tuple[Reader, int]]:
    hints = typing.get_type_hints(struct)
    names = [snake(field["name"]) for field in fields]
    own = [field.name for field in dataclasses.fields(struct)]
    if names != own:
        raise TypeError(f"{struct.__name__} has the fields {own}, its ABI {names}")
    return [_reader(field, hints[name]) for field, name in zip(fields, names, strict=True)]


def _canonical(field: dict[str, Any]) -> str:
    kind: str = field["type"]
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(_canonical(part) for part in field['components'])}){kind.removeprefix('tuple')}"


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
        signature = f"{self.name}({','.join(_canonical(field) for field in fields)})"
        self.topic = "0x" + keccak(text=signature).hex()
        self.kinds = {snake(field["name"]): field["type"] for field in fields}
        self.wide = tuple(name for name, kind in self.kinds.items() if kind == "uint64")
        readers = _parts(fields, struct)
        indexed = [bool(field["indexed"]) for field in fields]
        self._topics = [
            reader for (reader, _), is_indexed in zip(readers, indexed, strict=True) if is_indexed
        ]
        plain = [part for part, is_indexed in zip(readers, indexed, strict=True) if not is_indexed]
        self._data = _sequence(plain, lambda *values: values)
        # Values come as topics first, then data; this puts them back into the ABI's order.
        order = sorted(range(len(fields)), key=lambda place: not indexed[place])
        self._places = sorted(range(len(fields)), key=order.__getitem__)

    def decode(self, topics: tuple[str, ...], data: bytes) -> Event:
        """The event of a log's topics and data. Raises `Undecodable` when they are anything but its exact encoding."""
        if len(topics) != len(self._topics) + 1:
            raise Undecodable(f"{len(topics)} topics instead of {len(self._topics) + 1}")
        values = [
            reader(bytes.fromhex(topic[2:]), 0)[0]
            for reader, topic in zip(self._topics, topics[1:], strict=True)
        ]
        rest, end = self._data(data, 0)
        if end != len(data):
            raise Undecodable(f"{len(data) - end} bytes trail")
        values.extend(rest)
        return self.struct(*[values[place] for place in self._places])
