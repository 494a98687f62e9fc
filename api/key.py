"""API keys: what lets a holder's own system act. The table is the API's own and survives a rebuild of the mirror.

Flow: `create` → the key, shown once → `Authorization: Bearer …` → its SHA-256 looked up, with those of others who ask now → the
holder and scopes it stands for → `revoke`.

A key is `th_`, a public prefix of 8 digits, and 43 characters of 32 random bytes; only its hash is stored. SHA-256 without
salt is enough for 256 random bits.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from eth_utils.address import is_address, to_checksum_address
from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.engine import RowMapping
from sqlmodel import SQLModel

from api.deps import PortalDep
from api.problems import Problem
from node_client.database import address, hash_text, number, table_of, text, word
from node_client.errors import BadInput

RETIRE: Final = "retire"
SCOPES: Final = (RETIRE,)
KEY_PROBLEMS: Final = ("ApiKeyMissing", "ApiKeyInvalid", "ScopeMissing")


class KeyRow(SQLModel, table=True):
    """One API key. `scopes` are words with spaces between; times are Unix seconds, `revoked_at` null while it works."""

    __tablename__ = "api_key"

    key_id: str = word(primary_key=True)
    key_hash: str = hash_text(unique=True)
    holder: str = address()
    scopes: str = text()
    label: str = text()
    created_at: int = number()
    revoked_at: int | None = number(default=None)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who acts: the key, the account it stands for, and what it may do."""

    key_id: str
    key_hash: str
    holder: str
    scopes: frozenset[str]

    def needs(self, scope: str) -> None:
        """The key has the scope. Raises the problem ScopeMissing."""
        if scope not in self.scopes:
            raise Problem("ScopeMissing", {"scope": scope})


def create(
    engine: Engine, *, holder: str, scopes: Sequence[str] = SCOPES, label: str = ""
) -> tuple[str, str]:
    """A new key stands for the holder's account; its id (the prefix), and the key itself, which nothing shows again.

    Raises `BadInput` for no account or an unknown scope.
    """
    if not is_address(holder):
        raise BadInput(f"{holder!r} is no account", remedy="give 0x and 40 hexadecimal digits")
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise BadInput(
            f"no such scope: {', '.join(unknown) or 'none'}", remedy=f"choose of {', '.join(SCOPES)}"
        )
    key_id = secrets.token_hex(4)
    key = f"th_{key_id}_{secrets.token_urlsafe(32)}"
    with engine.begin() as connection:
        connection.execute(
            insert(table_of("api_key")).values(
                key_id=key_id,
                key_hash=_hash_of(key),
                holder=to_checksum_address(holder),
                scopes=" ".join(sorted(set(scopes))),
                label=label,
                created_at=int(time.time()),
                revoked_at=None,
            )
        )
    return key_id, key


def revoke(engine: Engine, key_id: str) -> None:
    """The key works no longer. Raises `BadInput` when there is none of this id, or it is revoked already."""
    table = table_of("api_key")
    with engine.begin() as connection:
        changed = connection.execute(
            update(table)
            .where(table.c.key_id == key_id, table.c.revoked_at.is_(None))
            .values(revoked_at=int(time.time()))
        )
    if changed.rowcount != 1:
        raise BadInput(f"no working API key has the id {key_id!r}", remedy="look at the list of keys")


def all_keys(engine: Engine) -> Sequence[RowMapping]:
    """Every key, oldest first, without its hash."""
    table = table_of("api_key")
    columns = [column for column in table.c if column.name != "key_hash"]
    with engine.connect() as connection:
        return (
            connection.execute(select(*columns).order_by(table.c.created_at, table.c.key_id)).mappings().all()
        )


def callers_of(connection: Connection, keys: Collection[str]) -> dict[str, Caller]:
    """Whom each key stands for; those that are unknown or revoked are left out."""
    table, by_hash = table_of("api_key"), {_hash_of(key): key for key in keys}
    wanted = select(table).where(table.c.key_hash.in_(by_hash), table.c.revoked_at.is_(None))
    return {
        by_hash[row.key_hash]: Caller(row.key_id, row.key_hash, row.holder, frozenset(row.scopes.split()))
        for row in connection.execute(wanted)
    }


def _hash_of(key: str) -> str:
    return "0x" + hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


_bearer = HTTPBearer(auto_error=False, description="An API key of the holder, given out by the operator.")


async def _caller(
    portal: PortalDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    if credentials is None:
        raise Problem("ApiKeyMissing")
    found = await portal.looked(callers_of, credentials.credentials)
    if found is None:
        raise Problem("ApiKeyInvalid")
    return found


CallerDep = Annotated[Caller, Depends(_caller)]
