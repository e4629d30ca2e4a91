"""The effective path: what really carries a subnet's egress, and the addresses that the internet sees.

In this order: a 0.0.0.0/0 route to an appliance or gateway, a NAT gateway, a node's own public IP, the load balancer
(Microsoft, NAT gateway documentation, "Outbound connectivity precedence"; the catalogue of checks, "Effective path").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Iterator

from azext_aksegress import arm, hops, matrix, profiles
from azext_aksegress.cluster import Cluster, Subnet
from azext_aksegress.network import DROPPING_HOPS, Route
from azext_aksegress.pools import Pool
from azext_aksegress.request import Request
from azext_aksegress.snapshot import Unread, Untold

VIRTUAL_APPLIANCE = "virtualAppliance"
VIRTUAL_NETWORK_GATEWAY = "virtualNetworkGateway"
NAT_GATEWAY = "natGateway"
NODE_PUBLIC_IP = "nodePublicIP"
LOAD_BALANCER = "loadBalancer"
NO_PATH = "none"
UNKNOWN = "unknown"

NEVER_MADE_BY_AKS = (VIRTUAL_APPLIANCE, VIRTUAL_NETWORK_GATEWAY, NODE_PUBLIC_IP)
"""Carriers whose public addresses stay with their owner, whatever AKS deletes for the path that is left."""

MADE_BY_THE_MOVE = "AKS makes the addresses during the move"
CHOSEN_BY_AKS = "AKS chooses which of today's addresses stay"
NO_WAY_OUT = "has no way out"
"""Of a subnet that is known to be without: no route, no NAT gateway, or one without an address."""
BGP = "a default route learned by BGP, which is possible here, is invisible to ARM"


@dataclass(frozen=True)
class Carrier:
    """What carries the egress of a subnet: its kind, the public IP resources behind it, or why they are unknown; `via`
    is the id of its NAT gateway, or the address of its next hop."""

    kind: str
    address_ids: tuple[str, ...] = ()
    unknown: Unread | None = None
    via: str | None = None


@dataclass(frozen=True)
class Addresses:
    """Public addresses and prefixes, each once, in the order found; `unknown` says what is missing from them."""

    known: tuple[str, ...]
    unknown: tuple[Unread, ...]

    @property
    def complete(self) -> bool:
        """Whether these are all."""
        return not self.unknown


def effective_path(cluster: Cluster, subnet: Subnet) -> str:
    """The kind of carrier of a subnet today, several where its pools differ, `unknown` where it could not be read."""
    try:
        return ", ".join(dict.fromkeys(found.kind for found in carriers_of(cluster, subnet, None)))
    except Unread:
        return UNKNOWN


def carriers_of(cluster: Cluster, subnet: Subnet, request: Request | None) -> tuple[Carrier, ...]:
    """What carries a subnet's egress once the cluster is as requested, or today where nothing is; several where only
    some of its pools have nodes with a public IP; raises Unread."""
    return cluster.once((_carriers_of, subnet.id, request), lambda: _carriers_of(cluster, subnet, request))


def _carriers_of(cluster: Cluster, subnet: Subnet, request: Request | None) -> tuple[Carrier, ...]:
    outbound_type = request.to if request else cluster.outbound_type
    if outbound_type == matrix.BLOCK:
        return (Carrier(NO_PATH),)
    routed = [_routed(subnet, route) for route in subnet.internet_routes]
    ways = [found for found in routed if found]
    if len(ways) < len(routed):
        rest = _unrouted(cluster, subnet, request)
        if subnet.may_learn_a_default_route:
            learned = Carrier(UNKNOWN, unknown=Untold(subnet.id, BGP))
            rest = (*(found for found in rest if found.kind != NO_PATH), learned)
        ways += rest
    return tuple(dict.fromkeys(ways))


def _unrouted(cluster: Cluster, subnet: Subnet, request: Request | None) -> tuple[Carrier, ...]:
    """What carries the egress that no route of one's own does."""
    outbound_type = request.to if request else cluster.outbound_type
    gateway = subnet.nat_gateway
    new = request is not None and not profiles.keeps_addresses(cluster, request)
    makes_its_own = outbound_type == matrix.MANAGED_NAT_GATEWAY and new
    if gateway and not makes_its_own and not goes_with_the_move(cluster, gateway.id, outbound_type):
        lasts = request is None or bool(gateway.address_ids)  # one without address must get some, or another way out
        nothing = None if lasts else Untold(subnet.id, NO_WAY_OUT)
        return (Carrier(NAT_GATEWAY, gateway.address_ids, nothing, gateway.id),)
    rest = _default_carrier(cluster, subnet, request)
    if outbound_type == matrix.MANAGED_NAT_GATEWAY:  # its NAT gateway goes before a node's own address
        return (rest,)
    pools = [pool for pool in cluster.pools if pool.name in subnet.pools]
    public = tuple(_node_public_ips(pool) for pool in pools if pool.node_public_ip)
    return public if public and len(public) == len(subnet.pools) else (*public, rest)


