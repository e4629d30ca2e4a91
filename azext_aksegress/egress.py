"""The effective path: what really carries a subnet's egress, and the addresses that the internet sees.

In this order: a 0.0.0.0/0 route to an appliance or gateway, a NAT gateway, a node's own public IP, the load balancer
(Microsoft, NAT gateway documentation, "Outbound connectivity precedence"; the catalogue of checks, "Effective path").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Iterator

from azext_aksegress import arm, matrix
from azext_aksegress.cluster import Cluster, Pool, Subnet
from azext_aksegress.network import DROPPING_HOPS
from azext_aksegress.snapshot import Snapshot, Unread

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
NO_WAY_OUT = "has no way out"


@dataclass(frozen=True)
class Carrier:
    """What carries the egress of a subnet: its kind, the public IP resources behind it, or why they are unknown."""

    kind: str
    address_ids: tuple[str, ...] = ()
    unknown: Unread | None = None


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
        return ", ".join(dict.fromkeys(found.kind for found in carriers_of(cluster, subnet, cluster.outbound_type)))
    except Unread:
        return UNKNOWN


def carriers_of(cluster: Cluster, subnet: Subnet, outbound_type: str) -> tuple[Carrier, ...]:
    """What carries a subnet's egress once the cluster is on an outbound type; several where only some of its pools
    have nodes with a public IP; raises Unread."""
    if outbound_type == matrix.BLOCK:
        return (Carrier(NO_PATH),)
    routed = _routed(cluster, subnet)
    if routed:
        return (routed,)
    gateway = subnet.nat_gateway
    makes_its_own = outbound_type == matrix.MANAGED_NAT_GATEWAY != cluster.outbound_type
    if gateway and not makes_its_own and not goes_with_the_move(cluster, gateway.id, outbound_type):
        return (Carrier(NAT_GATEWAY, gateway.address_ids),)
    rest = _default_carrier(cluster, subnet, outbound_type)
    if outbound_type == matrix.MANAGED_NAT_GATEWAY:  # its NAT gateway goes before a node's own address
        return (rest,)
    pools = [pool for pool in cluster.pools if pool.name in subnet.pools]
    public = tuple(_node_public_ips(pool) for pool in pools if pool.node_public_ip)
    return public if public and len(public) == len(subnet.pools) else (*public, rest)


def _node_public_ips(pool: Pool) -> Carrier:
    if pool.node_public_ip_prefix_id:
        return Carrier(NODE_PUBLIC_IP, (pool.node_public_ip_prefix_id,))
    return Carrier(NODE_PUBLIC_IP, unknown=Unread(pool.id, "each node has a public IP of its own"))


def _routed(cluster: Cluster, subnet: Subnet) -> Carrier | None:
    route = subnet.default_route
    if route is None or arm.same(route.next_hop_type, "Internet"):
        return None
    hop = route.next_hop_type
    if any(arm.same(hop, dropping) for dropping in DROPPING_HOPS):
        return Carrier(NO_PATH)
    if arm.same(hop, "VirtualNetworkGateway"):
        unknown = Unread(subnet.route_table_id, "egress leaves through a virtual network gateway")
        return Carrier(VIRTUAL_NETWORK_GATEWAY, unknown=unknown)
    if not arm.same(hop, "VirtualAppliance"):
        return Carrier(UNKNOWN, unknown=Unread(subnet.route_table_id, f"where next hop type {hop or 'nothing'} leads"))
    try:
        return Carrier(VIRTUAL_APPLIANCE, _firewall_address_ids(cluster.snapshot, subnet, route.next_hop_address))
    except Unread as unread:
        return Carrier(VIRTUAL_APPLIANCE, unknown=unread)


def goes_with_the_move(cluster: Cluster, gateway_id: str, outbound_type: str) -> bool:
    """AKS removes the NAT gateway that it made when a cluster leaves managedNATGateway; raises Unread."""
    leaves = cluster.outbound_type == matrix.MANAGED_NAT_GATEWAY != outbound_type
    return leaves and cluster.made_by_aks(gateway_id)


def _default_carrier(cluster: Cluster, subnet: Subnet | None, outbound_type: str) -> Carrier:
    today = cluster.outbound_type == outbound_type
    if outbound_type == matrix.LOAD_BALANCER:
        return _made_by_aks(cluster, LOAD_BALANCER, "loadBalancerProfile", today)
    if outbound_type == matrix.MANAGED_NAT_GATEWAY:
        return _made_by_aks(cluster, NAT_GATEWAY, "natGatewayProfile", today)
    table = subnet.route_table if subnet else None
    own_way_out = outbound_type in (matrix.USER_DEFINED_ROUTING, matrix.NONE)
    if own_way_out and table and table.default_route is None and table.bgp_propagation:
        return Carrier(UNKNOWN, unknown=Unread(table.id, "a default route learned by BGP is invisible to ARM"))
    if outbound_type in matrix.ISOLATED or subnet is None:
        return Carrier(NO_PATH)
    return Carrier(NO_PATH, unknown=Unread(subnet.id, NO_WAY_OUT))


def _made_by_aks(cluster: Cluster, kind: str, profile: str, today: bool) -> Carrier:
    ids = effective_ids(cluster, profile)
    if today and ids:
        return Carrier(kind, ids)
    reason = "Azure's answer lists no effective outbound IPs" if today else MADE_BY_THE_MOVE
    return Carrier(kind, unknown=Unread(cluster.id, reason))


def effective_ids(cluster: Cluster, profile: str) -> tuple[str, ...]:
    """The ids in `effectiveOutboundIPs` of the load balancer's or NAT gateway's profile."""
    return arm.references(cluster.setting("networkProfile", profile), "effectiveOutboundIPs")


def firewalls_id(subnet_or_table_id: str) -> str:
    """The id of the collection of Azure Firewalls of the subscription that something is in."""
    subscription = arm.part(subnet_or_table_id, "subscriptions")
    return f"/subscriptions/{subscription}/providers/Microsoft.Network/azureFirewalls"


def _firewall_address_ids(snapshot: Snapshot, subnet: Subnet, hop: str | None) -> tuple[str, ...]:
    """The public IPs of the one firewall with a private address; two with the same one leave it open."""
    found = [
        tuple(arm.text(item, "properties", "publicIPAddress", "id") or "" for item in configurations)
        for configurations in (
            arm.objects(firewall, "properties", "ipConfigurations")
            for firewall in snapshot.collection(firewalls_id(subnet.id))
        )
        if hop and hop in (arm.text(item, "properties", "privateIPAddress") for item in configurations)
    ]
    if len(found) != 1:
        raise Unread(subnet.route_table_id, f"the public addresses behind next hop {hop or 'without address'}")
    return tuple(address_id for address_id in found[0] if address_id)


def carriers(cluster: Cluster, outbound_type: str) -> Iterator[Carrier]:
    """The carriers of all subnets on an outbound type; what could not be read is an unknown carrier; raises Unread."""
    subnets: tuple[Subnet, ...] = ()
    try:
        subnets = cluster.subnets
    except Unread as unread:
        yield Carrier(UNKNOWN, unknown=unread)
    if not subnets and cluster.vnet == matrix.MANAGED_VNET:  # in AKS's own network, AKS's own path
        yield _default_carrier(cluster, None, outbound_type)
    for subnet in subnets:
        try:
            yield from carriers_of(cluster, subnet, outbound_type)
        except Unread as unread:
            yield Carrier(UNKNOWN, unknown=unread)


def _addresses(cluster: Cluster, outbound_type: str) -> Addresses:
    known: list[str] = []
    unknown: list[Unread] = []
    for found in carriers(cluster, outbound_type):
        if found.unknown:
            unknown.append(found.unknown)
        for address_id in found.address_ids:
            try:
                known.append(address(cluster.snapshot, address_id))
            except Unread as unread:
                unknown.append(unread)
    return Addresses(tuple(dict.fromkeys(known)), tuple(_once(unknown)))


def before(cluster: Cluster) -> Addresses:
    """The addresses that the internet sees today."""
    try:
        return _addresses(cluster, cluster.outbound_type)
    except Unread as unread:
        return Addresses((), (unread,))


def after(cluster: Cluster, target: str, nat_gateway_sku: str | None) -> Addresses:
    """The addresses that the internet will see after the move."""
    try:
        if renews_nat_gateway(cluster, target, nat_gateway_sku):
            return Addresses((), (Unread(cluster.id, MADE_BY_THE_MOVE),))
        return _addresses(cluster, target)
    except Unread as unread:
        return Addresses((), (unread,))


def renews_nat_gateway(cluster: Cluster, target: str, nat_gateway_sku: str | None) -> bool:
    """Whether the type stays managedNATGateway and only the gateway's SKU changes, which is a move of its own:
    AKS deletes and makes the gateway anew (AKS engineering blog, 2026-09-29); raises Unread."""
    if not cluster.outbound_type == target == matrix.MANAGED_NAT_GATEWAY or nat_gateway_sku is None:
        return False
    return not arm.same(nat_gateway_sku, cluster.nat_gateway_sku or matrix.STANDARD)


def in_force(cluster: Cluster) -> bool:
    """Whether what carries egress today fits the stored outbound type; after a failed update it may not.

    Raises Unread.
    """
    load_balancer, nat_gateway = (
        effective_ids(cluster, profile) for profile in ("loadBalancerProfile", "natGatewayProfile")
    )
    if cluster.outbound_type == matrix.LOAD_BALANCER:
        return bool(load_balancer) and not nat_gateway
    if cluster.outbound_type == matrix.MANAGED_NAT_GATEWAY:
        return bool(nat_gateway)
    if load_balancer or nat_gateway:
        return False
    if cluster.outbound_type == matrix.USER_ASSIGNED_NAT_GATEWAY:
        return all(subnet.nat_gateway and subnet.nat_gateway.address_ids for subnet in cluster.subnets)
    if cluster.outbound_type == matrix.USER_DEFINED_ROUTING:
        return all(_is_routed(cluster, subnet) for subnet in cluster.subnets)
    return True


def _is_routed(cluster: Cluster, subnet: Subnet) -> bool:
    (found, *_) = carriers_of(cluster, subnet, matrix.USER_DEFINED_ROUTING)
    if found.kind == UNKNOWN and found.unknown:
        raise found.unknown
    return found.kind in (VIRTUAL_APPLIANCE, VIRTUAL_NETWORK_GATEWAY)


def address(snapshot: Snapshot, address_id: str) -> str:
    """The address of a public IP, or the range of a prefix, in CIDR notation; raises Unread."""
    document = snapshot.resource(address_id)
    found = arm.text(document, "properties", "ipAddress") or arm.text(document, "properties", "ipPrefix")
    if found is None:
        raise Unread(address_id, "has no address")
    return found


def address_or_name(snapshot: Snapshot, address_id: str) -> str:
    """The address of a public IP or prefix, or its own name where the address is not known."""
    try:
        return address(snapshot, address_id)
    except Unread:
        return arm.name(address_id)


def _once(unknown: Iterable[Unread]) -> Iterator[Unread]:
    seen = set()
    for unread in unknown:
        key = ((unread.id or "").lower(), unread.reason)
        if key not in seen:
            seen.add(key)
            yield unread


def released_ids(cluster: Cluster, target: str, nat_gateway_sku: str | None) -> tuple[str, ...]:
    """The public IPs that AKS made for today's outbound type, and deletes when the cluster leaves it
    (Azure/AKS CHANGELOG.md, 2023-07-30); raises Unread."""
    profiles = {matrix.LOAD_BALANCER: "loadBalancerProfile", matrix.MANAGED_NAT_GATEWAY: "natGatewayProfile"}
    profile = profiles.get(cluster.outbound_type)
    stays = target == cluster.outbound_type and not renews_nat_gateway(cluster, target, nat_gateway_sku)
    if profile is None or stays:
        return ()
    return tuple(found for found in effective_ids(cluster, profile) if cluster.made_by_aks(found))
