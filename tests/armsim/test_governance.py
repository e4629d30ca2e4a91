"""Locks, roles, permissions, quotas, features, policies, and commands in a cluster."""

from __future__ import annotations

import pytest

from tests.armsim.arm import Answer
from tests.armsim.caller import CLUSTER, Caller, managed
from tests.armsim.estate import SUBSCRIPTION, network_id, scope

HERE = {"location": "westeurope"}
TABLE = network_id("routeTables", "rt")
SUB = f"/subscriptions/{SUBSCRIPTION}"


class TestLocks:
    LOCKS = "providers/Microsoft.Authorization/locks"

    @pytest.mark.parametrize("where", [SUB, scope("rg-net"), TABLE])
    def test_a_read_only_one_stops_every_write_below_it(self, where: str) -> None:
        azure = Caller()
        azure.estate.route_table("rt")
        azure.estate.lock(where, "ReadOnly")
        for method in ("PUT", "PATCH", "DELETE"):
            answer = azure.send(method, TABLE, HERE)
            assert (answer.status, azure.code(answer)) == (409, "ScopeLocked")
        assert azure.get(TABLE)["name"] == "rt"

    def test_the_other_one_stops_deletion_alone(self) -> None:
        azure = Caller()
        azure.estate.route_table("rt")
        azure.estate.lock(scope("rg-net"), "CanNotDelete")
        assert azure.put(TABLE, HERE).status == 200
        assert azure.send("DELETE", TABLE).status == 409

    def test_one_inside_stops_the_deletion_of_what_is_around_it(self) -> None:
        azure = Caller()
        azure.estate.lock(azure.estate.vnet("vnet", ["s"])["s"])
        assert azure.send("DELETE", network_id("virtualNetworks", "vnet")).status == 409

    def test_one_elsewhere_stops_nothing(self) -> None:
        azure = Caller()
        azure.estate.lock(scope("rg"), "ReadOnly")
        assert azure.put(TABLE, HERE).status == 201

    def test_a_cluster_is_stopped_too(self) -> None:
        azure = managed()
        azure.estate.lock(scope("rg-shop"), "ReadOnly")
        assert azure.code(azure.begin()) == "ScopeLocked"

    def test_one_can_be_put_and_deleted_whatever_it_locks(self) -> None:
        azure = Caller()
        lock = f"{scope('rg-net')}/{self.LOCKS}/mine"
        assert azure.put(lock, {"properties": {"level": "ReadOnly"}}).status == 201
        assert azure.put(TABLE, HERE).status == 409
        assert azure.send("DELETE", lock).status == 200
        assert azure.put(TABLE, HERE).status == 201

    def test_a_list_holds_those_above_and_those_below_unless_that_is_filtered(self) -> None:
        azure = Caller()
        azure.estate.lock(SUB, name="above")
        azure.estate.lock(scope("rg-net"), name="here")
        azure.estate.lock(TABLE, name="below")
        azure.estate.lock(scope("rg-else"), name="beside")
        listed = f"{scope('rg-net')}/{self.LOCKS}"
        assert azure.names(listed) == ["above", "here", "below"]
        assert azure.names(listed, filter="atScope()") == ["above", "here"]


