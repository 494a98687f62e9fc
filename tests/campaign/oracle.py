"""What the tables must hold, found out without the mirror: web3.py reads, plain dictionaries fold.

Flow: every log of the contracts over web3.py → eth_abi → `Oracle`: journal, holdings and totals after each block → `wrongs`:
what a database holds otherwise at the block it claims to stand at.

Of our own code only the committed ABI files are read, so a mistake of the mirror's decoding or folding is not repeated here.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from eth_abi.abi import decode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from sqlalchemy import Engine, text
from web3 import HTTPProvider, Web3

ABI = Path(__file__).resolve().parents[2] / "node_client" / "abi"
NOBODY = "0x" + "0" * 40
SUMS = (
    "issued_grams",
    "retired_grams",
    "cancelled_grams",
    "issuances",
    "retirements",
    "cancellations",
    "transfers",
)
State = tuple[int, dict[tuple[str, str], list[int]], dict[tuple[str, str], Counter[str]]]


def _kind(field: dict[str, Any]) -> str:
    """The ABI type, texts as bytes: what is not UTF-8 must be readable too."""
    if field["type"].startswith("tuple"):
        return f"({','.join(map(_kind, field['components']))}){field['type'].removeprefix('tuple')}"
    return str(field["type"]).replace("string", "bytes")


def _signature(entry: dict[str, Any]) -> str:
    def name(field: dict[str, Any]) -> str:
        if field["type"].startswith("tuple"):
            return f"({','.join(map(name, field['components']))}){field['type'].removeprefix('tuple')}"
        return str(field["type"])

    return f"{entry['name']}({','.join(map(name, entry['inputs']))})"


def _logs_hash(logs: Sequence[Any]) -> str:
    """SHA-256 over everything that a block's logs say, as the table `block` keeps it."""
    said = b"".join(
        " ".join(
            (
                str(log["logIndex"]),
                log["transactionHash"].to_0x_hex(),
                log["address"],
                " ".join(topic.to_0x_hex() for topic in log["topics"]),
                f"{len(log['data'])}\n",
            )
        ).encode()
        + bytes(log["data"])
        for log in logs
    )
    return "0x" + hashlib.sha256(said).hexdigest() if said else ""


