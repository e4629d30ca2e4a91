"""EGR204, EGR209 and EGR210: does the next hop carry what nodes send?"""

from __future__ import annotations

from typing import Callable, Iterator, Mapping, Sequence

from azext_aksegress import arm, firewalls, hops, needs
from azext_aksegress.arm import Json
from azext_aksegress.checks import Fail, Outcome, Pass, Skip, Warn, check, unknown
from azext_aksegress.checks.routes import subnets
from azext_aksegress.cluster import Cluster, Subnet
from azext_aksegress.firewall_rules import Flow, Rule, denials, stopped
from azext_aksegress.fixes import Fix, az, before, cutover, where
from azext_aksegress.hops import Owner
from azext_aksegress.matrix import USER_DEFINED_ROUTING
from azext_aksegress.network import DROPPING_HOPS, Peering, RouteTable
from azext_aksegress.opening import opening
from azext_aksegress.request import Request
from azext_aksegress.snapshot import Unread, Untold

_ROUTES = "Azure documentation, virtual-networks-udr-overview"
_ROUTES_URL = "https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview"
_SHOWN = 3

Judge = Callable[[Subnet, RouteTable, str], Iterator[Outcome]]
"""Judges one next hop of a subnet by its address."""


def _each_hop(subnet: Subnet, judge: Judge, no_address: Callable[[RouteTable, str], Outcome]) -> Iterator[Outcome]:
    """The judgement of each next hop that carries a subnet's egress, whatever could not be read of the others."""
    table = subnet.route_table
    routes = [found for found in table.internet_routes if found] if table else []
    if table is None or not routes:
        yield Skip("EGR202" if table else "EGR201")
        return
    found = hops.addresses(subnet)
    if not found:
        gateway = any(arm.same(route.next_hop_type, "VirtualNetworkGateway") for route in routes)
        yield Skip("egress leaves through a virtual network gateway" if gateway else "EGR203")
    for address in found:
        if not hops.is_address(address):
            yield no_address(table, address or "nothing")
            continue
        try:
            yield from judge(subnet, table, address or "")
        except Unread as unread:
            yield unknown(unread)


def _moot(*_: object) -> Outcome:
    return Skip("EGR204")


def _what_the_hops_are(cluster: Cluster, _: Request) -> Iterator[str]:
    for subnet in cluster.subnets:
        try:
            yield from hops.wanted_ids(subnet)
        except Unread:
            continue


@check(
    "EGR204",
    "the next hop address is one that something owns",
    to=[USER_DEFINED_ROUTING],
    each=subnets,
    reads=_what_the_hops_are,
    sources=(_ROUTES,),
    reference=_ROUTES_URL,
    observed_at="nextHopIpAddress against firewalls, NICs, load balancers of the VNet and its peers",
)
def something_owns_the_next_hop(subnet: Subnet, _: Request) -> Iterator[Outcome]:
    """Packets to an address that nothing has are dropped: nodes lose all egress at the cut-over."""
    yield from _each_hop(subnet, _owned, _no_address)


def _no_address(table: RouteTable, written: str) -> Outcome:
    return Warn(
        table.id, f"{table.name} sends egress to {written}, which is no address", fix=_other_hop(table, written)
    )


def _owned(subnet: Subnet, table: RouteTable, address: str) -> Iterator[Outcome]:
    if hops.inside(address, subnet.ranges):
        yield Skip("EGR210")
        return
    found = hops.owner(subnet, address)
    if found:
        yield Pass(found.id, f"{address} is {found.kind} {found.name}")
    elif hops.deallocated_firewalls(subnet, address):
        yield Skip("EGR210")
    else:
        here = hops.place(subnet, address)
        seen = (
            f"no firewall, network interface or internal load balancer in {arm.name(here.network_id)} has {address}"
            if here
            else f"{address} is outside of {arm.name(arm.parent(subnet.id))} and its peers; an address on premises, or "
            "of an appliance in a virtual hub, cannot be seen"
        )
        yield Warn(table.id, f"{table.name}: {seen}", fix=_other_hop(table, address))


