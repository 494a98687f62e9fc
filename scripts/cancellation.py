"""tanhui cancel: take credits out for an error or a recall, by two members."""

from __future__ import annotations

from typing import Annotated

import typer

from node_client.acts import cancellation
from scripts.console import (
    AsJson,
    DryRunOption,
    acting,
    credit_of,
    document_hash,
    examples,
    grams_of,
    id32,
    key_option,
)

app = typer.Typer(help="Cancel credits for an error or a recall; never an offset.", no_args_is_help=True)

CancellationId = Annotated[int, typer.Argument(help="Number of the cancellation.", min=1)]


@app.command(
    epilog=examples("tanhui cancel propose 3-1 5 --holder owner --reason over_issued --case case.pdf")
)
def propose(
    credit: Annotated[str, typer.Argument(help="The credit: PROJECT-CREDIT or 0x and its token id.")],
    tonnes: Annotated[str, typer.Argument(help="Amount in t CO2e.")],
    holder: Annotated[str, typer.Option(help="Account to take it from: address, or name of a key.")],
    reason: Annotated[str, typer.Option(help="Code of the reason, up to 32 ASCII characters.")],
    case: Annotated[str, typer.Option(help="File of the case, or 0x and its SHA-256.")],
    lock_id: Annotated[str, typer.Option("--lock", help="Lock to take it from.")] = "",
    key: str = key_option("operator"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The cancellation is proposed; nothing is taken yet. By the operator."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        number = cancellation.propose_cancellation(
            act.ledger,
            act.signer,
            token_id=credit_of(credit),
            holder=act.account(holder),
            grams=grams_of(tonnes),
            reason_code=reason,
            case_hash=document_hash(case),
            lock_id=id32(lock_id) if lock_id else bytes(32),
        )
        act.show(f"cancellation {number} is proposed", cancellation_id=number, credit=credit, tonnes=tonnes)


@app.command(epilog=examples("tanhui cancel confirm 1"))
def confirm(
    cancellation_id: CancellationId,
    key: str = key_option("authority"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The amount is cancelled, for ever. By the authority."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        receipt = cancellation.confirm_cancellation(act.ledger, act.signer, cancellation_id=cancellation_id)
        act.show("the credits are cancelled", cancellation_id=cancellation_id, tx=receipt.tx_hash)


@app.command("return", epilog=examples("tanhui cancel return 1"))
def return_(
    cancellation_id: CancellationId,
    key: str = key_option("authority"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The cancellation is returned; nothing was taken. By the authority."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        receipt = cancellation.return_cancellation(act.ledger, act.signer, cancellation_id=cancellation_id)
        act.show("the cancellation is returned", cancellation_id=cancellation_id, tx=receipt.tx_hash)
