from __future__ import annotations

from typing import Any, Mapping

import pytest

from azext_aksegress import checks, read
from azext_aksegress.arm import Json
from azext_aksegress.cluster import Cluster
from azext_aksegress.questions import assigned_to
from azext_aksegress.request import Request
from azext_aksegress.snapshot import API_VERSION, Answer, Snapshot
from tests.armsim.estate import (
    GROUP,
    KUBELET,
    NETWORK_GROUP,
    OTHER_SUBSCRIPTION,
    SUBSCRIPTION,
    isolated,
    node_group,
    scope,
)
from tests.armsim.estate_registries import CACHE_RULE, cache_rule, registry
from tests.armsim.estate_rules import ROLES
from tests.builders import CLUSTER, Shop, fixes

HERE = f"--subscription {SUBSCRIPTION} --resource-group {GROUP}"
MANAGEMENT_GROUP = "/providers/Microsoft.Management/managementGroups/mg-shop"


class Registries:
    """A cluster that may be isolated, with registries."""

    def __init__(self) -> None:
        self.shop = Shop.byo(**isolated())

    def caching(self, rule: tuple[str, str, str] | None = CACHE_RULE, **options: Any) -> Shop:
        """The nodes start from a registry of one's own."""
        found = registry(self.shop.estate, "acrcache", **options)
        if rule:
            cache_rule(self.shop.estate, found, *rule)
        return self.shop.set(bootstrapProfile={"artifactSource": "Cache", "containerRegistryId": found})

    def pulling(self, name: str = "acrshop", role: str = "AcrPull", **options: Any) -> Shop:
        """The nodes pull images of pods from a registry."""
        self.shop.estate.role(KUBELET, role, registry(self.shop.estate, name, **options))
        return self.shop

    def assigned(self, at: str, role: str = "AcrPull") -> Shop:
        """The nodes have a role somewhere."""
        self.shop.estate.role(KUBELET, role, at)
        return self.shop


