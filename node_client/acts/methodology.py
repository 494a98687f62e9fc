"""Acts about methodologies."""

from __future__ import annotations

from node_client.acts._event import created_number
from node_client.chain import Receipt
from node_client.ledger import Ledger
from node_client.signer import Signer


def submit_methodology(
    ledger: Ledger, signer: Signer, *, document_hash: bytes, code: str, version: str, sector: str, unit: str
) -> int:
    """The methodology is submitted; its number. By any active member."""
    receipt = ledger.act(
        signer, "Methodologies", "submitMethodology", document_hash, code, version, sector, unit
    )
    return created_number(ledger, receipt, "Methodologies", "MethodologySubmitted")


def open_appraisal(ledger: Ledger, signer: Signer, *, methodology_id: int) -> Receipt:
    """Experts may judge the methodology. By the operator."""
    return ledger.act(signer, "Methodologies", "openAppraisal", methodology_id)


def appraise(
    ledger: Ledger, signer: Signer, *, methodology_id: int, score: int, opinion_hash: bytes
) -> Receipt:
    """The expert's opinion counts; score 0 to 100. By an expert, once, not on its own member's work."""
    return ledger.act(signer, "Methodologies", "appraise", methodology_id, score, opinion_hash)


def file_methodology(ledger: Ledger, signer: Signer, *, methodology_id: int) -> Receipt:
    """The methodology is filed: projects may use it. By the authority, after a passed appraisal."""
    return ledger.act(signer, "Methodologies", "fileMethodology", methodology_id)


def reject_methodology(ledger: Ledger, signer: Signer, *, methodology_id: int, reason: str) -> Receipt:
    """The methodology is rejected. By the authority."""
    return ledger.act(signer, "Methodologies", "rejectMethodology", methodology_id, reason)


def suspend_methodology(ledger: Ledger, signer: Signer, *, methodology_id: int, reason: str) -> Receipt:
    """No new project may use the methodology. By the authority."""
    return ledger.act(signer, "Methodologies", "suspendMethodology", methodology_id, reason)


def resume_methodology(ledger: Ledger, signer: Signer, *, methodology_id: int, reason: str) -> Receipt:
    """The suspended methodology is filed again. By the authority."""
    return ledger.act(signer, "Methodologies", "resumeMethodology", methodology_id, reason)


def withdraw_methodology(ledger: Ledger, signer: Signer, *, methodology_id: int, reason: str) -> Receipt:
    """The methodology is withdrawn for good. By the authority."""
    return ledger.act(signer, "Methodologies", "withdrawMethodology", methodology_id, reason)


def set_appraisal_rule(ledger: Ledger, signer: Signer, *, quorum: int, pass_mark: int) -> Receipt:
    """Filing needs this many opinions and this mean score (0 to 100). By the authority."""
    return ledger.act(signer, "Methodologies", "setAppraisalRule", quorum, pass_mark)
