"""Pages -> one self-contained HTML file, which asks nobody for anything, and runs nothing but its own script.

Built as a tree with the standard library's ElementTree, which escapes whatever is written into it.
"""

from __future__ import annotations

import base64
import hashlib
import pkgutil
from typing import Iterable, Iterator, Mapping, Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from azext_aksegress.arm import Json
from azext_aksegress.checks import FAIL, UNKNOWN
from azext_aksegress.render import svg
from azext_aksegress.render.markup import element
from azext_aksegress.render.page import OUTCOMES, Page, Table, counted, identity
from azext_aksegress.render.terminal import Line, Look
from azext_aksegress.topology import Change

SIGNS = Look().signs
VERDICTS = {"success": "√", "warning": "‼", "error": "×"}
WORDS = {
    "ready": "ready",
    "readyWithWarnings": "ready with warnings",
    "nothingToDo": "nothing to do",
}
"""What a person calls the verdicts of a table; the others are words already."""
SHORT = 24
"""Letters up to which a cell is not folded: the longest outbound type has 22."""


def render(pages: Sequence[Page]) -> str:
    """The whole document, for one cluster or for several."""
    style, script = (_own(name) for name in ("report.css", "report.js"))
    title = pages[0].title if len(pages) == 1 else f"{len(pages)} clusters"
    document = element(
        "html",
        element(
            "head",
            element("meta", charset="utf-8"),
            _policy(style, script),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="color-scheme", content="light dark"),
            element("meta", name="referrer", content="no-referrer"),
            element("title", title),
            element("link", rel="icon", href="data:,"),
            _raw("style", style),
        ),
        element(
            "body",
            element("main", *(_page(page, number) for number, page in enumerate(pages, start=1))),
            element("p", class_="said", role="status", aria_live="polite"),
            _raw("script", script),
        ),
        lang="en",
    )
    return "<!doctype html>\n" + ElementTree.tostring(document, encoding="unicode", method="html") + "\n"


def _own(name: str) -> str:
    return (pkgutil.get_data(__package__, name) or b"").decode("utf-8")


def _raw(tag: str, text: str) -> Element:
    """An element whose text is ours, and written as it is."""
    made = Element(tag)
    made.text = text
    return made


def _policy(style: str, script: str) -> Element:
    """Nothing is loaded and nothing runs but the two texts with these hashes (W3C, Content Security Policy Level 3)."""
    style_hash, script_hash = (
        base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii") for text in (style, script)
    )
    rules = (
        "default-src 'none'",
        "img-src data:",
        f"style-src 'sha256-{style_hash}'",
        f"script-src 'sha256-{script_hash}'",
        "base-uri 'none'",
        "form-action 'none'",
    )
    return Element("meta", {"http-equiv": "Content-Security-Policy", "content": "; ".join(rules)})


def _page(page: Page, number: int) -> Element:
    name = f"page-{number}"
    anchors = {id(row): f"finding-{number}-{index}" for index, row in enumerate(page.findings)}
    findings = [element("h2", "Findings"), _filter(page, number), *_findings(page, anchors)] if page.findings else []
    table = [_filter(page, number), _table(page.table)] if page.table else []
    return element(
        "article",
        element(
            "header",
            element("h1", page.title, id=name),
            element("p", _sign(VERDICTS[page.style]), page.verdict, class_=f"verdict {page.style}"),
            _decisive(page, anchors),
            element("dl", *(_fact(name, value) for name, value in page.facts), class_="facts") if page.facts else None,
        ),
        *(_path(page.name, page.path, number) if page.path else ()),
        *_section("Plan", [element("div", *map(_plan_line, page.plan), class_="plan")] if page.plan else ()),
        *_section("What to do now", list(_prose(page.ending))),
        *(element("section", *part, class_="rows") for part in (table, findings) if part),
        aria_labelledby=name,
    )


def _decisive(page: Page, anchors: Mapping[int, str]) -> Element | None:
    """What stands in the way, or where nothing does, what is not known: links to the findings."""
    rows = next(
        filter(None, ([row for row in page.findings if row["outcome"] == kind] for kind in (FAIL, UNKNOWN))), ()
    )
    items = [
        element(
            "li",
            _sign(SIGNS[row["outcome"]]),
            element("a", f"{identity(row)} {row['title']}".strip(), href=f"#{anchors[id(row)]}"),
            f": {row['observed']}" if row["observed"] else None,
            class_=row["outcome"],
        )
        for row in rows
    ]
    return element("ul", *items, class_="decisive") if items else None


def _section(title: str, content: Sequence[Element]) -> tuple[Element, ...]:
    return (element("section", element("h2", title), *content),) if content else ()


def _sign(sign: str) -> Element:
    """A sign beside words that say the same."""
    return element("span", sign, class_="sign", aria_hidden="true")


def _fact(name: str, value: str) -> Element:
    return element("div", element("dt", name), element("dd", value))


