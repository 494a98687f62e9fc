"""Acts about issuances."""

from __future__ import annotations

from node_client.acts._event import created_number
from node_client.chain import Receipt
from node_client.ledger import Ledger
from node_client.signer import Signer


def propose_issuance(
    ledger: Ledger,
    signer: Signer,
    *,
    report_id: int,
    credit_id: int,
    holder: str,
    grams: int,
    vintage: int,
    origin: str = "",
) -> int:
    """The issuance is proposed and its public notice runs; its number. By the operator."""
    receipt = ledger.act(
        signer, "Issuances", "proposeIssuance", report_id, credit_id, holder, grams, vintage, origin
    )
    return created_number(ledger, receipt, "Issuances", "IssuanceProposed")


def object_to_issuance(ledger: Ledger, signer: Signer, *, issuance_id: int, reason: str) -> int:
    """The issuance cannot be confirmed until the objection is answered; its number. By any active member."""
    receipt = ledger.act(signer, "Issuances", "objectToIssuance", issuance_id, reason)
    return created_number(ledger, receipt, "Issuances", "IssuanceObjected")


def answer_objection(ledger: Ledger, signer: Signer, *, objection_id: int, answer: str) -> Receipt:
    """The objection is answered. By the authority."""
    return ledger.act(signer, "Issuances", "answerObjection", objection_id, answer)


def confirm_issuance(ledger: Ledger, signer: Signer, *, issuance_id: int) -> Receipt:
    """The credit is issued to its holder. By the authority, after the notice."""
    return ledger.act(signer, "Issuances", "confirmIssuance", issuance_id)


def return_issuance(ledger: Ledger, signer: Signer, *, issuance_id: int, reason: str) -> Receipt:
    """The issuance is returned; its grams and credit id are free again. By the authority."""
    return ledger.act(signer, "Issuances", "returnIssuance", issuance_id, reason)


def set_notice_length(ledger: Ledger, signer: Signer, *, notice_seconds: int) -> Receipt:
    """Later proposals have a notice of this length. By the authority."""
    return ledger.act(signer, "Issuances", "setNoticeLength", notice_seconds)
