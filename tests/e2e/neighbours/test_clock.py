"""A clock that jumps: what was done last is the newest record, whatever the clock says, and nothing else minds."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.armsim.cli import Az, Result
from tests.builders import Shop
from tests.e2e.neighbours.conftest import Serve, World

CLUSTER = ("-g", "rg-shop", "-n", "aks-shop")
LB, UANAT, UDR = "loadBalancer", "userAssignedNATGateway", "userDefinedRouting"
WRONG_CLOCK = Path(__file__).parent / "clock"
YEAR = 365.25 * 86400
DAY = 86400
TO_1970 = 2 * DAY - time.time()


def clock(ahead: float, back: float = 0) -> str:
    return f'export PYTHONPATH="{WRONG_CLOCK}" AHEAD={ahead} BACK={back}'


def egress(az: Az, *words: str) -> Result:
    command, *options = words
    return az("aks", "egress", command, *CLUSTER, *options)


def stored_type(shop: Shop) -> str:
    found: str = shop.document["properties"]["networkProfile"]["outboundType"]
    return found


CLOCKS = [
    pytest.param((TO_1970, 0), id="1970"),
    pytest.param((75 * YEAR, 0), id="2100"),
    pytest.param((0, DAY), id="back-at-each-look"),
    pytest.param((0, -DAY), id="ahead-at-each-look"),
]


@pytest.mark.parametrize("wrong", CLOCKS)
def test_with_a_wrong_clock_a_move_is_made_proven_and_taken_back(
    world: World, serve: Serve, wrong: tuple[float, float]
) -> None:
    shop = Shop.byo().routed()
    serve(shop)
    az = world(clock(*wrong))
    for words, outbound_type in ((("migrate", "--to", UDR, "--yes"), UDR), (("rollback", "--yes"), LB)):
        done = egress(az, *words)
        assert (done.code, stored_type(shop)) == (0, outbound_type), done.err
        verified = egress(az, "verify")
        assert (verified.code, verified.json["record"]) == (0, done.json["record"]), verified.err


def test_after_a_jump_back_what_is_done_last_is_the_newest(world: World, serve: Serve) -> None:
    shop = Shop.byo().routed().gated()
    serve(shop)
    ahead, right, behind = world(clock(75 * YEAR)), world(), world(clock(TO_1970))
    assert egress(ahead, "migrate", "--to", UDR, "--yes").code == 0
    for az, words, outbound_type in (
        (behind, ("rollback", "--yes"), LB),
        (right, ("migrate", "--to", UDR, "--yes"), UDR),
        (behind, ("migrate", "--to", UANAT, "--yes"), UANAT),
        (right, ("rollback", "--yes"), UDR),
    ):
        done = egress(az, *words)
        assert (done.code, stored_type(shop)) == (0, outbound_type), done.err
        assert egress(right, "verify").json["record"] == done.json["record"]