class TestRoles:
    ASSIGNMENTS = "providers/Microsoft.Authorization/roleAssignments"

    def principals(self, azure: Caller, where: str, **options: str) -> list[str]:
        return [
            row["properties"]["principalId"] for row in azure.get(f"{where}/{self.ASSIGNMENTS}", **options)["value"]
        ]

    def test_are_listed_with_those_above(self) -> None:
        azure = Caller()
        azure.estate.role("one", "Reader", SUB)
        azure.estate.role("two", "Network Contributor", TABLE)
        azure.estate.role("three", "Owner", scope("rg-else"))
        assert self.principals(azure, TABLE) == ["one", "two"]
        assert self.principals(azure, TABLE, filter="principalId eq 'two'") == ["two"]
        assert self.principals(azure, SUB, filter="atScope()") == ["one"]

    def test_those_of_a_principals_groups_are_assigned_to_it(self) -> None:
        azure = Caller()
        azure.estate.role("group", "Reader", SUB, "Group")
        azure.estate.member("me", "group")
        assert self.principals(azure, SUB, filter="assignedTo('me')") == ["group"]
        assert self.principals(azure, SUB, filter="principalId eq 'me'") == []
        assert self.principals(azure, TABLE, filter="atScope() and assignedTo('me')") == ["group"]

    def test_another_filter_is_refused(self) -> None:
        answer = Caller().send("GET", f"{SUB}/{self.ASSIGNMENTS}", filter="startswith(x)")
        assert answer.status == 400

    def test_a_role_tells_what_it_allows(self) -> None:
        azure = Caller()
        azure.estate.role("one", "Network Contributor", SUB)
        (row,) = azure.get(f"{SUB}/{self.ASSIGNMENTS}")["value"]
        definition = azure.get(row["properties"]["roleDefinitionId"])["properties"]
        assert definition["roleName"] == "Network Contributor"
        assert "Microsoft.Network/*" in definition["permissions"][0]["actions"]

    def test_one_of_ones_own_is_like_a_built_in_one(self) -> None:
        azure = Caller()
        azure.estate.role("one", azure.estate.custom_role("Joiner", ["Microsoft.Network/*/join/action"]), SUB)
        (row,) = azure.get(f"{SUB}/{self.ASSIGNMENTS}")["value"]
        definition = azure.get(row["properties"]["roleDefinitionId"])["properties"]
        assert (definition["roleName"], definition["type"]) == ("Joiner", "CustomRole")

    def test_a_role_is_found_by_its_name(self) -> None:
        path = f"{SUB}/providers/Microsoft.Authorization/roleDefinitions"
        (row,) = Caller().get(path, filter="roleName eq 'Reader'")["value"]
        assert row["properties"]["permissions"][0]["actions"] == ["*/read"]


class TestPermissions:
    def actions(self, azure: Caller, where: str) -> tuple[list[str], list[str]]:
        (row,) = azure.get(f"{where}/providers/Microsoft.Authorization/permissions")["value"]
        return row["actions"], row["notActions"]

    def test_are_everything_where_nothing_is_said(self) -> None:
        assert self.actions(Caller(), TABLE) == (["*"], [])

    def test_the_innermost_scope_decides(self) -> None:
        azure = Caller()
        azure.estate.permit(SUB, ["*/read"])
        azure.estate.permit(scope("rg-net"), ["*"], ["Microsoft.Network/*/join/action"])
        assert self.actions(azure, TABLE) == (["*"], ["Microsoft.Network/*/join/action"])
        assert self.actions(azure, scope("rg-else")) == (["*/read"], [])


class TestQuotas:
    def usage(self, azure: Caller, name: str) -> tuple[int, int]:
        rows = azure.get(f"{SUB}/providers/Microsoft.Network/locations/westeurope/usages")["value"]
        row = next(row for row in rows if row["name"]["value"] == name)
        return row["currentValue"], row["limit"]

    def test_what_is_there_is_counted(self) -> None:
        azure = managed()
        azure.estate.public_ip("pip")
        azure.estate.quota("PublicIPAddresses", 10)
        assert self.usage(azure, "PublicIPAddresses") == (2, 10)

    def test_or_declared(self) -> None:
        azure = Caller()
        azure.estate.quota("StandardSkuPublicIpAddresses", 10, used=9)
        assert self.usage(azure, "StandardSkuPublicIpAddresses") == (9, 10)


class TestFeatures:
    PATH = f"{SUB}/providers/Microsoft.Features/providers/Microsoft.ContainerService/features/Some"

    def test_have_a_state_and_can_be_asked_for(self) -> None:
        azure = Caller()
        azure.estate.feature("Microsoft.ContainerService", "Some", "NotRegistered")
        found = azure.get(self.PATH)
        assert (found["name"], found["properties"]) == ("Microsoft.ContainerService/Some", {"state": "NotRegistered"})
        assert azure.send("POST", f"{self.PATH}/register").body["properties"] == {"state": "Registering"}

    def test_one_that_nobody_declared_is_not_found(self) -> None:
        assert Caller().send("GET", self.PATH).status == 404


