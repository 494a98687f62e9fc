"""Retiring by API: once, or not at all, and always told which."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from api import key
from api import request as requests
from api.outbox import Outbox, Patience
from api.outbox.following import Following
from api.quote import Quote
from api.request.route import RequestDetail
from api.retiring import Accepted
from node_client.database import table_of
from node_client.errors import TanhuiError
from node_client.mirror import Mirror
from node_client.network import anvil as anvil_network
from node_client.signer import Keystore
from tests.api.city import PASSWORD, Town, served, settled
from tests.api.test_problems import told_problem
from tests.node_client.ledger_world import DAY, TONNE


def post(client: httpx.Client, town: Town, idempotency_key: str = "", **more: Any) -> httpx.Response:
    """A POST of a retirement."""
    return client.post("/v1/retirements", json=town.body(**more), headers=town.headers(idempotency_key))


def states(found: dict[str, Any]) -> list[str]:
    return [each["state"] for each in found["history"]]


def test_an_order_becomes_a_retirement(here: Town, client: httpx.Client) -> None:
    body = here.body(
        lines=[{"credit": "1-1", "tonnes": "1.5"}, {"credit": "1-1", "grams": 7}],
        beneficiary_code=" 9123010012345678ab ",
        case_reference="案",
        place="哈尔滨",
        note="净零 & <b>",
        consumed_from="2026-11-20",
        consumed_until="2026-11-24",
    )
    quoted = client.post("/v1/quotes", json=body, headers=here.headers())
    assert quoted.status_code == 200, quoted.text
    quote = Quote.model_validate_json(quoted.content)
    answer = client.post("/v1/retirements", json=body, headers=here.headers())
    assert answer.status_code == 202, answer.text
    accepted = Accepted.model_validate_json(answer.content)
    assert answer.headers["location"] == accepted.request
    done = settled(client, here, accepted.request)
    RequestDetail.model_validate(done)
    assert states(done) == ["accepted", "prepared", "broadcast", "mined", "final"] or states(done) == [
        "accepted",
        "prepared",
        "broadcast",
        "final",
    ]
    assert done["retirement"] == accepted.retirement
    shown = client.get(accepted.retirement).json()
    assert shown["holder"] == here.holder
    assert (shown["grams"], shown["tonnes"]) == ("1500007", "1.500007")
    for name in (
        "beneficiary",
        "beneficiary_hash",
        "case_reference",
        "place",
        "note",
        "grams",
        "purpose_code",
    ):
        assert shown[name] == getattr(quote, name), name
    for line, expected in zip(shown["lines"], quote.lines, strict=True):
        assert {
            name: line[name] for name in ("token_id", "vintage", "grams", "first_serial", "last_serial")
        } == {
            name: getattr(expected, name)
            for name in ("token_id", "vintage", "grams", "first_serial", "last_serial")
        }
    assert here.retired() == 1_500_007


def test_a_quote_changes_nothing(here: Town, client: httpx.Client) -> None:
    head = here.world.chain.head()
    for _ in range(3):
        assert client.post("/v1/quotes", json=here.body(), headers=here.headers()).status_code == 200
    too_much = here.body(lines=[{"credit": "1-1", "tonnes": "101"}])
    assert client.post("/v1/quotes", json=too_much, headers=here.headers()).status_code == 409
    assert client.get("/v1/requests", headers=here.headers()).json()["data"] == []
    assert here.world.chain.head() == head


def refused_bodies(town: Town) -> dict[str, tuple[dict[str, Any], int, str]]:
    """Bodies of the right shape that the contract does not allow."""
    credit = hex(town.token_id)
    return {
        "more than held": (
            {"lines": [{"credit": credit, "tonnes": "100.000001"}]},
            409,
            "ERC1155InsufficientBalance",
        ),
        "more than held in two lines": (
            {"lines": [{"credit": credit, "tonnes": "60"}, {"credit": credit, "tonnes": "60"}]},
            409,
            "ERC1155InsufficientBalance",
        ),
        "the most that can be written": (
            {"lines": [{"credit": credit, "grams": str(2**63 - 1)}]},
            409,
            "ERC1155InsufficientBalance",
        ),
        "zero": ({"lines": [{"credit": credit, "grams": 0}]}, 422, "CreditsZeroGrams"),
        "zero tonnes": ({"lines": [{"credit": credit, "tonnes": "0.0"}]}, 422, "CreditsZeroGrams"),
        "a period that ends before it starts": (
            {"consumed_from": "2026-11-24", "consumed_until": "2026-11-20"},
            422,
            "CreditsPeriodInvalid",
        ),
        "a period without an end": ({"consumed_from": "2026-11-24"}, 422, "CreditsPeriodInvalid"),
    }


def test_what_the_contract_refuses_is_refused_at_once_and_recorded(here: Town, client: httpx.Client) -> None:
    head = here.world.chain.head()
    for case, (more, status, name) in refused_bodies(here).items():
        answer = post(client, here, case.replace(" ", "-"), **more)
        found = told_problem(answer, status, name)
        again = post(client, here, case.replace(" ", "-"), **more)
        assert (again.status_code, again.content) == (answer.status_code, answer.content)
        recorded = client.get("/v1/requests", params={"limit": 1}, headers=here.headers()).json()["data"][0]
        assert (recorded["state"], recorded["problem"]["name"]) == ("refused", name)
        assert recorded["problem"]["arguments"] == found["arguments"]
        quote = client.post("/v1/quotes", json=here.body(**more), headers=here.headers())
        told_problem(quote, status, name)
    unknown = post(client, here, lines=[{"credit": "77-1", "grams": 1}])
    assert unknown.status_code in {404, 409}
    assert unknown.json()["name"] in {"CreditsUnknown", "ERC1155InsufficientBalance"}
    assert here.world.chain.head() == head
    assert here.retired() == 0


def test_a_frozen_account_a_frozen_credit_and_a_pause_stop_retirements(
    here: Town, client: httpx.Client
) -> None:
    until = here.world.now() + DAY
    here.world.act("authority", "Supervision", "freezeAccount", here.holder, until, "案 1")
    told_problem(post(client, here), 403, "MembersAccountFrozen")
    here.world.act("authority", "Supervision", "unfreezeAccount", here.holder, "案 1")
    here.world.act("authority", "Supervision", "freezeCredit", here.token_id, until, "案 2")
    told_problem(post(client, here), 403, "CreditsFrozen")
    here.world.act("authority", "Supervision", "unfreezeCredit", here.token_id, "案 2")
    here.world.act("operator", "Supervision", "pause", "演练")
    told_problem(post(client, here), 409, "CreditsPaused")
    assert here.retired() == 0


def test_an_unknown_or_disallowed_purpose_is_refused(here: Town, client: httpx.Client) -> None:
    told_problem(post(client, here, purpose="nothing"), 422, "PurposeUnknown")
    here.world.act("authority", "Credits", "setPurpose", 0, False, "event", "大型活动", "Event")
    told_problem(post(client, here), 422, "CreditsPurposeUnknown")
    assert here.retired() == 0


BAD_VALUES: dict[str, tuple[dict[str, Any], str]] = {
    "no lines": ({"lines": []}, "/lines"),
    "too many lines": ({"lines": [{"credit": "1-1", "grams": 1}] * 51}, "/lines"),
    "no amount": ({"lines": [{"credit": "1-1"}]}, "/lines/0"),
    "two amounts": ({"lines": [{"credit": "1-1", "grams": 1, "tonnes": "1"}]}, "/lines/0"),
    "a fraction of a gram": ({"lines": [{"credit": "1-1", "tonnes": "0.0000001"}]}, "/lines/0/tonnes"),
    "a negative amount": ({"lines": [{"credit": "1-1", "tonnes": "-1"}]}, "/lines/0/tonnes"),
    "a number with a point": ({"lines": [{"credit": "1-1", "grams": 1.0}]}, "/lines/0/grams"),
    "true": ({"lines": [{"credit": "1-1", "grams": True}]}, "/lines/0/grams"),
    "more than 63 bits": ({"lines": [{"credit": "1-1", "grams": str(2**63)}]}, "/lines/0/grams"),
    "a number of more than 63 bits": ({"lines": [{"credit": "1-1", "grams": 2**63}]}, "/lines/0/grams"),
    "tonnes of more than 63 bits": (
        {"lines": [{"credit": "1-1", "tonnes": "9223372036855"}]},
        "/lines/0/tonnes",
    ),
    "no credit": ({"lines": [{"credit": "one", "grams": 1}]}, "/lines/0/credit"),
    "a credit of more than 128 bits": ({"lines": [{"credit": "1-" + "9" * 39, "grams": 1}]}, "/lines/0"),
    "an unknown field": ({"colour": "green"}, "/colour"),
    "no beneficiary": ({"beneficiary": ""}, "/beneficiary"),
    "a long beneficiary": ({"beneficiary": "汉" * 201}, "/beneficiary"),
    "NUL": ({"note": "a\x00b"}, "/note"),
    "a line break": ({"place": "a\nb"}, "/place"),
    "no date": ({"consumed_from": "2026-02-30"}, "/consumed_from"),
    "a time": ({"consumed_from": "2026-02-03T00:00:00"}, "/consumed_from"),
    "a day before 1970": ({"consumed_from": "1969-12-31"}, "/consumed_from"),
}


def test_values_that_cannot_be_taken_are_told_with_their_place(here: Town, client: httpx.Client) -> None:
    for case, (more, field) in BAD_VALUES.items():
        found = told_problem(post(client, here, **more), 422, "ValidationFailed")
        assert {each["field"] for each in found["errors"]} == {field}, case
        assert {each["where"] for each in found["errors"]} == {"body"}
    for raw in (rb'"\ud800"', rb'"a\udfffb"'):
        body = b'{"lines":[{"credit":"1-1","grams":1}],"purpose":"event","beneficiary":' + raw + b"}"
        headers = here.headers(**{"Content-Type": "application/json"})
        answer = client.post("/v1/retirements", content=body, headers=headers)
        found = told_problem(answer, 422, "ValidationFailed")
        assert found["errors"][0]["field"] == "/beneficiary"
    assert client.get("/v1/requests", headers=here.headers()).json()["data"] == []


def test_only_a_working_key_acts_and_it_sees_its_own_requests_alone(here: Town, client: httpx.Client) -> None:
    path, body = "/v1/retirements", here.body()
    headers = {"Idempotency-Key": "k"}
    answer = client.post(path, json=body, headers=headers)
    told_problem(answer, 401, "ApiKeyMissing")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    for wrong in ("th_x", here.api_key + "x", here.api_key[:-1]):
        answer = client.post(path, json=body, headers={**headers, "Authorization": f"Bearer {wrong}"})
        told_problem(answer, 401, "ApiKeyInvalid")
    told_problem(
        client.post(path, json=body, headers={**headers, "Authorization": "Basic eDp5"}), 401, "ApiKeyMissing"
    )
    own = post(client, here).json()["request"]
    other_id, other = key.create(here.engine, holder=here.holder, label="another")
    theirs = {"Authorization": f"Bearer {other}"}
    told_problem(client.get(own, headers=theirs), 404, "NotFound")
    assert client.get("/v1/requests", headers=theirs).json()["data"] == []
    key.revoke(here.engine, other_id)
    told_problem(client.get("/v1/requests", headers=theirs), 401, "ApiKeyInvalid")
    stored = [dict(row) for row in key.all_keys(here.engine)]
    assert not any(here.api_key in str(row) or other in str(row) for row in stored)


def test_a_key_acts_for_its_holder_alone(here: Town, client: httpx.Client) -> None:
    """A key of an account whose key the platform does not keep retires nothing."""
    _, stranger = key.create(here.engine, holder=here.world.account("owner"))
    headers = {**here.headers(), "Authorization": f"Bearer {stranger}"}
    answer = client.post("/v1/retirements", json=here.body(), headers=headers)
    told_problem(answer, 503, "SigningError")
    assert here.retired() == 0


def test_a_write_needs_an_idempotency_key(here: Town, client: httpx.Client) -> None:
    for wrong in (None, "", "a b", "a" * 256):
        headers = {
            "Authorization": f"Bearer {here.api_key}",
            **({} if wrong is None else {"Idempotency-Key": wrong}),
        }
        told_problem(
            client.post("/v1/retirements", json=here.body(), headers=headers), 400, "IdempotencyKeyMissing"
        )
    assert here.retired() == 0


def test_the_same_key_and_body_have_the_same_answer_and_another_body_is_refused(
    here: Town, client: httpx.Client
) -> None:
    first = post(client, here, "once", lines=[{"credit": "1-1", "tonnes": "2"}])
    same_meaning = post(client, here, "once", lines=[{"credit": hex(here.token_id), "grams": 2 * TONNE}])
    done = settled(client, here, first.headers["location"])
    later = post(client, here, "once", lines=[{"credit": "1-1", "tonnes": "2.000"}])
    assert first.status_code == same_meaning.status_code == later.status_code == 202
    assert first.content == same_meaning.content == later.content
    assert first.headers["location"] == later.headers["location"]
    told_problem(post(client, here, "once"), 422, "IdempotencyKeyReused")
    assert done["state"] == "final"
    assert here.retired() == 2 * TONNE
    assert len(client.get("/v1/requests", headers=here.headers()).json()["data"]) == 1


def test_two_hundred_equal_posts_at_once_retire_once(here: Town, client: httpx.Client) -> None:
    headers = here.headers("two-hundred")

    def once(_number: int) -> tuple[int, bytes]:
        with httpx.Client(base_url=client.base_url, timeout=60, trust_env=False) as own:
            answer = own.post("/v1/retirements", json=here.body(), headers=headers)
            return answer.status_code, answer.content

    with ThreadPoolExecutor(200) as pool:
        answers = set(pool.map(once, range(200)))
    assert len(answers) == 1, answers
    assert next(iter(answers))[0] == 202
    found = client.get("/v1/requests", headers=here.headers()).json()["data"]
    assert len(found) == 1
    assert settled(client, here, f"/v1/requests/{found[0]['request_id']}")["state"] == "final"
    assert here.retired() == 1
    relayer = Keystore(here.settings.keystore, PASSWORD).address("relayer")
    assert here.world.rpc("eth_getTransactionCount", relayer, "latest") == "0x1"


def test_fifty_equal_posts_of_a_refused_order_are_all_refused_alike(here: Town, client: httpx.Client) -> None:
    headers, body = here.headers("fifty"), here.body(lines=[{"credit": "1-1", "tonnes": "101"}])

    def once(_number: int) -> tuple[int, bytes]:
        with httpx.Client(base_url=client.base_url, timeout=60, trust_env=False) as own:
            answer = own.post("/v1/retirements", json=body, headers=headers)
            return answer.status_code, answer.content

    with ThreadPoolExecutor(50) as pool:
        answers = set(pool.map(once, range(50)))
    assert len(answers) == 1, answers
    assert next(iter(answers))[0] == 409


def test_many_orders_at_once_are_all_carried_and_no_more_than_held(here: Town, client: httpx.Client) -> None:
    def once(number: int) -> httpx.Response:
        with httpx.Client(base_url=client.base_url, timeout=60, trust_env=False) as own:
            return own.post(
                "/v1/retirements",
                json=here.body(lines=[{"credit": "1-1", "tonnes": "9"}]),
                headers=here.headers(f"many-{number}"),
            )

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(once, range(15)))
    where = [answer.headers["location"] for answer in answers if answer.status_code == 202]
    assert len(where) >= 11
    ends = [settled(client, here, each)["state"] for each in where]
    # 100 t are held: eleven orders of 9 t fit, whichever came first.
    assert ends.count("final") == 11
    assert here.retired() == 99 * TONNE
    assert set(ends) <= {"final", "refused"}


def test_with_the_node_down_an_order_is_accepted_and_carried_once_it_is_back(
    here: Town, client: httpx.Client, own_anvil: Path
) -> None:
    running = anvil_network.status(own_anvil)
    assert running is not None
    anvil_network.down(own_anvil)
    answer = post(client, here, "down")
    assert answer.status_code == 202, answer.text
    told_problem(client.post("/v1/quotes", json=here.body(), headers=here.headers()), 503, "ChainUnreachable")
    refused_later = post(client, here, "too much", lines=[{"credit": "1-1", "tonnes": "101"}])
    assert refused_later.status_code == 400
    refused_later = post(client, here, "too-much", lines=[{"credit": "1-1", "tonnes": "101"}])
    assert refused_later.status_code == 202
    time.sleep(1)
    assert client.get(answer.headers["location"], headers=here.headers()).json()["state"] == "accepted"
    anvil_network.up(own_anvil, running.port)
    assert settled(client, here, answer.headers["location"])["state"] == "final"
    assert post(client, here, "down").content == answer.content
    late = settled(client, here, refused_later.headers["location"])
    assert (late["state"], late["problem"]["name"]) == ("refused", "ERC1155InsufficientBalance")
    assert here.retired() == 1


def test_a_crash_after_storing_and_before_sending_sends_the_same_bytes(
    here: Town, outbox_of: Callable[..., Outbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(here.settings.model_copy(update={"outbox": False})) as client:
        where = post(client, here).headers["location"]
        request_id = where.rsplit("/", 1)[1]
    outbox = outbox_of(here)
    with monkeypatch.context() as patched:
        patched.setattr(Following, "offer", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            outbox.step()
    (row,) = requests.open_requests(here.engine, 10)
    assert (row["state"], row["request_id"]) == ("prepared", request_id)
    raw, tx_hash = bytes(row["raw"]), row["tx_hash"]
    assert here.retired() == 0
    after = outbox_of(here)
    after.step()
    (row,) = requests.open_requests(here.engine, 10)
    assert (row["state"], bytes(row["raw"]), row["tx_hash"]) == ("broadcast", raw, tx_hash)
    assert here.retired() == 1
    # Sent, but the program died before it knew: the chain is asked, nothing is sent twice.
    requests.move(here.engine, row["number"], ("broadcast",), "prepared", "as after a restored backup")
    time.sleep(Patience().mirror_seconds + 1)
    after.step()
    assert {row["state"] for row in requests.open_requests(here.engine, 10)} <= {"mined"}
    assert here.retired() == 1


def test_a_nonce_that_another_took_makes_the_order_be_prepared_anew(
    here: Town, outbox_of: Callable[..., Outbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(here.settings.model_copy(update={"outbox": False})) as client:
        post(client, here)
    outbox = outbox_of(here)
    with monkeypatch.context() as patched:
        patched.setattr(Following, "offer", lambda *_: None)
        outbox.step()
    relayer = Keystore(here.settings.keystore, PASSWORD).open("relayer")
    chain = here.world.chain
    transaction = {
        "chainId": chain.chain_id,
        "nonce": 0,
        "gas": 21_000,
        "gasPrice": 0,
        "value": 0,
        "to": here.holder,
    }
    chain.send_raw(relayer.sign_transaction(transaction))
    outbox.step()
    outbox.step()
    deadline = time.monotonic() + 20
    while requests.open_requests(here.engine, 10) and time.monotonic() < deadline:
        outbox.step()
        time.sleep(0.1)
    assert requests.counts(here.engine)["final"] == 1
    assert here.retired() == 1


def aged(town: Town, seconds: int) -> None:
    """Every request was made so long ago, and its handler died before it asked the contract."""
    with town.engine.begin() as connection:
        table = table_of("request")
        connection.execute(update(table).values(checked=False, created_at=table.c.created_at - seconds))


def test_a_request_whose_handler_died_is_taken_up(
    here: Town, outbox_of: Callable[..., Outbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(here.settings.model_copy(update={"outbox": False})) as client:
        post(client, here)
    aged(here, 0)
    outbox = outbox_of(here)
    outbox.step()
    assert requests.counts(here.engine)["accepted"] == 1
    aged(here, 31)
    outbox.step()
    assert requests.counts(here.engine)["accepted"] == 0
    assert here.retired() == 1


def test_what_is_not_carried_in_time_expires_and_cannot_be_carried_later(
    here: Town, outbox_of: Callable[..., Outbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Outbox.step
    with monkeypatch.context() as patched, served(here.settings) as client:
        patched.setattr(Outbox, "step", lambda _self: "")
        signed, unsigned = (post(client, here).json()["request"] for _ in range(2))
        time.sleep(0.7)
        outbox = outbox_of(here)
        with monkeypatch.context() as held:
            held.setattr(Following, "offer", lambda *_: None)
            held.setattr("api.outbox.preparing.LANE_LENGTH", 1)
            step(outbox)
        (row, _) = requests.open_requests(here.engine, 10)
        assert row["state"] == "prepared"
        aged(here, 25 * 3600)
        # Not `wait`: a chain that was ahead of the clock when it stopped would merely take the next second.
        here.world.rpc("evm_mine", {"timestamp": here.world.now() + 25 * 3600})
        # Offered all the same, so that its nonce is used up; the contract refuses it.
        step(outbox)
        assert [row["state"] for row in requests.open_requests(here.engine, 10)] == ["broadcast"]
        time.sleep(Patience().mirror_seconds + 1)
        step(outbox)
        for where in (signed, unsigned):
            found = client.get(where, headers=here.headers()).json()
            assert found["state"] == "expired", found
            assert found["problem"]["name"] == "RequestExpired"
    with contextlib.suppress(TanhuiError):
        here.world.chain.send_raw(bytes(row["raw"]))
    assert here.retired() == 0


def test_a_rebuilt_mirror_keeps_keys_and_requests(here: Town) -> None:
    with served(here.settings) as client:
        done = settled(client, here, post(client, here).headers["location"])
    here.follower.stop()
    Mirror(here.world.chain, here.engine, here.world.deployment).rebuild()
    with served(here.settings) as client:
        found = client.get(f"/v1/requests/{done['request_id']}", headers=here.headers()).json()
        assert found == done
        assert client.get(found["retirement"]).status_code == 200


def test_without_a_relayer_s_key_orders_are_refused_and_reading_goes_on(here: Town) -> None:
    (here.settings.keystore / "relayer.json").unlink()
    with served(here.settings) as client:
        told_problem(post(client, here), 503, "SigningError")
        assert client.get("/status").json()["outbox"] == "off"
        assert client.get("/v1/members").status_code == 200
    assert requests.open_requests(here.engine, 10) == []


def test_two_outboxes_of_one_folder_carry_each_order_once(here: Town) -> None:
    with served(here.settings) as first, served(here.settings) as second:
        where = [
            post(client, here, f"pair-{number}").headers["location"]
            for number, client in enumerate([first, second] * 5)
        ]
        assert {settled(first, here, each)["state"] for each in where} == {"final"}
    assert here.retired() == 10


def test_the_number_of_a_retirement_taken_by_another_is_no_success(here: Town) -> None:
    """Someone who sees an order under way cannot pass a retirement of his own off as it."""
    hold = threading.Event()
    with served(here.settings) as client, pytest.MonkeyPatch.context() as patched:
        patched.setattr(Outbox, "step", lambda _self: str(hold.wait(0.01) or ""))
        accepted = post(client, here).json()
        time.sleep(0.7)
        number = bytes.fromhex(accepted["retirement_id"][2:])
        theirs = (number, *here.world.retirement([(here.token_id, 1)])[1:])
        here.world.act("owner", "Credits", "retire", theirs)
        patched.undo()
        done = settled(client, here, accepted["request"])
    assert (done["state"], done["problem"]["name"]) == ("refused", "CreditsRetirementIdUsed")
    assert here.retired() == 0
