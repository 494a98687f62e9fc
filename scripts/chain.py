"""tanhui chain: the development chain, ganache through npx, with its state in the data folder."""

from __future__ import annotations

from typing import Annotated

import typer

from node_client.network import ganache
from node_client.settings import Settings
from scripts.console import AsJson, errors_shown, examples, out, show

app = typer.Typer(
    help="Start and stop the development chain (ganache); its state stays in the data folder.",
    no_args_is_help=True,
)


@app.command(epilog=examples("tanhui chain up", "tanhui chain up --port 8545 --block-seconds 2"))
def up(
    port: Annotated[int, typer.Option(help="Port on loopback; 0 takes the former or a free one.")] = 0,
    chain_id: Annotated[int, typer.Option(help="Chain id of a new chain.")] = ganache.CHAIN_ID,
    block_seconds: Annotated[
        int, typer.Option(help="Seconds between blocks; 0 makes a block of each transaction at once.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """The development chain runs and answers; one that runs already is left as it is."""
    with errors_shown(as_json=as_json):
        process = ganache.up(Settings().chain_folder, port, chain_id, block_seconds or None)
        facts = {"node_url": process.rpc_url, "chain_id": process.chain_id, "pid": process.pid}
        show("the development chain runs", facts, as_json=as_json)


@app.command(epilog=examples("tanhui chain down"))
def down(as_json: AsJson = False) -> None:
    """The development chain has stopped; its state stays."""
    with errors_shown(as_json=as_json):
        stopped = ganache.down(Settings().chain_folder)
        sentence = "the development chain has stopped" if stopped else "no development chain was running"
        show(sentence, {"stopped": stopped}, as_json=as_json)


@app.command(epilog=examples("tanhui chain status"))
def status(as_json: AsJson = False) -> None:
    """Whether the development chain runs is printed; exit code 4 when it does not."""
    with errors_shown(as_json=as_json):
        process = ganache.status(Settings().chain_folder)
        if process is None:
            if not as_json:
                out.print("no development chain runs here  → tanhui chain up")
            else:
                show("", {"running": False}, as_json=True)
            raise typer.Exit(4)
        facts = {"running": True, "node_url": process.rpc_url, "chain_id": process.chain_id}
        show("the development chain runs", facts, as_json=as_json)
