"""tanhui lock: bind credits to a case or an offer."""

from __future__ import annotations

from typing import Annotated

import typer

from node_client.acts import lock as locks
from scripts.console import (
    AsJson,
    DryRunOption,
    acting,
    credit_of,
    examples,
    grams_of,
    id32,
    key_option,
    seconds_from,
)

app = typer.Typer(help="Bind credits to a case or an offer.", no_args_is_help=True)

LockId = Annotated[str, typer.Argument(help="Number of the lock: 0x and 64 digits, or text that is hashed.")]
Tonnes = Annotated[str, typer.Argument(help="Amount in t CO2e.")]


@app.command(
    epilog=examples("tanhui lock make CASE-2026-17 3-1 134.04 --keeper court --until +90d --key buyer")
)
def make(
    lock_id: LockId,
    credit: Annotated[str, typer.Argument(help="The credit: PROJECT-CREDIT or 0x and its token id.")],
    tonnes: Tonnes,
    keeper: Annotated[
        str, typer.Option(help="Account that may release or deliver: address, or name of a key.")
    ],
    until: Annotated[str, typer.Option(help="End: ISO time, or from now, such as +30d.")],
    case_reference: Annotated[str, typer.Option("--case", help="The case or offer; public.")] = "",
    key: str = key_option("buyer"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The amount is bound. By its holder."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        number = id32(lock_id)
        receipt = locks.lock(
            act.ledger,
            act.signer,
            lock_id=number,
            token_id=credit_of(credit),
            grams=grams_of(tonnes),
            keeper=act.account(keeper),
            expires_at=seconds_from(until),
            case_reference=case_reference,
        )
        act.show(f"{tonnes} t of {credit} are locked", lock_id=number, tx=receipt.tx_hash)


@app.command(epilog=examples("tanhui lock release CASE-2026-17 34.04 --key court"))
def release(
    lock_id: LockId,
    tonnes: Tonnes,
    key: str = key_option("operator"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The amount is free again. By the lock's keeper, or by its holder after the end."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        number = id32(lock_id)
        receipt = locks.release_lock(act.ledger, act.signer, lock_id=number, grams=grams_of(tonnes))
        act.show(f"{tonnes} t are free again", lock_id=number, tx=receipt.tx_hash)


@app.command(epilog=examples("tanhui lock deliver OFFER-5 10 --to hotel --key operator"))
def deliver(
    lock_id: LockId,
    tonnes: Tonnes,
    to: Annotated[str, typer.Option(help="Receiver: address, or name of a key.")],
    key: str = key_option("operator"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The receiver holds the amount. By the lock's keeper."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        number = id32(lock_id)
        receipt = locks.deliver_lock(
            act.ledger, act.signer, lock_id=number, to=act.account(to), grams=grams_of(tonnes)
        )
        act.show(f"{tonnes} t were delivered", lock_id=number, tx=receipt.tx_hash)
