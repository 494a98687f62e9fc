"""The development chain: ganache through npx, with its state kept in a data folder.

Flow: `up` → node_client.network.process starts `npx --no-install ganache-cli`, or finds it running →
`down` ends it. The state survives a restart, even after kill -9 (`--database.dbPath`).

Gas costs nothing here, as on the scheme's own network: any account can send without funds. Ganache allows
that only up to the berlin rules, because its base fee cannot be set from london on. Contracts compiled
for london run on berlin as long as they do not read block.basefee, and none of ours does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from node_client.network import process
from node_client.network.process import LOOPBACK, ChainCommand, ChainProcess, npx

NAME: Final = "ganache"
CHAIN_ID: Final = 1337
BLOCK_GAS_LIMIT: Final = 30_000_000


def up(
    data_folder: Path, port: int = 0, chain_id: int = CHAIN_ID, block_seconds: int | None = None
) -> ChainProcess:
    """A ganache chain answers on loopback; one already running with this folder is returned as it is.

    Port 0 means the former port of the folder or any free one. Without `block_seconds` each transaction is
    mined at once, before its hash is returned. Its unlocked accounts are the same on every start.
    """

    def arguments(chosen_port: int) -> list[str]:
        options = {
            "--server.host": LOOPBACK,
            "--server.port": str(chosen_port),
            "--chain.chainId": str(chain_id),
            "--chain.networkId": str(chain_id),
            "--chain.hardfork": "berlin",
            "--miner.defaultGasPrice": "0",
            "--miner.blockGasLimit": str(BLOCK_GAS_LIMIT),
            "--miner.callGasLimit": str(BLOCK_GAS_LIMIT),
            "--miner.blockTime": str(block_seconds or 0),
            "--database.dbPath": str(data_folder.resolve() / "ganache"),
        }
        # Without --wallet.deterministic a restart on the same state would show other accounts.
        return npx(
            "ganache-cli", "--wallet.deterministic", *(word for pair in options.items() for word in pair)
        )

    return process.start(ChainCommand(NAME, chain_id, arguments), data_folder, port)


def down(data_folder: Path) -> bool:
    """No ganache runs with this folder any more; true if one did. The state stays."""
    return process.stop(data_folder, NAME)


def status(data_folder: Path) -> ChainProcess | None:
    """The ganache that runs with this folder and answers, if there is one."""
    return process.running(data_folder, NAME)
