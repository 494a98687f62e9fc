"""Headers: the node's fields, and the hashes they can have.

Flow: a header as the node tells it → RLP of its fields in the order of the yellow paper and the later forks → keccak → the
header's own hash, or `ProofFailed`.

Besu's and GoQuorum's engines with committed seals hash a header whose extra data lacks the seals, which are made after the hash:
QBFT puts round 0 and no seals in their place, IBFT 2 leaves both away. All forms hold the receipts' root, so a hash found in any
of them proves it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import rlp

from node_client.errors import ProofFailed
from node_client.units import keccak

_NUMBERS: Final = frozenset(
    {
        "difficulty",
        "number",
        "gas_limit",
        "gas_used",
        "timestamp",
        "base_fee_per_gas",
        "blob_gas_used",
        "excess_blob_gas",
    }
)
_FIELDS: Final = (
    "parent_hash",
    "sha3_uncles",
    "miner",
    "state_root",
    "transactions_root",
    "receipts_root",
    "logs_bloom",
    "difficulty",
    "number",
    "gas_limit",
    "gas_used",
    "timestamp",
    "extra_data",
    "mix_hash",
    "nonce",
)
# Each fork adds to those before; a chain without it has no such field.
_LATER_FIELDS: Final = (
    "base_fee_per_gas",
    "withdrawals_root",
    "blob_gas_used",
    "excess_blob_gas",
    "parent_beacon_block_root",
    "requests_hash",
)
_EXTRA: Final = _FIELDS.index("extra_data")


class NodeHeader(msgspec.Struct, rename="camel"):
    """A header in the node's own words: hexadecimal text. Some engines leave fields away that they do not use."""

    number: str
    hash: str
    parent_hash: str
    timestamp: str
    receipts_root: str
    logs_bloom: str
    sha3_uncles: str = ""
    miner: str = ""
    state_root: str = ""
    transactions_root: str = ""
    difficulty: str = ""
    gas_limit: str = ""
    gas_used: str = ""
    extra_data: str = ""
    mix_hash: str = ""
    nonce: str = ""
    base_fee_per_gas: str | None = None
    withdrawals_root: str | None = None
    blob_gas_used: str | None = None
    excess_blob_gas: str | None = None
    parent_beacon_block_root: str | None = None
    requests_hash: str | None = None


def check_header(header: NodeHeader) -> None:
    """The header's fields give its own hash. Raises `ProofFailed`."""
    number = int(header.number, 16)
    try:
        found = list(header_hashes(header))
    except ValueError as error:
        raise ProofFailed(
            f"block {number}: the header cannot be hashed: {error}",
            remedy="the node leaves fields out or alters them; if every node does, its engine's headers are of another form",
        ) from error
    if header.hash.lower() not in found:
        raise ProofFailed(
            f"block {number}: the header's fields give the hash {found[0]}, but the node says {header.hash.lower()}",
            remedy="the node alters headers, or its engine hashes another form of them: compare with other nodes",
        )


def header_hashes(header: NodeHeader) -> Iterator[str]:
    """The hashes that the header can have, by engine. Raises ValueError for fields that are missing or no numbers."""
    fields = [_raw(name, getattr(header, name)) for name in _FIELDS]
    fields += [_raw(name, value) for name in _LATER_FIELDS if (value := getattr(header, name)) is not None]
    yield _hash(fields)
    for extra in _without_seals(fields[_EXTRA]):
        yield _hash([*fields[:_EXTRA], extra, *fields[_EXTRA + 1 :]])


def _hash(fields: list[bytes]) -> str:
    return "0x" + keccak(rlp.encode(fields)).hex()


def _raw(name: str, value: str) -> bytes:
    if not value.startswith("0x"):
        raise ValueError(f"the field {name} is {value or 'missing'}")
    if name in _NUMBERS:
        number = int(value, 16)
        return number.to_bytes((number.bit_length() + 7) // 8, "big")
    return bytes.fromhex(value[2:])


def _without_seals(extra: bytes) -> Iterator[bytes]:
    try:
        parts: Any = rlp.decode(extra)
    except rlp.DecodingError:
        return
    if isinstance(parts, list) and len(parts) == 5:
        # Vanity, validators, vote, round, seals.
        yield rlp.encode([*parts[:3], b"", []])
        yield rlp.encode(parts[:3])
