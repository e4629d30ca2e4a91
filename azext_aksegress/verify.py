"""Snapshot after + goal -> findings: is what was asked for what is there now?"""

from __future__ import annotations

from typing import Iterator

from azure.core.exceptions import AzureError

from azext_aksegress import arm, egress
from azext_aksegress.azure import Azure, said
from azext_aksegress.checks import FAIL, PASS, UNKNOWN, Check, Finding, Outcome, Request, unknown
from azext_aksegress.cluster import Cluster
from azext_aksegress.snapshot import Unread


def _looked_at_once(*_: object) -> None:
    """What runs on the cluster may have no egress, or another one than was planned."""


READ = Check("verify.read", "the cluster can be read after the move", _looked_at_once)
TYPE = Check("verify.type", "the outbound type is the one that was asked for", _looked_at_once)
SKU = Check("verify.sku", "the SKU of the NAT gateway is the one that was asked for", _looked_at_once)
STATE = Check("verify.state", "the cluster and its pools are in state Succeeded", _looked_at_once)


def after_move(cluster: Cluster, request: Request) -> tuple[Finding, ...]:
    """The findings about a cluster that was moved to an outbound type; all pass when the move is proven."""
    try:
        return tuple(_judge(cluster, request))
    except Unread as unread:
        return (Finding(READ, unknown(unread)),)


def read_again(azure: Azure, request: Request) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Read a cluster that was moved: the findings about it, and its egress addresses, as far as they are known."""
    try:
        cluster = Cluster(azure.read(request.to))
    except AzureError as error:
        return (Finding(READ, Outcome(UNKNOWN, None, said(error))),), ()
    return after_move(cluster, request), egress.before(cluster).known


def _judge(cluster: Cluster, request: Request) -> Iterator[Finding]:
    yield _compare(TYPE, cluster.id, cluster.outbound_type, request.to)
    if request.nat_gateway_sku:
        yield _compare(SKU, cluster.id, cluster.nat_gateway_sku, request.nat_gateway_sku)
    states = [_compare(STATE, cluster.id, cluster.text("provisioningState"), "Succeeded")]
    states += [_compare(STATE, pool.id, pool.provisioning_state, "Succeeded") for pool in cluster.pools]
    yield from [finding for finding in states if finding.outcome != PASS] or states[:1]


def _compare(known: Check, resource: str, observed: str | None, expected: str) -> Finding:
    kind = UNKNOWN if observed is None else PASS if arm.same(observed, expected) else FAIL
    return Finding(known, Outcome(kind, resource, observed, expected=expected))
