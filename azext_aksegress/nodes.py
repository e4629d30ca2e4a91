"""The nodes of a cluster as Compute lists them in its node resource group: which of them can be asked for a subnet."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Callable, Iterable, Iterator

from azext_aksegress import arm
from azext_aksegress.arm import Json
from azext_aksegress.cluster import Cluster, Subnet
from azext_aksegress.snapshot import Unread, Untold

SCALE_SETS, MACHINES = "Microsoft.Compute/virtualMachineScaleSets", "Microsoft.Compute/virtualMachines"
INTERFACES = "Microsoft.Network/networkInterfaces"
POOL_TAG = "aks-managed-poolName"
"""The tag by which AKS names the pool of a scale set."""
LINUX, WINDOWS = "Linux", "Windows"
NOBODY = "no node on it can be asked; where its pools are scaled to nothing, scale one up"
_OURS = (SCALE_SETS.lower(), f"{SCALE_SETS}/virtualMachines".lower(), MACHINES.lower())


@dataclass(frozen=True)
class Node:
    """One virtual machine of a cluster, in a scale set or by itself, and its operating system."""

    id: str
    name: str
    os: str
    is_whole: bool
    """Whether Compute has nothing to say against it: its provisioningState is Succeeded."""


def wanted(cluster: Cluster) -> Iterator[str]:
    """What tells the nodes of a cluster, as far as it is known where; raises Unread."""
    yield from (cluster.in_node_group(kind) for kind in (SCALE_SETS, MACHINES, INTERFACES))
    for scale_set in cluster.snapshot.collection(cluster.in_node_group(SCALE_SETS)):
        if _is_a_node(cluster, scale_set):
            yield arm.child(scale_set["id"], "virtualMachines")


def on(cluster: Cluster, subnet: Subnet) -> tuple[Node, ...]:
    """The nodes on a subnet, the likeliest to answer first; raises Unread where none is known."""
    found: list[Node] = []
    unread: list[Unread] = []
    for source in (_in_scale_sets, _by_themselves):
        try:
            found += source(cluster, subnet.id, unread.append)
        except Unread as error:
            unread.append(error)
    if not found and unread:
        raise unread[0]
    if not found:
        raise Untold(subnet.id, _nobody(cluster, subnet))
    return tuple(sorted(found, key=lambda node: (not node.is_whole, node.os != LINUX, node.id.lower())))


def _nobody(cluster: Cluster, subnet: Subnet) -> str:
    """Why there is no node to ask, in words."""
    with suppress(Unread):
        pods_only = [pool.name for pool in cluster.pools if arm.same(pool.pod_subnet_id, subnet.id)]
        if pods_only:
            return f"only pods are on it, which no node can speak for; ask from a pod of pool {pods_only[0]}"
    return NOBODY


def _in_scale_sets(cluster: Cluster, subnet_id: str, lacks: Callable[[Unread], None]) -> Iterator[Node]:
    for scale_set in cluster.snapshot.collection(cluster.in_node_group(SCALE_SETS)):
        profile = arm.dig(scale_set, "properties", "virtualMachineProfile")
        interfaces = arm.objects(profile, "networkProfile", "networkInterfaceConfigurations")
        if not _is_a_node(cluster, scale_set) or not arm.same(_first_subnet(interfaces), subnet_id):
            continue
        try:
            rows = cluster.snapshot.collection(arm.child(scale_set["id"], "virtualMachines"))
        except Unread as unread:
            lacks(unread)
            continue
        system = arm.text(profile, "storageProfile", "osDisk", "osType") or _system_of_pool(cluster, scale_set)
        yield from _understood(cluster, rows, system)


def _system_of_pool(cluster: Cluster, scale_set: Json) -> str | None:
    """The operating system that the cluster says of the pool behind a scale set, where Compute says none; raises
    Unread."""
    tag = arm.text(scale_set, "tags", POOL_TAG)
    return next((arm.text(pool.document, "osType") for pool in cluster.pools if arm.same(pool.name, tag)), None)


def _by_themselves(cluster: Cluster, subnet_id: str, _: Callable[[Unread], None]) -> Iterator[Node]:
    """Nodes in no scale set, as those of pools of virtual machines and of node auto-provisioning."""
    interfaces = cluster.snapshot.collection(cluster.in_node_group(INTERFACES))
    here = [row for row in interfaces if arm.same(_first_subnet([row]), subnet_id)]
    ids = {(arm.text(row, "properties", "virtualMachine", "id") or "").lower() for row in here}
    if ids - {""}:
        rows = cluster.snapshot.collection(cluster.in_node_group(MACHINES))
        mine = [row for row in rows if (arm.text(row, "id") or "").lower() in ids and _is_a_node(cluster, row)]
        yield from _understood(cluster, mine, None)


def _understood(cluster: Cluster, rows: Iterable[Json], by_default: str | None) -> Iterator[Node]:
    """The machines of which Compute tells the system; a command runs on nothing outside the node resource group."""
    for row in rows:
        system = arm.text(row, "properties", "storageProfile", "osDisk", "osType") or by_default
        known = next((found for found in (LINUX, WINDOWS) if arm.same(found, system)), None)
        if known and _is_ours(cluster, row):
            name = arm.text(row, "properties", "osProfile", "computerName") or arm.text(row, "name")
            whole = arm.same(arm.text(row, "properties", "provisioningState"), "Succeeded")
            yield Node(row["id"], name or arm.name(row["id"]), known, whole)


def _is_a_node(cluster: Cluster, resource: Json) -> bool:
    """Whether AKS made a scale set or machine: others may put theirs into the same group, which speaks for nobody. AKS
    names all of its own so, and tags those of pools."""
    named = arm.name(arm.text(resource, "id") or "").lower().startswith("aks")
    return _is_ours(cluster, resource) and (named or arm.text(resource, "tags", POOL_TAG) is not None)


def _is_ours(cluster: Cluster, resource: Json) -> bool:
    """Whether what Azure names is of Compute, and in the node resource group."""
    resource_id = arm.text(resource, "id") or ""
    return arm.resource_type(resource_id).lower() in _OURS and cluster.made_by_aks(resource_id)


def _first_subnet(interfaces: Iterable[Json]) -> str | None:
    """The subnet of the primary configuration of the primary interface, by which a machine itself sends."""
    rows = [
        (not arm.flag(interface, "properties", "primary"), not arm.flag(row, "properties", "primary"), row)
        for interface in interfaces
        for row in arm.objects(interface, "properties", "ipConfigurations")
    ]
    first = min(rows, key=lambda row: row[:2], default=None)
    return arm.text(first[2], "properties", "subnet", "id") if first else None
