"""How fast a registry's export is imported, on ganache and on anvil, and how much of the time is the chain's.

    python -m bench.import_acts

Prints JSON. Both chains run in this one run, one after the other, on the same file.
"""

from __future__ import annotations

import json
import sys
import time
from types import ModuleType
from typing import Any

from bench.world import world
from node_client.compiler import ROOT
from node_client.network import anvil, ganache
from scripts.import_file import read_export, replay

EXPORT = ROOT / "examples" / "registries" / "verra_vcus.csv"


def main() -> int:
    """The figures are printed; 1 when a row was refused."""
    measured = [_measure(engine) for engine in (ganache, anvil)]
    body = {
        "benchmark": "import",
        "file": EXPORT.relative_to(ROOT).as_posix(),
        "engines": measured,
        "anvil_to_ganache": round(measured[1]["acts_per_second"] / measured[0]["acts_per_second"], 2),
    }
    print(json.dumps(body, indent=2))
    return int(any(each["refused"] for each in measured))


def _measure(engine: ModuleType) -> dict[str, Any]:
    export = read_export([EXPORT], "verra")
    with world(engine) as made:
        sent, waited = made.ledger.acts_sent, made.ledger.chain.rpc.waited_seconds
        started = time.perf_counter()
        outcome = replay(made.ledger, made.parties, export, made.folder / "commitment.key", quiet=True)
        seconds = time.perf_counter() - started
        acts = made.ledger.acts_sent - sent
        chain_seconds = made.ledger.chain.rpc.waited_seconds - waited
    return {
        "engine": engine.NAME,
        "acts": acts,
        "seconds": round(seconds, 2),
        "acts_per_second": round(acts / seconds, 1),
        "chain_share": round(chain_seconds / seconds, 3),
        "refused": sum(tally.refused for tally in outcome.tallies.values()),
    }


if __name__ == "__main__":
    sys.exit(main())
