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
VERDICT = 12
"""Columns of the longest verdict, `undetermined`."""
LAST = 100 - sum(WIDTHS.values()) - 2 * len(WIDTHS)
"""Columns that are left of 100 behind the first cells."""


def lines(rows: Sequence[Json]) -> Iterator[Line]:
    """A line for each cluster: where it is, how it goes out, and what stands in the way."""
    for row in rows:
        first = "  ".join(cut(row[key], width) for key, width in WIDTHS.items())
        judged = row["verdict"] is not None
        style = VERDICT_STYLES.get(row["verdict"], "success") if judged else "primary"
        last = f"{verdict(row):<{VERDICT}}  {ids(row['blockers'])}" if judged else addresses(row)
        yield [("primary", clean(f"{first}  ")), (style, clean(last.rstrip()))]


def cut(value: str | None, width: int) -> str:
    """A cell as wide as its column; what is longer ends with dots, in the letters of any terminal."""
    text = clean(value or "unknown")
    return f"{text:<{width}}" if len(text) <= width else f"{text[: width - 2]}.."


def verdict(row: Json) -> str:
    """The verdict of a row, short enough for a column."""
    found = row["verdict"] or ""
    return "warnings" if found == READY_WITH_WARNINGS else found


def ids(found: Sequence[str]) -> str:
    """The first id, and how many more there are."""
    return _first(found, "", LAST - VERDICT - 2)


def addresses(row: Json) -> str:
    """The first egress address, and how many more there are; a question mark where not all are known."""
    found = row["egressIps"]
    return _first(found, "" if row["egressIpsComplete"] else " ?" if found else "?", LAST)


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
