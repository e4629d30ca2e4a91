from __future__ import annotations

from typing import Any

import pytest

from azext_aksegress.request import Request
from tests.armsim.estate import (
    CONTROL_PLANE,
    GROUP,
    NETWORK_GROUP,
    OTHER_SUBSCRIPTION,
    SUBSCRIPTION,
    cluster_id,
    node_group,
    scope,
)
from tests.builders import CLUSTER, Shop, fixes

LB, MNAT, UANAT, UDR, NONE = "loadBalancer", "managedNATGateway", "userAssignedNATGateway", "userDefinedRouting", "none"
HERE = f"/subscriptions/{SUBSCRIPTION}"
PERMISSIONS = "providers/Microsoft.Authorization/permissions"
ASSIGNMENTS = "providers/Microsoft.Authorization/roleAssignments"
IDENTITY = f"{scope(GROUP)}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-shop"
WORKSPACE = f"{scope('rg-logs')}/providers/Microsoft.OperationalInsights/workspaces/law-shop"
ASSIGN = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"
JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"


def asked(shop: Shop, to: str, ending: str, **options: Any) -> list[str]:
    """What was read whose id has this in it, below the subscription."""
    snapshot = shop.snapshot(Request(to, **options))
    found = [*snapshot.collections, *snapshot.unread, *snapshot.resources]
    return sorted(key.partition("/resourcegroups/")[2] or key for key in found if ending.lower() in key)


