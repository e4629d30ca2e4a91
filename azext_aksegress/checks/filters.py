"""EGR231 and EGR232: do security groups and DNS servers leave the way open?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Iterator, Sequence

from azext_aksegress import arm, egress
from azext_aksegress.arm import Json
from azext_aksegress.checks import Fail, Outcome, Pass, Skip, Warn, check
from azext_aksegress.checks.routes import subnets
from azext_aksegress.cluster import Cluster, Subnet
from azext_aksegress.fixes import Fix, az, before, where
from azext_aksegress.matrix import BLOCK, ISOLATED, OUTBOUND_TYPES, USER_DEFINED_ROUTING
from azext_aksegress.network import APPLIANCE_HOPS, Range, Route, VirtualNetwork, address_range
from azext_aksegress.request import Request
from azext_aksegress.security import (
    ANYWHERE,
    AZURE_DNS,
    INTERNET,
    INTERNET_RANGES,
    MEMBERS,
    PLATFORM_DNS,
    VIRTUAL_NETWORK,
    Denial,
    Flow,
    Rule,
    denials,
    endpoint,
    is_public,
    narrowest,
    outbound_rules,
)
from azext_aksegress.snapshot import Unread

_OUTBOUND = "AKS documentation, outbound-rules-control-egress.md, 2026-07-02"
_TAGS = "Azure documentation, service-tags-overview.md"
_DNS = "Azure documentation, virtual-networks-name-resolution-for-vms-and-role-instances.md"
_PRIVATE = "AKS documentation, private-clusters.md, 2026-08-05"


def _groups(cluster: Cluster, _: Request) -> Iterator[str]:
    """The security groups of the subnets, as far as the subnets are known."""
    for subnet in cluster.subnets:
        try:
            group_id = subnet.network_security_group_id
        except Unread:
            continue
        if group_id:
            yield group_id


def _rules(_: str, group: Json) -> tuple[Rule, ...]:
    return outbound_rules(group)


@check(
    "EGR231",
    "no NSG rule denies what nodes need outbound",
    to=[found for found in OUTBOUND_TYPES if found not in ISOLATED],
    each=subnets,
    reads=_groups,
    sources=(
        _OUTBOUND,
        _TAGS,
        "Azure documentation, network-security-groups-overview.md",
    ),
    reference="https://learn.microsoft.com/azure/aks/outbound-rules-control-egress",
    observed_at="NSG security rules of subnets, by priority",
)
def no_rule_denies_what_nodes_need(subnet: Subnet, request: Request) -> Iterator[Outcome]:
    """Nodes cannot pull images, resolve names or reach the API server, whatever path egress takes."""
    group_id = subnet.network_security_group_id
    if group_id is None:
        yield Pass(subnet.id, f"{subnet.name} has no security group")
        return
    cluster = subnet.cluster
    if cluster.outbound_type == BLOCK and cluster.made_by_aks(group_id):
        yield Skip("AKS made the security group for block, and changes it with the move")
        return
    group = subnet.snapshot.resource(group_id)
    group_id = arm.text(group, "id") or group_id
    rules = cluster.parsed(group_id, _rules)
    needs, unread = _needs(subnet, request)
    ranges = subnet.ranges
    if not any(found.version == 4 for found in ranges):
        raise Unread(subnet.id, "Azure's answer has no IPv4 range")
    denied: dict[Denial, list[Flow]] = {}
    for flow in needs:
        for found in denials(rules, flow, ranges):
            denied.setdefault(found, []).append(flow)
    for denial, flows in denied.items():
        yield _denied(group_id, denial, flows)
    if unread:
        raise unread
    yield Pass(group_id, f"{arm.name(group_id)} lets through what nodes need")


def _denied(group_id: str, denial: Denial, flows: Sequence[Flow]) -> Outcome:
    rule = denial.rule
    by_port: dict[str, list[str]] = {}
    for flow in flows:
        by_port.setdefault(f"{flow.protocol.upper()} {flow.port}", []).append(flow.to)
    what = "; ".join(f"{port} to {', '.join(names)}" for port, names in by_port.items())
    origin = f" from {', '.join(str(found) for found in sorted(denial.part, key=str))}" if denial.part else ""
    verb = "denies" if denial.certain else "may deny"
    observed = f"{rule.name} (priority {rule.priority}) of {arm.name(group_id)} {verb}{origin} {what}"
    meant = "right only where a proxy or private endpoints take its place"
    return Warn(rule.id or group_id, f"{observed}; {meant}", fix=_look_at(rule.id))


def _look_at(rule_id: str) -> tuple[Fix, ...]:
    """The rule as it is, and how to let it deny less: only its owner knows what it is for."""
    if not arm.same(arm.resource_type(rule_id), "Microsoft.Network/networkSecurityGroups/securityRules"):
        return ()
    narrower = az("network nsg rule update", ids=rule_id, destination_address_prefixes="<what-must-stay-denied>")
    return before(az("network nsg rule show", ids=rule_id)), before(narrower)


def _needs(subnet: Subnet, request: Request) -> tuple[tuple[Flow, ...], Unread | None]:
    """What nodes need, and what could not be read of it."""
    flows = list(_https(subnet.cluster, request))
    try:
        for found in _servers_and_proxies(subnet, request):
            flows.append(found)
    except Unread as unread:
        return tuple(flows), unread
    return tuple(flows), None


def _https(cluster: Cluster, request: Request) -> Iterator[Flow]:
    """What nodes reach on the internet, by the tags that hold it. Not the ports 1194 and 9000, which konnectivity needs
    no more, nor 123, which nodes made since March 2021 do not need (outbound-rules-control-egress.md)."""
    azure, region = "azurecloud", cluster.location or ""
    by_tags: list[tuple[str, tuple[str, ...]]] = []
    if not cluster.private_api_server:
        by_tags += [("the API server", (azure, f"{azure}.{region}"))]
    if not arm.same(cluster.text("bootstrapProfile", "artifactSource"), "Cache"):
        registry = "microsoftcontainerregistry"
        by_tags += [
            ("Azure Resource Manager", (azure, "azureresourcemanager")),
            ("Microsoft Entra ID", (azure, "azureactivedirectory")),
            ("Microsoft Container Registry", (azure, registry, f"{registry}.{region}")),
            ("the registry's Azure Front Door", ("azurefrontdoor.firstparty",)),
        ]
    for name, tags in by_tags:
        yield Flow(name, "Tcp", 443, frozenset({*_internet(request), *tags}), INTERNET_RANGES)


def _internet(request: Request) -> tuple[str, ...]:
    """The words that hold all of the internet: VirtualNetwork too, where a route table sends 0.0.0.0/0 to a hop."""
    return (ANYWHERE, INTERNET, *([VIRTUAL_NETWORK] if request.to == USER_DEFINED_ROUTING else []))


def _servers_and_proxies(subnet: Subnet, request: Request) -> Iterator[Flow]:
    """What has an address of its own; Azure DNS is subject to no rule but one that names it; raises Unread."""
    network = subnet.network
    servers = _servers(network)
    if not network.dns_servers or any(arm.same(found, AZURE_DNS) for found in network.dns_servers):
        yield Flow("Azure DNS", "Udp", 53, frozenset({PLATFORM_DNS}))
    found = [(f"DNS server {name}", "Udp", 53, address) for name, address in servers]
    proxies = sorted({known for known in (endpoint(url) for _, url in subnet.cluster.http_proxies) if known})
    addresses = [(host, port, address_range(host)) for host, port in proxies]
    found += [(f"HTTP proxy {host}", "Tcp", port, address) for host, port, address in addresses if address]
    for name, protocol, port, address in found:
        public = is_public(address) and inside(network, address) is None
        words = _internet(request) if public else (ANYWHERE, VIRTUAL_NETWORK, MEMBERS)
        yield Flow(name, protocol, port, frozenset(words), (address,))
    _all_addresses(network)


def _servers(network: VirtualNetwork) -> tuple[tuple[str, Range], ...]:
    """The DNS servers of one's own that are addresses, each with its name."""
    found = {address_range(written) for written in network.dns_servers} - {address_range(AZURE_DNS)}
    return tuple(sorted((str(address.network_address), address) for address in found if address))


