"""What `migrate` and `rollback` have in common, and how `verify` ends.

Read and judge, end without a write, confirm, carry out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable

from azext_aksegress import inputs
from azext_aksegress.pages import add

if TYPE_CHECKING:  # az loads this file for commands that never come here, too
    from azext_aksegress.azure import Azure
    from azext_aksegress.migration import Migration
    from azext_aksegress.past import Past
    from azext_aksegress.present import Talk
    from azext_aksegress.probe import Probe
    from azext_aksegress.proof import Proof
    from azext_aksegress.request import Request
    from azext_aksegress.snapshot import Snapshot


@dataclass(frozen=True)
class Way:
    """How a command that writes was asked to go about it."""

    records: str
    dry_run: bool
    out: str | None
    plan: str | None
    yes: bool
    wait: bool
    probe: Probe | None = None


def make(
    cmd: Any, talk: Talk, azure: Azure, request: Request, prepare: Callable[[Snapshot, Request], Migration], *, way: Way
) -> Any:
    """Read, judge, plan, confirm and carry out; `prepare` makes the migration of a snapshot."""
    from azext_aksegress.render import moves

    talk.phase("reading the cluster")
    try:
        read = azure.read(request, inputs.wanted(request))
        move = prepare(read, inputs.with_records(way.records, request, read))
    finally:
        talk.end()
    talk.lines(moves.remarks(move))
    if way.probe and not (move.plan or move.refusals or way.dry_run):
        return _ask_all_the_same(cmd, azure, move, talk, way)
    if move.plan is None or way.dry_run:
        return _without_write(cmd, move, way)
    _confirm(talk, move, way)
    return _carry_out(cmd, azure, move, talk, way)


def _without_write(cmd: Any, move: Migration, way: Way) -> Any:
    """End a move that is blocked or not needed, or a dry run, whose plan may be saved."""
    from azext_aksegress import saved
    from azext_aksegress.present import ExitCode, look, present
    from azext_aksegress.render import moves

    if move.refusals:
        add(cmd, lambda page: page.of_move(move, move.to_json(), moves.not_sent(move)))
        code = ExitCode.UNDETERMINED if move.undetermined else ExitCode.BLOCKED
        return present(cmd, move.to_json(), moves.refused(move, look()), code, moves.refusals(move))
    if way.out is not None:
        saved.save(way.out, move, inputs.versions())
    file = way.out or (way.plan if way.dry_run else None)
    add(cmd, lambda page: page.of_move(move, move.to_json(), moves.stopped(move, file)))
    aside = moves.plan_in(file) if file else ()
    return present(cmd, move.to_json(), moves.without_write(move, look(), file), aside=aside)


def _ask_all_the_same(cmd: Any, azure: Azure, move: Migration, talk: Talk, way: Way) -> Any:
    """End a move that is made already: who runs it again with --probe must not be told that all is well unasked."""
    from azext_aksegress import expected, proof
    from azext_aksegress.migration import NOT_VERIFIED
    from azext_aksegress.present import ExitCode, look, present
    from azext_aksegress.render import moves

    report = move.report
    there = proof.Proof((), report.before.known, report.cluster)
    with talk.working("looking for the nodes"):
        findings, egress_ips, _ = proof.ask_nodes(azure, there, expected.of(report), way.probe, talk.waiting)
    document = move.stands(findings, egress_ips)
    code = ExitCode.NOT_VERIFIED if document["outcome"] == NOT_VERIFIED else ExitCode.OK
    add(cmd, lambda page: page.of_move(move, document, moves.stood(move, document), findings))
    return present(cmd, document, moves.stands(move, document, findings, look()), code, moves.differences(findings))


def _confirm(talk: Talk, move: Migration, way: Way) -> None:
    """Have a person look at the plan and agree to it; raises az's errors where nobody does."""
    from azext_aksegress.present import look
    from azext_aksegress.render import moves

    if move.plan:
        name = move.report.cluster.name
        question = f"{'Roll back' if move.undo else 'Move'} {name} ({move.plan.move})?"
        shown = [*moves.plan(move.plan, look()), *(moves.probe() if way.probe else ())]
        talk.confirm(shown, question, way.yes, name if move.report.one_way else None)


def _carry_out(cmd: Any, azure: Azure, move: Migration, talk: Talk, way: Way) -> Any:
    """Apply the plan of a confirmed migration, read again, and say what is there now."""
    from azext_aksegress import proof, record
    from azext_aksegress.apply import apply
    from azext_aksegress.fixes import az
    from azext_aksegress.migration import APPLIED
    from azext_aksegress.present import ExitCode, look, present
    from azext_aksegress.render import moves

    plan = move.plan
    if plan is None:
        raise ValueError("there is no plan to carry out")
    kept = record.Record(way.records, plan, inputs.versions())
    with talk.interruptible(az("aks egress show", ids=plan.cluster.id), lambda: kept.path):
        apply(azure, plan, kept, talk.phase, way.wait)
        if not way.wait:
            talk.phase("taken by Azure")
            lines = list(moves.started(plan, kept.path))
            add(cmd, lambda page: page.of_move(move, move.started(kept.path), lines))
            return present(cmd, move.started(kept.path), lines, aside=lines)
        findings, egress_ips, now = proof.after_apply(azure, plan, talk.phase, way.probe)
    document = move.applied(kept.path, findings, egress_ips)
    kept.step = None
    kept.keep(talk.phase, document["outcome"], verification=document["verification"])
    code = ExitCode.OK if document["outcome"] == APPLIED else ExitCode.NOT_VERIFIED
    add(cmd, lambda page: page.of_move(move, document, moves.ended(document, findings, plan), findings, now))
    pretty = moves.result(document, findings, plan, look())
    return present(cmd, document, pretty, code, moves.after_the_move(document, findings, plan))


def verified(cmd: Any, past: Past, found: Proof) -> Any:
    """End a `verify`: a cluster as it is now, held against its record."""
    from azext_aksegress import migration
    from azext_aksegress.present import ExitCode, look, present
    from azext_aksegress.render import moves

    document = migration.verified(past, found.cluster, found.findings, found.egress_ips)
    code = ExitCode.OK if document["outcome"] == migration.APPLIED else ExitCode.NOT_VERIFIED
    add(cmd, lambda page: page.of_verification(past, document, found.findings, found.cluster))
    pretty = moves.verified(past, document, found.findings, look())
    return present(cmd, document, pretty, code, moves.differences(found.findings))
