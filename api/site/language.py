"""The two languages of the pages, and the words of each.

Flow: a page's path starts with `zh` or `en` → `words_of(lang)` → gettext for templates and Python alike.

A message's id is its English sentence; `api/locale/zh/LC_MESSAGES/messages.po` has the Chinese one (see api.words).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

from api.words import translate

Language: TypeAlias = Literal["zh", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")
DEFAULT: Final[Language] = "zh"

# What <html lang> says; zh-Hans chooses the simplified forms of characters that several scripts share.
TAGS: Final[dict[Language, str]] = {"zh": "zh-Hans", "en": "en"}


def N_(message: str) -> str:  # noqa: N802 - the name that extraction tools know
    """The message itself: marks a text for extraction that is translated later."""
    return message


class Words:
    """The messages of one language; an id without translation stays English."""

    def __init__(self, lang: Language) -> None:
        self._lang = lang

    def gettext(self, message: str) -> str:
        """The message in this language."""
        return translate(message, self._lang)

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        """The message for a count; Chinese has one form."""
        return self.gettext(singular if count == 1 else plural)


@functools.cache
def words_of(lang: Language) -> Words:
    """The words of a language."""
    return Words(lang)


def preferred(accept_language: str) -> Language:
    """The language that a browser's Accept-Language prefers; Chinese when it says neither or both alike."""
    best: tuple[float, Language] = (0.0, DEFAULT)
    for part in accept_language.split(","):
        tag, _, rest = part.strip().partition(";")
        found = _known(tag.strip().lower().split("-")[0])
        weight = _weight(rest)
        if found is not None and weight > best[0]:
            best = (weight, found)
    return best[1]


def _known(tag: str) -> Language | None:
    return next((lang for lang in LANGUAGES if lang == tag), None)


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def other(lang: Language) -> Language:
    """The other language."""
    return next(each for each in LANGUAGES if each != lang)


def has_chinese(text: str) -> bool:
    """Whether the text has a character of the common Chinese blocks."""
    return any("\u3400" <= letter <= "\u9fff" or "\U00020000" <= letter <= "\U0003ffff" for letter in text)


def tag_of(text: str, lang: Language) -> str:
    """The language tag of a text that is in the other language than its page; empty when it is in the same or neither."""
    if has_chinese(text):
        return TAGS["zh"] if lang == "en" else ""
    return TAGS["en"] if lang == "zh" and any(letter.isalpha() for letter in text) else ""


NAMES: Final[Sequence[tuple[Language, str]]] = (("zh", "中文"), ("en", "English"))
