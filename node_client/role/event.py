"""Events about roles: every event of the AccessManager, and AuthorityUpdated of the contracts that obey it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from node_client.event import At, Event


class RoleEvent(Event):
    """Emitted by Roles; not counted in the ledger's sequence, and kept in a journal of its own."""

    __slots__ = ()
    contracts: ClassVar[tuple[str, ...]] = ("Roles",)
    keeps_args = True

    def subject(self, at: At) -> str:
        """The manager of roles."""
        return "roles"


@dataclass(frozen=True, slots=True)
class AuthorityUpdated(RoleEvent):
    """A contract obeys another manager of roles."""

    contracts: ClassVar[tuple[str, ...]] = (
        "Credits",
        "Methodologies",
        "Projects",
        "Issuances",
        "Cancellations",
        "Supervision",
        "Corrections",
    )
    authority: str


@dataclass(frozen=True, slots=True)
class OperationScheduled(RoleEvent):
    """A delayed operation was scheduled."""

    operation_id: str
    nonce: int
    schedule: int
    caller: str
    target: str
    data: str


@dataclass(frozen=True, slots=True)
class OperationExecuted(RoleEvent):
    """A scheduled operation was executed."""

    operation_id: str
    nonce: int


@dataclass(frozen=True, slots=True)
class OperationCanceled(RoleEvent):
    """A scheduled operation was cancelled."""

    operation_id: str
    nonce: int


@dataclass(frozen=True, slots=True)
class RoleLabel(RoleEvent):
    """A role was named."""

    role_id: int
    label: str


@dataclass(frozen=True, slots=True)
class RoleGranted(RoleEvent):
    """An account was given a role from a time on, or its delay of execution changed."""

    role_id: int
    account: str
    delay: int
    since: int
    new_member: bool


@dataclass(frozen=True, slots=True)
class RoleRevoked(RoleEvent):
    """An account lost a role."""

    role_id: int
    account: str


@dataclass(frozen=True, slots=True)
class RoleAdminChanged(RoleEvent):
    """A role is administered by another role."""

    role_id: int
    admin: int


@dataclass(frozen=True, slots=True)
class RoleGuardianChanged(RoleEvent):
    """A role is guarded by another role."""

    role_id: int
    guardian: int


@dataclass(frozen=True, slots=True)
class RoleGrantDelayChanged(RoleEvent):
    """The delay before a grant of a role takes effect changed."""

    role_id: int
    delay: int
    since: int


@dataclass(frozen=True, slots=True)
class TargetClosed(RoleEvent):
    """A contract was closed to restricted calls, or opened again."""

    target: str
    closed: bool


@dataclass(frozen=True, slots=True)
class TargetFunctionRoleUpdated(RoleEvent):
    """A function of a contract needs another role."""

    target: str
    selector: str
    role_id: int


@dataclass(frozen=True, slots=True)
class TargetAdminDelayUpdated(RoleEvent):
    """The delay of a contract's administration changed."""

    target: str
    delay: int
    since: int


EVENTS: Final[tuple[type[RoleEvent], ...]] = (
    AuthorityUpdated,
    OperationScheduled,
    OperationExecuted,
    OperationCanceled,
    RoleLabel,
    RoleGranted,
    RoleRevoked,
    RoleAdminChanged,
    RoleGuardianChanged,
    RoleGrantDelayChanged,
    TargetClosed,
    TargetFunctionRoleUpdated,
    TargetAdminDelayUpdated,
)
