"""Azure -> proof: a cluster read again, once it stands still, and held against what was expected of it."""

from __future__ import annotations

import time
from typing import NamedTuple

from azure.core.exceptions import AzureError

from azext_aksegress import asking, egress, probe, verify
from azext_aksegress.azure import Azure
from azext_aksegress.checks import UNKNOWN, Finding, Outcome, unknown
from azext_aksegress.cluster import Cluster
from azext_aksegress.expected import Expected
from azext_aksegress.follow import STANDSTILL_TIMEOUT, Tell, is_running, stand_still
from azext_aksegress.plan import Plan
from azext_aksegress.probe import Probe
from azext_aksegress.request import Request
from azext_aksegress.resources import said
from azext_aksegress.snapshot import Snapshot, Unread

UNPROVEN = "Interrupted here; the updates are made, and not verified yet."


class Proof(NamedTuple):
    """Findings about a cluster, its egress addresses as far as they are known, and the cluster as it was read last."""

    findings: tuple[Finding, ...]
    egress_ips: tuple[str, ...]
    cluster: Cluster


def prove(azure: Azure, expected: Expected, tell: Tell) -> Proof:
    """Hold a cluster, once it stands still, against what was expected of it; raises AzureError."""
    cluster = Cluster(_standing(azure, expected.request, tell))
    return Proof(verify.after_move(cluster, expected), egress.before(cluster).known, cluster)


def ask_nodes(azure: Azure, found: Proof, expected: Expected, by: Probe | None, tell: Tell) -> Proof:
    """The same with what a node of each subnet says, where that is to be asked."""
    if by is None:
        return found
    try:
        tell("looking for the nodes")
        cluster = Cluster(azure.more(found.cluster.snapshot, probe.wanted))
        asked = probe.inquiry(cluster, by.url)
        told = probe.findings(cluster, expected, asked, asking.ask(azure, cluster, asked, tell))
        return found._replace(findings=(*found.findings, *told))
    except Unread as unread:
        return found._replace(findings=(*found.findings, Finding(probe.ANSWERS, unknown(unread))))


def after_apply(azure: Azure, plan: Plan, tell: Tell, by: Probe | None = None) -> Proof:
    """The same right after a write, when a cluster that cannot be read is a finding."""
    try:
        return ask_nodes(azure, prove(azure, plan.expected, tell), plan.expected, by, tell)
    except AzureError as error:
        return Proof((Finding(verify.READ, Outcome(UNKNOWN, plan.cluster.id, said(error))),), (), plan.cluster)
    except KeyboardInterrupt as interrupt:
        raise KeyboardInterrupt(UNPROVEN) from interrupt


def _standing(azure: Azure, request: Request, tell: Tell) -> Snapshot:
    """The cluster as read; again where an operation ran meanwhile, for a bounded time; raises AzureError."""
    deadline = time.monotonic() + STANDSTILL_TIMEOUT
    while True:
        tell("reading the cluster again")
        found = azure.read(request)
        if not is_running(found.cluster) or time.monotonic() >= deadline:
            return found
        stand_still(azure, found.api_version, tell, deadline)
