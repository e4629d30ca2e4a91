"""What argparse cannot say of the options. A ValueError here is a usage error to az: exit code 2."""

from __future__ import annotations

import argparse
from typing import Any


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


def options_belong_to_the_target(namespace: Any) -> None:
    """Refuse an option that the target does not have."""
    from azext_aksegress.request import OPTIONS, belongs

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
