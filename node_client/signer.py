"""Keys: encrypted files on disk, opened only to sign. The only module that knows eth_account.

Flow: `Keystore.create` → one encrypted v3 file per name, readable by its owner alone → `Keystore.open` with the password →
`Key`, which signs transactions and EIP-712 typed data and never shows its secret. Opened with a `Policy`, it signs what
that allows and nothing else.

What is signed is the keccak of bytes that `BytesSigner` makes of a payload, so a key of the keystore and one behind
Web3Signer (node_client.remote_signer) give the same signatures.
"""

from __future__ import annotations

import functools
import json
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import coincurve
import rlp
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_keys.exceptions import BadSignature
from eth_utils.address import is_address, to_checksum_address
from eth_utils.crypto import keccak
from eth_utils.exceptions import ValidationError

from node_client.errors import BadInput, KeyExists, KeyMissing, SigningError, WrongPassword
from node_client.settings import Settings

if TYPE_CHECKING:
    from node_client.orders import RetirementOrder
    from node_client.policy import Policy

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class Signer(Protocol):
    """What signs for one account: a keystore's key, or one of a remote signer."""

    @property
    def address(self) -> str:
        """The account, checksummed."""
        ...

    def sign_transaction(self, transaction: Mapping[str, Any]) -> bytes:
        """The transaction, signed and serialised."""
        ...

    def sign_typed_data(self, typed_data: Mapping[str, Any]) -> bytes:
        """The 65-byte signature of EIP-712 typed data."""
        ...

    def sign_retirement(self, order: RetirementOrder) -> bytes:
        """The 65-byte EIP-712 signature of an order to retire."""
        ...


class Vault(Protocol):
    """Where the platform's keys are: a keystore, or a remote signer."""

    def account(self, name: str) -> str:
        """The account that a name, or an account itself, stands for. Raises `KeyMissing`."""
        ...

    def has(self, address: str) -> bool:
        """Whether the account's key is here."""
        ...

    def open_address(self, address: str, policy: Policy | None = None) -> Signer:
        """The account's key, bound to a policy. Raises `KeyMissing` and other `SigningError`s."""
        ...

    def close(self) -> None:
        """Nothing is held open any more."""
        ...


class BytesSigner:
    """Signs payloads as the keccak of their bytes; a subclass knows the key."""

    def __init__(self, address: str, policy: Policy | None = None) -> None:
        self.address = address
        self._policy = policy

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.address})"

    def __reduce__(self) -> Any:
        raise TypeError("a key cannot be copied out of its process")

    def sign_transaction(self, transaction: Mapping[str, Any]) -> bytes:
        """The legacy transaction, signed for its chain (EIP-155) and serialised. Raises `SigningRefused`."""
        if self._policy is not None:
            self._policy.check_transaction(transaction)
        to = transaction.get("to")
        fields = [
            transaction["nonce"],
            transaction["gasPrice"],
            transaction["gas"],
            bytes.fromhex(to[2:]) if to else b"",
            transaction.get("value", 0),
            _bytes(transaction.get("data", b"")),
        ]
        chain_id: int = transaction["chainId"]
        r, s, parity = self._signature(rlp.encode([*fields, chain_id, 0, 0]))
        return bytes(rlp.encode([*fields, chain_id * 2 + 35 + parity, r, s]))

    def sign_typed_data(self, typed_data: Mapping[str, Any]) -> bytes:
        """The 65-byte signature of EIP-712 typed data, its last byte 27 or 28. Raises `SigningRefused`."""
        if self._policy is not None:
            self._policy.check_order(self.address, typed_data)
        message = encode_typed_data(full_message=dict(typed_data))
        return self._signature_bytes(b"\x19" + message.version + message.header + message.body)

    def sign_retirement(self, order: RetirementOrder) -> bytes:
        """The 65-byte EIP-712 signature of an order to retire, its last byte 27 or 28. Raises `SigningRefused`."""
        if self._policy is not None:
            self._policy.check_retirement(self.address, order)
        return self._signature_bytes(order.preimage())

    def _signature_bytes(self, payload: bytes) -> bytes:
        r, s, parity = self._signature(payload)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([27 + parity])

    def _signature(self, payload: bytes) -> tuple[int, int, int]:
        """r, s and the parity (0 or 1) of the signature of keccak(payload)."""
        raise NotImplementedError


class Key(BytesSigner):
    """An opened key. Its text form is its address; the secret never leaves the object."""

    def __init__(self, account: LocalAccount, policy: Policy | None = None) -> None:
        super().__init__(to_checksum_address(account.address), policy)
        # Signing through eth-account makes the key anew each time, three times the work of a signature.
        self._secret = coincurve.PrivateKey(bytes(account.key))

    def _signature(self, payload: bytes) -> tuple[int, int, int]:
        signed = self._secret.sign_recoverable(keccak(payload), hasher=None)
        return int.from_bytes(signed[:32], "big"), int.from_bytes(signed[32:64], "big"), signed[64]


def _bytes(data: str | bytes) -> bytes:
    return bytes.fromhex(data.removeprefix("0x")) if isinstance(data, str) else bytes(data)


