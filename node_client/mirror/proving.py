"""Proofs that the logs mirrored are those of the chain, all of them and no others.

Flow: headers (each gives its own hash) → blocks whose bloom does not exclude the ledger's contracts → their receipts (they
give the header's root) → the ledger's logs in them → the logs just fetched (`check`), or those mirrored before, by their hash
(`verify`).

What a header does not hold stays the node's word: the hashes of transactions, which no receipt includes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, func, select

from node_client.chain import Chain, Header, Log, read_logs
from node_client.database import table_of
from node_client.deployment import Deployment
from node_client.errors import BadInput, ProofFailed
from node_client.mirror import checkpoint as checkpoints
from node_client.mirror.checkpoint import Checkpoint
from node_client.mirror.verify import bloom_bits
from node_client.proof import NodeReceipt, check_header, check_receipts

BLOCKS_AT_ONCE: Final = 64
_ALTERED = "the node leaves logs out or alters them: use another node; nothing of this batch was written"
_OTHERWISE = (
    "the node lied when the block was mirrored, or the database was altered: run `tanhui mirror rebuild`"
)

UNHASHED: Final = "no hash of its logs is stored, for it was mirrored by a program older than proofs"
REBUILD_OLD: Final = "run `tanhui mirror rebuild` once; neither node nor database is at fault"


def logs_hash(logs: Iterable[Log]) -> str:
    """SHA-256 over a block's logs as they were folded, in hexadecimal; no text when there are none."""
    parts = []
    for log in logs:
        place = f"{log.log_index} {log.tx_hash} {log.address} {' '.join(log.topics)} {len(log.data)}\n"
        parts += [place.encode("ascii"), log.data]
    return "0x" + hashlib.sha256(b"".join(parts)).hexdigest() if parts else ""


def check(chain: Chain, headers: Sequence[Header], logs: Sequence[Log], contracts: Mapping[str, str]) -> None:
    """The logs are those of the headers' blocks, proven by receipts. Raises `ProofFailed`."""
    told: dict[int, list[Log]] = {header.number: [] for header in headers}
    for log in logs:
        told[log.block].append(log)
    for block, proven in proven_logs(chain, headers, contracts).items():
        _check_same(block, proven, told[block])


def verify(
    chain: Chain,
    engine: Engine,
    deployment: Deployment,
    progress: Callable[[Checkpoint], None] = lambda _now: None,
) -> Checkpoint:
    """Every block mirrored is proven, without mirroring it again; the checkpoint says so.

    Raises `ProofFailed` naming the block, `BadInput` when nothing is mirrored yet, `ChainMismatch` for another deployment's
    database, and `ChainUnreachable`.
    """
    contracts = {address: name for name, address in deployment.addresses.items()}
    while True:
        with engine.connect() as connection:
            now = checkpoints.read(connection)
            if now is None or not now.block_hash:
                raise BadInput("nothing is mirrored yet", remedy="run `tanhui mirror run` first")
            checkpoints.check(now, deployment)
            block = table_of("block")
            chosen = (
                select(block)
                .where(block.c.number > now.proven_block, block.c.number <= now.block)
                .order_by(block.c.number)
                .limit(BLOCKS_AT_ONCE)
            )
            rows = connection.execute(chosen).all()
        progress(now)
        if not rows:
            return now
        headers = chain.headers(rows[0].number, rows[-1].number)
        if [header.number for header in headers] != [row.number for row in rows]:
            raise ProofFailed(
                f"block {rows[0].number} to {rows[-1].number}: only {len(rows)} headers are stored",
                remedy="find out who wrote into the database, then run `tanhui mirror rebuild`",
            )
        for header, row in zip(headers, rows, strict=True):
            _check_stored(header, row)
        proven = proven_logs(chain, headers, contracts)
        for row in rows:
            if logs_hash(proven[row.number]) != row.logs_hash:
                with engine.connect() as connection:
                    _refuse_old(connection)
                raise ProofFailed(
                    f"block {row.number}: its receipts hold {len(proven[row.number])} logs of the ledger, "
                    "and what was mirrored are others",
                    remedy=_OTHERWISE,
                )
        with engine.begin() as connection:
            checkpoints.proved(connection, now, headers[-1].number)


