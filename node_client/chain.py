"""The chain as seen through one node: reads, simulated calls, signed transactions. The only module that knows web3.

Flow of a read: `call` → web3 encodes by ABI → the node answers for one block → values with the ABI's names.
Flow of an act: `simulate` → the node runs it without keeping it → a refusal comes back as the error's own class;
`send_raw` → `receipt`.
Bulk reads (`headers`, `logs`) go past web3 over node_client.rpc.
"""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from eth_abi.abi import decode as abi_decode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from web3 import Web3
from web3.contract import Contract
from web3.providers.base import BaseProvider

from node_client.decoding import abi_type
from node_client.errors import ChainMismatch, ChainUnreachable, NodeBusy, Refused, TransactionLost
from node_client.proof import NodeHeader, NodeLog, NodeReceipt
from node_client.refusal import refuse
from node_client.rpc import Answer, Rpc, RpcError

T = TypeVar("T")

ABI_FOLDER: Final = Path(__file__).parent / "abi"
GAS_LIMIT: Final = 12_000_000
# Method not found, by the standard, by nodes that say unsupported, and by ganache, which lacks eth_getBlockReceipts.
_NO_SUCH_METHOD: Final = frozenset({-32601, -32004, -32700})
# Blocks whose receipts one answer holds; a full block's are hundreds of kilobytes.
_RECEIPTS_AT_ONCE: Final = 8
_ERROR_STRING: Final = bytes.fromhex("08c379a0")
_PANIC: Final = bytes.fromhex("4e487b71")


# Structs of msgspec rather than dataclasses: frozen all the same, and made in a tenth of the time.
class Header(msgspec.Struct, frozen=True):
    """A block's header; hashes and bloom as lower-case hex, time in Unix seconds, `told` in the node's own words."""

    number: int
    hash: str
    parent_hash: str
    timestamp: int
    receipts_root: str
    logs_bloom: str
    gas_used: int
    told: NodeHeader


class Log(msgspec.Struct, frozen=True, gc=False):
    """One log as the node gave it; hashes and topics lower-case hex, address checksummed."""

    block: int
    block_hash: str
    tx_hash: str
    log_index: int
    address: str
    topics: tuple[str, ...]
    data: bytes


_LOGS: Final = msgspec.json.Decoder(Answer[list[NodeLog]])
_LOGS_OF_EACH: Final = msgspec.json.Decoder(list[Answer[list[NodeLog]]])
_RECEIPTS: Final = msgspec.json.Decoder(list[Answer[list[NodeReceipt] | None]])
_RECEIPT: Final = msgspec.json.Decoder(list[Answer[NodeReceipt | None]])
_HEADERS: Final = msgspec.json.Decoder(list[Answer[NodeHeader | None]])


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a transaction. `ok` is false when a contract refused it."""

    tx_hash: str
    block: int
    ok: bool
    gas_used: int
    contract_address: str | None
    logs: tuple[Log, ...]


@functools.cache
def abi_of(contract_name: str) -> tuple[dict[str, Any], ...]:
    """The ABI of one of the ledger's contracts, from the committed files."""
    return tuple(json.loads((ABI_FOLDER / f"{contract_name}.json").read_text(encoding="utf-8")))


@functools.cache
def _errors_by_selector() -> Mapping[bytes, dict[str, Any]]:
    found: dict[bytes, dict[str, Any]] = {}
    for path in sorted(ABI_FOLDER.glob("*.json")):
        for entry in abi_of(path.stem):
            if entry["type"] == "error":
                signature = f"{entry['name']}({','.join(field['type'] for field in entry['inputs'])})"
                found[keccak(text=signature)[:4]] = entry
    return found


def decode_refusal(data: bytes) -> Refused:
    """The refusal that revert data stands for, whatever it is."""
    entry = _errors_by_selector().get(data[:4])
    if entry is not None:
        values = abi_decode([field["type"] for field in entry["inputs"]], data[4:])
        arguments = {
            field["name"]: _readable(field["type"], value)
            for field, value in zip(entry["inputs"], values, strict=True)
        }
        return refuse(entry["name"], arguments)
    if data[:4] == _ERROR_STRING:
        return refuse("", {"reason": abi_decode(["string"], data[4:])[0]})
    if data[:4] == _PANIC:
        return refuse("", {"panic": hex(abi_decode(["uint256"], data[4:])[0])})
    return refuse("", {"data": "0x" + data.hex()} if data else {})