def _path(name: str, path: Change, number: int) -> Iterator[Element]:
    marks = {
        "+ only after the move": path.new,
        "\u2212 only before it": path.gone,
        "? not known": any(node.unknown for found in path.pictures for node in found.nodes),
    }
    unknown = dict.fromkeys(
        f"{node.label}: {node.unknown}" for found in path.pictures for node in found.nodes if node.unknown
    )
    yield element(
        "section",
        element("h2", "Egress path"),
        element(
            "figure",
            svg.draw(name, path, number),
            element("figcaption", ";  ".join(words for words, found in marks.items() if found)),
        ),
        element("ul", *(element("li", words) for words in path.words), class_="words"),
        element("ul", *(element("li", _sign("?"), words) for words in unknown), class_="words") if unknown else None,
    )


def _plan_line(line: Line) -> Element:
    """A line of the plan, with its sign in front."""
    return element("p", *(element("span", text.strip(), class_=style) for style, text in line))


def _prose(lines: Iterable[Line]) -> Iterator[Element]:
    """Sentences, and the commands among them to copy."""
    for line in lines:
        words = "".join(text for style, text in line if style != "action").strip()
        if words:
            yield element("p", words, class_=line[0][0])
        yield from (_command(text.strip()) for style, text in line if style == "action")


def _command(command: str, when: str = "") -> Element:
    button = element("button", "Copy", type="button", class_="copy", hidden="")
    label = element("span", when, class_="when") if when else None
    return element("div", label, element("code", command), button, class_="command")


def _filter(page: Page, number: int) -> Element:
    """A box for each outcome, to hide its rows; without a script nothing can be hidden, and the boxes are not shown."""
    boxes: list[Element] = []
    for outcome, count in page.counts.items():
        words = counted(count, outcome) if outcome in OUTCOMES else f"{count} {WORDS.get(outcome, outcome)}"
        name = f"show-{number}-{len(boxes)}"
        box = Element("input", {"type": "checkbox", "id": name, "value": outcome, "checked": "checked"})
        sign = _sign(SIGNS[outcome]) if outcome in SIGNS else None
        boxes.append(element("span", box, element("label", sign, words, for_=name), class_="choice"))
    return element("fieldset", element("legend", "Show"), *boxes, class_="filter", hidden="")


def _findings(page: Page, anchors: Mapping[int, str]) -> Iterator[Element]:
    for question, rows in page.by_question(*OUTCOMES).items():
        yield element(
            "section", element("h3", question), element("ul", *(_item(row, anchors) for row in rows)), class_="group"
        )


def _item(row: Json, anchors: Mapping[int, str]) -> Element:
    outcome = row["outcome"]
    return element("li", *_finding(row), class_=f"finding {outcome}", data_outcome=outcome, id=anchors[id(row)])


def _finding(row: Json) -> Iterator[Element]:
    outcome = row["outcome"]
    stands = outcome in ("fail", "warn", "unknown", "note")
    yield element(
        "p",
        _sign(SIGNS[outcome]),
        element("span", f"{OUTCOMES[outcome]}: ", class_="heard"),
        element("span", row["title"], class_="fact"),
        element("span", identity(row), class_="id") if stands and identity(row) else None,
        class_="title",
    )
    if row["observed"]:
        yield element("p", row["observed"], class_="observed")
    if outcome in ("fail", "unknown") and not identity(row) and row["expected"]:
        yield element("p", f"expected: {row['expected']}", class_="observed")
    if outcome in ("fail", "warn"):
        yield element("p", row["consequence"], class_="consequence")
    yield from (_command(fix["command"], fix["when"]) for fix in row["fix"])
    if stands and row["sources"]:
        sources = (element("li", _source(source)) for source in row["sources"])
        resource = element("li", f"resource: {row['resource']}") if row["resource"] else None
        heading = element("summary", f"Resource and sources of {identity(row) or 'this'}")
        yield element("details", heading, element("ul", resource, *sources))


def _source(source: str) -> Element:
    if source.startswith("https://") and " " not in source:
        return element("a", source, href=source, rel="noreferrer noopener")
    return element("span", source)


def _cell(tag: str, title: str, text: str, **attributes: str) -> Element:
    """A cell, with the title that a narrow screen shows beside it; one that is short stays in one line."""
    return element(tag, text, class_="whole" if len(text) <= SHORT else "", data_title=title, **attributes)


def _table(table: Table) -> Element:
    head = element("tr", *(element("th", title, scope="col") for title in table.titles))
    rows = (
        element(
            "tr",
            _cell("td", table.titles[0], WORDS.get(row[0], row[0])),
            _cell("th", table.titles[1], row[1], scope="row"),
            *(_cell("td", title, cell) for title, cell in zip(table.titles[2:], row[2:])),
            data_outcome=row[0],
            class_=row[0],
        )
        for row in table.rows
    )
    return element("table", element("thead", head), element("tbody", *rows))
