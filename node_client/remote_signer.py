"""Keys behind Web3Signer: they never enter this process.

Flow: `RemoteVault` lists public keys (GET /api/v1/eth1/publicKeys) → accounts → `RemoteKey` makes the bytes that a key of the
keystore signs the keccak of → POST /api/v1/eth1/sign/{public key} → r, s, v → checked to be the account's own signature.

The API is that of Consensys' Web3Signer for eth1; whatever else speaks it serves as well. The policy is asked here before
anything is posted; give Web3Signer rules of its own too.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, Final

import httpx
from eth_utils.address import is_address, to_checksum_address
from eth_utils.crypto import keccak

from node_client.errors import KeyMissing, SignerUnreachable
from node_client.settings import Settings
from node_client.signer import BytesSigner, Vault, keystore_of, recover_hash

if TYPE_CHECKING:
    from node_client.policy import Policy

_LIST_SECONDS: Final = 5.0
_PUBLIC_KEY: Final = re.compile(r"(?:0x)?(?:04)?([0-9a-fA-F]{128})")
_SIGNATURE: Final = re.compile(r"0x[0-9a-fA-F]{130}")
_HALF_ORDER: Final = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


class RemoteVault:
    """The keys of one Web3Signer."""

    def __init__(self, url: str, timeout_seconds: float = 10.0) -> None:
        self.url = url.rstrip("/")
        self._client = httpx.Client(timeout=timeout_seconds, trust_env=False)
        self._listed: tuple[float, dict[str, str]] = (float("-inf"), {})

    def close(self) -> None:
        """The connections are closed."""
        self._client.close()

    def check(self) -> None:
        """The signer is up. Raises `SignerUnreachable`."""
        self.ask("GET", "/upcheck")

    def account(self, name: str) -> str:
        """The account, in its one spelling. Raises `KeyMissing` for a name: Web3Signer knows accounts alone."""
        if not is_address(name):
            raise KeyMissing(
                f"the remote signer at {self.url} has no names, so {name!r} is no key there",
                remedy="name relayers by their accounts (0x…) in TANHUI_RELAYERS",
            )
        return to_checksum_address(name)

    def has(self, address: str) -> bool:
        """Whether the signer has the account's key, as it said at most five seconds ago. Raises `SignerUnreachable`."""
        if time.monotonic() - self._listed[0] > _LIST_SECONDS:
            self._listed = (time.monotonic(), self._public_keys())
        return address in self._listed[1]

    def open_address(self, address: str, policy: Policy | None = None) -> RemoteKey:
        """The account's key, bound to a policy. Raises `KeyMissing` and `SignerUnreachable`."""
        if not self.has(address):
            raise KeyMissing(
                f"the remote signer at {self.url} has no key of {address}",
                remedy="add the key to it; see its /api/v1/eth1/publicKeys",
            )
        return RemoteKey(self, self._listed[1][address], address, policy)

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The signer's answer. Raises `SignerUnreachable` for none, and for any but a good one."""
        try:
            return self._client.request(method, self.url + path, **options).raise_for_status()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SignerUnreachable(
                f"the remote signer at {self.url} does not serve {path.rsplit('/', 1)[0]}: {type(error).__name__}",
                remedy="start it, or correct TANHUI_SIGNER_URL; what waits for it is signed once it is back",
            ) from error

    def _public_keys(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for each in self.ask("GET", "/api/v1/eth1/publicKeys").json():
            match = _PUBLIC_KEY.fullmatch(str(each))
            if match is None:
                raise SignerUnreachable(
                    f"the remote signer at {self.url} lists something that is no public key",
                    remedy="check that the address is a Web3Signer's in eth1 mode",
                )
            found[to_checksum_address(keccak(bytes.fromhex(match[1]))[12:])] = str(each)
        return found


def vault_of(settings: Settings) -> Vault:
    """Where holders' and relayers' keys are by the settings: a Web3Signer when one is named, else the keystore."""
    return RemoteVault(settings.signer_url) if settings.signer_url else keystore_of(settings)


class RemoteKey(BytesSigner):
    """A key of a remote signer, known by its public key."""

    def __init__(self, vault: RemoteVault, identifier: str, address: str, policy: Policy | None) -> None:
        super().__init__(address, policy)
        self._vault = vault
        self._identifier = identifier

    def _signature(self, payload: bytes) -> tuple[int, int, int]:
        answer = self._vault.ask(
            "POST", f"/api/v1/eth1/sign/{self._identifier}", json={"data": "0x" + payload.hex()}
        )
        text = answer.text.strip().strip('"')
        if _SIGNATURE.fullmatch(text):
            raw = bytes.fromhex(text[2:])
            r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:64], "big")
            # Signers write v as 27 and 28 or as 0 and 1.
            parity = raw[64] - 27 if raw[64] >= 27 else raw[64]
            # Taken on trust, a wrong signature would stand in a stored transaction that nothing can mine.
            if (
                parity in {0, 1}
                and s <= _HALF_ORDER
                and recover_hash(keccak(payload), r, s, parity) == self.address
            ):
                return r, s, parity
        raise SignerUnreachable(
            f"the remote signer at {self._vault.url} answered with no signature of {self.address}",
            remedy="check that the address is a Web3Signer's in eth1 mode",
        )
