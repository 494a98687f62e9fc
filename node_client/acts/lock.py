"""Acts about locks: grams bound to a case or an offer."""

from __future__ import annotations

from node_client.chain import Receipt
from node_client.ledger import Ledger
from node_client.orders import Retirement
from node_client.signer import Signer


def lock(
    ledger: Ledger,
    signer: Signer,
    *,
    lock_id: bytes,
    token_id: int,
    grams: int,
    keeper: str,
    expires_at: int,
    case_reference: str = "",
) -> Receipt:
    """The grams are bound; only the keeper, or after the end (Unix seconds) the holder, sets them free. By their holder."""
    return ledger.act(signer, "Credits", "lock", lock_id, token_id, grams, keeper, expires_at, case_reference)


def release_lock(ledger: Ledger, signer: Signer, *, lock_id: bytes, grams: int) -> Receipt:
    """The grams are free again. By the keeper, or after the end by the holder."""
    return ledger.act(signer, "Credits", "releaseLock", lock_id, grams)


def deliver_lock(ledger: Ledger, signer: Signer, *, lock_id: bytes, to: str, grams: int) -> Receipt:
    """The receiver holds the grams. By the keeper."""
    return ledger.act(signer, "Credits", "deliverLock", lock_id, to, grams)


def retire_locked(ledger: Ledger, signer: Signer, *, lock_id: bytes, retirement: Retirement) -> Receipt:
    """The locked grams are retired. By their holder."""
    return ledger.act(signer, "Credits", "retireLocked", lock_id, retirement.as_tuple())
