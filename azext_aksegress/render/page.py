"""What a report in a file says, whatever it is written in: a page for each cluster, or one for a fleet."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Iterable, Mapping, Sequence

from azext_aksegress import arm, checks, fleet, topology
from azext_aksegress import report as reporting
from azext_aksegress.arm import Json
from azext_aksegress.checks import FAIL, NOTE, PASS, SKIP, UNKNOWN, WARN, Finding
from azext_aksegress.cluster import Cluster
from azext_aksegress.fixes import az
from azext_aksegress.migration import BLOCKED, PLANNED, STARTED, Migration
from azext_aksegress.past import Past
from azext_aksegress.render import fleet as rows_of
from azext_aksegress.render import moves, terminal
from azext_aksegress.render.terminal import QUESTIONS, VERDICT_STYLES, Line, Look
from azext_aksegress.report import Report
from azext_aksegress.topology import Change

LOOK = Look(width=100)
"""How lines that a terminal has too look on a page."""
OUTCOMES = {
    FAIL: "problem",
    UNKNOWN: "unknown",
    WARN: "warning",
    NOTE: "note",
    PASS: "passed",
    SKIP: "skipped",
}
"""What a person calls the outcomes, worst first."""


@dataclass(frozen=True)
class Table:
    """Rows of a survey or a fleet; the first cell of each is its outcome, by which a reader may filter."""

    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Page:  # pylint: disable=too-many-instance-attributes  # one for each part that a reader sees
    """The report of one cluster, or of many in one table.

    `style` is that of the verdict, one of az's; `findings` are spelled as the JSON contract does; `plan` and `ending`
    are lines as a terminal has them, with the commands to paste in the style `action`.
    """

    name: str
    title: str
    style: str
    verdict: str
    facts: tuple[tuple[str, str], ...] = ()
    path: Change | None = None
    plan: tuple[Line, ...] = ()
    ending: tuple[Line, ...] = ()
    findings: tuple[Json, ...] = ()
    table: Table | None = None

    @property
    def counts(self) -> dict[str, int]:
        """How many rows have which outcome, worst first, as `outcome` tells them apart."""
        found = Counter(row["outcome"] for row in self.findings)
        if self.table:
            found.update(row[0] for row in self.table.rows)
        known = [outcome for outcome in OUTCOMES if outcome in found]
        return {outcome: found[outcome] for outcome in (*known, *sorted(set(found) - set(known)))}

    def by_question(self, *outcomes: str) -> dict[str, list[Json]]:
        """The findings with some outcomes under the questions that they answer."""
        found: dict[str, list[Json]] = {}
        for row in self.findings:
            if row["outcome"] in outcomes:
                found.setdefault(QUESTIONS[row["id"][:4]], []).append(row)
        return found


def counted(number: int, outcome: str) -> str:
    """How many findings have an outcome, in words."""
    plural = "s" if number != 1 and outcome not in (PASS, SKIP) else ""
    return f"{number} {OUTCOMES[outcome]}{plural}"


def identity(row: Json) -> str:
    """The id of a finding where it is one that a catalogue explains and --accept may name."""
    return row["id"] if row["id"] in checks.REGISTRY else ""


def of_report(made: Report) -> Page:
    """The page of a check."""
    style = VERDICT_STYLES.get(made.verdict, "success")
    return _judged(made, style, terminal.verdict(made), ending=terminal.next_steps(made))


def of_survey(reports: Sequence[Report]) -> Page:
    """The page of a check for every outbound type: a row each, and today's path."""
    first = reports[0]
    rows = tuple(
        (row["verdict"], row["to"], *(", ".join(row[key]) for key in ("blockers", "unknowns", "warnings")))
        for row in (made.to_row() for made in reports)
    )
    open_to = [made.request.to for made in reports if made.verdict in (reporting.READY, reporting.READY_WITH_WARNINGS)]
    verdict = f"Open to it, as far as was read: {', '.join(open_to) or 'none of the other types'}."
    command = az("aks egress check", ids=first.cluster.id, to="TYPE")
    return Page(
        name=first.cluster.name,
        title=f"{first.cluster.name}: which outbound types are open to it",
        style="success" if open_to else "warning",
        verdict=verdict,
        facts=_facts(first.cluster, first.origin),
        path=Change(topology.today(first.cluster)),
        ending=([("primary", "For one of them, with every finding:")], [("action", f"  {command}")]),
        table=Table(("Verdict", "To", "Blockers", "Unknowns", "Warnings"), rows),
    )


def of_move(
    move: Migration,
    document: Json,
    ending: Iterable[Line],
    found: Sequence[Finding] = (),
    now: Cluster | None = None,
) -> Page:
    """The page of a migration or a rollback: what was judged, planned, done and found; `now` is the cluster then."""
    outcome, judged = document["outcome"], terminal.verdict(move.report)
    lines = list(ending)
    if outcome in (PLANNED, reporting.NOTHING_TO_DO):
        style, verdict = VERDICT_STYLES.get(move.report.verdict, "success"), judged
    else:  # the first line says how it ended
        (style, verdict), lines = lines[0][0], lines[1:]
        style = "warning" if outcome == STARTED else style
        verdict = f"{verdict} {judged}" if outcome == BLOCKED else verdict
    plan = move.plan and moves.plan(move.plan, LOOK)
    page = _judged(move.report, style, verdict, found=found, ending=lines, plan=plan or ())
    if move.plan and move.plan.accepted:
        page = replace(page, facts=(*page.facts, ("Accepted", ", ".join(move.plan.accepted))))
    if now is None:
        return page
    path = Change(topology.today(move.report.cluster, "Before"), topology.today(now, "After the move, as found"))
    facts = dict([*page.facts, *_facts(now, reporting.known(lambda: now.outbound_type))])
    return replace(page, path=path, facts=tuple(facts.items()))


