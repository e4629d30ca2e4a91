"""Snapshot after + what was expected -> findings: is what was asked for what is there now?"""

from __future__ import annotations

from typing import Iterable, Iterator, Sequence

from azext_aksegress import arm, egress, judged, matrix, profiles, ranges
from azext_aksegress.checks import FAIL, NOTE, PASS, SKIP, UNKNOWN, Check, Finding, Outcome, unknown
from azext_aksegress.cluster import Cluster
from azext_aksegress.egress import Addresses
from azext_aksegress.expected import Expected
from azext_aksegress.fixes import after
from azext_aksegress.judged import Difference
from azext_aksegress.network import holds
from azext_aksegress.pools import Pool
from azext_aksegress.request import Request
from azext_aksegress.snapshot import Unread, Untold


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


def after_move(cluster: Cluster, expected: Expected) -> tuple[Finding, ...]:
    """The findings about a cluster that was moved as was asked; none fails when the move is proven."""
    judges = (_judge, _in_force, _ips, _ranges, _beside)
    try:
        return tuple(finding for judge in judges for finding in judge(cluster, expected))
    except Unread as unread:
        return (Finding(READ, unknown(unread)),)


def _judge(cluster: Cluster, expected: Expected) -> Iterator[Finding]:
    request = expected.request
    yield _type(cluster, request)
    states = [_compare(STATE, cluster.id, cluster.text("provisioningState"), "Succeeded")]
    states += [_state(pool) for pool in cluster.pools]
    yield from [finding for finding in states if finding.outcome != PASS] or states[:1]
    yield from _options(cluster, request)


def _state(pool: Pool) -> Finding:
    found = _compare(STATE, pool.id, pool.provisioning_state, "Succeeded")
    return found._replace(seen=found.seen._replace(observed=f"pool {pool.name}: {pool.provisioning_state}"))


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


def _ips(cluster: Cluster, expected: Expected) -> Iterator[Finding]:
    """Whether the egress addresses are those that were expected, or those once the old path was taken away, too."""
    found = _compared(cluster, expected, expected.after)
    settled = expected.settled
    ours = settled and (settled.complete or _by_aks(cluster).issuperset(egress.before(cluster).known))
    if found.kind == FAIL and settled and ours:
        settled_too = _compared(cluster, expected, settled)
        found = found if settled_too.kind in (FAIL, UNKNOWN) else settled_too
    if found.kind == FAIL and _leaves_by(cluster, expected.gateways):
        leaves = _list(egress.before(cluster).known)
        found = found._replace(kind=PASS, observed=leaves, expected="those of its gateways")
    yield Finding(IPS, found)


def _leaves_by(cluster: Cluster, gateways: Sequence[str]) -> bool:
    """Whether all egress goes by the NAT gateways that a move was made for, and all of their addresses are known."""
    known = {found.lower() for found in gateways}
    now = {(subnet.nat_gateway_id or "").lower() for subnet in cluster.subnets}
    carriers = list(egress.carriers(cluster, None))
    by_them = all(carrier.kind == egress.NAT_GATEWAY and not carrier.unknown for carrier in carriers)
    return bool(known) and now <= known and by_them and egress.before(cluster).complete


def _by_aks(cluster: Cluster) -> set[str]:
    """The addresses of the load balancer or NAT gateway that AKS makes for today's type."""
    ids = profiles.effective_ids(cluster, cluster.outbound_type)
    return {profiles.address_or_name(cluster.snapshot, found) for found in ids}


def _compared(cluster: Cluster, awaited: Expected, expected: Addresses) -> Outcome:
    """Expected against observed addresses; those that AKS makes or chooses are judged by their number and novelty.

    Of a prefix, AKS may list the prefix or the addresses that it took from it.
    """
    observed = egress.before(cluster)
    reasons = {unread.reason for unread in expected.unknown}
    known = tuple(found for found in expected.known if egress.CHOSEN_BY_AKS not in reasons)
    faults = [f"{found} is missing" for found in known if not any(holds(found, seen) for seen in observed.known)]
    if not reasons - {egress.CHOSEN_BY_AKS}:
        odd = [found for found in observed.known if not any(holds(outer, found) for outer in expected.known)]
        faults += [f"{found} was not expected" for found in odd]
    faults += _leftovers(awaited, expected, observed.known)
    if reasons & {egress.CHOSEN_BY_AKS, egress.MADE_BY_THE_MOVE}:
        faults += _numbers(cluster, reasons, observed.known)
    faults += _changed_paths(expected.unknown, observed.unknown)
    unread = [str(found) for found in observed.unknown if not isinstance(found, Untold)]
    seen = "; ".join([_list(observed.known), *faults, *unread])
    not_azures = reasons - {egress.CHOSEN_BY_AKS, egress.MADE_BY_THE_MOVE}
    kind = UNKNOWN if unread else FAIL if faults else SKIP if not_azures else PASS
    if kind == SKIP:
        seen = f"{seen}; of the rest, Azure cannot tell"
    return Outcome(kind, cluster.id, seen, expected=_list([*known, *sorted(reasons)]))


