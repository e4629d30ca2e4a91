"""EGR4xx: is there room?"""

from __future__ import annotations

from typing import Iterable, Iterator, Mapping, Sequence

from azext_aksegress import arm, egress, hops, snat
from azext_aksegress.arm import Json
from azext_aksegress.checks import Fail, Note, Outcome, Pass, Skip, Warn, check, unknown
from azext_aksegress.checks.routes import subnets, why_no_way_out
from azext_aksegress.cluster import Cluster, Subnet
from azext_aksegress.egress import Carrier
from azext_aksegress.fixes import Fix, az, before
from azext_aksegress.matrix import (
    LOAD_BALANCER,
    MANAGED_NAT_GATEWAY,
    STANDARD_V2,
    USER_DEFINED_ROUTING,
)
from azext_aksegress.request import OPTIONS, Option, Request, Value
from azext_aksegress.snapshot import API_VERSION, Unread, Untold

QUOTAS = {
    "publicipaddresses": ("IPv4", "IPv6"),
    "standardskupublicipaddresses": ("IPv4", "IPv6"),
    "ipv4standardskupublicipaddresses": ("IPv4",),
    "ipv6standardskupublicipaddresses": ("IPv6",),
}
"""The quotas of public IPs by lower-case name, and the families that each counts (Azure REST API reference, Usages -
List; Azure documentation, az network list-usages); how a region counts StandardV2 beside them is not documented."""
FEWEST_FIREWALL_ADDRESSES = 20
"""The public IPs that AKS advises for a firewall in production (AKS documentation, limit-egress-traffic.md)."""

_LOAD_BALANCER = "AKS documentation, configure-load-balancer-standard.md, 2026-07-02"
_NAT = "AKS documentation, nat-gateway.md, 2026-07-07"
_LB_URL = "https://learn.microsoft.com/azure/aks/load-balancer-standard"
_NO_WAY_OUT = "the cluster will have no way out"


# EGR401: public IPs


def usages(cluster: Cluster, request: Request) -> Iterator[str]:
    """The collection of what the cluster's subscription uses of its network quotas in the region; raises Unread."""
    if _is_askable(request) and any(snat.made_addresses(cluster, request).values()):
        yield _usages_id(cluster)


def _usages_id(cluster: Cluster) -> str:
    if cluster.location is None:
        raise Unread(cluster.id, "Azure's answer has no location")
    where = f"/subscriptions/{cluster.subscription_id}/providers/Microsoft.Network/locations/{cluster.location}"
    return f"{where}/usages"


