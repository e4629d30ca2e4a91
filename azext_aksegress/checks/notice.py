"""EGR3xx: who will notice the new address?"""

from __future__ import annotations

from dataclasses import replace
from typing import Iterator, Sequence

from azext_aksegress import arm, egress, profiles, ranges, snat
from azext_aksegress.checks import Fail, Note, Outcome, Pass, Skip, Warn, check
from azext_aksegress.checks.routes import why_no_way_out
from azext_aksegress.cluster import Cluster
from azext_aksegress.egress import Addresses
from azext_aksegress.fixes import Fix, after, az, before, cutover
from azext_aksegress.matrix import LOAD_BALANCER, USER_ASSIGNED_NAT_GATEWAY
from azext_aksegress.request import UPDATE_RANGES, Request
from azext_aksegress.snapshot import Unread

_RANGES = "AKS documentation, api-server-authorized-ip-ranges.md, 2026-08-03"
_IPV4_ONLY = "Azure CLI 2.91.0: `az aks update --api-server-authorized-ip-ranges` refuses IPv6"
_OPTION = "--" + UPDATE_RANGES.replace("_", "-")


def _gateways_to_admit(cluster: Cluster, request: Request) -> Iterator[str]:
    """The NAT gateways and addresses of the target, also where a route stands before them as yet."""
    if request.update_ranges and request.to == USER_ASSIGNED_NAT_GATEWAY:
        for subnet in cluster.subnets:
            if subnet.nat_gateway_id:
                yield subnet.nat_gateway_id
                yield from subnet.nat_gateway.address_ids if subnet.nat_gateway else ()


