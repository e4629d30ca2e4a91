"""What a test may say of the nodes of clusters, and what was run on them; an Arm has it as `node`."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Callable

from tests.armsim.node_shell import Output

RUNNING = "running"


@dataclass(frozen=True)
class Ran:
    """One script that Azure was asked to run: on which machine, as which command, and what comes of it."""

    machine: str
    command_id: str
    script: str
    output: Future[Output]

    @property
    def left_behind(self) -> tuple[str, ...]:
        """The files that it left in its folder, once it has ended."""
        return self.output.result().left_behind


@dataclass(frozen=True)
class Rule:
    """How a host answers nodes: curl's exit code, or a status of HTTP; on one subnet, or on all."""

    host: str
    outcome: int
    subnet: str = ""


class NodeHooks:
    """The nodes of every cluster; what nothing is said of follows from the estate."""

    def __init__(self) -> None:
        self.sees: str | None = None
        """The address that the internet sees, in the place of that which follows from the estate; it is also a way
        out where the estate has none."""
        self.appliance = "198.51.100.10"
        """What the internet sees behind an appliance that is no Azure Firewall of the estate; nothing where empty."""
        self.gateway = "198.51.100.20"
        """The same behind a virtual network gateway."""
        self.proxy = "198.51.100.30"
        """The same behind the HTTP proxy of a cluster, which nodes reach whatever their way out."""
        self.answers: str | Callable[[str], str] | None = None
        """What scripts print, in the place of what they would, by their text; they are not run then."""
        self.never_ends = False
        """Let scripts that begin now stay in progress."""
        self.fails: tuple[str, str] | None = None
        """Code and message with which the operations of scripts that begin now end."""
        self.patience = 60.0
        """Seconds after which a script is stopped."""
        self.scripts: list[Ran] = []
        """All that was run, or would have been but for `answers`, `never_ends` and `fails`."""
        self.rules: list[Rule] = []
        self.operations: dict[str, Any] = {}
        self._power: dict[str, str] = {}

    def unreachable(self, host: str, outcome: int, subnet: str = "") -> None:
        """Let a host answer nodes with curl's exit code, or with a status of HTTP from 100 on; on one subnet, or on
        all of them."""
        self.rules.append(Rule(host.lower(), outcome, subnet.lower()))

    def power(self, machine: str, state: str = "deallocated") -> None:
        """Set the power state of a machine by its id: deallocated, stopped, running and so on."""
        self._power[machine.lower()] = state

    def power_of(self, machine: str) -> str | None:
        return self._power.get(machine.lower())

    def outcomes(self, subnet: str) -> dict[str, int]:
        """By host, as nodes on a subnet find it; the last that was said counts."""
        rows = [rule for rule in self.rules if rule.subnet in ("", subnet.lower())]
        return {rule.host: rule.outcome for rule in rows}
