"""Every message id that pages and problems can show: what `pybabel extract` finds, and what stands in tables of problems.

Run as a program it writes the catalogue anew: ids sorted, translations kept, ids that nothing shows dropped.
"""

from __future__ import annotations

import datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

from api import faults
from api.problems import TABLE

ROOT = Path(__file__).parent.parent.parent
CATALOGUE = ROOT / "api" / "locale" / "zh" / "LC_MESSAGES" / "messages.po"


def ids() -> set[str]:
    """The message ids."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    keywords = {"_": None, "gettext": None, "N_": None}
    found = extract_from_dir(
        ROOT, methods, options, keywords=keywords, directory_filter=lambda path: _ours(Path(path))
    )
    extracted = {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}
    problems = {text for kind in TABLE.values() for text in (kind.title, kind.detail, kind.remedy)}
    values = {text for pair in faults._FAULTS.values() for text in pair}
    # A reason that is nothing but its argument has no words.
    return (extracted | problems | values) - {"{error}", ""}


def _ours(path: Path) -> bool:
    relative = path.relative_to(ROOT)
    return relative == Path() or relative.parts[0] == "api"


def translations() -> dict[str, str]:
    """The catalogue: Chinese by message id."""
    with CATALOGUE.open("rb") as file:
        return {str(each.id): str(each.string) for each in read_po(file, locale="zh") if each.id}


def write(known: dict[str, str]) -> None:
    """The catalogue has exactly the ids shown, with the translations known."""
    # The date is fixed, so that the file changes only with its messages.
    date = datetime.datetime(2026, 11, 23, tzinfo=datetime.UTC)
    catalogue = Catalog(
        locale="zh",
        header_comment="# Chinese of the pages and the API's problems; ids are the English sentences.",
        project="Tanhui",
        version="0.1",
        last_translator="Tanhui",
        language_team="zh",
        creation_date=date,
        revision_date=date,
        fuzzy=False,
    )
    for each in sorted(ids()):
        catalogue.add(each, known.get(each, ""))
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    with CATALOGUE.open("wb") as file:
        write_po(file, catalogue, width=0, sort_output=True, omit_header=False, ignore_obsolete=True)


if __name__ == "__main__":
    write(translations() if CATALOGUE.exists() else {})
