"""The pages in a real browser: accessible by axe-core, walked by keyboard, fitting narrow screens, whole on paper.

Flow: chromium (TANHUI_BROWSER, or one that is installed) → both languages × light and dark × wide and narrow → axe-core's rules
of WCAG 2.0 to 2.2, levels A and AA, and best practice.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Page as Tab
from sqlalchemy import select

from node_client import database
from node_client.database import table_of
from tests.site.conftest import Site

AXE = Path(__file__).parent.parent.parent / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PAGES = (
    "",
    "projects",
    "projects/1",
    "projects/4",
    "credits",
    "credits/1-1?serial=1",
    "retirements",
    "retirements/{retirement}",
    "issuances",
    "issuances/1",
    "methodologies/1",
    "reports",
    "members",
    "members/5",
    "accounts/{account}",
    "transfers",
    "locks",
    "locks/{lock}",
    "cancellations/1",
    "acts",
    "acts/1",
    "blocks",
    "purposes",
    "status",
    "supervision",
    "glossary",
    "accessibility",
    "problems",
    "problems/CreditsNotFree",
    "guide",
    "search?q=1",
    "nonsense",
)


def _program() -> str | None:
    named = os.environ.get("TANHUI_BROWSER")
    if named:
        return named
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser, or a reason why there is none."""
    program = _program()
    if program is None:
        pytest.skip("no browser: install chromium, or name one in TANHUI_BROWSER")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def paths(city_site: Site) -> list[str]:
    """The pages looked at, with numbers filled in."""
    engine = database.engine(city_site.settings.effective_database_url)
    with engine.connect() as connection:

        def one(table: str, column: str) -> str:
            found = table_of(table)
            return str(
                connection.execute(select(found.c[column]).order_by(found.c.sequence.desc()))
                .scalars()
                .first()
            )

        corrected = connection.execute(select(table_of("correction").c.retirement_id)).scalar_one()
        names = {
            "retirement": corrected,
            "account": one("account", "account"),
            "lock": one("lock", "lock_id"),
        }
    engine.dispose()
    return [each.format(**names) for each in PAGES]


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_axe_finds_nothing(
    browser: Browser, city_site: Site, paths: list[str], lang: str, scheme: Any, width: int
) -> None:
    source = AXE.read_text(encoding="utf-8")
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    tab = context.new_page()
    noise: list[str] = []
    tab.on(
        "console",
        lambda message: noise.append(message.text) if message.type in {"error", "warning"} else None,
    )
    tab.on(
        "request",
        lambda request: noise.append(request.url) if not request.url.startswith(city_site.base) else None,
    )
    found: dict[str, list[str]] = {}
    for path in paths:
        tab.goto(f"{city_site.base}/{lang}/{path}")
        for each in tab.query_selector_all("details"):
            each.evaluate("each => each.open = true")
        tab.evaluate(source)
        result = tab.evaluate(
            "tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']})", RULES
        )
        broken = [
            f"{rule['id']}: {node['target']} {node['failureSummary'][:200]}"
            for rule in result["violations"]
            for node in rule["nodes"][:3]
        ]
        if broken:
            found[path] = broken
        beyond = tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if beyond > 0:
            found.setdefault(path, []).append(f"{beyond} pixels wider than the window")
    context.close()
    assert found == {}
    assert [each for each in noise if "404 (Not Found)" not in each] == []


def test_text_of_twice_the_size_fits(browser: Browser, city_site: Site, paths: list[str]) -> None:
    tab = browser.new_page(viewport={"width": 640, "height": 900})
    for path in paths:
        tab.goto(f"{city_site.base}/zh/{path}")
        tab.evaluate("document.documentElement.style.fontSize = '200%'")
        assert (
            tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
        ), path
    tab.close()


def _focused(tab: Tab) -> dict[str, Any]:
    answer: dict[str, Any] = tab.evaluate(
        """() => { const e = document.activeElement, r = e.getBoundingClientRect(), s = getComputedStyle(e);
        return {tag: e.tagName, text: (e.innerText || e.name || '').trim(), href: e.getAttribute('href') || '',
          outline: s.outlineStyle, width: s.outlineWidth, top: r.top, bottom: r.bottom, height: r.height}; }"""
    )
    return answer


def test_the_keyboard_reaches_everything_and_the_focus_is_seen(browser: Browser, city_site: Site) -> None:
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    tab.goto(f"{city_site.base}/en/projects")
    tab.keyboard.press("Tab")
    assert _focused(tab)["href"] == "#main"
    tab.keyboard.press("Enter")
    tab.keyboard.press("Tab")
    assert _focused(tab)["tag"] == "SELECT"
    tab.goto(f"{city_site.base}/en/projects")
    wanted = tab.evaluate(
        "document.querySelectorAll('a[href], button:not([hidden]), input, select, summary').length"
    )
    seen = 0
    for _ in range(wanted):
        tab.keyboard.press("Tab")
        at = _focused(tab)
        assert at["tag"] != "BODY"
        assert at["outline"] == "solid"
        assert at["width"] == "3px"
        assert at["top"] >= 0
        assert at["bottom"] <= 900
        seen += 1
    assert seen == wanted
    tab.close()


def test_a_search_by_keyboard_goes_to_the_page(browser: Browser, city_site: Site) -> None:
    tab = browser.new_page()
    tab.goto(f"{city_site.base}/zh/")
    tab.get_by_role("searchbox").fill("HRB-BUS-2024")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/zh/projects/1")
    tab.get_by_role("link", name="English").click()
    tab.wait_for_url("**/en/projects/1")
    tab.close()


def test_everything_is_there_without_javascript(browser: Browser, city_site: Site) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{city_site.base}/en/retirements?purpose=6")
    tab.get_by_role("link", name="0x").first.click()
    assert tab.get_by_role("heading", name="Retirement certificate").is_visible()
    assert not tab.get_by_role("button", name="Copy").is_visible()
    context.close()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_certificate_prints_on_one_sheet_and_corrections_on_another(
    browser: Browser, city_site: Site, paths: list[str], lang: str
) -> None:
    engine = database.engine(city_site.settings.effective_database_url)
    with engine.connect() as connection:
        table = table_of("retirement")
        plain = connection.execute(select(table.c.retirement_id).order_by(table.c.sequence)).scalars().first()
    engine.dispose()
    corrected = next(each for each in paths if each.startswith("retirements/"))
    tab = browser.new_page()
    for path, sheets in ((f"retirements/{plain}", 1), (corrected, 2)):
        tab.goto(f"{city_site.base}/{lang}/{path}")
        printed = tab.pdf(prefer_css_page_size=True)
        assert max(map(int, re.findall(rb"/Count (\d+)", printed))) == sheets, path
    tab.emulate_media(media="print")
    assert not tab.locator("header.top").is_visible()
    assert tab.get_by_role("heading", level=1).is_visible()
    tab.close()
