"""SNAT: how many ports a path has and how many nodes need, and how long an idle flow keeps its port.

Only IPv4 is counted: the limits are told for IPv4 addresses, and IPv6 addresses add to none of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Iterable, Iterator

from azext_aksegress import arm, egress, hops, profiles
from azext_aksegress.arm import Json
from azext_aksegress.cluster import Cluster, Subnet
from azext_aksegress.egress import Carrier
from azext_aksegress.matrix import (
    LOAD_BALANCER,
    MANAGED_NAT_GATEWAY,
    USER_ASSIGNED_NAT_GATEWAY,
    USER_DEFINED_ROUTING,
)
from azext_aksegress.network import address_range, nat_gateway
from azext_aksegress.pools import Pool
from azext_aksegress.request import OPTIONS, Option, Request
from azext_aksegress.snapshot import Unread, Untold

FRONTEND_PORTS = 64_000
"""Of each frontend IP of a load balancer, allocated to nodes beforehand (AKS documentation,
configure-load-balancer-standard.md, 2024-01-23; Azure documentation, load-balancer-outbound-connections.md)."""
NAT_PORTS = 64_512
"""Of each address of a NAT gateway, taken by nodes as they need them (Azure documentation, nat-gateway-resource.md)."""
FIREWALL_PORTS, FIREWALL_INSTANCES = 2_496, 2
"""Of each public IP of an Azure Firewall on each of its instances, and the fewest instances that it has (Azure
documentation, firewall/integrate-with-nat-gateway.md)."""
PORTS = {
    egress.LOAD_BALANCER: FRONTEND_PORTS,
    egress.NAT_GATEWAY: NAT_PORTS,
    egress.VIRTUAL_APPLIANCE: FIREWALL_PORTS * FIREWALL_INSTANCES,
}
"""The SNAT ports of one address, by what carries egress."""

_NAMES = {
    egress.LOAD_BALANCER: "load balancer",
    egress.NAT_GATEWAY: "NAT gateway",
    egress.VIRTUAL_APPLIANCE: "Azure Firewall",
}
_AUTOMATIC = ((50, 1024), (100, 512), (200, 256), (400, 128), (800, 64))
_AUTOMATIC_AT_LEAST = 32
"""What Azure allocates to each node by the number of nodes (Azure documentation, load-balancer-outbound-connections.md,
default port allocation table, 2022-03-01)."""

FIREWALL_IDLE_MINUTES = 4
"""When an Azure Firewall drops an idle TCP connection; Azure Support can raise it (Azure documentation,
firewall/firewall-faq.yml, 2022-09-12)."""

_BY_AKS = (egress.MADE_BY_THE_MOVE, egress.CHOSEN_BY_AKS)
"""Why addresses are not known that are counted all the same, since the request says how many."""
_OWN_PATHS = (USER_ASSIGNED_NAT_GATEWAY, USER_DEFINED_ROUTING)
_IPV4, _IPV6 = "IPv4", "IPv6"

_DEFAULT_SURGE = 10
"""The percentage that AKS takes where a pool has no maxSurge (azure-mgmt-containerservice 41.6.0, docstrings)."""
_MORE_THAN_ARM_HAS = 2**63
_SURGE = re.compile(r"([0-9]{1,6})(%?)")


# What nodes need


def automatic_ports(nodes: int) -> int:
    """The SNAT ports that Azure allocates to each of some nodes where nobody says how many."""
    return next((ports for most, ports in _AUTOMATIC if nodes <= most), _AUTOMATIC_AT_LEAST)


def nodes_now(cluster: Cluster) -> int:
    """The nodes that there are, and those that an upgrade of all pools adds; raises Unread."""
    return sum(_with_surge(pool, 0 if _is_stopped(pool) else _count(pool)) for pool in _pools(cluster))


def nodes_at_most(cluster: Cluster) -> int:
    """The same with every pool started and scaled out as far as its autoscaler may; raises Unread."""
    return sum(_with_surge(pool, max(_count(pool), _maximum(pool))) for pool in _pools(cluster))


def _pools(cluster: Cluster) -> tuple[Pool, ...]:
    if not cluster.pools:  # with hosted system pools, whose nodes nobody lists
        raise Unread(cluster.id, "Azure's answer lists no node pools, so nodes cannot be counted")
    return cluster.pools


def _is_stopped(pool: Pool) -> bool:
    return arm.same(arm.text(pool.document, "powerState", "code"), "Stopped")


def _count(pool: Pool) -> int:
    """The nodes of a pool; one of single virtual machines counts them by size."""
    single = number(pool.document, "count")
    if single is not None:
        return single
    found = arm.objects(pool.document, "virtualMachineNodesStatus")
    rows = found or arm.objects(pool.document, "virtualMachinesProfile", "scale", "manual")
    counts = [number(row, "count") for row in rows]
    if not counts or None in counts:
        raise Unread(pool.id, "Azure's answer has no count of nodes for this pool")
    return sum(count or 0 for count in counts)


def _maximum(pool: Pool) -> int:
    scale = ("virtualMachinesProfile", "scale")
    sizes = arm.objects(pool.document, *scale, "autoscale")
    if sizes:
        fixed = sum(number(row, "count") or 0 for row in arm.objects(pool.document, *scale, "manual"))
        return fixed + sum(number(row, "maxCount") or 0 for row in sizes)
    if not arm.flag(pool.document, "enableAutoScaling"):
        return 0
    most = number(pool.document, "maxCount")
    if most is None:
        raise Unread(pool.id, "Azure's answer has no maxCount for this pool, which scales by itself")
    return most


def _with_surge(pool: Pool, nodes: int) -> int:
    """With the nodes that an upgrade adds: a number, or a percentage rounded up."""
    stored = arm.dig(pool.document, "upgradeSettings", "maxSurge")
    found = _SURGE.fullmatch(str(stored))
    surge, is_percentage = (int(found[1]), bool(found[2])) if found else (_DEFAULT_SURGE, True)
    added = -(-nodes * surge // 100) if is_percentage else surge
    return nodes + added if nodes else 0


def number(document: object, *path: str) -> int | None:
    """The whole number at a path, 0 or more; None for anything else."""
    return _whole(arm.dig(document, *path))


def _whole(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < _MORE_THAN_ARM_HAS else None


def ports_of_each_node(cluster: Cluster, request: Request | None) -> int:
    """The SNAT ports that a load balancer allocates to each node as requested, or today where nothing is; raises
    Unread."""
    return configured(cluster, request, "ports") or automatic_ports(nodes_now(cluster))


# What a path has


@dataclass(frozen=True)
class Supply:
    """The SNAT ports of some paths: the IPv4 addresses by what carries them, and what of it is not known."""

    addresses: tuple[tuple[str, int], ...]
    unknown: tuple[Unread, ...]

    @property
    def ports(self) -> int:
        """All ports of the addresses that are known."""
        return sum(PORTS[kind] * count for kind, count in self.addresses)

    @property
    def empty(self) -> bool:
        """Whether it is known that no way out is there."""
        return not self.addresses and not self.unknown

    def __str__(self) -> str:
        parts = [f"{_NAMES[kind]} {count} x {_each(kind)}" for kind, count in self.addresses]
        parts += sorted(f"unknown ({unread})" for unread in self.unknown)
        total = f"{self.ports:,} SNAT ports" if self.addresses else "SNAT ports"
        return f"{total} ({' + '.join(parts)})" if parts else "none"


def _each(kind: str) -> str:
    if kind == egress.VIRTUAL_APPLIANCE:
        return f"{FIREWALL_PORTS:,} on each of {FIREWALL_INSTANCES} instances or more"
    return f"{PORTS[kind]:,}"


def is_cut_over_first(cluster: Cluster, request: Request) -> bool:
    """Whether the path of the target is in force before the type changes, so that what AKS made for today's type is
    what there was before the move; raises Unread.

    A NAT gateway or route of one's own carries egress as soon as it is there, and AKS asks for it to be there.
    """
    return request.to in _OWN_PATHS and cluster.outbound_type in profiles.PROFILES


def supply_before(cluster: Cluster, request: Request) -> Supply:
    """The SNAT ports that there were before the move began."""
    unknown: list[Unread] = []
    try:
        if not is_cut_over_first(cluster, request):
            return supply(cluster, None)
        ids = sorted({found.lower() for found in profiles.effective_ids(cluster, cluster.outbound_type)})
        kind = egress.LOAD_BALANCER if cluster.outbound_type == LOAD_BALANCER else egress.NAT_GATEWAY
        count = _ipv4_addresses(cluster, ids, unknown)
    except Unread as unread:
        return Supply((), (unread,))
    if not ids:
        unknown.append(Unread(cluster.id, "Azure's answer lists no effective outbound IPs"))
    return Supply(((kind, count),) if count else (), tuple(sorted(unknown, key=str)))


def supply(cluster: Cluster, request: Request | None) -> Supply:
    """The SNAT ports of what carries the subnets' egress as requested, or today where nothing is."""
    ids: dict[str, set[str]] = {kind: set() for kind in PORTS}
    made: dict[str, int] = {}
    unknown: list[Unread] = []
    try:
        gated = _behind_firewalls(cluster)
        for carrier in egress.carriers(cluster, request):
            if request and carrier.unknown and carrier.unknown.reason in _BY_AKS:
                made[carrier.kind] = asked_addresses(cluster, request)[_IPV4]
            elif carrier.unknown:
                unknown.append(carrier.unknown)
            elif carrier.kind in PORTS:
                found = {address_id.lower() for address_id in carrier.address_ids}
                ids[egress.NAT_GATEWAY].update(found & gated)
                ids[carrier.kind].update(found - gated)
            elif carrier.kind == egress.NODE_PUBLIC_IP:
                unknown.append(Untold(cluster.id, "nodes have public IPs of their own"))
    except Unread as unread:
        unknown.append(unread)
    counts = {kind: made.get(kind) or _ipv4_addresses(cluster, ids[kind], unknown) for kind in PORTS}
    once = {str(unread): unread for unread in unknown}
    addresses = tuple((kind, count) for kind, count in counts.items() if count)
    return Supply(addresses, tuple(once[key] for key in sorted(once)))


