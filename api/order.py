"""What a holder's system sends to retire credits, and what becomes of it on the chain.

Flow: body → `RetirementOrder` (shape only; whether it may be done, the contract decides) → `canonical` (equal orders have
equal bytes) → `record` → `check`: the contract runs it on the present state without keeping it.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from typing import Annotated, Final

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from api.deps import CreditText
from api.kinds import LARGEST
from node_client.ledger import Ledger
from node_client.orders import Line, Retirement
from node_client.units import day_of, parse_token_id, token_hex
from node_client.wire import encoded

MOST_LINES: Final = 50
_EPOCH: Final = datetime.date(1970, 1, 1)
_TONNES: Final = re.compile(r"([0-9]{1,13})(?:\.([0-9]{1,6}))?")


def _as_grams(value: int | str) -> int | str:
    if int(value) > LARGEST:
        raise ValueError("it is more than the ledger can hold")
    return value


def _as_tonnes(value: str) -> str:
    _grams_of_tonnes(value)
    return value


def _grams_of_tonnes(text: str) -> int:
    found = _TONNES.fullmatch(text)
    grams = int(found[1]) * 1_000_000 + int((found[2] or "").ljust(6, "0")) if found else LARGEST + 1
    if grams > LARGEST:
        raise ValueError("it is more than the ledger can hold")
    return grams


def _as_day(text: str) -> str:
    if datetime.date.fromisoformat(text) < _EPOCH:
        raise ValueError("it lies before 1970")
    return text


_WholeGrams = Annotated[int, Field(ge=0, le=LARGEST, strict=True)]
_DecimalGrams = Annotated[str, Field(pattern=r"^[0-9]{1,19}$")]
GramsIn = Annotated[
    _WholeGrams | _DecimalGrams,
    AfterValidator(_as_grams),
    Field(description="Grams; decimal text or a whole number.", examples=["9600000"]),
]
TonnesIn = Annotated[
    str,
    Field(pattern=r"^[0-9]{1,13}(\.[0-9]{1,6})?$", description="Tonnes; decimal text.", examples=["9.6"]),
    AfterValidator(_as_tonnes),
]
DayIn = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", examples=["2026-11-20"], json_schema_extra={"format": "date"}
    ),
    AfterValidator(_as_day),
]
# No control characters, and no lone surrogates (which no JSON text in UTF-8 has).
_PLAIN: Final = r"^[^\x00-\x1f\x7f]*$"
ShortText = Annotated[str, Field(max_length=200, pattern=_PLAIN)]
Given = Annotated[str, Field(min_length=1, max_length=200, pattern=_PLAIN)]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class LineIn(_Input):
    """One credit and how much of it: either `grams` or `tonnes`."""

    credit: CreditText
    grams: GramsIn | None = None
    tonnes: TonnesIn | None = None

    @model_validator(mode="after")
    def _one_amount(self) -> LineIn:
        if (self.grams is None) == (self.tonnes is None):
            raise ValueError("it needs either grams or tonnes")
        parse_token_id(self.credit)
        return self

    @property
    def line(self) -> Line:
        """The line as the chain has it."""
        grams = int(self.grams) if self.grams is not None else _grams_of_tonnes(self.tonnes or "")
        return Line(int(parse_token_id(self.credit)), grams)


class RetirementOrder(_Input):
    """An order to retire credits of the key's holder, for ever."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "lines": [{"credit": "1-1", "tonnes": "9.6"}],
                    "purpose": "event",
                    "beneficiary": "哈尔滨国际会展中心",
                    "case_reference": "2026 冰雪博览会",
                    "place": "哈尔滨市",
                    "consumed_from": "2026-11-20",
                    "consumed_until": "2026-11-24",
                }
            ]
        }
    )

    lines: Annotated[list[LineIn], Field(min_length=1, max_length=MOST_LINES)]
    purpose: Annotated[
        str, Field(min_length=1, max_length=80, pattern=_PLAIN, description="Code of a purpose.")
    ]
    beneficiary: Given = Field(description="The organisation it is for; will be public for ever.")
    beneficiary_code: Given | None = Field(
        None, description="Its registration code (统一社会信用代码); only the SHA-256 becomes public."
    )
    case_reference: ShortText = ""
    place: ShortText = ""
    consumed_from: DayIn | None = Field(None, description="First UTC day of the consumption that is offset.")
    consumed_until: DayIn | None = Field(None, description="The day after the last.")
    note: Annotated[str, Field(max_length=1000, pattern=_PLAIN)] = ""

    def canonical(self) -> bytes:
        """The order's one form: orders that mean the same have the same bytes."""
        said = self.model_dump(exclude={"lines"})
        lines = [[token_hex(line.token_id), line.grams] for line in (each.line for each in self.lines)]
        return msgspec.json.encode({**said, "lines": lines}, order="sorted")

    def record(self, retirement_id: bytes, purpose: int) -> Retirement:
        """The record of the retirement, with its number and that of its purpose."""
        return Retirement(
            retirement_id=retirement_id,
            purpose=purpose,
            lines=tuple(each.line for each in self.lines),
            beneficiary=self.beneficiary,
            beneficiary_hash=beneficiary_hash(self.beneficiary_code),
            consumed_from=_day(self.consumed_from),
            consumed_until=_day(self.consumed_until),
            case_reference=self.case_reference,
            place=self.place,
            note=self.note,
        )


def beneficiary_hash(code: str | None) -> bytes:
    """SHA-256 of a registration code in capitals, as members register theirs; zeros for none."""
    return hashlib.sha256(code.strip().upper().encode()).digest() if code and code.strip() else bytes(32)


def _day(text: str | None) -> int:
    return int(day_of(datetime.date.fromisoformat(text))) if text else 0


def record_json(record: Retirement) -> str:
    """The record as JSON text, to be stored."""
    return msgspec.json.encode(record.as_tuple()).decode()


def record_from(text: str) -> Retirement:
    """The record that `record_json` wrote."""
    number, purpose, code_hash, start, end, beneficiary, case, place, note, lines = msgspec.json.decode(
        text, type=tuple[bytes, int, bytes, int, int, str, str, str, str, list[tuple[int, int]]]
    )
    return Retirement(
        retirement_id=number,
        purpose=purpose,
        lines=tuple(Line(*line) for line in lines),
        beneficiary=beneficiary,
        beneficiary_hash=code_hash,
        consumed_from=start,
        consumed_until=end,
        case_reference=case,
        place=place,
        note=note,
    )


def check(ledger: Ledger, holder: str, record: Retirement) -> None:
    """The contract would do it now, by the holder's own hand. Raises its `Refused`."""
    data = encoded("Credits", "retire", record.as_tuple())
    ledger.chain.simulate(holder, ledger.deployment.address("Credits"), data)
