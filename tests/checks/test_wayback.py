from __future__ import annotations

import pytest

from tests.builders import Shop

UDR, UANAT, LB, MNAT = "userDefinedRouting", "userAssignedNATGateway", "loadBalancer", "managedNATGateway"
V2 = "StandardV2"


def with_standard_alone() -> Shop:
    """On a managed NAT gateway in a region that has no StandardV2."""
    shop = Shop.managed(MNAT)
    shop.document["location"] = "swedensouth"
    return shop


class TestEGR601WayBackIsInTheMatrix:
    def test_a_way_back_passes(self) -> None:
        assert Shop.byo().routed().outcome("EGR601", UDR) == "pass"

    def test_a_disputed_way_back_is_said(self) -> None:
        assert Shop.managed().outcome("EGR601", MNAT) == "note"

    def test_standard_v2_is_a_one_way_door(self) -> None:
        assert Shop.managed().outcome("EGR601", MNAT, nat_gateway_sku=V2) == "warn"
        assert Shop.managed(MNAT).outcome("EGR601", MNAT, nat_gateway_sku=V2) == "warn"

    def test_without_a_way_there_it_is_moot(self) -> None:
        (finding,) = Shop.managed().findings("EGR601", UDR)
        assert (finding.outcome, finding.seen.observed) == ("skip", "because of EGR101")

    def test_a_cluster_without_a_stored_type_is_unknown(self) -> None:
        assert Shop.byo().network(outboundType=None).outcome("EGR601", UDR) == "unknown"

    def test_the_report_gives_the_command_that_leads_back(self) -> None:
        shop = Shop.byo().routed()
        assert shop.report(UDR).way_back == {
            "supported": True,
            "oneWay": False,
            "command": f"az aks egress migrate --ids {shop.document['id']} --to loadBalancer",
        }

    def test_the_way_back_to_a_managed_nat_gateway_names_its_sku(self) -> None:
        assert (
            with_standard_alone()
            .report(LB)
            .way_back["command"]
            .endswith("--to managedNATGateway --nat-gateway-sku Standard")
        )

    def test_where_aks_would_refuse_a_standard_one_by_name_it_names_none(self) -> None:
        assert Shop.managed(MNAT).report(LB).way_back["command"].endswith("--to managedNATGateway")

    def test_the_report_of_a_one_way_door_gives_none(self) -> None:
        way_back = Shop.managed().report(MNAT, nat_gateway_sku=V2).way_back
        assert way_back == {"supported": False, "oneWay": True, "command": None}


class TestEGR602TodaysAddressesCanBeHadAgain:
    def test_addresses_that_aks_made_are_lost(self) -> None:
        shop = Shop.byo().gated("snet-apps")
        (finding,) = shop.findings("EGR602", UANAT)
        assert finding.outcome == "warn"

    def test_addresses_of_ones_own_stay(self) -> None:
        shop = Shop.byo()
        own = shop.estate.public_ip("pip-own")
        shop.network(
            loadBalancerProfile={"outboundIPs": {"publicIPs": [{"id": own}]}, "effectiveOutboundIPs": [{"id": own}]}
        )
        assert shop.outcome("EGR602", UDR) == "pass"

    def test_a_nat_gateway_of_ones_own_stays(self) -> None:
        assert Shop.byo(UANAT).outcome("EGR602", LB) == "pass"

    def test_an_address_that_carries_nothing_today_is_no_loss(self) -> None:
        assert Shop.byo().gated().outcome("EGR602", UANAT) == "pass"

    def test_a_subnet_that_cannot_be_read_leaves_it_unknown(self) -> None:
        shop = Shop.byo().gated("snet-system").forbid("snet-apps")
        assert shop.outcome("EGR602", UANAT) == "unknown"

    def test_an_appliance_whose_addresses_nobody_tells_loses_none(self) -> None:
        assert Shop.byo().routed(hop="10.9.9.9").outcome("EGR602", UDR) == "pass"

    def test_addresses_that_azure_does_not_list_leave_it_unknown(self) -> None:
        shop = Shop.managed()
        shop.document["properties"]["networkProfile"]["loadBalancerProfile"]["effectiveOutboundIPs"] = None
        assert shop.outcome("EGR602", MNAT) == "unknown"

    def test_a_new_sku_of_the_managed_nat_gateway_loses_them_too(self) -> None:
        assert Shop.managed(MNAT).outcome("EGR602", MNAT, nat_gateway_sku=V2) == "warn"

    def test_addresses_of_ones_own_instead_of_made_ones_lose_those(self) -> None:
        shop = Shop.managed()
        assert shop.outcome("EGR602", LB, ip_ids=(shop.own_ip(),)) == "warn"

    def test_fewer_of_them_lose_some_that_aks_chooses(self) -> None:
        shop = Shop.managed()
        shop.document["properties"]["networkProfile"]["loadBalancerProfile"]["managedOutboundIPs"]["count"] = 3
        (finding,) = shop.findings("EGR602", LB, ip_count=1)
        assert (finding.outcome, finding.seen.observed) == (
            "warn",
            "2 of today's addresses will be released, and AKS chooses which",
        )

    def test_a_cluster_without_a_stored_type_is_unknown(self) -> None:
        assert Shop.byo().network(outboundType=None).outcome("EGR602", UDR) == "unknown"


