"""One short function per command: read, call the core, hand over."""

from __future__ import annotations

import json
import os
from functools import partial
from typing import Any, Collection, Mapping

from azext_aksegress import matrix
from azext_aksegress.present import for_each_cluster


@for_each_cluster
def show(cmd: Any, resource_group_name: str, resource_name: str) -> Any:
    """All that can be read of a cluster's egress."""
    from azext_aksegress import report
    from azext_aksegress.present import look, present
    from azext_aksegress.render import terminal

    document = report.show_json(_read(cmd, resource_group_name, resource_name))
    return present(cmd, document, terminal.show(document, look()))


@for_each_cluster
def check(
    cmd: Any,
    *,
    resource_group_name: str | None = None,
    resource_name: str | None = None,
    to: str | None = None,
    snapshot: str | None = None,
    fail_on: str = "blocked",
    **kwargs: Any,
) -> Any:
    """Judge a cluster, live or saved, for one outbound type or for all of them; `kwargs` are the options of a move."""
    from azext_aksegress import report
    from azext_aksegress.present import exit_code, look, present
    from azext_aksegress.render import terminal

    request = _request(to, kwargs, offline=bool(snapshot)) if to else None
    if snapshot:
        read = _load(snapshot, resource_group_name, resource_name)
    else:
        read = _read(cmd, resource_group_name, resource_name, request)
        request = _with_records(_records(cmd), request, read)
    if request is None:
        reports = report.survey(read, lambda target: _request(target, {}, offline=bool(snapshot)))
        return present(cmd, [made.to_row() for made in reports], terminal.survey(reports))
    made = report.make(read, request)
    return present(cmd, made.to_json(), terminal.report(made, look()), exit_code(made, fail_on))


@for_each_cluster
def migrate(
    cmd: Any,
    *,
    resource_group_name: str | None = None,
    resource_name: str | None = None,
    to: str | None = None,
    plan: str | None = None,
    record_dir: str | None = None,
    accept: Collection[str] | None = None,
    dry_run: bool = False,
    out: str | None = None,
    without_waiting: bool = False,
    yes: bool = False,
    **kwargs: Any,
) -> Any:
    """Check, plan, confirm, apply, verify, or apply a saved plan; `kwargs` are the options of the move."""
    from azext_aksegress import migration
    from azext_aksegress._errors import told
    from azext_aksegress.azure import Azure
    from azext_aksegress.present import Talk

    talk = Talk(cmd.cli_ctx)
    kept = _saved(cmd, plan, resource_group_name, resource_name) if plan else None
    here = kept.names if kept else (resource_group_name or "", resource_name or "")
    azure, folder = Azure(cmd.cli_ctx, *here), _records(cmd, record_dir)
    by_name = ("EGR601",) if talk.can_ask(yes) and not dry_run else ()
    prepare = kept.prepare if kept else partial(migration.prepare, accepted=accept or (), by_name=by_name)
    with told(*here):
        request = kept.request if kept else _request(to or "", kwargs)
        move = _judge(talk, azure, request, folder, prepare)
        if move.plan is None or dry_run:
            return _without_write(cmd, move, out, plan if dry_run else None)
        _confirm(talk, move, yes)
        return _carry_out(cmd, azure, move, folder, not without_waiting)


@for_each_cluster
def verify(
    cmd: Any, *, resource_group_name: str, resource_name: str, record: str | None = None, record_dir: str | None = None
) -> Any:
    """Hold a cluster against the record of its last migration or rollback."""
    from azext_aksegress import migration, past
    from azext_aksegress import verify as proof
    from azext_aksegress._errors import told
    from azext_aksegress.azure import Azure
    from azext_aksegress.present import ExitCode, Talk, look, present
    from azext_aksegress.render import moves

    talk = Talk(cmd.cli_ctx)
    azure = Azure(cmd.cli_ctx, resource_group_name, resource_name)
    with told(resource_group_name, resource_name):
        known = past.newest(_records(cmd, record_dir), azure.cluster_id, record)
        with talk.working("reading the cluster"):
            findings, egress_ips = proof.prove(azure, known.expected, talk.waiting)
        document = migration.verified(known, findings, egress_ips)
        code = ExitCode.OK if document["outcome"] == migration.APPLIED else ExitCode.NOT_VERIFIED
        pretty = moves.verified(known, document, findings, look())
        return present(cmd, document, pretty, code, moves.differences(findings))


