"""Reports in files, from a real az: written as a whole, refused before any work, and true however a command ends."""

from __future__ import annotations

import re
from pathlib import Path
from types import MappingProxyType
from typing import Callable, Mapping

import pytest

from tests.armsim.arm import Arm
from tests.armsim.cli import Az
from tests.armsim.estate import SUBSCRIPTION, cluster_id
from tests.armsim.terminal import on_a_terminal
from tests.builders import Shop

CLUSTER = ("-g", "rg-shop", "-n", "aks-shop")
UDR = ("--to", "userDefinedRouting")
Serve = Callable[[Shop], Arm]
_IP = re.compile(r"(?<![\d.])(?:10|20|52)(?:\.\d+){3}")


def egress(az: Az, *words: str) -> int:
    return az("aks", "egress", *words, "-o", "none").code


def read(az: Az, name: str) -> str:
    return (az.folder / name).read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def no_older_reports(az: Az) -> None:
    for file in (*az.folder.glob("*.md"), *az.folder.glob("*.html")):
        file.unlink()


class TestEachCommand:
    @pytest.mark.parametrize("name", ["r.md", "r.html"])
    def test_check_writes_its_findings(self, each_az: Az, serve: Serve, name: str) -> None:
        serve(Shop.byo().routed("snet-system"))
        assert egress(each_az, "check", *CLUSTER, *UDR, "--report", name) == 4
        text = read(each_az, name)
        assert "Blocked" in text
        assert "EGR201" in text
        assert "20.50.0.2" in text

    def test_says_where_its_report_is(self, az: Az, serve: Serve) -> None:
        serve(Shop.byo())
        words = ("aks", "egress", "check", *CLUSTER, *UDR, "--report", "r.md", "-o", "none")
        assert az(*words).err == "The report is in r.md.\n"
        assert az(*words, "--only-show-errors").err == ""

    def test_check_without_a_type_writes_a_row_for_each(self, az: Az, serve: Serve) -> None:
        serve(Shop.byo())
        assert egress(az, "check", *CLUSTER, "--report", "r.md") == 0
        assert "| blocked | userAssignedNATGateway |" in read(az, "r.md")

    def test_check_of_a_snapshot_needs_no_azure(self, az: Az, serve: Serve) -> None:
        arm = serve(Shop.byo())
        (az.folder / "snapshot.json").write_text(az("aks", "egress", "show", *CLUSTER, "-o", "json").out)
        arm.journal.clear()
        assert egress(az, "check", "--snapshot", "snapshot.json", *UDR, "--report", "r.html") == 4
        assert "EGR201" in read(az, "r.html")
        assert arm.journal == []

    def test_migrate_verify_and_rollback_write_what_became_of_it(self, quick_az: Az, serve: Serve) -> None:
        serve(Shop.byo().routed())
        assert egress(quick_az, "migrate", *CLUSTER, *UDR, "--dry-run", "--report", "plan.md") == 0
        assert "outboundType: loadBalancer" in read(quick_az, "plan.md")
        assert egress(quick_az, "migrate", *CLUSTER, *UDR, "--yes", "--report", "done.html") == 0
        assert "After the move, as found" in read(quick_az, "done.html")
        assert egress(quick_az, "verify", *CLUSTER, "--report", "proof.html") == 0
        assert "Verified." in read(quick_az, "proof.html")
        assert egress(quick_az, "rollback", *CLUSTER, "--yes", "--report", "back.md") == 0
        assert "Done: userDefinedRouting" in read(quick_az, "back.md")

    def test_a_blocked_migration_writes_why(self, az: Az, serve: Serve) -> None:
        arm = serve(Shop.byo())
        assert egress(az, "migrate", *CLUSTER, *UDR, "--yes", "--report", "r.md") == 4
        assert "Not sent, because of EGR201" in read(az, "r.md")
        assert arm.writes == []

    def test_a_plan_is_saved_beside_its_report(self, az: Az, serve: Serve) -> None:
        serve(Shop.byo().routed())
        words = ("--dry-run", "--out", "plan.json", "--report", "plan.md")
        assert egress(az, "migrate", *CLUSTER, *UDR, *words) == 0
        assert "--plan plan.json" in read(az, "plan.md")

    @pytest.mark.parametrize("to", [(), UDR], ids=["as it is", "judged"])
    def test_list_writes_a_row_for_each_cluster(self, az: Az, serve: Serve, to: tuple[str, ...]) -> None:
        shop = Shop.byo()
        shop.estate.cluster("aks-two")
        serve(shop)
        assert egress(az, "list", *to, "--report", "r.md") == 0
        text = read(az, "r.md")
        assert "| aks-shop |" in text
        assert "| aks-two |" in text


class TestOfSeveralClusters:
    def test_all_are_in_one_file_also_one_that_failed(self, az: Az, serve: Serve) -> None:
        shop = Shop.byo()
        shop.estate.cluster("aks-two")
        serve(shop)
        ids = [cluster_id(name) for name in ("aks-two", "aks-gone", "aks-shop")]
        assert egress(az, "check", "--ids", *ids, *UDR, "--report", "r.md") == 3
        titles = re.findall("^# (.*)$", read(az, "r.md"), re.MULTILINE)
        assert [title.split(":")[0] for title in titles] == ["aks-gone", "aks-shop", "aks-two"]


