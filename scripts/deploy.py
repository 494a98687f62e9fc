"""tanhui deploy: put the ledger's contracts on a chain and record where."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn

from node_client import deployment as deployments
from node_client.deployment import Deployment
from node_client.errors import ContractsMissing
from node_client.ledger import connect
from node_client.settings import Settings
from node_client.signer import keystore_of
from scripts.console import AsJson, err, errors_shown, registration_hash, show


def deploy(
    authority_name: Annotated[str, typer.Option(help="Name of the authority, which becomes member 1.")],
    authority_code: Annotated[
        str, typer.Option(help="Its registration code; only the hash goes on the chain.")
    ],
    key: Annotated[str, typer.Option(help="Key of the authority's first account.")] = "authority",
    as_json: AsJson = False,
) -> None:
    """The ledger's contracts stand on the chain, recorded in the data folder; a recorded ledger is left as it is."""
    with errors_shown(as_json=as_json):
        settings = Settings()
        deployment, made = deploy_once(settings, key, authority_name, authority_code, as_json=as_json)
        sentence = "the ledger was deployed" if made else "the ledger is deployed already"
        facts = {
            "chain_id": deployment.chain_id,
            "block": deployment.block,
            "addresses": deployment.addresses,
        }
        show(sentence, facts, as_json=as_json)


def deploy_once(
    settings: Settings, key: str, authority_name: str, authority_code: str, *, as_json: bool = False
) -> tuple[Deployment, bool]:
    """The ledger is deployed and recorded; the deployment, and whether it was made now.

    Raises `ContractsMissing` when a record exists that does not fit the chain.
    """
    chain = connect(settings)
    try:
        if deployments.record_path(settings.deployments, chain.chain_id).exists():
            deployment = deployments.load(settings.deployments, chain.chain_id)
            try:
                deployments.verify(chain, deployment)
            except ContractsMissing as error:
                path = deployments.record_path(settings.deployments, chain.chain_id)
                raise ContractsMissing(
                    error.message, remedy=f"if that chain is gone for good, move {path} away and deploy again"
                ) from error
            return deployment, False
        signer = keystore_of(settings).open(key)
        columns = (SpinnerColumn(), TextColumn("deploying {task.description}"))
        with Progress(*columns, console=err, transient=True, disable=as_json) as progress:
            task = progress.add_task("", total=None)
            deployment = deployments.deploy(
                chain,
                signer,
                authority_name=authority_name,
                registration_hash=registration_hash(authority_code),
                progress=lambda step: progress.update(task, description=step),
            )
        deployments.save(settings.deployments, deployment)
        return deployment, True
    finally:
        chain.close()
