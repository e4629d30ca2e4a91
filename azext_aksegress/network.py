"""Networks and what can be attached to a subnet, from their ARM JSON: route tables, NAT gateways, peerings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Iterator, Sequence, Union

from azext_aksegress import arm
from azext_aksegress.arm import Json

DEFAULT_ROUTE = "0.0.0.0/0"
DEFAULT_ROUTE_IPV6 = "::/0"
HALVES_IPV6 = ("::/1", "8000::/1")
"""Two routes that together carry what ::/0 would, since the longest prefix wins; to AKS they are no default route."""
APPLIANCE_HOPS = ("VirtualAppliance", "VirtualNetworkGateway")
"""The next hops that AKS takes for userDefinedRouting, by its refusal RouteTableInvalidNextHop
(hashicorp/terraform-provider-azurerm#8609)."""
DROPPING_HOPS = ("None", "VnetLocal")
"""Next hops that lead a default route nowhere on the internet."""


Range = Union[IPv4Network, IPv6Network]


@dataclass(frozen=True)
class Route:
    """One route of a route table; `prefix` as it is written, which may also be a service tag."""

    name: str
    next_hop_type: str
    next_hop_address: str | None
    prefix: str = DEFAULT_ROUTE

    @property
    def diverts(self) -> bool:
        """Whether it sends traffic elsewhere than straight to the internet."""
        return not arm.same(self.next_hop_type, "Internet")

    @property
    def hop(self) -> str:
        """Type and address of its next hop, in words."""
        return f"{self.next_hop_type} {self.next_hop_address or ''}".rstrip()


@dataclass(frozen=True)
class RouteTable:
    """A route table; `subnet_ids` are all subnets that it is attached to, the cluster's or not."""

    id: str
    routes: tuple[Route, ...]
    bgp_propagation: bool
    subnet_ids: tuple[str, ...]

    @property
    def name(self) -> str:
        """The table's own name."""
        return arm.name(self.id)

    def route(self, prefix: str) -> Route | None:
        """The route of exactly one prefix; Azure allows no second one."""
        return next((found for found in self.routes if _is(found.prefix, prefix)), None)

    @property
    def default_route(self) -> Route | None:
        """The 0.0.0.0/0 route, the only one that AKS takes for a default route."""
        return self.route(DEFAULT_ROUTE)

    @property
    def routes_ipv6(self) -> bool:
        """Whether it has a default route for IPv6, whole or by halves."""
        return self.route(DEFAULT_ROUTE_IPV6) is not None or all(self.route(half) for half in HALVES_IPV6)

    @property
    def internet_routes(self) -> tuple[Route | None, ...]:
        """The routes that carry what goes to the internet, by longest prefix, in the order of the addresses; None for
        what the table leaves to the system."""
        return _internet_routes(self.routes)


@lru_cache(maxsize=1)
def _pieces() -> tuple[IPv4Network, ...]:
    """The internet by IPv4 ranges /8, less those that no public path carries (IANA, IPv4 special-purpose addresses)."""
    return tuple(IPv4Network((byte << 24, 8)) for byte in range(1, 224) if byte not in (10, 127))


@lru_cache(maxsize=1024)
def _internet_routes(routes: tuple[Route, ...]) -> tuple[Route | None, ...]:
    """Of the routes with a prefix shorter than /8 alone: one of a /8 or longer is no part of a way to the internet, but
    for some destination, such as what a company numbers by 11.0.0.0/8 inside."""
    by_range: dict[IPv4Network, Route] = {}
    for route in routes:
        found = address_range(route.prefix)
        if isinstance(found, IPv4Network) and found.prefixlen < 8 and _is(route.prefix, str(found)):
            by_range.setdefault(found, route)
    longest_first = sorted(by_range, key=lambda found: -found.prefixlen)
    holding = (next((found for found in longest_first if piece.subnet_of(found)), None) for piece in _pieces())
    return tuple(dict.fromkeys(by_range[found] if found else None for found in holding))


@dataclass(frozen=True)
class NatGateway:  # pylint: disable=too-many-instance-attributes  # a field for each thing that checks ask of one
    """A NAT gateway with the ids of its public IP addresses and prefixes; `idle_timeout` in minutes, `families` those
    of its addresses."""

    id: str
    address_ids: tuple[str, ...]
    sku: str
    zones: tuple[str, ...]
    state: str | None
    idle_timeout: int
    subnet_ids: tuple[str, ...]
    families: tuple[str, ...]

    @property
    def name(self) -> str:
        """The gateway's own name."""
        return arm.name(self.id)


@dataclass(frozen=True)
class Peering:
    """A peering of a virtual network with another one; `remote_ranges` are those that it carries to the other one."""

    name: str
    remote_id: str
    state: str | None
    uses_remote_gateways: bool
    remote_ranges: tuple[Range, ...]
    allows_access: bool
    sync_level: str | None

    @property
    def connected(self) -> bool:
        """Whether traffic flows."""
        return arm.same(self.state, "Connected")


@dataclass(frozen=True)
class VirtualNetwork:
    """A virtual network: its address space, DNS servers (none: Azure's own), peerings and subnets."""

    id: str
    ranges: tuple[Range, ...]
    dns_servers: tuple[str, ...]
    peerings: tuple[Peering, ...]
    subnets: tuple[Json, ...]

    @property
    def may_learn_routes(self) -> bool:
        """Whether routes can come by BGP: from a gateway or route server in it, or from a peer's gateway."""
        names = {(arm.text(subnet, "name") or "").lower() for subnet in self.subnets}
        own = names & {"gatewaysubnet", "routeserversubnet"}
        return bool(own) or any(found.uses_remote_gateways for found in self.peerings)


def route_table(table_id: str, document: Json) -> RouteTable:
    """A route table from its ARM JSON."""
    return RouteTable(
        arm.text(document, "id") or table_id,
        tuple(_route(found) for found in arm.objects(document, "properties", "routes")),
        not arm.flag(document, "properties", "disableBgpRoutePropagation"),
        arm.references(document, "properties", "subnets"),
    )


def _route(document: Json) -> Route:
    return Route(
        arm.text(document, "name") or "",
        arm.text(document, "properties", "nextHopType") or "",
        arm.text(document, "properties", "nextHopIpAddress"),
        arm.text(document, "properties", "addressPrefix") or "",
    )


def virtual_network(network_id: str, document: Json) -> VirtualNetwork:
    """A virtual network from its ARM JSON."""
    properties = document["properties"]
    return VirtualNetwork(
        arm.text(document, "id") or network_id,
        ranges(arm.strings(properties, "addressSpace", "addressPrefixes")),
        arm.strings(properties, "dhcpOptions", "dnsServers"),
        tuple(_peering(found) for found in arm.objects(properties, "virtualNetworkPeerings")),
        arm.objects(properties, "subnets"),
    )


def _peering(document: Json) -> Peering:
    return Peering(
        arm.text(document, "name") or "",
        arm.text(document, "properties", "remoteVirtualNetwork", "id") or "",
        arm.text(document, "properties", "peeringState"),
        arm.flag(document, "properties", "useRemoteGateways"),
        ranges(arm.strings(document, "properties", "remoteAddressSpace", "addressPrefixes")),
        arm.dig(document, "properties", "allowVirtualNetworkAccess") is not False,
        arm.text(document, "properties", "peeringSyncLevel"),
    )


def ranges(prefixes: tuple[str, ...]) -> tuple[Range, ...]:
    """The ranges of some prefixes; what cannot be parsed is left out."""
    return tuple(found for found in map(address_range, prefixes) if found)


def _is(written: str, prefix: str) -> bool:
    """Whether a route's prefix is another one; service tags and what cannot be parsed are none."""
    found = _exact(written)
    return found is not None and found == _exact(prefix)


@lru_cache(maxsize=4096)
def _exact(text: str) -> Range | None:
    try:
        return ip_network(text.strip())
    except ValueError:
        return None


@lru_cache(maxsize=65536)  # allow-lists of a large tenant repeat the same few
def address_range(text: str) -> Range | None:
    """The range that an address or prefix stands for; None for service tags and what cannot be parsed."""
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def holds(outer: str, inner: str) -> bool:
    """Whether an address or prefix is the same as another, or inside it."""
    one, other = address_range(outer), address_range(inner)
    if isinstance(one, IPv4Network):
        return isinstance(other, IPv4Network) and other.subnet_of(one)
    if isinstance(one, IPv6Network):
        return isinstance(other, IPv6Network) and other.subnet_of(one)
    return outer == inner


_FAMILIES = {
    "IPv4": ("publicIpAddresses", "publicIpPrefixes"),
    "IPv6": ("publicIpAddressesV6", "publicIpPrefixesV6"),
}
"""Where a NAT gateway keeps the ids of its addresses of each family."""


def nat_gateway(gateway_id: str, document: Json) -> NatGateway:
    """A NAT gateway from its ARM JSON; AKS and Azure both take 4 minutes for the idle timeout where nothing is said."""
    keys = tuple(key for family in _FAMILIES.values() for key in family)
    addresses = {key: arm.references(document, "properties", key) for key in keys}
    idle = arm.dig(document, "properties", "idleTimeoutInMinutes")
    return NatGateway(
        arm.text(document, "id") or gateway_id,
        tuple(found for key in keys for found in addresses[key]),
        arm.text(document, "sku", "name") or "Standard",
        arm.strings(document, "zones"),
        arm.text(document, "properties", "provisioningState"),
        idle if isinstance(idle, int) else 4,
        arm.references(document, "properties", "subnets"),
        tuple(family for family, keys in _FAMILIES.items() if any(addresses[key] for key in keys)),
    )


def holds_port(written: str, port: int) -> bool:
    """Whether `*`, a port or a range of ports such as `1000-2000` holds a port; what cannot be parsed holds none."""
    lowest, _, highest = written.partition("-")
    if written.strip() == "*":
        return True
    try:
        return int(lowest) <= port <= int(highest or lowest)
    except ValueError:
        return False


def without(some: Sequence[Range], taken: Sequence[Range]) -> tuple[Range, ...]:
    """What is left of some ranges when others are taken away."""
    left = list(some)
    for other in taken:
        left = [part for found in left for part in _rest(found, other)]
    return tuple(left)


def _rest(found: Any, taken: Any) -> Iterator[Range]:
    if found.version != taken.version or not found.overlaps(taken):
        yield found
    elif not found.subnet_of(taken):
        yield from sorted(found.address_exclude(taken))
