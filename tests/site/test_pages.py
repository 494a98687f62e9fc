"""Every page of two ledgers, in both languages: whole, well-formed, light, and each of its links leads somewhere."""

from __future__ import annotations

import gzip
import html
import re
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from sqlalchemy import select

from node_client import database, total
from node_client.database import table_of
from tests.site.conftest import Site
from tests.site.markup import Page

LIGHT = 60 * 1024
NAMES = (
    "",
    "projects",
    "credits",
    "retirements",
    "issuances",
    "methodologies",
    "reports",
    "members",
    "transfers",
    "locks",
    "cancellations",
    "acts",
    "blocks",
    "purposes",
    "status",
    "supervision",
    "glossary",
    "accessibility",
    "problems",
    "guide",
    "search",
)


def crawl(site: Site, start: str) -> dict[str, httpx.Response]:
    """Every address that can be reached from a page, by its path and query."""
    found: dict[str, httpx.Response] = {}
    waiting = [start]
    while waiting:
        address = waiting.pop()
        if address in found:
            continue
        response = site.client.get(address)
        found[address] = response
        if response.headers.get("content-type", "").startswith("text/html"):
            for link in Page(response.text).links:
                target = urlsplit(urljoin(address, link))
                if not target.netloc:
                    waiting.append(target.path + (f"?{target.query}" if target.query else ""))
    return found


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_link_of_every_page_leads_to_a_whole_page(site: Site, lang: str) -> None:
    found = crawl(site, f"/{lang}/")
    assert len(found) > 300
    assert {path: answer.status_code for path, answer in found.items() if answer.status_code != 200} == {}
    for path, answer in found.items():
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        page = Page(answer.text)
        assert page.faults == [], path
        assert page.headings.count(1) == 1, path
        assert page.headings[0] == 1, path
        assert page.title.strip(), path
        assert page.lang == ("zh-Hans" if path.startswith("/zh") else "en"), path
        assert "default-src 'none'" in answer.headers["content-security-policy"], path
        fragments = [link[1:] for link in page.links if link.startswith("#")]
        assert set(fragments) <= page.ids, path
        external = [link for link in page.links if urlsplit(link).netloc]
        assert external == [], path


def test_every_page_is_reached_from_the_dashboard(city_site: Site) -> None:
    found = crawl(city_site, "/zh/")
    for lang in ("zh", "en"):
        for name in NAMES:
            assert f"/{lang}/{name}" in found or name == "search", name


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", NAMES)
def test_a_page_with_its_style_and_script_is_light(site: Site, lang: str, name: str) -> None:
    answer = site.client.get(f"/{lang}/{name}")
    assert answer.status_code == 200
    links = [link for link in Page(answer.text).links if link.startswith("/static/")]
    weight = len(gzip.compress(answer.content))
    weight += sum(len(gzip.compress(site.client.get(link).content)) for link in set(links))
    assert weight < LIGHT


def test_the_style_sheet_is_at_most_ten_kilobytes(city_site: Site) -> None:
    link = re.findall(r'href="(/static/site\.css[^"]*)"', city_site.client.get("/zh/").text)[0]
    assert len(gzip.compress(city_site.client.get(link).content)) <= 10 * 1024


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", NAMES)
def test_every_page_names_the_block_it_speaks_for(city_site: Site, lang: str, name: str) -> None:
    engine = database.engine(city_site.settings.effective_database_url)
    with engine.connect() as connection:
        block = connection.execute(select(table_of("checkpoint").c.block)).scalar_one()
    engine.dispose()
    text = city_site.client.get(f"/{lang}/{name}").text
    foot = text[text.index("<footer") :]
    assert f'/{lang}/blocks/{block}">' in foot
    assert "UTC+8" in foot


def test_the_switch_keeps_page_and_query(city_site: Site) -> None:
    text = city_site.client.get("/zh/projects?state=registered&owner=").text
    assert 'hreflang="en" href="/en/projects?state=registered&amp;owner="' in text
    assert 'rel="alternate" hreflang="zh-Hans" href="/zh/projects?state=registered' in text


