"""Many calls of a node at once, each with an outcome of its own: what sending in bulk needs.

Flow: many parameters of one method → JSON-RPC batches over one kept-alive connection → a result or an `RpcError` each.
`simulate_all` and `send_all` say for each transaction whether the contract refuses it (`Refused`) or the node is only busy
(`NodeBusy`), which the same bytes outlast.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx
import msgspec
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from node_client.chain import abi_of, is_known, refusal_of
from node_client.decoding import abi_type
from node_client.errors import ChainUnreachable, NodeBusy, Refused
from node_client.rpc import RpcError

# Nodes allow more (Besu 1,024 calls a batch, geth 1,000), but one that mines each transaction as it comes must answer in time.
_BATCH: Final = 50


class Wire:
    """A node's JSON-RPC in batches; for one thread at a time."""

    def __init__(self, url: str, timeout_seconds: float = 30.0) -> None:
        self.url = url
        self._client = httpx.Client(timeout=timeout_seconds, trust_env=False)

    def close(self) -> None:
        """The connection is closed."""
        self._client.close()

    def ask(self, method: str, many: Sequence[Sequence[Any]]) -> list[Any]:
        """What became of each call, in their order: its result, or the `RpcError` that the node answered.

        Raises `ChainUnreachable` when there is no answer, or none that is one.
        """
        found: list[Any] = []
        for start in range(0, len(many), _BATCH):
            found.extend(self._batch(method, many[start : start + _BATCH]))
        return found

    def _batch(self, method: str, many: Sequence[Sequence[Any]]) -> list[Any]:
        calls = [
            {"jsonrpc": "2.0", "id": place, "method": method, "params": params}
            for place, params in enumerate(many)
        ]
        try:
            answer = self._client.post(
                self.url, content=msgspec.json.encode(calls), headers={"content-type": "application/json"}
            ).raise_for_status()
            said = {each["id"]: each for each in msgspec.json.decode(answer.content)}
            return [_outcome(method, said[place]) for place in range(len(many))]
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ChainUnreachable(
                f"the node at {self.url} does not answer: {type(error).__name__} {error}".rstrip(),
                remedy="start it (tanhui chain up) or correct TANHUI_NODE_URL",
            ) from error
        except (msgspec.DecodeError, KeyError, TypeError) as error:
            raise ChainUnreachable(
                f"the node at {self.url} answered {len(many)} calls of {method} with something else",
                remedy="check that the address is a node's JSON-RPC and allows batches",
            ) from error


def _outcome(method: str, answer: Mapping[str, Any]) -> Any:
    return RpcError(method, answer["error"]) if answer.get("error") is not None else answer["result"]


def encoded(contract_name: str, function: str, *args: Any) -> str:
    """The call data of a function with its arguments, as hex; ten times as fast as web3's."""
    selector, kinds = _signature(contract_name, function)
    return selector + encode(kinds, args).hex()


@functools.cache
def _signature(contract_name: str, function: str) -> tuple[str, tuple[str, ...]]:
    (found,) = (
        entry for entry in abi_of(contract_name) if entry["type"] == "function" and entry["name"] == function
    )
    kinds = tuple(abi_type(each) for each in found["inputs"])
    return "0x" + keccak(text=f"{function}({','.join(kinds)})")[:4].hex(), kinds


def simulate_all(
    wire: Wire, to: str, calls: Sequence[tuple[str, str, int]]
) -> list[Refused | NodeBusy | None]:
    """What the contract at `to` says now to each call of (sender, data, gas): nothing, or its refusal; or the node cannot run it.

    Raises `ChainUnreachable`.
    """
    many = [
        ({"from": sender, "to": to, "data": data, "gas": hex(gas), "gasPrice": "0x0"}, "latest")
        for sender, data, gas in calls
    ]
    return [
        (refusal_of(said) or _busy(said)) if isinstance(said, RpcError) else None
        for said in wire.ask("eth_call", many)
    ]


def send_all(wire: Wire, many: Sequence[bytes]) -> list[NodeBusy | None]:
    """Each signed transaction has been offered to the node: None where it has it, else why it does not take it now.

    A refusal by the contract, which nodes that mine at once tell here, is no trouble: the transaction is mined, and its
    receipt says so. Raises `ChainUnreachable`.
    """
    found: list[NodeBusy | None] = []
    for said in wire.ask("eth_sendRawTransaction", [("0x" + raw.hex(),) for raw in many]):
        taken = not isinstance(said, RpcError) or is_known(said) or refusal_of(said) is not None
        found.append(None if taken else _busy(said))
    return found


def _busy(error: RpcError) -> NodeBusy:
    return NodeBusy(
        f"the node does not take it now: {error}",
        remedy="it is offered again, the same bytes; look at the node's log if it lasts",
    )
