"""`--probe` in a real az: a real shell runs the script, with a curl that answers as the estate's network would."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from tests.armsim.arm import Answer, Arm
from tests.armsim.cli import Az, Result
from tests.armsim.estate import isolated, node_group, scope
from tests.armsim.faults import BadGateway, Html, Reset
from tests.builders import CLUSTER as NAME
from tests.builders import Shop

CLUSTER = ("-g", "rg-shop", "-n", NAME)
LB, MNAT, UANAT, UDR = "loadBalancer", "managedNATGateway", "userAssignedNATGateway", "userDefinedRouting"
GROUP = scope(node_group(NAME))
RUN = "/runCommand"
Serve = Callable[[Shop], Arm]


@pytest.fixture(autouse=True)
def _no_records(quick_az: Az) -> Iterator[None]:
    for found in (quick_az.folder / "azure" / "aksegress").glob("*"):
        found.unlink()
    yield


def migrate(az: Az, to: str, *words: str) -> Result:
    return az("aks", "egress", "migrate", *CLUSTER, "--to", to, "--yes", *words)


def verify(az: Az, *words: str) -> Result:
    return az("aks", "egress", "verify", *CLUSTER, "--probe", *words)


def outcomes(result: Result, check: str) -> list[str]:
    """The outcomes of one check for the subnets."""
    rows = result.json["verification"]["findings"]
    return [row["outcome"] for row in rows if row["id"] == check and "/subnets/" in (row["resource"] or "")]


def observed(result: Result, check: str) -> str:
    return " ".join(row["observed"] or "" for row in result.json["verification"]["findings"] if row["id"] == check)


@pytest.fixture
def moved(quick_az: Az, serve: Serve) -> Callable[..., Arm]:
    """A cluster that went to a type, without a probe; what is asked from then on is in the journal of the result."""

    def make(shop: Shop, to: str, *words: str) -> Arm:
        arm = serve(shop)
        assert migrate(quick_az, to, *words).code == 0
        arm.journal.clear()
        return arm

    return make


class TestAfterAMove:
    @pytest.mark.parametrize(
        ("shop", "to"),
        [
            pytest.param(lambda: Shop.managed(LB), MNAT, id="to AKS's NAT gateway"),
            pytest.param(lambda: Shop.byo(LB).gated(), UANAT, id="to one's own NAT gateway"),
            pytest.param(lambda: Shop.byo(LB).routed(), UDR, id="to a firewall"),
            pytest.param(lambda: Shop.byo(UANAT), LB, id="with a gateway that stays"),
        ],
    )
    def test_the_nodes_confirm_the_way_out(self, quick_az: Az, serve: Serve, shop: Callable[[], Shop], to: str) -> None:
        arm = serve(shop())
        result = migrate(quick_az, to, "--probe", "--accept", "EGR243", "EGR604")
        assert result.code == 0, result.err + result.out
        assert set(outcomes(result, "probe.address")) == {"pass"}
        assert set(outcomes(result, "probe.endpoints")) == {"pass"}
        assert "a command runs on one node of each subnet" in result.err
        assert len({ran.machine for ran in arm.node.scripts}) == len(outcomes(result, "probe.node"))

    def test_the_oldest_az_can_ask_too(self, each_az: Az, serve: Serve) -> None:
        arm = serve(Shop.byo(LB).gated())
        result = migrate(each_az, UANAT, "--probe")
        assert result.code == 0, result.err
        assert outcomes(result, "probe.address") == ["pass", "pass"]
        assert len(arm.node.scripts) == 2

    def test_the_record_ends_with_what_the_nodes_said(self, quick_az: Az, serve: Serve) -> None:
        serve(Shop.byo(LB).gated())
        result = migrate(quick_az, UANAT, "--probe")
        kept = json.loads(Path(result.json["record"]).read_text())
        assert kept["steps"][-1]["verification"] == result.json["verification"]
        assert "probe.address" in json.dumps(kept["steps"][-1])

    @pytest.mark.parametrize("shop", [Shop.quiet, lambda: Shop.byo("none", **isolated()).gated()])
    def test_a_rollback_to_isolation_is_confirmed_too(
        self, quick_az: Az, serve: Serve, shop: Callable[[], Shop]
    ) -> None:
        made = shop()
        serve(made)
        assert migrate(quick_az, UANAT, "--probe").code == 0
        for subnet in made.subnets.values():
            made.estate[subnet]["properties"].pop("natGateway")
        result = quick_az(
            "aks", "egress", "rollback", *CLUSTER, "--yes", "--probe", "--accept", "EGR243", "EGR601", "EGR604"
        )
        assert result.code == 0, result.err + result.out
        assert outcomes(result, "probe.isolated") == ["pass", "pass"]

    @pytest.mark.parametrize("system", ["Linux", "Windows"])
    @pytest.mark.parametrize("kind", ["VirtualMachineScaleSets", "VirtualMachines"])
    def test_each_kind_of_node_is_asked(self, quick_az: Az, moved: Any, system: str, kind: str) -> None:
        shop = Shop.byo(LB).gated().pool("apps", osType=system).furnished()
        arm = moved(shop, UANAT)
        if kind == "VirtualMachines":
            shop.pool("apps", type=kind).furnished()
        result = verify(quick_az)
        assert outcomes(result, "probe.address") == ["pass", "pass"], result.out
        commands = {ran.command_id for ran in arm.node.scripts}
        assert ("RunPowerShellScript" in commands) == (system == "Windows")

    def test_a_private_cluster_is_asked_for_its_private_name(self, quick_az: Az, moved: Any) -> None:
        private = {"enablePrivateCluster": True}
        shop = Shop.byo(LB, apiServerAccessProfile=private, privateFQDN="aks-shop.abc.privatelink.westeurope.azmk8s.io")
        arm = moved(shop.gated(), UANAT)
        assert verify(quick_az).code == 0
        assert all("privatelink" in ran.script for ran in arm.node.scripts)


class TestRunAgain:
    """A move that is made already is no proof: the nodes are asked all the same."""

    def test_what_nodes_did_not_confirm_is_not_confirmed(self, quick_az: Az, serve: Serve) -> None:
        arm = serve(Shop.byo(LB).gated())
        arm.node.sees = "203.0.113.9"
        assert [migrate(quick_az, UANAT, "--probe").code for _ in range(2)] == [6, 6]
        arm.node.sees = None
        again = migrate(quick_az, UANAT, "--probe")
        assert (again.code, again.json["outcome"]) == (0, "nothingToDo")
        assert outcomes(again, "probe.address") == ["pass", "pass"]
        assert len([row for row in arm.journal if row.method == "PUT"]) == 1


class TestWhatIsSent:
    def test_is_one_command_for_each_subnet_in_the_node_resource_group(self, quick_az: Az, moved: Any) -> None:
        arm = moved(Shop.byo(LB).gated(), UANAT)
        assert verify(quick_az).code == 0
        posts = [row for row in arm.journal if row.method != "GET"]
        assert [row.method for row in posts] == ["POST", "POST"]
        assert all(row.path.startswith(f"{GROUP}/") and row.path.endswith(RUN) for row in posts)

    def test_is_nothing_without_the_option(self, quick_az: Az, moved: Any) -> None:
        arm = moved(Shop.byo(LB).gated(), UANAT)
        assert quick_az("aks", "egress", "verify", *CLUSTER).code == 0
        assert {row.method for row in arm.journal} == {"GET"}

    def test_leaves_nothing_behind_on_the_node(self, quick_az: Az, moved: Any) -> None:
        arm = moved(Shop.byo(LB).gated(), UANAT)
        verify(quick_az)
        assert [ran.left_behind for ran in arm.node.scripts] == [(), ()]

    def test_goes_to_the_group_that_the_cluster_names(self, quick_az: Az, moved: Any) -> None:
        shop = Shop.byo(LB, nodeResourceGroup="my-nodes").gated()
        arm = moved(shop, UANAT)
        assert verify(quick_az).code == 0
        posts = [row.path.split("/")[4] for row in arm.journal if row.method == "POST"]
        assert posts == ["my-nodes", "my-nodes"]

    def test_names_the_service_of_ones_own(self, quick_az: Az, moved: Any) -> None:
        arm = moved(Shop.byo(LB).gated(), UANAT)
        verify(quick_az, "--probe-url", "https://who.example.com/ip")
        assert all("'https://who.example.com/ip'" in ran.script for ran in arm.node.scripts)
        assert not any("ipify" in ran.script for ran in arm.node.scripts)


class TestWhatNodesFind:
    def test_another_address_is_no_proof(self, quick_az: Az, moved: Any) -> None:
        arm = moved(Shop.byo(LB).gated(), UANAT)
        arm.node.sees = "203.0.113.9"
        result = verify(quick_az)
        assert result.code == 6
        assert outcomes(result, "probe.address") == ["fail", "fail"]
        assert "203.0.113.9" in observed(result, "probe.address")

    @pytest.mark.parametrize("ended", [6, 7, 28, 35])
    def test_an_endpoint_that_does_not_answer_is_named(self, quick_az: Az, moved: Any, ended: int) -> None:
        shop = Shop.byo(LB).gated()
        arm = moved(shop, UANAT)
        arm.node.unreachable("mcr.microsoft.com", ended, shop.subnets["snet-apps"])
        result = verify(quick_az)
        assert result.code == 6
        assert sorted(outcomes(result, "probe.endpoints")) == ["fail", "pass"]
        assert "mcr.microsoft.com:443" in observed(result, "probe.endpoints")

    @pytest.mark.parametrize("ended", [403, 28])
    def test_no_service_that_tells_the_address_is_unknown(self, quick_az: Az, moved: Any, ended: int) -> None:
        arm = moved(Shop.byo(LB).gated(), UANAT)
        for host in ("api.ipify.org", "checkip.amazonaws.com"):
            arm.node.unreachable(host, ended)
        result = verify(quick_az)
        assert result.code == 6
        assert outcomes(result, "probe.address") == ["unknown", "unknown"]
        assert "--probe-url" in result.out

    def test_an_isolated_cluster_that_reaches_the_internet_is_not_isolated(self, quick_az: Az, moved: Any) -> None:
        arm = moved(Shop.byo(LB, **isolated()), "none", "--accept", "EGR243", "EGR601")
        assert verify(quick_az).code == 0
        arm.node.sees = "203.0.113.9"
        result = verify(quick_az)
        assert result.code == 6
        assert outcomes(result, "probe.isolated") == ["fail", "fail"]

    def test_block_is_confirmed(self, quick_az: Az, moved: Any) -> None:
        shop = Shop.managed(LB, **isolated())
        shop.estate.feature("Microsoft.ContainerService", "NetworkIsolatedClusterPreview")
        moved(shop, "block", "--accept", "EGR243", "EGR601")
        result = verify(quick_az)
        assert result.code == 0, result.out
        assert outcomes(result, "probe.isolated") == ["pass"]


class TestNoAnswerIsNoProof:
    def unknown(self, az: Az) -> str:
        result = verify(az)
        assert result.code == 6
        assert "Traceback" not in result.err
        assert "unknown" in {row["outcome"] for row in result.json["verification"]["findings"]}
        assert result.json["outcome"] == "notVerified"
        return observed(result, "probe.node")

    def test_where_the_right_is_missing(self, quick_az: Az, moved: Any) -> None:
        arm = moved(Shop.byo(LB).gated(), UANAT)
        arm.forbid(f"{GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets")
        assert "virtualMachineScaleSets/read" in self.unknown(quick_az)

    def test_where_the_command_is_forbidden(self, quick_az: Az, moved: Any) -> None:
        arm = moved(Shop.byo(LB).gated(), UANAT)
        arm.fault("POST", RUN, Answer({"error": {"code": "AuthorizationFailed", "message": "no"}}, 403), times=9)
        action = "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/runCommand/action"
        assert f"needs {action}" in self.unknown(quick_az)
        assert len([row for row in arm.journal if row.method == "POST"]) == 2

    def test_where_no_command_may_run(self, quick_az: Az, moved: Any) -> None:
        arm = moved(Shop.byo(LB).gated(), UANAT)
        arm.estate.lock(GROUP, "ReadOnly")
        assert "ScopeLocked" in self.unknown(quick_az)

    def test_where_every_node_is_stopped(self, quick_az: Az, moved: Any) -> None:
        shop = Shop.byo(LB).gated()
        arm = moved(shop, UANAT)
        for number in range(9):
            for pool in ("apps", "system"):
                found = next(
                    key for key, row in shop.estate.resources.items() if f"aks-{pool}-" in key and "scaleset" in key
                )
                arm.node.power(f"{shop.estate.resources[found]['id']}/virtualMachines/{number}")
        assert "not running" in self.unknown(quick_az)

    def test_where_the_script_never_ends(self, quick_az: Az, moved: Any) -> None:
        arm = moved(Shop.byo(LB).gated(), UANAT)
        arm.node.never_ends = True
        assert "no answer within" in self.unknown(quick_az)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "aksegress begin\naksegress end\n",
            "\x1b[2J\x1b]0;owned\x07 aksegress 1 0 200",
            "aksegress begin\n" + "aksegress 1 0 200\n" * 500,
            "<script>alert(1)</script>",
        ],
    )
    def test_where_the_node_says_something_else(self, quick_az: Az, moved: Any, text: str) -> None:
        arm = moved(Shop.byo(LB).gated(), UANAT)
        arm.node.answers = text
        assert "not whole" in self.unknown(quick_az)

    def test_where_the_error_nests_without_end_after_a_move(self, quick_az: Az, serve: Serve) -> None:
        shop = Shop.byo(LB).gated()
        arm = serve(shop)
        error: dict[str, Any] = {"code": "Deep", "message": "deep"}
        for _ in range(400):
            error = {"code": "Deep", "message": "deep", "details": [error]}
        arm.fault("POST", RUN, Answer({"error": error}, 400), times=9)
        result = migrate(quick_az, UANAT, "--probe")
        assert result.code == 6
        assert "Traceback" not in result.err
        kept = json.loads(Path(result.json["record"]).read_text())
        assert kept["steps"][-1]["event"] == "notVerified"

    @pytest.mark.parametrize("fault", [BadGateway(), Reset(), Html()])
    def test_where_the_command_gets_no_answer(self, quick_az: Az, moved: Any, fault: Any) -> None:
        arm = moved(Shop.byo(LB).gated(), UANAT)
        arm.fault("POST", RUN, fault, times=9)
        self.unknown(quick_az)


class TestUsage:
    @pytest.mark.parametrize(
        "words",
        [
            ("--probe-url", "https://who.example.com/"),
            ("--probe", "--probe-url", "http://who.example.com/"),
            ("--probe", "--probe-url", "https://who.example.com/'; reboot; '"),
            ("--probe", "--probe-url", ""),
        ],
    )
    def test_a_service_that_is_none_is_refused(self, quick_az: Az, serve: Serve, words: tuple[str, ...]) -> None:
        arm = serve(Shop.byo(LB).gated())
        assert quick_az("aks", "egress", "verify", *CLUSTER, *words).code == 2
        assert not arm.journal

    def test_nobody_is_asked_about_what_nobody_waits_for(self, quick_az: Az, serve: Serve) -> None:
        arm = serve(Shop.byo(LB).gated())
        result = migrate(quick_az, UANAT, "--probe", "--no-wait")
        assert result.code == 2
        assert "--no-wait" in result.err
        assert not arm.journal