@for_each_cluster
def rollback(
    cmd: Any,
    *,
    resource_group_name: str,
    resource_name: str,
    record: str | None = None,
    record_dir: str | None = None,
    accept: Collection[str] | None = None,
    dry_run: bool = False,
    without_waiting: bool = False,
    yes: bool = False,
    update_authorized_ip_ranges: bool = False,
) -> Any:
    """Take the last migration back: what its record says was done, and nothing else."""
    from dataclasses import replace

    from azext_aksegress import migration, past
    from azext_aksegress._errors import told
    from azext_aksegress.azure import Azure
    from azext_aksegress.present import Talk

    talk = Talk(cmd.cli_ctx)
    azure, folder = Azure(cmd.cli_ctx, resource_group_name, resource_name), _records(cmd, record_dir)
    by_name = ("EGR601",) if talk.can_ask(yes) and not dry_run else ()
    with told(resource_group_name, resource_name):
        known = past.to_undo(folder, azure.cluster_id, record)
        request = replace(known.back, cli_version=_versions()["az"], update_ranges=update_authorized_ip_ranges)
        prepare = partial(migration.take_back, known, accepted=accept or (), by_name=by_name)
        move = _judge(talk, azure, request, folder, prepare)
        if move.plan is None or dry_run:
            return _without_write(cmd, move, None, None)
        _confirm(talk, move, yes)
        return _carry_out(cmd, azure, move, folder, not without_waiting)


def _judge(talk: Any, azure: Any, request: Any, folder: str, prepare: Any) -> Any:
    """Read the cluster, and have a request judged and planned; `prepare` makes the migration of a snapshot."""
    from azext_aksegress.render import moves

    talk.phase("reading the cluster")
    try:
        read = azure.read(request, _wanted(request))
        move = prepare(read, _with_records(folder, request, read))
    finally:
        talk.end()
    talk.lines(moves.remarks(move))
    return move


def _without_write(cmd: Any, move: Any, out: str | None, again: str | None) -> Any:
    """End a move that is blocked or not needed, or a dry run; `out` is where its plan is to be saved, `again` where it
    is already."""
    from azext_aksegress import saved
    from azext_aksegress.present import ExitCode, look, present
    from azext_aksegress.render import moves

    if move.refusals:
        code = ExitCode.UNDETERMINED if move.undetermined else ExitCode.BLOCKED
        return present(cmd, move.to_json(), moves.refused(move, look()), code, moves.refusals(move))
    if out:
        saved.save(out, move, _versions())
    file = out or again
    aside = moves.plan_in(file) if file else ()
    return present(cmd, move.to_json(), moves.without_write(move, look(), file), aside=aside)


def _confirm(talk: Any, move: Any, yes: bool) -> None:
    """Have a person look at the plan and agree to it; raises az's errors where nobody does."""
    from azext_aksegress.present import look
    from azext_aksegress.render import moves

    name = move.report.cluster.name
    question = f"{'Roll back' if move.undo else 'Move'} {name} ({move.plan.move})?"
    talk.confirm(moves.plan(move.plan, look()), question, yes, name if move.report.one_way else None)


def _carry_out(cmd: Any, azure: Any, move: Any, folder: str, wait: bool) -> Any:
    """Apply the plan of a confirmed migration, read again, and say what is there now."""
    from azext_aksegress import record
    from azext_aksegress import verify as proof
    from azext_aksegress.apply import apply
    from azext_aksegress.fixes import az
    from azext_aksegress.present import ExitCode, Talk, look, present
    from azext_aksegress.render import moves

    talk = Talk(cmd.cli_ctx)
    kept = record.Record(folder, move.plan, _versions())
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