class TestEGR245CacheRegistryIsFit:
    def test_the_registry_that_aks_makes_passes(self) -> None:
        assert Registries().shop.outcome("EGR245", "none") == "pass"

    def test_the_registry_that_aks_makes_is_named_in_the_node_resource_group(self) -> None:
        shop = Registries().caching(group=node_group(CLUSTER), sku="Basic", endpoint=None)
        assert shop.outcome("EGR245", "none") == "pass"

    def test_a_premium_private_registry_with_the_rule_passes(self) -> None:
        assert Registries().caching().outcome("EGR245", "block") == "pass"

    def test_a_registry_of_another_subscription_passes(self) -> None:
        assert Registries().caching(subscription=OTHER_SUBSCRIPTION).outcome("EGR245", "none") == "pass"

    def test_another_tier_warns(self) -> None:
        found = Registries().caching(sku="Standard").findings("EGR245", "none")
        assert [finding.outcome for finding in found] == ["warn"]
        assert fixes(found) == [("before", f"az acr update {HERE} --name acrcache --sku Premium")]

    def test_no_private_endpoint_warns_and_the_fix_makes_one_that_nodes_find_by_its_name(self) -> None:
        shop = Registries().caching(endpoint=None)
        assert shop.outcomes("EGR245", "none") == [("warn", "acrcache")]
        assert [command.split(" --")[0] for _, command in fixes(shop.findings("EGR245", "none"))] == [
            "az network private-endpoint create",
            "az network private-dns zone create",
            "az network private-dns link vnet create",
            "az network private-endpoint dns-zone-group create",
        ]

    def test_a_private_endpoint_comes_after_the_tier_that_has_them(self) -> None:
        found = Registries().caching(endpoint=None, sku="Basic").findings("EGR245", "none")
        assert [finding.outcome for finding in found] == ["warn", "warn"]
        assert fixes(found)[1] == ("before", f"az acr update {HERE} --name acrcache --sku Premium")

    def test_a_private_endpoint_that_waits_for_approval_warns_and_can_be_approved(self) -> None:
        shop = Registries().caching(endpoint="Pending")
        found = shop.findings("EGR245", "none")
        assert [finding.outcome for finding in found] == ["warn"]
        ((when, command),) = fixes(found)
        assert when == "before"
        assert command.startswith("az network private-endpoint-connection approve --id ")
        assert command.endswith("/privateEndpointConnections/pe-acrcache")

    def test_a_rejected_private_endpoint_is_none(self) -> None:
        assert Registries().caching(endpoint="Rejected").outcome("EGR245", "none") == "warn"

    def test_public_access_beside_a_private_endpoint_is_a_note(self) -> None:
        found = Registries().caching(public=True).findings("EGR245", "none")
        assert [finding.outcome for finding in found] == ["note"]
        assert fixes(found) == [("before", f"az acr update {HERE} --name acrcache --public-network-enabled false")]

    def test_no_cache_rule_warns(self) -> None:
        found = Registries().caching(rule=None).findings("EGR245", "none")
        assert [finding.outcome for finding in found] == ["warn"]
        assert fixes(found) == [
            (
                "before",
                f"az acr cache create {HERE} --registry acrcache --name aks-managed-mcr "
                "--source-repo 'mcr.microsoft.com/*' --target-repo 'aks-managed-repository/*'",
            )
        ]

    @pytest.mark.parametrize(
        "rule",
        [
            ("aks-managed-mcr", "mcr.microsoft.com/*", "*"),
            ("aks-managed-mcr", "docker.io/*", "aks-managed-repository/*"),
            ("my-rule", "mcr.microsoft.com/*", "aks-managed-repository/*"),
        ],
    )
    def test_a_rule_that_is_in_the_way_goes_first(self, rule: tuple[str, str, str]) -> None:
        found = Registries().caching(rule=rule).findings("EGR245", "none")
        assert [finding.outcome for finding in found] == ["warn"]
        delete, create = fixes(found)
        assert delete == ("before", f"az acr cache delete {HERE} --registry acrcache --name {rule[0]}")
        assert create[1].startswith("az acr cache create ")

    def test_a_rule_for_something_else_is_left_alone(self) -> None:
        found = Registries().caching(rule=("hub", "docker.io/library/*", "hub/*")).findings("EGR245", "none")
        assert len(fixes(found)) == 1

    def test_letter_case_makes_no_difference(self) -> None:
        shop = Registries().caching(rule=("AKS-managed-MCR", "MCR.microsoft.com/*", "aks-managed-repository/*"))
        found = shop.document["properties"]["bootstrapProfile"]["containerRegistryId"]
        shop.estate[found]["sku"]["name"] = "premium"
        shop.set(bootstrapProfile={"artifactSource": "cache", "containerRegistryId": found.upper()})
        assert shop.outcome("EGR245", "none") == "pass"

    def test_a_registry_that_cannot_be_read_is_unknown(self) -> None:
        shop = Registries().caching()
        shop.arm.forbid(shop.document["properties"]["bootstrapProfile"]["containerRegistryId"])
        assert shop.outcomes("EGR245", "none") == [("unknown", "acrcache")]

    def test_rules_that_cannot_be_listed_are_unknown_and_hide_no_tier(self) -> None:
        shop = Registries().caching(sku="Standard")
        shop.arm.forbid(shop.document["properties"]["bootstrapProfile"]["containerRegistryId"] + "/cacheRules")
        assert [outcome for outcome, _ in shop.outcomes("EGR245", "none")] == ["warn", "unknown"]

    def test_a_registry_without_a_tier_is_unknown(self) -> None:
        shop = Registries().caching()
        shop.estate[shop.document["properties"]["bootstrapProfile"]["containerRegistryId"]]["sku"] = None
        assert shop.outcome("EGR245", "none") == "unknown"

    def test_what_is_no_registry_is_unknown(self) -> None:
        profile = {"artifactSource": "Cache", "containerRegistryId": "acrcache"}
        assert Registries().shop.set(bootstrapProfile=profile).outcome("EGR245", "none") == "unknown"

    def test_a_profile_is_unknown_where_the_api_version_is_too_old_to_know(self) -> None:
        shop = Registries().shop.set(bootstrapProfile=None).older("2024-09-01")
        assert shop.outcome("EGR245", "none") == "unknown"

    def test_without_the_cache_it_is_moot(self) -> None:
        shop = Registries().shop.set(bootstrapProfile={"artifactSource": "Direct"})
        (finding,) = shop.findings("EGR245", "none")
        assert (finding.outcome, finding.seen.observed) == ("skip", "because of EGR241")


