"""EGR245 and EGR247: do isolated nodes reach their registries?"""

from __future__ import annotations

from typing import Iterator

from azext_aksegress import arm, questions
from azext_aksegress.arm import Json
from azext_aksegress.checks import Note, Outcome, Pass, Skip, Warn, check, unknown
from azext_aksegress.checks.isolation import images_are_cached
from azext_aksegress.cluster import Cluster
from azext_aksegress.fixes import Fix, az, before, named, where
from azext_aksegress.matrix import ISOLATED
from azext_aksegress.request import Request
from azext_aksegress.snapshot import Unread, Untold

REGISTRY = "Microsoft.ContainerRegistry/registries"
RULE, SOURCE, TARGET = "aks-managed-mcr", "mcr.microsoft.com/*", "aks-managed-repository/*"
"""The cache rule that AKS asks for, by name, source and target (AKS documentation, network-isolated.md, 2025-11-03)."""
_ZONE = "privatelink.azurecr.io"

_ISOLATED = "AKS documentation, network-isolated.md, 2025-11-03"
_PRIVATE = "Azure documentation, container-registry-private-link"
_ROLES = "Azure documentation, container-registry-rbac-built-in-roles-overview"

_PULLING = {
    "7f951dda-4ed3-4680-a7ca-43fe172d538d": "AcrPull",
    "8311e382-0749-4cb8-b61a-304f252e45ec": "AcrPush",
    "b93aa761-3e63-49ed-ac28-beffa264f7ac": "Container Registry Repository Reader",
    "2a1e307c-b015-4ebd-883e-5b7698a07328": "Container Registry Repository Writer",
    "2efddaa5-3f1f-4df3-97df-af3f13818f4c": "Container Registry Repository Contributor",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
}
"""The built-in roles that may pull images, by id (Azure documentation, container-registry-roles, built-in-roles)."""


def _is_registry(resource_id: str) -> bool:
    return arm.same(arm.resource_type(resource_id), REGISTRY)


def _cache_registry(cluster: Cluster) -> str | None:
    """The registry of one's own that nodes start from; None where AKS makes it, which it names as well, in the node
    resource group. Raises Unread."""
    found = cluster.text("bootstrapProfile", "containerRegistryId")
    if found is None or cluster.made_by_aks(found):
        return None
    if not _is_registry(found):
        raise Unread(cluster.id, "Azure's answer has a containerRegistryId that is not the id of a registry")
    return found


def _cache_rules_id(registry_id: str) -> str:
    return arm.child(registry_id, "cacheRules")


def _cache_reads(cluster: Cluster, _: Request) -> Iterator[str]:
    registry_id = _cache_registry(cluster)
    if registry_id and images_are_cached(cluster):
        yield registry_id
        yield _cache_rules_id(registry_id)


@check(
    "EGR245",
    "a bring-your-own registry is Premium, private, with the cache rule",
    to=ISOLATED,
    reads=_cache_reads,
    sources=(_ISOLATED, "azure-mgmt-containerservice 41.6.0, docstring of containerRegistryId"),
    reference="https://learn.microsoft.com/azure/aks/network-isolated",
    observed_at="bootstrapProfile.containerRegistryId",
)
def cache_registry_is_fit(cluster: Cluster, _: Request) -> Iterator[Outcome]:
    """New nodes cannot start, and AKS's own images cannot be pulled, when the registry that caches them is out of reach
    or caches nothing."""
    if not images_are_cached(cluster):
        yield Skip("EGR241")
        return
    registry_id = _cache_registry(cluster)
    if registry_id is None:
        yield Pass(cluster.id, "AKS makes and keeps the registry")
        return
    registry = cluster.snapshot.resource(registry_id)
    yield from _tier(registry_id, registry)
    yield from _privacy(cluster, registry_id, registry)
    if not arm.same(arm.text(registry, "properties", "publicNetworkAccess"), "Disabled"):
        close = az("acr update", **named(registry_id), public_network_enabled="false")
        observed = f"{arm.name(registry_id)} answers on the internet too, which isolated nodes do not need"
        yield Note(registry_id, observed, fix=(before(close),), expected="public network access disabled")
    yield from _caching(registry_id, cluster.snapshot.collection(_cache_rules_id(registry_id)))


