"""Retiring by API: POST /v1/retirements.

Flow of a retirement: API key → shape of the body → request row, before anything is asked, unique by key and Idempotency-Key →
the contract is asked without keeping it: a refusal is the answer (403, 409, 422) and stays recorded; else 202 with the request's
address → the outbox carries it → the public row appears through the mirror, and the request is final.

With no node to ask, the request is accepted all the same (202) and carried or refused once a node answers.
The same body under the same key has the same answer, whenever and however often it is sent.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import Annotated, Final

import anyio.to_thread
from fastapi import APIRouter, Header, Request, Response
from pydantic import Field
from sqlalchemy.engine import RowMapping

from api import request as requests
from api.deps import Json, Portal, PortalDep
from api.desk import NODE_SECONDS
from api.faults import documented
from api.key import KEY_PROBLEMS, RETIRE, Caller, CallerDep
from api.kinds import Answer, Hash, json_bytes
from api.order import RetirementOrder, check, record_json
from api.outbox.means import relayers_of
from api.problems import Problem
from api.reading import Snapshot
from node_client import purpose
from node_client.errors import ChainError, KeyMissing, TanhuiError
from node_client.orders import Retirement, record_hash
from node_client.units import hex32

DECISION_SECONDS: Final = 25.0


class Accepted(Answer):
    """The request is stored and will be carried; `retirement` exists once the request is final."""

    request_id: Hash
    retirement_id: Hash
    request: str = Field(examples=["/v1/requests/0x" + "0" * 62 + "2a"])
    retirement: str = Field(examples=["/v1/retirements/0x" + "0" * 62 + "2a"])


async def record_of(
    portal: Portal, request: Request, order: RetirementOrder, retirement_id: bytes
) -> Retirement:
    """The record of an order. Raises the problem PurposeUnknown."""

    def find(snapshot: Snapshot) -> int | None:
        found = purpose.by_code(snapshot.connection, order.purpose)
        return None if found is None else int(found["purpose"])

    mark = await portal.reader.place()
    if portal.purposes[0] != mark:
        portal.purposes = (mark, {})
    known = portal.purposes[1]
    number = known.get(order.purpose)
    if number is None:
        number = await portal.read(request, find)
        if number is None:
            raise Problem("PurposeUnknown", {"purpose": order.purpose})
        known[order.purpose] = number
    return order.record(retirement_id, number)


async def ask_contract(portal: Portal, holder: str, record: Retirement) -> None:
    """The contract would do it now. Raises its `Refused`, or `ChainError` when no node says so in time."""

    def ask() -> None:
        portal.node.run(lambda ledger: check(ledger, holder, record))

    try:
        async with asyncio.timeout(NODE_SECONDS):
            await anyio.to_thread.run_sync(ask, abandon_on_cancel=True)
    except TimeoutError as error:
        raise ChainError(f"no answer within {NODE_SECONDS:.0f} s", remedy="look at the node") from error


def can_sign(portal: Portal, holder: str) -> None:
    """The keys that a retirement needs are there. Raises `SigningError`."""
    relayers_of(portal.settings, portal.vault)
    if not portal.vault.has(holder):
        raise KeyMissing(f"no key of {holder} is here", remedy="see tanhui keys list")


class Accepting:
    """One POST of a retirement."""

    def __init__(self, portal: Portal, caller: Caller, idempotency_key: str, order: RetirementOrder) -> None:
        self._portal = portal
        self._caller = caller
        self._key = idempotency_key
        self._order = order
        self._body_hash = hex32(hashlib.sha256(order.canonical()).digest())

    async def answer(self, request: Request) -> Response:
        """202, or the recorded refusal."""
        try:
            row, record = await self._prepared(request)
        except (Problem, TanhuiError):
            # What could not be accepted now may have been accepted before.
            earlier = await self._earlier()
            if earlier is None:
                raise
            return await self._repeat(earlier)
        if await self._portal.desk.take(row, self._caller.holder, record):
            return accepted(row["request_id"], row["retirement_id"])
        earlier = await self._earlier()
        if earlier is None:
            raise Problem("InternalError")
        return await self._repeat(earlier)

    async def _prepared(self, request: Request) -> tuple[dict[str, str], Retirement]:
        """The row of a new request, and its record. Raises what keeps it from being accepted."""
        if self._portal.settings.signer_url:
            await self._portal.stored(lambda: can_sign(self._portal, self._caller.holder))
        else:
            # A look at a folder's time of change: quicker than a thread.
            can_sign(self._portal, self._caller.holder)
        request_id = requests.id_of(self._caller.key_hash, self._key)
        retirement_id = requests.retirement_id_of(request_id)
        record = await record_of(self._portal, request, self._order, retirement_id)
        row = {
            "request_id": request_id,
            "key_id": self._caller.key_id,
            "idempotency_key": self._key,
            "body_hash": self._body_hash,
            "holder": self._caller.holder,
            "retirement_id": hex32(retirement_id),
            "record": record_json(record),
            "record_hash": hex32(record_hash(record)),
        }
        return row, record

    async def _earlier(self) -> RowMapping | None:
        """The request that was made under the same Idempotency-Key."""
        return await self._portal.looked(requests.by_idempotency_keys, (self._caller.key_id, self._key))

    async def _repeat(self, row: RowMapping) -> Response:
        """The answer that the first request got, waited for while it is being decided."""
        if row["body_hash"] != self._body_hash:
            raise Problem("IdempotencyKeyReused")
        deadline = time.monotonic() + DECISION_SECONDS
        while not row["checked"] and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
            row = await self._earlier() or row
        if row["state"] == "refused" and not row["raw"] and row["problem"]:
            raise requests.problem_from(row["problem"])
        return accepted(row["request_id"], row["retirement_id"])


def accepted(request_id: str, retirement_id: str) -> Response:
    """202 with the request's address; the same bytes whenever it is said."""
    where = f"/v1/requests/{request_id}"
    said = Accepted(
        request_id=request_id,
        retirement_id=retirement_id,
        request=where,
        retirement=f"/v1/retirements/{retirement_id}",
    )
    return Json(json_bytes(said.model_dump()), 202, headers={"Location": where, "Cache-Control": "no-store"})


