"""Snapshot after + what was expected -> findings: is what was asked for what is there now?"""

from __future__ import annotations

from typing import Iterable, Iterator, Sequence, Tuple

from azure.core.exceptions import AzureError

from azext_aksegress import arm, egress, judged, matrix, profiles, ranges
from azext_aksegress.azure import Azure
from azext_aksegress.body import beside_egress
from azext_aksegress.checks import FAIL, NOTE, PASS, SKIP, UNKNOWN, Check, Finding, Outcome, unknown
from azext_aksegress.cluster import Cluster
from azext_aksegress.expected import Expected
from azext_aksegress.fixes import after, before
from azext_aksegress.follow import Tell, is_running, stand_still
from azext_aksegress.judged import Difference
from azext_aksegress.network import holds
from azext_aksegress.plan import Plan
from azext_aksegress.request import Request
from azext_aksegress.resources import said
from azext_aksegress.snapshot import Snapshot, Unread, Untold, without_secrets


def _looked_at_once(*_: object) -> None:
    """What runs on the cluster may have no egress, or another one than was planned."""


def _admitted(*_: object) -> None:
    """Nodes whose address is not in the authorized ranges lose the API server and turn NotReady."""


def _written_since(*_: object) -> None:
    """Somebody or something has changed the cluster since; no rollback takes that back."""


READ = Check("verify.read", "the cluster can be read after the move", _looked_at_once)
TYPE = Check("verify.type", "the outbound type is the one that was asked for", _looked_at_once)
STATE = Check("verify.state", "the cluster and its pools are in state Succeeded", _looked_at_once)
IN_FORCE = Check("verify.inForce", "the outbound type is in force", _looked_at_once)
OPTIONS = Check("verify.options", "the options that were asked for are in force", _looked_at_once)
IPS = Check("verify.ips", "the egress IPs are those that were expected", _looked_at_once)
RANGES = Check("verify.ranges", "the API server admits the egress IPs", _admitted)
BESIDE = Check("verify.beside", "nothing outside egress has changed", _written_since)

READS = 3
"""How often a cluster is read that is written again while it is read."""


def after_move(cluster: Cluster, expected: Expected) -> tuple[Finding, ...]:
    """The findings about a cluster that was moved as was asked; none fails when the move is proven."""
    judges = (_judge, _in_force, _ips, _ranges, _beside)
    try:
        return tuple(finding for judge in judges for finding in judge(cluster, expected))
    except Unread as unread:
        return (Finding(READ, unknown(unread)),)


Proof = Tuple[Tuple[Finding, ...], Tuple[str, ...]]
"""Findings about a cluster, and its egress addresses as far as they are known."""


def prove(azure: Azure, expected: Expected, tell: Tell) -> Proof:
    """Hold a cluster, once it stands still, against what was expected of it; raises AzureError."""
    cluster = Cluster(_standing(azure, expected.request, tell))
    return after_move(cluster, expected), egress.before(cluster).known


def after_apply(azure: Azure, plan: Plan, tell: Tell) -> Proof:
    """The same right after a write, when a cluster that cannot be read is a finding."""
    try:
        return prove(azure, plan.expected, tell)
    except AzureError as error:
        return (Finding(READ, Outcome(UNKNOWN, plan.cluster.id, said(error))),), ()


def _standing(azure: Azure, request: Request, tell: Tell) -> Snapshot:
    """The cluster as read; again where an operation ran meanwhile, a bounded number of times; raises AzureError."""
    for _ in range(READS):
        tell("reading the cluster again")
        found = azure.read(request)
        if not is_running(found.cluster):
            break
        stand_still(azure, found.api_version, tell)
    return found


def _judge(cluster: Cluster, expected: Expected) -> Iterator[Finding]:
    request = expected.request
    yield _type(cluster, request)
    states = [_compare(STATE, cluster.id, cluster.text("provisioningState"), "Succeeded")]
    states += [_compare(STATE, pool.id, pool.provisioning_state, "Succeeded") for pool in cluster.pools]
    yield from [finding for finding in states if finding.outcome != PASS] or states[:1]
    yield from _options(cluster, request)


