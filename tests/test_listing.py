"""A fleet as it comes in: one row a cluster, how the command ends, and what becomes of clusters that do not come."""

from __future__ import annotations

import gc
import sys
from contextlib import suppress
from dataclasses import replace
from typing import Any, Iterator, Sequence

import pytest

from azext_aksegress import graph, listing
from azext_aksegress.arm import Json
from azext_aksegress.cluster import Cluster
from azext_aksegress.graph import Question
from azext_aksegress.inventory import Incomplete
from azext_aksegress.listing import Listing
from azext_aksegress.present import ExitCode
from azext_aksegress.report import BLOCKED, NOTHING_TO_DO, READY_WITH_WARNINGS, UNDETERMINED
from azext_aksegress.request import Request
from azext_aksegress.resources import SignInFailed
from azext_aksegress.snapshot import Snapshot
from tests.armsim.estate_fleet import KINDS, fleet
from tests.builders import AZ, Shop
from tests.defects import UDR
from tests.graphs import SUBSCRIPTIONS, told

TO_UDR = Request(UDR, cli_version=AZ)
VERDICTS = {1: BLOCKED, 5: READY_WITH_WARNINGS, 7: UNDETERMINED, 13: NOTHING_TO_DO}
"""What a move to userDefinedRouting comes to, for a cluster of the fleet by its number."""
LOST = Incomplete("no more pages")


@pytest.fixture(scope="module")
def clusters() -> Sequence[Cluster]:
    """A neighbourhood of each kind of cluster, by number from 1; at 0 is the last one again."""
    shop = Shop()
    fleet(shop.estate, len(KINDS))
    found = sorted(told(shop).clusters, key=lambda cluster: cluster.name)
    return [found[-1], *found]


class Pages:
    """An inventory whose pages are given; one that is an error is raised."""

    def __init__(self, *pages: Any, missing: dict[str, str] | None = None) -> None:
        self.pages = pages
        self.missing = missing or {}
        self.asked: list[tuple[str | None, bool]] = []

    def batches(self, _: Iterator[Question], vnet: str | None, is_judged: bool) -> Iterator[list[Snapshot]]:
        self.asked.append((vnet, is_judged))
        for page in self.pages:
            if isinstance(page, Exception):
                raise page
            yield [cluster.snapshot for cluster in page]


