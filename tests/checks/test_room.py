from __future__ import annotations

from typing import Any

import pytest

from tests.armsim.estate import LOCATION, SUBSCRIPTION, cluster_id, isolated
from tests.builders import CLUSTER, Shop, fixes

LB, MNAT, UANAT, UDR = "loadBalancer", "managedNATGateway", "userAssignedNATGateway", "userDefinedRouting"
USAGES = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Network/locations/{LOCATION}/usages"
AGAIN = f"az aks egress check --ids {cluster_id(CLUSTER)}"
V2 = {"nat_gateway_sku": "StandardV2"}
DUAL = ["IPv4", "IPv6"]
IDS = tuple(f"/id{number}" for number in range(17))


class TestEGR401RegionHasAddressesLeft:
    def test_free_public_ips_pass(self) -> None:
        (finding,) = Shop.managed().findings("EGR401", MNAT)
        assert (finding.outcome, finding.seen.observed) == (
            "pass",
            "westeurope: 1 of 1000 PublicIPAddresses are used, and AKS will make 1 more",
        )

    @pytest.mark.parametrize(("used", "outcome"), [(9, "pass"), (10, "fail"), (11, "fail")])
    def test_the_last_one_is_enough_for_one(self, used: int, outcome: str) -> None:
        shop = Shop.managed()
        shop.estate.quota("PublicIPAddresses", limit=10, used=used)
        assert shop.outcome("EGR401", MNAT) == outcome

    def test_the_new_are_made_before_the_old_are_freed(self) -> None:
        shop = Shop.managed()
        shop.estate.quota("PublicIPAddresses", limit=3)
        assert shop.outcome("EGR401", MNAT, ip_count=2) == "pass"
        assert shop.outcome("EGR401", MNAT, ip_count=3) == "fail"

    def test_each_quota_that_is_used_up_fails_and_is_named(self) -> None:
        shop = Shop.managed()
        for name in ("PublicIPAddresses", "StandardSkuPublicIpAddresses"):
            shop.estate.quota(name, limit=10, used=10)
        assert shop.outcomes("EGR401", MNAT) == [
            ("fail", "PublicIPAddresses"),
            ("fail", "StandardSkuPublicIpAddresses"),
        ]

    def test_the_fix_shows_the_quotas_and_says_where_to_ask_for_more(self) -> None:
        shop = Shop.managed()
        shop.estate.quota("PublicIPAddresses", limit=10, used=10)
        (finding,) = shop.findings("EGR401", MNAT)
        assert fixes([finding]) == [
            ("before", f"az network list-usages --location westeurope --subscription {SUBSCRIPTION}")
        ]
        assert finding.seen.expected == "1 free; ask for more in the Azure portal, Quotas, Networking"

    def test_letter_case_does_not_matter(self) -> None:
        shop = Shop.managed()
        shop.estate.quota("PUBLICIPADDRESSES", limit=10, used=10)
        shop.document["location"] = "West Europe"
        assert shop.outcome("EGR401", MNAT) == "fail"

    def test_other_quotas_do_not_matter(self) -> None:
        shop = Shop.managed()
        shop.estate.quota("NatGateways", limit=10, used=10)
        shop.estate.quota("StaticPublicIPAddresses", limit=10, used=10)
        assert shop.outcome("EGR401", MNAT) == "pass"

    @pytest.mark.parametrize(("family", "field"), [("IPv4", "ip_count"), ("IPv6", "ipv6_count")])
    def test_a_quota_of_one_family_counts_that_family(self, family: str, field: str) -> None:
        shop = Shop.managed("none").network(ipFamilies=DUAL)
        shop.estate.quota(f"{family}StandardSkuPublicIpAddresses", limit=12, used=10)
        few: dict[str, Any] = {"ip_count": 2, "ipv6_count": 2}
        assert shop.outcome("EGR401", LB, **few) == "pass"
        assert shop.outcome("EGR401", LB, **{**few, field: 3}) == "fail"

    def test_a_quota_of_standard_does_not_count_standard_v2(self) -> None:
        shop = Shop.managed()
        shop.estate.quota("StandardSkuPublicIpAddresses", limit=10, used=10)
        assert shop.outcome("EGR401", MNAT, **V2) == "pass"

    def test_more_of_the_same_type_needs_the_difference(self) -> None:
        shop = Shop.managed()
        shop.estate.quota("PublicIPAddresses", limit=3, used=1)
        assert shop.outcome("EGR401", LB, ip_count=3) == "pass"
        assert shop.outcome("EGR401", LB, ip_count=4) == "fail"

    def test_with_addresses_of_ones_own_nothing_is_made_nor_read(self) -> None:
        shop = Shop.managed(MNAT)
        shop.arm.forbid(USAGES)
        assert shop.outcome("EGR401", LB, ip_ids=(shop.own_ip(),)) == "skip"

    def test_numbers_out_of_range_are_judged_elsewhere(self) -> None:
        (finding,) = Shop.managed().findings("EGR401", MNAT, ip_count=17)
        assert (finding.outcome, finding.seen.observed) == ("skip", "because of EGR403")

    def test_usages_that_cannot_be_read_are_unknown_and_leave_the_verdict_alone(self) -> None:
        shop = Shop.managed()
        shop.arm.forbid(USAGES)
        (finding,) = shop.findings("EGR401", MNAT)
        assert (finding.outcome, finding.check.blocks) == ("unknown", False)

    def test_without_a_quota_of_public_ips_it_is_unknown(self) -> None:
        shop = Shop.managed()
        shop.estate.quotas = {"NatGateways": (400, None)}
        assert shop.outcome("EGR401", MNAT) == "unknown"

    @pytest.mark.parametrize("limit", [None, "10", -1, [], True])
    def test_a_quota_without_a_number_is_unknown(self, limit: Any) -> None:
        shop = Shop.managed()
        shop.estate.quotas = {"PublicIPAddresses": (limit, 10)}
        assert shop.outcome("EGR401", MNAT) == "unknown"

    @pytest.mark.parametrize("location", [None, "", 7])
    def test_without_a_region_it_is_unknown(self, location: object) -> None:
        shop = Shop.managed()
        shop.document["location"] = location
        assert shop.outcome("EGR401", MNAT) == "unknown"


