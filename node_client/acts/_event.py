"""Reading the number of what an act has created out of its receipt."""

from __future__ import annotations

import functools

from eth_utils.crypto import keccak

from node_client.chain import Receipt, abi_of
from node_client.deployment import canonical_type
from node_client.ledger import Ledger


@functools.cache
def topic_of(contract_name: str, event: str) -> str:
    """The first topic of a contract's event, as hex."""
    for entry in abi_of(contract_name):
        if entry["type"] == "event" and entry["name"] == event:
            kinds = ",".join(canonical_type(field) for field in entry["inputs"])
            return "0x" + keccak(text=f"{event}({kinds})").hex()
    raise ValueError(f"{contract_name} has no event {event}")


def created_number(ledger: Ledger, receipt: Receipt, contract_name: str, event: str) -> int:
    """The first indexed value of the act's event: the number of what it created."""
    address = ledger.deployment.address(contract_name)
    topic = topic_of(contract_name, event)
    for log in receipt.logs:
        if log.address == address and log.topics[0] == topic:
            return int(log.topics[1], 16)
    raise ValueError(f"transaction {receipt.tx_hash} emitted no {event}")
