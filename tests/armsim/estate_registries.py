"""Container registries and cluster extensions of an estate: generic resources in the shape of the Azure REST API
reference (Microsoft.ContainerRegistry 2023-07-01, Microsoft.KubernetesConfiguration 2023-05-01)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.armsim.ids import GROUP, SUBSCRIPTION, scope

if TYPE_CHECKING:
    from tests.armsim.estate import Estate

CACHE_RULE = ("aks-managed-mcr", "mcr.microsoft.com/*", "aks-managed-repository/*")


def registry(
    estate: Estate,
    name: str,
    sku: str = "Premium",
    endpoint: str | None = "Approved",
    public: bool = False,
    group: str = GROUP,
    subscription: str = SUBSCRIPTION,
) -> str:
    """A registry, with a private endpoint connection in a state where one is given."""
    found = f"{scope(group, subscription)}/providers/Microsoft.ContainerRegistry/registries/{name}"
    connection = f"{found}/privateEndpointConnections/pe-{name}"
    status = {"status": endpoint, "actionsRequired": "None"}
    properties = {"privateLinkServiceConnectionState": status, "provisioningState": "Succeeded"}
    return estate.add(
        found,
        {
            "loginServer": f"{name}.azurecr.io",
            "publicNetworkAccess": "Enabled" if public else "Disabled",
            "privateEndpointConnections": [{"id": connection, "properties": properties}] if endpoint else [],
        },
        sku={"name": sku, "tier": sku},
    )


def cache_rule(estate: Estate, registry_id: str, name: str, source: str, target: str) -> str:
    return estate.add(
        f"{registry_id}/cacheRules/{name}",
        {"sourceRepository": source, "targetRepository": target},
    )


def extension(estate: Estate, cluster: str, name: str, kind: str, **properties: Any) -> str:
    return estate.add(
        f"{cluster}/providers/Microsoft.KubernetesConfiguration/extensions/{name}",
        {"extensionType": kind, "autoUpgradeMinorVersion": True, **properties},
    )
