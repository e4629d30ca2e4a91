"""What a person sees of a fleet: a line a cluster, and the sum of them."""

from __future__ import annotations

import textwrap
from typing import Iterator, Mapping, Sequence

from azext_aksegress import fleet
from azext_aksegress.arm import Json
from azext_aksegress.render.terminal import VERDICT_STYLES, Line, Look, brief, clean
from azext_aksegress.report import READY_WITH_WARNINGS

WIDTHS = {"name": 21, "resourceGroup": 18, "outboundType": 22, "vnet": 7}
"""Columns of the first cells of a row, each with two of space behind it."""
NARROW = {"name": 17, "resourceGroup": 12, "outboundType": 22}
"""The same where a terminal has fewer than 100 columns."""
VERDICT = 12
"""Columns of the longest verdict, `undetermined`."""
LAST = 100 - sum(WIDTHS.values()) - 2 * len(WIDTHS)
"""Columns that are left behind the first cells, and nearly as many on a narrow terminal."""


def lines(rows: Sequence[Json], look: Look) -> Iterator[Line]:
    """A line for each cluster: where it is, how it goes out, and what stands in the way."""
    widths = WIDTHS if look.width >= 100 else NARROW
    last = min(LAST, look.width - sum(widths.values()) - 2 * len(widths))
    for row in rows:
        first = "  ".join(cut(row[key], width) for key, width in widths.items())
        judged = row["verdict"] is not None
        style = VERDICT_STYLES.get(row["verdict"], "success") if judged else "primary"
        end = f"{verdict(row):<{VERDICT}}  {ids(row['blockers'], last)}" if judged else addresses(row, last)
        yield [("primary", clean(f"{first}  ")), (style, clean(end.rstrip()))]


def cut(value: str | None, width: int) -> str:
    """A cell as wide as its column; what is longer ends with dots, in the letters of any terminal."""
    text = clean(value or "unknown")
    return f"{text:<{width}}" if len(text) <= width else f"{text[: width - 2]}.."


def verdict(row: Json) -> str:
    """The verdict of a row, short enough for a column."""
    found = row["verdict"] or ""
    return "warnings" if found == READY_WITH_WARNINGS else found


def ids(found: Sequence[str], last: int = LAST) -> str:
    """The first id, and how many more there are."""
    return _first(found, "", last - VERDICT - 2)


def addresses(row: Json, last: int = LAST) -> str:
    """The first egress address, and how many more there are; a question mark where not all are known."""
    found = row["egressIps"]
    return _first(found, "" if row["egressIpsComplete"] else " ?" if found else "?", last)


def _first(found: Sequence[str], end: str, width: int) -> str:
    rest = (f" +{len(found) - 1}" if len(found) > 1 else "") + end
    return (cut(found[0], width - len(rest)).rstrip() if found else "") + rest


def story(rows: Sequence[Json], missing: Mapping[str, str], cut_short: str | None, look: Look) -> Iterator[Line]:
    """What is said beside the rows: the sum, what Resource Graph does not tell, and what could not be read."""
    total = fleet.summary(rows)
    yield [("primary", total if look.unicode else total.replace(" · ", ", "))]
    unknowns = sorted({found for row in rows for found in row["unknowns"]})
    if unknowns:
        told = f"Resource Graph does not tell all: {', '.join(unknowns)}."
        yield from ([("secondary", line)] for line in textwrap.wrap(told, look.width))
        yield [("secondary", "`az aks egress check` on a cluster does; its command is the row's fullCheck in -o json.")]
    for about, reason in sorted(missing.items()):
        yield [("warning", brief(f"Not read: {about}. {reason}"))]
    if cut_short:
        yield [("error", brief(f"There may be more clusters. {cut_short}"))]
