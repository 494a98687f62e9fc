"""tanhui report: monitoring reports and their verification."""

from __future__ import annotations

from typing import Annotated

import typer

from node_client.acts import report
from scripts.console import (
    AsJson,
    DryRunOption,
    acting,
    day_from,
    document_hash,
    examples,
    grams_of,
    id32,
    key_option,
)

app = typer.Typer(help="Submit, withdraw and verify monitoring reports.", no_args_is_help=True)

ReportId = Annotated[int, typer.Argument(help="Number of the report.", min=1)]
Reason = Annotated[str, typer.Option(help="Why; public.")]


@app.command(
    epilog=examples(
        "tanhui report submit 1 --from 2024-01-01 --until 2025-01-01 --tonnes 512.2 --document report.pdf --key owner"
    )
)
def submit(
    project_id: Annotated[int, typer.Argument(help="Number of the project.", min=1)],
    first_day: Annotated[str, typer.Option("--from", help="First UTC day, ISO.")],
    end_day: Annotated[str, typer.Option("--until", help="Day after the last, ISO.")],
    tonnes: Annotated[str, typer.Option(help="Amount claimed in t CO2e, such as 512.2.")],
    document: Annotated[str, typer.Option(help="File of the report, or 0x and its SHA-256.")],
    data_root: Annotated[
        str, typer.Option(help="Root of the monitoring data: 0x and 64 digits, or text that is hashed.")
    ] = "",
    key: str = key_option("owner"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The report is submitted and its days are claimed. By the project's owner."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        report_hash = document_hash(document)
        number = report.submit_report(
            act.ledger,
            act.signer,
            project_id=project_id,
            period_start=day_from(first_day),
            period_end=day_from(end_day),
            claimed_grams=grams_of(tonnes),
            data_root=id32(data_root) if data_root else report_hash,
            report_hash=report_hash,
        )
        act.show(f"report {number} is submitted", report_id=number, project_id=project_id, tonnes=tonnes)


@app.command(epilog=examples('tanhui report withdraw 1 --reason "meter fault" --key owner'))
def withdraw(
    report_id: ReportId,
    reason: Reason,
    key: str = key_option("owner"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The report is withdrawn and its days are released. By the project's owner, before verification."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        receipt = report.withdraw_report(act.ledger, act.signer, report_id=report_id, reason=reason)
        act.show("the report is withdrawn", report_id=report_id, tx=receipt.tx_hash)


@app.command(
    epilog=examples(
        "tanhui report verify 1 --tonnes 510 --document verification.pdf --key verifier",
        "tanhui report verify 1 --reject --document verification.pdf --key verifier",
    )
)
def verify(
    report_id: ReportId,
    document: Annotated[str, typer.Option(help="File of the verification report, or 0x and its SHA-256.")],
    tonnes: Annotated[str, typer.Option(help="Amount verified in t CO2e; not with --reject.")] = "",
    reject: Annotated[bool, typer.Option("--reject", help="The report does not stand.")] = False,
    key: str = key_option("verifier"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The verdict stands; a negative one has released the report's days. By a verifier, not on its own project."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        if reject == bool(tonnes):
            raise ValueError("give either --tonnes or --reject")
        receipt = report.verify_report(
            act.ledger,
            act.signer,
            report_id=report_id,
            positive=not reject,
            verified_grams=0 if reject else grams_of(tonnes),
            verification_hash=document_hash(document),
        )
        verdict = "rejected" if reject else "verified"
        act.show(f"report {report_id} is {verdict}", report_id=report_id, verdict=verdict, tx=receipt.tx_hash)
