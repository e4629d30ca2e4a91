"""A fleet in a real az: which clusters are listed, what is said of each, in which order, and how the command ends."""

from __future__ import annotations

from collections import Counter
from typing import Any, Callable, Mapping

import pytest

from tests.armsim.arm import Arm
from tests.armsim.cli import Az, Result
from tests.armsim.estate import OTHER_SUBSCRIPTION, SUBSCRIPTION
from tests.armsim.estate_fleet import KINDS, fleet
from tests.armsim.terminal import on_a_terminal
from tests.builders import Shop

Serve = Callable[[Shop], Arm]
UDR = ("--to", "userDefinedRouting")
LIST = ("aks", "egress", "list")
WORDS = {
    "ready": "ready",
    "readyWithWarnings": "with warnings",
    "nothingToDo": "with nothing to do",
    "undetermined": "undetermined",
    "blocked": "blocked",
}


def shops(clusters: int) -> Shop:
    """A shop whose cluster can go through its firewall, among a fleet."""
    shop = Shop.byo().routed()
    fleet(shop.estate, clusters)
    return shop


def named(result: Result) -> list[str]:
    return [row["name"] for row in result.json]


def by_name(result: Result) -> dict[str, Mapping[str, Any]]:
    return {row["name"]: row for row in result.json}


def listed(az: Az, *words: str) -> Result:
    result = az(*LIST, *words)
    assert result.code == 0, result.err
    return result


class TestWhichClusters:
    def test_those_of_todays_subscription_where_nothing_is_said(self, each_az: Az, serve: Serve) -> None:
        serve(shops(3 * len(KINDS)))
        rows = listed(each_az).json
        assert {row["subscriptionId"] for row in rows} == {SUBSCRIPTION}
        assert len(rows) == 2 * len(KINDS) + 1

    def test_those_of_all_subscriptions(self, each_az: Az, serve: Serve) -> None:
        serve(shops(3 * len(KINDS)))
        rows = listed(each_az, "--all-subscriptions").json
        assert {row["subscriptionId"] for row in rows} == {SUBSCRIPTION, OTHER_SUBSCRIPTION}
        assert len(rows) == 3 * len(KINDS) + 1

    @pytest.mark.parametrize("given", [OTHER_SUBSCRIPTION, "local 2222", "LOCAL 2222"])
    def test_those_of_a_subscription_by_id_and_by_name(self, az: Az, serve: Serve, given: str) -> None:
        serve(shops(3 * len(KINDS)))
        rows = listed(az, "--subscriptions", given).json
        assert {row["subscriptionId"] for row in rows} == {OTHER_SUBSCRIPTION}
        assert len(rows) == len(KINDS)

    def test_those_of_several_subscriptions_each_once(self, each_az: Az, serve: Serve) -> None:
        serve(shops(3 * len(KINDS)))
        rows = listed(each_az, "--subscriptions", "local 2222", SUBSCRIPTION, "local 1111").json
        assert len(rows) == len({row["id"] for row in rows}) == 3 * len(KINDS) + 1

    def test_those_of_a_resource_group_in_any_letter_case(self, each_az: Az, serve: Serve) -> None:
        serve(shops(2 * len(KINDS)))
        rows = listed(each_az, "-g", "RG-fleet-001").json
        assert {row["resourceGroup"].lower() for row in rows} == {"rg-fleet-001"}
        assert len(rows) == len(KINDS)

    @pytest.mark.parametrize("kind", ["managed", "byo"])
    def test_those_in_a_kind_of_vnet(self, az: Az, serve: Serve, kind: str) -> None:
        serve(shops(len(KINDS)))
        everyone = listed(az).json
        assert listed(az, "--vnet-type", kind).json == [row for row in everyone if row["vnet"] == kind]

    @pytest.mark.parametrize("words", [(), UDR, ("-g", "rg-nobody")])
    def test_none_where_none_is_there(self, each_az: Az, serve: Serve, words: tuple[str, ...]) -> None:
        serve(Shop() if "-g" not in words else shops(0))
        result = listed(each_az, *words)
        assert result.json == []
        assert "0 clusters" in result.err


