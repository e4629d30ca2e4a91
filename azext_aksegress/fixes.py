"""The commands that mend a finding: what to paste, and when in the order of a move."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from functools import lru_cache
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


UNSPEAKABLE = "<a name that az would not take as it is>"
"""Stands for a value that no az command can be given."""
_A_FILE = re.compile(r"[^=]*=@|@")
"""How a word begins in the place of which az reads a file, the one after the `@`, whatever the word is for (az 2.91.0,
azure.cli.core.commands, _expand_file_prefixed_files): its content would go to Azure as a name."""

_quoted = lru_cache(maxsize=1024)(shlex.quote)  # commands have most of their words in common


def az(command: str, **options: str | bool | Sequence[str]) -> str:
    """An az command to paste into a POSIX shell; every value is quoted, since names from Azure are data.

    `True` gives a flag without value, and a sequence an option with several values. What would still be something else
    than a value to az is kept from being so.
    """
    words = ["az", *command.split()]
    for option, value in options.items():
        words.append(("-" if len(option) == 1 else "--") + option.replace("_", "-"))
        if isinstance(value, str) and value.startswith("-") and "\0" not in value:
            words[-1] += f"={value}"  # by itself it would be an option
        elif value is not True:
            words += [_spoken(item) for item in ([value] if isinstance(value, str) else value or ())]
    return " ".join(map(_quoted, words))


def _spoken(value: object) -> str:
    """A value that comes to az as it is: one of several cannot begin as an option does, and no word of a command can
    hold a NUL."""
    word = str(value)
    return UNSPEAKABLE if word.startswith("-") or _A_FILE.match(word) or "\0" in word else word
