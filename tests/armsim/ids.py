"""Ids of Azure resources, taken apart and put together."""

from __future__ import annotations

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
OTHER_SUBSCRIPTION = "22222222-2222-2222-2222-222222222222"
GROUP, NETWORK_GROUP = "rg-shop", "rg-net"
LOCATION = "westeurope"


def scope(group: str, subscription: str = SUBSCRIPTION) -> str:
    return f"/subscriptions/{subscription}/resourceGroups/{group}"


def network_id(kind: str, name: str, group: str = NETWORK_GROUP, subscription: str = SUBSCRIPTION) -> str:
    return f"{scope(group, subscription)}/providers/Microsoft.Network/{kind}/{name}"


def cluster_id(name: str) -> str:
    return f"{scope(GROUP)}/providers/Microsoft.ContainerService/managedClusters/{name}"


def node_group(name: str) -> str:
    return f"MC_{GROUP}_{name}_{LOCATION}"


def name_of(resource_id: str) -> str:
    return resource_id.rstrip("/").rpartition("/")[2]


def type_of(path: str) -> str:
    """`Microsoft.Network/virtualNetworks/subnets`, in the letter case of the path; the innermost provider counts."""
    segments = path.strip("/").split("/")
    lower = [segment.lower() for segment in segments]
    if "providers" not in lower:
        return "Microsoft.Resources/resourceGroups" if len(segments) > 2 else "Microsoft.Resources/subscriptions"
    provider = len(lower) - 1 - lower[::-1].index("providers")
    return "/".join([segments[provider + 1], *segments[provider + 2 :: 2]])


def group_of(resource_id: str) -> str:
    """The scope of the resource group that an id is in, or of its subscription."""
    segments = resource_id.split("/")
    return "/".join(segments[:5] if len(segments) > 4 and segments[3].lower() == "resourcegroups" else segments[:3])


def parent_of(resource_id: str) -> str | None:
    """The resource that a child such as a subnet is in; None for a resource that is nobody's child."""
    if type_of(resource_id).count("/") < 2:
        return None
    return resource_id.rstrip("/").rsplit("/", 2)[0]


def same(one: str, other: str) -> bool:
    return one.lower() == other.lower()


def within(scope_id: str, resource_id: str) -> bool:
    """Whether a resource is a scope, or somewhere below it."""
    return f"{resource_id}/".lower().startswith(f"{scope_id.rstrip('/')}/".lower())
