"""The az in which the cases run says what any az says."""

from __future__ import annotations

import pytest

from tests.armsim.cli import Az
from tests.e2e.faults.commands import CHECK, SHOW
from tests.e2e.faults.stage import Stage

WORDS = {
    "ready": CHECK.words,
    "notFound": (*SHOW.words[:-1], "aks-none"),
    "usage": ("aks", "egress", "check", "--to", "nowhere"),
}


@pytest.mark.parametrize("case", WORDS)
def test_a_warm_az_ends_as_a_cold_one(stage: Stage, cold_az: Az, case: str) -> None:
    stage.scene(CHECK).open()
    warm, cold = stage.az(*WORDS[case]), cold_az(*WORDS[case])
    assert (warm.code, timeless(warm.out), timeless(warm.err)) == (cold.code, timeless(cold.out), timeless(cold.err))


def timeless(text: str) -> list[str]:
    """All lines but those that say when something was read."""
    return [line for line in text.splitlines() if "capturedAt" not in line and "reading the cluster" not in line]
