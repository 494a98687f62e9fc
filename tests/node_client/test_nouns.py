"""What each noun's queries answer about the ledger of the tests."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, Engine

from node_client import (
    act,
    cancellation,
    correction,
    credit,
    holding,
    issuance,
    lock,
    member,
    methodology,
    project,
    purpose,
    report,
    retirement,
    role,
    setting,
    supervision,
    total,
    transfer,
)
from node_client.batch import Batch
from node_client.errors import MirrorInconsistent
from node_client.event import At
from node_client.units import decode_token_id, encode_token_id, time_of, token_hex, tonnes_text
from tests.node_client.ledger_world import AUTHORITY, BUYER, OPERATOR, OWNER, TONNE, World, b32

FIRST = token_hex(encode_token_id(1, 1))


@pytest.fixture
def connection(mirrored: Engine) -> Any:
    with mirrored.connect() as connected:
        yield connected


def totals(world: World) -> dict[str, Any]:
    said: dict[str, Any] = world.chain.call(world.deployment.addresses["Credits"], "Credits", "totals")
    return said


PAGES: tuple[Callable[..., Any], ...] = (
    act.page,
    cancellation.page,
    correction.page,
    credit.page,
    issuance.page,
    lock.page,
    member.page,
    member.accounts,
    methodology.page,
    project.page,
    report.page,
    retirement.page,
    supervision.page,
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.__module__.split('.')[-1]}.{page.__name__}")
def test_pages_join_without_gaps_newest_first(connection: Connection, page: Callable[..., Any]) -> None:
    whole = [row["sequence"] for row in page(connection, limit=500)]
    assert whole == sorted(whole, reverse=True)
    assert whole
    paged: list[int] = []
    after = None
    while rows := page(connection, after=after, limit=2):
        paged += [row["sequence"] for row in rows]
        after = paged[-1]
    assert paged == whole


def test_pages_of_transfers_join_line_by_line(connection: Connection) -> None:
    whole = [(row["sequence"], row["line"]) for row in transfer.page(connection, limit=500)]
    paged: list[tuple[int, int]] = []
    while rows := transfer.page(connection, after=paged[-1] if paged else None, limit=1):
        paged += [(row["sequence"], row["line"]) for row in rows]
    assert paged == whole == sorted(whole, reverse=True)


def test_totals_are_the_contracts(connection: Connection, ledger_world: World) -> None:
    said, sums = totals(ledger_world), total.whole(connection)
    assert (sums.issued, sums.retired, sums.cancelled) == (said["issued"], said["retired"], said["cancelled"])
    assert sums.held == said["issued"] - said["retired"] - said["cancelled"]
    for dimension in ("day", "minute", "project", "methodology", "member", "vintage"):
        rows = total.of_dimension(connection, dimension)
        assert sum(row["retired_grams"] for row in rows) == sums.retired, dimension
        assert sum(row["issued_grams"] for row in rows) == sums.issued, dimension
        assert sum(row["cancelled_grams"] for row in rows) == sums.cancelled, dimension
    purposes = total.of_dimension(connection, "purpose")
    assert sum(row["retirements"] for row in purposes) == sums.retirements
    assert [row["key"] for row in purposes] == ["0", "3"]
    days = [row["key"] for row in total.of_dimension(connection, "day")]
    assert all(datetime.date.fromisoformat(day) for day in days)


def test_a_retirements_document_has_what_its_row_has(connection: Connection) -> None:
    for row in retirement.page(connection, limit=500):
        raw = retirement.doc_by_id(connection, row["retirement_id"])
        assert raw is not None
        doc = msgspec.json.decode(raw)
        assert doc["grams"] == str(row["grams"])
        assert doc["tonnes"] == tonnes_text(row["grams"])
        assert doc["beneficiary"] == row["beneficiary"]
        assert datetime.datetime.fromisoformat(doc["timestamp"]) == time_of(row["timestamp"])
        lines = retirement.lines(connection, row["sequence"])
        assert [line["first_serial"] for line in doc["lines"]] == [
            str(line["first_serial"]) for line in lines
        ]
        assert [int(line["credit_id"]) for line in doc["lines"]] == [
            decode_token_id(int(line["token_id"], 16))[1] for line in lines
        ]
        assert all(line["vintage"] == 2025 for line in doc["lines"])


def test_a_serial_leads_to_the_retirement_that_holds_it(connection: Connection) -> None:
    retired = credit.by_id(connection, FIRST)["retired_grams"]  # type: ignore[index]
    for serial in (1, 3 * TONNE, 3 * TONNE + 1, 3 * TONNE + 2, retired):
        line = retirement.by_serial(connection, FIRST, serial)
        assert line is not None
        assert line["first_serial"] <= serial <= line["last_serial"]
    assert retirement.by_serial(connection, FIRST, retired + 1) is None
    assert retirement.by_serial(connection, "0x" + "0" * 64, 1) is None


def test_filters_leave_only_what_was_asked_for(connection: Connection, ledger_world: World) -> None:
    buyer, owner = ledger_world.account("buyer"), ledger_world.account("owner")
    assert {row["holder"] for row in retirement.page(connection, holder=buyer)} == {buyer}
    assert {row["purpose"] for row in retirement.page(connection, purpose=3)} == {3}
    assert {row["member_id"] for row in retirement.page(connection, member_id=OWNER)} == {OWNER}
    of_second = retirement.page(connection, project_id=2)
    assert all(
        any(line["project_id"] == 2 for line in retirement.lines(connection, row["sequence"]))
        for row in of_second
    )
    assert len(of_second) == 2
    assert {row["kind"] for row in transfer.page(connection, kind="issuance", limit=500)} == {"issuance"}
    assert {row["kind"] for row in transfer.page(connection, limit=500)} == {
        "transfer",
        "issuance",
        "retirement",
        "cancellation",
    }
    assert all(
        owner in (row["sender"], row["receiver"])
        for row in transfer.page(connection, account=owner, limit=500)
    )
    assert {row["state"] for row in issuance.page(connection, state="returned")} == {"returned"}
    assert all(row["grams"] for row in lock.page(connection, open_only=True))
    assert {row["event"] for row in act.page(connection, event="ApprovalForAll")} == {"ApprovalForAll"}
    assert {row["kind"] for row in member.page(connection, kind="buyer")} == {"buyer"}


def test_a_member_and_its_accounts(connection: Connection, ledger_world: World) -> None:
    authority = member.by_id(connection, AUTHORITY)
    assert authority is not None
    assert (authority["name"], authority["kind"], authority["accounts"]) == ("主管部门", "authority", 2)
    found = member.by_account(connection, ledger_world.account("buyer"))
    assert found is not None
    assert found["member_id"] == BUYER
    account = member.account(connection, ledger_world.account("expert"))
    assert account is not None
    assert account["frozen_case"] == "案 4"
    closed = member.page(connection, standing="closed")
    assert ["\\xff" in row["name"] for row in closed] == [True]
    assert member.by_id(connection, 999) is None


def test_a_holding_stands_for_an_account_and_a_credit_that_exist(
    connection: Connection, ledger_world: World
) -> None:
    """No foreign key says so."""
    sender = ledger_world.accounts["buyer"]
    held = holding.of_account(connection, sender, held_only=True)[0]["token_id"]
    batch = Batch(connection)
    at = At(1, 1, 0, "0x" + "0" * 64, 0, "Credits")
    stranger = "0x" + "1" * 40
    with pytest.raises(MirrorInconsistent, match=f"account {stranger}"):
        holding.fold(transfer.TransferSingle(sender, sender, stranger, int(held, 16), 1), at, batch)
    with pytest.raises(MirrorInconsistent, match=r"credit 0x0{63}9"):
        holding.fold(credit.CreditIssued(9, 1, sender, 1), at, batch)


def test_holdings_by_account_and_by_credit(connection: Connection, ledger_world: World) -> None:
    buyer = ledger_world.account("buyer")
    contract = ledger_world.deployment.addresses["Credits"]
    rows = holding.of_account(connection, buyer)
    assert rows
    for row in rows:
        said = ledger_world.chain.call(contract, "Credits", "holding", buyer, int(row["token_id"], 16))
        assert (row["free"], row["locked"], row["retired"]) == (said["free"], said["locked"], said["retired"])
        assert buyer in {
            each["account"] for each in holding.of_credit(connection, row["token_id"], held_only=True)
        }
    assert holding.of_account(connection, buyer, after=rows[-1]["token_id"]) == []
    assert holding.by_id(connection, buyer, "0x" + "0" * 64) is None


def test_settings_are_as_last_set(connection: Connection) -> None:
    assert setting.all_values(connection) == {
        "operator": str(OPERATOR),
        "notice_seconds": str(6 * 86_400),
        "quorum": "1",
        "pass_mark": "50",
        "paused": "false",
        "unpause_proposer": "0",
    }


def test_values_beyond_sql_are_bounded_in_the_row_and_exact_in_the_journal(connection: Connection) -> None:
    biggest = lock.by_id(connection, "0x" + b32("last lock").hex())
    assert biggest is not None
    assert biggest["expires_at"] == 2**63 - 1
    (told,) = act.page(connection, subject=f"lock:{biggest['lock_id']}")
    assert msgspec.json.decode(told["args"])["expires_at"] == str(2**64 - 1)
    claimed = [row["claimed_grams"] for row in report.page(connection, limit=500)]
    assert max(claimed) == 2**63 - 1


def test_a_methodology_a_project_and_what_hangs_on_them(connection: Connection, ledger_world: World) -> None:
    first = methodology.by_id(connection, 1)
    assert first is not None
    assert (first["state"], first["opinions"], first["score_sum"]) == ("filed", 1, 90)
    assert [row["score"] for row in methodology.appraisals(connection, 1)] == [90]
    made = project.by_id(connection, 1)
    assert made is not None
    assert (made["state"], made["owner_id"], made["name"]) == ("registered", OWNER, "项目 1")
    assert list(project.claim_keys(connection, 1)) == ["0x" + b32("key1").hex(), "0x" + b32("key1b").hex()]
    returned = issuance.page(connection, state="returned")[0]
    objections = issuance.objections(connection, returned["issuance_id"])
    assert [row["answer"] for row in objections] == [None, "答复"]
    assert returned["open_objections"] == 1


def test_cancellations_and_corrections_are_linked(connection: Connection) -> None:
    assert [row["state"] for row in cancellation.page(connection)] == ["returned", "confirmed", "confirmed"]
    coded = cancellation.by_id(connection, 2)
    assert coded is not None
    assert coded["reason_code"] == "0x" + "ff" * 32
    corrected = correction.page(connection)[0]["retirement_id"]
    assert correction.of_retirement(connection, corrected)[0]["reason"] == "更正"
    assert cancellation.code_bytes("error") == b"error".ljust(32, b"\0")
    assert cancellation.code_bytes(cancellation.code_of("0x" + "ff" * 32)) == b"\xff" * 32


def test_roles_and_their_holders(connection: Connection, ledger_world: World) -> None:
    labels = {row["role_id"]: row["label"] for row in role.all_roles(connection)}
    assert labels["2"] == "operator"
    assert "\\xff" in labels[str(2**64 - 2)]
    held = {row["role_id"] for row in role.holders(connection, account=ledger_world.account("operator"))}
    assert held == {"2", "5"}
    (former,) = role.holders(connection, account=ledger_world.account("nobody"), held=None)
    assert (former["held"], former["delay"]) == (False, 120)
    assert {row["role_id"] for row in role.functions(connection, target="0x" + "66" * 20)} == {str(2**64 - 1)}
    events = [row["event"] for row in role.acts(connection, limit=500)]
    assert {"OperationScheduled", "OperationExecuted", "OperationCanceled", "AuthorityUpdated"} <= set(events)


def test_purposes_and_supervision(connection: Connection) -> None:
    assert [
        (row["purpose"], row["code"], row["name_zh"]) for row in purpose.all_rows(connection, allowed=True)
    ] == [
        (0, "event", "大型活动"),
        (3, "office", "办公"),
    ]
    found = purpose.by_code(connection, "office")
    assert found is not None
    assert found["purpose"] == 3
    assert purpose.by_id(connection, 9) is None
    frozen = supervision.frozen_accounts(connection, 0)
    assert len(frozen) == 1
    assert supervision.frozen_credits(connection, 0) == []


def test_the_journal_by_subject_and_since(connection: Connection) -> None:
    events = [row["event"] for row in act.page(connection, subject="issuance:1")]
    assert events == ["IssuanceConfirmed", "IssuanceProposed"]
    later = act.since(connection, 100, limit=3)
    assert [row["sequence"] for row in later] == [101, 102, 103]
    assert act.of_block(connection, later[0]["block"])
    first = act.by_sequence(connection, 1)
    assert first is not None
    assert (first["event"], first["subject"]) == ("MemberRegistered", "member:1")
    assert act.by_sequence(connection, 10**6) is None
    assert len(transfer.by_sequence(connection, 10**6)) == 0
