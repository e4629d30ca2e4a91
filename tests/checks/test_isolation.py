from __future__ import annotations

from typing import Any

import pytest

from azext_aksegress import checks
from azext_aksegress.cluster import Cluster
from azext_aksegress.request import Request
from azext_aksegress.snapshot import API_VERSION, Answer, Snapshot, Unread
from tests.armsim.estate import GROUP, SUBSCRIPTION, cluster_id, isolated
from tests.armsim.estate_registries import extension
from tests.builders import CLUSTER, Shop, fixes

THIS = f"--subscription {SUBSCRIPTION} --resource-group {GROUP} --name {CLUSTER}"
EXTENSIONS = f"{cluster_id(CLUSTER)}/providers/Microsoft.KubernetesConfiguration/extensions"


def shop(**changes: Any) -> Shop:
    """A cluster that may be isolated, and what is odd about it."""
    return Shop.byo(**{**isolated(), **changes})


def told(extensions: Answer) -> Cluster:
    """A cluster of which nothing else was read than its extensions."""
    return Cluster(Snapshot("2026-11-23T06:00:00Z", API_VERSION, shop().document).plus({EXTENSIONS: extensions}))


class TestEGR241ArtifactSourceIsCache:
    def test_cache_passes(self) -> None:
        assert Shop.managed(**isolated()).outcome("EGR241", "none") == "pass"

    def test_direct_fails_and_names_the_reimage_before_the_move(self) -> None:
        direct = Shop.managed(**isolated()).set(bootstrapProfile={"artifactSource": "Direct"})
        assert direct.outcome("EGR241", "block") == "fail"
        assert fixes(direct.findings("EGR241", "block")) == [
            ("before", f"az aks update {THIS} --bootstrap-artifact-source Cache"),
            ("before", f"az aks upgrade {THIS} --node-image-only"),
        ]

    def test_no_profile_is_direct(self) -> None:
        assert Shop.managed(**isolated()).set(bootstrapProfile=None).outcome("EGR241", "none") == "fail"

    def test_no_profile_is_unknown_where_the_api_version_is_too_old_to_know(self) -> None:
        older = Shop.managed(**isolated()).set(bootstrapProfile=None).older("2024-09-01")
        assert older.outcome("EGR241", "none") == "unknown"


class TestEGR242ApiServerIsPrivate:
    def test_a_private_cluster_passes(self) -> None:
        assert Shop.managed(**isolated()).outcome("EGR242", "none") == "pass"

    def test_vnet_integration_passes(self) -> None:
        access = {"enablePrivateCluster": False, "enableVnetIntegration": True}
        assert Shop.managed(apiServerAccessProfile=access).outcome("EGR242", "none") == "pass"

    def test_a_public_api_server_fails(self) -> None:
        assert Shop.managed().outcome("EGR242", "none") == "fail"

    def test_a_public_api_server_is_unknown_where_the_api_version_is_too_old_to_know(self) -> None:
        assert Shop.managed().older("2025-01-01").outcome("EGR242", "none") == "unknown"


class TestEGR243PoolsWereReimaged:
    def test_a_cluster_that_was_changed_since_it_was_made_warns(self) -> None:
        changed = shop()
        times = {"createdAt": "2026-01-05T10:00:00.1Z", "lastModifiedAt": "2026-02-01T08:00:00.2Z"}
        changed.document["systemData"] = times
        assert changed.outcomes("EGR243", "none") == [("warn", CLUSTER)]

    def test_a_cluster_that_says_nothing_of_changes_warns(self) -> None:
        assert shop().outcome("EGR243", "block") == "warn"

    def test_the_fix_compares_the_age_of_nodes_with_the_changes_or_reimages_before_the_move(self) -> None:
        changes, nodes, reimage = fixes(shop().findings("EGR243", "none"))
        assert changes[1].startswith(f"az monitor activity-log list --resource-id {cluster_id(CLUSTER)} --offset 90d")
        assert nodes == ("before", f"az aks command invoke {THIS} -c 'kubectl get nodes'")
        assert reimage == ("before", f"az aks upgrade {THIS} --node-image-only")

    def test_a_cluster_that_was_never_changed_since_it_was_made_with_cache_passes(self) -> None:
        made = shop()
        made.document["systemData"] = {"createdAt": "2026-01-05T10:00:00Z", "lastModifiedAt": "2026-01-05T10:00:00Z"}
        assert made.outcome("EGR243", "none") == "pass"

    @pytest.mark.parametrize("times", [None, [], {}, {"createdAt": None, "lastModifiedAt": None}, {"createdAt": 1}])
    def test_odd_times_prove_nothing(self, times: object) -> None:
        odd = shop()
        odd.document["systemData"] = times
        assert odd.outcome("EGR243", "none") == "warn"

    def test_without_the_cache_it_is_moot(self) -> None:
        (finding,) = shop(bootstrapProfile={"artifactSource": "Direct"}).findings("EGR243", "none")
        assert (finding.outcome, finding.seen.observed) == ("skip", "because of EGR241")

    def test_no_profile_is_unknown_where_the_api_version_is_too_old_to_know(self) -> None:
        assert shop(bootstrapProfile=None).older("2024-09-01").outcome("EGR243", "none") == "unknown"

    def test_one_may_go_past_it(self) -> None:
        assert "EGR243" in checks.acceptable_ids()


