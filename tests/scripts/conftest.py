"""A scheme on a chain of its own, driven by the command line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from node_client.network import anvil as anvil_network
from tests.command_line import Scheme, new_scheme


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An anvil for the command line's tests."""
    folder = tmp_path_factory.mktemp("cli-anvil")
    yield anvil_network.up(folder).rpc_url
    anvil_network.down(folder)


@pytest.fixture(scope="module")
def scheme(tmp_path_factory: pytest.TempPathFactory, node: str) -> Scheme:
    """A development scheme, deployed and set up."""
    return new_scheme(tmp_path_factory.mktemp("scheme"), node)
