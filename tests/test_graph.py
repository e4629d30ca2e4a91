"""What Resource Graph is asked for: simple queries, each id once, in parts, over the subscriptions that ids are in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Callable, Iterator, Mapping

import pytest

from azext_aksegress import graph
from azext_aksegress.graph import Question
from azext_aksegress.surroundings import cluster_in
from tests.armsim.estate import OTHER_SUBSCRIPTION, SUBSCRIPTION, network_id, node_group, scope
from tests.builders import CLUSTER, Shop
from tests.graphs import rows_of

NETWORKS = [network_id("virtualNetworks", f"vnet-{number:04}") for number in range(2500)]
GROUP = scope("rg-shop")
ODD = ("it's", "a\\b", "\\' or 1 == 1", "'') | union (Resources)", "${x}", "名")
"""Names that would end a string, or begin another one, where they are not taken for what they are."""

QUESTIONS: Mapping[str, Callable[[], Iterator[Question]]] = {
    "clusters": lambda: graph.clusters([SUBSCRIPTION], None),
    "clusters of a group": lambda: graph.clusters([SUBSCRIPTION], "rg-shop"),
    "networks": lambda: graph.networks(NETWORKS[:2], [GROUP]),
    "in node groups": lambda: graph.in_node_groups([GROUP], NETWORKS[:2]),
    "nodes": lambda: graph.nodes([GROUP]),
    "by id": lambda: graph.by_id(NETWORKS[:2]),
    "firewalls": lambda: graph.firewalls([SUBSCRIPTION]),
    "locks": lambda: graph.locks([SUBSCRIPTION]),
}


def ids_in(question: Question) -> list[str]:
    return re.findall(r"'(/subscriptions/[^']+)'", question.query)


@pytest.mark.parametrize("kind", QUESTIONS)
def test_a_query_has_simple_stages_alone(kind: str) -> None:
    for question in QUESTIONS[kind]():
        first, *stages = question.query.split("\n| ")
        assert first == "Resources"
        assert {stage.split()[0] for stage in stages} <= {"where", "project", "extend", "mv-expand", "order"}


@pytest.mark.parametrize("kind", QUESTIONS)
def test_rows_have_an_id_and_come_in_its_order_or_pages_could_not_be_continued(kind: str) -> None:
    for question in QUESTIONS[kind]():
        *_, columns, last = question.query.split("\n| ")
        assert re.match(r"project id\b", columns)
        assert last == "order by id asc"


@pytest.mark.parametrize("kind", QUESTIONS)
def test_a_query_is_understood_and_so_is_its_simpler_spelling(kind: str) -> None:
    shop = Shop.byo().routed()
    for question in QUESTIONS[kind]():
        rows = rows_of(shop.arm, question)
        simpler = Question(question.about, question.simpler or question.query, question.subscriptions)
        assert rows_of(shop.arm, simpler) == rows


@pytest.mark.parametrize("name", ODD)
def test_an_odd_name_is_one_text_of_the_query_and_nothing_else(name: str) -> None:
    (question,) = graph.by_id([network_id("publicIPAddresses", name)])
    stage = question.query.split("\n| ")[2]
    assert re.fullmatch(r"where id in~ \('(?:[^'\\]|\\.)*'\)", stage)


@pytest.mark.parametrize("name", ["it's", "a'", "名"])
def test_a_name_with_a_quote_is_found(name: str) -> None:
    shop = Shop()
    odd = shop.estate.public_ip(name, "52.0.0.7")
    (question,) = graph.by_id([odd])
    assert [row["id"] for row in rows_of(shop.arm, question)] == [odd]


@pytest.mark.parametrize("group", ["it's", "a' or '1' == '1"])
def test_a_resource_group_that_was_typed_is_a_name_and_nothing_else(group: str) -> None:
    shop = Shop.managed()
    (question,) = graph.clusters([SUBSCRIPTION], group)
    assert rows_of(shop.arm, question) == []


@pytest.mark.parametrize("end", ["\n", "\r", "\x00", "\x85", "\u2028"])
def test_what_no_name_has_in_it_is_not_asked_for(end: str) -> None:
    assert list(graph.by_id([f"{NETWORKS[0]}{end}| union Resources"])) == []
    assert list(graph.nodes([f"{GROUP}{end}"])) == []


@pytest.mark.parametrize("found", ["", "pip-1", "/providers/Microsoft.Network/x"])
def test_what_is_no_id_is_not_asked_for(found: str) -> None:
    assert list(graph.by_id([found])) == []
    assert list(graph.networks([found], [found])) == []


def test_ids_are_asked_for_a_thousand_at_a_time() -> None:
    asked = list(graph.by_id(NETWORKS))
    assert [len(ids_in(question)) for question in asked] == [1000, 1000, 500]
    assert [found for question in asked for found in ids_in(question)] == [found.lower() for found in NETWORKS]


@pytest.mark.parametrize("count", [0, 1, 1000, 1001, 2500])
def test_there_are_no_more_questions_than_needed(count: int) -> None:
    assert len(list(graph.networks(NETWORKS[:count], ()))) == -(-count // graph.AT_ONCE)


def test_an_id_is_asked_for_once_whatever_its_case_and_order() -> None:
    one, other = NETWORKS[:2]
    (question,) = graph.by_id([other, one.upper().replace("/SUBSCRIPTIONS/", "/subscriptions/"), one, other.lower()])
    assert ids_in(question) == [one.lower(), other.lower()]


def test_the_same_is_asked_whatever_the_order() -> None:
    assert list(graph.by_id(NETWORKS[:50])) == list(graph.by_id(NETWORKS[49::-1]))


def test_only_the_subscriptions_that_ids_are_in_are_asked() -> None:
    far = network_id("publicIPAddresses", "far", subscription=OTHER_SUBSCRIPTION)
    (near,) = graph.by_id(NETWORKS[:2])
    (both,) = graph.by_id([far, *NETWORKS[:2]])
    assert near.subscriptions == (SUBSCRIPTION,)
    assert both.subscriptions == tuple(sorted((SUBSCRIPTION, OTHER_SUBSCRIPTION)))


def test_a_thousand_subscriptions_are_asked_at_a_time() -> None:
    many = [f"00000000-0000-0000-0000-{number:012}" for number in range(2001)]
    for ask in (lambda: graph.clusters(many, None), lambda: graph.firewalls(many), lambda: graph.locks(many)):
        assert [len(question.subscriptions) for question in ask()] == [1000, 1000, 1]


def test_every_cluster_is_asked_for_with_all_that_is_judged_and_those_of_a_group_in_any_case() -> None:
    shop = Shop.managed()
    shop.estate.cluster("aks-two")
    for group in (None, "RG-Shop"):
        (question,) = graph.clusters([SUBSCRIPTION], group)
        rows = rows_of(shop.arm, question)
        assert [row["name"] for row in rows] == [CLUSTER, "aks-two"]
        stored = shop.document["properties"]
        assert cluster_in(rows[0])["properties"] == {key: stored[key] for key in graph.CLUSTER_COLUMNS if key in stored}


def test_whatever_setting_the_package_reads_of_a_cluster_is_asked_for() -> None:
    package = Path(graph.__file__).parent
    sources = [path.read_text(encoding="utf-8") for path in package.rglob("*.py")]
    read = {name for text in sources for name in re.findall(r'(?:setting|cluster\.text|required)\("(\w+)"', text)}
    assert len(read) > 15
    assert read <= set(graph.CLUSTER_COLUMNS)


def test_a_network_has_a_row_for_each_of_its_subnets_and_says_how_many_there_are() -> None:
    shop = Shop.byo().routed()
    (question,) = graph.networks([shop.network_id], ())
    rows = rows_of(shop.arm, question)
    assert [row["id"] for row in rows] == sorted(shop.subnets.values())
    assert {row["subnets"] for row in rows} == {len(rows)}
    assert rows[0]["routeTable"] == {"id": shop.table_id("snet-apps")}


def test_who_is_on_a_subnet_is_not_asked_for() -> None:
    for kind in QUESTIONS.values():
        for question in kind():
            assert not re.search(r"ipConfigurations\b(?!\[0\])", question.query.replace("frontendIPConfigurations", ""))


def test_a_network_of_four_hundred_subnets_is_asked_for_whole() -> None:
    shop = Shop()
    network = network_id("virtualNetworks", "vnet-large")
    shop.estate.vnet("vnet-large", [f"s{number:03}" for number in range(200)], prefix="10.9")
    (question,) = graph.networks([network], ())
    assert len(rows_of(shop.arm, question)) == 200
    simpler = Question(question.about, question.simpler or "", question.subscriptions)
    assert len(rows_of(shop.arm, simpler)) == 128


def test_private_endpoints_and_links_are_no_nodes() -> None:
    shop = Shop.byo()
    group = node_group(CLUSTER)
    for name, key in (("aks-node", None), ("pe", "privateEndpoint"), ("pls", "privateLinkService")):
        nic = shop.estate.nic(name, shop.subnets["snet-apps"], "10.0.1.9", group=group)
        if key:
            shop.estate[nic]["properties"][key] = {"id": "/x"}
    (question,) = graph.nodes([scope(group)])
    (row,) = rows_of(shop.arm, question)
    assert row["subnetId"] == shop.subnets["snet-apps"]
