"""Charts: buckets by the span, sums that are the totals, points inside the plot."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.site import chart
from api.site.chart import Moment

ZONE = datetime.timezone(datetime.timedelta(hours=8))
DAY = 86_400


def rows(times: list[int], grams: int = 1_000_000) -> list[dict[str, object]]:
    return [
        {
            "key": datetime.datetime.fromtimestamp(at, tz=datetime.UTC).strftime("%Y-%m-%dT%H:%MZ"),
            "issued_grams": grams * 3,
            "retired_grams": grams,
            "cancelled_grams": grams // 2,
        }
        for at in times
    ]


@pytest.mark.parametrize(
    ("span", "bucket"),
    [
        (0, "second"),
        (300, "second"),
        (301, "minute"),
        (3_600, "minute"),
        (DAY, "hour"),
        (30 * DAY, "day"),
        (900 * DAY, "month"),
    ],
)
def test_the_bucket_suits_the_span(span: int, bucket: str) -> None:
    assert chart.bucket_of(span) == bucket


@given(
    st.lists(st.integers(1_700_000_000, 1_900_000_000), min_size=1, max_size=60),
    st.sampled_from(["minute", "hour", "day", "month"]),
)
def test_the_last_moment_holds_everything_and_no_point_leaves_the_plot(
    times: list[int], bucket: chart.Bucket
) -> None:
    moments = chart.history(rows(sorted(times)), bucket, ZONE)
    last = moments[-1]
    assert (last.issued, last.retired, last.cancelled) == tuple(
        len(times) * each for each in (3_000_000, 1_000_000, 500_000)
    )
    assert last.held == last.issued - last.retired - last.cancelled
    for narrow in (False, True):
        frame = chart.frame(moments, bucket, ZONE, narrow=narrow)
        assert all(frame.left - 1.1 <= tick.at <= frame.right + 0.1 for tick in frame.x_ticks)
        assert all(frame.top - 0.1 <= line.y <= frame.bottom + 0.1 for line in frame.lines)
        assert frame.x_ticks or narrow
        texts = [tick.text for tick in frame.y_ticks]
        assert texts[0] == "0"
        assert len(texts) == len(set(texts))
        assert len(frame.x_ticks) <= 9


def test_minutes_and_hours_are_in_the_scheme_s_time() -> None:
    moments = chart.history(rows([1_795_422_600]), "hour", ZONE)
    assert moments[0].label == "2026-11-23 16:00"


def test_a_single_moment_is_drawn() -> None:
    frame = chart.frame([Moment(1_795_422_600, "x", 5, 2, 1)], "minute", ZONE)
    assert "NaN" not in frame.lines[0].path
    assert frame.y_ticks[-1].at == pytest.approx(frame.top)


@given(st.integers(1, 2**63 - 1), st.integers(1, 10))
def test_steps_are_round_and_reach_the_highest_value(highest: int, steps: int) -> None:
    step = chart.nice_step(highest, steps)
    assert step * steps >= highest
    assert str(step).rstrip("0") in {"1", "2", "5"}


@given(st.lists(st.tuples(st.text(), st.integers(0, 2**62)), max_size=5))
def test_shares_lie_one_after_the_other(parts: list[tuple[str, int]]) -> None:
    found = chart.shares(parts)
    assert all(0 <= each.start <= 100.001 and 0 <= each.width <= 100.001 for each in found)
    if any(grams for _, grams in parts):
        assert sum(each.width for each in found) == pytest.approx(100)
