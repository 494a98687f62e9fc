"""The kinds of fields in answers: how each is written from a row, and how OpenAPI describes it.

Flow: an answer's model, whose fields have the kinds below → `writer(model)`, worked out once → row of SQL → plain values →
JSON bytes. The model itself checks nothing at run time; tests hold stored and served bytes against it.

Grams and serials are decimal text, since they exceed what JavaScript holds; tonnes stand beside as exact decimal text; times
are ISO 8601 in UTC; days are dates. Both go beyond the year 9999 in ISO's expanded form, because holders may set such ends.
"""

from __future__ import annotations

import functools
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeAlias

import msgspec
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.engine import RowMapping

from node_client.units import tonnes_text

LARGEST: Final = 2**63 - 1
Row: TypeAlias = Mapping[str, Any] | RowMapping
_DAY_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class Written:
    """How a field is written: `write` of the column that `column` names for the field."""

    write: Callable[[Any], Any]
    column: Callable[[str], str] = str


def date_text(day: int) -> str:
    """The ISO date of a day since 1970, in expanded form (+12345-01-01) beyond the year 9999."""
    # Days from civil, Howard Hinnant: eras of 400 years that start on 1 March.
    shifted = day + 719_468
    era, of_era = divmod(shifted, 146_097)
    year_of_era = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_place = (5 * of_year + 2) // 153
    date = of_year - (153 * month_place + 2) // 5 + 1
    month = month_place + 3 if month_place < 10 else month_place - 9
    year = year_of_era + era * 400 + (month <= 2)
    return f"{year:04d}-{month:02d}-{date:02d}" if year <= 9999 else f"+{year}-{month:02d}-{date:02d}"


def time_text(unix_seconds: int) -> str:
    """The ISO time in UTC of Unix seconds: 2026-11-23T08:31:00Z."""
    day, rest = divmod(unix_seconds, _DAY_SECONDS)
    minutes, seconds = divmod(rest, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{_date_text(day)}T{hours:02d}:{minutes:02d}:{seconds:02d}Z"


_date_text = functools.lru_cache(maxsize=4_096)(date_text)


def _grams_column(field: str) -> str:
    return field.removesuffix("tonnes") + "grams"


def _from_json(text: str) -> Any:
    return msgspec.json.decode(text)


Id = Annotated[int, Field(ge=0, le=LARGEST, examples=[1])]
Count = Annotated[int, Field(ge=0, le=LARGEST, examples=[3])]
GramsText = Annotated[
    str,
    Written(str),
    Field(pattern=r"^(0|[1-9][0-9]{0,18})$", description="Grams of CO2e, decimal.", examples=["9600000"]),
]
TonnesText = Annotated[
    str,
    Written(tonnes_text, _grams_column),
    Field(
        pattern=r"^[0-9]{1,13}(\.[0-9]{1,6})?$", description="The same in tonnes, exact.", examples=["9.6"]
    ),
]
SerialText = Annotated[str, Written(str), Field(pattern=r"^[1-9][0-9]{0,18}$", examples=["1"])]
Time = Annotated[
    str,
    Written(time_text),
    Field(
        pattern=r"^(\d{4}|\+\d{5,12})-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$",
        description="ISO 8601, UTC.",
        examples=["2026-11-23T08:31:00Z"],
    ),
]
# A column that holds 0 where there is no time: null in answers.
TimeOrNone = Annotated[
    str | None,
    Written(lambda unix_seconds: time_text(unix_seconds) if unix_seconds else None),
    Field(
        pattern=r"^(\d{4}|\+\d{5,12})-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$",
        description="ISO 8601, UTC; null when there is none.",
        examples=["2026-12-31T16:00:00Z"],
    ),
]
Date = Annotated[
    str,
    Written(date_text),
    Field(pattern=r"^(\d{4}|\+\d{5,9})-\d{2}-\d{2}$", description="UTC day.", examples=["2026-11-23"]),
]
Hash = Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$", examples=["0x" + "0" * 62 + "2a"])]
TokenIdText = Annotated[
    str,
    Field(
        pattern=r"^0x[0-9a-f]{64}$",
        description="Token id of the credit.",
        examples=["0x" + "1".zfill(32) + "1".zfill(32)],
    ),
]
Address = Annotated[
    str,
    Field(pattern=r"^0x[0-9a-fA-F]{40}$", examples=["0x70997970C51812dc3A010C7d01b50e0d17dc79C8"]),
]
Decimal256 = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,77})$", examples=["1"])]
Json = Annotated[Any, Written(_from_json)]


class Answer(BaseModel):
    """What an answer holds: exactly these fields."""

    model_config = ConfigDict(extra="forbid", strict=True)


def _written(annotation: Any) -> Written | None:
    """The way of writing among an annotation's metadata, also inside `X | None`."""
    for part in typing.get_args(annotation):
        if isinstance(part, Written):
            return part
        found = _written(part)
        if found is not None:
            return found
    return None


@functools.cache
def writer(model: type[BaseModel]) -> Callable[[Row], dict[str, Any]]:
    """What turns a row into the model's plain values. Fields that the row lacks must be added by the caller."""
    plan: list[tuple[str, str, Callable[[Any], Any] | None]] = []
    hints = typing.get_type_hints(model, include_extras=True)
    for name in model.model_fields:
        if name in getattr(model, "ADDED", ()):
            continue
        written = _written(hints[name])
        plan.append((name, written.column(name), written.write) if written else (name, name, None))

    def write(row: Row) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, column, convert in plan:
            value = row[column]
            values[name] = value if convert is None or value is None else convert(value)
        return values

    return write


def json_bytes(values: Any) -> bytes:
    """The values as JSON."""
    return _ENCODER.encode(values)


_ENCODER: Final = msgspec.json.Encoder()
