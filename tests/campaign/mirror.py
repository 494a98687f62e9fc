"""Campaigns against the mirror: killed, lied to, paused, hurried, cut off, with its disk full; it must lose and double nothing.

Flow: a ledger on anvil (`Ground`) → the oracle's fold and a fresh mirror's digest, which must agree → harm, round by round, from
one seed → after each blow the tables are the oracle's at the block they claim (`tests.campaign.oracle`) → at the head the digest
is the fresh mirror's.

    python -m tests.campaign.mirror --seed 1 --kills 1000 --rounds 100      # make campaign-mirror
    python -m tests.campaign.mirror --only lies --database postgres --seed 7

Prints what it does to stderr and a JSON summary to stdout; exit code 1 when anything was wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Engine, event, text
from sqlalchemy.engine import make_url

from node_client import database, deployment
from node_client.chain import Chain
from node_client.errors import DatabaseUnreachable, ForkDetected, MirrorError, TanhuiError
from node_client.mirror import Digest, Mirror, Progress, checkpoint, digest, registry
from node_client.mirror.loop import MAKES_INDEXES, MOST_BLOCKS
from node_client.network import anvil
from tests import postgres
from tests.campaign.lies import DEPTHS, FORGERIES, contracts
from tests.campaign.live import live
from tests.campaign.oracle import Oracle, wrongs
from tests.campaign.proxies import BreakingLine, LyingNode
from tests.campaign.zygote import Zygote
from tests.node_client.ledger_world import TONNE, World, b32, everything
from tests.node_client.test_rollback import KEPT, acts_of, blocks, fresh, with_credit

WAYS = {False: "unproven", True: "proven"}
Show = Callable[[str], None]
Summary = dict[str, Any]
REPLACED = MirrorError.exit_code


class Harmed(AssertionError):
    """The mirror lost, doubled, reordered or altered something, or ended as it must not."""


@dataclass
class Ground:
    """A ledger, what the tables must hold of it, and a place to start processes from."""

    folder: Path
    world: World
    oracle: Oracle
    reference: Digest
    zygote: Zygote
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 1_000_000)))

    @property
    def head(self) -> int:
        """The last block; the chain does not grow any more."""
        return self.oracle.head

    def start(self, url: str, *words: str, file_limit: int | None = None, **more: str) -> int:
        """A real `tanhui mirror run` process."""
        env = {
            "TANHUI_DATA": str(self.folder),
            "TANHUI_NODE_URL": self.world.chain.url,
            "TANHUI_DATABASE_URL": url,
            **more,
        }
        log = self.folder / "processes.log"
        return self.zygote.start("mirror", "run", *words, env=env, log=log, file_limit=file_limit)

    def log(self) -> str:
        """The end of what the processes printed."""
        return (self.folder / "processes.log").read_text(encoding="utf-8")[-2_000:]

    def must_be_right(self, engine: Engine, after: str) -> int:
        """The tables are the oracle's at their own block, which is returned. Raises `Harmed`."""
        said = wrongs(engine, self.oracle)
        if said:
            raise Harmed(f"after {after}: {'; '.join(said)[:2_000]}")
        with engine.connect() as connection:
            found = checkpoint.read(connection)
        return found.block if found else self.oracle.first - 1

    def must_complete(self, engine: Engine, after: str) -> None:
        """An honest run brings the mirror to the head with the reference's digest. Raises `Harmed`."""
        Mirror(self.world.chain, engine, self.world.deployment).run()
        self.must_be_right(engine, after)
        if digest(engine) != self.reference:
            raise Harmed(f"after {after}: the digest is not that of a fresh mirror")

    def empty(self, engine: Engine) -> None:
        """The mirror starts from nothing again."""
        names = (*registry.mirrored(), "undo", "health")
        checkpoint.clear(engine, self.world.deployment, names)


