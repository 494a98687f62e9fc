"""What routes need: the settings, the database, the node, the keys, and answers in one shape.

Flow: `create_app` makes one `Portal` and stands it in `app.state.portal` → routes ask `portal_of(request)` → `answer`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from api.desk import Desk
from api.kinds import LARGEST
from api.lookup import K, Lookup, V
from api.node import Node
from api.paging import LONGEST_CURSOR, Cursors
from api.reading import Mark, Reader, Snapshot
from node_client.errors import DatabaseUnreachable
from node_client.remote_signer import vault_of
from node_client.settings import Settings

T = TypeVar("T")

log: Final = logging.getLogger("tanhui.api")


class Portal:
    """Everything that routes share. `node` is for simulating acts; the outbox and the head have nodes of their own."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self.settings = settings
        self.engine = engine
        self.reader = Reader(engine)
        self.cursors = Cursors.of_folder(settings.data)
        self.node = Node(settings)
        self.vault = vault_of(settings)
        self.desk = Desk(self)
        # Numbers of purposes by code, at one place of the mirror.
        self.purposes: tuple[Mark | None, dict[str, int]] = (None, {})
        self._lookups: dict[Callable[..., Any], Lookup[Any, Any]] = {}
        self._kept: Connection | None = None
        # Called when a request was accepted; the outbox sets it.
        self.wake: Callable[[], None] = lambda: None

    async def read(self, request: Request, work: Callable[[Snapshot], T]) -> T:
        """The work's result on one snapshot; the answer will tell its block."""
        found, mark = await self.reader.read(work)
        request.scope.setdefault("state", {})["mark"] = mark
        return found

    async def looked(self, look: Callable[[Connection, Collection[K]], Mapping[K, V]], key: K) -> V | None:
        """What a look at the API's own tables finds of the key, or None; handlers that ask at once share a look."""
        if look not in self._lookups:
            self._lookups[look] = Lookup(lambda keys: self._looked(lambda connection: look(connection, keys)))
        found: V | None = await self._lookups[look].find(key)
        return found

    async def _looked(self, work: Callable[[Connection], T]) -> T:
        """The result of a short look: on SQLite at once, on PostgreSQL in a thread."""
        if not self.reader.sqlite:
            return await self.stored(lambda: self._look(work))
        try:
            if self._kept is None:
                self._kept = self.engine.connect()
            with self._kept.begin():
                return work(self._kept)
        except DBAPIError:
            self.close()
            return await self.stored(lambda: self._look(work))

    def _look(self, work: Callable[[Connection], T]) -> T:
        connecting = self.engine
        if not self.reader.sqlite:
            # One statement needs no transaction, which would be two more round trips.
            connecting = connecting.execution_options(isolation_level="AUTOCOMMIT")
        with connecting.connect() as connection:
            return work(connection)

    def close(self) -> None:
        """The kept connection is closed."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    async def stored(self, work: Callable[[], T]) -> T:
        """The result of work on the API's own tables, done in a thread; trouble of the database is told as such."""
        try:
            return await run_in_threadpool(work)
        except DBAPIError as error:
            await run_in_threadpool(self.reader.check)
            raise DatabaseUnreachable(
                f"the database did not answer: {error}", remedy="look at its log"
            ) from error


def portal_of(request: Request) -> Portal:
    """The app's portal."""
    portal: Portal = request.app.state.portal
    return portal


PortalDep = Annotated[Portal, Depends(portal_of)]


def digits(value: Any) -> Any:
    """Only plain decimal digits make a number of a query or a path; "1.0", " 1" and "+1" do not."""
    if isinstance(value, str) and not (value.isascii() and value.isdecimal()):
        raise ValueError("it is no whole number in decimal digits")
    return value


Number = Annotated[int, BeforeValidator(digits), Field(ge=0, le=LARGEST, examples=[1])]
# Texts of a query: no control characters, which no name has and PostgreSQL does not take.
Search = Annotated[
    str,
    Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$", description="Part of a name."),
]
Word = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[ -~]+$")]
AddressFilter = Annotated[
    str, Field(pattern=r"^0x[0-9a-fA-F]{40}$", examples=["0x70997970C51812dc3A010C7d01b50e0d17dc79C8"])
]
HashFilter = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{64}$", examples=["0x" + "0" * 62 + "2a"])]
CreditText = Annotated[
    str,
    Field(
        pattern=r"^(0x[0-9a-fA-F]{1,64}|[0-9]{1,19}-[0-9]{1,39})$",
        description="A credit: its token id (0x…), or PROJECT-CREDIT.",
        examples=["1-1"],
    ),
]


class At(BaseModel):
    """What every read can be asked for."""

    model_config = ConfigDict(extra="forbid")

    min_block: Number | None = Field(
        None,
        description="Answer only once the mirror stands at this block or later; waits up to 2 s, else 503.",
    )


class Page(BaseModel):
    """Which part of a list."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, BeforeValidator(digits), Field(ge=1, le=500)] = Field(
        50, description="Rows a page."
    )
    cursor: Annotated[str, Field(max_length=LONGEST_CURSOR)] | None = Field(
        None, description="`next` of the page before, with the same filters."
    )


class Paged(Page, At):
    """What every list of the mirror can be asked for."""


class Json(Response):
    """Ready JSON bytes."""

    media_type = "application/json"
