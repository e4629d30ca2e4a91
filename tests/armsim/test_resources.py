"""Resources by id, collections, children, and what of them uses what."""

from __future__ import annotations

from typing import Any

import pytest

from tests.armsim.caller import CLUSTER, Caller, byo, managed
from tests.armsim.estate import OTHER_SUBSCRIPTION, SUBSCRIPTION, network_id, scope
from tests.armsim.estate_registries import CACHE_RULE, cache_rule, extension, registry

TABLE = network_id("routeTables", "rt")
ADDRESS = network_id("publicIPAddresses", "pip")
NETWORK = network_id("virtualNetworks", "vnet")
HERE = {"location": "westeurope"}


class TestWhatArmRefuses:
    def test_a_request_without_an_api_version(self) -> None:
        azure = Caller()
        assert azure.code(azure.send("GET", TABLE, version="")) == "MissingApiVersionParameter"

    def test_an_api_version_that_is_none(self) -> None:
        azure = Caller()
        assert azure.code(azure.send("GET", TABLE, version="newest")) == "InvalidApiVersionParameter"

    @pytest.mark.parametrize("body", [None, [], "text"])
    def test_a_body_that_is_no_object(self, body: Any) -> None:
        azure = Caller()
        assert azure.code(azure.put(TABLE, body)) == "InvalidRequestContent"

    def test_a_resource_without_a_location(self) -> None:
        azure = Caller()
        assert azure.code(azure.put(TABLE, {"properties": {}})) == "LocationRequired"

    def test_a_child_without_its_parent(self) -> None:
        azure = Caller()
        for child in (f"{TABLE}/routes/r", f"{NETWORK}/subnets/s", f"{NETWORK}/virtualNetworkPeerings/p"):
            answer = azure.put(child, {"properties": {}})
            assert (answer.status, azure.code(answer)) == (404, "ParentResourceNotFound")

    def test_a_reference_to_what_is_not_there(self) -> None:
        azure = Caller()
        subnet = azure.estate.vnet("vnet", ["s"])["s"]
        body = {"properties": {"addressPrefix": "10.0.0.0/24", "routeTable": {"id": TABLE}}}
        assert azure.code(azure.put(subnet, body)) == "InvalidResourceReference"

    def test_a_method_that_nothing_answers_to(self) -> None:
        assert Caller().send("POST", TABLE, {}).status == 405

    def test_what_is_not_there_is_told_as_recorded(self) -> None:
        answer = Caller().send("GET", TABLE)
        assert answer.status == 404
        assert answer.body["error"]["message"] == (
            "The Resource 'Microsoft.Network/routeTables/rt' under resource group 'rg-net' was not found. "
            "For more details please go to https://aka.ms/ARMResourceNotFoundFix"
        )


class TestPutPatchDelete:
    def test_a_new_one_is_created_and_an_old_one_replaced(self) -> None:
        azure = Caller()
        assert azure.put(TABLE, {**HERE, "tags": {"a": "1"}}).status == 201
        assert azure.put(TABLE, HERE).status == 200
        assert "tags" not in azure.get(TABLE)

    def test_a_network_resource_is_updating_until_its_operation_is_asked(self) -> None:
        azure = Caller()
        answer = azure.put(ADDRESS, {**HERE, "sku": {"name": "Standard"}})
        assert answer.body["properties"]["provisioningState"] == "Updating"
        assert "ipAddress" not in answer.body["properties"]
        assert azure.follow(answer) == [{"status": "Succeeded"}]
        found = azure.get(ADDRESS)
        assert (found["properties"]["provisioningState"], found["sku"]["tier"]) == ("Succeeded", "Regional")
        assert found["properties"]["ipAddress"]

    def test_patch_lays_tags_and_properties_over_and_null_removes(self) -> None:
        azure = Caller()
        azure.put(TABLE, {**HERE, "tags": {"a": "1", "b": "2"}, "properties": {"disableBgpRoutePropagation": True}})
        answer = azure.send("PATCH", TABLE, {"tags": {"b": None, "c": "3"}})
        assert (answer.status, answer.body["tags"]) == (200, {"a": "1", "c": "3"})
        assert answer.body["properties"]["disableBgpRoutePropagation"] is True

    def test_what_is_deleted_is_gone_with_its_children_and_deleting_it_again_is_204(self) -> None:
        azure = Caller()
        subnet = azure.estate.vnet("vnet", ["s"])["s"]
        assert azure.send("DELETE", NETWORK).status == 200
        assert azure.send("GET", subnet).status == 404
        assert azure.send("DELETE", NETWORK).status == 204

    def test_etags_change_with_every_write_and_guard_it(self) -> None:
        azure = Caller()
        azure.put(TABLE, HERE)
        first = azure.get(TABLE)["etag"]
        assert first.startswith('W/"')
        azure.send("PATCH", TABLE, {"tags": {"a": "1"}}, if_match=first)
        assert azure.get(TABLE)["etag"] != first
        for method in ("PUT", "PATCH", "DELETE"):
            assert azure.send(method, TABLE, HERE, if_match=first).status == 412
        assert azure.put(TABLE, HERE, if_none_match="*").status == 412

    def test_any_resource_has_an_etag_header_where_it_has_an_etag(self) -> None:
        azure = Caller()
        azure.put(TABLE, HERE)
        assert azure.send("GET", TABLE).headers["ETag"] == azure.get(TABLE)["etag"]

    def test_ids_are_the_same_in_any_letter_case(self) -> None:
        azure = Caller()
        azure.put(TABLE, HERE)
        assert azure.get(TABLE.upper())["id"] == TABLE

    def test_a_child_inside_its_parent_is_not_patched(self) -> None:
        azure = Caller()
        table = azure.estate.route_table("rt", "10.1.0.4")
        assert azure.send("PATCH", f"{table}/routes/default", {"properties": {}}).status == 404


