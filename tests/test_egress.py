from __future__ import annotations

from dataclasses import replace

import pytest

from azext_aksegress import egress, profiles
from azext_aksegress.cluster import Cluster
from azext_aksegress.report import show_json
from azext_aksegress.request import Request
from azext_aksegress.snapshot import Unread
from tests.armsim.estate import SUBSCRIPTION, network_id, node_group
from tests.builders import CLUSTER, Shop

LB, MNAT, UANAT, UDR = "loadBalancer", "managedNATGateway", "userAssignedNATGateway", "userDefinedRouting"


def paths(shop: Shop) -> dict[str, str]:
    return {
        subnet["id"].rsplit("/", 1)[-1]: subnet["effectivePath"]
        for subnet in show_json(shop.snapshot())["egress"]["subnets"]
    }


def before(shop: Shop) -> tuple[str, ...]:
    return egress.before(shop.cluster()).known


class TestEffectivePath:
    def test_an_appliance_route_goes_before_a_nat_gateway(self) -> None:
        assert paths(Shop.byo(UANAT).routed("snet-apps")) == {
            "snet-system": "natGateway",
            "snet-apps": "virtualAppliance",
        }

    def test_a_nat_gateway_goes_before_a_nodes_own_address(self) -> None:
        shop = (
            Shop.byo().gated("snet-apps").pool("apps", enableNodePublicIP=True).pool("system", enableNodePublicIP=True)
        )
        assert paths(shop) == {"snet-system": "nodePublicIP", "snet-apps": "natGateway"}

    def test_pools_of_one_subnet_with_and_without_node_addresses_are_both_said(self) -> None:
        shop = Shop.byo()
        prefix = shop.estate.public_ip_prefix("ippre", "52.0.0.8/30")
        shop.pool(
            "apps", vnetSubnetID=shop.subnets["snet-system"], enableNodePublicIP=True, nodePublicIPPrefixID=prefix
        )
        assert paths(shop) == {"snet-system": "nodePublicIP, loadBalancer"}
        assert before(shop) == ("52.0.0.8/30", "20.50.0.2")

    def test_the_load_balancer_comes_last(self) -> None:
        assert set(paths(Shop.byo()).values()) == {"loadBalancer"}

    def test_a_route_to_the_internet_carries_nothing(self) -> None:
        assert set(paths(Shop.byo().routed(hop=None, hop_type="Internet")).values()) == {"loadBalancer"}

    def test_a_route_that_drops_leaves_no_path(self) -> None:
        assert set(paths(Shop.byo().routed(hop=None, hop_type="None")).values()) == {"none"}

    def test_a_nat_gateway_on_the_firewalls_subnet_gives_its_addresses(self) -> None:
        shop = Shop.byo().routed()
        gateway = shop.estate.nat_gateway("nat-hub", [shop.estate.public_ip("pip-hub", "52.0.0.9")])
        shop.estate.attach(
            network_id("virtualNetworks", "vnet-hub") + "/subnets/AzureFirewallSubnet", nat_gateway=gateway
        )
        assert egress.before(shop.cluster()).known == ("52.0.0.9",)

    def test_a_firewalls_subnet_that_cannot_be_read_leaves_its_addresses_open(self) -> None:
        shop = Shop.byo().routed()
        shop.arm.forbid(network_id("virtualNetworks", "vnet-hub"))
        assert not egress.before(shop.cluster()).complete

    def test_a_virtual_network_gateway_is_named(self) -> None:
        assert set(paths(Shop.byo().routed(hop_type="VirtualNetworkGateway")).values()) == {"virtualNetworkGateway"}

    def test_the_two_halves_carry_what_a_default_route_would(self) -> None:
        shop = Shop.byo().routed()
        for name in shop.subnets:
            shop.halves(name)
        assert set(paths(shop).values()) == {"virtualAppliance"}

    def test_one_half_carries_its_half(self) -> None:
        assert paths(Shop.byo().halves("snet-apps", "10.1.0.4", None))["snet-apps"] == "virtualAppliance, loadBalancer"

    def test_where_a_default_route_may_come_by_bgp_the_path_is_unknown_too(self) -> None:
        assert set(paths(Shop.byo().learning()).values()) == {"loadBalancer, unknown"}

    def test_without_propagation_none_comes_by_bgp(self) -> None:
        shop = Shop.byo().learning()
        for name in shop.subnets:
            shop.table(name, bgp=False)
        assert set(paths(shop).values()) == {"loadBalancer"}

    def test_without_another_way_a_path_by_bgp_is_unknown(self) -> None:
        shop = Shop.byo(UDR).learning()
        for name in shop.subnets:
            shop.table(name)
        assert set(paths(shop).values()) == {"unknown"}

    def test_a_subnet_that_cannot_be_read_has_an_unknown_path(self) -> None:
        assert paths(Shop.byo().forbid("snet-apps"))["snet-apps"] == "unknown"

    def test_the_subnet_that_aks_made_is_carried_by_the_managed_nat_gateway(self) -> None:
        assert paths(Shop.managed(MNAT)) == {"aks-subnet": "natGateway"}


