"""The engine: a check is one function that judges one fact of a cluster for a request.

    @check("EGR211", "every node subnet has a NAT gateway", to=[USER_ASSIGNED_NAT_GATEWAY], each=subnets, blocks=True)
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
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Callable, Collection, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple, Type

from azext_aksegress import arm, matrix
from azext_aksegress.cluster import Cluster
from azext_aksegress.fixes import Fix
from azext_aksegress.snapshot import Unread

PASS, NOTE, WARN, FAIL, UNKNOWN, SKIP = "pass", "note", "warn", "fail", "unknown", "skip"
OUTCOMES = (PASS, NOTE, WARN, FAIL, UNKNOWN, SKIP)

_MODULES = ("support", "routes", "gateways", "isolation", "notice", "wayback")
"""In the order of the report; a new check goes into the module of its question."""


@dataclass(frozen=True)
class Request:
    """What is asked for: the target type and its options; and the CLI that asks, None when judged without az."""

    to: str
    nat_gateway_sku: Optional[str] = None
    cli_version: Optional[str] = None


@dataclass(frozen=True)
class Outcome:
    """What a check yields about one resource; `resource` is an ARM id, or None for the cluster as a whole."""

    resource: Optional[str]
    observed: str
    fix: Sequence[Fix] = ()
    expected: Optional[str] = None
    sources: Sequence[str] = ()


class Pass(Outcome):
    """The fact holds, and here is what was seen; yielding nothing passes as well."""


class Note(Outcome):
    """Always worth saying, never counted."""


class Done(Note):
    """There is nothing to do, so every other check is moot."""


class Warn(Outcome):
    """The move can be made, at a price."""


class Fail(Outcome):
    """The move cannot, or must not, be made."""


class Skip(Outcome):
    """The judgement is moot, because of another check's finding (`observed` is its id) or for a stated reason."""

    def __init__(self, because: str) -> None:
        """`because` is a check id, or a reason in words."""
        super().__init__(None, f"because of {because}" if because in REGISTRY else because)


_OUTCOME: Dict[Type[Outcome], str] = {Pass: PASS, Note: NOTE, Done: NOTE, Warn: WARN, Fail: FAIL, Skip: SKIP}


@dataclass(frozen=True)
class Check:
    """One row of the catalogue, with the function that judges it."""

    id: str
    title: str
    function: Callable[..., Optional[Iterable[Outcome]]]
    targets: Tuple[str, ...]
    blocks: bool
    acceptable: bool
    each: Callable[[Cluster], Iterable[Any]]
    sources: Tuple[str, ...]
    url: str

    @property
    def consequence(self) -> str:
        """What happens to a cluster for which the fact does not hold."""
        return " ".join((inspect.getdoc(self.function) or "").split())


@dataclass(frozen=True)
class Finding:
    """The judgement of one check about one resource: data with identity; `blocks` says whether it decides."""

    id: str
    title: str
    outcome: str
    resource: Optional[str]
    observed: Optional[str]
    expected: str
    consequence: str
    fix: Tuple[Fix, ...]
    url: str
    sources: Tuple[str, ...]
    blocks: bool = field(compare=False)
    acceptable: bool = field(compare=False)
    moots: bool = field(default=False, compare=False)

    def to_json(self) -> Dict[str, object]:
        """The finding as the JSON contract spells it."""
        return {
            "id": self.id,
            "title": self.title,
            "outcome": self.outcome,
            "resource": self.resource,
            "observed": self.observed,
            "expected": self.expected,
            "consequence": self.consequence,
            "fix": [fix.to_json() for fix in self.fix],
            "url": self.url,
            "sources": list(self.sources),
        }


REGISTRY: Dict[str, Check] = {}
"""Every check by id, in report order. Ids are forever: none is ever used again for another fact."""

Judge = Callable[..., Optional[Iterable[Outcome]]]


def the_cluster(cluster: Cluster) -> Tuple[Cluster]:
    """For checks that judge the cluster as a whole."""
    return (cluster,)


