"""Registries' exports: what comes out of the real files, why a row is refused, and that no row is ever lost.

The oracle counts with `csv` alone. The real files are those of examples/registries.
"""

import csv
import io
import random
import re
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.registry_export import (
    FORMATS,
    GRAMS_PER_TONNE,
    PURPOSES,
    BrokenExport,
    Export,
    detect,
    looks_like_person,
    parse,
)

FOLDER = Path(__file__).parents[1] / "examples" / "registries"
VERRA = FOLDER / "verra_vcus.csv"
CDC_ISSUANCES, CDC_RETIREMENTS = FOLDER / "cercarbono_issuances.csv", FOLDER / "cercarbono_retirements.csv"
ACR_ISSUANCES, ACR_RETIREMENTS = FOLDER / "acr_issuances.csv", FOLDER / "acr_retirements.csv"
REAL_SETS = [
    ("verra", (VERRA,)),
    ("cercarbono", (CDC_ISSUANCES,)),
    ("cercarbono", (CDC_RETIREMENTS,)),
    ("cercarbono", (CDC_RETIREMENTS, CDC_ISSUANCES)),
    ("acr", (ACR_ISSUANCES,)),
    ("acr", (ACR_RETIREMENTS,)),
    ("acr", (ACR_ISSUANCES, ACR_RETIREMENTS)),
]
PERSONS = {"G Silva", "Tom Self", "Nick Galvez", "Jack Oswald"}

Rows = list[dict[str, str]]

VERRA_ROW = {
    "Issuance Date": "2026-04-02",
    "Vintage Start": "2022-01-01",
    "Vintage End": "2022-10-31",
    "ID": "3005",
    "Name": "Tongxu Biogas",
    "Country/Area": "China",
    "Project Type": "Waste handling and disposal",
    "Methodology": "ACM0010",
    "Total Vintage Quantity": "100,897",
    "Quantity Issued": "1,000",
    "Serial Number": "19380-1001-2000-VCS-VCU-1310-VER-CN-13-3005-01012022-31102022-0",
    "Retirement/Cancellation Date": "",
    "Retirement Beneficiary": "",
    "Retirement Reason": "",
    "Retirement Details": "",
}
CDC_ISSUANCE = {
    "verification": "1",
    "serial": "CDC_1_1_1_321_14_1_2009",
    "issued_quantity": "4971",
    "issuance_date": "2020-01-23T21:06:15.000Z",
    "year": "2009",
    "is_buffer": "False",
    "vintage_of_credits": "2009-01-01 / 2009-12-31",
}
CDC_RETIREMENT = {
    "project_name": "Carbono Agroporvanda",
    "project_id": "1",
    "serial": "CDC_1_1_1_321_14_1_2009",
    "vintage": "2009",
    "certificate_destination": "Voluntary compensation",
    "end_user": "Reciclene S.A.S",
    "passive_subject": "",
    "date": "2022-02-24 20:20:59",
    "quantity": "546",
    "from": "4426",
    "to": "4971",
}
ACR_PROJECT = {
    "Project ID": "ACR1129",
    "Project Name": "Tradewater - Middle East 1",
    "Project Type": "Ozone Depleting Substances",
    "Project Methodology/Protocol": "Destruction of ODS from International Sources",
    "Methodology/Protocol Version": "Version 1.0",
    "Project Site Location": "Saint-Vulbas",
    "Project Site State": "",
    "Project Site Country": "FR",
    "Verified Removal": "",
}
ACR_ISSUANCE = ACR_PROJECT | {
    "Date Issued (GMT)": "6/30/2025 7:43:26 PM",
    "Vintage": "2025",
    "ReportingPeriodBegin": "2/7/2025",
    "ReportingPeriodEnd": "3/19/2025",
    "Total Credits Issued": "1000",
    "Credits Issued to Project": "900",
    "Credits Issued to Buffer Pool": "100",
    "Project Crediting Period Start Date": "2/7/2025",
}
ACR_RETIREMENT = ACR_PROJECT | {
    "Credit Serial Numbers": "ACR-FR-1129-2025-2917-1 to 600",
    "Date Issued (GMT)": "6/30/2025 7:43:26 PM",
    "Vintage": "2025",
    "Vintage Assignment Period Start Date": "2/7/2025",
    "Vintage Assignment Period End Date": "3/19/2025",
    "Quantity of Credits": "600",
    "Status Effective (GMT)": "4/13/2026 7:17:56 PM",
    "Retired on Behalf of": "AWS",
    "Retirement Reason": "Environmental Benefit",
    "Purpose of Retirement": "Retirement for 2025 emissions",
}
RETIRED = {
    "Retirement/Cancellation Date": "2026-04-06",
    "Retirement Beneficiary": "Lindblad Expeditions",
    "Retirement Reason": "Environmental Benefit",
    "Retirement Details": "2025 emissions",
}


