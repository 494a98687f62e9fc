"""What the mirror shows: the only thing that makes a request final, and that takes it back.

Flow: requests under way joined with the mirror's retirements → final. A mirror that went back → once it stands as far as
before, final requests that it does not show are under way again.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import Engine, or_, select

from api import request
from api.request import Change
from node_client.database import table_of

_AT_ONCE: Final = 1_000


class Place(NamedTuple):
    """Where the mirror stands."""

    block: int
    hash: str


class Mirrored:
    """Follows the mirror, between the passes of one outbox."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._seen: Place | None = None
        # The block from which on the mirror can be asked whether what it showed is still there; at a start, at once.
        self._doubt: int | None = -1

    def step(self) -> int:
        """What the mirror shows is final; its block, -1 before the first."""
        place = self._place()
        if place is None:
            return -1
        if self._seen is not None and not self._continues(self._seen, place):
            self._doubt = max(self._seen.block, self._doubt or -1)
        self._seen = place
        if self._doubt is not None and place.block >= self._doubt:
            self._take_back(place.block)
            self._doubt = None
        while self._finish() == _AT_ONCE:
            pass
        return place.block

    def _place(self) -> Place | None:
        table = table_of("checkpoint")
        with self._engine.connect() as connection:
            found = connection.execute(select(table.c.block, table.c.block_hash)).first()
        return None if found is None else Place(found.block, found.block_hash)

    def _continues(self, before: Place, now: Place) -> bool:
        """Whether the mirror only went on since."""
        if now.block <= before.block:
            return now == before
        table = table_of("block")
        with self._engine.connect() as connection:
            found = connection.execute(select(table.c.hash).where(table.c.number == before.block)).scalar()
        return bool(found == before.hash)

    def _finish(self) -> int:
        rows, shown = table_of("request"), table_of("retirement")
        chosen = (
            select(rows.c.number, shown.c.block, shown.c.tx_hash)
            .join(
                shown,
                (shown.c.retirement_id == rows.c.retirement_id) & (shown.c.record_hash == rows.c.record_hash),
            )
            .where(rows.c.state.in_(request.OPEN))
            .limit(_AT_ONCE)
        )
        with self._engine.connect() as connection:
            found = connection.execute(chosen).all()
        changes = [
            Change(row.number, "mirrored", {"block": row.block, "tx_hash": row.tx_hash}) for row in found
        ]
        return len(request.move_all(self._engine, changes, request.OPEN, "final"))

    def _take_back(self, block: int) -> None:
        """Final requests of blocks that the mirror has, but without them, are under way again."""
        rows, shown = table_of("request"), table_of("retirement")
        after: int | None = None
        while True:
            chosen = (
                select(rows.c.number, rows.c.raw, rows.c.block, shown.c.block.label("shown"))
                .outerjoin(
                    shown,
                    (shown.c.retirement_id == rows.c.retirement_id)
                    & (shown.c.record_hash == rows.c.record_hash),
                )
                .where(rows.c.state == "final", or_(rows.c.block.is_(None), rows.c.block <= block))
                .order_by(rows.c.number.desc())
                .limit(_AT_ONCE)
            )
            if after is not None:
                chosen = chosen.where(rows.c.number < after)
            with self._engine.connect() as connection:
                found = connection.execute(chosen).all()
            gone = [row for row in found if row.shown is None or row.shown != row.block]
            why = "gone from the mirror"
            signed = [Change(row.number, why) for row in gone if row.raw is not None]
            bare = [Change(row.number, why) for row in gone if row.raw is None]
            request.move_all(self._engine, signed, ("final",), "broadcast")
            request.move_all(self._engine, bare, ("final",), "accepted")
            # Forks are short: a whole page that stands ends the search.
            if not gone or len(found) < _AT_ONCE:
                return
            after = found[-1].number