class TestAddressesToday:
    def test_of_the_load_balancer(self) -> None:
        assert before(Shop.managed()) == ("20.50.0.2",)

    def test_of_a_prefix_behind_the_load_balancer(self) -> None:
        shop = Shop.managed()
        prefix = shop.estate.public_ip_prefix("ippre", "52.0.0.8/30")
        shop.network(loadBalancerProfile={"effectiveOutboundIPs": [{"id": prefix}]})
        assert before(shop) == ("52.0.0.8/30",)

    def test_of_the_managed_nat_gateway(self) -> None:
        assert before(Shop.managed(MNAT)) == ("20.50.0.2",)

    def test_of_a_nat_gateway_of_ones_own(self) -> None:
        assert before(Shop.byo(UANAT)) == ("52.0.0.2",)

    def test_of_the_firewall_behind_the_default_route(self) -> None:
        assert before(Shop.byo(UDR)) == ("52.0.0.1",)

    def test_of_mixed_subnets_are_all_listed(self) -> None:
        assert before(Shop.byo(UANAT).routed("snet-apps")) == ("52.0.0.2", "52.0.0.1")

    def test_of_nobody_without_a_way_out(self) -> None:
        assert before(Shop.byo("none")) == ()

    @pytest.mark.parametrize("hop", ["10.9.9.9", None])
    def test_behind_an_appliance_that_nobody_tells_are_unknown(self, hop: str | None) -> None:
        shop = Shop.byo(UDR)
        for row in shop.estate.resources.values():
            for route in row["properties"].get("routes", []):
                route["properties"]["nextHopIpAddress"] = hop
        found = egress.before(shop.cluster())
        assert found.known == ()
        assert not found.complete

    def test_of_an_address_that_is_gone_are_unknown(self) -> None:
        shop = Shop.managed()
        shop.estate.resources = {key: row for key, row in shop.estate.resources.items() if "publicip" not in key}
        assert not egress.before(shop.cluster()).complete

    def test_behind_a_default_route_in_the_table_that_aks_made_are_found_too(self) -> None:
        shop = Shop.byo(UDR)
        table = shop.estate.route_table("aks-agentpool-routetable", "10.1.0.4", group=node_group(CLUSTER))
        for subnet in shop.subnets.values():
            shop.estate.attach(subnet, route_table=table)
        assert before(shop) == ("52.0.0.1",)

    def test_of_a_managed_cluster_whose_network_cannot_be_listed_are_not_all_known(self) -> None:
        shop = Shop.managed()
        shop.arm.forbid(
            f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{node_group(CLUSTER)}/providers/Microsoft.Network/v"
        )
        found = egress.before(shop.cluster())
        assert (found.known, found.complete) == (("20.50.0.2",), False)


