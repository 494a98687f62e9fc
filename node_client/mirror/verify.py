"""What a node's answers must satisfy before anything of them is folded.

Flow: headers → `check_chain` (each is the child of the one before, the first that of the checkpoint) → logs → `check_logs`
(of the headers' blocks, rising, of our contracts, in agreement with the blooms) → `silent` blocks, asked about once more.

A bloom has 2048 bits; each address and topic of a log sets three of them. Bits that are missing prove that a log was not in
the block; bits that are set only make it likely.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

from eth_utils.crypto import keccak

from node_client.chain import Header, Log
from node_client.errors import ForkDetected, MirrorInconsistent
from node_client.mirror.checkpoint import Checkpoint

_ALTERED = "the node leaves logs out or alters them: use another node; nothing of this batch was written"


def check_chain(checkpoint: Checkpoint, headers: Sequence[Header]) -> None:
    """The headers continue the stored chain without a gap.

    Raises `ForkDetected` when the first one's parent is not the checkpoint's block, `MirrorInconsistent` when the headers
    contradict each other.
    """
    number, parent = checkpoint.block, checkpoint.block_hash
    for header in headers:
        if header.number != number + 1:
            raise MirrorInconsistent(
                f"the node gave block {header.number} after block {number}", remedy="use another node"
            )
        if parent and header.parent_hash != parent:
            if number == checkpoint.block:
                raise fork(number, parent, header.parent_hash)
            raise MirrorInconsistent(
                f"the node gave block {header.number} as the child of {header.parent_hash}, but block {number} as {parent}",
                remedy="the chain changed while it was read, or the node alters headers: run again, then use another node",
            )
        number, parent = header.number, header.hash


def fork(block: int, stored: str, found: str) -> ForkDetected:
    """The error for a block that is not the one stored."""
    return ForkDetected(
        f"block {block} was {stored}, but the node's chain now has {found} there",
        remedy="on a chain with final blocks this must not happen: compare with other nodes before anything else; "
        "if the node was wrong, use another and run `tanhui mirror thaw`; "
        "if the chain was really changed, run `tanhui mirror rebuild`",
    )


def check_logs(headers: Sequence[Header], logs: Sequence[Log], contracts: Mapping[str, str]) -> None:
    """Every log belongs to one of the headers' blocks and our contracts, in strictly rising order, and fits the bloom.

    `contracts` maps addresses to names. Raises `MirrorInconsistent` naming block, transaction and log.
    """
    by_number = {header.number: header for header in headers}
    blooms: dict[int, int] = {}
    previous = (-1, -1)
    for log in logs:
        header = by_number.get(log.block)
        if header is None or log.block_hash != header.hash:
            raise _wrong(log, f"is of block hash {log.block_hash}, which is not that block's")
        if (log.block, log.log_index) <= previous:
            raise _wrong(log, f"comes after log {previous[1]} of block {previous[0]}")
        if log.address not in contracts:
            raise _wrong(log, f"is of {log.address}, which is none of ours")
        previous = (log.block, log.log_index)
        if log.block not in blooms:
            blooms[log.block] = int(header.logs_bloom, 16)
        bits = blooms[log.block]
        for value in (log.address, *log.topics):
            wanted = bloom_bits(value.lower())
            if bits & wanted != wanted:
                raise _wrong(log, f"speaks of {value}, which the block's bloom excludes")


def silent(headers: Sequence[Header], logs: Sequence[Log], contracts: Mapping[str, str]) -> list[int]:
    """The blocks whose bloom may hold a log of a contract of which no log was given.

    Mostly chance; so the node is asked about these blocks again, alone.
    """
    heard = {(log.block, log.address) for log in logs}
    wanted = {address: bloom_bits(address.lower()) for address in contracts}
    found = []
    for header in headers:
        bits = int(header.logs_bloom, 16)
        if bits and any(
            bits & wanted[address] == wanted[address] and (header.number, address) not in heard
            for address in contracts
        ):
            found.append(header.number)
    return found


def check_again(block: int, first: Sequence[Log], second: Sequence[Log]) -> None:
    """Asked twice about a block, the node answered the same. Raises `MirrorInconsistent` otherwise."""
    if list(first) != list(second):
        raise MirrorInconsistent(
            f"asked twice about block {block}, the node gave {len(first)} logs and then {len(second)}",
            remedy=_ALTERED,
        )


@functools.lru_cache(maxsize=100_000)
def bloom_bits(value: str) -> int:
    """The three bits that an address or topic (0x and lower-case hex) sets in a bloom, as one number."""
    digest = keccak(hexstr=value)
    bits = 0
    for place in (0, 2, 4):
        bits |= 1 << (int.from_bytes(digest[place : place + 2], "big") & 2047)
    return bits


def _wrong(log: Log, what: str) -> MirrorInconsistent:
    return MirrorInconsistent(
        f"log {log.log_index} of {log.tx_hash} in block {log.block} {what}", remedy=_ALTERED
    )
