from __future__ import annotations

from typing import Callable

import pytest

from tests.armsim.estate import SUBSCRIPTION, isolated
from tests.builders import Shop, fixes

UDR, UANAT, LB, MNAT = "userDefinedRouting", "userAssignedNATGateway", "loadBalancer", "managedNATGateway"
FEATURE = ("Microsoft.ContainerService", "NetworkIsolatedClusterPreview")


class TestEGR101PathIsInTheMatrix:
    def test_a_supported_path_passes(self) -> None:
        assert Shop.byo().outcome("EGR101", UDR) == "pass"

    def test_a_path_that_is_not_supported_fails(self) -> None:
        assert Shop.managed().outcomes("EGR101", UDR) == [("fail", "aks-shop")]

    def test_a_failing_path_names_the_types_that_are_open_instead(self) -> None:
        (finding,) = Shop.managed().findings("EGR101", UDR)
        assert "managedNATGateway, none, block" in (finding.seen.observed or "")

    def test_a_disputed_path_warns_and_cites_both(self) -> None:
        (finding,) = Shop.managed(MNAT).findings("EGR101", LB)
        assert finding.outcome == "warn"
        assert len(finding.seen.sources) == 2

    def test_a_path_that_is_refused_by_the_table_and_described_elsewhere_fails_and_cites_both(self) -> None:
        (finding,) = Shop.managed(MNAT).findings("EGR101", UDR)
        assert finding.outcome == "fail"
        assert len(finding.seen.sources) == 3

    def test_a_path_that_no_table_has_fails(self) -> None:
        assert Shop.managed(UDR).outcome("EGR101", LB) == "fail"

    def test_one_pool_in_an_own_subnet_makes_the_vnet_ones_own_even_when_the_first_has_none(self) -> None:
        shop = Shop.byo()
        del shop.document["properties"]["agentPoolProfiles"][0]["vnetSubnetID"]
        assert shop.outcome("EGR101", UDR) == "pass"
        assert shop.outcome("EGR101", MNAT) == "fail"

    def test_a_pod_subnet_alone_makes_the_vnet_ones_own(self) -> None:
        shop = Shop.managed()
        subnets = shop.estate.vnet("vnet-pods", ["snet-pods"])
        assert shop.pool("system", podSubnetID=subnets["snet-pods"]).outcome("EGR101", MNAT) == "fail"

    def test_a_hosted_system_pool_in_an_own_subnet_makes_the_vnet_ones_own(self) -> None:
        shop = Shop.managed()
        subnets = shop.estate.vnet("vnet-auto", ["snet-nodes"])
        hosted = {"enabled": True, "nodeSubnetID": subnets["snet-nodes"]}
        shop.set(agentPoolProfiles=None, hostedSystemProfile=hosted)
        assert shop.outcome("EGR101", MNAT) == "fail"

    def test_a_pool_beside_a_hosted_system_pool_is_on_its_node_subnet(self) -> None:
        shop = Shop.managed()
        subnets = shop.estate.vnet("vnet-auto", ["snet-nodes"])
        shop.set(hostedSystemProfile={"enabled": True, "nodeSubnetID": subnets["snet-nodes"]})
        assert [subnet.name for subnet in shop.cluster().subnets] == ["snet-nodes"]

    def test_a_hosted_system_pool_without_subnets_is_in_a_managed_vnet(self) -> None:
        shop = Shop.managed().set(agentPoolProfiles=None, hostedSystemProfile={"enabled": True})
        assert shop.outcome("EGR101", MNAT) == "pass"

    def test_the_type_is_read_in_any_letter_case(self) -> None:
        assert Shop.byo().network(outboundType="LOADBALANCER").outcome("EGR101", UDR) == "pass"

    @pytest.mark.parametrize("spelling", ["managedNATGatewayV2", "ManagedNatGatewayV2"])
    def test_the_retired_preview_spelling_is_standard_v2(self, spelling: str) -> None:
        assert Shop.managed(MNAT).network(outboundType=spelling).outcome("EGR101", LB) == "fail"

    def test_standard_v2_cannot_go_back_to_standard(self) -> None:
        shop = Shop.managed(MNAT)
        shop.document["properties"]["networkProfile"]["natGatewayProfile"]["sku"] = "standardv2"
        assert shop.outcome("EGR101", MNAT, nat_gateway_sku="Standard") == "fail"

    def test_a_cluster_without_a_stored_type_is_unknown(self) -> None:
        assert Shop.byo().network(outboundType=None).outcome("EGR101", UDR) == "unknown"

    def test_a_cluster_without_pools_is_unknown(self) -> None:
        assert Shop.byo().set(agentPoolProfiles=[]).outcome("EGR101", UDR) == "unknown"

    def test_an_automatic_cluster_whose_hosted_pool_an_old_cloud_does_not_tell_is_unknown(self) -> None:
        shop = Shop.managed().older("2025-05-01")
        shop.document["sku"]["name"] = "Automatic"
        assert shop.outcome("EGR101", MNAT) == "unknown"

    def test_a_managed_nat_gateway_whose_sku_an_old_cloud_does_not_tell_is_unknown(self) -> None:
        shop = Shop.managed(MNAT).older("2025-05-01")
        del shop.document["properties"]["networkProfile"]["natGatewayProfile"]["sku"]
        assert shop.outcome("EGR101", LB) == "unknown"


