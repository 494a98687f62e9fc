"""The fast chain for tests and benchmarks: anvil, ten times ganache's rate, ready in a tenth of the time.

Flow: as node_client.network.ganache. The rules are london with a base fee and gas price of zero, the
contract size limit is the real one. eth_gasPrice answers 0, but eth_maxPriorityFeePerGas does not, so a
sender says `gasPrice: 0` itself instead of leaving the fee to the node. State is written to the data
folder at a clean stop only, so a chain whose state must survive a crash is a ganache.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from node_client.network import process
from node_client.network.ganache import BLOCK_GAS_LIMIT
from node_client.network.process import LOOPBACK, ChainCommand, ChainProcess, npx

NAME: Final = "anvil"
CHAIN_ID: Final = 31337


def up(
    data_folder: Path,
    port: int = 0,
    chain_id: int = CHAIN_ID,
    block_seconds: int | None = None,
    blocks_kept: int | None = None,
) -> ChainProcess:
    """An anvil chain answers on loopback; one already running with this folder is returned as it is.

    Port 0 means the former port of the folder or any free one. Without `block_seconds` each transaction is
    mined at once. Its unlocked accounts are the same on every start. With `blocks_kept` it forgets all but
    the newest state, and the transactions of all but so many of its newest blocks: a long chain fits no memory, nor a file.
    """
    state = data_folder.resolve() / "anvil-state.json"
    if state.exists() and process.running(data_folder, NAME) is None:
        _one_first_block(state)

    def arguments(chosen_port: int) -> list[str]:
        options = {
            "--host": LOOPBACK,
            "--port": str(chosen_port),
            "--chain-id": str(chain_id),
            "--hardfork": "london",
            "--gas-price": "0",
            "--block-base-fee-per-gas": "0",
            "--gas-limit": str(BLOCK_GAS_LIMIT),
            "--state": str(state),
        }
        if block_seconds:
            options["--block-time"] = str(block_seconds)
        if blocks_kept:
            options |= {"--prune-history": "1", "--transaction-block-keeper": str(blocks_kept)}
            del options["--state"]
        words = [word for pair in options.items() for word in pair]
        # Quiet, because a log line per call costs a benchmark more than the call.
        if not blocks_kept:
            words.append("--preserve-historical-states")
        return npx("anvil", *words, "--disable-min-priority-fee", "--quiet")

    return process.start(ChainCommand(NAME, chain_id, arguments), data_folder, port)


def down(data_folder: Path) -> bool:
    """No anvil runs with this folder any more; true if one did. Its state is in the folder."""
    return process.stop(data_folder, NAME)


def status(data_folder: Path) -> ChainProcess | None:
    """The anvil that runs with this folder and answers, if there is one."""
    return process.running(data_folder, NAME)


def _one_first_block(state: Path) -> None:
    # Each start makes a block 0 before it reads the state, and a stop writes that one down beside the chain's
    # own; the next start may then take either. The chain's own is the oldest.
    content = json.loads(state.read_bytes())
    firsts = [each for each in content["blocks"] if int(each["header"]["number"], 16) == 0]
    if len(firsts) > 1:
        own = min(firsts, key=lambda each: int(each["header"]["timestamp"], 16))
        content["blocks"] = [own, *(each for each in content["blocks"] if each not in firsts)]
        state.write_text(json.dumps(content), encoding="utf-8")