class TestPolicies:
    PATH = f"{scope('rg-net')}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions"

    def ask(self, azure: Caller, kind: str) -> Answer:
        return azure.send("POST", self.PATH, {"resourceDetails": {"resourceContent": {"type": kind}}})

    def test_what_they_would_deny_is_told_before(self) -> None:
        azure = Caller()
        azure.estate.deny(SUB)
        found = self.ask(azure, "Microsoft.Network/publicIPAddresses").body["contentEvaluationResult"]
        (row,) = found["policyEvaluations"]
        assert (row["evaluationResult"], row["effectDetails"]) == ("NonCompliant", {"policyEffect": "Deny"})
        assert row["policyInfo"]["policyAssignmentId"].endswith("/policyAssignments/no-public-ips")

    def test_nothing_is_told_of_other_types_and_scopes(self) -> None:
        azure = Caller()
        azure.estate.deny(scope("rg-else"))
        azure.estate.deny(SUB, "Microsoft.Network/natGateways")
        answer = self.ask(azure, "Microsoft.Network/publicIPAddresses")
        assert answer.body["contentEvaluationResult"] == {"policyEvaluations": []}

    def test_what_they_deny_is_refused(self) -> None:
        azure = Caller()
        azure.estate.deny(SUB)
        answer = azure.put(network_id("publicIPAddresses", "pip"), HERE)
        assert (answer.status, azure.code(answer)) == (403, "RequestDisallowedByPolicy")

    def test_a_read_only_lock_does_not_stop_the_question(self) -> None:
        azure = Caller()
        azure.estate.lock(SUB, "ReadOnly")
        assert self.ask(azure, "Microsoft.Network/publicIPAddresses").status == 200

    def test_a_question_without_a_type_is_refused(self) -> None:
        assert Caller().send("POST", self.PATH, {}).status == 400


class TestCommands:
    def test_are_accepted_with_a_body_and_end_behind_their_location(self) -> None:
        azure = managed()
        answer = azure.send("POST", f"{CLUSTER}/runCommand", {"command": "curl"})
        assert (answer.status, answer.body["properties"]) == (202, {"provisioningState": "accepted"})
        path = answer.headers["Location"].partition("localhost")[2].partition("?")[0]
        running = azure.send("GET", path)
        assert (running.status, running.body["properties"]) == (202, {"provisioningState": "running"})
        found = azure.get(path)["properties"]
        (address,) = azure.effective("loadBalancerProfile")
        assert (found["provisioningState"], found["exitCode"]) == ("succeeded", 0)
        assert found["logs"].strip() == azure.estate[address]["properties"]["ipAddress"]

    def test_a_test_may_say_what_they_print(self) -> None:
        azure = managed()
        azure.arm.run_command = lambda cluster, command: (7, f"{cluster['name']}: {command}")
        answer = azure.send("POST", f"{CLUSTER}/runCommand", {"command": "curl"})
        path = answer.headers["Location"].partition("localhost")[2].partition("?")[0]
        azure.send("GET", path)
        found = azure.get(path)["properties"]
        assert (found["exitCode"], found["logs"]) == (7, "aks-shop: curl")

    def test_there_are_none_in_a_stopped_cluster_nor_where_they_are_disabled(self) -> None:
        for properties in (
            {"powerState": {"code": "Stopped"}},
            {"apiServerAccessProfile": {"disableRunCommand": True}},
        ):
            answer = managed(**properties).send("POST", f"{CLUSTER}/runCommand", {"command": "curl"})
            assert answer.status in (400, 409)

    def test_one_without_a_command_is_refused(self) -> None:
        assert managed().send("POST", f"{CLUSTER}/runCommand", {}).status == 400


def test_the_endpoints_that_a_cluster_needs_include_its_own() -> None:
    rows = managed().get(f"{CLUSTER}/outboundNetworkDependenciesEndpoints")["value"]
    names = [endpoint["domainName"] for row in rows for endpoint in row["endpoints"]]
    assert "mcr.microsoft.com" in names
    assert "aks-shop.hcp.westeurope.azmk8s.io" in names


def test_the_endpoints_say_their_port_and_protocol() -> None:
    rows = managed().get(f"{CLUSTER}/outboundNetworkDependenciesEndpoints")["value"]
    (time,) = [endpoint for row in rows if row["category"] == "time-sync" for endpoint in row["endpoints"]]
    assert time == {"domainName": "ntp.ubuntu.com", "endpointDetails": [{"port": 123, "protocol": "UDP"}]}
