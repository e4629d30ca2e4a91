from __future__ import annotations

from typing import Mapping

import pytest

from azext_aksegress import read
from azext_aksegress.arm import Json
from azext_aksegress.snapshot import API_VERSION, Answer, Snapshot
from tests.armsim.estate import OTHER_SUBSCRIPTION
from tests.builders import Shop


class Rounds:
    """Counts the rounds of reads and the reads in each."""

    def __init__(self, shop: Shop, *also: str) -> None:
        self._shop = shop
        self.asked: list[list[str]] = []
        snapshot = Snapshot("2026-11-23T06:00:00Z", API_VERSION, shop.document)
        self.snapshot = read.complete(snapshot, self._fetch, also)

    def _fetch(self, wanted: Mapping[str, Json | None]) -> Mapping[str, Answer]:
        self.asked.append([found.rsplit("/", 1)[-1] for found in wanted])
        return self._shop.fetch(wanted)


def test_each_level_is_one_round() -> None:
    first, second, third = Rounds(Shop.byo().routed()).asked
    assert sorted(first)[1:] == ["networkInterfaces", "snet-apps", "snet-system", "vnet-shop"]
    assert sorted(second) == ["azureFirewalls", "rt-snet-apps", "rt-snet-system"]
    assert sorted(third) == ["AzureFirewallSubnet", "pip-firewall"]


def test_ten_pools_in_five_subnets_take_no_more_rounds_than_one() -> None:
    shop = Shop()
    shop.subnets = shop.estate.vnet("vnet-shop", [f"snet-{number}" for number in range(5)])
    pools = {f"pool{number}": shop.subnets[f"snet-{number % 5}"] for number in range(10)}
    shop.estate.cluster("aks-shop", "userDefinedRouting", pools=pools)
    assert len(Rounds(shop.routed()).asked) == 3


def test_nothing_is_read_twice_whatever_its_letter_case() -> None:
    shop = Shop.byo().gated()
    subnet = shop.subnets["snet-system"]
    shop.pool("apps", vnetSubnetID=subnet.upper(), podSubnetID=subnet.replace("resourceGroups", "resourcegroups"))
    asked = [found.lower() for round_ in Rounds(shop).asked for found in round_]
    assert len(asked) == len(set(asked))


def test_a_subnet_in_another_subscription_and_resource_group_is_read_where_it_is() -> None:
    shop = Shop()
    shop.subnets = shop.estate.vnet("vnet-hub", ["snet-hub"], group="rg-hub", subscription=OTHER_SUBSCRIPTION)
    shop.estate.cluster("aks-shop", pools={"system": shop.subnets["snet-hub"]})
    (subnet,) = shop.cluster().subnets
    assert subnet.nat_gateway is None


def test_the_subnets_of_a_managed_vnet_come_with_the_network() -> None:
    rounds = Rounds(Shop.managed())
    assert len(rounds.asked) == 1
    assert [subnet.name for subnet in Shop.managed().cluster().subnets] == ["aks-subnet"]


def test_an_own_firewall_is_looked_for_only_where_an_own_route_table_is() -> None:
    assert not [found for round_ in Rounds(Shop.byo().gated()).asked for found in round_ if found == "azureFirewalls"]


def test_a_part_that_is_forbidden_holds_nothing_else_up() -> None:
    snapshot = Rounds(Shop.byo().routed().forbid("snet-system")).snapshot
    assert [unread.permission for unread in snapshot.unread.values()] == [
        "Microsoft.Network/virtualNetworks/subnets/read"
    ]
    assert any(found.endswith("/rt-snet-apps") for found in snapshot.resources)


@pytest.mark.parametrize("pools", [None, [], [None], "text", [{}], [{"vnetSubnetID": None}]])
def test_a_cluster_with_odd_pools_is_read_to_an_end(pools: object) -> None:
    assert Rounds(Shop.byo().set(agentPoolProfiles=pools)).snapshot.cluster


def test_addresses_that_a_request_names_come_with_the_first_round() -> None:
    shop = Shop.byo().routed()
    first, *_ = Rounds(shop, shop.own_ip("pip-one"), shop.own_ip("pip-two").upper()).asked
    assert {"pip-one", "PIP-TWO", "snet-apps"} <= set(first)


@pytest.mark.parametrize("named", ["pip", "/subscriptions/x/providers/Microsoft.KeyVault/vaults/v/secrets/s"])
def test_what_is_no_address_is_not_read_whoever_names_it(named: str) -> None:
    shop = Shop.byo()
    assert Rounds(shop, named).asked == Rounds(shop).asked


def test_a_gateway_behind_routes_is_read_where_the_cluster_is_on_it() -> None:
    def gateways(outbound_type: str) -> list[str]:
        return [
            found
            for round_ in Rounds(Shop.byo(outbound_type).routed().gated()).asked
            for found in round_
            if "nat-" in found
        ]

    assert "nat-shop" in gateways("userAssignedNATGateway")
    assert gateways("loadBalancer") == []


def test_without_a_node_resource_group_the_subnets_that_the_cluster_names_are_read() -> None:
    shop = Shop.byo().routed().set(nodeResourceGroup=None)
    assert shop.outcome("EGR201", "userDefinedRouting") == "pass"
