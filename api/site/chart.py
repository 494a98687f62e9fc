"""Where the lines, bars and labels of charts go; templates/_parts/chart.html draws them.

Flow: totals by day or minute → `history` (a bucket by the span, running sums) → `lines` (points, ticks) → SVG without script
and without style, coloured by class names alone. Amounts stay whole grams up to the last step.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from api.site.form import tonnes

Bucket: TypeAlias = Literal["second", "minute", "hour", "day", "month"]
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400
_MOST_POINTS: Final = 400
_MOST_TICKS: Final = 40
_TICK_SIDE: Final = 30
# Width of a digit of the labels in the drawing's own units.
_LETTER: Final = 8.2

# Series in drawing order: the class of the line, and the shape at its end.
SERIES: Final = ("retired", "held", "issued")


@dataclass(frozen=True, slots=True)
class Moment:
    """The ledger at the end of one bucket; `label` is the bucket as ISO text in the chart's time, `at` its Unix seconds."""

    at: int
    label: str
    issued: int
    retired: int
    cancelled: int

    @property
    def held(self) -> int:
        """Grams neither retired nor cancelled."""
        return self.issued - self.retired - self.cancelled


def bucket_of(span_seconds: int) -> Bucket:
    """The bucket that shows a span with some ten to two hundred points."""
    if span_seconds <= 5 * _MINUTE:
        return "second"
    if span_seconds <= 3 * _HOUR:
        return "minute"
    if span_seconds <= 4 * _DAY:
        return "hour"
    return "day" if span_seconds <= 150 * _DAY else "month"


_LENGTHS: Final[dict[Bucket, int]] = {
    "second": 1,
    "minute": _MINUTE,
    "hour": _HOUR,
    "day": _DAY,
    "month": 30 * _DAY,
}
_STEPS: Final[dict[Bucket, tuple[int, ...]]] = {
    "second": (1, 2, 5, 10, 15, 30, 60),
    "minute": (1, 2, 5, 10, 15, 30, 60),
    "hour": (1, 2, 3, 6, 12, 24),
    "day": (1, 2, 5, 7, 14, 30),
    "month": (1, 2, 3, 6, 12, 24, 60, 120),
}
_TICK_LABELS: Final[dict[Bucket, str]] = {
    "second": "%H:%M:%S",
    "minute": "%H:%M",
    "hour": "%m-%d %H:%M",
    "day": "%m-%d",
    "month": "%Y-%m",
}


def unix_of(key: str) -> int:
    """The Unix seconds of a total's key: a day, a minute or a second in UTC."""
    form = {10: "%Y-%m-%d", 17: "%Y-%m-%dT%H:%MZ"}.get(len(key), "%Y-%m-%dT%H:%M:%SZ")
    return int(datetime.datetime.strptime(key, form).replace(tzinfo=datetime.UTC).timestamp())


def _start(at: datetime.datetime, bucket: Bucket) -> datetime.datetime:
    match bucket:
        case "second":
            return at
        case "minute":
            return at.replace(second=0)
        case "hour":
            return at.replace(minute=0, second=0)
        case "day":
            return at.replace(hour=0, minute=0, second=0)
        case "month":
            return at.replace(day=1, hour=0, minute=0, second=0)


_LABELS: Final[dict[Bucket, str]] = {
    "second": "%Y-%m-%d %H:%M:%S",
    "minute": "%Y-%m-%d %H:%M",
    "hour": "%Y-%m-%d %H:00",
    "day": "%Y-%m-%d",
    "month": "%Y-%m",
}


def history(rows: Iterable[Mapping[str, Any]], bucket: Bucket, zone: datetime.timezone) -> list[Moment]:
    """Running sums at the end of every bucket in which something happened.

    Days and months are those of UTC, as the totals are kept; seconds, minutes and hours are in `zone`.
    """
    used = datetime.UTC if bucket in {"day", "month"} else zone
    moments: list[Moment] = []
    issued = retired = cancelled = 0
    for row in rows:
        at = _start(datetime.datetime.fromtimestamp(unix_of(row["key"]), tz=used), bucket)
        issued += row["issued_grams"]
        retired += row["retired_grams"]
        cancelled += row["cancelled_grams"]
        moment = Moment(int(at.timestamp()), at.strftime(_LABELS[bucket]), issued, retired, cancelled)
        if moments and moments[-1].at == moment.at:
            moments[-1] = moment
        else:
            moments.append(moment)
    return moments


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: its place, its text, and the side of the plot it is near (first, last or none)."""

    at: float
    text: str
    side: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One series: its name, the path of its steps, the path of the area under it, and its end."""

    name: str
    path: str
    area: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Frame:
    """A drawing of a given size: plot edges, ticks and lines."""

    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    lines: list[Line]