class TestAddressesAfter:
    def test_those_that_aks_makes_are_unknown(self) -> None:
        assert egress.after(Shop.managed().cluster(), Request(MNAT)).unknown[0].reason == egress.MADE_BY_THE_MOVE

    def test_a_nat_gateway_that_stays_goes_on_carrying(self) -> None:
        found = egress.after(Shop.byo(UANAT).cluster(), Request(LB))
        assert (found.known, found.complete) == (("52.0.0.2",), True)

    def test_the_managed_nat_gateway_goes_with_the_move(self) -> None:
        shop = Shop.managed(MNAT)
        gateway = shop.estate.nat_gateway("aks-nat", [shop.estate.outbound_ip(CLUSTER)], group=node_group(CLUSTER))
        subnet = next(found["id"] for found in shop.estate.resources.values() if found["name"] == "aks-subnet")
        shop.estate.attach(subnet, nat_gateway=gateway)
        assert egress.after(shop.cluster(), Request("none")).known == ()

    def test_a_gateway_of_ones_own_gives_way_to_the_one_that_aks_makes(self) -> None:
        shop = Shop.managed()
        subnet = next(found["id"] for found in shop.estate.resources.values() if found["name"] == "aks-subnet")
        shop.estate.attach(subnet, nat_gateway=shop.estate.nat_gateway("nat-own", [shop.estate.public_ip("pip")]))
        assert [row.reason for row in egress.after(shop.cluster(), Request(MNAT)).unknown] == [egress.MADE_BY_THE_MOVE]

    def test_without_a_type_of_its_own_a_default_route_may_come_by_bgp(self) -> None:
        assert not egress.after(Shop.byo().table("snet-apps").learning().cluster(), Request("none")).complete

    def test_block_leaves_none(self) -> None:
        found = egress.after(Shop.byo(UDR).cluster(), Request("block"))
        assert (found.known, found.complete) == ((), True)

    def test_a_subnet_without_the_gateway_has_no_way_out_yet(self) -> None:
        found = egress.after(Shop.byo().gated("snet-system").cluster(), Request(UANAT))
        assert [row.reason for row in found.unknown] == [egress.NO_WAY_OUT]


class TestAddressesAfterWithOptions:
    def test_those_of_ones_own_are_known(self) -> None:
        shop = Shop.managed("none")
        request = Request(LB, ip_ids=(shop.own_ip(ipAddress="52.0.1.1"),))
        found = egress.after(shop.cluster(request), request)
        assert (found.known, found.complete) == (("52.0.1.1",), True)

    def test_those_of_ones_own_that_cannot_be_read_are_unknown(self) -> None:
        shop = Shop.managed("none")
        own = shop.own_ip()
        shop.arm.forbid(own)
        request = Request(LB, ip_ids=(own,))
        assert not egress.after(shop.cluster(request), request).complete

    def test_more_of_them_keep_those_of_today(self) -> None:
        found = egress.after(Shop.managed().cluster(), Request(LB, ip_count=3))
        assert found.known == ("20.50.0.2",)
        assert [row.reason for row in found.unknown] == [egress.MADE_BY_THE_MOVE]

    def test_as_many_stay(self) -> None:
        found = egress.after(Shop.managed().cluster(), Request(LB, ip_count=1, idle_timeout=60))
        assert (found.known, found.complete) == (("20.50.0.2",), True)

    def test_of_fewer_aks_chooses_which_stay(self) -> None:
        shop = Shop.managed()
        profile = shop.document["properties"]["networkProfile"]["loadBalancerProfile"]
        profile["managedOutboundIPs"]["count"] = 2
        profile["effectiveOutboundIPs"].append({"id": shop.estate.outbound_ip(CLUSTER)})
        found = egress.after(shop.cluster(), Request(LB, ip_count=1))
        assert len(found.known) == 2
        assert [row.reason for row in found.unknown] == [egress.CHOSEN_BY_AKS]

    def test_of_more_of_one_family_and_fewer_of_the_other_nothing_is_known(self) -> None:
        shop = Shop.managed()
        profile = shop.document["properties"]["networkProfile"]["loadBalancerProfile"]
        profile["managedOutboundIPs"] = {"count": 1, "countIPv6": 0}
        request = Request(LB, ip_count=3)
        assert egress.after(shop.cluster(), request).known == ("20.50.0.2",)
        profile["managedOutboundIPs"] = {"count": 2}
        profile["effectiveOutboundIPs"].append({"id": shop.estate.outbound_ip(CLUSTER)})
        both = Request(LB, ip_count=1, ipv6_count=1)
        assert profiles.more_and_fewer(shop.cluster(), both) == (1, 1)
        found = egress.after(shop.cluster(), both)
        assert (found.known, [row.reason for row in found.unknown]) == ((), [egress.MADE_BY_THE_MOVE])

    def test_made_ones_instead_of_ones_own_are_all_new(self) -> None:
        shop = Shop.managed()
        own = shop.own_ip()
        profile = {"outboundIPs": {"publicIPs": [{"id": own}]}, "effectiveOutboundIPs": [{"id": own}]}
        shop.network(loadBalancerProfile=profile)
        found = egress.after(shop.cluster(), Request(LB, ip_count=1))
        assert (found.known, [row.reason for row in found.unknown]) == ((), [egress.MADE_BY_THE_MOVE])

    def test_a_timeout_alone_leaves_the_managed_nat_gateway_as_it_is(self) -> None:
        found = egress.after(Shop.managed(MNAT).cluster(), Request(MNAT, idle_timeout=30))
        assert (found.known, found.complete) == (("20.50.0.2",), True)

    def test_another_sku_renews_them(self) -> None:
        found = egress.after(Shop.managed(MNAT).cluster(), Request(MNAT, nat_gateway_sku="StandardV2"))
        assert (found.known, [row.reason for row in found.unknown]) == ((), [egress.MADE_BY_THE_MOVE])


