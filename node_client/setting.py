"""Settings of the ledger: who operates it, the length of notices, the rule of appraisal, the pause.

Flow: OperatorAppointed, NoticeLengthSet, AppraisalRuleSet, LedgerPaused, UnpauseProposed, LedgerUnpaused → `fold` → table
`setting`, one row a name, with the contracts' own defaults until an act changes them.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, select
from sqlmodel import SQLModel

from node_client import database
from node_client.batch import Batch
from node_client.database import number, text, word
from node_client.event import At, Event
from node_client.issuance import NoticeLengthSet
from node_client.member import OperatorAppointed
from node_client.methodology import AppraisalRuleSet
from node_client.supervision import LedgerPaused, LedgerUnpaused, UnpauseProposed

# What the contracts start with; numbers in decimals, `paused` true or false, members 0 for nobody.
DEFAULTS: Final = {
    "operator": "0",
    "notice_seconds": str(7 * 86_400),
    "quorum": "3",
    "pass_mark": "60",
    "paused": "false",
    "unpause_proposer": "0",
}


class SettingRow(SQLModel, table=True):
    """One setting's value; `sequence` is the act that set it, 0 for the default."""

    __tablename__ = "setting"

    name: str = word(primary_key=True)
    value: str = text()
    sequence: int = number(default=0)


EVENTS: Final[tuple[type[Event], ...]] = ()
FOLDS: Final = (
    OperatorAppointed,
    NoticeLengthSet,
    AppraisalRuleSet,
    LedgerPaused,
    UnpauseProposed,
    LedgerUnpaused,
)
TABLES: Final = (SettingRow,)


def begin(batch: Batch) -> None:
    """Every setting has its default."""
    for name, value in DEFAULTS.items():
        batch.row("setting", name)["value"] = value


def fold(event: Event, at: At, batch: Batch) -> None:
    """The settings are what the event says."""
    changed: dict[str, str] = {}
    match event:
        case OperatorAppointed():
            changed = {"operator": str(event.member_id)}
        case NoticeLengthSet():
            changed = {"notice_seconds": str(event.notice_seconds)}
        case AppraisalRuleSet():
            changed = {"quorum": str(event.quorum), "pass_mark": str(event.pass_mark)}
        case LedgerPaused():
            changed = {"paused": "true", "unpause_proposer": "0"}
        case UnpauseProposed():
            changed = {"unpause_proposer": str(event.member_id)}
        case LedgerUnpaused():
            changed = {"paused": "false", "unpause_proposer": "0"}
        case _:
            pass
    for name, value in changed.items():
        batch.row("setting", name).update(value=value, sequence=at.sequence)


def all_values(connection: Connection) -> dict[str, str]:
    """Every setting's value by name; the defaults before anything is mirrored."""
    table = database.table_of("setting")
    stored = {row.name: row.value for row in connection.execute(select(table.c.name, table.c.value))}
    return {**DEFAULTS, **stored}