class Keystore:
    """A folder of encrypted keys, one file a name, all under one password."""

    def __init__(self, folder: Path, password: str) -> None:
        self.folder = folder
        self._password = password
        self._opened: dict[str, LocalAccount] = {}
        self._listed: tuple[int, dict[str, str], dict[str, str]] = (-1, {}, {})

    def close(self) -> None:
        """The opened keys are forgotten."""
        self._opened.clear()

    def names(self) -> list[str]:
        """The names of the keys, sorted."""
        return sorted(path.stem for path in self.folder.glob("*.json"))

    def address(self, name: str) -> str:
        """The account of a key, which needs no password.

        Raises `KeyMissing`.
        """
        return to_checksum_address("0x" + str(self._read(name)["address"]))

    def create(self, name: str) -> str:
        """A new random key is in the keystore; its account.

        Raises `KeyExists` rather than overwrite one, and `SigningError` for a bad name or an empty password.
        """
        return self._store(name, Account.create())

    def ensure(self, name: str) -> str:
        """A key of this name is in the keystore, made if need be; its account."""
        return self.address(name) if self._path(name).exists() else self.create(name)

    def account(self, name: str) -> str:
        """The account that a name of a key, or an account itself, stands for. Raises `KeyMissing`."""
        if is_address(name):
            return to_checksum_address(name)
        # A name that is not listed gets its error.
        return self._listing()[0].get(name) or self.address(name)

    def has(self, address: str) -> bool:
        """Whether the account's key is in the keystore."""
        return address in self._listing()[1]

    def open(self, name: str, policy: Policy | None = None) -> Key:
        """The key, ready to sign what the policy allows, all without one; decrypted once per keystore object.

        Raises `KeyMissing` and `WrongPassword`.
        """
        if name not in self._opened:
            encrypted = self._read(name)
            try:
                secret = Account.decrypt(encrypted, self._password)
            except ValueError as error:
                raise WrongPassword(
                    f"the password does not open key {name!r} in {self.folder}",
                    remedy="set TANHUI_PASSWORD_FILE to the file with the right password",
                ) from error
            self._opened[name] = Account.from_key(secret)
        return Key(self._opened[name], policy)

    def open_address(self, address: str, policy: Policy | None = None) -> Key:
        """The key of an account. Raises `KeyMissing` and `WrongPassword`."""
        name = self._listing()[1].get(address)
        if name is None:
            raise KeyMissing(f"no key of {address} is in {self.folder}", remedy="see tanhui keys list")
        return self.open(name, policy)

    def _listing(self) -> tuple[dict[str, str], dict[str, str]]:
        """Accounts by name and names by account, read again whenever a file has come or gone."""
        try:
            changed = self.folder.stat().st_mtime_ns
        except FileNotFoundError:
            return {}, {}
        if self._listed[0] != changed:
            accounts = {name: self.address(name) for name in self.names()}
            self._listed = (changed, accounts, {account: name for name, account in accounts.items()})
        return self._listed[1:]

    def _store(self, name: str, account: LocalAccount) -> str:
        path = self._path(name)
        if not self._password:
            raise SigningError(
                "a keystore needs a password", remedy="set TANHUI_PASSWORD_FILE to a file that holds one"
            )
        encrypted = json.dumps(account.encrypt(self._password))
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            # Readable by its owner alone from the first byte on, and never over another key.
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            raise KeyExists(
                f"key {name!r} is in {self.folder} already", remedy="choose another name"
            ) from error
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(encrypted)
        self._opened[name] = account
        return to_checksum_address(account.address)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise SigningError(
                f"{name!r} is no name of a key",
                remedy="use lower-case letters, digits, dot, dash and underscore, at most 64",
            )
        return self.folder / f"{name}.json"

    def _read(self, name: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(self._path(name).read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            known = ", ".join(self.names()) or "none"
            raise KeyMissing(
                f"no key {name!r} in {self.folder} (there are: {known})", remedy=f"tanhui keys create {name}"
            ) from error
        except ValueError as error:
            raise SigningError(
                f"{self._path(name)} is no encrypted key", remedy="restore the file from its backup"
            ) from error
        return found


def keystore_of(settings: Settings) -> Keystore:
    """The keystore of the settings, with its password; an empty password opens nothing."""
    password = settings.password.get_secret_value()
    file: Path | None = settings.password_file
    if file is None and not password and (settings.data / "password").exists():
        file = settings.data / "password"
    if file is not None:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise BadInput(
                f"the password file {file} cannot be read: {error.strerror}",
                remedy="correct TANHUI_PASSWORD_FILE",
            ) from error
        password = lines[0].strip() if lines else ""
    return Keystore(settings.keystore, password)


def new_password_file(path: Path) -> Path:
    """A file with a random password exists at the path, readable by its owner alone; an existing one is kept."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(secrets.token_urlsafe(32) + "\n")
    return path


def recover_hash(digest: bytes, r: int, s: int, parity: int) -> str:
    """The account whose signature of a 32-byte hash this is; an empty text for no signature at all."""
    try:
        return to_checksum_address(Account._recover_hash(digest, vrs=(27 + parity, r, s)))  # noqa: SLF001
    except (BadSignature, ValidationError):
        return ""


@functools.cache
def recover_typed_data(typed_data_json: str, signature: bytes) -> str:
    """The account that signed EIP-712 typed data, given as JSON text."""
    message = encode_typed_data(full_message=json.loads(typed_data_json))
    return to_checksum_address(Account.recover_message(message, signature=signature))
