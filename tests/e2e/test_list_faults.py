"""A fleet whose queries go wrong: what is left is listed, what is missing is told, and nothing gets better by it."""

from __future__ import annotations

import signal
import subprocess
import time
from dataclasses import dataclass
from typing import Any, Callable, Mapping

import pytest

from azext_aksegress.graph import CLUSTER_COLUMNS, IN_GROUPS_SUBNETS
from tests.armsim.arm import Answer, Arm, Refusal
from tests.armsim.cli import Az, Result
from tests.armsim.estate_fleet import KINDS, fleet
from tests.armsim.faults import BadJson, CutShort, Fault, Latency, Throttled
from tests.armsim.graph_quota import Quota
from tests.armsim.messages import Json
from tests.armsim.terminal import on_a_terminal
from tests.builders import Shop

Serve = Callable[[Shop], Arm]
GRAPH = "resourceGraph/resources"
LIST = ("aks", "egress", "list", "--to", "userDefinedRouting")
FOR_EVER = 10_000
CLUSTERS = "'microsoft.containerservice/managedclusters'"


@dataclass(frozen=True)
class Part:
    """What is asked for beside clusters: how stderr calls it, a text of its queries, and a check of the shop's cluster
    that is lost with it."""

    about: str
    asking: str
    check: str


PARTS = (
    Part("virtual networks", "'microsoft.network/virtualnetworks'", "EGR201"),
    Part("addresses and load balancers", "'microsoft.network/loadbalancers'", "EGR208"),
    Part("route tables, NAT gateways and security groups", "'microsoft.network/routetables'", "EGR202"),
    Part("firewalls", "'microsoft.network/azurefirewalls'", "EGR204"),
    Part("locks", "'microsoft.authorization/locks'", "EGR501"),
)
FAULTS: Mapping[str, Fault] = {
    "refused": Refusal(403, "AuthorizationFailed", "The client may not do that."),
    "throttled": Throttled(),
    "broken": Refusal(500, "InternalServerError", "Something went wrong."),
    "no JSON": BadJson(),
    "cut short": CutShort(said=True),
    "cut short in silence": CutShort(said=False),
}
GOOD = {"ready": 0, "readyWithWarnings": 1, "nothingToDo": 1}
"""How good a verdict is; what is not in it is no reason to go on."""


def shops(clusters: int = len(KINDS)) -> Shop:
    shop = Shop.byo().routed()
    fleet(shop.estate, clusters)
    return shop


def by_name(result: Result) -> dict[str, Json]:
    return {row["name"]: row for row in result.json}


def page(*rows: Any, token: str | None = None) -> Answer:
    """A page of Resource Graph as somebody else would have it."""
    body = {"totalRecords": len(rows), "count": len(rows), "data": list(rows), "resultTruncated": "false"}
    return Answer({**body, **({"$skipToken": token} if token else {})})


def row(document: Json) -> Json:
    """The row of a cluster, as it is asked for."""
    columns = {name: document["properties"].get(name) for name in CLUSTER_COLUMNS}
    return {**{key: value for key, value in document.items() if key != "properties"}, **columns}


