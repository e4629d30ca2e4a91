"""What a person reads of a migration, a rollback and their proof: plan, refusal, result."""

from __future__ import annotations

import re
import textwrap
from typing import Iterator, Sequence

from azext_aksegress import arm
from azext_aksegress.arm import Json
from azext_aksegress.checks import FAIL, UNKNOWN, Finding, acceptable_ids
from azext_aksegress.fixes import az
from azext_aksegress.migration import APPLIED, NOT_VERIFIED, Migration
from azext_aksegress.past import Past
from azext_aksegress.plan import Plan
from azext_aksegress.render.terminal import (
    MEND,
    STYLES,
    Line,
    Look,
    brief,
    clean,
    difference,
    findings,
    judgement,
    next_steps,
    older_api_version,
    verdict,
)
from azext_aksegress.snapshot import PREVIEW_API_VERSION
from azext_aksegress.verify import BESIDE

NOT_AS_EXPECTED: Line = [("error", "What the nodes say is not what was expected, or not known.")]


def plan(made: Plan, look: Look) -> Iterator[Line]:
    """What a migration will change: destructive lines first, then what it costs."""
    yield [("highlight", f"Plan for {clean(made.cluster.name)}: {made.move}")]
    for address in made.released:
        yield [("error", f"  - {clean(address)}   released: AKS made it")]
    for address in made.lost:
        yield [("error", f"  x {clean(address)}   released by the migration; nobody gets it again")]
    for change in made.diff:
        name = re.sub(r"^properties\.(networkProfile\.)?", "", str(change["path"]))
        values = brief(f"{arm.spelled(change['from'])} -> {arm.spelled(change['to'])}")
        yield [("warning", f"  ~ {name}: {values}")]
    for address in made.gained or []:
        yield [("success", f"  + {clean(address)}")]
    if made.gained is None:
        yield [("success", "  + new addresses, not known before the move")]
    if made.api_version == PREVIEW_API_VERSION:
        yield [
            ("warning", f"  It is sent with the preview api-version {made.api_version}: block is known to no other.")
        ]
    for line in textwrap.wrap(made.disruption, look.width - 2):
        yield [("secondary", f"  {line}")]
    yield from _afterwards(made)
    if made.report.one_way:
        yield [("error", "  This is, or may turn out to be, a one-way door: see EGR601 and EGR604.")]


def probe() -> Iterator[Line]:
    """What else `--probe` does, before anybody agrees to the plan."""
    words = "Then a command runs on one node of each subnet (--probe): it asks some addresses, and changes nothing."
    yield [("primary", f"  {words}")]


def remarks(move: Migration) -> Iterator[Line]:
    """What a person should know of their request, whatever comes of it."""
    for ignored in move.accepted_in_vain:
        yield [("secondary", f"--accept {ignored} is not needed: it did not occur.")]
    yield from older_api_version(move.report.cluster.snapshot)


def refused(move: Migration, look: Look) -> Iterator[Line]:
    """The report of a migration that was not made, and why it was not."""
    yield from judgement(move.report, look)
    yield from not_sent(move)


def not_sent(move: Migration) -> Iterator[Line]:
    """Why a migration was not made, and what to do now."""
    ids = ", ".join(dict.fromkeys(finding.id for finding in move.refusals))
    yield [("error", f"Not sent, because of {ids}.")]
    yield from _way_back(move) if move.undo else next_steps(move.report)


def _way_back(move: Migration) -> Iterator[Line]:
    """What to do where a rollback was refused."""
    if move.undo and "EGR101" in move.report.ids(FAIL):
        yield [("primary", "There is no way back from here. Where the cluster can go instead:")]
        yield [("action", f"  {az('aks egress check', ids=move.report.cluster.id)}")]
    elif move.undo:
        rest = move.report.refusals(acceptable_ids())
        accepting = () if rest else dict.fromkeys(found.id for found in move.refusals)
        yield [("primary", MEND if rest else "To go past it knowingly:")]
        command = f"  {move.undo.command(move.report, tuple(accepting))}{' --dry-run' if rest else ''}"
        yield [("action", clean(command))]


def refusals(move: Migration) -> Iterator[Line]:
    """What stands in the way of a migration, and how to mend it or go past it."""
    for finding in move.refusals:
        yield [(STYLES[finding.outcome], brief(f"{finding.id} {finding.outcome}: {finding.seen.observed}"))]
        for fix in finding.seen.fix:
            yield [("secondary", f"  {fix.when}: "), ("action", clean(fix.command))]
        if finding.check.acceptable:
            yield [("secondary", f"  to go past it knowingly: --accept {finding.id}")]
    yield from _way_back(move)


def without_write(move: Migration, look: Look, file: str | None = None) -> Iterator[Line]:
    """The end of a dry run, or of a move that is not needed; `file` is where its plan is saved."""
    if move.plan is None:
        yield [("success", verdict(move.report))]
    else:
        yield from plan(move.plan, look)
        yield []
    yield from stopped(move, file)


def stopped(move: Migration, file: str | None = None) -> Iterator[Line]:
    """What to do where nothing was sent, because it was not to be, or need not be."""
    if move.plan is None and move.undo and not move.undo.moved:
        yield [("primary", clean(f"By the records, nothing of {move.undo.record} is there to be taken back."))]
        yield [("primary", "To take an earlier migration back, name its record with --record.")]
    if file:
        yield from plan_in(file)
    elif move.plan:
        yield [("primary", "Nothing was sent. To make the move:")]
        yield [("action", f"  {move.plan.command}")]


