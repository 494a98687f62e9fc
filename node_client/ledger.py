"""The ledger on its chain: reads at a block, and acts signed, sent and waited for.

Flow: `Ledger.open(settings)` → node found and checked → contracts found and checked → `read`, or `act`:
simulate → sign → send → receipt → the events of the act.

Every act of the contracts has its function in node_client.acts; they all come through `Ledger.act`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from node_client import deployment as deployments
from node_client.chain import GAS_LIMIT, Chain, Receipt
from node_client.deployment import Deployment
from node_client.errors import ChainUnreachable, Refused
from node_client.network import ganache
from node_client.refusal import refuse
from node_client.settings import Settings
from node_client.signer import Signer


@dataclass(frozen=True, slots=True)
class Act:
    """What an act would send: the last look before it is signed, and what --dry-run shows."""

    contract: str
    address: str
    function: str
    arguments: tuple[Any, ...]
    sender: str


class Ledger:
    """The scheme's contracts on one chain. Acts of one account are sent one after the other."""

    def __init__(self, chain: Chain, deployment: Deployment) -> None:
        self.chain = chain
        self.deployment = deployment
        self._nonces: dict[str, int] = {}
        self._sending = threading.Lock()
        # When set, acts are simulated and described to it, and nothing is sent.
        self.dry_run: Callable[[Act], None] | None = None
        # Simulated first, a refused act takes no nonce and leaves no transaction behind. Bulk work whose refusals are
        # rare may do without, at the price of a mined transaction for each refusal.
        self.simulate_first = True
        self.acts_sent = 0

    @classmethod
    def open(cls, settings: Settings) -> Ledger:
        """The ledger of the settings, checked: the node answers, on the right chain, and has our contracts.

        Raises `ChainUnreachable`, `ChainMismatch` or `ContractsMissing`.
        """
        chain = connect(settings)
        try:
            deployment = deployments.load(settings.deployments, chain.chain_id)
            deployments.verify(chain, deployment)
        except BaseException:
            chain.close()
            raise
        return cls(chain, deployment)

    def close(self) -> None:
        """The connection is closed."""
        self.chain.close()

    def read(self, contract_name: str, function: str, *args: Any, block: int | None = None) -> Any:
        """The answer of a view function at the end of a block, newest by default."""
        address = self.deployment.address(contract_name)
        return self.chain.call(address, contract_name, function, *args, block=block)

    def keeps(self, retirement_id: bytes, record_hash: bytes) -> bool:
        """The contract keeps this very record under the number; not so when another's took it."""
        return bool(self.read("Credits", "recordHash", retirement_id) == record_hash)

    def act(self, signer: Signer, contract_name: str, function: str, *args: Any) -> Receipt:
        """The act is on the chain.

        Raises the `Refused` of the contract's own error, `ChainUnreachable`, `TransactionLost`; `DryRun` instead of sending
        when only a description was asked for.
        """
        address = self.deployment.address(contract_name)
        data = self.chain.encode(contract_name, function, *args)
        if self.simulate_first or self.dry_run is not None:
            self.chain.simulate(signer.address, address, data)
        if self.dry_run is not None:
            self.dry_run(Act(contract_name, address, function, args, signer.address))
            raise DryRun
        receipt = self._send(signer, address, data)
        if not receipt.ok:
            raise self._why(signer.address, address, data, receipt)
        return receipt

    def _send(self, signer: Signer, address: str, data: str) -> Receipt:
        with self._sending:
            sender = signer.address
            nonce = self._nonces.get(sender)
            if nonce is None:
                nonce = self.chain.next_nonce(sender)
            # Forgotten until the node has taken it, so that a failure makes us ask the node anew.
            self._nonces.pop(sender, None)
            raw = signer.sign_transaction(
                {
                    "chainId": self.chain.chain_id,
                    "nonce": nonce,
                    "gas": GAS_LIMIT,
                    # Explicitly zero: nodes propose a price even where gas is free.
                    "gasPrice": 0,
                    "value": 0,
                    "to": address,
                    "data": data,
                }
            )
            tx_hash = self.chain.send_raw(raw)
            self._nonces[sender] = nonce + 1
            self.acts_sent += 1
        return self.chain.receipt(tx_hash)

    def _why(self, sender: str, address: str, data: str, receipt: Receipt) -> Refused:
        """The refusal of a mined transaction, by running it again on the state before its block."""
        try:
            self.chain.simulate(sender, address, data, block=receipt.block - 1)
        except Refused as refusal:
            return refusal
        return refuse("", {"transaction": receipt.tx_hash})


class DryRun(Exception):
    """The act would succeed; it was not sent, because only a description was asked for."""


def connect(settings: Settings) -> Chain:
    """The node of the settings: the one named, else the development chain of the data folder.

    Raises `ChainUnreachable` when neither is there.
    """
    url = settings.node_url
    if not url:
        running = ganache.status(settings.chain_folder)
        if running is None:
            raise ChainUnreachable(
                f"no node is named, and no development chain runs in {settings.chain_folder}",
                remedy="start one (tanhui chain up) or set TANHUI_NODE_URL",
            )
        url = running.rpc_url
    return Chain(url, expected_chain_id=settings.chain_id)
