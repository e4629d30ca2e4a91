"""EGR20x and EGR222: will packets have a way out, by the route tables?"""

from __future__ import annotations

from typing import Iterator, Sequence

from azext_aksegress import arm
from azext_aksegress.checks import Fail, Outcome, Pass, Skip, Warn, check, unknown
from azext_aksegress.cluster import NODES_WITHOUT_POOL, Cluster, Subnet
from azext_aksegress.fixes import Fix, after, az, before, cutover, named, where
from azext_aksegress.matrix import (
    ISOLATED,
    LOAD_BALANCER,
    MANAGED_NAT_GATEWAY,
    USER_ASSIGNED_NAT_GATEWAY,
    USER_DEFINED_ROUTING,
)
from azext_aksegress.network import (
    APPLIANCE_HOPS,
    DEFAULT_ROUTE,
    DEFAULT_ROUTE_IPV6,
    DROPPING_HOPS,
    Route,
    RouteTable,
)
from azext_aksegress.request import Request
from azext_aksegress.snapshot import Unread

_LIMIT_EGRESS = "AKS documentation, limit-egress-traffic.md and egress-udr.md, 2026-07-02"
_PRECEDENCE = "Azure documentation, NAT gateway, outbound connectivity precedence"
_SHOWN = 3
_UDR_URL = "https://learn.microsoft.com/azure/aks/egress-udr"


def subnets(cluster: Cluster) -> Sequence[Subnet]:
    """For checks that judge each subnet that nodes or pods use."""
    return cluster.subnets


def _peers(subnet: Subnet) -> Iterator[RouteTable]:
    """The other route tables of the cluster that lead out already: what a fix can point to."""
    for other in subnet.cluster.subnets:
        try:
            table = other.route_table
        except Unread:
            continue
        if table and table.default_route and _leads_out(table):
            yield table


def _leads_out(table: RouteTable) -> bool:
    hop = table.default_route.next_hop_type if table.default_route else None
    return any(arm.same(hop, known) for known in APPLIANCE_HOPS)


@check(
    "EGR201",
    "every subnet has a route table",
    to=[USER_DEFINED_ROUTING],
    each=subnets,
    blocks=True,
    sources=(
        _LIMIT_EGRESS,
        "AKS refusal ExistingRouteTableNotAssociatedWithSubnet",
    ),
    reference=_UDR_URL,
    observed_at="subnet.routeTable",
)
def route_table_on_every_subnet(subnet: Subnet, _: Request) -> Iterator[Outcome]:
    """AKS refuses userDefinedRouting while a subnet of a pool has no route table."""
    if subnet.route_table_id is None:
        yield Fail(subnet.id, f"{used(subnet)} has no route table", fix=_attach(subnet))


def _attach(subnet: Subnet) -> tuple[Fix, ...]:
    """Attach the table that the cluster's other subnets use, or one made for it."""
    peer = next((found.id for found in _peers(subnet)), None)
    if peer:
        return (cutover(az("network vnet subnet update", ids=subnet.id, route_table=peer)),)
    network = arm.parent(subnet.id)
    table = f"rt-{arm.name(network)}"
    table_id = f"{arm.parent(network)}/routeTables/{table}"
    region = subnet.cluster.location or "<region>"
    return (
        before(az("network route-table create", **where(network), name=table, location=region)),
        before(_create_route(table_id, None)),
        cutover(az("network vnet subnet update", ids=subnet.id, route_table=table_id)),
    )


def why_no_way_out(cluster: Cluster, request: Request, unread: Unread) -> str | None:
    """The check that says why a subnet has no way out yet, or None where it is to have none; raises Unread."""
    subnet = next((found for found in cluster.subnets if found.id == unread.id), None)
    if subnet and request.to == USER_ASSIGNED_NAT_GATEWAY:
        return "EGR212" if subnet.nat_gateway_id else "EGR211"
    if subnet and request.to == USER_DEFINED_ROUTING:
        return "EGR202" if subnet.route_table_id else "EGR201"
    return None


