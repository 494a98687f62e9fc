"""How the writing mirror is, in one row that everybody can read: what it does, why it waits, whether it is frozen.

Flow: the loop → `Beat.tell` (on every change, and every few seconds) → table `health` → `read` → `diagnose` → `tanhui mirror
status` and the API's /status and /metrics. A fork on a final chain → `freeze`: nobody writes until `thaw` or a rebuild.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Engine, delete, exists, insert, select, update
from sqlmodel import SQLModel

from node_client.database import number, table_of, text, word
from node_client.errors import ForkDetected, TanhuiError
from node_client.mirror import checkpoint as checkpoints
from node_client.mirror.checkpoint import Checkpoint

BEAT_SECONDS: Final = 5.0
# A following mirror that has said nothing for so long has been killed or hangs.
SILENT_SECONDS: Final = 120
STILL_SECONDS: Final = 60
SLOW_COMMIT_SECONDS: Final = 2.0
_ONLY: Final = 1


class HealthRow(SQLModel, table=True):
    """The one row of the writer. `state` is running, waiting, ended, stopped or frozen; times are Unix seconds.

    `cause` is the name of the error it waits or stopped for, `head` the newest block of its node, `head_at` when that last
    changed, `commit_ms` how long its last commit took.
    """

    __tablename__ = "health"

    id: int = number(primary_key=True)
    state: str = word()
    cause: str = word()
    message: str = text()
    remedy: str = text()
    since: int = number()
    told_at: int = number()
    head: int = number()
    head_at: int = number()
    commit_ms: int = number()


@dataclass(frozen=True, slots=True)
class Health:
    """What the writer said last; see `HealthRow`."""

    state: str
    cause: str
    message: str
    remedy: str
    since: int
    told_at: int
    head: int
    head_at: int
    commit_ms: int


def read(connection: Connection) -> Health | None:
    """What the writer said last, or None when none ever wrote."""
    row = (
        connection.execute(select(table_of("health")).where(table_of("health").c.id == _ONLY))
        .mappings()
        .first()
    )
    return None if row is None else Health(**{name: row[name] for name in Health.__slots__})


class Beat:
    """One writer's voice. A writer that was replaced is not heard any more."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock
        self._told = ("", "", "")
        self._told_at = 0.0
        self._since = 0
        self.head = -1
        self._head_at = 0
        self.commit_seconds = 0.0

    def seen(self, head: int) -> None:
        """The node's newest block is `head`."""
        if head != self.head:
            self.head, self._head_at = head, int(self._clock())

    def tell(self, epoch: int, state: str, error: TanhuiError | None = None) -> None:
        """Everybody can read the state, if it is news or the last word is some seconds old."""
        said = (state, type(error).__name__ if error else "", error.message if error else "")
        now = self._clock()
        if said == self._told and now - self._told_at < BEAT_SECONDS:
            return
        if said[:2] != self._told[:2]:
            self._since = int(now)
        values: dict[str, int | str] = {
            "state": state,
            "cause": said[1],
            "message": said[2],
            "remedy": error.remedy if error else "",
            "since": self._since,
            "told_at": int(now),
            "head": self.head,
            "head_at": self._head_at,
            "commit_ms": int(self.commit_seconds * 1000),
        }
        with self._engine.begin() as connection:
            _write(connection, epoch, values)
        self._told, self._told_at = said, now


def _write(connection: Connection, epoch: int, values: dict[str, int | str]) -> bool:
    """The row has these values, unless another writer has come; whether it has."""
    table, checkpoint = table_of("health"), table_of("checkpoint")
    mine = exists(select(checkpoint.c.id).where(checkpoint.c.epoch == epoch))
    if connection.execute(update(table).where(table.c.id == _ONLY, mine).values(**values)).rowcount:
        return True
    if connection.execute(select(table.c.id)).first() is None and connection.execute(select(mine)).scalar():
        connection.execute(insert(table).values(id=_ONLY, **values))
        return True
    return False


