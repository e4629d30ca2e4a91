"""What the model test has found, each as the shortest sequence that shows it."""

from __future__ import annotations

from typing import Callable

import pytest

from tests.armsim.cli import Az, Result
from tests.e2e.faults.commands import NAMED
from tests.e2e.model.trouble import NOTHING, Failing, Trouble
from tests.e2e.model.world import SCENERIES, UANAT, UDR, World

PUBLIC = next(scenery for scenery in SCENERIES if scenery.name == "public")
Run = Callable[..., Result]


@pytest.fixture
def world(warm_az: Az) -> World:
    return World(warm_az, PUBLIC)


@pytest.fixture
def run(world: World) -> Run:
    def run(command: str, *options: str, befalls: Trouble = NOTHING) -> Result:
        result = world.turn((command, *NAMED, *options), befalls).result
        assert result
        return result

    return run


@pytest.mark.parametrize("back", [("migrate", "--to", UANAT), ("rollback",)], ids=lambda words: words[0])
def test_ranges_are_added_before_a_cluster_leaves_its_route_though_a_profile_lingers(
    world: World, run: Run, back: tuple[str, ...]
) -> None:
    assert run("migrate", "--to", UDR, "--yes", "--accept", "EGR301").code == 0
    assert world.shop.document["properties"]["networkProfile"]["loadBalancerProfile"]
    result = run(*back, "--yes", "--update-ip-ranges")
    assert (result.code, result.json["outcome"]) == (0, "applied"), result.err
    assert "52.0.0.1/32" in world.look().ranges


def test_ranges_that_complete_a_failed_move_stop_it_and_the_same_command_ends_well(world: World, run: Run) -> None:
    """The update of the ranges has AKS finish what had failed, and the move takes that for a change by somebody
    else: it is refused rather than sent unseen, and made again with nothing in its way."""
    words = ("migrate", "--to", UDR, "--yes")
    assert run(*words, "--accept", "EGR301", befalls=Failing("goal")).code == 1
    stopped = run(*words, "--update-ip-ranges")
    assert stopped.code == 1
    assert "Done before: add 52.0.0.1/32 to the authorized IP ranges" in stopped.err
    assert run(*words, "--update-ip-ranges").code == 0
    assert (world.look().outbound_type, run("verify").code) == (UDR, 0)
