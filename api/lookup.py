"""Looks at the database that handlers share: those that ask while one look is under way share the next.

Flow: `Lookup.find(key)` → the keys of all who wait → one query → each handler gets its own. A look starts only after it was
asked for, so nobody is told of a state older than the question; and what a request costs is not a round trip of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Lookup(Generic[K, V]):
    """One kind of look, for all handlers of one process; used on its event loop."""

    def __init__(self, look: Callable[[Collection[K]], Awaitable[Mapping[K, V]]]) -> None:
        self._look = look
        self._waiting: dict[K, asyncio.Future[V | None]] = {}
        self._working: asyncio.Task[None] | None = None

    async def find(self, key: K) -> V | None:
        """What the database holds of the key now, or None. Raises what the look raises."""
        answer = self._waiting.get(key)
        if answer is None:
            answer = self._waiting[key] = asyncio.get_running_loop().create_future()
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        # A handler that goes away takes nothing from the others.
        return await asyncio.shield(answer)

    async def _work(self) -> None:
        while self._waiting:
            asked, self._waiting = self._waiting, {}
            try:
                found = await self._look(asked)
            except Exception as error:
                for answer in asked.values():
                    answer.set_exception(error)
            else:
                for key, answer in asked.items():
                    answer.set_result(found.get(key))
