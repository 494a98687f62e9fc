"""The two languages say the same: nothing untranslated, nothing left over, every event and problem has its words."""

from __future__ import annotations

import re

import pytest

from api.site import word
from api.site.form import Form, clipped, serial_name, tonnes, visible
from api.site.language import has_chinese, tag_of
from node_client import issuance, member, methodology, project, report
from node_client.mirror.registry import NOUNS
from tests.site.words import ids, translations


def test_every_message_is_translated_and_none_is_left_over() -> None:
    known = translations()
    assert sorted(each for each in ids() if not known.get(each)) == []
    assert sorted(set(known) - ids()) == []


def test_translations_keep_the_places_of_values() -> None:
    place = re.compile(r"%\(\w+\)s|\{\w+\}")
    for message, chinese in translations().items():
        assert sorted(place.findall(message)) == sorted(place.findall(chinese)), message
        assert "%" not in re.sub(r"%\(\w+\)s", "", chinese), message


def test_translations_are_chinese() -> None:
    same = {"t CO2e", "API", "{reason}", "{error}"}
    assert [
        each
        for each, chinese in translations().items()
        if not has_chinese(chinese) and each not in same | {".", "The API"}
    ] == []


def test_every_event_has_words_and_a_kind_of_subject() -> None:
    events = {each.__name__ for noun in NOUNS if noun.__name__ != "node_client.role" for each in noun.EVENTS}
    assert set(word.EVENTS) == events


@pytest.mark.parametrize(
    "states", [project.STATES, report.STATES, issuance.STATES, methodology.STATES, member.STANDINGS]
)
def test_every_state_has_a_word_and_a_sign(states: tuple[str, ...]) -> None:
    assert set(states) <= set(word.STATES)
    assert set(states[1:]) <= set(word.TONES)


def test_every_kind_of_member_has_a_word() -> None:
    assert set(member.KINDS[1:]) == set(word.KINDS)


@pytest.mark.parametrize(
    ("grams", "text"),
    [
        (0, "0"),
        (1, "0.000001"),
        (9_600_000, "9.6"),
        (1_234_567_890_000, "1,234,567.89"),
        (2**63 - 1, "9,223,372,036,854.775807"),
    ],
)
def test_amounts_are_exact(grams: int, text: str) -> None:
    assert tonnes(grams) == text
    assert str(Form("en").amount(grams)).count("CO<sub>2</sub>e") == 1


def test_times_are_those_of_the_scheme() -> None:
    assert ">2026年11月23日 16:30<" in Form("zh").when(1_795_422_600)
    assert ">23 November 2026, 16:30<" in Form("en").when(1_795_422_600)
    assert ">2026-11-23 16:30<" in Form("en").stamp(1_795_422_600)
    assert str(2**63 - 1) in Form("en").when(2**63 - 1)
    assert "4294967295" in Form("en").day(2**32 - 1)


def test_what_cannot_be_seen_is_written_as_its_code() -> None:
    assert visible("a\u202eb\x00\u200b❄️👩\u200d🔬碳") == "a\\u202eb\\u0000\\u200b❄️👩\u200d🔬碳"
    assert str(Form("en").said("<b>")) == "<bdi>&lt;b&gt;</bdi>"


def test_the_other_language_is_marked() -> None:
    assert tag_of("碳", "en") == "zh-Hans"
    assert tag_of("Bank", "zh") == "en"
    assert tag_of("碳", "zh") == tag_of("Bank", "en") == tag_of("123", "zh") == ""


def test_serial_names_are_of_one_form() -> None:
    assert serial_name("HRBCER", 3, 2026, 1) == "HRBCER-000003-2026-1"
    assert clipped("abcdef", 4) == "abc…"