class TestAPartThatIsNotRead:
    @pytest.mark.parametrize("fault", FAULTS)
    @pytest.mark.parametrize("part", PARTS, ids=lambda part: part.about)
    def test_is_unknown_and_told_and_makes_no_verdict_better(
        self, quick_az: Az, serve: Serve, part: Part, fault: str
    ) -> None:
        if part.about == "locks" and fault == "cut short in silence":
            pytest.skip("Resource Graph has no rows of locks that could be left out")
        arm = serve(shops())
        sound = by_name(quick_az.must(*LIST))
        arm.fault("POST", GRAPH, FAULTS[fault], times=FOR_EVER, asking=part.asking)
        result = quick_az(*LIST)
        assert result.code == 0, result.err
        rows = by_name(result)
        assert list(rows) == list(sound)
        assert f"Not read: {part.about}." in result.err
        assert "Traceback" not in result.err
        assert part.check in rows["aks-shop"]["unknowns"]
        for name, row in rows.items():
            assert GOOD.get(row["verdict"], 2) >= GOOD.get(sound[name]["verdict"], 2), name
            assert set(row["blockers"]) <= set(sound[name]["blockers"]), name

    def test_is_one_of_several_that_are_all_told(self, quick_az: Az, serve: Serve) -> None:
        arm = serve(shops())
        for part in PARTS:
            arm.fault("POST", GRAPH, FAULTS["refused"], times=FOR_EVER, asking=part.asking)
        result = quick_az(*LIST, "--fail-on", "blocked")
        assert [line.partition(". ")[0] for line in result.err.splitlines() if line.startswith("Not read")] == [
            f"Not read: {about}"
            for about in sorted((IN_GROUPS_SUBNETS, *(part.about for part in PARTS[:2] + PARTS[4:])))
        ]
        assert {row["verdict"] for row in result.json} <= {"blocked", "undetermined", "nothingToDo"}
        assert result.code == 4

    def test_is_told_by_the_oldest_az_too(self, prepared: Callable[[str], Az], serve: Serve) -> None:
        arm = serve(shops(0))
        arm.fault("POST", GRAPH, FAULTS["refused"], times=FOR_EVER, asking="'microsoft.network/routetables'")
        result = prepared("2.56.0")(*LIST)
        assert (result.code, result.json[0]["verdict"]) == (0, "undetermined")
        assert "Not read: route tables, NAT gateways and security groups." in result.err

    def test_is_not_told_where_only_errors_are_wanted_but_stays_unknown(self, az: Az, serve: Serve) -> None:
        arm = serve(shops(0))
        arm.fault("POST", GRAPH, FAULTS["refused"], times=FOR_EVER, asking="'microsoft.network/routetables'")
        result = az(*LIST, "--only-show-errors")
        assert (result.code, result.err) == (0, "")
        assert "EGR202" in result.json[0]["unknowns"]


