from __future__ import annotations

from typing import Any

import pytest

from azext_aksegress import snat
from azext_aksegress.request import Request
from azext_aksegress.snapshot import Unread
from tests.armsim.estate import load_balancer_profile, network_id
from tests.builders import Shop

LB, MNAT, UANAT, UDR = "loadBalancer", "managedNATGateway", "userAssignedNATGateway", "userDefinedRouting"
DUAL = ["IPv4", "IPv6"]


def nodes(**pool: Any) -> tuple[int, int]:
    """The nodes of a cluster with one pool: now, and at most."""
    cluster = Shop.managed().pool("system", **pool).cluster()
    return snat.nodes_now(cluster), snat.nodes_at_most(cluster)


class TestNodes:
    def test_ten_percent_of_them_rounded_up_are_added_by_an_upgrade(self) -> None:
        assert nodes(count=3) == (4, 4)
        assert nodes(count=10) == (11, 11)
        assert nodes(count=11) == (13, 13)

    @pytest.mark.parametrize(("surge", "expected"), [("5", 15), ("33%", 14), ("0", 10), (2, 12), ("100%", 20)])
    def test_or_as_many_as_the_pool_says(self, surge: object, expected: int) -> None:
        assert nodes(count=10, upgradeSettings={"maxSurge": surge}) == (expected, expected)

    @pytest.mark.parametrize("surge", ["", "many", "-3", "1.5%", None, [], {}, "9" * 5000, "²", True])
    def test_what_is_no_surge_is_the_default(self, surge: object) -> None:
        assert nodes(count=10, upgradeSettings={"maxSurge": surge}) == (11, 11)

    def test_a_pool_that_scales_by_itself_may_grow(self) -> None:
        assert nodes(count=3, enableAutoScaling=True, maxCount=20) == (4, 22)

    def test_its_maximum_does_not_count_where_it_does_not_scale(self) -> None:
        assert nodes(count=3, enableAutoScaling=False, maxCount=20) == (4, 4)

    def test_a_maximum_below_what_is_there_does_not_count(self) -> None:
        assert nodes(count=30, enableAutoScaling=True, maxCount=20) == (33, 33)

    def test_a_stopped_pool_has_no_nodes_until_it_is_started(self) -> None:
        assert nodes(count=3, powerState={"code": "stopped"}) == (0, 4)

    def test_the_nodes_of_all_pools_count(self) -> None:
        cluster = Shop.byo().pool("apps", count=20).cluster()
        assert snat.nodes_now(cluster) == 4 + 22

    def test_single_virtual_machines_are_counted_by_size(self) -> None:
        scale = {"manual": [{"size": "a", "count": 2}, {"size": "b", "count": 3}]}
        assert nodes(count=None, virtualMachinesProfile={"scale": scale}) == (6, 6)

    def test_those_that_are_there_go_before_those_that_shall_be(self) -> None:
        scale = {"manual": [{"size": "a", "count": 2}], "autoscale": [{"size": "b", "minCount": 1, "maxCount": 8}]}
        status = [{"size": "a", "count": 2}, {"size": "b", "count": 5}]
        profile = {"virtualMachinesProfile": {"scale": scale}, "virtualMachineNodesStatus": status}
        assert nodes(count=None, **profile) == (8, 11)

    @pytest.mark.parametrize("count", [None, "3", -1, True, 3.0, [], 2**70])
    def test_a_pool_without_a_count_is_unread(self, count: object) -> None:
        cluster = Shop.byo().pool("apps", count=count).cluster()
        with pytest.raises(Unread, match="apps: Azure's answer has no count"):
            snat.nodes_now(cluster)

    def test_a_cluster_that_lists_no_pools_is_unread(self) -> None:
        cluster = Shop.managed().set(agentPoolProfiles=None, hostedSystemProfile={"enabled": True}).cluster()
        for count in (snat.nodes_now, snat.nodes_at_most):
            with pytest.raises(Unread, match="nodes cannot be counted"):
                count(cluster)

    def test_a_pool_that_grows_without_a_limit_is_unread(self) -> None:
        cluster = Shop.byo().pool("apps", enableAutoScaling=True).cluster()
        assert snat.nodes_now(cluster) == 8
        with pytest.raises(Unread, match="apps: Azure's answer has no maxCount"):
            snat.nodes_at_most(cluster)


@pytest.mark.parametrize(
    ("count", "ports"),
    [
        *((1, 1024), (50, 1024), (51, 512), (100, 512), (101, 256), (200, 256), (201, 128), (400, 128)),
        *((401, 64), (800, 64), (801, 32), (1000, 32), (5000, 32)),
    ],
)
def test_azure_allocates_ports_by_the_number_of_nodes(count: int, ports: int) -> None:
    assert snat.automatic_ports(count) == ports


