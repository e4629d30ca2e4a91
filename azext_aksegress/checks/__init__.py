"""The engine: a check is one function that judges one fact of a cluster for a request.

    @check(
        "EGR211",
        "every subnet has a NAT gateway",
        to=[USER_ASSIGNED_NAT_GATEWAY],
        each=subnets,
        blocks=True,
        observed_at="subnet.natGateway",
    )
    def nat_gateway_on_every_subnet(subnet, request):
        '''The consequence, in one sentence.'''
        if subnet.nat_gateway is None:
            yield Fail(subnet.id, f"{subnet.name} has no NAT gateway", fix=[...])

Yielding nothing is a pass. Touching what is unread makes the outcome unknown, by itself, and only for the subnet that
was touched: the others are judged all the same.
"""

from __future__ import annotations

import inspect
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib import import_module
from typing import Any, Callable, Collection, Iterable, Iterator, NamedTuple, Optional

from azext_aksegress import arm, matrix
from azext_aksegress.cluster import Cluster
from azext_aksegress.fixes import Fix
from azext_aksegress.request import Request
from azext_aksegress.snapshot import Unread

DOCUMENT = "docs/checks.md"
"""The document that explains every check, generated from them (`make docs`)."""
PASS, NOTE, WARN, FAIL, UNKNOWN, SKIP = "pass", "note", "warn", "fail", "unknown", "skip"
OUTCOMES = (PASS, NOTE, WARN, FAIL, UNKNOWN, SKIP)

_MODULES = (
    *("support", "moment", "routes", "hops", "gateways", "nodes", "filters", "proxies", "addresses", "isolation"),
    *("registries", "balancers", "notice", "neighbours", "room", "governance", "rights", "wayback"),
)
"""A new check goes into the module of its question."""


class Outcome(NamedTuple):
    """What a check yields about one resource; `resource` is an ARM id, or None for the cluster as a whole.

    `expected` is the check's title unless it can be said shorter; `moots` ends the judgement: nothing is to be done;
    `decides` is false for what could not be read and could only have warned.
    """

    kind: str
    resource: str | None
    observed: str | None
    fix: tuple[Fix, ...] = ()
    expected: str | None = None
    sources: tuple[str, ...] = ()
    moots: bool = False
    decides: bool = True


Pass = partial(Outcome, PASS)  # the fact holds, and here is what was seen; yielding nothing passes as well
Note = partial(Outcome, NOTE)  # always worth saying, never counted
Done = partial(Outcome, NOTE, moots=True)  # there is nothing to do, so every other check is moot
Warn = partial(Outcome, WARN)  # the move can be made, at a price
Fail = partial(Outcome, FAIL)  # the move cannot, or must not, be made


def _skip(because: str) -> Outcome:
    """The judgement is moot: `because` is the id of the check whose finding made it so, or a reason in words."""
    return Outcome(SKIP, None, f"because of {because}" if because in REGISTRY else because)


Skip = _skip


def unknown(unread: Unread, decides: bool = True) -> Outcome:
    """Something could not be read; whether the move could fail for it."""
    return Outcome(UNKNOWN, unread.id, str(unread), decides=decides)


Judge = Callable[..., Optional[Iterable[Outcome]]]
Reads = Callable[[Cluster, Request], Iterable[str]]
"""The ids that a check needs to be read beside what says how egress goes; raises Unread where they are not known."""


def nothing_more(*_: object) -> tuple[str, ...]:
    """For checks that need nothing read but what says how egress goes."""
    return ()


def the_cluster(cluster: Cluster) -> tuple[Cluster]:
    """For checks that judge the cluster as a whole."""
    return (cluster,)


@dataclass(frozen=True)
class Check:  # pylint: disable=too-many-instance-attributes  # a row of the catalogue has nine columns
    """One row of the catalogue, with the function that judges it.

    `each` names what it judges one by one, and `reads` what else it needs for that; `blocks` that an unknown outcome
    leaves the verdict open; `acceptable` that `migrate --accept` may go past it; `observed_at` says in words where the
    fact stands.
    """

    id: str
    title: str
    function: Judge
    targets: Collection[str] = matrix.OUTBOUND_TYPES
    each: Callable[[Cluster], Iterable[Any]] = the_cluster
    reads: Reads = nothing_more
    blocks: bool = False
    acceptable: bool = False
    sources: tuple[str, ...] = ()
    observed_at: str = ""
    reference: str = "https://learn.microsoft.com/azure/aks/egress-outboundtype"

    @property
    def url(self) -> str:
        """Where the check is explained."""
        return f"{DOCUMENT}#{self.id.lower()}"

    @property
    def consequence(self) -> str:
        """What happens to a cluster for which the fact does not hold."""
        return " ".join((inspect.getdoc(self.function) or "").split())


