"""Messages in the reader's language.

Flow: Accept-Language → `language` → `translate(message, language)` → the catalogue's Chinese, or the English message itself.

A message's id is its English sentence. Catalogues stand in api/locale/<language>/LC_MESSAGES/messages.mo or .po.
"""

from __future__ import annotations

import functools
import gettext
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from babel.messages.pofile import read_po

LOCALE: Final = Path(__file__).parent / "locale"
LANGUAGES: Final = ("en", "zh")
DEFAULT: Final = "en"


@functools.cache
def _catalogue(lang: str) -> Mapping[str, str]:
    folder = LOCALE / lang / "LC_MESSAGES"
    source, compiled = folder / "messages.po", folder / "messages.mo"
    # The source is what people edit; a compiled copy that was forgotten must not speak for it.
    if source.exists():
        with source.open("rb") as file:
            catalogue = read_po(file, locale=lang)
        return {
            str(each.id): str(each.string)
            for each in catalogue
            if isinstance(each.id, str) and each.id and isinstance(each.string, str) and each.string
        }
    if compiled.exists():
        with compiled.open("rb") as file:
            found = gettext.GNUTranslations(file)
        return _Lookup(found)
    return {}


class _Lookup(dict[str, str]):
    """Translations of a compiled catalogue, looked up when first asked for."""

    def __init__(self, found: gettext.GNUTranslations) -> None:
        super().__init__()
        self._found = found

    def get(self, message: str, default: str | None = None) -> str | None:  # type: ignore[override]
        """The translation; the message itself when there is none."""
        return self._found.gettext(message) if message else default


def translate(message_id: str, lang: str) -> str:
    """The message in a language; English when it has no translation."""
    return _catalogue(lang).get(message_id) or message_id if lang in LANGUAGES else message_id


def language(accept_language: str) -> str:
    """The language that an Accept-Language header prefers, English when it names none of ours."""
    best, best_weight = DEFAULT, 0.0
    for part in accept_language[:200].split(","):
        tag, _, weight_text = part.strip().partition(";q=")
        name = tag.strip().lower().split("-")[0]
        try:
            weight = float(weight_text) if weight_text else 1.0
        except ValueError:
            continue
        if name in LANGUAGES and weight > best_weight:
            best, best_weight = name, weight
    return best
