from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import ServiceRequestError

from azext_aksegress import plan, proof
from azext_aksegress.report import Report
from azext_aksegress.request import Request
from tests.armsim.estate import cluster_id, load_balancer_profile, network_id, node_group
from tests.builders import CLUSTER, Shop

LB, MNAT, UANAT, UDR = "loadBalancer", "managedNATGateway", "userAssignedNATGateway", "userDefinedRouting"


class Reads:
    """An Azure whose read gives a snapshot, or raises."""

    def __init__(self, shop: Shop | None) -> None:
        self._shop = shop

    def read(self, request: Request) -> object:
        if self._shop is None:
            raise ServiceRequestError("connection refused")
        return self._shop.snapshot(request)


def read_again(after: Shop | None, judged: Report) -> proof.Proof:
    return proof.after_apply(Reads(after), plan.make(judged, ()), lambda _: None)


def found(after: Shop | None, target: str = UDR, before: Shop | None = None, **options: Any) -> dict[str, Any]:
    """The findings by id, once a cluster that was as `before` is as `after`."""
    judged = (before or Shop.byo().routed()).report(target, **options)
    findings = read_again(after, judged).findings
    return {finding.id: finding for finding in findings}


def outcomes(after: Shop | None, target: str = UDR, before: Shop | None = None, **options: Any) -> dict[str, str]:
    return {check_id: finding.outcome for check_id, finding in found(after, target, before, **options).items()}


def test_type_states_and_addresses_are_proven() -> None:
    assert outcomes(Shop.byo(UDR)) == {
        "verify.type": "pass",
        "verify.state": "pass",
        "verify.inForce": "pass",
        "verify.ips": "pass",
    }


def test_another_type_than_asked_for_fails() -> None:
    assert outcomes(Shop.byo(UDR), "none")["verify.type"] == "fail"


def test_a_failed_cluster_or_pool_fails() -> None:
    assert outcomes(Shop.byo(UDR).set(provisioningState="Failed"))["verify.state"] == "fail"
    assert outcomes(Shop.byo(UDR).pool("apps", provisioningState="Failed"))["verify.state"] == "fail"


def test_a_state_that_is_not_there_is_unknown() -> None:
    assert outcomes(Shop.byo(UDR).set(provisioningState=None))["verify.state"] == "unknown"


def test_a_cluster_that_cannot_be_read_is_unknown() -> None:
    assert outcomes(None) == {"verify.read": "unknown"}


def test_a_cluster_without_pools_is_unknown() -> None:
    assert outcomes(Shop.byo(UDR).set(agentPoolProfiles=[])) == {"verify.read": "unknown"}


def test_it_says_the_addresses_that_are_there_now() -> None:
    assert read_again(Shop.byo(UDR), Shop.byo().routed().report(UDR))[1] == ("52.0.0.1",)


def test_the_sku_that_aks_chose_is_named() -> None:
    assert (
        found(Shop.managed(MNAT), MNAT, Shop.managed())["verify.type"].seen.observed == "managedNATGateway (Standard)"
    )


class TestOptions:
    def test_those_in_force_pass(self) -> None:
        after = Shop.byo()
        after.document["properties"]["networkProfile"]["loadBalancerProfile"]["idleTimeoutInMinutes"] = 60
        assert outcomes(after, LB, Shop.byo(UDR), idle_timeout=60, ip_count=1)["verify.options"] == "pass"

    def test_another_value_is_named(self) -> None:
        finding = found(Shop.byo(), LB, Shop.byo(UDR), idle_timeout=60)["verify.options"]
        assert (finding.outcome, finding.seen.observed, finding.seen.expected) == (
            "fail",
            "idleTimeoutInMinutes 30",
            "idleTimeoutInMinutes 60",
        )

    def test_a_sku_that_was_asked_for_is_proven_too(self) -> None:
        for sku, outcome in (("Standard", "pass"), ("StandardV2", "fail")):
            after = outcomes(Shop.managed(MNAT), MNAT, Shop.managed(), nat_gateway_sku=sku)
            assert after["verify.options"] == outcome

    def test_a_sku_that_an_old_api_version_does_not_know_is_unknown(self) -> None:
        after = Shop.managed(MNAT).older("2024-09-01")
        after.document["properties"]["networkProfile"]["natGatewayProfile"].pop("sku")
        assert outcomes(after, MNAT, Shop.managed(), nat_gateway_sku="Standard") == {"verify.read": "unknown"}