class TestWhatARowSays:
    def test_how_a_cluster_goes_out_and_no_verdict_where_nothing_is_asked(self, each_az: Az, serve: Serve) -> None:
        serve(shops(0))
        (row,) = listed(each_az).json
        assert (row["outboundType"], row["vnet"], row["location"]) == ("loadBalancer", "byo", "westeurope")
        assert (row["name"], row["resourceGroup"], row["subscriptionId"]) == ("aks-shop", "rg-shop", SUBSCRIPTION)
        assert (row["verdict"], row["blockers"], row["warnings"], row["unknowns"]) == (None, [], [], [])

    def test_the_egress_addresses_are_those_of_show(self, az: Az, serve: Serve) -> None:
        serve(shops(len(KINDS)))
        for row in listed(az).json:
            shown = az.must("aks", "egress", "show", "--ids", row["id"]).json["egress"]
            assert set(row["egressIps"]) == set(shown["egressIps"]), row["name"]

    def test_the_command_of_a_row_judges_its_cluster_in_full(self, az: Az, serve: Serve) -> None:
        serve(shops(0))
        (row,) = listed(az, *UDR).json
        assert row["unknowns"] != []
        done = az.shell(f"{row['fullCheck']} --fail-on never --query findings[].outcome -o tsv")
        assert done.code == 0, done.err
        assert "unknown" not in done.out.split()

    def test_the_findings_are_those_of_check_but_for_what_is_unread(self, az: Az, serve: Serve) -> None:
        serve(shops(len(KINDS)))
        rows = {row["id"].lower(): row for row in listed(az, *UDR).json}
        checked = az.must("aks", "egress", "check", "--ids", *rows, *UDR, "--fail-on", "never").json
        assert len(checked) == len(rows)
        for report in checked:
            row = rows[report["cluster"]["id"].lower()]
            for key, outcome in (("blockers", "fail"), ("warnings", "warn")):
                known = {found["id"] for found in report["findings"] if found["outcome"] == outcome}
                assert set(row[key]) - known == set(), row["name"]
                assert known - set(row[key]) <= set(row["unknowns"]), row["name"]
            if report["verdict"] == "blocked":
                assert row["verdict"] in ("blocked", "undetermined"), row["name"]

    def test_each_verdict_and_its_blockers(self, each_az: Az, serve: Serve) -> None:
        serve(shops(len(KINDS)))
        rows = by_name(listed(each_az, *UDR))
        assert (rows["aks-shop"]["verdict"], rows["aks-shop"]["blockers"]) == ("readyWithWarnings", [])
        assert (rows["aks-fleet-0001"]["verdict"], rows["aks-fleet-0001"]["blockers"][0]) == ("blocked", "EGR101")
        assert (rows["aks-fleet-0008"]["verdict"], rows["aks-fleet-0008"]["blockers"]) == ("blocked", ["EGR201"])
        assert (rows["aks-fleet-0010"]["verdict"], rows["aks-fleet-0010"]["blockers"]) == ("blocked", ["EGR202"])
        assert (rows["aks-fleet-0007"]["verdict"], rows["aks-fleet-0013"]["verdict"]) == ("undetermined", "nothingToDo")


