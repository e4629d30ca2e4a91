"""The egress path, drawn: two pictures side by side, what differs marked by sign and line, never by colour alone."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Iterator
from xml.etree.ElementTree import Element

from azext_aksegress.egress import NO_PATH
from azext_aksegress.render.markup import element
from azext_aksegress.topology import ADDRESS, CARRIER, POOL, STAGES, SUBNET, Change, Node, Topology

WIDTHS = {POOL: 124, SUBNET: 138, CARRIER: 146, ADDRESS: 124}
"""Pixels of each column."""
GAP = 18
"""Pixels between two columns, for the links."""
PICTURE = sum(WIDTHS.values()) + GAP * (len(WIDTHS) - 1)
BETWEEN = 28
"""Pixels between two pictures."""
EDGE = 2
"""Pixels left and right, for the lines of the outermost boxes."""
HEAD = 52
"""Pixels for the title of a picture and of its columns."""
LETTER, LINE, PADDING, SPACE = 6.9, 15, 7, 8
"""Pixels of a letter and of a line at 12 px, inside a box, and between two boxes."""
SIGNS = {"gone": "\u2212 ", "new": "+ ", "": ""}


@dataclass(frozen=True)
class _Box:
    """Where a node is drawn, in pixels."""

    node: Node
    lines: tuple[str, ...]
    mark: str
    x: float
    y: float

    @property
    def width(self) -> int:
        return WIDTHS[self.node.stage]

    @property
    def height(self) -> int:
        return _height(self.lines)

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


def draw(name: str, change: Change, number: int = 1) -> Element:
    """The pictures of a cluster; `number` tells it from others in one document."""
    pictures = change.pictures
    boxes = [_placed(found, change, index * (PICTURE + BETWEEN)) for index, found in enumerate(pictures)]
    height = max(box.y + box.height for found in boxes for box in found) + 4
    width = PICTURE * len(pictures) + BETWEEN * (len(pictures) - 1)
    title, words = f"path-{number}-title", f"path-{number}-words"
    return element(
        "svg",
        element("title", f"Egress path of {name}, {change.title}", id=title),
        element("desc", " ".join(change.words), id=words),
        *(part for index, found in enumerate(pictures) for part in _picture(found, boxes[index], change, index)),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"{-EDGE} 0 {width + 2 * EDGE} {height:g}",
        width=str(width + 2 * EDGE),
        height=f"{height:g}",
        role="img",
        aria_labelledby=f"{title} {words}",
    )


def _placed(found: Topology, change: Change, left: float) -> list[_Box]:
    """The boxes of a picture; each column stands in the middle of the highest one."""
    columns: list[list[tuple[Node, str, tuple[str, ...]]]] = []
    for stage in STAGES:
        columns.append([(node, _mark(node, found, change), _lines(node, change, found)) for node in found.at(stage)])
    highest = max(_column_height(column) for column in columns)
    boxes, x = [], left
    for stage, column in zip(STAGES, columns):
        y = HEAD + (highest - _column_height(column)) / 2
        for node, mark, lines in column:
            boxes.append(_Box(node, lines, mark, x, y))
            y += _height(lines) + SPACE
        x += WIDTHS[stage] + GAP
    return boxes


def _column_height(column: list[tuple[Node, str, tuple[str, ...]]]) -> int:
    return sum(_height(lines) + SPACE for _, _, lines in column)


def _height(lines: tuple[str, ...]) -> int:
    return len(lines) * LINE + 2 * PADDING


def _mark(node: Node, found: Topology, change: Change) -> str:
    if found is change.before:
        return "gone" if node.id in change.gone else ""
    return "new" if node.id in change.new else ""


def _lines(node: Node, change: Change, found: Topology) -> tuple[str, ...]:
    """A label in as many lines as it takes: nothing is cut, and the lines joined are the label again."""
    letters = int((WIDTHS[node.stage] - 2 * PADDING) / LETTER)
    label = f"{SIGNS[_mark(node, found, change)]}{'? ' if node.unknown else ''}{node.label}"
    return tuple(textwrap.wrap(label, letters, drop_whitespace=False)) or (" ",)


def _picture(found: Topology, boxes: list[_Box], change: Change, index: int) -> Iterator[Element]:
    left = index * (PICTURE + BETWEEN)
    yield element("text", found.title, class_="picture", x=str(left), y="16")
    x = left
    for stage, name in STAGES.items():
        yield element("text", name, class_="stage", x=str(x), y="40")
        x += WIDTHS[stage] + GAP
    places = {box.node.id: box for box in boxes}
    other = (change.after if found is change.before else change.before) or found
    for start, end in found.links:
        mark = "" if (start, end) in other.links else "gone" if found is change.before else "new"
        mark += " nothing" if end.startswith(NO_PATH) else ""
        yield _link(places[start], places[end], mark)
    yield from map(_box, boxes)


def _link(start: _Box, end: _Box, mark: str) -> Element:
    x, bend = start.x + start.width, GAP / 2
    curve = f"{x + bend:g},{start.middle:g} {end.x - bend:g},{end.middle:g} {end.x:g},{end.middle:g}"
    return element("path", class_=" ".join(["link", *mark.split()]), d=f"M{x:g},{start.middle:g} C{curve}")


def _box(box: _Box) -> Element:
    spans = [
        element("tspan", line, x=f"{box.x + PADDING:g}", y=f"{box.y + PADDING + LINE * index + 11:g}")
        for index, line in enumerate(box.lines)
    ]
    classes = ["box", box.node.stage, box.mark, "unknown" if box.node.unknown else ""]
    classes.append("nothing" if box.node.id.startswith(NO_PATH) else "")
    return element(
        "g",
        element("title", f"{box.node.label}: {box.node.unknown}") if box.node.unknown else None,
        element("rect", x=f"{box.x:g}", y=f"{box.y:g}", width=str(box.width), height=str(box.height), rx="4"),
        element("text", *spans),
        class_=" ".join(filter(None, classes)),
    )