class TestEGR603NothingConfiguredIsLost:
    def test_a_standard_gateway_that_cannot_be_had_again_is_lost(self) -> None:
        (finding,) = Shop.managed(MNAT).findings("EGR603", LB)
        assert "natGatewayProfile.sku = Standard" in (finding.seen.observed or "")

    def test_defaults_are_no_loss(self) -> None:
        assert Shop.byo().outcome("EGR603", UDR) == "pass"
        assert with_standard_alone().outcome("EGR603", LB) == "pass"

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("allocatedOutboundPorts", 8000),
            ("idleTimeoutInMinutes", 100),
            ("managedOutboundIPs", {"count": 3}),
            ("outboundIPs", {"publicIPs": [{"id": "/subscriptions/1/resourceGroups/r/providers/a/b/pip-own"}]}),
            ("backendPoolType", "nodeIP"),
            ("enableMultipleStandardLoadBalancers", True),
        ],
    )
    def test_a_setting_of_the_load_balancer_is_lost_and_named(self, key: str, value: object) -> None:
        shop = Shop.byo()
        shop.document["properties"]["networkProfile"]["loadBalancerProfile"][key] = value
        (finding,) = shop.findings("EGR603", UDR)
        assert finding.outcome == "warn"
        assert f"loadBalancerProfile.{key}" in (finding.seen.observed or "")

    def test_a_setting_of_the_managed_nat_gateway_is_lost_and_named(self) -> None:
        shop = Shop.managed(MNAT)
        shop.document["properties"]["networkProfile"]["natGatewayProfile"]["idleTimeoutInMinutes"] = 60
        assert "idleTimeoutInMinutes = 60" in (shop.findings("EGR603", LB)[0].seen.observed or "")

    def test_a_lingering_backend_pool_type_is_kept_towards_the_load_balancer(self) -> None:
        shop = with_standard_alone().network(loadBalancerProfile={"backendPoolType": "nodeIP"})
        assert shop.outcome("EGR603", LB) == "pass"
        assert shop.outcome("EGR603", "none") == "warn"

    def test_a_profile_that_is_null_loses_nothing(self) -> None:
        assert Shop.byo().network(loadBalancerProfile=None).outcome("EGR603", UDR) == "pass"


class TestEGR604NoStandardV2ByDefault:
    def test_no_sku_warns(self) -> None:
        assert Shop.managed().outcome("EGR604", MNAT) == "warn"

    @pytest.mark.parametrize("sku", ["Standard", V2])
    def test_an_explicit_sku_is_no_default(self, sku: str) -> None:
        assert Shop.managed().outcome("EGR604", MNAT, nat_gateway_sku=sku) == "pass"

    @pytest.mark.parametrize("region", ["swedensouth", "Sweden South", "usgovvirginia", "chinanorth3"])
    def test_a_region_without_standard_v2_passes(self, region: str) -> None:
        shop = Shop.managed()
        shop.document["location"] = region
        assert shop.outcome("EGR604", MNAT) == "pass"

    def test_an_older_api_version_keeps_standard(self) -> None:
        assert Shop.managed().older("2026-05-01").outcome("EGR604", MNAT) == "pass"

    def test_a_cluster_without_a_region_is_unknown(self) -> None:
        shop = Shop.managed()
        shop.document["location"] = None
        assert shop.outcome("EGR604", MNAT) == "unknown"
