"""Make, run and check networks: development chains here, consortium engines beside them."""

from node_client.network.process import ChainProcess, NetworkFailed

__all__ = ["ChainProcess", "NetworkFailed"]