class TestReleased:
    def test_are_those_that_aks_made_when_ones_own_replace_them(self) -> None:
        shop = Shop.managed()
        request = Request(LB, ip_ids=(shop.own_ip(),))
        assert len(profiles.released_ids(shop.cluster(request), request)) == 1

    def test_are_none_when_more_are_made(self) -> None:
        assert profiles.released_ids(Shop.managed().cluster(), Request(LB, ip_count=3)) == ()


class TestInForce:
    def test_is_not_what_stores_addresses_of_ones_own_that_are_not_used(self) -> None:
        shop = Shop.managed()
        profile = shop.document["properties"]["networkProfile"]["loadBalancerProfile"]
        assert egress.in_force(shop.cluster())
        profile["outboundIPs"] = {"publicIPs": [{"id": shop.own_ip()}]}
        assert not egress.in_force(shop.cluster())

    def test_is_not_what_stores_a_prefix_of_ones_own_that_is_not_used(self) -> None:
        shop = Shop.managed()
        profile = shop.document["properties"]["networkProfile"]["loadBalancerProfile"]
        profile["outboundIPPrefixes"] = {"publicIPPrefixes": [{"id": shop.estate.public_ip_prefix("p", "52.0.0.8/30")}]}
        assert not egress.in_force(shop.cluster())

    def test_is_a_prefix_of_ones_own_of_which_aks_lists_an_address(self) -> None:
        shop = Shop.managed()
        prefix, address = shop.estate.public_ip_prefix("p", "52.0.0.8/30"), shop.estate.public_ip("pip", "52.0.0.9")
        profile = {"outboundIPPrefixes": {"publicIPPrefixes": [{"id": prefix}]}}
        shop.network(loadBalancerProfile={**profile, "effectiveOutboundIPs": [{"id": address}]})
        assert egress.in_force(shop.cluster())

    @pytest.mark.parametrize(("outbound_type", "profile"), [(LB, "loadBalancerProfile"), (MNAT, "natGatewayProfile")])
    def test_is_not_what_has_fewer_addresses_than_it_stores(self, outbound_type: str, profile: str) -> None:
        shop = Shop.managed(outbound_type)
        key = {LB: "managedOutboundIPs", MNAT: "managedOutboundIPProfile"}[outbound_type]
        shop.document["properties"]["networkProfile"][profile][key]["count"] = 2
        assert not egress.in_force(shop.cluster())

    def test_is_no_load_balancer_beside_a_managed_nat_gateway(self) -> None:
        shop = Shop.managed().network(natGatewayProfile={"effectiveOutboundIPs": [{"id": "/nat"}]})
        assert not egress.in_force(shop.cluster())

    def test_is_a_managed_nat_gateway_beside_a_load_balancer_since_it_goes_first(self) -> None:
        shop = Shop.managed(MNAT).network(loadBalancerProfile={"effectiveOutboundIPs": [{"id": "/lb"}]})
        assert egress.in_force(shop.cluster())


