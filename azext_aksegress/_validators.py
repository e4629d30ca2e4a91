"""What argparse cannot say of the options. A ValueError here is a usage error to az: exit code 2."""

from __future__ import annotations

import argparse
import os
from typing import Any, Callable


def count_cluster(cmd: Any, namespace: Any) -> None:
    """Count the clusters that --ids names, before the first of them is worked on; refuse one that is named twice."""
    from azext_aksegress.present import one_more_cluster

    name = namespace.resource_name
    if name and not one_more_cluster(cmd.cli_ctx, namespace.resource_group_name, name):
        raise ValueError(f"{name} is named twice in --ids")


def cluster_or_snapshot(namespace: Any) -> None:
    """Refuse a command that names no cluster."""
    if namespace.snapshot is None and not (namespace.resource_group_name and namespace.resource_name):
        raise ValueError("the cluster is missing: give --resource-group and --name, --ids, or --snapshot")


def way_to_list(namespace: Any) -> None:
    """Refuse two ways to choose subscriptions, and an end for judgements that nobody asked for."""
    if namespace.subscriptions and namespace.all_subscriptions:
        raise ValueError("give one of --subscriptions and --all-subscriptions")
    if namespace.fail_on != "never" and namespace.to is None:
        raise ValueError("--fail-on judges a change: add --to")


def report_file(namespace: Any) -> None:
    """Refuse a report that could not be written, before any work; a bare --mask hides ids."""
    from azext_aksegress import files
    from azext_aksegress._errors import told

    if namespace.mask == []:
        namespace.mask = ["ids"]
    path = namespace.report
    if path is None:
        return
    named_file("report")(namespace)
    if not path.lower().endswith((".md", ".html")):
        raise ValueError("--report writes Markdown or HTML, as its name ends: with .md or .html")
    for other in ("out", "plan", "record", "snapshot"):
        taken = getattr(namespace, other, None)
        if taken and os.path.realpath(taken) == os.path.realpath(path):
            raise ValueError(f"--report and --{other} name the same file")
    with told("", ""):
        files.require_writable(path)


def to_or_plan(namespace: Any) -> None:
    """Refuse a move that names no target or no cluster, or two, or that is to be another than the saved plan is."""
    from azext_aksegress.request import OPTIONS, UPDATE_RANGES

    named_file("plan")(namespace)
    if (namespace.plan is None) == (namespace.to is None):
        raise ValueError("give exactly one of --to and --plan")
    if namespace.plan is None:
        if not (namespace.resource_group_name and namespace.resource_name):
            raise ValueError("the cluster is missing: give --resource-group and --name, --ids, or --plan")
        return
    flags = {**{option.name: option.flags[0] for option in OPTIONS}, "accept": "--accept", "out": "--out"}
    flags[UPDATE_RANGES] = "--update-authorized-ip-ranges"
    for name, flag in flags.items():
        if getattr(namespace, name, None) not in (None, False):
            raise ValueError(f"{flag} does not go with --plan, which applies what is saved as it is")


def named_file(name: str) -> Callable[[Any], None]:
    """A validator that refuses an empty path, as an unset variable of a shell makes it."""

    def refuse(namespace: Any) -> None:
        if getattr(namespace, name) == "":
            raise ValueError(f"--{name.replace('_', '-')} names nothing")

    return refuse


def way_to_probe(namespace: Any) -> None:
    """Refuse a service without a probe, or one that is none, and a probe of what nobody waits for."""
    from azext_aksegress.node_script import can_ask

    url = namespace.probe_url
    if url is not None and not namespace.probe:
        raise ValueError("--probe-url says whom --probe asks: add --probe")
    if url is not None and not (url.lower().startswith("https://") and can_ask(url)):
        raise ValueError("--probe-url takes https://, a name, and a path of letters, digits and . _ ~ / -")
    if namespace.probe and getattr(namespace, "without_waiting", False):
        raise ValueError("--probe asks once the move is made, and --no-wait does not wait for that: leave one out")


def place_for_a_plan(cmd: Any, namespace: Any) -> None:
    """Refuse to save a plan that is applied at once, or several in one file."""
    from azext_aksegress.present import several

    named_file("out")(namespace)
    if namespace.out is not None and not namespace.dry_run:
        raise ValueError("--out saves the plan of a --dry-run: add it")
    is_of_one = namespace.out is not None or namespace.plan is not None
    if several(cmd.cli_ctx) and is_of_one:
        raise ValueError("a plan is of one cluster, and --ids names several: plan and apply them one by one")


def options_belong_to_the_target(namespace: Any) -> None:
    """Refuse an option that the target does not have; a saved plan has none beside its own."""
    from azext_aksegress.request import OPTIONS, belongs

    if getattr(namespace, "plan", None):
        return
    for option in OPTIONS:
        if getattr(namespace, option.name, None) is None or belongs(option, namespace.to):
            continue
        target = f"--to {option.target}" if option.target else "a target with a way out"
        given = f", not to --to {namespace.to}" if namespace.to else ""
        raise ValueError(f"{option.flags[0]} belongs to {target}{given}")


def ids(value: str) -> tuple[str, ...]:
    """The ids in a comma-separated list, each once; an argparse type."""
    parts = [part.strip().rstrip("/") for part in value.split(",") if part.strip()]
    if not parts:
        raise argparse.ArgumentTypeError("the list names no id")
    return tuple({part.lower(): part for part in reversed(parts)}.values())[::-1]


def acceptable_id(value: str) -> str:
    """The id of a check that `--accept` takes; an argparse type."""
    from azext_aksegress.checks import acceptable_ids

    known = acceptable_ids()
    if value.upper() not in known:
        raise argparse.ArgumentTypeError(f"'{value}' cannot be accepted. Allowed values: {', '.join(known)}.")
    return value.upper()