def refusal_of(error: RpcError) -> Refused | None:
    """The contract's refusal that a node tells of; None when the trouble is the node's own."""
    revert = _revert_data(error.data)
    if revert is None and "revert" not in str(error).lower():
        return None
    return decode_refusal(revert or b"")


def is_known(error: RpcError) -> bool:
    """Whether a node refuses a transaction only because it has it already."""
    words = ("already known", "known transaction", "already imported")
    return any(each in str(error).lower() for each in words)


def _readable(kind: str, value: Any) -> Any:
    if kind == "address":
        return to_checksum_address(value)
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return value


class Chain:
    """One node of one chain.

    Raises `ChainUnreachable` when the node does not answer, `ChainMismatch` when it is on another chain than asked for.
    """

    def __init__(self, url: str, *, expected_chain_id: int = 0, timeout_seconds: float = 60.0) -> None:
        if not url.startswith(("http://", "https://")):
            raise ChainUnreachable(
                f"{url!r} is no address of a node", remedy="give one such as http://127.0.0.1:8545"
            )
        self.url = url
        self.rpc = Rpc(url, timeout_seconds)
        # For encoding and decoding by ABI; what is asked of the node goes over `rpc`.
        self._web3 = Web3(BaseProvider())
        try:
            self.chain_id = int(self._ask("eth_chainId"), 16)
        except BaseException:
            self.close()
            raise
        if expected_chain_id and self.chain_id != expected_chain_id:
            self.close()
            raise ChainMismatch(
                f"the node at {url} is on chain {self.chain_id}, not {expected_chain_id}",
                remedy="correct TANHUI_NODE_URL or TANHUI_CHAIN_ID",
            )

    def close(self) -> None:
        """The connection is closed."""
        self.rpc.close()

    def head(self) -> int:
        """Number of the node's newest block."""
        return int(self._ask("eth_blockNumber"), 16)

    def headers(self, first: int, last: int) -> list[Header]:
        """The headers of the blocks first to last, both included, in order.

        Raises `ChainUnreachable` when the node lacks one of them.
        """
        numbers = range(first, last + 1)
        asked = [[hex(number), False] for number in numbers]
        answers = self._told(lambda: self.rpc.read_batch(_HEADERS, "eth_getBlockByNumber", asked))
        return [self._header(number, raw) for number, raw in zip(numbers, answers, strict=True)]

    def logs(self, first: int, last: int, addresses: Sequence[str]) -> list[Log]:
        """Every log of the addresses in the blocks first to last, as the node orders them."""
        asked = {"fromBlock": hex(first), "toBlock": hex(last), "address": list(addresses)}
        return self._told(lambda: read_logs(self.rpc.read(_LOGS, "eth_getLogs", asked)))

    def logs_of_blocks(self, asked: Mapping[int, Sequence[str]]) -> dict[int, list[Log]]:
        """Every log of some addresses in each of some blocks, asked for block by block in one go."""
        filters = [
            [{"fromBlock": hex(block), "toBlock": hex(block), "address": list(addresses)}]
            for block, addresses in asked.items()
        ]
        found = self._told(
            lambda: [read_logs(raw) for raw in self.rpc.read_batch(_LOGS_OF_EACH, "eth_getLogs", filters)]
        )
        return dict(zip(asked, found, strict=True))

    def receipts(self, blocks: Sequence[int]) -> list[list[NodeReceipt]]:
        """Every receipt of each of the blocks in its order, in the node's own words.

        Raises `ChainUnreachable` when the node lacks one of them.
        """
        found = self._told(lambda: self._receipts(blocks))
        for block, receipts in zip(blocks, found, strict=True):
            if receipts is None:
                raise ChainUnreachable(
                    f"the node at {self.url} has no receipts of block {block}",
                    remedy="use a node that keeps them",
                )
        return [receipts for receipts in found if receipts is not None]

    def _receipts(self, blocks: Sequence[int]) -> list[list[NodeReceipt] | None]:
        try:
            asked = [[hex(block)] for block in blocks]
            return self.rpc.read_batch(_RECEIPTS, "eth_getBlockReceipts", asked, _RECEIPTS_AT_ONCE)
        except RpcError as error:
            if error.code not in _NO_SUCH_METHOD:
                raise
        found: list[list[NodeReceipt] | None] = []
        for block in blocks:
            hashes = self.rpc.call("eth_getBlockByNumber", hex(block), False)["transactions"]
            each = self.rpc.read_batch(
                _RECEIPT, "eth_getTransactionReceipt", [[tx_hash] for tx_hash in hashes]
            )
            found.append([receipt for receipt in each if receipt is not None])
        return found

    def code_hash(self, address: str) -> str:
        """keccak-256 of the code at an address; of nothing when there is none."""
        return "0x" + keccak(hexstr=self._ask("eth_getCode", address, "latest")).hex()

    def call(
        self, address: str, contract_name: str, function: str, *args: Any, block: int | None = None
    ) -> Any:
        """The answer of a view function at the end of a block (newest by default); structs as named tuples.

        Raises `Refused` when the contract reverts.
        """
        bound = self.contract(address, contract_name).get_function_by_name(function)(*args)
        request = {"to": address, "data": bound._encode_transaction_data()}  # noqa: SLF001
        where = "latest" if block is None else hex(block)
        raw = self._run("eth_call", request, where)
        outputs = bound.abi["outputs"]
        values = self._web3.codec.decode([abi_type(output) for output in outputs], bytes.fromhex(raw[2:]))
        named = [_name(output, value) for output, value in zip(outputs, values, strict=True)]
        return named[0] if len(named) == 1 else tuple(named)

    def encode(self, contract_name: str, function: str, *args: Any) -> str:
        """The call data of a function with its arguments, as hex."""
        return str(self.contract(None, contract_name).encode_abi(function, args=list(args)))

    def encode_deployment(self, contract_name: str, bytecode: bytes, *args: Any) -> str:
        """The data of a transaction that deploys a contract, as hex."""
        factory = self._web3.eth.contract(abi=list(abi_of(contract_name)), bytecode=bytecode)
        return str(factory.constructor(*args).data_in_transaction)

    def contract(self, address: str | None, contract_name: str) -> Contract:
        """web3's view of one of the ledger's contracts."""
        return _contract(self._web3, address, contract_name)

    def foreign_contract(self, abi: list[dict[str, Any]]) -> Contract:
        """web3's view of a contract that is not the ledger's, to encode calls of it."""
        return self._web3.eth.contract(abi=abi)  # type: ignore[return-value]

    def simulate(self, sender: str, to: str | None, data: str, block: int | None = None) -> None:
        """The act would succeed on the present state; else its `Refused` is raised."""
        request = {"from": sender, "data": data, "gas": hex(GAS_LIMIT), "gasPrice": "0x0"}
        if to is not None:
            request["to"] = to
        self._run("eth_call", request, "latest" if block is None else hex(block))

    def next_nonce(self, account: str) -> int:
        """The nonce that the account's next transaction must have, with those pending counted."""
        return int(self._ask("eth_getTransactionCount", account, "pending"), 16)

    def send_raw(self, raw: bytes) -> str:
        """The node has taken the signed transaction; its hash.

        A transaction the node has already is no error. Raises the contract's `Refused` where a node that mines at once says
        it here, and `NodeBusy` with the node's words when it does not take the transaction now.
        """
        tx_hash = "0x" + keccak(raw).hex()
        try:
            self.rpc.call("eth_sendRawTransaction", "0x" + raw.hex())
        except RpcError as error:
            if is_known(error) or self._receipt(tx_hash) is not None:
                return tx_hash
            refusal = refusal_of(error)
            if refusal is not None:
                raise refusal from error
            raise NodeBusy(
                f"the node does not take the transaction now: {error}",
                remedy="look at the node's log, then repeat the act",
            ) from error
        return tx_hash

    def receipt(self, tx_hash: str, timeout_seconds: float = 120.0) -> Receipt:
        """The receipt of a transaction, waited for.

        Raises `TransactionLost` when none has come in time.
        """
        deadline = time.monotonic() + timeout_seconds
        pause = 0.002
        while time.monotonic() < deadline:
            found = self._receipt(tx_hash)
            if found is not None:
                return found
            time.sleep(pause)
            pause = min(pause * 2, 0.5)
        raise TransactionLost(
            f"no receipt of {tx_hash} within {timeout_seconds:.0f} s",
            remedy="it may still be mined: look at the state before you repeat the act",
        )

    def _receipt(self, tx_hash: str) -> Receipt | None:
        raw = self._ask("eth_getTransactionReceipt", tx_hash)
        if not raw or not raw.get("blockNumber"):
            return None
        created = raw.get("contractAddress")
        return Receipt(
            tx_hash=tx_hash,
            block=int(raw["blockNumber"], 16),
            ok=int(raw["status"], 16) == 1,
            gas_used=int(raw["gasUsed"], 16),
            contract_address=to_checksum_address(created) if created else None,
            logs=tuple(_log(log) for log in raw["logs"]),
        )

    def _run(self, method: str, *params: Any) -> str:
        """A simulated execution; a revert is raised as its refusal."""
        try:
            return str(self.rpc.call(method, *params))
        except RpcError as error:
            refusal = refusal_of(error)
            if refusal is not None:
                raise refusal from error
            raise ChainUnreachable(
                f"the node at {self.url} could not run the call: {error}",
                remedy="look at the node's log; for an old block it may lack the state",
            ) from error

    def _ask(self, method: str, *params: Any) -> Any:
        return self._told(lambda: self.rpc.call(method, *params))

    def _told(self, ask: Callable[[], T]) -> T:
        """What the node says. Raises `ChainUnreachable` when it says no, or something that makes no sense."""
        try:
            return ask()
        except RpcError as error:
            raise ChainUnreachable(
                f"the node at {self.url} refused {error}",
                remedy="look at the node's log and its RPC settings",
            ) from error
        except ValueError as error:
            raise ChainUnreachable(
                f"the node at {self.url} answers nonsense: {error}", remedy="look at the node's log"
            ) from error

    def _header(self, number: int, raw: NodeHeader | None) -> Header:
        if raw is None or int(raw.number, 16) != number:
            raise ChainUnreachable(
                f"the node at {self.url} has no block {number}", remedy="wait until it has caught up"
            )
        return Header(
            number=number,
            hash=raw.hash.lower(),
            parent_hash=raw.parent_hash.lower(),
            timestamp=int(raw.timestamp, 16),
            receipts_root=raw.receipts_root.lower(),
            logs_bloom=raw.logs_bloom.lower(),
            gas_used=int(raw.gas_used or "0x0", 16),
            told=raw,
        )


