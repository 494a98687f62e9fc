"""How the service is: GET /status, /livez, /readyz, /metrics."""

from __future__ import annotations

import time
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from api import request as requests
from api.deps import Json, Portal, PortalDep
from api.faults import documented
from api.kinds import Address, Answer, Hash, Id, Time, json_bytes, time_text
from api.problems import Problem
from api.reading import Mark
from node_client.errors import DatabaseError
from node_client.mirror import checkpoint as checkpoints
from node_client.mirror import health as healths
from node_client.mirror.digest import Digest, digest
from node_client.mirror.health import WORDS, Diagnosis, Health

# The sentence behind the word may name addresses, which are nobody's business: `tanhui mirror status` prints it.
_WORDS: Final = f"^({'|'.join(WORDS)})$"


class Status(Answer):
    """Where the mirror and the chain are. `head` and `lag_blocks` are null while no node answers."""

    chain_id: Id
    credits_address: Address
    head: Id | None
    block: Id
    block_hash: str = Field(description="Empty before the first block.")
    block_time: Time | None
    age_seconds: int | None = Field(description="Seconds since the block's time.")
    lag_blocks: int | None
    proven_block: Id = Field(description="Up to this block all is proven by the blocks' receipts.")
    proof_lag_blocks: int = Field(description="Blocks mirrored and not yet proven.")
    sequence: Id
    digest: str | None = Field(description="SHA-256 of everything mirrored at this block, when asked for.")
    mirror: str = Field(description="What is the matter with the mirror.", examples=["ok"], pattern=_WORDS)
    outbox: str = Field(description="running, waiting (why stands in the log), or off (no relayer's key).")


class Alive(Answer):
    """The process answers."""

    status: str = Field(examples=["ok"])


class Ready(Answer):
    """The database answers and holds a mirror."""

    status: str = Field(examples=["ok"])
    block: Id
    block_hash: Hash | str
    mirror: str = Field(description="What is the matter with the mirror.", examples=["ok"], pattern=_WORDS)


class StatusQuery(BaseModel):
    """Whether to reckon the digest, which reads every row."""

    model_config = ConfigDict(extra="forbid")

    digest: bool = Field(False, description="Reckon the digest of all tables; reads every row, once a block.")


router = APIRouter(tags=["status"])
_NO_STORE: Final = {"Cache-Control": "no-store"}


@router.get(
    "/status",
    response_model=None,
    summary="Where the mirror is",
    responses={200: {"model": Status}, **documented("MirrorEmpty")},
)
async def get_status(request: Request, portal: PortalDep, query: Annotated[StatusQuery, Query()]) -> Response:
    """The chain's head, the mirror's block and how far it is behind."""
    mark = await portal.reader.place()
    head: int | None = request.app.state.head
    _, said = await _health(request, portal)
    found = await _digest(request, portal, mark) if query.digest else None
    answer: dict[str, Any] = {
        "chain_id": mark.chain_id,
        "credits_address": mark.credits_address,
        "head": head,
        "block": mark.block,
        "block_hash": mark.hash,
        "block_time": time_text(mark.timestamp) if mark.timestamp else None,
        "age_seconds": max(int(time.time()) - mark.timestamp, 0) if mark.timestamp else None,
        "lag_blocks": None if head is None else max(head - mark.block, 0),
        "proven_block": mark.proven_block,
        "proof_lag_blocks": max(mark.block - mark.proven_block, 0),
        "sequence": mark.sequence,
        "mirror": said.word,
        "digest": found.whole if found else None,
        "outbox": _outbox_state(request),
    }
    return Json(json_bytes(answer), headers=_NO_STORE)


async def _digest(request: Request, portal: Portal, mark: Mark) -> Digest:
    """Reckoned once a block, by one request at a time."""
    state = request.app.state
    async with state.digesting:
        kept: Digest | None = getattr(state, "digest", None)
        if kept is None or (kept.block, kept.block_hash) != (mark.block, mark.hash):
            kept = state.digest = await run_in_threadpool(digest, portal.engine)
    return kept


async def _health(request: Request, portal: Portal) -> tuple[Health | None, Diagnosis]:
    """What the mirror said last, and what is the matter with it."""
    (found, health), _ = await portal.reader.read(
        lambda snapshot: (checkpoints.read(snapshot.connection), healths.read(snapshot.connection))
    )
    return health, healths.diagnose(found, health, request.app.state.head)