def busy(world: World, rng: random.Random, blocks: int) -> None:
    """The ledger has every kind of event, and then so many blocks of movements and empty ones."""
    everything(world)
    credit = world.credit(grams=900_000 * TONNE)
    owner, buyer = world.account("owner"), world.account("buyer")
    until = world.chain.head() + blocks
    while world.chain.head() < until:
        number = next(world.counter)
        match rng.randrange(6):
            case 0:
                world.act(
                    "owner",
                    "Credits",
                    "retire",
                    world.retirement([(credit, rng.randrange(1, TONNE))] * rng.randrange(1, 4)),
                )
            case 1:
                ids = [credit] * rng.randrange(1, 6)
                grams = [rng.randrange(TONNE) for _ in ids]
                world.act("owner", "Credits", "safeBatchTransferFrom", owner, buyer, ids, grams, b"")
            case 2:
                world.act("owner", "Credits", "lock", b32(f"l{number}"), credit, 5, buyer, 2**40, "案")
            case 3:
                world.rpc("evm_mine")
            case 4:
                world.act("authority", "Roles", "labelRole", 2**40 + number, f"role {number}")
            case _:
                world.act("owner", "Credits", "safeTransferFrom", owner, buyer, credit, number, b"")


@contextmanager
def ground(folder: Path, seed: int, blocks: int, show: Show) -> Iterator[Ground]:
    """The ground of a seed, with so many blocks of movements after those of every event."""
    show("making a ledger")
    world = World.deploy(anvil.up(folder / "anvil").rpc_url)
    try:
        busy(world, random.Random(seed), blocks)
        deployment.save(folder / "deployments", world.deployment)
        show(f"the oracle reads {world.chain.head()} blocks")
        oracle = Oracle(world.chain.url, world.deployment.addresses, world.deployment.block)
        with opened(f"sqlite:///{folder / 'reference.sqlite'}") as engine, Zygote() as zygote:
            Mirror(world.chain, engine, world.deployment).run()
            made = Ground(folder, world, oracle, digest(engine), zygote)
            made.must_be_right(engine, "a fresh run")
            yield made
    finally:
        world.chain.close()
        anvil.down(folder / "anvil")


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    """An engine of a database with all tables."""
    database.upgrade(url)
    engine = database.engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def kills(on: Ground, url: str, rng: random.Random, rounds: int, show: Show) -> Summary:
    """SIGKILL of a real mirror at random instants, as often as asked; mirrors that reach the head start anew."""
    done = advanced = completed = early = 0
    with opened(url) as engine:
        before = on.must_be_right(engine, "nothing")
        longest = 0.7
        while done < rounds:
            most = rng.choice(["1", "1", "1", "7", str(MOST_BLOCKS)])
            pid = on.start(url, "--most-blocks", most, TANHUI_FINALITY_BLOCKS=rng.choice(["0", "24"]))
            time.sleep(rng.uniform(0.0, longest))
            code = on.zygote.kill(pid)
            if code == -signal.SIGKILL:
                done += 1
            elif code == 0:
                early += 1
            else:
                raise Harmed(f"the mirror ended with {code}: {on.log()}")
            block = on.must_be_right(engine, f"kill {done}")
            advanced += code == -signal.SIGKILL and block != before
            longest = _aimed(longest, late=code == 0, early=block == before)
            before = block
            if block == on.head:
                completed += 1
                on.must_complete(engine, f"kill {done}")
                on.empty(engine)
                before = on.oracle.first - 1
            if done % 10 == 0:
                show(f"kills {done}/{rounds}: {advanced} lives wrote, {completed} mirrors completed")
        on.must_complete(engine, f"{done} kills")
    return {"kills": done, "lives_that_wrote": advanced, "ended_before": early, "completed": completed + 1}


def _aimed(longest: float, *, late: bool, early: bool) -> float:
    """The longest time to a kill, in seconds, so that kills meet a mirror that writes, on machines of any speed."""
    if late:
        return max(longest * 0.7, 0.1)
    return min(longest * 1.1, 10.0) if early else longest