class TestEGR102OnAnotherType:
    def test_another_type_passes(self) -> None:
        assert Shop.byo().outcome("EGR102", UDR) == "pass"

    @pytest.mark.parametrize("outbound_type", [LB, UANAT, UDR])
    def test_the_same_type_in_force_is_nothing_to_do(self, outbound_type: str) -> None:
        assert Shop.byo(outbound_type).report(outbound_type).verdict == "nothingToDo"

    def test_what_carries_egress_in_the_place_of_what_aks_made_is_said(self) -> None:
        already = "the cluster is on loadBalancer already, and AKS has it in force"
        (finding,) = Shop.byo().findings("EGR102", LB)
        assert finding.seen.observed == already
        (finding,) = Shop.byo().gated().findings("EGR102", LB)
        assert finding.seen.observed == f"{already}; but what carries egress is natGateway"
        (finding,) = Shop.byo().gated("snet-apps").findings("EGR102", LB)
        assert (finding.seen.observed or "").endswith("is loadBalancer and natGateway")

    def test_what_is_moot_then_is_skipped_and_says_why(self) -> None:
        report = Shop.byo().report(LB)
        assert {finding.outcome for finding in report.findings if finding.id != "EGR102"} == {"skip"}
        assert {finding.seen.observed for finding in report.findings if finding.outcome == "skip"} == {
            "because of EGR102"
        }

    def test_after_a_failed_update_the_stored_goal_is_not_taken_for_done(self) -> None:
        assert Shop.byo(UDR).set(provisioningState="Failed").outcome("EGR102", UDR) == "warn"

    def test_a_stored_goal_without_its_addresses_is_not_taken_for_done(self) -> None:
        shop = Shop.managed().network(loadBalancerProfile={"managedOutboundIPs": {"count": 1}})
        assert shop.outcome("EGR102", LB) == "warn"

    def test_a_stored_goal_with_a_failed_pool_is_not_taken_for_done(self) -> None:
        assert Shop.byo(UDR).pool("apps", provisioningState="Failed").outcome("EGR102", UDR) == "warn"

    def test_another_sku_of_the_nat_gateway_is_a_change_of_its_own(self) -> None:
        assert Shop.managed(MNAT).outcome("EGR102", MNAT, nat_gateway_sku="StandardV2") == "pass"
        assert Shop.managed(MNAT).outcome("EGR102", MNAT, nat_gateway_sku="Standard") == "note"

    def test_other_options_of_the_same_type_are_a_change_of_its_own(self) -> None:
        assert Shop.managed().outcome("EGR102", LB, idle_timeout=60) == "pass"
        assert Shop.managed().outcome("EGR102", LB, idle_timeout=30, ip_count=1) == "note"

    def test_addresses_of_ones_own_instead_of_made_ones_are_a_change_of_its_own(self) -> None:
        shop = Shop.managed()
        assert shop.outcome("EGR102", LB, ip_ids=(shop.own_ip(),)) == "pass"

    def test_addresses_of_ones_own_that_are_stored_and_not_used_are_not_taken_for_done(self) -> None:
        shop = Shop.managed()
        own = shop.own_ip()
        profile = shop.document["properties"]["networkProfile"]["loadBalancerProfile"]
        profile.update(outboundIPs={"publicIPs": [{"id": own}]})
        assert shop.outcome("EGR102", LB, ip_ids=(own,)) == "warn"

    @pytest.mark.parametrize("outbound_type", [UANAT, UDR])
    def test_the_same_type_with_a_subnet_that_cannot_be_read_is_unknown(self, outbound_type: str) -> None:
        shop = Shop.byo(outbound_type).forbid("snet-apps")
        assert shop.outcome("EGR102", outbound_type) == "unknown"
        assert shop.report(outbound_type).verdict == "undetermined"

    def test_a_default_route_that_may_come_by_bgp_is_not_taken_for_in_force(self) -> None:
        shop = Shop.byo(UDR).learning()
        shop.table("snet-apps")
        assert shop.outcome("EGR102", UDR) == "unknown"
        assert shop.report(UDR).verdict == "blocked"


