"""The table of problem types: the API's own, and one for each error of the contracts.

`detail` and `remedy` are English sentences with arguments in braces; they are the ids of their translations.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from node_client.refusal import MEANINGS

ADDRESS: Final = "/problems/"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One kind of problem; `detail` and `remedy` are English sentences with arguments in braces, and message ids."""

    name: str
    status: int
    title: str
    detail: str
    remedy: str
    retry_after_seconds: int = 0

    @property
    def type(self) -> str:
        """Its stable address."""
        return ADDRESS + self.name


def _words(name: str) -> str:
    """A name in words: CreditsNotFree is "Credits not free"."""
    parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name.replace("ERC1155", "ERC-1155 "))
    return parts[:1].upper() + parts[1:].lower() if not parts.startswith("ERC") else parts


_OWN: Final = (
    ProblemType(
        "NotFound",
        404,
        "Not found",
        "there is nothing at {path}",
        "check the address, or look in the list it comes from",
    ),
    ProblemType(
        "MethodNotAllowed",
        405,
        "Method not allowed",
        "{method} is not possible at {path}",
        "use one of the methods that Allow names",
    ),
    ProblemType(
        "BodyUnreadable",
        400,
        "Body unreadable",
        "the body is no JSON in UTF-8",
        "send one JSON object, encoded in UTF-8",
    ),
    ProblemType(
        "MediaTypeUnsupported",
        415,
        "Media type not supported",
        "the body is declared as {media_type}",
        "send Content-Type: application/json",
    ),
    ProblemType(
        "BodyTooLarge",
        413,
        "Body too large",
        "the body is longer than {limit_bytes} bytes",
        "send less at once",
    ),
    ProblemType(
        "ValidationFailed",
        422,
        "Values not valid",
        "{count} values cannot be taken; errors says which, why, and how to mend them",
        "mend the values named in errors",
    ),
    ProblemType(
        "CursorInvalid",
        400,
        "Cursor not valid",
        "the cursor is not one this installation gave for this list with these filters",
        "start again without a cursor, and change nothing else between pages",
    ),
    ProblemType(
        "IdempotencyKeyMissing",
        400,
        "Idempotency-Key missing",
        "a write needs the header Idempotency-Key",
        "send a new random text of 1 to 255 printable ASCII characters, and the same one when you repeat the request",
    ),
    ProblemType(
        "IdempotencyKeyReused",
        422,
        "Idempotency-Key used for another body",
        "this Idempotency-Key stands for another body",
        "repeat with the former body, or choose a new key for the new one",
    ),
    ProblemType(
        "ApiKeyMissing",
        401,
        "API key missing",
        "this needs an API key",
        "send Authorization: Bearer and your key; the operator gives keys out",
    ),
    ProblemType(
        "ApiKeyInvalid",
        401,
        "API key not valid",
        "the API key is unknown or revoked",
        "ask the operator for a new one",
    ),
    ProblemType(
        "ScopeMissing",
        403,
        "Scope missing",
        "the API key lacks the scope {scope}",
        "ask the operator for a key with it",
    ),
    ProblemType(
        "PurposeUnknown",
        422,
        "Purpose unknown",
        "there is no purpose {purpose}",
        "choose one of /v1/purposes that is allowed",
    ),
    ProblemType(
        "RequestUnderWay",
        409,
        "Request under way",
        "the request is {state} and cannot be cancelled any more",
        "ask for it again later: it becomes final or is refused",
    ),
    ProblemType(
        "RequestExpired",
        409,
        "Request expired",
        "the request could not be carried before its deadline; nothing was retired",
        "send it anew with a new Idempotency-Key",
    ),
    ProblemType(
        "TooManyRequests",
        429,
        "Too many requests",
        "your address has made more than {limit} requests",
        "wait as long as Retry-After says",
    ),
    ProblemType(
        "MirrorBehind",
        503,
        "Mirror behind",
        "the mirror stands at block {block}, not yet at {min_block}",
        "ask again in a moment",
        1,
    ),
    ProblemType(
        "MirrorEmpty",
        503,
        "Nothing mirrored yet",
        "the mirror has not read the chain yet",
        "ask again when /readyz says ok",
        5,
    ),
    ProblemType(
        "ChainUnreachable",
        503,
        "Chain unreachable",
        "no node of the chain answers",
        "ask again later; reading does not need the chain",
        5,
    ),
    ProblemType(
        "ChainError",
        503,
        "Chain not usable",
        "the node is not one of this ledger's chain",
        "tell the operator",
        60,
    ),
    ProblemType(
        "DatabaseUnreachable",
        503,
        "Database unreachable",
        "the database does not answer",
        "ask again later",
        5,
    ),
    ProblemType(
        "DatabaseRevision",
        503,
        "Database of another revision",
        "the database's tables are of another revision than the program",
        "tell the operator: tanhui db upgrade",
        60,
    ),
    ProblemType(
        "SigningError",
        503,
        "Signing not possible",
        "the platform has no key to sign this with",
        "tell the operator",
        60,
    ),
    ProblemType(
        "MirrorError",
        503,
        "Mirror stopped",
        "the mirror found a contradiction and stopped",
        "tell the operator: tanhui audit",
        60,
    ),
    ProblemType("BadInput", 422, "Input not valid", "{reason}", "correct the input"),
    ProblemType(
        "HttpError", 400, "Request not possible", "the request cannot be answered", "correct the request"
    ),
    ProblemType(
        "Refused",
        409,
        "Refused by the contract",
        "the contract refused the act without a named reason",
        "look at the arguments of the act",
    ),
    ProblemType(
        "InternalError",
        500,
        "Internal error",
        "something went wrong on our side; it was recorded",
        "try again later, and tell the operator if it stays",
    ),
)

TABLE: Final[dict[str, ProblemType]] = {
    **{each.name: each for each in _OWN},
    **{
        name: ProblemType(name, meaning.status, _words(name), meaning.message, meaning.remedy)
        for name, meaning in MEANINGS.items()
    },
}
