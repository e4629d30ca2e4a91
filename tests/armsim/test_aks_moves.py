"""What AKS does with a PUT that it accepts: what is stored, what is made, what goes, and how its operation ends."""

from __future__ import annotations

import pytest

from tests.armsim.caller import CLUSTER, VERSION, Caller, byo, managed
from tests.armsim.estate import isolated

LB, MNAT, UDR = "loadBalancer", "managedNATGateway", "userDefinedRouting"
LBP, NATP = "loadBalancerProfile", "natGatewayProfile"


class TestTheAnswerToAPut:
    def test_it_is_updating_and_lists_the_old_ips(self) -> None:
        azure = managed()
        old = azure.effective(LBP)
        body = azure.begin(MNAT).body["properties"]
        assert body["provisioningState"] == "Updating"
        assert [pool["provisioningState"] for pool in body["agentPoolProfiles"]] == ["Updating"]
        assert body["networkProfile"]["outboundType"] == MNAT
        assert [row["id"] for row in body["networkProfile"][LBP]["effectiveOutboundIPs"]] == old
        assert "effectiveOutboundIPs" not in body["networkProfile"][NATP]

    def test_what_is_absent_stays_as_stored_and_so_does_what_is_null(self) -> None:
        azure = managed(supportPlan="KubernetesOfficial")
        body = azure.body()
        del body["properties"]["supportPlan"]
        body["properties"]["networkProfile"][LBP] = None
        azure.put(CLUSTER, body)
        assert azure.estate[CLUSTER]["properties"]["supportPlan"] == "KubernetesOfficial"
        assert azure.network[LBP]["managedOutboundIPs"] == {"count": 1}

    def test_read_only_fields_are_not_taken_from_the_body(self) -> None:
        azure = managed()
        old = azure.effective(LBP)
        profile = {"effectiveOutboundIPs": [{"id": "/x"}], "idleTimeoutInMinutes": 10}
        azure.move(profile=profile, fqdn="elsewhere", provisioningState="Failed")
        assert azure.effective(LBP) == old
        assert azure.estate[CLUSTER]["properties"]["fqdn"] != "elsewhere"
        assert azure.network[LBP]["idleTimeoutInMinutes"] == 10

    def test_tags_are_replaced_as_a_whole(self) -> None:
        azure = managed()
        azure.estate[CLUSTER]["tags"] = {"a": "1"}
        azure.put(CLUSTER, {**azure.body(), "tags": {"b": "2"}})
        assert azure.estate[CLUSTER]["tags"] == {"b": "2"}

    def test_the_artifact_source_can_be_changed(self) -> None:
        azure = managed()
        azure.move(bootstrapProfile={"artifactSource": "Cache"})
        assert azure.get(CLUSTER)["properties"]["bootstrapProfile"] == {"artifactSource": "Cache"}

    def test_the_etag_changes_at_the_start_and_at_the_end(self) -> None:
        azure = managed()
        first = azure.get(CLUSTER)["eTag"]
        answer = azure.begin(MNAT)
        azure.follow(answer)
        assert len({first, answer.body["eTag"], azure.get(CLUSTER)["eTag"]}) == 3


