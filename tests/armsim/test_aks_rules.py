"""What AKS refuses, each with its code and its envelope, and that nothing is stored then."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.armsim.caller import CLUSTER, Caller, byo, managed
from tests.armsim.estate import isolated

LB, MNAT, UANAT, UDR = "loadBalancer", "managedNATGateway", "userAssignedNATGateway", "userDefinedRouting"
PREVIEW = "2026-05-02-preview"


def own(*ids: str) -> dict[str, Any]:
    return {"outboundIPs": {"publicIPs": [{"id": found} for found in ids]}}


class TestTheRequest:
    def test_an_unknown_api_version_names_those_that_are_known(self) -> None:
        azure = managed()
        azure.arm.api_versions = ("2024-09-01", "2025-10-01")
        answer = azure.send("GET", CLUSTER, version="2026-06-01")
        assert (answer.status, answer.body["error"]["code"]) == (400, "NoRegisteredProviderFound")
        assert "The supported api-versions are '2024-09-01, 2025-10-01'" in answer.body["error"]["message"]

    def test_a_location_is_required_by_arm(self) -> None:
        azure = managed()
        body = azure.body()
        del body["location"]
        answer = azure.put(CLUSTER, body)
        assert (answer.status, answer.body["error"]["code"]) == (400, "LocationRequired")

    def test_another_location_is_refused(self) -> None:
        azure = managed()
        answer = azure.put(CLUSTER, {**azure.body(), "location": "northeurope"})
        assert (answer.status, azure.code(answer)) == (409, "InvalidResourceLocation")

    def test_properties_are_required(self) -> None:
        azure = managed()
        assert azure.code(azure.put(CLUSTER, {"location": "westeurope"})) == "InvalidParameter"

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("agentPoolProfiles", {}),
            ("agentPoolProfiles", [{"name": "system", "count": "3"}]),
            ("agentPoolProfiles", [{"name": "system", "enableNodePublicIP": "no"}]),
            ("networkProfile", []),
            ("networkProfile", {"outboundType": 1}),
            ("networkProfile", {"loadBalancerProfile": {"managedOutboundIPs": {"count": "2"}}}),
            ("networkProfile", {"natGatewayProfile": {"outboundIPs": {"publicIPs": [{"id": "x"}]}}}),
            ("apiServerAccessProfile", {"authorizedIPRanges": "10.0.0.0/8"}),
        ],
    )
    def test_known_fields_have_types(self, key: str, value: Any) -> None:
        assert managed().refused(**{key: value}) == "UnmarshalError"

    def test_unknown_fields_are_kept(self) -> None:
        azure = managed()
        azure.move(somethingNew={"a": [1]})
        assert azure.get(CLUSTER)["properties"]["somethingNew"] == {"a": [1]}

    @pytest.mark.parametrize("pool", [{"count": 1}, {"name": "another"}])
    def test_a_pool_needs_the_name_of_one_that_is_there(self, pool: Any) -> None:
        assert managed().refused(agentPoolProfiles=[pool]) == "InvalidParameter"

    def test_an_unknown_cluster_is_not_made(self) -> None:
        azure = managed()
        assert azure.put(f"{CLUSTER}-2", azure.body()).status == 404


class TestItsMoment:
    def test_a_stale_etag_is_412_and_a_fresh_one_or_a_star_is_not(self) -> None:
        azure = managed()
        answer = azure.put(CLUSTER, azure.body(), if_match="stale")
        assert (answer.status, azure.code(answer)) == (412, "PreconditionFailed")
        assert azure.put(CLUSTER, azure.body(), if_match=azure.get(CLUSTER)["eTag"]).status == 200
        azure.estate[CLUSTER]["properties"]["provisioningState"] = "Succeeded"
        assert azure.put(CLUSTER, azure.body(), if_match="*").status == 200

    def test_an_api_version_without_etags_knows_no_if_match(self) -> None:
        azure = managed()
        assert azure.put(CLUSTER, azure.body(), version="2023-10-01", if_match="stale").status == 200

    def test_one_operation_at_a_time(self) -> None:
        azure = managed()
        azure.begin(MNAT)
        answer = azure.begin(LB)
        assert (answer.status, answer.body["code"]) == (409, "OperationNotAllowed")

    def test_a_stopped_cluster_is_not_updated(self) -> None:
        assert managed(powerState={"code": "Stopped"}).refused(MNAT) == "OperationNotAllowed"


class TestTheType:
    @pytest.mark.parametrize("unknown", ["natGateway", ""])
    def test_an_unknown_one_is_refused(self, unknown: str) -> None:
        azure = managed()
        body = azure.body()
        body["properties"]["networkProfile"]["outboundType"] = unknown
        assert azure.code(azure.put(CLUSTER, body)) == "InvalidParameter"

    def test_its_letter_case_does_not_matter(self) -> None:
        azure = managed()
        azure.network["outboundType"] = "loadbalancer"
        azure.move(profile={"managedOutboundIPs": {"count": 2}})
        assert len(azure.effective("loadBalancerProfile")) == 2
        assert azure.begin(MNAT).status == 200

    def test_block_needs_a_preview(self) -> None:
        azure = managed(**isolated())
        assert azure.refused("block") == "InvalidParameter"
        assert azure.begin("block", version=PREVIEW).status == 200

    @pytest.mark.parametrize("target", ["none", "block"])
    def test_isolation_needs_the_cache(self, target: str) -> None:
        assert managed().refused(target, version=PREVIEW) == "InvalidNetworkIsolatedClusterConfiguration"

    def test_the_cache_may_come_with_the_move(self) -> None:
        assert managed().begin("none", bootstrapProfile={"artifactSource": "Cache"}).status == 200

    def test_an_isolated_cluster_cannot_go_direct_and_stay(self) -> None:
        azure = managed("none", **isolated())
        assert (
            azure.refused(bootstrapProfile={"artifactSource": "Direct"}) == "InvalidNetworkIsolatedClusterConfiguration"
        )

    def test_managed_nat_needs_aks_own_network(self) -> None:
        azure, _ = byo()
        answer = azure.begin(MNAT)
        assert (answer.body["code"], answer.body["subcode"]) == (
            "InvalidParameter",
            "ManagedNATGatewayWithCustomVNetNotAllowed",
        )

    def test_user_assigned_nat_needs_a_network_of_ones_own(self) -> None:
        assert managed().refused(UANAT) == "UserAssignedNATGatewayWithManagedVNetNotAllowed"

    def test_a_path_that_is_not_in_the_matrix_is_refused(self) -> None:
        assert managed().refused(UDR) == "InvalidParameter"

    def test_node_auto_provisioning_keeps_the_type(self) -> None:
        azure = managed(nodeProvisioningProfile={"mode": "Auto"})
        assert azure.refused(MNAT) == "InvalidParameter"
        assert azure.begin(profile={"managedOutboundIPs": {"count": 2}}).status == 200

    def test_a_windows_pool_without_outbound_nat_keeps_off_the_load_balancer(self) -> None:
        azure = managed(MNAT)
        azure.estate[CLUSTER]["properties"]["agentPoolProfiles"][0]["windowsProfile"] = {"disableOutboundNat": True}
        assert azure.refused(LB) == "InvalidParameter"

    def test_nothing_of_a_refused_put_is_stored(self) -> None:
        azure = managed()
        before = copy.deepcopy(azure.estate.resources)
        azure.refused(UDR)
        assert azure.estate.resources == before
        assert azure.arm.operations == {}


class TestUserDefinedRouting:
    def test_a_load_balancer_profile_beside_it_is_refused(self) -> None:
        azure, _ = byo()
        body = azure.body(UDR)
        body["properties"]["networkProfile"]["loadBalancerProfile"] = {"allocatedOutboundPorts": 0}
        assert azure.code(azure.put(CLUSTER, body)) == "InvalidUserDefinedRoutingWithLoadBalancerProfile"

    def test_node_public_ips_are_refused(self) -> None:
        azure, subnet = byo()
        azure.estate.attach(subnet, route_table=azure.estate.route_table("rt", "10.1.0.4"))
        azure.estate[CLUSTER]["properties"]["agentPoolProfiles"][0]["enableNodePublicIP"] = True
        assert azure.refused(UDR) == "UDRWithNodePublicIPNotAllowed"

    def test_every_subnet_needs_a_route_table(self) -> None:
        azure, _ = byo()
        assert azure.refused(UDR) == "ExistingRouteTableNotAssociatedWithSubnet"

    @pytest.mark.parametrize(("private", "refused"), [(False, True), (True, False)])
    def test_a_public_cluster_needs_a_default_route(self, private: bool, refused: bool) -> None:
        azure, subnet = byo(apiServerAccessProfile={"enablePrivateCluster": private})
        azure.estate.attach(subnet, route_table=azure.estate.route_table("rt"))
        answer = azure.begin(UDR)
        assert (answer.status == 400) is refused
        assert not refused or answer.body["code"] == "RouteTableMissingDefaultRouteError"

    def test_the_hop_is_an_appliance_or_a_gateway(self) -> None:
        azure, subnet = byo()
        azure.estate.attach(subnet, route_table=azure.estate.route_table("rt", None, "Internet"))
        assert azure.refused(UDR) == "RouteTableInvalidNextHop"


class TestUserAssignedNatGateway:
    def test_every_subnet_needs_a_gateway(self) -> None:
        azure, _ = byo()
        assert azure.refused(UANAT) == "SubnetNotAssociatedWithNATGateway"

    def test_the_gateway_needs_an_ip(self) -> None:
        azure, subnet = byo()
        gateway = azure.estate.nat_gateway("nat")
        azure.estate.attach(subnet, nat_gateway=gateway)
        assert azure.refused(UANAT) == "InvalidParameter"
        azure.estate[gateway]["properties"]["publicIpAddressesV6"] = [{"id": azure.estate.public_ip("pip")}]
        assert azure.begin(UANAT).status == 200


class TestRanges:
    @pytest.mark.parametrize(
        "profile",
        [
            {"managedOutboundIPs": {"count": 0}},
            {"managedOutboundIPs": {"count": 101}},
            {"allocatedOutboundPorts": -8},
            {"allocatedOutboundPorts": 12},
            {"allocatedOutboundPorts": 64008},
            {"idleTimeoutInMinutes": 3},
            {"idleTimeoutInMinutes": 121},
        ],
    )
    def test_of_the_load_balancer(self, profile: Any) -> None:
        assert managed().refused(profile=profile) == "InvalidParameter"

    @pytest.mark.parametrize(
        "profile",
        [
            {"managedOutboundIPProfile": {"count": 0}},
            {"managedOutboundIPProfile": {"count": 17}},
            {"sku": "StandardV2", "managedOutboundIPProfile": {"count": 1, "countIPv6": 17}},
            {"idleTimeoutInMinutes": 3},
            {"idleTimeoutInMinutes": 121},
        ],
    )
    def test_of_the_nat_gateway(self, profile: Any) -> None:
        assert managed().refused(MNAT, profile) == "InvalidParameter"

    @pytest.mark.parametrize("profile", [{"managedOutboundIPs": {"count": 100}}, {"idleTimeoutInMinutes": 120}])
    def test_their_ends_are_within(self, profile: Any) -> None:
        assert managed().begin(profile=profile).status == 200

    def test_the_ports_of_all_nodes_must_be_there(self) -> None:
        azure = managed()
        code = "InvalidLoadBalancerProfileAllocatedOutboundPorts"
        assert azure.refused(profile={"allocatedOutboundPorts": 16008}) == code
        assert azure.begin(profile={"allocatedOutboundPorts": 16000}).status == 200

    def test_the_nodes_of_an_upgrade_count_too(self) -> None:
        azure = managed()
        azure.estate[CLUSTER]["properties"]["agentPoolProfiles"][0]["upgradeSettings"] = {"maxSurge": "6"}
        code = "InvalidLoadBalancerProfileAllocatedOutboundPorts"
        assert azure.refused(profile={"allocatedOutboundPorts": 8000}) == code

    def test_each_address_of_a_prefix_brings_its_ports(self) -> None:
        azure = managed()
        prefix = {"publicIPPrefixes": [{"id": azure.estate.public_ip_prefix("ippre", "52.0.0.8/30")}]}
        assert azure.begin(profile={"outboundIPPrefixes": prefix, "allocatedOutboundPorts": 64000}).status == 200


class TestOwnIps:
    def test_managed_and_own_ones_together_are_refused(self) -> None:
        azure = managed()
        profile = {**own(azure.estate.public_ip("pip")), "managedOutboundIPs": {"count": 1}}
        assert azure.refused(profile=profile) == "InvalidParameter"

    def test_they_must_exist(self) -> None:
        assert managed().refused(profile=own("/subscriptions/x")) == "InvalidResourceReference"

    def test_they_must_be_in_the_region(self) -> None:
        azure = managed()
        found = azure.estate.public_ip("pip")
        azure.estate[found]["location"] = "northeurope"
        assert azure.refused(profile=own(found)) == "InvalidResourceReference"

    @pytest.mark.parametrize("sku", ["Basic", "StandardV2"])
    def test_the_load_balancers_are_standard(self, sku: str) -> None:
        azure = managed()
        assert azure.refused(profile=own(azure.estate.public_ip("pip", sku=sku))) == "PublicIPAndLBSkuDoNotMatch"

    def test_the_nat_gateways_are_standard_v2(self) -> None:
        azure = managed(MNAT)
        profile = {"sku": "StandardV2", "outboundIPs": {"publicIPs": [azure.estate.public_ip("pip")]}}
        assert azure.refused(profile=profile) == "PublicIPAndLBSkuDoNotMatch"

    def test_nobody_else_may_use_them(self) -> None:
        azure = managed()
        found = azure.estate.public_ip("pip")
        azure.estate.firewall("fw", "10.1.0.4", found)
        assert azure.refused(profile=own(found)) == "PublicIPReferencedByMultipleIPConfigs"

    def test_the_clusters_own_use_is_no_obstacle(self) -> None:
        azure = managed()
        found = azure.estate.public_ip("pip")
        azure.move(profile=own(found))
        assert azure.begin(profile=own(found)).status == 200


class TestTheSku:
    @pytest.mark.parametrize(
        "profile",
        [
            {"outboundIPs": {"publicIPs": ["/x"]}},
            {"outboundIPPrefixes": {"publicIPPrefixes": ["/x"]}},
            {"managedOutboundIPProfile": {"count": 1, "countIPv6": 1}},
        ],
    )
    def test_own_ips_and_ipv6_need_standard_v2(self, profile: Any) -> None:
        assert managed().refused(MNAT, profile) == "InvalidParameter"

    def test_dual_stack_needs_standard_v2(self) -> None:
        azure = managed(network={"ipFamilies": ["IPv4", "IPv6"]})
        assert azure.refused(MNAT) == "InvalidParameter"
        assert azure.begin(MNAT, {"sku": "StandardV2"}).status == 200

    def test_an_unknown_one_is_refused(self) -> None:
        assert managed().refused(MNAT, {"sku": "Basic"}) == "InvalidParameter"

    def test_one_that_the_region_does_not_take_is_refused(self) -> None:
        azure = managed()
        azure.arm.nat_gateway_skus = ("Standard",)
        assert azure.refused(MNAT, {"sku": "StandardV2"}) == "UnsupportedOutboundType"

    def test_there_is_no_way_back_to_standard(self) -> None:
        assert on_standard_v2().refused(MNAT, {"sku": "Standard"}) == "InvalidParameter"

    @pytest.mark.parametrize(("target", "accepted"), [(LB, False), ("none", True)])
    def test_only_isolation_is_open_from_standard_v2(self, target: str, accepted: bool) -> None:
        assert (on_standard_v2().begin(target).status == 200) is accepted

    def test_the_retired_type_is_standard_v2(self) -> None:
        azure = managed(MNAT, **isolated())
        azure.network["outboundType"] = "managedNATGatewayV2"
        assert azure.refused(LB) == "InvalidParameter"
        assert azure.begin(MNAT, {"sku": "StandardV2"}).status == 200


def on_standard_v2() -> Caller:
    azure = managed(MNAT, **isolated())
    azure.move(profile={"sku": "StandardV2"})
    return azure
