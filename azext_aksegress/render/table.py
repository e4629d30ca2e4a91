"""What `-o table` shows of each result: a few columns that fit a screen."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Mapping

from azext_aksegress import arm
from azext_aksegress.render.terminal import clean

Row = Mapping[str, Any]


def _name(resource_id: str | None) -> str:
    return clean(arm.name(resource_id or ""))


def _many(result: Any) -> list[Row]:
    return list(result) if isinstance(result, list) else [result]


def check_rows(result: Any) -> list[Row]:
    """One row a finding, or without `--to` one row a target; several clusters follow one another."""
    rows: list[Row] = []
    for item in _many(result):
        if "findings" in item:
            rows += [_finding(finding) for finding in item["findings"]]
        elif "blockers" in item:
            rows.append(_target(item))
        else:
            rows += check_rows(item)
    return rows


def _finding(finding: Row) -> Row:
    return OrderedDict(
        Id=finding["id"],
        Outcome=finding["outcome"],
        Resource=_name(finding["resource"]),
        Observed=_short(finding["observed"] or finding["title"]),
    )


def _target(item: Row) -> Row:
    return OrderedDict(
        To=item["to"],
        Verdict=item["verdict"],
        Blockers=", ".join(item["blockers"]),
        Unknowns=", ".join(item["unknowns"]),
        Warnings=", ".join(item["warnings"]),
    )


def _short(text: str, width: int = 100) -> str:
    text = clean(text)
    return text if len(text) <= width else text[: width - 1] + "…"


def show_rows(result: Any) -> list[Row]:
    """One row a subnet."""
    return [
        OrderedDict(
            Subnet=_name(subnet["id"]),
            Pools=clean(", ".join(subnet["pools"])),
            RouteTable=_name(subnet["routeTable"]),
            NatGateway=_name(subnet["natGateway"]),
            EffectivePath=subnet["effectivePath"],
            OutboundType=clean(item["egress"]["outboundType"] or ""),
            EgressIps=", ".join(item["egress"]["egressIps"]),
        )
        for item in _many(result)
        for subnet in item["egress"]["subnets"] or [_nowhere()]
    ]


def _nowhere() -> Row:
    return {"id": "", "pools": [], "routeTable": None, "natGateway": None, "effectivePath": ""}


def migrate_rows(result: Any) -> list[Row]:
    """One row a cluster, or one row a finding where the move is blocked."""
    rows: list[Row] = []
    for item in _many(result):
        if item["outcome"] == "blocked":
            rows += check_rows(item["report"])
            continue
        rows.append(
            OrderedDict(
                Cluster=item["cluster"]["name"],
                From=item["from"],
                To=item["to"],
                Outcome=item["outcome"],
                EgressIps=", ".join((item.get("verification") or {}).get("egressIps", [])),
                Record=item.get("record") or "",
            )
        )
    return rows


def path_rows(result: Any) -> list[Row]:
    """One row a cell."""
    return [
        OrderedDict(
            Vnet=row["vnet"],
            From=row["from"],
            To=row["to"],
            Status=row["status"],
            Date=row["date"],
            Disputed="yes" if row["disputed"] else "",
        )
        for row in result
    ]
