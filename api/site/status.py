"""The state of the register, of its supervision, and the settings of the ledger.

Flow: /{lang}/status, /{lang}/supervision → checkpoint, setting, supervision, the deployment record → templates.
"""

from __future__ import annotations

import time

from fastapi import APIRouter, Response
from sqlalchemy import func, select

from api.site import life, lookup
from api.site.act import subjects
from api.site.listing import LIMIT, listing
from api.site.page import Here, Page, PageRoute
from node_client import deployment as deployments
from node_client import setting, supervision, total
from node_client.database import table_of
from node_client.deployment import Deployment
from node_client.errors import ContractsMissing
from node_client.mirror import checkpoint

router = APIRouter(route_class=PageRoute)


@router.get("/status")
def status(page: Page = Here) -> Response:
    """How far the register is, and what the ledger is set to."""
    connection = page.connection
    found = checkpoint.read(connection)
    values = setting.all_values(connection)
    acts = connection.execute(select(func.max(table_of("act").c.sequence))).scalar() or 0
    return page.show(
        "status.html",
        checkpoint=found,
        deployment=None if found is None else _deployment(page, found.chain_id),
        values=values,
        operator=lookup.members(connection, [int(values["operator"])]).get(int(values["operator"])),
        acts=acts,
        sums=total.whole(connection),
    )


def _deployment(page: Page, chain_id: int) -> Deployment | None:
    """Where the contracts stand; None when this machine has no record of it."""
    known: Deployment | None = getattr(page.request.app.state, "deployment", None)
    if known is not None:
        return known
    try:
        return deployments.load(page.settings.deployments, chain_id)
    except ContractsMissing:
        return None


@router.get("/supervision")
def supervised(page: Page = Here) -> Response:
    """What is frozen or paused, and every act of supervision."""
    connection = page.connection
    now = int(time.time())
    rows = supervision.page(connection, after=page.after, limit=LIMIT)
    frozen = supervision.frozen_accounts(connection, now)
    return page.show(
        "supervision.html",
        values=setting.all_values(connection),
        accounts=frozen,
        owners=lookup.owners(connection, [row["account"] for row in frozen]),
        credits=supervision.frozen_credits(connection, now),
        listing=listing(page, rows),
        subjects=subjects(page, rows),
        fields={row["sequence"]: life.fields_of(row) for row in rows},
    )