def lies(on: Ground, url: str, rng: random.Random, rounds: int, show: Show) -> Summary:
    """A lying node: the mirror writes the truth or stops and says where; when the lies end it completes.

    In turn without proofs, where only what it must see is a lie, and with proofs, where everything is that receipts tell.
    """
    told: dict[bool, Counter[str]] = {False: Counter(), True: Counter()}
    stops: dict[bool, Counter[str]] = {False: Counter(), True: Counter()}
    with opened(url) as engine:
        for number in range(rounds):
            proven = bool(number % 2)
            on.empty(engine)
            with (
                closing(
                    LyingNode(on.world.chain.url, rng, on.world.deployment.addresses, proven=proven)
                ) as liar,
                closing(Chain(liar.url)) as chain,
            ):
                mirror = Mirror(
                    chain,
                    engine,
                    on.world.deployment,
                    most_blocks=rng.choice([1, 5, 40, 4_000]),
                    # A node that lies about hashes must not have true blocks undone for good either.
                    finality_blocks=rng.choice([0, KEPT]),
                    proven=proven,
                )
                rate = rng.uniform(0.01, 0.2)
                for _ in range(40):
                    if proven:
                        told[proven][_forge(on, liar, rng)] += 1
                    liar.rate = rate
                    at = _lied_to(mirror, stops[proven])
                    liar.rate = 0.0
                    on.must_be_right(engine, f"lies of round {number}")
                    if at == on.head:
                        break
                told[proven] += liar.told
                liar.forged.clear()
                mirror.thaw()
                mirror.run()
            on.must_complete(engine, f"lies of round {number}")
            count = {word: told[way].total() for way, word in WAYS.items()}
            show(f"lies, round {number + 1}/{rounds}: {count}")
    return {"rounds": rounds} | {
        word: {"lies": dict(sorted(told[way].items())), "stops": dict(sorted(stops[way].items()))}
        for way, word in WAYS.items()
    }


def _forge(on: Ground, liar: LyingNode, rng: random.Random) -> str:
    """One block is forged, or in a third of all cases none; the name of the lie."""
    liar.forged.clear()
    depth = rng.choice(DEPTHS)
    kind = rng.choice(["contract", *FORGERIES])
    by = FORGERIES.get(kind) or contracts(list(on.world.deployment.addresses.values()))
    block = rng.randrange(on.oracle.first, on.head + 1)
    if rng.random() < 1 / 3 or not liar.forge(block, by, depth):
        return "no forgery"
    return f"{kind} forged in {depth}"


def _lied_to(mirror: Mirror, stops: Counter[str]) -> int:
    try:
        return mirror.run().block
    except TanhuiError as error:
        if not error.remedy or not any(character.isdigit() for character in error.message):
            raise Harmed(f"it does not say where it stopped: {error}") from error
        stops[type(error).__name__] += 1
        if isinstance(error, ForkDetected):
            # Somebody looked, and it was the node.
            with suppress(TanhuiError):
                mirror.thaw()
    return -1


def takeovers(on: Ground, url: str, rng: random.Random, rounds: int, show: Show) -> Summary:
    """The writer is stopped, another takes over, the first goes on: it writes nothing more."""
    ends: Counter[str] = Counter()
    with opened(url) as engine:
        for number in range(rounds):
            first = on.start(url, "--most-blocks", "1")
            time.sleep(rng.uniform(0.05, 0.8))
            os.kill(first, signal.SIGSTOP)
            until = on.must_be_right(engine, "SIGSTOP") + rng.randrange(1, 60)
            second = on.start(
                url, "--most-blocks", rng.choice(["1", "50"]), "--until", str(min(until, on.head))
            )
            code = on.zygote.wait(second, 3.0)
            ends["blocked by the stopped one" if code is None else "took over"] += 1
            on.must_be_right(engine, "the second writer")
            os.kill(first, signal.SIGCONT)
            second_code = on.zygote.wait(second, 40.0) if code is None else code
            first_code = on.zygote.wait(first, 40.0)
            if first_code not in {0, REPLACED} or second_code not in {0, REPLACED}:
                raise Harmed(f"the writers ended with {first_code} and {second_code}: {on.log()}")
            ends[f"first ended with {first_code}"] += 1
            if on.must_be_right(engine, "SIGCONT") == on.head:
                on.must_complete(engine, "takeovers")
                on.empty(engine)
            show(f"takeovers {number + 1}/{rounds}: {dict(ends)}")
        on.must_complete(engine, "takeovers")
    return {"rounds": rounds, **dict(sorted(ends.items()))}