class TestEGR103PoolsAreScaleSets:
    def test_scale_sets_pass(self) -> None:
        assert Shop.byo().outcome("EGR103", UDR) == "pass"

    def test_an_availability_set_fails_and_names_the_pool(self) -> None:
        assert Shop.byo().pool("apps", type="AvailabilitySet").outcomes("EGR103", UDR) == [("fail", "apps")]

    def test_virtual_machines_warn(self) -> None:
        assert Shop.byo().pool("apps", type="VirtualMachines").outcomes("EGR103", UDR) == [("warn", "apps")]

    def test_a_pool_without_a_type_is_unknown_and_the_others_are_judged(self) -> None:
        shop = Shop.byo().pool("system", type=None).pool("apps", type="AvailabilitySet")
        assert shop.outcomes("EGR103", UDR) == [("unknown", "system"), ("fail", "apps")]


class TestEGR104LoadBalancerIsStandard:
    @pytest.mark.parametrize("sku", ["standard", "Standard"])
    def test_standard_passes(self, sku: str) -> None:
        assert Shop.byo().network(loadBalancerSku=sku).outcome("EGR104", UDR) == "pass"

    def test_basic_fails(self) -> None:
        assert Shop.byo().network(loadBalancerSku="basic").outcome("EGR104", UDR) == "fail"

    def test_none_at_all_is_unknown(self) -> None:
        assert Shop.byo().network(loadBalancerSku=None).outcome("EGR104", UDR) == "unknown"


class TestEGR105CliIsNewEnough:
    def test_2_56_passes(self) -> None:
        assert Shop.byo().outcome("EGR105", UDR, cli_version="2.56.0") == "pass"

    def test_older_fails(self) -> None:
        assert Shop.byo().outcome("EGR105", UDR, cli_version="2.55.0") == "fail"

    @pytest.mark.parametrize(("version", "outcome"), [("2.70.0", "warn"), ("2.71.0", "pass"), ("2.100.0", "pass")])
    def test_none_and_block_warn_below_2_71(self, version: str, outcome: str) -> None:
        assert Shop.byo(**isolated()).outcome("EGR105", "none", cli_version=version) == outcome

    def test_without_az_it_is_skipped(self) -> None:
        assert Shop.byo().outcome("EGR105", UDR, cli_version=None) == "skip"


