"""Acts that move credits from holder to holder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple

from node_client.chain import Receipt
from node_client.ledger import Ledger
from node_client.orders import TransferOrder
from node_client.signer import Signer


def transfer(ledger: Ledger, signer: Signer, *, to: str, token_id: int, grams: int) -> Receipt:
    """The receiver holds the grams. By their holder."""
    return ledger.act(signer, "Credits", "safeTransferFrom", signer.address, to, token_id, grams, b"")


def transfer_batch(ledger: Ledger, signer: Signer, *, to: str, lines: Sequence[tuple[int, int]]) -> Receipt:
    """The receiver holds the grams of every (token id, grams). By their holder."""
    token_ids = [token_id for token_id, _ in lines]
    grams = [each for _, each in lines]
    return ledger.act(signer, "Credits", "safeBatchTransferFrom", signer.address, to, token_ids, grams, b"")


def carry_transfer(ledger: Ledger, signer: Signer, *, order: TransferOrder, signature: bytes) -> Receipt:
    """The order's transfer is done. By anyone."""
    return ledger.act(signer, "Credits", "transferByOrder", astuple(order), signature)


def approve_operator(ledger: Ledger, signer: Signer, *, operator: str, approved: bool) -> Receipt:
    """The operator may, or may no longer, move all credits of the signer. By their holder."""
    return ledger.act(signer, "Credits", "setApprovalForAll", operator, approved)
