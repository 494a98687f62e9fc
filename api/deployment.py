"""The deployment: GET /v1/deployment, what an auditor checks the chain against."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from api.deps import At, PortalDep
from api.faults import documented
from api.kinds import Address, Answer, Hash, Id
from api.listing import detail, shown
from api.reading import Snapshot
from node_client import deployment
from node_client.errors import ContractsMissing


class Deployment(Answer):
    """Where the ledger stands: its chain, the first block that can hold an event of it, addresses, hashes of the codes."""

    chain_id: Id
    genesis_hash: Hash
    block: Id
    addresses: dict[str, Address]
    code_hashes: dict[str, Hash] = Field(description="keccak-256 of the code at each address.")


router = APIRouter(prefix="/v1", tags=["deployment"])


@router.get(
    "/deployment",
    responses={**shown(Deployment), **documented("ChainError", "MirrorEmpty")},
    response_model=None,
    summary="The deployment",
)
async def get_deployment(request: Request, portal: PortalDep, _at: Annotated[At, Query()]) -> Response:
    """Chain id, genesis block, addresses and hashes of the codes, as recorded when the ledger was deployed."""

    def find(snapshot: Snapshot) -> dict[str, Any]:
        found = deployment.load(portal.settings.deployments, snapshot.mark.chain_id)
        if found.addresses["Credits"] != snapshot.mark.credits_address:
            raise ContractsMissing(
                "the deployment record is of other contracts than the mirror", remedy="correct TANHUI_DATA"
            )
        return asdict(found)

    return await detail(portal, request, find)