def _type(cluster: Cluster, request: Request) -> Finding:
    """The type, and the SKU that AKS chose where nobody did."""
    kind = PASS if cluster.outbound_type == request.to else FAIL
    is_nat = cluster.outbound_type == matrix.MANAGED_NAT_GATEWAY
    sku = arm.text(cluster.setting("networkProfile", "natGatewayProfile"), "sku") if is_nat else None
    seen = f"{cluster.outbound_type} ({sku})" if sku else cluster.outbound_type
    return Finding(TYPE, Outcome(kind, cluster.id, seen, expected=request.to))


def _options(cluster: Cluster, request: Request) -> Iterator[Finding]:
    """Whether the options are in force; raises Unread where the api-version that answered does not know the SKU."""
    if request.nat_gateway_sku:
        cluster.known("natGatewayProfile.sku")
    differing = request.differences(cluster.document.get("properties"))
    for option, asked, stored in differing:
        name = option.path[-1]
        expected = f"{name} {_words(asked)}"
        yield Finding(OPTIONS, Outcome(FAIL, cluster.id, f"{name} {_words(stored)}", expected=expected))
    if request.asked and not differing:
        yield Finding(OPTIONS, Outcome(PASS, cluster.id, ", ".join(option.path[-1] for option, _ in request.asked)))


def _in_force(cluster: Cluster, _: Expected) -> Iterator[Finding]:
    try:
        kind = PASS if egress.in_force(cluster) else FAIL
        paths = dict.fromkeys(egress.effective_path(cluster, subnet) for subnet in cluster.subnets)
    except Untold as untold:
        yield Finding(IN_FORCE, Outcome(SKIP, untold.id, str(untold)))
        return
    except Unread as unread:
        yield Finding(IN_FORCE, unknown(unread))
        return
    listed = [found for kept in profiles.PROFILES for found in profiles.effective_ids(cluster, kept)]
    names = _list(profiles.address_or_name(cluster.snapshot, found) for found in listed)
    seen = f"out by {_list(paths)}; addresses that AKS keeps: {names}"
    yield Finding(IN_FORCE, Outcome(kind, cluster.id, seen, expected=_needs(cluster)))


def _needs(cluster: Cluster) -> str:
    """What must be there for the stored type to be in force, in words."""
    if cluster.outbound_type in profiles.PROFILES:
        own = [arm.name(found) for found in profiles.stored_own_ids(cluster)]
        return f"{cluster.outbound_type} with {_list(own) if own else 'the number of addresses in its profile'}"
    needs = {
        matrix.USER_ASSIGNED_NAT_GATEWAY: "a NAT gateway with an address on every subnet, and ",
        matrix.USER_DEFINED_ROUTING: "a default route on every subnet, and ",
    }
    return f"{cluster.outbound_type}: {needs.get(cluster.outbound_type, '')}no address that AKS keeps"