def _all_addresses(network: VirtualNetwork) -> None:
    """Raise Unread where a DNS server is no address."""
    for written in sorted(network.dns_servers):
        if address_range(written) is None:
            raise Unread(network.id, f"where DNS server {written} is")


def inside(network: VirtualNetwork, address: Range) -> Range | None:
    """The narrowest range that holds an address, of a network itself and of the peers that it is connected with."""
    peers = (found for peering in network.peerings if peering.connected for found in peering.remote_ranges)
    return narrowest(address, (*network.ranges, *peers))


@dataclass(frozen=True)
class Neighbourhood:
    """A virtual network, and the subnets of the cluster that are in it; read on touch."""

    id: str
    subnets: tuple[Subnet, ...]

    @property
    def cluster(self) -> Cluster:
        """The cluster that is judged."""
        return self.subnets[0].cluster

    @property
    def network(self) -> VirtualNetwork:
        """The network itself; raises Unread."""
        first = self.subnets[0]
        if not arm.same(arm.resource_type(first.id), "Microsoft.Network/virtualNetworks/subnets"):
            first.snapshot.resource(first.id)  # a pool that names no subnet: what it stands for was not read
        return first.network

    def hop_to(self, address: Range) -> str | None:
        """Where routes send what goes to an address, in words, rather than straight into the network or a peer: by
        longest prefix, one's own before the system's (Azure documentation, virtual-networks-udr-overview); None where
        none does; raises Unread."""
        direct = inside(self.network, address)
        found = set()
        for subnet in self.subnets:
            route = _route_to(subnet, address)
            prefix = address_range(route.prefix) if route else None
            if route and prefix and (direct is None or prefix.prefixlen >= direct.prefixlen):
                found.add(route.hop)
        return " and ".join(sorted(found)) or None