class TestEGR247WorkloadRegistriesArePrivate:
    def test_none_found_passes_and_says_so(self) -> None:
        (finding,) = Registries().shop.findings("EGR247", "none")
        assert finding.outcome == "pass"
        assert "none found" in (finding.seen.observed or "")

    def test_a_registry_with_an_approved_private_endpoint_passes(self) -> None:
        assert Registries().pulling().outcome("EGR247", "block") == "pass"

    def test_each_registry_without_one_warns(self) -> None:
        both = Registries()
        both.pulling("acrtwo", endpoint=None)
        assert both.pulling("acrone", endpoint="Pending").outcomes("EGR247", "none") == [
            ("warn", "acrone"),
            ("warn", "acrtwo"),
        ]

    def test_the_fix_brings_a_private_endpoint_and_the_tier_for_it(self) -> None:
        found = fixes(Registries().pulling(endpoint=None, sku="Standard").findings("EGR247", "none"))
        assert found[0] == ("before", f"az acr update {HERE} --name acrshop --sku Premium")
        assert found[1][1].startswith(f"az network private-endpoint create {HERE} --name pe-acrshop ")
        assert {when for when, _ in found} == {"before"}

    @pytest.mark.parametrize("role", ["AcrPull", "Reader", "Contributor", "Network Contributor"])
    def test_a_registry_at_which_nodes_have_any_role_counts(self, role: str) -> None:
        assert Registries().pulling(role=role, endpoint=None).outcome("EGR247", "none") == "warn"

    def test_a_role_that_a_group_brings_counts(self) -> None:
        shop = Registries().shop
        shop.estate.member(KUBELET, "group")
        shop.estate.role("group", "AcrPull", registry(shop.estate, "acrshop", endpoint=None), "Group")
        assert shop.outcome("EGR247", "none") == "warn"

    def test_two_roles_at_one_registry_are_one_finding_whatever_the_letter_case(self) -> None:
        both = Registries()
        shop = both.pulling(endpoint=None)
        found = f"{scope(GROUP)}/providers/Microsoft.ContainerRegistry/registries/acrshop"
        both.assigned(found.upper(), "Reader")
        assert [outcome for outcome, _ in shop.outcomes("EGR247", "none")] == ["warn"]

    def test_the_registry_that_caches_is_the_business_of_another_check(self) -> None:
        both = Registries()
        shop = both.caching(endpoint=None)
        both.assigned(shop.document["properties"]["bootstrapProfile"]["containerRegistryId"])
        assert shop.outcome("EGR247", "none") == "pass"

    def test_the_registry_that_aks_makes_is_aks_s_business(self) -> None:
        assert Registries().pulling(endpoint=None, group=node_group(CLUSTER)).outcome("EGR247", "none") == "pass"

    @pytest.mark.parametrize("at", [scope(GROUP), f"/subscriptions/{SUBSCRIPTION}", MANAGEMENT_GROUP])
    def test_a_role_above_registries_hides_them(self, at: str) -> None:
        properties = {"scope": at, "roleDefinitionId": role_definition("AcrPull")}
        assert judged(Registries().shop, {"properties": properties}) == ["unknown"]

    def test_a_role_above_registries_hides_no_registry_that_is_named(self) -> None:
        both = Registries()
        both.pulling(endpoint=None)
        shop = both.assigned(scope(GROUP), "Contributor")
        assert [outcome for outcome, _ in shop.outcomes("EGR247", "none")] == ["unknown", "warn"]

    @pytest.mark.parametrize(
        ("at", "role"),
        [(scope(NETWORK_GROUP), "Network Contributor"), (scope(node_group(CLUSTER)), "Contributor")],
    )
    def test_a_role_that_pulls_nothing_hides_nothing(self, at: str, role: str) -> None:
        assert Registries().assigned(at, role).outcome("EGR247", "none") == "pass"

    def test_a_registry_that_cannot_be_read_is_unknown_and_hides_no_other(self) -> None:
        both = Registries()
        both.pulling("acrone")
        shop = both.pulling("acrtwo", endpoint=None)
        shop.arm.forbid(f"{scope(GROUP)}/providers/Microsoft.ContainerRegistry/registries/acrone")
        assert shop.outcomes("EGR247", "none") == [("unknown", "acrone"), ("warn", "acrtwo")]

    def test_it_takes_one_list_and_one_read_for_each_registry_in_two_rounds(self) -> None:
        both = Registries()
        both.pulling("acrone")
        shop = both.pulling("acrtwo")
        asked: list[list[str]] = []

        def fetch(wanted: Mapping[str, Json | None]) -> Mapping[str, Answer]:
            asked.append([found for found in wanted if "roleAssignments" in found or "ContainerRegistry" in found])
            return shop.fetch(wanted)

        snapshot = Snapshot("2026-11-23T06:00:00Z", API_VERSION, shop.document)
        read.complete(snapshot, fetch, (), checks.reads([Request("none")]))
        assert asked[0] == [assigned_to(SUBSCRIPTION, KUBELET)]
        assert [found.rpartition("/")[2] for found in asked[1]] == ["acrone", "acrtwo"]

    def test_roles_that_cannot_be_listed_are_unknown(self) -> None:
        shop = Registries().shop
        shop.arm.forbid(f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments")
        assert shop.outcome("EGR247", "none") == "unknown"

    @pytest.mark.parametrize("profile", [None, {}, {"kubeletidentity": None}, {"kubeletidentity": {"objectId": 1}}])
    def test_a_cluster_without_kubelet_identity_is_unknown(self, profile: object) -> None:
        assert Registries().shop.set(identityProfile=profile).outcome("EGR247", "none") == "unknown"

    @pytest.mark.parametrize("properties", [None, {}, {"scope": 1}, {"scope": None, "roleDefinitionId": 2}])
    def test_odd_assignments_say_nothing(self, properties: object) -> None:
        assert judged(Registries().shop, {"properties": properties}) == ["pass"]

    def test_a_role_to_pull_that_names_no_scope_is_unknown(self) -> None:
        assert judged(Registries().shop, {"properties": {"roleDefinitionId": role_definition("AcrPull")}}) == [
            "unknown"
        ]


def role_definition(role: str) -> str:
    return f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{ROLES[role][0].upper()}"


def judged(shop: Shop, assignment: Json) -> list[str]:
    """The outcomes where one role assignment is listed, just so, and nothing else was read."""
    snapshot = Snapshot("2026-11-23T06:00:00Z", API_VERSION, shop.document)
    cluster = Cluster(snapshot.plus({assigned_to(SUBSCRIPTION, KUBELET): (assignment,)}))
    return [finding.outcome for finding in checks.judge(checks.load()["EGR247"], cluster, Request("none"))]
