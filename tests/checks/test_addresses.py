from __future__ import annotations

from typing import Any

import pytest

from tests.armsim.estate import LOCATION, OTHER_SUBSCRIPTION, network_id, node_group
from tests.builders import CLUSTER, Shop, fixes

LB, MNAT = "loadBalancer", "managedNATGateway"
LOAD_BALANCER = f"{network_id('loadBalancers', 'kubernetes', node_group(CLUSTER))}/frontendIPConfigurations/a"
V2 = {"nat_gateway_sku": "StandardV2"}


def seen(shop: Shop, to: str = LB, **options: Any) -> list[tuple[str, str]]:
    return [(row.outcome, row.seen.observed or "") for row in shop.findings("EGR224", to, **options)]


class TestEGR224:
    def test_without_addresses_of_ones_own_there_is_nothing_to_judge(self) -> None:
        assert Shop.managed("none").outcome("EGR224", LB, ip_count=2) == "skip"

    def test_a_static_standard_address_of_the_region_that_nothing_uses_fits(self) -> None:
        shop = Shop.managed("none")
        assert shop.outcome("EGR224", LB, ip_ids=(shop.own_ip(),)) == "pass"

    def test_a_standard_v2_address_fits_a_standard_v2_gateway(self) -> None:
        shop = Shop.managed()
        assert shop.outcome("EGR224", MNAT, ip_ids=(shop.own_ip(sku="StandardV2"),), **V2) == "pass"

    @pytest.mark.parametrize(
        ("odd", "words"),
        [
            ({"location": "eastus"}, f"is in eastus, and the cluster in {LOCATION}"),
            ({"sku": "Basic"}, "is of SKU Basic, and loadBalancer takes Standard only"),
            ({"sku": "StandardV2"}, "is of SKU StandardV2"),
            ({"publicIPAllocationMethod": "Dynamic"}, "is allocated Dynamic, not Static"),
            ({"provisioningState": "Failed"}, "is in state Failed"),
            (
                {
                    "ipConfiguration": {
                        "id": network_id("azureFirewalls", "fw-hub") + "/azureFirewallIpConfigurations/a"
                    }
                },
                "is attached to fw-hub",
            ),
            ({"natGateway": {"id": network_id("natGateways", "nat-shop")}}, "is attached to nat-shop"),
        ],
    )
    def test_one_that_does_not_fit_fails_and_says_why(self, odd: dict[str, Any], words: str) -> None:
        shop = Shop.managed("none")
        (finding,) = shop.findings("EGR224", LB, ip_ids=(shop.own_ip(**odd),))
        assert finding.outcome == "fail"
        assert words in (finding.seen.observed or "")
        assert [when for when, _ in fixes([finding])] == ["before"]

    @pytest.mark.parametrize("tier", ["Global", "global"])
    def test_one_of_a_cross_region_load_balancer_does_not_fit(self, tier: str) -> None:
        shop = Shop.managed("none")
        own = shop.own_ip()
        shop.estate[own]["sku"]["tier"] = tier
        assert seen(shop, ip_ids=(own,)) == [
            ("fail", "pip-own is of tier Global, which is for cross-region load balancers only")
        ]

    def test_nor_does_such_a_prefix(self) -> None:
        shop = Shop.managed("none")
        prefix = shop.estate.public_ip_prefix("ippre", "52.0.0.8/30")
        shop.estate[prefix]["sku"]["tier"] = "Global"
        assert shop.outcome("EGR224", LB, prefix_ids=(prefix,)) == "fail"

    def test_a_prefix_of_which_addresses_are_taken_warns_with_their_number(self) -> None:
        shop = Shop.managed("none")
        prefix = shop.estate.public_ip_prefix("ippre", "52.0.0.8/30")
        taken = [network_id("publicIPAddresses", name) for name in ("pip-a", "PIP-A", "pip-b")]
        shop.estate[prefix]["properties"]["publicIPAddresses"] = [{"id": found} for found in taken]
        assert seen(shop, prefix_ids=(prefix,)) == [("warn", "ippre: 2 of 4 addresses of the prefix are taken")]

    def test_addresses_that_the_clusters_own_load_balancer_took_from_it_are_not(self) -> None:
        shop = Shop.managed()
        prefix = shop.estate.public_ip_prefix("ippre", "52.0.0.8/30")
        address = network_id("publicIPAddresses", "pip-a")
        shop.estate[prefix]["properties"]["publicIPAddresses"] = [{"id": address.upper()}]
        shop.network(loadBalancerProfile={"effectiveOutboundIPs": [{"id": address}]})
        assert shop.outcome("EGR224", LB, prefix_ids=(prefix,)) == "pass"

    @pytest.mark.parametrize("rows", [None, {}, "x", [None], [{}], [{"id": 7}]])
    def test_odd_lists_of_addresses_take_none(self, rows: Any) -> None:
        shop = Shop.managed("none")
        prefix = shop.estate.public_ip_prefix("ippre", "52.0.0.8/30")
        shop.estate[prefix]["properties"]["publicIPAddresses"] = rows
        assert shop.outcome("EGR224", LB, prefix_ids=(prefix,)) == "pass"

    def test_one_that_is_not_there_fails(self) -> None:
        assert seen(Shop.managed("none"), ip_ids=(network_id("publicIPAddresses", "pip-x"),)) == [
            ("fail", "pip-x does not exist")
        ]

    @pytest.mark.parametrize(
        "address_id",
        ["pip", "20.1.2.3", "/subscriptions/x", network_id("publicIPPrefixes", "a"), network_id("vnets", "a")],
    )
    def test_what_is_not_the_id_of_a_public_ip_fails(self, address_id: str) -> None:
        ((outcome, words),) = seen(Shop.managed("none"), ip_ids=(address_id,))
        assert outcome == "fail"
        assert "is not the id of a public IP address" in words

    def test_one_that_nobody_may_read_is_unknown_and_the_others_are_judged(self) -> None:
        shop = Shop.managed("none")
        hidden, good = shop.own_ip("pip-hidden"), shop.own_ip("pip-good")
        shop.arm.forbid(hidden)
        assert shop.outcomes("EGR224", LB, ip_ids=(hidden, good)) == [("unknown", "pip-hidden")]

    def test_one_without_a_region_is_unknown(self) -> None:
        shop = Shop.managed("none")
        own = shop.own_ip()
        shop.estate[own].pop("location")
        assert shop.outcome("EGR224", LB, ip_ids=(own,)) == "unknown"

    def test_made_and_own_addresses_together_fail(self) -> None:
        shop = Shop.managed("none")
        assert shop.outcomes("EGR224", LB, ip_ids=(shop.own_ip(),), ip_count=2) == [("fail", "aks-shop")]

    def test_ips_and_prefixes_together_warn_at_a_load_balancer(self) -> None:
        shop = Shop.managed("none")
        prefix = shop.estate.public_ip_prefix("ippre", "52.0.0.8/30")
        shop.estate[prefix]["sku"] = {"name": "Standard"}
        found = shop.outcomes("EGR224", LB, ip_ids=(shop.own_ip(),), prefix_ids=(prefix,))
        assert found == [("warn", "aks-shop")]

    @pytest.mark.parametrize("options", [{}, {"nat_gateway_sku": "Standard"}])
    def test_a_nat_gateway_needs_its_sku_said(self, options: dict[str, Any]) -> None:
        shop = Shop.managed()
        found = shop.outcomes("EGR224", MNAT, ip_ids=(shop.own_ip(sku="StandardV2"),), **options)
        assert found == [("fail", "aks-shop")]

    def test_a_custom_ip_prefix_does_not_fit_a_nat_gateway(self) -> None:
        shop = Shop.managed()
        prefix = shop.estate.public_ip_prefix("ippre", "52.0.0.8/30")
        shop.estate[prefix].update(sku={"name": "StandardV2"})
        shop.estate[prefix]["properties"]["customIPPrefix"] = {"id": "/custom"}
        ((outcome, words),) = seen(shop, MNAT, prefix_ids=(prefix,), **V2)
        assert (outcome, "custom IP prefix" in words) == ("fail", True)

    def test_a_prefix_of_another_subscription_does_not_fit_a_load_balancer(self) -> None:
        shop = Shop.managed("none")
        prefix = shop.estate.public_ip_prefix("ippre", "52.0.0.8/30")
        row = {**shop.estate.resources.pop(prefix.lower()), "sku": {"name": "Standard"}}
        other = network_id("publicIPPrefixes", "ippre", subscription=OTHER_SUBSCRIPTION)
        shop.estate.resources[other.lower()] = {**row, "id": other}
        ((outcome, words),) = seen(shop, prefix_ids=(other,))
        assert (outcome, "in another subscription" in words) == ("fail", True)

    def test_one_that_the_load_balancer_has_and_keeps_fits(self) -> None:
        shop = Shop.managed()
        own = shop.own_ip(ipConfiguration={"id": LOAD_BALANCER})
        shop.network(
            loadBalancerProfile={"outboundIPs": {"publicIPs": [{"id": own}]}, "effectiveOutboundIPs": [{"id": own}]}
        )
        assert shop.outcomes("EGR224", LB, ip_ids=(own, shop.own_ip("pip-two"))) == [("pass", "pip-own")]

    def test_one_that_a_failed_update_left_on_the_load_balancer_fits(self) -> None:
        shop = Shop.managed().set(provisioningState="Failed")
        own = shop.own_ip(ipConfiguration={"id": LOAD_BALANCER})
        profile = shop.document["properties"]["networkProfile"]["loadBalancerProfile"]
        profile["outboundIPs"] = {"publicIPs": [{"id": own}]}
        assert shop.outcome("EGR224", LB, ip_ids=(own,)) == "pass"

    def test_one_that_something_else_shares_with_it_does_not(self) -> None:
        shop = Shop.managed()
        own = shop.own_ip(natGateway={"id": network_id("natGateways", "nat-shop")})
        shop.network(
            loadBalancerProfile={"outboundIPs": {"publicIPs": [{"id": own}]}, "effectiveOutboundIPs": [{"id": own}]}
        )
        assert shop.outcome("EGR224", LB, ip_ids=(own,)) == "fail"

    def test_one_that_aks_made_is_not_ones_own(self) -> None:
        shop = Shop.managed()
        (made,) = shop.document["properties"]["networkProfile"]["loadBalancerProfile"]["effectiveOutboundIPs"]
        ((outcome, words),) = seen(shop, ip_ids=(made["id"],))
        assert (outcome, "was made by AKS" in words) == ("fail", True)

    def test_a_prefix_of_another_subscription_fits_a_nat_gateway(self) -> None:
        shop = Shop.managed()
        other = network_id("publicIPPrefixes", "ippre", subscription=OTHER_SUBSCRIPTION)
        shop.estate.add(other, {"ipPrefix": "52.0.0.8/30"}, sku={"name": "StandardV2"})
        assert shop.outcome("EGR224", MNAT, prefix_ids=(other,), **V2) == "pass"

    def test_the_id_of_a_list_is_none_of_an_address(self) -> None:
        ((outcome, words),) = seen(Shop.managed("none"), ip_ids=(network_id("publicIPAddresses", "x")[:-2],))
        assert (outcome, "is not the id of a public IP address" in words) == ("fail", True)

    def test_a_cluster_without_a_region_leaves_it_unknown(self) -> None:
        shop = Shop.managed("none")
        own = shop.own_ip()
        shop.document.pop("location")
        assert shop.outcome("EGR224", LB, ip_ids=(own,)) == "unknown"

    def test_the_addresses_of_prefixes_count_against_the_limit_of_a_nat_gateway(self) -> None:
        shop = Shop.managed()
        prefix = shop.estate.public_ip_prefix("ippre", "52.0.0.0/28")
        shop.estate[prefix]["sku"] = {"name": "StandardV2"}
        assert shop.outcome("EGR224", MNAT, prefix_ids=(prefix,), **V2) == "pass"
        own = shop.own_ip(sku="StandardV2")
        (finding,) = shop.findings("EGR224", MNAT, ip_ids=(own,), prefix_ids=(prefix,), **V2)
        assert (finding.outcome, finding.seen.observed) == (
            "fail",
            "17 addresses are given, and a NAT gateway takes 16",
        )

    def test_one_that_ones_own_hands_put_into_the_node_resource_group_is_ones_own(self) -> None:
        shop = Shop.managed("none")
        own = shop.estate.public_ip("pip-mine", group=node_group(CLUSTER))
        assert shop.outcome("EGR224", LB, ip_ids=(own,)) == "pass"

    def test_one_with_the_tags_of_aks_is_not_ones_own_wherever_it_is(self) -> None:
        shop = Shop.managed("none")
        own = shop.own_ip()
        shop.estate[own]["tags"] = {"aks-managed-cluster-name": "another"}
        assert shop.outcome("EGR224", LB, ip_ids=(own,)) == "fail"

    def test_one_that_a_failed_update_towards_another_type_left_there_fits(self) -> None:
        shop = Shop.managed(MNAT).set(provisioningState="Failed")
        own = shop.own_ip(ipConfiguration={"id": LOAD_BALANCER})
        assert shop.outcome("EGR224", LB, ip_ids=(own,)) == "pass"
        assert shop.set(provisioningState="Succeeded").outcome("EGR224", LB, ip_ids=(own,)) == "fail"
