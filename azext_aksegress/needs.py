"""What AKS needs whatever filters its egress to let through: by the cluster's own list, or by the documented one."""

from __future__ import annotations

from typing import Iterator, Sequence

from azext_aksegress import arm
from azext_aksegress.arm import Json
from azext_aksegress.cluster import Cluster, Subnet
from azext_aksegress.firewall_rules import Flow
from azext_aksegress.hops import inside
from azext_aksegress.network import address_range, holds
from azext_aksegress.snapshot import Unread, Untold

DOCUMENTED = (
    *("mcr.microsoft.com", "*.data.mcr.microsoft.com", "mcr-0001.mcr-msedge.net", "management.azure.com"),
    *("login.microsoftonline.com", "packages.microsoft.com", "acs-mirror.azureedge.net", "packages.aks.azure.com"),
)
"""The names that every cluster in Azure Global needs by HTTPS, less that of its API server (AKS documentation,
outbound-rules-control-egress.md, 2026-07-02)."""

_API_SERVER, _TUNNEL = "apiserver", "tunnel-classic"
_PLATFORM_DNS = "168.63.129.16"
"""Azure's own DNS, which no route leads elsewhere (Azure documentation, what-is-ip-address-168-63-129-16)."""


def endpoints_id(cluster: Cluster) -> str:
    """The collection in which AKS lists, by category, what the nodes of a cluster must reach."""
    return arm.child(cluster.id, "outboundNetworkDependenciesEndpoints")


def flows(subnet: Subnet, hop: str) -> tuple[Flow, ...]:
    """What nodes and pods of a subnet send through a next hop and cannot do without, each once; raises Unread.

    The API server's own address is among it, since pods use that and not its name; but not that of a private one.
    """
    cluster = subnet.cluster
    found = [*_web(cluster), *_api_server(cluster), *_dns(subnet, hop)]
    return tuple(sorted(dict.fromkeys(found), key=lambda flow: (flow.is_web, flow.words)))


def of_nodes(cluster: Cluster) -> tuple[Flow, ...]:
    """What the nodes of a cluster send, by name, and cannot do without, each once; raises Unread."""
    return tuple(sorted(dict.fromkeys(_web(cluster)), key=lambda flow: (flow.is_web, flow.words)))


def not_listed(cluster: Cluster) -> Unread | None:
    """Why the flows are those that every cluster needs, and not those that AKS lists for this one, which can be more;
    None where AKS lists them."""
    try:
        cluster.snapshot.collection(endpoints_id(cluster))
    except Unread as unread:
        return unread
    none = Untold(endpoints_id(cluster), "AKS lists nothing that this cluster needs, and it may need more than others")
    return None if _from_the_list(cluster) else none


def _from_the_list(cluster: Cluster) -> list[Flow]:
    return [flow for row in _endpoints(cluster) if _is_required(cluster, row) for flow in _listed(cluster, row)]


def _web(cluster: Cluster) -> Iterator[Flow]:
    listed = _from_the_list(cluster)
    yield from listed or (Flow(f"{name}:443", 443, "Https", name) for name in DOCUMENTED)
    if not listed and not cluster.private_api_server:
        yield from (_with_name(name) for name in _api_server_names(cluster))


def _endpoints(cluster: Cluster) -> Sequence[Json]:
    """What AKS lists; nothing where that cannot be read, and the documented list says the same of every cluster."""
    try:
        return cluster.snapshot.collection(endpoints_id(cluster))
    except Unread:
        return ()


def _details(endpoint: Json) -> Sequence[Json]:
    return arm.objects(endpoint, "endpointDetails")


def _is_required(cluster: Cluster, row: Json) -> bool:
    """Whether a category is about this cluster: AKS also lists what only other kinds of nodes need, and the tunnel that
    konnectivity took the place of (AKS documentation, outbound-rules-control-egress.md, 2026-07-02)."""
    category = (arm.text(row, "category") or "").lower()
    if category == _API_SERVER:
        return not cluster.private_api_server
    if category == "windows":
        return any(arm.same(arm.text(pool.document, "osType"), "Windows") for pool in cluster.pools)
    if category == "gpu":
        sizes = ((arm.text(pool.document, "vmSize") or "").lower() for pool in cluster.pools)
        return any(size.startswith("standard_n") for size in sizes)
    return category != _TUNNEL and not category.endswith("optional")


def _listed(cluster: Cluster, row: Json) -> Iterator[Flow]:
    if arm.same(arm.text(row, "category"), _API_SERVER):
        yield from (_with_name(name) for name in _api_server_names(cluster))
        return
    for endpoint in arm.objects(row, "endpoints"):
        name = arm.text(endpoint, "domainName")
        for detail in _details(endpoint):
            port, protocol = arm.dig(detail, "port"), (arm.text(detail, "protocol") or "").lower()
            if name and isinstance(port, int):
                spelled = {"http": "Http", "https": "Https", "udp": "UDP"}.get(protocol, "TCP")
                yield Flow(f"{name}:{port}{' UDP' if spelled == 'UDP' else ''}", port, spelled, name)


def _with_name(name: str) -> Flow:
    return Flow(f"{name}:443", 443, "Https", name)


def _api_server_names(cluster: Cluster) -> tuple[str, ...]:
    name = cluster.text("fqdn")
    return (name,) if name else ()


def _api_server(cluster: Cluster) -> Iterator[Flow]:
    """Its address, which Azure may not say, but which is in AzureCloud and in the region's part of that."""
    if cluster.private_api_server:
        return
    rows = [row for row in _endpoints(cluster) if arm.same(arm.text(row, "category"), _API_SERVER)]
    details = [detail for row in rows for found in arm.objects(row, "endpoints") for detail in _details(found)]
    said = {address for address in (arm.text(detail, "ipAddress") for detail in details) if address}
    address = said.pop() if len(said) == 1 else None
    tags = ("AzureCloud", *([f"AzureCloud.{cluster.location}"] if cluster.location else []))
    yield Flow("the API server's address:443 for pods", 443, "TCP", cluster.text("fqdn"), address, tags)


def _dns(subnet: Subnet, hop: str) -> Iterator[Flow]:
    for server in subnet.network.dns_servers:
        if address_range(server) and not holds(_PLATFORM_DNS, server) and _leads_through(subnet, hop, server):
            yield Flow(f"DNS server {server}:53 UDP", 53, "UDP", address=server)


def _leads_through(subnet: Subnet, hop: str, address: str) -> bool:
    """Whether the way to an address leads through a next hop: by the longest prefix, of which the network and its peers
    have theirs, and a route of one's own goes before them (Azure documentation, virtual-networks-udr-overview)."""
    network, table = subnet.network, subnet.route_table
    peers = [known for peering in network.peerings if peering.connected for known in peering.remote_ranges]
    direct = [known.prefixlen for known in (*network.ranges, *peers) if inside(address, [known])]
    routes = [(address_range(route.prefix), route) for route in (table.routes if table else ())]
    own = [(known.prefixlen, route) for known, route in routes if known and inside(address, [known])]
    longest = max((length for length, _ in own), default=-1)
    if longest < max(direct, default=0):
        return False
    return any(holds(route.next_hop_address or "", hop) for length, route in own if length == longest)