def used(subnet: Subnet) -> str:
    """A subnet and whose nodes or pods are on it, in words."""
    known = [pool for pool in subnet.pools if pool != NODES_WITHOUT_POOL]
    pools = [f"{'pool' if len(known) == 1 else 'pools'} {', '.join(known)}"] if known else []
    users = ", ".join([*pools, *(pool for pool in subnet.pools if pool == NODES_WITHOUT_POOL)])
    return f"{subnet.name} ({users})" if users else subnet.name


@check(
    "EGR202",
    "every route table has a 0.0.0.0/0 route",
    to=[USER_DEFINED_ROUTING],
    each=subnets,
    blocks=True,
    sources=(
        _LIMIT_EGRESS,
        "AKS refusal RouteTableMissingDefaultRouteError",
        "MicrosoftDocs/azure-docs#108240",
    ),
    reference=_UDR_URL,
    observed_at="routeTable.routes, disableBgpRoutePropagation",
)
def default_route_in_every_table(subnet: Subnet, _: Request) -> Iterator[Outcome]:
    """AKS refuses the change, since nodes on that table would have no way out; routes by BGP or vWAN do not count."""
    table = subnet.route_table
    if table is None:
        yield Skip("EGR201")
    elif table.default_route is None:
        cluster = subnet.cluster
        route = next((peer.default_route for peer in _peers(subnet)), None)
        where_used = ", ".join(found.name for found in cluster.subnets if _attached(found, table))
        observed = f"{table.name} (on {where_used}) has no {DEFAULT_ROUTE} route"
        pieces = [found.prefix for found in table.internet_routes if found]
        if len(pieces) == len(table.internet_routes):
            observed += f"; {' and '.join(pieces)} carry the traffic, and AKS does not take them for a default route"
        if cluster.private_cluster and table.bgp_propagation:
            observed += "; a default route learned by BGP would do, and is invisible to ARM"
            yield Warn(table.id, observed, fix=(cutover(_create_route(table.id, route)),))
        else:
            yield Fail(table.id, observed, fix=(cutover(_create_route(table.id, route)),))


def _attached(subnet: Subnet, table: RouteTable) -> bool:
    try:
        return arm.same(subnet.route_table_id, table.id)
    except Unread:
        return False


def _create_route(table_id: str, like: Route | None) -> str:
    hop = like.next_hop_type if like else "VirtualAppliance"
    address = like.next_hop_address if like else "<firewall-private-ip>"
    options = {"next_hop_ip_address": address} if address else {}
    return az(
        "network route-table route create",
        **_table_of(table_id),
        name="default-egress",
        address_prefix=DEFAULT_ROUTE,
        next_hop_type=hop,
        **options,
    )


def _table_of(table_id: str) -> dict[str, str]:
    return {**where(table_id), "route_table_name": arm.name(table_id)}


@check(
    "EGR203",
    "its next hop is a virtual appliance or a gateway",
    to=[USER_DEFINED_ROUTING],
    each=subnets,
    blocks=True,
    sources=(
        "AKS refusal RouteTableInvalidNextHop",
        "hashicorp/terraform-provider-azurerm#8609",
    ),
    reference=_UDR_URL,
    observed_at="nextHopType",
)
def next_hop_leads_out(subnet: Subnet, _: Request) -> Iterator[Outcome]:
    """AKS takes only VirtualAppliance and VirtualNetworkGateway as next hop of the default route."""
    table = subnet.route_table
    if table is None or table.default_route is None:
        yield Skip("EGR202" if table else "EGR201")
        return
    route = table.default_route
    if any(arm.same(route.next_hop_type, known) for known in APPLIANCE_HOPS):
        yield Pass(table.id, f"{table.name}: {route.next_hop_type} {route.next_hop_address or ''}".rstrip())
        return
    expected = " or ".join(APPLIANCE_HOPS)
    observed = f"{table.name} sends {DEFAULT_ROUTE} to next hop type {route.next_hop_type or 'nothing'}"
    update = az(
        "network route-table route update",
        **_table_of(table.id),
        name=route.name,
        next_hop_type="VirtualAppliance",
        next_hop_ip_address=_peer_address(subnet) or "<firewall-private-ip>",
    )
    refused = ("", "internet", *(hop.lower() for hop in DROPPING_HOPS))
    outcome = Fail if route.next_hop_type.lower() in refused else Warn
    yield outcome(table.id, observed, fix=(cutover(update),), expected=expected)


