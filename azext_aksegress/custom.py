"""One short function per command: read, call the core, hand over.

az loads this for the help of any group above, so what a command needs is imported where it runs.
"""

from __future__ import annotations

import sys
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Callable, Collection

from azext_aksegress import inputs

if TYPE_CHECKING:
    from azext_aksegress.present import Talk


def for_each_cluster(command: Callable[..., Any]) -> Callable[..., Any]:
    """As `present.for_each_cluster`, with a report in a file; both are loaded when the command runs."""

    @wraps(command)
    def run(cmd: Any, **given: Any) -> Any:
        from azext_aksegress import pages, present

        return present.for_each_cluster(pages.in_a_file(command))(cmd, **given)

    return run


def for_a_fleet(command: Callable[..., Any]) -> Callable[..., Any]:
    """The report in a file for a command that is about many clusters at once."""

    @wraps(command)
    def run(cmd: Any, **given: Any) -> Any:
        from azext_aksegress import pages

        return pages.in_a_file(command)(cmd, **given)

    return run


@for_each_cluster
def show(cmd: Any, resource_group_name: str, resource_name: str) -> Any:
    """All that can be read of a cluster's egress."""
    from azext_aksegress import report
    from azext_aksegress.present import look, present
    from azext_aksegress.render import terminal

    document = report.show_json(inputs.read_cluster(cmd, resource_group_name, resource_name))
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
    from azext_aksegress.pages import add
    from azext_aksegress.present import exit_code, look, present
    from azext_aksegress.render import terminal

    request = inputs.make_request(to, kwargs, offline=bool(snapshot)) if to else None
    if snapshot:
        read = inputs.load_snapshot(snapshot, resource_group_name, resource_name)
    else:
        read = inputs.read_cluster(cmd, resource_group_name, resource_name, request)
        request = inputs.with_records(inputs.records(cmd, needed=False), request, read)
    if request is None:
        reports = report.survey(read, lambda target: inputs.make_request(target, {}, offline=bool(snapshot)))
        add(cmd, lambda page: page.of_survey(reports))
        return present(cmd, [made.to_row() for made in reports], terminal.survey(reports))
    made = report.make(read, request)
    add(cmd, lambda page: page.of_report(made))
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
    probe: bool = False,
    probe_url: str | None = None,
    **kwargs: Any,
) -> Any:
    """Check, plan, confirm, apply, verify, or apply a saved plan; `kwargs` are the options of the move."""
    from azext_aksegress import migration, moving
    from azext_aksegress._errors import told
    from azext_aksegress.azure import Azure
    from azext_aksegress.present import Talk

    talk = Talk(cmd.cli_ctx)
    kept = inputs.saved_plan(cmd, plan, resource_group_name, resource_name) if plan is not None else None
    here = kept.names if kept else (resource_group_name or "", resource_name or "")
    prepare = (
        kept.prepare
        if kept
        else partial(migration.prepare, accepted=accept or (), by_name=_by_name(talk, yes, dry_run))
    )
    way = moving.Way(
        inputs.records(cmd, record_dir, needed=not dry_run),
        dry_run,
        out,
        plan,
        yes,
        not without_waiting,
        inputs.probe(probe, probe_url),
    )
    with told(*here):
        request = kept.request if kept else inputs.make_request(to or "", kwargs)
        return moving.make(cmd, talk, Azure(cmd.cli_ctx, *here), request, prepare, way=way)


@for_each_cluster
def verify(
    cmd: Any,
    *,
    resource_group_name: str,
    resource_name: str,
    record: str | None = None,
    record_dir: str | None = None,
    probe: bool = False,
    probe_url: str | None = None,
) -> Any:
    """Hold a cluster against the record of its last migration or rollback."""
    from azext_aksegress import moving, past, proof
    from azext_aksegress._errors import told
    from azext_aksegress.azure import Azure
    from azext_aksegress.present import Talk

    talk = Talk(cmd.cli_ctx)
    azure = Azure(cmd.cli_ctx, resource_group_name, resource_name)
    with told(resource_group_name, resource_name):
        records = inputs.records(cmd, record_dir, needed=record is None)
        known = past.newest(records, azure.cluster_id, record)
        with talk.working("reading the cluster"):
            found = proof.prove(azure, known.expected, talk.waiting)
            past.require_the_same(known, found.cluster)
            found = proof.ask_nodes(azure, found, known.expected, inputs.probe(probe, probe_url), talk.waiting)
        return moving.verified(cmd, known, found)


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
    probe: bool = False,
    probe_url: str | None = None,
) -> Any:
    """Take the last migration back: what its record says was done, and nothing else."""
    from dataclasses import replace

    from azext_aksegress import migration, moving, past
    from azext_aksegress._errors import told
    from azext_aksegress.azure import Azure
    from azext_aksegress.present import Talk

    talk = Talk(cmd.cli_ctx)
    azure = Azure(cmd.cli_ctx, resource_group_name, resource_name)
    way = moving.Way(
        inputs.records(cmd, record_dir),
        dry_run,
        None,
        None,
        yes,
        not without_waiting,
        inputs.probe(probe, probe_url),
    )
    with told(resource_group_name, resource_name):
        known = past.to_undo(way.records, azure.cluster_id, record)
        request = replace(known.back, cli_version=inputs.versions()["az"], update_ranges=update_authorized_ip_ranges)
        prepare = partial(migration.take_back, known, accepted=accept or (), by_name=_by_name(talk, yes, dry_run))
        return moving.make(cmd, talk, azure, request, prepare, way=way)


@for_a_fleet
def list_clusters(
    cmd: Any,
    *,
    resource_group_name: str | None = None,
    subscriptions: Collection[str] | None = None,
    all_subscriptions: bool = False,
    to: str | None = None,
    vnet_type: str | None = None,
    fail_on: str = "never",
) -> Any:
    """Every cluster, from Resource Graph; with a target, judged for it."""
    from azext_aksegress import graph, listing
    from azext_aksegress._errors import told_of_a_fleet
    from azext_aksegress.inventory import Inventory
    from azext_aksegress.pages import add
    from azext_aksegress.present import Talk, look, present
    from azext_aksegress.render import fleet

    talk = Talk(cmd.cli_ctx)
    request = inputs.make_request(to, {}) if to else None
    over = inputs.subscriptions(cmd, subscriptions, all_subscriptions)
    with told_of_a_fleet():
        inventory = Inventory(inputs.reader(cmd), talk.waiting)
        questions = graph.clusters(over, resource_group_name)
        found = listing.make(inventory, questions, vnet_type, request, fail_on=fail_on, talk=talk)
    talk.lines(fleet.story(found.rows, found.missing, found.cut_short, look(sys.stderr)))
    add(cmd, lambda page: page.of_fleet(found.rows, to, found.missing, found.cut_short))
    return present(cmd, found.rows, fleet.lines(found.rows, look()), found.code)


def _by_name(talk: Talk, yes: bool, dry_run: bool) -> tuple[str, ...]:
    """The checks that a person accepts by typing the cluster's name."""
    return ("EGR601",) if talk.can_ask(yes) and not dry_run else ()


def list_paths(cmd: Any, vnet_type: str | None = None, from_type: str | None = None, to: str | None = None) -> Any:
    """The migration matrix, without a network."""
    from azext_aksegress import matrix
    from azext_aksegress.present import look, present
    from azext_aksegress.render import terminal

    paths = [
        path
        for path in matrix.PATHS
        if vnet_type in (None, path.vnet) and from_type in (None, path.origin) and to in (None, path.target)
    ]
    return present(cmd, [path.to_json() for path in paths], terminal.paths(paths, look()))
