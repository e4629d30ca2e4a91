"""Snapshot after + goal -> findings: is what was asked for what is there now?"""

from __future__ import annotations

from typing import Iterator, Optional, Tuple

from azure.core.exceptions import AzureError

from azext_aksegress import arm, egress
from azext_aksegress.azure import Azure
from azext_aksegress.checks import FAIL, PASS, UNKNOWN, Finding
from azext_aksegress.cluster import Cluster
from azext_aksegress.snapshot import Unread


def after_move(cluster: Cluster, target: str) -> Tuple[Finding, ...]:
    """The findings about a cluster that was moved to an outbound type; all pass when the move is proven."""
    try:
        return tuple(_judge(cluster, target))
    except Unread as unread:
        return (unknown(str(unread)),)


def read_again(azure: Azure, target: str) -> Tuple[Tuple[Finding, ...], Tuple[str, ...]]:
    """Read a cluster that was moved: the findings about it, and its egress addresses, as far as they are known."""
    try:
        cluster = Cluster(azure.read())
    except AzureError as error:
        return (unknown(" ".join(str(error).split())),), ()
    try:
        return after_move(cluster, target), egress.before(cluster).known
    except Unread:
        return after_move(cluster, target), ()


def unknown(reason: str) -> Finding:
    """The finding for a cluster that could not be read after the move."""
    return _finding("verify.read", "the cluster can be read after the move", UNKNOWN, None, reason, "read")


def _judge(cluster: Cluster, target: str) -> Iterator[Finding]:
    title = "the outbound type is the one that was asked for"
    yield _compare("verify.type", title, cluster.id, cluster.outbound_type, target)
    state = cluster.text("provisioningState")
    yield _compare("verify.clusterState", "the cluster's state is Succeeded", cluster.id, state, "Succeeded")
    for pool in cluster.pools:
        title = f"the state of pool {pool.name} is Succeeded"
        yield _compare("verify.poolState", title, pool.id, pool.provisioning_state, "Succeeded")


def _compare(finding_id: str, title: str, resource: str, observed: Optional[str], expected: str) -> Finding:
    outcome = UNKNOWN if observed is None else PASS if arm.same(observed, expected) else FAIL
    return _finding(finding_id, title, outcome, resource, observed, expected)


def _finding(
    finding_id: str, title: str, outcome: str, resource: Optional[str], observed: Optional[str], expected: str
) -> Finding:
    return Finding(
        finding_id,
        title,
        outcome,
        resource,
        observed,
        expected,
        consequence="What runs on the cluster may have no egress, or another one than was planned.",
        fix=(),
        url="https://learn.microsoft.com/azure/aks/egress-outboundtype",
        sources=(),
        blocks=True,
        acceptable=False,
    )