class Following:
    """A mirror that follows in a thread, one block a commit, until it is at the head; `waits` says why it waited."""

    def __init__(self, on: Ground, engine: Engine) -> None:
        self.waits: Counter[str] = Counter()
        self.error: BaseException | None = None
        self._on, self._engine = on, engine
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        try:
            with closing(Chain(self._on.world.chain.url)) as chain:
                mirror = Mirror(
                    chain, self._engine, self._on.world.deployment, most_blocks=1, poll_seconds=0.005
                )
                mirror.run(follow=True, until=self._on.head, progress=self._note)
        except BaseException as error:
            self.error = error

    def _note(self, progress: Progress) -> None:
        # To make indexes is work, not trouble.
        if progress.waiting and progress.waiting != MAKES_INDEXES:
            self.waits[progress.waiting] += 1

    def runs(self) -> bool:
        """Whether it is still on its way."""
        return self._thread.is_alive()

    def join(self, seconds: float) -> None:
        """It is at the head. Raises `Harmed` when it is not in time."""
        self._thread.join(seconds)
        if self.error is not None or self.runs():
            raise Harmed(f"it did not get to the head: {self.error!r}") from self.error


def cuts(on: Ground, url: str, rng: random.Random, rounds: int, show: Show) -> Summary:
    """The database's connection is cut at random instants, by the server, on the way, and between COMMIT and its answer."""
    parsed = make_url(url)
    host = str(parsed.query.get("host") or parsed.host)
    done: Counter[str] = Counter()
    with (
        opened(url) as engine,
        closing(BreakingLine(host, parsed.port or 5432)) as line,
        ExitStack() as stack,
    ):
        broken = parsed.set(host="127.0.0.1", port=line.port, query={"sslmode": "disable"})
        through = database.engine(broken.render_as_string(hide_password=False))
        stack.callback(through.dispose)
        while done.total() < rounds:
            on.empty(engine)
            following = Following(on, through)
            while following.runs() and done.total() < rounds:
                time.sleep(rng.uniform(0.01, 0.25))
                done[_cut(engine, line, rng.choice(["terminated", "cut", "commit"]))] += 1
                show(f"cuts {done.total()}/{rounds}: {dict(done)}")
            line.cut_next_commit.clear()
            following.join(120)
            on.must_complete(engine, f"{done.total()} cuts")
    return {"cuts": done.total(), **dict(done), "commits_cut_unanswered": line.commits_cut}


def _cut(engine: Engine, line: BreakingLine, how: str) -> str:
    if how == "terminated":
        with engine.connect() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
    elif how == "cut":
        line.cut()
    else:
        line.cut_next_commit.set()
    return how


def full_sqlite(on: Ground, folder: Path, rng: random.Random, rounds: int, show: Show) -> Summary:
    """The disk of a SQLite mirror is full: by SQLite's own count of pages, and by the system's refusal to write on."""
    found: Counter[str] = Counter()
    for number in range(rounds):
        url = f"sqlite:///{folder / f'full-{next(on.numbers)}.sqlite'}"
        with opened(url) as engine:
            small = database.engine(url)
            with engine.connect() as connection:
                pages = int(connection.execute(text("PRAGMA page_count")).scalar_one()) + rng.randrange(5, 60)

            def limit(connection: Any, _record: Any, pages: int = pages) -> None:
                connection.execute(f"PRAGMA max_page_count = {pages}")

            event.listen(small, "connect", limit)
            try:
                Mirror(on.world.chain, small, on.world.deployment, most_blocks=rng.choice([1, 30])).run()
            except DatabaseUnreachable as error:
                found[error.message.rsplit(": ", 1)[-1]] += 1
            else:
                raise Harmed(f"{pages} pages were enough")
            finally:
                small.dispose()
            on.must_be_right(engine, "a full SQLite")
            on.must_complete(engine, "room was made")
            on.empty(engine)
            # Every file the process writes, the log of the database among them.
            pid = on.start(url, "--most-blocks", "1", file_limit=rng.randrange(300_000, 600_000))
            code = on.zygote.wait(pid, 60)
            found[f"refused by the system: exit code {code}"] += 1
            if code != DatabaseUnreachable.exit_code:
                raise Harmed(f"with its files limited it ended with {code}: {on.log()}")
            on.must_be_right(engine, "a full file system")
            on.must_complete(engine, "room was made")
        show(f"full disks {number + 1}/{rounds}: {dict(found)}")
    return {"rounds": rounds, "said": dict(found)}