def check(
    check_id: str,
    title: str,
    *,
    to: Collection[str] = matrix.OUTBOUND_TYPES,
    each: Callable[[Cluster], Iterable[Any]] = the_cluster,
    blocks: bool = False,
    acceptable: bool = False,
    sources: Sequence[str] = (),
    url: str = "https://learn.microsoft.com/azure/aks/egress-outboundtype",
) -> Callable[[Judge], Judge]:
    """Register a function as a check of some targets.

    `each` names what it judges one by one; `blocks` that an unknown outcome leaves the verdict open; `acceptable`
    that `migrate --accept` may go past it. Raises ValueError for what would break the catalogue.
    """
    if not re.fullmatch(r"EGR[1-6]\d\d", check_id) or check_id in REGISTRY:
        raise ValueError(f"{check_id} is no free check id")
    if not to or not set(to) <= set(matrix.OUTBOUND_TYPES):
        raise ValueError(f"{check_id} names an outbound type that does not exist: {sorted(to)}")

    def register(function: Judge) -> Judge:
        if not inspect.getdoc(function):
            raise ValueError(f"{check_id} does not say its consequence")
        targets = tuple(known for known in matrix.OUTBOUND_TYPES if known in to)
        REGISTRY[check_id] = Check(
            check_id, title, function, targets, blocks, acceptable, each, tuple(sources), url
        )
        return function

    return register


def load() -> Dict[str, Check]:
    """The registry with every module of checks in it."""
    for module in _MODULES:
        import_module(f"{__name__}.{module}")
    return REGISTRY


def run(cluster: Cluster, request: Request) -> Tuple[Finding, ...]:
    """Judge a cluster: at least one finding for every check of the request's target, in report order."""
    checks = [known for known in load().values() if request.to in known.targets]
    findings = [finding for known in checks for finding in judge(known, cluster, request)]
    done = next((finding for finding in findings if finding.moots), None)
    if done is None:
        return tuple(findings)
    return tuple(
        done if known.id == done.id else _finding(known, SKIP, None, f"because of {done.id}") for known in checks
    )


def judge(known: Check, cluster: Cluster, request: Request) -> Tuple[Finding, ...]:
    """The findings of one check: every resource at fault once, or one pass."""
    found: List[Finding] = []
    try:
        for item in known.each(cluster):
            found += _judge_one(known, item, request)
    except Unread as unread:
        found.append(_unknown(known, unread))
    worse = [finding for finding in found if finding.outcome != PASS]
    return tuple(dict.fromkeys(worse or found[:1] or [_finding(known, PASS, None, None)]))


def _judge_one(known: Check, item: Any, request: Request) -> Iterator[Finding]:
    try:
        for outcome in known.function(item, request) or ():
            yield _finding(
                known,
                _OUTCOME[type(outcome)],
                outcome.resource,
                outcome.observed,
                tuple(outcome.fix),
                outcome.expected,
                tuple(outcome.sources),
                isinstance(outcome, Done),
            )
    except Unread as unread:
        yield _unknown(known, unread)


def _unknown(known: Check, unread: Unread) -> Finding:
    return _finding(known, UNKNOWN, unread.id, str(unread))


def _finding(
    known: Check,
    outcome: str,
    resource: Optional[str],
    observed: Optional[str],
    fix: Tuple[Fix, ...] = (),
    expected: Optional[str] = None,
    sources: Tuple[str, ...] = (),
    moots: bool = False,
) -> Finding:
    return Finding(
        known.id,
        known.title,
        outcome,
        resource,
        observed,
        expected or known.title,
        known.consequence,
        fix,
        known.url,
        (*known.sources, *sources),
        known.blocks,
        known.acceptable,
        moots,
    )


def acceptable_ids() -> Tuple[str, ...]:
    """The ids that the catalogue marks A: those that `migrate --accept` takes."""
    return tuple(known.id for known in load().values() if known.acceptable)


def label(resource_id: Optional[str]) -> str:
    """How a resource is called in a sentence."""
    return arm.name(resource_id) if resource_id else "the cluster"
