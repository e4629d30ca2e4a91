from __future__ import annotations

import copy
import re
from dataclasses import replace
from typing import Mapping

import pytest

from azext_aksegress import checks, hops, read
from azext_aksegress.arm import Json
from azext_aksegress.cluster import Cluster, Subnet
from azext_aksegress.request import Request
from azext_aksegress.snapshot import API_VERSION, Answer, Snapshot, Unread
from tests.armsim.estate import isolated, network_id
from tests.builders import Shop

UDR = "userDefinedRouting"
NVA = "10.1.1.7"
HUB = network_id("virtualNetworks", "vnet-hub")


def subnet(shop: Shop) -> Subnet:
    return shop.cluster(Request(UDR)).subnets[0]


def rounds(shop: Shop, whole: bool = False) -> list[list[str]]:
    """The ids that are asked for in each round, whole or their last parts."""
    asked: list[list[str]] = []

    def fetch(wanted: Mapping[str, Json | None]) -> Mapping[str, Answer]:
        asked.append([found if whole else found.rsplit("/", 1)[-1] for found in wanted])
        return shop.fetch(wanted)

    snapshot = Snapshot("2026-11-23T06:00:00Z", API_VERSION, copy.deepcopy(shop.document))
    read.complete(snapshot, fetch, (), checks.reads([Request(UDR)]))
    return asked


class TestPlaces:
    def test_an_address_in_the_own_network_needs_no_peering(self) -> None:
        found = hops.place(subnet(Shop.byo().routed()), "10.240.7.7")
        assert found is not None
        assert found.peering is None

    def test_an_address_in_a_peer_is_behind_its_peering(self) -> None:
        found = hops.place(subnet(Shop.byo().routed()), NVA)
        assert found is not None
        assert (found.network_id, found.peering and found.peering.name) == (HUB, "to-hub")

    def test_an_address_elsewhere_is_in_no_place(self) -> None:
        assert hops.place(subnet(Shop.byo().routed()), "172.16.0.4") is None

    def test_of_two_peers_of_the_same_range_the_connected_one_counts(self) -> None:
        shop = Shop.byo()
        twin = shop.estate.vnet("vnet-a-twin", ["snet"], prefix="10.1")["snet"].rsplit("/subnets", 1)[0]
        shop.estate.peering(shop.network_id, twin, state="Disconnected", name="a")
        shop.routed()
        shop.estate.peering(shop.network_id, HUB)
        found = hops.place(subnet(shop), NVA)
        assert found is not None
        assert found.network_id == HUB

    @pytest.mark.parametrize(
        ("text", "single"), [("10.1.0.4", True), ("10.1.0.0/24", False), ("", False), (None, False), ("fd00::4", True)]
    )
    def test_an_address_is_a_single_one(self, text: str | None, single: bool) -> None:
        assert hops.is_address(text) == single


