"""EGR3xx: who will notice the new address?"""

from __future__ import annotations

from typing import Iterator, Sequence

from azext_aksegress import arm, egress, profiles
from azext_aksegress.allowlists import AllowList
from azext_aksegress.checks import Fail, Note, Outcome, Pass, Skip, Warn, check
from azext_aksegress.checks.routes import why_no_way_out
from azext_aksegress.cluster import Cluster
from azext_aksegress.egress import Addresses
from azext_aksegress.fixes import after, az, before, named
from azext_aksegress.matrix import LOAD_BALANCER
from azext_aksegress.network import DEFAULT_ROUTE, address_range
from azext_aksegress.request import Request
from azext_aksegress.snapshot import Unread

ONLY_THE_LOAD_BALANCER = "0.0.0.0/32"
"""The range that admits nothing but AKS's own load balancer addresses; it is replaced, never joined by others."""

_RANGES = "AKS documentation, api-server-authorized-ip-ranges.md, 2026-08-03"
_IPV4_ONLY = "Azure CLI 2.91.0: `az aks update --api-server-authorized-ip-ranges` refuses IPv6"
_TAG = "azurecloud"
_OF_ANY_REGION = (egress.VIRTUAL_APPLIANCE, egress.VIRTUAL_NETWORK_GATEWAY)
"""What carries egress by addresses that may be of another region than the cluster; a NAT gateway's never are."""


@check(
    "EGR301",
    "the API server will accept the nodes' new addresses",
    blocks=True,
    acceptable=True,
    sources=(_RANGES,),
    reference="https://learn.microsoft.com/azure/aks/api-server-authorized-ip-ranges",
    observed_at="apiServerAccessProfile.authorizedIPRanges, IPs after by effective path",
)
def authorized_ranges_hold_the_new_addresses(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """Nodes whose address is not in the authorized ranges lose the API server and turn NotReady."""
    private, ranges = cluster.private_api_server, cluster.authorized_ip_ranges
    if private:
        yield Skip(f"nodes reach the API server without the internet ({private})")
        return
    if not ranges:
        yield Pass(cluster.id, "no authorized ranges are set")
        return
    listed = AllowList(cluster.id, ranges)
    if listed.admits(DEFAULT_ROUTE):
        yield Pass(cluster.id, f"the authorized ranges {', '.join(ranges)} hold every address")
        return
    new = egress.after(cluster, request)
    missing, unclear = _missing(cluster, request, listed, [found for found in new.known if not _is_ipv6(found)])
    if request.to == LOAD_BALANCER:
        seen = f"; {', '.join(missing)} is not in them" if missing else ""
        yield Warn(cluster.id, f"authorized ranges are set, and AKS admits its own load balancer addresses only{seen}")
        return
    if missing:
        yield Fail(
            cluster.id,
            f"{', '.join(missing)} is not in the authorized ranges {', '.join(ranges)}",
            fix=(before(_authorize(cluster, missing)),),
        )
    ipv6 = [found for found in new.known if _is_ipv6(found)]
    if ipv6:
        yield Note(
            cluster.id, f"{', '.join(ipv6)} is not judged: authorized ranges take IPv4 only", sources=(_IPV4_ONLY,)
        )
    yield from _not_known(cluster, request, ranges, new)
    if unclear:
        raise Unread(cluster.id, f"whether the tags in the authorized ranges cover {', '.join(unclear)}")
    if not missing and new.complete and not new.known:
        yield Skip("the cluster will have no way out, so no address to admit")


def _not_known(cluster: Cluster, request: Request, ranges: Sequence[str], new: Addresses) -> Iterator[Outcome]:
    if any(_covers_azure(cluster, found) for found in ranges):
        new = Addresses(new.known, tuple(row for row in new.unknown if row.reason != egress.MADE_BY_THE_MOVE))
    for unread in new.unknown:
        if unread.reason == egress.CHOSEN_BY_AKS:  # some of today's, and each of them is judged
            continue
        if unread.reason == egress.MADE_BY_THE_MOVE:
            look = az("aks egress show", ids=cluster.id, query="egress.egressIps", output="tsv")
            yield Fail(
                cluster.id,
                "the new addresses cannot be known, nor admitted, before the move: AKS makes them",
                fix=(
                    after(look),
                    after(_authorize(cluster, ["<new-address>"])),
                ),
            )
        elif unread.reason == egress.NO_WAY_OUT:
            why = why_no_way_out(cluster, request, unread)
            yield Skip(why or f"{arm.name(unread.id or '')} will have no way out, so no address to admit")
        else:
            raise unread


def _missing(cluster: Cluster, request: Request, listed: AllowList, new: Sequence[str]) -> tuple[list[str], list[str]]:
    """The new addresses that no range holds, and those that a tag which this tool cannot resolve may hold: the firewall
    of a hub may be in any region."""
    outside = [found for found in new if not listed.admits(found)]
    tags = [known for known in listed.sources if address_range(known) is None]
    elsewhere = any(found.kind in _OF_ANY_REGION for found in egress.carriers(cluster, request))
    if any(known.lower() == _TAG or (_covers_azure(cluster, known) and not elsewhere) for known in tags):
        return [], []
    unclear = elsewhere or any(not known.lower().startswith(_TAG) for known in tags)
    return ([], outside) if tags and unclear else (outside, [])


def _covers_azure(cluster: Cluster, known: str) -> bool:
    """Whether a range is the service tag of all of Azure's addresses, or of the region that the cluster and all that
    AKS makes for it are in."""
    return known.lower() in (_TAG, f"{_TAG}.{cluster.location}")


def _is_ipv6(address: str) -> bool:
    found = address_range(address)
    return found is not None and found.version == 6


def _authorize(cluster: Cluster, new: Sequence[str]) -> str:
    kept = [known for known in cluster.authorized_ip_ranges if known != ONLY_THE_LOAD_BALANCER]
    return az("aks update", **named(cluster.id), api_server_authorized_ip_ranges=",".join([*kept, *new]))


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
