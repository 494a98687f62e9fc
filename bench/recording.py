"""A ledger's whole chain as a node told it: made once on anvil, kept under build/bench, and told again by a small server.

Flow: `recording` → `World` with accounts and credits → signed acts in full blocks → each block's header, logs, receipts and
`Credits.totals()` as the node's own bytes → files → `serve`, which answers JSON-RPC out of them.

Why not the chain itself: anvil keeps every block's state, so that a chain of a million events fits neither memory nor a
state file; it is written down as it is made, and forgotten. Why the same bytes for all that is measured: the server does nothing
but copy them, so what differs between two measurements is the reader's own work. A real node is slower; `node_seconds` says how
long anvil took to give the same logs when the recording was made.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Final

import coincurve
import msgspec
from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from rich.console import Console
from rich.progress import Progress
from rlp import encode as rlp_encode

from bench.world import VOLUME_GRAMS, World, filed_methodology, proposed_issuance, registered_project, world
from node_client.acts import issuance
from node_client.compiler import ROOT, compile_contracts
from node_client.deployment import Deployment
from node_client.network import anvil
from node_client.network.ganache import BLOCK_GAS_LIMIT
from node_client.rpc import Rpc

CACHE: Final = ROOT / "build" / "bench"
# Raised whenever recordings of the same seed and size would come out otherwise.
FORMAT: Final = 2
# Chains of up to so many events are kept as anvil's own state too, so that anvil itself can tell them again.
MOST_EVENTS_OF_ANVIL: Final = 50_000
BLOCKS_KEPT: Final = 300
STATE: Final = "anvil-state.json"
KINDS: Final = ("headers", "logs", "receipts", "totals")
CREDITS: Final = 12
LINES: Final = 3
BLOCK_SECONDS: Final = 2
# Of one line; each account starts with many thousand times as much of three credits.
MOST_GRAMS: Final = 50_000
GAS: Final = {"transfer": 90_000, "batch": 240_000, "retirement": 330_000, "other": 300_000}
COMPANIES: Final = (
    "哈尔滨冰雪大世界股份有限公司",
    "松北新区会展酒店",
    "太阳岛风景区管理处",
    "龙江银行股份有限公司",
)
CASES: Final = ("第四十二届哈尔滨国际冰雪节开幕式", "二〇二六年度办公运营", "国际马拉松赛", "员工通勤与差旅")
PLACES: Final = ("哈尔滨市松北区", "哈尔滨市道里区中央大街", "")
NOTES: Final = ("抵销开幕式全部的交通与用电排放", "自愿注销，不再转让", "")
_TRANSFER: Final = ("address", "address", "uint256", "uint256", "bytes")
_BATCH: Final = ("address", "address", "uint256[]", "uint256[]", "bytes")
_RETIRE: Final = ("(bytes32,uint8,bytes32,uint32,uint32,string,string,string,string,(uint256,uint64)[])",)
TOTALS: Final = "0x" + keccak(text="totals()")[:4].hex()


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorded chain: its folder, deployment, blocks, and how many logs it has."""

    folder: Path
    deployment: Deployment
    head: int
    events: int
    acts: dict[str, int]
    log_bytes: int
    node_seconds: float


