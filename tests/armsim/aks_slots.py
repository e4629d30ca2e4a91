"""What AKS refuses in a profile of outbound IPs: ranges, addresses that do not fit, and too few ports."""

from __future__ import annotations

import math
from typing import Any, Iterator

from tests.armsim.aks_goal import LB_PROFILE, MANAGED_IPS, STANDARD, STANDARD_V2
from tests.armsim.arm import Arm, Refusal
from tests.armsim.ids import within
from tests.armsim.messages import Json
from tests.armsim.network import user_of
from tests.armsim.node_group import group_scope, own_ids

PORTS_PER_IP = 64_000
_COUNTS = {LB_PROFILE: (1, 100), "natGatewayProfile": (1, 16)}
_IDLE = (4, 120)


def rules(arm: Arm, cluster: Json, key: str) -> Iterator[Refusal]:
    profile = cluster["properties"]["networkProfile"][key]
    yield from _ranges(profile, key)
    for resource_id in own_ids(profile):
        yield from _own_ip(arm, cluster, resource_id, key)
    if key == LB_PROFILE:
        yield from _ports(arm, cluster, profile)


def _refuse(code: str, message: str) -> Refusal:
    return Refusal(400, code, message, by_arm=False)


def _ranges(profile: Json, key: str) -> Iterator[Refusal]:
    managed = profile.get(MANAGED_IPS[key]) or {}
    low, high = _COUNTS[key]
    for name, lowest in (("count", low), ("countIPv6", 0)):
        yield from _range(managed.get(name), f"{key}.{MANAGED_IPS[key]}.{name}", lowest, high)
    yield from _range(profile.get("idleTimeoutInMinutes"), f"{key}.idleTimeoutInMinutes", *_IDLE)
    ports = profile.get("allocatedOutboundPorts")
    yield from _range(ports, f"{key}.allocatedOutboundPorts", 0, PORTS_PER_IP)
    if ports and ports % 8:
        yield _refuse("InvalidParameter", f"{key}.allocatedOutboundPorts must be a multiple of 8.")


def _range(value: Any, name: str, low: int, high: int) -> Iterator[Refusal]:
    if value is not None and not low <= value <= high:
        yield _refuse("InvalidParameter", f"The value of parameter {name} must be between {low} and {high}.")


def _own_ip(arm: Arm, cluster: Json, resource_id: str, key: str) -> Iterator[Refusal]:
    found = arm.estate.resources.get(resource_id.lower())
    if found is None:
        yield _refuse("InvalidResourceReference", f"Resource {resource_id} referenced by the cluster was not found.")
        return
    if (found.get("location") or "").lower() != cluster["location"].lower():
        yield _refuse("InvalidResourceReference", f"Resource {resource_id} is not in region {cluster['location']}.")
    sku = (found.get("sku") or {}).get("name", "Basic")
    wanted = STANDARD if key == LB_PROFILE else STANDARD_V2
    if sku != wanted:
        yield _refuse("PublicIPAndLBSkuDoNotMatch", f"Resource {resource_id} has SKU {sku}, and {wanted} is needed.")
    user = user_of(arm.estate, resource_id)
    if user and not within(group_scope(cluster), user):
        message = f"Resource {resource_id} is already referenced by {user}."
        yield _refuse("PublicIPReferencedByMultipleIPConfigs", message)


def _ports(arm: Arm, cluster: Json, profile: Json) -> Iterator[Refusal]:
    ports = profile.get("allocatedOutboundPorts") or 0
    nodes = sum(_nodes(pool) for pool in cluster["properties"].get("agentPoolProfiles") or [])
    ips = sum(_addresses(arm.estate[found]) for found in own_ids(profile))
    ips = ips or (profile.get("managedOutboundIPs") or {}).get("count", 1)
    if ports * nodes > PORTS_PER_IP * ips:
        message = (
            f"Load balancer profile allocated ports {ports} is not in an allowable range given the number of nodes and "
            f"IPs provisioned. Total node count {nodes} requires {ports * nodes} ports but only {PORTS_PER_IP * ips} "
            f"ports are available given {ips} outbound public IPs."
        )
        yield _refuse("InvalidLoadBalancerProfileAllocatedOutboundPorts", message)


def _nodes(pool: Json) -> int:
    """The nodes there are, and the surge of an upgrade."""
    count = int(pool.get("count") or 0)
    surge = str((pool.get("upgradeSettings") or {}).get("maxSurge") or "10%")
    return count + (math.ceil(count * int(surge[:-1]) / 100) if surge.endswith("%") else int(surge))


def _addresses(resource: Json) -> int:
    prefix = resource["properties"].get("prefixLength")
    return int(2 ** (32 - prefix)) if prefix else 1
