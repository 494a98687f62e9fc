"""tanhui retire and tanhui correct: retire credits for good, and correct the texts of the record."""

from __future__ import annotations

from typing import Annotated

import typer

from node_client.acts import lock as locks
from node_client.acts import retirement as retirements
from node_client.acts.retirement import Correction
from node_client.orders import Line, Retirement
from node_client.units import parse_bytes32
from scripts.console import (
    AsJson,
    DryRunOption,
    acting,
    credit_of,
    day_from,
    grams_of,
    id32,
    key_option,
    new_id,
    registration_hash,
)
from scripts.scheme import purpose_number


def retire(
    lines: Annotated[
        list[str], typer.Argument(metavar="CREDIT=TONNES...", help="What to retire, such as 3-1=9.6.")
    ],
    purpose: Annotated[str, typer.Option(help="Code of the purpose (see tanhui purpose list).")],
    beneficiary: Annotated[str, typer.Option(help="Organisation it is for; never a natural person.")] = "",
    beneficiary_code: Annotated[
        str, typer.Option(help="Its registration code; only the hash goes on the chain.")
    ] = "",
    case_reference: Annotated[str, typer.Option("--case", help="Case or event.")] = "",
    place: Annotated[str, typer.Option(help="Place of the consumption.")] = "",
    note: Annotated[str, typer.Option(help="Public note.")] = "",
    first_day: Annotated[str, typer.Option("--from", help="First day of the consumption, ISO.")] = "",
    end_day: Annotated[str, typer.Option("--until", help="Day after the last, ISO.")] = "",
    retirement_id: Annotated[
        str, typer.Option("--id", help="Number: 0x and 64 digits, or text that is hashed.")
    ] = "",
    lock_id: Annotated[str, typer.Option("--lock", help="Lock to retire from.")] = "",
    key: str = key_option("buyer"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The credits are retired, for ever. By their holder. A number used before is refused, so repeating is safe."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        record = Retirement(
            retirement_id=id32(retirement_id) if retirement_id else new_id(),
            purpose=purpose_number(purpose),
            lines=tuple(_line(each) for each in lines),
            beneficiary=beneficiary,
            beneficiary_hash=registration_hash(beneficiary_code) if beneficiary_code else bytes(32),
            consumed_from=day_from(first_day) if first_day else 0,
            consumed_until=day_from(end_day) if end_day else 0,
            case_reference=case_reference,
            place=place,
            note=note,
        )
        if lock_id:
            receipt = locks.retire_locked(act.ledger, act.signer, lock_id=id32(lock_id), retirement=record)
        else:
            receipt = retirements.retire(act.ledger, act.signer, record)
        act.show("the credits are retired", retirement_id=record.retirement_id, tx=receipt.tx_hash)


def _line(text: str) -> Line:
    credit, equals, tonnes = text.partition("=")
    if not equals:
        raise ValueError(f"{text!r} is no line: write CREDIT=TONNES, such as 3-1=9.6")
    return Line(credit_of(credit), grams_of(tonnes))


def correct(
    retirement_id: Annotated[str, typer.Argument(help="Number of the retirement, 0x and 64 digits.")],
    reason: Annotated[str, typer.Option(help="Why; public.")],
    beneficiary: Annotated[str, typer.Option(help="Corrected organisation.")] = "",
    beneficiary_code: Annotated[
        str, typer.Option(help="Its registration code; only the hash goes on the chain.")
    ] = "",
    case_reference: Annotated[str, typer.Option("--case", help="Corrected case or event.")] = "",
    place: Annotated[str, typer.Option(help="Corrected place.")] = "",
    note: Annotated[str, typer.Option(help="Corrected note.")] = "",
    correction_id: Annotated[
        str, typer.Option("--id", help="Number: 0x and 64 digits, or text that is hashed.")
    ] = "",
    key: str = key_option("operator"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """A correction stands beside the retirement's first record, which never changes. By the operator."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        correction = Correction(
            correction_id=id32(correction_id) if correction_id else new_id(),
            retirement_id=parse_bytes32(retirement_id),
            beneficiary_hash=registration_hash(beneficiary_code) if beneficiary_code else bytes(32),
            beneficiary=beneficiary,
            case_reference=case_reference,
            place=place,
            note=note,
            reason=reason,
        )
        receipt = retirements.correct_retirement(act.ledger, act.signer, correction)
        act.show("the correction is recorded", correction_id=correction.correction_id, tx=receipt.tx_hash)
