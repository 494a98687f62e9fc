"""Acts about projects."""

from __future__ import annotations

from dataclasses import astuple, dataclass

from node_client.acts._event import created_number
from node_client.chain import Receipt
from node_client.ledger import Ledger
from node_client.signer import Signer


@dataclass(frozen=True, slots=True)
class ProjectSubmission:
    """What an owner submits, as in IProjects.ProjectSubmission; days since 1970, the end excluded."""

    methodology_id: int
    crediting_start: int
    crediting_end: int
    document_hash: bytes
    code: str
    name: str
    place: str
    claim_keys: tuple[bytes, ...]


def submit_project(ledger: Ledger, signer: Signer, submission: ProjectSubmission) -> int:
    """The project is submitted, owned by the signer's member; its number. By any active member."""
    receipt = ledger.act(signer, "Projects", "submitProject", astuple(submission))
    return created_number(ledger, receipt, "Projects", "ProjectSubmitted")


def register_project(ledger: Ledger, signer: Signer, *, project_id: int) -> Receipt:
    """The project is registered: reports may follow. By the operator."""
    return ledger.act(signer, "Projects", "registerProject", project_id)


def return_project(ledger: Ledger, signer: Signer, *, project_id: int, reason: str) -> Receipt:
    """The project is returned to its owner for good. By the operator."""
    return ledger.act(signer, "Projects", "returnProject", project_id, reason)


def suspend_project(ledger: Ledger, signer: Signer, *, project_id: int, reason: str) -> Receipt:
    """No report and no issuance of the project until it is resumed. By the authority."""
    return ledger.act(signer, "Projects", "suspendProject", project_id, reason)


def resume_project(ledger: Ledger, signer: Signer, *, project_id: int, reason: str) -> Receipt:
    """The suspended project is registered again. By the authority."""
    return ledger.act(signer, "Projects", "resumeProject", project_id, reason)


def close_project(ledger: Ledger, signer: Signer, *, project_id: int, reason: str) -> Receipt:
    """The project is closed for good. By the authority."""
    return ledger.act(signer, "Projects", "closeProject", project_id, reason)
