"""The error tree of Tanhui; every error says what happened and what to do about it.

TanhuiError
├── BadInput             what was typed or sent does not make sense, before any chain is asked
├── ToolMissing          a program that should have been installed is not there
├── CompilationFailed    the Solidity sources do not compile, or do not fit on the chain
├── SigningError         KeyMissing, KeyExists, WrongPassword, SigningRefused, SignerUnreachable
├── ChainError           ChainUnreachable, NodeBusy, ChainMismatch, ContractsMissing, TransactionLost
├── Refused              a contract refused an act; one class per Solidity error (node_client.refusal)
├── DatabaseError        DatabaseUnreachable, DatabaseRevision
└── MirrorError          MirrorInconsistent, UnknownEvent, ForkDetected, SequenceMismatch, ProofFailed, WriterReplaced

`exit_code` is what the command line ends with; docs/errors.md explains each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class TanhuiError(Exception):
    """Root of all errors raised on purpose by Tanhui."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} ({self.remedy})"


class BadInput(TanhuiError):
    """What was typed or sent does not make sense."""

    exit_code = 2


class ToolMissing(TanhuiError):
    """A program that should have been installed is not there."""

    exit_code = 6


class CompilationFailed(TanhuiError):
    """The Solidity sources do not compile, or what they compile to does not fit on the chain."""

    exit_code = 6


class SigningError(TanhuiError):
    """A key could not be used."""

    exit_code = 5


class KeyMissing(SigningError):
    """No key of this name is in the keystore."""


class KeyExists(SigningError):
    """A key of this name is in the keystore already; nothing was overwritten."""


class WrongPassword(SigningError):
    """The password does not open the key."""


class SigningRefused(SigningError):
    """The signer's policy forbids the signature; nothing was signed."""


class SignerUnreachable(SigningError):
    """The remote signer does not answer, or answers nonsense."""


class ChainError(TanhuiError):
    """The chain could not be used."""

    exit_code = 4


class ChainUnreachable(ChainError):
    """The node does not answer, or answers nonsense."""


class NodeBusy(ChainUnreachable):
    """The node answers, but does not take a transaction now: it lags, its pool is full, or it lacks an earlier nonce."""


class ChainMismatch(ChainError):
    """The node is on another chain than expected."""


class ContractsMissing(ChainError):
    """The ledger's contracts are not on this chain, or others stand in their place."""


class TransactionLost(ChainError):
    """A transaction was sent, but no receipt came in time; it may still be mined."""


class Refused(TanhuiError):
    """A contract refused an act, and nothing changed.

    `name` is the Solidity error's, `arguments` its arguments by name; both are empty for a refusal without a named error.
    """

    exit_code = 3
    status: ClassVar[int] = 409
    name: str = ""

    def __init__(self, message: str, *, remedy: str, arguments: Mapping[str, Any] | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.arguments: dict[str, Any] = dict(arguments or {})


class DatabaseError(TanhuiError):
    """The database could not be used."""

    exit_code = 4


class DatabaseUnreachable(DatabaseError):
    """The database does not answer."""


class DatabaseRevision(DatabaseError):
    """The database's tables are of another revision than this program."""


class MirrorError(TanhuiError):
    """The mirror found something that must not be, and stopped without writing."""

    exit_code = 7


class MirrorInconsistent(MirrorError):
    """What the node answered contradicts itself or what is stored."""


class UnknownEvent(MirrorError):
    """One of the ledger's contracts emitted an event this program does not know."""


class ForkDetected(MirrorError):
    """The node's chain is not the one the mirror has stored."""


class SequenceMismatch(MirrorError):
    """The contract counts more or fewer acts than were found."""


class ProofFailed(MirrorError):
    """A header does not give its own hash, receipts not their root, or the logs are not those of the receipts."""


class WriterReplaced(MirrorError):
    """Another mirror writes into this database now."""