def _other_hop(table: RouteTable, address: str, instead: str = "<firewall-private-ip>") -> tuple[Fix, ...]:
    routes = [found for found in table.internet_routes if found and (found.next_hop_address or "nothing") == address]
    return tuple(
        cutover(
            az(
                "network route-table route update",
                **where(table.id),
                route_table_name=table.name,
                name=route.name,
                next_hop_type="VirtualAppliance",
                next_hop_ip_address=instead,
            )
        )
        for route in routes
    )


@check(
    "EGR210",
    "the next hop can forward",
    to=[USER_DEFINED_ROUTING],
    each=subnets,
    reads=_what_the_hops_are,
    sources=(
        _ROUTES,
        "Azure documentation, virtual-network-troubleshoot-peering-issues, 2019-08-28",
        "Azure documentation, update-virtual-network-peering-address-space, 2023-03-21",
        "Azure documentation, firewall-faq, 2022-09-12",
    ),
    reference=_ROUTES_URL,
    observed_at="virtualNetworkPeerings, networkInterfaces, azureFirewalls",
)
def next_hop_can_forward(subnet: Subnet, _: Request) -> Iterator[Outcome]:
    """The route is there and leads nowhere: nodes lose all egress at the cut-over."""
    yield from _each_hop(subnet, _forwards, _moot)


def _forwards(subnet: Subnet, table: RouteTable, address: str) -> Iterator[Outcome]:
    if hops.inside(address, subnet.ranges):
        yield Fail(
            table.id,
            f"{table.name} sends what leaves {subnet.name} to {address}, inside {subnet.name} itself: packets go round",
            fix=_other_hop(table, address, "<private-ip-in-another-subnet>"),
            expected="a next hop in another subnet",
        )
        return
    peering = hops.peering_to(subnet, address)
    if peering:
        yield from _peered(subnet, peering, address)
    found = hops.owner(subnet, address)
    state = arm.text(found.document, "properties", "provisioningState") if found else None
    if found is None:
        yield from _deallocated(subnet, address)
    elif not found.forwards:
        yield Fail(
            found.id,
            f"{found.kind} {found.name} ({address}) drops what is not for itself: IP forwarding is off",
            fix=(before(az("network nic update", ids=found.id, ip_forwarding="true")),),
            expected="IP forwarding, here and in the appliance's own system",
        )
    elif found.kind == hops.AZURE_FIREWALL:
        if not arm.same(state, "Succeeded"):
            yield Warn(found.id, f"firewall {found.name} is in state {state or 'unknown'}")
        yield from _goes_on(subnet, found)
        yield Pass(found.id, f"{address} is {found.kind} {found.name}")
    elif found.kind == hops.LOAD_BALANCER:
        yield Pass(found.id, f"{address} is {found.kind} {found.name}; the appliances behind it are not judged")
    else:
        yield Pass(found.id, f"{address} is {found.kind} {found.name}")


def _goes_on(subnet: Subnet, firewall: Owner) -> Iterator[Outcome]:
    """The routes on the firewall's own subnet: what they drop, no firewall can send."""
    for table, route in hops.onward_routes(subnet.snapshot, firewall.document):
        if any(arm.same(route.next_hop_type, dropping) for dropping in DROPPING_HOPS):
            observed = f"{table.name} on the subnet of firewall {firewall.name} drops {route.prefix}: {route.hop}"
            way_out = az(
                "network route-table route update",
                **where(table.id),
                route_table_name=table.name,
                name=route.name,
                next_hop_type="Internet",
            )
            yield Fail(table.id, observed, fix=(before(way_out),), expected="a way out for the firewall itself")


