"""Every read says its block, is kept for it, and never outlives it; cursors; the gate."""

from __future__ import annotations

import base64
import json
import re
import stat
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from alembic import command
from sqlalchemy import Engine

from node_client import database
from node_client.errors import ForkDetected
from node_client.mirror import Mirror, Progress
from node_client.mirror import health as healths
from node_client.settings import Settings
from tests.api.city import Town, served, settings_of
from tests.command_line import Scheme
from tests.node_client.ledger_world import Liar, World


def test_a_read_says_the_block_it_speaks_for_and_its_lag(told: httpx.Client, told_world: World) -> None:
    head = told_world.chain.head()
    deadline = time.monotonic() + 10
    while told.get("/status").json()["head"] is None and time.monotonic() < deadline:
        time.sleep(0.1)
    for path in ("members", "credits/999-9", "statistics", "retirements"):
        one = told.get(f"/v1/{path}")
        assert one.headers["x-mirror-block"] == str(head)
        assert one.headers["x-mirror-lag-blocks"] == "0"
    assert told.get("/v1/members").json()["block"] == head


def test_the_same_block_asked_again_is_a_304_without_a_body(told: httpx.Client) -> None:
    first = told.get("/v1/members", params={"kind": "buyer"})
    etag = first.headers["etag"]
    assert etag.startswith('W/"')
    assert first.headers["cache-control"] == "no-cache"
    again = told.get("/v1/members", params={"kind": "buyer"}, headers={"If-None-Match": f'"x", {etag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert "x-mirror-block" in again.headers
    other = told.get("/v1/members", params={"kind": "fund"}, headers={"If-None-Match": etag})
    assert other.status_code == 200
    assert told.get("/v1/members", headers={"If-None-Match": "*"}).status_code == 304
    assert told.get("/v1/members/999999", headers={"If-None-Match": "*"}).status_code == 404


def test_a_final_retirement_is_immutable_and_links_its_corrections(told: httpx.Client) -> None:
    row = told.get("/v1/corrections").json()["data"][0]
    path = f"/v1/retirements/{row['retirement_id']}"
    answer = told.get(path)
    for _ in range(2):
        answer = told.get(path)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["etag"].startswith('"')
        related = answer.links["related"]["url"]
        assert row in told.get(related).json()["data"]
    again = told.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_kept_answers_are_the_same_bytes(told: httpx.Client) -> None:
    answers = [told.get("/v1/acts", params={"limit": 5}) for _ in range(3)]
    assert len({answer.content for answer in answers}) == 1
    assert len({answer.headers["etag"] for answer in answers}) == 1


def test_head_answers_as_get_without_the_body(told: httpx.Client) -> None:
    got, asked = told.get("/v1/members"), told.head("/v1/members")
    assert asked.status_code == 200
    assert asked.content == b""
    assert asked.headers["content-length"] == str(len(got.content))
    assert asked.headers["etag"] == got.headers["etag"]


def test_a_new_block_drops_what_was_kept_and_min_block_reads_ones_own_write(
    here: Town, client: httpx.Client
) -> None:
    before = client.get("/v1/members")
    here.world.act("authority", "Credits", "registerMember", 6, bytes(range(32)), "新成员")
    block = here.world.last_block
    after = client.get("/v1/members", params={"min_block": block})
    assert after.status_code == 200
    assert int(after.headers["x-mirror-block"]) >= block
    assert after.json()["data"][0]["name"] == "新成员"
    changed = client.get("/v1/members", headers={"If-None-Match": before.headers["etag"]})
    assert changed.status_code == 200
    assert changed.json()["data"][0]["name"] == "新成员"


def test_a_block_that_does_not_come_is_a_503_with_retry_after(told: httpx.Client) -> None:
    started = time.monotonic()
    answer = told.get("/v1/members", params={"min_block": 10**9})
    assert 1.9 < time.monotonic() - started < 5
    assert (answer.status_code, answer.json()["name"]) == (503, "MirrorBehind")
    assert answer.headers["retry-after"] == "1"
    assert told.get("/v1/members", params={"min_block": "soon"}).status_code == 422


def test_reads_stay_whole_while_the_mirror_writes(here: Town, client: httpx.Client) -> None:
    """Statistics and lists of one answer are of one block: sums always agree."""
    ended = threading.Event()

    def grow() -> None:
        while not ended.is_set():
            here.world.act("owner", "Credits", "retire", here.world.retirement([(here.token_id, 3)]))

    growing = threading.Thread(target=grow)
    growing.start()
    blocks: set[int] = set()
    deadline = time.monotonic() + 30
    try:
        while len(blocks) < 5 and time.monotonic() < deadline:
            found = client.get("/v1/statistics", params={"by": "project"}).json()
            assert sum(int(row["retired_grams"]) for row in found["data"]) == int(
                found["total"]["retired_grams"]
            )
            assert int(found["total"]["retired_grams"]) == 3 * found["total"]["retirements"]
            blocks.add(found["block"])
    finally:
        ended.set()
        growing.join()
    assert len(blocks) == 5


def tampered(cursor: str) -> str:
    raw = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    said = json.loads(raw[16:])
    said["a"] = [1]
    return base64.urlsafe_b64encode(bytes(raw[:16]) + json.dumps(said).encode()).decode().rstrip("=")


def test_a_cursor_made_up_altered_or_of_another_list_is_refused(told: httpx.Client) -> None:
    cursor = told.get("/v1/acts", params={"limit": 1}).json()["next"]
    assert told.get("/v1/acts", params={"limit": 3, "cursor": cursor}).status_code == 200
    wrong = [
        ("/v1/acts", {"cursor": tampered(cursor)}),
        ("/v1/acts", {"cursor": "x"}),
        ("/v1/acts", {"cursor": "é"}),
        ("/v1/acts", {"cursor": cursor, "event": "CreditsRetired"}),
        ("/v1/members", {"cursor": cursor}),
    ]
    for path, query in wrong:
        answer = told.get(path, params=query)
        assert (answer.status_code, answer.json()["name"]) == (400, "CursorInvalid"), query


def test_the_cursors_key_is_its_owners_alone_and_another_installations_cursors_are_refused(
    told_world: World, told_settings: Settings, told: httpx.Client, tmp_path: Path
) -> None:
    mode = (told_settings.data / "cursor.key").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    cursor = told.get("/v1/acts", params={"limit": 1}).json()["next"]
    elsewhere = settings_of(told_world, tmp_path, told_settings.effective_database_url)
    with served(elsewhere) as other:
        assert other.get("/v1/acts", params={"limit": 1, "cursor": cursor}).status_code == 400


def test_who_asks_too_often_is_told_to_wait(
    told_world: World, told_settings: Settings, tmp_path: Path
) -> None:
    settings = settings_of(told_world, tmp_path, told_settings.effective_database_url, rate_limit="5/minute")
    with served(settings) as client:
        # The head's first look does not count; nor do the checks of a supervisor.
        for _ in range(10):
            assert client.get("/livez").status_code == 200
        answers = [client.get("/v1/members") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert [answer.headers["ratelimit"].split(";")[1] for answer in answers] == [
        f"r={n}" for n in (4, 3, 2, 1, 0, 0)
    ]
    assert answers[0].headers["ratelimit-policy"] == '"address";q=5;w=60'
    assert answers[-1].json()["name"] == "TooManyRequests"
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60


def test_status_health_and_metrics(told: httpx.Client, told_world: World) -> None:
    found = told.get("/status", params={"digest": True}).json()
    assert len(found["digest"]) == 64
    assert found["chain_id"] == told_world.chain.chain_id
    assert found["proof_lag_blocks"] == found["block"] - found["proven_block"] > 0
    assert told.get("/livez").json() == {"status": "ok"}
    assert told.get("/readyz").json()["block"] == found["block"]
    metrics = told.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert f"tanhui_mirror_block {found['block']}" in metrics.text
    assert f"tanhui_mirror_proven_block {found['proven_block']}" in metrics.text


def test_a_database_of_another_revision_is_a_503_until_it_is_upgraded(
    told_world: World, tmp_path: Path, database_url: str
) -> None:

    database.upgrade(database_url)
    command.downgrade(database._alembic(database_url), "0001")
    settings = settings_of(told_world, tmp_path / "data", database_url)
    with served(settings) as client:
        assert client.get("/livez").status_code == 200
        for path in ("/readyz", "/v1/members", "/status"):
            answer = client.get(path)
            assert (answer.status_code, answer.json()["name"]) == (503, "DatabaseRevision"), path
        database.upgrade(database_url)
        time.sleep(1.1)
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["name"]) == (503, "MirrorEmpty")


def test_a_database_that_is_not_there_is_a_503(told_world: World, tmp_path: Path) -> None:
    settings = settings_of(
        told_world, tmp_path, "postgresql+psycopg://nobody@127.0.0.1:9/none?connect_timeout=1"
    )
    with served(settings) as client:
        answer = client.get("/v1/members")
        assert (answer.status_code, answer.json()["name"]) == (503, "DatabaseUnreachable")
        assert "127.0.0.1" not in answer.text
        assert client.get("/livez").status_code == 200


def test_without_a_node_everything_is_read_and_the_lag_is_unknown(
    told_world: World, told_settings: Settings, tmp_path: Path
) -> None:
    settings = settings_of(told_world, tmp_path, told_settings.effective_database_url)
    settings.node_url = "http://127.0.0.1:9"
    with served(settings) as client:
        answer = client.get("/v1/retirements")
        assert answer.status_code == 200
        assert answer.headers["x-mirror-lag-blocks"] == "unknown"
        assert client.get("/status").json()["head"] is None


@pytest.mark.parametrize("language", ["en", "zh-CN,zh;q=0.9,en;q=0.5", "fr", ""])
def test_reads_do_not_depend_on_the_language(told: httpx.Client, language: str) -> None:
    plain = told.get("/v1/purposes")
    asked = told.get("/v1/purposes", headers={"Accept-Language": language})
    assert (asked.content, asked.headers["etag"]) == (plain.content, plain.headers["etag"])


def test_status_readiness_and_metrics_name_what_is_the_matter_with_the_mirror(
    told_world: World, tmp_path: Path, database_url: str
) -> None:
    database.upgrade(database_url)
    engine = database.engine(database_url)
    now = Mirror(told_world.chain, engine, told_world.deployment).run()
    with served(settings_of(told_world, tmp_path / "data", database_url)) as client:
        deadline = time.monotonic() + 10
        while client.get("/status").json()["head"] is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert client.get("/status").json()["mirror"] == "ok"
        secret = "http://10.1.2.3:8545"
        healths.freeze(engine, now, healths.Beat(engine), ForkDetected(f"{secret} forked", remedy="look"))
        for path in ("/status", "/readyz"):
            answer = client.get(path)
            assert (answer.status_code, answer.json()["mirror"]) == (200, "frozen"), path
            assert secret not in answer.text
        metrics = client.get("/metrics").text
        assert 'tanhui_mirror_health{word="frozen"} 1.0' in metrics
        assert 'tanhui_mirror_health{word="ok"} 0.0' in metrics
        assert "tanhui_database_seconds 0." in metrics
    engine.dispose()


def contradicted(world: World, engine: Engine) -> None:
    """A mirror that follows waits for its node to agree with itself, and has been away since."""

    class Enough(Exception):
        pass

    def step(progress: Progress) -> None:
        if progress.waiting:
            raise Enough

    with closing(Liar(world.chain.url, lambda logs: logs[:-1])) as liar, pytest.raises(Enough):
        Mirror(liar, engine, world.deployment).run(follow=True, progress=step)


def still(world: World, engine: Engine) -> None:
    """The chain has made no block for ten minutes."""
    now = Mirror(world.chain, engine, world.deployment).run()
    moment = time.time() - 600
    beat = healths.Beat(engine, lambda: moment)
    beat.seen(now.block)
    moment += 600
    beat.tell(now.epoch, "running")


def slow(world: World, engine: Engine) -> None:
    """The last commit took three seconds."""
    now = Mirror(world.chain, engine, world.deployment).run()
    beat = healths.Beat(engine)
    beat.seen(now.block)
    beat.commit_seconds = 3.0
    beat.tell(now.epoch, "running")


@pytest.mark.parametrize(
    ("cause", "word"), [(contradicted, "node_contradicts"), (still, "tip_still"), (slow, "database_slow")]
)
def test_each_cause_of_a_stall_has_a_word_of_its_own_everywhere(
    told_world: World,
    tmp_path: Path,
    database_url: str,
    cause: Callable[[World, Engine], None],
    word: str,
) -> None:
    database.upgrade(database_url)
    engine = database.engine(database_url)
    # Something is mirrored already, so that reads are answered.
    Mirror(told_world.chain, engine, told_world.deployment).run(until=told_world.deployment.block + 3)
    cause(told_world, engine)
    engine.dispose()
    settings = settings_of(told_world, tmp_path / "data", database_url)
    with served(settings) as client:
        deadline = time.monotonic() + 10
        while client.get("/status").json()["head"] is None and time.monotonic() < deadline:
            time.sleep(0.05)
        for path in ("/status", "/readyz"):
            assert client.get(path).json()["mirror"] == word, path
        gauges = re.findall(
            r'^tanhui_mirror_health\{word="(\w+)"\} (\S+)$', client.get("/metrics").text, re.MULTILINE
        )
    assert [name for name, value in gauges if float(value)] == [word]
    environment = {
        "TANHUI_DATA": str(settings.data),
        "TANHUI_NODE_URL": settings.node_url,
        "TANHUI_DATABASE_URL": database_url,
    }
    said = Scheme(environment).done("mirror", "status")
    assert (said["diagnosis"], bool(said["sentence"] and said["remedy"])) == (word, True)
