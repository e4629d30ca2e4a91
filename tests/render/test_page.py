"""What a report in a file says, and what it looks like as Markdown and HTML: golden files, as those of a terminal."""

from __future__ import annotations

import os
import re
from html import unescape
from typing import Callable, Sequence
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from azext_aksegress.mask import Mask
from azext_aksegress.render import html, markdown, page
from azext_aksegress.render.page import Page
from azext_aksegress.topology import ADDRESS, POOL
from tests.builders import SUBSCRIPTION, Shop
from tests.render.pages import CASES, HOSTILE, POOLS, UANAT, UDR, ten_pools
from tests.render.test_fleet import row
from tests.render.test_terminal import GOLDEN

_MADE_BY_AKS = re.compile("publicIPAddresses/[0-9a-f-]{36}")
"""An address that AKS made, whose name is another one each time."""
WRITERS: dict[str, Callable[[Sequence[Page]], str]] = {"html": html.render, "md": markdown.render}


def rendered(text: str) -> str:
    """What GitHub makes of Markdown: tables, and tags let through."""
    return MarkdownIt("gfm-like", {"linkify": False}).render(text)


def drawn(case: str) -> ElementTree.Element:
    """The drawing in an HTML report."""
    (found,) = re.findall("<svg.*?</svg>", html.render([CASES[case]()]), re.DOTALL)
    return ElementTree.fromstring(found)


def said(picture: ElementTree.Element, tag: str) -> str:
    return "".join(picture.findtext(f"{{http://www.w3.org/2000/svg}}{tag}") or "")


@pytest.mark.parametrize("ending", WRITERS)
@pytest.mark.parametrize("case", CASES)
def test_it_looks_as_it_did(case: str, ending: str) -> None:
    seen = _MADE_BY_AKS.sub("publicIPAddresses/made-by-aks", WRITERS[ending]([CASES[case]()]))
    file = GOLDEN / f"{case}.{ending}"
    if os.environ.get("AKSEGRESS_GOLDEN") == "write":
        file.write_text(seen, encoding="utf-8")
    assert seen == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("ending", WRITERS)
@pytest.mark.parametrize("case", CASES)
def test_every_finding_and_every_command_is_in_it(case: str, ending: str) -> None:
    made = CASES[case]()
    text = WRITERS[ending]([made])
    shown = unescape(re.sub("<[^>]*>", "", text if ending == "html" else rendered(text)))
    for finding in made.findings:
        assert finding["title"] in shown
        assert [fix["command"] for fix in finding["fix"] if fix["command"] not in shown] == []


@pytest.mark.parametrize("case", [case for case in CASES if CASES[case]().path])
def test_both_show_each_pool_and_each_address(case: str) -> None:
    made = CASES[case]()
    assert made.path
    shown = "".join(drawn(case).itertext())
    text = markdown.render([made])
    for found in made.path.pictures:
        for node in (*found.at(POOL), *found.at(ADDRESS)):
            assert node.label in shown
            assert markdown._label(node.label) in text


def test_the_drawing_says_in_words_what_changes() -> None:
    picture = drawn("check-ten-pools")
    title, words = said(picture, "title"), said(picture, "desc")
    assert "aks-shop" in title
    assert "after the move to userAssignedNATGateway" in title
    assert "NAT gateway nat-shop" in words
    assert "Egress addresses" in words


def test_the_drawing_says_so_where_nothing_changes() -> None:
    picture = drawn("check-ready")
    assert "the same way out, the same egress addresses" in said(picture, "title")
    assert "as today" in said(picture, "desc")


def test_what_differs_is_marked_by_more_than_colour() -> None:
    shown = ["".join(group.itertext()) for group in drawn("check-blocked").iter("{http://www.w3.org/2000/svg}g")]
    assert "\u2212 load balancer of AKS" in shown
    assert "+ no way out" in shown


def test_ten_pools_are_all_drawn() -> None:
    shown = "".join(drawn("check-ten-pools").itertext())
    assert [name for name in POOLS if shown.count(f"{name}, 3 nodes") < 2] == []


class TestHostileNames:
    def test_make_no_element_in_html(self) -> None:
        text = html.render([CASES["check-hostile"]()])
        assert "<img" not in text
        assert text.count("<script") == 1
        assert "&lt;img src=x onerror=hacked=1&gt;" in text

    def test_make_no_element_link_or_cell_in_markdown(self) -> None:
        text = rendered(markdown.render([CASES["check-hostile"]()]))
        assert "<img" not in text
        assert "<script" not in text
        assert "<a " not in text
        assert "<s>" not in text

    def test_make_no_mention_in_markdown(self) -> None:
        text = rendered(markdown.inline(HOSTILE))
        assert "@<!-- -->everyone" in text
        assert "https:<!-- -->//evil.example" in text

    def test_read_as_they_are_in_markdown(self) -> None:
        shown = re.sub("<!-- -->|</?p>|\n", "", rendered(markdown.inline(HOSTILE)))
        unescaped = shown.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")
        assert unescaped == HOSTILE

    @pytest.mark.parametrize("name", ["- a", "+ a", "# a", "> a", "1. a", "=== a", "  - a", "a\n# b", "_a_", "[a](b)"])
    def test_begin_no_block_in_markdown(self, name: str) -> None:
        assert re.fullmatch(r"<p>[^<]*</p>\n", rendered(markdown.inline(name)))

    def test_end_no_fence(self) -> None:
        text = "\n".join(markdown._fenced(["az ````\nrm"], "sh"))
        assert text.startswith("`````sh\naz ```` rm\n`````")

    def test_end_no_label_of_a_diagram(self) -> None:
        assert markdown._label('a"]; click b "javascript:x"<b>`') == (
            "a#34;#93;#59; click b #34;javascript:x#34;#60;b#62;#96;"
        )


