"""The cluster as it is sent back: the JSON that was read, less what Azure alone may write, with the new egress."""

from __future__ import annotations

from typing import Any

from azext_aksegress import arm, matrix
from azext_aksegress.arm import Json
from azext_aksegress.cluster import Cluster

READ_ONLY = (
    "id",
    "name",
    "type",
    "systemData",
    "eTag",
    "identity.principalId",
    "identity.tenantId",
    "identity.userAssignedIdentities.*.principalId",
    "identity.userAssignedIdentities.*.clientId",
    "properties.provisioningState",
    "properties.powerState",
    "properties.maxAgentPools",
    "properties.currentKubernetesVersion",
    "properties.fqdn",
    "properties.privateFQDN",
    "properties.azurePortalFQDN",
    "properties.resourceUID",
    "properties.status.provisioningError",
    "properties.agentPoolProfiles.eTag",
    "properties.agentPoolProfiles.currentOrchestratorVersion",
    "properties.agentPoolProfiles.provisioningState",
    "properties.agentPoolProfiles.status.provisioningError",
    "properties.agentPoolProfiles.localDNSProfile.state",
    "properties.addonProfiles.*.identity",
    "properties.podIdentityProfile.userAssignedIdentities.provisioningState",
    "properties.podIdentityProfile.userAssignedIdentities.provisioningInfo",
    "properties.oidcIssuerProfile.issuerURL",
    "properties.privateLinkResources.privateLinkServiceID",
    "properties.ingressProfile.webAppRouting.identity",
    "properties.networkProfile.loadBalancerProfile.effectiveOutboundIPs",
    "properties.networkProfile.natGatewayProfile.effectiveOutboundIPs",
)
"""What the ARM reference of api-version 2026-06-01 marks read-only, by path; lists are passed through and `*` is any
key (azure-mgmt-containerservice 41.6.0, the fields of ManagedCluster with visibility "read" alone)."""

_LEAF: dict[str, Any] = {}


def _tree() -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path in READ_ONLY:
        *parents, leaf = path.split(".")
        node = tree
        for key in parents:
            node = node.setdefault(key, {})
        node[leaf] = _LEAF
    return tree


def writable(document: Json) -> Json:
    """A copy of a cluster's JSON without its read-only fields; everything else, known here or not, stays."""
    pruned: Json = _pruned(document, _tree())
    return pruned


def _pruned(value: Any, tree: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_pruned(item, tree) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {}
    for key, item in value.items():
        below = tree.get(key, tree.get("*"))
        if below is None:
            kept[key] = item
        elif below is not _LEAF:
            kept[key] = _pruned(item, below)
    return kept


def for_update(cluster: Cluster, target: str, nat_gateway_sku: str | None) -> Json:
    """The whole cluster with another outbound type, ready to be sent; raises Unread when it has none today."""
    repeated = cluster.outbound_type == target
    body = writable(cluster.document)
    properties = body["properties"] = dict(body["properties"])
    network = properties["networkProfile"] = dict(properties["networkProfile"])
    stored = {key: network.pop(key, None) for key in ("loadBalancerProfile", "natGatewayProfile")}
    network["outboundType"] = target
    if target == matrix.LOAD_BALANCER:
        profile = stored["loadBalancerProfile"]
        network["loadBalancerProfile"] = profile if repeated and profile else _load_balancer(cluster, profile)
    elif target == matrix.MANAGED_NAT_GATEWAY:
        profile = stored["natGatewayProfile"] if repeated else None
        sku = nat_gateway_sku or (cluster.nat_gateway_sku if repeated else None)
        network["natGatewayProfile"] = {
            **(profile if isinstance(profile, dict) else {"managedOutboundIPProfile": {"count": 1}}),
            **({"sku": sku} if sku else {}),
        }
    return body


def _load_balancer(cluster: Cluster, lingering: Any) -> Json:
    """One address that AKS makes for each IP family; `backendPoolType` is about inbound traffic, and stays."""
    dual_stack = "ipv6" in (found.lower() for found in arm.strings(cluster.setting("networkProfile"), "ipFamilies"))
    managed = {"count": 1, "countIPv6": 1} if dual_stack else {"count": 1}
    backend = arm.text(lingering, "backendPoolType")
    return {"managedOutboundIPs": managed, **({"backendPoolType": backend} if backend else {})}