@functools.lru_cache(maxsize=64)
def _contract(web3: Web3, address: str | None, contract_name: str) -> Contract:
    abi = list(abi_of(contract_name))
    if address is None:
        return web3.eth.contract(abi=abi)  # type: ignore[return-value]
    return web3.eth.contract(address=to_checksum_address(address), abi=abi)


@functools.lru_cache(maxsize=1024)
def _checksummed(address: str) -> str:
    # Checksumming costs a hash; logs come from a handful of contracts.
    return str(to_checksum_address(address))


def read_logs(raw_logs: list[NodeLog]) -> list[Log]:
    """The logs in our words. Raises ValueError for what is no hexadecimal text."""
    # The logs of a block and of a transaction share their texts.
    shared: dict[str, Any] = {}
    unhex = bytes.fromhex
    found = []
    for raw in raw_logs:
        block, block_hash, tx_hash = raw.block_number, raw.block_hash, raw.transaction_hash
        if block not in shared:
            shared[block] = int(block, 16)
        if block_hash not in shared:
            shared[block_hash] = block_hash.lower()
        if tx_hash not in shared:
            shared[tx_hash] = tx_hash.lower()
        topics = raw.topics
        if not "".join(topics).islower():
            topics = tuple(topic.lower() for topic in topics)
        found.append(
            Log(
                shared[block],
                shared[block_hash],
                shared[tx_hash],
                int(raw.log_index, 16),
                _checksummed(raw.address),
                topics,
                unhex(raw.data[2:]),
            )
        )
    return found


