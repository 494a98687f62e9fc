"""The hashes that the contracts keep of records, made again from the rows that SQL holds.

Flow: a retirement's row and lines → the EIP-712 struct hash of contracts/Orders.sol; a correction's row → the hash of
contracts/Corrections.sol → compared with what was stored, which is in turn compared with the contract (`state`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from sqlalchemy import Connection, select

from node_client.database import table_of
from node_client.mirror.digest import rows_of
from node_client.mirror.findings import Finding

Row: TypeAlias = Mapping[str, Any]

_LINE_TYPE: Final = "Line(uint256 tokenId,uint64 grams)"
_RETIREMENT_TYPE: Final = (
    "Retirement(bytes32 retirementId,uint8 purpose,bytes32 beneficiaryHash,uint32 consumedFrom,uint32 consumedUntil,"
    "string beneficiary,string caseReference,string place,string note,Line[] lines)" + _LINE_TYPE
)


def _raw(value: str) -> bytes:
    return bytes.fromhex(value[2:])


def disagreements(connection: Connection) -> Iterator[Finding]:
    """Every retirement and correction whose texts do not give the hash that was stored with them."""
    line = table_of("retirement_line")
    for row in rows_of(connection, "retirement"):
        chosen = (
            select(line.c.token_id, line.c.grams)
            .where(line.c.sequence == row["sequence"])
            .order_by(line.c.line)
        )
        lines = [(int(token_id, 16), grams) for token_id, grams in connection.execute(chosen).all()]
        computed = "0x" + retirement_hash(row, lines).hex()
        if computed != row["record_hash"]:
            subject = f"retirement ({row['sequence']}) record_hash"
            yield Finding(
                "contract state", subject, row["record_hash"], f"{computed} by the row's own fields"
            )
    hashes = table_of("retirement")
    for row in rows_of(connection, "correction"):
        chosen_hash = select(hashes.c.record_hash).where(hashes.c.retirement_id == row["retirement_id"])
        corrected = str(connection.execute(chosen_hash).scalar())
        computed = "0x" + correction_hash(row, corrected).hex()
        if computed != row["record_hash"]:
            subject = f"correction ({row['sequence']}) record_hash"
            yield Finding(
                "contract state", subject, row["record_hash"], f"{computed} by the row's own fields"
            )


def retirement_hash(row: Row, lines: Sequence[tuple[int, int]]) -> bytes:
    """The EIP-712 struct hash of a retirement's row and lines, as contracts/Orders.sol makes it."""
    line_type = keccak(text=_LINE_TYPE)
    hashes = [keccak(encode(["bytes32", "uint256", "uint64"], [line_type, *line])) for line in lines]
    texts = _texts(row, ("beneficiary", "case_reference", "place", "note"))
    head = encode(
        ["bytes32", "bytes32", "uint8", "bytes32", "uint32", "uint32"],
        [
            keccak(text=_RETIREMENT_TYPE),
            _raw(row["retirement_id"]),
            row["purpose"],
            _raw(row["beneficiary_hash"]),
            row["consumed_from"],
            row["consumed_until"],
        ],
    )
    return keccak(head + b"".join(map(keccak, texts)) + keccak(b"".join(hashes)))


def correction_hash(row: Row, corrected_hash: str) -> bytes:
    """The hash of a correction's row, as contracts/Corrections.sol makes it."""
    texts = _texts(row, ("beneficiary", "case_reference", "place", "note", "reason"))
    fields = [_raw(row["correction_id"]), _raw(row["retirement_id"]), _raw(row["beneficiary_hash"]), *texts]
    kinds = f"(bytes32,bytes32,bytes32{',bytes' * len(texts)})"
    return keccak(encode(["bytes32", kinds], [_raw(corrected_hash), tuple(fields)]))


def _texts(row: Row, names: Sequence[str]) -> list[bytes]:
    escaped: dict[str, str] = msgspec.json.decode(row["escaped"]) if row["escaped"] else {}
    return [bytes.fromhex(escaped[name]) if name in escaped else row[name].encode("utf-8") for name in names]
