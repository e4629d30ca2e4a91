"""Every command that a judgement, a plan and their errors print, and a shell that runs them with an az that only
writes down what it hears."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import Any, Iterator, Sequence

from azext_aksegress import checks, migration
from azext_aksegress.render import terminal
from azext_aksegress.report import Report, make
from azext_aksegress.snapshot import Snapshot
from tests.defects import Defect, same_names
from tests.hostile.names import CANARY, Renamed, asked_of

_AZ = """#!/bin/sh
printf '%s\\0' "$#" "$@" >> "$HEARD"
"""


_READ: dict[int, Snapshot] = {}


def read(defect: Defect) -> Snapshot:
    """What is read of a defect's cluster, once."""
    if id(defect) not in _READ:
        with same_names():
            _READ[id(defect)] = defect.shop().snapshot(asked_of(defect))
    return _READ[id(defect)]


def judged(defect: Defect, renamed: Renamed | None = None) -> Report:
    """The report of a defect's cluster, with other names where they are given."""
    snapshot = renamed.snapshot(read(defect)) if renamed else read(defect)
    return make(snapshot, asked_of(defect, renamed))


def printed(report: Report) -> list[str]:
    """Every command of a report, of the plan that goes past all of it that can be gone past, and what comes next."""
    move = migration.prepare(report.cluster.snapshot, report.request, checks.acceptable_ids())
    found = [*_commands(report.to_json()), *_commands(move.to_json())]
    found += [text.strip() for line in terminal.next_steps(report) for style, text in line if style == "action"]
    return [*found, *([move.plan.command] if move.plan else [])]


def _commands(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        yield from (value for key, value in document.items() if key == "command" and value)
        document = list(document.values())
    if isinstance(document, list):
        for item in document:
            yield from _commands(item)


def heard(commands: Sequence[str], folder: Path) -> list[list[str]]:
    """The words that az hears for each command of a shell script; fails where the shell does not take it, runs anything
    else, or says anything."""
    tools, script, words = folder / "bin", folder / "script.sh", folder / "heard"
    tools.mkdir()
    (tools / "az").write_text(_AZ)
    (tools / "az").chmod(0o755)
    script.write_bytes(("\n".join(commands) + "\n").encode())
    environment = {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "HEARD": str(words), "HOME": "/nowhere"}
    for options in (["-n"], []):
        done = subprocess.run(
            ["/bin/sh", *options, str(script)],
            cwd=folder,
            env=environment,
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        assert words.exists() == (not options)
    assert sorted(path.name for path in folder.iterdir()) == ["bin", "heard", "script.sh"], CANARY
    return list(_split(words.read_bytes().decode().split("\0")))


def _split(rows: list[str]) -> Iterator[list[str]]:
    at = 0
    while at < len(rows) - 1:
        size = int(rows[at])
        yield rows[at + 1 : at + 1 + size]
        at += 1 + size


def spoken(command: str) -> list[str]:
    """The words of a command behind `az`, as Python's own reader of shells splits it."""
    first, *words = shlex.split(command)
    assert first == "az"
    return words
