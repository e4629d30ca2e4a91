"""The engine alone: a cluster that is read already, judged again and again in this process."""

from __future__ import annotations

import time
from typing import Iterator

from azext_aksegress import report, request, snapshot
from benchmarks.estates import SHOP, shop
from benchmarks.numbers import Measure, typical
from benchmarks.one_cluster import SIZES
from benchmarks.stage import Stage

REPORTS, ROUNDS = 50, 5


def measure(stage: Stage) -> Iterator[Measure]:
    """How many checks are judged in a second; raises RuntimeError where the cluster cannot be read."""
    for pools, subnets in SIZES:
        stage.furnish(shop(pools, subnets))
        read = snapshot.from_json(stage.az.must("aks", "egress", "show", *SHOP, "-o", "json").json)
        asked = request.make("userDefinedRouting", None, {})
        checks = len({finding.id for finding in report.make(read, asked).findings})
        rates = []
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            for _ in range(REPORTS):
                report.make(read, asked).to_json()
            rates.append(REPORTS * checks / (time.perf_counter() - begun))
        size = "1 pool" if pools == 1 else f"{pools} pools"
        yield Measure(f"the engine alone, {size}: checks a second", typical(rates), "", detail=f"{checks} checks")