class Finding(NamedTuple):
    """The judgement of one check about one resource: data with identity."""

    check: Check
    seen: Outcome

    @property
    def id(self) -> str:
        """The id of the check."""
        return self.check.id

    @property
    def outcome(self) -> str:
        """One of OUTCOMES."""
        return self.seen.kind

    @property
    def leaves_open(self) -> bool:
        """Whether something that decides could not be read."""
        return self.outcome == UNKNOWN and self.check.blocks and self.seen.decides

    def to_json(self) -> dict[str, object]:
        """The finding as the JSON contract spells it."""
        return {
            "id": self.id,
            "title": self.check.title,
            "outcome": self.outcome,
            "resource": self.seen.resource,
            "observed": self.seen.observed,
            "expected": self.seen.expected or self.check.title,
            "consequence": self.check.consequence,
            "fix": [fix.to_json() for fix in self.seen.fix],
            "url": self.check.url,
            "sources": [*self.check.sources, *self.seen.sources, self.check.reference],
        }


RANGES = "EGR301"
"""The check of the authorized ranges, which may be updated where there is nothing else to do."""
REGISTRY: dict[str, Check] = {}
"""Every check by id. Ids are forever: none is ever used again for another fact."""


def check(
    check_id: str, title: str, *, to: Collection[str] = matrix.OUTBOUND_TYPES, **rest: Any
) -> Callable[[Judge], Judge]:
    """Register a function as a check of some targets; `rest` are fields of Check.

    Raises ValueError for what would break the catalogue.
    """
    if not re.fullmatch(r"EGR[1-6]\d\d", check_id) or check_id in REGISTRY:
        raise ValueError(f"{check_id} is no free check id")
    if not to or not set(to) <= set(matrix.OUTBOUND_TYPES):
        raise ValueError(f"{check_id} names an outbound type that does not exist: {sorted(to)}")

    def register(function: Judge) -> Judge:
        if not inspect.getdoc(function):
            raise ValueError(f"{check_id} does not say its consequence")
        REGISTRY[check_id] = Check(check_id, title, function, tuple(to), **rest)
        return function

    return register


def load() -> dict[str, Check]:
    """The registry with every module of checks in it, in report order: by id."""
    _import()
    return dict(sorted(REGISTRY.items()))


@lru_cache(maxsize=None)
def _import() -> None:
    for module in _MODULES:
        import_module(f"{__name__}.{module}")


def reads(requests: Iterable[Request]) -> Callable[[Cluster], Iterator[str]]:
    """What the checks of some requests need to be read of a cluster, as far as that is known."""
    rows = [(known, request) for request in requests for known in load().values() if request.to in known.targets]
    return lambda cluster: (found for row in rows for found in _read_for(*row, cluster))


def _read_for(known: Check, request: Request, cluster: Cluster) -> Iterator[str]:
    with suppress(Unread):  # what is not known yet is asked for after the next round
        yield from known.reads(cluster, request)


def run(cluster: Cluster, request: Request) -> tuple[Finding, ...]:
    """Judge a cluster: at least one finding for every check of the request's target, in report order."""
    checks = [known for known in load().values() if request.to in known.targets]
    findings: list[Finding] = []
    for known in checks:
        found = judge(known, cluster, request)
        done = next((finding for finding in found if finding.seen.moots), None)
        if done:
            return _moot(checks, done, cluster, request)
        findings += found
    return tuple(findings)


def _moot(checks: Iterable[Check], done: Finding, cluster: Cluster, request: Request) -> tuple[Finding, ...]:
    """There is nothing to do, so whatever else there is to say is moot, but for ranges that are to be updated."""
    rows: list[Finding] = []
    for known in checks:
        if known.id == RANGES and request.update_ranges:
            rows += judge(known, cluster, request)
        else:
            rows.append(done if known.id == done.id else Finding(known, Skip(done.id)))
    return tuple(rows)


def judge(known: Check, cluster: Cluster, request: Request) -> tuple[Finding, ...]:
    """The findings of one check: every resource at fault once, or one pass."""
    seen: list[Outcome] = []
    is_moot = True
    try:
        for item in known.each(cluster):
            is_moot = False
            try:
                for outcome in known.function(item, request) or ():
                    seen.append(outcome)  # one by one: what is said before something cannot be read stays
            except Unread as unread:
                seen.append(unknown(unread))
        if is_moot:
            seen.append(Skip("there is nothing to judge"))
    except Unread as unread:
        seen.append(unknown(unread))
    if len(seen) > 1:
        worse = [outcome for outcome in seen if outcome.kind != PASS]
        seen = list(dict.fromkeys(worse)) or [min(seen, key=lambda outcome: (outcome.resource or "").lower())]
    return tuple(map(partial(Finding, known), seen or [Pass(None, None)]))


def acceptable_ids() -> tuple[str, ...]:
    """The ids that the catalogue marks A: those that `migrate --accept` takes."""
    return tuple(known.id for known in load().values() if known.acceptable)


def label(resource_id: str | None) -> str:
    """How a resource is called in a sentence."""
    return arm.name(resource_id) if resource_id else "the cluster"
