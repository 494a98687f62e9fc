"""Amounts, identifiers and texts, and the one way each is written.

Flow: chain integers and bytes come in → the functions here → what SQL, API and pages hold.

One unit everywhere: the gram of CO2 equivalent, an integer. Tonnes exist only as exact decimal text (1 t = 1,000,000 g).
"""

from __future__ import annotations

import datetime
import functools
import re
from typing import Final, NewType

from sha3 import keccak_256

Grams = NewType("Grams", int)
TokenId = NewType("TokenId", int)
Day = NewType("Day", int)

GRAMS_PER_TONNE: Final = 1_000_000
LARGEST_GRAMS: Final = 2**63 - 1

_TONNES = re.compile(r"(?P<whole>\d{1,13})(?:\.(?P<part>\d{1,6}))?")
_EPOCH = datetime.date(1970, 1, 1)


def tonnes_text(grams: int) -> str:
    """The amount in tonnes as exact decimal text without exponent or trailing zeros: 9600000 g is "9.6"."""
    whole, part = divmod(abs(grams), GRAMS_PER_TONNE)
    text = f"{whole}.{part:06d}".rstrip("0").rstrip(".")
    return f"-{text}" if grams < 0 else text


def parse_tonnes(text: str) -> Grams:
    """The grams of a decimal text in tonnes; thousands may be set off by commas.

    Raises ValueError with the reason when the text is no amount above zero, has more than six decimals, or exceeds 2^63-1 g.
    """
    found = _TONNES.fullmatch(text.strip().replace(",", ""))
    if found is None:
        raise ValueError(f"{text!r} is no amount in tonnes with at most six decimals, such as 9.6")
    grams = int(found["whole"]) * GRAMS_PER_TONNE + int((found["part"] or "").ljust(6, "0"))
    if not 0 < grams <= LARGEST_GRAMS:
        raise ValueError(f"{text!r} t is not above zero or is more than the ledger can hold")
    return Grams(grams)


def encode_token_id(project_id: int, credit_id: int) -> TokenId:
    """The token id of a credit: project in the upper 128 bits, credit in the lower."""
    if not (0 <= project_id < 2**128 and 0 <= credit_id < 2**128):
        raise ValueError(f"project {project_id} or credit {credit_id} does not fit 128 bits")
    return TokenId(project_id << 128 | credit_id)


def decode_token_id(token_id: int) -> tuple[int, int]:
    """The project and the credit within it that a token id names."""
    return token_id >> 128, token_id & (2**128 - 1)


@functools.lru_cache(maxsize=20_000)
def token_hex(token_id: int) -> str:
    """The token id as 0x and 64 lower-case digits, the form in SQL, API and pages."""
    return f"0x{token_id:064x}"


def parse_token_id(text: str) -> TokenId:
    """The token id of a text: 0x and hexadecimal digits, or `project-credit` in decimals.

    Raises ValueError with the forms allowed.
    """
    if re.fullmatch(r"0x[0-9a-fA-F]{1,64}", text):
        return TokenId(int(text, 16))
    pair = re.fullmatch(r"(\d{1,19})-(\d{1,39})", text)
    if pair is None:
        raise ValueError(f"{text!r} is no credit: give 0x and its token id, or PROJECT-CREDIT such as 3-1")
    return encode_token_id(int(pair[1]), int(pair[2]))


def credit_name(token_id: int) -> str:
    """The credit as people write it: `project-credit` in decimals."""
    project_id, credit_id = decode_token_id(token_id)
    return f"{project_id}-{credit_id}"


def text_from_bytes(raw: bytes) -> str:
    """Text that every database takes: UTF-8, with what is not valid, and NUL, written as a backslash escape.

    Strings on the chain are whatever their sender sent; a hostile one must not stop the mirror.
    """
    return raw.decode("utf-8", errors="backslashreplace").replace("\x00", "\\x00")


def code_to_bytes32(code: str) -> bytes:
    """A code of up to 32 ASCII characters, padded with zeros as the contracts want it.

    Raises ValueError when it is empty, too long or not printable ASCII.
    """
    if not (0 < len(code) <= 32 and code.isascii() and code.isprintable()):
        raise ValueError(f"{code!r} is no code: 1 to 32 printable ASCII characters")
    return code.encode("ascii").ljust(32, b"\x00")


def code_from_bytes32(raw: bytes) -> str:
    """The code of a padded bytes32; other bytes are written as backslash escapes."""
    return text_from_bytes(raw.rstrip(b"\x00"))


def keccak(raw: bytes) -> bytes:
    """The keccak-256 hash; a tenth of eth-utils' time, for where thousands are needed."""
    return bytes(keccak_256(raw).digest())


def hex32(raw: bytes) -> str:
    """Bytes as 0x and lower-case digits."""
    return "0x" + raw.hex()


def parse_bytes32(text: str) -> bytes:
    """The 32 bytes of 0x and 64 hexadecimal digits; ValueError otherwise."""
    if not re.fullmatch(r"0x[0-9a-fA-F]{64}", text):
        raise ValueError(f"{text!r} is not 0x and 64 hexadecimal digits")
    return bytes.fromhex(text[2:])


def day_of(date: datetime.date) -> Day:
    """The day's number: whole UTC days since 1970-01-01."""
    return Day((date - _EPOCH).days)


def date_of(day: int) -> datetime.date:
    """The date of a day's number."""
    return _EPOCH + datetime.timedelta(days=day)


def time_of(unix_seconds: int) -> datetime.datetime:
    """The aware UTC time of Unix seconds."""
    return datetime.datetime.fromtimestamp(unix_seconds, tz=datetime.UTC)
