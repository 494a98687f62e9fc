"""A ledger on a chain of its own, with one party of each kind and credits to move: what benchmarks run on.

Keys are made from public texts and worthless; the chain is thrown away afterwards.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from node_client import deployment as deployments
from node_client.acts import issuance, methodology, report
from node_client.acts import project as projects
from node_client.acts.project import ProjectSubmission
from node_client.chain import Chain
from node_client.ledger import Ledger
from node_client.network import anvil
from node_client.signer import Keystore
from node_client.units import TokenId, encode_token_id
from scripts.console import registration_hash
from scripts.replay import Parties
from scripts.scheme import AUTHORITY_NAME, ensure_development_keys, set_up_development

START_DAY = 18_262  # 2020-01-01
VOLUME_GRAMS = 10**12


@dataclass(frozen=True, slots=True)
class World:
    """An open ledger, its parties, and their keystore."""

    ledger: Ledger
    parties: Parties
    keystore: Keystore
    folder: Path


@contextmanager
def world(engine: ModuleType = anvil, **options: Any) -> Iterator[World]:
    """A ledger on a fresh chain of `engine` (anvil or ganache), with the development parties; gone afterwards.

    `options` are those of the engine's `up`.
    """
    with tempfile.TemporaryDirectory(prefix="tanhui-bench-") as name:
        folder = Path(name)
        process = engine.up(folder / "chain", **options)
        try:
            keystore = Keystore(folder / "keys", "bench")
            ensure_development_keys(keystore)
            names = {
                party: keystore.open(key)
                for party, key in (
                    ("authority", "authority"),
                    ("operator", "operator"),
                    ("verifier", "verifier"),
                    ("expert", "expert-1"),
                    ("owner", "owner"),
                    ("buyer", "buyer"),
                )
            }
            chain = Chain(process.rpc_url)
            deployed = deployments.deploy(
                chain,
                names["authority"],
                authority_name=AUTHORITY_NAME,
                registration_hash=registration_hash("DEVELOPMENT-authority"),
            )
            ledger = Ledger(chain, deployed)
            set_up_development(ledger, keystore, quiet=True)
            yield World(ledger, Parties(**names), keystore, folder)
            ledger.close()
        finally:
            engine.down(folder / "chain")


def text_hash(text: str) -> bytes:
    """A hash that stands for a document."""
    return hashlib.sha256(text.encode()).digest()


def filed_methodology(made: World, code: str = "HRB-0201-001") -> int:
    """A filed methodology; its number."""
    ledger, parties = made.ledger, made.parties
    number = methodology.submit_methodology(
        ledger,
        parties.owner,
        document_hash=text_hash(code),
        code=code,
        version="V01",
        sector="0201",
        unit="tCO2e",
    )
    methodology.open_appraisal(ledger, parties.operator, methodology_id=number)
    methodology.appraise(
        ledger, parties.expert, methodology_id=number, score=80, opinion_hash=text_hash("opinion")
    )
    methodology.file_methodology(ledger, parties.authority, methodology_id=number)
    return number


def registered_project(made: World, methodology_id: int, code: str = "PV-001") -> int:
    """A registered project; its number."""
    number = projects.submit_project(
        made.ledger,
        made.parties.owner,
        ProjectSubmission(
            methodology_id,
            START_DAY,
            START_DAY + 20_000,
            text_hash(code),
            code,
            "松北屋顶光伏",
            "哈尔滨市松北区",
            (text_hash(f"claim {code}"),),
        ),
    )
    projects.register_project(made.ledger, made.parties.operator, project_id=number)
    return number


def proposed_issuance(made: World, project_id: int, year: int) -> tuple[int, TokenId]:
    """A proposed issuance of a verified report of one year; its number and the credit."""
    ledger, parties = made.ledger, made.parties
    start = START_DAY + 366 * year
    report_id = report.submit_report(
        ledger,
        parties.owner,
        project_id=project_id,
        period_start=start,
        period_end=start + 365,
        claimed_grams=VOLUME_GRAMS,
        data_root=text_hash("data"),
        report_hash=text_hash(f"report {project_id} {year}"),
    )
    report.verify_report(
        ledger,
        parties.verifier,
        report_id=report_id,
        positive=True,
        verified_grams=VOLUME_GRAMS,
        verification_hash=text_hash("verification"),
    )
    number = issuance.propose_issuance(
        ledger,
        parties.operator,
        report_id=report_id,
        credit_id=year + 1,
        holder=parties.owner.address,
        grams=VOLUME_GRAMS,
        vintage=2020 + year,
    )
    return number, encode_token_id(project_id, year + 1)
