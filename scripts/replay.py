"""Replaying another registry's records through the ledger's real acts, so that twice is the same as once.

Flow: `Export` (scripts.registry_export) → methodology (submit, appraise, file) → project (submit, register) → report (submit,
verify) → issuance (propose, confirm) → retirement (transfer to the buyer by the owner's order, retire), each act signed by
the party whose act it is.

Nothing is remembered on this side: before each act the chain is asked what stands already, by the codes, hashes and ids that
the records themselves give. A run that was killed is completed by the next one, and a second run adds nothing. What the
contracts refuse is reported with the lines of the file it stands for, and so is all that depended on it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from node_client.acts import issuance as issuances
from node_client.acts import methodology as methodologies
from node_client.acts import project as projects
from node_client.acts import report as reports
from node_client.acts import retirement as retirements
from node_client.acts import transfer as transfers
from node_client.acts.project import ProjectSubmission
from node_client.errors import Refused
from node_client.ledger import Ledger
from node_client.orders import Line, Retirement, TransferOrder, transfer_order
from node_client.signer import Signer
from node_client.units import day_of, encode_token_id
from scripts import registry_export as source
from scripts.registry_export import Export, Problem
from scripts.scheme import purpose_number

# Orders of a replay are made anew in each run and must come out the same: 2100-01-01.
_DEADLINE: Final = 4_102_444_800
KINDS: Final = ("methodology", "project", "report", "issuance", "retirement")


@dataclass(frozen=True, slots=True)
class Parties:
    """Whose keys sign which acts."""

    authority: Signer
    operator: Signer
    verifier: Signer
    expert: Signer
    owner: Signer
    buyer: Signer


@dataclass(slots=True)
class Tally:
    """What became of the records of one kind."""

    added: int = 0
    present: int = 0
    refused: int = 0


@dataclass(slots=True)
class Outcome:
    """What a replay did: counts per kind, grams that the file's records have on the ledger now, problems."""

    tallies: dict[str, Tally] = field(default_factory=lambda: {kind: Tally() for kind in KINDS})
    issued_grams: int = 0
    retired_grams: int = 0
    problems: list[Problem] = field(default_factory=list)


class _WithoutBase(Exception):
    """What the record depends on was refused."""


