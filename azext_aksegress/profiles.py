"""The load balancer or NAT gateway that AKS makes for a cluster: what its profile asks for, which addresses it has, and
what a request changes of them."""

from __future__ import annotations

from azext_aksegress import arm, matrix
from azext_aksegress.cluster import Cluster
from azext_aksegress.network import address_range, holds
from azext_aksegress.request import OPTIONS, Option, Request, Value
from azext_aksegress.snapshot import Snapshot, Unread

PROFILES = {matrix.LOAD_BALANCER: "loadBalancerProfile", matrix.MANAGED_NAT_GATEWAY: "natGatewayProfile"}
"""Where networkProfile keeps the settings and the effective addresses of the types whose gateway AKS makes."""


def effective_ids(cluster: Cluster, outbound_type: str) -> tuple[str, ...]:
    """The ids in `effectiveOutboundIPs` of the profile that an outbound type has; none where it has no profile."""
    profile = PROFILES.get(outbound_type)
    stored = cluster.setting("networkProfile", profile) if profile else None
    return arm.references(stored, "effectiveOutboundIPs")


def stored_own_ids(cluster: Cluster) -> tuple[str, ...]:
    """The public IPs and prefixes of one's own that today's type is to use, whether it does or not; raises Unread."""
    mine = [option for option in OPTIONS if option.takes_ids and option.target == cluster.outbound_type]
    stored = (option.stored(cluster.document.get("properties")) for option in mine)
    return tuple(found for ids in stored if isinstance(ids, tuple) for found in ids)


def has_what_it_stores(cluster: Cluster) -> bool:
    """Whether the gateway of today's type has the addresses that its profile asks for; raises Unread."""
    own, effective = stored_own_ids(cluster), effective_ids(cluster, cluster.outbound_type)
    if own:
        return all(is_used(cluster, found, effective) for found in own)
    return not shortage(cluster)


def is_used(cluster: Cluster, own_id: str, effective: tuple[str, ...]) -> bool:
    """Whether an address of one's own is in force; AKS lists a prefix, or the addresses that it took from it."""
    if any(arm.same(own_id, found) for found in effective):
        return True
    if not arm.resource_type(own_id).lower().endswith("/publicipprefixes"):
        return False
    prefix = address(cluster.snapshot, own_id)
    return any(holds(prefix, address(cluster.snapshot, found)) for found in effective)


def shortage(cluster: Cluster) -> str:
    """How many addresses the gateway of today's type lacks, in words, or ''; by family where there are two; raises
    Unread."""
    wanted = _wanted(cluster)
    effective = {found.lower() for found in effective_ids(cluster, cluster.outbound_type)}
    if not wanted["IPv6"]:
        return "" if len(effective) >= wanted["IPv4"] else f"{len(effective)} of {wanted['IPv4']} addresses"
    ranges = [address_range(address(cluster.snapshot, found)) for found in sorted(effective)]
    families = [f"IPv{found.version}" for found in ranges if found]
    rows = [(family, families.count(family), number) for family, number in wanted.items()]
    lacking = [f"{there} of {number} {family}" for family, there, number in rows if there < number]
    return f"{' and '.join(lacking)} addresses" if lacking else ""


def surplus(cluster: Cluster) -> str:
    """How many addresses the gateway of today's type has beyond those that its profile asks for, in words, or ''."""
    wanted = sum(_wanted(cluster).values())
    effective = {found.lower() for found in effective_ids(cluster, cluster.outbound_type)}
    return f"{len(effective)} addresses instead of {wanted}" if len(effective) > wanted else ""


def _wanted(cluster: Cluster) -> dict[str, int]:
    """How many addresses of each family the profile of today's type has AKS make; raises Unread."""
    mine = [option for option in OPTIONS if option.target == cluster.outbound_type]
    stored = {option.field: option.stored(cluster.document.get("properties")) for option in mine}
    ipv4, ipv6 = stored.get("ip_count"), stored.get("ipv6_count")
    return {"IPv4": max(ipv4 if isinstance(ipv4, int) else 1, 1), "IPv6": ipv6 if isinstance(ipv6, int) else 0}


