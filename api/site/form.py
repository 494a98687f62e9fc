"""How amounts, times, numbers, names and strangers' texts are written on pages.

Flow: rows hold grams, Unix seconds, days since 1970, hex and texts as their senders sent them → `Form` of one language →
safe markup. Tables have ISO dates, sentences have spelled ones, both in the scheme's own time.
"""

from __future__ import annotations

import datetime
import unicodedata
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

from api.site.language import Language, tag_of
from node_client.units import date_of, decode_token_id, parse_token_id, tonnes_text

_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
# Hair-thin and unbreakable: an amount and its unit stay on one line.
_THIN: Final = "\u202f"
_UNIT: Final = Markup("t{}CO<sub>2</sub>e").format(_THIN)
# Letters and numbers, marks on letters, punctuation, signs, and plain spaces are shown; the rest is written as its code.
_LONGEST_WORD: Final = 28
_HIDDEN: Final = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}
# Joiners that emoji and some scripts need.
_KEPT: Final = {"\u200d", "\u200c", "\n", "\t"}


def commas(digits: str) -> str:
    """A decimal text with commas between thousands of its whole part."""
    sign, digits = ("-", digits[1:]) if digits.startswith("-") else ("", digits)
    whole, dot, part = digits.partition(".")
    return f"{sign}{int(whole or '0'):,}{dot}{part}"


def tonnes(grams: int) -> str:
    """The exact amount in tonnes with thousands commas: 1234500000 g is "1,234.5"."""
    return commas(tonnes_text(grams))


def subscripted(text: str) -> Markup:
    """The text with the 2 of CO2e set low; no common Chinese font has the sign ₂."""
    return Markup("CO<sub>2</sub>e").join(escape(part) for part in str(text).split("CO2e"))


def visible(text: str) -> str:
    """The text with what cannot be seen, or turns the direction of reading, written as its code, such as U+202E."""
    return "".join(
        f"\\u{ord(letter):04x}" if unicodedata.category(letter) in _HIDDEN and letter not in _KEPT else letter
        for letter in text
    )


def clipped(text: str, length: int) -> str:
    """The text, cut after `length` characters with an ellipsis."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def serial_name(prefix: str, project_id: int, vintage: int, credit_id: int | str) -> str:
    """A credit's public serial name: HRBCER-000003-2026-1."""
    return f"{prefix}-{project_id:06d}-{vintage}-{credit_id}"