@check(
    "EGR401",
    "the region has public IPs left",
    to=[LOAD_BALANCER, MANAGED_NAT_GATEWAY],
    reads=usages,
    sources=("Azure REST API reference, Microsoft.Network usages", "Azure refusal PublicIPCountLimitReached"),
    reference="https://learn.microsoft.com/azure/quotas/networking-quota-requests",
    observed_at="Microsoft.Network usages",
)
def region_has_addresses_left(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """The update fails half way where AKS cannot make the new public IPs, which it makes before it frees the old."""
    if not _is_askable(request):
        yield Skip("EGR403")
        return
    made = snat.made_addresses(cluster, request)
    if not any(made.values()):
        yield Skip("AKS makes no public IP for this")
        return
    for name, used, limit, needed in _quotas(cluster, request, made):
        quota_id = arm.child(_usages_id(cluster), name)
        observed = f"{cluster.location}: {used} of {limit} {name} are used, and AKS will make {needed} more"
        if limit - used < needed:
            expected = f"{needed} free; ask for more in the Azure portal, Quotas, Networking"
            yield Fail(quota_id, observed, fix=(before(_list_usages(cluster)),), expected=expected)
        else:
            yield Pass(quota_id, observed)


def _quotas(cluster: Cluster, request: Request, made: Mapping[str, int]) -> list[tuple[str, int, int, int]]:
    """Name, use and limit of the quotas that count what AKS will make, and how many they count; raises Unread where
    there is none."""
    usages_id, found = _usages_id(cluster), set()
    for row in cluster.snapshot.collection(usages_id):
        name = arm.text(row, "name", "value") or ""
        used, limit = snat.number(row, "currentValue"), snat.number(row, "limit")
        needed = sum(made[family] for family in QUOTAS.get(name.lower(), ()))
        other_sku = "standardsku" in name.lower() and _makes_standard_v2(cluster, request)
        if needed and not other_sku and used is not None and limit is not None:
            found.add((name, used, limit, needed))
    if not found:
        raise Unread(usages_id, "Azure's answer has no quota of public IPs")
    return sorted(found)


def _makes_standard_v2(cluster: Cluster, request: Request) -> bool:
    stays = cluster.outbound_type == request.to == MANAGED_NAT_GATEWAY
    sku = request.nat_gateway_sku or (cluster.nat_gateway_sku if stays else None)
    return arm.same(sku, STANDARD_V2)


def _list_usages(cluster: Cluster) -> str:
    return az("network list-usages", location=cluster.location or "", subscription=cluster.subscription_id)


def _is_askable(request: Request) -> bool:
    """Whether the numbers that were asked for are in range; EGR403 says so where they are not."""
    return not any(_out_of_range(option, value) for option, value in request.asked if option.limits)


# EGR402: SNAT ports


@check(
    "EGR402",
    "SNAT ports after are enough, and not fewer than before",
    blocks=True,
    sources=(
        _LOAD_BALANCER,
        "AKS refusal InvalidLoadBalancerProfileAllocatedOutboundPorts",
        "Azure documentation, load-balancer-outbound-connections.md, nat-gateway-resource.md, "
        "firewall/integrate-with-nat-gateway.md",
        "AKS documentation, limit-egress-traffic.md",
    ),
    reference="https://learn.microsoft.com/azure/aks/configure-load-balancer-standard",
    observed_at="profiles, pools",
)
def snat_ports_are_enough(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """Where SNAT ports run out, new connections to the internet fail, and AKS refuses a load balancer that would
    allocate more than it has."""
    if not _is_askable(request):
        yield Skip("EGR403")
        return
    yield from _compared(cluster, request)
    if request.to == USER_DEFINED_ROUTING:
        yield from _small_firewalls(cluster, request)
    if request.to == LOAD_BALANCER:
        yield from _fewer_for_each(cluster, request)
        yield from _allocated(cluster, request)


def _compared(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """Nothing here can fail, so what could not be read only warns; what cannot be known is said."""
    old, new = snat.supply_before(cluster, request), snat.supply(cluster, request)
    if new.empty:
        yield Skip(f"{_NO_WAY_OUT}, so no SNAT ports")
    elif any(unread.reason == egress.NO_WAY_OUT for unread in new.unknown):
        yield from _without_a_way(cluster, request, new.unknown)
    elif not new.unknown and new.ports < old.ports:
        yield Warn(cluster.id, f"{old} -> {new}", fix=_more_addresses(cluster, request, old.ports))
    elif new.unknown or old.unknown:
        unread = _not_read(cluster, request, (*new.unknown, *old.unknown))
        yield from unread or [Note(cluster.id, f"{old} -> {new}")]
    else:
        yield Pass(cluster.id, f"{old} -> {new}")


def _not_read(cluster: Cluster, request: Request, found: Iterable[Unread]) -> list[Outcome]:
    """None for what no read tells, nor for what is known not to be there; only the addresses that nodes' allocated
    ports are counted against decide; raises Unread."""
    allocated = request.to == LOAD_BALANCER and snat.configured(cluster, request, "ports")
    own = {address_id.lower() for address_id in snat.own_address_ids(cluster, request)} if allocated else set()
    unread = [row for row in found if not isinstance(row, Untold) and not row.is_absent]
    return [unknown(row, decides=(row.id or "").lower() in own) for row in unread]


def _without_a_way(cluster: Cluster, request: Request, found: Iterable[Unread]) -> Iterator[Outcome]:
    """The checks that say why some subnets have no way out yet."""
    for unread in found:
        if unread.reason == egress.NO_WAY_OUT:
            yield Skip(why_no_way_out(cluster, request, unread) or _NO_WAY_OUT)


def _more_addresses(cluster: Cluster, request: Request, ports: int) -> tuple[Fix, ...]:
    """As many addresses that AKS makes as it takes, where it makes them and where so many are allowed."""
    of_one = {LOAD_BALANCER: snat.FRONTEND_PORTS, MANAGED_NAT_GATEWAY: snat.NAT_PORTS}.get(request.to)
    if of_one is None or snat.own_address_ids(cluster, request):
        return ()
    return _instead(cluster, request, ip_count=-(-ports // of_one))


def _instead(cluster: Cluster, request: Request, **numbers: int) -> tuple[Fix, ...]:
    """The same move with other numbers, by field, judged anew, where AKS takes them."""
    mine = [option for option in OPTIONS if option.target == request.to and option.field in numbers]
    rows = [(option, numbers[option.field]) for option in mine]
    if any(_out_of_range(option, value) for option, value in rows):
        return ()
    words = {**request.spelled, **{option.name: str(value) for option, value in rows}}
    return (before(az("aks egress check", ids=cluster.id, **words)),)


def _small_firewalls(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    found: dict[str, Json] = {}
    for subnet in cluster.subnets:
        try:
            for row in snat.firewalls(subnet):
                if hops.attached(cluster.snapshot, row, "natGateway") is None:
                    found[arm.text(row, "id") or ""] = row
        except Unread as unread:
            yield from _not_read(cluster, request, [unread])
    for _, firewall in sorted(found.items()):
        count = snat.firewall_addresses(firewall)
        if count < FEWEST_FIREWALL_ADDRESSES:
            name = arm.text(firewall, "name") or "the firewall"
            yield Warn(
                arm.text(firewall, "id"),
                f"{name}: {count} x {snat.FIREWALL_PORTS:,} SNAT ports on each of {snat.FIREWALL_INSTANCES} instances "
                f"or more; AKS advises {FEWEST_FIREWALL_ADDRESSES} public IPs",
                expected=f"{FEWEST_FIREWALL_ADDRESSES} public IPs, or a NAT gateway on AzureFirewallSubnet",
            )


def _allocated(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """The rule of AKS: the ports of all nodes, those of an upgrade included, fit into those of all addresses."""
    ports = snat.configured(cluster, request, "ports")
    if ports == 0:
        yield from _automatic(cluster, request)
        return
    try:
        addresses = snat.frontend_addresses(cluster, request)
    except Unread as unread:
        if not unread.is_absent:
            raise
        yield Skip("EGR224")
        return
    room = addresses * snat.FRONTEND_PORTS
    now, most = snat.nodes_now(cluster), snat.nodes_at_most(cluster)
    judged = Fail if ports * now > room else Warn if ports * most > room else Pass
    nodes, which = (now, "an upgrade") if judged is Fail else (most, "grown pools and an upgrade")
    fix: tuple[Fix, ...] = ()
    if judged is not Pass:
        fix = _more_addresses(cluster, request, ports * most)
        fewer = room // most // 8 * 8
        fix = fix or (_instead(cluster, request, ports=fewer) if fewer else ())  # 0 would be another setting
    yield judged(
        cluster.id,
        f"{ports:,} SNAT ports for each of {nodes} nodes ({which} included) are {ports * nodes:,}, and the load "
        f"balancer has {room:,} ({addresses} x {snat.FRONTEND_PORTS:,})",
        fix=fix,
    )


def _automatic(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """What Azure allocates to each node, from when the load balancer carries egress."""
    try:
        now, most = snat.nodes_now(cluster), snat.nodes_at_most(cluster)
    except Unread as unread:
        yield unknown(unread, decides=False)
        return
    each, least = snat.automatic_ports(now), snat.automatic_ports(most)
    if each == least:
        yield Pass(cluster.id, f"{each:,} SNAT ports for each of {most} nodes")
        return
    yield Warn(
        cluster.id,
        f"Azure allocates {each:,} SNAT ports to each of {now} nodes, and {least:,} once the pools have {most}",
        fix=_steady(cluster, request, each, most),
    )


def _steady(cluster: Cluster, request: Request, ports: int, nodes: int) -> tuple[Fix, ...]:
    """As many ports for each node whatever their number, and the addresses that it takes."""
    if snat.own_address_ids(cluster, request):
        return ()
    count = max(-(-ports * nodes // snat.FRONTEND_PORTS), snat.configured(cluster, request, "ip_count"))
    return _instead(cluster, request, ports=ports, ip_count=count)


def _fewer_for_each(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """From load balancer to load balancer, nodes can get fewer ports while there are as many addresses."""
    if cluster.outbound_type != LOAD_BALANCER:
        return
    try:
        old, new = snat.ports_of_each_node(cluster, None), snat.ports_of_each_node(cluster, request)
    except Unread as unread:
        yield unknown(unread, decides=snat.configured(cluster, request, "ports") > 0)
        return
    if new < old:
        fix = _instead(cluster, request, ports=old)
        yield Warn(cluster.id, f"{old:,} -> {new:,} SNAT ports for each node", fix=fix)


# EGR403: numbers


@check(
    "EGR403",
    "counts and timeouts are in range",
    to=[LOAD_BALANCER, MANAGED_NAT_GATEWAY],
    blocks=True,
    sources=(_LOAD_BALANCER, _NAT, "azure-mgmt-containerservice 41.6.0, docstrings"),
    reference=_LB_URL,
    observed_at="request",
)
def numbers_are_in_range(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """AKS refuses numbers that are out of range."""
    numbers = [(option, value) for option, value in request.asked if option.limits]
    ranges = [(_out_of_range(option, value), _expected(option)) for option, value in numbers]
    faults = [(fault, expected) for fault, expected in (*ranges, *_unknown_here(cluster, request)) if fault]
    for fault, expected in faults:
        yield Fail(cluster.id, fault, expected=expected)
    if not faults:
        yield Pass(cluster.id, f"{len(numbers)} given") if numbers else Skip("none are given")


def _out_of_range(option: Option, value: Value) -> str | None:
    lowest, highest, step = option.limits or (0, 0, 1)
    number = len(value) if isinstance(value, tuple) else int(value)
    if lowest <= number <= highest and number % step == 0:
        return None
    return f"{option.flags[0]}: {number} is not {_expected(option)}"


def _expected(option: Option) -> str:
    lowest, highest, step = option.limits or (0, 0, 1)
    multiple = f", a multiple of {step}" if step > 1 else ""
    ids = " ids" if option.takes_ids else ""
    return f"{lowest} to {highest}{ids}{multiple}"


def _unknown_here(cluster: Cluster, request: Request) -> Iterator[tuple[str, str]]:
    """Options that the target, the cluster or the cloud does not know."""
    if request.ipv6_count:
        if request.to == MANAGED_NAT_GATEWAY and request.nat_gateway_sku != STANDARD_V2:
            yield f"an IPv6 count needs --nat-gateway-sku {STANDARD_V2}: no other has IPv6", STANDARD_V2
        if not cluster.dual_stack:
            yield "an IPv6 count needs a dual-stack cluster, and this one is IPv4 only: leave it out", "no IPv6 count"
    if request.nat_gateway_sku and cluster.snapshot.answered < API_VERSION:
        answered = cluster.snapshot.answered
        needs = f"--nat-gateway-sku needs api-version {API_VERSION}, and this cloud answers with {answered}"
        yield f"{needs}: leave it out", API_VERSION


# EGR404: idle connections


@check(
    "EGR404",
    "idle connections live as long as before",
    each=subnets,
    sources=(
        _LOAD_BALANCER,
        _NAT,
        "Azure documentation, nat-gateway-resource.md, 2023-07-10",
        "Azure documentation, firewall/firewall-faq.yml, 2022-09-12",
    ),
    reference="https://learn.microsoft.com/azure/aks/configure-load-balancer-standard",
    observed_at="idleTimeoutInMinutes of LB, NAT",
)
def idle_connections_live_as_long(subnet: Subnet, request: Request) -> Iterator[Outcome]:
    """Connections that are idle for longer than the new path allows are dropped: clients without keepalives hang, or
    see resets."""
    cluster = subnet.cluster
    if not _is_askable(request):
        yield Skip("EGR403")
        return
    then = egress.carriers_of(cluster, subnet, request)
    if any(carrier.unknown and carrier.unknown.reason == egress.NO_WAY_OUT for carrier in then):
        yield from _without_a_way(cluster, request, [carrier.unknown for carrier in then if carrier.unknown])
        return
    today = [carrier for carrier in egress.carriers_of(cluster, subnet, None) if carrier.kind != egress.NO_PATH]
    then = tuple(carrier for carrier in then if carrier.kind != egress.NO_PATH)
    if not then or not today:
        yield Skip("no way out, so no connections" if today else "no way out today, so no connections that live")
        return
    try:
        if snat.is_cut_over_first(cluster, request):
            old = snat.configured(cluster, None, "idle_timeout")
        else:
            old = max(snat.idle_minutes(subnet, carrier, None) for carrier in today)
        new = min(snat.idle_minutes(subnet, carrier, request) for carrier in then)
    except Untold as untold:
        yield Note(subnet.id, f"how long idle connections live cannot be read: {untold}")
        return
    resource, fix = _keep(subnet, then, request, old)
    seen = f"idle connections live {old} -> {new} minutes"
    yield Warn(resource, seen, fix=fix, expected=f"{old} minutes or more") if new < old else Pass(resource, seen)


def _keep(subnet: Subnet, then: Sequence[Carrier], request: Request, minutes: int) -> tuple[str, tuple[Fix, ...]]:
    """What decides about idle connections after the move, and the command with which they live as long as before."""
    cluster, kinds = subnet.cluster, {carrier.kind for carrier in then}
    if kinds == {egress.NAT_GATEWAY} and request.to != MANAGED_NAT_GATEWAY and subnet.nat_gateway:
        gateway = subnet.nat_gateway
        update = az("network nat gateway update", ids=gateway.id, idle_timeout=str(minutes))
        return gateway.id, (before(update),)
    if kinds <= {egress.NAT_GATEWAY, egress.LOAD_BALANCER} and request.to in (LOAD_BALANCER, MANAGED_NAT_GATEWAY):
        return cluster.id, _instead(cluster, request, idle_timeout=minutes)
    firewalls = [arm.text(found, "id") or "" for found in snat.firewalls(subnet)]
    return firewalls[0] if len(firewalls) == 1 else subnet.id, ()
