"""The whole life of a credit by the operators' verbs, and what each step refuses. Nothing refused changes anything."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import Scheme

DOCUMENT = "0x" + "ab" * 32


def totals(scheme: Scheme) -> dict[str, Any]:
    """The ledger's totals, read from the chain by the mirror."""
    scheme.done("db", "upgrade")
    scheme.done("mirror", "run")
    return {"sequence": scheme.done("mirror", "status")["sequence"]}


@pytest.fixture(scope="module")
def credit(scheme: Scheme) -> str:
    """A credit of 1,000 t of which the buyer has 100 t."""
    scheme.done("methodology", "submit", "HRB-0201-001", "--document", DOCUMENT, "--sector", "0201")
    scheme.done("methodology", "open", "1")
    scheme.done("methodology", "appraise", "1", "--score", "85", "--opinion", DOCUMENT)
    scheme.done("methodology", "file", "1")
    scheme.done(*project("PV-001", "meter-1"))
    scheme.done("project", "register", "1")
    scheme.done(*report("2024-01-01", "2025-01-01", "1000", "r1"))
    scheme.done("report", "verify", "1", "--tonnes", "1000", "--document", DOCUMENT)
    scheme.done(*propose("1", "1000"))
    scheme.done("issue", "confirm", "1")
    scheme.done("transfer", "1-1", "100", "--to", "buyer")
    return "1-1"


def project(code: str, meter: str) -> list[str]:
    words = [
        "project",
        "submit",
        code,
        "--name",
        "松北屋顶光伏",
        "--place",
        "哈尔滨市松北区",
        "--methodology",
        "1",
    ]
    return [
        *words,
        "--from",
        "2024-01-01",
        "--until",
        "2034-01-01",
        "--document",
        DOCUMENT,
        "--claim-key",
        meter,
    ]


def report(start: str, end: str, tonnes: str, name: str, project_id: str = "1") -> list[str]:
    document = "0x" + name.encode().hex().ljust(64, "0")
    return [
        "report",
        "submit",
        project_id,
        "--from",
        start,
        "--until",
        end,
        "--tonnes",
        tonnes,
        "--document",
        document,
    ]


def propose(credit_id: str, tonnes: str, report_id: str = "1", vintage: str = "2024") -> list[str]:
    words = ["issue", "propose", report_id, "--credit", credit_id, "--to", "owner"]
    return [*words, "--tonnes", tonnes, "--vintage", vintage]


def retire(*lines: str, number: str, **options: str) -> list[str]:
    words = ["retire", *lines, "--purpose", "event", "--beneficiary", "示范冰雪节组委会", "--id", number]
    for name, value in options.items():
        words += [f"--{name}", value]
    return words


def test_retiring_leaves_a_record_and_lowers_the_holding(scheme: Scheme, credit: str) -> None:
    answer = scheme.done(*retire(f"{credit}=9.6", number="first", place="哈尔滨市"))
    assert len(answer["retirement_id"]) == 66
    scheme.done("db", "upgrade")
    scheme.done("mirror", "run")
    audit = scheme.done("audit")
    assert audit["clean"]
    assert audit["rows"] > 50


def test_retiring_more_than_held_is_refused(scheme: Scheme, credit: str) -> None:
    said = scheme.refused("ERC1155InsufficientBalance", *retire(f"{credit}=500", number="more"))
    assert said["arguments"]["needed"] == 500_000_000


def test_retiring_zero_is_bad_input(scheme: Scheme, credit: str) -> None:
    answer = scheme.run(*retire(f"{credit}=0", number="zero"), "--json")
    assert answer.code == 2
    assert "not above zero" in answer.json["message"]


def test_retiring_twice_with_one_id_is_refused(scheme: Scheme, credit: str) -> None:
    scheme.done(*retire(f"{credit}=1", number="twice"))
    scheme.refused("CreditsRetirementIdUsed", *retire(f"{credit}=1", number="twice"))


def test_retiring_by_a_stranger_is_refused(scheme: Scheme, credit: str) -> None:
    scheme.run("keys", "create", "stranger", "--json")
    scheme.refused("MembersAccountUnknown", *retire(f"{credit}=1", number="stranger", key="stranger"))