def _behind_firewalls(cluster: Cluster) -> set[str]:
    """The addresses, in lower case, of the NAT gateways on the subnets of firewalls, whose ports are those of a NAT
    gateway (Azure documentation, firewall/integrate-with-nat-gateway.md); of what cannot be read, the carrier is
    unknown already."""
    ids: set[str] = set()
    for subnet in _known_subnets(cluster):
        try:
            for firewall in firewalls(subnet):
                found = hops.attached(cluster.snapshot, firewall, "natGateway")
                gateway = nat_gateway(found, cluster.snapshot.resource(found)) if found else None
                ids.update(address_id.lower() for address_id in (gateway.address_ids if gateway else ()))
        except Unread:
            continue
    return ids


def _known_subnets(cluster: Cluster) -> tuple[Subnet, ...]:
    try:
        return cluster.subnets
    except Unread:
        return ()


def _ipv4_addresses(cluster: Cluster, ids: Iterable[str], unknown: list[Unread]) -> int:
    """How many there are in all; what cannot be read is added to what is unknown."""
    total = 0
    for address_id in ids:
        try:
            total += ipv4_addresses(cluster, address_id)
        except Unread as unread:
            unknown.append(unread)
    return total


def ipv4_addresses(cluster: Cluster, address_id: str) -> int:
    """How many IPv4 addresses a public IP or a prefix is; raises Unread."""
    if arm.resource_type(address_id).lower().endswith("/publicipprefixes"):
        found = address_range(profiles.address(cluster.snapshot, address_id))
        if found is None:
            raise Unread(address_id, "Azure's answer has no prefix")
        return found.num_addresses if found.version == 4 else 0
    version = arm.text(cluster.snapshot.resource(address_id), "properties", "publicIPAddressVersion")
    return 0 if arm.same(version, _IPV6) else 1