def renews_nat_gateway(cluster: Cluster, request: Request) -> bool:
    """Whether the type stays managedNATGateway and the gateway's SKU changes, which is a move of its own:
    AKS deletes and makes the gateway anew (AKS engineering blog, 2026-09-29); raises Unread."""
    if not cluster.outbound_type == request.to == matrix.MANAGED_NAT_GATEWAY or request.nat_gateway_sku is None:
        return False
    return not arm.same(request.nat_gateway_sku, cluster.nat_gateway_sku or matrix.STANDARD)


def changes(cluster: Cluster, request: Request) -> tuple[tuple[Option, Value, Value | None], ...]:
    """What a request for today's type would change of it: each option as asked and as stored; raises Unread."""
    if cluster.outbound_type != request.to:
        return ()
    renewed = renews_nat_gateway(cluster, request)
    rows = request.differences(cluster.document.get("properties"))
    return tuple(row for row in rows if renewed or row[0].field != "nat_gateway_sku")


def keeps_addresses(cluster: Cluster, request: Request) -> bool:
    """Whether a request leaves the gateway and its addresses as they are; raises Unread."""
    rows = changes(cluster, request)
    about = any(option.about_addresses or option.field == "nat_gateway_sku" for option, *_ in rows)
    return cluster.outbound_type == request.to and not about


def renews_addresses(cluster: Cluster, request: Request) -> bool:
    """Whether a request for today's type has AKS make new addresses instead of all that are there; raises Unread."""
    if renews_nat_gateway(cluster, request):
        return True
    counts = any(option.field in ("ip_count", "ipv6_count") for option, _ in request.asked)
    return counts and bool(stored_own_ids(cluster))


def more_and_fewer(cluster: Cluster, request: Request) -> tuple[int, int]:
    """How many addresses a request for today's type has AKS make, and release; raises Unread."""
    steps = [
        asked - (stored if isinstance(stored, int) else int(option.field == "ip_count"))
        for option, asked, stored in changes(cluster, request)
        if option.field in ("ip_count", "ipv6_count") and isinstance(asked, int)
    ]
    return sum(step for step in steps if step > 0), -sum(step for step in steps if step < 0)


def released_ids(cluster: Cluster, request: Request) -> tuple[str, ...]:
    """The public IPs that AKS made for today's outbound type, and deletes when the cluster leaves it or gets addresses
    of one's own (Azure/AKS CHANGELOG.md, 2023-07-30); raises Unread."""
    own = {found.lower() for found in stored_own_ids(cluster)}
    replaced = (found for found in replaced_ids(cluster, request) if found.lower() not in own)
    return tuple(found for found in replaced if cluster.made_by_aks(found))


def addresses_made_by_aks(cluster: Cluster) -> tuple[str, ...]:
    """The addresses of today's load balancer and NAT gateway that AKS made, and may release; raises Unread."""
    own = {found.lower() for found in stored_own_ids(cluster)}
    ids = [found for outbound_type in PROFILES for found in effective_ids(cluster, outbound_type)]
    made = (found for found in ids if found.lower() not in own and cluster.made_by_aks(found))
    return tuple(dict.fromkeys(address_or_name(cluster.snapshot, found) for found in made))


def replaced_ids(cluster: Cluster, request: Request) -> tuple[str, ...]:
    """The public IPs of today's load balancer or NAT gateway that are not in use any more after the move, whoever
    made them; raises Unread."""
    stays = request.to == cluster.outbound_type
    if stays and not request.own_ids and not renews_addresses(cluster, request):
        return ()
    effective = effective_ids(cluster, cluster.outbound_type)
    return tuple(found for found in effective if not any(_is_kept(cluster, own, found) for own in request.own_ids))


def _is_kept(cluster: Cluster, own_id: str, effective_id: str) -> bool:
    try:
        return is_used(cluster, own_id, (effective_id,))
    except Unread:
        return False


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