class Oracle:
    """Everything up to the chain's present head. `acts` is the journal; `at[block]` the state after a block with logs."""

    def __init__(self, url: str, addresses: dict[str, str], first: int) -> None:
        self.first = first
        self.acts: list[tuple[Any, ...]] = []
        self.at: dict[int, State] = {}
        self.hashes: dict[int, tuple[str, str, int, str, str]] = {}
        self._locks: dict[bytes, list[Any]] = {}
        self._members: dict[str, int] = {}
        self._vintages: dict[int, int] = {}
        self._methodologies: dict[int, int] = {}
        self._holdings: dict[tuple[str, str], list[int]] = {}
        self._totals: dict[tuple[str, str], Counter[str]] = {("all", ""): Counter()}
        web3 = Web3(HTTPProvider(url))
        self.head = int(web3.eth.block_number)
        self._events = {
            (contract, keccak(text=_signature(entry))): entry
            for contract in addresses
            for entry in json.loads((ABI / f"{contract}.json").read_text(encoding="utf-8"))
            if entry["type"] == "event"
        }
        names = {address.lower(): name for name, address in addresses.items()}
        for number in range(first, self.head + 1):
            block = web3.eth.get_block(number)
            logs = web3.eth.get_logs(
                {"fromBlock": number, "toBlock": number, "address": list(addresses.values())}  # type: ignore[typeddict-item]
            )
            self.hashes[number] = (
                block["hash"].to_0x_hex(),
                block["parentHash"].to_0x_hex(),
                block["timestamp"],
                block["receiptsRoot"].to_0x_hex(),
                _logs_hash(logs),
            )
            for log in logs:
                self._take(log, names[log["address"].lower()], block["timestamp"])
            self.at[number] = (len(self.acts), deepcopy(self._holdings), deepcopy(self._totals))

    def _take(self, log: Any, contract: str, timestamp: int) -> None:
        entry = self._events[contract, bytes(log["topics"][0])]
        if contract == "Roles" or entry["name"] == "AuthorityUpdated":
            return
        self.acts.append(
            (
                len(self.acts) + 1,
                log["blockNumber"],
                log["logIndex"],
                log["transactionHash"].to_0x_hex(),
                timestamp,
                contract,
                entry["name"],
            )
        )
        indexed = [field for field in entry["inputs"] if field["indexed"]]
        plain = [field for field in entry["inputs"] if not field["indexed"]]
        values = {
            field["name"]: decode([_kind(field)], bytes(topic))[0]
            for field, topic in zip(indexed, log["topics"][1:], strict=True)
        }
        data = decode([_kind(field) for field in plain], bytes(log["data"]))
        values |= {field["name"]: value for field, value in zip(plain, data, strict=True)}
        fold = getattr(self, "_on" + re.sub(r"([A-Z])", r"_\1", entry["name"]).lower(), None)
        if fold is not None:
            fold(values, timestamp)

    def _shift(self, account: str, token: int, *, free: int = 0, locked: int = 0, retired: int = 0) -> None:
        held = self._holdings.setdefault((to_checksum_address(account), f"0x{token:064x}"), [0, 0, 0])
        for place, grams in enumerate((free, locked, retired)):
            held[place] += grams

    def _count(self, keys: set[tuple[str, str]], **sums: int) -> None:
        for key in keys:
            self._totals.setdefault(key, Counter()).update(sums)

    def _times(self, timestamp: int) -> set[tuple[str, str]]:
        moment = datetime.fromtimestamp(timestamp, UTC)
        return {("all", ""), ("day", f"{moment:%Y-%m-%d}"), ("minute", f"{moment:%Y-%m-%dT%H:%MZ}")}

    def _kinds(self, token: int) -> set[tuple[str, str]]:
        project = token >> 128
        return {
            ("project", str(project)),
            ("methodology", str(self._methodologies[project])),
            ("vintage", str(self._vintages[token])),
        }

    def _member(self, account: str) -> set[tuple[str, str]]:
        return {("member", str(self._members[account.lower()]))}

    def _on_account_opened(self, event: dict[str, Any], _: int) -> None:
        self._members[event["account"].lower()] = event["memberId"]

    def _on_project_submitted(self, event: dict[str, Any], _: int) -> None:
        self._methodologies[event["projectId"]] = event["submission"][0]

    def _on_issuance_proposed(self, event: dict[str, Any], _: int) -> None:
        self._vintages[event["tokenId"]] = event["vintage"]

    def _on_credit_issued(self, event: dict[str, Any], timestamp: int) -> None:
        self._shift(event["holder"], event["tokenId"], free=event["grams"])
        keys = self._times(timestamp) | self._kinds(event["tokenId"]) | self._member(event["holder"])
        self._count(keys, issued_grams=event["grams"], issuances=1)

    def _on_credits_cancelled(self, event: dict[str, Any], timestamp: int) -> None:
        grams, lock = event["grams"], self._locks.get(event["lockId"])
        self._shift(
            event["holder"], event["tokenId"], free=0 if lock else -grams, locked=-grams if lock else 0
        )
        keys = self._times(timestamp) | self._kinds(event["tokenId"]) | self._member(event["holder"])
        self._count(keys, cancelled_grams=grams, cancellations=1)

    def _on_credits_retired(self, event: dict[str, Any], timestamp: int) -> None:
        lines = event["record"][-1]
        sums: Counter[tuple[str, str]] = Counter()
        for token, grams in lines:
            self._shift(event["holder"], token, free=-grams, retired=grams)
            for key in self._kinds(token):
                sums[key] += grams
        whole = (
            self._times(timestamp) | self._member(event["holder"]) | {("purpose", str(event["record"][1]))}
        )
        for key in whole:
            sums[key] = sum(grams for _, grams in lines)
        for key, grams in sums.items():
            self._count({key}, retired_grams=grams, retirements=1)

    def _move(self, event: dict[str, Any], lines: list[tuple[int, int]], timestamp: int) -> None:
        if NOBODY in (event["from"], event["to"]):
            return
        self._count(self._times(timestamp), transfers=1)
        for token, grams in lines:
            if grams:
                self._shift(event["from"], token, free=-grams)
                self._shift(event["to"], token, free=grams)

    def _on_transfer_single(self, event: dict[str, Any], timestamp: int) -> None:
        self._move(event, [(event["id"], event["value"])], timestamp)

    def _on_transfer_batch(self, event: dict[str, Any], timestamp: int) -> None:
        self._move(event, list(zip(event["ids"], event["values"], strict=True)), timestamp)

    def _on_credits_locked(self, event: dict[str, Any], _: int) -> None:
        self._locks[event["lockId"]] = [event["holder"], event["tokenId"]]
        self._shift(event["holder"], event["tokenId"], free=-event["grams"], locked=event["grams"])

    def _unlock(self, event: dict[str, Any], _: int) -> None:
        holder, token = self._locks[event["lockId"]]
        self._shift(holder, token, free=event["grams"], locked=-event["grams"])

    _on_lock_released = _on_lock_delivered = _on_lock_retired = _unlock


def wrongs(engine: Engine, oracle: Oracle) -> list[str]:
    """What the database holds otherwise than the oracle at the database's own block; nothing when all is right."""
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            # A COMMIT that a killed mirror had sent may still be on its way; all is read of one state.
            connection.execution_options(isolation_level="REPEATABLE READ")

        def rows(query: str) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in connection.execute(text(query))]

        found = rows("SELECT block, block_hash, sequence FROM checkpoint")
        headers = rows(
            "SELECT number, hash, parent_hash, timestamp, receipts_root, logs_hash FROM block ORDER BY number"
        )
        acts = rows(
            "SELECT sequence, block, log_index, tx_hash, timestamp, contract, event FROM act ORDER BY sequence"
        )
        holdings = {
            row[:2]: list(row[2:])
            for row in rows("SELECT account, token_id, free, locked, retired FROM holding")
        }
        totals = {row[:2]: row[2:] for row in rows(f"SELECT dimension, key, {', '.join(SUMS)} FROM total")}
    if not found or not found[0][1]:
        return ["rows before the first block"] if headers or acts or holdings else []
    block, block_hash, sequence = found[0]
    count, expected_holdings, expected_totals = oracle.at[block]
    said = []
    if (block_hash, sequence) != (oracle.hashes[block][0], count):
        said.append(f"the checkpoint says {sequence} acts at block {block} {block_hash}, the oracle {count}")
    if headers != [(number, *oracle.hashes[number]) for number in range(oracle.first, block + 1)]:
        said.append(f"the headers up to block {block}, or the logs folded of them, are not the chain's")
    if acts != oracle.acts[:count]:
        at = next(
            (place for place, pair in enumerate(zip(acts, oracle.acts, strict=False)) if pair[0] != pair[1]),
            -1,
        )
        said.append(f"{len(acts)} acts, the oracle {count}; the first other one is at place {at}")
    if holdings != expected_holdings:
        said.append(f"holdings are {holdings}, the oracle's {expected_holdings}")
    sums = {key: tuple(counter[name] for name in SUMS) for key, counter in expected_totals.items()}
    if totals != sums:
        said.append(f"totals are {totals}, the oracle's {sums}")
    return said