class TestAFileThatCannotBe:
    @pytest.mark.parametrize(
        ("name", "code", "why"),
        [
            ("report.txt", 2, ".md or .html"),
            ("report", 2, ".md or .html"),
            ("", 2, "names nothing"),
            ("nowhere/report.md", 1, "No such file or directory"),
            ("folder.md", 1, "no regular file"),
        ],
    )
    def test_is_refused_before_any_work(self, each_az: Az, serve: Serve, name: str, code: int, why: str) -> None:
        arm = serve(Shop.byo().routed())
        (each_az.folder / "folder.md").mkdir(exist_ok=True)
        result = each_az("aks", "egress", "migrate", *CLUSTER, *UDR, "--yes", "--report", name)
        (each_az.folder / "folder.md").rmdir()
        assert (result.code, result.out) == (code, "")
        assert why in result.err
        assert "Traceback" not in result.err
        assert [request for request in arm.journal if "/managedClusters/" in request.path] == []

    def test_may_not_be_the_plan_itself(self, az: Az, serve: Serve) -> None:
        serve(Shop.byo().routed())
        words = ("--dry-run", "--out", "./same.md", "--report", "same.md")
        result = az("aks", "egress", "migrate", *CLUSTER, *UDR, *words)
        assert result.code == 2
        assert "--report and --out name the same file" in result.err

    def test_may_not_be_the_snapshot_that_is_judged(self, az: Az) -> None:
        (az.folder / "s.md").write_text("{}")
        result = az("aks", "egress", "check", "--snapshot", "s.md", *UDR, "--report", "s.md")
        assert result.code == 2
        assert read(az, "s.md") == "{}"


class TestACommandThatFails:
    def test_leaves_no_older_report_that_is_green(self, az: Az, serve: Serve) -> None:
        serve(Shop.byo())
        (az.folder / "r.md").write_text("Ready: 30 passed.")
        assert egress(az, "check", "-g", "rg-shop", "-n", "aks-gone", *UDR, "--report", "r.md") == 3
        assert "There is no cluster aks-gone" in read(az, "r.md")
        assert "Ready" not in read(az, "r.md")

    def test_that_was_declined_says_that_nothing_was_sent(self, az: Az, serve: Serve) -> None:
        arm = serve(Shop.byo().routed())
        words = ("aks", "egress", "migrate", *CLUSTER, *UDR, "--report", "r.md")
        assert on_a_terminal(az, *words, answer="n").code == 1
        assert "Declined: nothing was sent." in read(az, "r.md")
        assert arm.writes == []


class TestMasked:
    @pytest.mark.parametrize("name", ["r.md", "r.html"])
    def test_a_file_has_neither_ids_nor_addresses(self, each_az: Az, serve: Serve, name: str) -> None:
        serve(Shop.byo().routed("snet-system"))
        words = ("--report", name, "--mask", "ids", "ips")
        assert egress(each_az, "check", *CLUSTER, *UDR, *words) == 4
        text = read(each_az, name)
        assert SUBSCRIPTION not in text
        assert _IP.findall(text) == []
        assert "ip-1" in text

    def test_a_bare_mask_hides_ids_alone(self, az: Az, serve: Serve) -> None:
        serve(Shop.byo())
        egress(az, "check", *CLUSTER, *UDR, "--report", "r.md", "--mask")
        assert SUBSCRIPTION not in read(az, "r.md")
        assert "20.50.0.2" in read(az, "r.md")

    def test_without_a_file_the_result_is_masked(self, az: Az, serve: Serve) -> None:
        serve(Shop.byo())
        result = az("aks", "egress", "check", *CLUSTER, *UDR, "--mask", "ids", "ips", "-o", "json")
        assert SUBSCRIPTION not in result.out
        assert _IP.findall(result.out) == []
        assert result.json["egressIps"]["before"][0].startswith("ip-")

    def test_with_a_file_the_result_stays_as_it_is(self, az: Az, serve: Serve) -> None:
        serve(Shop.byo())
        result = az("aks", "egress", "check", *CLUSTER, *UDR, "--report", "r.md", "--mask", "-o", "json")
        assert result.json["cluster"]["subscriptionId"] == SUBSCRIPTION

    def test_an_unknown_word_is_a_usage_error(self, az: Az) -> None:
        assert az("aks", "egress", "check", *CLUSTER, *UDR, "--mask", "names").code == 2


class Coloured(Az):
    """An az that may use colours, as az sees it."""

    more: Mapping[str, str] = MappingProxyType({})

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "AZURE_CORE_NO_COLOR": "false", **self.more}


class TestColours:
    @pytest.mark.parametrize(
        ("more", "is_coloured"),
        [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"AZURE_CORE_NO_COLOR": "true"}, False)],
        ids=["by default", "NO_COLOR", "NO_COLOR without a value", "az's own setting"],
    )
    def test_are_used_where_nobody_minds(self, az: Az, serve: Serve, more: dict[str, str], is_coloured: bool) -> None:
        serve(Shop.byo())
        coloured = Coloured(az.executable, az.folder, az.azure)
        coloured.more = more
        seen: list[str] = []
        result = on_a_terminal(coloured, "aks", "egress", "check", *CLUSTER, *UDR, echo=seen.append)
        assert result.code == 4
        assert ("\x1b[91m" in "".join(seen)) == is_coloured

    @pytest.mark.parametrize("columns", [40, 80, 120])
    def test_lines_fit_the_terminal(self, az: Az, serve: Serve, columns: int) -> None:
        serve(Shop.byo())
        result = on_a_terminal(az, "aks", "egress", "check", *CLUSTER, *UDR, columns=columns)
        lines = [line for line in result.out.splitlines() if " az " not in f" {line}"]
        assert max(map(len, lines)) <= max(columns, 80)


def test_a_report_leaves_nothing_else_behind(az: Az, serve: Serve) -> None:
    serve(Shop.byo())
    before = {path.name for path in Path(az.folder).iterdir()}
    egress(az, "check", *CLUSTER, *UDR, "--report", "r.md")
    assert {path.name for path in Path(az.folder).iterdir()} - before == {"r.md"}
