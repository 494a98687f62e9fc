"""One word per thing in every layer: what the contracts say has its struct, fold, act, verb, route, page and explanation."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest

from api.app import create_app
from node_client.chain import abi_of
from node_client.compiler import ROOT
from node_client.deployment import CONTRACTS, WIRING, Role
from node_client.errors import Refused
from node_client.mirror import registry
from node_client.refusal import MEANINGS, REFUSALS, refuse
from node_client.settings import Settings
from tests.docs.test_docs import read

OURS = [name for name in CONTRACTS if name != "Roles"]
# Which noun's routes and pages show an event; those of settings and freezes are seen in the journal of acts as well.
NOUN_OF = {
    "Member": "members",
    "Account": "accounts",
    "Operator": "settings",
    "Purpose": "purposes",
    "CreditIssued": "credits",
    "CreditFrozen": "credits",
    "CreditUnfrozen": "credits",
    "TransferOrder": "transfers",
    "Transfer": "transfers",
    "ApprovalForAll": "acts",
    "CreditsLocked": "locks",
    "Lock": "locks",
    "CreditsRetired": "retirements",
    "RetirementCorrected": "corrections",
    "CreditsCancelled": "cancellations",
    "Cancellation": "cancellations",
    "Methodology": "methodologies",
    "AppraisalRule": "settings",
    "Project": "projects",
    "Report": "reports",
    "Issuance": "issuances",
    "Objection": "issuances",
    "NoticeLength": "settings",
    "Ledger": "settings",
    "Unpause": "settings",
}


def entries(kind: str, contracts: list[str]) -> list[tuple[str, dict[str, Any]]]:
    return [(name, entry) for name in contracts for entry in abi_of(name) if entry["type"] == kind]


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


EVENTS = sorted({(entry["name"], name) for name, entry in entries("event", OURS)})
ERRORS = sorted({entry["name"] for _, entry in entries("error", list(CONTRACTS))})


@pytest.mark.parametrize(("event", "contract"), EVENTS)
def test_every_event_has_a_struct_with_its_fields(event: str, contract: str) -> None:
    if event in {"AuthorityUpdated", "EIP712DomainChanged", "URI"}:
        return  # OpenZeppelin's; the first is journalled with the roles, the others are never emitted
    kinds = {(name, kind.name): kind for (name, _), kind in registry.event_types().items()}
    kind = kinds[contract, event]
    fields = next(entry for _, entry in entries("event", [contract]) if entry["name"] == event)["inputs"]
    renamed = {"from": "sender", "to": "receiver", "id": "token_id", "value": "grams"}
    named = {snake(field["name"]) for field in fields}
    held = set(inspect.signature(kind.struct).parameters)
    missing = {name for name in named if name not in held and renamed.get(name) not in held}
    assert not missing or event in {"TransferSingle", "TransferBatch", "ApprovalForAll"}, missing


@pytest.mark.parametrize(("event", "contract"), EVENTS)
def test_every_event_has_a_noun_with_a_route(event: str, contract: str) -> None:
    if event in {"AuthorityUpdated", "EIP712DomainChanged", "URI"}:
        return
    noun = next(
        noun
        for prefix, noun in sorted(NOUN_OF.items(), key=lambda item: -len(item[0]))
        if event.startswith(prefix)
    )
    assert f"/v1/{noun}" in routes(), (event, contract)


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_has_a_class_a_status_and_a_remedy(error: str) -> None:
    assert issubclass(REFUSALS[error], Refused)
    assert REFUSALS[error].__name__ == error
    assert REFUSALS[error].status in {403, 404, 409, 422}
    inputs = next(entry for _, entry in entries("error", list(CONTRACTS)) if entry["name"] == error)["inputs"]
    filled = refuse(error, {field["name"]: f"<{field['name']}>" for field in inputs})
    assert "{" not in filled.message
    assert filled.remedy


def test_no_explanation_is_of_an_error_that_is_gone() -> None:
    assert set(MEANINGS) == set(ERRORS)


@pytest.mark.parametrize("contract", OURS)
def test_every_act_has_its_function_and_every_restricted_one_its_role(contract: str) -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "node_client" / "acts").glob("*.py"))
    by_contracts = {name for role, names in WIRING[contract].items() if role >= Role.LEDGER for name in names}
    views = {"view", "pure"}
    for _, entry in entries("function", [contract]):
        name = entry["name"]
        if entry["stateMutability"] in views or name in by_contracts or name == "setAuthority":
            continue
        assert f'"{name}"' in code, f"{contract}.{name} has no act"
    sources = [ROOT / "contracts" / f"{contract}.sol"]
    if contract == "Credits":
        sources.append(ROOT / "contracts" / "Members.sol")
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    heads = re.findall(r"function (\w+)\([^{;]*?\)([^{;]*?)\{", text, re.DOTALL)
    restricted = {name for name, modifiers in heads if "restricted" in modifiers}
    wired = {name for names in WIRING[contract].values() for name in names}
    assert restricted == wired


def routes() -> set[str]:
    application = create_app(Settings(database_url="sqlite://"))
    return set(application.openapi()["paths"])


def test_every_route_is_documented() -> None:
    text = read("api.md")
    application = create_app(Settings(database_url="sqlite://"))
    for path, methods in application.openapi()["paths"].items():
        for method in methods:
            assert f"| `{method.upper()} {path}` |" in text, f"{method.upper()} {path}"
