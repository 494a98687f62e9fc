"""The outbox's thread: one pass after the other, as long as it holds the lock file."""

from __future__ import annotations

import fcntl
import os
import threading
from typing import Final

from sqlalchemy import Engine, select

from api import request
from api.deps import log
from api.node import Node
from api.outbox.following import Following
from api.outbox.means import Means, Patience
from api.outbox.mirrored import Mirrored
from api.outbox.preparing import Preparing
from node_client.database import table_of
from node_client.ledger import Ledger
from node_client.settings import Settings
from node_client.signer import Vault

PASS_SECONDS: Final = 0.2
# Requests that arrive within this time share a pass.
_GATHER_SECONDS: Final = 0.02


class Outbox:
    """Moves requests along, in a thread from `start` to `stop`, or one pass at a time by `step`."""

    def __init__(
        self, settings: Settings, engine: Engine, vault: Vault, patience: Patience | None = None
    ) -> None:
        self._settings = settings
        self._patience = patience or Patience()
        self._engine = engine
        self._vault = vault
        self._node = Node(settings)
        self._mirrored = Mirrored(engine)
        self._connection: _Connection | None = None
        self._lock_file = settings.data / "outbox.lock"
        self._wanted = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self.run, name="tanhui-outbox", daemon=True)
        self.error = ""

    def start(self) -> None:
        """Requests are carried from now on."""
        self._thread.start()

    def stop(self) -> None:
        """No pass runs any more; what is under way stays stored."""
        self.end()
        self._thread.join(timeout=30)
        self.close()

    def end(self) -> None:
        """No further pass starts."""
        self._ended.set()
        self._wanted.set()

    def close(self) -> None:
        """The connections to the node are closed."""
        if self._connection is not None:
            self._connection.means.close()
            self._connection = None
        self._node.close()

    def wake(self) -> None:
        """The next pass starts at once."""
        self._wanted.set()

    def run(self) -> None:
        """Requests are carried by this thread until `end`."""
        handle = os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            while not self._ended.is_set() and not _locked(handle):
                self._ended.wait(1.0)
            while not self._ended.is_set():
                self._wanted.clear()
                try:
                    self._tell(self.step())
                except Exception as error:
                    self._tell(str(error), error)
                self._wanted.wait(PASS_SECONDS)
                self._ended.wait(_GATHER_SECONDS)
        finally:
            os.close(handle)

    def _tell(self, trouble: str, error: Exception | None = None) -> None:
        if trouble and trouble != self.error:
            log.warning("the outbox waits: %s", trouble, exc_info=error)
        self.error = trouble

    def step(self) -> str:
        """One pass; what some requests wait for, empty when nothing is amiss.

        Raises what keeps it from reaching the chain or the database.
        """
        block = self._mirrored.step()
        if not self._anything_open():
            return ""
        return self._node.run(lambda ledger: self._at(ledger).step(block))

    def _anything_open(self) -> bool:
        table = table_of("request")
        with self._engine.connect() as connection:
            chosen = select(table.c.number).where(table.c.state.in_(request.OPEN)).limit(1)
            return connection.execute(chosen).first() is not None

    def _at(self, ledger: Ledger) -> _Connection:
        # A node that was away may have lost its pool: with a new connection everything is offered again.
        if self._connection is None or self._connection.means.ledger is not ledger:
            if self._connection is not None:
                self._connection.means.close()
                self._connection = None
            self._connection = _Connection(
                Means(self._settings, self._engine, self._vault, ledger, self._patience)
            )
        return self._connection


class _Connection:
    """What the outbox knows while one connection to the node lives."""

    def __init__(self, means: Means) -> None:
        self.means = means
        self._following = Following(means)
        self._preparing = Preparing(means, self._following)

    def step(self, mirrored_block: int) -> str:
        """One pass on the chain."""
        self._preparing.step(self._following.step(mirrored_block))
        return self._following.trouble or self._preparing.trouble


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
