"""Credits to the Export: projects, reports, issuances, retirements and notes, each in a fixed order."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from scripts.registry_export.credit import Credit
from scripts.registry_export.export import (
    NOT_STATED,
    Block,
    Export,
    Issuance,
    Methodology,
    Problem,
    Project,
    ProjectText,
    Report,
    Retirement,
    RetirementText,
)

PeriodKey = tuple[str, date, date]


def described(registry: str, all_credits: Sequence[Credit], problems: Iterable[Problem], rows: int) -> Export:
    """What these all_credits and their rows say, in an order that does not depend on the rows' order."""
    by_project: dict[str, list[Credit]] = defaultdict(list)
    for credit in all_credits:
        by_project[credit.first.project.code].append(credit)
    texts = {code: _project_text(by_project[code]) for code in sorted(by_project, key=_natural)}
    notes = [note for credit in all_credits for block in credit.blocks for note in block.notes]
    claims = _claims(all_credits)
    for credit in all_credits:
        notes.extend(_credit_notes(credit, claims))
    notes.extend(_differing_texts(all_credits, texts))
    return Export(
        registry=registry,
        methodologies=_methodologies(texts),
        projects=tuple(
            _project(text, all_credits)
            for text in sorted(texts.values(), key=lambda text: _natural(text.code))
        ),
        reports=_reports(claims),
        issuances=tuple(sorted((_issuance(credit) for credit in all_credits), key=_issuance_order)),
        retirements=tuple(
            sorted(
                (
                    _retirement(credit, block, text)
                    for credit in all_credits
                    for block, text in credit.retired
                ),
                key=lambda r: (r.retired_on, _natural(r.project_code), r.credit_id, r.retirement_key),
            )
        ),
        problems=tuple(
            sorted([*problems, *notes], key=lambda p: (p.file, p.line, p.kind, p.code, p.column, p.message))
        ),
        rows=rows,
    )


def _natural(code: str) -> tuple[int, str]:
    """A key that puts "VCS-9" before "VCS-10"."""
    return len(code), code


def _issuance_order(issuance: Issuance) -> tuple[date, tuple[int, str], int]:
    return issuance.issued_on, _natural(issuance.project_code), issuance.credit_id


def _project_text(all_credits: Sequence[Credit]) -> ProjectText:
    """The text of the latest issuance that says most, for registries correct names and versions over time."""
    dated: list[tuple[date, ProjectText]] = []
    for credit in all_credits:
        issued_on = credit.issued_on
        dated.extend((issued_on, block.project) for block in credit.blocks)
    return max(dated, key=_text_order)[1]


def _text_order(dated: tuple[date, ProjectText]) -> tuple[int, date, tuple[str, ...]]:
    when, text = dated
    words = (text.name, text.methodology_code, text.methodology_version, text.place, text.sector)
    # A stated crediting start, name or method says more than a missing one, whatever the day.
    stated = sum(word not in (NOT_STATED, text.code) for word in words) + (text.crediting_start is not None)
    return stated, when, (*words, str(text.crediting_start))


def _methodologies(texts: dict[str, ProjectText]) -> tuple[Methodology, ...]:
    """One per (code, version); its sector is that of most of its projects."""
    sectors: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for text in texts.values():
        sectors[text.methodology_code, text.methodology_version][text.sector] += 1
    return tuple(
        Methodology(code, version, min(counts, key=lambda sector: (-counts[sector], sector)))
        for (code, version), counts in sorted(sectors.items())
    )


def _project(text: ProjectText, all_credits: Sequence[Credit]) -> Project:
    first = min(credit.first.start for credit in all_credits)
    last = max(credit.first.end for credit in all_credits) - timedelta(days=1)
    # A start after the first period belongs to a renewed crediting period: then whole years are the
    # honest cover.
    stated = text.crediting_start
    start = stated if stated is not None and stated <= first else date(first.year, 1, 1)
    return Project(
        code=text.code,
        name=text.name,
        methodology_code=text.methodology_code,
        methodology_version=text.methodology_version,
        place=text.place,
        sector=text.sector,
        crediting_start=start,
        crediting_end=date(last.year + 1, 1, 1),
    )