class TestHowItEnds:
    @pytest.mark.parametrize(
        ("words", "code"),
        [
            pytest.param((*UDR,), 0, id="with 0 whatever is found"),
            pytest.param((*UDR, "--fail-on", "never"), 0, id="with 0 where nothing fails it"),
            pytest.param((*UDR, "--fail-on", "blocked"), 4, id="with 4 where one is blocked"),
            pytest.param((*UDR, "--fail-on", "warning"), 4, id="with 4 where one is warned of"),
        ],
    )
    def test_it_ends(self, each_az: Az, serve: Serve, words: tuple[str, ...], code: int) -> None:
        serve(shops(len(KINDS)))
        result = each_az(*LIST, *words)
        assert (result.code, len(result.json)) == (code, len(KINDS) + 1), result.err

    @pytest.mark.parametrize(("fail_on", "code"), [("blocked", 0), ("warning", 4)])
    def test_a_warning_is_a_failure_only_where_that_is_asked_for(
        self, az: Az, serve: Serve, fail_on: str, code: int
    ) -> None:
        serve(shops(0))
        result = az(*LIST, *UDR, "--fail-on", fail_on)
        assert (result.code, result.json[0]["verdict"]) == (code, "readyWithWarnings")

    def test_an_undetermined_cluster_ends_with_5(self, each_az: Az, serve: Serve) -> None:
        arm = serve(shops(0))
        arm.forbid(next(key for key in arm.estate.resources if key.endswith("/routetables/rt-snet-apps")))
        result = each_az(*LIST, *UDR, "--fail-on", "blocked")
        assert (result.code, result.json[0]["verdict"]) == (5, "undetermined")

    @pytest.mark.parametrize(
        ("words", "code", "says"),
        [
            (("--subscriptions", "nobody's"), 1, ("No subscription is called nobody's", "az account list")),
            (("--subscriptions", SUBSCRIPTION, "--all-subscriptions"), 2, ("one of --subscriptions and",)),
            (("--fail-on", "blocked"), 2, ("--fail-on judges a change: add --to",)),
            (("--to", "somewhere"), 2, ("somewhere",)),
            (("--vnet-type", "none"), 2, ("none",)),
        ],
    )
    def test_a_wrong_command_is_told_what_is_wrong_and_asks_nothing(
        self, each_az: Az, serve: Serve, words: tuple[str, ...], code: int, says: tuple[str, ...]
    ) -> None:
        arm = serve(shops(0))
        result = each_az(*LIST, *words)
        assert (result.code, result.out, arm.journal) == (code, "", [])
        assert all(text in result.err for text in says), result.err


class TestWhatAPersonSees:
    def test_rows_in_the_order_of_their_ids_and_the_same_each_time(self, each_az: Az, serve: Serve) -> None:
        serve(shops(3 * len(KINDS)))
        words = ("--all-subscriptions", *UDR)
        one, other = listed(each_az, *words), listed(each_az, *words)
        assert (one.out, one.err) == (other.out, other.err)
        ids = [row["id"].lower() for row in one.json]
        assert ids == sorted(ids)

    def test_a_sum_on_stderr_that_is_that_of_the_rows(self, each_az: Az, serve: Serve) -> None:
        serve(shops(2 * len(KINDS)))
        result = listed(each_az, *UDR)
        counts = Counter(row["verdict"] for row in result.json)
        said = " · ".join(f"{counts[verdict]} {words}" for verdict, words in WORDS.items() if counts[verdict])
        assert said in result.err.splitlines()
        told = {found for row in result.json for found in row["unknowns"]}
        assert f"Resource Graph does not tell all: {', '.join(sorted(told))}." in " ".join(
            result.err.split()
        )  # lines that wrap

    def test_nothing_on_stderr_where_only_errors_are_wanted(self, az: Az, serve: Serve) -> None:
        serve(shops(len(KINDS)))
        assert listed(az, *UDR, "--only-show-errors").err == ""

    @pytest.mark.parametrize("words", [(), UDR], ids=["listed", "judged"])
    def test_a_table_of_100_columns_however_long_a_name_is(
        self, each_az: Az, serve: Serve, words: tuple[str, ...]
    ) -> None:
        shop = shops(len(KINDS))
        shop.estate.cluster("aks-" + "long-" * 11)
        serve(shop)
        lines = listed(each_az, *words, "-o", "table").out.splitlines()
        assert len(lines) == len(KINDS) + 4
        assert max(map(len, lines)) <= 100
        assert any("aks-long" in line for line in lines)

    def test_a_line_a_cluster_on_a_terminal(self, az: Az, serve: Serve) -> None:
        serve(shops(len(KINDS)))
        result = on_a_terminal(az, *LIST, *UDR)
        rows = [line for line in result.out.splitlines() if line.startswith("aks-")]
        assert (result.code, len(rows)) == (0, len(KINDS) + 1)
        assert max(map(len, rows)) <= 100


def test_nobody_is_asked_once_a_cluster(each_az: Az, serve: Serve) -> None:
    shop = shops(100)
    arm = serve(shop)
    assert len(listed(each_az, "--all-subscriptions", *UDR).json) == 101
    assert len(arm.journal) <= 20
    assert {request.method for request in arm.journal} == {"POST"}
    assert arm.writes == []
