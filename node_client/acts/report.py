"""Acts about monitoring reports and their verification."""

from __future__ import annotations

from node_client.acts._event import created_number
from node_client.chain import Receipt
from node_client.ledger import Ledger
from node_client.signer import Signer


def submit_report(
    ledger: Ledger,
    signer: Signer,
    *,
    project_id: int,
    period_start: int,
    period_end: int,
    claimed_grams: int,
    data_root: bytes,
    report_hash: bytes,
) -> int:
    """The report is submitted and its days are claimed; its number. By the project's owner."""
    receipt = ledger.act(
        signer,
        "Projects",
        "submitReport",
        project_id,
        period_start,
        period_end,
        claimed_grams,
        data_root,
        report_hash,
    )
    return created_number(ledger, receipt, "Projects", "ReportSubmitted")


def withdraw_report(ledger: Ledger, signer: Signer, *, report_id: int, reason: str) -> Receipt:
    """The report is withdrawn and its days are released. By the project's owner, before verification."""
    return ledger.act(signer, "Projects", "withdrawReport", report_id, reason)


def verify_report(
    ledger: Ledger,
    signer: Signer,
    *,
    report_id: int,
    positive: bool,
    verified_grams: int,
    verification_hash: bytes,
) -> Receipt:
    """The verdict stands; a negative one has released the report's days. By a verifier that does not own the project."""
    return ledger.act(
        signer, "Projects", "verifyReport", report_id, positive, verified_grams, verification_hash
    )
