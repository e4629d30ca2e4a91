"""`list` over a fleet: how long, how many requests, how much memory."""

from __future__ import annotations

from typing import Iterator

from benchmarks.numbers import Goal, Measure, growth, typical
from benchmarks.stage import Stage
from tests.armsim.estate import Estate
from tests.armsim.estate_fleet import fleet

LIST = ("aks", "egress", "list", "--all-subscriptions", "--to", "userDefinedRouting", "-o", "json")
SMALL, MEDIUM, LARGE = 100, 1000, 5000
ROUNDS = 3
LINEAR = 1.1
"""Where times are never twice the same, a tenth more than linear is still linear."""
MAX_SECONDS, MAX_REQUESTS, MAX_MEGABYTES = 10, 60, 250


def measure(stage: Stage) -> Iterator[Measure]:
    """Each size of a fleet; raises RuntimeError where the command fails, or a cluster is not in its answer."""
    times: dict[int, float] = {}
    for count in (SMALL, MEDIUM, LARGE):
        estate = Estate()
        fleet(estate, count)
        arm = stage.furnish(estate)
        found = [stage.weighed(*LIST) for _ in range(ROUNDS)]
        if any(len(run.rows) != count for run in found):
            raise RuntimeError(f"of {count} clusters, {[len(run.rows) for run in found]} are in the answers")
        times[count] = typical([run.seconds for run in found])
        is_largest = count == LARGE
        memory = max(run.megabytes for run in found)
        what = f"`list --to userDefinedRouting` of {count:,} clusters"
        yield Measure(what, times[count], "s", Goal(MAX_SECONDS) if is_largest else None)
        yield Measure(f"{what}: requests", len(arm.journal) / ROUNDS, "", Goal(MAX_REQUESTS) if is_largest else None)
        yield Measure(f"{what}: memory at its peak", memory, "MB", Goal(MAX_MEGABYTES) if is_largest else None)
    grown = growth((MEDIUM, times[MEDIUM]), (LARGE, times[LARGE]))
    yield Measure(
        f"time for a cluster, among {LARGE:,} against among {MEDIUM:,}", grown, "×", Goal(LINEAR), "linear is 1"
    )
