"""An audit names what is wrong, and says nothing when nothing is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import pytest
from eth_utils.crypto import keccak
from sqlalchemy import Engine, text

from node_client.chain import Log
from node_client.errors import BadInput, ChainMismatch
from node_client.mirror import AuditReport, Mirror, audit
from tests.node_client.ledger_world import Liar, World


def run(world: World, engine: Engine) -> AuditReport:
    return audit(world.chain, engine, world.deployment)


def test_a_true_mirror_is_clean(mirrored: Engine, ledger_world: World) -> None:
    steps: list[str] = []
    report = audit(ledger_world.chain, mirrored, ledger_world.deployment, progress=steps.append)
    assert report.findings == ()
    assert report.clean
    assert report.rows > 400
    assert "comparing holding" in steps


# What is planted, the kind of finding that must come of it, and what its subject must name.
FAULTS = {
    "row changed": (
        "UPDATE member SET name = 'Mallory' WHERE member_id = 5",
        "row changed",
        "member (5) name",
    ),
    "row missing": ("DELETE FROM act WHERE sequence = 40", "row missing", "act (40)"),
    "row extra": (
        """INSERT INTO transfer SELECT 99999, 0, kind, operator, sender, receiver, token_id, grams, block, timestamp
        FROM transfer WHERE sequence = (SELECT max(sequence) FROM transfer WHERE line = 0) AND line = 0""",
        "row extra",
        "transfer (99999, 0)",
    ),
    "balance": ("UPDATE holding SET free = free + 1 WHERE retired > 0", "contract state", "Credits.holding("),
    "balance against the credit": ("UPDATE holding SET locked = locked + 1", "conservation", "locked"),
    "total": (
        "UPDATE total SET retired_grams = retired_grams + 1 WHERE dimension = 'all'",
        "contract state",
        "Credits.totals() retired",
    ),
    "total of a day": (
        "UPDATE total SET retirements = 9 WHERE dimension = 'day'",
        "row changed",
        "total (day, ",
    ),
    "header": (
        "UPDATE block SET parent_hash = hash WHERE number = (SELECT max(number) - 3 FROM block)",
        "row changed",
        "parent_hash",
    ),
    "newest header": (
        "UPDATE block SET hash = 'x' WHERE number = (SELECT max(number) FROM block)",
        "header",
        "hash",
    ),
    "stale checkpoint": ("UPDATE checkpoint SET block = block - 1", "checkpoint", "checkpoint"),
    "counter": ("UPDATE checkpoint SET sequence = sequence - 1", "checkpoint", "checkpoint sequence"),
    "certificate": (
        "UPDATE retirement SET beneficiary = 'Mallory' WHERE sequence = (SELECT min(sequence) FROM retirement)",
        "contract state",
        "record_hash",
    ),
    "correction": ("UPDATE correction SET reason = 'none'", "contract state", "correction ("),
    "serials": (
        "UPDATE retirement_line SET first_serial = first_serial + 1 WHERE first_serial > 1",
        "serials",
        "first_serial",
    ),
    "freeze": ("UPDATE account SET frozen_until = 0", "contract state", "Credits.accountFrozenUntil("),
    "setting": (
        "UPDATE setting SET value = '1' WHERE name = 'notice_seconds'",
        "contract state",
        "setting notice",
    ),
    "report": ("UPDATE report SET state = 'verified'", "contract state", "Projects.report("),
    "role": ("UPDATE role_member SET held = NOT held", "row changed", "role_member ("),
    "row doubled": (
        """INSERT INTO act SELECT (SELECT max(sequence) + 1 FROM act), block, log_index, tx_hash, timestamp, contract,
        event, subject, args FROM act WHERE sequence = 40""",
        "row extra",
        "act (",
    ),
    "foreign event": (
        """INSERT INTO act SELECT (SELECT max(sequence) + 1 FROM act), block, 99, tx_hash, timestamp, 'Credits',
        'CreditMinted', 'credit:1', NULL FROM act WHERE sequence = 40""",
        "row extra",
        "act (",
    ),
    "foreign event about roles": (
        """INSERT INTO role_act SELECT block, log_index + 99, tx_hash, timestamp, contract, event, role_id, account, args
        FROM role_act WHERE block = (SELECT max(block) FROM role_act)""",
        "row extra",
        "role_act (",
    ),
    "header's time": (
        "UPDATE block SET timestamp = timestamp + 1 WHERE number = (SELECT max(number) - 4 FROM block)",
        "row changed",
        "timestamp",
    ),
    "header's bloom": (
        "UPDATE block SET logs_bloom = place_holder WHERE number = (SELECT max(number) - 4 FROM block)",
        "row changed",
        "logs_bloom",
    ),
    "logs folded": (
        "UPDATE block SET logs_hash = hash WHERE number = (SELECT max(block) FROM act)",
        "row changed",
        "logs_hash",
    ),
    "order of acts": (
        "UPDATE act SET log_index = log_index + 1 WHERE sequence = 7",
        "row changed",
        "act (7)",
    ),
    "header missing": (
        "DELETE FROM block WHERE number = (SELECT max(number) - 5 FROM block)",
        "row missing",
        "block (",
    ),
    "header foreign": (
        """INSERT INTO block SELECT number + 500, 'x', parent_hash, timestamp, receipts_root, logs_bloom, logs_hash
        FROM block WHERE number = (SELECT max(number) FROM block)""",
        "row extra",
        "block (",
    ),
    "receipts root": (
        "UPDATE block SET receipts_root = hash WHERE number = (SELECT max(number) - 8 FROM block)",
        "row changed",
        "receipts_root",
    ),
    "checkpoint's hash": ("UPDATE checkpoint SET block_hash = 'x'", "checkpoint", "checkpoint block_hash"),
    "checkpoint ahead": ("UPDATE checkpoint SET block = block + 5", "chain", "head"),
    "balance missing": ("DELETE FROM holding WHERE locked > 0", "row missing", "holding ("),
    "balance moved": (
        """UPDATE holding SET free = free + CASE account
        WHEN (SELECT min(account) FROM holding AS other WHERE other.token_id = holding.token_id) THEN 1
        WHEN (SELECT max(account) FROM holding AS other WHERE other.token_id = holding.token_id) THEN -1
        ELSE 0 END""",
        "contract state",
        "Credits.holding(",
    ),
    "lock": ("UPDATE lock SET grams = grams + 1 WHERE grams > 0", "contract state", "Credits.lockOf("),
    "retirement's line missing": (
        "DELETE FROM retirement_line WHERE sequence = (SELECT max(sequence) FROM retirement)",
        "row missing",
        "retirement_line (",
    ),
    "standing": (
        "UPDATE member SET standing = 'closed' WHERE member_id = 5",
        "contract state",
        "Credits.member(5)",
    ),
    "purpose": ("UPDATE purpose SET allowed = NOT allowed", "contract state", "Credits.purposeAllowed("),
    "event about roles missing": (
        "DELETE FROM role_act WHERE block = (SELECT max(block) FROM role_act)",
        "row missing",
        "role_act (",
    ),
    "total of a project": (
        "UPDATE total SET issued_grams = issued_grams - 1 WHERE dimension = 'project'",
        "row changed",
        "total (project, ",
    ),
    "credit": ("UPDATE credit SET retired_grams = 0", "conservation", "credit ("),
    "document": ("UPDATE retirement SET doc = place_holder", "row changed", ") doc"),
}


def test_there_are_as_many_kinds_as_were_promised() -> None:
    assert len(FAULTS) >= 20


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_named(mirrored: Engine, ledger_world: World, fault: str) -> None:
    statement, kind, subject = FAULTS[fault]
    literal = "x'7b7d'" if mirrored.dialect.name == "sqlite" else r"'\x7b7d'"
    with mirrored.begin() as connection:
        connection.execute(text(statement.replace("place_holder", literal)))
    report = run(ledger_world, mirrored)
    named = [finding for finding in report.findings if finding.kind == kind and subject in finding.subject]
    assert named, report.findings
    assert all(finding.expected != finding.found and finding.remedy for finding in named)


def test_a_repaired_mirror_is_clean_again(mirrored: Engine, ledger_world: World) -> None:
    with mirrored.begin() as connection:
        connection.execute(text("UPDATE member SET name = 'Mallory'"))
        connection.execute(text("DELETE FROM total"))
    assert not run(ledger_world, mirrored).clean
    Mirror(ledger_world.chain, mirrored, ledger_world.deployment).rebuild()
    assert run(ledger_world, mirrored).clean


def test_nothing_mirrored_is_said_so(engine: Engine, ledger_world: World) -> None:
    with pytest.raises(BadInput, match="nothing is mirrored"):
        run(ledger_world, engine)


def test_another_deployments_database_is_refused(mirrored: Engine, ledger_world: World) -> None:
    with pytest.raises(ChainMismatch):
        audit(ledger_world.chain, mirrored, replace(ledger_world.deployment, chain_id=5))


def test_events_about_roles_that_a_node_left_out_are_found(
    sqlite_url: str, engine_for: Callable[[str], Engine], ledger_world: World
) -> None:
    engine = engine_for(sqlite_url)
    roles = ledger_world.deployment.addresses["Roles"]

    # No count speaks for these events, and this node leaves out the same ones however often it is asked.
    def forgetful(logs: list[Log]) -> list[Log]:
        revoked = "0x" + keccak(text="RoleRevoked(uint64,address)").hex()
        return [log for log in logs if log.address != roles or log.topics[0] != revoked]

    with closing(Liar(ledger_world.chain.url, forgetful)) as liar:
        Mirror(liar, engine, ledger_world.deployment).run()
        report = run(World(liar, ledger_world.deployment), engine)
    assert [finding.subject.split("(")[0] for finding in report.findings] == ["Roles.getAccess"]
