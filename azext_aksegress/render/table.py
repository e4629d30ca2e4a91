"""What `-o table` shows of each result: a few columns that fit a screen."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Callable, Iterable, Mapping

from azext_aksegress import arm
from azext_aksegress.render import fleet
from azext_aksegress.render.terminal import brief

Row = Mapping[str, Any]


def _name(resource_id: str | None) -> str:
    return arm.name(resource_id or "")


def _by_cluster(result: Any, rows_of: Callable[[Row], Iterable[Row]]) -> list[Row]:
    """The rows of each cluster, one that failed included, under a column that names it where there are several."""
    rows = sorted(_flat(result), key=lambda row: "error" in row)  # the columns are those of what went well
    found = [(row, [_failed(row)] if "error" in row else rows_of(row)) for row in rows]
    clusters = [_cluster(row) for row, _ in found]
    named = len(set(clusters)) > 1
    return [
        OrderedDict(_cleaned({**({"Cluster": _name(cluster)} if named else {}), **columns}))
        for cluster, (_, rows) in zip(clusters, found)
        for columns in rows
    ]


def _cleaned(columns: Row) -> list[tuple[str, Any]]:
    return [(title, brief(cell) if isinstance(cell, str) else cell) for title, cell in columns.items()]


def _flat(result: Any) -> list[Row]:
    """The results of one or of several clusters; a survey is a list of rows itself."""
    return [row for item in result for row in _flat(item)] if isinstance(result, list) else [result]


def _cluster(row: Row) -> str:
    return str(row.get("clusterId") or (row.get("cluster") or row)["id"])


def _failed(row: Row) -> Row:
    return OrderedDict(Error=_short(row["error"]))


def check_rows(result: Any) -> list[Row]:
    """One row a finding, or without `--to` one row a target; several clusters follow one another."""
    return _by_cluster(result, lambda row: map(_finding, row["findings"]) if "findings" in row else [_target(row)])


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
    return text if len(text) <= width else text[: width - 1] + "…"


def show_rows(result: Any) -> list[Row]:
    """One row a subnet."""
    return _by_cluster(result, _subnets)


def _subnets(item: Row) -> list[Row]:
    return [
        OrderedDict(
            Subnet=_name(subnet["id"]),
            Pools=", ".join(subnet["pools"]),
            RouteTable=_name(subnet["routeTable"]),
            NatGateway=_name(subnet["natGateway"]),
            EffectivePath=subnet["effectivePath"],
            OutboundType=item["egress"]["outboundType"] or "",
            EgressIps=", ".join(item["egress"]["egressIps"]),
        )
        for subnet in item["egress"]["subnets"] or [_nowhere()]
    ]


def _nowhere() -> Row:
    return {"id": "", "pools": [], "routeTable": None, "natGateway": None, "effectivePath": ""}


def migrate_rows(result: Any) -> list[Row]:
    """One row a cluster, or one row a finding where the move is blocked."""
    return _by_cluster(result, _move)


def _move(item: Row) -> Iterable[Row]:
    if item["outcome"] == "blocked":
        return [_finding(finding) for finding in item["report"]["findings"]]
    row: Row = OrderedDict(
        From=item["from"],
        To=item["to"],
        Outcome=item["outcome"],
        EgressIps=", ".join((item.get("verification") or {}).get("egressIps", [])),
        Record=item.get("record") or "",
    )
    return [row]


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


def list_rows(result: Any) -> list[Row]:
    """One row a cluster, in 100 columns; the rows carry more."""
    return [OrderedDict(_cleaned(_of_fleet(row))) for row in result]


def _of_fleet(row: Row) -> Row:
    titles = dict(zip(fleet.WIDTHS, ("Name", "ResourceGroup", "OutboundType", "VNet")))
    first = {title: fleet.cut(row[key], fleet.WIDTHS[key]).rstrip() for key, title in titles.items()}
    if row["verdict"] is None:
        return {**first, "EgressIps": fleet.addresses(dict(row))}
    return {**first, "Verdict": fleet.verdict(dict(row)), "Blockers": fleet.ids(row["blockers"])}