class TestEGR403:
    def test_without_numbers_there_is_nothing_to_judge(self) -> None:
        assert Shop.managed().outcome("EGR403", MNAT, nat_gateway_sku="Standard") == "skip"

    @pytest.mark.parametrize(
        ("to", "options"),
        [
            (LB, {"ip_count": 1, "ports": 0, "idle_timeout": 4}),
            (LB, {"ip_count": 100, "ipv6_count": 100, "ports": 64000, "idle_timeout": 120}),
            (MNAT, {"ip_count": 1, "idle_timeout": 4}),
            (MNAT, {"ip_count": 16, "ipv6_count": 16, "idle_timeout": 120, **V2}),
        ],
    )
    def test_the_bounds_are_in_range(self, to: str, options: dict[str, Any]) -> None:
        assert Shop.managed("none").network(ipFamilies=DUAL).outcome("EGR403", to, **options) == "pass"

    @pytest.mark.parametrize(
        ("to", "options", "expected"),
        [
            (LB, {"ip_count": 0}, "1 to 100"),
            (LB, {"ip_count": 101}, "1 to 100"),
            (LB, {"ipv6_count": -1}, "0 to 100"),
            (LB, {"ports": 64008}, "0 to 64000, a multiple of 8"),
            (LB, {"ports": 1023}, "0 to 64000, a multiple of 8"),
            (LB, {"idle_timeout": 3}, "4 to 120"),
            (LB, {"idle_timeout": 121}, "4 to 120"),
            (MNAT, {"ip_count": 0}, "1 to 16"),
            (MNAT, {"ip_count": 17}, "1 to 16"),
            (MNAT, {"ipv6_count": 17, **V2}, "1 to 16"),
            (MNAT, {"idle_timeout": 121}, "4 to 120"),
            (MNAT, {"ip_ids": IDS, **V2}, "1 to 16 ids"),
        ],
    )
    def test_beyond_them_it_fails_and_says_the_range(self, to: str, options: dict[str, Any], expected: str) -> None:
        (finding,) = Shop.managed("none").network(ipFamilies=DUAL).findings("EGR403", to, **options)
        assert (finding.outcome, finding.seen.expected) == ("fail", expected)

    def test_each_number_out_of_range_is_named(self) -> None:
        found = Shop.managed("none").findings("EGR403", LB, ip_count=0, ports=7, idle_timeout=30)
        assert [row.outcome for row in found] == ["fail", "fail"]

    @pytest.mark.parametrize("options", [{}, {"nat_gateway_sku": "Standard"}])
    def test_ipv6_needs_standard_v2(self, options: dict[str, Any]) -> None:
        assert Shop.managed().network(ipFamilies=DUAL).outcome("EGR403", MNAT, ipv6_count=1, **options) == "fail"

    @pytest.mark.parametrize(("to", "options"), [(LB, {}), (MNAT, V2)])
    def test_ipv6_needs_a_dual_stack_cluster(self, to: str, options: dict[str, Any]) -> None:
        assert Shop.managed("none").outcome("EGR403", to, ipv6_count=1, **options) == "fail"

    def test_a_sku_needs_an_api_version_that_knows_it(self) -> None:
        shop = Shop.managed().older("2025-10-01")
        assert shop.outcome("EGR403", MNAT, nat_gateway_sku="Standard") == "fail"
        assert shop.outcome("EGR403", MNAT, idle_timeout=30) == "pass"