def _route_to(subnet: Subnet, address: Range) -> Route | None:
    """The route of a subnet's table that leads an address to an appliance or a gateway; raises Unread."""
    table = subnet.route_table
    routes = sorted(table.routes, key=lambda found: (found.name, found.hop)) if table else []
    by_range = {address_range(route.prefix): route for route in routes}
    best = narrowest(address, (found for found in by_range if found))
    route = by_range[best] if best else None
    return route if route and any(arm.same(route.next_hop_type, known) for known in APPLIANCE_HOPS) else None


def networks(cluster: Cluster) -> tuple[Neighbourhood, ...]:
    """Each virtual network that the cluster is in; none where AKS's own is not there; raises Unread."""
    found: dict[str, list[Subnet]] = {}
    for subnet in cluster.subnets:
        found.setdefault(arm.parent(subnet.id).lower(), []).append(subnet)
    return tuple(Neighbourhood(arm.parent(rows[0].id), tuple(rows)) for rows in found.values())


NO_NETWORK = "no virtual network of the cluster was found"


def _networks_or_none(cluster: Cluster) -> tuple[Neighbourhood | None, ...]:
    """For checks that judge each virtual network, or say that there is none; raises Unread."""
    return networks(cluster) or (None,)


@check(
    "EGR232",
    "the VNet's DNS servers stay reachable",
    to=[USER_DEFINED_ROUTING, *ISOLATED],
    each=_networks_or_none,
    blocks=True,
    sources=(
        _DNS,
        _OUTBOUND,
        _PRIVATE,
    ),
    reference="https://learn.microsoft.com/azure/virtual-network/virtual-networks-name-resolution-for-vms-and-"
    "role-instances",
    observed_at="virtualNetwork.dhcpOptions.dnsServers, address spaces",
)
def dns_servers_stay_reachable(around: Neighbourhood | None, request: Request) -> Iterator[Outcome]:
    """Nodes and pods that cannot resolve names lose the API server, their registries and everything else."""
    if around is None:
        yield Skip(NO_NETWORK)
        return
    network = around.network
    servers = _servers(network)
    if servers:
        yield from _private_zone(around.cluster, network, servers)
    if request.to == USER_DEFINED_ROUTING:
        yield from _behind_the_hop(around, servers)
    else:
        yield from _on_the_internet(around, servers, request)
    _all_addresses(network)
    seen = f"{_names(servers)} in the network, a peer or a private network" if servers else "Azure DNS"
    yield Pass(network.id, f"{arm.name(network.id)}: {seen}")


def _names(servers: Iterable[tuple[str, Range]]) -> str:
    return ", ".join(name for name, _ in servers)


def _private_zone(cluster: Cluster, network: VirtualNetwork, servers: Sequence[tuple[str, Range]]) -> Iterator[Outcome]:
    zone = cluster.text("apiServerAccessProfile", "privateDNSZone") or "system"
    if not cluster.private_cluster or arm.same(zone, "none"):
        return
    group = cluster.text("nodeResourceGroup") or "<node-resource-group>"
    look = az("network private-dns zone list", subscription=cluster.subscription_id, resource_group=group)
    if arm.part(zone, "privateDnsZones"):
        look = az("network private-dns link vnet list", **where(zone), zone_name=arm.name(zone))
    called = "private DNS zone, which AKS made" if arm.same(zone, "system") else f"private DNS zone {arm.name(zone)}"
    observed = f"{_names(servers)} must resolve the API server's {called}"
    how = f"forward it to {AZURE_DNS} from a network that is linked to the zone"
    yield Warn(network.id, f"{observed}: {how}", fix=(before(look),))


def _behind_the_hop(around: Neighbourhood, servers: Sequence[tuple[str, Range]]) -> Iterator[Outcome]:
    network = around.network
    outside = [row for row in servers if inside(network, row[1]) is None]
    if outside:
        yield Warn(network.id, f"{_names(outside)} is behind the new next hop, {_LET_THROUGH}")
    for name, address in servers:
        hop = around.hop_to(address) if (name, address) not in outside else None
        if hop:
            yield Warn(network.id, f"{name} is behind {hop}, {_LET_THROUGH}")


_LET_THROUGH = "which must let UDP and TCP 53 through to it"


def _on_the_internet(
    around: Neighbourhood, servers: Sequence[tuple[str, Range]], request: Request
) -> Iterator[Outcome]:
    network = around.network
    public = [row for row in servers if is_public(row[1]) and inside(network, row[1]) is None]
    if not public:
        return
    ways = [way for subnet in around.subnets for way in egress.carriers_of(around.cluster, subnet, request)]
    own = az("network vnet update", ids=network.id, dns_servers="<private-dns-server-ip>")
    if any(way.kind == egress.NO_PATH for way in ways):
        observed = f"{_names(public)} is on the internet, to which {request.to} leaves no way"
        yield Fail(network.id, observed, fix=(before(own),), expected="private DNS servers, or Azure DNS")
        return
    for way in ways:
        if way.kind == egress.UNKNOWN and way.unknown:
            raise way.unknown
    kinds = ", ".join(sorted({way.kind for way in ways}))
    yield Warn(
        network.id, f"{_names(public)} is on the internet, by a way out that stays ({kinds})", fix=(before(own),)
    )
