"""Keys sign what their policy allows and nothing else, here and behind a Web3Signer."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from eth_account import Account
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from node_client import policy
from node_client.deployment import Deployment
from node_client.errors import KeyMissing, SignerUnreachable, SigningRefused
from node_client.orders import Line, Retirement, RetirementOrder, TransferOrder, record_hash, retirement_order
from node_client.orders import transfer_order as transfer
from node_client.policy import RETIRE_BY_ORDER
from node_client.remote_signer import RemoteVault
from node_client.signer import Key, recover_typed_data
from tests.web3signer import Web3Signer

CREDITS = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
OTHER = "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512"
DEPLOYMENT = Deployment(31337, "0x", 0, {"Credits": CREDITS}, {})
ACCOUNT = Account.from_key("0x" + "11" * 32)
HOLDER = Key(ACCOUNT, policy.custodial(DEPLOYMENT))
RELAYER = Key(ACCOUNT, policy.relaying(DEPLOYMENT))
RECORD = Retirement(b"\1" * 32, 3, (Line(5, 6), Line(7, 8)), "冰城", place="哈尔滨")


def typed(**more: Any) -> dict[str, Any]:
    """A retirement order of the holder as a document."""
    values = {"holder": HOLDER.address, "deadline": 1_800_000_000, "retirement": RECORD, **more}
    return retirement_order(DEPLOYMENT, **values)


def order(**more: Any) -> RetirementOrder:
    """The same order, to be signed by its hash."""
    values = {"chain_id": 31337, "contract": CREDITS, "holder": HOLDER.address, "deadline": 1_800_000_000}
    return RetirementOrder(**{**values, "record_hash": record_hash(RECORD), **more})


def transaction(**more: Any) -> dict[str, Any]:
    """A transaction of a relayer."""
    return {
        "chainId": 31337,
        "nonce": 3,
        "gas": 500_000,
        "gasPrice": 0,
        "value": 0,
        "to": CREDITS,
        "data": "0x" + RETIRE_BY_ORDER.hex() + "00" * 64,
        **more,
    }


def test_an_order_signed_by_its_hash_has_the_signature_of_the_whole_document() -> None:
    signature = HOLDER.sign_retirement(order())
    assert signature == HOLDER.sign_typed_data(typed())
    assert signature[64] in {27, 28}
    assert recover_typed_data(json.dumps(typed()), signature) == HOLDER.address


def test_a_transaction_is_signed_as_eth_account_signs_it() -> None:
    for nonce, chain_id in itertools.product((0, 127, 128, 70_000), (31337, 1337, 1, 2**40)):
        key = Key(ACCOUNT)
        wanted = transaction(nonce=nonce, chainId=chain_id)
        assert key.sign_transaction(wanted) == bytes(ACCOUNT.sign_transaction(wanted).raw_transaction)
    creation = {key: value for key, value in transaction().items() if key != "to"}
    assert Key(ACCOUNT).sign_transaction(creation) == bytes(
        ACCOUNT.sign_transaction(creation).raw_transaction
    )


def test_a_holder_s_key_signs_its_own_orders_to_retire_and_nothing_else() -> None:
    HOLDER.sign_typed_data(typed())
    refused: list[Callable[[], object]] = [
        lambda: HOLDER.sign_transaction(transaction()),
        lambda: HOLDER.sign_typed_data(typed(holder=OTHER)),
        lambda: HOLDER.sign_typed_data(
            transfer(DEPLOYMENT, TransferOrder(b"\2" * 32, HOLDER.address, OTHER, 5, 6, 1_800_000_000))
        ),
        lambda: HOLDER.sign_typed_data({**typed(), "domain": {**typed()["domain"], "chainId": 1}}),
        lambda: HOLDER.sign_typed_data(
            {**typed(), "domain": {**typed()["domain"], "verifyingContract": OTHER}}
        ),
        lambda: HOLDER.sign_typed_data({**typed(), "types": {**typed()["types"], "Line": []}}),
        lambda: HOLDER.sign_retirement(order(chain_id=1)),
        lambda: HOLDER.sign_retirement(order(contract=OTHER)),
        lambda: HOLDER.sign_retirement(order(holder=OTHER)),
        lambda: HOLDER.sign_retirement(order(record_hash=b"\1" * 31)),
    ]
    for attempt in refused:
        with pytest.raises(SigningRefused):
            attempt()


def test_a_relayer_s_key_signs_carried_orders_and_nothing_else() -> None:
    RELAYER.sign_transaction(transaction())
    changes: list[dict[str, Any]] = [
        {"to": OTHER},
        {"value": 1},
        {"value": False},
        {"chainId": 1},
        {"chainId": 31337.0},
        {"data": "0x" + keccak(text="pause(string)")[:4].hex()},
        {"data": "0x"},
        {"data": b"\0"},
        {"accessList": []},
    ]
    for change in changes:
        with pytest.raises(SigningRefused):
            RELAYER.sign_transaction(transaction(**change))
    with pytest.raises(SigningRefused):
        RELAYER.sign_typed_data(typed())
    with pytest.raises(SigningRefused):
        RELAYER.sign_retirement(order())


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=20)
    | st.sampled_from([CREDITS, OTHER, 31337]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=400, deadline=None)
@given(field=st.sampled_from(sorted(transaction())), value=ANYTHING)
def test_whatever_a_transaction_holds_only_ours_is_signed(field: str, value: Any) -> None:
    """Fuzz: one field replaced by anything at all. Nonce, gas and price are free; the rest must be exactly ours."""
    attempt = {**transaction(), field: value}
    bound = {"chainId": 31337, "value": 0, "to": CREDITS}
    if field in bound:
        ours = type(value) is type(bound[field]) and value == bound[field]
    elif field == "data":
        ours = isinstance(value, str) and value[:10].lower() == "0x" + RETIRE_BY_ORDER.hex()
    else:
        ours = True
    try:
        policy.relaying(DEPLOYMENT).check_transaction(attempt)
        allowed = True
    except SigningRefused:
        allowed = False
    assert allowed == ours


@settings(max_examples=400, deadline=None)
@given(
    path=st.sampled_from(
        ["types", "primaryType", "domain", "domain.chainId", "domain.name", "message.holder"]
    ),
    value=ANYTHING,
)
def test_whatever_a_document_holds_only_our_order_is_signed(path: str, value: Any) -> None:
    attempt = json.loads(json.dumps(typed()))
    *parents, last = path.split(".")
    place = attempt
    for each in parents:
        place = place[each]
    same = type(place[last]) is type(value) and place[last] == value
    place[last] = value
    try:
        policy.custodial(DEPLOYMENT).check_order(HOLDER.address, attempt)
        allowed = True
    except SigningRefused:
        allowed = False
    assert allowed == same


@pytest.mark.parametrize("low_v", [False, True])
def test_a_remote_key_gives_the_signatures_of_a_key_of_the_keystore(
    signer_of: Callable[..., Web3Signer], *, low_v: bool
) -> None:
    vault = RemoteVault(signer_of(ACCOUNT, Account.create(), low_v=low_v).url)
    vault.check()
    remote = vault.open_address(HOLDER.address)
    for deadline in range(20):
        wanted = order(deadline=deadline)
        assert remote.sign_retirement(wanted) == HOLDER.sign_retirement(wanted)
        assert remote.sign_transaction(transaction(nonce=deadline)) == RELAYER.sign_transaction(
            transaction(nonce=deadline)
        )
    assert remote.sign_typed_data(typed()) == HOLDER.sign_typed_data(typed())
    vault.close()


def test_a_remote_signer_is_not_asked_for_what_the_policy_forbids(
    signer_of: Callable[..., Web3Signer],
) -> None:
    server = signer_of(ACCOUNT)
    vault = RemoteVault(server.url)
    holder = vault.open_address(HOLDER.address, policy.custodial(DEPLOYMENT))
    with pytest.raises(SigningRefused):
        holder.sign_transaction(transaction())
    assert server.signed == []
    vault.close()


def test_a_remote_signer_s_wrong_answers_are_not_taken(signer_of: Callable[..., Web3Signer]) -> None:
    wrong = RemoteVault(signer_of(ACCOUNT, wrong=True).url)
    with pytest.raises(SignerUnreachable):
        wrong.open_address(HOLDER.address).sign_retirement(order())
    with pytest.raises(KeyMissing):
        wrong.open_address(OTHER)
    with pytest.raises(KeyMissing):
        wrong.account("relayer")
    wrong.close()
    nobody = RemoteVault("http://127.0.0.1:9")
    with pytest.raises(SignerUnreachable):
        nobody.has(HOLDER.address)
    nobody.close()