def _words(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(arm.name(found) for found in value)
    return "not set" if value is None else str(value)


def _compare(known: Check, resource: str, observed: str | None, expected: str) -> Finding:
    kind = UNKNOWN if observed is None else PASS if arm.same(observed, expected) else FAIL
    return Finding(known, Outcome(kind, resource, observed, expected=expected))


def _ips(cluster: Cluster, awaited: Expected) -> Iterator[Finding]:
    """Expected against observed addresses; those that AKS makes or chooses are judged by their number and novelty.

    Of a prefix, AKS may list the prefix or the addresses that it took from it.
    """
    expected, observed = awaited.after, egress.before(cluster)
    reasons = {unread.reason for unread in expected.unknown}
    known = tuple(found for found in expected.known if egress.CHOSEN_BY_AKS not in reasons)
    faults = [f"{found} is missing" for found in known if not any(holds(found, seen) for seen in observed.known)]
    if not reasons - {egress.CHOSEN_BY_AKS}:
        odd = [found for found in observed.known if not any(holds(outer, found) for outer in expected.known)]
        faults += [f"{found} was not expected" for found in odd]
    faults += _leftovers(awaited, observed.known)
    if reasons & {egress.CHOSEN_BY_AKS, egress.MADE_BY_THE_MOVE}:
        faults += _numbers(cluster, reasons, observed.known)
    faults += _changed_paths(expected.unknown, observed.unknown)
    unread = [str(found) for found in observed.unknown if not isinstance(found, Untold)]
    seen = "; ".join([_list(observed.known), *faults, *unread])
    not_azures = reasons - {egress.CHOSEN_BY_AKS, egress.MADE_BY_THE_MOVE}
    kind = UNKNOWN if unread else FAIL if faults else SKIP if not_azures else PASS
    if kind == SKIP:
        seen = f"{seen}; of the rest, Azure cannot tell"
    yield Finding(IPS, Outcome(kind, cluster.id, seen, expected=_list([*known, *sorted(reasons)])))


def _ranges(cluster: Cluster, expected: Expected) -> Iterator[Finding]:
    """Whether the authorized ranges hold the egress addresses of now, where the move was to see to them; and the
    command that takes out what is not needed any more, which stays with the user; raises Unread."""
    if not (expected.request.update_ranges or expected.withdrawn) or not ranges.are_in_use(cluster):
        return
    observed, stored = egress.before(cluster), cluster.authorized_ip_ranges
    lacking = ranges.lacking(cluster, observed.known) if expected.request.update_ranges else ()
    if lacking:
        add = before(ranges.update(cluster, ranges.joined(stored, lacking)))
        seen = f"{_list(lacking)} is not in them"
        yield Finding(RANGES, Outcome(FAIL, cluster.id, seen, expected=f"{_list(lacking)} in them", fix=(add,)))
        return
    old = ranges.old(cluster, (*expected.before.known, *expected.withdrawn), observed.known)
    if old.ranges:
        seen = f"they hold the old {_list(old.ranges)} too"
        fix = (after(old.command),) if old.command and observed.complete else ()
        yield Finding(RANGES, Outcome(NOTE, cluster.id, seen, fix=fix))
    else:
        yield Finding(RANGES, Outcome(PASS, cluster.id, _list(stored)))


def _beside(cluster: Cluster, expected: Expected) -> Iterator[Finding]:
    """Whether the settings that no move changes are what they were, where that is to be looked at."""
    if expected.beside is None:
        return
    now = without_secrets(beside_egress(cluster.document))
    rows = [Difference(None, *row) for row in judged.changes("", expected.beside, now, into_lists=True)]
    if rows:
        yield Finding(BESIDE, Outcome(FAIL, cluster.id, judged.listed(rows), expected="all as in the record"))
    else:
        yield Finding(BESIDE, Outcome(PASS, cluster.id, "all as in the record"))


def _changed_paths(expected: Sequence[Unread], observed: Sequence[Unread]) -> list[str]:
    """The ways out of which Azure tells no address, where they are others than before the move."""
    by_aks = (egress.MADE_BY_THE_MOVE, egress.CHOSEN_BY_AKS)
    then, now = (
        {str(found).lower(): found for found in rows if isinstance(found, Untold) and found.reason not in by_aks}
        for rows in (expected, observed)
    )
    gone = [f"{then[key]}: not so any more" for key in then if key not in now]
    return gone + [f"{now[key]}: not expected" for key in now if key not in then]


def _leftovers(expected: Expected, observed: Sequence[str]) -> list[str]:
    """The addresses of the gateway that was left or renewed, where they still carry egress."""
    stay = expected.after.known
    return [f"{found} should be gone" for found in expected.gone if found in observed and found not in stay]


def _numbers(cluster: Cluster, reasons: set[str], observed: Sequence[str]) -> list[str]:
    """Whether AKS made fewer addresses than the profile asks for, or released fewer; raises Unread."""
    short = profiles.shortage(cluster)
    effective = set(profiles.effective_ids(cluster, cluster.outbound_type))
    behind = {carrier.kind for carrier in egress.carriers(cluster, None)}
    if not short and behind == {egress.NAT_GATEWAY} and len(observed) < len(effective):
        short = f"the NAT gateway has {len(observed)} of {len(effective)} addresses"
    over = profiles.surplus(cluster) if reasons == {egress.CHOSEN_BY_AKS} else ""
    return [found for found in (short, over) if found]


def _list(found: Iterable[str]) -> str:
    return ", ".join(found) or "none"
