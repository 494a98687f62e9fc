"""What a key of the platform may sign: pure functions of the payload, with an allow-list.

Flow: payload → `Policy.check_retirement`, `Policy.check_order` or `Policy.check_transaction` → nothing, or `SigningRefused`. A
signer asks its policy before it touches its key (node_client.signer, node_client.remote_signer), so a program gone wrong gets
no other signature.

- `custodial`: a holder's key signs EIP-712 retirement orders of its own account for our Credits contract, and no transaction.
- `relaying`: a relayer's key signs transactions that carry orders to our Credits contract, without value, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from eth_utils.crypto import keccak

from node_client.deployment import Deployment
from node_client.errors import SigningRefused
from node_client.orders import ORDER_TYPES, RetirementOrder, domain

_RECORD: Final = "(bytes32,uint8,bytes32,uint32,uint32,string,string,string,string,(uint256,uint64)[])"
RETIRE_BY_ORDER: Final = keccak(text=f"retireByOrder(address,uint64,{_RECORD},bytes)")[:4]
_FIELDS: Final = frozenset({"chainId", "nonce", "gas", "gasPrice", "value", "to", "data"})
_DOCUMENT: Final = frozenset({"types", "primaryType", "domain", "message"})


@dataclass(frozen=True, slots=True)
class Policy:
    """An allow-list: one chain, one contract, primary types of orders, selectors of transactions."""

    chain_id: int
    contract: str
    domain: tuple[tuple[str, Any], ...]
    orders: frozenset[str] = frozenset()
    selectors: frozenset[bytes] = frozenset()

    def check_retirement(self, account: str, order: RetirementOrder) -> None:
        """The account may sign this order to retire. Raises `SigningRefused`."""
        _require("RetirementOrder" in self.orders, "the key signs no orders of this kind")
        ours = _is(order.chain_id, self.chain_id) and order.contract == self.contract
        _require(ours, "the order is for another contract or chain")
        _require(order.holder == account, "the order is of another holder")
        well_formed = type(order.record_hash) is bytes and len(order.record_hash) == 32
        _require(
            well_formed and type(order.deadline) is int and 0 <= order.deadline < 2**64, "it is no order"
        )

    def check_order(self, account: str, typed_data: Mapping[str, Any]) -> None:
        """The account may sign this EIP-712 document. Raises `SigningRefused`."""
        _require(set(typed_data) == _DOCUMENT, "the document has other parts than an order")
        kind = typed_data["primaryType"]
        _require(isinstance(kind, str) and kind in self.orders, "the key signs no orders of this kind")
        _require(
            _same_domain(typed_data["domain"], self.domain), "the order is for another contract or chain"
        )
        _require(typed_data["types"] == ORDER_TYPES[kind], "the order's types are not the ledger's")
        message = typed_data["message"]
        _require(
            isinstance(message, Mapping) and message.get("holder") == account,
            "the order is of another holder",
        )

    def check_transaction(self, transaction: Mapping[str, Any]) -> None:
        """A transaction with these fields may be signed. Raises `SigningRefused`."""
        _require(
            set(transaction) == _FIELDS, "the transaction has other fields than those of a relayed order"
        )
        _require(_is(transaction["chainId"], self.chain_id), "the transaction is for another chain")
        _require(transaction["to"] == self.contract, "the transaction is for another contract")
        _require(_is(transaction["value"], 0), "the transaction carries value")
        data = transaction["data"]
        _require(
            isinstance(data, str) and data[:10].lower() in {"0x" + each.hex() for each in self.selectors},
            "the key signs no calls of this function",
        )


def custodial(deployment: Deployment) -> Policy:
    """What holders' keys may sign: orders to retire, nothing else."""
    return _policy(deployment, orders=frozenset({"RetirementOrder"}))


def relaying(deployment: Deployment) -> Policy:
    """What relayers' keys may sign: transactions that carry orders to retire, nothing else."""
    return _policy(deployment, selectors=frozenset({RETIRE_BY_ORDER}))


def _policy(deployment: Deployment, **allowed: Any) -> Policy:
    ours = domain(deployment)
    return Policy(deployment.chain_id, deployment.address("Credits"), tuple(ours.items()), **allowed)


def _is(value: Any, expected: Any) -> bool:
    # True and 1.0 equal 1; neither is a number of a transaction.
    return type(value) is type(expected) and bool(value == expected)


def _same_domain(found: Any, expected: tuple[tuple[str, Any], ...]) -> bool:
    return (
        isinstance(found, Mapping)
        and len(found) == len(expected)
        and all(_is(found.get(name), value) for name, value in expected)
    )


def _require(rule: bool, reason: str) -> None:
    if not rule:
        raise SigningRefused(
            f"the signer's policy forbids it: {reason}",
            remedy="nothing was signed; find out what asked for it",
        )