class TestApiVersions:
    @pytest.mark.parametrize(
        ("version", "has_one"),
        [("2023-10-01", False), ("2024-09-01", True), ("2024-09-02-preview", False), (VERSION, True)],
    )
    def test_only_newer_ones_show_etags(self, version: str, has_one: bool) -> None:
        document = managed().get(CLUSTER, version=version)
        assert ("eTag" in document) is has_one
        assert ("eTag" in document["properties"]["agentPoolProfiles"][0]) is has_one

    @pytest.mark.parametrize(("version", "there"), [("2026-05-02-preview", True), (VERSION, False)])
    def test_only_previews_show_the_node_disruption_policy(self, version: str, there: bool) -> None:
        azure = managed()
        azure.estate[CLUSTER]["properties"]["nodeDisruptionProfile"] = {"nodeDisruptionPolicy": "Block"}
        assert ("nodeDisruptionProfile" in azure.get(CLUSTER, version=version)["properties"]) is there

    @pytest.mark.parametrize(("version", "sku"), [("2025-10-01", None), (VERSION, "Standard")])
    def test_only_newer_ones_show_the_sku_and_fill_it_in(self, version: str, sku: str | None) -> None:
        azure = managed(MNAT)
        del azure.network[NATP]["sku"]
        shown = azure.get(CLUSTER, version=version)["properties"]["networkProfile"][NATP]
        assert shown.get("sku") == sku

    @pytest.mark.parametrize(("version", "sku"), [("2025-10-01", "Standard"), (VERSION, "StandardV2")])
    def test_a_new_gateway_gets_the_regions_sku_by_newer_ones_alone(self, version: str, sku: str) -> None:
        azure = managed()
        azure.arm.default_nat_gateway_sku = "StandardV2"
        azure.move(MNAT, version=version)
        assert azure.network[NATP]["sku"] == sku

    def test_a_gateway_that_is_there_keeps_its_sku(self) -> None:
        azure = managed(MNAT)
        azure.arm.default_nat_gateway_sku = "StandardV2"
        azure.move(profile={"managedOutboundIPProfile": {"count": 2}})
        assert azure.network[NATP]["sku"] == "Standard"


class TestWhatGoesAndWhatComes:
    def test_leaving_the_load_balancer_leaves_its_profile_without_ips(self) -> None:
        azure = managed()
        (old,) = azure.effective(LBP)
        azure.move(MNAT)
        assert azure.network[LBP] == {
            "allocatedOutboundPorts": 0,
            "idleTimeoutInMinutes": 30,
            "backendPoolType": "nodeIPConfiguration",
        }
        assert old.lower() not in azure.estate.resources
        assert azure.in_node_group("loadBalancers") == []

    def test_a_service_keeps_the_load_balancer(self) -> None:
        azure = managed()
        frontend = azure.estate.service(CLUSTER, "web")
        azure.move(MNAT)
        (balancer,) = azure.in_node_group("loadBalancers")
        assert [row["name"] for row in balancer["properties"]["frontendIPConfigurations"]] == ["web"]
        assert balancer["properties"]["outboundRules"] == []
        assert frontend.lower() in azure.estate.resources

    def test_a_nat_gateway_is_made_on_the_subnet_and_taken_away_again(self) -> None:
        azure = managed(**isolated())
        azure.move(MNAT, {"managedOutboundIPProfile": {"count": 2}})
        (gateway,) = azure.in_node_group("natGateways")
        shown = azure.get(gateway["id"])["properties"]
        assert [row["id"] for row in shown["publicIpAddresses"]] == azure.effective(NATP)
        assert [row["id"].rpartition("/")[2] for row in shown["subnets"]] == ["aks-subnet"]
        azure.move("none")
        assert azure.in_node_group("natGateways") == []
        assert "natGateway" not in azure.get(shown["subnets"][0]["id"])["properties"]

    def test_coming_to_the_load_balancer_makes_one_ip_and_the_rule(self) -> None:
        azure = managed("none")
        azure.move(LB)
        (address,) = azure.effective(LBP)
        assert azure.estate[address]["tags"]["aks-managed-type"] == "aks-slb-managed-outbound-ip"
        (rule,) = azure.in_node_group("loadBalancers")[0]["properties"]["outboundRules"]
        assert (rule["name"], len(rule["properties"]["frontendIPConfigurations"])) == ("aksOutboundRule", 1)

    def test_the_group_holds_a_scale_set_for_each_pool_with_a_nic_for_each_node(self) -> None:
        azure, subnet = byo()
        (group,) = azure.in_node_group("networkSecurityGroups")
        (scale_set,) = azure.in_node_group("virtualMachineScaleSets")
        nics = azure.get(f"{scale_set['id']}/networkInterfaces")["value"]
        assert len(nics) == scale_set["sku"]["capacity"] == 3
        configuration = nics[0]["properties"]["ipConfigurations"][0]["properties"]
        assert configuration["subnet"]["id"] == subnet
        assert nics[0]["properties"]["networkSecurityGroup"]["id"] == group["id"]

    def test_what_a_test_changes_by_hand_is_followed_when_it_says_so(self) -> None:
        azure = managed()
        azure.estate[CLUSTER]["properties"]["agentPoolProfiles"][0]["count"] = 5
        azure.estate.furnish(CLUSTER)
        (scale_set,) = azure.in_node_group("virtualMachineScaleSets")
        assert scale_set["sku"]["capacity"] == 5

    def test_a_cluster_that_brings_its_ips_has_none_that_aks_made(self) -> None:
        azure = Caller()
        own = azure.estate.public_ip("pip")
        profile = {"outboundIPs": {"publicIPs": [{"id": own}]}, "effectiveOutboundIPs": [{"id": own}]}
        azure.estate.cluster("aks-shop", network={LBP: profile})
        assert azure.in_node_group("publicIPAddresses") == []
        assert "ipConfiguration" in azure.get(own)["properties"]

    def test_a_move_to_a_type_of_ones_own_makes_nothing(self) -> None:
        azure, subnet = byo()
        azure.estate.attach(subnet, route_table=azure.estate.route_table("rt", "10.1.0.4"))
        azure.move(UDR)
        assert azure.in_node_group("publicIPAddresses") == azure.in_node_group("natGateways") == []

    def test_deleting_the_cluster_takes_its_group_along(self) -> None:
        azure = managed()
        answer = azure.send("DELETE", CLUSTER)
        assert (answer.status, "operationresults" in answer.headers["location"]) == (202, True)
        azure.follow(answer)
        assert azure.send("GET", CLUSTER).status == 404
        assert azure.in_node_group("publicIPAddresses") == []
        assert azure.send("DELETE", CLUSTER).status == 204