def _peered(subnet: Subnet, peering: Peering, address: str) -> Iterator[Outcome]:
    """What keeps the peering from carrying packets to the hop; one that is not in sync goes on carrying the ranges that
    it knows."""
    peering_id = arm.child(arm.parent(subnet.id), "virtualNetworkPeerings", peering.name)
    behind = f"{address} is behind peering {peering.name} to {arm.name(peering.remote_id)}"
    sync = before(az("network vnet peering sync", ids=peering_id))
    if not peering.connected:
        yield _not_connected(subnet, peering, address)
    if not peering.allows_access:
        allow = az("network vnet peering update", ids=peering_id, set="allowVirtualNetworkAccess=true")
        observed = f"{behind}, which lets nothing through: allowVirtualNetworkAccess is false"
        yield Fail(peering_id, observed, fix=(before(allow),), expected="allowVirtualNetworkAccess")
    if peering.remote_ranges and not hops.inside(address, peering.remote_ranges):
        carried = ", ".join(str(found) for found in peering.remote_ranges)
        yield Fail(peering_id, f"{behind}, which carries only {carried}", fix=(sync,), expected=f"{address} in it")
    elif peering.sync_level and not arm.same(peering.sync_level, "FullyInSync"):
        fix = (sync,) if "local" in peering.sync_level.lower() else ()  # the other side must sync its own
        yield Warn(peering_id, f"{behind}, which is {peering.sync_level}", fix=fix, expected="FullyInSync")


def _not_connected(subnet: Subnet, peering: Peering, address: str) -> Outcome:
    """A peering that waits for the other side needs that side alone; one that lost it is made anew."""
    own, remote = arm.parent(subnet.id), peering.remote_id
    mine = {**where(own), "vnet_name": arm.name(own), "name": peering.name}
    theirs = {**where(remote), "vnet_name": arm.name(remote), "name": f"to-{arm.name(own)}"}
    flags = {"allow_vnet_access": True, "allow_forwarded_traffic": True}
    through_gateway = {"use_remote_gateways": True} if peering.uses_remote_gateways else {}
    anew = (
        before(az("network vnet peering delete", **mine)),
        before(az("network vnet peering create", **mine, remote_vnet=remote, **flags, **through_gateway)),
    )
    waits = arm.same(peering.state, "Initiated")
    return Fail(
        arm.child(own, "virtualNetworkPeerings", peering.name),
        f"{address} is behind peering {peering.name} to {arm.name(remote)}, which is {peering.state or 'in no state'}",
        fix=(
            *(() if waits else anew),
            before(az("network vnet peering create", **theirs, remote_vnet=own, **flags)),
        ),
        expected="Connected",
    )


def _deallocated(subnet: Subnet, address: str) -> Iterator[Outcome]:
    at = hops.subnet_at(subnet, address)
    idle = hops.deallocated_firewalls(subnet, address)
    if at is None or not idle:
        yield Skip("EGR204")
    for found in idle:
        allocate = az(
            "network firewall ip-config create",
            **where(found.id),
            firewall_name=found.name,
            name="ipconfig",
            public_ip_address="<public-ip>",
            vnet_name=arm.name(arm.parent(at.id)) if at else "",
        )
        yield Fail(
            found.id,
            f"firewall {found.name} is deallocated: it has no IP configuration, and nothing has {address}",
            fix=(before(allocate),),
            expected=f"an allocated firewall, with {address} again (it may get another address)",
        )


def _what_the_rules_are(cluster: Cluster, _: Request) -> Iterator[str]:
    if _needs_nothing(cluster):
        return
    for subnet in cluster.subnets:
        for firewall in _firewalls(subnet):
            yield needs.endpoints_id(cluster)
            yield from firewalls.wanted_ids(cluster.snapshot, firewall)


def _firewalls(subnet: Subnet) -> Iterator[Json]:
    """Those among the next hops, as far as they are known."""
    try:
        addresses = hops.addresses(subnet)
    except Unread:
        return
    for address in addresses:
        try:
            firewall = hops.firewall_at(subnet, address)
        except Unread:
            continue
        if firewall:
            yield firewall