class TestMasked:
    @pytest.mark.parametrize("ending", WRITERS)
    @pytest.mark.parametrize("case", CASES)
    def test_nothing_that_was_to_be_hidden_is_left(self, case: str, ending: str) -> None:
        text = WRITERS[ending]([Mask("ids", "ips").all(CASES[case]())])
        assert SUBSCRIPTION not in text
        assert re.findall(r"(?<![\d.])(?:10|20|52)\.\d+\.\d+\.\d+", text) == []

    def test_the_same_address_has_the_same_name_everywhere(self) -> None:
        made = Mask("ips").all(CASES["check-blocked"]())
        assert made.path
        drawn_as = {node.label for found in made.path.pictures for node in found.at(ADDRESS)}
        (observed,) = (found["observed"] for found in made.findings if found["id"] == "EGR602")
        assert any(observed.startswith(name) for name in drawn_as)


class TestPolicy:
    def test_nothing_is_loaded_and_only_our_script_runs(self) -> None:
        (policy,) = re.findall('http-equiv="Content-Security-Policy" content="([^"]*)"', html.render([]))
        rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
        assert rules["default-src"] == "'none'"
        assert rules["script-src"].startswith("'sha256-")
        assert "unsafe" not in policy

    def test_nothing_outside_the_file_is_named_but_links_to_follow(self) -> None:
        text = html.render([CASES["check-blocked"]()])
        assert re.findall(r'(?:src|srcset|action|xlink:href)="|url\(|@import', text) == []
        assert set(re.findall(r'<link [^>]*href="([^"]*)"', text)) == {"data:,"}


def test_several_clusters_are_in_one_document() -> None:
    pages = [CASES["check-blocked"](), CASES["check-ready"]()]
    text = html.render(pages)
    assert len(re.findall("<article", text)) == 2
    ids = re.findall(r' id="([^"]*)"', text)
    assert len(ids) == len(set(ids))
    assert markdown.render(pages).count("\n# ") == 1


def test_what_decides_comes_first_in_markdown() -> None:
    text = markdown.render([CASES["check-blocked"]()])
    assert text.index("Blocked") < text.index("EGR202") < text.index("EGR402") < text.index("EGR302")


def test_a_page_tells_how_many_findings_have_which_outcome() -> None:
    made = page.of_report(ten_pools().report(UANAT))
    assert made.counts["fail"] == 1
    assert sum(made.counts.values()) == len(made.findings)


def test_a_cluster_of_which_little_is_known_is_drawn_all_the_same() -> None:
    shop = Shop.byo()
    shop.document["properties"].pop("agentPoolProfiles")
    made = page.of_report(shop.report(UDR))
    assert made.path
    assert [node.label for node in made.path.before.at(POOL)] == ["unknown"]
    assert "unknown" in markdown.render([made])


class TestTheVerdict:
    @pytest.mark.parametrize(
        ("verdicts", "style"),
        [
            (["ready", "blocked"], "error"),
            (["ready", "undetermined"], "warning"),
            (["ready", "nothingToDo"], "success"),
        ],
    )
    def test_of_a_fleet_is_that_of_its_worst_cluster(self, verdicts: list[str], style: str) -> None:
        assert page.of_fleet([row(verdict=verdict) for verdict in verdicts], UDR, {}, None).style == style

    def test_of_a_fleet_that_was_not_read_to_its_end_is_an_error(self) -> None:
        assert page.of_fleet([row()], UDR, {}, "Resource Graph is too busy.").style == "error"

    def test_of_a_move_that_needs_an_acceptance_says_that_nothing_was_sent(self) -> None:
        made = CASES["migrate-blocked"]()
        assert (made.style, made.verdict.split(".")[0]) == ("error", "Not sent, because of EGR604")

    def test_of_a_move_names_what_was_accepted(self) -> None:
        assert ("Accepted", "EGR604") in CASES["migrate-one-way"]().facts

    @pytest.mark.parametrize("case", CASES)
    def test_is_green_where_nothing_is_wrong_alone(self, case: str) -> None:
        made = CASES[case]()
        wrong = [found for found in made.findings if found["outcome"] == "fail"]
        assert not (made.style == "success" and wrong)


class TestAFleet:
    def test_of_several_subscriptions_tells_which_each_cluster_is_in(self) -> None:
        made = page.of_fleet([row(), row(subscriptionId="another")], UDR, {}, None)
        assert made.table
        assert "Subscription" in made.table.titles
        assert all(len(cells) == len(made.table.titles) for cells in made.table.rows)

    def test_of_one_subscription_tells_it_once(self) -> None:
        made = page.of_fleet([row()], None, {}, None)
        assert made.table
        assert "Subscription" not in made.table.titles
        assert made.facts == (("Subscription", SUBSCRIPTION),)


def test_what_stops_a_move_is_named_first_and_leads_to_its_finding() -> None:
    text = html.render([CASES["check-blocked"]()])
    (anchor, title) = re.findall('<a href="#([^"]*)">([^<]*)</a>', text)[0]
    assert title == "EGR202 every route table has a 0.0.0.0/0 route"
    assert len(re.findall(f' id="{anchor}"', text)) == 1
    assert text.index(title) < text.index("<svg")


def test_where_nothing_stops_a_move_what_is_not_known_is_named_first() -> None:
    text = html.render([CASES["check-undetermined"]()])
    assert re.findall('<a href="#[^"]*">([^ ]*)', text)[:2] == ["EGR211", "EGR212"]