def written(rows: Sequence[Mapping[str, str]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def parsed(
    folder: Path, format_name: str, *lists: Sequence[Mapping[str, str]], persons: Sequence[str] = ()
) -> Export:
    paths = []
    for number, rows in enumerate(lists):
        path = folder / f"list{number}.csv"
        path.write_text(written(rows), encoding="utf-8", newline="")
        paths.append(path)
    return parse(paths, format_name, persons=frozenset(persons))


def block(first: int, last: int, **cells: str) -> dict[str, str]:
    """A row of Verra's project 3005 that holds the units first..last."""
    serial = f"19380-{first}-{last}-VCS-VCU-1310-VER-CN-13-3005-01012022-31102022-0"
    return VERRA_ROW | {"Serial Number": serial, "Quantity Issued": str(last - first + 1)} | cells


def read_real(path: Path) -> Rows:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def record_lines(text: str) -> set[int]:
    """The first physical lines of all data rows, found with csv alone."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    lines, line = [], 1
    for fields in reader:
        if fields:
            lines.append(line)
        line = reader.line_num + 1
    return set(lines[1:])


def assert_sound(export: Export, paths: Sequence[Path]) -> None:
    """What holds of every Export, whatever the files."""
    represented = {
        place for issuance in export.issuances for place in zip(issuance.files, issuance.lines, strict=True)
    }
    represented |= {(retirement.file, retirement.line) for retirement in export.retirements}
    refused = [(problem.file, problem.line) for problem in export.refused]
    every = {(str(path), line) for path in paths for line in record_lines(path.read_bytes().decode("utf-8"))}
    assert represented | set(refused) == every, "no row is dropped in silence"
    assert not represented & set(refused), "a refused row creates nothing"
    assert len(refused) == len(set(refused)), "a row is refused once"
    assert export.rows == len(every)
    assert all(p.code and p.message and p.remedy for p in export.problems)

    projects = {project.code: project for project in export.projects}
    methodologies = {(m.code, m.version) for m in export.methodologies}
    reports = {(r.project_code, r.start, r.end): r for r in export.reports}
    assert len(projects) == len(export.projects)
    assert len(reports) == len(export.reports)
    credits_issued = {(i.project_code, i.credit_id): i for i in export.issuances}
    assert len(credits_issued) == len(export.issuances), "one credit id is issued once"
    issued: dict[tuple[str, date, date], int] = defaultdict(int)
    for issuance in export.issuances:
        issued[issuance.project_code, issuance.start, issuance.end] += issuance.grams
        assert 0 < issuance.credit_id < 2**128
        assert issuance.grams > 0
        assert issuance.start <= issuance.issued_on
        assert issuance.start.year <= issuance.vintage <= (issuance.end - timedelta(days=1)).year
    assert issued.keys() == reports.keys()
    for key, report in reports.items():
        project = projects[report.project_code]
        assert issued[key] <= report.claimed_grams
        assert project.crediting_start <= report.start < report.end <= project.crediting_end
        assert (project.methodology_code, project.methodology_version) in methodologies
    in_order = sorted(reports)
    for earlier, later in pairwise(in_order):
        assert earlier[0] != later[0] or earlier[2] <= later[1], "no day of a project is claimed twice"
    assert len({r.retirement_key for r in export.retirements}) == len(export.retirements)
    retired: dict[tuple[str, int], int] = defaultdict(int)
    for retirement in export.retirements:
        key_of_credit = (retirement.project_code, retirement.credit_id)
        retired[key_of_credit] += retirement.grams
        assert retirement.grams > 0
        assert retirement.retired_on >= credits_issued[key_of_credit].issued_on
        assert retirement.purpose in PURPOSES
        assert not re.search(r"[\x00-\x1f\x7f]", retirement.note + retirement.beneficiary)
        assert not retirement.beneficiary_is_person or retirement.beneficiary not in retirement.note
    assert all(grams <= credits_issued[key].grams for key, grams in retired.items())
    assert export.issued_grams == sum(issued.values())
    assert export.retired_grams == sum(retired.values())
    assert export.held_grams == export.issued_grams - export.retired_grams
    assert export.claimed_grams >= export.issued_grams


# -- the real files


def tonnes(text: str) -> int:
    return int(text.replace(",", ""))


@pytest.mark.parametrize(("format_name", "paths"), REAL_SETS)
def test_real_files_are_sound_and_their_format_is_detected(format_name: str, paths: tuple[Path, ...]) -> None:
    assert_sound(parse(paths, format_name), paths)
    assert {detect(path) for path in paths} == {format_name}


def test_verra_agrees_with_an_independent_count() -> None:
    rows = read_real(VERRA)
    export = parse([VERRA], "verra")
    periods: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    groups: dict[tuple[str, str, str, str], int] = defaultdict(int)
    for row in rows:
        period = (row["ID"], row["Vintage Start"], row["Vintage End"])
        groups[(*period, row["Issuance Date"])] += tonnes(row["Quantity Issued"])
        periods[period][0] += tonnes(row["Quantity Issued"])
        periods[period][1] = tonnes(row["Total Vintage Quantity"])
    retired = [row for row in rows if row["Retirement/Cancellation Date"]]

    assert (len(rows), len(periods), len(groups), len(retired)) == (200, 87, 88, 100)
    assert export.registry == "VCS"
    assert export.rows == 200
    assert not export.refused
    assert {p.code for p in export.projects} == {f"VCS-{row['ID']}" for row in rows}
    assert len(export.projects) == 56
    assert {m.code for m in export.methodologies} == {row["Methodology"] for row in rows}
    assert len(export.methodologies) == 25
    assert {(f"VCS-{i}", s, e): max(t) * GRAMS_PER_TONNE for (i, s, e), t in periods.items()} == {
        (r.project_code, f"{r.start}", f"{r.end - timedelta(days=1)}"): r.claimed_grams
        for r in export.reports
    }
    assert {
        (f"VCS-{i}", int(f"{d}{s}{e}".replace("-", ""))): t * GRAMS_PER_TONNE
        for (i, s, e, d), t in groups.items()
    } == {(i.project_code, i.credit_id): i.grams for i in export.issuances}
    assert export.issued_grams == 4_029_227 * GRAMS_PER_TONNE
    assert {(f"VCS|{row['Serial Number']}", tonnes(row["Quantity Issued"])) for row in retired} == {
        (r.retirement_key, r.grams // GRAMS_PER_TONNE) for r in export.retirements
    }
    assert export.retired_grams == 137_546 * GRAMS_PER_TONNE
    without = sum(not row["Retirement Beneficiary"].strip() for row in retired)
    assert without == 13
    assert sum(note.code == "no_beneficiary" for note in export.notes) == without


def test_cercarbono_refuses_only_what_claims_days_twice() -> None:
    issuances, retirements = read_real(CDC_ISSUANCES), read_real(CDC_RETIREMENTS)
    rival = ("5", "2018-10-17 / 2018-12-31")  # overlaps 2011-03-15 / 2018-12-19, issued four years before
    lost = {r["serial"] for r in issuances if (r["serial"].split("_")[1], r["vintage_of_credits"]) == rival}
    kept = [row for row in issuances if row["serial"] not in lost]
    retired = [row for row in retirements if row["serial"] not in lost]

    export = parse([CDC_RETIREMENTS, CDC_ISSUANCES], "cercarbono")
    assert len(lost) == 2
    assert [p.code for p in export.refused] == ["days_already_claimed"] * 3
    assert export.issued_grams == sum(tonnes(r["issued_quantity"]) for r in kept) * GRAMS_PER_TONNE
    assert export.retired_grams == sum(tonnes(r["quantity"]) for r in retired) * GRAMS_PER_TONNE
    assert len(export.issuances) == len(kept) == 98
    assert len(export.retirements) == len(retired) == 99
    assert not any(issuance.from_retirements for issuance in export.issuances)

    alone = parse([CDC_RETIREMENTS], "cercarbono")
    assert (
        alone.issued_grams == alone.retired_grams == sum(tonnes(r["quantity"]) for r in retirements) * 10**6
    )
    assert all(issuance.from_retirements for issuance in alone.issuances)
    ids = {(i.project_code, i.credit_id) for i in parse([CDC_ISSUANCES], "cercarbono").issuances}
    unknown = {(i.project_code, i.credit_id) for i in alone.issuances} - ids
    assert len(unknown) == 1, "but for the refused one, both lists give one credit one id"


def test_acr_agrees_with_an_independent_count() -> None:
    issuances, retirements = read_real(ACR_ISSUANCES), read_real(ACR_RETIREMENTS)
    parts = ("Project ID", "Date Issued (GMT)", "Verified Removal")
    listed = {(*(r[p] for p in parts), r["ReportingPeriodBegin"], r["ReportingPeriodEnd"]) for r in issuances}
    unlisted: dict[tuple[str, ...], int] = defaultdict(int)
    for row in retirements:
        bounds = (row["Vintage Assignment Period Start Date"], row["Vintage Assignment Period End Date"])
        key = (*(row[p] for p in parts), *bounds)
        if key not in listed:
            unlisted[key] += tonnes(row["Quantity of Credits"])
    total = sum(tonnes(row["Total Credits Issued"]) for row in issuances)

    export = parse([ACR_ISSUANCES, ACR_RETIREMENTS], "acr")
    assert not export.refused
    assert len(export.issuances) == len(listed) + len(unlisted) == 125
    assert export.issued_grams == (total + sum(unlisted.values())) * GRAMS_PER_TONNE
    assert (
        export.retired_grams == sum(tonnes(r["Quantity of Credits"]) for r in retirements) * GRAMS_PER_TONNE
    )
    assert len(export.retirements) == 100
    assert parse([ACR_ISSUANCES], "acr").issued_grams == total * GRAMS_PER_TONNE
    starts = {
        row["Project ID"]: datetime.strptime(row["Project Crediting Period Start Date"], "%m/%d/%Y").date()  # noqa: DTZ007
        for row in issuances
    }
    for project in parse([ACR_ISSUANCES], "acr").projects:
        stated = starts[project.code]
        assert project.crediting_start == stated or stated > project.crediting_start


def test_exactly_the_known_persons_are_found_in_the_real_files() -> None:
    names = {row["Retirement Beneficiary"] for row in read_real(VERRA)}
    names |= {row["Retired on Behalf of"] for row in read_real(ACR_RETIREMENTS)}
    for row in read_real(CDC_RETIREMENTS):
        names |= {row["end_user"], row["passive_subject"]}
    assert len(names) > 100
    assert {name for name in names if looks_like_person(name)} == PERSONS


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32), chosen=st.sampled_from(REAL_SETS))
def test_order_of_rows_changes_nothing_but_line_numbers(
    seed: int, chosen: tuple[str, tuple[Path, ...]]
) -> None:
    format_name, paths = chosen
    lists = [read_real(path) for path in paths]
    for rows in lists:
        random.Random(seed).shuffle(rows)
    with tempfile.TemporaryDirectory() as folder:
        shuffled = without_places(parsed(Path(folder), format_name, *lists))
    assert shuffled == without_places(parse(paths, format_name))


def without_places(export: Export) -> Export:
    return replace(
        export,
        issuances=tuple(replace(issuance, lines=(), files=()) for issuance in export.issuances),
        retirements=tuple(replace(retirement, line=0, file="") for retirement in export.retirements),
        problems=(),
    )


DAMAGE = [
    '"',
    ",",
    "\n",
    "\r",
    "\0",
    "-",
    "é",
    "9",
    "0",
    "/",
    " ",
    ";",
    "1e3",
    "2026-04-02",
    "\ufeff",
    "张三",
]


@settings(max_examples=150, deadline=None)
@given(
    chosen=st.sampled_from(REAL_SETS),
    edits=st.lists(
        st.tuples(st.integers(0, 10**9), st.integers(0, 60), st.sampled_from(["", *DAMAGE])), max_size=12
    ),
    copies=st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), max_size=4),
)
def test_damage_breaks_the_file_or_refuses_rows_but_loses_none(
    chosen: tuple[str, tuple[Path, ...]], edits: list[tuple[int, int, str]], copies: list[tuple[int, int]]
) -> None:
    format_name, originals = chosen
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for original in originals:
            text = original.read_text(encoding="utf-8-sig")
            for place, length, inserted in edits:
                at = place % len(text)
                text = text[:at] + inserted + text[at + length :]
            lines = text.split("\n")
            for source, target in copies:
                lines.insert(1 + target % len(lines), lines[source % len(lines)])
            paths.append(Path(folder) / original.name)
            paths[-1].write_bytes("\n".join(lines).encode())
        try:
            export = parse(paths, format_name)
        except BrokenExport:
            return
        assert_sound(export, paths)


@settings(max_examples=100, deadline=None)
@given(raw=st.binary(max_size=400), format_name=st.sampled_from(FORMATS), headed=st.booleans())
def test_arbitrary_bytes_raise_only_broken_export(raw: bytes, format_name: str, headed: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.csv"
        path.write_bytes((",".join(VERRA_ROW).encode() + b"\n" if headed else b"") + raw)
        try:
            export = parse([path], format_name)
        except BrokenExport:
            return
        assert_sound(export, [path])


# -- refusals, one row at a time


def verra_change(**cells: str) -> Rows:
    return [VERRA_ROW, block(2001, 2500) | {key.replace("_", " "): value for key, value in cells.items()}]


RETIREMENT_DAY = "Retirement/Cancellation Date"
BIG = str(2**63 // GRAMS_PER_TONNE + 1)
REFUSALS: list[tuple[str, str, str, Callable[[], list[Rows]]]] = [
    ("date_missing", "Issuance Date", "verra", lambda: [verra_change(Issuance_Date="")]),
    ("date_unreadable", "Issuance Date", "verra", lambda: [verra_change(Issuance_Date="02/04/2026")]),
    ("date_unreadable", "Vintage End", "verra", lambda: [verra_change(Vintage_End="2022-02-30")]),
    ("date_out_of_range", "Vintage Start", "verra", lambda: [verra_change(Vintage_Start="0202-01-01")]),
    ("end_before_start", "Vintage End", "verra", lambda: [verra_change(Vintage_End="2021-10-31")]),
    ("project_missing", "ID", "verra", lambda: [verra_change(ID="")]),
    ("project_unreadable", "ID", "verra", lambda: [verra_change(ID="VCS3005")]),
    ("serial_missing", "Serial Number", "verra", lambda: [verra_change(Serial_Number="")]),
    ("serial_unreadable", "Serial Number", "verra", lambda: [verra_change(Serial_Number="2001 to 2500")]),
    ("serial_length", "Serial Number", "verra", lambda: [verra_change(Quantity_Issued="499")]),
    (
        "serial_length",
        "Serial Number",
        "verra",
        lambda: [[VERRA_ROW, block(2500, 2001, **{"Quantity Issued": "498"})]],
    ),
    ("serial_of_other_project", "Serial Number", "verra", lambda: [verra_change(ID="3006")]),
    ("serial_overlaps", "Serial Number", "verra", lambda: [[VERRA_ROW, block(1500, 2500)]]),
    ("serial_overlaps", "Serial Number", "verra", lambda: [[VERRA_ROW, block(1200, 1300)]]),
    ("duplicated_row", "Issuance Date", "verra", lambda: [[VERRA_ROW, VERRA_ROW]]),
    *(
        (
            "quantity_unreadable",
            "Quantity Issued",
            "verra",
            lambda text=text: [verra_change(Quantity_Issued=text)],
        )
        for text in ("", "-500", "NaN", "1e3", "5,00", "500 t", "inf", "٥٠٠", "0x10", "+5", "5.")
    ),
    ("quantity_zero", "Quantity Issued", "verra", lambda: [verra_change(Quantity_Issued="0")]),
    ("quantity_too_fine", "Quantity Issued", "verra", lambda: [verra_change(Quantity_Issued="0.0000001")]),
    ("quantity_too_large", "Quantity Issued", "verra", lambda: [verra_change(Quantity_Issued=BIG)]),
    ("quantity_too_large", "Quantity Issued", "verra", lambda: [verra_change(Quantity_Issued="9" * 5000)]),
    ("quantity_zero", "Total Vintage Quantity", "verra", lambda: [verra_change(Total_Vintage_Quantity="0")]),
    ("issued_before_period", "Issuance Date", "verra", lambda: [verra_change(Issuance_Date="2021-12-31")]),
    (
        "retired_before_issued",
        RETIREMENT_DAY,
        "verra",
        lambda: [[VERRA_ROW, block(2001, 2500, **(RETIRED | {RETIREMENT_DAY: "2026-04-01"}))]],
    ),
    (
        "date_missing",
        RETIREMENT_DAY,
        "verra",
        lambda: [[VERRA_ROW, block(2001, 2500, **(RETIRED | {RETIREMENT_DAY: ""}))]],
    ),
    (
        "cancelled",
        "Retirement Reason",
        "verra",
        lambda: [
            [VERRA_ROW, block(2001, 2500, **(RETIRED | {"Retirement Reason": "Cancellation: reissued"}))]
        ],
    ),
    (
        "line_break",
        "Country/Area",
        "verra",
        lambda: [[VERRA_ROW, block(2001, 2500, **{"Country/Area": "a\nb"})]],
    ),
    ("nul_byte", "Name", "verra", lambda: [[VERRA_ROW, block(2001, 2500, Name="a\0b")]]),
    (
        "days_already_claimed",
        "Issuance Date",
        "verra",
        lambda: [
            [VERRA_ROW, block(2001, 2500, **{"Vintage Start": "2022-10-31", "Issuance Date": "2026-04-03"})]
        ],
    ),
    (
        "total_too_large",
        "issued_quantity",
        "cercarbono",
        lambda: [
            [
                CDC_ISSUANCE | {"issued_quantity": "9,000,000,000,000"},
                CDC_ISSUANCE | {"serial": "CDC_1_B", "issued_quantity": "900,000,000,000"},
            ]
        ],
    ),
    ("vintage_unreadable", "year", "cercarbono", lambda: [[CDC_ISSUANCE, CDC_ISSUANCE | {"year": "MMIX"}]]),
    (
        "vintage_outside_period",
        "year",
        "cercarbono",
        lambda: [[CDC_ISSUANCE, CDC_ISSUANCE | {"year": "2010"}]],
    ),
    (
        "flag_unreadable",
        "is_buffer",
        "cercarbono",
        lambda: [[CDC_ISSUANCE, CDC_ISSUANCE | {"is_buffer": "?"}]],
    ),
    (
        "date_unreadable",
        "vintage_of_credits",
        "cercarbono",
        lambda: [[CDC_ISSUANCE, CDC_ISSUANCE | {"vintage_of_credits": "2009"}]],
    ),
    (
        "serial_unreadable",
        "serial",
        "cercarbono",
        lambda: [[CDC_ISSUANCE, CDC_ISSUANCE | {"serial": "VCS-1"}]],
    ),
    (
        "serial_overlaps",
        "serial",
        "cercarbono",
        lambda: [[CDC_ISSUANCE, CDC_ISSUANCE | {"verification": "2"}]],
    ),
    (
        "project_missing",
        "project_id",
        "cercarbono",
        lambda: [[CDC_RETIREMENT, CDC_RETIREMENT | {"project_id": ""}]],
    ),
    (
        "serial_of_other_project",
        "serial",
        "cercarbono",
        lambda: [[CDC_RETIREMENT, CDC_RETIREMENT | {"project_id": "2"}]],
    ),
    ("serial_missing", "from", "cercarbono", lambda: [[CDC_RETIREMENT, CDC_RETIREMENT | {"from": ""}]]),
    ("serial_length", "to", "cercarbono", lambda: [[CDC_RETIREMENT, CDC_RETIREMENT | {"to": "4970"}]]),
    (
        "retired_before_period",
        "date",
        "cercarbono",
        lambda: [
            [
                CDC_RETIREMENT,
                CDC_RETIREMENT | {"date": "2008-12-31 23:59:59", "from": "1", "to": "10", "quantity": "10"},
            ]
        ],
    ),
    (
        "retired_before_issued",
        "date",
        "cercarbono",
        lambda: [[CDC_ISSUANCE], [CDC_RETIREMENT | {"date": "2020-01-22 23:59:59"}]],
    ),
    (
        "credit_contradicted",
        "Project ID",
        "acr",
        lambda: [
            [
                ACR_ISSUANCE
                | {"ReportingPeriodBegin": "2/7/2024", "Project Crediting Period Start Date": "2/7/2024"},
                ACR_ISSUANCE
                | {
                    "ReportingPeriodBegin": "2/7/2024",
                    "Vintage": "2024",
                    "Project Crediting Period Start Date": "2/7/2024",
                },
            ]
        ],
    ),
    (
        "retired_more_than_issued",
        "Quantity of Credits",
        "acr",
        lambda: [
            [ACR_ISSUANCE],
            [ACR_RETIREMENT, ACR_RETIREMENT | {"Credit Serial Numbers": "ACR-FR-1129-2025-2917-601 to 1200"}],
        ],
    ),
    (
        "totals_disagree",
        "Total Credits Issued",
        "acr",
        lambda: [[ACR_ISSUANCE, ACR_ISSUANCE | {"Credits Issued to Buffer Pool": "0"}]],
    ),
    (
        "flag_unreadable",
        "Verified Removal",
        "acr",
        lambda: [[ACR_ISSUANCE, ACR_ISSUANCE | {"Verified Removal": "maybe"}]],
    ),
    (
        "date_unreadable",
        "Date Issued (GMT)",
        "acr",
        lambda: [[ACR_ISSUANCE, ACR_ISSUANCE | {"Date Issued (GMT)": "30/6/2025"}]],
    ),
    ("project_missing", "Project ID", "acr", lambda: [[ACR_ISSUANCE, ACR_ISSUANCE | {"Project ID": ""}]]),
    (
        "serial_of_other_project",
        "Credit Serial Numbers",
        "acr",
        lambda: [
            [ACR_RETIREMENT, ACR_RETIREMENT | {"Credit Serial Numbers": "ACR-FR-1130-2025-2917-601 to 1200"}]
        ],
    ),
    (
        "serial_unreadable",
        "Credit Serial Numbers",
        "acr",
        lambda: [[ACR_RETIREMENT, ACR_RETIREMENT | {"Credit Serial Numbers": "1"}]],
    ),
]


@pytest.mark.parametrize(
    ("code", "column", "format_name", "lists"), REFUSALS, ids=[f"{r[0]}-{r[2]}-{r[1]}" for r in REFUSALS]
)
def test_a_bad_row_is_refused_and_the_good_one_stays(
    code: str, column: str, format_name: str, lists: Callable[[], list[Rows]], tmp_path: Path
) -> None:
    files = lists()
    export = parsed(tmp_path, format_name, *files)
    assert [(p.code, p.column) for p in export.refused] == [(code, column)]
    last_file = f"list{len(files) - 1}.csv"
    assert export.refused[0].file == str(tmp_path / last_file)
    assert export.refused[0].line == len(files[-1]) + 1
    assert len(export.issuances) == 1, "the good row stays"
    assert_sound(export, [tmp_path / f"list{number}.csv" for number in range(len(files))])


def test_a_retirement_whose_issuance_was_refused_is_refused_with_it(tmp_path: Path) -> None:
    bad = CDC_ISSUANCE | {"issued_quantity": "none"}
    export = parsed(tmp_path, "cercarbono", [bad], [CDC_RETIREMENT])
    assert [p.code for p in export.refused] == ["quantity_unreadable", "issuance_refused"]
    assert f"line 2 of {tmp_path / 'list0.csv'}" in export.refused[1].message
    assert not export.issuances


def test_a_retirement_of_another_vintage_than_its_issuance_is_refused(tmp_path: Path) -> None:
    export = parsed(tmp_path, "cercarbono", [CDC_ISSUANCE], [CDC_RETIREMENT | {"vintage": "2010"}])
    assert [p.code for p in export.refused] == ["credit_contradicted"]
    assert not export.retirements


def test_the_first_copy_of_a_unit_is_named(tmp_path: Path) -> None:
    export = parsed(tmp_path, "verra", [block(1, 10), block(11, 20), block(5, 15)])
    assert "line 2" in export.refused[0].message
    assert export.refused[0].line == 4


def test_the_same_download_twice_adds_nothing(tmp_path: Path) -> None:
    rows = [VERRA_ROW, block(2001, 2500, **RETIRED)]
    once, twice = parsed(tmp_path, "verra", rows), parsed(tmp_path, "verra", rows, rows)
    assert [p.code for p in twice.refused] == ["duplicated_row", "duplicated_row"]
    assert (twice.issued_grams, twice.retired_grams) == (once.issued_grams, once.retired_grams)


def test_wrong_number_of_fields_names_the_lines(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(written([VERRA_ROW]) + 'a,"b\nc",d\n', encoding="utf-8", newline="")
    export = parse([path], "verra")
    assert [(p.code, p.line) for p in export.refused] == [("wrong_field_count", 3)]
    assert "lines 3 to 4" in export.refused[0].message


def test_lines_are_physical_lines_even_behind_fields_with_line_breaks(tmp_path: Path) -> None:
    first = block(2001, 2500, **(RETIRED | {"Retirement Details": "one\ntwo\r\nthree"}))
    bad = block(2501, 2600, ID="")
    export = parsed(tmp_path, "verra", [first, bad])
    assert export.refused[0].line == 5
    assert export.retirements[0].note == "one two  three"


# -- whole files


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "empty"),
        (b"\n\n", "blank lines"),
        (written([VERRA_ROW]).split("\n")[0].encode() + b"\n", "no rows"),
        (written([VERRA_ROW]).encode() + b"\xff", "byte "),
        (written([block(1, 10, Name="通许")]).encode("gb18030"), "GB18030"),
        (written([VERRA_ROW]).encode("utf-16"), "UTF-16"),
        (written([VERRA_ROW]).encode("utf-16-le"), "NUL"),
        (written([VERRA_ROW]).replace(",", ";").encode(), "semicolons"),
        (
            written([VERRA_ROW]).replace("Serial Number", "Serials").encode(),
            "missing for verra (both): Serial Number",
        ),
        (b"ID," + written([VERRA_ROW]).encode(), "named twice: ID"),
        (written([VERRA_ROW]).encode() + b'"never closed,\n1,2\n', "quotation marks"),
        (written([VERRA_ROW]).encode() + b'"closed"badly,\n1,2\n', "quotation marks"),
    ],
)
def test_a_broken_file_is_refused_as_a_whole(raw: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.csv"
    path.write_bytes(raw)
    with pytest.raises(BrokenExport, match=re.escape(words)) as broken:
        parse([path], "verra")
    assert broken.value.remedy
    assert broken.value.file == str(path)


def test_the_offset_of_a_bad_byte_counts_from_the_start_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "broken.csv"
    path.write_bytes(b"\xef\xbb\xbfID\n\xff")
    with pytest.raises(BrokenExport, match="line 2: byte 6 ") as broken:
        detect(path)
    assert broken.value.line == 2


def test_an_unclosed_quote_names_the_line_where_its_row_starts(tmp_path: Path) -> None:
    path = tmp_path / "broken.csv"
    path.write_text(written([VERRA_ROW]) + '1,"open\n' + "x\n" * 5, encoding="utf-8")
    with pytest.raises(BrokenExport) as broken:
        parse([path], "verra")
    assert broken.value.line == 3


def test_another_format_is_named(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(written([ACR_ISSUANCE]), encoding="utf-8")
    assert detect(path) == "acr"
    with pytest.raises(BrokenExport, match="--format acr"):
        parse([path], "verra")


def test_an_unknown_format_or_no_file_is_the_callers_mistake(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cercarbono"):
        parse([tmp_path / "x.csv"], "gold")
    with pytest.raises(ValueError, match="at least one file"):
        parse([], "verra")


def test_a_byte_order_mark_and_further_columns_in_any_order_are_accepted(tmp_path: Path) -> None:
    row = dict(reversed(({"Unnamed: 0": "x"} | VERRA_ROW).items()))
    path = tmp_path / "list.csv"
    path.write_text("\ufeff" + written([row]), encoding="utf-8")
    assert parse([path], "verra").issued_grams == 1000 * GRAMS_PER_TONNE


# -- what is accepted, and how


def test_decimals_are_exact_to_the_gram(tmp_path: Path) -> None:
    export = parsed(tmp_path, "cercarbono", [CDC_ISSUANCE | {"issued_quantity": "1,234.000001"}])
    assert export.issued_grams == 1_234_000_001


def test_rows_of_one_period_and_day_are_one_credit(tmp_path: Path) -> None:
    export = parsed(tmp_path, "verra", [block(1, 10), block(11, 30, **RETIRED)])
    (issuance,) = export.issuances
    assert issuance.credit_id == 202604022022010120221031
    assert (issuance.grams, issuance.lines) == (30 * GRAMS_PER_TONNE, (2, 3))
    assert export.reports[0].claimed_grams == 100_897 * GRAMS_PER_TONNE
    assert (export.projects[0].crediting_start, export.projects[0].crediting_end) == (
        date(2022, 1, 1),
        date(2023, 1, 1),
    )


def test_a_total_below_its_blocks_is_raised_with_a_note(tmp_path: Path) -> None:
    export = parsed(tmp_path, "verra", [block(1, 10, **{"Total Vintage Quantity": "9"})])
    assert export.reports[0].claimed_grams == 10 * GRAMS_PER_TONNE
    assert [p.code for p in export.notes] == ["total_below_issues"]


def test_missing_texts_and_a_serial_with_other_dates_are_noted(tmp_path: Path) -> None:
    bare = block(1, 10, Name="", Methodology="", **{"Vintage Start": "2022-01-02"})
    export = parsed(tmp_path, "verra", [bare])
    assert {p.code for p in export.notes} == {"no_project_name", "no_methodology", "serial_period_differs"}
    assert export.projects[0].name == "VCS-3005"
    assert not export.refused


def test_a_changed_project_text_is_that_of_the_latest_issuance(tmp_path: Path) -> None:
    later = block(2001, 2100, Name="Tongxu II", **{"Issuance Date": "2026-05-01"})
    export = parsed(tmp_path, "verra", [later, VERRA_ROW])
    assert export.projects[0].name == "Tongxu II"
    assert [p.code for p in export.notes] == ["project_texts_differ"]


def test_a_removal_is_another_credit_than_the_reduction(tmp_path: Path) -> None:
    export = parsed(tmp_path, "acr", [ACR_ISSUANCE, ACR_ISSUANCE | {"Verified Removal": "Yes"}])
    ids = sorted(issuance.credit_id for issuance in export.issuances)
    assert ids == [202506302025020720250319, 2025063020250207202503191]
    assert len(export.reports) == 1


def test_the_whole_volume_counts_with_the_buffer(tmp_path: Path) -> None:
    assert parsed(tmp_path, "acr", [ACR_ISSUANCE]).issued_grams == 1000 * GRAMS_PER_TONNE


def test_a_retirement_alone_proves_its_issuance_under_the_same_credit_id(tmp_path: Path) -> None:
    for format_name, issuance, retirement in (
        ("acr", ACR_ISSUANCE, ACR_RETIREMENT),
        ("cercarbono", CDC_ISSUANCE, CDC_RETIREMENT),
    ):
        alone = parsed(tmp_path, format_name, [retirement])
        both = parsed(tmp_path, format_name, [retirement], [issuance])
        assert alone.issued_grams == alone.retired_grams == both.retired_grams < both.issued_grams
        assert alone.issuances[0].credit_id == both.issuances[0].credit_id
        assert [p.code for p in alone.notes] == ["issuance_from_retirements"]
        assert not both.notes


def test_of_two_overlapping_periods_the_one_issued_first_stands_whatever_the_order(tmp_path: Path) -> None:
    late = block(2001, 2500, **{"Vintage Start": "2022-10-31", "Issuance Date": "2026-04-03"})
    for rows in ([VERRA_ROW, late], [late, VERRA_ROW]):
        export = parsed(tmp_path, "verra", rows)
        assert [i.start for i in export.issuances] == [date(2022, 1, 1)]
        assert "2022-10-31 to 2022-10-31" in export.refused[0].message


@pytest.mark.parametrize(
    ("reason", "purpose"),
    [
        ("Environmental Benefit", "other"),
        ("Corporate Emissions Inventory Accounting", "emissions_inventory"),
        ("Colombian Carbon Tax", "compliance"),
        ("Voluntary compensation", "other"),
        ("", "other"),
    ],
)
def test_the_purpose_follows_from_the_registrys_reason(reason: str, purpose: str, tmp_path: Path) -> None:
    export = parsed(tmp_path, "verra", [block(1, 10, **(RETIRED | {"Retirement Reason": reason}))])
    assert (export.retirements[0].purpose, export.retirements[0].source_reason) == (purpose, reason)


def test_notes_are_one_line_in_nfc_without_hidden_characters(tmp_path: Path) -> None:
    text = "e\u0301te\u0301\tx\x07 \u202eabc"
    export = parsed(tmp_path, "verra", [block(1, 10, **(RETIRED | {"Retirement Details": text}))])
    assert export.retirements[0].note == "été x abc"


def test_a_persons_name_leaves_the_note(tmp_path: Path) -> None:
    person = RETIRED | {
        "Retirement Beneficiary": "G Silva",
        "Retirement Details": "For G  SILVA (silva@example.org, CPF 123.456.789-09), Silvana Ltda",
    }
    export = parsed(tmp_path, "verra", [block(1, 10, **person)])
    assert export.retirements[0].beneficiary_is_person
    assert export.retirements[0].note == "For [person] ([e-mail], CPF [number]), Silvana Ltda"
    assert [p.code for p in export.notes] == ["beneficiary_is_person"]


def test_an_operator_names_further_persons(tmp_path: Path) -> None:
    row = block(
        1, 10, **(RETIRED | {"Retirement Beneficiary": "Kaynã", "Retirement Details": "for Kayna\u0303"})
    )
    assert not parsed(tmp_path, "verra", [row]).retirements[0].beneficiary_is_person
    (retirement,) = parsed(tmp_path, "verra", [row], persons=[" KAYNÃ "]).retirements
    assert retirement.beneficiary_is_person
    assert retirement.note == "for [person]"


@pytest.mark.parametrize(
    "name",
    [
        "G Silva",
        "J. R. Smith",
        "Silva, Gabriel",
        "Mr John Doe",
        "Sra. Ana Lima",
        "Tom Self",
        "José Silva",
        "on behalf of myself",
        "Maria Souza CPF 123.456.789-09",
        "张三",
        "李小龙",
        "欧阳修文",
        "张 三",
        "张三 Zhang San",
        "阿依古丽·买买提",
        "王女士",
    ],
)
def test_persons_are_recognised(name: str) -> None:
    assert looks_like_person(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "SESI",
        "Korn Ferry",
        "The North Face",
        "Collins Hume",
        "Autodesk, Inc.",
        "Elizabeth Suzann LLC",
        "Melissa & Doug, LLC",
        "S.Y. Elfje Eleven Eleven Ltd",
        "TIM S/A",
        "Robert Bosch GmbH",
        "Duke University",
        "E ON",
        "上海电气集团",
        "一汽公司",
        "第一中学",
        "市医院",
        "江苏亨通高压海缆有限公司",
        "Tradewater’s Individual Retail Customers",
        "Not public",
    ],
)
def test_organisations_are_not_taken_for_persons(name: str) -> None:
    assert not looks_like_person(name)