def firewalls(subnet: Subnet) -> Iterator[Json]:
    """The Azure Firewalls that a subnet's routes lead to; raises Unread after those that could be read."""
    unread: Unread | None = None
    for address in hops.addresses(subnet):
        try:
            found = hops.firewall_at(subnet, address)
        except Unread as error:
            unread = unread or error
            continue
        yield from [found] if found else []
    if unread:
        raise unread


def firewall_addresses(firewall: Json) -> int:
    """How many public IPs a firewall has; in a virtual hub, Azure makes the addresses, and says how many."""
    in_hub = number(firewall, "properties", "hubIPAddresses", "publicIPs", "count")
    rows = arm.objects(firewall, "properties", "ipConfigurations")
    own = {(arm.text(row, "properties", "publicIPAddress", "id") or "").lower() for row in rows}
    return (in_hub or 0) + len(own - {""})


# How long idle flows keep their ports


def idle_minutes(subnet: Subnet, carrier: Carrier, request: Request | None) -> int:
    """Minutes as requested, or today where nothing is; raises Untold for what is not Azure's to know, else Unread."""
    cluster = subnet.cluster
    outbound_type = request.to if request else cluster.outbound_type
    gateway = subnet.nat_gateway if carrier.kind == egress.NAT_GATEWAY else None
    of_aks = outbound_type == MANAGED_NAT_GATEWAY and (request or not gateway)
    if carrier.kind == egress.LOAD_BALANCER or (carrier.kind == egress.NAT_GATEWAY and of_aks):
        return configured(cluster, request, "idle_timeout")
    if gateway:
        return gateway.idle_timeout
    if carrier.unknown or carrier.kind != egress.VIRTUAL_APPLIANCE:
        raise carrier.unknown or Untold(subnet.id, f"the idle timeout of {carrier.kind}")
    return FIREWALL_IDLE_MINUTES


