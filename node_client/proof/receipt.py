"""Receipts: the node's fields, their bytes as the chain has them, and the root they give.

Flow: receipts as the node tells them → RLP of each, behind its type's byte where it has one (EIP-2718) → the root of their trie →
the header's, or `ProofFailed`.

Texts are joined as hexadecimal and turned into bytes once a receipt; a list of values for an RLP library would cost ten times as
much.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from node_client.errors import ProofFailed
from node_client.proof.trie import listed, ordered_root, prefix, text


class NodeLog(msgspec.Struct, rename="camel", gc=False):
    """A log in the node's own words: hexadecimal text."""

    block_number: str
    block_hash: str
    transaction_hash: str
    log_index: str
    address: str
    topics: tuple[str, ...]
    data: str


class NodeReceipt(msgspec.Struct, rename="camel"):
    """A receipt in the node's own words; `status` is the outcome, or `root` the state on chains before Byzantium."""

    transaction_hash: str
    cumulative_gas_used: str
    logs_bloom: str
    logs: list[NodeLog]
    type: str = "0x0"
    status: str | None = None
    root: str | None = None


def check_receipts(block: int, root: str, receipts: Sequence[NodeReceipt]) -> None:
    """The receipts are the block's: they give the root (0x and 64 digits) in its header. Raises `ProofFailed`."""
    try:
        found = receipts_root(receipts)
    except ValueError as error:
        raise ProofFailed(
            f"block {block}: a receipt cannot be read: {error}",
            remedy="the node alters receipts, or has other receipts than Ethereum's: use another node",
        ) from error
    if found != root:
        raise ProofFailed(
            f"block {block}: the node's {len(receipts)} receipts give the root {found}, but the header has {root}",
            remedy="the node leaves receipts or logs out, or alters them: use another node",
        )


def receipts_root(receipts: Sequence[NodeReceipt]) -> str:
    """The root of the receipts' trie. Raises ValueError for what is no hexadecimal text."""
    return "0x" + ordered_root([_encoded(receipt) for receipt in receipts]).hex()


def _encoded(receipt: NodeReceipt) -> bytes:
    if receipt.status is not None:
        outcome = text(_number(receipt.status))
    elif receipt.root is not None:
        outcome = text(bytes.fromhex(receipt.root[2:]))
    else:
        raise ValueError(f"the receipt of {receipt.transaction_hash} has neither status nor root")
    logs = bytes.fromhex("".join(map(_log_hex, receipt.logs)))
    bloom = bytes.fromhex(receipt.logs_bloom[2:])
    body = listed(outcome + text(_number(receipt.cumulative_gas_used)) + text(bloom) + listed(logs))
    kind = int(receipt.type, 16)
    return bytes([kind]) + body if kind else body


def _number(value: str) -> bytes:
    number = int(value, 16)
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _log_hex(log: NodeLog) -> str:
    """The RLP of a log, in hexadecimal text."""
    if len(log.address) != 42 or set(map(len, log.topics)) - {66}:
        # Texts of other lengths could be joined to the same bytes.
        raise ValueError(f"a log of {log.transaction_hash} has an address or a topic of a wrong length")
    size = len(log.data) // 2 - 1
    topics = "".join(["a0" + topic[2:] for topic in log.topics])
    data = log.data[2:] if size == 1 and log.data < "0x80" else _prefix_hex(size, 0x80) + log.data[2:]
    content = f"94{log.address[2:]}{_prefix_hex(33 * len(log.topics), 0xC0)}{topics}{data}"
    return _prefix_hex(len(content) // 2, 0xC0) + content


def _prefix_hex(length: int, kind: int) -> str:
    return prefix(length, kind).hex()
