"""Run command on a node: `POST …/runCommand`, which Compute calls the action run command, and its operation."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from tests.armsim import governance, node_network, node_powershell, node_shell, nodes
from tests.armsim.arm import Answer, Arm, Refusal, Request
from tests.armsim.ids import name_of, same
from tests.armsim.messages import Json
from tests.armsim.node_hooks import RUNNING, Ran
from tests.armsim.node_shell import Output
from tests.armsim.nodes import Machine

LOOKS = 2
"""How often an operation is seen running before it ends; being refused because of it is a look too."""
TAIL = 4096
"""How many bytes of each stream come back: the last ones."""
PAUSE = {"Retry-After": "10", "x-ms-retry-after-ms": "50"}
"""The second makes polling fast for clients that know it; Compute sends the first alone."""
SHELLS = {"runshellscript": node_shell.run, "runpowershellscript": node_powershell.run}
_WORKERS = ThreadPoolExecutor(8, "node")
"""Nodes work side by side, and Azure answers others meanwhile."""
_BEGUN, _ENDED = "2026-11-23T06:00:00.0000000+00:00", "2026-11-23T06:00:30.0000000+00:00"


@dataclass
class Operation:
    """A script on a machine, and what it prints."""

    name: str
    machine: Machine
    output: Future[Output]
    fails: tuple[str, str] | None = None
    ends: bool = True
    looks: int = 0

    @property
    def ended(self) -> bool:
        return self.ends and self.looks > LOOKS


def run(arm: Arm, request: Request) -> Answer:
    """202 without a body; the result is behind both headers. The script sees the network as it is now."""
    path = request.path.rstrip("/").rpartition("/")[0]
    governance.refuse_unpermitted(arm, path, f"{nodes.kind_of(path)}/runCommand/action")
    machine = nodes.find(arm, path)
    command_id, script, arguments = _asked(request.body)
    _refuse_other_os(machine, command_id)
    _refuse_stopped(arm, machine)
    _refuse_busy(arm, machine)
    hooks = arm.node
    output = _output(arm, machine, command_id, script, arguments)
    hooks.scripts.append(Ran(machine.id, command_id, script, output))
    begun = Operation(arm.new_id(), machine, output, hooks.fails, not hooks.never_ends)
    hooks.operations[begun.name] = begun
    return Answer(None, 202, _headers(request, machine, begun))


def _output(arm: Arm, machine: Machine, command_id: str, script: str, arguments: list[str]) -> Future[Output]:
    """What the script prints, or what the test wants of it."""
    hooks = arm.node
    if hooks.answers is None and not hooks.never_ends and hooks.fails is None:
        network = node_network.seen_by(arm, machine)
        return _WORKERS.submit(SHELLS[command_id.lower()], script, arguments, network, hooks.patience)
    output: Future[Output] = Future()
    said = hooks.answers(script) if callable(hooks.answers) else hooks.answers
    output.set_result(Output((said or "").encode(), b""))
    return output


def _headers(request: Request, machine: Machine, begun: Operation) -> dict[str, str]:
    subscription, location = machine.id.split("/")[2], machine.document["location"]
    path = f"/subscriptions/{subscription}/providers/Microsoft.Compute/locations/{location}/operations"
    url = f"https://{request.headers.get('Host', '')}{path}/{begun.name}?p={begun.name[:8]}"
    version = f"api-version={request.query['api-version']}"
    return {"Azure-AsyncOperation": f"{url}&{version}", "Location": f"{url}&monitor=true&{version}", **PAUSE}


def _asked(body: Any) -> tuple[str, str, list[str]]:
    """The command's id, its script and its arguments; refuses what is no such body."""
    asked = body if isinstance(body, dict) else {}
    command_id, script, parameters = asked.get("commandId"), asked.get("script"), asked.get("parameters") or []
    if not isinstance(command_id, str) or not command_id:
        raise _invalid("Required parameter 'commandId' is missing (null).", "commandId")
    if command_id.lower() not in SHELLS:
        raise Refusal(404, "NotFound", "The entity was not found in this Azure location.")
    if not isinstance(script, list) or not all(isinstance(line, str) for line in script):
        raise _invalid("The local Azure runs scripts alone: script must be a list of lines.", "script")
    if not all(isinstance(row, dict) and "value" in row for row in parameters):
        raise _invalid("Each of the parameters must have a name and a value.", "parameters")
    return command_id, "\n".join(script), [str(row["value"]) for row in parameters]


def _invalid(message: str, target: str) -> Refusal:
    return Refusal(400, "InvalidParameter", message, target=target)


def _refuse_other_os(machine: Machine, command_id: str) -> None:
    if same(command_id, "RunPowerShellScript") != machine.windows:
        system = "Windows" if machine.windows else "Linux"
        raise _invalid(f"The command '{command_id}' is not supported on a virtual machine with {system}.", "commandId")


def _refuse_stopped(arm: Arm, machine: Machine) -> None:
    if nodes.power_state(arm, machine) != RUNNING:
        message = "Cannot modify extensions in the VM when the VM is not running."
        raise Refusal(409, "OperationNotAllowed", message)


def _refuse_busy(arm: Arm, machine: Machine) -> None:
    rows = [row for row in arm.node.operations.values() if same(row.machine.id, machine.id) and not row.ended]
    if rows:
        rows[0].looks += 1
        message = (
            "Run command extension execution is in progress. Please wait for completion before invoking a run command."
        )
        raise Refusal(409, "Conflict", message)


def _rows(found: Operation) -> list[Json]:
    """The rows that tell what a script printed, as soon as it has ended."""
    output = found.output.result()
    out, err = (text[-TAIL:].decode(errors="replace") for text in (output.out, output.err))
    if found.machine.windows:
        return [_row("ComponentStatus/StdOut/succeeded", out), _row("ComponentStatus/StdErr/succeeded", err)]
    return [_row("ProvisioningState/succeeded", f"Enable succeeded: \n[stdout]\n{out}\n[stderr]\n{err}")]


def _row(code: str, message: str) -> Json:
    return {"code": code, "level": "Info", "displayStatus": "Provisioning succeeded", "message": message}


def operation(arm: Arm, request: Request) -> Answer:
    """Both ways of following it; a look at one is a look at the other."""
    found = arm.node.operations.get(name_of(request.path))
    if found is None:
        raise Refusal(404, "NotFound", "The entity was not found in this Azure location.")
    found.looks += 1
    monitored = same(request.query.get("monitor", ""), "true")
    told = {"startTime": _BEGUN, "status": "InProgress", "name": found.name}
    if not found.ended:
        return Answer(None if monitored else told, 202 if monitored else 200, dict(PAUSE))
    if found.fails is not None:
        return _failed(found, monitored)
    if monitored:
        return Answer({"value": _rows(found)})
    properties = {"output": {"value": _rows(found)}}
    return Answer({**told, "endTime": _ENDED, "status": "Succeeded", "properties": properties})


def _failed(found: Operation, monitored: bool) -> Answer:
    code, message = found.fails or ("", "")
    error = {"code": code, "message": message}
    if monitored:
        return Answer({"error": error}, 409)
    return Answer({"startTime": _BEGUN, "endTime": _ENDED, "status": "Failed", "error": error, "name": found.name})
