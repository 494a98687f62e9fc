"""One way of reading a recorded chain, timed in a process of its own, so that its peak memory is its own too.

    python -m bench.reading URL HOW ABOUT [DATABASE_URL]

HOW is `download` (the bodies of eth_getLogs, thrown away), `parse` (parsed by msgspec into plain structs), `mirror` or `proven`
(the mirror with receipt proofs); ABOUT is a recording's about.json. Prints JSON. Start-up, imports and the making of tables are
not timed.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

# As many logs in one answer as the mirror asks for.
LOGS_AT_ONCE: Final = 10_000
# Fewer are over before the mirror is up to speed.
FEW_ACTS: Final = 100_000


class Log(msgspec.Struct, rename="camel"):
    """The fields of a log that a reader needs, as text."""

    address: str
    topics: list[str]
    data: str
    block_number: str
    block_hash: str
    transaction_hash: str
    log_index: str


class Answer(msgspec.Struct):
    """An answer of eth_getLogs."""

    result: list[Log]


def main() -> None:
    url, how, about_path, *rest = sys.argv[1:]
    about = json.loads(Path(about_path).read_text(encoding="utf-8"))
    if how in {"mirror", "proven"}:
        run = _mirror(url, about, rest[0], proven=how == "proven")
    else:
        run = _download(url, about, parse=how == "parse")
    cpu = time.process_time()
    started = time.perf_counter()
    events = run()
    seconds = time.perf_counter() - started
    growth = _growth(started)
    print(
        json.dumps(
            {
                "seconds": seconds,
                "cpu_seconds": time.process_time() - cpu,
                "peak_mib": _peak_mib(),
                "events": events,
                "late_to_early": growth,
            }
        )
    )


# When the mirror had committed how many acts.
_COMMITTED: Final[list[tuple[float, int]]] = []


def _growth(started: float) -> float | None:
    """An act's cost in the last third of the acts by that in the first third; None for few acts, or none."""
    if not _COMMITTED or _COMMITTED[-1][1] < FEW_ACTS:
        return None
    whole = _COMMITTED[-1][1]
    early = next(each for each in _COMMITTED if each[1] >= whole / 3)
    middle = next(each for each in _COMMITTED if each[1] >= whole * 2 / 3)
    last = next(each for each in _COMMITTED if each[1] == whole)
    cost_late = (last[0] - middle[0]) / (last[1] - middle[1])
    return round(cost_late / ((early[0] - started) / early[1]), 2)


def _peak_mib() -> int:
    # Linux counts ru_maxrss from before this program was started, and so the parent's memory with it; VmHWM it does not.
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _download(url: str, about: dict[str, Any], *, parse: bool) -> Callable[[], int]:
    """Every log by the leanest client there is: one connection, bodies read whole."""
    first, head = about["deployment"]["block"], about["head"]
    blocks = max(1, (head - first + 1) * LOGS_AT_ONCE // about["events"])
    addresses = list(about["deployment"]["addresses"].values())
    where = urlsplit(url)
    decoder = msgspec.json.Decoder(Answer)

    def run() -> int:
        connection = http.client.HTTPConnection(str(where.hostname), where.port)
        events = 0
        for start in range(first, head + 1, blocks):
            asked = {
                "fromBlock": hex(start),
                "toBlock": hex(min(start + blocks - 1, head)),
                "address": addresses,
            }
            body = {"jsonrpc": "2.0", "id": 1, "method": "eth_getLogs", "params": [asked]}
            connection.request("POST", "/", msgspec.json.encode(body), {"content-type": "application/json"})
            content = connection.getresponse().read()
            events += len(decoder.decode(content).result) if parse else 0
        connection.close()
        return events if parse else about["events"]

    return run


def _mirror(url: str, about: dict[str, Any], database_url: str, *, proven: bool) -> Callable[[], int]:
    # Imported here, so that a download's peak memory is not that of web3.
    from sqlalchemy import func, select  # noqa: PLC0415 - as above

    from node_client import database  # noqa: PLC0415 - as above
    from node_client import mirror as mirroring  # noqa: PLC0415 - as above
    from node_client.chain import Chain  # noqa: PLC0415 - as above
    from node_client.deployment import Deployment  # noqa: PLC0415 - as above

    database.upgrade(database_url)
    engine = database.engine(database_url)
    # An earlier checkout knows neither of these.
    options = {"proven": True} if proven else {}
    getattr(mirroring, "tune_interpreter", lambda: None)()
    mirror = mirroring.Mirror(Chain(url), engine, Deployment(**about["deployment"]), **options)

    def run() -> int:
        mirror.run(progress=lambda step: _COMMITTED.append((time.perf_counter(), step.sequence)))
        counted = [select(func.count()).select_from(database.table_of(name)) for name in ("act", "role_act")]
        with engine.connect() as connection:
            return sum(connection.execute(each).scalar_one() for each in counted)

    return run


if __name__ == "__main__":
    main()