def freeze(engine: Engine, now: Checkpoint, beat: Beat, error: ForkDetected) -> None:
    """Nobody writes any more until `thaw` or a rebuild, if `now` is still this writer's; else nothing is changed."""
    moment = int(time.time())
    values: dict[str, int | str] = {
        "state": "frozen",
        "cause": type(error).__name__,
        "message": error.message,
        "remedy": error.remedy,
        "since": moment,
        "told_at": moment,
        "head": beat.head,
        "head_at": moment,
        "commit_ms": 0,
    }
    with engine.begin() as connection:
        checkpoints.advance(connection, now, now)
        _write(connection, now.epoch, values)


def refuse_frozen(engine: Engine) -> None:
    """The mirror is not frozen. Raises the `ForkDetected` that froze it."""
    with engine.connect() as connection:
        found = read(connection)
    if found is not None and found.state == "frozen":
        raise ForkDetected(f"the mirror is frozen: {found.message}", remedy=found.remedy)


def clear(engine: Engine) -> None:
    """Nothing is said of any writer; a frozen mirror is not frozen any more."""
    with engine.begin() as connection:
        connection.execute(delete(table_of("health")))


WORDS: Final = (
    "ok",
    "catching_up",
    "no_mirror",
    "frozen",
    "stopped",
    "silent",
    "node_unreachable",
    "node_behind",
    "node_contradicts",
    "database_unreachable",
    "database_slow",
    "tip_still",
)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is the matter: one of `WORDS` for machines, one sentence for people."""

    word: str
    sentence: str
    remedy: str = ""


_CAUSES: Final = {
    "ChainUnreachable": "node_unreachable",
    "DatabaseUnreachable": "database_unreachable",
    "MirrorInconsistent": "node_contradicts",
    "SequenceMismatch": "node_contradicts",
}


def diagnose(
    found: Checkpoint | None, health: Health | None, head: int | None, now: float | None = None
) -> Diagnosis:
    """The one thing that keeps the mirror from being at the head, gravest first.

    `head` is the newest block as the asker's own node says it, or None when that does not answer.
    """
    moment = time.time() if now is None else now
    if found is None or health is None:
        return Diagnosis("no_mirror", "nothing is mirrored yet", "run `tanhui mirror run --follow`")
    if health.state == "frozen":
        return Diagnosis("frozen", health.message, health.remedy)
    if health.state == "stopped":
        return Diagnosis("stopped", f"the mirror stopped: {health.cause}: {health.message}", health.remedy)
    if health.state in {"running", "waiting"} and moment - health.told_at > SILENT_SECONDS:
        return Diagnosis(
            "silent",
            f"the mirror has said nothing for {int(moment - health.told_at)} s",
            "look whether its process runs",
        )
    if health.state == "waiting":
        return Diagnosis(_CAUSES.get(health.cause, "stopped"), health.message, health.remedy)
    return _of_pace(found, health, head, moment)


def _of_pace(found: Checkpoint, health: Health, head: int | None, moment: float) -> Diagnosis:
    """What is the matter with a mirror that runs, or ended as asked."""
    if head is None:
        return Diagnosis(
            "node_unreachable", "the node does not answer", "start it or correct TANHUI_NODE_URL"
        )
    if head < found.block:
        return Diagnosis(
            "node_behind",
            f"the node stands at block {head}, the mirror at {found.block}",
            "wait until the node has caught up, or use another",
        )
    if health.commit_ms > SLOW_COMMIT_SECONDS * 1000:
        return Diagnosis(
            "database_slow",
            f"the last commit took {health.commit_ms / 1000:.1f} s",
            "look at the database's disk and load",
        )
    if head > found.block:
        return Diagnosis("catching_up", f"{head - found.block} blocks are not mirrored yet")
    if health.state == "running" and moment - health.head_at > STILL_SECONDS:
        return Diagnosis(
            "tip_still",
            f"the chain has made no block for {int(moment - health.head_at)} s",
            "look whether the validators run; a development chain without transactions stands still",
        )
    return Diagnosis("ok", "the mirror is at the head")