def test_transfer_to_a_stranger_is_refused(scheme: Scheme, credit: str) -> None:
    address = "0x000000000000000000000000000000000000dEaD"
    scheme.refused("MembersAccountUnknown", "transfer", credit, "1", "--to", address)


def test_a_frozen_account_cannot_retire_until_unfrozen(scheme: Scheme, credit: str) -> None:
    scheme.done("freeze", "account", "buyer", "--until", "+1d", "--case", "2026-17")
    scheme.refused("MembersAccountFrozen", *retire(f"{credit}=1", number="frozen"))
    scheme.done("unfreeze", "account", "buyer", "--case", "2026-17")
    scheme.done(*retire(f"{credit}=1", number="frozen"))


def test_issuing_twice_is_refused(scheme: Scheme, credit: str) -> None:
    assert credit
    scheme.refused("IssuancesWrongState", "issue", "confirm", "1")
    scheme.done(*report("2025-01-01", "2025-02-01", "10", "r2"))
    scheme.done("report", "verify", "2", "--tonnes", "10", "--document", DOCUMENT)
    scheme.refused("IssuancesCreditTaken", *propose("1", "5", "2", "2025"))


def test_issuing_over_the_verified_amount_is_refused(scheme: Scheme, credit: str) -> None:
    assert credit
    said = scheme.refused("IssuancesAboveVerified", *propose("9", "0.000001"))
    assert said["arguments"] == {"reportId": 1, "grams": 1, "left": 0}


def test_claiming_a_day_twice_is_refused_in_this_and_in_another_project(scheme: Scheme, credit: str) -> None:
    assert credit
    said = scheme.refused("ProjectsDayClaimed", *report("2024-12-31", "2025-03-01", "5", "r3"))
    assert said["arguments"]["day"] == 20_088  # 2024-12-31
    other = scheme.done(*project("PV-002", "meter-1"))["project_id"]
    scheme.done("project", "register", str(other))
    scheme.refused("ProjectsDayClaimed", *report("2024-06-01", "2024-07-01", "5", "r4", str(other)))


def test_confirming_before_the_notice_ends_or_by_the_proposers_own_member_is_refused(
    scheme: Scheme, credit: str
) -> None:
    assert credit
    scheme.done(*report("2026-01-01", "2026-02-01", "10", "r5"))
    number = totals_of_reports(scheme)
    scheme.done("report", "verify", number, "--tonnes", "10", "--document", DOCUMENT)
    scheme.done("issue", "notice", "--seconds", "86400")
    issuance = str(scheme.done(*propose("77", "10", number, "2026"))["issuance_id"])
    scheme.done("issue", "notice", "--seconds", "0")
    said = scheme.refused("IssuancesNoticeRunning", "issue", "confirm", issuance)
    assert said["arguments"]["noticeEndsAt"] > time.time()
    # The operator's member gets a second account, and somebody even gives it the authority's role.
    scheme.done("keys", "create", "operator-2")
    scheme.done("member", "account", "2", "operator-2")
    scheme.done("role", "grant", "authority", "operator-2")
    scheme.refused("IssuancesSameMember", "issue", "confirm", issuance, "--key", "operator-2")
    scheme.done("issue", "return", issuance, "--reason", "test")


def totals_of_reports(scheme: Scheme) -> str:
    """The number of the newest report: one more than were there cannot be verified."""
    number = 1
    while (
        scheme.run("report", "verify", str(number), "--reject", "--document", DOCUMENT, "--dry-run").code != 0
    ):
        number += 1
    return str(number)


def test_cancelling_needs_two_members_and_is_no_offset(scheme: Scheme, credit: str) -> None:
    words = [
        "cancel",
        "propose",
        credit,
        "2",
        "--holder",
        "owner",
        "--reason",
        "over_issued",
        "--case",
        DOCUMENT,
    ]
    number = str(scheme.done(*words)["cancellation_id"])
    scheme.refused("AccessManagedUnauthorized", "cancel", "confirm", number, "--key", "operator")
    scheme.done("cancel", "confirm", number)
    scheme.refused("CancellationsWrongState", "cancel", "confirm", number)