def of_verification(past: Past, document: Json, found: Sequence[Finding], now: Cluster) -> Page:
    """The page of a cluster that is held against its record."""
    first, *rest = moves.verification_ended(past, document, found)
    style, verdict = first[0]
    return Page(
        name=now.name,
        title=f"{now.name}: {past.origin} -> {past.asked.to}, held against its record",
        style=style,
        verdict=verdict,
        facts=(*_facts(now, reporting.known(lambda: now.outbound_type)), ("Record", past.path)),
        path=Change(topology.today(now, "Now")),
        ending=tuple(rest),
        findings=tuple(row.to_json() for row in found),
    )


def of_fleet(rows: Sequence[Json], to: str | None, missing: Mapping[str, str], cut_short: str | None) -> Page:
    """The page of a fleet: a row a cluster."""
    verdicts = {row["verdict"] for row in rows}
    is_open = missing or reporting.UNDETERMINED in verdicts or not all(row["egressIpsComplete"] for row in rows)
    subscriptions = sorted({row["subscriptionId"] for row in rows})
    several = len(subscriptions) > 1
    command = az("aks egress check", subscription="SUBSCRIPTION", resource_group="GROUP", name="NAME", to=to or "TYPE")
    titles = (
        *("Verdict" if to else "Outbound type", "Name", "Resource group"),
        *(("Subscription",) if several else ()),
        *("From" if to else "VNet", "Egress IPs"),
    )
    cells = tuple(
        (
            row["verdict"] or row["outboundType"] or "unknown",
            row["name"],
            row["resourceGroup"],
            *((row["subscriptionId"],) if several else ()),
            (row["outboundType"] if to else row["vnet"]) or "unknown",
            ", ".join([*row["egressIps"], *([] if row["egressIpsComplete"] else ["unknown"])]),
            *((", ".join(row["blockers"]), ", ".join(row["unknowns"]), ", ".join(row["warnings"])) if to else ()),
        )
        for row in rows
    )
    return Page(
        name="Clusters",
        title=f"Clusters, judged for a change to {to}" if to else "Clusters, and how each reaches the internet",
        style="error" if cut_short or reporting.BLOCKED in verdicts else "warning" if is_open else "success",
        verdict=f"{cut_short or ''} {fleet.summary(rows)}.".strip(),
        facts=() if several else tuple(("Subscription", found) for found in subscriptions),
        ending=(
            *tuple(rows_of.story(rows, missing, cut_short, LOOK))[1:],  # the sum is the verdict
            [("primary", "For one of them, with every finding:")],
            [("action", f"  {command}")],
        ),
        table=Table((*titles, *(("Blockers", "Unknowns", "Warnings") if to else ())), cells),
    )


def of_error(name: str, what: str, cures: Iterable[str]) -> Page:
    """The page of a cluster that nothing was found out about, or of a move that did not come to its end."""
    ending: tuple[Line, ...] = tuple([("primary", cure)] for cure in cures)
    return Page(name, f"{name}: it did not come to an end", "error", what, ending=ending)


def _judged(
    made: Report,
    style: str,
    verdict: str,
    *,
    found: Sequence[Finding] = (),
    ending: Iterable[Line] = (),
    plan: Iterable[Line] = (),
) -> Page:
    cluster = made.cluster
    before = topology.today(cluster)
    same = made.verdict == reporting.NOTHING_TO_DO
    return Page(
        name=cluster.name,
        title=f"{cluster.name}: {made.origin or 'unknown'} -> {made.request.to}",
        style=style,
        verdict=verdict,
        facts=_facts(cluster, made.origin),
        path=Change(before, None if same else topology.afterwards(cluster, made.request)),
        plan=tuple(plan),
        ending=tuple(ending),
        findings=tuple(row.to_json() for row in (*found, *made.findings)),
    )


def _facts(cluster: Cluster, origin: str | None) -> tuple[tuple[str, str], ...]:
    document = reporting.cluster_json(cluster)
    kinds = {"managed": "AKS-managed VNet", "byo": "BYO VNet"}
    pools = len(arm.objects(cluster.document, "properties", "agentPoolProfiles"))
    found = {
        "Resource group": document["resourceGroup"],
        "Subscription": document["subscriptionId"],
        "Region": document["location"],
        "Kubernetes": document["kubernetesVersion"],
        "Network": kinds.get(document["vnet"]),
        "Node pools": str(pools),
        "Outbound type": origin,
        "Read at": cluster.snapshot.captured_at,
    }
    return tuple((name, value or "unknown") for name, value in found.items())
