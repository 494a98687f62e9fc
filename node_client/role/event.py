"""Events about roles: every event of the AccessManager, and AuthorityUpdated of the contracts that obey it."""

from __future__ import annotations

from typing import ClassVar, Final

from node_client.event import At, Event


class RoleEvent(Event, frozen=True):
    """Emitted by Roles; not counted in the ledger's sequence, and kept in a journal of its own."""

    contracts: ClassVar[tuple[str, ...]] = ("Roles",)
    counted = False
    keeps_args = True

    def subject(self, at: At) -> str:
        """The manager of roles."""
        return "roles"


class AuthorityUpdated(RoleEvent, frozen=True):
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


class OperationScheduled(RoleEvent, frozen=True):
    """A delayed operation was scheduled."""

    operation_id: str
    nonce: int
    schedule: int
    caller: str
    target: str
    data: str


class OperationExecuted(RoleEvent, frozen=True):
    """A scheduled operation was executed."""

    operation_id: str
    nonce: int


class OperationCanceled(RoleEvent, frozen=True):
    """A scheduled operation was cancelled."""

    operation_id: str
    nonce: int


class RoleLabel(RoleEvent, frozen=True):
    """A role was named."""

    role_id: int
    label: str


class RoleGranted(RoleEvent, frozen=True):
    """An account was given a role from a time on, or its delay of execution changed."""

    role_id: int
    account: str
    delay: int
    since: int
    new_member: bool


class RoleRevoked(RoleEvent, frozen=True):
    """An account lost a role."""

    role_id: int
    account: str


class RoleAdminChanged(RoleEvent, frozen=True):
    """A role is administered by another role."""

    role_id: int
    admin: int


class RoleGuardianChanged(RoleEvent, frozen=True):
    """A role is guarded by another role."""

    role_id: int
    guardian: int


class RoleGrantDelayChanged(RoleEvent, frozen=True):
    """The delay before a grant of a role takes effect changed."""

    role_id: int
    delay: int
    since: int


class TargetClosed(RoleEvent, frozen=True):
    """A contract was closed to restricted calls, or opened again."""

    target: str
    closed: bool


class TargetFunctionRoleUpdated(RoleEvent, frozen=True):
    """A function of a contract needs another role."""

    target: str
    selector: str
    role_id: int


class TargetAdminDelayUpdated(RoleEvent, frozen=True):
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
