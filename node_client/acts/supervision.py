"""Acts of supervision: freezes, the pause, and the table of purposes."""

from __future__ import annotations

from node_client.chain import Receipt
from node_client.ledger import Ledger
from node_client.signer import Signer


def freeze_account(ledger: Ledger, signer: Signer, *, account: str, until: int, case_number: str) -> Receipt:
    """Nothing leaves the account until the end (Unix seconds). By the authority."""
    return ledger.act(signer, "Supervision", "freezeAccount", account, until, case_number)


def unfreeze_account(ledger: Ledger, signer: Signer, *, account: str, case_number: str) -> Receipt:
    """The account's freeze has ended. By the authority."""
    return ledger.act(signer, "Supervision", "unfreezeAccount", account, case_number)


def freeze_credit(ledger: Ledger, signer: Signer, *, token_id: int, until: int, case_number: str) -> Receipt:
    """No gram of the credit moves until the end (Unix seconds). By the authority."""
    return ledger.act(signer, "Supervision", "freezeCredit", token_id, until, case_number)


def unfreeze_credit(ledger: Ledger, signer: Signer, *, token_id: int, case_number: str) -> Receipt:
    """The credit's freeze has ended. By the authority."""
    return ledger.act(signer, "Supervision", "unfreezeCredit", token_id, case_number)


def pause(ledger: Ledger, signer: Signer, *, reason: str) -> Receipt:
    """Credits stand still. By a guardian."""
    return ledger.act(signer, "Supervision", "pause", reason)


def propose_unpause(ledger: Ledger, signer: Signer) -> Receipt:
    """A second member may end the pause. By a guardian."""
    return ledger.act(signer, "Supervision", "proposeUnpause")


def confirm_unpause(ledger: Ledger, signer: Signer) -> Receipt:
    """The pause has ended. By the authority, of another member than the proposing one."""
    return ledger.act(signer, "Supervision", "confirmUnpause")


def set_purpose(
    ledger: Ledger, signer: Signer, *, purpose: int, allowed: bool, code: str, name_zh: str, name_en: str
) -> Receipt:
    """The purpose has these names, and retirements may, or may not, state it. By the authority."""
    return ledger.act(signer, "Credits", "setPurpose", purpose, allowed, code, name_zh, name_en)
