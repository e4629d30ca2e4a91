"""Pages -> Markdown as GitHub and Azure DevOps render it: tables, details that open, and the egress path in Mermaid.

Texts from Azure are escaped, so that none of them becomes a tag, a link, a mention or another cell.
"""

from __future__ import annotations

import html
import re
from typing import Iterable, Iterator, Sequence

from azext_aksegress.arm import Json
from azext_aksegress.checks import FAIL, NOTE, PASS, SKIP, UNKNOWN, WARN
from azext_aksegress.render.page import OUTCOMES, Page, counted, identity
from azext_aksegress.render.terminal import Line, Look, clean
from azext_aksegress.topology import STAGES, Change, Topology

SIGNS = {**Look().signs, WARN: "⚠️", FAIL: "❌", PASS: "✅", UNKNOWN: "❔", NOTE: "ℹ️"}
VERDICTS = {"success": "✅", "warning": "⚠️", "error": "❌"}
LOOKED_AT = (FAIL, UNKNOWN, WARN, NOTE)
"""What a reader should see without opening anything, worst first."""

_ACTIVE = re.compile(r"[\\`*\[\]<&|~$]|(?<!\w)_|_(?!\w)|^\s*(?:[-+](?=[\s-]|$)|[=#>]|\d+[.)](?=\s|$))")
"""What Markdown acts upon, the last of them at the beginning of a line only."""
_LINKED = re.compile(r"(?i)([@#])(?=\w)|(:)(?=//)|(www|mailto|xmpp)(?=[.:])")


def render(pages: Sequence[Page]) -> str:
    """The whole document, for one cluster or for several."""
    return "\n".join(line for page in pages for line in _page(page)) + "\n"


def inline(text: str) -> str:
    """A text that reads as it is in a paragraph or a cell: what Markdown acts upon is escaped, and what GitHub and
    Azure DevOps make links and mentions of is parted by an empty comment."""
    parted = _LINKED.sub("\\g<0>\0", clean(text))
    escaped = _ACTIVE.sub(_escaped, parted)
    return escaped.replace("\0", "<!-- -->")


def _escaped(found: re.Match[str]) -> str:
    entities = {"<": "&lt;", "&": "&amp;"}
    return entities.get(found[0]) or f"{found[0][:-1]}\\{found[0][-1]}"


def _page(page: Page) -> Iterator[str]:
    yield from (f"# {inline(page.title)}", "", f"**{VERDICTS[page.style]} {inline(page.verdict)}**", "")
    if page.facts:
        yield from _table([name for name, _ in page.facts], [[inline(value) for _, value in page.facts]])
    if page.path:
        yield from _path(page.path)
    if page.plan:
        yield from ("## Plan", "", *_fenced((_text(line).strip() for line in page.plan), "diff"))
    if page.ending:
        yield from ("## What to do now", "", *_prose(page.ending))
    if page.table:
        cells = [[inline(cell) for cell in row] for row in page.table.rows]
        yield from _table(page.table.titles, cells)
    if page.findings:
        yield from _findings(page)


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(titles)} |"
    yield f"|{'---|' * len(titles)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


def _fenced(lines: Iterable[str], language: str) -> Iterator[str]:
    """Lines as they are; the fence is longer than any that they have."""
    cleaned = [clean(line) for line in lines]
    longest = max((len(found) for line in cleaned for found in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (f"{fence}{language}", *cleaned, fence, "")


def _text(line: Line) -> str:
    return "".join(text for _, text in line)


def _prose(lines: Iterable[Line]) -> Iterator[str]:
    for line in lines:
        words = "".join(text for style, text in line if style != "action").strip()
        if words:
            yield from (inline(words), "")
        for style, text in line:
            if style == "action":
                yield from _fenced([text.strip()], "sh")


def _details(summary: str, content: Iterable[str]) -> Iterator[str]:
    """A part that a reader opens; the empty line has what is in it rendered."""
    yield from ("<details>", f"<summary>{summary}</summary>", "", *content, "</details>", "")


def _findings(page: Page) -> Iterator[str]:
    rows = [row for outcome in LOOKED_AT for row in page.findings if row["outcome"] == outcome]
    if rows:
        yield from ("## What needs a look", "")
        yield from _table(("", "Id", "Fact", "Seen"), (_cells(row, identity(row)) for row in rows))
        for row in rows:
            if row["fix"] or row["outcome"] in (FAIL, WARN):
                name = f"{identity(row)} {row['title']}".strip()
                yield from _details(f"{SIGNS[row['outcome']]} {html.escape(clean(name))}", _story(row))
    rest = page.by_question(PASS, SKIP)
    if rest:
        counts = ", ".join(counted(page.counts[found], found) for found in (PASS, SKIP) if found in page.counts)
        yield from _details(counts, (line for question in rest.items() for line in _question(*question)))


def _cells(row: Json, *more: str) -> list[str]:
    sign = f"{SIGNS[row['outcome']]} {OUTCOMES[row['outcome']]}"
    return [sign, *more, inline(row["title"]), inline(row["observed"] or "")]


def _story(row: Json) -> Iterator[str]:
    """What happens otherwise, and the commands that mend it."""
    yield from (inline(row["consequence"]), "")
    for fix in row["fix"]:
        yield from (f"{fix['when']}:", "", *_fenced([fix["command"]], "sh"))


def _question(question: str, rows: Sequence[Json]) -> Iterator[str]:
    yield from (f"**{question}**", "", *_table(("", "Fact", "Seen"), (_cells(row) for row in rows)))


def _path(path: Change) -> Iterator[str]:
    """The path in the part of Mermaid that both know: `graph`, and labels without tags (Microsoft, Azure DevOps,
    Markdown syntax for wikis, "Add Mermaid diagrams to a wiki page")."""
    yield from ("## Egress path", "")
    for found in path.pictures:
        yield from (f"**{inline(found.title)}**", "", "```mermaid", "graph LR", *_picture(found, path), "```", "")
    yield from (f"- {inline(words)}" for words in path.words)
    for node in {node.id: node for found in path.pictures for node in found.nodes if node.unknown}.values():
        yield f"- ❔ {inline(f'{node.label}: {node.unknown}')}"
    yield ""


def _picture(found: Topology, path: Change) -> Iterator[str]:
    """The boxes and links of one picture; what the other one has not is marked by a sign."""
    names = {node.id: f"n{number}" for number, node in enumerate(found.nodes)}
    mark, differs = ("- ", path.gone) if found is path.before else ("+ ", path.new)
    for stage in STAGES:
        for node in found.at(stage):
            sign = f"{mark if node.id in differs else ''}{'? ' if node.unknown else ''}"
            yield f'  {names[node.id]}["{_label(sign + node.label)}"]'
    yield from (f"  {names[start]} --> {names[end]}" for start, end in found.links)


def _label(text: str) -> str:
    """A label of Mermaid: all but letters, digits and a few signs as its own entities, by number."""
    plain = " .:/(),?+-_"
    return "".join(found if found.isalnum() or found in plain else f"#{ord(found)};" for found in clean(text))