@check(
    "EGR209",
    "the firewall on the path lets through what AKS needs",
    to=[USER_DEFINED_ROUTING],
    each=subnets,
    reads=_what_the_rules_are,
    sources=(
        "AKS documentation, outbound-rules-control-egress.md and limit-egress-traffic.md, 2026-07-02",
        "Azure documentation, firewall/rule-processing.md, 2020-04-10",
    ),
    reference="https://learn.microsoft.com/azure/aks/limit-egress-traffic",
    observed_at="firewall policy rules; the cluster's own outboundNetworkDependenciesEndpoints",
)
def firewall_lets_through(subnet: Subnet, _: Request) -> Iterator[Outcome]:
    """Nodes that cannot reach what AKS needs turn NotReady, or cannot pull images, scale out or upgrade."""
    if _needs_nothing(subnet.cluster):
        yield Skip("the cluster is network isolated: its nodes need nothing from the internet")
    else:
        yield from _each_hop(subnet, _lets_through, _moot)


def _needs_nothing(cluster: Cluster) -> bool:
    return bool(cluster.private_api_server) and arm.same(cluster.text("bootstrapProfile", "artifactSource"), "Cache")


def _lets_through(subnet: Subnet, _: RouteTable, address: str) -> Iterator[Outcome]:
    if hops.inside(address, subnet.ranges):
        yield Skip("EGR210")
        return
    firewall = hops.firewall_at(subnet, address)
    if firewall is None:
        found = hops.owner(subnet, address)
        if found and found.forwards:
            raise Untold(found.id, f"what {found.kind} {found.name}, or what is behind it, lets through")
        yield Skip("EGR210" if found or hops.deallocated_firewalls(subnet, address) else "EGR204")
        return
    sources = [known for known in subnet.ranges if known.version == 4]
    if not sources:
        raise Unread(subnet.id, "Azure's answer has no address range")
    rules = firewalls.rules_of(subnet.snapshot, firewall)
    flows = needs.flows(subnet, address)
    at_best = {flow: stopped(rules, flow, sources, hopeful=True) for flow in flows}
    closed = {flow: denials(rules, flow, sources) for flow in flows if at_best[flow]}
    unclear = [flow for flow in flows if not at_best[flow] and stopped(rules, flow, sources, hopeful=False)]
    filters = firewalls.policy_of(firewall) or arm.text(firewall, "id")
    name = arm.name(filters or "")
    if closed:
        whole = sum(known.num_addresses for known in sources)
        shut = [flow for flow, left in at_best.items() if sum(known.num_addresses for known in left) == whole]
        vital = [flow for flow in flows if flow.is_vital]
        nothing = bool(vital) and set(vital) <= set(shut)
        outcome = Fail if nothing and not subnet.cluster.http_proxies else Warn
        anything = "anything that AKS needs" if len(shut) == len(flows) else "any HTTPS that AKS needs"
        seen = f"{name} does not let {anything if nothing else _some(list(closed))} through from {subnet.name}"
        fix = opening(subnet.cluster, firewall, closed)
        yield outcome(filters, f"{seen}{_denied_by(closed)}", fix=fix)
    if unclear:
        reason = next((rule.unread for rule in rules if rule.unread), None)
        raise reason or Untold(filters, f"whether it lets {_some(unclear)} through from {subnet.name}")
    if not closed:
        not_listed = needs.not_listed(subnet.cluster)
        if not_listed:
            raise not_listed
        yield Pass(filters, f"{name} lets all {len(flows)} that AKS needs through from {subnet.name}")


def _denied_by(closed: Mapping[Flow, Sequence[Rule]]) -> str:
    """The rules to change, where it is not only that nothing allows it."""
    found = sorted((rule.order, rule.words) for denying in closed.values() for rule in denying)
    words = list(dict.fromkeys(text for _, text in found))
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return f": denied by {', '.join(words[:_SHOWN])}{more}" if words else ""


def _some(flows: Sequence[Flow]) -> str:
    shown = ", ".join(flow.words for flow in flows[:_SHOWN])
    return f"{shown} and {len(flows) - _SHOWN} more" if len(flows) > _SHOWN else shown
