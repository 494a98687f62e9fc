"""What goes wrong is a page too: not found, not understood, not available, and one page for each problem."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from api.problems import TABLE
from node_client.settings import Settings
from tests.site.conftest import Site
from tests.site.markup import Page
from tests.site.serve import served


@pytest.mark.parametrize(
    "path",
    [
        "/nonsense",
        "/projects/0",
        "/projects/9999999",
        "/projects/abc",
        "/projects/99999999999999999999999999",
        "/projects/-1",
        "/credits/7-7",
        "/credits/%00",
        "/retirements/0x00",
        "/retirements/%F0%9F%98%80",
        "/accounts/0x1234",
        "/acts/999999",
        "/blocks/999999999",
        "/problems/Nothing",
        "/locks/0x",
        "/members/1/more",
    ],
)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_what_does_not_exist_is_a_friendly_page(city_site: Site, lang: str, path: str) -> None:
    answer = city_site.client.get(f"/{lang}{path}")
    assert answer.status_code == 404
    page = Page(answer.text)
    assert page.faults == []
    assert ("页面未找到" if lang == "zh" else "Page not found") in answer.text


@pytest.mark.parametrize(
    "query", ["after=abc", "after=-1", "state=nonsense", "owner=%F0%9F%98%80", "after=99999999999999999999"]
)
def test_a_filter_without_sense_is_told(city_site: Site, query: str) -> None:
    answer = city_site.client.get(f"/en/projects?{query}")
    assert answer.status_code == 400
    assert "Filter not understood" in answer.text


def test_empty_filters_of_a_form_are_no_filters(city_site: Site) -> None:
    assert city_site.client.get("/en/projects?state=&owner=&methodology=").status_code == 200


def test_without_a_database_the_pages_say_so(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, node_url="http://127.0.0.1:9", rate_limit="")
    with served(settings) as base:
        answer = httpx.get(f"{base}/zh/")
        assert answer.status_code == 503
        assert "暂时无法提供" in answer.text
        assert answer.headers["retry-after"]
        assert Page(answer.text).faults == []


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", sorted(TABLE))
def test_every_problem_has_its_page(city_site: Site, lang: str, name: str) -> None:
    answer = city_site.client.get(f"/{lang}/problems/{name}")
    assert answer.status_code == 200
    assert Page(answer.text).faults == []
    assert name in answer.text


def test_the_address_of_a_problem_leads_to_its_page(city_site: Site) -> None:
    answer = city_site.client.get("/problems/CreditsNotFree", headers={"Accept-Language": "en"})
    assert answer.headers["location"] == "/en/problems/CreditsNotFree"
