"""Gas of whole transactions: the ledger's acts against OpenZeppelin's bare ERC-1155, both measured in this run on anvil.

    python -m bench.gas

Prints JSON: each act's gas from its receipt, its bar, and the ratio to what it is held against. Exit code 1 over a bar.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import solcx

from bench.world import World, filed_methodology, proposed_issuance, registered_project, text_hash, world
from node_client.acts import issuance, retirement, transfer
from node_client.chain import Receipt
from node_client.compiler import ROOT
from node_client.orders import Line, Retirement, retirement_order
from node_client.signer import Signer

LINES = 6
TEXTS = (
    "哈尔滨市冰雪大世界股份有限公司",
    "第四十二届哈尔滨国际冰雪节开幕",
    "哈尔滨市松北区太阳岛风景区西侧",
    "抵销开幕式全部的交通与用电排放",
)
# From the issue; Toucan's figure is of its public contracts, measured elsewhere.
TOUCAN_RETIRE_WITH_CERTIFICATE = 522_730
BARS = {
    "transfer_known_holder": 58_000,
    "retire_one_line": 92_000,
    "further_line": 19_000,
    "issue_confirm": 190_000,
}


def main() -> int:
    """The table is printed; 1 when an act needs more than its bar."""
    with world() as made:
        gas = _ledger(made)
        bare = _bare(made)
    held_against = {
        "transfer_known_holder": bare["transfer_known_holder"],
        "transfer_new_holder": bare["transfer_new_holder"],
        "retire_one_line": bare["retire_with_certificate"],
        "retire_by_order": bare["retire_with_certificate"],
        "issue_confirm": bare["mint_new"],
    }
    rows: list[dict[str, Any]] = [
        {
            "act": act,
            "gas": used,
            "bar": BARS.get(act),
            "share_of_bar": round(used / BARS[act], 3) if act in BARS else None,
            "ratio_to_bare": round(used / held_against[act], 2) if act in held_against else None,
        }
        for act, used in gas.items()
    ]
    within = all(row["bar"] is None or row["gas"] <= row["bar"] for row in rows)
    body = {
        "benchmark": "gas",
        "acts": rows,
        "bare_erc1155": bare,
        "retire_share_of_toucan": round(gas["retire_one_line"] / TOUCAN_RETIRE_WITH_CERTIFICATE, 3),
        "within_bars": within,
    }
    print(json.dumps(body, indent=2))
    return 0 if within else 1


def _ledger(made: World) -> dict[str, int]:
    ledger, parties = made.ledger, made.parties
    project_id = registered_project(made, filed_methodology(made))
    credits_: list[int] = []
    confirmed: Receipt | None = None
    for year in range(LINES):
        number, token_id = proposed_issuance(made, project_id, year)
        confirmed = issuance.confirm_issuance(ledger, parties.authority, issuance_id=number)
        credits_.append(token_id)
    assert confirmed is not None

    def move(token_id: int) -> Receipt:
        return transfer.transfer(
            ledger, parties.owner, to=parties.buyer.address, token_id=token_id, grams=100_000_000_000
        )

    new = [move(token_id) for token_id in credits_][-1]
    known = move(credits_[0])

    def record(name: str, tokens: list[int]) -> Retirement:
        return Retirement(
            text_hash(name),
            1,
            tuple(Line(token_id, 9_600_000) for token_id in tokens),
            beneficiary=TEXTS[0],
            beneficiary_hash=text_hash("code"),
            consumed_from=20_000,
            consumed_until=20_010,
            case_reference=TEXTS[1],
            place=TEXTS[2],
            note=TEXTS[3],
        )

    # Twice each, so that the second is by a holder with earlier retirements of the same credits.
    one = [retirement.retire(ledger, parties.buyer, record(f"one {n}", credits_[:1])) for n in (1, 2)][-1]
    many = [retirement.retire(ledger, parties.buyer, record(f"many {n}", credits_)) for n in (1, 2)][-1]
    by_order = record("by order", credits_[:1])
    deadline = 2**40
    typed = retirement_order(
        ledger.deployment, holder=parties.buyer.address, deadline=deadline, retirement=by_order
    )
    carried = retirement.carry_retirement(
        ledger,
        made.keystore.open("relayer"),
        holder=parties.buyer.address,
        deadline=deadline,
        retirement=by_order,
        signature=parties.buyer.sign_typed_data(typed),
    )
    return {
        "transfer_known_holder": known.gas_used,
        "transfer_new_holder": new.gas_used,
        "retire_one_line": one.gas_used,
        "further_line": -(-(many.gas_used - one.gas_used) // (LINES - 1)),
        "retire_six_lines": many.gas_used,
        "retire_by_order": carried.gas_used,
        "issue_confirm": confirmed.gas_used,
    }


def _bare(made: World) -> dict[str, int]:
    """OpenZeppelin's ERC-1155 with nothing around it, deployed on the same chain."""
    chain, owner, buyer = made.ledger.chain, made.parties.owner, made.parties.buyer
    settings = json.loads((ROOT / "contracts" / "compiler.json").read_text(encoding="utf-8"))
    settings.pop("version")
    output = solcx.compile_standard(
        {
            "language": "Solidity",
            "sources": {"bench/Bare.sol": {"urls": ["bench/Bare.sol"]}},
            "settings": {**settings, "outputSelection": {"*": {"*": ["abi", "evm.bytecode.object"]}}},
        },
        solc_binary=ROOT / "bin" / "solc",
        base_path=ROOT,
        allow_paths=ROOT,
    )["contracts"]["bench/Bare.sol"]["Bare"]
    contract = chain.foreign_contract(output["abi"])

    def send(signer: Signer, to: str | None, data: str) -> Receipt:
        raw = signer.sign_transaction(
            {
                "chainId": chain.chain_id,
                "nonce": chain.next_nonce(signer.address),
                "gas": 8_000_000,
                "gasPrice": 0,
                "value": 0,
                "data": data,
                **({"to": to} if to else {}),
            }
        )
        receipt = chain.receipt(chain.send_raw(raw))
        assert receipt.ok, f"the bare contract refused {data[:10]}"
        return receipt

    address = send(owner, None, "0x" + output["evm"]["bytecode"]["object"]).contract_address

    def act(signer: Signer, function: str, *args: Any) -> int:
        return send(signer, address, contract.encode_abi(function, args=list(args))).gas_used

    mint_new = act(owner, "mint", owner.address, 1, 10**12)
    mint_known = act(owner, "mint", owner.address, 1, 10**12)
    move = ("safeTransferFrom", owner.address, buyer.address, 1, 10**9, b"")
    transfer_new, transfer_known = act(owner, *move), act(owner, *move)
    retire = [act(buyer, "retire", 1, 9_600_000, TEXTS[0], TEXTS[3]) for _ in range(2)][-1]
    return {
        "mint_new": mint_new,
        "mint_known": mint_known,
        "transfer_new_holder": transfer_new,
        "transfer_known_holder": transfer_known,
        "retire_with_certificate": retire,
    }


if __name__ == "__main__":
    sys.exit(main())
