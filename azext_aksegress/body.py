"""The cluster as it is sent back: the JSON that was read, less what Azure alone may write, with the new egress."""

from __future__ import annotations

from typing import Any, Iterable

from azext_aksegress import arm, matrix
from azext_aksegress.arm import Json
from azext_aksegress.cluster import Cluster
from azext_aksegress.profiles import PROFILES
from azext_aksegress.request import OPTIONS, Request, Value, belongs

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


def _tree(paths: Iterable[str]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path in paths:
        *parents, leaf = path.split(".")
        node = tree
        for key in parents:
            node = node.setdefault(key, {})
        node[leaf] = _LEAF
    return tree


def writable(document: Json) -> Json:
    """A copy of a cluster's JSON without its read-only fields; everything else, known here or not, stays."""
    return without(document, READ_ONLY)


def without(document: Json, paths: Iterable[str]) -> Json:
    """A copy of a cluster's JSON without what is at some paths, which are spelled as those in READ_ONLY."""
    pruned: Json = _pruned(document, _tree(paths))
    return pruned


EGRESS = (
    "properties.networkProfile.outboundType",
    "properties.networkProfile.loadBalancerProfile",
    "properties.networkProfile.natGatewayProfile",
    "properties.bootstrapProfile",
    "properties.apiServerAccessProfile.authorizedIPRanges",
)
"""All that a move ever changes of a cluster."""


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


def for_update(cluster: Cluster, request: Request, earlier: Json | None = None) -> Json:
    """The whole cluster as requested, ready to be sent; raises Unread when it has no outbound type today.

    `earlier` is a profile that the target had before, whose settings come back where the cluster is not on it now.
    """
    repeated = cluster.outbound_type == request.to
    body = writable(cluster.document)
    properties = body["properties"] = dict(body["properties"])
    network = properties["networkProfile"] = dict(properties["networkProfile"])
    stored = {key: network.pop(key, None) for key in PROFILES.values()}
    network["outboundType"] = request.to
    key = PROFILES.get(request.to)
    if key:
        network[key] = _profile(cluster, request, stored[key], repeated, earlier)
    if request.artifact_source:
        properties["bootstrapProfile"] = {}  # the registry of the cache goes with the cache, as `az aks update` has it
    for option, value in request.asked:
        _put(properties, option.path, option.written(value))
    return body


def _profile(cluster: Cluster, request: Request, stored: Any, repeated: bool, earlier: Json | None) -> Json:
    """The profile of the target before its options: today's where the type stays, else an earlier one, else what AKS
    would choose."""
    if repeated and isinstance(stored, dict):
        made = dict(stored)
    elif earlier:
        made = {key: value for key, value in earlier.items() if key not in ("effectiveOutboundIPs", "sku")}
    elif request.to == matrix.LOAD_BALANCER:
        made = {**_load_balancer(cluster, stored), **_undone(request.to, stored)}
    else:
        made = {"managedOutboundIPProfile": {"count": 1}, **_undone(request.to, stored)}
    if arm.same(cluster.text("networkProfile", "outboundType"), matrix.RETIRED_STANDARD_V2_TYPE) and repeated:
        made["sku"] = matrix.STANDARD_V2  # the retired spelling of the type said so, and is not sent again
    for key in _replaced(request):
        made.pop(key, None)
    return made


def _replaced(request: Request) -> set[str]:
    """The keys of a profile that a request for other addresses replaces: AKS takes managed or own ones, not both."""
    asked = {option.field for option, _ in request.asked if option.about_addresses}
    own = {"ip_ids", "prefix_ids"}
    gone = own if asked else set()
    if asked & own:
        gone = gone | {"ip_count", "ipv6_count"}
    return {option.path[2] for option in OPTIONS if belongs(option, request.to) and option.field in gone - asked}


def _put(document: Json, path: tuple[str, ...], value: Value) -> None:
    """Set the value at a path, and copy what is above it, which may be part of what was read."""
    *parents, leaf = path
    for key in parents:
        below = document.get(key)
        document[key] = dict(below) if isinstance(below, dict) else {}
        document = document[key]
    document[leaf] = value


def _load_balancer(cluster: Cluster, lingering: Any) -> Json:
    """One address that AKS makes for each IP family; `backendPoolType` is about inbound traffic, and stays."""
    managed = {"count": 1, "countIPv6": 1} if cluster.dual_stack else {"count": 1}
    backend = arm.text(lingering, "backendPoolType")
    return {"managedOutboundIPs": managed, **({"backendPoolType": backend} if backend else {})}


def _undone(target: str, lingering: Any) -> Json:
    """What AKS sets by itself, for settings of an earlier time on the target that linger: what is absent from a body
    stays as it is stored."""
    found: Json = {}
    for option in OPTIONS:
        stored = arm.dig(lingering, option.path[-1])
        mine = option.target == target and option.field in ("ports", "idle_timeout")
        if mine and stored is not None and not option.is_default(stored):
            found[option.path[-1]] = option.default
    return found