class TestWithinAType:
    def test_own_ips_take_the_place_of_managed_ones_and_back(self) -> None:
        azure = managed()
        (made,) = azure.effective(LBP)
        own = azure.estate.public_ip("pip-own")
        azure.move(profile={"outboundIPs": {"publicIPs": [{"id": own}]}})
        assert azure.effective(LBP) == [own]
        assert "managedOutboundIPs" not in azure.network[LBP]
        assert made.lower() not in azure.estate.resources
        azure.move(profile={"managedOutboundIPs": {"count": 2}})
        assert own not in azure.effective(LBP)
        assert (len(azure.effective(LBP)), "outboundIPs" in azure.network[LBP]) == (2, False)
        assert own.lower() in azure.estate.resources

    def test_a_higher_count_keeps_the_ips_there_are_and_a_lower_one_the_first(self) -> None:
        azure = managed()
        (first,) = azure.effective(LBP)
        azure.move(profile={"managedOutboundIPs": {"count": 3}})
        assert azure.effective(LBP)[0] == first
        assert len(azure.effective(LBP)) == 3
        azure.move(profile={"managedOutboundIPs": {"count": 1}})
        assert azure.effective(LBP) == [first]
        assert len(azure.in_node_group("publicIPAddresses")) == 1

    def test_ports_and_timeouts_reach_the_outbound_rule(self) -> None:
        azure = managed()
        azure.move(profile={"allocatedOutboundPorts": 8000, "idleTimeoutInMinutes": 4})
        (rule,) = azure.in_node_group("loadBalancers")[0]["properties"]["outboundRules"]
        assert rule["properties"]["allocatedOutboundPorts"] == 8000
        assert rule["properties"]["idleTimeoutInMinutes"] == 4

    def test_an_own_prefix_is_a_frontend(self) -> None:
        azure = managed()
        prefix = azure.estate.public_ip_prefix("ippre", "52.0.0.8/30")
        azure.move(profile={"outboundIPPrefixes": {"publicIPPrefixes": [{"id": prefix}]}})
        (frontend,) = azure.in_node_group("loadBalancers")[0]["properties"]["frontendIPConfigurations"]
        assert frontend["properties"]["publicIPPrefix"]["id"] == prefix
        assert azure.get(prefix)["properties"]["loadBalancerFrontendIpConfiguration"]["id"] == frontend["id"]

    def test_standard_v2_makes_gateway_and_ips_anew(self) -> None:
        azure = managed(MNAT)
        old_gateway = azure.in_node_group("natGateways")[0]["properties"]["resourceGuid"]
        old = azure.effective(NATP)
        azure.move(profile={"sku": "StandardV2", "managedOutboundIPProfile": {"count": 1, "countIPv6": 1}})
        (gateway,) = azure.in_node_group("natGateways")
        assert gateway["properties"]["resourceGuid"] != old_gateway
        assert gateway["sku"] == {"name": "StandardV2"}
        assert not set(old) & set(azure.effective(NATP))
        assert {azure.estate[found]["sku"]["name"] for found in azure.effective(NATP)} == {"StandardV2"}
        assert len(gateway["properties"]["publicIpAddressesV6"]) == 1

    def test_own_ips_of_a_nat_gateway_are_plain_ids(self) -> None:
        azure = managed(MNAT)
        own = azure.estate.public_ip("pip-own", sku="StandardV2")
        azure.move(profile={"sku": "StandardV2", "outboundIPs": {"publicIPs": [own]}})
        assert azure.effective(NATP) == [own]
        (gateway,) = azure.in_node_group("natGateways")
        assert azure.get(own)["properties"]["natGateway"] == {"id": gateway["id"]}