def _is_premium(registry: Json) -> bool:
    return arm.same(arm.text(registry, "sku", "name"), "Premium")


def _tier(registry_id: str, registry: Json) -> Iterator[Outcome]:
    sku = arm.text(registry, "sku", "name")
    if sku is None:
        yield unknown(Unread(registry_id, "Azure's answer has no sku"))
    elif not _is_premium(registry):
        yield Warn(registry_id, f"{arm.name(registry_id)} is {sku}", fix=(_upgrade(registry_id),), expected="Premium")


def _upgrade(registry_id: str) -> Fix:
    return before(az("acr update", **named(registry_id), sku="Premium"))


def _privacy(cluster: Cluster, registry_id: str, registry: Json) -> Iterator[Outcome]:
    """Whether a private endpoint leads to a registry; from which networks it is reached, only they know."""
    rows = arm.objects(registry, "properties", "privateEndpointConnections")
    approved = [row for row in rows if _has_state(row, "Approved")]
    if approved:
        number = f"{len(approved)} approved private endpoint{'s' if len(approved) > 1 else ''}"
        yield Pass(registry_id, f"{arm.name(registry_id)} has {number}")
        return
    waiting = sorted(found for row in rows if _has_state(row, "Pending") for found in [arm.text(row, "id")] if found)
    seen = "no private endpoint that is approved" if waiting else "no private endpoint"
    approve = [before(az("network private-endpoint-connection approve", id=found)) for found in waiting]
    yield Warn(
        registry_id,
        f"{arm.name(registry_id)} has {seen}",
        fix=tuple(approve) or _connect(cluster, registry_id, registry),
        expected="a private endpoint in the nodes' network or one that it is peered with",
    )


def _has_state(connection: Json, state: str) -> bool:
    return arm.same(arm.text(connection, "properties", "privateLinkServiceConnectionState", "status"), state)


def _connect(cluster: Cluster, registry_id: str, registry: Json) -> tuple[Fix, ...]:
    """A private endpoint, which only Premium registries have, and the private DNS zone by which nodes find it."""
    here, endpoint = where(cluster.id), f"pe-{arm.name(registry_id)}"
    create = az(
        "network private-endpoint create",
        **here,
        name=endpoint,
        location=cluster.location or "<region>",
        subnet="<subnet-id>",
        private_connection_resource_id=registry_id,
        group_id="registry",
        connection_name=endpoint,
    )
    link = az(
        "network private-dns link vnet create",
        **here,
        zone_name=_ZONE,
        name=f"link-{cluster.name}",
        virtual_network="<vnet-id>",
        registration_enabled="false",
    )
    records = az(
        "network private-endpoint dns-zone-group create",
        **here,
        endpoint_name=endpoint,
        name="default",
        private_dns_zone=_ZONE,
        zone_name="registry",
    )
    zone = az("network private-dns zone create", **here, name=_ZONE)
    premium = () if _is_premium(registry) else (_upgrade(registry_id),)
    return (*premium, before(create), before(zone), before(link), before(records))


def _caching(registry_id: str, rules: tuple[Json, ...]) -> Iterator[Outcome]:
    """Whether the rule is there as AKS wants it; one that has its name or its target has to go first."""
    near = [row for row in rules if arm.same(_name(row), RULE) or _repository(row, "target") == TARGET]
    if any(arm.same(_name(row), RULE) and _repositories(row) == (SOURCE, TARGET) for row in near):
        yield Pass(registry_id, f"{arm.name(registry_id)} caches {SOURCE}")
        return
    rule = f"{RULE}: {SOURCE} -> {TARGET}"
    here = {**where(registry_id), "registry": arm.name(registry_id)}
    wrong = sorted(f"{_name(row)}: {' -> '.join(_repositories(row))}" for row in near)
    observed = f"{arm.name(registry_id)} has another cache rule, {', '.join(wrong)}" if wrong else ""
    delete = [before(az("acr cache delete", **here, name=name)) for name in sorted({_name(row) for row in near})]
    create = before(az("acr cache create", **here, name=RULE, source_repo=SOURCE, target_repo=TARGET))
    yield Warn(
        registry_id,
        observed or f"{arm.name(registry_id)} has no cache rule for {SOURCE}",
        fix=(*delete, create),
        expected=rule,
    )


