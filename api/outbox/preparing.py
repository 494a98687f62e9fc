"""Accepted requests: signed, asked about, stored, sent.

Flow: the oldest that wait → the holder's key signs each order → the contract is asked about all in one batch: a refusal ends the
request → a relayer's key signs the transaction with the next nonce of its lane → all stored in one transaction → sent.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

from eth_utils.crypto import keccak
from sqlalchemy import or_, select
from sqlalchemy.engine import RowMapping

from api import request
from api.deps import log
from api.order import record_from
from api.outbox.following import Following, Lane
from api.outbox.means import LIFETIME_SECONDS, Means
from api.problems import problem_of
from api.request import Change
from node_client.chain import GAS_LIMIT
from node_client.database import table_of
from node_client.errors import NodeBusy, Refused, SignerUnreachable, SigningError
from node_client.orders import RetirementOrder
from node_client.wire import encoded, simulate_all

AT_ONCE: Final = 200
# Transactions under way of one relayer; nodes keep no more of one sender in their pools (Besu: 200 out of order).
LANE_LENGTH: Final = 200
# A request whose handler died before it asked the contract is taken up after this.
_UNCHECKED_SECONDS: Final = 30
# Twice what a retirement takes at most (tests/contracts/gas.snapshot). With the general limit, a block that is a third full would
# have no room for another transaction.
_GAS_BASE: Final = 300_000
_GAS_LINE: Final = 100_000
_GAS_BYTE: Final = 40


class Preparing:
    """Prepares what was accepted, between the passes of one connection."""

    def __init__(self, means: Means, following: Following) -> None:
        self._means = means
        self._following = following
        # Requests up to this number were tried in this round; those that cannot be signed hold up no others.
        self._after = 0
        self.trouble = ""

    def step(self, lanes: dict[str, Lane]) -> None:
        """As many accepted requests as the lanes have room for are under way. Raises `ChainError`."""
        self.trouble = ""
        ours = [lanes[signer.address] for signer in self._means.relayers]
        room = sum(max(LANE_LENGTH - len(lane.waiting), 0) for lane in ours)
        nonces = {lane.account: lane.next_nonce for lane in ours}
        length = {lane.account: len(lane.waiting) for lane in ours}
        head = self._means.chain.head()
        now = self._means.chain.headers(head, head)[0].timestamp
        while room > 0:
            rows = self._accepted(min(AT_ONCE, room))
            if not rows:
                return
            room -= self._prepare(self._in_time(rows), now, nonces, length)
            if self._after == 0:
                return

    def _accepted(self, limit: int) -> Sequence[RowMapping]:
        table = table_of("request")
        chosen = (
            select(table)
            .where(
                table.c.state == "accepted",
                or_(table.c.checked, table.c.created_at < time.time() - _UNCHECKED_SECONDS),
                table.c.number > self._after,
            )
            .order_by(table.c.number)
            .limit(limit)
        )
        with self._means.engine.connect() as connection:
            rows = connection.execute(chosen).mappings().all()
        self._after = rows[-1]["number"] if len(rows) == limit else 0
        return rows

    def _in_time(self, rows: Sequence[RowMapping]) -> list[RowMapping]:
        """Those that are not too old; the others are expired, or found on the chain."""
        oldest = time.time() - LIFETIME_SECONDS
        for row in rows:
            if row["created_at"] <= oldest and not self._found(row):
                request.move(
                    self._means.engine, row["number"], ("accepted",), "expired", "not carried in time"
                )
        return [row for row in rows if row["created_at"] > oldest]

    def _found(self, row: RowMapping) -> bool:
        """Whether the chain has the record already: it knows more than a restored database."""
        if not self._means.on_chain(row):
            return False
        place = {"block": self._means.chain.head()}
        request.move(self._means.engine, row["number"], ("accepted",), "mined", "found on the chain", **place)
        return True

    def _prepare(
        self, rows: Sequence[RowMapping], now: int, nonces: dict[str, int], length: dict[str, int]
    ) -> int:
        """How many of the rows are under way now."""
        deadline = max(int(time.time()), now) + LIFETIME_SECONDS
        signed = [(row, data) for row in rows if (data := self._order(row, deadline)) is not None]
        sender = self._means.relayers[0].address
        calls = [(sender, data, _gas(row, data)) for row, data in signed]
        answers = simulate_all(self._means.wire, self._means.credits, calls)
        ready = []
        for (row, data), answer in zip(signed, answers, strict=True):
            if isinstance(answer, Refused):
                if not self._found(row):
                    change = request.refusal(row["number"], problem_of(answer))
                    request.move_all(self._means.engine, [change], ("accepted",), "refused")
            elif isinstance(answer, NodeBusy):
                self.trouble = answer.message
            else:
                ready.append((row, data))
        return self._send(ready, deadline, nonces, length)

    def _order(self, row: RowMapping, deadline: int) -> str | None:
        """The call that carries the request, with the holder's signature; None when it cannot be signed now."""
        record, holder = record_from(row["record"]), row["holder"]
        order = RetirementOrder(
            self._means.chain.chain_id,
            self._means.credits,
            holder,
            deadline,
            bytes.fromhex(row["record_hash"][2:]),
        )
        try:
            signature = self._means.holder(holder).sign_retirement(order)
        except SignerUnreachable:
            raise
        except SigningError as error:
            if error.message != self.trouble:
                log.error("request %s waits: %s", row["request_id"], error)
            self.trouble = error.message
            return None
        return encoded("Credits", "retireByOrder", holder, deadline, record.as_tuple(), signature)

    def _send(
        self,
        ready: Sequence[tuple[RowMapping, str]],
        deadline: int,
        nonces: dict[str, int],
        length: dict[str, int],
    ) -> int:
        """Nonces, bytes and hashes are stored in one transaction; only then the node gets the bytes."""
        changes, taken, long = [], dict(nonces), dict(length)
        for row, data in ready:
            relayer = min(self._means.relayers, key=lambda each: long[each.address])
            raw = relayer.sign_transaction(self._transaction(taken[relayer.address], data, _gas(row, data)))
            values: dict[str, Any] = {
                "raw": raw,
                "nonce": taken[relayer.address],
                "relayer": relayer.address,
                "deadline": deadline,
                "tx_hash": "0x" + keccak(raw).hex(),
            }
            taken[relayer.address] += 1
            long[relayer.address] += 1
            changes.append(Change(row["number"], values["tx_hash"], values))
        # Together or not at all: one that was cancelled meanwhile would leave a gap in the nonces.
        if not request.move_all(self._means.engine, changes, ("accepted",), "prepared", together=True):
            return 0
        nonces.update(taken)
        length.update(long)
        self._following.offer([(each.number, each.values["raw"], "prepared") for each in changes])
        return len(changes)

    def _transaction(self, nonce: int, data: str, gas: int) -> dict[str, Any]:
        return {
            "chainId": self._means.chain.chain_id,
            "nonce": nonce,
            "gas": gas,
            "gasPrice": 0,
            "value": 0,
            "to": self._means.credits,
            "data": data,
        }


def _gas(row: RowMapping, data: str) -> int:
    """The gas that the request's transaction may take; what needs more, the simulation with the same limit shows."""
    lines = len(record_from(row["record"]).lines)
    return min(_GAS_BASE + _GAS_LINE * lines + _GAS_BYTE * (len(data) // 2), GAS_LIMIT)
