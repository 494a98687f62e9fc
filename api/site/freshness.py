"""The block that a page speaks for, its time, and how far it is behind.

Flow: checkpoint and block of the mirror, in the page's own snapshot → `Freshness` → the line at the foot of every page.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from fastapi import Request
from sqlalchemy import Connection, select

from node_client.database import table_of
from node_client.mirror import checkpoint


@dataclass(frozen=True, slots=True)
class Freshness:
    """Block number and hash, its time (Unix seconds; 0 before the first block), acts up to it, and age in seconds.

    `lag_blocks` is None when no node was asked.
    """

    block: int
    block_hash: str
    timestamp: int
    sequence: int
    age_seconds: int
    lag_blocks: int | None = None


def freshness_of(request: Request, connection: Connection) -> Freshness | None:
    """The mirror's place; None before anything was mirrored."""
    found = checkpoint.read(connection)
    if found is None:
        return None
    block = table_of("block")
    timestamp = (
        connection.execute(select(block.c.timestamp).where(block.c.number == found.block)).scalar() or 0
    )
    head: int | None = getattr(request.app.state, "head", None)
    return Freshness(
        block=found.block,
        block_hash=found.block_hash,
        timestamp=timestamp,
        sequence=found.sequence,
        age_seconds=max(int(time.time()) - timestamp, 0) if timestamp else 0,
        lag_blocks=None if head is None else max(head - found.block, 0),
    )
