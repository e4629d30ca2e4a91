"""Microsoft.ResourceGraph: simple set queries over the estate, by subscription and by page.

Its limits are the documented ones: 1,000 subscriptions and rows for each request, 16 MiB for each answer, three
mv-expand for each query, and 128 rows from each of its records, or up to 2,000 where `limit` says so.
"""

from __future__ import annotations

import base64
import json
from typing import Any, Callable, Iterator

from tests.armsim import graph_quota, graph_rows
from tests.armsim.arm import Answer, Arm, Refusal, Request
from tests.armsim.graph_query import Expression, NotUnderstood, Parser, text_of
from tests.armsim.graph_rows import Kinds
from tests.armsim.messages import Json

PAGE = 1000
SUBSCRIPTIONS = 1000
PAYLOAD = 16 * 2**20
EXPANSIONS, EXPANDED, EXPANDED_AT_MOST = 3, 128, 2000
_KEPT = 8
"""So many results are kept for their next pages."""


def handle(arm: Arm, request: Request) -> Answer:
    headers = arm.graph_quota.take() if arm.graph_quota else graph_quota.headers()
    try:
        return Answer(_answer(arm, request), headers=headers)
    except Refusal as refusal:
        refusal.answer.headers.update(headers)
        raise


def _answer(arm: Arm, request: Request) -> Json:
    body: Any = request.body
    if request.method != "POST" or not isinstance(body, dict) or not isinstance(body.get("query"), str):
        raise _bad("InvalidRequest", "The body must have a query.")
    options = body.get("options") or {}
    top = options.get("$top", PAGE)
    if not isinstance(top, int) or not 1 <= top <= PAGE:
        raise _bad("InvalidRequest", f"$top must be between 1 and {PAGE}.")
    if options.get("resultFormat", "objectArray").lower() != "objectarray":
        raise _bad("InvalidRequest", "The local Azure answers with resultFormat objectArray alone.")
    subscriptions = body.get("subscriptions") or []
    if len(subscriptions) > SUBSCRIPTIONS:
        raise _bad("InvalidRequest", f"There are {len(subscriptions)} subscriptions; {SUBSCRIPTIONS} are allowed.")
    offset, result = _place(options)
    asked = json.dumps([body["query"], subscriptions])
    kept = arm.graph_results.get(result)
    rows = kept[1] if kept and kept[0] == asked else _ask(arm, body["query"], subscriptions)
    page = _page(rows, offset, top, result or f"{len(arm.journal)}-{len(arm.graph_results)}-{id(rows)}")
    _keep(arm, page, asked, rows)
    return page


def _ask(arm: Arm, query: str, subscriptions: list[str]) -> list[Json]:
    try:
        return answer(arm, query, subscriptions)
    except NotUnderstood as error:
        raise _bad("ParserFailure", f"The local Azure does not understand: {error}") from error


def _bad(code: str, message: str) -> Refusal:
    """As reported in microsoft/ARI#199."""
    details = [{"code": code, "message": message}]
    return Refusal(400, "BadRequest", "Please provide below info when asking for support.", details=details)


def _place(options: Json) -> tuple[int, str]:
    """How many rows to leave out, and which of the kept results to go on with."""
    token = options.get("$skipToken")
    if token is None:
        return int(options.get("$skip", 0)), ""
    try:
        offset, _, result = base64.urlsafe_b64decode(token.encode()).decode().partition(" ")
        return int(offset), result
    except ValueError as error:
        raise _bad("InvalidRequest", "The $skipToken is not one of this service's.") from error


def _page(rows: list[Json], offset: int, top: int, result: str) -> Json:
    """Rows without an id cannot be continued, and say that they are not all."""
    data, more = rows[offset : offset + top], len(rows) > offset + top
    size = len(json.dumps(data, separators=(",", ":")))
    if size > PAYLOAD:
        message = f"Response payload size is {size}, and has exceeded the limit of {PAYLOAD}. Please consider querying"
        raise _bad("ResponsePayloadTooLarge", f"{message} less data at a time and make paginated call if needed.")
    continued = more and all("id" in row for row in data)
    token = base64.urlsafe_b64encode(f"{offset + top} {result}".encode()).decode()
    return {
        "totalRecords": len(rows),
        "count": len(data),
        "data": data,
        "facets": [],
        "resultTruncated": "true" if more and not continued else "false",
        **({"$skipToken": token} if continued else {}),
    }


def _keep(arm: Arm, page: Json, asked: str, rows: list[Json]) -> None:
    """Whoever goes on with a page gets the rest of the same result, and soon."""
    if "$skipToken" in page:
        arm.graph_results[_place(page)[1]] = (asked, rows)
    while len(arm.graph_results) > _KEPT:
        del arm.graph_results[next(iter(arm.graph_results))]


def answer(arm: Arm, query: str, subscriptions: list[str]) -> list[Json]:
    """The rows of a query; what the caller may not read is not in them, and nobody says so."""
    parser = Parser(query)
    table = parser.word().lower()
    if table not in _TABLES:
        raise NotUnderstood(f"the table {table}")
    rows = _first(parser, lambda kinds: _TABLES[table](arm, kinds), subscriptions)
    while not parser.done:
        parser.take("|")
        stage = parser.word().lower()
        if stage not in _STAGES:
            raise NotUnderstood(f"the stage {stage}")
        rows = _STAGES[stage](parser, rows)
    return rows


def _first(parser: Parser, table: Callable[[Kinds | None], Iterator[Json]], subscriptions: list[str]) -> list[Json]:
    """The rows of the table, and of the types alone that a `where` right behind it asks for."""
    wanted = set(subscriptions)
    condition: Expression | None = None
    kinds: Kinds | None = None
    if parser.accept_stage("where"):
        condition, kinds = parser.filter()
    rows = (row for row in table(kinds) if not wanted or row["subscriptionId"] in wanted)
    return [row for row in rows if condition is None or condition(row)]


_TABLES: dict[str, Callable[[Arm, Kinds | None], Iterator[Json]]] = {
    "resources": graph_rows.resources,
    "resourcecontainers": graph_rows.containers,
}


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
    """`mv-expand name = path limit 400`: a row for each value of a list; without a value, one row with null."""
    parser.expansions += 1
    if parser.expansions > EXPANSIONS:
        raise NotUnderstood(f"more than {EXPANSIONS} mv-expand")
    name, value = parser.column()
    most = parser.number() if parser.accept("limit") else EXPANDED
    if most > EXPANDED_AT_MOST:
        raise NotUnderstood(f"mv-expand to more than {EXPANDED_AT_MOST} rows")
    return [{**row, name: item} for row in rows for item in _items(value(row))[:most]]


def _items(value: Any) -> list[Any]:
    """A bag has one value for each of its properties."""
    if isinstance(value, dict):
        value = [{key: item} for key, item in value.items()]
    return value if isinstance(value, list) and value else [None]


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
