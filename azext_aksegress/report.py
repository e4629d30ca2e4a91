"""Findings -> Report: the verdict, the counts, the addresses before and after, the way back."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Callable, Collection, TypeVar

from azext_aksegress import checks, egress, matrix, profiles
from azext_aksegress.arm import Json
from azext_aksegress.checks import FAIL, OUTCOMES, UNKNOWN, WARN, Finding
from azext_aksegress.cluster import Cluster, Subnet
from azext_aksegress.egress import Addresses
from azext_aksegress.fixes import az
from azext_aksegress.request import Request, as_stored
from azext_aksegress.snapshot import SCHEMA_VERSION, Snapshot, Unread

READY = "ready"
READY_WITH_WARNINGS = "readyWithWarnings"
BLOCKED = "blocked"
UNDETERMINED = "undetermined"
NOTHING_TO_DO = "nothingToDo"
VERDICTS = (READY, READY_WITH_WARNINGS, BLOCKED, UNDETERMINED, NOTHING_TO_DO)

_T = TypeVar("_T")


@dataclass(frozen=True)
class Report:
    """The judgement of one cluster for one request; text, verdict and exit code all come from it."""

    cluster: Cluster
    request: Request
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> str:
        """One of VERDICTS: a fail beside an unknown is blocked."""
        if self._any(FAIL):
            return BLOCKED
        if any(finding.leaves_open for finding in self.findings):
            return UNDETERMINED
        if self.is_done:
            return NOTHING_TO_DO
        return READY_WITH_WARNINGS if self._any(WARN) or self._any(UNKNOWN) else READY

    @property
    def is_done(self) -> bool:
        """Whether type and options are as requested already, and in force."""
        return any(finding.seen.moots for finding in self.findings)

    def _any(self, outcome: str) -> bool:
        return any(finding.outcome == outcome for finding in self.findings)

    @property
    def counts(self) -> dict[str, int]:
        """The number of findings by outcome."""
        found = Counter(finding.outcome for finding in self.findings)
        return {outcome: found[outcome] for outcome in OUTCOMES}

    def ids(self, *outcomes: str) -> tuple[str, ...]:
        """The ids of the findings with some outcomes, each once."""
        return tuple(dict.fromkeys(finding.id for finding in self.findings if finding.outcome in outcomes))

    def refusals(self, accepted: Collection[str]) -> tuple[Finding, ...]:
        """The findings that a migration must not go past, given the ids that were accepted."""
        return tuple(
            finding
            for finding in self.findings
            if not (finding.check.acceptable and finding.id in accepted) and _stops(finding)
        )

    @property
    def origin(self) -> str | None:
        """Today's outbound type, or None where it could not be read."""
        return known(lambda: self.cluster.outbound_type)

    @cached_property
    def before(self) -> Addresses:
        """The egress addresses of today."""
        return egress.before(self.cluster)

    @cached_property
    def after(self) -> Addresses:
        """The egress addresses after the move."""
        return egress.after(self.cluster, self.request)

    @property
    def one_way(self) -> bool:
        """Whether the move is, or may turn out to be, one that cannot be taken back."""
        return any(finding.id in ("EGR601", "EGR604") and finding.outcome == WARN for finding in self.findings)

    @property
    def way_back(self) -> Json:
        """Whether a move leads back to today's type, and the command that makes it."""
        path = known(lambda: self.cluster.path_back(self.request.to, self.request.nat_gateway_sku))
        within = path and path.status == matrix.NOT_APPLICABLE and profiles.changes(self.cluster, self.request)
        supported = bool(path and (path.supported or within))
        return {"supported": supported, "oneWay": self.one_way, "command": self._back() if supported else None}

    def _back(self) -> str:
        origin = self.cluster.outbound_type
        back = as_stored(origin, self.cluster.document.get("properties"), self.request, self.cluster.location)
        return az("aks egress migrate", ids=self.cluster.id, **back.spelled)

    def to_json(self) -> Json:
        """The report as the JSON contract spells it."""
        complete = self.after.complete
        return {
            "schemaVersion": SCHEMA_VERSION,
            "capturedAt": self.cluster.snapshot.captured_at,
            "cluster": cluster_json(self.cluster),
            "from": self.origin,
            "to": self.request.to,
            "verdict": self.verdict,
            "counts": self.counts,
            "findings": [finding.to_json() for finding in self.findings],
            "egressIps": {"before": list(self.before.known), "after": list(self.after.known) if complete else None},
            "wayBack": self.way_back,
        }

    def to_row(self) -> Json:
        """The row of this target in the survey of all of them."""
        return {
            "clusterId": self.cluster.id,
            "to": self.request.to,
            "verdict": self.verdict,
            "counts": self.counts,
            "blockers": list(self.ids(FAIL)),
            "warnings": list(self.ids(WARN)),
            "unknowns": list(self.ids(UNKNOWN)),
        }


def _stops(finding: Finding) -> bool:
    """Whether a migration halts here: a warning does where the catalogue gives the row no other outcome, and marks
    it to be accepted."""
    told = finding.check
    if finding.outcome == WARN:
        return told.acceptable and not told.blocks
    return finding.outcome == FAIL or finding.leaves_open or (finding.outcome == UNKNOWN and told.acceptable)


def make(snapshot: Snapshot, request: Request) -> Report:
    """Judge a snapshot for a request."""
    return of(Cluster(snapshot), request)


def of(cluster: Cluster, request: Request) -> Report:
    """Judge a cluster for a request."""
    return Report(cluster, request, checks.run(cluster, request))


def survey(snapshot: Snapshot, request: Callable[[str], Request]) -> tuple[Report, ...]:
    """Judge a snapshot for every outbound type."""
    return tuple(make(snapshot, request(target)) for target in matrix.OUTBOUND_TYPES)


def cluster_json(cluster: Cluster) -> Json:
    """How every result names its cluster."""
    return {
        "id": cluster.id,
        "name": cluster.name,
        "resourceGroup": cluster.resource_group,
        "subscriptionId": cluster.subscription_id,
        "location": cluster.location,
        "vnet": known(lambda: cluster.vnet),
        "kubernetesVersion": known(
            lambda: cluster.text("currentKubernetesVersion") or cluster.text("kubernetesVersion")
        ),
    }


def show_json(snapshot: Snapshot) -> Json:
    """What `show` prints: the snapshot, and first what a person wants of it."""
    cluster = Cluster(snapshot)
    document = snapshot.to_json()
    return {
        "schemaVersion": document.pop("schemaVersion"),
        "capturedAt": document.pop("capturedAt"),
        "egress": {
            "outboundType": known(lambda: cluster.outbound_type),
            "vnet": known(lambda: cluster.vnet),
            "subnets": [_subnet_json(cluster, subnet) for subnet in known(lambda: cluster.subnets) or ()],
            "egressIps": list(egress.before(cluster).known),
            "authorizedIpRanges": list(known(lambda: cluster.authorized_ip_ranges) or ()),
        },
        **document,
    }


def _subnet_json(cluster: Cluster, subnet: Subnet) -> Json:
    return {
        "id": subnet.id,
        "pools": list(subnet.pools),
        "routeTable": known(lambda: subnet.route_table_id),
        "natGateway": known(lambda: subnet.nat_gateway_id),
        "networkSecurityGroup": known(lambda: subnet.network_security_group_id),
        "effectivePath": egress.effective_path(cluster, subnet),
    }


def known(read: Callable[[], _T]) -> _T | None:
    """What is read, or None where it could not be."""
    try:
        return read()
    except Unread:
        return None
