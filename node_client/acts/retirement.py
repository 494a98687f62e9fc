"""Acts that retire credits for good, and correct the record."""

from __future__ import annotations

from dataclasses import astuple, dataclass

from node_client.chain import Receipt
from node_client.ledger import Ledger
from node_client.orders import Retirement
from node_client.signer import Signer


@dataclass(frozen=True, slots=True)
class Correction:
    """Corrected texts of a retirement, as in ICorrections.Correction."""

    correction_id: bytes
    retirement_id: bytes
    beneficiary_hash: bytes
    beneficiary: str
    case_reference: str
    place: str
    note: str
    reason: str


def retire(ledger: Ledger, signer: Signer, retirement: Retirement) -> Receipt:
    """The signer's grams are retired under the record's id. By their holder."""
    return ledger.act(signer, "Credits", "retire", retirement.as_tuple())


def carry_retirement(
    ledger: Ledger, signer: Signer, *, holder: str, deadline: int, retirement: Retirement, signature: bytes
) -> Receipt:
    """The holder's signed retirement is done. By anyone."""
    return ledger.act(signer, "Credits", "retireByOrder", holder, deadline, retirement.as_tuple(), signature)


def correct_retirement(ledger: Ledger, signer: Signer, correction: Correction) -> Receipt:
    """A correction stands beside the first record, which has not changed. By the operator."""
    return ledger.act(signer, "Corrections", "correctRetirement", astuple(correction))
