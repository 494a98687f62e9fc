"""Life lines: what happened to a thing, oldest first.

Flow: rows of acts, reports, issuances, retirements → one `Moment` each → templates/_parts/ui.html `life`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy.engine import RowMapping

from api.site import word
from api.site.page import Page


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened: Unix seconds, the act's number, a title, more text, a tone and a path."""

    at: int
    sequence: int
    title: str
    text: Any = ""
    tone: str = "good"
    path: str = ""


def fields_of(act: RowMapping) -> dict[str, Any]:
    """The event's fields that the journal keeps; empty when other tables hold them all."""
    return dict(msgspec.json.decode(act["args"])) if act["args"] else {}


def ordered(moments: Iterable[Moment]) -> list[Moment]:
    """The moments by time."""
    return sorted(moments, key=lambda each: (each.at, each.sequence))


def states(page: Page, acts: Sequence[RowMapping], names: Sequence[str]) -> list[Moment]:
    """The changes of state that the journal tells of; `names` are the states by number."""
    found = []
    for row in acts:
        fields = fields_of(row)
        if "state" not in fields and not row["event"].endswith("Submitted"):
            continue
        state = names[fields["state"]] if "state" in fields else "submitted"
        reason = fields.get("reason", "")
        found.append(
            Moment(
                row["timestamp"],
                row["sequence"],
                page.word(word.STATES[state]),
                page.form.said(reason) if reason else "",
                word.TONES[state],
                page.form.href("acts", row["sequence"]),
            )
        )
    return found


def reports(page: Page, rows: Sequence[RowMapping]) -> list[Moment]:
    """Submissions and verdicts of monitoring reports."""
    found = []
    for row in rows:
        path = page.form.href("reports", row["report_id"])
        amount = page.form.amount(row["claimed_grams"])
        found.append(_moment(page, row, "ReportSubmitted", row["report_id"], amount, "open", path))
        if row["verified_at"]:
            verdict: Any = page.form.amount(row["verified_grams"])
            if row["state"] != "verified":
                verdict = page.word(word.STATES[row["state"]])
            tone = word.TONES[row["state"]]
            moment = _moment(page, row, "ReportVerified", row["report_id"], verdict, tone, path)
            found.append(_later(moment, row["verified_at"]))
    return found


def issuances(page: Page, rows: Sequence[RowMapping]) -> list[Moment]:
    """Proposals and decisions of issuances."""
    found = []
    for row in rows:
        path = page.form.href("issuances", row["issuance_id"])
        amount = page.form.amount(row["grams"])
        found.append(_moment(page, row, "IssuanceProposed", row["issuance_id"], amount, "open", path))
        if row["decided_at"]:
            event = "IssuanceConfirmed" if row["state"] == "confirmed" else "IssuanceReturned"
            moment = _moment(page, row, event, row["issuance_id"], amount, word.TONES[row["state"]], path)
            found.append(_later(moment, row["decided_at"]))
    return found


def retirements(page: Page, rows: Sequence[RowMapping]) -> list[Moment]:
    """Retirements."""
    return [
        Moment(
            row["timestamp"],
            row["sequence"],
            page.word(word.EVENTS["CreditsRetired"]),
            page.form.amount(row["grams"]),
            "good",
            page.form.href("retirements", row["retirement_id"]),
        )
        for row in rows
    ]


def _moment(page: Page, row: RowMapping, event: str, number: int, text: Any, tone: str, path: str) -> Moment:
    title = f"{page.word(word.EVENTS[event])} · {number}"
    return Moment(row["timestamp"], row["sequence"], title, text, tone, path)


def _later(moment: Moment, at: int) -> Moment:
    # A decision in the proposal's own second comes after it all the same.
    return Moment(at, moment.sequence + 1, moment.title, moment.text, moment.tone, moment.path)
