"""Snapshot after + plan -> findings: is what was asked for what is there now?"""

from __future__ import annotations

from typing import Iterable, Iterator, Sequence

from azure.core.exceptions import AzureError

from azext_aksegress import arm, egress
from azext_aksegress.azure import Azure, said
from azext_aksegress.checks import FAIL, PASS, SKIP, UNKNOWN, Check, Finding, Outcome, unknown
from azext_aksegress.cluster import Cluster
from azext_aksegress.network import holds
from azext_aksegress.report import Report
from azext_aksegress.request import Option, Request, Value
from azext_aksegress.snapshot import Unread


def _looked_at_once(*_: object) -> None:
    """What runs on the cluster may have no egress, or another one than was planned."""


READ = Check("verify.read", "the cluster can be read after the move", _looked_at_once)
TYPE = Check("verify.type", "the outbound type is the one that was asked for", _looked_at_once)
STATE = Check("verify.state", "the cluster and its pools are in state Succeeded", _looked_at_once)
OPTIONS = Check("verify.options", "the options that were asked for are in force", _looked_at_once)
IPS = Check("verify.ips", "the egress IPs are those that were expected", _looked_at_once)


def after_move(cluster: Cluster, report: Report) -> tuple[Finding, ...]:
    """The findings about a cluster that was moved as a report was asked; none fails when the move is proven."""
    try:
        return (*_judge(cluster, report.request), *_ips(cluster, report))
    except Unread as unread:
        return (Finding(READ, unknown(unread)),)


def read_again(azure: Azure, report: Report) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Read a cluster that was moved: the findings about it, and its egress addresses, as far as they are known."""
    try:
        cluster = Cluster(azure.read(report.request))
    except AzureError as error:
        return (Finding(READ, Outcome(UNKNOWN, report.cluster.id, said(error))),), ()
    return after_move(cluster, report), egress.before(cluster).known


def _judge(cluster: Cluster, request: Request) -> Iterator[Finding]:
    yield _compare(TYPE, cluster.id, cluster.outbound_type, request.to)
    states = [_compare(STATE, cluster.id, cluster.text("provisioningState"), "Succeeded")]
    states += [_compare(STATE, pool.id, pool.provisioning_state, "Succeeded") for pool in cluster.pools]
    yield from [finding for finding in states if finding.outcome != PASS] or states[:1]
    options = [_option(cluster, option, asked) for option, asked in request.asked]
    yield from [finding for finding in options if finding.outcome != PASS] or options[:1]


def _option(cluster: Cluster, option: Option, asked: Value) -> Finding:
    """Whether an option is in force; raises Unread where the api-version that answered does not know it."""
    is_sku = option.field == "nat_gateway_sku"
    observed = cluster.nat_gateway_sku if is_sku else option.stored(cluster.document.get("properties"))
    kind = PASS if option.holds(observed, asked) else FAIL
    name = option.path[-1]
    return Finding(OPTIONS, Outcome(kind, cluster.id, f"{name} {_words(observed)}", expected=f"{name} {_words(asked)}"))


def _words(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(arm.name(found) for found in value)
    return "not set" if value is None else str(value)


def _compare(known: Check, resource: str, observed: str | None, expected: str) -> Finding:
    kind = UNKNOWN if observed is None else PASS if arm.same(observed, expected) else FAIL
    return Finding(known, Outcome(kind, resource, observed, expected=expected))


def _ips(cluster: Cluster, report: Report) -> Iterator[Finding]:
    """Expected against observed addresses; what nobody could know before the move is judged by number and novelty."""
    expected, observed = report.after, egress.before(cluster)  # AKS may list a prefix, or the addresses taken from it
    made = any(unread.reason == egress.MADE_BY_THE_MOVE for unread in expected.unknown)
    missing = [found for found in expected.known if not any(holds(found, seen) for seen in observed.known)]
    if missing and not observed.complete:
        yield Finding(IPS, Outcome(UNKNOWN, cluster.id, "; ".join(map(str, observed.unknown)), expected=_list(missing)))
        return
    faults = [f"{found} is missing" for found in missing]
    if expected.complete:
        odd = [found for found in observed.known if not any(holds(outer, found) for outer in expected.known)]
        faults += [f"{found} was not expected" for found in odd]
    faults += _not_renewed(cluster, report, observed.known) if made else []
    told = _list([*expected.known, *(unread.reason for unread in expected.unknown)])
    seen = "; ".join([_list(observed.known), *faults])
    if faults:
        yield Finding(IPS, Outcome(FAIL, cluster.id, seen, expected=told))
    elif not made and not expected.complete:
        reasons = "; ".join(str(unread) for unread in expected.unknown)
        yield Finding(IPS, Outcome(SKIP, cluster.id, f"not Azure's to tell: {reasons}", expected=told))
    else:
        yield Finding(IPS, Outcome(PASS, cluster.id, seen, expected=told))


def _not_renewed(cluster: Cluster, report: Report, observed: Sequence[str]) -> list[str]:
    """What shows that AKS did not make the addresses that the move is to make."""
    effective = egress.effective_ids(cluster, egress.PROFILES[report.request.to])
    wanted = _number(report)
    faults = [f"{len(effective)} addresses instead of {wanted}"] if len(effective) < wanted else []
    gone = {egress.address_or_name(report.cluster.snapshot, found) for found in _released(report)}
    return faults + [f"{found} should be gone" for found in observed if found in gone]


def _number(report: Report) -> int:
    """How many addresses AKS is to make at least."""
    return (report.request.ip_count or 1) + (report.request.ipv6_count or 0)


def _released(report: Report) -> tuple[str, ...]:
    return egress.released_ids(report.cluster, report.request)


def _list(found: Iterable[str]) -> str:
    return ", ".join(found) or "none"
