"""What `migrate` and `rollback` have in common: read and judge, end without a write, confirm, carry out."""

from __future__ import annotations

from typing import Any

from azext_aksegress import inputs


def judge(talk: Any, azure: Any, request: Any, folder: str, prepare: Any) -> Any:
    """Read the cluster, and have a request judged and planned; `prepare` makes the migration of a snapshot."""
    from azext_aksegress.render import moves

    talk.phase("reading the cluster")
    try:
        read = azure.read(request, inputs.wanted(request))
        move = prepare(read, inputs.with_records(folder, request, read))
    finally:
        talk.end()
    talk.lines(moves.remarks(move))
    return move


def without_write(cmd: Any, move: Any, out: str | None, again: str | None) -> Any:
    """End a move that is blocked or not needed, or a dry run; `out` is where its plan is to be saved, `again` where it
    is already."""
    from azext_aksegress import saved
    from azext_aksegress.present import ExitCode, look, present
    from azext_aksegress.render import moves

    if move.refusals:
        code = ExitCode.UNDETERMINED if move.undetermined else ExitCode.BLOCKED
        return present(cmd, move.to_json(), moves.refused(move, look()), code, moves.refusals(move))
    if out:
        saved.save(out, move, inputs.versions())
    file = out or again
    aside = moves.plan_in(file) if file else ()
    return present(cmd, move.to_json(), moves.without_write(move, look(), file), aside=aside)


def confirm(talk: Any, move: Any, yes: bool) -> None:
    """Have a person look at the plan and agree to it; raises az's errors where nobody does."""
    from azext_aksegress.present import look
    from azext_aksegress.render import moves

    name = move.report.cluster.name
    question = f"{'Roll back' if move.undo else 'Move'} {name} ({move.plan.move})?"
    talk.confirm(moves.plan(move.plan, look()), question, yes, name if move.report.one_way else None)


def carry_out(cmd: Any, azure: Any, move: Any, folder: str, wait: bool) -> Any:
    """Apply the plan of a confirmed migration, read again, and say what is there now."""
    from azext_aksegress import record
    from azext_aksegress import verify as proof
    from azext_aksegress.apply import apply
    from azext_aksegress.fixes import az
    from azext_aksegress.present import ExitCode, Talk, look, present
    from azext_aksegress.render import moves

    talk = Talk(cmd.cli_ctx)
    kept = record.Record(folder, move.plan, inputs.versions())
    here = az("aks egress show", ids=move.report.cluster.id)
    with talk.interruptible(here, kept.path):
        apply(azure, move.plan, kept, talk.phase, wait)
        if not wait:
            talk.phase("taken by Azure")
        findings, egress_ips = proof.after_apply(azure, move.plan, talk.phase) if wait else ((), ())
    if not wait:
        lines = list(moves.started(move.plan, kept.path))
        return present(cmd, move.started(kept.path), lines, aside=lines)
    document = move.applied(kept.path, findings, egress_ips)
    kept.step = None
    kept.keep(talk.phase, document["outcome"], verification=document["verification"])
    code = ExitCode.OK if document["outcome"] == "applied" else ExitCode.NOT_VERIFIED
    pretty = moves.result(document, findings, move.plan, look())
    return present(cmd, document, pretty, code, moves.after_the_move(document, findings, move.plan))
