"""Microsoft.ResourceGraph: simple set queries over the estate, by subscription and by page."""

from __future__ import annotations

import base64
import copy
from typing import Any, Callable

from tests.armsim import groups
from tests.armsim.arm import TENANT, Answer, Arm, Refusal, Request
from tests.armsim.graph_query import NotUnderstood, Parser, text_of
from tests.armsim.ids import OTHER_SUBSCRIPTION, SUBSCRIPTION, group_of, name_of
from tests.armsim.messages import Json

PAGE = 1000


def handle(arm: Arm, request: Request) -> Answer:
    body: Any = request.body
    if request.method != "POST" or not isinstance(body, dict) or not isinstance(body.get("query"), str):
        raise _bad("InvalidRequest", "The body must have a query.")
    options = body.get("options") or {}
    top = options.get("$top", PAGE)
    if not isinstance(top, int) or not 1 <= top <= PAGE:
        raise _bad("InvalidRequest", f"$top must be between 1 and {PAGE}.")
    if options.get("resultFormat", "objectArray").lower() != "objectarray":
        raise _bad("InvalidRequest", "The local Azure answers with resultFormat objectArray alone.")
    try:
        rows = answer(arm, body["query"], body.get("subscriptions") or [])
    except NotUnderstood as error:
        raise _bad("ParserFailure", f"The local Azure does not understand: {error}") from error
    return Answer(_page(rows, _offset(options), top))


def _bad(code: str, message: str) -> Refusal:
    details = [{"code": code, "message": message}]
    return Refusal(400, "BadRequest", "Please see the details of this error.", details=details)


def _offset(options: Json) -> int:
    token = options.get("$skipToken")
    if token is None:
        return int(options.get("$skip", 0))
    try:
        return int(base64.urlsafe_b64decode(token.encode()).decode())
    except ValueError as error:
        raise _bad("InvalidRequest", "The $skipToken is not one of this service's.") from error


def _page(rows: list[Json], offset: int, top: int) -> Json:
    """Rows without an id cannot be continued, and say that they are not all."""
    page, more = rows[offset : offset + top], len(rows) > offset + top
    continued = more and all("id" in row for row in page)
    token = base64.urlsafe_b64encode(str(offset + top).encode()).decode()
    return {
        "totalRecords": len(rows),
        "count": len(page),
        "data": page,
        "facets": [],
        "resultTruncated": "true" if more and not continued else "false",
        **({"$skipToken": token} if continued else {}),
    }


def answer(arm: Arm, query: str, subscriptions: list[str]) -> list[Json]:
    """The rows of a query; what the caller may not read is not in them, and nobody says so."""
    parser = Parser(query)
    table = parser.word().lower()
    if table not in _TABLES:
        raise NotUnderstood(f"the table {table}")
    rows = [row for row in _TABLES[table](arm) if not subscriptions or row["subscriptionId"] in subscriptions]
    rows = [row for row in rows if not any(row["id"].lower().startswith(prefix) for prefix in arm.forbidden)]
    while not parser.done:
        parser.take("|")
        stage = parser.word().lower()
        if stage not in _STAGES:
            raise NotUnderstood(f"the stage {stage}")
        rows = _STAGES[stage](parser, rows)
    return rows


# Tables


def _resources(arm: Arm) -> list[Json]:
    """The type and the resource group are in lower case there, as in Azure."""
    found = []
    for row in groups.top_level(arm, ""):
        key = row["id"].lower()
        shared = {"kind": "", "managedBy": "", "plan": None, "zones": None, "identity": None, "sku": None, "tags": None}
        known = {name: value for name, value in copy.deepcopy(row).items() if name not in ("eTag", "etag")}
        where = {"tenantId": TENANT, "subscriptionId": key.split("/")[2], "resourceGroup": name_of(group_of(key))}
        found.append({**shared, **known, **where, "type": row["type"].lower()})
    return found


def _containers(arm: Arm) -> list[Json]:
    rows = []
    for subscription in (SUBSCRIPTION, OTHER_SUBSCRIPTION):
        path = f"/subscriptions/{subscription}"
        kind = "microsoft.resources/subscriptions"
        shared = {"tenantId": TENANT, "subscriptionId": subscription}
        rows.append({"id": path, "name": f"local {subscription[:4]}", "type": kind, **shared})
        for row in groups.handle(arm, Request("GET", f"{path}/resourceGroups", {}, {})).body["value"]:
            group = {"type": f"{kind}/resourcegroups", "resourceGroup": row["name"].lower()}
            rows.append({**row, **group, **shared})
    return rows


_TABLES: dict[str, Callable[[Arm], list[Json]]] = {"resources": _resources, "resourcecontainers": _containers}


# Stages


def _where(parser: Parser, rows: list[Json]) -> list[Json]:
    condition = parser.condition()
    return [row for row in rows if condition(row)]


def _project(parser: Parser, rows: list[Json]) -> list[Json]:
    columns = parser.several(parser.column)
    return [{name: value(row) for name, value in columns} for row in rows]


def _extend(parser: Parser, rows: list[Json]) -> list[Json]:
    columns = parser.several(parser.column)
    for row in rows:
        for name, value in columns:
            row[name] = value(row)
    return rows


def _project_away(parser: Parser, rows: list[Json]) -> list[Json]:
    names = parser.several(parser.word)
    return [{key: value for key, value in row.items() if key not in names} for row in rows]


def _distinct(parser: Parser, rows: list[Json]) -> list[Json]:
    projected = _project(parser, rows)
    return list({text_of(row): row for row in projected}.values())


def _order(parser: Parser, rows: list[Json]) -> list[Json]:
    parser.take("by")
    keys = parser.several(lambda: (parser.condition(), _descending(parser)))
    for value, descending in reversed(keys):
        rows = sorted(rows, key=lambda row: _sortable(value(row)), reverse=descending)
    return rows


def _descending(parser: Parser) -> bool:
    """Descending where nothing is said, as in Azure."""
    return not parser.accept("asc") and (parser.accept("desc") or True)


def _sortable(value: Any) -> Any:
    number = isinstance(value, (int, float))
    return value is not None, not number, value if number else text_of(value)


def _limit(parser: Parser, rows: list[Json]) -> list[Json]:
    return rows[: parser.number()]


def _count(_: Parser, rows: list[Json]) -> list[Json]:
    return [{"Count": len(rows)}]


def _expand(parser: Parser, rows: list[Json]) -> list[Json]:
    """`mv-expand name = path`: a row for each value of a list; without a value, one row with null."""
    name, value = parser.column()
    return [{**row, name: item} for row in rows for item in (value(row) or [None])]


_STAGES: dict[str, Callable[[Parser, list[Json]], list[Json]]] = {
    "where": _where,
    "project": _project,
    "project-away": _project_away,
    "extend": _extend,
    "distinct": _distinct,
    "order": _order,
    "sort": _order,
    "limit": _limit,
    "take": _limit,
    "count": _count,
    "mv-expand": _expand,
}
