"""Which noun makes what of which event.

Flow: the nouns' EVENTS and the ABI files → `event_types` by contract and topic → a log → `decode` → `apply` → every fold that
names the event's struct in its FOLDS, in the order of `NOUNS`, then the journal.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Final, TypeAlias

from sqlmodel import SQLModel

from node_client import (
    act,
    cancellation,
    correction,
    credit,
    holding,
    issuance,
    lock,
    member,
    methodology,
    project,
    purpose,
    report,
    retirement,
    role,
    setting,
    supervision,
    total,
    transfer,
)
from node_client.batch import Batch
from node_client.chain import Log
from node_client.decoding import Undecodable
from node_client.errors import MirrorInconsistent, UnknownEvent
from node_client.event import At, Event, EventType, abi_events
from node_client.mirror.checkpoint import BlockRow

Fold: TypeAlias = Callable[[Event, At, Batch], None]

# The order in which nouns fold one event: the credit's row is read before it changes (retirement before credit), and a lock's
# holder is known before its grams move.
NOUNS: Final[tuple[ModuleType, ...]] = (
    role,
    member,
    purpose,
    setting,
    supervision,
    methodology,
    project,
    report,
    issuance,
    cancellation,
    retirement,
    correction,
    credit,
    lock,
    transfer,
    holding,
    total,
)


def mirrored() -> tuple[str, ...]:
    """The names of all tables that the mirror fills, children before parents; the checkpoint is not one of them."""
    classes = [*act.TABLES, BlockRow, *(table for noun in NOUNS for table in getattr(noun, "TABLES", ()))]
    names = {str(table.__tablename__) for table in classes}
    return tuple(table.name for table in reversed(SQLModel.metadata.sorted_tables) if table.name in names)


@functools.cache
def event_types() -> Mapping[tuple[str, str], EventType]:
    """Every event of every contract, by the contract's name and the topic. Raises TypeError when a struct is not as its ABI."""
    found: dict[tuple[str, str], EventType] = {}
    for noun in NOUNS:
        for struct in noun.EVENTS:
            for contract in struct.contracts:
                kind = EventType(struct, abi_events(contract)[struct.__name__])
                found[contract, kind.topic] = kind
    return found


def _folds() -> Mapping[type[Event], tuple[Fold, ...]]:
    found: dict[type[Event], list[Fold]] = {}
    for noun in NOUNS:
        for struct in getattr(noun, "FOLDS", ()):
            found.setdefault(struct, []).append(noun.fold)
    return {struct: tuple(each) for struct, each in found.items()}


# The folds that each struct goes through, in order.
FOLDS: Final = _folds()


def decode(log: Log, contract: str) -> tuple[Event, EventType]:
    """The event of a log of one of our contracts.

    Raises `UnknownEvent` when its topic is none of ours and `MirrorInconsistent` when its bytes are not its exact encoding.
    """
    kind = event_types().get((contract, log.topics[0] if log.topics else ""))
    if kind is None:
        raise UnknownEvent(
            f"{contract} emitted an event of topic {log.topics[0] if log.topics else 'none'} in {_place(log)}",
            remedy="the contract is newer than this program: update the program; nothing of this block was written",
        )
    try:
        return kind.decode(log.topics, log.data), kind
    except Undecodable as error:
        raise MirrorInconsistent(
            f"{contract}'s {kind.name} in {_place(log)} cannot be read: {error}",
            remedy="the node alters logs: use another node; nothing of this block was written",
        ) from error


def begin(batch: Batch) -> None:
    """What stands before the first event is there: default settings and the total of nothing."""
    setting.begin(batch)
    total.begin(batch)


def prefetch(events: Iterable[Event], batch: Batch) -> None:
    """The rows that the events will need most are in the batch, fetched with few queries."""
    if batch.empty:
        return
    wanted: dict[str, set[tuple[object, ...]]] = {}
    for event in events:
        for table, key in holding.touched(event):
            wanted.setdefault(table, set()).add(key)
    for table, keys in wanted.items():
        batch.prefetch(table, keys)


def purposes(batch: Batch) -> int:
    """The purposes allowed, one bit each, as the contract keeps them."""
    return sum(
        1 << number for number in range(16) if (row := batch.find("purpose", number)) and row["allowed"]
    )


def apply(event: Event, kind: EventType, at: At, batch: Batch) -> None:
    """The event is in the journal and folded into every table it concerns."""
    if event.counted:
        act.fold(event, kind, at, batch)
    else:
        role.journal(event, kind, at, batch)
    try:
        for fold in FOLDS.get(type(event), ()):
            fold(event, at, batch)
    except (IndexError, KeyError, ValueError) as error:
        # A state without a name, or lists of different length: what no contract of ours emits.
        raise MirrorInconsistent(
            f"{at.contract}'s {kind.name} in block {at.block} (log {at.log_index} of {at.tx_hash}) makes no sense: {error!r}",
            remedy="the node alters logs, or the contract is newer than this program",
        ) from error
    batch.previous = (event, at)


def _place(log: Log) -> str:
    return f"block {log.block} (log {log.log_index} of {log.tx_hash})"