def first_unhashed(connection: Connection) -> int | None:
    """The first block whose events are stored without a hash of their logs, as a mirror made before proofs has them."""
    block = table_of("block")
    found = [
        connection.execute(
            select(func.min(block.c.number)).where(
                block.c.number == table_of(journal).c.block, block.c.logs_hash == ""
            )
        ).scalar()
        for journal in ("act", "role_act")
    ]
    return min((int(each) for each in found if each is not None), default=None)


def _refuse_old(connection: Connection) -> None:
    """The mirror keeps a hash of what it folded. Raises `ProofFailed` for one that was made before proofs."""
    old = first_unhashed(connection)
    if old is not None:
        raise ProofFailed(f"block {old}: {UNHASHED}", remedy=REBUILD_OLD)


def _check_stored(header: Header, row: Row[Any]) -> None:
    """The header stored is the node's. Raises `ProofFailed`."""
    if header.hash != row.hash:
        raise ProofFailed(
            f"block {header.number}: the node has the hash {header.hash}, but {row.hash} is mirrored",
            remedy="the node or the mirror is on another fork: run `tanhui mirror run`, or use another node",
        )
    told = {
        "parent_hash": header.parent_hash,
        "timestamp": header.timestamp,
        "receipts_root": header.receipts_root,
        "logs_bloom": checkpoints.bloom_bytes(header),
    }
    for name, value in told.items():
        if getattr(row, name) != value:
            raise ProofFailed(
                f"block {header.number}: the {name} mirrored is not its header's", remedy=_OTHERWISE
            )


def proven_logs(
    chain: Chain, headers: Sequence[Header], contracts: Mapping[str, str]
) -> dict[int, list[Log]]:
    """The ledger's logs in each of the headers' blocks, proven by their receipts. Raises `ProofFailed`."""
    wanted = [bloom_bits(address.lower()) for address in contracts]
    speaking = []
    for header in headers:
        check_header(header.told)
        bits = int(header.logs_bloom, 16)
        if bits and any(bits & needed == needed for needed in wanted):
            speaking.append(header)
    found: dict[int, list[Log]] = {header.number: [] for header in headers}
    blocks = [header.number for header in speaking]
    for header, receipts in zip(speaking, chain.receipts(blocks), strict=True):
        check_receipts(header.number, header.receipts_root, receipts)
        found[header.number] = _ours(header, receipts, {address.lower() for address in contracts})
    return found


def _ours(header: Header, receipts: Sequence[NodeReceipt], addresses: set[str]) -> list[Log]:
    """The contracts' logs in a block's receipts, with their places counted, for a receipt does not hold them."""
    told, places, index = [], [], 0
    for receipt in receipts:
        for log in receipt.logs:
            if log.address.lower() in addresses:
                told.append(log)
                places.append((index, receipt.transaction_hash.lower()))
            index += 1
    logs = read_logs(told)
    for each, (place, tx_hash) in zip(logs, places, strict=True):
        counted = (header.number, header.hash, place, tx_hash)
        if (each.block, each.block_hash, each.log_index, each.tx_hash) != counted:
            raise ProofFailed(
                f"block {header.number}: log {place} of its receipts says it is log {each.log_index} of {each.tx_hash} "
                f"in block {each.block} ({each.block_hash})",
                remedy=_ALTERED,
            )
    return logs


def _check_same(block: int, proven: Sequence[Log], told: Sequence[Log]) -> None:
    if list(proven) == list(told):
        return
    for one, other in zip(proven, told, strict=False):
        if one != other:
            raise ProofFailed(
                f"block {block}: its receipts hold {_named(one)}, but the node gave {_named(other)}",
                remedy=_ALTERED,
            )
    raise ProofFailed(
        f"block {block}: its receipts hold {len(proven)} logs of the ledger, but the node gave {len(told)}",
        remedy=_ALTERED,
    )


def _named(log: Log) -> str:
    topic = log.topics[0] if log.topics else "no topic"
    return f"log {log.log_index} of {log.tx_hash} ({log.address}, {topic}, {len(log.data)} bytes)"
