"""The outbox: carries accepted requests to the chain, durably, by one thread.

Flow of a pass: requests that the mirror shows as retired are final → those under way are followed (receipt: mined; none: the
same bytes again) → those accepted are prepared: the holder's key signs the order, the relayer's key the transaction, and both
are stored before anything is sent → broadcast.

What is guaranteed:
- At most one retirement per request. The number of the retirement comes from the request's own id, and the contract takes a
  number once; so neither a crash, a repeated broadcast, a restored backup nor a second outbox can retire twice.
- Nothing is sent that is not stored: a restart resends the same bytes, after asking the chain whether it has them.
- A request is final only when the mirror shows its very record (by record hash), refused only when nothing of it is on the chain.
- One outbox per data folder works at a time (a lock file); another waits and takes over. With several machines, let one have
  the relayer's key: two would collide on nonces, which delays but cannot double.

Not here yet: replacement of stuck transactions, several relayers, cancelling.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from eth_utils.crypto import keccak
from sqlalchemy import Engine, select
from sqlalchemy.engine import RowMapping

from api import request
from api.deps import RELAYER, log
from api.node import Node
from api.order import record_from
from api.problems import Problem, problem_of
from node_client.chain import GAS_LIMIT, Receipt
from node_client.database import table_of
from node_client.errors import ChainError, ChainUnreachable, Refused, TanhuiError, TransactionLost
from node_client.ledger import Ledger
from node_client.orders import Retirement, retirement_order
from node_client.rpc import RpcError
from node_client.settings import Settings
from node_client.signer import Keystore, Signer

PASS_SECONDS: Final = 0.5
AT_ONCE: Final = 200
LIFETIME_SECONDS: Final = 24 * 3600
# A request whose handler died before it asked the contract is taken up after this.
_UNCHECKED_SECONDS: Final = 30


class Outbox:
    """Moves requests along, in a thread from `start` to `stop`, or one pass at a time by `step`."""

    def __init__(self, settings: Settings, engine: Engine, keystore: Keystore) -> None:
        self._engine = engine
        self._node = Node(settings)
        self._keystore = keystore
        self._lock_file = settings.data / "outbox.lock"
        self._wanted = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="tanhui-outbox", daemon=True)
        self.error = ""

    def start(self) -> None:
        """Requests are carried from now on."""
        self._thread.start()

    def stop(self) -> None:
        """No pass runs any more; what is under way stays stored."""
        self._ended.set()
        self._wanted.set()
        self._thread.join(timeout=30)
        self.close()

    def close(self) -> None:
        """The connection to the node is closed."""
        self._node.close()

    def wake(self) -> None:
        """The next pass starts at once."""
        self._wanted.set()

    def _work(self) -> None:
        handle = os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            while not self._ended.is_set() and not _locked(handle):
                self._ended.wait(1.0)
            while not self._ended.is_set():
                self._wanted.clear()
                try:
                    self.step()
                    self.error = ""
                except Exception as error:
                    if str(error) != self.error:
                        log.exception("the outbox waits")
                    self.error = str(error)
                self._wanted.wait(PASS_SECONDS)
        finally:
            os.close(handle)

    def step(self) -> None:
        """One pass over the open requests. Raises what keeps it from reaching the chain or the database."""
        rows = request.open_requests(self._engine, AT_ONCE)
        if not rows:
            return
        rows = self._finish(rows)
        if rows:
            self._node.run(lambda ledger: _Pass(self._engine, self._keystore, ledger).run(rows))

    def _finish(self, rows: Sequence[RowMapping]) -> list[RowMapping]:
        """Those that the mirror shows are final; the others are given back."""
        table = table_of("retirement")
        chosen = select(table.c.retirement_id, table.c.record_hash, table.c.block, table.c.tx_hash)
        with self._engine.connect() as connection:
            found = connection.execute(
                chosen.where(table.c.retirement_id.in_([row["retirement_id"] for row in rows]))
            ).all()
        shown = {(row.retirement_id, row.record_hash): row for row in found}
        left = []
        for row in rows:
            mirrored = shown.get((row["retirement_id"], row["record_hash"]))
            if mirrored is None:
                left.append(row)
            else:
                place = {"block": mirrored.block, "tx_hash": mirrored.tx_hash}
                request.move(self._engine, row["request_id"], request.OPEN, "final", "mirrored", **place)
        return left


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


class _Pass:
    """One pass on the chain."""

    def __init__(self, engine: Engine, keystore: Keystore, ledger: Ledger) -> None:
        self._engine = engine
        self._keystore = keystore
        self._ledger = ledger
        self._chain = ledger.chain
        self._credits = ledger.deployment.address("Credits")
        self._relayer: Signer = keystore.open(RELAYER)
        self._now = self._chain.headers(head := self._chain.head(), head)[0].timestamp
        self._mined_nonce = int(
            self._chain.rpc.call("eth_getTransactionCount", self._relayer.address, "latest"), 16
        )
        self._nonces: list[int] = []

    def run(self, rows: Sequence[RowMapping]) -> None:
        """Every row is moved as far as it goes now. Raises `ChainError`; other trouble of one row leaves the others alone."""
        for row in rows:
            if row["state"] != "accepted":
                self._guarded(self._follow, row)
        self._close_gap(rows)
        for row in rows:
            if row["state"] == "accepted" and (
                row["checked"] or time.time() - row["created_at"] > _UNCHECKED_SECONDS
            ):
                self._guarded(self._prepare, row)

    def _guarded(self, work: Callable[[RowMapping], None], row: RowMapping) -> None:
        try:
            work(row)
        except ChainError:
            raise
        except TanhuiError as error:
            log.error("request %s waits: %s", row["request_id"], error)

    def _move(
        self, row: RowMapping, before: Sequence[str], state: str, note: str = "", **values: Any
    ) -> bool:
        return request.move(self._engine, row["request_id"], before, state, note, **values)

    def _follow(self, row: RowMapping) -> None:
        """A request whose transaction is signed: mined, refused, expired, to be prepared anew, or sent again."""
        receipt = self._receipt(row["tx_hash"])
        if receipt is not None and receipt.ok:
            self._move(row, ("prepared", "broadcast"), "mined", receipt.tx_hash, block=receipt.block)
        elif self._on_chain(row):
            self._move(row, ("prepared", "broadcast"), "mined", "by another transaction")
        elif receipt is not None:
            self._refuse(row, self._why(row, receipt))
        elif row["raw"] is None:
            self._again(row, "gone from the chain")
        elif self._now > row["deadline"]:
            self._move(row, request.OPEN, "expired", "the order's deadline has passed")
        elif self._mined_nonce > row["nonce"]:
            # Another transaction of the relayer took the nonce: these bytes can never be mined.
            self._again(row, "nonce taken")
        else:
            self._nonces.append(row["nonce"])
            self._send(row["request_id"], bytes(row["raw"]), row["state"])

    def _close_gap(self, rows: Sequence[RowMapping]) -> None:
        """Transactions behind a nonce that nothing will fill are prepared anew."""
        if self._nonces and min(self._nonces) > self._pending_nonce():
            for row in rows:
                if row["nonce"] in self._nonces and row["state"] != "accepted":
                    self._again(row, "nonce gap")
            self._nonces.clear()

    def _pending_nonce(self) -> int:
        return max(self._mined_nonce, self._chain.next_nonce(self._relayer.address))

    def _again(self, row: RowMapping, why: str) -> None:
        blank: dict[str, Any] = {"nonce": None, "raw": None, "tx_hash": None, "deadline": None, "block": None}
        self._move(row, ("prepared", "broadcast", "mined"), "accepted", why, **blank)

    def _prepare(self, row: RowMapping) -> None:
        """The order and its transaction are signed and stored, then sent."""
        if self._on_chain(row):
            # A restored backup: the chain knows more than the database.
            self._move(row, ("accepted",), "mined", "found on the chain")
            return
        if time.time() - row["created_at"] > LIFETIME_SECONDS:
            self._move(row, ("accepted",), "expired", "not carried in time")
            return
        record = record_from(row["record"])
        deadline = max(int(time.time()), self._now) + LIFETIME_SECONDS
        data = self._signed_call(row["holder"], deadline, record)
        try:
            self._chain.simulate(self._relayer.address, self._credits, data)
        except Refused as refusal:
            self._refuse(row, refusal)
            return
        nonce = max([self._mined_nonce, *(each + 1 for each in self._nonces)])
        transaction = {
            "chainId": self._chain.chain_id,
            "nonce": nonce,
            "gas": GAS_LIMIT,
            "gasPrice": 0,
            "value": 0,
            "to": self._credits,
            "data": data,
        }
        raw = self._relayer.sign_transaction(transaction)
        tx_hash = "0x" + keccak(raw).hex()
        signed: dict[str, Any] = {"raw": raw, "nonce": nonce, "deadline": deadline, "tx_hash": tx_hash}
        if self._move(row, ("accepted",), "prepared", tx_hash, **signed):
            self._nonces.append(nonce)
            self._send(row["request_id"], raw, "prepared")

    def _signed_call(self, holder: str, deadline: int, record: Retirement) -> str:
        order = retirement_order(self._ledger.deployment, holder=holder, deadline=deadline, retirement=record)
        signature = self._keystore.open_address(holder).sign_typed_data(order)
        return self._chain.encode("Credits", "retireByOrder", holder, deadline, record.as_tuple(), signature)

    def _send(self, request_id: str, raw: bytes, state: str) -> None:
        try:
            self._chain.send_raw(raw)
        except Refused:
            # Nodes that mine at once tell a refusal here already; the receipt says so on the next pass.
            pass
        except ChainUnreachable as error:
            if not isinstance(error.__cause__, RpcError):
                raise
            # The node answered, and does not take these bytes now: the next pass sees why, and others go on.
            log.warning("request %s waits: %s", request_id, error.message)
            return
        if state != "broadcast":
            request.move(self._engine, request_id, (state,), "broadcast")

    def _receipt(self, tx_hash: str | None) -> Receipt | None:
        if tx_hash is None:
            return None
        try:
            return self._chain.receipt(tx_hash, timeout_seconds=0.001)
        except TransactionLost:
            return None

    def _on_chain(self, row: RowMapping) -> bool:
        """Whether the contract keeps this very record; not so when another's took the number."""
        number = bytes.fromhex(row["retirement_id"][2:])
        kept = "0x" + bytes(self._ledger.read("Credits", "recordHash", number)).hex()
        return bool(kept == row["record_hash"])

    def _refuse(self, row: RowMapping, refusal: Exception) -> None:
        request.refuse(
            self._engine, row["request_id"], ("accepted", "prepared", "broadcast"), problem_of(refusal)
        )

    def _why(self, row: RowMapping, receipt: Receipt) -> Exception:
        """Why a mined transaction was refused: by running it again, before its block and now."""
        record = record_from(row["record"])
        data = self._signed_call(row["holder"], row["deadline"], record)
        for block in (receipt.block - 1, None):
            try:
                self._chain.simulate(self._relayer.address, self._credits, data, block=block)
            except Refused as refusal:
                return refusal
            except ChainError:
                continue
        return Problem("Refused")
