"""Rows in common words become one Export: here is refused what only several rows together show.

    blocks ─▶ no row and no unit twice ─▶ credits, one per credit id ─▶ retirements ≤ their credit
           ─▶ reports, no day of a project twice ─▶ description.py: Export

Rules on the way, in this order:

* A row equal to an earlier one, or holding a unit that an earlier one holds, is refused; the first is named.
* Rows of one credit add up to its issuance. A retired block was certainly issued: where no issuance row
  names its credit, the retired blocks themselves form the issuance, with the sum of their volumes. Where one
  does, they must not exceed it. A retirement whose credit's issuance row was refused is refused with it, for
  its credit does not exist.
* Identical periods of one project are one report. Of two that share days, the one issued first stands
  (equal: the one that begins first) and every row of the other is refused, as the contract would (one claim
  per day).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, timedelta

from scripts.registry_export.credit import Credit
from scripts.registry_export.description import described
from scripts.registry_export.export import (
    MAX_TOTAL_GRAMS,
    Block,
    Export,
    Problem,
    Refused,
    RetirementText,
    SerialRange,
)
from scripts.registry_export.table import Row, Table

CreditKey = tuple[str, int]
PeriodKey = tuple[str, date, date]


class Assembly:
    """Takes the rows of all files, then gives the Export. `problems` grows with each refusal."""

    def __init__(self, registry: str) -> None:
        self.registry = registry
        self.problems: list[Problem] = []
        self.rows = 0
        self._seen: dict[tuple[str, ...], Row] = {}
        self._ranges: dict[str, list[tuple[int, int, Block]]] = defaultdict(list)
        self._credits: dict[CreditKey, Credit] = {}
        self._refused_credits: dict[CreditKey, tuple[str, int]] = {}
        self._unlisted: list[tuple[Block, RetirementText]] = []
        self._total_grams = 0

    def take(
        self,
        table: Table,
        read: Callable[[Row], Block],
        credit_of: Callable[[Row], CreditKey],
    ) -> None:
        """Every row of the table is in a credit or refused. Lists of issuances must be taken first."""
        self.rows += table.count
        self.problems.extend(table.refused)
        for row in table.rows:
            try:
                self._refuse_copy(table, row)
                self._add(read(row))
            except Refused as refusal:
                self._refuse(row.file, row.line, refusal)
                if table.layout.kind != "retirements":
                    self._remember_refused_credit(row, credit_of)

    def export(self) -> Export:
        """The Export of all rows taken. Call once."""
        for block, text in self._unlisted:
            try:
                self._add_retired(block, text)
            except Refused as refusal:
                self._refuse(block.file, block.line, refusal)
        self._refuse_credits_before_their_period()
        return described(self.registry, self._credits_without_shared_days(), self.problems, self.rows)

    # -- row by row

    def _refuse_copy(self, table: Table, row: Row) -> None:
        content = (table.layout.kind, *(row.cells[column] for column in table.layout.columns))
        first = self._seen.setdefault(content, row)
        if first is not row:
            raise Refused(
                table.layout.columns[0],
                "duplicated_row",
                f"the row repeats {_place(first.file, first.line, row.file)} word for word",
                "Remove one of the two.",
            )

    def _add(self, block: Block) -> None:
        self._check_serials(block)
        if block.lists_issuance:
            self._add_volume(block)
            if block.retirement is not None:
                self._credits[_key(block)].add_retired(block, block.retirement)
        elif block.retirement is not None:
            self._unlisted.append((block, block.retirement))
        if block.serial_range is not None:
            ranges = self._ranges[block.serial_range.numbering]
            entry = (block.serial_range.first, block.serial_range.last, block)
            ranges.insert(bisect_right(ranges, entry[:1], key=lambda known: known[:1]), entry)

    def _check_serials(self, block: Block) -> None:
        span = block.serial_range
        if span is None:
            return
        ranges = self._ranges[span.numbering]
        position = bisect_right(ranges, (span.last,), key=lambda known: known[:1])
        # Accepted ranges never share a unit, so only the last one that begins in time can reach
        # into this one.
        if position and ranges[position - 1][1] >= span.first:
            first = min(self._sharing(ranges, span, position), key=lambda known: known.line)
            raise Refused(
                block.serial_column,
                "serial_overlaps",
                f"units of {block.serial!r} are already in {_place(first.file, first.line, block.file)}",
                "Keep the row that is right and remove the other.",
            )

    @staticmethod
    def _sharing(ranges: Sequence[tuple[int, int, Block]], span: SerialRange, position: int) -> list[Block]:
        shared = []
        while position and ranges[position - 1][1] >= span.first:
            position -= 1
            shared.append(ranges[position][2])
        return shared

    def _add_volume(self, block: Block) -> None:
        if block.retirement is not None and block.issued_on is not None:
            _check_retired_after(block.retirement, block.issued_on)
        if block.issued_on is not None and block.issued_on < block.start:
            raise Refused(
                block.issued_column,
                "issued_before_period",
                f"issued on {block.issued_on}, before the period starts on {block.start}",
                "Correct the issuance date or the period.",
            )
        known = self._credits.get(_key(block))
        if known is not None:
            _check_same_credit(known.first, block)
        if self._total_grams + block.grams > MAX_TOTAL_GRAMS:
            raise Refused(
                block.quantity_column,
                "total_too_large",
                "with this row more than 2^63 - 1 g would be issued in all",
                "Correct the quantities; the ledger cannot hold more.",
            )
        credit = known or Credit(block)
        credit.add_volume(block)
        self._credits[_key(block)] = credit
        self._total_grams += block.grams

    def _add_retired(self, block: Block, text: RetirementText) -> None:
        """A row of a list of retirements: part of a listed credit, or proof of an unlisted one."""
        credit = self._credits.get(_key(block))
        if credit is not None and credit.listed:
            _check_vintage_of_credit(credit.first, block)
            _check_retired_after(text, credit.issued_on)
            if credit.retired_grams + block.grams > credit.grams:
                raise Refused(
                    block.quantity_column,
                    "retired_more_than_issued",
                    f"{credit.retired_grams + block.grams} g would be retired of {credit.grams} g issued "
                    f"({_place(credit.first.file, credit.first.line, block.file)})",
                    "Correct the quantity here or in the list of issuances.",
                )
            credit.add_retired(block, text)
            return
        if _key(block) in self._refused_credits:
            file, line = self._refused_credits[_key(block)]
            raise Refused(
                block.serial_column,
                "issuance_refused",
                f"the issuance of this credit was refused ({_place(file, line, block.file)})",
                "Correct the issuance first.",
            )
        self._add_volume(block)
        self._credits[_key(block)].add_retired(block, text)

    # -- credit by credit

    def _refuse_credits_before_their_period(self) -> None:
        """True afterwards: no credit whose day of issuance is unknown has a retirement before its period."""
        for key, credit in list(self._credits.items()):
            if credit.listed or credit.first.issued_on is not None:
                continue
            for block, text in list(credit.retired):
                if text.retired_on < block.start:
                    credit.remove(block, text)
                    self._refuse(block.file, block.line, _retired_early(block, text))
            if not credit.volume:
                del self._credits[key]

    def _credits_without_shared_days(self) -> list[Credit]:
        """The credits whose periods stand; every row of the others is refused."""
        periods: dict[PeriodKey, list[Credit]] = defaultdict(list)
        for credit in self._credits.values():
            periods[_period(credit.first)].append(credit)
        in_order = sorted(
            periods, key=lambda key: (key[0], min(c.issued_on for c in periods[key]), key[1], key[2])
        )
        standing: dict[str, list[PeriodKey]] = defaultdict(list)
        result: list[Credit] = []
        for key in in_order:
            claimed = [other for other in standing[key[0]] if other[1] < key[2] and key[1] < other[2]]
            if not claimed:
                standing[key[0]].append(key)
                result.extend(periods[key])
                continue
            conflict = min(claimed, key=lambda other: other[1])
            rival = min(
                (block for credit in periods[conflict] for block in credit.volume),
                key=lambda block: block.line,
            )
            for block in (block for credit in periods[key] for block in credit.blocks):
                self._refuse(block.file, block.line, _days_claimed(block, key, conflict, rival))
        return result

    # -- problems

    def _refuse(self, file: str, line: int, refusal: Refused) -> None:
        self.problems.append(
            Problem(line, refusal.column, "refused", refusal.code, refusal.message, refusal.remedy, file)
        )

    def _remember_refused_credit(self, row: Row, credit_of: Callable[[Row], CreditKey]) -> None:
        try:
            self._refused_credits.setdefault(credit_of(row), (row.file, row.line))
        except Refused:
            # The row does not even tell which credit it is: no retirement can be traced to it.
            return


def _key(block: Block) -> CreditKey:
    return block.project.code, block.credit_id


def _period(block: Block) -> PeriodKey:
    return block.project.code, block.start, block.end


def _place(file: str, line: int, here: str) -> str:
    return f"line {line}" if file == here else f"line {line} of {file}"


def _check_retired_after(retirement: RetirementText, issued_on: date) -> None:
    if retirement.retired_on < issued_on:
        raise Refused(
            retirement.date_column,
            "retired_before_issued",
            f"retired on {retirement.retired_on}, before the issuance on {issued_on}",
            "Correct one of the two dates.",
        )


def _check_same_credit(first: Block, block: Block) -> None:
    _check_vintage_of_credit(first, block)
    if (first.start, first.end) != (block.start, block.end):
        raise Refused(
            block.serial_column,
            "credit_contradicted",
            f"{_place(first.file, first.line, block.file)} names another period for the same credit",
            "Correct the period of one of the two rows.",
        )


def _check_vintage_of_credit(first: Block, block: Block) -> None:
    if first.vintage != block.vintage:
        raise Refused(
            block.serial_column,
            "credit_contradicted",
            f"vintage {block.vintage}, but for the same credit "
            f"{_place(first.file, first.line, block.file)} names {first.vintage}",
            "Correct the vintage of one of the two rows.",
        )


def _retired_early(block: Block, text: RetirementText) -> Refused:
    return Refused(
        text.date_column,
        "retired_before_period",
        f"retired on {text.retired_on}, before the vintage starts on {block.start}",
        "Correct the date or the vintage.",
    )


def _days_claimed(block: Block, period: PeriodKey, conflict: PeriodKey, rival: Block) -> Refused:
    first_day = max(period[1], conflict[1])
    last_day = min(period[2], conflict[2]) - timedelta(days=1)
    return Refused(
        block.issued_column,
        "days_already_claimed",
        f"{period[0]}: the days {first_day} to {last_day} are already claimed by the period "
        f"{conflict[1]} to {conflict[2] - timedelta(days=1)} of {_place(rival.file, rival.line, block.file)}",
        "Ask the registry which report holds these days; one day of a project is claimed once.",
    )