def _claims(all_credits: Sequence[Credit]) -> dict[PeriodKey, tuple[int, int]]:
    """For each period what the registry says was verified (0: it does not say) and what these rows issue."""
    claims: dict[PeriodKey, tuple[int, int]] = {}
    for credit in all_credits:
        key = (credit.first.project.code, credit.first.start, credit.first.end)
        stated, issued = claims.get(key, (0, 0))
        claims[key] = (max(stated, *(block.claimed_grams for block in credit.volume)), issued + credit.grams)
    return claims


def _reports(claims: dict[PeriodKey, tuple[int, int]]) -> tuple[Report, ...]:
    ordered = sorted(claims, key=lambda key: (_natural(key[0]), key[1], key[2]))
    return tuple(Report(*key, claimed_grams=max(claims[key])) for key in ordered)


def _issuance(credit: Credit) -> Issuance:
    volume = sorted(credit.volume, key=lambda block: (block.file, block.line))
    return Issuance(
        project_code=credit.first.project.code,
        start=credit.first.start,
        end=credit.first.end,
        issued_on=credit.issued_on,
        vintage=credit.first.vintage,
        grams=credit.grams,
        serials=tuple(sorted({block.serial for block in volume if block.serial})),
        credit_id=credit.first.credit_id,
        lines=tuple(block.line for block in volume),
        files=tuple(block.file for block in volume),
        from_retirements=not credit.listed,
    )


def _retirement(credit: Credit, block: Block, text: RetirementText) -> Retirement:
    return Retirement(
        project_code=block.project.code,
        credit_id=credit.first.credit_id,
        retirement_key=text.key,
        serial=block.serial,
        grams=block.grams,
        retired_on=text.retired_on,
        beneficiary=text.beneficiary,
        beneficiary_is_person=text.is_person,
        purpose=text.purpose,
        note=text.note,
        source_reason=text.source_reason,
        line=block.line,
        file=block.file,
    )


def _credit_notes(credit: Credit, claims: dict[PeriodKey, tuple[int, int]]) -> list[Problem]:
    """What the rows leave open: a credit's issuance row, its day, a total that covers its issues."""
    first = min(credit.volume, key=lambda block: (block.file, block.line))
    notes = []
    if not credit.listed:
        day = (
            ""
            if first.issued_on is not None
            else "; its day is unknown, the first retirement's stands for it"
        )
        notes.append(
            _note(
                first,
                first.serial_column,
                "issuance_from_retirements",
                f"no issuance row names it: {len(credit.volume)} retired block(s) form the issuance{day}",
                "Import the list of issuances together with the retirements.",
            )
        )
    stated, issued = claims[first.project.code, first.start, first.end]
    if 0 < stated < issued:
        notes.append(
            _note(
                first,
                first.quantity_column,
                "total_below_issues",
                f"the period's stated total is {stated} g; its rows issue {issued} g, which is claimed",
                "Ask the registry for the period's total.",
            )
        )
    return notes


def _note(block: Block, column: str, code: str, message: str, remedy: str) -> Problem:
    return Problem(block.line, column, "note", code, message, remedy, block.file)


def _differing_texts(all_credits: Sequence[Credit], texts: dict[str, ProjectText]) -> list[Problem]:
    """One note per project whose rows do not agree on its name, method, place or sector."""
    notes: dict[str, Problem] = {}
    blocks = sorted(
        (b for credit in all_credits for b in credit.blocks), key=lambda block: (block.file, block.line)
    )
    for block in blocks:
        used = texts[block.project.code]
        for name in ("name", "methodology_code", "methodology_version", "place", "sector"):
            here = getattr(block.project, name)
            unstated = here in (NOT_STATED, block.project.code)
            if here != getattr(used, name) and not unstated and block.project.code not in notes:
                notes[block.project.code] = _note(
                    block,
                    "",
                    "project_texts_differ",
                    f"{block.project.code}: {name} is {here!r} here and {getattr(used, name)!r} in its "
                    "latest row, which is used",
                    "Nothing, if the registry changed it; else correct the row.",
                )
    return list(notes.values())