# What the profile of the type will say


def configured(cluster: Cluster, request: Request | None, field: str) -> int:
    """The number that a field of the type's profile has as requested, or today where nothing is: what was asked for,
    what is stored where the type stays, or what AKS sets by itself; raises Unread."""
    outbound_type = request.to if request else cluster.outbound_type
    option = _option(outbound_type, field)
    asked = getattr(request, field) if request else None
    stays = outbound_type == cluster.outbound_type
    stored = option.stored(cluster.document.get("properties")) if stays else None
    default = option.default if isinstance(option.default, int) else 0
    return next((found for found in map(_whole, (asked, stored)) if found is not None), default)


def _option(outbound_type: str, field: str) -> Option:
    return next(option for option in OPTIONS if (option.target, option.field) == (outbound_type, field))


def asked_addresses(cluster: Cluster, request: Request) -> dict[str, int]:
    """How many addresses of each family AKS keeps for a load balancer or NAT gateway as requested, where none are
    one's own; raises Unread.

    A load balancer that is new gets one of each family of the cluster (AKS documentation, configure-dual-stack.md).
    """
    ipv6 = configured(cluster, request, "ipv6_count")
    if request.ipv6_count is None and request.to == LOAD_BALANCER != cluster.outbound_type and cluster.dual_stack:
        ipv6 = 1
    return {_IPV4: configured(cluster, request, "ip_count"), _IPV6: ipv6}


def own_address_ids(cluster: Cluster, request: Request) -> tuple[str, ...]:
    """The public IPs and prefixes of one's own that a load balancer or NAT gateway uses as requested; raises Unread."""
    if request.own_ids or cluster.outbound_type != request.to or profiles.renews_addresses(cluster, request):
        return request.own_ids
    return profiles.stored_own_ids(cluster)


def frontend_addresses(cluster: Cluster, request: Request) -> int:
    """The IPv4 addresses of the load balancer's outbound rule as requested; raises Unread."""
    own = {found.lower() for found in own_address_ids(cluster, request)}
    if own:
        return sum(ipv4_addresses(cluster, found) for found in sorted(own))
    return asked_addresses(cluster, request)[_IPV4]


def made_addresses(cluster: Cluster, request: Request) -> dict[str, int]:
    """How many addresses of each family AKS makes for a request, before it frees any of today's; raises Unread."""
    if own_address_ids(cluster, request):
        return {_IPV4: 0, _IPV6: 0}
    asked = asked_addresses(cluster, request)
    if cluster.outbound_type != request.to or profiles.renews_addresses(cluster, request):
        return asked
    there = _effective_addresses(cluster)
    return {family: max(count - there[family], 0) for family, count in asked.items()}


def _effective_addresses(cluster: Cluster) -> dict[str, int]:
    """Those of today's load balancer or NAT gateway."""
    ids = sorted({found.lower() for found in profiles.effective_ids(cluster, cluster.outbound_type)})
    ipv6 = sum(ipv4_addresses(cluster, found) == 0 for found in ids) if cluster.dual_stack else 0
    return {_IPV4: len(ids) - ipv6, _IPV6: ipv6}
