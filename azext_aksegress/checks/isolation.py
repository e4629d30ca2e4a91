"""EGR241 to EGR244 and EGR246: can the cluster live without a way out?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator

from azext_aksegress import arm
from azext_aksegress.arm import Json
from azext_aksegress.checks import Fail, Outcome, Pass, Skip, Warn, check, unknown
from azext_aksegress.cluster import Cluster
from azext_aksegress.fixes import az, before, named, where
from azext_aksegress.matrix import ISOLATED
from azext_aksegress.request import Request
from azext_aksegress.snapshot import Unread

_ISOLATED = "AKS documentation, network-isolated.md, 2025-11-03"
_CONCEPTS = "AKS documentation, concepts-network-isolated.md, 2026-06-15"
_OUTBOUND = "AKS documentation, outbound-rules-control-egress.md, 2026-07-02"
_EXTENSIONS = "AKS documentation, cluster-extensions.md, 2025-09-09, which lists it with private link"
_CHANNELS = "AKS documentation, auto-upgrade-node-os-image.md, 2026-06-26"
_URL = "https://learn.microsoft.com/azure/aks/network-isolated"
_CONCEPTS_URL = "https://learn.microsoft.com/azure/aks/concepts-network-isolated"


def images_are_cached(cluster: Cluster) -> bool:
    """Whether nodes take their images from a registry's cache instead of the internet; raises Unread where the
    api-version that answered does not know."""
    source = cluster.text("bootstrapProfile", "artifactSource")
    if source is None:
        cluster.known("bootstrapProfile")
    return arm.same(source, "Cache")


@check(
    "EGR241",
    "the cluster is network isolated: artifact source is Cache",
    to=ISOLATED,
    blocks=True,
    sources=(
        _ISOLATED,
        "AKS refusal InvalidNetworkIsolatedClusterConfiguration",
    ),
    reference=_URL,
    observed_at="bootstrapProfile.artifactSource",
)
def artifact_source_is_cache(cluster: Cluster, _: Request) -> Iterator[Outcome]:
    """AKS refuses none and block: nodes that take their images from the internet could not start any more."""
    if not images_are_cached(cluster):
        source = cluster.text("bootstrapProfile", "artifactSource")
        here = named(cluster.id)
        yield Fail(
            cluster.id,
            f"the artifact source is {source or 'Direct'}",
            fix=(
                before(az("aks update", **here, bootstrap_artifact_source="Cache")),
                before(az("aks upgrade", **here, node_image_only=True)),
            ),
            expected="Cache",
        )


@check(
    "EGR242",
    "the API server is reached privately",
    to=ISOLATED,
    blocks=True,
    sources=(_ISOLATED,),
    reference=_URL,
    observed_at="apiServerAccessProfile",
)
def api_server_is_private(cluster: Cluster, _: Request) -> Iterator[Outcome]:
    """Nodes without a way out cannot reach a public API server and turn NotReady."""
    private = cluster.private_api_server
    if private:
        yield Pass(cluster.id, private)
        return
    cluster.known("enableVnetIntegration")
    integrate = az(
        "aks update",
        **where(cluster.id),
        name=cluster.name,
        enable_apiserver_vnet_integration=True,
        apiserver_subnet_id="<api-server-subnet-id>",
    )
    yield Fail(
        cluster.id,
        "nodes reach the API server through the internet",
        fix=(before(integrate),),
        expected="a private cluster, or API Server VNet Integration (which cannot be turned off again)",
    )


@check(
    "EGR243",
    "all pools were reimaged after Cache was turned on",
    to=ISOLATED,
    acceptable=True,
    sources=(_ISOLATED, "Azure Resource Manager reference, systemData"),
    reference=_URL,
    observed_at="cannot be proven through ARM: says how to know",
)
def pools_were_reimaged(cluster: Cluster, _: Request) -> Iterator[Outcome]:
    """Nodes older than the cache still take their images from the internet, and fail once there is no way out; leaving
    isolation with artifact source Direct needs a reimage too."""
    if not images_are_cached(cluster):
        yield Skip("EGR241")
        return
    made, changed = (arm.text(cluster.document, "systemData", key) for key in ("createdAt", "lastModifiedAt"))
    if made and made == changed:
        yield Pass(cluster.id, f"never changed since it was made with Cache, {made}")
        return
    here = named(cluster.id)
    write = "Microsoft.ContainerService/managedClusters/write"
    changes = f"[?operationName.value=='{write}'].[eventTimestamp, caller]"
    yield Warn(
        cluster.id,
        "Azure does not tell when Cache was turned on: compare the age of each node with the changes of the cluster, "
        "or reimage all pools once more",
        fix=(
            before(
                az("monitor activity-log list", resource_id=cluster.id, offset="90d", max_events="1000", query=changes)
            ),
            before(az("aks command invoke", **here, c="kubectl get nodes")),
            before(az("aks upgrade", **here, node_image_only=True)),
        ),
        expected="every node is younger than the cache",
    )


@check(
    "EGR244",
    "no Windows pool, no kubenet, node OS channel is not Unmanaged",
    to=ISOLATED,
    blocks=True,
    sources=(_CONCEPTS, _CHANNELS, "azure-mgmt-containerservice 41.6.0, docstrings"),
    reference=_CONCEPTS_URL,
    observed_at="pools, networkPlugin, autoUpgradeProfile",
)
def isolation_is_supported(cluster: Cluster, _: Request) -> Iterator[Outcome]:
    """AKS does not support isolation for these: Windows nodes, kubenet and patches by the operating system itself need
    the internet."""
    here = named(cluster.id)
    channel = cluster.text("autoUpgradeProfile", "nodeOSUpgradeChannel") or "NodeImage"  # what AKS takes by itself
    if arm.same(channel, "Unmanaged"):
        managed = before(az("aks update", **here, node_os_upgrade_channel="NodeImage"))
        expected = "NodeImage, SecurityPatch or None"
        yield Fail(cluster.id, "the node OS upgrade channel is Unmanaged", fix=(managed,), expected=expected)
    plugin = cluster.text("networkProfile", "networkPlugin")
    if plugin is None:
        yield unknown(Unread(cluster.id, "Azure's answer has no networkPlugin"))
    elif cluster.kubenet:
        overlay = before(az("aks update", **here, network_plugin="azure", network_plugin_mode="overlay"))
        yield Fail(cluster.id, "the network plugin is kubenet", fix=(overlay,), expected="Azure CNI")
    for pool in cluster.pools:
        if arm.same(arm.text(pool.document, "osType"), "Windows"):
            delete = az("aks nodepool delete", **where(cluster.id), cluster_name=cluster.name, name=pool.name)
            yield Fail(pool.id, f"pool {pool.name} is Windows", fix=(before(delete),), expected="Linux")
    yield Pass(cluster.id, f"Linux, {plugin}, node OS channel {channel}")


@dataclass(frozen=True)
class Feature:
    """Something of AKS that talks to the internet: where it is switched on below `properties`, what it talks to, and
    how `az aks` switches it off."""

    name: str
    path: tuple[str, ...]
    hosts: str
    off: tuple[str, str, str | bool]


_ADD_ONS = (
    Feature(
        "add-on azureKeyvaultSecretsProvider",
        ("addonProfiles", "azureKeyvaultSecretsProvider", "enabled"),
        "vault.azure.net",
        ("aks disable-addons", "addons", "azure-keyvault-secrets-provider"),
    ),
    Feature(
        "add-on azurepolicy",
        ("addonProfiles", "azurepolicy", "enabled"),
        "data.policy.core.windows.net and store.policy.core.windows.net",
        ("aks disable-addons", "addons", "azure-policy"),
    ),
    Feature(
        "add-on omsagent (Container Insights)",
        ("addonProfiles", "omsagent", "enabled"),
        "*.ods.opinsights.azure.com, *.oms.opinsights.azure.com and *.monitoring.azure.com",
        ("aks disable-addons", "addons", "monitoring"),
    ),
    Feature(
        "managed Prometheus",
        ("azureMonitorProfile", "metrics", "enabled"),
        "*.ingest.monitor.azure.com and *.handler.control.monitor.azure.com",
        ("aks update", "disable_azure_monitor_metrics", True),
    ),
    Feature(
        "cost analysis",
        ("metricsProfile", "costAnalysis", "enabled"),
        "management.azure.com and login.microsoftonline.com",
        ("aks update", "disable_cost_analysis", True),
    ),
    Feature(
        "Microsoft Defender for Containers",
        ("securityProfile", "defender", "securityMonitoring", "enabled"),
        "*.ods.opinsights.azure.com, *.oms.opinsights.azure.com and login.microsoftonline.com",
        ("aks update", "disable_defender", True),
    ),
)
"""What the AKS documentation names with the addresses that it needs, as of Azure's public cloud; of all others it says
that they need no more than the cluster itself (outbound-rules-control-egress.md, 2026-07-02)."""

_UNSUPPORTED = {
    "microsoft.appconfiguration": "Azure App Configuration",
    "microsoft.azureml.kubernetes": "Azure Machine Learning",
    "microsoft.dapr": "Dapr",
    "microsoft.dataprotection.kubernetes": "Azure Backup",
    "microsoft.flux": "Flux (GitOps)",
}
"""The types of extension that the AKS documentation names as not supported in an isolated cluster."""

_NOT_REGISTERED = "MissingSubscriptionRegistration"
"""What ARM answers where a subscription does not use a resource provider (Azure Resource Manager documentation, common
deployment errors); without Microsoft.KubernetesConfiguration no cluster of it has an extension."""


def _extensions_id(cluster: Cluster) -> str:
    return arm.child(cluster.id, "providers/Microsoft.KubernetesConfiguration/extensions")


def _extensions(cluster: Cluster, _: Request) -> tuple[str, ...]:
    return (_extensions_id(cluster),)


@check(
    "EGR246",
    "no add-on or extension needs the internet",
    to=ISOLATED,
    reads=_extensions,
    sources=(_CONCEPTS, _OUTBOUND),
    reference=_CONCEPTS_URL,
    observed_at="addonProfiles, extensions",
)
def nothing_added_needs_the_internet(cluster: Cluster, _: Request) -> Iterator[Outcome]:
    """It stops working without a way out, unless what it talks to is reached through private endpoints."""
    for feature in _ADD_ONS:
        if _is_on(cluster, feature):
            command, option, value = feature.off
            off = az(command, **named(cluster.id), **{option: value})
            expected = "a private endpoint for them, or off"
            yield Warn(cluster.id, f"{feature.name} needs {feature.hosts}", fix=(before(off),), expected=expected)
    try:
        installed = cluster.snapshot.collection(_extensions_id(cluster))
    except Unread as unread:
        if _NOT_REGISTERED not in unread.reason:
            raise
        installed = ()
    for extension in sorted(installed, key=lambda row: (arm.text(row, "id") or "").lower()):
        yield _needs_the_internet(cluster, extension)


def _is_on(cluster: Cluster, feature: Feature) -> bool:
    """Whether a feature is switched on; AKS has spelled the names of add-ons in more than one letter case."""
    first, second, *rest = feature.path
    found = cluster.setting(first)
    rows = found.items() if isinstance(found, dict) else ()
    return any(arm.same(key, second) and arm.flag(row, *rest) for key, row in rows)


def _needs_the_internet(cluster: Cluster, extension: Json) -> Outcome:
    found = arm.text(extension, "id")
    kind = arm.text(extension, "properties", "extensionType") or ""
    called = f"extension {arm.text(extension, 'name') or arm.name(found or '') or 'unnamed'}"
    fix = (before(az("resource delete", ids=found)),) if found else ()
    unsupported = _UNSUPPORTED.get(kind.lower())
    if unsupported:
        observed = f"{called} ({unsupported}) is not supported in an isolated cluster"
        return Warn(found or cluster.id, observed, fix=fix, expected="no such extension", sources=(_EXTENSIONS,))
    host = f"{cluster.location or '<region>'}.dp.kubernetesconfiguration.azure.com"
    observed = f"{called} ({kind or 'of no type'}) needs {host}, and what it talks to itself"
    return Warn(found or cluster.id, observed, fix=fix, expected="a private endpoint for them, or no such extension")