class TestAddresses:
    def test_a_missing_one_fails(self) -> None:
        before = Shop.byo().gated(addresses=("52.0.0.2", "52.0.0.3"))
        finding = found(Shop.byo(UANAT), UANAT, before)["verify.ips"]
        assert (finding.outcome, finding.seen.observed) == ("fail", "52.0.0.2; 52.0.0.3 is missing")

    def test_one_that_nobody_expected_fails(self) -> None:
        after = Shop.byo(UANAT).gated(addresses=("52.0.0.2", "52.0.0.3"))
        finding = found(after, UANAT, Shop.byo().gated())["verify.ips"]
        assert (finding.outcome, finding.seen.observed) == ("fail", "52.0.0.2, 52.0.0.3; 52.0.0.3 was not expected")

    def test_one_that_cannot_be_read_is_unknown(self) -> None:
        after = Shop.byo(UANAT)
        after.arm.forbid(after.estate.public_ip("pip-nat-0", "52.0.0.2"))
        assert outcomes(after, UANAT, Shop.byo().gated())["verify.ips"] == "unknown"

    def test_the_addresses_of_ones_own_are_expected(self) -> None:
        before = Shop.managed("none")
        own = before.own_ip(ipAddress="52.0.0.7")
        finding = found(Shop.managed(), LB, before, ip_ids=(own,))["verify.ips"]
        assert finding.outcome == "fail"
        assert "52.0.0.7 is missing" in (finding.seen.observed or "")

    def test_an_address_out_of_the_prefix_that_was_given_is_the_expected_one(self) -> None:
        before, after = Shop.managed("none"), Shop.managed()
        prefix = before.estate.public_ip_prefix("ippre", "52.0.0.8/30")
        out_of_it = after.estate.public_ip("pip-of-prefix", "52.0.0.9")
        after.document["properties"]["networkProfile"]["loadBalancerProfile"] = {
            "outboundIPPrefixes": {"publicIPPrefixes": [{"id": prefix}]},
            "effectiveOutboundIPs": [{"id": out_of_it}],
        }
        assert outcomes(after, LB, before, prefix_ids=(prefix,))["verify.ips"] == "pass"

    def test_fewer_than_aks_was_to_make_fails(self) -> None:
        after = Shop.managed(MNAT)
        after.document["properties"]["networkProfile"]["natGatewayProfile"]["managedOutboundIPProfile"]["count"] = 2
        finding = found(after, MNAT, Shop.managed(), ip_count=2)["verify.ips"]
        assert finding.outcome == "fail"
        assert "1 of 2 addresses" in (finding.seen.observed or "")

    def test_a_released_one_that_is_still_there_fails(self) -> None:
        before = Shop.managed(MNAT)
        before.document["id"] = cluster_id(CLUSTER)
        assert outcomes(before, MNAT, before, nat_gateway_sku="StandardV2")["verify.ips"] == "fail"

    def test_those_behind_a_virtual_network_gateway_are_not_azures_to_tell(self) -> None:
        shop = Shop.byo().routed(hop=None, hop_type="VirtualNetworkGateway")
        after = Shop.byo(UDR).routed(hop=None, hop_type="VirtualNetworkGateway")
        assert outcomes(after, UDR, shop)["verify.ips"] == "skip"

    def test_none_are_expected_of_an_isolated_cluster(self) -> None:
        assert outcomes(Shop.byo("none"), "none", Shop.byo())["verify.ips"] == "pass"
        routed = Shop.byo("none").routed()
        assert outcomes(routed, "none", Shop.byo())["verify.ips"] == "fail"

    def test_new_ones_that_cannot_be_read_are_unknown(self) -> None:
        after = Shop.managed(MNAT)
        (made,) = after.document["properties"]["networkProfile"]["natGatewayProfile"]["effectiveOutboundIPs"]
        after.arm.forbid(made["id"])
        assert outcomes(after, MNAT, Shop.managed())["verify.ips"] == "unknown"

    def test_a_subnet_that_cannot_be_read_afterwards_is_unknown(self) -> None:
        assert outcomes(Shop.byo(UANAT).forbid("snet-apps"), UANAT, Shop.byo().gated())["verify.ips"] == "unknown"

    def test_fewer_that_were_among_those_of_before_pass_and_no_others(self) -> None:
        before, after, stranger = self.with_addresses(3), self.with_addresses(1), self.with_addresses(1, first=9)
        assert outcomes(after, LB, before, ip_count=1)["verify.ips"] == "pass"
        assert outcomes(stranger, LB, before, ip_count=1)["verify.ips"] == "fail"

    def test_more_beside_those_of_before_pass_and_fewer_fail(self) -> None:
        before = self.with_addresses(1)
        assert outcomes(self.with_addresses(3), LB, before, ip_count=3)["verify.ips"] == "pass"
        assert outcomes(self.with_addresses(3, first=2), LB, before, ip_count=3)["verify.ips"] == "fail"

    def test_ones_own_that_made_ones_were_to_replace_must_be_gone(self) -> None:
        shop = Shop.managed()
        own = shop.own_ip(ipAddress="52.0.0.7")
        profile = {"outboundIPs": {"publicIPs": [{"id": own}]}, "effectiveOutboundIPs": [{"id": own}]}
        shop.network(loadBalancerProfile=profile)
        after = Shop.managed()
        after.network(loadBalancerProfile={"managedOutboundIPs": {"count": 1}, "effectiveOutboundIPs": [{"id": own}]})
        after.own_ip(ipAddress="52.0.0.7")
        finding = found(after, LB, shop, ip_count=1)["verify.ips"]
        assert (finding.outcome, "52.0.0.7 should be gone" in (finding.seen.observed or "")) == ("fail", True)

    def test_after_a_failed_update_those_that_were_short_must_be_there(self) -> None:
        before = self.with_addresses(1)
        before.document["properties"]["networkProfile"]["loadBalancerProfile"]["managedOutboundIPs"]["count"] = 3
        short = self.with_addresses(1)
        short.document["properties"]["networkProfile"]["loadBalancerProfile"]["managedOutboundIPs"]["count"] = 3
        for request in ({}, {"ip_count": 3}):
            assert outcomes(self.with_addresses(3), LB, before, **request)["verify.ips"] == "pass"
            assert outcomes(short, LB, before, **request)["verify.ips"] == "fail"

    def test_all_that_aks_was_to_release_must_be_gone(self) -> None:
        before, after = self.with_addresses(3), self.with_addresses(3)
        after.document["properties"]["networkProfile"]["loadBalancerProfile"]["managedOutboundIPs"]["count"] = 1
        assert outcomes(after, LB, before, ip_count=1)["verify.ips"] == "fail"

    @pytest.mark.parametrize(
        ("addresses", "outcome"),
        [
            (("20.60.0.1", "fd00::1"), "pass"),
            (("20.60.0.1", "20.60.0.2"), "fail"),
            (("fd00::1", "fd00::2"), "fail"),
            (("20.60.0.1",), "fail"),
        ],
    )
    def test_each_family_has_its_number(self, addresses: tuple[str, ...], outcome: str) -> None:
        dual: dict[str, Any] = {"ipFamilies": ["IPv4", "IPv6"]}
        before = Shop.managed("none").network(**dual)
        after = Shop.managed().network(**dual)
        ids = [after.estate.public_ip(f"made-{at}", found, node_group(CLUSTER)) for at, found in enumerate(addresses)]
        managed = {"managedOutboundIPs": {"count": 1, "countIPv6": 1}}
        after.network(loadBalancerProfile={**load_balancer_profile(ids), **managed})
        assert outcomes(after, LB, before, ip_count=1, ipv6_count=1)["verify.ips"] == outcome

    @pytest.mark.parametrize("number", [0, 1])
    def test_a_managed_nat_gateway_with_fewer_addresses_than_its_profile_says_fails(self, number: int) -> None:
        after = Shop.managed(MNAT)
        ids = [after.estate.public_ip(f"new-{at}", f"20.60.0.{at}", node_group(CLUSTER)) for at in (1, 2)]
        profile = after.document["properties"]["networkProfile"]["natGatewayProfile"]
        profile.update(managedOutboundIPProfile={"count": 2}, effectiveOutboundIPs=[{"id": found} for found in ids])
        gateway = after.estate.nat_gateway("aks-nat", ids[:number], group=node_group(CLUSTER))
        subnet = next(found["id"] for found in after.estate.resources.values() if found["name"] == "aks-subnet")
        after.estate.attach(subnet, nat_gateway=gateway)
        assert outcomes(after, MNAT, Shop.managed())["verify.ips"] == "fail"

    def test_an_address_that_aks_made_out_of_ones_own_prefix_is_ones_own(self) -> None:
        shop = Shop.managed()
        prefix = shop.estate.public_ip_prefix("ippre", "52.0.0.8/30")
        made = shop.estate.public_ip("made", "52.0.0.9", node_group(CLUSTER))
        profile = {"outboundIPPrefixes": {"publicIPPrefixes": [{"id": prefix}]}, "effectiveOutboundIPs": [{"id": made}]}
        shop.network(loadBalancerProfile=profile)
        assert shop.report(LB).verdict == "nothingToDo"
        assert shop.report(LB, prefix_ids=(prefix,)).verdict == "nothingToDo"
        assert set(outcomes(shop, LB, shop, idle_timeout=30).values()) == {"pass"}

    def test_the_retired_spelling_of_standard_v2_says_the_sku(self) -> None:
        after = Shop.managed(MNAT).network(outboundType="managedNATGatewayV2")
        after.document["properties"]["networkProfile"]["natGatewayProfile"].pop("sku")
        assert outcomes(after, MNAT, Shop.managed(), nat_gateway_sku="StandardV2")["verify.options"] == "pass"

    @staticmethod
    def with_addresses(number: int, first: int = 1) -> Shop:
        """A cluster behind a load balancer with some addresses that AKS made, numbered from the first."""
        shop = Shop.managed()
        group = node_group(CLUSTER)
        ids = [
            shop.estate.public_ip(f"made-{found}", f"20.60.0.{found}", group) for found in range(first, first + number)
        ]
        shop.network(loadBalancerProfile=load_balancer_profile(ids))
        return shop