def _peer_address(subnet: Subnet) -> str | None:
    routes = (peer.default_route for peer in _peers(subnet))
    return next((route.next_hop_address for route in routes if route and route.next_hop_address), None)


@check(
    "EGR205",
    "a dual-stack cluster also has a ::/0 route",
    to=[USER_DEFINED_ROUTING],
    each=subnets,
    sources=("AKS documentation, configure-dual-stack.md, 2026-07-02",),
    reference="https://learn.microsoft.com/azure/aks/configure-dual-stack",
    observed_at="ipFamilies, routes",
)
def ipv6_is_routed_too(subnet: Subnet, _: Request) -> Iterator[Outcome]:
    """IPv6 goes past the appliance, or nowhere, since a 0.0.0.0/0 route says nothing about it."""
    if not subnet.cluster.dual_stack:
        yield Skip("the cluster is IPv4 only")
        return
    table = subnet.route_table
    if table is None:
        yield Skip("EGR201")
    elif not table.routes_ipv6:
        create = az(
            "network route-table route create",
            **_table_of(table.id),
            name="default-egress-ipv6",
            address_prefix=DEFAULT_ROUTE_IPV6,
            next_hop_type="VirtualAppliance",
            next_hop_ip_address="<appliance-ipv6-address>",
        )
        yield Warn(table.id, f"{table.name} has no {DEFAULT_ROUTE_IPV6} route", fix=(cutover(create),))


@check(
    "EGR206",
    "kubenet: one route table, same subscription, an identity that can keep it",
    to=[USER_DEFINED_ROUTING],
    blocks=True,
    sources=(
        "AKS documentation, configure-kubenet.md, 2026-07-30",
        "AKS refusal CustomRouteTableWithUnsupportedMSIType",
        "Azure/AKS#1622, Azure/AKS#2710",
    ),
    reference="https://learn.microsoft.com/azure/aks/configure-kubenet",
    observed_at="networkPlugin, tables, identity.type",
)
def kubenet_can_keep_its_table(cluster: Cluster, _: Request) -> Iterator[Outcome]:
    """kubenet writes a route for each node into the one table of all subnets; where it cannot, pods lose each other."""
    if cluster.text("networkProfile", "networkPlugin") is None:
        raise Unread(cluster.id, "Azure's answer has no networkPlugin")
    if not cluster.kubenet:
        yield Skip("the network plugin is not kubenet")
        return
    tables: dict[str, str] = {}
    unread: list[Unread] = []
    for subnet in cluster.subnets:
        try:
            table_id = subnet.route_table_id
        except Unread as error:
            unread.append(error)
            continue
        if table_id:
            tables.setdefault(table_id.lower(), table_id)
    if not tables and not unread:
        yield Skip("EGR201")
    if len(tables) > 1:
        names = ", ".join(sorted(arm.name(found) for found in tables.values()))
        yield Fail(cluster.id, f"the subnets have {len(tables)} route tables: {names}", expected="one for all subnets")
    for table_id in sorted(tables.values(), key=str.lower):
        yield from _kept_by_kubenet(cluster, table_id)
    yield from map(unknown, unread)


