"""tanhui explain: what an error means and what mends it."""

from __future__ import annotations

import difflib
from typing import Annotated

import typer

from node_client import errors
from node_client.errors import BadInput, TanhuiError
from node_client.refusal import MEANINGS
from scripts.console import AsJson, errors_shown, show


def explain(
    name: Annotated[str, typer.Argument(help="Name of the error, such as CreditsNotFree.")],
    as_json: AsJson = False,
) -> None:
    """What the error means and what mends it is printed."""
    with errors_shown(as_json=as_json):
        meaning = MEANINGS.get(name)
        if meaning is not None:
            facts = {
                "error": name,
                "meaning": meaning.message,
                "remedy": meaning.remedy,
                "http": meaning.status,
            }
            show(f"{name}: refused by a contract, nothing changed", facts, as_json=as_json)
            return
        kind = getattr(errors, name, None)
        if isinstance(kind, type) and issubclass(kind, TanhuiError):
            facts = {"error": name, "meaning": (kind.__doc__ or "").strip(), "exit_code": kind.exit_code}
            show(name, facts, as_json=as_json)
            return
        near = difflib.get_close_matches(name, [*MEANINGS, *vars(errors)], n=3)
        hint = f"did you mean {', '.join(near)}?" if near else "see docs/errors.md"
        raise BadInput(f"there is no error {name}", remedy=hint)