class TestSupply:
    def test_a_load_balancer_has_64000_ports_for_each_address(self) -> None:
        shop = Shop.managed()
        ids = [shop.estate.outbound_ip("aks-shop") for _ in range(2)]
        shop.network(loadBalancerProfile=load_balancer_profile(ids))
        found = snat.supply(shop.cluster(), None)
        assert (found.ports, str(found)) == (128_000, "128,000 SNAT ports (load balancer 2 x 64,000)")

    def test_a_nat_gateway_has_64512_ports_for_each_address(self) -> None:
        assert snat.supply(Shop.byo().gated(addresses=["52.0.0.2", "52.0.0.3"]).cluster(), None).ports == 2 * 64_512

    def test_an_address_that_two_subnets_share_counts_once(self) -> None:
        assert snat.supply(Shop.byo(UANAT).cluster(), None).ports == 64_512

    def test_a_firewall_has_2496_ports_for_each_address_and_two_instances(self) -> None:
        found = snat.supply(Shop.byo(UDR).cluster(), None)
        assert found.ports == 2 * 2_496
        assert str(found) == "4,992 SNAT ports (Azure Firewall 1 x 2,496 on each of 2 instances or more)"

    def test_a_nat_gateway_on_its_subnet_gives_it_the_ports_of_a_nat_gateway(self) -> None:
        shop = Shop.byo(UDR)
        own = [shop.estate.public_ip(f"pip-hub-{number}") for number in range(2)]
        gateway = shop.estate.nat_gateway("nat-hub", own)
        hub = f"{network_id('virtualNetworks', 'vnet-hub')}/subnets/AzureFirewallSubnet"
        shop.estate.attach(hub, nat_gateway=gateway)
        assert str(snat.supply(shop.cluster(), None)) == "129,024 SNAT ports (NAT gateway 2 x 64,512)"

    def test_subnets_with_different_paths_are_added_up(self) -> None:
        shop = Shop.byo().gated("snet-apps")
        assert snat.supply(shop.cluster(), None).ports == 64_000 + 64_512

    def test_a_prefix_has_all_its_addresses(self) -> None:
        shop = Shop.byo(UANAT)
        gateway = shop.estate[shop.subnets["snet-apps"]]["properties"]["natGateway"]["id"]
        shop.estate[gateway]["properties"]["publicIpPrefixes"] = [
            {"id": shop.estate.public_ip_prefix("ippre", "52.0.0.8/30")}
        ]
        assert snat.supply(shop.cluster(), None).ports == 5 * 64_512

    def test_ipv6_addresses_add_none(self) -> None:
        shop = Shop.managed().network(ipFamilies=DUAL)
        shop.estate.address(f"{shop.own_ip()}6", version="IPv6")
        ids = [shop.own_ip(), f"{shop.own_ip()}6"]
        assert snat.supply(shop.network(loadBalancerProfile=load_balancer_profile(ids)).cluster(), None).ports == 64_000

    @pytest.mark.parametrize(
        ("to", "options", "ports"),
        [
            (MNAT, {}, 64_512),
            (MNAT, {"ip_count": 3}, 3 * 64_512),
            (LB, {"ip_count": 3}, 3 * 64_000),
            (LB, {}, 64_000),
        ],
    )
    def test_addresses_that_aks_will_make_are_counted_as_asked(self, to: str, options: Any, ports: int) -> None:
        assert snat.supply(Shop.managed().cluster(), Request(to, **options)).ports == ports

    def test_addresses_of_ones_own_are_counted_where_they_are_read(self) -> None:
        shop = Shop.managed(MNAT)
        prefix = shop.estate.public_ip_prefix("ippre", "52.0.0.8/30")
        request = Request(LB, ip_ids=(shop.own_ip(),), prefix_ids=(prefix.upper(),))
        assert snat.supply(shop.cluster(request), request).ports == 5 * 64_000
        shop.arm.forbid(prefix)
        found = snat.supply(shop.cluster(request), request)
        assert (found.ports, [unread.id for unread in found.unknown]) == (64_000, [prefix.upper()])

    def test_an_appliance_has_ports_that_nobody_sees(self) -> None:
        shop = Shop.byo().routed(hop="10.1.0.9")
        found = snat.supply(shop.cluster(), None)
        assert found.ports == 0
        assert str(found).startswith(
            "SNAT ports (unknown (rt-snet-apps: the public addresses behind next hop 10.1.0.9)"
        )

    def test_nodes_with_public_ips_of_their_own_need_none(self) -> None:
        shop = Shop.managed().pool("system", enableNodePublicIP=True)
        assert "a public IP of its own" in str(snat.supply(shop.cluster(), None))

    def test_not_even_where_the_prefix_of_these_is_known(self) -> None:
        prefix = (shop := Shop.managed()).estate.public_ip_prefix("ippre", "52.0.0.8/30")
        shop.pool("system", enableNodePublicIP=True, nodePublicIPPrefixID=prefix)
        assert "nodes have public IPs of their own" in str(snat.supply(shop.cluster(), None))

    def test_without_a_way_out_there_are_none(self) -> None:
        found = snat.supply(Shop.managed("none").cluster(), None)
        assert (found.empty, str(found)) == (True, "none")

    def test_a_cluster_without_a_type_is_unknown(self) -> None:
        found = snat.supply(Shop.managed().network(outboundType=None).cluster(), None)
        assert (found.empty, bool(found.unknown)) == (False, True)

    def test_the_order_of_pools_changes_nothing(self) -> None:
        shop = Shop.byo().routed(hop="10.1.0.9")
        one = str(snat.supply(shop.cluster(), None))
        shop.document["properties"]["agentPoolProfiles"].reverse()
        assert str(snat.supply(shop.cluster(), None)) == one


