"""tanhui methodology: submit, appraise and file methodologies."""

from __future__ import annotations

from typing import Annotated

import typer

from node_client.acts import methodology
from scripts.console import AsJson, DryRunOption, acting, document_hash, examples, key_option

app = typer.Typer(help="Submit, appraise and file methodologies.", no_args_is_help=True)

MethodologyId = Annotated[int, typer.Argument(help="Number of the methodology.", min=1)]
Reason = Annotated[str, typer.Option(help="Why; public.")]


@app.command(
    epilog=examples(
        "tanhui methodology submit HRB-0201-001 --version V01 --sector 0201 --document pv.pdf --key owner"
    )
)
def submit(
    code: Annotated[str, typer.Argument(help="Its code.")],
    document: Annotated[str, typer.Option(help="File of its text, or 0x and its SHA-256.")],
    version: Annotated[str, typer.Option(help="Its version.")] = "V01",
    sector: Annotated[str, typer.Option(help="Its sector.")] = "",
    unit: Annotated[str, typer.Option(help="Unit of its result.")] = "tCO2e",
    key: str = key_option("owner"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The methodology is submitted. By any active member."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        number = methodology.submit_methodology(
            act.ledger,
            act.signer,
            document_hash=document_hash(document),
            code=code,
            version=version,
            sector=sector,
            unit=unit,
        )
        act.show(
            f"{code} {version} is methodology {number}", methodology_id=number, code=code, version=version
        )


@app.command(epilog=examples("tanhui methodology open 1"))
def open(  # noqa: A001 - the verb's name
    methodology_id: MethodologyId,
    key: str = key_option("operator"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """Experts may judge the methodology. By the operator."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        receipt = methodology.open_appraisal(act.ledger, act.signer, methodology_id=methodology_id)
        act.show("the appraisal is open", methodology_id=methodology_id, tx=receipt.tx_hash)


@app.command(epilog=examples("tanhui methodology appraise 1 --score 85 --opinion opinion.pdf --key expert-1"))
def appraise(
    methodology_id: MethodologyId,
    score: Annotated[int, typer.Option(help="Score.", min=0, max=100)],
    opinion: Annotated[str, typer.Option(help="File of the opinion, or 0x and its SHA-256.")],
    key: str = key_option("expert-1"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The opinion counts. By an expert, once, and not on its own member's work."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        receipt = methodology.appraise(
            act.ledger,
            act.signer,
            methodology_id=methodology_id,
            score=score,
            opinion_hash=document_hash(opinion),
        )
        act.show("the opinion counts", methodology_id=methodology_id, score=score, tx=receipt.tx_hash)


@app.command(epilog=examples("tanhui methodology file 1"))
def file(
    methodology_id: MethodologyId,
    key: str = key_option("authority"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The methodology is filed. By the authority, after a passed appraisal."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        receipt = methodology.file_methodology(act.ledger, act.signer, methodology_id=methodology_id)
        act.show("the methodology is filed", methodology_id=methodology_id, tx=receipt.tx_hash)


@app.command(epilog=examples('tanhui methodology reject 1 --reason "data not available"'))
def reject(
    methodology_id: MethodologyId,
    reason: Reason,
    key: str = key_option("authority"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The methodology is rejected. By the authority."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        receipt = methodology.reject_methodology(
            act.ledger, act.signer, methodology_id=methodology_id, reason=reason
        )
        act.show("the methodology is rejected", methodology_id=methodology_id, tx=receipt.tx_hash)


@app.command(epilog=examples('tanhui methodology suspend 1 --reason "under review"'))
def suspend(
    methodology_id: MethodologyId,
    reason: Reason,
    key: str = key_option("authority"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """No new project may use the methodology. By the authority."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        receipt = methodology.suspend_methodology(
            act.ledger, act.signer, methodology_id=methodology_id, reason=reason
        )
        act.show("the methodology is suspended", methodology_id=methodology_id, tx=receipt.tx_hash)


@app.command(epilog=examples('tanhui methodology resume 1 --reason "review passed"'))
def resume(
    methodology_id: MethodologyId,
    reason: Reason,
    key: str = key_option("authority"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The suspended methodology is filed again. By the authority."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        receipt = methodology.resume_methodology(
            act.ledger, act.signer, methodology_id=methodology_id, reason=reason
        )
        act.show("the methodology is filed again", methodology_id=methodology_id, tx=receipt.tx_hash)


@app.command(epilog=examples('tanhui methodology withdraw 1 --reason "superseded by V02"'))
def withdraw(
    methodology_id: MethodologyId,
    reason: Reason,
    key: str = key_option("authority"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The methodology is withdrawn for good. By the authority."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        receipt = methodology.withdraw_methodology(
            act.ledger, act.signer, methodology_id=methodology_id, reason=reason
        )
        act.show("the methodology is withdrawn", methodology_id=methodology_id, tx=receipt.tx_hash)


@app.command(epilog=examples("tanhui methodology rule --quorum 3 --pass-mark 60"))
def rule(
    quorum: Annotated[int, typer.Option(help="Opinions needed.", min=1)],
    pass_mark: Annotated[int, typer.Option(help="Mean score needed.", min=0, max=100)],
    key: str = key_option("authority"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """Filing needs this many opinions and this mean score. By the authority."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        receipt = methodology.set_appraisal_rule(act.ledger, act.signer, quorum=quorum, pass_mark=pass_mark)
        act.show("the rule of appraisal is set", quorum=quorum, pass_mark=pass_mark, tx=receipt.tx_hash)
