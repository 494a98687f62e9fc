"""The mirror of the ledger in SQL: run, digest, audit.

plan → fetch → verify → fold → commit (`Mirror`); what SQL holds as one number (`digest`); what SQL holds against what the
chain says (`audit`).
"""

from node_client.mirror.audit import AuditReport, audit
from node_client.mirror.checkpoint import Checkpoint
from node_client.mirror.checkpoint import read as read_checkpoint
from node_client.mirror.digest import Digest, digest
from node_client.mirror.findings import Finding
from node_client.mirror.loop import Mirror, Progress, Status, tune_interpreter

__all__ = [
    "AuditReport",
    "Checkpoint",
    "Digest",
    "Finding",
    "Mirror",
    "Progress",
    "Status",
    "audit",
    "digest",
    "read_checkpoint",
    "tune_interpreter",
]
