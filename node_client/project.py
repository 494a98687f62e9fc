"""Projects and the claim keys of their sites.

Flow: ProjectSubmitted, ProjectStateChanged → `fold` → tables `project` and `claim_key` → queries.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection, Index, select
from sqlalchemy.engine import RowMapping
from sqlmodel import SQLModel

from node_client import database
from node_client.batch import Batch
from node_client.database import hash_text, number, text, word
from node_client.event import At, Event

# As numbered in IProjects.sol.
STATES: Final = ("none", "submitted", "registered", "returned", "suspended", "closed")


class ProjectSubmission(msgspec.Struct, frozen=True):
    """What an owner submits of a project; the crediting period is [start, end) in days since 1970."""

    methodology_id: int
    crediting_start: int
    crediting_end: int
    document_hash: str
    code: str
    name: str
    place: str
    claim_keys: tuple[str, ...]


class ProjectSubmitted(Event, frozen=True):
    """A project was submitted."""

    contracts = ("Projects",)
    project_id: int
    owner_id: int
    submission: ProjectSubmission

    def subject(self, at: At) -> str:
        """The project."""
        return f"project:{self.project_id}"


class ProjectStateChanged(Event, frozen=True):
    """A project changed state."""

    contracts = ("Projects",)
    keeps_args = True
    project_id: int
    state: int
    member_id: int
    reason: str

    def subject(self, at: At) -> str:
        """The project."""
        return f"project:{self.project_id}"


class ProjectRow(SQLModel, table=True):
    """One project; its crediting period is [start, end) in days since 1970, `sequence` the act that submitted it."""

    __tablename__ = "project"
    __table_args__ = (
        Index("ix_project_owner_id", "owner_id"),
        Index("ix_project_methodology_id", "methodology_id"),
    )

    project_id: int = number(primary_key=True)
    sequence: int = number(unique=True)
    state: str = word()
    owner_id: int = number(foreign_key="member.member_id")
    methodology_id: int = number(foreign_key="methodology.methodology_id")
    crediting_start: int = number()
    crediting_end: int = number()
    document_hash: str = hash_text()
    code: str = text()
    name: str = text()
    place: str = text()
    block: int = number()
    timestamp: int = number()


class ClaimKeyRow(SQLModel, table=True):
    """One claim key of a project, in the order submitted."""

    __tablename__ = "claim_key"
    __table_args__ = (Index("ix_claim_key_claim_key", "claim_key"),)

    project_id: int = number(primary_key=True, foreign_key="project.project_id")
    line: int = number(primary_key=True)
    claim_key: str = hash_text()


EVENTS: Final = (ProjectSubmitted, ProjectStateChanged)
FOLDS: Final = EVENTS
TABLES: Final = (ProjectRow, ClaimKeyRow)


def fold(event: Event, at: At, batch: Batch) -> None:
    """The project is as the event says."""
    match event:
        case ProjectSubmitted():
            said = event.submission
            batch.row("project", event.project_id).update(
                sequence=at.sequence,
                state="submitted",
                owner_id=event.owner_id,
                methodology_id=said.methodology_id,
                crediting_start=said.crediting_start,
                crediting_end=said.crediting_end,
                document_hash=said.document_hash,
                code=str(said.code),
                name=str(said.name),
                place=str(said.place),
                block=at.block,
                timestamp=at.timestamp,
            )
            for line, key in enumerate(said.claim_keys):
                batch.insert("claim_key", project_id=event.project_id, line=line, claim_key=key)
        case ProjectStateChanged():
            batch.known("project", event.project_id)["state"] = STATES[event.state]
        case _:
            pass


def by_id(connection: Connection, project_id: int) -> RowMapping | None:
    """The project of a number, or None."""
    return database.one(connection, "project", database.table_of("project").c.project_id == project_id)


def page(
    connection: Connection,
    *,
    after: int | None = None,
    limit: int = 50,
    state: str | None = None,
    owner_id: int | None = None,
    methodology_id: int | None = None,
) -> Sequence[RowMapping]:
    """Projects newest first, below the sequence `after`."""
    filters = {"state": state, "owner_id": owner_id, "methodology_id": methodology_id}
    return database.page(connection, "project", after=after, limit=limit, filters=filters)


def claim_keys(connection: Connection, project_id: int) -> Sequence[str]:
    """The claim keys of a project, in the order submitted."""
    table = database.table_of("claim_key")
    chosen = select(table.c.claim_key).where(table.c.project_id == project_id).order_by(table.c.line)
    return connection.execute(chosen).scalars().all()
