"""The commands that mend a finding: what to paste, and when in the order of a move."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Sequence

from azext_aksegress import arm

BEFORE, CUTOVER, AFTER = "before", "cutover", "after"
"""When a command runs: `cutover` is one that moves egress at the moment when it is run, before the type changes."""


@dataclass(frozen=True)
class Fix:
    """One command, and when to run it."""

    when: str
    command: str

    def to_json(self) -> dict[str, str]:
        """The fix as the JSON contract spells it."""
        return {"when": self.when, "command": self.command}


def before(command: str) -> Fix:
    """A command that changes nothing about egress, and prepares the move."""
    return Fix(BEFORE, command)


def cutover(command: str) -> Fix:
    """A command that is the cut-over itself, for everybody on that subnet or table."""
    return Fix(CUTOVER, command)


def after(command: str) -> Fix:
    """A command for when the move is made: before it, nodes would have no way out."""
    return Fix(AFTER, command)


def where(resource_id: str) -> dict[str, str]:
    """The options that say in which subscription and resource group something is."""
    return {
        "subscription": arm.part(resource_id, "subscriptions"),
        "resource_group": arm.part(resource_id, "resourceGroups"),
    }


def named(resource_id: str) -> dict[str, str]:
    """The options that name a resource where a command takes no `--ids`, as those of `az aks` do not."""
    return {**where(resource_id), "name": arm.name(resource_id)}


def az(command: str, **options: str | bool | Sequence[str]) -> str:
    """An az command to paste into a POSIX shell; every value is quoted, since names from Azure are data.

    `True` gives a flag without value, and a sequence an option with several values.
    """
    words = ["az", *command.split()]
    for option, value in options.items():
        words.append(("-" if len(option) == 1 else "--") + option.replace("_", "-"))
        if value is not True:
            words += [value] if isinstance(value, str) else [str(item) for item in value or ()]
    return " ".join(shlex.quote(word) for word in words)