def full_postgres(on: Ground, rng: random.Random, rounds: int, show: Show) -> Summary:
    """The server of a PostgreSQL mirror cannot write any more: it crashes, recovers, and the mirror goes on."""
    found: Counter[str] = Counter()
    with postgres.own_server() as server:
        for number in range(rounds):
            with postgres.empty_database(server) as url, opened(url) as engine:
                following = Following(on, engine)
                time.sleep(rng.uniform(0.3, 1.2))
                backends = _limit_backends(server, url)
                deadline = time.monotonic() + 60
                while not following.waits and following.runs() and time.monotonic() < deadline:
                    time.sleep(0.02)
                following.join(120)
                if not following.waits:
                    raise Harmed(f"the limit on {backends} backends was not felt")
                found.update(why.rsplit(":", 1)[-1].strip() for why in following.waits)
                on.must_complete(engine, "the server came back")
            show(f"full servers {number + 1}/{rounds}: {dict(found)}")
    return {"rounds": rounds, "said": dict(found)}


def _limit_backends(server: str, url: str) -> int:
    """The mirror's connections cannot write to files any more, as on a full disk; how many there still were."""
    with psycopg.connect(server, autocommit=True) as connection:
        found = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = %s", [make_url(url).database]
        ).fetchall()
    program = "import resource, sys; resource.prlimit(int(sys.argv[1]), resource.RLIMIT_FSIZE, (0, 0))"
    limited = 0
    for (pid,) in found:
        # As the server's own user: the root of a container may not do it, and PostgreSQL never runs as root.
        process = Path(f"/proc/{pid}")
        if not process.exists():
            continue
        owner = process.stat()
        who = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.getuid() == 0 else {}
        done = subprocess.run(
            ["/usr/bin/env", "python3", "-c", program, str(pid)], check=False, cwd="/", **who
        )  # type: ignore[call-overload]
        if done.returncode and process.exists():
            raise Harmed(f"the backend {pid} could not be limited")
        limited += not done.returncode
    return limited


def forks(on: Ground, url: str, rng: random.Random, rounds: int, show: Show) -> Summary:
    """SIGKILL of a mirror that undoes a fork: another one goes on to the tables of a fresh mirror."""
    folder = on.folder / f"forks-{next(on.numbers)}"
    world = World.deploy(anvil.up(folder / "anvil").rpc_url)
    here = replace(on, folder=folder, world=world)
    found: Counter[str] = Counter()
    try:
        deployment.save(folder / "deployments", world.deployment)
        acts = acts_of(world, with_credit(world))
        with opened(url) as engine:
            mirror = Mirror(world.chain, engine, world.deployment, finality_blocks=KEPT)
            # Another chain may have been mirrored here, with contracts of the same addresses.
            mirror.rebuild()
            longest = 0.7
            for number in range(rounds):
                snapshot, base = world.rpc("evm_snapshot"), world.chain.head()
                blocks(world, rng, rng.randrange(1, 8), acts)
                old = mirror.run()
                world.rpc("evm_revert", snapshot)
                blocks(world, rng, old.block - base + 1, acts)
                pid = here.start(url, "--most-blocks", "1", TANHUI_FINALITY_BLOCKS=str(KEPT))
                time.sleep(rng.uniform(0.05, longest))
                code = here.zygote.kill(pid)
                with engine.connect() as connection:
                    met = checkpoint.read(connection)
                assert met is not None
                early = met.block_hash == old.block_hash
                found["killed before" if early else "killed after" if code else "ended"] += 1
                longest = _aimed(longest, late=code == 0, early=early)
                mirror = Mirror(world.chain, engine, world.deployment, finality_blocks=KEPT)
                mirror.run()
                if digest(engine) != fresh(world, folder):
                    raise Harmed(f"after fork {number} the digest is not that of a fresh mirror")
                show(f"forks {number + 1}/{rounds}: {dict(found)}")
            on.empty(engine)
    finally:
        world.chain.close()
        anvil.down(folder / "anvil")
    return {"rounds": rounds, **dict(found)}