class TestChildren:
    def test_a_route_is_in_its_table_and_on_its_own(self) -> None:
        azure = Caller()
        azure.put(TABLE, HERE)
        row = {"properties": {"addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance"}}
        assert azure.put(f"{TABLE}/routes/default", row).status == 201
        assert [route["name"] for route in azure.get(TABLE)["properties"]["routes"]] == ["default"]
        assert azure.get(f"{TABLE}/routes/default")["type"] == "Microsoft.Network/routeTables/routes"
        assert azure.names(f"{TABLE}/routes") == ["default"]
        assert azure.send("DELETE", f"{TABLE}/routes/default").status == 200
        assert azure.get(TABLE)["properties"]["routes"] == []

    def test_rules_and_peerings_are_children_too(self) -> None:
        azure = Caller()
        group = azure.estate.nsg("nsg", [{"name": "deny", "direction": "Outbound", "access": "Deny"}])
        azure.estate.vnet("vnet", [])
        azure.estate.peering(NETWORK, network_id("virtualNetworks", "hub"))
        assert azure.get(f"{group}/securityRules/deny")["properties"]["access"] == "Deny"
        assert azure.names(f"{NETWORK}/virtualNetworkPeerings") == ["to-hub"]

    def test_a_table_put_with_its_routes_has_them_as_children(self) -> None:
        azure = Caller()
        routes = [{"name": "default", "properties": {"addressPrefix": "0.0.0.0/0", "nextHopType": "Internet"}}]
        azure.put(TABLE, {**HERE, "properties": {"routes": routes}})
        assert azure.get(f"{TABLE}/routes/default")["id"] == f"{TABLE}/routes/default"

    def test_a_network_put_with_its_subnets_has_those_and_no_others(self) -> None:
        azure = Caller()
        azure.estate.vnet("vnet", ["old", "kept"])
        rows = [{"name": name, "properties": {"addressPrefix": "10.0.0.0/24"}} for name in ("kept", "new")]
        azure.put(NETWORK, {**HERE, "properties": {"subnets": rows}})
        assert azure.names(f"{NETWORK}/subnets") == ["kept", "new"]
        assert [row["name"] for row in azure.get(NETWORK)["properties"]["subnets"]] == ["kept", "new"]

    def test_a_network_put_without_subnets_keeps_them(self) -> None:
        azure = Caller()
        azure.estate.vnet("vnet", ["kept"])
        azure.put(NETWORK, {**HERE, "properties": {"dhcpOptions": {"dnsServers": ["10.0.0.4"]}}})
        assert azure.names(f"{NETWORK}/subnets") == ["kept"]

    def test_children_of_nothing_are_not_found(self) -> None:
        assert Caller().send("GET", f"{NETWORK}/subnets").status == 404