@check(
    "EGR301",
    "the API server will accept the nodes' new addresses",
    reads=_gateways_to_admit,
    blocks=True,
    acceptable=True,
    sources=(_RANGES,),
    reference="https://learn.microsoft.com/azure/aks/api-server-authorized-ip-ranges",
    observed_at="apiServerAccessProfile.authorizedIPRanges, IPs after by effective path",
)
def authorized_ranges_hold_the_new_addresses(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """Nodes whose address is not in the authorized ranges lose the API server and turn NotReady."""
    private, stored = cluster.private_api_server, cluster.authorized_ip_ranges
    nothing = f": {_OPTION} has nothing to add" if request.update_ranges else ""
    if private:
        yield Skip(f"nodes reach the API server without the internet ({private}){nothing}")
    elif not stored:
        first = f": {_OPTION} adds none, since the first would lock out everybody else" if nothing else ""
        yield Pass(cluster.id, f"no authorized ranges are set{first}")
    elif ranges.admit_everybody(cluster):
        yield Pass(cluster.id, f"the authorized ranges {', '.join(stored)} hold every address{nothing}")
    elif request.update_ranges:
        yield from _to_be_added(cluster, request, egress.after(cluster, request))
    else:
        yield from _as_they_are(cluster, request, egress.after(cluster, request))


def _as_they_are(cluster: Cluster, request: Request, new: Addresses) -> Iterator[Outcome]:
    """Whether the ranges hold the new addresses already, since nobody asked for them to be added."""
    judged = {found: ranges.admits(cluster, found) for found in new.known if ranges.is_ipv4(found)}
    missing = [found for found, admitted in judged.items() if admitted is False]
    unclear = [found for found, admitted in judged.items() if admitted is None]
    if request.to == LOAD_BALANCER:
        seen = f"; {', '.join(missing)} is not in them" if missing else ""
        yield Warn(cluster.id, f"authorized ranges are set, and AKS admits its own load balancer addresses only{seen}")
        return
    if missing:
        stored, new_ranges = ", ".join(cluster.authorized_ip_ranges), ranges.lacking(cluster, missing, request)
        yield _crowded(cluster, new_ranges, 0) or Fail(
            cluster.id,
            f"{', '.join(missing)} is not in the authorized ranges {stored}",
            fix=(before(_authorize(cluster, new_ranges)), _with_the_option(cluster, request)),
        )
    yield from _ipv6(cluster, new)
    look = az("aks egress show", ids=cluster.id, query="egress.egressIps", output="tsv")
    made = Fail(
        cluster.id,
        "the new addresses cannot be known, nor admitted, before the move: AKS makes them",
        fix=(
            _with_the_option(cluster, request),
            after(look),
            after(_authorize(cluster, ["<new-address>"])),
        ),
    )
    yield from _not_known(cluster, request, new, made)
    if unclear:
        raise Unread(cluster.id, f"whether the tags in the authorized ranges cover {', '.join(unclear)}")
    if not missing and new.complete and not new.known:
        yield Skip("the cluster will have no way out, so no address to admit")


def _to_be_added(cluster: Cluster, request: Request, new: Addresses) -> Iterator[Outcome]:
    """What the move adds, and when: what is known before it, what AKS makes right after it."""
    first = ranges.lacking(cluster, egress.to_admit(cluster, request), request)
    later = _number_made(cluster, request, new)
    crowded = _crowded(cluster, first, later)
    if crowded:
        yield crowded
    elif first:
        gone = ", ".join(ranges.replaced_by(cluster.authorized_ip_ranges, first))
        instead = f" in place of {gone}" if gone else ""
        yield Note(cluster.id, f"{', '.join(first)} will be added to the authorized ranges before the move{instead}")
    yield from _ipv6(cluster, new)
    yield from _not_known(cluster, request, new, _made(cluster, request, first))
    if new.complete and not new.known:
        yield Skip(f"the cluster will have no way out, so no address to admit: {_OPTION} has nothing to add")
    elif not first and not later:
        yield Pass(cluster.id, f"the new addresses are admitted already: {_OPTION} has nothing to add")


def _made(cluster: Cluster, request: Request, first: Sequence[str]) -> Outcome:
    """What to say of addresses that AKS makes in the move, when they are to be added."""
    if request.to != LOAD_BALANCER:
        words = "they are added right after it, and until then nodes cannot reach the API server"
        return Warn(cluster.id, f"AKS makes the new addresses in the move: {words}")
    alone = ranges.is_only_the_load_balancer(cluster.authorized_ip_ranges) and not first
    words = f"{_OPTION} has nothing to add" if alone else "they are added right after the move as well"
    return Note(cluster.id, f"AKS admits the addresses of its own load balancer at once: {words}")


def _not_known(cluster: Cluster, request: Request, new: Addresses, made: Outcome) -> Iterator[Outcome]:
    for unread in new.unknown:
        if unread.reason == egress.CHOSEN_BY_AKS:  # some of today's, and each of them is judged
            continue
        if unread.reason == egress.MADE_BY_THE_MOVE:
            if not ranges.admit_what_aks_makes(cluster):
                yield made
        elif unread.reason == egress.NO_WAY_OUT:
            why = why_no_way_out(cluster, request, unread)
            yield Skip(why or f"{arm.name(unread.id or '')} will have no way out, so no address to admit")
        elif request.to == LOAD_BALANCER:
            yield Warn(unread.id, f"not known, so not added to the authorized ranges: {unread.reason}")
        else:
            raise unread


def _number_made(cluster: Cluster, request: Request, new: Addresses) -> int:
    """How many IPv4 addresses AKS makes in the move that no range holds yet; raises Unread."""
    made = any(unread.reason == egress.MADE_BY_THE_MOVE for unread in new.unknown)
    if not made or ranges.admit_what_aks_makes(cluster):
        return 0
    return max(snat.made_addresses(cluster, request)["IPv4"], 1)


def _crowded(cluster: Cluster, new: Sequence[str], made: int) -> Outcome | None:
    """A fail where the ranges would be more than AKS takes, or None; raises Unread."""
    total = len(ranges.joined(cluster.authorized_ip_ranges, new)) + made
    if not ranges.too_many(cluster, total):
        return None
    more = ", ".join([*new, *([f"{made} that AKS makes"] if made else [])])
    return Fail(
        cluster.id,
        f"with {more} there would be {total} authorized ranges, and AKS takes {ranges.LIMIT} at most",
        fix=(before(ranges.update(cluster, ["<fewer-ranges>", *new])),),
    )


def _ipv6(cluster: Cluster, new: Addresses) -> Iterator[Outcome]:
    left = [found for found in new.known if not ranges.is_ipv4(found)]
    if left:
        seen = f"{', '.join(left)} is not judged: authorized ranges take IPv4 only"
        yield Note(cluster.id, seen, sources=(_IPV4_ONLY,))


def _authorize(cluster: Cluster, new: Sequence[str]) -> str:
    return ranges.update(cluster, ranges.joined(cluster.authorized_ip_ranges, new))


def _with_the_option(cluster: Cluster, request: Request) -> Fix:
    """The move that adds them by itself, for who has not asked for it."""
    return cutover(az("aks egress migrate", ids=cluster.id, **replace(request, update_ranges=True).spelled))


@check(
    "EGR302",
    "allow-lists elsewhere must learn the new address",
    observed_at="IPs before, after",
)
def allow_lists_must_learn(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """Whoever admits the cluster by its address refuses it after the move: partners, SaaS, databases and registries
    with a firewall, named locations in Microsoft Entra Conditional Access."""
    today, then = egress.before(cluster), egress.after(cluster, request)
    idle = _idle(cluster, today)
    if today.complete and then.complete and today.known == then.known:
        since = f"; {idle} of {cluster.outbound_type} carries nothing since the cut-over" if idle else ""
        yield Note(None, f"egress IPs stay: {_words(today)}{since}")
    else:
        yield Note(None, f"egress IPs: {_words(today)} -> {_words(then)}")


def _idle(cluster: Cluster, today: Addresses) -> str:
    """The addresses of today's type that are there, and that a route or gateway was put before, in words, or ''."""
    ids = profiles.effective_ids(cluster, cluster.outbound_type)
    found = (profiles.address_or_name(cluster.snapshot, address_id) for address_id in ids)
    return ", ".join(address for address in found if address not in today.known)


def _words(found: Addresses) -> str:
    parts = [*found.known, *(f"unknown ({unread})" for unread in found.unknown)]
    return ", ".join(parts) or "none"


@check(
    "EGR304",
    "connections that last will break",
    observed_at="–",
)
def connections_break(*_: object) -> Iterator[Outcome]:
    """Connections that are open during the move are reset, egress is down for minutes, and AKS may reimage nodes
    (AKS documentation, egress-outboundtype.md, 2026-08-05; node-disruption-policy.md, 2026-07-14)."""
    yield Note(None, "plan a window: open connections break, egress is down for a while, nodes may be reimaged")
