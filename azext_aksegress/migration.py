"""One migration from judgement to result: may it be made, what will be sent, how did it end?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Collection, Sequence

from azext_aksegress import plan as planning
from azext_aksegress import report as reporting
from azext_aksegress.arm import Json
from azext_aksegress.checks import FAIL, UNKNOWN, WARN, Finding
from azext_aksegress.cluster import Cluster
from azext_aksegress.past import Past, require_way_back
from azext_aksegress.plan import Plan, Undo
from azext_aksegress.report import NOTHING_TO_DO, Report, cluster_json
from azext_aksegress.request import Request
from azext_aksegress.snapshot import SCHEMA_VERSION, Snapshot

APPLIED, NOT_VERIFIED, PLANNED, STARTED, BLOCKED = "applied", "notVerified", "planned", "started", "blocked"


@dataclass(frozen=True)
class Migration:
    """A judged request: what stands in its way, or the plan for it; neither where there is nothing to do."""

    report: Report
    refusals: tuple[Finding, ...]
    plan: Plan | None
    accepted_in_vain: tuple[str, ...]
    undo: Undo | None = None

    @property
    def undetermined(self) -> bool:
        """Whether nothing is known to be wrong, and too little is known to be right."""
        return bool(self.refusals) and all(finding.outcome == UNKNOWN for finding in self.refusals)

    def to_json(self) -> Json:
        """The result as far as it goes without a write."""
        if self.refusals:
            needs = [finding.id for finding in self.refusals if finding.check.acceptable]
            return {
                **self._head(BLOCKED),
                "report": self.report.to_json(),
                "needsAccept": list(dict.fromkeys(needs)),
            }
        if self.plan is None:
            return {**self._head(NOTHING_TO_DO), "plan": None, "record": None, "verification": None}
        return {**self._head(PLANNED), "plan": self.plan.to_json(), "record": None, "verification": None}

    def applied(self, record_path: str, findings: Sequence[Finding], egress_ips: Sequence[str]) -> Json:
        """The result after the write, with what was found then."""
        return {**self.started(record_path), **_verification(findings, egress_ips)}

    def started(self, record_path: str) -> Json:
        """The result once Azure took the update, and nobody waits for its end."""
        plan = self.plan.to_json() if self.plan else None
        return {**self._head(STARTED), "plan": plan, "record": record_path, "verification": None}

    def stands(self, findings: Sequence[Finding], egress_ips: Sequence[str]) -> Json:
        """The result where there was nothing to do, with what the nodes say of that."""
        found = _verification(findings, egress_ips)
        outcome = NOTHING_TO_DO if found["outcome"] == APPLIED else NOT_VERIFIED
        return {**self.to_json(), **found, "outcome": outcome}

    def _head(self, outcome: str) -> Json:
        return {
            "schemaVersion": SCHEMA_VERSION,
            "cluster": cluster_json(self.report.cluster),
            "from": self.report.origin,
            "to": self.report.request.to,
            "outcome": outcome,
        }


def verified(past: Past, now: Cluster, findings: Sequence[Finding], egress_ips: Sequence[str]) -> Json:
    """What `verify` says of a cluster as it is now against a record."""
    return {
        "schemaVersion": SCHEMA_VERSION,
        "cluster": cluster_json(now),
        "from": past.origin,
        "to": past.asked.to,
        "plan": past.document.get("plan"),
        "record": past.path,
        **_verification(findings, egress_ips),
    }


def _verification(findings: Sequence[Finding], egress_ips: Sequence[str]) -> Json:
    proven = not any(finding.outcome in (FAIL, UNKNOWN) for finding in findings)
    found = {"findings": [finding.to_json() for finding in findings], "egressIps": list(egress_ips)}
    return {"outcome": APPLIED if proven else NOT_VERIFIED, "verification": found}


def prepare(
    snapshot: Snapshot,
    request: Request,
    accepted: Collection[str],
    by_name: Collection[str] = (),
    undo: Undo | None = None,
) -> Migration:
    """Judge a request, and plan it where nothing stands in its way that was not accepted.

    `by_name` are ids that a person accepts when the move is confirmed with the cluster's name; `undo` is there where
    the move takes an earlier one back.
    """
    made = reporting.make(snapshot, request)
    gone_past = {*accepted, *by_name}
    refusals = made.refusals(gone_past)
    plan = None if refusals else planning.make(made, gone_past, undo)
    plan = plan if plan and plan.steps else None
    in_vain = tuple(sorted(set(accepted) - set(made.ids(FAIL, WARN, UNKNOWN))))
    return Migration(made, refusals, plan, in_vain, undo)


def take_back(
    past: Past, snapshot: Snapshot, request: Request, accepted: Collection[str], by_name: Collection[str] = ()
) -> Migration:
    """Judge and plan the way back by a record; raises NoWayBack where somebody else has moved the cluster."""
    require_way_back(past, snapshot)
    move = prepare(snapshot, request, accepted, by_name, past.undo)
    report = replace(move.report, findings=tuple(_spelled_for(past, move.report, row) for row in move.report.findings))
    return replace(move, report=report, refusals=tuple(_spelled_for(past, report, row) for row in move.refusals))


def _spelled_for(past: Past, report: Report, finding: Finding) -> Finding:
    """A finding whose fixes begin no other migration: what `migrate` would do by an option, `rollback` does."""
    instead = past.undo.command(replace(report, request=replace(report.request, update_ranges=True)))
    fixes = tuple(
        replace(fix, command=instead) if fix.command.startswith("az aks egress migrate ") else fix
        for fix in finding.seen.fix
    )
    return finding._replace(seen=finding.seen._replace(fix=fixes))
