"""tanhui issue: propose, confirm and return issuances, and answer objections."""

from __future__ import annotations

from typing import Annotated

import typer

from node_client.acts import issuance
from node_client.units import credit_name, encode_token_id
from scripts.console import AsJson, DryRunOption, acting, examples, grams_of, key_option

app = typer.Typer(help="Propose and confirm issuances.", no_args_is_help=True)

IssuanceId = Annotated[int, typer.Argument(help="Number of the issuance.", min=1)]
Reason = Annotated[str, typer.Option(help="Why; public.")]


@app.command(epilog=examples("tanhui issue propose 1 --credit 1 --to owner --tonnes 510 --vintage 2024"))
def propose(
    report_id: Annotated[int, typer.Argument(help="Number of a verified report.", min=1)],
    credit_id: Annotated[
        int, typer.Option("--credit", help="Number of the credit in its project, not used before.")
    ],
    to: Annotated[str, typer.Option(help="Account that receives it: address, or name of a key.")],
    tonnes: Annotated[str, typer.Option(help="Volume in t CO2e.")],
    vintage: Annotated[int, typer.Option(help="Year inside the report's period.", min=1970, max=65535)],
    origin: Annotated[str, typer.Option(help="Registry and serials of units issued elsewhere before.")] = "",
    key: str = key_option("operator"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The issuance is proposed, and its public notice runs. By the operator."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        number = issuance.propose_issuance(
            act.ledger,
            act.signer,
            report_id=report_id,
            credit_id=credit_id,
            holder=act.account(to),
            grams=grams_of(tonnes),
            vintage=vintage,
            origin=origin,
        )
        project_id = act.ledger.read("Projects", "report", report_id)["projectId"]
        credit = credit_name(encode_token_id(project_id, credit_id))
        act.show(f"issuance {number} is proposed", issuance_id=number, credit=credit, tonnes=tonnes)


@app.command(epilog=examples("tanhui issue confirm 1"))
def confirm(
    issuance_id: IssuanceId,
    key: str = key_option("authority"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The credit is issued to its holder. By the authority, after the notice."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        receipt = issuance.confirm_issuance(act.ledger, act.signer, issuance_id=issuance_id)
        act.show("the credit is issued", issuance_id=issuance_id, tx=receipt.tx_hash)


@app.command("return", epilog=examples('tanhui issue return 1 --reason "wrong vintage"'))
def return_(
    issuance_id: IssuanceId,
    reason: Reason,
    key: str = key_option("authority"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The issuance is returned; its grams and credit number are free again. By the authority."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        receipt = issuance.return_issuance(act.ledger, act.signer, issuance_id=issuance_id, reason=reason)
        act.show("the issuance is returned", issuance_id=issuance_id, tx=receipt.tx_hash)


@app.command("object", epilog=examples('tanhui issue object 1 --reason "meter read twice" --key buyer'))
def object_(
    issuance_id: IssuanceId,
    reason: Reason,
    key: str = key_option("buyer"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The issuance cannot be confirmed until the objection is answered. By any active member."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        number = issuance.object_to_issuance(act.ledger, act.signer, issuance_id=issuance_id, reason=reason)
        act.show(f"objection {number} is open", objection_id=number, issuance_id=issuance_id)


@app.command(epilog=examples('tanhui issue answer 1 --answer "readings were checked on site"'))
def answer(
    objection_id: Annotated[int, typer.Argument(help="Number of the objection.", min=1)],
    answer: Annotated[str, typer.Option(help="The answer; public.")],
    key: str = key_option("authority"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The objection is answered. By the authority."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        receipt = issuance.answer_objection(act.ledger, act.signer, objection_id=objection_id, answer=answer)
        act.show("the objection is answered", objection_id=objection_id, tx=receipt.tx_hash)


@app.command(epilog=examples("tanhui issue notice --seconds 604800"))
def notice(
    seconds: Annotated[int, typer.Option(help="Length of the public notice in seconds.", min=0)],
    key: str = key_option("authority"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """Later proposals have a notice of this length. By the authority."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        receipt = issuance.set_notice_length(act.ledger, act.signer, notice_seconds=seconds)
        act.show("the length of the notice is set", notice_seconds=seconds, tx=receipt.tx_hash)
