"""tanhui project: submit and register projects."""

from __future__ import annotations

from typing import Annotated

import typer

from node_client.acts import project
from node_client.acts.project import ProjectSubmission
from scripts.console import AsJson, DryRunOption, acting, day_from, document_hash, examples, id32, key_option

app = typer.Typer(help="Submit, register, suspend and close projects.", no_args_is_help=True)

ProjectId = Annotated[int, typer.Argument(help="Number of the project.", min=1)]
Reason = Annotated[str, typer.Option(help="Why; public.")]


@app.command(
    epilog=examples(
        "tanhui project submit PV-001 --name 松北屋顶光伏 --place 哈尔滨市松北区 --methodology 1"
        " --from 2024-01-01 --until 2034-01-01 --document pdd.pdf --claim-key meter-0451-77 --key owner"
    )
)
def submit(
    code: Annotated[str, typer.Argument(help="Its code, unique in the ledger.")],
    name: Annotated[str, typer.Option(help="Its name.")],
    place: Annotated[str, typer.Option(help="Where it is.")],
    methodology_id: Annotated[
        int, typer.Option("--methodology", help="Number of a filed methodology.", min=1)
    ],
    first_day: Annotated[str, typer.Option("--from", help="First day of the crediting period, ISO.")],
    end_day: Annotated[str, typer.Option("--until", help="Day after the last, ISO.")],
    document: Annotated[str, typer.Option(help="File of the design document, or 0x and its SHA-256.")],
    claim_key: Annotated[
        list[str],
        typer.Option(help="Site or meter: 0x and its salted hash, or text that is hashed; repeatable."),
    ],
    key: str = key_option("owner"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The project is submitted, owned by the signing member. By any active member."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        submission = ProjectSubmission(
            methodology_id=methodology_id,
            crediting_start=day_from(first_day),
            crediting_end=day_from(end_day),
            document_hash=document_hash(document),
            code=code,
            name=name,
            place=place,
            claim_keys=tuple(id32(each) for each in claim_key),
        )
        number = project.submit_project(act.ledger, act.signer, submission)
        act.show(
            f"{code} is project {number}", project_id=number, code=code, claim_keys=submission.claim_keys
        )


@app.command(epilog=examples("tanhui project register 1"))
def register(
    project_id: ProjectId,
    key: str = key_option("operator"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The project is registered. By the operator, not on its own project."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        receipt = project.register_project(act.ledger, act.signer, project_id=project_id)
        act.show("the project is registered", project_id=project_id, tx=receipt.tx_hash)


@app.command("return", epilog=examples('tanhui project return 1 --reason "documents incomplete"'))
def return_(
    project_id: ProjectId,
    reason: Reason,
    key: str = key_option("operator"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The project is returned for good. By the operator."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        receipt = project.return_project(act.ledger, act.signer, project_id=project_id, reason=reason)
        act.show("the project is returned", project_id=project_id, tx=receipt.tx_hash)


@app.command(epilog=examples('tanhui project suspend 1 --reason "under inspection"'))
def suspend(
    project_id: ProjectId,
    reason: Reason,
    key: str = key_option("authority"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """No report and no issuance of the project until it is resumed. By the authority."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        receipt = project.suspend_project(act.ledger, act.signer, project_id=project_id, reason=reason)
        act.show("the project is suspended", project_id=project_id, tx=receipt.tx_hash)


@app.command(epilog=examples('tanhui project resume 1 --reason "inspection passed"'))
def resume(
    project_id: ProjectId,
    reason: Reason,
    key: str = key_option("authority"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The suspended project is registered again. By the authority."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        receipt = project.resume_project(act.ledger, act.signer, project_id=project_id, reason=reason)
        act.show("the project is registered again", project_id=project_id, tx=receipt.tx_hash)


@app.command(epilog=examples('tanhui project close 1 --reason "crediting period over"'))
def close(
    project_id: ProjectId,
    reason: Reason,
    key: str = key_option("authority"),
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """The project is closed for good. By the authority."""
    with acting(key, dry_run=dry_run, as_json=as_json) as act:
        receipt = project.close_project(act.ledger, act.signer, project_id=project_id, reason=reason)
        act.show("the project is closed", project_id=project_id, tx=receipt.tx_hash)
