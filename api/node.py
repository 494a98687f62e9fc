"""The API's way to the chain: opened when first needed, and anew after a failure. Reading never needs it.

Flow: `Node.run(work)` → the ledger, checked → work → its result; an unreachable node is forgotten, so that the next run
looks for it again. `Head` asks for the newest block once a second, for the lag that answers tell.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

from node_client.errors import ChainError, ChainUnreachable
from node_client.ledger import Ledger
from node_client.settings import Settings
from node_client.wire import Wire

T = TypeVar("T")

HEAD_SECONDS: Final = 1.0
_LONGEST_SECONDS: Final = 15.0


class Node:
    """One connection to the ledger's node, used by one thread at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ledger: Ledger | None = None
        self._wire: Wire | None = None
        self._using = threading.Lock()

    def run(self, work: Callable[[Ledger], T]) -> T:
        """The work's result. Raises `ChainError` when the node or the ledger's contracts are not there."""
        with self._using:
            if self._ledger is None:
                self._ledger = Ledger.open(self._settings)
            try:
                return work(self._ledger)
            except ChainUnreachable:
                self._forget()
                raise

    def run_batch(self, work: Callable[[Ledger, Wire], T]) -> T:
        """As `run`, for work that asks many things at once."""

        def wired(ledger: Ledger) -> T:
            if self._wire is None:
                self._wire = Wire(ledger.chain.url)
            return work(ledger, self._wire)

        return self.run(wired)

    def close(self) -> None:
        """The connection is closed."""
        with self._using:
            self._forget()

    def _forget(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None


class Head:
    """The newest block of the chain, as last seen by a thread of its own; None while no node answers."""

    def __init__(self, node: Node, tell: Callable[[int | None], None]) -> None:
        self._node = node
        self._tell = tell
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="tanhui-head", daemon=True)
        self.number: int | None = None
        self.error = ""

    def start(self) -> None:
        """The head is followed from now on."""
        self._thread.start()

    def stop(self) -> None:
        """The head is followed no longer."""
        self._ended.set()
        self._thread.join(timeout=5)

    def ask(self) -> None:
        """The head is as the node says now."""
        try:
            self.number, self.error = self._node.run(lambda ledger: ledger.chain.head()), ""
        except ChainError as error:
            self.number, self.error = None, error.message
        self._tell(self.number)

    def _follow(self) -> None:
        pause = HEAD_SECONDS
        while not self._ended.is_set():
            asked = time.monotonic()
            with contextlib.suppress(Exception):
                # Whatever goes wrong here, answers only lose their lag.
                self.ask()
            pause = HEAD_SECONDS if self.number is not None else min(pause * 2, _LONGEST_SECONDS)
            self._ended.wait(max(pause - (time.monotonic() - asked), 0.05))