def recording(events: int, seed: int = 1) -> Recording:
    """The recording of about so many events, made if need be."""
    bytecode = b"".join(artifact.bytecode for artifact in compile_contracts().values())
    code = hashlib.sha256(bytecode).hexdigest()[:12]
    folder = CACHE / f"chain-{FORMAT}-{code}-{seed}-{events}"
    if not (folder / "about.json").exists():
        shutil.rmtree(folder, ignore_errors=True)
        unfinished = folder.with_name(folder.name + ".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        kept = None if events <= MOST_EVENTS_OF_ANVIL else BLOCKS_KEPT
        with world(blocks_kept=kept) as made:
            _Maker(made, events, seed, unfinished).make()
        unfinished.rename(folder)
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    deployed = Deployment(**about.pop("deployment"))
    return Recording(folder=folder, deployment=deployed, **about)


def beginning(of: Recording, events: int) -> Recording:
    """The first blocks of a recording, with at least so many events: the same accounts and credits, and a shorter history."""
    folder = of.folder / f"first-{events}"
    files = _Files(of.folder)
    number, found = of.deployment.block - 1, 0
    while found < events:
        number += 1
        found += files.read("logs", number).count(b'"logIndex"')
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in (f"{kind}.{ending}" for kind in KINDS for ending in ("bin", "index")):
        (folder / name).symlink_to(of.folder / name)
    log_bytes = sum(files.place("logs", of.deployment.block, number))
    begun = replace(
        of, folder=folder, head=number, events=found, acts={}, log_bytes=log_bytes, node_seconds=0.0
    )
    about = {name: value for name, value in asdict(begun).items() if name != "folder"}
    (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")
    return begun


class _Sender:
    """An account that signs quickly: legacy transactions without the checks that a keystore's key makes."""

    def __init__(self, seed: str, chain_id: int) -> None:
        self._key = coincurve.PrivateKey(hashlib.sha256(seed.encode()).digest())
        self.address = to_checksum_address(keccak(self._key.public_key.format(compressed=False)[1:])[-20:])
        self._chain_id = chain_id
        self._nonce = 0

    def sign(self, to: bytes, gas: int, data: bytes) -> bytes:
        fields = [self._nonce, 0, gas, to, 0, data]
        self._nonce += 1
        signature = self._key.sign_recoverable(
            keccak(rlp_encode([*fields, self._chain_id, 0, 0])), hasher=None
        )
        r, s = (int.from_bytes(signature[start : start + 32], "big") for start in (0, 32))
        return bytes(rlp_encode([*fields, self._chain_id * 2 + 35 + signature[64], r, s]))


@functools.cache
def _selector(signature: str) -> bytes:
    return bytes(keccak(text=signature)[:4])


def _call(function: str, kinds: tuple[str, ...], *args: Any) -> bytes:
    return _selector(f"{function}({','.join(kinds)})") + encode(kinds, args)


class _Maker:
    """Makes the chain and writes it down in a folder, block by block."""

    def __init__(self, made: World, events: int, seed: int, folder: Path) -> None:
        self._made = made
        self._events = events
        self._rng = random.Random(seed)
        # A full block of a large ledger takes anvil many seconds on a busy machine.
        self._rpc = Rpc(made.ledger.chain.url, 900)
        self._deployment = made.ledger.deployment
        self._credits_address = bytes.fromhex(self._deployment.addresses["Credits"][2:])
        self._waiting: list[str] = []
        self._gas = 0
        self._acts = {"transfer": 0, "batch": 0, "retirement": 0, "other": 0}
        self._time = 0
        self._folder = folder
        self._files = {kind: (folder / f"{kind}.bin").open("wb") for kind in KINDS}
        self._offsets = {kind: array("Q", [0]) for kind in KINDS}
        self._written = self._deployment.block - 1
        self._logs, self._node_seconds = 0, 0.0

    def make(self) -> None:
        folder, chain = self._folder, self._made.ledger.chain
        tokens = self._credits()
        self._time = chain.headers(*(chain.head(),) * 2)[0].timestamp
        self._rpc.call("evm_setAutomine", False)
        senders = self._accounts(tokens)
        # Standard output is the benchmark's JSON.
        with Progress(console=Console(stderr=True)) as progress:
            task = progress.add_task(f"a chain of {self._events:,} events", total=self._events)
            for logs in self._trade(senders, tokens):
                progress.update(task, completed=logs)
            self._mine()
        self._finish()
        if self._events <= MOST_EVENTS_OF_ANVIL:
            state = self._rpc.call("anvil_dumpState")
            (folder / STATE).write_bytes(gzip.decompress(bytes.fromhex(state[2:])))
        self._rpc.close()

    def _credits(self) -> list[int]:
        project = registered_project(self._made, filed_methodology(self._made))
        tokens = []
        for year in range(CREDITS):
            number, token_id = proposed_issuance(self._made, project, year)
            issuance.confirm_issuance(self._made.ledger, self._made.parties.authority, issuance_id=number)
            tokens.append(int(token_id))
        return tokens

    def _accounts(self, tokens: list[int]) -> list[_Sender]:
        """Accounts of one member in ten each, every one with grams of three credits."""
        count = 300 + self._events // 500
        chain_id = self._deployment.chain_id
        senders = [_Sender(f"bench {place}", chain_id) for place in range(count)]
        authority, owner = self._made.parties.authority, self._made.parties.owner
        ledger = self._made.ledger
        nonces = {each.address: ledger.chain.next_nonce(each.address) for each in (authority, owner)}
        member = ledger.read("Credits", "memberCount")

        def send(signer: Any, function: str, *args: Any) -> None:
            raw = signer.sign_transaction(
                {
                    "chainId": chain_id,
                    "nonce": nonces[signer.address],
                    "gas": GAS["other"],
                    "gasPrice": 0,
                    "value": 0,
                    "to": self._deployment.addresses["Credits"],
                    "data": ledger.chain.encode("Credits", function, *args),
                }
            )
            nonces[signer.address] += 1
            self._acts["other"] += 1
            self._queue(raw, GAS["other"])

        # The buyer's kind; what makes it one does not matter here.
        for place, sender in enumerate(senders):
            if place % 10 == 0:
                member += 1
                name = f"{self._rng.choice(COMPANIES)}第{member}分公司"
                send(authority, "registerMember", 6, hashlib.sha256(name.encode()).digest(), name)
            send(authority, "openAccount", sender.address, member)
        self._mine()
        share = VOLUME_GRAMS * CREDITS // (LINES * count) * 9 // 10
        for place, sender in enumerate(senders):
            mine = [tokens[(place + line) % CREDITS] for line in range(LINES)]
            send(owner, "safeBatchTransferFrom", owner.address, sender.address, mine, [share] * LINES, b"")
        self._mine()
        self._held = [
            {tokens[(place + line) % CREDITS]: share for line in range(LINES)} for place in range(count)
        ]
        return senders

    def _trade(self, senders: list[_Sender], tokens: list[int]) -> Iterator[int]:
        """60 % transfers, 20 % transfers of three credits, 20 % retirements of one to three lines, by acts; the logs so far."""
        logs = 0
        while logs < self._events:
            place, to = self._rng.sample(range(len(senders)), 2)
            sender, receiver = senders[place], senders[to].address
            held = self._held[place]
            own = [token_id for token_id, grams in held.items() if grams >= MOST_GRAMS]
            draw = self._rng.random()
            if draw < 0.6:
                lines = self._take(held, self._rng.sample(own, 1))
                data = _call("safeTransferFrom", _TRANSFER, sender.address, receiver, *lines[0], b"")
                kind = "transfer"
            elif draw < 0.8:
                lines = self._take(held, self._rng.sample(own, LINES))
                ids, grams = zip(*lines, strict=True)
                data = _call("safeBatchTransferFrom", _BATCH, sender.address, receiver, ids, grams, b"")
                kind = "batch"
            else:
                lines = self._take(held, self._rng.sample(own, self._rng.choice((1, 1, 1, 2, 3))))
                data = _call("retire", _RETIRE, self._record(lines))
                kind = "retirement"
            if kind != "retirement":
                for token_id, grams_moved in lines:
                    self._held[to][token_id] = self._held[to].get(token_id, 0) + grams_moved
            logs += 2 if kind == "retirement" else 1
            self._acts[kind] += 1
            self._queue(sender.sign(self._credits_address, GAS[kind], data), GAS[kind])
            yield logs

    def _take(self, held: dict[int, int], chosen: list[int]) -> list[tuple[int, int]]:
        lines = []
        for token_id in chosen:
            grams = self._rng.randrange(1, MOST_GRAMS)
            held[token_id] -= grams
            lines.append((token_id, grams))
        return lines

    def _record(self, lines: list[tuple[int, int]]) -> tuple[Any, ...]:
        rng = self._rng
        return (
            rng.randbytes(32),
            rng.randrange(10),
            rng.randbytes(32),
            20_400,
            20_400 + rng.randrange(1, 90),
            f"{rng.choice(COMPANIES)}（{rng.randrange(10_000)}号）",
            rng.choice(CASES),
            rng.choice(PLACES),
            rng.choice(NOTES),
            lines,
        )

    def _queue(self, raw: bytes, gas: int) -> None:
        if self._gas + gas > BLOCK_GAS_LIMIT:
            self._mine()
        self._waiting.append("0x" + raw.hex())
        self._gas += gas

    def _mine(self) -> None:
        if self._waiting:
            self._rpc.batch("eth_sendRawTransaction", [[raw] for raw in self._waiting])
        self._time += BLOCK_SECONDS
        self._rpc.call("evm_mine", {"timestamp": self._time})
        self._waiting.clear()
        self._gas = 0
        self._write()

    def _write(self) -> None:
        """Every block mined and not yet written is."""
        chain, deployment = self._made.ledger.chain, self._deployment
        addresses = list(deployment.addresses.values())
        for number in range(self._written + 1, chain.head() + 1):
            at = hex(number)
            started = time.perf_counter()
            logs = self._told("eth_getLogs", {"fromBlock": at, "toBlock": at, "address": addresses})
            self._node_seconds += time.perf_counter() - started
            inner = logs[1:-1]
            self._logs += inner.count(b'"logIndex"')
            parts = {
                "headers": self._told("eth_getBlockByNumber", at, False),
                "logs": b"," + inner if inner else b"",
                "receipts": self._told("eth_getBlockReceipts", at),
                # The blocks before the first full one have no state any more when the chain is long.
                "totals": self._told("eth_call", {"to": deployment.addresses["Credits"], "data": TOTALS}, at),
            }
            for kind, part in parts.items():
                self._offsets[kind].append(self._offsets[kind][-1] + self._files[kind].write(part))
            self._written = number

    def _told(self, method: str, *params: Any) -> bytes:
        return bytes(_RAW.decode(self._rpc.raw(method, *params)).result)

    def _finish(self) -> None:
        for kind in KINDS:
            self._files[kind].close()
            (self._folder / f"{kind}.index").write_bytes(self._offsets[kind].tobytes())
        expected = self._acts["transfer"] + self._acts["batch"] + 2 * self._acts["retirement"]
        assert self._logs > expected, f"the chain has {self._logs} logs of {expected} and more"
        about = {
            "deployment": asdict(self._deployment),
            "head": self._written,
            "events": self._logs,
            "acts": self._acts,
            "log_bytes": self._offsets["logs"][-1],
            "node_seconds": round(self._node_seconds, 3),
        }
        (self._folder / "about.json").write_text(json.dumps(about, indent=2), encoding="utf-8")


class _Answer(msgspec.Struct):
    result: msgspec.Raw = msgspec.Raw(b"")


_RAW: Final = msgspec.json.Decoder(type=_Answer)


class _Files:
    """A recording's files, open for reading, with where each block starts."""

    def __init__(self, folder: Path) -> None:
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        self.first: int = about["deployment"]["block"]
        self.head: int = about["head"]
        self.addresses = {address.lower() for address in about["deployment"]["addresses"].values()}
        self.chain_id: int = about["deployment"]["chain_id"]
        self.files = {kind: os.open(folder / f"{kind}.bin", os.O_RDONLY) for kind in KINDS}
        self.offsets: dict[str, array[int]] = {}
        for kind in KINDS:
            self.offsets[kind] = array("Q")
            self.offsets[kind].frombytes((folder / f"{kind}.index").read_bytes())

    def place(self, kind: str, first: int, last: int) -> tuple[int, int]:
        """Where the blocks' bytes start, and how many they are."""
        of = self.offsets[kind]
        low = max(first, self.first) - self.first
        high = min(last, self.head) - self.first + 1
        return (of[low], of[high] - of[low]) if low < high else (0, 0)

    def read(self, kind: str, number: int) -> bytes:
        start, size = self.place(kind, number, number)
        return os.pread(self.files[kind], size, start) or b"null"


class _Handler(BaseHTTPRequestHandler):
    """Answers JSON-RPC from the files; logs go from the file to the socket without passing through Python."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    files: ClassVar[_Files]

    def do_POST(self) -> None:
        body = msgspec.json.decode(self.rfile.read(int(self.headers["content-length"])))
        if isinstance(body, dict) and body["method"] == "eth_getLogs":
            self._logs(body)
            return
        answers = [self._answer(each) for each in (body if isinstance(body, list) else [body])]
        self._head(len(whole := b"[" + b",".join(answers) + b"]" if isinstance(body, list) else answers[0]))
        self.wfile.write(whole)

    def _head(self, size: int) -> None:
        self.wfile.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % size
        )

    def _logs(self, body: dict[str, Any]) -> None:
        (asked,) = body["params"]
        start, size = self.files.place("logs", int(asked["fromBlock"], 16), int(asked["toBlock"], 16))
        if size:
            start, size = start + 1, size - 1
        before = b'{"jsonrpc":"2.0","id":%d,"result":[' % body["id"]
        self._head(len(before) + size + 2)
        self.wfile.write(before)
        while size:
            sent = os.sendfile(self.connection.fileno(), self.files.files["logs"], start, size)
            start, size = start + sent, size - sent
        self.wfile.write(b"]}")

    def _some_logs(self, asked: dict[str, Any]) -> bytes:
        """The logs of some of the contracts in one block."""
        assert asked["fromBlock"] == asked["toBlock"]
        inner = self.files.read("logs", int(asked["fromBlock"], 16)).removeprefix(b"null").removeprefix(b",")
        wanted = {address.lower() for address in asked["address"]}
        found = [log for log in msgspec.json.decode(b"[" + inner + b"]") if log["address"] in wanted]
        return msgspec.json.encode(found)

    def _answer(self, call: dict[str, Any]) -> bytes:
        method, params = call["method"], call["params"]
        known: dict[str, tuple[str, int]] = {
            "eth_getBlockByNumber": ("headers", 0),
            "eth_getBlockReceipts": ("receipts", 0),
            "eth_call": ("totals", 1),
        }
        if method == "eth_chainId":
            result = b'"0x%x"' % self.files.chain_id
        elif method == "eth_getLogs":
            result = self._some_logs(params[0])
        elif method == "eth_blockNumber":
            result = b'"0x%x"' % self.files.head
        elif method in known and (method != "eth_call" or params[0]["data"] == TOTALS):
            kind, place = known[method]
            result = self.files.read(kind, int(params[place], 16))
        else:
            result = b"null"
        if result == b"null" and method != "eth_getBlockByNumber":
            return b'{"jsonrpc":"2.0","id":%d,"error":{"code":-32000,"message":"not recorded"}}' % call["id"]
        return b'{"jsonrpc":"2.0","id":%d,"result":%b}' % (call["id"], result)

    def log_message(self, *_args: Any) -> None:
        """A line per call would cost more than the call."""


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """The recording's node answers at the URL, in a process of its own."""
    command = [sys.executable, "-m", "bench.recording", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@contextmanager
def serve_by_anvil(folder: Path) -> Iterator[str]:
    """Anvil itself, with the recording's chain in it, answers at the URL. It has the newest block's state only."""
    with tempfile.TemporaryDirectory(prefix="tanhui-bench-") as name:
        # anvil writes its state when it ends, so it gets a copy.
        shutil.copy(folder / STATE, Path(name) / STATE)
        try:
            yield anvil.up(Path(name)).rpc_url
        finally:
            anvil.down(Path(name))


def main() -> None:
    """Serves a recording until it is ended."""
    _Handler.files = _Files(Path(sys.argv[1]))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
