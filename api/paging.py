"""Pages of lists: keyset paging with a signed cursor.

Flow: filters and cursor of a request → rows beyond the cursor's place, one more than asked for → body
`{"data": [...], "next": cursor or null, "block": n}` and, when there is more, `Link: <...>; rel="next"`.

A cursor is base64url of a 16-byte HMAC and JSON {o: list, a: place, f: hash of the filters}. Its key is random, made once per
installation and kept in the data folder, readable by its owner alone; so a cursor is nobody's to make, and one for another
list, other filters or another installation is refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from api.kinds import json_bytes
from api.problems import Problem

_MAC_BYTES: Final = 16
_KEY_BYTES: Final = 32
LONGEST_CURSOR: Final = 600

# What a query says about the page and not about the rows.
_NO_FILTERS: Final = ("cursor", "limit", "min_block")


class Cursors:
    """Makes and reads cursors with this installation's key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def of_folder(cls, folder: Path) -> Cursors:
        """With the key in the folder's file `cursor.key`, made if there is none."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "cursor.key"
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return cls(_read_key(path))
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
        return cls(_read_key(path))

    def make(self, order: str, after: Sequence[Any], filters: Mapping[str, Any]) -> str:
        """The cursor of a place in a list with these filters."""
        said = json_bytes({"o": order, "a": list(after), "f": _hash_of(filters)})
        return base64.urlsafe_b64encode(self._mac(said) + said).rstrip(b"=").decode("ascii")

    def read(self, cursor: str, order: str, filters: Mapping[str, Any]) -> list[Any]:
        """The place that a cursor stands for. Raises the problem CursorInvalid."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise Problem("CursorInvalid") from error
        mac, said = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(said)):
            raise Problem("CursorInvalid")
        found: dict[str, Any] = msgspec.json.decode(said)
        if found["o"] != order or found["f"] != _hash_of(filters):
            raise Problem("CursorInvalid")
        place: list[Any] = found["a"]
        return place

    def _mac(self, said: bytes) -> bytes:
        return hmac.digest(self._key, said, "sha256")[:_MAC_BYTES]


def _read_key(path: Path) -> bytes:
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        # Cut short by a crash while it was made; no cursor can have been given out with it.
        path.write_bytes(secrets.token_bytes(_KEY_BYTES))
        key = path.read_bytes()
    return key


def _hash_of(filters: Mapping[str, Any]) -> str:
    return hashlib.sha256(json_bytes(sorted(filters.items()))).hexdigest()[:16]


def filters_of(query: Mapping[str, Any]) -> dict[str, Any]:
    """The filters among a query's values: those that are given and choose rows."""
    return {name: value for name, value in query.items() if value is not None and name not in _NO_FILTERS}


def body_of(documents: Sequence[bytes], following: str | None, block: int) -> bytes:
    """The page's JSON, joined from ready documents."""
    after = f'"{following}"' if following else "null"
    return b'{"data":[%s],"next":%s,"block":%d}' % (b",".join(documents), after.encode("ascii"), block)


def link_of(path: str, filters: Mapping[str, Any], limit: int, following: str) -> str:
    """The Link header that names the next page."""
    return f'<{path}?{urlencode({**filters, "limit": limit, "cursor": following})}>; rel="next"'