def _outbox_state(request: Request) -> str:
    outbox = request.app.state.outbox
    if outbox is None:
        return "off"
    return "waiting" if outbox.error else "running"


@router.get(
    "/livez", response_model=None, summary="Whether the process answers", responses={200: {"model": Alive}}
)
async def get_livez() -> Response:
    """Says ok as long as the process answers at all."""
    return Json(b'{"status":"ok"}', headers=_NO_STORE)


@router.get(
    "/readyz",
    response_model=None,
    summary="Whether reads can be answered",
    responses={200: {"model": Ready}, **documented("MirrorEmpty", "DatabaseRevision")},
)
async def get_readyz(request: Request, portal: PortalDep) -> Response:
    """Says ok when the database answers, is of this program's revision, and holds a mirror; else 503 and why.

    A mirror that waits or is frozen can still be read; `mirror` says what is the matter.
    """
    await run_in_threadpool(portal.reader.check)
    mark = await portal.reader.place()
    _, said = await _health(request, portal)
    answer = {"status": "ok", "block": mark.block, "block_hash": mark.hash, "mirror": said.word}
    return Json(json_bytes(answer), headers=_NO_STORE)


@router.get(
    "/metrics",
    response_model=None,
    summary="Numbers for Prometheus",
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def get_metrics(request: Request, portal: PortalDep) -> Response:
    """Gauges and counters in Prometheus' text format."""
    state = request.app.state
    lines: list[str] = []

    def add(name: str, kind: str, said: str, values: dict[str, float]) -> None:
        lines.extend([f"# HELP tanhui_{name} {said}", f"# TYPE tanhui_{name} {kind}"])
        lines.extend(f"tanhui_{name}{labels} {value}" for labels, value in values.items())

    try:
        mark: Mark | None = await portal.reader.place()
        counted = await portal.stored(lambda: requests.counts(portal.engine))
        asked = time.monotonic()
        health, said = await _health(request, portal)
        add("database_seconds", "gauge", "How long a small read took.", {"": time.monotonic() - asked})
    except (Problem, DatabaseError) as error:
        mark, counted, health = None, {}, None
        said = Diagnosis("no_mirror" if isinstance(error, Problem) else "database_unreachable", "")
    words = {f'{{word="{word}"}}': float(word == said.word) for word in WORDS}
    add("mirror_health", "gauge", "What is the matter with the mirror: 1 for one of the words.", words)
    if health is not None:
        add("mirror_commit_seconds", "gauge", "How long its last commit took.", {"": health.commit_ms / 1000})
        add("mirror_told_seconds", "gauge", "When the mirror last said how it is.", {"": health.told_at})
        add(
            "mirror_head_seconds",
            "gauge",
            "When the newest block of its node last changed.",
            {"": health.head_at},
        )
    add("chain_reachable", "gauge", "Whether a node answers.", {"": float(state.head is not None)})
    if state.head is not None:
        add("chain_head_block", "gauge", "Newest block of the chain.", {"": state.head})
    if mark is not None:
        add("mirror_block", "gauge", "Last block mirrored.", {"": mark.block})
        add("mirror_block_time_seconds", "gauge", "Its time.", {"": mark.timestamp})
        add("mirror_sequence", "gauge", "Acts mirrored.", {"": mark.sequence})
        add("mirror_proven_block", "gauge", "Up to this block all is proven.", {"": mark.proven_block})
        if state.head is not None:
            add(
                "mirror_lag_blocks",
                "gauge",
                "Blocks not yet mirrored.",
                {"": max(state.head - mark.block, 0)},
            )
    add(
        "requests",
        "gauge",
        "Requests by state.",
        {f'{{state="{name}"}}': value for name, value in counted.items()},
    )
    add(
        "outbox_waiting",
        "gauge",
        "Whether the outbox cannot go on.",
        {"": float(_outbox_state(request) == "waiting")},
    )
    by_status = {
        f'{{status="{status}"}}': float(count) for status, count in sorted(state.counters.by_status.items())
    }
    add("http_responses_total", "counter", "Answers by status.", by_status)
    add("http_kept_answers_total", "counter", "Answers sent from memory.", {"": state.kept.hits})
    return Response("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4", headers=_NO_STORE)