def list_paths(cmd: Any, vnet_type: str | None = None, from_type: str | None = None, to: str | None = None) -> Any:
    """The migration matrix, without a network."""
    from azext_aksegress.present import look, present
    from azext_aksegress.render import terminal

    paths = [
        path
        for path in matrix.PATHS
        if vnet_type in (None, path.vnet) and from_type in (None, path.origin) and to in (None, path.target)
    ]
    return present(cmd, [path.to_json() for path in paths], terminal.paths(paths, look()))


def _read(cmd: Any, resource_group: str | None, name: str | None, request: Any = None) -> Any:
    """What the checks of a request need, or of all outbound types where there is none."""
    from azext_aksegress._errors import told
    from azext_aksegress.azure import Azure
    from azext_aksegress.present import Talk
    from azext_aksegress.render import terminal

    talk = Talk(cmd.cli_ctx)
    requests = [request] if request else [_request(target, {}) for target in matrix.OUTBOUND_TYPES]
    with told(resource_group or "", name or ""), talk.working("reading the cluster"):
        snapshot = Azure(cmd.cli_ctx, resource_group or "", name or "").read(request, _wanted(*requests))
    talk.lines(terminal.older_api_version(snapshot))
    return snapshot


def _wanted(*requests: Any) -> Any:
    from azext_aksegress import checks

    return checks.reads(requests)


def _load(path: str, resource_group: str | None, name: str | None) -> Any:
    """The snapshot in a file; it must be of the cluster that -g and -n name, where they do."""
    from azure.cli.core.azclierror import InvalidArgumentValueError

    from azext_aksegress import arm, snapshot
    from azext_aksegress._errors import must_be_of, told

    again = "Save one with `az aks egress show -g GROUP -n CLUSTER -o json > FILE`."
    with told("", ""), open(path, "rb") as file:
        try:
            found = snapshot.from_json(json.load(file))  # bytes: json tells UTF-8 from the UTF-16 of a PowerShell
        except (ValueError, RecursionError) as error:
            raise InvalidArgumentValueError(f"{path} is no snapshot: {error}.", recommendation=again) from error
    must_be_of(path, arm.text(found.cluster, "id") or "", resourceGroups=resource_group, managedClusters=name)
    return found


def _saved(cmd: Any, path: str, resource_group: str | None, name: str | None) -> Any:
    """The plan in a file; it must be of the cluster that the command names, where it does, and says where that is."""
    from azext_aksegress import arm, saved
    from azext_aksegress._errors import must_be_of, told

    with told("", ""):
        found = saved.load(path, _versions()["az"])
    subscription = cmd.cli_ctx.data.get("subscription_id")  # that of --subscription: nothing else has asked for one yet
    cluster = {"subscriptions": subscription, "resourceGroups": resource_group, "managedClusters": name}
    must_be_of(path, found.cluster_id, **cluster)
    cmd.cli_ctx.data["subscription_id"] = arm.part(found.cluster_id, "subscriptions")
    return found


def _request(to: str, options: Mapping[str, Any], offline: bool = False) -> Any:
    from azext_aksegress import request

    return request.make(to, None if offline else _versions()["az"], options)


def _with_records(folder: str, request: Any, read: Any) -> Any:
    """A request that names addresses, and what the records of earlier migrations of the cluster say of such."""
    from dataclasses import replace

    from azext_aksegress import arm, past

    if request is None or not request.own_ids:
        return request
    return replace(request, formerly=past.former_addresses(folder, arm.text(read.cluster, "id") or ""))


def _records(cmd: Any, folder: str | None = None) -> str:
    """The folder of the records."""
    from azext_aksegress import record

    return os.path.abspath(folder or os.path.join(cmd.cli_ctx.config.config_dir, record.FOLDER))


def _versions() -> dict[str, str]:
    from azure.cli.core import __version__ as az_version
    from azure.cli.core.extension import get_extension

    return {"az": az_version, "aksegress": get_extension("aksegress").version or "unknown"}
