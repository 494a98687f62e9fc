"""What the contracts themselves say about each row: read one by one, at one block.

Flow: a table's row → `Question` (contract, function, arguments, expected fields) → the contract's answer → `Finding` where
they differ. Independent of the logs: a mirror that folded wrongly agrees with its own fold, but not with the contracts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection

from node_client import issuance, member, methodology, project, report
from node_client.cancellation import NO_LOCK
from node_client.chain import Chain
from node_client.deployment import Deployment
from node_client.event import bounded
from node_client.mirror.digest import rows_of
from node_client.mirror.findings import Finding

Row: TypeAlias = Mapping[str, Any]

# What the tables hold as SQL's largest integer when it lies beyond.
_BOUNDED: Final = frozenset(
    {"expiresAt", "frozenUntil", "claimedGrams", "verifiedGrams", "grams", "noticeEndsAt"}
)


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask a contract, and the fields its answer should have; an answer without names is that of the one field."""

    contract: str
    function: str
    arguments: tuple[Any, ...]
    expected: dict[str, Any]


def _raw(value: str) -> bytes:
    return bytes.fromhex(value[2:])


def _member(row: Row) -> Question:
    expected = {
        "kind": member.KINDS.index(row["kind"]),
        "standing": member.STANDINGS.index(row["standing"]),
        "registrationHash": row["registration_hash"],
    }
    return Question("Credits", "member", (row["member_id"],), expected)


def _account(row: Row) -> Question:
    return Question("Credits", "memberOf", (row["account"],), {"value": row["member_id"]})


def _frozen_account(row: Row) -> Question:
    return Question("Credits", "accountFrozenUntil", (row["account"],), {"frozenUntil": row["frozen_until"]})


def _credit(row: Row) -> Question:
    expected = {
        "issued": row["issued_grams"],
        "retired": row["retired_grams"],
        "cancelled": row["cancelled_grams"],
        "frozenUntil": row["frozen_until"],
    }
    return Question("Credits", "credit", (int(row["token_id"], 16),), expected)


def _holding(row: Row) -> Question:
    expected = {"free": row["free"], "locked": row["locked"], "retired": row["retired"]}
    return Question("Credits", "holding", (row["account"], int(row["token_id"], 16)), expected)


def _lock(row: Row) -> Question:
    expected = {
        "holder": row["holder"],
        "grams": row["grams"],
        "keeper": row["keeper"],
        "expiresAt": row["expires_at"],
        "tokenId": row["token_id"],
    }
    return Question("Credits", "lockOf", (_raw(row["lock_id"]),), expected)


def _purpose(row: Row) -> Question:
    return Question("Credits", "purposeAllowed", (row["purpose"],), {"value": row["allowed"]})


def _methodology(row: Row) -> Question:
    expected = {
        "state": methodology.STATES.index(row["state"]),
        "submitterId": row["submitter_id"],
        "opinions": row["opinions"],
        "scoreSum": row["score_sum"],
        "documentHash": row["document_hash"],
    }
    return Question("Methodologies", "methodology", (row["methodology_id"],), expected)


def _project(row: Row) -> Question:
    expected = {
        "state": project.STATES.index(row["state"]),
        "ownerId": row["owner_id"],
        "methodologyId": row["methodology_id"],
        "creditingStart": row["crediting_start"],
        "creditingEnd": row["crediting_end"],
        "documentHash": row["document_hash"],
    }
    return Question("Projects", "project", (row["project_id"],), expected)


def _report(row: Row) -> Question:
    expected = {
        "projectId": row["project_id"],
        "state": report.STATES.index(row["state"]),
        "periodStart": row["period_start"],
        "periodEnd": row["period_end"],
        "claimedGrams": row["claimed_grams"],
        "verifiedGrams": row["verified_grams"],
    }
    return Question("Projects", "report", (row["report_id"],), expected)


def _issuance(row: Row) -> Question:
    expected = {
        "reportId": row["report_id"],
        "grams": row["grams"],
        "noticeEndsAt": row["notice_ends_at"],
        "proposerId": row["proposer_id"],
        "vintage": row["vintage"],
        "state": issuance.STATES.index(row["state"]),
        "holder": row["holder"],
        "openObjections": row["open_objections"],
        "tokenId": row["token_id"],
    }
    return Question("Issuances", "issuance", (row["issuance_id"],), expected)


