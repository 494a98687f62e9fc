"""Acts about cancellations: credits taken out for errors, never as an offset."""

from __future__ import annotations

from node_client.acts._event import created_number
from node_client.chain import Receipt
from node_client.ledger import Ledger
from node_client.signer import Signer
from node_client.units import code_to_bytes32


def propose_cancellation(
    ledger: Ledger,
    signer: Signer,
    *,
    token_id: int,
    holder: str,
    grams: int,
    reason_code: str,
    case_hash: bytes,
    lock_id: bytes = bytes(32),
) -> int:
    """The cancellation is proposed; its number. By the operator."""
    receipt = ledger.act(
        signer,
        "Cancellations",
        "proposeCancellation",
        token_id,
        holder,
        grams,
        lock_id,
        code_to_bytes32(reason_code),
        case_hash,
    )
    return created_number(ledger, receipt, "Cancellations", "CancellationProposed")


def confirm_cancellation(ledger: Ledger, signer: Signer, *, cancellation_id: int) -> Receipt:
    """The grams are cancelled for good. By the authority."""
    return ledger.act(signer, "Cancellations", "confirmCancellation", cancellation_id)


def return_cancellation(ledger: Ledger, signer: Signer, *, cancellation_id: int) -> Receipt:
    """The cancellation is returned; nothing was taken. By the authority."""
    return ledger.act(signer, "Cancellations", "returnCancellation", cancellation_id)
