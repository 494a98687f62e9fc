"""The dashboard: the ledger's totals, their history, and what is new; and the totals as CSV.

Flow: /{lang}/ → node_client.total (counters, never a scan), act, retirement → api.site.chart → template; /{lang}/totals.csv
→ the same history as text.
"""

from __future__ import annotations

import datetime
from typing import Any, Final, cast

from fastapi import APIRouter, Response
from sqlalchemy import func, select, true

from api.site import chart, lookup
from api.site.act import subjects
from api.site.chart import Bucket, Moment
from api.site.page import HEADERS, Here, Page, PageRoute
from node_client import act, retirement, total
from node_client.database import table_of
from node_client.units import time_of, tonnes_text

router = APIRouter(route_class=PageRoute)
_BUCKETS: Final[tuple[Bucket, ...]] = ("second", "minute", "hour", "day", "month")
_NEWEST: Final = 8
_PURPOSES: Final = 6
_MOST_ROWS: Final = 100_000
_MOST_SECONDS: Final = 5_000


@router.get("/")
def home(page: Page = Here) -> Response:
    """The dashboard."""
    connection = page.connection
    bucket, moments = history(page, None)
    retirements = retirement.page(connection, limit=_NEWEST)
    acts = act.page(connection, limit=_NEWEST)
    vintages = total.of_dimension(connection, "vintage")
    zone = page.form.zone
    return page.show(
        "home.html",
        sums=total.whole(connection),
        bucket=bucket,
        moments=moments,
        full=chart.frame(moments, bucket, zone) if moments else None,
        narrow=chart.frame(moments, bucket, zone, narrow=True) if moments else None,
        vintages=vintages,
        most=max((row["issued_grams"] for row in vintages), default=1),
        purposes=_purposes(page),
        retirements=retirements,
        owners=lookup.owners(connection, [row["holder"] for row in retirements]),
        purpose_names=lookup.purposes(connection, page.lang),
        acts=acts,
        subjects=subjects(page, acts),
        counts={
            name: lookup.highest(connection, name, f"{name}_id")
            for name in ("project", "methodology", "member")
        },
    )


def history(page: Page, wanted: Bucket | None) -> tuple[Bucket, list[Moment]]:
    """The ledger over time in the bucket wanted, or in the one that suits its span."""
    connection = page.connection
    days = table_of("total")
    first, last = connection.execute(
        select(func.min(days.c.key), func.max(days.c.key)).where(days.c.dimension == "day")
    ).one()
    if first is None:
        return wanted or "day", []
    bucket = wanted or chart.bucket_of(chart.unix_of(last) - chart.unix_of(first) + 86_400)
    if bucket in {"day", "month"}:
        return bucket, chart.history(_rows(page, "day"), bucket, page.form.zone)
    rows = list(_rows(page, "minute"))
    if wanted is None:
        bucket = chart.bucket_of(chart.unix_of(rows[-1]["key"]) - chart.unix_of(rows[0]["key"]))
    if bucket == "second":
        # Totals are kept by the minute; the seconds of a longer history would be a scan, and no picture.
        few = (
            sum(row["issuances"] + row["retirements"] + row["cancellations"] for row in rows) <= _MOST_SECONDS
        )
        bucket, rows = ("second", _seconds(page)) if few else ("minute", rows)
    return bucket, chart.history(rows, bucket, page.form.zone)


def _seconds(page: Page) -> list[dict[str, Any]]:
    """The totals of each second in which something was issued, retired or cancelled."""
    credit, retired, cancelled = (table_of(name) for name in ("credit", "retirement", "cancellation"))
    sums: dict[int, dict[str, Any]] = {}
    for name, at, grams, table, chosen in (
        ("issued_grams", credit.c.issued_at, credit.c.issued_grams, credit, true()),
        ("retired_grams", retired.c.timestamp, retired.c.grams, retired, true()),
        (
            "cancelled_grams",
            cancelled.c.decided_at,
            cancelled.c.grams,
            cancelled,
            cancelled.c.state == "confirmed",
        ),
    ):
        query = select(at, func.sum(grams)).select_from(table).where(chosen).group_by(at)
        for second, total_grams in page.connection.execute(query):
            empty = dict.fromkeys(("issued_grams", "retired_grams", "cancelled_grams"), 0)
            sums.setdefault(second, empty)[name] = int(total_grams)
    return [
        {"key": time_of(second).strftime("%Y-%m-%dT%H:%M:%SZ"), **sums[second]} for second in sorted(sums)
    ]


def _rows(page: Page, dimension: str) -> Any:
    return total.of_dimension(page.connection, dimension, limit=_MOST_ROWS)


def _purposes(page: Page) -> list[dict[str, Any]]:
    """The purposes for which most was retired, with their share of everything retired."""
    table = table_of("total")
    chosen = (
        select(table)
        .where(table.c.dimension == "purpose")
        .order_by(table.c.retired_grams.desc(), table.c.key)
        .limit(_PURPOSES)
    )
    names = lookup.purposes(page.connection, page.lang)
    return [
        {"number": row["key"], "name": names.get(int(row["key"]), row["key"]), "row": row}
        for row in page.connection.execute(chosen).mappings()
    ]


@router.get("/totals.csv")
def totals_csv(page: Page = Here) -> Response:
    """The history as CSV: grams and tonnes, exact; a byte order mark so that office programs read it as UTF-8."""
    wanted = page.choice("bucket", _BUCKETS)
    bucket, moments = history(page, cast("Bucket | None", wanted))
    zone = "UTC" if bucket in {"day", "month"} else page.form.zone_name
    names = ("issued", "held", "retired", "cancelled")
    lines = [
        ",".join([f"{bucket} ({zone})", *(f"{name}_t" for name in names), *(f"{name}_g" for name in names)])
    ]
    for moment in moments:
        grams = [getattr(moment, name) for name in names]
        lines.append(",".join([moment.label, *map(tonnes_text, grams), *map(str, grams)]))
    stamp = datetime.datetime.now(tz=datetime.UTC).strftime("%Y%m%d")
    return Response(
        "\ufeff" + "\r\n".join(lines) + "\r\n",
        media_type="text/csv; charset=utf-8",
        headers={**HEADERS, "Content-Disposition": f'attachment; filename="tanhui-totals-{stamp}.csv"'},
    )