class TestEGR244IsolationIsSupported:
    def test_linux_and_azure_cni_pass(self) -> None:
        assert shop().outcome("EGR244", "none") == "pass"

    @pytest.mark.parametrize("profile", [None, {}, {"nodeOSUpgradeChannel": None}, {"nodeOSUpgradeChannel": "None"}])
    def test_a_channel_that_is_not_said_is_not_unmanaged(self, profile: object) -> None:
        assert shop(autoUpgradeProfile=profile).outcome("EGR244", "none") == "pass"

    @pytest.mark.parametrize("channel", ["Unmanaged", "unmanaged"])
    def test_the_unmanaged_channel_fails_in_any_letter_case(self, channel: str) -> None:
        found = shop(autoUpgradeProfile={"nodeOSUpgradeChannel": channel}).findings("EGR244", "block")
        assert [finding.outcome for finding in found] == ["fail"]
        assert fixes(found) == [("before", f"az aks update {THIS} --node-os-upgrade-channel NodeImage")]

    def test_each_windows_pool_fails(self) -> None:
        both = shop().pool("system", osType="Windows").pool("apps", osType="windows")
        assert both.outcomes("EGR244", "none") == [("fail", "system"), ("fail", "apps")]
        pool = f"az aks nodepool delete --subscription {SUBSCRIPTION} --resource-group {GROUP} --cluster-name {CLUSTER}"
        assert fixes(both.findings("EGR244", "none"))[1] == ("before", f"{pool} --name apps")

    def test_kubenet_fails_and_can_be_updated_to_an_overlay(self) -> None:
        found = shop().network(networkPlugin="Kubenet").findings("EGR244", "none")
        assert [finding.outcome for finding in found] == ["fail"]
        assert fixes(found) == [
            ("before", f"az aks update {THIS} --network-plugin azure --network-plugin-mode overlay")
        ]

    def test_all_that_is_wrong_is_said(self) -> None:
        channel = {"nodeOSUpgradeChannel": "Unmanaged"}
        found = shop(autoUpgradeProfile=channel).network(networkPlugin="kubenet").pool("apps", osType="Windows")
        assert [outcome for outcome, _ in found.outcomes("EGR244", "none")] == ["fail", "fail", "fail"]

    def test_a_network_plugin_that_azure_does_not_name_is_unknown_and_hides_no_pool(self) -> None:
        odd = shop().network(networkPlugin=None).pool("apps", osType="Windows")
        assert odd.outcomes("EGR244", "none") == [("unknown", CLUSTER), ("fail", "apps")]

    def test_a_cluster_without_pools_is_unknown_and_hides_no_channel(self) -> None:
        channel = {"nodeOSUpgradeChannel": "Unmanaged"}
        odd = shop(autoUpgradeProfile=channel).set(agentPoolProfiles=None)
        assert [outcome for outcome, _ in odd.outcomes("EGR244", "none")] == ["fail", "unknown"]


