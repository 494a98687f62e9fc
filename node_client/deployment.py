"""Deploying the ledger, and the record of where it stands: one file per chain id.

Flow: `deploy` → Roles, Credits, Methodologies, Projects, Issuances, Cancellations, Supervision, Corrections → the roles of
`WIRING` in one transaction → `Deployment`, written as JSON → `load` and `verify` before any later use.

The authority's first account deploys: it becomes administrator of the roles, member 1 and holder of the authority's role.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Final

from eth_utils.crypto import keccak

from node_client.chain import GAS_LIMIT, Chain, abi_of
from node_client.compiler import compile_contracts
from node_client.errors import ContractsMissing
from node_client.signer import Signer


class Role(IntEnum):
    """Numbers of the roles in the scheme's AccessManager; the last four are held by contracts, not by people."""

    ADMIN = 0
    AUTHORITY = 1
    OPERATOR = 2
    VERIFIER = 3
    EXPERT = 4
    GUARDIAN = 5
    LEDGER = 6
    ISSUANCES = 7
    CANCELLATIONS = 8
    SUPERVISION = 9


# Which role may call which restricted function; functions not named here are open to every active member.
WIRING: Final[dict[str, dict[Role, tuple[str, ...]]]] = {
    "Credits": {
        Role.AUTHORITY: ("registerMember", "changeStanding", "openAccount", "appointOperator", "setPurpose"),
        Role.LEDGER: ("record",),
        Role.ISSUANCES: ("issue",),
        Role.CANCELLATIONS: ("cancel",),
        Role.SUPERVISION: ("setAccountFreeze", "setCreditFreeze", "setPaused"),
    },
    "Methodologies": {
        Role.AUTHORITY: (
            "fileMethodology",
            "rejectMethodology",
            "suspendMethodology",
            "resumeMethodology",
            "withdrawMethodology",
            "setAppraisalRule",
        ),
        Role.OPERATOR: ("openAppraisal",),
        Role.EXPERT: ("appraise",),
    },
    "Projects": {
        Role.AUTHORITY: ("suspendProject", "resumeProject", "closeProject"),
        Role.OPERATOR: ("registerProject", "returnProject"),
        Role.VERIFIER: ("verifyReport",),
    },
    "Issuances": {
        Role.AUTHORITY: ("answerObjection", "confirmIssuance", "returnIssuance", "setNoticeLength"),
        Role.OPERATOR: ("proposeIssuance",),
    },
    "Cancellations": {
        Role.AUTHORITY: ("confirmCancellation", "returnCancellation"),
        Role.OPERATOR: ("proposeCancellation",),
    },
    "Supervision": {
        Role.AUTHORITY: (
            "freezeAccount",
            "unfreezeAccount",
            "freezeCredit",
            "unfreezeCredit",
            "confirmUnpause",
        ),
        Role.GUARDIAN: ("pause", "proposeUnpause"),
    },
    "Corrections": {Role.OPERATOR: ("correctRetirement",)},
}

_CONTRACTS_OF_ACTS: Final = (
    "Methodologies",
    "Projects",
    "Issuances",
    "Cancellations",
    "Supervision",
    "Corrections",
)

# The contracts that hold a role themselves.
_HELD_BY_CONTRACTS: Final = (
    *((Role.LEDGER, name) for name in _CONTRACTS_OF_ACTS),
    (Role.ISSUANCES, "Issuances"),
    (Role.CANCELLATIONS, "Cancellations"),
    (Role.SUPERVISION, "Supervision"),
)

# Whoever is granted one of these acts only a week later, for all to see before: with them a lone administrator could issue
# credits or make itself the authority. The access manager lets the delay itself begin five days after deployment.
_GRAVE_ROLES: Final = (
    Role.ADMIN,
    Role.AUTHORITY,
    Role.LEDGER,
    Role.ISSUANCES,
    Role.CANCELLATIONS,
    Role.SUPERVISION,
)
GRANT_DELAY_SECONDS: Final = 7 * 86_400

CONTRACTS: Final = ("Roles", "Credits", *_CONTRACTS_OF_ACTS)


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where the ledger stands on one chain.

    `block` is the first block that can hold an event of it; `code_hashes` are keccak-256 of the deployed codes.
    """

    chain_id: int
    genesis_hash: str
    block: int
    addresses: dict[str, str]
    code_hashes: dict[str, str]

    def address(self, contract_name: str) -> str:
        """The contract's address."""
        return self.addresses[contract_name]

    def contract_at(self, address: str) -> str:
        """The name of the contract at an address; KeyError when it is none of the ledger's."""
        return {found: name for name, found in self.addresses.items()}[address]


def record_path(folder: Path, chain_id: int) -> Path:
    """The file of a chain's deployment record."""
    return folder / f"{chain_id}.json"