def _ranges(cluster: Cluster, expected: Expected) -> Iterator[Finding]:
    """Whether the authorized ranges hold the egress addresses of now, where the move was to see to them; whether they
    are what the record says, where there is one; and the command that takes out what is not needed any more, which
    stays with the user; raises Unread."""
    observed, stored = egress.before(cluster), cluster.authorized_ip_ranges
    former = (*expected.before.known, *expected.withdrawn)
    if expected.ranges is not None and not cluster.private_api_server:
        yield from _ranges_of_the_record(cluster, expected.ranges, former, observed.known)
    if not (expected.request.update_ranges or expected.withdrawn) or not ranges.are_in_use(cluster):
        return
    lacking = ranges.lacking(cluster, observed.known) if expected.request.update_ranges else ()
    if cluster.outbound_type == matrix.LOAD_BALANCER:  # AKS admits its own, whatever is listed
        lacking = tuple(found for found in lacking if not any(holds(found, known) for known in _by_aks(cluster)))
    if lacking:
        add = after(ranges.update(cluster, ranges.joined(stored, lacking)))
        seen = f"{_list(lacking)} is not in them"
        yield Finding(RANGES, Outcome(FAIL, cluster.id, seen, expected=f"{_list(lacking)} in them", fix=(add,)))
        return
    old = ranges.old(cluster, former, observed.known)
    if old.ranges:
        seen = f"they hold the old {_list(old.ranges)} too"
        fix = (after(old.command),) if old.command and observed.complete else ()
        yield Finding(RANGES, Outcome(NOTE, cluster.id, seen, fix=fix))
    elif observed.complete:
        yield Finding(RANGES, Outcome(PASS, cluster.id, _list(stored)))
    else:
        told = next((row for row in observed.unknown if not isinstance(row, Untold)), None)
        nobodys = Outcome(SKIP, cluster.id, f"the rest of the egress addresses is not Azure's to tell: {_list(stored)}")
        yield Finding(RANGES, unknown(told) if told else nobodys)


def _ranges_of_the_record(
    cluster: Cluster, recorded: Sequence[str], former: Sequence[str], observed: Sequence[str]
) -> Iterator[Finding]:
    """What somebody has changed of the ranges since the record, but for old egress addresses that were taken out, and
    new ones that were added."""
    lost, new = ranges.differing(recorded, cluster.authorized_ip_ranges)
    new = tuple(known for known in new if not any(holds(found, known) for found in observed))
    lost = tuple(known for known in lost if not any(holds(known, found) for found in former))
    if lost or new:
        gone, come = f"{_list(lost)} gone" if lost else "", f"{_list(new)} added" if new else ""
        seen = "; ".join(part for part in (gone, come) if part)
        yield Finding(RANGES, Outcome(FAIL, cluster.id, seen, expected=_list(recorded)))


def _beside(cluster: Cluster, expected: Expected) -> Iterator[Finding]:
    """Whether the settings that no move changes are what they were, where that is to be looked at."""
    if expected.beside is None:
        return
    if cluster.snapshot.api_version != expected.api_version:
        seen = f"read with api-version {cluster.snapshot.api_version}, and the record with {expected.api_version}"
        yield Finding(BESIDE, Outcome(SKIP, cluster.id, seen))
        return
    changed = judged.changes("", expected.beside, judged.beside_egress(cluster.document), into_lists=True)
    rows = [Difference(None, *row) for row in changed]
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


def _leftovers(awaited: Expected, expected: Addresses, observed: Sequence[str]) -> list[str]:
    """The addresses of the gateway that was left or renewed, where they still carry egress."""
    stay = expected.known
    return [f"{found} should be gone" for found in awaited.gone if found in observed and found not in stay]


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
