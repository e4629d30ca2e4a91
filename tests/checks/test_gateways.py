from __future__ import annotations

import pytest

from azext_aksegress import checks
from azext_aksegress.cluster import Cluster
from azext_aksegress.request import Request
from tests.armsim.estate import isolated, node_group
from tests.builders import CLUSTER, Shop, fixes

UANAT, LB, MNAT = "userAssignedNATGateway", "loadBalancer", "managedNATGateway"


class TestEGR211NatGatewayOnEverySubnet:
    def test_gateways_everywhere_pass(self) -> None:
        assert Shop.byo().gated().outcome("EGR211", UANAT) == "pass"

    def test_a_subnet_without_one_fails_and_is_named(self) -> None:
        assert Shop.byo().gated("snet-system").outcomes("EGR211", UANAT) == [("fail", "snet-apps")]

    def test_the_fix_attaches_the_gateway_that_the_other_subnet_uses(self) -> None:
        shop = Shop.byo().gated("snet-system")
        gateway = shop.estate[shop.subnets["snet-system"]]["properties"]["natGateway"]["id"]
        assert fixes(shop.findings("EGR211", UANAT)) == [
            ("cutover", f"az network vnet subnet update --ids {shop.subnets['snet-apps']} --nat-gateway {gateway}")
        ]

    def test_without_any_gateway_the_fix_makes_one_first(self) -> None:
        found = fixes(Shop.byo().findings("EGR211", UANAT))
        assert [when for when, _ in found] == ["before", "before", "cutover"] * 2
        assert found[0] == found[3]

    def test_a_pod_subnet_without_one_fails(self) -> None:
        shop = Shop.byo().gated()
        pods = shop.estate.vnet("vnet-pods", ["snet-pods"])["snet-pods"]
        assert shop.pool("apps", podSubnetID=pods).outcomes("EGR211", UANAT) == [("fail", "snet-pods")]

    def test_a_subnet_that_cannot_be_read_is_unknown(self) -> None:
        assert Shop.byo().gated().forbid("snet-apps").outcomes("EGR211", UANAT) == [("unknown", "snet-apps")]


class TestEGR212NatGatewayHasAddresses:
    def test_a_public_ip_passes(self) -> None:
        assert Shop.byo().gated().outcome("EGR212", UANAT) == "pass"

    @pytest.mark.parametrize("key", ["publicIpPrefixes", "publicIpAddressesV6", "publicIpPrefixesV6"])
    def test_a_prefix_or_an_ipv6_address_passes(self, key: str) -> None:
        shop = Shop.byo().gated(addresses=[])
        gateway = shop.estate[shop.subnets["snet-apps"]]["properties"]["natGateway"]["id"]
        shop.estate[gateway]["properties"][key] = [{"id": shop.estate.public_ip_prefix("ippre", "52.0.0.8/30")}]
        assert shop.outcome("EGR212", UANAT) == "pass"

    def test_none_fails_once_for_a_gateway_on_two_subnets(self) -> None:
        assert Shop.byo().gated(addresses=[]).outcomes("EGR212", UANAT) == [("fail", "nat-shop")]

    @pytest.mark.parametrize(
        ("sku", "options"), [("Standard", "--sku Standard"), ("standardv2", "--sku StandardV2 --zone 1 2 3")]
    )
    def test_the_fix_makes_an_address_of_the_gateways_sku(self, sku: str, options: str) -> None:
        shop = Shop.byo().gated(addresses=[])
        shop.estate[shop.gateway_id("snet-apps")]["sku"] = {"name": sku}
        (make, attach) = fixes(shop.findings("EGR212", UANAT))
        assert make[0] == "before"
        assert make[1].endswith(f"--location westeurope --name pip-nat-shop {options}")
        assert attach[0] == "cutover"
        assert attach[1].endswith("--name nat-shop --public-ip-addresses pip-nat-shop")

    def test_without_a_gateway_it_is_moot(self) -> None:
        (finding,) = Shop.byo().findings("EGR212", UANAT)
        assert (finding.outcome, finding.seen.observed) == ("skip", "because of EGR211")

    def test_a_gateway_that_cannot_be_read_is_unknown(self) -> None:
        shop = Shop.byo().gated()
        shop.arm.forbid(shop.estate[shop.subnets["snet-apps"]]["properties"]["natGateway"]["id"])
        assert shop.outcomes("EGR212", UANAT) == [("unknown", "nat-shop")]


