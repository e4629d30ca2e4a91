"""The requests of a clean run of each command: a table in the tree, which test_requests.py holds against a real run.

After a look at what changed, `AKSEGRESS_GOLDEN=write .venv/bin/pytest tests/e2e/faults/test_requests.py` writes it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Sequence

from tests.armsim.arm import Request
from tests.e2e.faults.commands import COMMANDS, Command

FILE = Path(__file__).with_name("requests.json")
BEFORE, UPDATE, AFTER = "before", "update", "after"
CLUSTER = "/subscriptions/*/resourceGroups/rg-shop/providers/Microsoft.ContainerService/managedClusters/aks-shop"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
_NOISE = re.compile(r"/subscriptions/\*|/resourceGroups|/providers|Microsoft\.|rg-shop_aks-shop_westeurope")
Counts = Dict[str, Dict[str, int]]
"""How often a method and path, as in `GET /path`, is asked for in each phase; what Azure names by a GUID is `*`."""


@dataclass(frozen=True)
class Asked:
    """The n-th request of a run with this method and path, n from 1; its phase is that of the update beside it."""

    method: str
    path: str
    nth: int
    phase: str

    @property
    def pattern(self) -> re.Pattern[str]:
        """What the paths of such requests match as a whole."""
        return re.compile(re.escape(self.path).replace(r"\*", "[^/]+"), re.I)

    @property
    def decides(self) -> bool:
        """Whether a command has nothing to say without its answer."""
        return (self.method, self.path, self.nth) == ("GET", CLUSTER, 1)

    def __str__(self) -> str:
        return f"{self.method}:{_NOISE.sub('', self.path).strip('/')}:{self.nth}"


def counted(journal: Sequence[Request]) -> Counts:
    """The requests of a journal by phase: those that come before its first PUT, its PUTs, and the others."""
    phases: dict[str, Counter[str]] = {BEFORE: Counter(), UPDATE: Counter(), AFTER: Counter()}
    for request in journal:
        phase = UPDATE if request.method == "PUT" else AFTER if phases[UPDATE] else BEFORE
        phases[phase][f"{request.method} {_GUID.sub('*', request.path)}"] += 1
    return {phase: dict(sorted(found.items())) for phase, found in phases.items() if found}


def of(command: Command) -> list[Asked]:
    """The requests of a clean run of a command, by the table."""
    found: list[Asked] = []
    for phase, counts in table().get(command.title, {}).items():
        for request, times in counts.items():
            method, path = request.split(" ", 1)
            earlier = sum((asked.method, asked.path) == (method, path) for asked in found)
            found += [Asked(method, path, earlier + number, phase) for number in range(1, times + 1)]
    return found


def write(command: Command, counts: Counts) -> None:
    """Put the requests of a clean run into the table, in the order of the commands."""
    known = {**table(), command.title: counts}
    ordered = {row.title: known[row.title] for row in COMMANDS if row.title in known}
    FILE.write_text(f"{json.dumps(ordered, indent=2)}\n", encoding="utf-8")


def table() -> Any:
    """The counts of every command, by its name."""
    return json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
