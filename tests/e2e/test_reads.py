"""How much a check reads, and how many answers it waits for in a row: what a person feels far from Azure."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from azext_aksegress.matrix import OUTBOUND_TYPES
from tests.armsim.arm import Arm
from tests.armsim.cli import Az
from tests.armsim.estate import isolated
from tests.armsim.faults import Latency
from tests.builders import CLUSTER, Shop

SHOP = ("-g", "rg-shop", "-n", CLUSTER)
ROUNDS, REQUESTS = 5, 40
LATE = Latency(0.4)
Serve = Callable[[Shop], Arm]


def large(pools: int, subnets: int) -> Shop:
    """A cluster with a table, a NAT gateway and a security group of its own for every subnet."""
    shop = Shop()
    shop.subnets = shop.estate.vnet("vnet-shop", [f"snet-{number}" for number in range(subnets)])
    placed = {f"pool{number}": shop.subnets[f"snet-{number % subnets}"] for number in range(pools)}
    shop.estate.cluster(CLUSTER, pools=placed, **isolated())
    shop.routed()
    for number, subnet in enumerate(shop.subnets.values()):
        address = shop.estate.public_ip(f"pip-{number}")
        gateway = shop.estate.nat_gateway(f"nat-{number}", [address])
        shop.estate.attach(subnet, nat_gateway=gateway, nsg=shop.estate.nsg(f"nsg-{number}"))
    return shop


def read(az: Az, arm: Arm, *words: str) -> tuple[int, int]:
    """How many requests a check needs, and how many in a row."""
    arm.fault("*", "", LATE, times=10_000)
    result: Any = az("aks", "egress", "check", *SHOP, *words, "--fail-on", "never")
    assert result.code == 0, result.err
    return len(arm.journal), arm.depth


@pytest.mark.parametrize("to", OUTBOUND_TYPES)
def test_ten_pools_in_five_subnets_are_as_deep_as_one_and_cost_forty_requests(az: Az, serve: Serve, to: str) -> None:
    _, depth_of_one = read(az, serve(large(1, 1)), "--to", to)
    requests, depth = read(az, serve(large(10, 5)), "--to", to)
    assert requests <= REQUESTS
    assert depth == depth_of_one <= ROUNDS
