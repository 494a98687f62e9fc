"""What FastAPI and Starlette find wrong with a request, told as problems.

Flow: an exception in a route → the handler registered by `register` → `problem_of` → `rendered`.

A 405 names every method that the path has, however many functions serve it; a value that cannot be taken is told with its
place, the reason, and what mends it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.routing import Match

from api.kinds import Answer
from api.problems import MEDIA_TYPE, TABLE, Fault, Problem, problem_of, rendered
from node_client.errors import TanhuiError

_log: Final = logging.getLogger("tanhui.api")

_METHODS: Final = ("DELETE", "GET", "PATCH", "POST", "PUT")

# By pydantic's kind of error: what is wrong, and what mends it.
_FAULTS: Final[dict[str, tuple[str, str]]] = {
    "missing": ("it is missing", "give a value"),
    "extra_forbidden": ("it is not known here", "leave it out, or correct its spelling"),
    "string_too_short": ("it is too short", "give at least {min_length} characters"),
    "string_too_long": ("it is too long", "give at most {max_length} characters"),
    "string_type": ("it is no text", "give a text"),
    "string_unicode": ("it is no proper Unicode", "send no lone surrogates"),
    "string_pattern_mismatch": (
        "it does not have the form asked for",
        "see the pattern in /openapi.json: {pattern}",
    ),
    "int_type": ("it is no whole number", "give a whole number"),
    "int_parsing": ("it is no whole number", "give decimal digits"),
    "greater_than_equal": ("it is too small", "give at least {ge}"),
    "less_than_equal": ("it is too large", "give at most {le}"),
    "too_short": ("there are too few", "give at least {min_length}"),
    "too_long": ("there are too many", "give at most {max_length}"),
    "list_type": ("it is no list", "give a list"),
    "literal_error": ("it is none of the values possible", "give one of {expected}"),
    "bool_parsing": ("it is neither true nor false", "give true or false"),
    "model_attributes_type": ("it is no object", "give a JSON object"),
    "model_type": ("it is no object", "give a JSON object"),
    "dict_type": ("it is no object", "give a JSON object"),
    "value_error": ("{error}", "correct the value"),
}


class FieldError(Answer):
    """One value that cannot be taken."""

    where: str = Field(examples=["body"])
    field: str = Field(examples=["/lines/0/grams"])
    reason: str = Field(examples=["it is missing"])
    remedy: str = Field(examples=["give a value"])


class ProblemDocument(Answer):
    """A problem (RFC 9457)."""

    type: str = Field(examples=["/problems/CreditsNotFree"])
    title: str = Field(examples=["Credits not free"])
    status: int = Field(examples=[409])
    detail: str
    remedy: str = Field(description="What mends it.")
    name: str = Field(description="The last part of `type`; a contract's own error keeps its name.")
    arguments: dict[str, Any] = Field(
        description="The error's arguments; integers of the chain as decimal text."
    )
    instance: str | None = None
    errors: list[FieldError] | None = None


def documented(*names: str) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's `responses` for problems of these names, and for those that every route can have."""
    by_status: dict[int | str, list[str]] = {}
    for name in (*names, "ValidationFailed", "TooManyRequests", "DatabaseUnreachable", "InternalError"):
        by_status.setdefault(TABLE[name].status, []).append(name)
    return {
        status: {
            "description": "; ".join(f"{TABLE[name].title} (`{TABLE[name].type}`)" for name in kinds),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
        }
        for status, kinds in by_status.items()
    }


def _response(problem: Problem, request: Request) -> Response:
    status, headers, body = rendered(problem, request.scope)
    response = Response(body, status)
    response.raw_headers = headers
    return response


def faults_of(errors: Iterable[Mapping[str, Any]]) -> tuple[Fault, ...]:
    """Pydantic's findings as faults; the values themselves are not repeated."""
    found = []
    for error in errors:
        where, *place = (
            part for part in error["loc"] if not str(part).startswith(("constrained-", "function-"))
        )
        kind = str(error["type"])
        reason, remedy = _FAULTS.get(kind, (str(error["msg"]), "see /openapi.json for what is possible"))
        pointer = "".join(f"/{part}" for part in place) if where == "body" else ".".join(map(str, place))
        arguments = {name: str(value) for name, value in error.get("ctx", {}).items()}
        found.append(Fault(str(where), _clean(pointer), reason, remedy, arguments))
    return tuple(found)


def _clean(text: str) -> str:
    """Names come from the sender: at most 200 characters, all of which can be written as UTF-8."""
    return text[:200].encode("utf-8", "backslashreplace").decode("utf-8")


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it alone
    errors = error.errors()
    if any(each["type"] == "json_invalid" for each in errors):
        return _response(Problem("BodyUnreadable"), request)
    faults = faults_of(errors)
    if any(fault.field.lower() == "idempotency-key" for fault in faults):
        return _response(Problem("IdempotencyKeyMissing"), request)
    return _response(Problem("ValidationFailed", {"count": len(faults)}, faults=faults), request)


def allowed_methods(request: Request) -> list[str]:
    """Every method that some route answers at the request's path."""
    scope = dict(request.scope)
    found = {
        method
        for method in _METHODS
        for route in request.app.router.routes
        if route.matches({**scope, "method": method})[0] is Match.FULL
    }
    if "GET" in found:
        found.add("HEAD")
    return sorted(found | {"OPTIONS"}) if found else []


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it alone
    path = _clean(request.scope.get("raw_path", b"").decode("latin-1"))
    if error.status_code == 405:
        methods = allowed_methods(request)
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": ", ".join(methods)})
        problem = Problem(
            "MethodNotAllowed",
            {"method": request.method, "path": path},
            headers={"Allow": ", ".join(methods)},
        )
    elif error.status_code == 404:
        problem = Problem("NotFound", {"path": path})
    elif error.status_code == 400:
        # FastAPI says so of a body that is no UTF-8 or too deep.
        problem = Problem("BodyUnreadable")
    else:
        problem = Problem("HttpError")
    return _response(problem, request)


async def _told(request: Request, error: Exception) -> Response:
    problem = problem_of(error)
    if problem.kind.status >= 500:
        _log.error("%s %s: %s", request.method, request.url.path, error)
    return _response(problem, request)


async def _unforeseen(request: Request, error: Exception) -> Response:
    # Starlette raises it again after this answer, and the server logs it with its traceback.
    return _response(problem_of(error), request)


def register(app: FastAPI) -> None:
    """Every exception that a request can end with is told as a problem."""
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Problem, _told)
    app.add_exception_handler(TanhuiError, _told)
    app.add_exception_handler(Exception, _unforeseen)