def nice_step(highest: int, steps: int) -> int:
    """The smallest of 1, 2, 5 times a power of ten grams of which `steps` reach the highest value."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if factor * power * steps >= highest:
                return factor * power
        power *= 10


def frame(
    moments: Sequence[Moment], bucket: Bucket, zone: datetime.timezone, *, narrow: bool = False
) -> Frame:
    """The history drawn as steps: wide for screens and paper, narrow for telephones."""
    width, height = (340, 240) if narrow else (900, 320)
    highest = max(1, *(moment.issued for moment in moments))
    step = nice_step(highest, 4 if narrow else 5)
    ceiling = -(-highest // step) * step
    marks = [(value, tonnes(value)) for value in range(0, ceiling + 1, step)]
    left, right = _LETTER * max(len(text) for _, text in marks) + 12, width - 12.0
    top, bottom = 28.0, height - 32.0
    end = moments[-1].at
    # Nothing was issued before the first moment, and the last has a width too: both steps can be seen.
    margin = max(_LENGTHS[bucket], (end - moments[0].at) // 30)
    first, last = moments[0].at - margin, end + margin

    def x(at: int) -> float:
        return left + (right - left) * (at - first) / (last - first)

    def y(grams: int) -> float:
        return bottom - (bottom - top) * grams / ceiling

    shown = moments[:: -(-len(moments) // _MOST_POINTS)]
    if shown[-1] is not moments[-1]:
        shown = [*shown, moments[-1]]
    lines = []
    for name in SERIES:
        points = [(x(each.at), y(getattr(each, name))) for each in shown]
        path = f"M{left:.1f} {bottom:.1f}"
        for place, height_at in points:
            path += f"H{place:.1f}V{height_at:.1f}"
        path += f"H{right:.1f}"
        lines.append(Line(name, path, f"{path}V{bottom:.1f}H{left:.1f}Z", right, points[-1][1]))
    return Frame(
        width,
        height,
        left,
        right,
        top,
        bottom,
        x_ticks=_time_ticks(first, last, bucket, zone, (left, right), 3 if narrow else 8),
        y_ticks=[Tick(y(value), text) for value, text in marks],
        lines=lines,
    )


def _time_ticks(
    first: int, last: int, bucket: Bucket, zone: datetime.timezone, edges: tuple[float, float], most: int
) -> list[Tick]:
    """Marks at round times, at most `most`, within the plot's left and right edge."""
    left, right = edges
    used = datetime.UTC if bucket in {"day", "month"} else zone
    wanted = (last - first) / (_LENGTHS[bucket] * most)
    steps = next((each for each in _STEPS[bucket] if each >= wanted), math.ceil(wanted))
    at = _round(_start(datetime.datetime.fromtimestamp(first, tz=used), bucket), bucket, steps)
    ticks: list[Tick] = []
    while at.timestamp() <= last and len(ticks) < _MOST_TICKS:
        place = left + (right - left) * (at.timestamp() - first) / (last - first)
        if place >= left - 1:
            side = "first" if place - left < _TICK_SIDE else "last" if right - place < _TICK_SIDE else ""
            ticks.append(Tick(place, at.strftime(_TICK_LABELS[bucket]), side))
        at = _later(at, bucket, steps)
    return ticks


def _round(at: datetime.datetime, bucket: Bucket, steps: int) -> datetime.datetime:
    """The round time at or before a bucket's start."""
    match bucket:
        case "second":
            return at.replace(second=at.second - at.second % min(steps, 60))
        case "minute":
            return at.replace(minute=at.minute - at.minute % steps)
        case "hour":
            return at.replace(hour=at.hour - at.hour % steps)
        case "month":
            return at.replace(month=at.month - (at.month - 1) % min(steps, 12))
        case "day":
            return at


def _later(at: datetime.datetime, bucket: Bucket, steps: int) -> datetime.datetime:
    if bucket == "month":
        months = at.year * 12 + at.month - 1 + steps
        return at.replace(year=months // 12, month=months % 12 + 1)
    return at + datetime.timedelta(seconds=_LENGTHS[bucket] * steps)


@dataclass(frozen=True, slots=True)
class Share:
    """One part of a bar: its name, grams, and place from 0 to 100."""

    name: str
    grams: int
    start: float
    width: float


def shares(parts: Sequence[tuple[str, int]], whole: int | None = None) -> list[Share]:
    """The parts of a bar one after the other, as percentages of `whole` (their sum by default)."""
    total = max(whole if whole is not None else sum(grams for _, grams in parts), 1)
    found: list[Share] = []
    start = 0
    for name, grams in parts:
        found.append(Share(name, grams, 100 * start / total, 100 * grams / total))
        start += grams
    return found