class TestWhatIsRead:
    def test_with_a_firewall_its_rules_come_with_the_third_round_and_no_interfaces_are_read(self) -> None:
        first, second, third = rounds(Shop.byo().routed())
        assert "outboundNetworkDependenciesEndpoints" not in (*first, *second)
        assert {"azureFirewalls", "vnet-hub"} <= set(second)
        assert {"outboundNetworkDependenciesEndpoints", "fwpol-hub", "ruleCollectionGroups"} <= set(third)

    @pytest.mark.parametrize("shop", [Shop.byo(**isolated()).routed(), Shop.byo().routed(hop=NVA)])
    def test_no_rules_are_read_where_none_are_judged(self, shop: Shop) -> None:
        read = {name for found in rounds(shop) for name in found}
        assert not {"outboundNetworkDependenciesEndpoints", "ruleCollectionGroups", "fwpol-hub"} & read

    def test_a_table_on_the_subnet_of_a_firewall_comes_with_the_third(self) -> None:
        shop = Shop.byo().routed()
        shop.estate.attach(f"{HUB}/subnets/AzureFirewallSubnet", route_table=shop.estate.route_table("rt-firewall"))
        assert "rt-firewall" in rounds(shop)[2]

    def test_a_parent_policy_comes_with_the_fourth(self) -> None:
        shop = Shop.byo().routed()
        parent = shop.estate.firewall_policy("fwpol-base")
        shop.estate[network_id("firewallPolicies", "fwpol-hub")]["properties"]["basePolicy"] = {"id": parent}
        assert {"fwpol-base", "ruleCollectionGroups"} <= set(rounds(shop)[3])

    def test_the_ip_groups_of_a_rule_come_with_the_fourth_as_one_list(self) -> None:
        shop = Shop.byo().routed()
        rules = shop.estate[f"{network_id('firewallPolicies', 'fwpol-hub')}/ruleCollectionGroups/rules"]
        groups = [network_id("ipGroups", name) for name in ("one", "two")]
        rules["properties"]["ruleCollections"][0]["rules"][0]["sourceIpGroups"] = groups
        assert rounds(shop)[3] == ["ipGroups"]

    def test_an_appliance_is_read_in_the_third_round_with_those_on_its_subnet_alone(self) -> None:
        shop = Shop.byo().routed(hop=NVA)
        shop.estate.nic("nic-nva", f"{HUB}/subnets/snet-nva", NVA)
        shop.estate.nic("nic-far", f"{HUB}/subnets/AzureFirewallSubnet", "10.1.0.9")
        third = rounds(shop)[2]
        assert "nic-nva" in third
        assert "nic-far" not in third

    def test_no_more_than_sixteen_are_read(self) -> None:
        shop = Shop.byo().routed(hop="10.1.1.99")
        for number in range(20):
            shop.estate.nic(f"nic-{number}", f"{HUB}/subnets/snet-nva", f"10.1.1.{number + 4}")
        assert len([found for found in rounds(shop)[2] if found.startswith("nic-")]) == hops.MAX_OWNERS
        with pytest.raises(Unread, match="20 may have the address"):
            hops.owner(subnet(shop), "10.1.1.99")

    def test_of_many_peers_only_the_one_that_holds_the_hop_is_read(self) -> None:
        shop = Shop.byo().routed(hop=NVA)
        shop.estate.nic("nic-nva", f"{HUB}/subnets/snet-nva", NVA)
        for number in range(6):
            spoke = shop.estate.vnet(f"vnet-spoke{number}", ["snet"], prefix=f"10.{number + 20}")["snet"]
            shop.estate.peering(shop.network_id, spoke.rsplit("/subnets", 1)[0], name=f"to-spoke{number}")
        asked = rounds(shop)
        assert not [found for round_ in asked for found in round_ if found.startswith("vnet-spoke")]
        assert "vnet-hub" in asked[2]
        assert "nic-nva" in asked[3]

    def test_without_a_route_table_nothing_is_read(self) -> None:
        assert list(hops.wanted_ids(subnet(Shop.byo()))) == []

    def test_ten_pools_in_five_subnets_stay_within_forty_requests(self) -> None:
        shop = Shop()
        shop.subnets = shop.estate.vnet("vnet-shop", [f"snet-{number}" for number in range(5)])
        pools = {f"pool{number}": shop.subnets[f"snet-{number % 5}"] for number in range(10)}
        shop.estate.cluster("aks-shop", UDR, pools=pools)
        asked = rounds(shop.routed())
        assert len(asked) == 3
        assert sum(len(round_) for round_ in asked) <= 40

    def test_nothing_is_asked_for_twice(self) -> None:
        shop = Shop.byo().routed(hop=NVA)
        shop.estate.nic("nic-nva", f"{HUB}/subnets/snet-nva", NVA)
        asked = [found for round_ in rounds(shop, whole=True) for found in round_]
        assert len(asked) == len(set(asked))


class TestOwners:
    @pytest.mark.parametrize("odd", [None, [], "text", [None], [{"id": 5}], [{"id": "x"}], [{}], {"id": "x"}])
    def test_odd_answers_about_who_is_on_a_subnet_are_known_or_unread(self, odd: object) -> None:
        shop = Shop.byo().routed(hop=NVA)
        snapshot = shop.snapshot(Request(UDR))
        row = {"id": f"{HUB}/subnets/snet-nva", "properties": {"addressPrefix": "10.1.1.0/24", "ipConfigurations": odd}}
        changed = Cluster(snapshot.plus({row["id"]: row})).subnets[0]
        try:
            assert hops.owner(changed, NVA) is None
        except Unread as unread:
            assert unread.reason

    @pytest.mark.parametrize("odd", [None, "text", {}, {"properties": None}, {"properties": {"ipConfigurations": [1]}}])
    def test_odd_interfaces_are_known_or_unread(self, odd: object) -> None:
        shop = Shop.byo().routed(hop=NVA)
        nic = shop.estate.nic("nic-nva", f"{HUB}/subnets/snet-nva", NVA)
        snapshot = shop.snapshot(Request(UDR))
        changed = Cluster(snapshot.plus({nic: odd if isinstance(odd, dict) else {}})).subnets[0]
        try:
            assert hops.owner(changed, NVA) is None
        except Unread as unread:
            assert unread.reason

    def test_the_same_firewall_listed_twice_is_one(self) -> None:
        shop = Shop.byo().routed()
        found = subnet(shop)
        collection = next(hops.firewalls_ids(found))
        rows = found.snapshot.collection(collection)
        changed = Cluster(found.snapshot.plus({collection: (*rows, *rows)})).subnets[0]
        assert hops.firewall_at(changed, "10.1.0.4") is not None

    def test_where_the_network_cannot_be_read_that_is_said_with_its_permission(self) -> None:
        shop = Shop.byo().routed()
        snapshot = shop.snapshot(Request(UDR))
        unread = Unread(shop.network_id, "HTTP 403", "Microsoft.Network/virtualNetworks/read")
        resources = {key: row for key, row in snapshot.resources.items() if key != shop.network_id.lower()}
        changed = Cluster(replace(snapshot, resources=resources).plus({shop.network_id: unread})).subnets[0]
        for judge in (hops.firewall_at, hops.owner, hops.firewall_address_ids, hops.peering_to):
            with pytest.raises(Unread, match=re.escape(str(unread))):
                judge(changed, "10.1.0.4")

    def test_only_an_interface_must_be_told_to_forward(self) -> None:
        assert hops.Owner(hops.LOAD_BALANCER, "", {}).forwards
        assert not hops.Owner(hops.NETWORK_INTERFACE, "", {}).forwards
