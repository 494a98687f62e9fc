"""Lists and details of a noun: one way for all.

Flow of a list: the query's model (strict: an unknown filter is refused) → conditions on the noun's columns and the cursor's
place → rows newest first → each written by its answer's model → one page.

A `Listing` holds what differs from noun to noun: the columns, the order, and what each filter means.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from eth_utils.address import to_checksum_address
from fastapi import Request, Response
from pydantic import BaseModel, Field, create_model
from sqlalchemy import ColumnElement, Select, Table, and_, or_, select

from api.deps import Json, Page, Paged, Portal
from api.faults import documented
from api.kinds import Answer, json_bytes, writer
from api.paging import body_of, filters_of, link_of
from api.problems import Problem
from api.reading import Snapshot
from node_client.database import table_of
from node_client.units import parse_token_id, token_hex

Model = TypeVar("Model", bound=BaseModel)
Condition = Callable[[Table, Any], ColumnElement[bool]]


def equal(column: str) -> Condition:
    """Rows whose column has the value."""
    return lambda table, value: table.c[column] == value


def address(column: str) -> Condition:
    """Rows whose column is the address, however its letters are written."""
    return lambda table, value: table.c[column] == to_checksum_address(value)


def lower(column: str) -> Condition:
    """Rows whose column is the hash, however its letters are written."""
    return lambda table, value: table.c[column] == value.lower()


def credit(column: str = "token_id") -> Condition:
    """Rows of the credit, given as token id or PROJECT-CREDIT."""
    return lambda table, value: table.c[column] == token_of(value)


def contains(*columns: str) -> Condition:
    """Rows in which one of the columns contains the text, whatever the case of its letters."""
    return lambda table, value: or_(*(table.c[name].icontains(value, autoescape=True) for name in columns))


def token_of(text: str) -> str:
    """The token id of a credit as SQL has it. Raises NotFound for what is no token id at all."""
    try:
        return token_hex(parse_token_id(text))
    except ValueError as error:
        raise Problem("NotFound", {"path": text}) from error


@dataclass(frozen=True)
class Listing(Generic[Model]):
    """One noun's list. `order` are columns that together are unique; `renamed` gives columns other names."""

    name: str
    model: type[Model]
    conditions: Mapping[str, Condition]
    order: tuple[str, ...] = ("sequence",)
    ascending: bool = False
    table_name: str = ""
    renamed: Mapping[str, str] = field(default_factory=dict)

    @functools.cached_property
    def table(self) -> Table:
        """The noun's table."""
        return table_of(self.table_name or self.name)

    @functools.cached_property
    def columns(self) -> Select[Any]:
        """Everything of the table, under the answer's names."""
        return select(
            *(
                each.label(self.renamed[each.name]) if each.name in self.renamed else each
                for each in self.table.c
            )
        )

    def chosen(self, query: Paged, filters: Mapping[str, Any], place: Sequence[Any] | None) -> Select[Any]:
        """The statement of a page: one row more than asked for, to know whether another page follows."""
        wanted = [self.conditions[name](self.table, value) for name, value in filters.items()]
        if place is not None:
            wanted.append(self._beyond(place))
        ordered = [self.table.c[name] if self.ascending else self.table.c[name].desc() for name in self.order]
        return self.columns.where(*wanted).order_by(*ordered).limit(query.limit + 1)

    def _beyond(self, place: Sequence[Any]) -> ColumnElement[bool]:
        options = []
        for depth, name in enumerate(self.order):
            same = [
                self.table.c[each] == value for each, value in zip(self.order[:depth], place, strict=False)
            ]
            column = self.table.c[name]
            further = column > place[depth] if self.ascending else column < place[depth]
            options.append(and_(*same, further))
        return or_(*options)

    async def page(self, portal: Portal, request: Request, query: Paged) -> Response:
        """A page of the list."""
        filters = filters_of(query.model_dump())
        place = portal.cursors.read(query.cursor, self.name, filters) if query.cursor else None
        statement = self.chosen(query, filters, place)
        write = writer(self.model)

        def work(snapshot: Snapshot) -> tuple[list[bytes], list[Any] | None, int]:
            rows = snapshot.connection.execute(statement).mappings().all()
            shown = rows[: query.limit]
            names = [self.renamed.get(name, name) for name in self.order]
            last = [shown[-1][name] for name in names] if len(rows) > query.limit else None
            return [json_bytes(write(row)) for row in shown], last, snapshot.mark.block

        documents, last, block = await portal.read(request, work)
        return paged(portal, request, self.name, query, documents, last, block)

    def one(self, snapshot: Snapshot, **key: Any) -> dict[str, Any] | None:
        """The values of the row of a key, or None."""
        statement = self.columns.where(*(self.table.c[name] == value for name, value in key.items()))
        row = snapshot.connection.execute(statement).mappings().first()
        return None if row is None else writer(self.model)(row)