class Replay:
    """One run over one export."""

    def __init__(
        self,
        ledger: Ledger,
        parties: Parties,
        export: Export,
        commitment_key: bytes,
        progress: Callable[[str], None] = lambda _kind: None,
    ) -> None:
        self._ledger = ledger
        self._parties = parties
        self._export = export
        self._commitment_key = commitment_key
        self._progress = progress
        self._methodology_ids: dict[tuple[str, str], int] = {}
        self._project_ids: dict[str, int] = {}
        self._report_ids: dict[tuple[str, int, int], int] = {}
        self._issued: set[int] = set()
        self._lines = _lines_of(export)
        self.outcome = Outcome(problems=list(export.problems))

    def run(self) -> Outcome:
        """Every record of the export is on the ledger, or its problem is in the outcome."""
        for methodology in self._export.methodologies:
            lines = self._lines[("methodology", methodology.code)]
            self._attempt("methodology", lines, partial(self._methodology, methodology))
        for project in self._export.projects:
            self._attempt("project", self._lines[("project", project.code)], partial(self._project, project))
        for report in self._export.reports:
            lines = self._lines[("report", f"{report.project_code}|{report.start}|{report.end}")]
            self._attempt("report", lines, partial(self._report, report))
        for issuance in self._export.issuances:
            lines = list(zip(issuance.files, issuance.lines, strict=True))
            self._attempt("issuance", lines, partial(self._issuance, issuance))
        for retirement in self._export.retirements:
            lines = [(retirement.file, retirement.line)]
            self._attempt("retirement", lines, partial(self._retirement, retirement))
        return self.outcome

    def _attempt(self, kind: str, lines: list[tuple[str, int]], act: Callable[[], bool]) -> None:
        """One record: `act` is true when it added something, false when all stood already."""
        tally = self.outcome.tallies[kind]
        try:
            if act():
                tally.added += 1
            else:
                tally.present += 1
        except Refused as refusal:
            tally.refused += 1
            self._report_problem(lines, kind, refusal.name or "refused", refusal.message, refusal.remedy)
        except _WithoutBase as base:
            tally.refused += 1
            message = f"{kind} not recorded, because {base} was refused"
            self._report_problem(lines, kind, "base_refused", message, "mend that first, then import again")
        self._progress(kind)

    def _report_problem(
        self, lines: list[tuple[str, int]], kind: str, code: str, message: str, remedy: str
    ) -> None:
        for file, line in lines or [("", 0)]:
            self.outcome.problems.append(
                Problem(
                    line=line,
                    column=kind,
                    kind="refused",
                    code=code,
                    message=message,
                    remedy=remedy,
                    file=file,
                )
            )

    def _methodology(self, record: source.Methodology) -> bool:
        key = (record.code, record.version)
        number: int = self._ledger.read("Methodologies", "methodologyByCode", *key)
        added = number == 0
        if added:
            number = methodologies.submit_methodology(
                self._ledger,
                self._parties.owner,
                document_hash=_hash("methodology", *key),
                code=record.code,
                version=record.version,
                sector=record.sector,
                unit="tCO2e",
            )
        state = _State(self._ledger.read("Methodologies", "methodology", number))
        if state.is_(1):
            methodologies.open_appraisal(self._ledger, self._parties.operator, methodology_id=number)
        if state.is_(1, 2):
            added = True
            if state.fields["opinions"] == 0:
                methodologies.appraise(
                    self._ledger,
                    self._parties.expert,
                    methodology_id=number,
                    score=80,
                    opinion_hash=_hash("opinion", *key),
                )
            methodologies.file_methodology(self._ledger, self._parties.authority, methodology_id=number)
        self._methodology_ids[key] = number
        return added

    def _project(self, record: source.Project) -> bool:
        methodology_id = self._methodology_ids.get((record.methodology_code, record.methodology_version))
        if methodology_id is None:
            raise _WithoutBase(f"methodology {record.methodology_code}")
        number: int = self._ledger.read("Projects", "projectByCode", record.code)
        added = number == 0
        if added:
            number = projects.submit_project(
                self._ledger,
                self._parties.owner,
                ProjectSubmission(
                    methodology_id=methodology_id,
                    crediting_start=day_of(record.crediting_start),
                    crediting_end=day_of(record.crediting_end),
                    document_hash=_hash("project", self._export.registry, record.code),
                    code=record.code,
                    name=record.name,
                    place=record.place,
                    claim_keys=(_hash("claim", self._export.registry, record.code),),
                ),
            )
        if added or _State(self._ledger.read("Projects", "project", number)).is_(1):
            projects.register_project(self._ledger, self._parties.operator, project_id=number)
            added = True
        self._project_ids[record.code] = number
        return added

    def _report(self, record: source.Report) -> bool:
        project_id = self._project_id(record.project_code)
        period = (day_of(record.start), day_of(record.end))
        report_hash = _hash("report", self._export.registry, record.project_code, *map(str, period))
        number: int = self._ledger.read("Projects", "reportByHash", report_hash)
        added = number == 0
        if added:
            number = reports.submit_report(
                self._ledger,
                self._parties.owner,
                project_id=project_id,
                period_start=period[0],
                period_end=period[1],
                claimed_grams=record.claimed_grams,
                data_root=_hash("data", self._export.registry, record.project_code, *map(str, period)),
                report_hash=report_hash,
            )
        fields = self._ledger.read("Projects", "report", number)
        if _State(fields).is_(1):
            reports.verify_report(
                self._ledger,
                self._parties.verifier,
                report_id=number,
                positive=True,
                verified_grams=fields["claimedGrams"],
                verification_hash=_hash("verification", self._export.registry, report_hash.hex()),
            )
            added = True
        self._report_ids[(record.project_code, *period)] = number
        return added

    def _issuance(self, record: source.Issuance) -> bool:
        project_id = self._project_id(record.project_code)
        report_id = self._report_ids.get((record.project_code, day_of(record.start), day_of(record.end)))
        if report_id is None:
            raise _WithoutBase(f"the report of {record.start} to {record.end}")
        token_id = encode_token_id(project_id, record.credit_id)
        number: int = self._ledger.read("Issuances", "issuanceOf", token_id)
        added = number == 0
        if added:
            number = issuances.propose_issuance(
                self._ledger,
                self._parties.operator,
                report_id=report_id,
                credit_id=record.credit_id,
                holder=self._parties.owner.address,
                grams=record.grams,
                vintage=record.vintage,
                origin=_origin(self._export.registry, record),
            )
        fields = self._ledger.read("Issuances", "issuance", number)
        if fields["grams"] != record.grams:
            raise Refused(
                f"the credit stands with {fields['grams']} g, the file has {record.grams} g of it",
                remedy="a credit is issued once, its whole volume at once: import the whole issuance into a new ledger",
            )
        if _State(fields).is_(1):
            issuances.confirm_issuance(self._ledger, self._parties.authority, issuance_id=number)
            added = True
        self._issued.add(token_id)
        self.outcome.issued_grams += record.grams
        return added

    def _retirement(self, record: source.Retirement) -> bool:
        token_id = encode_token_id(self._project_id(record.project_code), record.credit_id)
        if token_id not in self._issued:
            raise _WithoutBase("its issuance")
        retirement_id = _hash("retirement", record.retirement_key)
        added = not any(self._ledger.read("Credits", "recordHash", retirement_id))
        if added:
            self._deliver(record, token_id)
            retirements.retire(
                self._ledger, self._parties.buyer, self._record(record, token_id, retirement_id)
            )
        self.outcome.retired_grams += record.grams
        return added

    def _deliver(self, record: source.Retirement, token_id: int) -> None:
        """The buyer has the grams of this retirement: by an order, which the contract carries only once."""
        order = TransferOrder(
            order_id=_hash("transfer", record.retirement_key),
            sender=self._parties.owner.address,
            receiver=self._parties.buyer.address,
            token_id=token_id,
            grams=record.grams,
            deadline=_DEADLINE,
        )
        signature = self._parties.owner.sign_typed_data(transfer_order(self._ledger.deployment, order))
        try:
            transfers.carry_transfer(self._ledger, self._parties.buyer, order=order, signature=signature)
        except Refused as refusal:
            if refusal.name != "CreditsOrderUsed":
                raise

    def _record(self, record: source.Retirement, token_id: int, retirement_id: bytes) -> Retirement:
        person = record.beneficiary_is_person
        salted = hmac.digest(
            self._commitment_key, f"{record.retirement_key}|{record.beneficiary}".encode(), "sha256"
        )
        return Retirement(
            retirement_id=retirement_id,
            purpose=purpose_number(record.purpose),
            lines=(Line(token_id, record.grams),),
            beneficiary="" if person else record.beneficiary,
            beneficiary_hash=salted if person else bytes(32),
            case_reference=f"{self._export.registry} {record.serial}; {record.retired_on.isoformat()}",
            note=record.note,
        )

    def _project_id(self, code: str) -> int:
        number = self._project_ids.get(code)
        if number is None:
            raise _WithoutBase(f"project {code}")
        return number


