"""Where the lines, bars and labels of charts go; templates/_parts/chart.html draws them.

Flow: totals by day or minute → `history` (a bucket by the span, running sums) → `lines` (points, ticks) → SVG without script
and without style, coloured by class names alone. Amounts stay whole grams up to the last step.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from api.site.form import tonnes

Bucket: TypeAlias = Literal["minute", "hour", "day", "month"]
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400
_MOST_POINTS: Final = 400
_TICK_ROOM: Final = 70

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
    if span_seconds <= 3 * _HOUR:
        return "minute"
    if span_seconds <= 4 * _DAY:
        return "hour"
    return "day" if span_seconds <= 150 * _DAY else "month"


_LENGTHS: Final[dict[Bucket, int]] = {"minute": _MINUTE, "hour": _HOUR, "day": _DAY, "month": 30 * _DAY}


def unix_of(key: str) -> int:
    """The Unix seconds of a total's key: a day or a minute in UTC."""
    form = "%Y-%m-%d" if len(key) == 10 else "%Y-%m-%dT%H:%MZ"
    return int(datetime.datetime.strptime(key, form).replace(tzinfo=datetime.UTC).timestamp())


def _start(at: datetime.datetime, bucket: Bucket) -> datetime.datetime:
    match bucket:
        case "minute":
            return at.replace(second=0)
        case "hour":
            return at.replace(minute=0, second=0)
        case "day":
            return at.replace(hour=0, minute=0, second=0)
        case "month":
            return at.replace(day=1, hour=0, minute=0, second=0)


_LABELS: Final[dict[Bucket, str]] = {
    "minute": "%Y-%m-%d %H:%M",
    "hour": "%Y-%m-%d %H:00",
    "day": "%Y-%m-%d",
    "month": "%Y-%m",
}


def history(rows: Iterable[Mapping[str, Any]], bucket: Bucket, zone: datetime.timezone) -> list[Moment]:
    """Running sums at the end of every bucket in which something happened.

    Days and months are those of UTC, as the totals are kept; minutes and hours are in `zone`.
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
    """A mark on an axis: its place and its text."""

    at: float
    text: str


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


def frame(moments: Sequence[Moment], bucket: Bucket, zone: datetime.timezone, *, narrow: bool = False) -> Frame:
    """The history drawn as steps: wide for screens and paper, narrow for telephones."""
    width, height = (340, 240) if narrow else (720, 300)
    left, right, top, bottom = (58.0, width - 12.0, 26.0, height - 30.0) if narrow else (84.0, width - 20.0, 28.0, height - 34.0)
    first, end = moments[0].at, moments[-1].at
    # The last moment has a width too, so that its step can be seen.
    last = end + max(_LENGTHS[bucket], (end - first) // 30)
    highest = max(max(moment.issued for moment in moments), 1)
    step = nice_step(highest, 4 if narrow else 5)
    ceiling = -(-highest // step) * step

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
        path = f"M{left:.1f} {points[0][1]:.1f}"
        for place, height_at in points:
            path += f"H{place:.1f}V{height_at:.1f}"
        path += f"H{right:.1f}"
        lines.append(Line(name, path, f"{path}V{bottom:.1f}H{left:.1f}Z", right, points[-1][1]))
    return Frame(
        width, height, left, right, top, bottom,
        x_ticks=_time_ticks(first, end, bucket, zone, x, 3 if narrow else 6),
        y_ticks=[Tick(y(value), tonnes(value)) for value in range(0, ceiling + 1, step)],
        lines=lines,
    )


def _time_ticks(
    first: int, last: int, bucket: Bucket, zone: datetime.timezone, x: Any, most: int
) -> list[Tick]:
    used = datetime.UTC if bucket in {"day", "month"} else zone
    form = {"minute": "%H:%M", "hour": "%m-%d %H:%M", "day": "%m-%d", "month": "%Y-%m"}[bucket]
    ticks: list[Tick] = []
    for place in range(most):
        at = first + (last - first) * place // max(most - 1, 1)
        start = _start(datetime.datetime.fromtimestamp(at, tz=used), bucket)
        text = start.strftime(form)
        shown = max(int(start.timestamp()), first)
        if not ticks or (ticks[-1].text != text and x(shown) - ticks[-1].at > _TICK_ROOM):
            ticks.append(Tick(x(shown), text))
    return ticks


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
