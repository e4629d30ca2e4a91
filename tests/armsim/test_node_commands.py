"""Run command on a node: what it answers, how it is followed, and what refuses it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.armsim.node_caller import COMPUTE, LINUX, WINDOWS, Nodes

OPERATION = "Azure-AsyncOperation"


class TestTheAnswer:
    def test_is_empty_and_names_two_ways_to_follow_it(self) -> None:
        azure = Nodes()
        answer = azure.ask("true")
        assert (answer.status, answer.body) == (202, None)
        prefix = "https://localhost/subscriptions/11111111-1111-1111-1111-111111111111/providers/Microsoft.Compute/"
        for header in ("Location", OPERATION):
            assert answer.headers[header].startswith(f"{prefix}locations/westeurope/operations/")
        assert ["monitor=true" in answer.headers[header] for header in ("Location", OPERATION)] == [True, False]
        assert int(answer.headers["Retry-After"]) > 0

    def test_a_look_at_location_is_202_until_the_rows_are_there(self) -> None:
        azure = Nodes()
        answer = azure.ask("echo hello")
        seen = [azure.look(answer) for _ in range(3)]
        assert [(row.status, row.body is None) for row in seen] == [(202, True), (202, True), (200, False)]
        assert [row["message"] for row in seen[-1].body["value"]] == [
            "Enable succeeded: \n[stdout]\nhello\n\n[stderr]\n"
        ]

    def test_a_look_at_the_operation_tells_how_far_it_is_and_then_the_same_rows(self) -> None:
        azure = Nodes()
        answer = azure.ask("echo hello")
        seen = [azure.look(answer, OPERATION) for _ in range(3)]
        assert [row.status for row in seen] == [200] * 3
        assert [row.body["status"] for row in seen] == ["InProgress", "InProgress", "Succeeded"]
        assert set(seen[0].body) == {"startTime", "status", "name"}
        assert seen[-1].body["properties"]["output"] == azure.look(answer).body

    def test_linux_has_both_streams_in_one_row(self) -> None:
        azure = Nodes()
        (row,) = azure.rows(azure.ask("echo one", "echo two >&2"))
        assert row["code"] == "ProvisioningState/succeeded"
        assert row["message"] == "Enable succeeded: \n[stdout]\none\n\n[stderr]\ntwo\n"

    def test_a_script_that_ends_badly_succeeded_as_well(self) -> None:
        azure = Nodes()
        (row,) = azure.rows(azure.ask("echo one", "exit 3"))
        assert row["code"] == "ProvisioningState/succeeded"

    def test_windows_has_a_row_for_each_stream(self) -> None:
        azure = Nodes(osType="Windows")
        rows = azure.rows(azure.ask("'one'", "Get-Date", command=WINDOWS))
        assert [row["code"] for row in rows] == ["ComponentStatus/StdOut/succeeded", "ComponentStatus/StdErr/succeeded"]
        assert rows[0]["message"] == "one"
        assert rows[1]["message"].startswith("Get-Date : ")

    def test_of_a_long_output_the_last_bytes_come_back(self) -> None:
        out, err = Nodes().printed("seq 1 9999", "seq 1 9999 >&2")
        assert (len(out), len(err)) == (4096, 4096)
        assert out.endswith("\n9999\n")

    def test_parameters_are_a_script_s_arguments(self) -> None:
        parameters = [{"name": "arg1", "value": "a b"}, {"name": "arg2", "value": "c"}]
        assert Nodes().printed('echo "$2 $1"', parameters=parameters)[0] == "c a b\n"

    def test_does_not_wait_for_the_script(self) -> None:
        azure = Nodes()
        azure.hooks.patience = 2
        answer = azure.ask("echo begun", "sleep 50")
        assert not azure.hooks.scripts[0].output.done()
        assert azure.rows(answer)[0]["message"] == "Enable succeeded: \n[stdout]\nbegun\n\n[stderr]\n"

    def test_machines_of_their_own_answer_alike(self) -> None:
        assert Nodes(type="VirtualMachines").printed("echo hello") == ("hello\n", "")

    def test_an_operation_that_is_not_there_is_not_found(self) -> None:
        path = "/subscriptions/x/providers/Microsoft.Compute/locations/westeurope/operations/y"
        assert Nodes().send("GET", path).status == 404


class TestWhatRefuses:
    def code(self, azure: Nodes, **more: Any) -> tuple[int, str]:
        answer = azure.ask("true", **more)
        return answer.status, azure.code(answer)

    def test_another_command_that_still_runs(self) -> None:
        azure = Nodes()
        azure.ask("true")
        assert self.code(azure) == (409, "Conflict")
        assert azure.ask("true", machine=f"{azure.scale_set}/virtualMachines/1").status == 202

    def test_another_one_no_longer_once_it_has_ended(self) -> None:
        azure = Nodes()
        azure.rows(azure.ask("true"))
        assert azure.ask("true").status == 202

    def test_time_passes_for_those_who_try_again(self) -> None:
        azure = Nodes()
        azure.ask("true")
        assert [azure.ask("true").status for _ in range(4)] == [409, 409, 409, 202]

    def test_a_machine_that_does_not_run(self) -> None:
        azure = Nodes()
        azure.hooks.power(azure.machine)
        assert self.code(azure) == (409, "OperationNotAllowed")

    @pytest.mark.parametrize(("system", "command"), [("Linux", WINDOWS), ("Windows", LINUX)])
    def test_the_command_of_the_other_system(self, system: str, command: str) -> None:
        assert self.code(Nodes(osType=system), command=command) == (400, "InvalidParameter")

    @pytest.mark.parametrize("body", [None, [], {}, {"commandId": LINUX}, {"commandId": LINUX, "script": "true"}])
    def test_a_body_that_is_none(self, body: Any) -> None:
        azure = Nodes()
        answer = azure.send("POST", f"{azure.machine}/runCommand", body)
        assert (answer.status, azure.code(answer)) == (400, "InvalidParameter")

    def test_a_command_that_nobody_knows(self) -> None:
        assert self.code(Nodes(), command="RunAnything") == (404, "NotFound")

    @pytest.mark.parametrize("name", ["virtualMachines/x", "virtualMachineScaleSets/x/virtualMachines/0"])
    def test_a_machine_that_is_not_there(self, name: str) -> None:
        assert self.code(Nodes(), machine=f"{COMPUTE}/{name}") == (404, "ResourceNotFound")

    def test_a_read_only_lock_and_no_other(self) -> None:
        azure = Nodes()
        azure.estate.lock(azure.scale_set, "CanNotDelete", "kept")
        assert azure.ask("true").status == 202
        azure.estate.lock(azure.scale_set, "ReadOnly")
        assert self.code(azure) == (409, "ScopeLocked")

    def test_a_caller_who_may_only_read(self) -> None:
        azure = Nodes()
        azure.estate.permit(COMPUTE.partition("/providers/")[0], ["*/read"])
        assert self.code(azure) == (403, "AuthorizationFailed")
        assert azure.get(azure.machine)["instanceId"] == "0"

    @pytest.mark.parametrize(
        ("pool_type", "action"),
        [
            ("VirtualMachineScaleSets", "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/runCommand/action"),
            ("VirtualMachines", "Microsoft.Compute/virtualMachines/runCommand/action"),
        ],
    )
    def test_a_missing_right_is_named(self, pool_type: str, action: str) -> None:
        azure = Nodes(type=pool_type)
        scope = COMPUTE.partition("/providers/")[0]
        azure.estate.permit(scope, ["*"], ["*/runCommand/action"])
        assert f"'{action}'" in azure.ask("true").body["error"]["message"]
        azure.estate.permits.clear()
        azure.arm.forbid(f"{azure.machine}/runCommand")
        assert f"'{action}'" in azure.ask("true").body["error"]["message"]
        assert azure.get(azure.machine)

    def test_nothing_that_is_refused_was_run(self) -> None:
        azure = Nodes()
        azure.hooks.power(azure.machine)
        azure.ask("true")
        assert azure.hooks.scripts == []


class TestWhatATestMaySay:
    def test_all_that_was_run_is_told(self) -> None:
        azure = Nodes()
        azure.ask("echo a", "echo b > left")
        (ran,) = azure.hooks.scripts
        assert (ran.machine, ran.command_id, ran.script) == (azure.machine, LINUX, "echo a\necho b > left")
        assert ran.left_behind == ("left",)

    @pytest.mark.parametrize(("system", "command"), [("Linux", LINUX), ("Windows", WINDOWS)])
    def test_an_answer_in_the_place_of_the_script_s(self, system: str, command: str) -> None:
        azure = Nodes(osType=system)
        azure.hooks.answers = "\x1b[2Jgarbage"
        assert azure.printed("echo hello", command=command) == ("\x1b[2Jgarbage", "")
        assert len(azure.hooks.scripts) == 1

    def test_an_operation_that_never_ends(self) -> None:
        azure = Nodes()
        azure.hooks.never_ends = True
        answer = azure.ask("true")
        assert {azure.look(answer, OPERATION).body["status"] for _ in range(9)} == {"InProgress"}
        assert azure.look(answer).status == 202
        assert [azure.ask("true").status for _ in range(9)] == [409] * 9

    def test_an_operation_that_fails(self) -> None:
        azure = Nodes()
        azure.hooks.fails = ("VMAgentStatusCommunicationError", "the agent has not reported")
        answer = azure.ask("true")
        told = [azure.look(answer, OPERATION) for _ in range(3)][-1].body
        assert (told["status"], told["error"]["code"]) == ("Failed", "VMAgentStatusCommunicationError")
        seen = azure.look(answer)
        assert (seen.status, azure.code(seen)) == (409, "VMAgentStatusCommunicationError")