def stands(move: Migration, document: Json, found: Sequence[Finding], look: Look) -> Iterator[Line]:
    """The end of a move that was not needed, with what the nodes say."""
    yield from without_write(move, look)
    yield from findings(found, look)
    if document["outcome"] == NOT_VERIFIED:
        yield NOT_AS_EXPECTED


def stood(move: Migration, document: Json) -> Iterator[Line]:
    """The same in a line where the nodes do not say what they should, and what to do now."""
    if document["outcome"] == NOT_VERIFIED:
        yield NOT_AS_EXPECTED
    yield from stopped(move)


def plan_in(file: str) -> Iterator[Line]:
    """Where a saved plan is, and the command that applies exactly it."""
    yield [("primary", clean(f"Nothing was sent. The plan is in {file}. To apply exactly it:"))]
    yield [("action", clean(f"  {az('aks egress migrate', plan=file)}"))]


def started(made: Plan, record_path: str) -> Iterator[Line]:
    """The end of a migration that nobody waits for: Azure goes on, and how to look."""
    yield [("primary", f"Azure has taken the update to {made.target} and goes on. To wait for its end, and to look:")]
    yield [("action", f"  {az('aks wait', ids=made.cluster.id, updated=True)}")]
    yield [("action", f"  {_verify(made.cluster.id, record_path)}")]
    yield from _afterwards(made)
    yield [("primary", f"The record of what was there before: {record_path}")]


def after_the_move(document: Json, found: Sequence[Finding], made: Plan) -> Iterator[Line]:
    """What a person should know of a move of which the data goes elsewhere: what differs, and what is left to do."""
    yield from differences(found)
    if document["outcome"] != APPLIED:
        yield [("error", f"Applied, but not verified: {made.move}.")]
        yield from _not_verified(made, document["record"], found)
    yield from _afterwards(made)


def differences(found: Sequence[Finding]) -> Iterator[Line]:
    """What was not found as it was expected, a line each."""
    for finding in found:
        if finding.outcome in (FAIL, UNKNOWN):
            yield [(STYLES[finding.outcome], brief(f"Not so: {finding.check.title}; {difference(finding)}."))]


def _not_verified(made: Plan, record_path: str, found: Sequence[Finding]) -> Iterator[Line]:
    yield [("primary", "To look again, and to go back:")]
    yield [("action", f"  {_verify(made.cluster.id, record_path, found)}")]
    yield [("action", f"  {_back(made, record_path)}")]


def _verify(cluster_id: str, record_path: str, found: Sequence[Finding] = ()) -> str:
    """The command that verifies again, and asks the nodes again where they were asked."""
    probed = {"probe": True} if any(row.id.startswith("probe.") for row in found) else {}
    return az("aks egress verify", ids=cluster_id, record=record_path, **probed)


def _back(made: Plan, record_path: str) -> str:
    return made.command if made.undo else az("aks egress rollback", ids=made.cluster.id, record=record_path)


def _afterwards(made: Plan) -> Iterator[Line]:
    if made.afterwards:
        yield [("primary", "What is left to do once egress has moved:")]
        yield from ([("action", clean(f"  {fix.command}"))] for fix in made.afterwards)


def result(document: Json, found: Sequence[Finding], made: Plan, look: Look) -> Iterator[Line]:
    """The end of a migration: what is proven, what is left to do, where the record is."""
    yield from findings(found, look)
    yield []
    yield from ended(document, found, made)


def ended(document: Json, found: Sequence[Finding], made: Plan) -> Iterator[Line]:
    """How a migration ended, in one line, and what is left to do."""
    proven = document["outcome"] == APPLIED
    words, style = ("Done", "success") if proven else ("Applied, but not verified", "error")
    ips = ", ".join(document["verification"]["egressIps"]) or "not known"
    yield [(style, f"{words}: {made.move}. Egress IPs: {clean(ips)}.")]
    if not proven:
        yield from _not_verified(made, document["record"], found)
    yield from _afterwards(made)
    yield [("primary", f"The record of what was there before: {document['record']}")]
    if proven and not made.undo:
        yield [("primary", "To go back:")]
        yield [("action", f"  {_back(made, document['record'])}")]


def verified(past: Past, document: Json, found: Sequence[Finding], look: Look) -> Iterator[Line]:
    """A cluster held against its record."""
    move = f"{past.origin} -> {past.asked.to}" if past.origin != past.asked.to else f"{past.origin}, with other options"
    yield [("highlight", clean(arm.name(past.cluster_id))), ("primary", f"   {move}, by the record {past.path}")]
    yield []
    yield from findings(found, look)
    yield []
    yield from verification_ended(past, document, found)


def verification_ended(past: Past, document: Json, found: Sequence[Finding]) -> Iterator[Line]:
    """What a cluster held against its record comes to, in one line, and what to do now."""
    ips = clean(", ".join(document["verification"]["egressIps"]) or "not known")
    if document["outcome"] == APPLIED:
        yield [("success", f"Verified. Egress IPs: {ips}.")]
        return
    yield [("error", f"Not verified. Egress IPs: {ips}.")]
    if not past.moved:
        yield [("warning", "By the record, Azure did not take the update.")]
        return
    if not any(row.outcome == FAIL for row in found):
        yield [("primary", "What is not known is not proven. Mend what is named, and look again:")]
        yield [("action", f"  {_verify(past.cluster_id, past.path, found)}")]
        return
    of_egress = [row for row in found if row.outcome in (FAIL, UNKNOWN) and row.check is not BESIDE]
    if past.is_rollback or not of_egress:
        return
    yield [("primary", "To go back to what was there before:")]
    yield [("action", f"  {az('aks egress rollback', ids=past.cluster_id, record=past.path)}")]
