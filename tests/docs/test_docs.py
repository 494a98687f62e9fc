"""The documents cannot lie: every setting, error, command and route stands in them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from node_client import errors
from node_client.errors import TanhuiError
from node_client.refusal import MEANINGS
from node_client.settings import Settings
from scripts.main import app

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def read(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("setting", sorted(Settings.model_fields))
def test_every_setting_has_its_heading(setting: str) -> None:
    assert f"\n## `TANHUI_{setting.upper()}`\n" in read("settings.md")


def test_no_heading_is_of_a_setting_that_is_gone() -> None:
    headings = set(re.findall(r"^## `TANHUI_(\w+)`$", read("settings.md"), re.MULTILINE))
    known = {name.upper() for name in Settings.model_fields} | {"TEST_POSTGRES_URL", "BROWSER"}
    assert headings == known


def test_every_error_of_a_contract_is_explained_as_the_program_explains_it() -> None:
    text = read("errors.md")
    for name, meaning in MEANINGS.items():
        assert f"| `{name}` | {meaning.status} | {meaning.message} | {meaning.remedy} |" in text, name


def test_every_error_of_the_program_is_explained() -> None:
    text = read("errors.md")
    branches = {"TanhuiError", "ChainError", "DatabaseError", "MirrorError"}
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, TanhuiError) and name not in branches:
            assert f"| `{name}` | {kind.exit_code} |" in text, name


def commands() -> list[str]:
    found: list[str] = []

    def walk(command: Any, path: list[str]) -> None:
        children = getattr(command, "commands", None)
        if children is None:
            found.append(" ".join(path))
        else:
            for name, child in children.items():
                walk(child, [*path, name])

    walk(typer.main.get_command(app), ["tanhui"])
    return found


@pytest.mark.parametrize("command", commands())
def test_every_command_is_listed(command: str) -> None:
    assert f"| `{command}` |" in read("commands.md")


@pytest.mark.parametrize("page", [*sorted(DOCS.rglob("*.md"), key=str), ROOT / "README.md"], ids=str)
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