class TestOperations:
    def test_it_is_in_progress_and_then_succeeds(self) -> None:
        azure = managed()
        seen = azure.follow(azure.begin(MNAT))
        assert [row["status"] for row in seen] == ["InProgress"] * 3 + ["Succeeded"]
        assert set(seen[-1]) == {"name", "status", "startTime", "endTime"}
        assert azure.get(CLUSTER)["properties"]["provisioningState"] == "Succeeded"

    def test_who_only_looks_at_the_cluster_sees_it_end_too(self) -> None:
        azure = managed()
        azure.begin(MNAT)
        states = [azure.get(CLUSTER)["properties"]["provisioningState"] for _ in range(4)]
        assert states == ["Updating"] * 3 + ["Succeeded"]

    @pytest.mark.parametrize("status", ["Failed", "Canceled"])
    def test_one_that_does_not_end_well_keeps_the_goal_and_the_old_ips(self, status: str) -> None:
        azure = managed()
        old = azure.effective(LBP)
        azure.arm.operation_ends(status, "NatGatewayFailed", "no room")
        last = azure.move(MNAT)
        assert (last["status"], last["error"]) == (status, {"code": "NatGatewayFailed", "message": "no room"})
        assert azure.get(CLUSTER)["properties"]["provisioningState"] == status
        assert azure.network["outboundType"] == MNAT
        assert (azure.effective(LBP), azure.effective(NATP)) == (old, [])

    def test_or_goes_back_to_its_origin(self) -> None:
        azure = managed()
        azure.arm.operation_ends("Failed", "SomeCode", stored="origin")
        azure.move(MNAT)
        assert azure.network["outboundType"] == LB
        assert NATP not in azure.network

    def test_the_one_after_it_goes_well_and_mends_what_was_left(self) -> None:
        azure = managed()
        azure.arm.operation_ends("Failed", "SomeCode")
        azure.move(MNAT)
        assert azure.move(MNAT)["status"] == "Succeeded"
        assert (azure.effective(LBP), len(azure.effective(NATP))) == ([], 1)

    def test_one_may_never_end(self) -> None:
        azure = managed()
        azure.arm.operation_never_ends()
        seen = azure.follow(azure.begin(MNAT))
        assert {row["status"] for row in seen} == {"InProgress"}
        assert azure.refused(LB) == "OperationNotAllowed"

    def test_one_that_goes_well_may_carry_an_error_as_recorded(self) -> None:
        azure = managed()
        azure.arm.march_2024 = True
        seen = azure.follow(azure.begin(MNAT))
        assert {row["error"]["code"] for row in seen} == {"NotLatestOperation"}
        assert seen[-1]["status"] == "Succeeded"

    def test_an_unknown_one_is_not_found(self) -> None:
        path = "/subscriptions/x/providers/Microsoft.ContainerService/locations/westeurope/operations/y"
        assert managed().send("GET", path).status == 404