class TestWaysOutThatAzureCannotTellTheAddressOf:
    """An appliance of nobody's carries egress before and after, or does it?"""

    def after(self, hop: str = "10.9.9.9", hop_type: str = "VirtualAppliance") -> Shop:
        return Shop.byo(UDR).routed(hop=hop if hop_type == "VirtualAppliance" else None, hop_type=hop_type)

    def outcomes(self, after: Shop) -> set[str]:
        found = outcomes(after, UDR, Shop.byo().routed(hop="10.9.9.9"))
        return {found["verify.inForce"], found["verify.ips"]}

    def test_the_same_one_cannot_be_proven_and_is_no_difference(self) -> None:
        assert self.outcomes(self.after()) == {"pass", "skip"}

    def test_another_one_is_a_difference(self) -> None:
        assert "fail" in self.outcomes(self.after(hop="10.8.8.8"))

    def test_none_at_all_is_a_difference(self) -> None:
        assert "fail" in self.outcomes(self.after(hop_type="Internet"))
        detached = self.after()
        for subnet in detached.subnets.values():
            detached.estate[subnet]["properties"].pop("routeTable")
        assert "fail" in self.outcomes(detached)

    def test_a_table_that_cannot_be_read_is_unknown(self) -> None:
        after = self.after()
        after.arm.forbid(network_id("routeTables", "rt-snet-apps"))
        assert self.outcomes(after) == {"unknown"}

    def test_its_table_in_another_letter_case_is_the_same(self) -> None:
        after = self.after()
        for subnet in after.subnets.values():
            table = after.estate[subnet]["properties"]["routeTable"]
            table["id"] = table["id"].upper()
        assert self.outcomes(after) == {"pass", "skip"}


