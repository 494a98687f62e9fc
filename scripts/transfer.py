"""tanhui transfer: move credits to another account."""

from __future__ import annotations

from typing import Annotated

import typer

from node_client.acts import transfer as transfers
from scripts.console import AsJson, DryRunOption, acting, credit_of, grams_of, key_option


def transfer(
    credit: Annotated[str, typer.Argument(help="The credit: PROJECT-CREDIT or 0x and its token id.")],
    tonnes: Annotated[str, typer.Argument(help="Amount in t CO2e.")],
    to: Annotated[str, typer.Option(help="Receiver: address, or name of a key.")],
    key: str = key_option("owner"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The receiver holds the amount. By its holder."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        receiver = act.account(to)
        receipt = transfers.transfer(
            act.ledger, act.signer, to=receiver, token_id=credit_of(credit), grams=grams_of(tonnes)
        )
        act.show(f"{tonnes} t of {credit} were transferred", credit=credit, to=receiver, tx=receipt.tx_hash)
