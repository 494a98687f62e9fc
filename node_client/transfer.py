"""Transfers, orders carried and approvals: what ERC-1155 says.

Flow: TransferSingle, TransferBatch → `fold` → table `transfer`, one row a line; TransferOrderCarried and ApprovalForAll stand
in the journal. A transfer from nobody echoes an issuance, one to nobody a retirement or a cancellation; the act just before
it says which, and must say the same amounts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, Index, or_, select
from sqlalchemy.engine import RowMapping
from sqlmodel import SQLModel

from node_client import database
from node_client.batch import Batch
from node_client.cancellation import CreditsCancelled
from node_client.credit import CreditIssued
from node_client.database import address, hash_text, number, word
from node_client.errors import MirrorInconsistent
from node_client.event import LARGEST, At, Event
from node_client.retirement import CreditsRetired
from node_client.units import token_hex

NOBODY: Final = "0x" + "0" * 40


class TransferSingle(Event, frozen=True):
    """Grams of one credit moved."""

    operator: str
    from_: str
    to: str
    id: int
    value: int

    @property
    def lines(self) -> tuple[tuple[int, int], ...]:
        """Token id and grams."""
        return ((self.id, self.value),)

    def subject(self, at: At) -> str:
        """The transfer, by the act's number."""
        return f"transfer:{at.sequence}"


class TransferBatch(Event, frozen=True):
    """Grams of several credits, or of none, moved."""

    operator: str
    from_: str
    to: str
    ids: tuple[int, ...]
    values: tuple[int, ...]

    @property
    def lines(self) -> tuple[tuple[int, int], ...]:
        """Token ids and grams."""
        return tuple(zip(self.ids, self.values, strict=True))

    def subject(self, at: At) -> str:
        """The transfer, by the act's number."""
        return f"transfer:{at.sequence}"


class TransferOrderCarried(Event, frozen=True):
    """A signed transfer order was carried; the TransferSingle that follows is the transfer itself."""

    keeps_args = True
    order_id: str
    holder: str

    def subject(self, at: At) -> str:
        """The order."""
        return f"order:{self.order_id}"


class ApprovalForAll(Event, frozen=True):
    """An account allowed or forbade another to transfer for it."""

    keeps_args = True
    account: str
    operator: str
    approved: bool

    def subject(self, at: At) -> str:
        """The account."""
        return f"account:{self.account}"


class TransferRow(SQLModel, table=True):
    """One line of a transfer; `kind` is transfer, issuance, retirement or cancellation.

    Anybody may transfer 0 grams of a token id that was never issued, so the token id need not be a credit's.
    """

    __tablename__ = "transfer"
    __table_args__ = (
        Index("ix_transfer_token_id", "token_id", "sequence"),
        Index("ix_transfer_sender", "sender", "sequence"),
        Index("ix_transfer_receiver", "receiver", "sequence"),
        {"sqlite_with_rowid": False},
    )

    sequence: int = number(primary_key=True)
    line: int = number(primary_key=True)
    kind: str = word()
    operator: str = address()
    sender: str = address()
    receiver: str = address()
    token_id: str = hash_text()
    grams: int = number()
    block: int = number()
    timestamp: int = number()


EVENTS: Final = (TransferSingle, TransferBatch, TransferOrderCarried, ApprovalForAll)
FOLDS: Final = (TransferSingle, TransferBatch)
TABLES: Final = (TransferRow,)


def fold(event: Event, at: At, batch: Batch) -> None:
    """The transfer's lines are added."""
    if not isinstance(event, FOLDS):
        return
    if isinstance(event, TransferBatch) and len(event.ids) != len(event.values):
        raise _contradiction(at, f"{len(event.ids)} credits with {len(event.values)} amounts")
    kind = "transfer"
    if NOBODY in (event.from_, event.to):
        kind = _echo(event, at, batch)
    for line, (token_id, grams) in enumerate(event.lines):
        if grams > LARGEST:
            raise _contradiction(at, f"{grams} g, more than can be issued")
        accounts = (event.operator, event.from_, event.to)
        batch.add(
            "transfer",
            (at.sequence, line, kind, *accounts, token_hex(token_id), grams, at.block, at.timestamp),
        )


def _echo(event: TransferSingle | TransferBatch, at: At, batch: Batch) -> str:
    """What a transfer from or to nobody is; it must agree with the act that it echoes."""
    told, told_at = batch.previous or (None, None)
    if told_at is not None and told_at.tx_hash == at.tx_hash:
        match told:
            case CreditIssued() if (NOBODY, told.holder, ((told.token_id, told.grams),)) == _moved(event):
                return "issuance"
            case CreditsCancelled() if (told.holder, NOBODY, ((told.token_id, told.grams),)) == _moved(event):
                return "cancellation"
            case CreditsRetired() if (told.holder, NOBODY, _lines(told)) == _moved(event):
                return "retirement"
            case _:
                pass
    raise _contradiction(
        at, "grams from or to nobody, without the issuance, retirement or cancellation that says so"
    )


def _moved(event: TransferSingle | TransferBatch) -> tuple[str, str, tuple[tuple[int, int], ...]]:
    return event.from_, event.to, event.lines


def _lines(event: CreditsRetired) -> tuple[tuple[int, int], ...]:
    return tuple((line.token_id, line.grams) for line in event.record.lines)


def _contradiction(at: At, what: str) -> MirrorInconsistent:
    return MirrorInconsistent(
        f"act {at.sequence} in block {at.block} (log {at.log_index} of {at.tx_hash}) moves {what}",
        remedy="the node leaves logs out or alters them: use another node",
    )


def by_sequence(connection: Connection, sequence: int) -> Sequence[RowMapping]:
    """The lines of a transfer, in their order; none when the act is no transfer."""
    table = database.table_of("transfer")
    chosen = select(table).where(table.c.sequence == sequence).order_by(table.c.line)
    return connection.execute(chosen).mappings().all()


def page(
    connection: Connection,
    *,
    after: tuple[int, int] | None = None,
    limit: int = 50,
    account: str | None = None,
    token_id: str | None = None,
    kind: str | None = None,
) -> Sequence[RowMapping]:
    """Lines of transfers newest first, below (sequence, line) `after`; an account's are those it sent or received."""
    table = database.table_of("transfer")
    chosen = select(table)
    if account is not None:
        chosen = chosen.where(or_(table.c.sender == account, table.c.receiver == account))
    if token_id is not None:
        chosen = chosen.where(table.c.token_id == token_id)
    if kind is not None:
        chosen = chosen.where(table.c.kind == kind)
    if after is not None:
        sequence, line = after
        same = (table.c.sequence == sequence) & (table.c.line < line)
        chosen = chosen.where((table.c.sequence < sequence) | same)
    newest = chosen.order_by(table.c.sequence.desc(), table.c.line.desc())
    return connection.execute(newest.limit(min(limit, database.HIGHEST_LIMIT))).mappings().all()