class TestEGR503CallerMayUpdate:
    def identified(self) -> Shop:
        """A cluster with an identity and a workspace of one's own."""
        shop = Shop.byo().set(
            addonProfiles={"omsAgent": {"config": {"LogAnalyticsWorkspaceResourceID": WORKSPACE}}},
            securityProfile={"defender": {"logAnalyticsWorkspaceResourceId": WORKSPACE.upper()}},
        )
        users = {IDENTITY: {"principalId": CONTROL_PLANE, "clientId": "x"}}
        shop.document["identity"] = {"type": "UserAssigned", "userAssignedIdentities": users}
        return shop

    @pytest.mark.parametrize("to", [UANAT, UDR, NONE])
    def test_who_may_do_everything_passes(self, to: str) -> None:
        assert self.identified().outcome("EGR503", to) == "pass"

    @pytest.mark.parametrize("actions", [[], ["*/read"], ["Microsoft.ContainerService/managedClusters/agentPools/*"]])
    def test_who_may_not_write_the_cluster_fails(self, actions: list[str]) -> None:
        shop = Shop.managed()
        shop.estate.permit(cluster_id(CLUSTER), actions)
        assert shop.outcomes("EGR503", MNAT) == [("fail", CLUSTER)]

    def test_the_fix_names_the_role(self) -> None:
        shop = Shop.managed()
        shop.estate.permit(scope(GROUP), ["*/read"])
        assert fixes(shop.findings("EGR503", MNAT)) == [
            (
                "before",
                "az role assignment create --role 'Azure Kubernetes Service Contributor Role' "
                f"--scope {cluster_id(CLUSTER)} --assignee '<you>'",
            )
        ]

    def test_what_a_role_takes_away_fails(self) -> None:
        shop = Shop.managed()
        shop.estate.permit(scope(GROUP), ["*"], ["microsoft.containerservice/*/WRITE"])
        assert shop.outcome("EGR503", MNAT) == "fail"

    def test_each_linked_resource_that_lacks_a_right_warns(self) -> None:
        shop = self.identified()
        shop.estate.permit(HERE, ["*/read", "Microsoft.ContainerService/*"], ["*/sharedKeys/read"])
        assert sorted(shop.outcomes("EGR503", UDR)) == [
            ("warn", "id-shop"),
            ("warn", "law-shop"),
            ("warn", "snet-apps"),
            ("warn", "snet-system"),
        ]
        roles = {command.partition("--role ")[2].partition(" --scope")[0] for _, command in fixes(self.found(shop))}
        assert roles == {"'Managed Identity Operator'", "'Log Analytics Contributor'", "'Network Contributor'"}

    def found(self, shop: Shop) -> Any:
        return shop.findings("EGR503", UDR)

    def test_a_role_on_the_network_is_one_on_its_subnets(self) -> None:
        shop = Shop.byo()
        shop.estate.permit(scope(NETWORK_GROUP), ["*/read"])
        shop.estate.permit(shop.network_id, [JOIN])
        assert shop.outcome("EGR503", UDR) == "pass"

    def test_every_scope_is_asked_for_since_a_role_may_be_given_on_any(self) -> None:
        assert [found.split("/")[-4] for found in asked(Shop.byo(), UDR, PERMISSIONS)] == [
            "snet-apps",
            "snet-system",
            "aks-shop",
        ]

    def test_a_role_on_one_subnet_is_found_there(self) -> None:
        shop = Shop.byo()
        shop.estate.permit(shop.network_id, ["*/read"])
        shop.estate.permit(shop.subnets["snet-apps"], [JOIN])
        assert shop.outcomes("EGR503", UDR) == [("warn", "snet-system")]

    def test_a_network_that_tells_nothing_leaves_it_to_its_subnets(self) -> None:
        shop = Shop.byo()
        shop.arm.forbid(f"{shop.network_id}/{PERMISSIONS}")
        assert shop.outcome("EGR503", UDR) == "pass"
        shop.arm.forbid(f"{shop.subnets['snet-apps']}/{PERMISSIONS}")
        assert shop.outcomes("EGR503", UDR) == [("unknown", "permissions")]

    def test_a_pod_subnet_is_linked_too(self) -> None:
        shop = Shop.byo()
        pods = shop.estate.vnet("vnet-pods", ["snet-pods"], prefix="10.9")["snet-pods"]
        shop.estate.permit(pods, ["*/read"])
        shop.estate.permit(pods.rpartition("/subnets")[0], ["*/read"])
        assert shop.pool("apps", podSubnetID=pods).outcomes("EGR503", UDR) == [("warn", "snet-pods")]

    def test_addresses_of_ones_own_are_linked(self) -> None:
        shop = Shop.managed("none")
        one, two = shop.own_ip("pip-one"), shop.own_ip("pip-two")
        assert shop.outcome("EGR503", LB, ip_ids=(one, two)) == "pass"
        shop.estate.permit(scope(NETWORK_GROUP), ["*/read"])
        shop.estate.permit(one, ["Microsoft.Network/publicIPAddresses/join/action"])
        assert shop.outcomes("EGR503", LB, ip_ids=(one, two)) == [("warn", "pip-two")]

    def test_so_are_prefixes(self) -> None:
        shop = Shop.managed("none")
        prefix = shop.estate.public_ip_prefix("ippre", "52.0.0.8/31")
        shop.estate.permit(prefix, ["Microsoft.Network/publicIPAddresses/join/action"])
        shop.estate.permit(scope(NETWORK_GROUP), ["*/read"])
        assert shop.outcomes("EGR503", LB, prefix_ids=(prefix,)) == [("warn", "ippre")]

    def test_and_those_that_stay_but_not_those_that_go(self) -> None:
        shop = Shop.byo()
        own = shop.own_ip()
        shop.network(loadBalancerProfile={"outboundIPs": {"publicIPs": [{"id": own}]}})
        shop.estate.permit(scope(NETWORK_GROUP), ["*/read", JOIN])
        assert shop.outcomes("EGR503", LB, idle_timeout=10) == [("warn", "pip-own")]
        assert shop.outcome("EGR503", UDR) == "pass"

    def test_so_is_a_disk_encryption_set(self) -> None:
        disks = f"{scope('rg-keys')}/providers/Microsoft.Compute/diskEncryptionSets/des"
        shop = Shop.managed().set(diskEncryptionSetID=disks)
        shop.estate.permit(scope("rg-keys"), [])
        assert shop.outcomes("EGR503", MNAT) == [("warn", "des")]

    def test_permissions_that_cannot_be_read_are_unknown_and_leave_the_verdict_alone(self) -> None:
        shop = Shop.managed()
        shop.arm.forbid(f"{cluster_id(CLUSTER)}/{PERMISSIONS}")
        (finding,) = shop.findings("EGR503", MNAT)
        assert (finding.outcome, finding.check.blocks) == ("unknown", False)

    def test_a_right_that_lacks_is_said_beside_what_is_unknown(self) -> None:
        shop = self.identified().set(agentPoolProfiles=None)
        shop.estate.permit(IDENTITY, ["*/read"])
        assert shop.outcomes("EGR503", UDR) == [("warn", "id-shop"), ("unknown", CLUSTER)]

    @pytest.mark.parametrize("odd", [None, [], "text", 1, {"omsagent": None}, {"omsagent": {"config": {"x": 1}}}])
    def test_odd_json_links_nothing(self, odd: Any) -> None:
        shop = Shop.managed().set(addonProfiles=odd, securityProfile=odd, diskEncryptionSetID=odd)
        shop.document["identity"] = odd
        shop.set(diskEncryptionSetID=None)
        assert shop.outcome("EGR503", MNAT) == "pass"