def _kept_by_kubenet(cluster: Cluster, table_id: str) -> Iterator[Outcome]:
    if not arm.same(arm.part(table_id, "subscriptions"), cluster.subscription_id):
        yield Fail(
            table_id,
            f"{arm.name(table_id)} is in another subscription than the cluster",
            expected="the cluster's own subscription",
        )
    identity = arm.dig(cluster.document, "identity")
    kind = arm.text(identity, "type")
    if identity and kind is None:
        raise Unread(cluster.id, "Azure's answer has no type of identity")
    if kind and not cluster.made_by_aks(table_id) and "userassigned" not in kind.lower() and kind.lower() != "none":
        assign = az("aks update", **named(cluster.id), enable_managed_identity=True, assign_identity="<identity-id>")
        yield Fail(
            table_id,
            f"{arm.name(table_id)} is one's own, and the cluster's identity is {kind}",
            fix=(before(assign),),
            expected="a user-assigned identity with write access to the table",
        )


@check(
    "EGR214",
    "no 0.0.0.0/0 route takes the traffic away from the gateway",
    to=[USER_ASSIGNED_NAT_GATEWAY, MANAGED_NAT_GATEWAY],
    each=subnets,
    sources=(_PRECEDENCE,),
    reference="https://learn.microsoft.com/azure/nat-gateway/nat-overview",
    observed_at="subnet.routeTable",
)
def no_route_goes_past_the_gateway(subnet: Subnet, _: Request) -> Iterator[Outcome]:
    """The route goes before the NAT gateway: it carries all egress as before, or drops it, and the gateway none."""
    yield from _staying_routes(subnet)


@check(
    "EGR222",
    "no 0.0.0.0/0 appliance route stays and overrides the new path",
    to=[LOAD_BALANCER, *ISOLATED],
    each=subnets,
    sources=(_PRECEDENCE,),
    reference="https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview",
    observed_at="subnet.routeTable",
)
def no_appliance_route_stays(subnet: Subnet, _: Request) -> Iterator[Outcome]:
    """The route goes on carrying all egress after the move, and answers to inbound traffic take another way back."""
    yield from _staying_routes(subnet)


def _staying_routes(subnet: Subnet) -> Iterator[Outcome]:
    """A warning for a table whose routes carry what goes to the internet; raises Unread."""
    table = subnet.route_table
    routes = [route for route in subnet.internet_routes if route and route.diverts]
    if table and routes:
        ways = " and ".join(_way(route) for route in routes)
        if _is_to_be_detached(subnet, table):
            detach = after(az("network vnet subnet update", ids=subnet.id, route_table="null"))
            seen = f"{table.name} still {ways}{_lost(subnet, table, routes)}"
            yield Warn(table.id, seen, fix=(detach,))
        else:
            delete = "network route-table route delete"
            fix = tuple(after(az(delete, **_table_of(table.id), name=route.name)) for route in routes)
            yield Warn(table.id, f"{table.name} still {ways}", fix=fix)


def _way(route: Route) -> str:
    if any(arm.same(route.next_hop_type, dropping) for dropping in DROPPING_HOPS):
        return f"drops {route.prefix} (next hop type {route.next_hop_type})"
    return f"sends {route.prefix} to {route.hop}"


def _is_to_be_detached(subnet: Subnet, table: RouteTable) -> bool:
    """Whether others use the table too; its routes are deleted where only the cluster does, or kubenet needs it."""
    own = {found.id.lower() for found in subnet.cluster.subnets}
    return not subnet.cluster.kubenet and any(found.lower() not in own for found in table.subnet_ids)


def _lost(subnet: Subnet, table: RouteTable, routes: Sequence[Route]) -> str:
    """What else goes with a table that is detached, in words, or ''."""
    others = sorted(f"{found.name} ({found.prefix})" for found in table.routes if found not in routes)
    if not others:
        return ""
    more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
    return f"; detached from it, {subnet.name} loses {', '.join(others[:_SHOWN])}{more} as well"
