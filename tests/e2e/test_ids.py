"""Several clusters in one command: each has its row, the worst exit code wins, and the reports come once, after all."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from tests.armsim.arm import Arm, Refusal
from tests.armsim.cli import Az
from tests.armsim.estate import cluster_id
from tests.armsim.terminal import on_a_terminal
from tests.builders import Shop

LB, UANAT, UDR = "loadBalancer", "userAssignedNATGateway", "userDefinedRouting"
SHOP, TWO, GONE = cluster_id("aks-shop"), cluster_id("aks-two"), cluster_id("aks-gone")
Serve = Callable[[Shop], Arm]


def two_clusters() -> Shop:
    """`aks-shop` on userDefinedRouting, ready for more; `aks-two` in a VNet that AKS made."""
    shop = Shop.byo(UDR)
    shop.estate.cluster("aks-two")
    return shop


def by_name(rows: Any) -> dict[str, Any]:
    """The rows of clusters by name, and of those that failed by the name in their id."""
    return {(row["cluster"]["id"] if "cluster" in row else row["id"]).rpartition("/")[2]: row for row in rows}


class TestCheck:
    def test_a_blocked_one_beside_one_without_anything_to_do_is_4(self, each_az: Az, serve: Serve) -> None:
        serve(two_clusters())
        result = each_az("aks", "egress", "check", "--ids", SHOP, TWO, "--to", UDR)
        assert result.code == 4
        assert {name: row["verdict"] for name, row in by_name(result.json).items()} == {
            "aks-shop": "nothingToDo",
            "aks-two": "blocked",
        }

    def test_a_missing_one_is_a_row_and_3_wins_over_4(self, each_az: Az, serve: Serve) -> None:
        serve(two_clusters())
        result = each_az("aks", "egress", "check", "--ids", GONE, TWO, "--to", UDR)
        assert result.code == 3
        rows = by_name(result.json)
        assert rows["aks-two"]["verdict"] == "blocked"
        assert {"id", "error"} <= set(rows["aks-gone"])
        assert rows["aks-gone"]["id"] == GONE
        assert "There is no cluster aks-gone" in rows["aks-gone"]["error"]
        assert "aks-gone" in result.err
        assert "Traceback" not in result.err

    def test_one_that_fails_otherwise_is_a_row_and_1_wins_over_3(self, az: Az, serve: Serve) -> None:
        arm = serve(two_clusters())
        arm.fault("GET", "/managedclusters/aks-two", Refusal(403, "AuthorizationFailed", "not for you"), times=9)
        result = az("aks", "egress", "check", "--ids", GONE, TWO, SHOP, "--to", UDR)
        assert result.code == 1
        rows = by_name(result.json)
        assert "not for you" in rows["aks-two"]["error"]
        assert rows["aks-shop"]["verdict"] == "nothingToDo"
        assert len(rows) == 3

    def test_only_failed_ones_are_rows_too(self, az: Az, serve: Serve) -> None:
        serve(two_clusters())
        result = az("aks", "egress", "check", "--ids", GONE, cluster_id("aks-lost"), "--to", UDR)
        assert result.code == 3
        assert set(by_name(result.json)) == {"aks-gone", "aks-lost"}

    def test_an_undetermined_one_beside_a_ready_one_is_5(self, az: Az, serve: Serve) -> None:
        shop = Shop.byo(UDR).gated()
        shop.estate.cluster("aks-two", UDR, pools={"system": shop.subnets["snet-system"]})
        serve(shop.forbid("snet-apps"))
        result = az("aks", "egress", "check", "--ids", SHOP, TWO, "--to", UANAT)
        assert result.code == 5
        assert sorted(row["verdict"] for row in result.json) == ["readyWithWarnings", "undetermined"]

    def test_without_a_target_each_row_names_its_cluster(self, az: Az, serve: Serve) -> None:
        serve(two_clusters())
        result = az("aks", "egress", "check", "--ids", SHOP, TWO)
        assert result.code == 0
        assert {row["clusterId"] for rows in result.json for row in rows} == {SHOP, TWO}

    def test_a_table_has_a_column_for_the_cluster_and_a_line_for_the_missing_one(self, az: Az, serve: Serve) -> None:
        serve(two_clusters())
        for words in (("--to", UDR), ()):
            result = az("aks", "egress", "check", "--ids", SHOP, TWO, GONE, *words, "-o", "table")
            assert result.code == 3
            header, _, *rows = result.out.splitlines()
            assert header.split()[0] == "Cluster"
            assert {row.split()[0] for row in rows} == {"aks-shop", "aks-two", "aks-gone"}

    def test_one_id_alone_is_no_list(self, az: Az, serve: Serve) -> None:
        serve(two_clusters())
        assert az("aks", "egress", "check", "--ids", TWO, "--to", UDR).json["verdict"] == "blocked"
        assert az("aks", "egress", "check", "--ids", GONE, "--to", UDR).out == ""

    def test_query_works_on_the_rows(self, az: Az, serve: Serve) -> None:
        serve(two_clusters())
        query = ("--query", "[?error].id", "-o", "tsv")
        result = az("aks", "egress", "check", "--ids", GONE, TWO, "--to", UDR, *query)
        assert (result.code, result.out.strip()) == (3, GONE)


class TestOnATerminal:
    def test_the_reports_come_once_after_all_and_nothing_else(self, each_az: Az, serve: Serve) -> None:
        serve(two_clusters())
        result = on_a_terminal(each_az, "aks", "egress", "check", "--ids", SHOP, GONE, TWO, "--to", UDR)
        assert result.code == 3
        assert "null" not in result.out
        assert result.out.count("Nothing to do: aks-shop") == 1
        assert result.out.count("Blocked: ") == 1
        assert result.out.count("There is no cluster aks-gone") == 1


class TestShow:
    def test_a_missing_one_is_a_row(self, az: Az, serve: Serve) -> None:
        serve(two_clusters())
        result = az("aks", "egress", "show", "--ids", SHOP, GONE)
        assert result.code == 3
        assert [row["egress"]["outboundType"] for row in result.json if "egress" in row] == [UDR]
        assert [row["id"] for row in result.json if "error" in row] == [GONE]


class TestMigrate:
    def moving(self) -> Shop:
        shop = Shop.byo(UDR).gated()
        shop.estate.cluster("aks-two", UDR, pools={"system": shop.subnets["snet-system"]})
        return shop

    def test_each_is_moved_with_a_write_and_a_record_of_its_own(self, each_az: Az, serve: Serve) -> None:
        arm = serve(self.moving())
        result = each_az("aks", "egress", "migrate", "--ids", SHOP, TWO, "--to", UANAT, "--yes")
        assert result.code == 0, result.err
        rows = by_name(result.json)
        assert {row["outcome"] for row in rows.values()} == {"applied"}
        assert sorted(request.path.rpartition("/")[2] for request in arm.writes) == ["aks-shop", "aks-two"]
        assert all(name in rows[name]["record"] for name in rows)
        assert "aks-two: sending the update" in result.err

    def test_what_stops_one_does_not_stop_the_other(self, az: Az, serve: Serve) -> None:
        shop = self.moving()
        arm = serve(shop)
        arm.fault("PUT", "/managedclusters/aks-two", Refusal(403, "LinkedAuthorizationFailed", "no join", by_arm=False))
        result = az("aks", "egress", "migrate", "--ids", SHOP, GONE, TWO, "--to", UANAT, "--yes")
        assert result.code == 1
        rows = by_name(result.json)
        assert rows["aks-shop"]["outcome"] == "applied"
        assert "(LinkedAuthorizationFailed) no join" in rows["aks-two"]["error"]
        assert "There is no cluster" in rows["aks-gone"]["error"]

    def test_a_blocked_one_beside_a_moved_one_is_4(self, az: Az, serve: Serve) -> None:
        shop = Shop.byo(UDR).gated()
        shop.estate.cluster("aks-two")
        arm = serve(shop)
        result = az("aks", "egress", "migrate", "--ids", SHOP, TWO, "--to", UANAT, "--yes")
        assert result.code == 4
        assert {name: row["outcome"] for name, row in by_name(result.json).items()} == {
            "aks-shop": "applied",
            "aks-two": "blocked",
        }
        assert len(arm.writes) == 1

    @pytest.mark.parametrize("again", [SHOP, SHOP.replace("aks-shop", "AKS-Shop").replace("rg-shop", "RG-Shop")])
    def test_one_that_is_named_twice_is_a_usage_error(self, each_az: Az, serve: Serve, again: str) -> None:
        arm = serve(self.moving())
        result = each_az("aks", "egress", "migrate", "--ids", SHOP, TWO, again, "--to", UANAT, "--yes")
        assert result.code == 2
        assert "is named twice" in result.err
        assert arm.journal == []

    def test_on_a_terminal_each_is_asked_for(self, az: Az, serve: Serve) -> None:
        arm = serve(self.moving())
        words = ("aks", "egress", "migrate", "--ids", SHOP, TWO, "--to", UANAT)
        result = on_a_terminal(az, *words, answer="y\nn")
        assert result.code == 1
        assert result.out.count("(y/N)") == 2
        assert result.out.count("Done: ") == 1
        assert result.out.count("nothing was sent") == 1
        assert len(arm.writes) == 1

    def test_ctrl_c_tells_of_each_that_azure_goes_on(self, az: Az, serve: Serve) -> None:
        arm = serve(self.moving())
        arm.operation_never_ends()
        words = ("aks", "egress", "migrate", "--ids", SHOP, TWO, "--to", UANAT, "--yes")
        result = on_a_terminal(az, *words, interrupt_at="Azure is changing the cluster")
        assert result.code == 1
        assert result.out.count("what was sent to Azure goes on there") >= 1
        assert "az aks egress show --ids" in result.out
        assert "Traceback" not in result.out

    @pytest.mark.parametrize("words", [(), ("-o", "table")])
    def test_nobody_to_ask_is_told_for_each(self, az: Az, serve: Serve, words: tuple[str, ...]) -> None:
        arm = serve(self.moving())
        result = az("aks", "egress", "migrate", "--ids", SHOP, TWO, "--to", UANAT, *words)
        assert result.code == 1
        assert result.out.count("no terminal to ask on") == 2
        assert arm.writes == []