class TestAfterAnUpdateThatFailed:
    def test_the_addresses_that_are_short_are_still_to_be_made(self) -> None:
        shop = Shop.managed()
        shop.document["properties"]["networkProfile"]["loadBalancerProfile"]["managedOutboundIPs"]["count"] = 3
        for request in (Request(LB), Request(LB, ip_count=3)):
            found = egress.after(shop.cluster(), request)
            assert [row.reason for row in found.unknown] == [egress.MADE_BY_THE_MOVE]

    def test_those_of_a_gateway_that_was_not_made_are_still_to_be_made(self) -> None:
        shop = Shop.managed().network(outboundType=MNAT)
        assert [row.reason for row in egress.after(shop.cluster(), Request(MNAT)).unknown] == [egress.MADE_BY_THE_MOVE]

    def test_those_of_ones_own_that_are_stored_are_expected(self) -> None:
        shop = Shop.managed()
        own = shop.own_ip(ipAddress="52.0.1.1")
        shop.document["properties"]["networkProfile"]["loadBalancerProfile"].update(
            outboundIPs={"publicIPs": [{"id": own}]}, managedOutboundIPs=None
        )
        assert egress.after(shop.cluster(), Request(LB)).known == ("52.0.1.1",)
        assert egress.before(shop.cluster()).known == ("20.50.0.2",)


class TestFirewallsThatDoNotSendByThemselves:
    FIREWALL = network_id("azureFirewalls", "fw-hub")
    SUBNET = f"{network_id('virtualNetworks', 'vnet-hub')}/subnets/AzureFirewallSubnet"

    def unknown(self, shop: Shop) -> set[str]:
        found = egress.after(shop.cluster(), Request(UDR))
        assert not found.known
        return {str(unread) for unread in found.unknown}

    def test_one_without_a_public_address_has_unknown_ones(self) -> None:
        shop = Shop.byo().routed()
        del shop.estate[self.FIREWALL]["properties"]["ipConfigurations"][0]["properties"]["publicIPAddress"]
        assert self.unknown(shop) == {"fw-hub: it has no public IP, and its egress another way out"}

    def test_one_behind_a_nat_gateway_without_address_has_unknown_ones(self) -> None:
        shop = Shop.byo().routed()
        shop.estate.attach(self.SUBNET, nat_gateway=shop.estate.nat_gateway("nat-hub"))
        assert self.unknown(shop) == {"nat-hub: it has no public IP, and its egress another way out"}

    @pytest.mark.parametrize("hop", ["VirtualNetworkGateway", "VirtualAppliance 10.9.9.9", "None"])
    def test_one_whose_own_subnet_is_routed_has_unknown_ones(self, hop: str) -> None:
        shop = Shop.byo().routed()
        kind, _, address = hop.partition(" ")
        shop.estate.attach(self.SUBNET, route_table=shop.estate.route_table("rt-hub", address or None, kind))
        assert self.unknown(shop) == {f"rt-hub: egress of the firewall goes on to {hop}"}

    def test_one_whose_own_subnet_is_routed_to_the_internet_keeps_its_address(self) -> None:
        shop = Shop.byo().routed()
        shop.estate.attach(self.SUBNET, route_table=shop.estate.route_table("rt-hub", None, "Internet"))
        assert egress.after(shop.cluster(), Request(UDR)) == egress.Addresses(("52.0.0.1",), ())

    def test_a_table_of_its_subnet_that_cannot_be_read_leaves_them_unknown(self) -> None:
        shop = Shop.byo().routed()
        table = shop.estate.route_table("rt-hub", None, "Internet")
        shop.estate.attach(self.SUBNET, route_table=table)
        shop.arm.forbid(table)
        assert self.unknown(shop) == {"rt-hub: HTTP 403 (needs Microsoft.Network/routeTables/read)"}

    def test_the_same_address_elsewhere_is_not_taken_where_the_peers_are_not_known(self) -> None:
        shop = Shop.byo().routed()
        snapshot = shop.snapshot(Request(UDR))
        unread = Unread(shop.network_id, "HTTP 403", "Microsoft.Network/virtualNetworks/read")
        resources = {key: row for key, row in snapshot.resources.items() if key != shop.network_id.lower()}
        cluster = Cluster(replace(snapshot, resources=resources).plus({shop.network_id: unread}))
        assert egress.after(cluster, Request(UDR)) == egress.Addresses((), (unread,))
