"""Problems: every way in which the API says no, one table (RFC 9457).

Flow: an error anywhere → `problem_of(error)` → its type in `TABLE` → title, detail and remedy in the reader's language →
`application/problem+json`. A refusal by a contract keeps the Solidity error's own name and arguments.

`type` is `/problems/<name>`, the same for ever; a page of that address explains it. Internals never leave: an error of the
node or the database is told by its type's own text, and logged in full.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from api.kinds import json_bytes
from api.problem_type import TABLE, ProblemType
from api.words import language, translate
from node_client.errors import Refused, TanhuiError
from node_client.units import token_hex

__all__ = ["TABLE", "Fault", "Problem", "ProblemType", "document", "problem_of", "rendered"]

MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Fault:
    """One value that cannot be taken: `where` is body, query, path or header; `field` a JSON pointer or a name."""

    where: str
    field: str
    reason: str
    remedy: str
    arguments: Mapping[str, Any] = dataclasses.field(default_factory=dict)


class Problem(Exception):
    """A request ends with this problem."""

    def __init__(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        faults: tuple[Fault, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(name)
        self.kind = TABLE[name]
        self.arguments = {key: _plain(key, value) for key, value in (arguments or {}).items()}
        self.faults = faults
        self.headers = dict(headers or {})

    @property
    def name(self) -> str:
        """The type's name."""
        return self.kind.name


def _plain(name: str, value: Any) -> Any:
    """Arguments as JSON has them: token ids in hex, other integers of the chain as decimal text."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return token_hex(value) if name == "tokenId" else str(value)
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return value if isinstance(value, str) else str(value)


def problem_of(error: Exception) -> Problem:
    """The problem that an error is told as; InternalError for one that nobody foresaw."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Refused):
        return Problem(error.name if error.name in TABLE else "Refused", error.arguments)
    if isinstance(error, TanhuiError):
        for ancestor in type(error).__mro__:
            if ancestor.__name__ in TABLE:
                return Problem(
                    ancestor.__name__, {"reason": error.message} if ancestor.__name__ == "BadInput" else {}
                )
    return Problem("InternalError")


class _Missing(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"


def document(problem: Problem, lang: str, instance: str = "") -> dict[str, Any]:
    """The problem's JSON object in a language."""

    def said(message: str, arguments: Mapping[str, Any]) -> str:
        return translate(message, lang).format_map(_Missing(arguments))

    kind = problem.kind
    answer: dict[str, Any] = {
        "type": kind.type,
        "title": translate(kind.title, lang),
        "status": kind.status,
        "detail": said(kind.detail, problem.arguments),
        "remedy": said(kind.remedy, problem.arguments),
        "name": kind.name,
        "arguments": problem.arguments,
    }
    if instance:
        answer["instance"] = instance
    if problem.faults:
        answer["errors"] = [
            {
                "where": fault.where,
                "field": fault.field,
                "reason": said(fault.reason, fault.arguments),
                "remedy": said(fault.remedy, fault.arguments),
            }
            for fault in problem.faults
        ]
    return answer


def rendered(problem: Problem, scope: Mapping[str, Any]) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, headers and body of the problem as the answer to a request (an ASGI scope)."""
    accepted = next((value for name, value in scope["headers"] if name == b"accept-language"), b"")
    lang = language(accepted.decode("latin-1"))
    path = (scope.get("raw_path") or b"").decode("latin-1")
    body = json_bytes(document(problem, lang, path))
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"content-language", lang.encode()),
        (b"cache-control", b"no-store"),
        (b"vary", b"accept-language"),
    ]
    extra = dict(problem.headers)
    if problem.kind.retry_after_seconds:
        extra.setdefault("Retry-After", str(problem.kind.retry_after_seconds))
    if problem.kind.status == 401:
        extra.setdefault("WWW-Authenticate", 'Bearer realm="tanhui"')
    headers.extend((name.lower().encode(), value.encode("latin-1")) for name, value in extra.items())
    return problem.kind.status, headers, body
