"""What argparse cannot say of the options. A ValueError here is a usage error to az: exit code 2."""

from __future__ import annotations

import argparse
from typing import Any


def cluster_or_snapshot(namespace: Any) -> None:
    """Refuse a command that names no cluster."""
    if namespace.snapshot is None and not (namespace.resource_group_name and namespace.resource_name):
        raise ValueError("the cluster is missing: give --resource-group and --name, --ids, or --snapshot")


def sku_needs_managed_nat_gateway(namespace: Any) -> None:
    """Refuse a NAT gateway SKU for a target that has no managed NAT gateway."""
    if namespace.nat_gateway_sku and namespace.to != "managedNATGateway":
        raise ValueError("--nat-gateway-sku belongs to --to managedNATGateway")


def acceptable_id(value: str) -> str:
    """The id of a check that `--accept` takes; an argparse type."""
    from azext_aksegress.checks import acceptable_ids

    known = acceptable_ids()
    if value.upper() not in known:
        raise argparse.ArgumentTypeError(f"'{value}' cannot be accepted. Allowed values: {', '.join(known)}.")
    return value.upper()