class TestThePutOfSomebodyElseRightAfter:
    def test_the_operation_has_succeeded_and_the_cluster_is_updating_for_so_many_looks(self) -> None:
        azure = managed()
        azure.arm.put_again_after_success(looks=2)
        assert azure.move(MNAT)["status"] == "Succeeded"
        states = [azure.get(CLUSTER)["properties"]["provisioningState"] for _ in range(3)]
        assert states == ["Updating", "Updating", "Succeeded"]

    def test_its_etag_changes_twice_and_its_egress_never(self) -> None:
        azure = managed()
        azure.arm.put_again_after_success(looks=1)
        azure.move(MNAT)
        during, then = azure.get(CLUSTER), azure.get(CLUSTER)
        assert during["eTag"] != then["eTag"]
        assert during["properties"]["networkProfile"] == then["properties"]["networkProfile"]

    def test_a_put_meanwhile_is_too_early_and_one_for_the_former_etag_is_stale(self) -> None:
        azure = managed()
        azure.arm.put_again_after_success()
        azure.move(MNAT)
        assert azure.begin(LB).status == 409
        assert azure.put(CLUSTER, azure.body(), if_match="former").status == 412

    def test_it_comes_after_the_operation_that_was_meant_and_once(self) -> None:
        azure = managed()
        azure.arm.put_again_after_success(looks=1, skip=1)
        seen = []
        for count in (2, 3, 4):
            azure.move(profile={"managedOutboundIPs": {"count": count}})
            seen.append(azure.get(CLUSTER)["properties"]["provisioningState"])
            azure.get(CLUSTER)
        assert seen == ["Succeeded", "Updating", "Succeeded"]

    def test_it_does_not_come_after_a_failure(self) -> None:
        azure = managed()
        azure.arm.operation_ends("Failed")
        azure.arm.put_again_after_success()
        azure.move(MNAT)
        assert azure.get(CLUSTER)["properties"]["provisioningState"] == "Failed"


class TestWhatStopsItInTheMiddle:
    def test_a_lock_on_what_would_go(self) -> None:
        azure = managed(**isolated())
        azure.estate.lock(azure.effective(LBP)[0])
        assert azure.move("none")["error"]["code"] == "ScopeLocked"
        assert azure.get(CLUSTER)["properties"]["provisioningState"] == "Failed"

    def test_a_policy_against_public_ips(self) -> None:
        azure = managed()
        azure.estate.deny(azure.estate[CLUSTER]["id"].split("/resourceGroups/")[0])
        assert azure.move(MNAT)["error"]["code"] == "RequestDisallowedByPolicy"

    def test_a_quota_that_is_used_up(self) -> None:
        azure = managed()
        azure.estate.quota("PublicIPAddresses", 1)
        assert azure.move(MNAT)["error"]["code"] == "PublicIPCountLimitReached"


class TestPatch:
    def test_it_changes_tags(self) -> None:
        azure = managed()
        answer = azure.send("PATCH", CLUSTER, {"tags": {"a": "1"}})
        assert (answer.status, answer.body["tags"]) == (200, {"a": "1"})

    def test_it_changes_nothing_else(self) -> None:
        assert managed().send("PATCH", CLUSTER, {"properties": {}}).status == 400


def test_what_is_not_the_clusters_is_left_alone() -> None:
    azure = managed()
    own = azure.estate.nat_gateway("nat-own", [azure.estate.public_ip("pip")])
    azure.move(MNAT)
    assert own.lower() in azure.estate.resources
