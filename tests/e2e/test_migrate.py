"""`migrate` in a real az: from blocked to done, what is sent, what is refused, and what never writes."""

from __future__ import annotations

import copy
import json
import stat
from pathlib import Path
from typing import Any, Callable

import pytest

from tests.armsim.arm import Arm
from tests.armsim.cli import Az, Result
from tests.armsim.estate import isolated
from tests.armsim.faults import Before
from tests.armsim.terminal import on_a_terminal
from tests.builders import Shop

CLUSTER = ("-g", "rg-shop", "-n", "aks-shop")
LB, MNAT, UANAT, UDR = "loadBalancer", "managedNATGateway", "userAssignedNATGateway", "userDefinedRouting"
Serve = Callable[[Shop], Arm]
READ_ONLY_TOP = {"id", "name", "type", "eTag"}
EGRESS = {"outboundType", "loadBalancerProfile", "natGatewayProfile"}


def migrate(az: Az, *words: str) -> Result:
    return az("aks", "egress", "migrate", *CLUSTER, *words)


def stored_type(shop: Shop) -> str:
    found: str = shop.document["properties"]["networkProfile"]["outboundType"]
    return found


def differing(before: Any, after: Any, path: str = "") -> set[str]:
    """The paths at which two documents differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        keys = set(before) | set(after)
        return {found for key in keys for found in differing(before.get(key), after.get(key), f"{path}.{key}")}
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return {found for one, other in zip(before, after) for found in differing(one, other, f"{path}[]")}
    return set() if before == after else {path}


class TestFromBlockedToDone:
    @pytest.mark.parametrize("defect", ["EGR201", "EGR202"])
    def test_the_pasted_fix_makes_the_move_possible(self, az: Az, serve: Serve, defect: str) -> None:
        shop = Shop.byo().routed("snet-system")
        if defect == "EGR202":
            shop.table("snet-apps")
        serve(shop)

        blocked = az("aks", "egress", "check", *CLUSTER, "--to", UDR)
        (finding,) = [row for row in blocked.json["findings"] if row["outcome"] == "fail"]
        assert (blocked.code, finding["id"]) == (4, defect)
        assert "snet-apps" in finding["observed"]

        for fix in finding["fix"]:
            pasted = az.shell(fix["command"])
            assert pasted.code == 0, pasted.err
        assert az("aks", "egress", "check", *CLUSTER, "--to", UDR).code == 0

        done = migrate(az, "--to", UDR, "--yes")
        assert (done.code, done.json["outcome"]) == (0, "applied")
        assert stored_type(shop) == UDR
        assert done.json["verification"]["egressIps"] == ["52.0.0.1"]

    def test_a_gateway_is_made_attached_and_moved_to_by_pasting(self, az: Az, serve: Serve) -> None:
        shop = Shop.byo()
        serve(shop)
        blocked = az("aks", "egress", "check", *CLUSTER, "--to", UANAT)
        commands = [
            fix["command"] for row in blocked.json["findings"] for fix in row["fix"] if row["outcome"] == "fail"
        ]
        for command in dict.fromkeys(commands):
            pasted = az.shell(command)
            assert pasted.code == 0, pasted.err
        assert migrate(az, "--to", UANAT, "--yes").code == 0
        assert stored_type(shop) == UANAT


class TestWhatIsSent:
    def test_one_put_that_differs_in_read_only_and_egress_fields_alone(self, az: Az, serve: Serve) -> None:
        shop = Shop.byo(tags={"cost": "42"}, somethingNew={"a": [1, None]}).routed()
        before = copy.deepcopy(shop.document)
        arm = serve(shop)
        assert migrate(az, "--to", UDR, "--yes").code == 0
        (put,) = arm.writes
        assert (put.method, put.query["api-version"]) == ("PUT", "2026-06-01")
        assert put.headers["If-Match"] == before["eTag"]
        assert differing(before, put.body) == {
            *(f".{key}" for key in READ_ONLY_TOP),
            ".identity.principalId",
            ".identity.tenantId",
            ".properties.provisioningState",
            ".properties.powerState",
            ".properties.currentKubernetesVersion",
            ".properties.fqdn",
            ".properties.resourceUID",
            ".properties.agentPoolProfiles[].eTag",
            ".properties.agentPoolProfiles[].currentOrchestratorVersion",
            ".properties.agentPoolProfiles[].provisioningState",
            ".properties.networkProfile.outboundType",
            ".properties.networkProfile.loadBalancerProfile",
        }

    def test_block_goes_through_the_pinned_preview(self, az: Az, serve: Serve) -> None:
        shop = Shop.managed(**isolated())
        arm = serve(shop)
        result = migrate(az, "--to", "block", "--yes", "--accept", "EGR243")
        assert result.code == 0
        assert "preview api-version 2026-05-02-preview" in result.err
        mine = [request for request in arm.journal if request.path.lower().endswith("/managedclusters/aks-shop")]
        assert {request.query["api-version"] for request in mine} == {"2026-05-02-preview"}

    @pytest.mark.parametrize("target", [MNAT, "none"])
    def test_a_managed_cluster_moves_there_and_back(self, az: Az, serve: Serve, target: str) -> None:
        shop = Shop.managed(**isolated())
        serve(shop)
        assert migrate(az, "--to", target, "--yes", "--accept", "EGR243", "EGR604").code == 0
        assert migrate(az, "--to", LB, "--yes").code == 0
        assert stored_type(shop) == LB

    def test_a_second_run_has_nothing_to_do(self, az: Az, serve: Serve) -> None:
        arm = serve(Shop.byo().routed())
        assert migrate(az, "--to", UDR, "--yes").code == 0
        again = migrate(az, "--to", UDR, "--yes")
        assert (again.code, again.json["outcome"]) == (0, "nothingToDo")
        assert len(arm.writes) == 1


class TestRecord:
    def test_it_is_written_for_its_owner_alone_and_tells_what_was_there(self, az: Az, serve: Serve) -> None:
        serve(Shop.byo().routed())
        file = Path(migrate(az, "--to", UDR, "--yes").json["record"])
        assert file.parent == az.folder / "azure" / "aksegress"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        record = json.loads(file.read_text())
        assert record["before"]["networkProfile"]["outboundType"] == LB
        assert [step["event"] for step in record["steps"]] == ["sending", "accepted", "succeeded", "applied"]
        assert record["versions"] == {"az": "2.91.0", "aksegress": "1.0.0b1"}

    def test_where_it_cannot_be_written_nothing_is_sent(self, az: Az, serve: Serve) -> None:
        arm = serve(Shop.byo().routed())
        folder = az.folder / "azure" / "aksegress"
        kept = folder.rename(folder.with_name("kept")) if folder.exists() else None
        folder.write_text("in the way")
        try:
            result = migrate(az, "--to", UDR, "--yes")
        finally:
            folder.unlink()
            if kept:
                kept.rename(folder)
        assert result.code == 1
        assert "Traceback" not in result.err
        assert arm.writes == []


class TestNeverWrites:
    def test_show_and_check_never_do(self, az: Az, serve: Serve) -> None:
        arm = serve(Shop.byo().routed())
        az.must("aks", "egress", "show", *CLUSTER)
        az.must("aks", "egress", "check", *CLUSTER)
        az.must("aks", "egress", "check", *CLUSTER, "--to", UDR)
        assert arm.journal
        assert arm.writes == []

    def test_a_blocked_move_does_not(self, az: Az, serve: Serve) -> None:
        arm = serve(Shop.byo())
        result = migrate(az, "--to", UDR, "--yes")
        assert (result.code, result.json["outcome"]) == (4, "blocked")
        assert result.json["report"]["verdict"] == "blocked"
        assert arm.writes == []

    def test_an_undetermined_move_does_not(self, az: Az, serve: Serve) -> None:
        arm = serve(Shop.byo(UDR).gated().forbid("snet-apps"))
        result = migrate(az, "--to", UANAT, "--yes")
        assert (result.code, result.json["outcome"]) == (5, "blocked")
        assert arm.writes == []

    def test_a_dry_run_does_not_and_leaves_no_record(self, az: Az, serve: Serve) -> None:
        arm = serve(Shop.byo().routed())
        result = migrate(az, "--to", UDR, "--dry-run")
        assert (result.code, result.json["outcome"], result.json["record"]) == (0, "planned", None)
        assert result.json["plan"]["steps"][0]["action"] == "updateOutboundType"
        assert arm.writes == []

    def test_a_blocked_dry_run_is_4(self, az: Az, serve: Serve) -> None:
        serve(Shop.byo())
        assert migrate(az, "--to", UDR, "--dry-run").code == 4

    def test_without_a_terminal_and_without_yes_it_refuses_and_names_the_flag(self, az: Az, serve: Serve) -> None:
        arm = serve(Shop.byo().routed())
        result = migrate(az, "--to", UDR)
        assert (result.code, result.out) == (1, "")
        assert "--yes" in result.err
        assert arm.writes == []

    @pytest.mark.parametrize("answer", ["n", "", "maybe"])
    def test_a_declined_move_does_not(self, az: Az, serve: Serve, answer: str) -> None:
        arm = serve(Shop.byo().routed())
        result = on_a_terminal(az, "aks", "egress", "migrate", *CLUSTER, "--to", UDR, answer=answer)
        assert result.code == 1
        assert "nothing was sent" in result.out
        assert arm.writes == []


class TestAccept:
    def test_what_must_be_accepted_blocks_without_its_id(self, az: Az, serve: Serve) -> None:
        arm = serve(Shop.managed())
        result = migrate(az, "--to", MNAT, "--yes")
        assert (result.code, result.json["needsAccept"]) == (4, ["EGR604"])
        assert "--accept EGR604" in result.err
        assert arm.writes == []

    def test_with_its_id_it_goes_on_and_the_plan_says_so(self, az: Az, serve: Serve) -> None:
        serve(Shop.managed())
        result = migrate(az, "--to", MNAT, "--yes", "--accept", "egr604", "EGR301")
        assert (result.code, result.json["plan"]["accepted"]) == (0, ["EGR604"])
        assert "--accept EGR301 is not needed" in result.err

    @pytest.mark.parametrize("check_id", ["EGR101", "EGR999", "all"])
    def test_any_other_id_is_a_usage_error(self, az: Az, serve: Serve, check_id: str) -> None:
        arm = serve(Shop.managed())
        result = migrate(az, "--to", MNAT, "--yes", "--accept", check_id)
        assert result.code == 2
        assert "EGR604" in result.err
        assert arm.journal == []


class TestSomebodyElse:
    def change(self, shop: Shop) -> None:
        shop.set(tags={"who": "else"})
        shop.document["eTag"] = "another"

    def test_a_change_between_read_and_write_is_refused(self, each_az: Az, serve: Serve) -> None:
        shop = Shop.byo().routed()
        arm = serve(shop)
        arm.fault("PUT", "/managedclusters/", Before(lambda: self.change(shop)))
        result = migrate(each_az, "--to", UDR, "--yes")
        assert result.code == 1
        assert "changed by somebody else" in result.err
        assert (stored_type(shop), shop.document["properties"]["tags"]) == (LB, {"who": "else"})
        assert [request.status for request in arm.writes] == [412]

    def test_an_operation_that_starts_meanwhile_is_told(self, az: Az, serve: Serve) -> None:
        shop = Shop.byo().routed()
        arm = serve(shop)
        arm.fault("PUT", "/managedclusters/", Before(lambda: shop.set(provisioningState="Upgrading") and None))
        result = migrate(az, "--to", UDR, "--yes")
        assert result.code == 1
        assert "OperationNotAllowed" in result.err
        assert stored_type(shop) == LB


class TestOnATerminal:
    def test_check_prints_the_report_that_a_person_reads(self, az: Az, serve: Serve) -> None:
        serve(Shop.byo().routed("snet-system"))
        result = on_a_terminal(az, "aks", "egress", "check", *CLUSTER, "--to", UDR)
        assert result.code == 4
        assert "Will packets have a way out?" in result.out
        assert "Blocked: 1 problem" in result.out

    def test_an_output_format_gives_data_there_too(self, az: Az, serve: Serve) -> None:
        serve(Shop.byo().routed())
        result = on_a_terminal(az, "aks", "egress", "check", *CLUSTER, "--to", UDR, "-o", "json")
        assert json.loads(result.out)["verdict"] == "readyWithWarnings"

    def test_a_confirmed_move_is_made_and_told(self, az: Az, serve: Serve) -> None:
        shop = Shop.byo().routed()
        serve(shop)
        result = on_a_terminal(az, "aks", "egress", "migrate", *CLUSTER, "--to", UDR, answer="y")
        assert result.code == 0
        assert "Done: loadBalancer -> userDefinedRouting" in result.out
        assert stored_type(shop) == UDR
