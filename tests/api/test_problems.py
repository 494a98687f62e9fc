"""Every refusal is a problem with a stable type, in the reader's language, that says what mends it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from api.faults import ProblemDocument
from api.problems import TABLE, Problem, document, problem_of
from node_client.chain import ABI_FOLDER, abi_of
from node_client.errors import ChainUnreachable, DatabaseRevision, KeyMissing, SequenceMismatch
from node_client.refusal import REFUSALS, refuse
from tests.api.city import Town


def told_problem(answer: httpx.Response, status: int, name: str) -> dict[str, Any]:
    """The answer is this problem, well-formed."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), (
        answer.text
    )
    found: dict[str, Any] = answer.json()
    ProblemDocument.model_validate({**found, "instance": found.get("instance")})
    assert (found["type"], found["status"], found["name"]) == (f"/problems/{name}", status, name)
    return found


def test_every_error_of_the_contracts_has_its_problem_with_the_class_s_status() -> None:
    names = {
        entry["name"]
        for path in ABI_FOLDER.glob("*.json")
        for entry in abi_of(path.stem)
        if entry["type"] == "error"
    }
    for name in names & REFUSALS.keys():
        assert TABLE[name].status == REFUSALS[name].status
        assert TABLE[name].type == f"/problems/{name}"
    assert names <= TABLE.keys()


def test_a_refusal_keeps_its_arguments_as_text() -> None:
    refusal = refuse(
        "CreditsNotFree", {"account": "0xA", "tokenId": 1 << 128 | 2, "freeGrams": 2**60, "requiredGrams": 3}
    )
    found = document(problem_of(refusal), "en")
    assert found["arguments"]["freeGrams"] == str(2**60)
    assert found["arguments"]["tokenId"] == f"0x{1 << 128 | 2:064x}"
    assert str(2**60) in found["detail"]


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (ChainUnreachable("http://10.0.0.1 is down", remedy="x"), "ChainUnreachable"),
        (DatabaseRevision("secret", remedy="x"), "DatabaseRevision"),
        (KeyMissing("no key in /secret/folder", remedy="x"), "SigningError"),
        (SequenceMismatch("secret", remedy="x"), "MirrorError"),
        (ValueError("secret"), "InternalError"),
    ],
)
def test_internals_are_not_told(error: Exception, name: str) -> None:
    problem = problem_of(error)
    assert problem.name == name
    assert problem.kind.status >= 500
    said = str(document(problem, "en"))
    assert not any(word in said for word in ("secret", "10.0.0.1"))


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "501"}, "limit"),
        ({"limit": "true"}, "limit"),
        ({"limit": "1.0"}, "limit"),
        ({"limit": " 1"}, "limit"),
        ({"limit": "１"}, "limit"),
        ({"project_id": "-1"}, "project_id"),
        ({"project_id": str(2**63)}, "project_id"),
        ({"project_id": "9" * 5000}, "project_id"),
        ({"holder": "0x12"}, "holder"),
        ({"token_id": "no-credit"}, "token_id"),
        ({"purpose": "a\x00b"}, "purpose"),
        ({"projectid": "1"}, "projectid"),
        ({"cursor": "x" * 601}, "cursor"),
    ],
)
def test_a_query_that_makes_no_sense_is_told_field_by_field(
    told: httpx.Client, query: dict[str, str], field: str
) -> None:
    found = told_problem(told.get("/v1/retirements", params=query), 422, "ValidationFailed")
    assert [each["field"] for each in found["errors"]] == [field]
    assert all(each["where"] == "query" and each["reason"] and each["remedy"] for each in found["errors"])


def test_a_credit_that_fits_no_token_id_is_not_found(told: httpx.Client) -> None:
    told_problem(told.get(f"/v1/credits/1-{'9' * 39}"), 404, "NotFound")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/retirements", "GET, HEAD, OPTIONS, POST"),
        ("/v1/members", "GET, HEAD, OPTIONS"),
        ("/v1/quotes", "OPTIONS, POST"),
        ("/v1/members/1", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_wrong_method_is_told_every_right_one(told: httpx.Client, path: str, allowed: str) -> None:
    answer = told.request("DELETE", path)
    told_problem(answer, 405, "MethodNotAllowed")
    assert answer.headers["allow"] == allowed
    options = told.request("OPTIONS", path)
    assert (options.status_code, options.headers["allow"]) == (204, allowed)


def test_problems_are_told_in_the_reader_s_language(told: httpx.Client) -> None:
    for asked, said in (
        ("zh-CN,zh;q=0.9", "zh"),
        ("en", "en"),
        ("fr", "en"),
        ("en;q=0.5,zh;q=0.8", "zh"),
        ("*", "en"),
    ):
        answer = told.get("/v1/members/99999", headers={"Accept-Language": asked})
        told_problem(answer, 404, "NotFound")
        assert answer.headers["content-language"] == said


BAD_BODIES = {
    "unparsable": (b"{", 400, "BodyUnreadable"),
    "no utf-8": (b'{"purpose": "\xff"}', 400, "BodyUnreadable"),
    "too deep": (b"[" * 60_000, 400, "BodyUnreadable"),
    "a number too long": (b'{"purpose": ' + b"9" * 10_000 + b"}", 400, "BodyUnreadable"),
    "nothing": (b"", 422, "ValidationFailed"),
    "a list": (b"[]", 422, "ValidationFailed"),
    "null": (b"null", 422, "ValidationFailed"),
}


@pytest.mark.parametrize("case", BAD_BODIES)
def test_a_body_that_is_no_order_is_told_so(here: Town, client: httpx.Client, case: str) -> None:
    body, status, name = BAD_BODIES[case]
    headers = here.headers(**{"Content-Type": "application/json"})
    told_problem(client.post("/v1/retirements", content=body, headers=headers), status, name)
    assert client.get("/v1/requests", headers=here.headers()).json()["data"] == []


def test_bodies_too_large_or_of_another_kind_are_refused(here: Town, client: httpx.Client) -> None:
    headers = here.headers(**{"Content-Type": "application/json"})
    told_problem(client.post("/v1/retirements", content=b"x" * 65_537, headers=headers), 413, "BodyTooLarge")

    def parts() -> Any:
        for _ in range(70):
            yield b" " * 1000

    told_problem(client.post("/v1/quotes", content=parts(), headers=headers), 413, "BodyTooLarge")
    told_problem(
        client.post("/v1/retirements", data={"purpose": "event"}, headers=here.headers()),
        415,
        "MediaTypeUnsupported",
    )


def test_the_openapi_document_knows_every_problem_and_no_body_is_left_undescribed(told: httpx.Client) -> None:
    found = told.get("/openapi.json").json()
    assert "HTTPValidationError" not in found["components"]["schemas"]
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], path
            assert "429" in operation["responses"] or not path.startswith("/v1"), path
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    assert list(response["content"]) == ["application/problem+json"], (path, method, status)
                elif status not in {"204", "304"}:
                    assert response["content"], (path, method, status)
    with pytest.raises(ValidationError):
        ProblemDocument.model_validate({"type": "x"})
    assert Problem("NotFound").kind.status == 404
