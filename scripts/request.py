"""tanhui request: what became of holders' requests, and carrying them without an API."""

from __future__ import annotations

import signal
from typing import Annotated, Any

import typer
from sqlalchemy.engine import RowMapping

from api import request as requests
from api.kinds import time_text
from api.outbox import Outbox
from api.outbox.means import relayers_of
from api.request.route import shown_request
from node_client.errors import BadInput
from node_client.remote_signer import vault_of
from node_client.settings import Settings
from scripts.api import opened_database
from scripts.console import AsJson, errors_shown, examples, show, show_rows

app = typer.Typer(help="Look at holders' requests to retire, and carry them.", no_args_is_help=True)

RequestId = Annotated[str, typer.Argument(help="Id of the request, 0x and 64 digits.")]


@app.command("list", epilog=examples("tanhui request list --state refused", "tanhui request list --json"))
def list_requests(
    state: Annotated[str, typer.Option(help="Only those in this state, such as accepted or final.")] = "",
    limit: Annotated[int, typer.Option(help="How many, at most.", min=1, max=500)] = 50,
    as_json: AsJson = False,
) -> None:
    """The newest requests of all API keys are printed."""
    with errors_shown(as_json=as_json), opened_database() as engine:
        known = (*requests.OPEN, *requests.CLOSED)
        if state and state not in known:
            raise BadInput(f"no request is ever {state!r}", remedy=f"choose of {', '.join(known)}")
        with engine.connect() as connection:
            rows = requests.page(connection, None, state=state or None, after=None, limit=limit)
        show_rows("requests", [_line(row) for row in rows], as_json=as_json)


@app.command("show", epilog=examples("tanhui request show 0x…", "tanhui request show 0x… --json"))
def show_request(request_id: RequestId, as_json: AsJson = False) -> None:
    """A request is printed with every change of its state."""
    with errors_shown(as_json=as_json), opened_database() as engine:
        with engine.connect() as connection:
            row = requests.by_id(connection, None, request_id.lower())
            if row is None:
                raise BadInput(f"there is no request {request_id}", remedy="look at tanhui request list")
            changes = requests.history(connection, row["number"])
        facts = {**shown_request(row, "en"), "relayer": row["relayer"], "nonce": row["nonce"]}
        history = [
            {"state": each["state"], "at": time_text(each["at"]), "note": each["note"]} for each in changes
        ]
        if as_json:
            show("", {**facts, "history": history}, as_json=True)
        else:
            problem = facts["problem"]
            show(
                f"request {row['request_id']}",
                {**facts, "problem": problem and problem["detail"]},
                as_json=False,
            )
            show_rows("history", history, as_json=False)


@app.command(epilog=examples("TANHUI_OUTBOX=false tanhui api serve & tanhui request carry"))
def carry(as_json: AsJson = False) -> None:
    """Requests are carried to the chain until interrupted; for an API that runs with TANHUI_OUTBOX=false."""
    with errors_shown(as_json=as_json), opened_database() as engine:
        settings = Settings()
        vault = vault_of(settings)
        relayers = list(relayers_of(settings, vault))
        outbox = Outbox(settings, engine, vault)
        signal.signal(signal.SIGTERM, lambda *_: outbox.end())
        show("carrying requests", {"relayers": relayers}, as_json=as_json)
        try:
            outbox.run()
        except KeyboardInterrupt:
            outbox.end()
        finally:
            outbox.close()
            vault.close()


def _line(row: RowMapping) -> dict[str, Any]:
    return {
        "request_id": row["request_id"],
        "state": row["state"],
        "holder": row["holder"],
        "api_key": row["key_id"],
        "created": time_text(row["created_at"]),
        "updated": time_text(row["updated_at"]),
        "tx_hash": row["tx_hash"] or "",
        "problem": requests.problem_from(row["problem"]).name if row["problem"] else "",
    }