@dataclass(frozen=True, slots=True)
class Form:
    """The forms of one language. `offset_hours` is the scheme's time against UTC, `prefix` its serials'."""

    lang: Language
    offset_hours: int = 8
    prefix: str = "HRBCER"

    @property
    def zone(self) -> datetime.timezone:
        """The scheme's time."""
        return datetime.timezone(datetime.timedelta(hours=self.offset_hours))

    @property
    def zone_name(self) -> str:
        """The scheme's time as people write it: UTC+8."""
        return f"UTC{self.offset_hours:+d}" if self.offset_hours else "UTC"

    def amount(self, grams: int) -> Markup:
        """The amount with its unit."""
        return Markup(
            '<span class="amount"><span class="n">{}</span>{}<span class="unit">{}</span></span>'
        ).format(tonnes(grams), _THIN, _UNIT)

    def bare(self, grams: int) -> Markup:
        """The amount without unit, for columns that name it."""
        return Markup('<span class="n">{}</span>').format(tonnes(grams))

    def count(self, number: int) -> Markup:
        """A whole number with commas."""
        return Markup('<span class="n">{:,}</span>').format(number)

    def local(self, unix_seconds: int) -> datetime.datetime | None:
        """The scheme's time of Unix seconds; None when no calendar reaches so far."""
        try:
            return datetime.datetime.fromtimestamp(unix_seconds, tz=self.zone)
        except (ValueError, OverflowError, OSError):
            return None

    def when(self, unix_seconds: int) -> Markup:
        """A time in a sentence: 2026年11月23日 16:30, or 23 November 2026, 16:30."""
        at = self.local(unix_seconds)
        if at is None:
            return Markup('<span class="n">{}</span>').format(unix_seconds)
        text = f"{self.spelled(at.date())}{' ' if self.lang == 'zh' else ', '}{at:%H:%M}"
        return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), text)

    def stamp(self, unix_seconds: int) -> Markup:
        """A time in a table: 2026-11-23 16:30."""
        at = self.local(unix_seconds)
        if at is None:
            return Markup('<span class="n">{}</span>').format(unix_seconds)
        return Markup('<time class="n" datetime="{}">{}</time>').format(
            at.isoformat(), f"{at:%Y-%m-%d %H:%M}"
        )

    def spelled(self, date: datetime.date) -> str:
        """A date in a sentence."""
        if self.lang == "zh":
            return f"{date.year}年{date.month}月{date.day}日"
        return f"{date.day} {_MONTHS[date.month - 1]} {date.year}"

    def day(self, number: int) -> Markup:
        """A day since 1970 in ISO form."""
        try:
            date = date_of(number).isoformat()
        except OverflowError:
            return Markup('<span class="n">{}</span>').format(number)
        return Markup('<time class="n" datetime="{}">{}</time>').format(date, date)

    def period(self, start: int, end: int) -> Markup:
        """First and last day of the days [start, end)."""
        return Markup('<span class="period">{} – {}</span>').format(
            self.day(start), self.day(max(end - 1, start))
        )

    def hex(self, text: str | None) -> Markup:
        """A hash, account or number in full; it may break anywhere."""
        return Markup('<code class="hex">{}</code>').format(text or "")

    def short(self, text: str) -> Markup:
        """The ends of a hash or account, the whole as its title."""
        if len(text) <= 16:
            return Markup('<code class="hex">{}</code>').format(text)
        return Markup('<code class="hex n" title="{}">{}</code>').format(text, f"{text[:8]}…{text[-4:]}")

    def said(self, text: str, length: int = 0) -> Markup:
        """A stranger's text: escaped, set apart from the direction of what surrounds it, in its own language."""
        shown = visible(clipped(text, length) if length else text)
        tag = tag_of(shown, self.lang)
        lang = Markup(' lang="{}"').format(tag) if tag else ""
        # Only what has no place to break may break anywhere; else short words in narrow columns would.
        wrap = Markup(' class="wrap"') if any(len(part) > _LONGEST_WORD for part in shown.split()) else ""
        return Markup("<bdi{}{}>{}</bdi>").format(lang, wrap, shown)

    def serial(self, project_id: int, vintage: int, credit_id: int | str) -> Markup:
        """A credit's public serial name."""
        name = serial_name(self.prefix, project_id, vintage, credit_id)
        kind = "serial" if len(name) > _LONGEST_WORD else "serial n"
        return Markup('<span class="{}">{}</span>').format(kind, name)

    def href(self, kind: str, key: object = "") -> str:
        """The path of a list, or of one of its things, in this language."""
        return f"/{self.lang}/{kind}" + (f"/{key}" if key != "" else "")

    def link(self, kind: str, key: object, label: object) -> Markup:
        """A link to a thing."""
        return Markup('<a href="{}">{}</a>').format(self.href(kind, key), escape(label))

    def credit_path(self, token_id: str) -> str:
        """The path of a credit by its token id: `project-credit` when both can be typed, else the token id."""
        project_id, credit_id = decode_token_id(int(token_id, 16))
        return self.href("credits", f"{project_id}-{credit_id}")

    def credit_short(self, token_id: str) -> Markup:
        """A link to a credit as `project-credit`."""
        project_id, credit_id = decode_token_id(int(token_id, 16))
        name = f"{project_id}-{credit_id}"
        return Markup('<a class="n" href="{}">{}</a>').format(self.href("credits", name), clipped(name, 24))


def token_of(name: str) -> int:
    """The token id of a credit's path. Raises ValueError."""
    return parse_token_id(name)