router = APIRouter(prefix="/v1", tags=["retiring"])
BODY: Final = ("BodyUnreadable", "BodyTooLarge", "MediaTypeUnsupported", "PurposeUnknown")
REFUSALS: Final = (
    "CreditsNotFree",
    "ERC1155InsufficientBalance",
    "CreditsUnknown",
    "CreditsZeroGrams",
    "CreditsPeriodInvalid",
    "CreditsPurposeUnknown",
    "CreditsFrozen",
    "CreditsPaused",
    "MembersAccountFrozen",
    "MembersNotActive",
)
IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[!-~]+$",
        description="A new random text for each new act; the same one when a request is repeated.",
        examples=["7d0c6f5e-3b6a-4f0e-9b52-6a1f5b1f3c11"],
    ),
]


@router.post(
    "/retirements",
    status_code=202,
    response_model=None,
    summary="Retire credits, for ever",
    responses={
        202: {
            "model": Accepted,
            "headers": {"Location": {"description": "The request.", "schema": {"type": "string"}}},
            "links": {
                "request": {
                    "operationId": "get_request",
                    "parameters": {"request_id": "$response.body#/request_id"},
                }
            },
        },
        **documented(
            *KEY_PROBLEMS, *BODY, *REFUSALS, "IdempotencyKeyMissing", "IdempotencyKeyReused", "SigningError"
        ),
    },
)
async def retire(
    request: Request,
    portal: PortalDep,
    caller: CallerDep,
    idempotency_key: IdempotencyKey,
    order: RetirementOrder,
) -> Response:
    """Accepts an order to retire credits of the key's holder.

    The answer is 202 once the order is stored and the contract has no objection to it; the retirement itself follows, and
    appears under /v1/retirements when the mirror shows it.
    """
    caller.needs(RETIRE)
    return await Accepting(portal, caller, idempotency_key, order).answer(request)
