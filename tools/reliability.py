"""Write docs/reliability.json and the README's section on reliability from a run of the suite in tests/e2e/faults.

Usage: python -m tools.reliability JUNIT.xml       the file that pytest writes with --junitxml
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from textwrap import fill
from typing import Any, Dict, Iterable, Iterator, NamedTuple
from xml.etree import ElementTree

from tests.e2e.faults.commands import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "docs" / "reliability.json"
README = ROOT / "README.md"
SECTION = re.compile(r"^## Reliability\n.*?(?=^## )", re.DOTALL | re.MULTILINE)
KILLED = "SIGKILL"
ORDER = [command.title for command in COMMANDS]
"""Processes side by side report in any order; the table has this one."""
WIDTH = 120
_FIRST = """\
The last run of `make reliability`: {cases} cases, {failures} failures. Each command meets each of {faults}
faults at each request that it sends to Azure when all goes well: answers that are late, refused, throttled,
cut in half or say nothing; pages of a proxy; connections that are reset before or after Azure did what was
asked; and a change by somebody else right before. They come once, and some of them for good. And the process
of a `migrate` is killed (`SIGKILL`) after each of its {kills} requests.
"""
_THEN = """\
After every case: the exit code is one that fits, and 0 only where the result is whole; stdout is JSON or
empty; an error says what happened and what to do, without a traceback; the cluster is as it was or as it
should be, by one update at most, and what somebody else wrote is still there; the record was there before the
first update, and tells how it ended; and the same command ends well when it is run again without the fault.
How: `tests/e2e/faults`.
"""
Tally = Dict[str, Any]


class Ran(NamedTuple):
    """One case: what was run, what went wrong at which request, and whether a rule was broken."""

    command: str
    fault: str
    request: str
    failed: bool = False


def tally(cases: Iterable[Ran]) -> Tally:
    """The numbers of a run: by command for the faults, and for the kills."""
    rows = list(cases)
    faults, kills = [row for row in rows if row.fault != KILLED], [row for row in rows if row.fault == KILLED]
    commands = dict.fromkeys(row.command for row in faults)
    return {
        "cases": len(rows),
        "failures": sum(row.failed for row in rows),
        "faults": len({row.fault for row in faults}),
        "commands": {name: _row(row for row in faults if row.command == name) for name in commands},
        "kills": _row(kills),
    }


def _row(cases: Iterable[Ran]) -> dict[str, int]:
    rows = list(cases)
    return {
        "requests": len({row.request for row in rows}),
        "cases": len(rows),
        "failures": sum(row.failed for row in rows),
    }


def section(found: Tally) -> str:
    """The section of the README."""
    numbers = {"cases": f"{found['cases']:,}", "failures": found["failures"], "faults": found["faults"]}
    first = _FIRST.format(**numbers, kills=found["kills"]["requests"])
    parts = ["## Reliability", fill(first, WIDTH), "\n".join(_table(found)), fill(_THEN, WIDTH), ""]
    return "\n\n".join(parts)


def _table(found: Tally) -> Iterator[str]:
    yield "| command | requests of a clean run | cases | failures |"
    yield "|---|---|---|---|"
    for name, row in found["commands"].items():
        yield f"| `{name}` | {row['requests']} | {row['cases']} | {row['failures']} |"
    row = found["kills"]
    yield f"| `migrate`, killed | {row['requests']} | {row['cases']} | {row['failures']} |"


def from_junit(file: Path) -> Iterator[Ran]:
    """The cases of a run, by pytest's own report of it."""
    for case in ElementTree.parse(file).iter("testcase"):  # noqa: S314  # pytest on this machine wrote it
        named = {row.get("name"): row.get("value", "") for row in case.iter("property")}
        if "fault" in named:
            failed = case.find("failure") is not None or case.find("error") is not None
            yield Ran(named["command"], named["fault"], named["request"], failed)


def main() -> None:
    """Write the numbers, and the section."""
    found = tally(sorted(from_junit(Path(sys.argv[1])), key=lambda row: ORDER.index(row.command)))
    FILE.write_text(f"{json.dumps(found, indent=2)}\n", encoding="utf-8")
    readme = README.read_text(encoding="utf-8")
    README.write_text(SECTION.sub(lambda _: section(found), readme, count=1), encoding="utf-8")


if __name__ == "__main__":
    main()
