"""Handlers share looks at the database, and none is told of a state older than its question."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import pytest

from api.lookup import Lookup


class Shelf:
    """What is looked at, and the looks so far; each look takes a while, and sees what is there when it starts."""

    def __init__(self) -> None:
        self.held = {"a": 1, "b": 2}
        self.looks: list[set[str]] = []
        self.broken = False

    async def look(self, keys: Collection[str]) -> dict[str, int]:
        self.looks.append(set(keys))
        held = dict(self.held)
        await asyncio.sleep(0.05)
        if self.broken:
            raise ConnectionError
        return {key: held[key] for key in keys if key in held}


def test_those_who_ask_at_once_share_a_look_and_each_gets_its_own() -> None:
    async def asked() -> None:
        shelf = Shelf()
        lookup = Lookup(shelf.look)
        assert await asyncio.gather(*(lookup.find(key) for key in "abcab")) == [1, 2, None, 1, 2]
        assert shelf.looks == [{"a", "b", "c"}]

    asyncio.run(asked())


def test_who_asks_during_a_look_gets_the_next_one() -> None:
    async def asked() -> None:
        shelf = Shelf()
        lookup = Lookup(shelf.look)
        first = asyncio.create_task(lookup.find("a"))
        await asyncio.sleep(0.02)
        # As when a key is revoked: whoever asks from now on is told so.
        del shelf.held["a"]
        assert await lookup.find("a") is None
        assert await first == 1
        assert shelf.looks == [{"a"}, {"a"}]

    asyncio.run(asked())


def test_trouble_reaches_all_who_asked_and_nobody_later() -> None:
    async def asked() -> None:
        shelf = Shelf()
        lookup = Lookup(shelf.look)
        shelf.broken = True
        found = await asyncio.gather(*(lookup.find(key) for key in "aab"), return_exceptions=True)
        assert [type(each) for each in found] == [ConnectionError] * 3
        shelf.broken = False
        assert await lookup.find("a") == 1

    asyncio.run(asked())


def test_a_handler_that_goes_away_takes_nothing_from_the_others() -> None:
    async def asked() -> None:
        lookup = Lookup(Shelf().look)
        leaving, staying = (asyncio.create_task(lookup.find("a")) for _ in range(2))
        await asyncio.sleep(0.01)
        leaving.cancel()
        assert await staying == 1
        with pytest.raises(asyncio.CancelledError):
            await leaving

    asyncio.run(asked())
