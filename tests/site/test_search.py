"""The search box takes anything and goes to its page."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from sqlalchemy import select

from node_client import database
from node_client.database import table_of
from tests.site.conftest import Site


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("HRB-BUS-2024", "/en/projects/1"),
        ("HRBCER-000001-2024-1", "/en/credits/1-1"),
        ("2-1", "/en/credits/2-1"),
        ("HRB-CM-002", "/en/methodologies/2"),
        ("太阳岛新能源", "/en/members/8"),
        ("  HRB-BUS-2024 ", "/en/projects/1"),
    ],
)
def test_a_name_goes_to_its_page(city_site: Site, text: str, path: str) -> None:
    answer = city_site.client.get(f"/en/search?q={quote(text)}")
    assert (answer.status_code, answer.headers.get("location")) == (303, path)


@pytest.mark.parametrize(
    ("table", "column", "kind", "key"),
    [
        ("retirement", "retirement_id", "retirements", "retirement_id"),
        ("retirement", "record_hash", "retirements", "retirement_id"),
        ("correction", "correction_id", "retirements", "retirement_id"),
        ("block", "hash", "blocks", "number"),
        ("lock", "lock_id", "locks", "lock_id"),
        ("account", "account", "accounts", "account"),
        ("report", "report_hash", "reports", "report_id"),
    ],
)
def test_a_hash_goes_to_what_bears_it(city_site: Site, table: str, column: str, kind: str, key: str) -> None:
    engine = database.engine(city_site.settings.effective_database_url)
    with engine.connect() as connection:
        row = connection.execute(select(table_of(table)).limit(1)).mappings().one()
    engine.dispose()
    for text in (row[column], row[column].lower()):
        answer = city_site.client.get(f"/zh/search?q={text}")
        assert answer.headers.get("location") == f"/zh/{kind}/{row[key]}"


def test_a_number_that_several_have_shows_them_all(city_site: Site) -> None:
    text = city_site.client.get("/en/search?q=1").text
    for path in ("projects/1", "members/1", "methodologies/1", "reports/1", "issuances/1", "acts/1"):
        assert f"href='/en/{path}'" in text


@pytest.mark.parametrize(
    "text",
    ["", "nothing at all", "0x12", "%", "_", "'; drop table act; --", "<script src>", "9" * 200, "\u202d"],
)
def test_what_is_nowhere_is_told(city_site: Site, text: str) -> None:
    answer = city_site.client.get("/en/search", params={"q": text})
    assert answer.status_code == 200
    assert "<script src>" not in answer.text


def test_the_serial_box_tells_where_a_gram_is(city_site: Site) -> None:
    assert "is retired" in city_site.client.get("/en/credits/1-1?serial=1").text
    assert "is not retired" in city_site.client.get("/en/credits/1-1?serial=182455250000").text
    assert "has no serial" in city_site.client.get("/en/credits/1-1?serial=182455250001").text
    assert "has no serial" in city_site.client.get("/en/credits/1-1?serial=0").text