class Heard:
    """What is said of the progress; the line of it is left at the end."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def waiting(self, phase: str) -> None:
        self.said.append(phase)

    def end(self) -> None:
        self.said.append("the end")


def made(
    *pages: Any,
    request: Request | None = None,
    fail_on: str = "never",
    vnet: str | None = None,
    inventory: Pages | None = None,
    talk: Heard | None = None,
) -> Listing:
    asked: Any = inventory or Pages(*pages)
    heard: Any = talk or Heard()
    return listing.make(asked, graph.clusters(SUBSCRIPTIONS, None), vnet, request, fail_on=fail_on, talk=heard)


def names(rows: Sequence[Json]) -> list[str]:
    return [row["name"] for row in rows]


def shouted(cluster: Cluster) -> Cluster:
    """The same cluster, as Azure may spell its id another time."""
    document = {**cluster.document, "id": cluster.id.upper()}
    return Cluster(replace(cluster.snapshot, cluster=document))


class TestTheRows:
    def test_are_of_every_cluster_of_every_page_by_id(self, clusters: Sequence[Cluster]) -> None:
        found = made(clusters[9:11], clusters[1:3], clusters[5:6])
        assert names(found.rows) == [f"aks-fleet-{number:04}" for number in (1, 2, 5, 9, 10)]

    def test_are_the_same_whichever_page_came_first(self, clusters: Sequence[Cluster]) -> None:
        pages = (clusters[1:4], clusters[4:8], clusters[8:])
        assert made(*pages, request=TO_UDR).rows == made(*pages[::-1], request=TO_UDR).rows

    def test_have_a_cluster_once_that_is_told_on_two_pages(self, clusters: Sequence[Cluster]) -> None:
        assert names(made(clusters[1:3], clusters[2:4]).rows) == names(made(clusters[1:4]).rows)

    def test_have_a_cluster_once_whatever_the_case_of_its_id(self, clusters: Sequence[Cluster]) -> None:
        (row,) = made([clusters[1]], [shouted(clusters[1])]).rows
        assert row["id"].lower() == clusters[1].id.lower()

    @pytest.mark.parametrize("pages", [(), ([],), ([], [])])
    def test_of_nothing_are_none_and_all_is_well(self, pages: tuple[list[Cluster], ...]) -> None:
        assert made(*pages, request=TO_UDR, fail_on="warning") == Listing([], ExitCode.OK)

    @pytest.mark.parametrize("vnet", [None, "managed", "byo"])
    def test_are_of_the_kind_of_vnet_that_the_inventory_is_asked_for(self, vnet: str | None) -> None:
        inventory = Pages()
        made(vnet=vnet, inventory=inventory)
        assert inventory.asked == [(vnet, False)]


class TestTheJudgement:
    def test_is_of_each_cluster_where_a_type_is_asked_for(self, clusters: Sequence[Cluster]) -> None:
        inventory = Pages([clusters[number] for number in VERDICTS])
        found = made(inventory=inventory, request=TO_UDR)
        assert [row["verdict"] for row in found.rows] == list(VERDICTS.values())
        assert all(row["fullCheck"].endswith(f" --to {UDR}") for row in found.rows)
        assert inventory.asked == [(None, True)]

    def test_is_none_where_no_type_is_asked_for(
        self, clusters: Sequence[Cluster], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("azext_aksegress.report.of", lambda *_: pytest.fail("a cluster is judged"))
        inventory = Pages(clusters[1:])
        found = made(inventory=inventory, fail_on="warning")
        assert {row["verdict"] for row in found.rows} == {None}
        assert found.code == ExitCode.OK
        assert inventory.asked == [(None, False)]


class TestTheExitCode:
    @pytest.mark.parametrize(
        ("numbers", "fail_on", "code"),
        [
            pytest.param((1, 5, 7, 13), "never", 0, id="0 where nothing fails it"),
            pytest.param((5, 13), "blocked", 0, id="0 where none is blocked"),
            pytest.param((13, 1, 5), "blocked", 4, id="4 where one is blocked"),
            pytest.param((5, 7, 13), "blocked", 5, id="5 where one is undetermined"),
            pytest.param((7, 1), "blocked", 4, id="4 before 5"),
            pytest.param((1, 7), "blocked", 4, id="4 before 5, whichever came first"),
            pytest.param((5,), "warning", 4, id="4 on warnings where they fail it"),
        ],
    )
    def test_is_that_of_the_worst_cluster(
        self, clusters: Sequence[Cluster], numbers: Sequence[int], fail_on: str, code: int
    ) -> None:
        pages = [[clusters[number]] for number in numbers]
        assert made(*pages, request=TO_UDR, fail_on=fail_on).code == ExitCode(code)


class TestClustersThatDoNotCome:
    @pytest.mark.parametrize("fail_on", ["never", "blocked", "warning"])
    def test_make_an_error_of_what_came_before_which_is_kept(self, clusters: Sequence[Cluster], fail_on: str) -> None:
        found = made(clusters[1:3], clusters[5:6], LOST, request=TO_UDR, fail_on=fail_on)
        assert names(found.rows) == ["aks-fleet-0001", "aks-fleet-0002", "aks-fleet-0005"]
        assert (found.code, found.cut_short) == (ExitCode.ERROR, "no more pages")

    @pytest.mark.parametrize("pages", [(LOST,), ([], LOST)])
    def test_are_raised_where_no_other_came(self, pages: tuple[Any, ...]) -> None:
        with pytest.raises(Incomplete, match="no more pages"):
            made(*pages)

    def test_are_raised_where_there_is_no_sign_in_any_more(self, clusters: Sequence[Cluster]) -> None:
        with pytest.raises(SignInFailed):
            made(clusters[1:3], SignInFailed(ValueError("expired")))

    def test_are_none_where_all_came(self, clusters: Sequence[Cluster]) -> None:
        assert made(clusters[1:]).cut_short is None

    def test_are_others_than_parts_that_are_missing_which_are_no_error(self, clusters: Sequence[Cluster]) -> None:
        found = made(inventory=Pages(clusters[1:3], missing={"locks": "forbidden"}))
        assert (found.code, found.missing) == (ExitCode.OK, {"locks": "forbidden"})


class TestTheProgress:
    def test_says_how_many_clusters_came(self, clusters: Sequence[Cluster]) -> None:
        talk = Heard()
        made(clusters[1:3], clusters[3:6], talk=talk)
        assert talk.said == ["2 clusters", "5 clusters", "the end"]

    def test_counts_a_cluster_once(self, clusters: Sequence[Cluster]) -> None:
        talk = Heard()
        made(clusters[1:3], clusters[2:4], talk=talk)
        assert talk.said[-2:] == ["3 clusters", "the end"]

    @pytest.mark.parametrize("failure", [LOST, SignInFailed(ValueError("expired")), ValueError("a defect")])
    def test_ends_before_an_error_is_said(self, failure: Exception) -> None:
        talk = Heard()
        with pytest.raises(type(failure)):
            made(failure, talk=talk)
        assert talk.said == ["the end"]


class TestThePython:
    """What a process is told for the time of a listing."""

    @pytest.mark.parametrize("end", [None, LOST])
    def test_goes_on_as_before(self, clusters: Sequence[Cluster], end: Exception | None) -> None:
        before = (gc.get_threshold(), sys.getswitchinterval())
        with suppress(Incomplete):
            made(*([clusters[1:2]] if end is None else [end]))
        assert (gc.get_threshold(), sys.getswitchinterval()) == before

    def test_keeps_nothing_of_a_page_but_its_rows(self, clusters: Sequence[Cluster]) -> None:
        page = [cluster.snapshot for cluster in clusters[1:4]]
        inventory = Pages()
        inventory.batches = lambda *_: iter([page])  # type: ignore[method-assign]
        assert len(made(inventory=inventory).rows) == 3
        assert page == []
