"""What to read next: from what is known of a cluster to what is still wanted, round by round.

The depth of dependent reads is what a person waits for, so each round asks for everything that can be asked for, at
once and once only: subnets and known addresses; then route tables, NAT gateways and firewalls; then their addresses.
"""

from __future__ import annotations

from typing import Callable, Iterator, Mapping, Sequence

from azext_aksegress import arm, egress, profiles
from azext_aksegress.arm import Json
from azext_aksegress.cluster import Cluster, Subnet
from azext_aksegress.snapshot import Answer, Snapshot, Unread

MAX_ROUNDS = 5
"""Dependent rounds at most, the cluster's own read not counted; today's references end after three."""

_ADDRESSES = ("microsoft.network/publicipaddresses", "microsoft.network/publicipprefixes")

Fetch = Callable[[Sequence[str]], Mapping[str, Answer]]
"""Reads ids and collection ids, in parallel, and answers for each of them."""


def complete(snapshot: Snapshot, fetch: Fetch, also: Sequence[str] = ()) -> Snapshot:
    """The snapshot with everything that the checks need, read or unread; `also` are the addresses that a request
    names: what is no address is not read."""
    also = [found for found in also if arm.resource_type(found).lower() in _ADDRESSES]
    snapshot = snapshot.plus(_unplaced(Cluster(snapshot)))
    for _ in range(MAX_ROUNDS):
        ids = _new(snapshot, also)
        if not ids:
            break
        snapshot = snapshot.plus(_with_children(fetch(ids)))
    return snapshot


def _unplaced(cluster: Cluster) -> dict[str, Answer]:
    """The pools that name no subnet beside others that do: where their nodes are cannot be read."""
    try:
        pools = cluster.unplaced_pools
    except Unread:
        return {}
    return {pool.id: Unread(pool.id, "the pool names no subnet") for pool in pools}


def _new(snapshot: Snapshot, also: Sequence[str]) -> list[str]:
    wanted = {resource_id.lower(): resource_id for resource_id in (*also, *_wanted(Cluster(snapshot)))}
    return [resource_id for resource_id in wanted.values() if not snapshot.knows(resource_id)]


def _wanted(cluster: Cluster) -> Iterator[str]:
    try:
        for outbound_type in profiles.PROFILES:
            yield from profiles.effective_ids(cluster, outbound_type)
        yield from profiles.stored_own_ids(cluster)
        for pool in cluster.pools:
            if pool.node_public_ip and pool.node_public_ip_prefix_id:
                yield pool.node_public_ip_prefix_id
        if not cluster.byo_subnets and cluster.managed_vnets_id:
            yield cluster.managed_vnets_id
        subnets = cluster.subnets
    except Unread:
        return
    for subnet in subnets:
        yield subnet.id
        yield from _around(cluster, subnet)


def _around(cluster: Cluster, subnet: Subnet) -> Iterator[str]:
    try:
        table_id, gateway_id = subnet.route_table_id, subnet.nat_gateway_id
    except Unread:
        return
    if table_id:
        yield table_id
        if not cluster.made_by_aks(table_id) or _has_default_route(subnet):
            yield egress.firewalls_id(subnet.id)
    if gateway_id:
        yield gateway_id
    for addresses in (_gateway_addresses, _carried_addresses):
        try:
            yield from addresses(cluster, subnet)
        except Unread:
            continue


def _has_default_route(subnet: Subnet) -> bool:
    try:
        return subnet.default_route is not None
    except Unread:
        return False


def _gateway_addresses(_: Cluster, subnet: Subnet) -> Sequence[str]:
    gateway = subnet.nat_gateway
    return gateway.address_ids if gateway else ()


def _carried_addresses(cluster: Cluster, subnet: Subnet) -> Sequence[str]:
    return [address_id for found in egress.carriers_of(cluster, subnet, None) for address_id in found.address_ids]


def _with_children(answers: Mapping[str, Answer]) -> dict[str, Answer]:
    """A virtual network's answer holds its subnets whole, so they need no read of their own."""
    found: dict[str, Answer] = dict(answers)
    for answer in answers.values():
        if isinstance(answer, tuple):
            found.update(_subnets_of(answer))
    return found


def _subnets_of(networks: Sequence[Json]) -> dict[str, Answer]:
    return {
        subnet["id"]: subnet
        for network in networks
        for subnet in arm.objects(network, "properties", "subnets")
        if arm.text(subnet, "id") and "properties" in subnet
    }
