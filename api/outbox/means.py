"""What a pass works with: the database, the keys, the contracts and the node, for as long as one connection lives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.engine import RowMapping

from node_client import policy
from node_client.errors import SigningError
from node_client.ledger import Ledger
from node_client.settings import Settings
from node_client.signer import Signer, Vault
from node_client.wire import Wire

# A signed order holds for this long after it was prepared; an accepted request that is older is not prepared any more.
LIFETIME_SECONDS: Final = 24 * 3600


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited before something is taken to be amiss."""

    # For the mirror to show what was mined, before the node is asked about it.
    mirror_seconds: float = 2.0
    # Without a step forward; then a relayer's transactions are offered again.
    resend_seconds: float = 5.0
    # A lagging node also shows a gap in the nonces for a while; only one that lasts is filled by preparing anew.
    gap_seconds: float = 60.0


class Means:
    """One connection's means. Raises `SigningError` when a relayer's key cannot be opened."""

    def __init__(
        self, settings: Settings, engine: Engine, vault: Vault, ledger: Ledger, patience: Patience
    ) -> None:
        self.engine = engine
        self.patience = patience
        self.ledger = ledger
        self.chain = ledger.chain
        self.credits = ledger.deployment.address("Credits")
        self._vault = vault
        self._custodial = policy.custodial(ledger.deployment)
        relaying = policy.relaying(ledger.deployment)
        self.relayers: list[Signer] = [
            vault.open_address(account, relaying) for account in relayers_of(settings, vault)
        ]
        self._holders: dict[str, Signer] = {}
        self.wire = Wire(ledger.chain.url)

    def close(self) -> None:
        """The connection is closed."""
        self.wire.close()

    def holder(self, account: str) -> Signer:
        """The holder's key, for orders alone. Raises `SigningError`."""
        if account not in self._holders:
            self._holders[account] = self._vault.open_address(account, self._custodial)
        return self._holders[account]

    def on_chain(self, row: RowMapping) -> bool:
        """Whether the contract keeps this very record; not so when another's took the number."""
        number, record = (bytes.fromhex(row[name][2:]) for name in ("retirement_id", "record_hash"))
        return self.ledger.keeps(number, record)


def relayers_of(settings: Settings, vault: Vault) -> Sequence[str]:
    """The accounts of the pool, in its order. Raises `SigningError` when there are none, or a key is missing."""
    accounts = [vault.account(name) for name in settings.relayer_names]
    missing = [account for account in accounts if not vault.has(account)]
    if missing or not accounts:
        raise SigningError(
            f"keys of relayers are missing: {', '.join(missing) or 'none is named'}",
            remedy="make them (tanhui keys create relayer), or correct TANHUI_RELAYERS",
        )
    return list(dict.fromkeys(accounts))