def _log(raw: Mapping[str, Any]) -> Log:
    return Log(
        block=int(raw["blockNumber"], 16),
        block_hash=raw["blockHash"].lower(),
        tx_hash=raw["transactionHash"].lower(),
        log_index=int(raw["logIndex"], 16),
        address=_checksummed(raw["address"]),
        topics=tuple(topic.lower() for topic in raw["topics"]),
        data=bytes.fromhex(raw["data"][2:]),
    )


def _revert_data(data: Any) -> bytes | None:
    """The bytes a contract reverted with, out of the several shapes in which nodes give them."""
    if isinstance(data, Mapping):
        data = data.get("result") or data.get("data") or data.get("originalError", {}).get("data")
    if isinstance(data, str):
        text = data.removeprefix("Reverted ")
        if text.startswith("0x"):
            try:
                return bytes.fromhex(text[2:])
            except ValueError:
                return None
    return None


def _name(output: Mapping[str, Any], value: Any) -> Any:
    """Structs as dictionaries by field name, addresses checksummed; all else as it is."""
    kind: str = output["type"]
    if kind == "tuple":
        parts = zip(output["components"], value, strict=True)
        return {component["name"]: _name(component, part) for component, part in parts}
    if kind.endswith("[]"):
        inner = {**output, "type": kind[:-2]}
        return [_name(inner, part) for part in value]
    return to_checksum_address(value) if kind == "address" else value
