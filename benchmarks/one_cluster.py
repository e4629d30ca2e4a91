"""`check` of one cluster, beside `az aks show` of the same one, and beside the look that a person takes by hand."""

from __future__ import annotations

from functools import partial
from typing import Iterator, Sequence

from benchmarks.estates import SHOP, looks, shop
from benchmarks.numbers import Goal, Measure, difference, pairwise, typical
from benchmarks.stage import Stage, interleaved

CHECK = ("aks", "egress", "check", *SHOP, "--to", "userDefinedRouting", "-o", "json")
SHOW = ("aks", "show", *SHOP, "-o", "json")
SIZES = ((1, 1), (10, 5))
"""Pools, and the subnets that they are in."""
LATENCY, ROUNDS_OF_READS, SLACK = 0.150, 4, 0.15
"""Seconds until Azure answers; how many answers in a row may be waited for after the cluster's own; seconds beside."""
ROUNDS, ROUNDS_BY_HAND = 15, 5


def measure(stage: Stage) -> Iterator[Measure]:
    """`check` and `show` at both latencies and sizes; raises RuntimeError where a command fails."""
    for latency in (0.0, LATENCY):
        for pools, subnets in SIZES:
            stage.furnish(shop(pools, subnets), latency)
            check, show = interleaved([partial(stage.az.must, *CHECK), partial(stage.az.must, *SHOW)], ROUNDS)
            arm = stage.furnish(shop(pools, subnets), latency)  # of one command alone
            stage.az.must(*CHECK)
            detail = f"{typical(check):.2f} s against {typical(show):.2f} s; {len(arm.journal)} requests"
            if latency:
                goal = Goal(ROUNDS_OF_READS * LATENCY + SLACK)
                what = f"`check` longer than `az aks show`, {_size(pools)}, {latency * 1000:.0f} ms"
                yield Measure(what, difference(check, show), "s", goal, f"{detail}, {arm.depth} answers in a row")
            else:
                what = f"`check` against `az aks show`, {_size(pools)}, 0 ms"
                yield Measure(what, pairwise(check, show), "×", Goal(1.25), detail)


def by_hand(stage: Stage) -> Iterator[Measure]:
    """The same look with plain az, one command for each thing that a person would look at; raises as `measure`."""
    for pools, subnets in SIZES:
        stage.furnish(shop(pools, subnets))
        commands = [SHOW, *looks(subnets)]
        look, check = interleaved([partial(_all, stage, commands), partial(stage.az.must, *CHECK)], ROUNDS_BY_HAND)
        detail = f"{len(commands)} commands: {typical(look):.2f} s against {typical(check):.2f} s"
        what = f"the look by hand against `check`, {_size(pools)}, 0 ms"
        yield Measure(what, pairwise(look, check), "×", Goal(8, at_least=True), detail)


def _all(stage: Stage, commands: Sequence[Sequence[str]]) -> None:
    for words in commands:
        stage.az.must(*words)


def _size(pools: int) -> str:
    return "1 pool" if pools == 1 else f"{pools} pools"
