"""What can be attached to a subnet, from its ARM JSON: route tables with their default route, NAT gateways."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from azext_aksegress import arm
from azext_aksegress.arm import Json

DEFAULT_ROUTE = "0.0.0.0/0"
APPLIANCE_HOPS = ("VirtualAppliance", "VirtualNetworkGateway")
"""The next hops that AKS takes for userDefinedRouting, by its refusal RouteTableInvalidNextHop
(hashicorp/terraform-provider-azurerm#8609)."""
DROPPING_HOPS = ("None", "VnetLocal")
"""Next hops that lead a default route nowhere on the internet."""


@dataclass(frozen=True)
class Route:
    """One route of a route table."""

    name: str
    next_hop_type: str
    next_hop_address: str | None


@dataclass(frozen=True)
class RouteTable:
    """A route table; `subnet_ids` are all subnets that it is attached to, the cluster's or not."""

    id: str
    default_route: Route | None
    bgp_propagation: bool
    subnet_ids: tuple[str, ...]

    @property
    def name(self) -> str:
        """The table's own name."""
        return arm.name(self.id)


@dataclass(frozen=True)
class NatGateway:
    """A NAT gateway with the ids of its public IP addresses and prefixes, IPv4 and IPv6."""

    id: str
    address_ids: tuple[str, ...]

    @property
    def name(self) -> str:
        """The gateway's own name."""
        return arm.name(self.id)


def route_table(table_id: str, document: Json) -> RouteTable:
    """A route table from its ARM JSON."""
    routes = arm.objects(document, "properties", "routes")
    defaults = [route for route in routes if is_default(arm.text(route, "properties", "addressPrefix"))]
    return RouteTable(
        arm.text(document, "id") or table_id,
        _route(defaults[0]) if defaults else None,
        not arm.flag(document, "properties", "disableBgpRoutePropagation"),
        arm.references(document, "properties", "subnets"),
    )


def _route(document: Json) -> Route:
    return Route(
        arm.text(document, "name") or "",
        arm.text(document, "properties", "nextHopType") or "",
        arm.text(document, "properties", "nextHopIpAddress"),
    )


def is_default(prefix: str | None) -> bool:
    """Whether an address prefix is 0.0.0.0/0; service tags and what cannot be parsed are not."""
    try:
        return prefix is not None and ip_network(prefix.strip()) == ip_network(DEFAULT_ROUTE)
    except ValueError:
        return False


def address_range(text: str) -> IPv4Network | IPv6Network | None:
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


def nat_gateway(gateway_id: str, document: Json) -> NatGateway:
    """A NAT gateway from its ARM JSON."""
    keys = ("publicIpAddresses", "publicIpPrefixes", "publicIpAddressesV6", "publicIpPrefixesV6")
    own_id = arm.text(document, "id") or gateway_id
    return NatGateway(own_id, tuple(found for key in keys for found in arm.references(document, "properties", key)))