def _cancellation(row: Row) -> Question:
    expected = {
        "holder": row["holder"],
        "grams": row["grams"],
        "proposerId": row["proposer_id"],
        "tokenId": row["token_id"],
        "lockId": row["lock_id"] or NO_LOCK,
        "state": issuance.STATES.index(row["state"]),
    }
    return Question("Cancellations", "cancellation", (row["cancellation_id"],), expected)


def _retirement(row: Row) -> Question:
    return Question("Credits", "recordHash", (_raw(row["retirement_id"]),), {"value": row["record_hash"]})


def _correction(row: Row) -> Question:
    return Question("Corrections", "recordHash", (_raw(row["correction_id"]),), {"value": row["record_hash"]})


def _role(row: Row) -> Question:
    return Question("Roles", "getRoleAdmin", (int(row["role_id"]),), {"value": int(row["admin"])})


def _role_guardian(row: Row) -> Question:
    return Question("Roles", "getRoleGuardian", (int(row["role_id"]),), {"value": int(row["guardian"])})


def _role_member(row: Row) -> Question:
    # The first value is the time from which the role is held, 0 when it is not.
    since = row["since"] if row["held"] else 0
    return Question("Roles", "getAccess", (int(row["role_id"]), row["account"]), {"since": since})


def _role_function(row: Row) -> Question:
    arguments = (row["target"], _raw(row["selector"]))
    return Question("Roles", "getTargetFunctionRole", arguments, {"value": int(row["role_id"])})


QUESTIONS: Final[dict[str, tuple[Callable[[Row], Question], ...]]] = {
    "role": (_role, _role_guardian),
    "role_member": (_role_member,),
    "role_function": (_role_function,),
    "member": (_member,),
    "account": (_account, _frozen_account),
    "purpose": (_purpose,),
    "methodology": (_methodology,),
    "project": (_project,),
    "report": (_report,),
    "issuance": (_issuance,),
    "cancellation": (_cancellation,),
    "credit": (_credit,),
    "holding": (_holding,),
    "lock": (_lock,),
    "retirement": (_retirement,),
    "correction": (_correction,),
}


def disagreements(
    chain: Chain, deployment: Deployment, block: int, connection: Connection, name: str
) -> Iterator[Finding]:
    """Every field of the table's rows that its contract has otherwise at the block."""
    for row in rows_of(connection, name):
        for ask in QUESTIONS[name]:
            question = ask(row)
            address = deployment.addresses[question.contract]
            said = chain.call(address, question.contract, question.function, *question.arguments, block=block)
            # Several answers without a struct: only the first is asked for.
            first = said[0] if isinstance(said, tuple) else said
            answer = said if isinstance(said, dict) else dict.fromkeys(question.expected, first)
            for field, stored in question.expected.items():
                value = _comparable(field, answer[field])
                if value != stored:
                    subject = (
                        f"{question.contract}.{question.function}({_written(question.arguments)}) {field}"
                    )
                    yield Finding("contract state", subject, str(value), str(stored))


def settings_disagreements(
    chain: Chain, deployment: Deployment, block: int, connection: Connection
) -> Iterator[Finding]:
    """Every setting that its contract has otherwise at the block."""

    def ask(contract: str, function: str) -> Any:
        return chain.call(deployment.addresses[contract], contract, function, block=block)

    quorum, pass_mark = ask("Methodologies", "appraisalRule")
    said = {
        "operator": str(ask("Credits", "operator")),
        "notice_seconds": str(ask("Issuances", "noticeLength")),
        "quorum": str(quorum),
        "pass_mark": str(pass_mark),
        "paused": str(ask("Credits", "totals")["paused"]).lower(),
        "unpause_proposer": str(ask("Supervision", "unpauseProposer")),
    }
    stored = {row["name"]: row["value"] for row in rows_of(connection, "setting")}
    for name, value in said.items():
        if stored.get(name) != value:
            yield Finding("contract state", f"setting {name}", value, str(stored.get(name)))


def _comparable(field: str, value: Any) -> Any:
    """The contract's value as SQL would hold it."""
    if field == "tokenId":
        return f"0x{value:064x}"
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return bounded(value) if field in _BOUNDED else value


def _written(arguments: tuple[Any, ...]) -> str:
    return ", ".join("0x" + value.hex() if isinstance(value, bytes) else str(value) for value in arguments)