class TestEGR404IdleConnectionsLiveAsLong:
    def test_shorter_warns_with_the_option_that_keeps_it(self) -> None:
        (finding,) = Shop.managed().findings("EGR404", MNAT, nat_gateway_sku="Standard")
        assert (finding.outcome, finding.seen.observed) == ("warn", "idle connections live 30 -> 4 minutes")
        keep = f"{AGAIN} --to managedNATGateway --nat-gateway-sku Standard --nat-gateway-idle-timeout 30"
        assert fixes([finding]) == [("before", keep)]

    @pytest.mark.parametrize("minutes", [30, 31, 120])
    def test_with_that_option_it_passes(self, minutes: int) -> None:
        assert Shop.managed().outcome("EGR404", MNAT, idle_timeout=minutes) == "pass"

    def test_longer_passes(self) -> None:
        (finding,) = Shop.managed(MNAT).findings("EGR404", LB)
        assert (finding.outcome, finding.seen.observed) == ("pass", "idle connections live 4 -> 30 minutes")

    def test_a_load_balancer_that_is_patient_asks_for_its_own_minutes(self) -> None:
        shop = Shop.managed()
        shop.document["properties"]["networkProfile"]["loadBalancerProfile"]["idleTimeoutInMinutes"] = 90
        assert fixes(shop.findings("EGR404", MNAT))[0][1].endswith("--nat-gateway-idle-timeout 90")

    def test_where_the_type_stays_what_is_stored_stays(self) -> None:
        shop = Shop.managed()
        shop.document["properties"]["networkProfile"]["loadBalancerProfile"]["idleTimeoutInMinutes"] = 90
        assert shop.outcome("EGR404", LB, ip_count=2) == "pass"
        assert shop.outcome("EGR404", LB, idle_timeout=30) == "warn"

    def test_what_an_earlier_type_left_behind_does_not_count(self) -> None:
        shop = Shop.managed().network(natGatewayProfile={"idleTimeoutInMinutes": 60})
        assert shop.outcome("EGR404", MNAT) == "warn"

    def test_a_gateway_of_ones_own_is_compared_with_the_load_balancer_that_it_took_over_from(self) -> None:
        shop = Shop.byo().gated()
        (finding,) = shop.findings("EGR404", UANAT)
        gateway = shop.estate[shop.subnets["snet-apps"]]["properties"]["natGateway"]["id"]
        assert (finding.outcome, finding.seen.resource) == ("warn", gateway)
        assert finding.seen.observed == "idle connections live 30 -> 4 minutes"
        assert fixes([finding]) == [("before", f"az network nat gateway update --ids {gateway} --idle-timeout 30")]
        shop.estate[gateway]["properties"]["idleTimeoutInMinutes"] = 30
        assert shop.outcome("EGR404", UANAT) == "pass"

    def test_each_gateway_of_ones_own_is_named(self) -> None:
        shop = Shop.byo().gated("snet-system")
        other = shop.estate.nat_gateway("nat-other", [shop.own_ip()], idleTimeoutInMinutes=10)
        shop.estate.attach(shop.subnets["snet-apps"], nat_gateway=other)
        assert shop.outcomes("EGR404", UANAT) == [("warn", "nat-shop"), ("warn", "nat-other")]

    def test_a_gateway_that_stays_keeps_its_own_minutes(self) -> None:
        assert Shop.byo(UANAT).outcomes("EGR404", LB) == [("pass", "nat-shop")]

    def test_how_long_the_public_ips_of_nodes_keep_them_cannot_be_read(self) -> None:
        shop = Shop.managed().pool("system", enableNodePublicIP=True)
        (finding,) = shop.findings("EGR404", MNAT)
        assert (finding.outcome, finding.check.blocks) == ("note", False)

    def test_an_azure_firewall_keeps_them_for_4_minutes_and_is_named_once(self) -> None:
        (finding,) = Shop.byo().routed().findings("EGR404", UDR)
        assert (finding.outcome, finding.seen.observed) == ("warn", "idle connections live 30 -> 4 minutes")
        assert (finding.seen.resource or "").endswith("/azureFirewalls/fw-hub")
        assert Shop.byo(UDR).outcomes("EGR404", LB) == [("pass", "fw-hub")]

    def test_how_long_an_appliance_keeps_them_cannot_be_read_and_is_said(self) -> None:
        found = Shop.byo().routed(hop="10.1.0.9").findings("EGR404", UDR)
        assert [row.outcome for row in found] == ["note", "note"]
        assert "the public addresses behind next hop 10.1.0.9" in (found[0].seen.observed or "")

    @pytest.mark.parametrize(("to", "cause"), [(UDR, "EGR201"), (UANAT, "EGR211")])
    def test_a_subnet_without_a_way_out_makes_it_moot(self, to: str, cause: str) -> None:
        (finding,) = Shop.byo().findings("EGR404", to)
        assert (finding.outcome, finding.seen.observed) == ("skip", f"because of {cause}")

    @pytest.mark.parametrize("to", ["none", "block"])
    def test_an_isolated_cluster_has_no_connections(self, to: str) -> None:
        assert Shop.managed(**isolated()).outcome("EGR404", to) == "skip"

    def test_a_cluster_without_a_way_out_has_none_to_lose(self) -> None:
        assert Shop.managed("none", **isolated()).outcome("EGR404", MNAT) == "skip"

    def test_numbers_out_of_range_are_judged_elsewhere(self) -> None:
        (finding,) = Shop.managed().findings("EGR404", MNAT, idle_timeout=3)
        assert (finding.outcome, finding.seen.observed) == ("skip", "because of EGR403")

    def test_a_subnet_that_cannot_be_read_is_unknown(self) -> None:
        shop = Shop.byo(UANAT).forbid("snet-apps")
        assert ("unknown", "snet-apps") in shop.outcomes("EGR404", LB)

    def test_firewalls_that_cannot_be_listed_are_unknown(self) -> None:
        shop = Shop.byo().routed()
        shop.arm.forbid(f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Network/azureFirewalls")
        assert {outcome for outcome, _ in shop.outcomes("EGR404", UDR)} == {"unknown"}

    def test_a_cluster_of_which_no_subnet_is_known_cannot_be_judged(self) -> None:
        shop = Shop.managed()
        for name in [key for key in shop.estate.resources if "/virtualnetworks/" in key]:
            del shop.estate.resources[name]
        for name in [key for key in shop.estate.resources if "/networkinterfaces/" in key]:
            del shop.estate.resources[name]
        assert shop.outcome("EGR404", MNAT) == "skip"