class TestEGR213NatGatewayIsHealthy:
    def spread(self, zones: list[str], pools: list[str], sku: str = "Standard") -> Shop:
        shop = Shop.byo().gated("snet-apps").pool("apps", availabilityZones=pools)
        gateway = shop.estate[shop.gateway_id("snet-apps")]
        gateway.update(zones=zones, sku={"name": sku})
        shop.estate.attach(shop.subnets["snet-system"], nat_gateway=gateway["id"])
        return shop

    def test_a_gateway_that_succeeded_passes(self) -> None:
        assert Shop.byo().gated().outcome("EGR213", UANAT) == "pass"

    @pytest.mark.parametrize("state", ["Failed", "Updating"])
    def test_any_other_state_fails_once_for_a_gateway_on_two_subnets(self, state: str) -> None:
        shop = Shop.byo().gated()
        shop.estate[shop.gateway_id("snet-apps")]["properties"]["provisioningState"] = state
        assert shop.outcomes("EGR213", UANAT) == [("fail", "nat-shop")]

    @pytest.mark.parametrize(
        ("zones", "pools"), [(["1"], ["1", "2"]), (["2"], ["1"]), ([], ["1", "2", "3"]), (["1"], ["3", "2"])]
    )
    def test_one_zone_for_many_warns(self, zones: list[str], pools: list[str]) -> None:
        assert self.spread(zones, pools).outcomes("EGR213", UANAT) == [("warn", "nat-shop")]

    @pytest.mark.parametrize(
        ("zones", "pools", "sku"),
        [(["1"], ["1"], "Standard"), ([], ["1"], "Standard"), (["1"], [], "Standard"), ([], ["1", "2"], "StandardV2")],
    )
    def test_a_zone_of_its_own_or_all_zones_pass(self, zones: list[str], pools: list[str], sku: str) -> None:
        assert self.spread(zones, pools, sku).outcome("EGR213", UANAT) == "pass"

    def test_without_a_gateway_it_is_moot(self) -> None:
        (finding,) = Shop.byo().findings("EGR213", UANAT)
        assert (finding.outcome, finding.seen.observed) == ("skip", "because of EGR211")

    def test_a_state_that_azure_does_not_say_is_unknown(self) -> None:
        shop = Shop.byo().gated()
        del shop.estate[shop.gateway_id("snet-apps")]["properties"]["provisioningState"]
        assert shop.outcome("EGR213", UANAT) == "unknown"


class TestEGR215TheGatewaySpeaksTheFamilies:
    def dual(self, shop: Shop) -> Shop:
        return shop.network(ipFamilies=["IPv4", "IPv6"])

    def test_an_ipv4_cluster_passes(self) -> None:
        assert Shop.managed().outcome("EGR215", MNAT, nat_gateway_sku="Standard") == "pass"
        assert Shop.byo().gated().outcome("EGR215", UANAT) == "pass"

    def test_dual_stack_fails_on_a_standard_managed_gateway(self) -> None:
        assert self.dual(Shop.managed()).outcome("EGR215", MNAT, nat_gateway_sku="Standard") == "fail"

    def test_dual_stack_passes_on_a_standard_v2_managed_gateway(self) -> None:
        assert self.dual(Shop.managed()).outcome("EGR215", MNAT, nat_gateway_sku="StandardV2") == "pass"

    def test_dual_stack_without_a_sku_warns(self) -> None:
        assert self.dual(Shop.managed()).outcome("EGR215", MNAT) == "warn"

    def test_it_fails_where_the_region_has_no_standard_v2(self) -> None:
        shop = self.dual(Shop.managed())
        shop.document["location"] = "Canada East"
        (finding,) = shop.findings("EGR215", MNAT)
        assert finding.outcome == "fail"
        assert "canadaeast has no StandardV2" in (finding.seen.observed or "")

    def test_it_fails_where_the_cloud_does_not_know_standard_v2(self) -> None:
        (finding,) = self.dual(Shop.managed()).older("2026-05-01").findings("EGR215", MNAT)
        assert finding.outcome == "fail"
        assert "this cloud answers with 2026-05-01" in (finding.seen.observed or "")

    def test_it_passes_where_the_gateway_is_standard_v2_already(self) -> None:
        shop = self.dual(Shop.managed(MNAT))
        shop.document["properties"]["networkProfile"]["natGatewayProfile"]["sku"] = "StandardV2"
        assert shop.outcome("EGR215", MNAT, idle_timeout=10) == "pass"

    def test_a_region_that_azure_does_not_say_is_unknown(self) -> None:
        shop = self.dual(Shop.managed())
        cluster = Cluster(shop.snapshot())
        del cluster.document["location"]
        found = checks.judge(checks.load()["EGR215"], cluster, Request(MNAT))
        assert [row.outcome for row in found] == ["unknown"]

    def test_dual_stack_behind_a_gateway_without_ipv6_warns_once(self) -> None:
        assert self.dual(Shop.byo().gated()).outcomes("EGR215", UANAT) == [("warn", "nat-shop")]

    def test_dual_stack_behind_a_gateway_with_ipv6_passes(self) -> None:
        shop = self.dual(Shop.byo().gated())
        six = shop.estate.public_ip("pip-six", "2603:1020:50::1")
        shop.estate[shop.gateway_id("snet-apps")]["properties"]["publicIpAddressesV6"] = [{"id": six}]
        assert shop.outcome("EGR215", UANAT) == "pass"

    def test_a_gateway_that_cannot_be_read_is_unknown(self) -> None:
        shop = Shop.byo().gated()
        shop.arm.forbid(shop.gateway_id("snet-apps"))
        assert shop.outcome("EGR215", UANAT) == "unknown"


