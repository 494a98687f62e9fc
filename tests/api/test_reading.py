"""Reading: every list and detail has the shape its model says, on a ledger with every kind of event."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from pydantic import BaseModel
from sqlalchemy import create_engine, text

from api import (
    act,
    cancellation,
    correction,
    credit,
    deployment,
    holding,
    issuance,
    lock,
    member,
    methodology,
    project,
    purpose,
    report,
    retirement,
    role,
    setting,
    statistics,
    transfer,
)
from api.listing import page_model
from node_client.settings import Settings
from tests.node_client.ledger_world import World

LISTS: dict[str, tuple[type[BaseModel], str, type[BaseModel] | None]] = {
    "members": (member.Member, "{member_id}", member.Member),
    "accounts": (member.Account, "{account}", member.Account),
    "purposes": (purpose.Purpose, "{code}", purpose.Purpose),
    "settings": (setting.Setting, "", None),
    "methodologies": (methodology.Methodology, "{methodology_id}", methodology.MethodologyDetail),
    "projects": (project.Project, "{project_id}", project.ProjectDetail),
    "reports": (report.Report, "{report_id}", report.Report),
    "issuances": (issuance.Issuance, "{issuance_id}", issuance.IssuanceDetail),
    "credits": (credit.Credit, "{token_id}", credit.Credit),
    "holdings": (holding.Holding, "{account}/{token_id}", holding.Holding),
    "transfers": (transfer.Transfer, "{sequence}", transfer.TransferDetail),
    "locks": (lock.Lock, "{lock_id}", lock.Lock),
    "retirements": (retirement.Retirement, "{retirement_id}", retirement.Retirement),
    "corrections": (correction.Correction, "{correction_id}", correction.Correction),
    "cancellations": (cancellation.Cancellation, "{cancellation_id}", cancellation.Cancellation),
    "acts": (act.Act, "{sequence}", act.Act),
    "roles": (role.RoleMember, "{role_id}", role.Role),
}


def rows(client: httpx.Client, path: str, **query: Any) -> list[dict[str, Any]]:
    """Every row of a list, page by page."""
    found: list[dict[str, Any]] = []
    query.setdefault("limit", 500)
    while True:
        answer = client.get(f"/v1/{path}", params=query)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found.extend(page["data"])
        if page["next"] is None:
            assert "link" not in answer.headers
            return found
        following = answer.links["next"]["url"]
        query = {**query, "cursor": page["next"]}
        assert client.get(following).json() == client.get(f"/v1/{path}", params=query).json()


@pytest.mark.parametrize("name", LISTS)
def test_every_list_and_detail_has_exactly_the_shape_its_model_says(told: httpx.Client, name: str) -> None:
    model, key, detail_model = LISTS[name]
    answer = told.get(f"/v1/{name}", params={"limit": 500})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    page_model(model).model_validate_json(answer.content)
    data = answer.json()["data"]
    assert data
    if detail_model is None:
        return
    for row in data:
        one = told.get(f"/v1/{name}/{key.format(**row)}")
        assert one.status_code == 200, one.text
        detail_model.model_validate_json(one.content)


@pytest.mark.parametrize("name", LISTS)
def test_pages_of_one_row_give_the_whole_list_in_the_same_order(told: httpx.Client, name: str) -> None:
    whole = rows(told, name)
    size = 1 if len(whole) < 40 else 7
    assert rows(told, name, limit=size) == whole


def test_stored_retirements_are_what_the_model_says(told: httpx.Client, told_settings: Settings) -> None:
    engine = create_engine(told_settings.effective_database_url)
    with engine.connect() as connection:
        docs = [bytes(row[0]) for row in connection.execute(text("SELECT doc FROM retirement"))]
    engine.dispose()
    assert docs
    for doc in docs:
        retirement.Retirement.model_validate_json(doc)


FILTERS = {
    "members": ["kind", "standing"],
    "accounts": ["member_id"],
    "purposes": ["allowed"],
    "methodologies": ["state", "submitter_id"],
    "projects": ["state", "owner_id", "methodology_id"],
    "reports": ["project_id", "verifier_id", "state"],
    "issuances": ["state", "report_id", "project_id", "token_id", "holder", "proposer_id", "vintage"],
    "credits": ["project_id", "methodology_id", "vintage", "issuance_id", "holder"],
    "holdings": ["account", "token_id"],
    "transfers": ["kind", "sender", "receiver", "token_id"],
    "locks": ["holder", "keeper", "token_id"],
    "retirements": ["holder", "member_id"],
    "corrections": ["retirement_id", "member_id"],
    "cancellations": ["state", "token_id", "holder", "reason_code", "proposer_id"],
    "acts": ["event", "contract", "block"],
    "roles": ["role_id", "account", "held"],
}


@pytest.mark.parametrize(("name", "filter_"), [(name, each) for name in FILTERS for each in FILTERS[name]])
def test_each_filter_gives_exactly_its_rows(told: httpx.Client, name: str, filter_: str) -> None:
    whole = rows(told, name)
    values = {row[filter_] for row in whole if row[filter_] not in {None, ""}}
    assert values
    for value in list(values)[:6]:
        asked = str(value).lower() if isinstance(value, bool) else value
        assert rows(told, name, **{filter_: asked}) == [row for row in whole if row[filter_] == value]


def test_retirements_are_found_by_purpose_project_and_credit(told: httpx.Client) -> None:
    whole = rows(told, "retirements")
    for field in ("project_id", "token_id"):
        for value in {line[field] for row in whole for line in row["lines"]}:
            wanted = [row for row in whole if any(line[field] == value for line in row["lines"])]
            assert wanted
            assert rows(told, "retirements", **{field: value}) == wanted
            assert rows(told, "retirements", limit=1, **{field: value}) == wanted
            holder = wanted[0]["holder"]
            both = [row for row in wanted if row["holder"] == holder]
            assert rows(told, "retirements", limit=1, holder=holder, **{field: value}) == both
    for code in ("event", "office"):
        assert rows(told, "retirements", purpose=code) == [
            row for row in whole if row["purpose_code"] == code
        ]
    assert rows(told, "retirements", purpose="nothing") == []


def test_a_credit_is_found_by_its_token_id_and_by_project_and_number(told: httpx.Client) -> None:
    first = rows(told, "credits")[0]
    name = f"{first['project_id']}-{first['credit_id']}"
    assert told.get(f"/v1/credits/{name}").json() == first
    assert told.get(f"/v1/credits/{first['token_id'].upper().replace('0X', '0x')}").json() == first
    assert rows(told, "holdings", token_id=name) == rows(told, "holdings", token_id=first["token_id"])


def test_addresses_are_found_however_their_letters_are_written(told: httpx.Client) -> None:
    account = rows(told, "accounts")[0]
    assert told.get(f"/v1/accounts/{account['account'].lower()}").json() == account


def test_every_retired_serial_leads_to_its_retirement_and_no_other_does(told: httpx.Client) -> None:
    for each in rows(told, "credits"):
        token_id, retired = each["token_id"], int(each["retired_grams"])
        lines = [
            (int(line["first_serial"]), int(line["last_serial"]), row["retirement_id"])
            for row in rows(told, "retirements", token_id=token_id)
            for line in row["lines"]
            if line["token_id"] == token_id
        ]
        assert sum(last - first + 1 for first, last, _ in lines) == retired
        for first, last, retirement_id in lines:
            for serial in {first, last}:
                found = told.get(f"/v1/serials/{token_id}/{serial}").json()
                credit.Serial.model_validate(found)
                assert (found["state"], found["retirement_id"]) == ("retired", retirement_id)
        beyond = told.get(f"/v1/serials/{token_id}/{retired + 1}").json()
        credit.Serial.model_validate(beyond)
        assert beyond["state"] == "not_retired"
        assert told.get(f"/v1/serials/{token_id}/{int(each['issued_grams']) + 1}").status_code == 404
        assert told.get(f"/v1/serials/{token_id}/0").status_code == 422


@pytest.mark.parametrize(
    "by", [None, "day", "minute", "project", "methodology", "member", "vintage", "purpose"]
)
def test_statistics_agree_with_the_lists(told: httpx.Client, by: str | None) -> None:
    answer = told.get("/v1/statistics", params={"by": by} if by else {})
    statistics.Statistics.model_validate_json(answer.content)
    found = answer.json()
    whole = rows(told, "credits")
    for kind in ("issued", "retired", "cancelled"):
        assert int(found["total"][f"{kind}_grams"]) == sum(int(row[f"{kind}_grams"]) for row in whole)
        if by:
            parts = sum(int(row[f"{kind}_grams"]) for row in found["data"])
            # Only retirements have a purpose.
            if by != "purpose" or kind == "retired":
                assert parts == int(found["total"][f"{kind}_grams"])
    held = sum(int(row["free_grams"]) + int(row["locked_grams"]) for row in rows(told, "holdings"))
    assert int(found["total"]["held_grams"]) == held
    assert found["total"]["retirements"] == len(rows(told, "retirements"))


def test_the_deployment_is_the_one_on_the_chain(told: httpx.Client, told_world: World) -> None:
    answer = told.get("/v1/deployment")
    deployment.Deployment.model_validate_json(answer.content)
    assert answer.json()["addresses"] == told_world.deployment.addresses
    assert answer.json()["code_hashes"] == told_world.deployment.code_hashes


def test_names_are_searched_whatever_the_case_and_wildcards_mean_nothing(told: httpx.Client) -> None:
    whole = rows(told, "members")
    assert rows(told, "members", q="BUYER") == [row for row in whole if "buyer" in row["name"].lower()]
    assert rows(told, "members", q="%") == [row for row in whole if "%" in row["name"]]
    assert rows(told, "members", q="成员") == [row for row in whole if "成员" in row["name"]]


def test_the_acts_are_as_many_as_the_sequence(told: httpx.Client) -> None:
    acts = rows(told, "acts")
    assert [row["sequence"] for row in acts] == list(range(len(acts), 0, -1))
    assert told.get("/status").json()["sequence"] == len(acts)


@pytest.mark.parametrize(
    "path",
    [
        "members/999999",
        "accounts/0x" + "12" * 20,
        "purposes/nothing",
        "methodologies/999999",
        "projects/9223372036854775807",
        "reports/0",
        "issuances/999",
        "credits/999-9",
        "credits/0x1",
        "holdings/0x" + "12" * 20 + "/1-1",
        "transfers/1",
        "locks/0x" + "12" * 32,
        "retirements/0x" + "12" * 32,
        "corrections/0x" + "12" * 32,
        "cancellations/999",
        "acts/999999",
        "roles/77",
        "serials/999-1/1",
        "nothing",
    ],
)
def test_what_does_not_exist_is_a_404_problem(told: httpx.Client, path: str) -> None:
    answer = told.get(f"/v1/{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/NotFound"