def paged(
    portal: Portal,
    request: Request,
    name: str,
    query: Page,
    documents: Sequence[bytes],
    last: Sequence[Any] | None,
    block: int,
    own: Mapping[str, Any] | None = None,
) -> Response:
    """The answer of a page; `last` is the place of its last row when another page follows, `own` binds its cursor further."""
    filters = filters_of(query.model_dump())
    if last is None:
        return Json(body_of(documents, None, block))
    following = portal.cursors.make(name, last, {**filters, **(own or {})})
    link = link_of(request.url.path, filters, query.limit, following)
    return Json(body_of(documents, following, block), headers={"Link": link})


async def detail(
    portal: Portal, request: Request, find: Callable[[Snapshot], dict[str, Any] | None]
) -> Response:
    """The answer of one thing. Raises the problem NotFound when there is none."""
    values = await portal.read(request, find)
    if values is None:
        raise Problem("NotFound", {"path": request.url.path})
    return Json(json_bytes(values))


def rows_of(snapshot: Snapshot, model: type[BaseModel], statement: Select[Any]) -> list[dict[str, Any]]:
    """The values of every row of a statement."""
    write = writer(model)
    return [write(row) for row in snapshot.connection.execute(statement).mappings()]


@functools.cache
def page_model(model: type[BaseModel]) -> type[BaseModel]:
    """The model of a page of these, for OpenAPI and tests."""
    return create_model(
        f"{model.__name__}Page",
        __base__=Answer,
        __doc__=f"A page of {model.__name__}.",
        data=(list[model], Field(description="Newest first, unless the route says otherwise.")),  # type: ignore[valid-type]
        next=(str | None, Field(description="Cursor of the next page; null on the last one.")),
        block=(int, Field(description="The block this answer speaks for.", ge=0)),
    )


_BLOCK_HEADERS = {
    "X-Mirror-Block": {"description": "The block this answer speaks for.", "schema": {"type": "integer"}},
    "X-Mirror-Lag-Blocks": {
        "description": "Blocks of the chain not yet mirrored; `unknown` when no node answers.",
        "schema": {"type": "string"},
    },
    "ETag": {"description": "Changes with the block.", "schema": {"type": "string"}},
}


def listed(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's `responses` of a list."""
    headers = {**_BLOCK_HEADERS, "Link": {"description": "The next page.", "schema": {"type": "string"}}}
    return {
        200: {"model": page_model(model), "headers": headers},
        304: {"description": "As before: If-None-Match names this block's ETag."},
        **documented("CursorInvalid", "MirrorBehind", "MirrorEmpty"),
    }


def shown(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's `responses` of a detail."""
    return {
        200: {"model": model, "headers": _BLOCK_HEADERS},
        304: {"description": "As before: If-None-Match names this block's ETag."},
        **documented("NotFound", "MirrorBehind", "MirrorEmpty"),
    }