class TestClusters:
    @pytest.mark.parametrize("fault", ["refused", "throttled", "broken", "no JSON"])
    def test_that_cannot_be_listed_at_all_are_an_error_with_a_cure(
        self, quick_az: Az, serve: Serve, fault: str
    ) -> None:
        arm = serve(shops())
        arm.fault("POST", GRAPH, FAULTS[fault], times=FOR_EVER, asking=CLUSTERS)
        result = quick_az(*LIST)
        assert (result.code, result.out) == (1, "")
        assert "ERROR: Resource Graph lists not every cluster: " in result.err
        assert "with --subscriptions or --resource-group" in result.err
        assert "Traceback" not in result.err

    def test_that_cannot_be_listed_are_the_same_error_in_each_az(self, each_az: Az, serve: Serve) -> None:
        arm = serve(shops(0))
        arm.fault("POST", GRAPH, FAULTS["refused"], times=FOR_EVER, asking=CLUSTERS)
        result = each_az(*LIST)
        assert (result.code, result.out) == (1, "")
        assert "The client may not do that." in result.err

    @pytest.mark.parametrize("fault", FAULTS)
    def test_of_the_first_page_are_listed_where_the_second_is_not_read(
        self, quick_az: Az, serve: Serve, fault: str
    ) -> None:
        shop = shops()
        arm = serve(shop)
        arm.fault("POST", GRAPH, page(row(shop.document), token="next"), asking=CLUSTERS)
        arm.fault("POST", GRAPH, FAULTS[fault], times=FOR_EVER, skip=1, asking=CLUSTERS)
        result = quick_az(*LIST)
        assert (result.code, list(by_name(result))[:1]) == (1, ["aks-shop"]) or fault.startswith("cut short")
        assert result.code == 1
        assert "There may be more clusters. Resource Graph lists not every cluster" in result.err
        assert by_name(result)["aks-shop"]["verdict"] == "readyWithWarnings"

    @pytest.mark.parametrize("fault", ["cut short", "cut short in silence"])
    def test_of_an_answer_that_is_cut_short_are_listed_and_said_not_to_be_all(
        self, az: Az, serve: Serve, fault: str
    ) -> None:
        arm = serve(shops())
        arm.fault("POST", GRAPH, FAULTS[fault], times=FOR_EVER, asking=CLUSTERS)
        result = az(*LIST)
        assert (result.code, len(result.json)) == (1, (len(KINDS) + 1) // 2)
        assert "There may be more clusters." in result.err

    def test_are_each_listed_once_where_pages_go_in_circles(self, az: Az, serve: Serve) -> None:
        shop = shops()
        arm = serve(shop)
        arm.fault("POST", GRAPH, page(row(shop.document), token="again"), times=FOR_EVER, asking=CLUSTERS)
        result = az(*LIST)
        assert (result.code, [row["name"] for row in result.json]) == (1, ["aks-shop"])
        assert "the pages have no end" in result.err
        assert len(arm.journal) <= 20

    def test_without_an_id_are_left_out(self, az: Az, serve: Serve) -> None:
        shop = shops()
        arm = serve(shop)
        nobody = {**shop.document, "id": None, "name": "nobody"}
        arm.fault("POST", GRAPH, page(row(nobody), {}, row(shop.document)), asking=CLUSTERS)
        result = az(*LIST)
        assert (result.code, [row["name"] for row in result.json]) == (0, ["aks-shop"]), result.err

    @pytest.mark.parametrize("rows", [["aks-shop"], [None], [[]]])
    def test_that_are_no_rows_are_an_error(self, az: Az, serve: Serve, rows: list[Any]) -> None:
        arm = serve(shops())
        arm.fault("POST", GRAPH, page(*rows), asking=CLUSTERS)
        result = az(*LIST)
        assert (result.code, result.out) == (1, "")
        assert "the answer is not a list" in result.err
        assert "Traceback" not in result.err

    @pytest.mark.parametrize("found", ["x", "/subscriptions/", "/a/b/c", 7, "/subscriptions/../..", "\x1b]0;x\x07"])
    def test_whose_id_is_none_end_in_no_traceback(self, az: Az, serve: Serve, found: Any) -> None:
        shop = shops(0)
        arm = serve(shop)
        arm.fault("POST", GRAPH, page({**row(shop.document), "id": found}, {"id": found}), asking=CLUSTERS)
        result = az(*LIST)
        assert result.code in (0, 1)
        assert "Traceback" not in result.err
        assert "\x1b" not in result.err
        assert all(row["verdict"] != "ready" for row in result.json if row["id"] == found)

    def test_with_names_that_would_end_a_query_or_move_a_cursor_are_rows_like_others(
        self, az: Az, serve: Serve
    ) -> None:
        shop = shops(0)
        network = shop.estate.vnet("vnet'", ["snet' or 1==1"])
        shop.estate.cluster("aks-'\x1b[2J", pools={"system": network["snet' or 1==1"]})
        serve(shop)
        result = az(*LIST)
        assert (result.code, len(result.json)) == (0, 2), result.err
        assert "Not read" not in result.err
        assert by_name(result)["aks-shop"]["verdict"] == "readyWithWarnings"
        assert by_name(result)["aks-'\x1b[2J"]["blockers"] == ["EGR201"]
        for words in (("-o", "table"), ("-o", "tsv"), ()):
            assert "\x1b[2J" not in on_the_screen(az, *words)

    def test_in_a_network_whose_name_no_azure_gives_are_undetermined(self, az: Az, serve: Serve) -> None:
        shop = shops(0)
        network = shop.estate.vnet("vnet-\\\x1b[2J", ["snet"])
        shop.estate.cluster("aks-other", pools={"system": network["snet"]})
        serve(shop)
        rows = by_name(az.must(*LIST))
        assert (rows["aks-other"]["verdict"], rows["aks-shop"]["verdict"]) == ("undetermined", "readyWithWarnings")


def on_the_screen(az: Az, *words: str) -> str:
    """What a terminal gets, with all that would move its cursor."""
    seen: list[str] = []
    on_a_terminal(az, *LIST, *words, echo=seen.append)
    return "".join(seen)


class TestAServiceThatIsBusy:
    @pytest.mark.parametrize("asking", [CLUSTERS, *(part.asking for part in PARTS)])
    def test_for_a_moment_is_waited_for(self, quick_az: Az, serve: Serve, asking: str) -> None:
        arm = serve(shops())
        sound = quick_az.must(*LIST)
        arm.fault("POST", GRAPH, Throttled(2), times=2, asking=asking)
        result = quick_az(*LIST)
        assert (result.code, result.out, result.err) == (0, sound.out, sound.err)

    def test_for_longer_than_anybody_waits_is_not(self, az: Az, serve: Serve) -> None:
        arm = serve(shops())
        arm.fault("POST", GRAPH, throttled("01:00:00"), times=FOR_EVER, asking=CLUSTERS)
        result = az(*LIST)
        assert (result.code, result.out) == (1, "")
        assert "too busy for this caller" in result.err
        assert len(arm.journal) == 1

    def test_is_never_asked_for_more_than_it_gives(self, each_az: Az, serve: Serve) -> None:
        arm = serve(shops())
        arm.graph_quota = Quota()
        sound = each_az.must(*LIST)
        for _ in range(2):  # more than 15 queries in all
            again = each_az(*LIST)
            assert (again.code, again.out, "Not read" in again.err) == (0, sound.out, False)
        assert len(arm.journal) > 15

    def test_that_gives_little_at_a_time_still_tells_all(self, az: Az, serve: Serve) -> None:
        arm = serve(shops())
        sound = az.must(*LIST)
        arm.graph_quota = Quota(limit=2, window=1.0)
        result = az(*LIST)
        assert (result.code, result.out, result.err) == (0, sound.out, sound.err)


def throttled(resets_after: str) -> Answer:
    """429, with the one header that says when it is over."""
    found = Refusal(429, "RateLimiting", "Client application has been throttled.").answer
    found.headers.update({"x-ms-user-quota-remaining": "0", "x-ms-user-quota-resets-after": resets_after})
    return found


def test_an_answer_that_would_be_too_large_comes_in_smaller_pages(az: Az, serve: Serve) -> None:
    shop = shops(100)
    for row in shop.estate.resources.values():
        if row["type"].endswith("/managedClusters"):
            row["tags"] = {"note": "x" * 300_000}
    arm = serve(shop)
    result = az(*LIST, "--all-subscriptions")
    assert (result.code, len(result.json)) == (0, 101), result.err
    tops = [request.body["options"]["$top"] for request in arm.journal if CLUSTERS in request.body["query"].lower()]
    assert min(tops) < 100
    assert len(arm.journal) <= 60


class TestCtrlC:
    def test_ends_it_while_it_waits_for_its_turn(self, az: Az, serve: Serve) -> None:
        arm = serve(shops())
        arm.fault("POST", GRAPH, Throttled(50), times=FOR_EVER)
        result = on_a_terminal(az, *LIST, interrupt_at="as Resource Graph asks", seconds=15)
        assert result.code == 1
        assert "Traceback" not in result.out
        assert len(arm.journal) == 1

    def test_ends_it_while_an_answer_is_on_its_way(self, az: Az, serve: Serve) -> None:
        arm = serve(shops())
        arm.fault("POST", GRAPH, Latency(20), times=FOR_EVER, asking="'microsoft.network/routetables'")
        process = az.start(*LIST)
        try:
            wait_until(lambda: any("routetables" in request.body["query"] for request in arm.journal), process)
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 1
        finally:
            process.kill()
            process.wait()


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    while not condition():
        assert process.poll() is None
        time.sleep(0.05)
