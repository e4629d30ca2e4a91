"""Resource Graph rows -> rows of `list`: what to ask for of many clusters, and the judgement of each. Pure."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Callable, Iterable, Iterator, Sequence

from azext_aksegress import arm, egress, graph, profiles, report
from azext_aksegress.arm import Json
from azext_aksegress.checks import FAIL, UNKNOWN, WARN
from azext_aksegress.cluster import Cluster
from azext_aksegress.fixes import az
from azext_aksegress.graph import Question
from azext_aksegress.hops import subnets_of
from azext_aksegress.report import Report, known
from azext_aksegress.surroundings import ATTACHED, CARRYING, GATEWAY, Surroundings

_WORDS = {
    report.READY: "ready",
    report.READY_WITH_WARNINGS: "with warnings",
    report.NOTHING_TO_DO: "with nothing to do",
    report.UNDETERMINED: "undetermined",
    report.BLOCKED: "blocked",
}
"""How the summary calls the verdicts, in its order."""


def rounds(clusters: Sequence[Cluster], around: Surroundings, is_judged: bool) -> Iterator[list[Question]]:
    """What to ask Resource Graph for, round by round, of what is around some clusters; the answers to a round have to
    be held in `around` before the next one.

    First networks, nodes that may be elsewhere, and the addresses that clusters name; then what is attached to their
    subnets, and firewalls; then the addresses of that, where its next hops may be, and what the firewalls' own subnets
    are attached to. Where nothing is to be judged, only what carries egress is asked for.
    """
    kinds = ATTACHED if is_judged else CARRYING
    named = _all(lambda found: found.byo_subnets, clusters)
    free = _all(_group, (found for found in clusters if _names_subnets(found)))
    managed = _all(_group, (found for found in clusters if not _names_subnets(found)))
    groups = _all(_group, clusters) if is_judged else ()
    comes = {f"{found}/providers/{graph.ADDRESSES}".lower() for found in groups}
    addresses = {found for found in _all(_addresses, clusters) if found.lower().rpartition("/")[0] not in comes}
    networks = graph.networks(map(arm.parent, named), managed)
    yield [*networks, *graph.in_node_groups(groups, addresses), *graph.nodes(free)]

    subnets = named | {found.lower() for found in around.subnets_in(managed)}
    others = {found.lower() for found in around.subnets_of_nodes(free)} - subnets
    attached = around.attached(subnets | others, *kinds)
    scopes = {arm.part(found, "subscriptions") for found in (*groups, *subnets)} if is_judged else ()
    near = around.subscriptions_near(subnets)
    more_networks = graph.networks(map(arm.parent, around.lacking(others)), ())
    yield [*graph.by_id(around.lacking(attached)), *graph.firewalls(near), *graph.locks(scopes), *more_networks]

    firewalls = around.firewalls_behind(subnets)
    homes = {found.lower() for firewall in firewalls for found in subnets_of(firewall)}
    more = around.addresses_of(around.attached(subnets | others, GATEWAY), firewalls)
    late = around.attached(others, *kinds) - attached
    peers = around.lacking(around.peers_to_look_into(subnets)) if is_judged else ()
    networks = graph.networks([*map(arm.parent, around.lacking(homes)), *peers], ())
    yield [*networks, *graph.by_id(around.lacking(more | late))]

    carried = around.addresses_of(around.attached(others, GATEWAY), ()) - more
    yield [*graph.by_id(around.lacking(around.attached(homes, *CARRYING) | carried))]


def _all(read: Callable[[Cluster], Iterable[str]], clusters: Iterable[Cluster]) -> set[str]:
    """What is read of clusters, as far as it can be."""
    return {found for cluster in clusters for found in known(partial(read, cluster)) or ()}


def _names_subnets(cluster: Cluster) -> bool:
    return bool(known(lambda: cluster.byo_subnets))


def _group(cluster: Cluster) -> tuple[str]:
    return (cluster.node_group_id,)


def _addresses(cluster: Cluster) -> tuple[str, ...]:
    """The addresses that a cluster's own document names; raises Unread."""
    effective = [found for kind in profiles.PROFILES for found in profiles.effective_ids(cluster, kind)]
    prefixes = [pool.node_public_ip_prefix_id for pool in cluster.pools if pool.node_public_ip]
    return (*effective, *profiles.stored_own_ids(cluster), *(found for found in prefixes if found))


def row(cluster: Cluster, judged: Report | None, to: str | None) -> Json:
    """What `list` says of a cluster, and with a judgement, what only a full check can tell."""
    before = judged.before if judged else egress.before(cluster)
    found = report.cluster_json(cluster)
    return {
        **{key: found[key] for key in ("id", "name", "resourceGroup", "subscriptionId", "location")},
        "outboundType": known(lambda: cluster.outbound_type),
        "vnet": found["vnet"],
        "egressIps": list(before.known),
        "egressIpsComplete": before.complete,
        "verdict": judged.verdict if judged else None,
        "blockers": list(judged.ids(FAIL)) if judged else [],
        "warnings": list(judged.ids(WARN)) if judged else [],
        "unknowns": list(judged.ids(UNKNOWN)) if judged else [],
        "fullCheck": az("aks egress check", ids=cluster.id, **({"to": to} if to else {})),
    }


def is_wanted(cluster: Cluster, vnet: str | None) -> bool:
    """Whether a cluster is in a kind of VNet, or may be."""
    return vnet is None or known(lambda: cluster.vnet) in (vnet, None)


def in_order(rows: Iterable[Json]) -> list[Json]:
    """Rows by id: the same list each time, whoever answered first."""
    return sorted(rows, key=lambda found: found["id"].lower())


def counted(clusters: int) -> str:
    """A number of clusters, in words."""
    return f"{clusters:,} cluster{'' if clusters == 1 else 's'}"


def summary(rows: Sequence[Json]) -> str:
    """How many clusters have which verdict, in a line."""
    if all(found["verdict"] is None for found in rows):
        return counted(len(rows))
    counts = Counter(found["verdict"] for found in rows)
    parts = [f"{counts[verdict]:,} {words}" for verdict, words in _WORDS.items() if counts[verdict]]
    return " · ".join(parts)