@dataclass(frozen=True, slots=True)
class _State:
    """The state field of a struct that the chain gave."""

    fields: dict[str, int]

    def is_(self, *states: int) -> bool:
        return self.fields["state"] in states


def commitment_key(path: Path) -> bytes:
    """The secret that salts commitments to natural persons, made if need be, readable by its owner alone.

    Keep it: without it nobody can show later whose retirement a commitment stands for. Delete it to cut every tie.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return bytes.fromhex(path.read_text(encoding="ascii"))
    secret = secrets.token_bytes(32)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secret.hex())
    return secret


def _hash(*parts: str) -> bytes:
    """A hash that stands for a record of another registry: the same record always has the same."""
    return hashlib.sha256("|".join(("tanhui-import", *parts)).encode()).digest()


def _origin(registry: str, record: source.Issuance) -> str:
    serials = "; ".join(record.serials)
    return f"{registry} {serials}; {record.issued_on.isoformat()}"


def _lines_of(export: Export) -> dict[tuple[str, str], list[tuple[str, int]]]:
    """The file's lines that each methodology, project and report stands for."""
    found: dict[tuple[str, str], list[tuple[str, int]]] = {
        ("methodology", each.code): [] for each in export.methodologies
    }
    found |= {("project", each.code): [] for each in export.projects}
    found |= {("report", f"{each.project_code}|{each.start}|{each.end}"): [] for each in export.reports}
    methodology_of = {project.code: project.methodology_code for project in export.projects}
    for issuance in export.issuances:
        places = list(zip(issuance.files, issuance.lines, strict=True))
        found[("methodology", methodology_of[issuance.project_code])].extend(places)
        found[("project", issuance.project_code)].extend(places)
        found[("report", f"{issuance.project_code}|{issuance.start}|{issuance.end}")].extend(places)
    return found