class TestInForce:
    @pytest.mark.parametrize("effective", [[], ["somebody-elses"]])
    def test_a_load_balancer_without_the_addresses_of_ones_own_fails_though_another_path_goes_first(
        self, effective: list[str]
    ) -> None:
        before, after = Shop.byo(UANAT), Shop.byo(LB).gated()
        own = before.own_ip(ipAddress="52.0.1.1")
        after.network(
            loadBalancerProfile={
                "outboundIPs": {"publicIPs": [{"id": own}]},
                "effectiveOutboundIPs": [{"id": after.own_ip(name)} for name in effective],
            }
        )
        found = outcomes(after, LB, before, ip_ids=(own,))
        assert (found["verify.options"], found["verify.inForce"]) == ("pass", "fail")

    @pytest.mark.parametrize("target", [UDR, "none"])
    def test_a_load_balancer_that_keeps_its_addresses_fails(self, target: str) -> None:
        after = Shop.byo(target).routed() if target == UDR else Shop.byo(target)
        kept = Shop.byo().document["properties"]["networkProfile"]["loadBalancerProfile"]
        assert outcomes(after.network(loadBalancerProfile=kept), target)["verify.inForce"] == "fail"

    def test_a_default_route_that_may_come_by_bgp_is_not_azures_to_tell(self) -> None:
        shop = Shop.byo(UDR).learning()
        for name in shop.subnets:
            shop.table(name)
        assert outcomes(shop)["verify.inForce"] == "skip"

    def test_a_subnet_that_cannot_be_read_is_unknown(self) -> None:
        assert outcomes(Shop.byo(UDR).forbid("snet-apps"))["verify.inForce"] == "unknown"

    def test_a_network_that_cannot_be_listed_is_unknown_and_hides_nothing_else(self) -> None:
        after = Shop.managed(MNAT)
        after.arm.forbid(network_id("virtualNetworks", "x", node_group(CLUSTER))[:-2])
        found = outcomes(after, MNAT, Shop.managed())
        assert (found["verify.type"], found["verify.inForce"]) == ("pass", "unknown")
