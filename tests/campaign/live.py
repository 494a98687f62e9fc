"""A mirror that follows a busy chain: how far behind it is, and why it ever waited.

Flow: anvil with a block every second ← a sender that keeps so many transfers a block coming; a real `tanhui mirror run --follow`
→ SQL; the head and the checkpoint looked at side by side, some twenty times a second.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from node_client import deployment
from node_client.chain import Chain
from node_client.mirror import Mirror, digest, read_checkpoint
from node_client.mirror.loop import NO_NEWS
from node_client.network import anvil
from tests.campaign.zygote import Zygote
from tests.node_client.ledger_world import World, calldata
from tests.node_client.test_rollback import fresh, with_credit

AT_ONCE = 25


@contextmanager
def sending(world: World, credit: int, per_second: int) -> Iterator[Counter[str]]:
    """So many transfers a second are sent; how many, is counted."""
    owner, buyer = world.account("owner"), world.account("buyer")
    transfer = {
        "from": owner,
        "to": world.deployment.address("Credits"),
        "data": calldata("Credits", "safeTransferFrom", owner, buyer, credit, 1, b""),
        "gas": hex(120_000),
        "gasPrice": "0x0",
    }
    ended, sent = threading.Event(), Counter[str]()

    def send() -> None:
        with closing(Chain(world.chain.url)) as chain:
            nonce, due = chain.next_nonce(owner), time.monotonic()
            while not ended.is_set():
                each = [[{**transfer, "nonce": hex(nonce + more)}] for more in range(AT_ONCE)]
                chain.rpc.batch("eth_sendTransaction", each)
                nonce += AT_ONCE
                sent["transfers"] += AT_ONCE
                due += AT_ONCE / per_second
                time.sleep(max(due - time.monotonic(), 0))

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    try:
        yield sent
    finally:
        ended.set()
        thread.join(30)


def live(
    folder: Path, engine: Engine, zygote: Zygote, *, seconds: float, per_second: int, proven: bool = False
) -> dict[str, Any]:
    """What was seen in so many seconds: samples by blocks behind, and the reasons for which the mirror waited."""
    world = World.deploy(anvil.up(folder / "anvil").rpc_url)
    log = folder / "following.log"
    try:
        credit = with_credit(world)
        deployment.save(folder / "deployments", world.deployment)
        # Another chain may have been mirrored here, with contracts of the same addresses.
        Mirror(world.chain, engine, world.deployment).rebuild()
        world.rpc("evm_setAutomine", False)
        world.rpc("evm_setIntervalMining", 1)
        env = {
            "TANHUI_DATA": str(folder),
            "TANHUI_NODE_URL": world.chain.url,
            "TANHUI_DATABASE_URL": engine.url.render_as_string(hide_password=False),
            "TANHUI_PROVEN": str(proven),
        }
        first = world.chain.head()
        pid = zygote.start("mirror", "run", "--follow", "--json", env=env, log=log)
        head, behind = first, Counter[int]()
        with sending(world, credit, per_second) as sent:
            # The mirror takes a moment to start; what is measured is how it follows.
            time.sleep(3)
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                # The head first: a block made in between must not count for the mirror.
                head = world.chain.head()
                with engine.connect() as connection:
                    now = read_checkpoint(connection)
                assert now is not None
                behind[max(head - now.block, 0)] += 1
                time.sleep(0.05)
        world.rpc("evm_setIntervalMining", 0)
        assert zygote.kill(pid) < 0, log.read_text(encoding="utf-8")[-2_000:]
        Mirror(world.chain, engine, world.deployment).run()
        assert digest(engine) == fresh(world, folder)
    finally:
        world.chain.close()
        anvil.down(folder / "anvil")
    told = [json.loads(line)["waiting"] for line in log.read_text(encoding="utf-8").splitlines()]
    return {
        "blocks": head - first,
        "transfers": sent["transfers"],
        "behind": dict(sorted(behind.items())),
        "waited": dict(Counter(why for why in told if why not in {"", NO_NEWS})),
    }