def load(folder: Path, chain_id: int) -> Deployment:
    """The deployment record of a chain. Raises `ContractsMissing` when there is none or it is broken."""
    path = record_path(folder, chain_id)
    try:
        return Deployment(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise ContractsMissing(
            f"no deployment on chain {chain_id} is recorded in {folder}",
            remedy="deploy the ledger (tanhui deploy) or copy its record there",
        ) from error
    except (ValueError, TypeError) as error:
        raise ContractsMissing(
            f"{path} is no deployment record: {error}", remedy="restore it, or ask the operator for it"
        ) from error


def save(folder: Path, deployment: Deployment) -> Path:
    """The record is on disk, whole or not at all; its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = record_path(folder, deployment.chain_id)
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps(asdict(deployment), indent=2, sort_keys=True) + "\n", encoding="utf-8")
    temporary.replace(path)
    return path


def verify(chain: Chain, deployment: Deployment) -> None:
    """The node's chain is the recorded one and our contracts stand on it.

    Raises `ContractsMissing` naming what differs.
    """
    genesis_hash = chain.headers(0, 0)[0].hash
    if genesis_hash != deployment.genesis_hash:
        raise ContractsMissing(
            f"the node's chain {chain.chain_id} starts with block {genesis_hash}, the record with {deployment.genesis_hash}",
            remedy="point TANHUI_NODE_URL at the right chain, or TANHUI_DATA at the right folder",
        )
    for name, address in deployment.addresses.items():
        if chain.code_hash(address) != deployment.code_hashes[name]:
            raise ContractsMissing(
                f"the code at {address} is not the {name} that was deployed",
                remedy="point TANHUI_NODE_URL at the right chain, or deploy the ledger there",
            )


def deploy(
    chain: Chain,
    signer: Signer,
    *,
    authority_name: str,
    registration_hash: bytes,
    metadata_uri: str = "tanhui:credit/{id}",
    progress: Callable[[str], None] = lambda _step: None,
) -> Deployment:
    """All contracts stand on the chain, wired, with `signer`'s account as administrator and authority.

    Nothing is recorded when it fails half way; deployed anew, the former contracts are without effect.
    """
    deployer = _Deployer(chain, signer)
    progress("Roles")
    roles = deployer.deploy("Roles", signer.address)
    progress("Credits")
    credits_address = deployer.deploy(
        "Credits", roles, metadata_uri, authority_name, registration_hash, signer.address
    )
    progress("Methodologies")
    methodologies = deployer.deploy("Methodologies", roles, credits_address)
    progress("Projects")
    projects = deployer.deploy("Projects", roles, credits_address, methodologies)
    progress("Issuances")
    deployer.deploy("Issuances", roles, credits_address, projects)
    for name in ("Cancellations", "Supervision", "Corrections"):
        progress(name)
        deployer.deploy(name, roles, credits_address)
    progress("roles")
    deployer.send("Roles", roles, "multicall", _wiring_calls(chain, deployer.addresses, signer.address))
    return Deployment(
        chain_id=chain.chain_id,
        genesis_hash=chain.headers(0, 0)[0].hash,
        block=deployer.first_block,
        addresses=deployer.addresses,
        code_hashes={name: chain.code_hash(address) for name, address in deployer.addresses.items()},
    )


def _wiring_calls(chain: Chain, addresses: dict[str, str], authority: str) -> list[bytes]:
    def call(function: str, *args: Any) -> bytes:
        return bytes.fromhex(chain.encode("Roles", function, *args)[2:])

    calls = [call("labelRole", role, role.name.lower()) for role in Role if role is not Role.ADMIN]
    for contract_name, by_role in WIRING.items():
        for role, functions in by_role.items():
            selectors = [selector_of(contract_name, function) for function in functions]
            calls.append(call("setTargetFunctionRole", addresses[contract_name], selectors, role))
    # A guardian may cancel what a delayed holder of the role has scheduled.
    guarded = (Role.AUTHORITY, Role.OPERATOR, Role.VERIFIER, Role.EXPERT)
    calls.extend(call("setRoleGuardian", role, Role.GUARDIAN) for role in guarded)
    calls.extend(call("grantRole", role, addresses[name], 0) for role, name in _HELD_BY_CONTRACTS)
    calls.append(call("grantRole", Role.AUTHORITY, authority, 0))
    calls.extend(call("setGrantDelay", role, GRANT_DELAY_SECONDS) for role in _GRAVE_ROLES)
    return calls


def selector_of(contract_name: str, function: str) -> bytes:
    """The 4-byte selector of a contract's function, by ABI; ValueError when it has none of that name."""
    for entry in abi_of(contract_name):
        if entry["type"] == "function" and entry["name"] == function:
            kinds = ",".join(canonical_type(field) for field in entry["inputs"])
            return bytes(keccak(text=f"{function}({kinds})")[:4])
    raise ValueError(f"{contract_name} has no function {function}")


def canonical_type(field: dict[str, Any]) -> str:
    """The type as it stands in a signature: structs written out."""
    kind: str = field["type"]
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(canonical_type(part) for part in field['components'])}){kind.removeprefix('tuple')}"


class _Deployer:
    """Sends one transaction after the other and collects the addresses."""

    def __init__(self, chain: Chain, signer: Signer) -> None:
        self._chain = chain
        self._signer = signer
        self._artifacts = compile_contracts()
        self.addresses: dict[str, str] = {}
        self.first_block = chain.head() + 1

    def deploy(self, contract_name: str, *args: Any) -> str:
        bytecode = self._artifacts[contract_name].bytecode
        data = self._chain.encode_deployment(contract_name, bytecode, *args)
        address = self._transact(None, data)
        if address is None:
            raise ContractsMissing(
                f"{contract_name} was not deployed", remedy="look at the node's log and its gas limit"
            )
        self.addresses[contract_name] = address
        return address

    def send(self, contract_name: str, address: str, function: str, *args: Any) -> None:
        self._transact(address, self._chain.encode(contract_name, function, *args))

    def _transact(self, to: str | None, data: str) -> str | None:
        self._chain.simulate(self._signer.address, to, data)
        raw = self._signer.sign_transaction(
            {
                "chainId": self._chain.chain_id,
                "nonce": self._chain.next_nonce(self._signer.address),
                "gas": GAS_LIMIT,
                "gasPrice": 0,
                "value": 0,
                "data": data,
                **({"to": to} if to else {}),
            }
        )
        receipt = self._chain.receipt(self._chain.send_raw(raw))
        if not receipt.ok:
            raise ContractsMissing(
                f"a step of the deployment failed ({receipt.tx_hash})", remedy="look at the node's log"
            )
        return receipt.contract_address
