"""Each command, at each request of its clean run, with each kind of fault that can meet such a request."""

from __future__ import annotations

from dataclasses import dataclass

from tests.e2e.faults import requests
from tests.e2e.faults.commands import AFTER_A_KILL, COMMANDS, MIGRATE, Command
from tests.e2e.faults.kinds import KINDS, Kind
from tests.e2e.faults.requests import Asked


@dataclass(frozen=True)
class Case:
    command: Command
    asked: Asked
    kind: Kind

    def __str__(self) -> str:
        return f"{self.command.title.replace(' ', '')}-{self.asked}-{self.kind.name}"


CASES = [
    Case(command, asked, kind)
    for command in COMMANDS
    for asked in requests.of(command)
    for kind in KINDS
    if asked.method in kind.methods
]


@dataclass(frozen=True)
class Kill:
    """A migrate is killed after its n-th request, in the order in which they come in; then a command is run."""

    nth: int
    then: Command

    def __str__(self) -> str:
        return f"migrate-{self.nth}-then-{self.then.name}"


def _kills(then: Command) -> list[Kill]:
    """After every request, or where the command needs a record, after those from the update on."""
    asked = requests.of(MIGRATE)
    first = 1 + sum(found.phase == requests.BEFORE for found in asked) if then.after else 1
    return [Kill(nth, then) for nth in range(first, len(asked) + 1)]


KILLS = [kill for command in AFTER_A_KILL for kill in _kills(command)]
