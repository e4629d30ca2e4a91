"""Every supported cell of both tables, there and, where a way leads back, back; in a real az."""

from __future__ import annotations

from typing import Callable

import pytest

from azext_aksegress import matrix
from tests.armsim.arm import Arm
from tests.armsim.cli import Az, Result
from tests.armsim.estate import isolated
from tests.builders import Shop

CLUSTER = ("-g", "rg-shop", "-n", "aks-shop")
LB, MNAT, NONE, BLOCK = "loadBalancer", "managedNATGateway", "none", "block"
V2 = ("--nat-gateway-sku", "StandardV2")
ACCEPTED = ("--yes", "--accept", "EGR243", "EGR601", "EGR604")
Serve = Callable[[Shop], Arm]
CELLS = [(path.vnet, path.origin, path.target) for path in matrix.PATHS if path.supported]
REACHABLE = [(vnet, origin, target) for vnet, origin, target in CELLS if (vnet, target, origin) in CELLS]
SAMPLE = REACHABLE[::2][:10]


def cluster(vnet: str, origin: str) -> Shop:
    """A cluster that meets the preconditions of every target of its VNet kind."""
    if vnet == matrix.MANAGED_VNET:
        return Shop.managed(origin, **isolated())
    return Shop.byo(origin, **isolated()).routed().gated()


def migrate(az: Az, target: str, *more: str) -> Result:
    return az("aks", "egress", "migrate", *CLUSTER, "--to", target, *ACCEPTED, *more)


def applied(az: Az, arm: Arm, shop: Shop, target: str, *more: str) -> None:
    """The move is made with one write, proven, and what is stored is what was asked for."""
    writes = len(arm.writes)
    result = migrate(az, target, *more)
    assert (result.code, result.json["outcome"]) == (0, "applied"), result.err
    assert {row["outcome"] for row in result.json["verification"]["findings"]} <= {"pass", "skip"}
    assert [request.method for request in arm.writes[writes:]] == ["PUT"]
    assert shop.document["properties"]["networkProfile"]["outboundType"] == target


def test_every_supported_cell_has_a_way_back_in_the_tables() -> None:
    assert REACHABLE == CELLS


@pytest.mark.parametrize(("vnet", "origin", "target"), CELLS)
def test_there_and_back(az: Az, serve: Serve, vnet: str, origin: str, target: str) -> None:
    shop = cluster(vnet, origin)
    arm = serve(shop)
    applied(az, arm, shop, target)
    applied(az, arm, shop, origin)


@pytest.mark.parametrize(("vnet", "origin", "target"), SAMPLE)
def test_there_and_back_in_the_oldest_az(
    prepared: Callable[[str], Az], serve: Serve, vnet: str, origin: str, target: str
) -> None:
    shop = cluster(vnet, origin)
    arm = serve(shop)
    applied(prepared("2.56.0"), arm, shop, target)
    applied(prepared("2.56.0"), arm, shop, origin)


@pytest.mark.parametrize("origin", [LB, MNAT, NONE, BLOCK])
def test_to_standard_v2_and_on_to_isolation(az: Az, serve: Serve, origin: str) -> None:
    shop = cluster(matrix.MANAGED_VNET, origin)
    arm = serve(shop)
    applied(az, arm, shop, MNAT, *V2)
    assert shop.document["properties"]["networkProfile"]["natGatewayProfile"]["sku"] == "StandardV2"
    applied(az, arm, shop, NONE)


@pytest.mark.parametrize(("target", "more"), [(LB, ()), (MNAT, ("--nat-gateway-sku", "Standard"))])
def test_from_standard_v2_no_way_leads_back(az: Az, serve: Serve, target: str, more: tuple[str, ...]) -> None:
    shop = cluster(matrix.MANAGED_VNET, MNAT)
    shop.document["properties"]["networkProfile"]["natGatewayProfile"]["sku"] = "StandardV2"
    arm = serve(shop)
    assert migrate(az, target, *more).code == 4
    assert arm.writes == []


@pytest.mark.parametrize(
    ("vnet", "origin", "target"),
    [(path.vnet, path.origin, path.target) for path in matrix.PATHS if path.status == matrix.NOT_SUPPORTED],
)
def test_what_is_not_supported_sends_nothing(az: Az, serve: Serve, vnet: str, origin: str, target: str) -> None:
    arm = serve(cluster(vnet, origin))
    result = migrate(az, target)
    assert (result.code, result.json["outcome"]) == (4, "blocked")
    assert "EGR101" in {row["id"] for row in result.json["report"]["findings"] if row["outcome"] == "fail"}
    assert arm.writes == []
