"""tanhui freeze, tanhui unfreeze and tanhui pause: supervision."""

from __future__ import annotations

from typing import Annotated

import typer

from node_client.acts import supervision
from scripts.console import AsJson, DryRunOption, acting, credit_of, examples, key_option, seconds_from

freeze = typer.Typer(help="Freeze an account or a credit until a time.", no_args_is_help=True)
unfreeze = typer.Typer(help="End a freeze.", no_args_is_help=True)
pause = typer.Typer(help="Stop all movements of credits, and let them go on.", no_args_is_help=True)

Account = Annotated[str, typer.Argument(help="Address, or name of a key.")]
Credit = Annotated[str, typer.Argument(help="The credit: PROJECT-CREDIT or 0x and its token id.")]
Case = Annotated[str, typer.Option("--case", help="Number of the case.")]
Until = Annotated[str, typer.Option(help="End: ISO time, or from now, such as +30d.")]


@freeze.command("account", epilog=examples("tanhui freeze account hotel --until +30d --case 2026-冻-17"))
def freeze_account(
    account: Account,
    until: Until,
    case: Case,
    key: str = key_option("authority"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """Nothing leaves the account until the end. By the authority."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        address = act.account(account)
        receipt = supervision.freeze_account(
            act.ledger, act.signer, account=address, until=seconds_from(until), case_number=case
        )
        act.show("the account is frozen", account=address, tx=receipt.tx_hash)


@freeze.command("credit", epilog=examples("tanhui freeze credit 3-1 --until 2027-01-01 --case 2026-冻-18"))
def freeze_credit(
    credit: Credit,
    until: Until,
    case: Case,
    key: str = key_option("authority"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """No gram of the credit moves until the end. By the authority."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        receipt = supervision.freeze_credit(
            act.ledger, act.signer, token_id=credit_of(credit), until=seconds_from(until), case_number=case
        )
        act.show("the credit is frozen", credit=credit, tx=receipt.tx_hash)


@unfreeze.command("account", epilog=examples("tanhui unfreeze account hotel --case 2026-冻-17"))
def unfreeze_account(
    account: Account,
    case: Case,
    key: str = key_option("authority"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The account's freeze has ended. By the authority."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        address = act.account(account)
        receipt = supervision.unfreeze_account(act.ledger, act.signer, account=address, case_number=case)
        act.show("the freeze has ended", account=address, tx=receipt.tx_hash)


@unfreeze.command("credit", epilog=examples("tanhui unfreeze credit 3-1 --case 2026-冻-18"))
def unfreeze_credit(
    credit: Credit,
    case: Case,
    key: str = key_option("authority"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The credit's freeze has ended. By the authority."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        receipt = supervision.unfreeze_credit(
            act.ledger, act.signer, token_id=credit_of(credit), case_number=case
        )
        act.show("the freeze has ended", credit=credit, tx=receipt.tx_hash)


@pause.command("start", epilog=examples('tanhui pause start --reason "key compromised"'))
def start(
    reason: Annotated[str, typer.Option(help="Why; public.")],
    key: str = key_option("guardian"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """Credits stand still. By one guardian, at once."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        receipt = supervision.pause(act.ledger, act.signer, reason=reason)
        act.show("the ledger is paused", tx=receipt.tx_hash)


@pause.command("propose-end", epilog=examples("tanhui pause propose-end"))
def propose_end(
    key: str = key_option("guardian"), dry_run: DryRunOption = False, as_json: AsJson = False
) -> None:
    """A second member may end the pause. By a guardian."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        receipt = supervision.propose_unpause(act.ledger, act.signer)
        act.show("the end of the pause is proposed", tx=receipt.tx_hash)


@pause.command("end", epilog=examples("tanhui pause end"))
def end(key: str = key_option("authority"), dry_run: DryRunOption = False, as_json: AsJson = False) -> None:
    """The pause has ended. By the authority, of another member than the proposing one."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        receipt = supervision.confirm_unpause(act.ledger, act.signer)
        act.show("the pause has ended", tx=receipt.tx_hash)