def _name(rule: Json) -> str:
    return arm.text(rule, "name") or arm.name(arm.text(rule, "id") or "") or "unnamed"


def _repository(rule: Json, which: str) -> str:
    return (arm.text(rule, "properties", f"{which}Repository") or "").lower()


def _repositories(rule: Json) -> tuple[str, str]:
    return _repository(rule, "source"), _repository(rule, "target")


def _assignments_id(cluster: Cluster) -> str:
    """Where the roles of the identity are listed with which nodes pull images; raises Untold where there is none."""
    identity = cluster.text("identityProfile", "kubeletidentity", "objectId")
    if identity is None:
        raise Untold(cluster.id, "the cluster names no kubelet identity, so not which registries its nodes pull from")
    return questions.assigned_to(cluster.subscription_id, identity)


def _registries(cluster: Cluster) -> list[str]:
    """The registries that the nodes have a role at, sorted: neither AKS's own nor the one of EGR245; raises Unread."""
    scopes = (arm.text(row, "properties", "scope") or "" for row in _assignments(cluster))
    found = {scope.lower(): scope for scope in sorted(scopes) if _is_registry(scope) and not cluster.made_by_aks(scope)}
    stored = cluster.text("bootstrapProfile", "containerRegistryId")
    if stored and images_are_cached(cluster):
        found.pop(stored.lower(), None)
    return [found[key] for key in sorted(found)]


def _assignments(cluster: Cluster) -> tuple[Json, ...]:
    return cluster.snapshot.collection(_assignments_id(cluster))


def _pull_reads(cluster: Cluster, _: Request) -> Iterator[str]:
    yield _assignments_id(cluster)
    yield from _registries(cluster)


@check(
    "EGR247",
    "workload registries are reachable privately",
    to=ISOLATED,
    reads=_pull_reads,
    sources=(_PRIVATE, _ROLES),
    reference="https://learn.microsoft.com/azure/container-registry/container-registry-private-link",
    observed_at="registries that the kubelet identity may pull from, their private endpoint connections",
)
def workload_registries_are_private(cluster: Cluster, _: Request) -> Iterator[Outcome]:
    """Pods that start after the move cannot pull their images from a registry that answers on the internet alone."""
    hidden = _hidden(cluster)
    for scope, role in hidden:
        reason = f"{role} there lets nodes pull from registries that the assignment does not name"
        yield unknown(Untold(scope or None, reason))
    registries = _registries(cluster)
    if not registries:
        yield Pass(cluster.id, "none found in this subscription that the kubelet identity has a role at")
    for registry_id in registries:
        try:
            yield from _privacy(cluster, registry_id, cluster.snapshot.resource(registry_id))
        except Unread as unread:
            yield unknown(unread)


def _hidden(cluster: Cluster) -> list[tuple[str, str]]:
    """The scopes above registries at which nodes have a role to pull, and the role; raises Unread."""
    rows = _assignments(cluster)
    pairs = ((arm.text(row, "properties", "scope") or "", _role(row)) for row in rows)
    return sorted({(scope, role) for scope, role in pairs if role and _is_above(cluster, scope)})


def _role(assignment: Json) -> str | None:
    definition = arm.text(assignment, "properties", "roleDefinitionId") or ""
    return _PULLING.get(arm.name(definition).lower())


def _is_above(cluster: Cluster, scope: str) -> bool:
    """Whether a scope may hold registries of one's own: a group, a subscription, a management group."""
    kind = arm.resource_type(scope)
    return (not kind and not cluster.made_by_aks(scope)) or arm.same(kind, "Microsoft.Management/managementGroups")
