"""What was folded, on its way into SQL: one transaction after the other, in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from node_client.mirror.checkpoint import Checkpoint


class Writer:
    """Commits one transaction while the next one is folded.

    `committed` is the checkpoint in SQL; `told` hears in the caller's thread of each commit, from where to where.
    """

    def __init__(self, now: Checkpoint, told: Callable[[Checkpoint, Checkpoint], None]) -> None:
        self.committed = now
        self._told = told
        self._pool = ThreadPoolExecutor(1, "tanhui-write")
        self._pending: Future[Checkpoint] | None = None

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_error: object) -> None:
        # Whatever stopped the mirror, the transaction before it was sent off and is answered for first.
        try:
            self.settle()
        finally:
            self._pool.shutdown()

    @property
    def idle(self) -> bool:
        """Whether no commit is under way."""
        return self._pending is None or self._pending.done()

    def start(self, commit: Callable[[], Checkpoint]) -> None:
        """The commit has begun, after the one before it has ended."""
        self.settle()
        self._pending = self._pool.submit(commit)

    def settle(self) -> None:
        """No commit is under way. Raises what the last one raised."""
        pending, self._pending = self._pending, None
        if pending is not None:
            before, self.committed = self.committed, pending.result()
            self._told(before, self.committed)
