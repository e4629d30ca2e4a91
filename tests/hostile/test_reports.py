"""What reaches a report in a file: no element, link, cell or line that a name has made."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from azext_aksegress import checks, migration
from azext_aksegress.render import html, markdown, moves, page
from azext_aksegress.render.page import Page
from tests.defects import Defect
from tests.hostile.commands import judged
from tests.hostile.names import NAMES, Renamed
from tests.test_defects import DEFECTS

SOME = DEFECTS[::12]
PLAIN = Renamed("plain-")
_BOX = re.compile(r'  n\d+\["[^"\[\]<>`;]*(?:#\d+;[^"\[\]<>`;]*)*"\]')
_LINK = re.compile(r"  n\d+ --> n\d+")


class Elements(HTMLParser):
    """The elements of a document, each with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    @property
    def tags(self) -> list[str]:
        """Their names; a drawing folds a long name into as many `tspan` as it takes."""
        return [tag for tag, _ in self.found]


def pages(defect: Defect, renamed: Renamed) -> list[Page]:
    """All that is written of a judgement and of the move that follows."""
    made = judged(defect, renamed)
    move = migration.prepare(made.cluster.snapshot, made.request, checks.acceptable_ids())
    ending = moves.not_sent(move) if move.refusals else moves.stopped(move, f"{renamed.name}.json")
    failed = page.of_error(made.cluster.name, f"{made.cluster.name} is not there.", [made.cluster.name])
    return [page.of_report(made), page.of_survey([made]), page.of_move(move, move.to_json(), ending), failed]


@pytest.mark.parametrize("kind", NAMES)
def test_html_has_the_elements_that_we_made(kind: str) -> None:
    for defect in SOME:
        found, plain = (Elements(html.render(pages(defect, name))) for name in (Renamed(NAMES[kind]), PLAIN))
        assert [tag for tag in found.tags if tag != "tspan"] == [tag for tag in plain.tags if tag != "tspan"]
        assert not [name for _, given in found.found for name in given if name.startswith("on")]


@pytest.mark.parametrize("kind", NAMES)
def test_markdown_has_the_elements_that_we_made(kind: str) -> None:
    render = MarkdownIt("gfm-like", {"linkify": False}).render
    for defect in SOME:
        name = Renamed(NAMES[kind])
        found, plain = (Elements(render(markdown.render(pages(defect, called)))) for called in (name, PLAIN))
        assert found.tags == plain.tags


@pytest.mark.parametrize("kind", NAMES)
def test_a_diagram_has_the_boxes_and_links_that_we_made(kind: str) -> None:
    for defect in SOME:
        for drawn in re.findall(
            r"```mermaid\ngraph LR\n(.*?)```", markdown.render(pages(defect, Renamed(NAMES[kind]))), re.S
        ):
            lines = drawn.rstrip("\n").split("\n")
            assert [line for line in lines if not (_BOX.fullmatch(line) or _LINK.fullmatch(line))] == []