class TestEGR504IdentityMayJoin:
    def unassigned(self, **properties: Any) -> Shop:
        """A cluster in its own VNet whose identity has no role at all."""
        shop = Shop.byo(**properties)
        for key in [key for key in shop.estate.resources if "/roleassignments/" in key]:
            del shop.estate.resources[key]
        return shop

    def give(self, shop: Shop, where: str, *actions: str) -> Shop:
        shop.estate.role(
            CONTROL_PLANE, shop.estate.custom_role("Joiner", actions or ["*/join/action", "*/read"]), where
        )
        return shop

    @pytest.mark.parametrize("to", [UANAT, UDR])
    def test_network_contributor_on_the_resource_group_passes(self, to: str) -> None:
        assert Shop.byo().routed().gated().outcome("EGR504", to) == "pass"

    def test_a_built_in_role_is_not_read(self) -> None:
        assert asked(Shop.byo().routed(), UDR, "roleDefinitions") == []

    def test_subnets_without_any_role_warn(self) -> None:
        assert sorted(self.unassigned().outcomes("EGR504", UANAT)) == [("warn", "snet-apps"), ("warn", "snet-system")]

    def test_the_fix_gives_the_identity_a_role_on_the_subnet(self) -> None:
        shop = self.give(self.unassigned(), Shop.byo().subnets["snet-system"])
        assert fixes(shop.findings("EGR504", UDR)) == [
            (
                "before",
                f"az role assignment create --assignee-object-id {CONTROL_PLANE} --assignee-principal-type "
                f"ServicePrincipal --role 'Network Contributor' --scope {shop.subnets['snet-apps']}",
            )
        ]

    @pytest.mark.parametrize("where", ["/", HERE, HERE.upper(), scope(NETWORK_GROUP)])
    def test_a_role_of_ones_own_above_passes(self, where: str) -> None:
        assert self.give(self.unassigned(), where).outcome("EGR504", UDR) == "pass"

    def test_one_that_allows_something_else_does_not(self) -> None:
        shop = self.give(self.unassigned(), HERE, "Microsoft.Network/routeTables/*", "*/read")
        assert {found for found, _ in shop.outcomes("EGR504", UDR)} == {"warn"}
        assert JOIN in (shop.findings("EGR504", UDR)[0].seen.observed or "")

    def test_two_roles_add_up(self) -> None:
        shop = self.give(self.unassigned(), HERE, JOIN)
        shop.estate.role(CONTROL_PLANE, "Reader", HERE)
        assert shop.outcome("EGR504", UDR) == "pass"

    def test_a_role_of_a_group_counts(self) -> None:
        shop = self.unassigned()
        shop.estate.role("group", "Network Contributor", shop.network_id, "Group")
        shop.estate.member(CONTROL_PLANE, "group")
        assert shop.outcome("EGR504", UDR) == "pass"

    @pytest.mark.parametrize("table", ["/subscriptions", ""])
    def test_a_role_definition_is_read_whoever_names_it_how(self, table: str) -> None:
        shop = self.give(self.unassigned(), HERE)
        (row,) = [row for key, row in shop.estate.resources.items() if "/roleassignments/" in key]
        if not table:
            role = row["properties"]["roleDefinitionId"]
            row["properties"]["roleDefinitionId"] = role[role.index("/providers") :]
        assert shop.outcome("EGR504", UDR) == "pass"

    def test_the_route_table_is_read_for_routing(self) -> None:
        shop = self.give(self.unassigned().routed(), HERE, JOIN, "Microsoft.Network/virtualNetworks/subnets/read")
        assert sorted(shop.outcomes("EGR504", UDR)) == [("warn", "rt-snet-apps"), ("warn", "rt-snet-system")]
        assert shop.outcome("EGR504", UANAT) == "pass"

    @pytest.mark.parametrize(("action", "outcome"), [("*/read", "warn"), ("Microsoft.Network/routeTables/*", "pass")])
    def test_and_written_by_kubenet(self, action: str, outcome: str) -> None:
        shop = self.unassigned().network(networkPlugin="kubenet").table("snet-system").table("snet-apps")
        self.give(shop, HERE, JOIN, "Microsoft.Network/virtualNetworks/subnets/read", action)
        assert {found for found, _ in shop.outcomes("EGR504", UANAT)} == {outcome}

    def test_a_table_that_aks_made_needs_nothing(self) -> None:
        shop = self.give(self.unassigned().network(networkPlugin="kubenet"), HERE)
        table = shop.estate.route_table("aks-agentpool-routetable", group=node_group(CLUSTER))
        shop.estate.attach(shop.subnets["snet-apps"], route_table=table)
        assert shop.outcome("EGR504", UANAT) == "pass"

    def test_the_nat_gateway_is_joined(self) -> None:
        shop = self.unassigned().gated()
        self.give(shop, shop.network_id)
        assert shop.outcomes("EGR504", UANAT) == [("warn", "nat-shop")]
        shop.estate.role(CONTROL_PLANE, "Network Contributor", scope(NETWORK_GROUP))
        assert shop.outcome("EGR504", UANAT) == "pass"

    def test_a_load_balancer_joins_addresses_of_ones_own(self) -> None:
        shop = Shop.managed("none")
        address, prefix = shop.own_ip(), shop.estate.public_ip_prefix("ippre", "52.0.0.8/31")
        options = {"ip_ids": (address,), "prefix_ids": (prefix,)}
        assert shop.outcomes("EGR504", LB, **options) == [("warn", "pip-own"), ("warn", "ippre")]
        shop.estate.role(CONTROL_PLANE, "Network Contributor", scope(NETWORK_GROUP))
        assert shop.outcome("EGR504", LB, **options) == "pass"

    def test_each_subscription_has_assignments_of_its_own(self) -> None:
        shop = Shop.managed("none")
        far = shop.estate.public_ip("pip-far", subscription=OTHER_SUBSCRIPTION)
        near = shop.own_ip()
        shop.estate.role(CONTROL_PLANE, "Contributor", HERE)
        self.give(shop, f"/subscriptions/{OTHER_SUBSCRIPTION}", "Microsoft.Network/*")
        assert shop.outcome("EGR504", LB, ip_ids=(near, far)) == "pass"

    def test_a_load_balancer_with_addresses_that_aks_makes_has_nothing_to_join(self) -> None:
        assert Shop.byo(UANAT).outcome("EGR504", LB) == "skip"
        assert asked(Shop.byo(UANAT), LB, "roleAssignments") == []

    def test_nor_has_anything_in_the_network_that_aks_made(self) -> None:
        assert Shop.managed().outcome("EGR504", UDR) == "skip"

    def test_a_user_assigned_identity_is_the_one_that_counts(self) -> None:
        shop = Shop.byo()
        shop.document["identity"] = {
            "type": "UserAssigned",
            "principalId": None,
            "userAssignedIdentities": {IDENTITY: {"principalId": "other"}},
        }
        assert {found for found, _ in shop.outcomes("EGR504", UDR)} == {"warn"}
        shop.estate.role("other", "Network Contributor", scope(NETWORK_GROUP))
        assert shop.outcome("EGR504", UDR) == "pass"

    def test_a_service_principal_is_unknown_whoever_asks(self) -> None:
        shop = Shop.byo(servicePrincipalProfile={"clientId": "66666666-6666-6666-6666-666666666666"})
        del shop.document["identity"]
        (finding,) = shop.findings("EGR504", UDR)
        assert (finding.outcome, finding.check.blocks) == ("unknown", False)
        assert "service principal" in (finding.seen.observed or "")

    @pytest.mark.parametrize("odd", [None, "text", {}, {"principalId": 1}, {"userAssignedIdentities": {"x": None}}])
    def test_an_odd_identity_is_unknown(self, odd: Any) -> None:
        shop = Shop.byo()
        shop.document["identity"] = odd
        assert shop.outcome("EGR504", UDR) == "unknown"

    def test_assignments_that_cannot_be_read_are_unknown(self) -> None:
        shop = Shop.byo()
        shop.arm.forbid(f"{HERE}/{ASSIGNMENTS}")
        (finding,) = shop.findings("EGR504", UDR)
        assert finding.outcome == "unknown"
        assert "Microsoft.Authorization/roleAssignments/read" in (finding.seen.observed or "")

    def test_a_role_that_cannot_be_read_is_unknown_unless_another_is_enough(self) -> None:
        shop = self.give(self.unassigned(), HERE)
        shop.arm.forbid(f"{HERE}/providers/Microsoft.Authorization/roleDefinitions")
        assert shop.outcome("EGR504", UDR) == "unknown"
        shop.estate.role(CONTROL_PLANE, "Network Contributor", HERE)
        assert shop.outcome("EGR504", UDR) == "pass"

    def test_a_subnet_that_cannot_be_read_is_unknown_and_its_roles_are_judged(self) -> None:
        shop = self.unassigned().routed().forbid("snet-apps")
        assert ("warn", "snet-apps") in shop.outcomes("EGR504", UDR)
        assert ("unknown", "snet-apps") in shop.outcomes("EGR504", UDR)

    @pytest.mark.parametrize("odd", [None, "text", 1, [], {"scope": 1}, {"scope": HERE, "roleDefinitionId": 1}])
    def test_odd_assignments_give_nothing(self, odd: Any) -> None:
        shop = self.give(self.unassigned(), HERE)
        (row,) = [row for key, row in shop.estate.resources.items() if "/roleassignments/" in key]
        if isinstance(odd, dict):
            row["properties"] = {**odd, "principalId": CONTROL_PLANE}
        else:
            row["properties"] = {"principalId": CONTROL_PLANE, "scope": odd, "roleDefinitionId": odd}
        assert {found for found, _ in shop.outcomes("EGR504", UDR)} == {"warn"}


def test_what_is_read_for_all_four_is_little() -> None:
    shop = Shop.byo().routed()
    snapshot = shop.snapshot(Request(UDR))
    found = [*snapshot.collections, *snapshot.unread, *snapshot.resources]
    assert len([key for key in found if "microsoft.authorization" in key or "policyinsights" in key]) == 5
