"""The root of an ordered trie: what a header has of its block's receipts.

Flow: values → keys (the RLP of each place in the list) as half-bytes → leaves, extensions and branches from below → the root's
keccak. Written for one use, a trie that is built once and thrown away; a library that keeps its nodes takes thirty times as
long. Tests hold it against such a library, and against real chains.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Final, TypeAlias

from node_client.units import keccak

# Half-bytes of the key and the value, in the order of the keys.
Items: TypeAlias = Sequence[tuple[bytes, bytes]]

EMPTY_ROOT: Final = keccak(b"\x80")


def ordered_root(values: Sequence[bytes]) -> bytes:
    """The root of the trie that has each value under the RLP of its place; values have 32 bytes or more."""
    if not values:
        return EMPTY_ROOT
    items = sorted((_half_bytes(place), value) for place, value in enumerate(values))
    return keccak(_node(items, 0))


@functools.lru_cache(maxsize=10_000)
def _half_bytes(place: int) -> bytes:
    if place == 0:
        key = b"\x80"
    elif place < 0x80:
        key = bytes([place])
    else:
        raw = place.to_bytes((place.bit_length() + 7) // 8, "big")
        key = bytes([0x80 + len(raw)]) + raw
    return bytes(half for byte in key for half in (byte >> 4, byte & 15))


def _node(items: Items, depth: int) -> bytes:
    """The RLP of the node over items that agree in their first half-bytes."""
    first = items[0][0]
    if len(items) == 1:
        path = text(_compact(first[depth:], leaf=True))
        return listed(path + text(items[0][1]))
    last = items[-1][0]
    shared = depth
    while shared < min(len(first), len(last)) and first[shared] == last[shared]:
        shared += 1
    if shared > depth:
        return listed(text(_compact(first[depth:shared], leaf=False)) + _reference(_node(items, shared)))
    # No key is the beginning of another: a place's RLP says how long it is. So a branch has no value of its own.
    children = [b"\x80"] * 16
    start = 0
    while start < len(items):
        half, end = items[start][0][depth], start + 1
        while end < len(items) and items[end][0][depth] == half:
            end += 1
        children[half] = _reference(_node(items[start:end], depth + 1))
        start = end
    return listed(b"".join(children) + b"\x80")


def _reference(node: bytes) -> bytes:
    return node if len(node) < 32 else b"\xa0" + keccak(node)


def _compact(path: bytes, *, leaf: bool) -> bytes:
    """Half-bytes as bytes, with a mark for leaves and for odd lengths (the hex prefix of the yellow paper)."""
    mark = 2 if leaf else 0
    halves = bytes([mark + 1]) + path if len(path) % 2 else bytes([mark, 0]) + path
    return bytes(high << 4 | low for high, low in zip(halves[::2], halves[1::2], strict=True))


def text(value: bytes) -> bytes:
    """The RLP of bytes."""
    if len(value) == 1 and value[0] < 0x80:
        return value
    return prefix(len(value), 0x80) + value


def listed(content: bytes) -> bytes:
    """The RLP of a list whose items are encoded already."""
    return prefix(len(content), 0xC0) + content


def prefix(length: int, kind: int) -> bytes:
    """What stands before so many bytes in RLP; `kind` is 0x80 for bytes, 0xc0 for a list."""
    if length < 56:
        return bytes([kind + length])
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([kind + 55 + len(size)]) + size