def test_hostile_texts_are_shown_and_never_done(site: Site) -> None:
    found = crawl(site, "/en/")
    pages = {
        path: answer.text for path, answer in found.items() if "text/html" in answer.headers["content-type"]
    }
    assert sum("&lt;script&gt;" in text for text in pages.values()) > 2
    for path, text in pages.items():
        assert text.count("<script") == 1, path
        assert "<img" not in text, path
        assert "\x00" not in text, path
        assert not any(mark in text for mark in "\u202a\u202b\u202d\u202e\u2066\u2067"), path


def test_the_dashboard_shows_the_totals_and_charts_that_sum_to_them(city_site: Site) -> None:
    engine = database.engine(city_site.settings.effective_database_url)
    with engine.connect() as connection:
        sums = total.whole(connection)
    engine.dispose()
    text = html.unescape(re.sub(r"<[^>]+>", "", city_site.client.get("/en/").text))
    for grams in (sums.issued, sums.held, sums.retired, sums.cancelled):
        whole, part = divmod(grams, 1_000_000)
        exact = f"{whole:,}.{part:06d}".rstrip("0").rstrip(".")
        assert exact in text
    for bucket in ("second", "minute", "hour", "day", "month"):
        answer = city_site.client.get(f"/en/totals.csv?bucket={bucket}")
        last = answer.text.strip().splitlines()[-1].split(",")
        assert [int(each) for each in last[5:]] == [sums.issued, sums.held, sums.retired, sums.cancelled]
        assert answer.content.startswith(b"\xef\xbb\xbf")


def test_lists_go_on_by_key_until_everything_was_shown(city_site: Site) -> None:
    seen: list[str] = []
    path: str | None = "/en/acts"
    while path:
        text = city_site.client.get(path).text
        seen += re.findall(r'<th scope="row"[^>]*><span class="v"><a href="/en/acts/(\d+)"', text)
        following = re.search(r'href="([^"]+)" rel="next"', text)
        path = html.unescape(following[1]) if following else None
    assert [int(each) for each in seen] == list(range(len(seen), 0, -1))


def test_the_front_door_goes_to_the_language_of_the_browser(city_site: Site) -> None:
    for accepted, lang in (
        ("", "zh"),
        ("en-GB,en;q=0.8", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("fr, en;q=0.5, zh;q=0.6", "zh"),
        ("en;q=nonsense", "zh"),
    ):
        answer = city_site.client.get("/", headers={"Accept-Language": accepted})
        assert (answer.status_code, answer.headers["location"]) == (302, f"/{lang}/")


def test_a_certificate_says_everything_and_links_its_correction(city_site: Site) -> None:
    engine = database.engine(city_site.settings.effective_database_url)
    with engine.connect() as connection:
        corrected = connection.execute(select(table_of("correction"))).mappings().one()
        retired = (
            connection.execute(
                select(table_of("retirement")).where(
                    table_of("retirement").c.retirement_id == corrected["retirement_id"]
                )
            )
            .mappings()
            .one()
        )
    engine.dispose()
    text = city_site.client.get(f"/zh/retirements/{retired['retirement_id']}").text
    for part in ("retirement_id", "record_hash", "tx_hash", "beneficiary", "case_reference", "place", "note"):
        assert retired[part] in text, part
    assert "6,334.54" in text
    assert "HRBCER-000001-2024-1" in text
    assert corrected["reason"] in text
    assert corrected["case_reference"] in text
    # The number is found in either spelling of its digits.
    upper = "0x" + retired["retirement_id"][2:].upper()
    assert city_site.client.get(f"/zh/retirements/{upper}").status_code == 200


def test_a_person_is_never_named(city_site: Site) -> None:
    text = city_site.client.get("/en/retirements?purpose=7").text
    assert "a natural person" in text
