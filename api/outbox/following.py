"""Requests whose transactions are signed: sent, looked after, sent again, until the mirror shows them or the contract refused.

Flow: used nonces of the relayers (one batch) → below them: after a while, receipts (mined, or why refused) → from them on: what
was never sent is sent; what has not moved for a while is sent again, the same bytes, lowest nonce first.

The mirror makes requests final, so most are never asked about one by one.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import rlp
from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.engine import RowMapping

from api import request
from api.outbox.means import Means
from api.problems import Problem, problem_of
from api.request import Change
from node_client.database import table_of
from node_client.errors import ChainError, Refused
from node_client.rpc import RpcError
from node_client.wire import send_all

_BLANK: Final[dict[str, Any]] = dict.fromkeys(("nonce", "relayer", "raw", "tx_hash", "deadline", "block"))
_LIGHT: Final = (
    "number",
    "request_id",
    "state",
    "retirement_id",
    "record_hash",
    "nonce",
    "relayer",
    "tx_hash",
    "block",
    "updated_at",
)


@dataclass(slots=True)
class Lane:
    """One relayer: its used nonces as the node counts them, and what waits from there on."""

    account: str
    used: int
    waiting: list[RowMapping] = field(default_factory=list)

    @property
    def next_nonce(self) -> int:
        """The nonce of the next transaction to be prepared."""
        return max([self.used, *(int(row["nonce"]) + 1 for row in self.waiting)])


class Following:
    """Follows what is under way, between the passes of one connection."""

    def __init__(self, means: Means) -> None:
        self._means = means
        # By relayer: its used nonces, and when they last moved or its transactions were last sent again.
        self._moved: dict[str, tuple[int, float]] = {}
        self._gaps: dict[str, tuple[int, float]] = {}
        self.trouble = ""

    def step(self, mirrored_block: int) -> dict[str, Lane]:
        """What is under way has been moved as far as it goes now; the lanes of the pool's relayers. Raises `ChainError`."""
        self.trouble = ""
        table = table_of("request")
        sent = self._rows(table.c.state.in_(request.SENT))
        lanes = self._lanes(row["relayer"] for row in sent)
        known = [and_(table.c.relayer == lane.account, table.c.nonce >= lane.used) for lane in lanes.values()]
        # Mined, yet not shown by a mirror that has the block, or of a nonce that is free again: the block is gone.
        doubtful = self._rows(and_(table.c.state == "mined", or_(table.c.block <= mirrored_block, *known)))
        late = []
        for row in sent:
            if row["nonce"] >= lanes[row["relayer"]].used:
                lanes[row["relayer"]].waiting.append(row)
            elif time.time() - row["updated_at"] >= self._means.patience.mirror_seconds:
                late.append(row)
        for row in doubtful:
            lane = lanes.get(row["relayer"] or "")
            if row["nonce"] is not None and lane is not None and row["nonce"] >= lane.used:
                request.move(self._means.engine, row["number"], ("mined",), "broadcast", "its block is gone")
                lane.waiting.append(row)
            else:
                late.append(row)
        self._judge(late)
        self._send([row for lane in lanes.values() for row in self._due(lane)])
        return lanes

    def _rows(self, condition: ColumnElement[bool]) -> Sequence[RowMapping]:
        table = table_of("request")
        chosen = select(*(table.c[name] for name in _LIGHT)).where(condition).order_by(table.c.number)
        with self._means.engine.connect() as connection:
            return connection.execute(chosen).mappings().all()

    def _lanes(self, others: Iterable[str]) -> dict[str, Lane]:
        accounts = list(dict.fromkeys([*(each.address for each in self._means.relayers), *others]))
        used = self._means.wire.ask("eth_getTransactionCount", [(each, "latest") for each in accounts])
        for said in used:
            if isinstance(said, RpcError):
                raise ChainError(
                    f"the node does not count transactions: {said}", remedy="look at its log"
                ) from said
        return {account: Lane(account, int(said, 16)) for account, said in zip(accounts, used, strict=True)}

    def _due(self, lane: Lane) -> list[RowMapping]:
        """What of a relayer is to be sent now, lowest nonce first."""
        lane.waiting.sort(key=lambda row: row["nonce"])
        now = time.monotonic()
        moved = self._moved.get(lane.account)
        if not lane.waiting:
            self._moved[lane.account] = (lane.used, now)
            return []
        if self._gap(lane, now):
            return []
        if (
            moved is not None
            and moved[0] == lane.used
            and now - moved[1] < self._means.patience.resend_seconds
        ):
            return [row for row in lane.waiting if row["state"] == "prepared"]
        self._moved[lane.account] = (lane.used, now)
        if moved is not None and moved[0] != lane.used:
            return [row for row in lane.waiting if row["state"] == "prepared"]
        return lane.waiting

    def _gap(self, lane: Lane, now: float) -> bool:
        """Whether the lane's transactions were given up, because nothing will ever fill the nonces before them."""
        lowest = lane.waiting[0]["nonce"]
        since = self._gaps.get(lane.account)
        if lowest == lane.used:
            self._gaps.pop(lane.account, None)
        elif since is None or since[0] != lane.used:
            self._gaps[lane.account] = (lane.used, now)
        elif now - since[1] >= self._means.patience.gap_seconds:
            self._again(lane.waiting, "nonce gap")
            lane.waiting.clear()
            return True
        return False

    def _send(self, rows: Sequence[RowMapping]) -> None:
        if not rows:
            return
        table = table_of("request")
        chosen = select(table.c.number, table.c.raw).where(
            table.c.number.in_([row["number"] for row in rows])
        )
        with self._means.engine.connect() as connection:
            raws = {row.number: bytes(row.raw) for row in connection.execute(chosen)}
        self.offer([(row["number"], raws[row["number"]], row["state"]) for row in rows])

    def offer(self, many: Sequence[tuple[int, bytes, str]]) -> None:
        """The transactions (number, bytes, state) have been offered to the node; those it took are broadcast."""
        answers = send_all(self._means.wire, [raw for _, raw, _ in many])
        taken = [
            Change(number)
            for (number, _, state), trouble in zip(many, answers, strict=True)
            if trouble is None and state == "prepared"
        ]
        request.move_all(self._means.engine, taken, ("prepared",), "broadcast")
        self.trouble = self.trouble or next((each.message for each in answers if each is not None), "")

    def _judge(self, rows: Sequence[RowMapping]) -> None:
        """Requests whose nonce is used, and which the mirror does not show: mined, refused, or to be prepared anew."""
        hashes = [(row["tx_hash"],) for row in rows if row["tx_hash"]]
        found = dict(
            zip(
                (each for (each,) in hashes),
                self._means.wire.ask("eth_getTransactionReceipt", hashes),
                strict=True,
            )
        )
        mined = []
        for row in rows:
            receipt = found.get(row["tx_hash"])
            if isinstance(receipt, RpcError):
                self.trouble = str(receipt)
            elif receipt is not None and int(receipt["status"], 16) == 1:
                mined.append((row, int(receipt["blockNumber"], 16), row["tx_hash"]))
            elif self._means.on_chain(row):
                mined.append((row, self._means.chain.head(), "by another transaction"))
            elif receipt is not None:
                self._refuse(row, int(receipt["blockNumber"], 16))
            else:
                # Another transaction of the relayer took the nonce: these bytes can never be mined.
                self._again([row], "nonce taken" if row["nonce"] is not None else "gone from the chain")
        changes = [
            Change(row["number"], note, {"block": block})
            for row, block, note in mined
            if row["state"] != "mined" or row["block"] != block
        ]
        request.move_all(self._means.engine, changes, ("prepared", "broadcast", "mined"), "mined")

    def _again(self, rows: Sequence[RowMapping], why: str) -> None:
        changes = [Change(row["number"], why, _BLANK) for row in rows]
        request.move_all(self._means.engine, changes, ("prepared", "broadcast", "mined"), "accepted")

    def _refuse(self, row: RowMapping, block: int) -> None:
        reason = self._why(row["number"], block)
        before = ("prepared", "broadcast", "mined")
        if isinstance(reason, Refused) and reason.name == "CreditsOrderExpired":
            request.move(
                self._means.engine, row["number"], before, "expired", "the order's deadline has passed"
            )
        else:
            change = request.refusal(row["number"], problem_of(reason))
            request.move_all(self._means.engine, [change], before, "refused")

    def _why(self, number: int, block: int) -> Exception:
        """Why a mined transaction was refused: by running it again, before its block and now."""
        table = table_of("request")
        with self._means.engine.connect() as connection:
            row = connection.execute(
                select(table.c.raw, table.c.relayer).where(table.c.number == number)
            ).one()
        data = "0x" + rlp.decode(bytes(row.raw))[5].hex()
        for place in (block - 1, block, None):
            try:
                self._means.chain.simulate(row.relayer, self._means.credits, data, block=place)
            except Refused as refusal:
                return refusal
            except ChainError:
                continue
        return Problem("Refused")