def _node_public_ips(pool: Pool) -> Carrier:
    if pool.node_public_ip_prefix_id:
        return Carrier(NODE_PUBLIC_IP, (pool.node_public_ip_prefix_id,))
    return Carrier(NODE_PUBLIC_IP, unknown=Untold(pool.id, "each node has a public IP of its own"))


def _routed(subnet: Subnet, route: Route | None) -> Carrier | None:
    if route is None or not route.diverts:
        return None
    hop = route.next_hop_type
    if any(arm.same(hop, dropping) for dropping in DROPPING_HOPS):
        return Carrier(NO_PATH)
    if arm.same(hop, "VirtualNetworkGateway"):
        unknown = Untold(subnet.route_table_id, "egress leaves through a virtual network gateway")
        return Carrier(VIRTUAL_NETWORK_GATEWAY, unknown=unknown)
    if not arm.same(hop, "VirtualAppliance"):
        return Carrier(UNKNOWN, unknown=Untold(subnet.route_table_id, f"where next hop type {hop or 'nothing'} leads"))
    try:
        ids = hops.firewall_address_ids(subnet, route.next_hop_address)
        return Carrier(VIRTUAL_APPLIANCE, ids, via=route.next_hop_address)
    except Unread as unread:
        return Carrier(VIRTUAL_APPLIANCE, unknown=unread, via=route.next_hop_address)


def goes_with_the_move(cluster: Cluster, gateway_id: str, outbound_type: str) -> bool:
    """AKS removes the NAT gateway that it made when a cluster leaves managedNATGateway; raises Unread."""
    leaves = cluster.outbound_type == matrix.MANAGED_NAT_GATEWAY != outbound_type
    return leaves and cluster.made_by_aks(gateway_id)


def _default_carrier(cluster: Cluster, subnet: Subnet | None, request: Request | None) -> Carrier:
    outbound_type = request.to if request else cluster.outbound_type
    kind = {matrix.LOAD_BALANCER: LOAD_BALANCER, matrix.MANAGED_NAT_GATEWAY: NAT_GATEWAY}.get(outbound_type)
    if kind:
        return _to_come(cluster, kind, request) if request else _effective(cluster, kind)
    if outbound_type in matrix.ISOLATED or subnet is None:
        return Carrier(NO_PATH)
    return Carrier(NO_PATH, unknown=Untold(subnet.id, NO_WAY_OUT))


def _effective(cluster: Cluster, kind: str) -> Carrier:
    """The load balancer or NAT gateway of AKS as it is today."""
    ids = profiles.effective_ids(cluster, cluster.outbound_type)
    unknown = Unread(cluster.id, "Azure's answer lists no effective outbound IPs")
    return Carrier(kind, ids, None if ids else unknown)


def _to_come(cluster: Cluster, kind: str, request: Request) -> Carrier:
    """The same as requested: with addresses of one's own, with those that stay, or with those that AKS will make."""
    if request.own_ids:
        return Carrier(kind, request.own_ids)
    made = Carrier(kind, unknown=Untold(cluster.id, MADE_BY_THE_MOVE))
    if cluster.outbound_type != request.to or profiles.renews_addresses(cluster, request):
        return made
    if not profiles.has_what_it_stores(cluster):  # an update failed, and is sent again
        own = profiles.stored_own_ids(cluster)
        return Carrier(kind, own) if own else made
    more, fewer = profiles.more_and_fewer(cluster, request)
    reason = MADE_BY_THE_MOVE if more else CHOSEN_BY_AKS if fewer else None
    stay = () if more and fewer else profiles.effective_ids(cluster, request.to)
    return Carrier(kind, stay, Untold(cluster.id, reason) if reason else None)


def carriers(cluster: Cluster, request: Request | None) -> Iterator[Carrier]:
    """The carriers of all subnets as requested, or today where nothing is; what could not be read is an unknown one;
    raises Unread."""
    subnets: tuple[Subnet, ...] = ()
    try:
        subnets = cluster.subnets
    except Unread as unread:
        yield Carrier(UNKNOWN, unknown=unread)
    if not subnets and cluster.vnet == matrix.MANAGED_VNET:  # in AKS's own network, AKS's own path
        yield _default_carrier(cluster, None, request)
    for subnet in subnets:
        try:
            yield from carriers_of(cluster, subnet, request)
        except Unread as unread:
            yield Carrier(UNKNOWN, unknown=unread)