def following(on: Ground, url: str, seconds: float, show: Show, most_late: float = 0.02) -> Summary:
    """A chain with a block every second and 300 transfers in each: the mirror stays up and is hardly ever two blocks behind.

    `most_late` is the share of looks that may find it so, for a machine that has other work.
    """
    found: Summary = {}
    for proven, word in WAYS.items():
        folder = on.folder / f"live-{next(on.numbers)}"
        with opened(url) as engine:
            seen = live(folder, engine, on.zygote, seconds=seconds, per_second=300, proven=proven)
            on.empty(engine)
        show(f"following, {word}: {seen}")
        late = sum(count for blocks, count in seen["behind"].items() if blocks > 1)
        if seen["waited"] or late > sum(seen["behind"].values()) * most_late:
            raise Harmed(f"it followed too late, or not at all times: {seen}")
        found[word] = seen
    return found


KINDS = ("kills", "lies", "takeovers", "forks", "cuts", "full", "live")


def _harms(
    on: Ground, url: str, rng: random.Random, asked: argparse.Namespace, show: Show
) -> dict[str, Callable[[], Summary]]:
    """What can be done to a database, by its name in `KINDS`."""
    share = (asked.kills + 1) // 2 if asked.database == "both" else asked.kills
    few = max(asked.rounds // 10, 1)
    found: dict[str, Callable[[], Summary]] = {
        "kills": lambda: kills(on, url, rng, share, show),
        "lies": lambda: lies(on, url, rng, asked.rounds, show),
        "takeovers": lambda: takeovers(on, url, rng, asked.rounds, show),
        "forks": lambda: forks(on, url, rng, asked.rounds, show),
        "live": lambda: following(on, url, asked.seconds, show),
    }
    if url.startswith("sqlite"):
        return found | {"full": lambda: full_sqlite(on, on.folder, rng, few, show)}
    return found | {
        "cuts": lambda: cuts(on, url, rng, asked.rounds, show),
        "full": lambda: full_postgres(on, rng, few, show),
    }


def campaign(on: Ground, asked: argparse.Namespace, show: Show) -> Summary:
    """Every kind of harm asked for, on the databases asked for."""
    summary: Summary = {}
    wanted = asked.only or KINDS
    for kind in ("sqlite", "postgres"):
        if asked.database not in {kind, "both"}:
            continue
        rng = random.Random(f"{asked.seed} {kind}")
        with ExitStack() as stack:
            if kind == "sqlite":
                place = stack.enter_context(tempfile.TemporaryDirectory(prefix="tanhui-campaign-"))
                url = f"sqlite:///{place}/mirror.sqlite"
            else:
                url = stack.enter_context(postgres.empty_database(stack.enter_context(postgres.server())))
            harms = _harms(on, url, rng, asked, show)
            summary[kind] = {name: harms[name]() for name in KINDS if name in wanted and name in harms}
    return summary


def main() -> int:
    """The campaign of the command line; its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.campaign.mirror", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=1_000, help="SIGKILLs, shared by the databases")
    parser.add_argument("--rounds", type=int, default=100, help="rounds of every other harm, per database")
    parser.add_argument(
        "--seconds", type=int, default=120, help="seconds to follow a busy chain, with proofs and without"
    )
    parser.add_argument("--blocks", type=int, default=800, help="blocks of movements on the chain")
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--only", choices=KINDS, action="append")
    asked = parser.parse_args()
    started = time.monotonic()
    # Ended from outside, it takes its chain and its server down with it.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(1))

    def show(line: str) -> None:
        print(f"{time.monotonic() - started:7.1f} s  {line}", file=sys.stderr, flush=True)

    summary: Summary = {"seed": asked.seed, "wrong": ""}
    with tempfile.TemporaryDirectory(prefix="tanhui-ground-") as folder:
        try:
            with ground(Path(folder), asked.seed, asked.blocks, show) as on:
                summary["blocks"], summary["acts"] = on.head, len(on.oracle.acts)
                summary |= campaign(on, asked, show)
        except (Harmed, TanhuiError) as error:
            summary["wrong"] = f"{type(error).__name__}: {error}"
    summary["seconds"] = round(time.monotonic() - started, 1)
    print(json.dumps(summary, indent=2, ensure_ascii=False))
    return 1 if summary["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