class TestEGR221NoNatGatewayStays:
    def test_no_gateway_passes(self) -> None:
        assert Shop.byo("userDefinedRouting").outcome("EGR221", LB) == "pass"

    def test_a_gateway_warns_for_each_subnet_and_goes_after_the_move(self) -> None:
        shop = Shop.byo(UANAT)
        assert shop.outcomes("EGR221", LB) == [("warn", "snet-system"), ("warn", "snet-apps")]
        assert fixes(shop.findings("EGR221", LB))[0] == (
            "after",
            f"az network vnet subnet update --ids {shop.subnets['snet-system']} --nat-gateway null",
        )

    def test_for_isolated_targets_it_says_that_a_way_out_remains(self) -> None:
        found = Shop.byo(UANAT, **isolated()).findings("EGR221", "none")
        assert all("a way out remains" in (finding.seen.observed or "") for finding in found)

    def test_the_gateway_that_aks_made_goes_with_the_move(self) -> None:
        shop = Shop.managed(MNAT)
        gateway = shop.estate.nat_gateway("aks-nat", group=node_group(CLUSTER))
        subnet = next(found["id"] for found in shop.estate.resources.values() if found["name"] == "aks-subnet")
        shop.estate.attach(subnet, nat_gateway=gateway)
        assert shop.outcome("EGR221", LB) == "pass"

    def test_a_gateway_in_the_node_resource_group_stays_where_the_cluster_is_not_on_it(self) -> None:
        shop = Shop.managed(**isolated())
        subnet = next(found["id"] for found in shop.estate.resources.values() if found["name"] == "aks-subnet")
        shop.estate.attach(subnet, nat_gateway=shop.estate.nat_gateway("nat-own", group=node_group(CLUSTER)))
        assert shop.outcomes("EGR221", "none") == [("warn", "aks-subnet")]

    def test_a_gateway_of_ones_own_on_the_subnet_that_aks_made_warns(self) -> None:
        shop = Shop.managed()
        subnet = next(found["id"] for found in shop.estate.resources.values() if found["name"] == "aks-subnet")
        shop.estate.attach(subnet, nat_gateway=shop.estate.nat_gateway("nat-own"))
        assert shop.set(**isolated()).outcomes("EGR221", "none") == [("warn", "aks-subnet")]

    def test_a_subnet_that_cannot_be_read_is_unknown(self) -> None:
        assert Shop.byo("userDefinedRouting").forbid("snet-apps").outcome("EGR221", LB) == "unknown"


class TestEGR223WindowsPoolsHaveOutboundNat:
    def test_windows_with_outbound_nat_passes(self) -> None:
        shop = Shop.byo("userDefinedRouting").pool("apps", osType="Windows", windowsProfile={})
        assert shop.outcome("EGR223", LB) == "pass"

    def test_windows_without_outbound_nat_fails_and_names_the_pool(self) -> None:
        shop = Shop.byo("userDefinedRouting").pool("apps", windowsProfile={"disableOutboundNat": True})
        assert shop.outcomes("EGR223", LB) == [("fail", "apps")]

    def test_a_cluster_without_pools_is_unknown(self) -> None:
        assert Shop.byo().set(agentPoolProfiles=None).outcome("EGR223", LB) == "unknown"