def of_subnet(cluster: Cluster, subnet: Subnet) -> Addresses:
    """The addresses that the internet sees of one subnet today."""
    try:
        return _addresses(cluster, carriers_of(cluster, subnet, None))
    except Unread as unread:
        return Addresses((), (unread,))


def _addresses(cluster: Cluster, carried: Iterable[Carrier]) -> Addresses:
    known: list[str] = []
    unknown: list[Unread] = []
    for found in carried:
        if found.unknown:
            unknown.append(found.unknown)
        for address_id in found.address_ids:
            try:
                known.append(profiles.address(cluster.snapshot, address_id))
            except Unread as unread:
                unknown.append(unread)
    return Addresses(tuple(dict.fromkeys(known)), tuple(_once(unknown)))


def before(cluster: Cluster) -> Addresses:
    """The addresses that the internet sees today."""
    try:
        return _addresses(cluster, carriers(cluster, None))
    except Unread as unread:
        return Addresses((), (unread,))


def after(cluster: Cluster, request: Request) -> Addresses:
    """The addresses that the internet will see after the move."""
    try:
        return _addresses(cluster, carriers(cluster, request))
    except Unread as unread:
        return Addresses((), (unread,))


def settled(cluster: Cluster, request: Request) -> Addresses:
    """The same once nothing stands before the path of the target any more: no route before a NAT gateway, and neither
    before what AKS makes; as `after` for userDefinedRouting, which is the route."""
    if request.to in matrix.ISOLATED:
        return Addresses((), ())
    if request.to == matrix.USER_DEFINED_ROUTING:
        return after(cluster, request)
    try:
        made = _default_carrier(cluster, None, request)
        gateways = [subnet.nat_gateway for subnet in cluster.subnets if request.to == matrix.USER_ASSIGNED_NAT_GATEWAY]
        ids = [*made.address_ids, *(found for gateway in gateways if gateway for found in gateway.address_ids)]
        known = tuple(profiles.address(cluster.snapshot, found) for found in ids)
    except Unread as unread:
        return Addresses((), (unread,))
    return Addresses(tuple(dict.fromkeys(known)), (made.unknown,) if made.unknown else ())


def to_admit(cluster: Cluster, request: Request) -> tuple[str, ...]:
    """The addresses of the move that are known before it, also those of a path that something stands before until it is
    taken away: whoever admits the cluster must know them all."""
    return tuple(dict.fromkeys((*after(cluster, request).known, *settled(cluster, request).known)))


def in_force(cluster: Cluster) -> bool:
    """Whether what carries egress today fits the stored outbound type; after a failed update it may not. A load
    balancer's addresses beside a managed NAT gateway do no harm, since the gateway goes first.

    Raises Unread.
    """
    load_balancer, nat_gateway = (profiles.effective_ids(cluster, outbound_type) for outbound_type in profiles.PROFILES)
    if cluster.outbound_type == matrix.LOAD_BALANCER:
        return profiles.has_what_it_stores(cluster) and not nat_gateway
    if cluster.outbound_type == matrix.MANAGED_NAT_GATEWAY:
        return profiles.has_what_it_stores(cluster)
    if load_balancer or nat_gateway:
        return False
    if cluster.outbound_type == matrix.USER_ASSIGNED_NAT_GATEWAY:
        return all(subnet.nat_gateway and subnet.nat_gateway.address_ids for subnet in cluster.subnets)
    if cluster.outbound_type == matrix.USER_DEFINED_ROUTING:
        return all(_is_routed(cluster, subnet) for subnet in cluster.subnets)
    return True


def _is_routed(cluster: Cluster, subnet: Subnet) -> bool:
    found = carriers_of(cluster, subnet, Request(matrix.USER_DEFINED_ROUTING))
    for carrier in found:
        if carrier.kind == UNKNOWN and carrier.unknown:
            raise carrier.unknown
    return all(carrier.kind in (VIRTUAL_APPLIANCE, VIRTUAL_NETWORK_GATEWAY) for carrier in found)


def _once(unknown: Iterable[Unread]) -> Iterator[Unread]:
    seen = set()
    for unread in unknown:
        key = ((unread.id or "").lower(), unread.reason)
        if key not in seen:
            seen.add(key)
            yield unread