class TestEGR106PreviewIsKnown:
    def test_block_is_a_preview_and_its_api_version_is_named(self) -> None:
        for shop in (Shop.managed(), Shop.managed().older("2026-05-02-preview")):
            (finding,) = shop.findings("EGR106", "block")
            assert finding.outcome == "warn"
            assert "2026-05-02-preview" in (finding.seen.observed or "")

    def test_a_cloud_that_does_not_know_it_fails(self) -> None:
        assert Shop.managed().older("2025-10-01").outcome("EGR106", "block") == "fail"

    def test_a_feature_that_is_not_listed_any_more_needs_no_registration(self) -> None:
        assert Shop.managed().outcomes("EGR106", "block") == [("warn", "aks-shop")]

    def test_a_registered_feature_is_not_worth_a_word(self) -> None:
        shop = Shop.managed()
        shop.estate.feature(*FEATURE, "registered")
        assert shop.outcomes("EGR106", "block") == [("warn", "aks-shop")]

    @pytest.mark.parametrize("state", ["NotRegistered", "Registering", "Pending"])
    def test_a_feature_that_is_listed_and_not_registered_warns_with_the_command(self, state: str) -> None:
        shop = Shop.managed()
        shop.estate.feature(*FEATURE, state)
        found = shop.findings("EGR106", "block")
        assert [finding.outcome for finding in found] == ["warn", "warn"]
        assert state in (found[1].seen.observed or "")
        here = f"--namespace {FEATURE[0]} --subscription {SUBSCRIPTION}"
        assert fixes(found) == [
            ("before", f"az feature register --name {FEATURE[1]} {here}"),
            ("before", f"az provider register {here}"),
        ]

    def test_a_registration_that_cannot_be_read_is_unknown_which_only_warns(self) -> None:
        shop = Shop.managed(**isolated())
        shop.arm.forbid(f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Features")
        assert [outcome for outcome, _ in shop.outcomes("EGR106", "block")] == ["warn", "unknown"]
        assert shop.report("block").verdict == "readyWithWarnings"

    def test_no_other_type_is_a_preview(self) -> None:
        assert "EGR106" not in {finding.id for finding in Shop.managed().report(MNAT).findings}  # nor shows a "pass"


class TestEGR109KubernetesVersionAllowsIt:
    @pytest.mark.parametrize(
        ("to", "version", "outcome"),
        [
            (MNAT, "1.19.11", "fail"),
            (MNAT, "1.20", "pass"),
            (MNAT, "1.100.0", "pass"),
            ("none", "1.29.15", "fail"),
            ("none", "1.30.0", "pass"),
            ("block", "1.9.0", "fail"),
            ("block", "1.30.1", "pass"),
        ],
    )
    def test_each_type_has_its_oldest_version(self, to: str, version: str, outcome: str) -> None:
        assert Shop.managed().set(currentKubernetesVersion=version).outcome("EGR109", to) == outcome

    def test_what_runs_counts_and_not_what_was_asked_for(self) -> None:
        shop = Shop.managed().set(kubernetesVersion="1.30", currentKubernetesVersion="1.29.9")
        assert shop.outcome("EGR109", "none") == "fail"

    def test_what_was_asked_for_counts_where_nothing_else_is_said(self) -> None:
        shop = Shop.managed().set(kubernetesVersion="1.29", currentKubernetesVersion=None)
        assert shop.outcome("EGR109", "none") == "fail"

    def test_the_way_to_a_newer_version_is_one_step_at_a_time(self) -> None:
        found = Shop.managed().set(currentKubernetesVersion="1.28.0").findings("EGR109", "none")
        here = f"--subscription {SUBSCRIPTION} --resource-group rg-shop --name aks-shop"
        assert fixes(found) == [
            ("before", f"az aks get-upgrades {here} --output table"),
            ("before", f"az aks upgrade {here} --kubernetes-version '<next-version>'"),
        ]

    @pytest.mark.parametrize("version", ["latest", "1.x", "9" * 5000, 1.3])
    def test_a_version_that_cannot_be_understood_is_unknown(self, version: object) -> None:
        shop = Shop.managed().set(kubernetesVersion=None, currentKubernetesVersion=version)
        assert shop.outcome("EGR109", MNAT) == "unknown"

    def test_no_version_is_unknown(self) -> None:
        shop = Shop.managed().set(kubernetesVersion=None, currentKubernetesVersion=None)
        assert shop.outcome("EGR109", MNAT) == "unknown"


class TestEGR110AutomaticSupportsIt:
    @staticmethod
    def automatic(shop: Shop, spelling: str = "Automatic") -> Shop:
        shop.document["sku"]["name"] = spelling
        return shop

    @pytest.mark.parametrize("to", [LB, MNAT, UANAT, UDR, "none", "block"])
    def test_a_cluster_that_is_not_automatic_passes(self, to: str) -> None:
        assert Shop.managed().outcome("EGR110", to) == "pass"

    @pytest.mark.parametrize("spelling", ["Automatic", "automatic"])
    def test_in_a_managed_vnet_its_nat_gateway_is_preconfigured(self, spelling: str) -> None:
        shop = self.automatic(Shop.managed(), spelling)
        assert shop.outcome("EGR110", MNAT) == "pass"
        assert shop.outcome("EGR110", LB) == "fail"

    @pytest.mark.parametrize("to", [LB, UANAT, UDR])
    def test_in_a_vnet_of_ones_own_it_has_a_choice(self, to: str) -> None:
        assert self.automatic(Shop.byo()).outcome("EGR110", to) == "pass"

    @pytest.mark.parametrize("to", ["none", "block"])
    def test_isolation_warns_since_new_ones_are_refused_with_it(self, to: str) -> None:
        assert self.automatic(Shop.managed()).outcome("EGR110", to) == "warn"
        assert self.automatic(Shop.byo()).outcome("EGR110", to) == "warn"

    @pytest.mark.parametrize(("shop", "to"), [(Shop.managed, UDR), (Shop.managed, UANAT), (Shop.byo, MNAT)])
    def test_what_the_vnet_kind_closes_for_every_cluster_is_moot(self, shop: Callable[[], Shop], to: str) -> None:
        (finding,) = self.automatic(shop()).findings("EGR110", to)
        assert (finding.outcome, finding.seen.observed) == ("skip", "because of EGR101")

    def test_hosted_system_nodes_are_a_sign_of_it_as_well(self) -> None:
        hosted = {"enabled": True}
        shop = Shop.managed().set(hostedSystemProfile=hosted)
        shop.document["sku"] = None
        assert shop.outcome("EGR110", LB) == "fail"

    def test_no_sku_at_all_is_that_of_a_base_cluster(self) -> None:
        shop = Shop.managed()
        shop.document["sku"] = {"tier": "Free"}
        assert shop.outcome("EGR110", LB) == "pass"

    def test_a_vnet_that_an_old_cloud_does_not_tell_is_unknown(self) -> None:
        assert self.automatic(Shop.managed()).older("2025-05-01").outcome("EGR110", LB) == "unknown"


class TestEGR111NatGatewaySkuIsTheRegions:
    @staticmethod
    def region(name: str | None, shop: Shop | None = None) -> Shop:
        shop = shop or Shop.managed()
        shop.document["location"] = name
        return shop

    @pytest.mark.parametrize(
        ("region", "sku", "outcome"),
        [
            ("westeurope", "StandardV2", "pass"),
            ("West Europe", "Standard", "fail"),
            ("swedensouth", "Standard", "pass"),
            ("Sweden South", "StandardV2", "fail"),
            ("chinanorth3", "StandardV2", "fail"),
            ("usgovvirginia", "Standard", "pass"),
        ],
    )
    def test_a_region_takes_its_own_sku_and_no_other(self, region: str, sku: str, outcome: str) -> None:
        assert self.region(region).outcome("EGR111", MNAT, nat_gateway_sku=sku) == outcome

    def test_a_gateway_that_is_standard_today_may_stay_so(self) -> None:
        assert Shop.managed(MNAT).outcome("EGR111", MNAT, nat_gateway_sku="Standard") == "pass"

    def test_a_gateway_that_is_standard_v2_today_may_not_become_standard(self) -> None:
        shop = Shop.managed(MNAT)
        shop.document["properties"]["networkProfile"]["natGatewayProfile"]["sku"] = "StandardV2"
        assert shop.outcome("EGR111", MNAT, nat_gateway_sku="Standard") == "fail"

    def test_without_a_sku_it_is_skipped(self) -> None:
        assert Shop.managed().outcome("EGR111", MNAT) == "skip"

    def test_where_the_cloud_knows_no_skus_another_check_says_so(self) -> None:
        (finding,) = Shop.managed().older("2025-10-01").findings("EGR111", MNAT, nat_gateway_sku="Standard")
        assert (finding.outcome, finding.seen.observed) == ("skip", "because of EGR403")

    def test_a_cluster_without_a_region_is_unknown(self) -> None:
        assert self.region(None).outcome("EGR111", MNAT, nat_gateway_sku="Standard") == "unknown"

    def test_a_cluster_without_a_type_is_unknown(self) -> None:
        shop = Shop.managed().network(outboundType=None)
        assert shop.outcome("EGR111", MNAT, nat_gateway_sku="Standard") == "unknown"


class TestEGR113NodeAutoProvisioningIsOff:
    def test_manual_passes(self) -> None:
        assert Shop.byo().outcome("EGR113", UDR) == "pass"

    def test_auto_fails(self) -> None:
        assert Shop.byo().set(nodeProvisioningProfile={"mode": "Auto"}).outcome("EGR113", UDR) == "fail"

    def test_absent_passes_where_the_api_version_knows_it(self) -> None:
        assert Shop.byo().set(nodeProvisioningProfile=None).outcome("EGR113", UDR) == "pass"

    def test_absent_is_unknown_where_the_api_version_is_too_old_to_know(self) -> None:
        shop = Shop.byo().set(nodeProvisioningProfile=None).older("2025-04-01")
        assert shop.outcome("EGR113", UDR) == "unknown"