class TestCollections:
    def test_are_of_a_group_or_of_a_subscription(self) -> None:
        azure = Caller()
        azure.estate.public_ip("one")
        azure.estate.public_ip("two", group="rg-else")
        azure.estate.public_ip("three", subscription=OTHER_SUBSCRIPTION)
        kind = "providers/Microsoft.Network/publicIPAddresses"
        assert azure.names(f"{scope('rg-net')}/{kind}") == ["one"]
        assert azure.names(f"/subscriptions/{SUBSCRIPTION}/{kind}") == ["one", "two"]

    def test_of_nothing_are_empty(self) -> None:
        assert Caller().names(f"{scope('rg-net')}/providers/Microsoft.Network/azureFirewalls") == []

    def test_of_a_registrys_cache_rules_in_any_letter_case(self) -> None:
        azure = Caller()
        found = registry(azure.estate, "acr")
        cache_rule(azure.estate, found, *CACHE_RULE)
        assert azure.names(f"{found}/cacheRules") == azure.names(f"{found}/cacheRules".upper()) == ["aks-managed-mcr"]
        assert azure.send("GET", f"{found}-gone/cacheRules").status == 404

    def test_of_a_clusters_extensions(self) -> None:
        azure = managed()
        kind = "providers/Microsoft.KubernetesConfiguration/extensions"
        assert azure.names(f"{CLUSTER}/{kind}") == []
        extension(azure.estate, CLUSTER, "flux", "microsoft.flux")
        assert azure.names(f"{CLUSTER}/{kind}") == azure.names(f"{CLUSTER}/{kind}".upper()) == ["flux"]

    def test_of_groups_and_of_what_is_in_them(self) -> None:
        azure = managed()
        groups = azure.names(f"/subscriptions/{SUBSCRIPTION}/resourceGroups")
        assert sorted(groups) == ["MC_rg-shop_aks-shop_westeurope", "rg-shop"]
        assert azure.names(f"{scope('rg-shop')}/resources") == ["aks-shop"]
        assert azure.get(scope("rg-shop"))["properties"] == {"provisioningState": "Succeeded"}
        assert azure.code(azure.send("GET", scope("rg-none"))) == "ResourceGroupNotFound"

    def test_of_a_clusters_pools_and_maintenance_windows(self) -> None:
        azure = managed()
        azure.estate.add(f"{CLUSTER}/maintenanceConfigurations/default", {"timeInWeek": []})
        assert azure.names(f"{CLUSTER}/maintenanceConfigurations") == ["default"]
        assert azure.names(f"{CLUSTER}/agentPools") == ["system"]
        assert azure.get(f"{CLUSTER}/agentPools/system")["properties"]["count"] == 3


class TestWhatUsesWhat:
    def test_a_table_knows_its_subnets(self) -> None:
        azure = Caller()
        subnet = azure.estate.vnet("vnet", ["s"])["s"]
        azure.estate.attach(subnet, route_table=azure.estate.route_table("rt"), nsg=azure.estate.nsg("nsg"))
        for found in (TABLE, network_id("networkSecurityGroups", "nsg")):
            assert azure.get(found)["properties"]["subnets"] == [{"id": subnet}]

    def test_an_address_knows_its_nat_gateway_firewall_or_load_balancer(self) -> None:
        azure = managed()
        one, two = azure.estate.public_ip("one"), azure.estate.public_ip("two")
        gateway = azure.estate.nat_gateway("nat", [one])
        firewall = azure.estate.firewall("fw", "10.1.0.4", two)
        assert azure.get(one)["properties"]["natGateway"] == {"id": gateway}
        assert azure.get(two)["properties"]["ipConfiguration"]["id"].startswith(firewall)
        (outbound,) = azure.effective("loadBalancerProfile")
        assert "/loadBalancers/kubernetes/" in azure.get(outbound)["properties"]["ipConfiguration"]["id"]

    def test_a_subnet_knows_what_stands_in_it(self) -> None:
        azure, subnet = byo()
        nic = azure.estate.nic("nva", subnet, "10.240.0.4")
        users = [row["id"] for row in azure.get(subnet)["properties"]["ipConfigurations"]]
        assert len(users) == 4
        assert f"{nic}/ipConfigurations/ipconfig" in users

    @pytest.mark.parametrize(
        ("kind", "code"),
        [
            ("routeTables", "InUseRouteTableCannotBeDeleted"),
            ("networkSecurityGroups", "InUseNetworkSecurityGroupCannotBeDeleted"),
            ("natGateways", "InUseNatGatewayCannotBeDeleted"),
            ("publicIPAddresses", "PublicIPAddressCannotBeDeleted"),
            ("virtualNetworks", "InUseSubnetCannotBeDeleted"),
        ],
    )
    def test_what_is_in_use_is_not_deleted(self, kind: str, code: str) -> None:
        azure = Caller()
        subnet = azure.estate.vnet("it", ["s"])["s"]
        gateway = azure.estate.nat_gateway("it", [azure.estate.public_ip("it")])
        azure.estate.attach(subnet, azure.estate.route_table("it"), gateway, azure.estate.nsg("it"))
        azure.estate.nic("nva", subnet, "10.240.0.4")
        answer = azure.send("DELETE", network_id(kind, "it"))
        assert (answer.status, azure.code(answer)) == (400, code)
        assert network_id(kind, "it").lower() in azure.estate.resources

    def test_what_only_arm_knows_is_not_taken_from_a_body(self) -> None:
        azure = Caller()
        azure.put(TABLE, {**HERE, "properties": {"subnets": [{"id": "/x"}]}})
        assert azure.get(TABLE)["properties"]["subnets"] == []


def test_what_may_not_be_read_is_forbidden_with_the_action_that_is_missing() -> None:
    azure = Caller()
    azure.arm.forbid(TABLE)
    answer = azure.send("GET", TABLE)
    assert (answer.status, azure.code(answer)) == (403, "AuthorizationFailed")
    assert "Microsoft.Network/routeTables/read" in answer.body["error"]["message"]
