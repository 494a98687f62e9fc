"""Credits: one row per token id, with what became of its volume.

Flow: CreditIssued, CreditsRetired, CreditsCancelled, CreditFrozen, CreditUnfrozen → `fold` → table `credit` → queries.
Serials 1 to `retired_grams` of a credit are retired, without gaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, Index
from sqlalchemy.engine import RowMapping
from sqlmodel import SQLModel

from node_client import database
from node_client.batch import Batch
from node_client.cancellation import CreditsCancelled
from node_client.database import address, hash_text, number, text, word
from node_client.errors import MirrorInconsistent
from node_client.event import At, Event, bounded
from node_client.retirement import CreditsRetired
from node_client.supervision import CreditFrozen, CreditUnfrozen
from node_client.units import decode_token_id, token_hex


class CreditIssued(Event, frozen=True):
    """A credit was issued, its whole volume at once. A TransferSingle from nobody follows."""

    token_id: int
    issuance_id: int
    holder: str
    grams: int

    def subject(self, at: At) -> str:
        """The credit."""
        return f"credit:{token_hex(self.token_id)}"


class CreditRow(SQLModel, table=True):
    """One credit. `credit_id` is a decimal of up to 128 bits, `holder` the first holder, `issued_at` Unix seconds."""

    __tablename__ = "credit"
    __table_args__ = (
        Index("ix_credit_project_id", "project_id", "sequence"),
        Index("ix_credit_vintage", "vintage", "sequence"),
    )

    token_id: str = hash_text(primary_key=True)
    sequence: int = number(unique=True)
    project_id: int = number(foreign_key="project.project_id")
    credit_id: str = word()
    methodology_id: int = number(foreign_key="methodology.methodology_id")
    vintage: int = number()
    issuance_id: int = number(foreign_key="issuance.issuance_id", unique=True)
    holder: str = address(foreign_key="account.account")
    issued_grams: int = number()
    retired_grams: int = number(default=0)
    cancelled_grams: int = number(default=0)
    frozen_until: int = number(default=0)
    frozen_case: str | None = text(default=None)
    block: int = number()
    issued_at: int = number()


EVENTS: Final = (CreditIssued,)
FOLDS: Final = (CreditIssued, CreditsRetired, CreditsCancelled, CreditFrozen, CreditUnfrozen)
TABLES: Final = (CreditRow,)


def fold(event: Event, at: At, batch: Batch) -> None:
    """The credit's amounts and freeze are as the event leaves them."""
    match event:
        case CreditsRetired():
            _retire(event, at, batch)
        case CreditIssued():
            _issue(event, at, batch)
        case CreditsCancelled():
            batch.known("credit", token_hex(event.token_id))["cancelled_grams"] += event.grams
        case CreditFrozen():
            frozen = batch.known("credit", token_hex(event.token_id))
            frozen.update(frozen_until=bounded(event.until), frozen_case=str(event.case_number))
        case CreditUnfrozen():
            batch.known("credit", token_hex(event.token_id)).update(frozen_until=0, frozen_case=None)
        case _:
            pass


def _issue(event: CreditIssued, at: At, batch: Batch) -> None:
    project_id, credit_id = decode_token_id(event.token_id)
    batch.row("credit", token_hex(event.token_id)).update(
        sequence=at.sequence,
        project_id=project_id,
        credit_id=str(credit_id),
        methodology_id=batch.read("project", project_id)["methodology_id"],
        vintage=batch.read("issuance", event.issuance_id)["vintage"],
        issuance_id=event.issuance_id,
        holder=event.holder,
        issued_grams=event.grams,
        block=at.block,
        issued_at=at.timestamp,
    )


def _retire(event: CreditsRetired, at: At, batch: Batch) -> None:
    for line, first in zip(event.record.lines, event.first_serials, strict=True):
        credit = batch.known("credit", token_hex(line.token_id))
        if first != credit["retired_grams"] + 1:
            raise MirrorInconsistent(
                f"act {at.sequence} in block {at.block} retires serials from {first} of credit {credit['token_id']}, "
                f"of which {credit['retired_grams']} are retired",
                remedy="the node's answer or the database is damaged: run `tanhui audit`",
            )
        credit["retired_grams"] += line.grams


def by_id(connection: Connection, token_id: str) -> RowMapping | None:
    """The credit of a token id (0x and 64 lower-case digits), or None."""
    return database.one(connection, "credit", database.table_of("credit").c.token_id == token_id)


def page(
    connection: Connection,
    *,
    after: int | None = None,
    limit: int = 50,
    project_id: int | None = None,
    methodology_id: int | None = None,
    vintage: int | None = None,
) -> Sequence[RowMapping]:
    """Credits newest first, below the sequence `after`."""
    filters = {"project_id": project_id, "methodology_id": methodology_id, "vintage": vintage}
    return database.page(connection, "credit", after=after, limit=limit, filters=filters)