class TestEGR246NothingAddedNeedsTheInternet:
    def test_a_bare_cluster_passes(self) -> None:
        assert shop().outcome("EGR246", "none") == "pass"

    @pytest.mark.parametrize(
        ("properties", "off"),
        [
            ({"addonProfiles": {"omsagent": {"enabled": True}}}, "disable-addons {} --addons monitoring"),
            ({"addonProfiles": {"omsAgent": {"enabled": True}}}, "disable-addons {} --addons monitoring"),
            ({"addonProfiles": {"azurepolicy": {"enabled": True}}}, "disable-addons {} --addons azure-policy"),
            (
                {"addonProfiles": {"azureKeyvaultSecretsProvider": {"enabled": True}}},
                "disable-addons {} --addons azure-keyvault-secrets-provider",
            ),
            ({"azureMonitorProfile": {"metrics": {"enabled": True}}}, "update {} --disable-azure-monitor-metrics"),
            ({"metricsProfile": {"costAnalysis": {"enabled": True}}}, "update {} --disable-cost-analysis"),
            (
                {"securityProfile": {"defender": {"securityMonitoring": {"enabled": True}}}},
                "update {} --disable-defender",
            ),
        ],
    )
    def test_what_talks_to_the_internet_warns_and_can_be_switched_off(self, properties: Any, off: str) -> None:
        found = shop(**properties).findings("EGR246", "none")
        assert [finding.outcome for finding in found] == ["warn"]
        assert fixes(found) == [("before", f"az aks {off.format(THIS)}")]

    @pytest.mark.parametrize(
        "profiles",
        [
            None,
            [],
            {"omsagent": None},
            {"omsagent": {"enabled": False}},
            {"omsagent": {"enabled": "yes"}},
            {"aciConnectorLinux": {"enabled": True}},
        ],
    )
    def test_what_is_off_or_needs_no_more_than_the_cluster_passes(self, profiles: object) -> None:
        assert shop(addonProfiles=profiles).outcome("EGR246", "none") == "pass"

    @pytest.mark.parametrize("kind", ["microsoft.flux", "Microsoft.Dapr", "Microsoft.DataProtection.Kubernetes"])
    def test_an_extension_that_isolation_does_not_support_warns(self, kind: str) -> None:
        made = shop()
        found = extension(made.estate, cluster_id(CLUSTER), "added", kind)
        (finding,) = made.findings("EGR246", "block")
        assert (finding.outcome, finding.seen.resource) == ("warn", found)
        assert "not supported in an isolated cluster" in (finding.seen.observed or "")
        assert fixes([finding]) == [("before", f"az resource delete --ids {found}")]

    def test_any_extension_needs_the_service_of_extensions(self) -> None:
        made = shop()
        extension(made.estate, cluster_id(CLUSTER), "argo", "Microsoft.ArgoCD")
        (finding,) = made.findings("EGR246", "none")
        assert "westeurope.dp.kubernetesconfiguration.azure.com" in (finding.seen.observed or "")

    def test_each_extension_is_named_in_order(self) -> None:
        made = shop()
        for name in ("flux", "backup"):
            extension(made.estate, cluster_id(CLUSTER), name, "microsoft.flux")
        assert made.outcomes("EGR246", "none") == [("warn", "backup"), ("warn", "flux")]

    def test_extensions_that_cannot_be_listed_are_unknown_and_hide_no_add_on(self) -> None:
        made = shop(addonProfiles={"azurepolicy": {"enabled": True}})
        made.arm.forbid(EXTENSIONS)
        assert [outcome for outcome, _ in made.outcomes("EGR246", "none")] == ["warn", "unknown"]

    def test_without_the_provider_there_can_be_no_extension(self) -> None:
        unread = Unread(EXTENSIONS, "HTTP 409 (MissingSubscriptionRegistration)")
        (finding,) = checks.judge(checks.load()["EGR246"], told(unread), Request("none"))
        assert finding.outcome == "pass"

    @pytest.mark.parametrize("row", [{}, {"id": None, "name": 1}, {"properties": None}, {"properties": {"x": 1}}])
    def test_an_odd_extension_warns_about_the_cluster(self, row: Any) -> None:
        (finding,) = checks.judge(checks.load()["EGR246"], told((row,)), Request("none"))
        assert (finding.outcome, finding.seen.resource, finding.seen.fix) == ("warn", cluster_id(CLUSTER), ())