def test_a_lock_binds_until_its_keeper_releases(scheme: Scheme, credit: str) -> None:
    words = [
        "lock",
        "make",
        "CASE-1",
        credit,
        "50",
        "--keeper",
        "operator",
        "--until",
        "+1d",
        "--key",
        "buyer",
    ]
    scheme.done(*words)
    scheme.refused("CreditsNotFree", *retire(f"{credit}=60", number="locked"))
    scheme.refused("CreditsLockNotYours", "lock", "release", "CASE-1", "50", "--key", "buyer")
    scheme.done(
        "retire", f"{credit}=10", "--purpose", "damage_restoration", "--lock", "CASE-1", "--id", "from lock"
    )
    scheme.done("lock", "release", "CASE-1", "40")


def test_a_dry_run_sends_nothing(scheme: Scheme, credit: str) -> None:
    before = totals(scheme)
    answer = scheme.done("transfer", credit, "1", "--to", "buyer", "--dry-run")
    assert answer["dry_run"]
    assert answer["function"] == "safeTransferFrom"
    assert totals(scheme) == before


def test_refused_acts_leave_no_trace(scheme: Scheme, credit: str) -> None:
    before = totals(scheme)
    scheme.refused("ERC1155InsufficientBalance", *retire(f"{credit}=5000", number="trace"))
    scheme.refused("CreditsPurposeUnknown", "retire", f"{credit}=1", "--purpose", "15", "--id", "trace")
    assert totals(scheme) == before


def test_pausing_stops_movements_and_two_members_end_it(scheme: Scheme, credit: str) -> None:
    scheme.done("pause", "start", "--reason", "drill")
    scheme.refused("CreditsPaused", "transfer", credit, "1", "--to", "buyer")
    scheme.refused("SupervisionUnpauseNotProposed", "pause", "end")
    scheme.done("pause", "propose-end")
    scheme.done("pause", "end")
    scheme.done("transfer", credit, "1", "--to", "buyer")


def test_a_replaced_operator_stops_at_once(scheme: Scheme, credit: str) -> None:
    assert credit
    scheme.done("keys", "create", "new-operator")
    number = scheme.done("member", "register", "新运营中心", "--kind", "operator", "--code", "NEW")[
        "member_id"
    ]
    scheme.done("member", "account", str(number), "new-operator")
    scheme.done("role", "grant", "operator", "new-operator")
    scheme.done("member", "operator", str(number))
    scheme.refused("MembersNotOperator", *propose("55", "1"))
    scheme.done("member", "operator", "2")


def test_correcting_adds_a_record_beside_the_first(scheme: Scheme, credit: str) -> None:
    number = scheme.done(*retire(f"{credit}=0.5", number="to correct"))["retirement_id"]
    scheme.done("correct", number, "--reason", "name misspelt", "--beneficiary", "示范冰雪节组织委员会")
    scheme.refused("CorrectionsRetirementUnknown", "correct", "0x" + "9" * 64, "--reason", "x")


def test_every_command_has_help_with_an_example(scheme: Scheme) -> None:
    from tests.docs.test_docs import commands  # noqa: PLC0415 - only here

    for command in commands():
        answer = scheme.run(*command.split()[1:], "--help")
        assert answer.code == 0
        assert "Examples:" in answer.out, command


def test_a_key_is_never_printed(scheme: Scheme, tmp_path: Path) -> None:
    secret = json.loads((Path(scheme.environment["TANHUI_DATA"]) / "keys" / "buyer.json").read_text())
    answer = scheme.run("keys", "list")
    assert secret["crypto"]["ciphertext"] not in answer.out
    folder = Path(scheme.environment["TANHUI_DATA"]) / "keys"
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.glob("*.json"))
    assert tmp_path.exists()


def test_what_was_mirrored_is_proven_afterwards_and_what_comes_at_once(scheme: Scheme, credit: str) -> None:
    totals(scheme)
    assert scheme.done("mirror", "status")["proof_lag_blocks"] > 0
    found = scheme.done("mirror", "verify")
    assert found["proven_block"] == found["block"]
    scheme.done("transfer", credit, "1", "--to", "buyer")
    scheme.done("mirror", "run", "--proven")
    status = scheme.done("mirror", "status")
    assert status["proven_block"] == status["head"] > found["block"]
