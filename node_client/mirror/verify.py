"""What a node's answers must satisfy before anything of them is folded.

Flow: headers → `check_chain` (each is the child of the one before, the first that of the checkpoint) → logs → `check_logs`
(of the headers' blocks, rising, of our contracts, in agreement with the blooms) → `silent` blocks, asked about once more.

A bloom has 2048 bits; each address and topic of a log sets three of them. Bits that are missing prove that a log was not in
the block; bits that are set only make it likely.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Mapping, Sequence

from node_client.chain import Header, Log
from node_client.errors import ForkDetected, MirrorInconsistent
from node_client.mirror.checkpoint import Checkpoint
from node_client.units import keccak

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
    block, index, header = -1, -1, None
    speaking: list[Log] = []
    for log in logs:
        if log.block != block:
            if header is not None:
                _check_bloom(header, speaking)
            if log.block < block:
                raise _wrong(log, f"comes after log {index} of block {block}")
            header, speaking = by_number.get(log.block), []
            block, index = log.block, -1
        if header is None or log.block_hash != header.hash:
            raise _wrong(log, f"is of block hash {log.block_hash}, which is not that block's")
        if log.log_index <= index:
            raise _wrong(log, f"comes after log {index} of block {block}")
        if log.address not in contracts:
            raise _wrong(log, f"is of {log.address}, which is none of ours")
        index = log.log_index
        speaking.append(log)
    if header is not None:
        _check_bloom(header, speaking)


def _check_bloom(header: Header, logs: Sequence[Log]) -> None:
    """The block's bloom includes everything that its logs speak of."""
    bits = int(header.logs_bloom, 16)
    wanted = 0
    for address in {log.address for log in logs}:
        wanted |= bloom_bits(address.lower())
    for log in logs:
        for topic in log.topics:
            wanted |= bloom_bits(topic)
    if bits & wanted == wanted:
        return
    for log in logs:
        for value in (log.address.lower(), *log.topics):
            if bits & bloom_bits(value) != bloom_bits(value):
                raise _wrong(log, f"speaks of {value}, which the block's bloom excludes")


def silent(
    headers: Sequence[Header], logs: Sequence[Log], contracts: Mapping[str, str]
) -> dict[int, list[str]]:
    """The blocks whose bloom may hold a log of contracts of which no log was given, with those contracts' addresses.

    Mostly chance; so the node is asked about these blocks again, for these contracts alone.
    """
    heard = {(log.block, log.address) for log in logs}
    wanted = [(address, bloom_bits(address.lower())) for address in contracts]
    found: dict[int, list[str]] = {}
    for header in headers:
        bits = int(header.logs_bloom, 16)
        if bits:
            unheard = [
                address
                for address, needed in wanted
                if bits & needed == needed and (header.number, address) not in heard
            ]
            if unheard:
                found[header.number] = unheard
    return found


def check_silent(block: int, again: Sequence[Log]) -> None:
    """Asked once more about a block, the node gave no log of the contracts of which it had given none.

    Raises `MirrorInconsistent` otherwise.
    """
    if again:
        raise MirrorInconsistent(
            f"asked twice about block {block}, the node gave no log of {again[0].address} and then {len(again)}",
            remedy=_ALTERED,
        )


# Each holds a number of up to 256 bytes; accounts come again, numbers of retirements do not.
@functools.lru_cache(maxsize=10_000)
def bloom_bits(value: str) -> int:
    """The three bits that an address or topic (0x and lower-case hex) sets in a bloom, as one number.

    Raises `MirrorInconsistent` for what is no hexadecimal number.
    """
    try:
        first, second, third = struct.unpack_from(">HHH", keccak(bytes.fromhex(value[2:])))
    except ValueError as error:
        raise MirrorInconsistent(
            f"a log speaks of {value}, which is no hexadecimal number", remedy=_ALTERED
        ) from error
    bits: int = 1 << (first & 2047) | 1 << (second & 2047) | 1 << (third & 2047)
    return bits


def _wrong(log: Log, what: str) -> MirrorInconsistent:
    return MirrorInconsistent(
        f"log {log.log_index} of {log.tx_hash} in block {log.block} {what}", remedy=_ALTERED
    )