def made(shop: Shop, to: str, **options: Any) -> tuple[int, int]:
    request = Request(to, **options)
    found = snat.made_addresses(shop.cluster(request), request)
    return found["IPv4"], found["IPv6"]


class TestAddressesThatAksMakes:
    def test_a_new_type_gets_one_or_as_many_as_asked_for(self) -> None:
        assert made(Shop.managed(), MNAT) == (1, 0)
        assert made(Shop.managed(), MNAT, ip_count=4) == (4, 0)

    def test_what_another_type_stores_does_not_count(self) -> None:
        shop = Shop.managed().network(natGatewayProfile={"managedOutboundIPProfile": {"count": 9}})
        assert made(shop, MNAT) == (1, 0)

    def test_a_new_load_balancer_gets_one_of_each_family(self) -> None:
        shop = Shop.managed("none").network(ipFamilies=DUAL)
        assert made(shop, LB) == (1, 1)
        assert made(shop, LB, ip_count=2, ipv6_count=3) == (2, 3)
        assert made(shop, LB, ipv6_count=0) == (1, 0)
        assert made(shop, MNAT, nat_gateway_sku="StandardV2") == (1, 0)

    def test_addresses_of_ones_own_are_there_already(self) -> None:
        shop = Shop.managed(MNAT)
        assert made(shop, LB, ip_ids=(shop.own_ip(),)) == (0, 0)

    @pytest.mark.parametrize(("asked", "expected"), [(None, 0), (1, 0), (3, 2)])
    def test_within_a_type_only_those_that_are_missing(self, asked: int | None, expected: int) -> None:
        assert made(Shop.managed(), LB, ip_count=asked, ports=8) == (expected, 0)

    def test_each_family_for_itself(self) -> None:
        shop = Shop.managed().network(ipFamilies=DUAL)
        ids = [shop.estate.outbound_ip("aks-shop") for _ in range(2)]
        shop.estate[ids[1]]["properties"]["publicIPAddressVersion"] = "IPv6"
        shop.network(loadBalancerProfile=load_balancer_profile(ids))
        assert made(shop, LB, ip_count=2, ipv6_count=0) == (1, 0)

    def test_addresses_of_ones_own_that_stay_are_there_already(self) -> None:
        shop = Shop.managed()
        profile = {**load_balancer_profile([shop.own_ip()]), "outboundIPs": {"publicIPs": [{"id": shop.own_ip()}]}}
        assert made(shop.network(loadBalancerProfile=profile), LB, ports=8) == (0, 0)
        assert made(shop, LB, ip_count=2) == (2, 0)

    def test_another_sku_of_the_nat_gateway_takes_new_ones(self) -> None:
        shop = Shop.managed(MNAT)
        shop.document["properties"]["networkProfile"]["natGatewayProfile"]["managedOutboundIPProfile"]["count"] = 2
        assert made(shop, MNAT, nat_gateway_sku="StandardV2") == (2, 0)

    def test_after_a_failed_update_those_that_are_still_missing(self) -> None:
        shop = Shop.managed()
        shop.document["properties"]["networkProfile"]["loadBalancerProfile"]["managedOutboundIPs"]["count"] = 3
        assert made(shop, LB) == (2, 0)
