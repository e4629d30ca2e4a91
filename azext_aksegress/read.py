"""What to read next: from what is known of a cluster to what is still wanted, round by round.

The depth of dependent reads is what a person waits for, so each round asks for everything that can be asked for, at
once and once only: virtual networks, subnets and known addresses; then route tables, NAT gateways and peers; then
firewalls' addresses and policies. What only some checks need, they name themselves.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Callable, Iterable, Iterator, Mapping, Optional, Sequence

from azext_aksegress import arm, egress, hops, matrix, profiles, questions
from azext_aksegress.arm import Json
from azext_aksegress.cluster import Cluster, Subnet
from azext_aksegress.snapshot import Answer, Snapshot, Unread

MAX_ROUNDS = 4
"""Dependent rounds at most after the cluster's own read, which makes five; what the last one cannot reach is unread."""

_NETWORK = "Microsoft.Network/virtualNetworks"
_SUBNET = f"{_NETWORK}/subnets"
_ADDRESSES = ("microsoft.network/publicipaddresses", "microsoft.network/publicipprefixes")

Fetch = Callable[[Mapping[str, Optional[Json]]], Mapping[str, Answer]]
"""Reads ids and collection ids, in parallel, and answers for each; with the body of those that Azure takes as POST."""
Wanted = Callable[[Cluster], Iterable[str]]
"""What else is wanted of a cluster, as far as it is known."""


def nothing_else(_: Cluster) -> Iterable[str]:
    """Only what says how egress goes."""
    return ()


def complete(snapshot: Snapshot, fetch: Fetch, own_ids: Sequence[str] = (), also: Wanted = nothing_else) -> Snapshot:
    """The snapshot with everything that is needed, read or unread: what egress goes through, the addresses that a
    request names (what is no address is not read), and what `also` wants."""
    named = [found for found in own_ids if arm.resource_type(found).lower() in _ADDRESSES]
    snapshot = snapshot.plus(_unplaced(Cluster(snapshot)))
    for _ in range(MAX_ROUNDS):
        cluster = Cluster(snapshot)
        wanted = {found.lower(): found for found in (*named, *_wanted(cluster), *also(cluster))}
        new = [found for found in wanted.values() if not snapshot.knows(found)]
        if not new:
            break
        snapshot = snapshot.plus(_with_children(fetch({found: questions.body(cluster, found) for found in new})))
    return snapshot


def _unplaced(cluster: Cluster) -> dict[str, Answer]:
    """The pools that name no subnet beside others that do: where their nodes are cannot be read."""
    try:
        pools = cluster.unplaced_pools
    except Unread:
        return {}
    return {pool.id: Unread(pool.id, "the pool names no subnet") for pool in pools}


def _wanted(cluster: Cluster) -> Iterator[str]:
    try:
        for outbound_type in profiles.PROFILES:
            yield from profiles.effective_ids(cluster, outbound_type)
        yield from profiles.stored_own_ids(cluster)
        for pool in cluster.pools:
            if pool.node_public_ip and pool.node_public_ip_prefix_id:
                yield pool.node_public_ip_prefix_id
        with suppress(Unread):  # without a node resource group, the subnets that the cluster names are still read
            if not cluster.byo_subnets:
                yield cluster.in_node_group(_NETWORK)
            yield cluster.in_node_group("Microsoft.Network/networkInterfaces")
        subnets = cluster.subnets
    except Unread:
        return
    for subnet in subnets:
        yield subnet.id
        if arm.same(arm.resource_type(subnet.id), _SUBNET):
            yield arm.parent(subnet.id)
        yield from _around(cluster, subnet)


def _around(cluster: Cluster, subnet: Subnet) -> Iterator[str]:
    for more in (_tables, _gateways, _firewalls, _behind_firewalls, _carried_addresses):
        try:
            yield from more(cluster, subnet)
        except Unread:
            continue


def _tables(_: Cluster, subnet: Subnet) -> Iterator[str]:
    table_id = subnet.route_table_id
    if table_id:
        yield table_id


def _gateways(cluster: Cluster, subnet: Subnet) -> Iterator[str]:
    """The NAT gateway and its addresses, unless routes of one's own carry all egress before it; a table is read first,
    since it can save the gateways of all subnets and their addresses."""
    gateway_id, table_id = subnet.nat_gateway_id, subnet.route_table_id
    if not gateway_id or (table_id and not subnet.snapshot.knows(table_id)):
        return
    is_asked_for = cluster.outbound_type == matrix.USER_ASSIGNED_NAT_GATEWAY or cluster.made_by_aks(gateway_id)
    if is_asked_for or not _is_routed(subnet):
        yield gateway_id
        gateway = subnet.nat_gateway
        yield from gateway.address_ids if gateway else ()


def _is_routed(subnet: Subnet) -> bool:
    """Whether it is known that routes of one's own carry all egress."""
    try:
        return all(route and route.diverts for route in subnet.internet_routes)
    except Unread:
        return False


def _firewalls(cluster: Cluster, subnet: Subnet) -> Iterator[str]:
    """Asked for as soon as a table of one's own is known, whose routes are read in the same round."""
    table_id = subnet.route_table_id
    if table_id and (not cluster.made_by_aks(table_id) or any(subnet.internet_routes)):
        yield from hops.firewalls_ids(subnet)


def _behind_firewalls(_: Cluster, subnet: Subnet) -> Iterator[str]:
    return hops.carrier_ids(subnet)


def _carried_addresses(cluster: Cluster, subnet: Subnet) -> Sequence[str]:
    return [address_id for found in egress.carriers_of(cluster, subnet, None) for address_id in found.address_ids]


def _with_children(answers: Mapping[str, Answer]) -> dict[str, Answer]:
    """A list of virtual networks holds them whole, and each of them its subnets; what has an answer of its own keeps
    it."""
    asked = {resource_id.lower() for resource_id in answers}
    found: dict[str, Answer] = {}
    for answer in answers.values():
        rows = answer if isinstance(answer, tuple) else (answer,) if isinstance(answer, dict) else ()
        networks = [row for row in rows if arm.same(arm.resource_type(arm.text(row, "id") or ""), _NETWORK)]
        for network in networks:
            found.update({network["id"]: network, **_subnets_of(network)})
    return {**{key: answer for key, answer in found.items() if key.lower() not in asked}, **answers}


def _subnets_of(network: Json) -> dict[str, Answer]:
    return {
        subnet["id"]: subnet
        for subnet in arm.objects(network, "properties", "subnets")
        if arm.text(subnet, "id") and "properties" in subnet
    }
