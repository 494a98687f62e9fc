"""The desk that takes orders in: those that arrive together share a transaction, and a call of the node.

Flow: `Desk.take` → rows of all who wait are stored, in one transaction → each holder's record is asked of the contract, in one
batch → refusals and consents are stored, in one transaction → each caller learns its own.

What arrives while one batch is decided is the next. With no node to ask, orders are accepted all the same, and for a
second nobody waits for it again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import anyio.to_thread

from api import request as requests
from api.node import Node
from api.problems import problem_of
from node_client.chain import GAS_LIMIT
from node_client.errors import ChainError, Refused
from node_client.ledger import Ledger
from node_client.orders import Retirement, record_hash
from node_client.wire import Wire, encoded, simulate_all

if TYPE_CHECKING:
    from api.deps import Portal

NODE_SECONDS: Final = 10.0
_AT_ONCE: Final = 100
_SILENCE_SECONDS: Final = 1.0


@dataclass(slots=True)
class Order:
    """One order at the desk; `row` is what is stored of it."""

    row: Mapping[str, Any]
    holder: str
    record: Retirement
    answer: asyncio.Future[bool]
    number: int = 0


class Desk:
    """Takes orders of all handlers of one process; used on its event loop."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._node = Node(portal.settings)
        self._waiting: list[Order] = []
        self._working: asyncio.Task[None] | None = None
        self._silent_until = 0.0

    def close(self) -> None:
        """The connection to the node is closed."""
        self._node.close()

    async def take(self, row: Mapping[str, Any], holder: str, record: Retirement) -> bool:
        """The order is stored and the contract has no objection; False when its Idempotency-Key was used before.

        Raises the contract's `Refused`, which is stored too, and `DatabaseUnreachable`.
        """
        order = Order(row, holder, record, asyncio.get_running_loop().create_future())
        self._waiting.append(order)
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        return await order.answer

    async def _work(self) -> None:
        while self._waiting:
            orders, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
            try:
                await self._decide(await self._store(orders))
            except Exception as error:
                _fail(orders, error)

    async def _store(self, orders: Sequence[Order]) -> list[Order]:
        """The orders that are new; of several under one Idempotency-Key the first."""
        first: dict[str, Order] = {}
        for order in orders:
            first.setdefault(order.row["request_id"], order)
        rows = [order.row for order in first.values()]
        added = await self._portal.stored(lambda: requests.add_all(self._portal.engine, rows))
        new = []
        for order in orders:
            request_id = order.row["request_id"]
            found = added.get(request_id) if first[request_id] is order else None
            if found is None:
                _tell(order, answer=False)
            else:
                order.number = found
                new.append(order)
        return new

    async def _decide(self, orders: Sequence[Order]) -> None:
        if not orders:
            return
        answers = await self._ask(orders)
        refused = {
            order.number: refusal
            for order, refusal in zip(orders, answers, strict=True)
            if refusal is not None
        }
        engine = self._portal.engine

        def keep() -> None:
            changes = [requests.refusal(number, problem_of(each)) for number, each in refused.items()]
            requests.move_all(engine, changes, ("accepted",), "refused")
            requests.checked(engine, [each.number for each in orders if each.number not in refused])

        await self._portal.stored(keep)
        for order in orders:
            refusal = refused.get(order.number)
            if refusal is None:
                _tell(order, answer=True)
            else:
                _fail([order], refusal)
        self._portal.wake()

    async def _ask(self, orders: Sequence[Order]) -> Sequence[Refused | None]:
        """The contract's refusals; none where no node says so in time: the outbox asks again."""
        unasked = [None] * len(orders)
        if time.monotonic() < self._silent_until:
            return unasked
        wanted = [(order.holder, order.record) for order in orders]

        def ask() -> list[Refused | None]:
            return self._node.run_batch(lambda ledger, wire: check_all(ledger, wire, wanted))

        try:
            async with asyncio.timeout(NODE_SECONDS):
                return await anyio.to_thread.run_sync(ask, abandon_on_cancel=True)
        except TimeoutError:
            self._silent_until = time.monotonic() + NODE_SECONDS
        except ChainError:
            self._silent_until = time.monotonic() + _SILENCE_SECONDS
        return unasked


def _tell(order: Order, *, answer: bool) -> None:
    # A handler that went away wants no answer.
    if not order.answer.done():
        order.answer.set_result(answer)


def _fail(orders: Sequence[Order], error: Exception) -> None:
    for order in orders:
        if not order.answer.done():
            order.answer.set_exception(error)


def check_all(ledger: Ledger, wire: Wire, orders: Sequence[tuple[str, Retirement]]) -> list[Refused | None]:
    """What the contract says to each holder's record now: nothing, or its refusal; in one batch.

    Nothing also where the node could not run it: the outbox asks again; and where the chain has this very record already,
    because it knows more than a restored database. Raises `ChainUnreachable`.
    """
    calls = [
        (holder, encoded("Credits", "retire", record.as_tuple()), GAS_LIMIT) for holder, record in orders
    ]
    answers = simulate_all(wire, ledger.deployment.address("Credits"), calls)
    return [
        answer
        if isinstance(answer, Refused) and not ledger.keeps(record.retirement_id, record_hash(record))
        else None
        for answer, (_, record) in zip(answers, orders, strict=True)
    ]
