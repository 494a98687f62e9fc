"""Cells to values: quantities, dates, text. Each raises `Refused` with column, reason and remedy."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date, timedelta

from scripts.registry_export.export import GRAMS_PER_TONNE, MAX_TOTAL_GRAMS, Refused

# Outside these years a date is a slip of the pen; four digits also keep credit ids readable.
FIRST_YEAR, LAST_YEAR = 1980, 2099

_QUANTITY = re.compile(r"([0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.([0-9]+))?", re.ASCII)
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?"
_ISO = re.compile(rf"([0-9]{{4}})-([0-9]{{2}})-([0-9]{{2}})(?:[T ]{_TIME}(?:Z|\+00:00)?)?", re.ASCII)
_US_TIME = r"(?:0?[0-9]|1[0-2]):[0-5][0-9](?::[0-5][0-9])? [AP]M"
_US = re.compile(rf"([0-9]{{1,2}})/([0-9]{{1,2}})/([0-9]{{4}})(?: {_US_TIME})?", re.ASCII)
_BREAKS = re.compile("[\t\n\v\f\r\x85\u2028\u2029]")
# Control characters, and those that reorder or hide text, which a certificate must never hold.
_REMOVED = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")


def grams(text: str, column: str, *, zero_allowed: bool = False) -> int:
    """Tonnes as written, with or without thousands separators, as an exact number of grams."""
    if not text and zero_allowed:
        return 0
    remedy = "Write tonnes as digits, such as 1234 or 1,234 or 0.5."
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise Refused(column, "quantity_unreadable", f"{_shown(text)} is not a quantity in tonnes", remedy)
    whole, decimals = match[1].replace(",", "").lstrip("0"), (match[2] or "").rstrip("0")
    if len(decimals) > 6:
        raise Refused(column, "quantity_too_fine", f"{_shown(text)} is finer than a gram", "Round to grams.")
    if len(whole) > 13:
        raise Refused(
            column, "quantity_too_large", f"{_shown(text)} t is above 2^63 - 1 g", "Correct the quantity."
        )
    value = int(whole or "0") * GRAMS_PER_TONNE + int(decimals.ljust(6, "0"))
    if value > MAX_TOTAL_GRAMS:
        raise Refused(
            column, "quantity_too_large", f"{_shown(text)} t is above 2^63 - 1 g", "Correct the quantity."
        )
    if value == 0 and not zero_allowed:
        raise Refused(column, "quantity_zero", "the quantity is zero", remedy)
    return value


def iso_day(text: str, column: str) -> date:
    """The UTC day of YYYY-MM-DD, with or without a time of day in UTC."""
    return _day(text, column, "YYYY-MM-DD", _ISO, lambda y, m, d: (y, m, d))


def us_day(text: str, column: str) -> date:
    """The UTC day of M/D/YYYY, with or without a time of day in GMT."""
    return _day(text, column, "M/D/YYYY", _US, lambda m, d, y: (y, m, d))


def _day(
    text: str,
    column: str,
    shape: str,
    pattern: re.Pattern[str],
    order: Callable[[int, int, int], tuple[int, int, int]],
) -> date:
    remedy = f"Write the date as {shape}."
    if not text:
        raise Refused(column, "date_missing", "the date is missing", remedy)
    match = pattern.fullmatch(text)
    if match is None:
        raise Refused(column, "date_unreadable", f"{_shown(text)} is not a date written {shape}", remedy)
    year, month, day = order(int(match[1]), int(match[2]), int(match[3]))
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Refused(
            column,
            "date_out_of_range",
            f"{_shown(text)} is not within {FIRST_YEAR}-{LAST_YEAR}",
            "Correct the year.",
        )
    try:
        return date(year, month, day)
    except ValueError:
        raise Refused(column, "date_unreadable", f"there is no day {_shown(text)}", remedy) from None


def period(first: date, last: date, column: str) -> tuple[date, date]:
    """[first, day after last): how the ledger writes a period that the registry writes with its last day."""
    if last < first:
        raise Refused(
            column,
            "end_before_start",
            f"the period ends on {last} before it starts on {first}",
            "Correct the period.",
        )
    return first, last + timedelta(days=1)


def vintage_year(text: str, column: str) -> int:
    """A year of four digits."""
    if re.fullmatch(r"[0-9]{4}", text, re.ASCII) is None or not FIRST_YEAR <= int(text) <= LAST_YEAR:
        raise Refused(
            column, "vintage_unreadable", f"{_shown(text)} is not a year", "Write the vintage as YYYY."
        )
    return int(text)


def check_vintage(vintage: int, start: date, end: date, column: str) -> None:
    """True afterwards: a day of the period [start, end) lies in the vintage year."""
    if not start.year <= vintage <= (end - timedelta(days=1)).year:
        raise Refused(
            column,
            "vintage_outside_period",
            f"vintage {vintage} is not a year of the period {start} to {end} (exclusive)",
            "Correct the vintage or the period.",
        )


def check_length(first: int, last: int, quantity_grams: int, column: str) -> None:
    """True afterwards: the units first..last are one tonne each and make exactly the quantity."""
    if last < first or (last - first + 1) * GRAMS_PER_TONNE != quantity_grams:
        units = max(last - first + 1, 0)
        raise Refused(
            column,
            "serial_length",
            f"the range {first}-{last} holds {units} units, the quantity is {_tonnes(quantity_grams)} t",
            "Correct the quantity or the range; a range holds one unit for each tonne.",
        )


def line_of_text(text: str) -> str:
    """The text in NFC on one line: line breaks and tabs become blanks, other control characters go."""
    kept = _REMOVED.sub("", _BREAKS.sub(" ", unicodedata.normalize("NFC", text)))
    # Removing a hidden character can bring a letter and its accent together, so normalise once more.
    return unicodedata.normalize("NFC", kept).strip()


def name_of_text(text: str) -> str:
    """`line_of_text` with single blanks: for names, which are compared."""
    return " ".join(line_of_text(text).split())


def purpose_of(reason: str) -> str:
    """One of our purpose codes, from the registry's own reason alone.

    The free text is not searched for words: a purpose stands on a certificate, and a guess there is a false
    statement.
    "Environmental Benefit" and "on behalf of" say who gains, not what was offset, and are therefore "other".
    """
    words = reason.casefold()
    if any(word in words for word in ("carbon tax", "compliance", "corsia", "regulat", "colombia tax")):
        return "compliance"
    if "inventory" in words:
        return "emissions_inventory"
    return "other"


def _tonnes(quantity_grams: int) -> str:
    whole, rest = divmod(quantity_grams, GRAMS_PER_TONNE)
    return str(whole) if rest == 0 else f"{whole}.{rest:06d}".rstrip("0")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
