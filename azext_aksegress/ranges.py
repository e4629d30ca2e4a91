"""The API server's authorized IP ranges: which addresses they lack, and the lists to send. Nothing is sent here.

AKS takes IPv4 in CIDR notation and service tags, and admits the outbound addresses of its own load balancer whatever
is listed (AKS documentation, api-server-authorized-ip-ranges.md, 2026-08-03, and api-server-service-tags.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Sequence

from azext_aksegress import arm, matrix, network, profiles
from azext_aksegress.allowlists import AllowList
from azext_aksegress.cluster import Cluster
from azext_aksegress.fixes import az, named
from azext_aksegress.network import address_range
from azext_aksegress.request import Request

ONLY_THE_LOAD_BALANCER = "0.0.0.0/32"
"""The range that admits nothing but AKS's own load balancer addresses; AKS refuses it beside others, so it is replaced
and never joined (Azure/terraform-azurerm-aks#378)."""
LIMIT = 200
"""How many ranges AKS takes; 2,000 with API Server VNet Integration, where nodes do not pass them (AKS documentation,
api-server-authorized-ip-ranges.md, 2026-08-03)."""
_AZURE = "azurecloud"


def is_ipv4(address: str) -> bool:
    """Whether it is an address or prefix of the family that authorized ranges take (Azure CLI 2.91.0:
    `az aks update --api-server-authorized-ip-ranges` refuses IPv6)."""
    return isinstance(address_range(address), IPv4Network)


def admits(cluster: Cluster, address: str) -> bool | None:
    """Whether the ranges hold an address, or the whole of a prefix; None where only a service tag may, of which it is
    not known here what it holds; raises Unread."""
    stored = cluster.authorized_ip_ranges
    if AllowList(cluster.id, stored).admits(address):
        return True
    held = [_tag_holds(cluster, known, address) for known in stored if address_range(known) is None]
    return True if True in held else None if None in held else False


def _tag_holds(cluster: Cluster, tag: str, address: str) -> bool | None:
    """Whether a service tag holds an egress address: that of all of Azure does, that of a region those that are in it
    (Azure documentation, service-tags-overview)."""
    name, _, region = tag.lower().partition(".")
    if name != _AZURE:
        return None
    if not region:
        return True
    locations = {
        arm.location(found)
        for found in cluster.snapshot.resources.values()
        if any(_is(arm.text(found, "properties", key), address) for key in ("ipAddress", "ipPrefix"))
    }
    return None if not locations or None in locations else locations == {region}


def admit_everybody(cluster: Cluster) -> bool:
    """Whether the ranges hold every IPv4 address; raises Unread."""
    return AllowList(cluster.id, cluster.authorized_ip_ranges).admits(network.DEFAULT_ROUTE)


def admit_what_aks_makes(cluster: Cluster) -> bool:
    """Whether the ranges hold whatever address AKS will make, which is in the region of the cluster; raises Unread."""
    tags = (_AZURE, f"{_AZURE}.{cluster.location}")
    return admit_everybody(cluster) or any(known.lower() in tags for known in cluster.authorized_ip_ranges)


def lacking(cluster: Cluster, addresses: Sequence[str], request: Request | None = None) -> tuple[str, ...]:
    """The ranges to add so that nodes with some egress addresses reach the API server, in CIDR notation.

    None where no ranges are set, since the first one locks out everybody else; where nodes reach the API server
    without the internet; and where the list is only AKS's own load balancer, and so are the addresses: `request` is
    the move that is yet to be made, if one is. An address that a service tag may hold is added, which does no harm.
    Raises Unread.
    """
    stored = cluster.authorized_ip_ranges
    if not are_in_use(cluster):
        return ()
    if is_only_the_load_balancer(stored) and _are_the_load_balancers(cluster, addresses, request):
        return ()
    wanted = [found for found in addresses if is_ipv4(found) and not admits(cluster, found)]
    cidr = dict.fromkeys(str(address_range(found)) for found in wanted)
    return tuple(one for one in cidr if not any(network.holds(other, one) for other in cidr if other != one))


def are_in_use(cluster: Cluster) -> bool:
    """Whether ranges are set, and nodes pass them on their way to the API server; raises Unread."""
    return bool(cluster.authorized_ip_ranges) and not cluster.private_api_server


def are_same(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two lists admit the same, whatever their order and spelling."""
    return differing(one, other) == ((), ())


def differing(one: Sequence[str], other: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What only the one list has, and what only the other has, whatever their spelling."""
    lost = tuple(known for known in one if not _is_any(known, other))
    return lost, tuple(known for known in other if not _is_any(known, one))


def is_only_the_load_balancer(ranges: Sequence[str]) -> bool:
    """Whether a list admits nothing but AKS's own load balancer addresses."""
    return bool(ranges) and all(_is(known, ONLY_THE_LOAD_BALANCER) for known in ranges)


def _are_the_load_balancers(cluster: Cluster, addresses: Sequence[str], request: Request | None) -> bool:
    if (request.to if request else cluster.outbound_type) != matrix.LOAD_BALANCER:
        return False
    ids = (*(request.own_ids if request else ()), *profiles.effective_ids(cluster, matrix.LOAD_BALANCER))
    known = [profiles.address_or_name(cluster.snapshot, found) for found in ids]
    return all(any(network.holds(outer, found) for outer in known) for found in addresses)


def replaced_by(ranges: Sequence[str], new: Sequence[str]) -> tuple[str, ...]:
    """The ranges that must go when others are added; none but `0.0.0.0/32` ever does."""
    return tuple(known for known in ranges if _is(known, ONLY_THE_LOAD_BALANCER)) if _added(ranges, new) else ()


def joined(ranges: Sequence[str], new: Sequence[str]) -> tuple[str, ...]:
    """A list with others added at its end; what is in it stays as it is spelled, and in its place."""
    gone = replaced_by(ranges, new)
    return (*(known for known in ranges if known not in gone), *_added(ranges, new))


def _added(ranges: Sequence[str], new: Sequence[str]) -> tuple[str, ...]:
    added: list[str] = []
    for found in new:
        if not any(_is(known, found) for known in (*ranges, *added)):
            added.append(found)
    return tuple(added)


def too_many(cluster: Cluster, number: int) -> bool:
    """Whether so many ranges are more than AKS takes. A list that is longer already proves that this subscription has
    an older, higher limit (MicrosoftDocs/azure-docs#81008); raises Unread."""
    return number > LIMIT >= len(cluster.authorized_ip_ranges)


def without(
    ranges: Sequence[str], added: Sequence[str], replaced: Sequence[str], still_needed: Sequence[str]
) -> tuple[str, ...]:
    """A list less what a move added to it, for the way back; `replaced` is what gave way then.

    What holds an address that is still needed stays. What gave way comes back only where nothing else is left, since
    AKS refuses it beside others, and where something that was added goes. The result is never empty, for that admits
    everybody: then the list stays as it is, as does one that somebody has emptied meanwhile.
    """
    if not any(_is_any(known, added) for known in ranges):
        return tuple(ranges)
    kept = tuple(known for known in ranges if not _is_any(known, added) or _touches_any(known, still_needed))
    return kept or tuple(replaced) or tuple(ranges)


@dataclass(frozen=True)
class Former:
    """The authorized ranges that are nothing but addresses which the cluster has left, and the command that removes
    them; None where none would go, or all, which would admit everybody."""

    ranges: tuple[str, ...]
    command: str | None


def old(cluster_now: Cluster, addresses_before: Sequence[str], addresses_now: Sequence[str]) -> Former:
    """What of a list a move has made needless: `addresses_now` must be all that carry egress; raises Unread."""
    stored = cluster_now.authorized_ip_ranges
    gone = tuple(known for known in stored if _is_any(known, addresses_before))
    gone = tuple(known for known in gone if not _touches_any(known, addresses_now))
    rest = tuple(known for known in stored if known not in gone)
    return Former(gone, update(cluster_now, rest) if gone and rest else None)


def update(cluster: Cluster, ranges: Sequence[str]) -> str:
    """The command that sets the whole list."""
    return az("aks update", **named(cluster.id), api_server_authorized_ip_ranges=",".join(ranges))


def _is_any(known: str, others: Sequence[str]) -> bool:
    return any(_is(known, found) for found in others)


def _is(one: str | None, other: str) -> bool:
    """Whether two spellings are of one range: `1.2.3.4` is `1.2.3.4/32`; letter case does not matter in a tag."""
    if one is None:
        return False
    found = address_range(one)
    return found == address_range(other) if found else arm.same(one, other)


def _touches_any(known: str, others: Sequence[str]) -> bool:
    """Whether a range has an address in common with others."""
    return any(network.holds(known, found) or network.holds(found, known) for found in others)
