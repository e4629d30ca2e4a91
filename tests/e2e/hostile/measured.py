"""How much memory a command takes: of its own process, from its own Python, when it ends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.armsim.cli import Az, Result

_PROGRAM = Path(__file__).with_name("measured_main.py")


def measured(az: Az, *words: str) -> tuple[Result, int]:
    """How it ended, and the most memory that it has held, in MiB."""
    python = Az.__new__(Az)
    python.__dict__.update(az.__dict__, executable=az.executable.with_name("python"))
    result = python(str(_PROGRAM), *words)
    *lines, last = result.err.splitlines()
    return replace(result, err="\n".join(lines)), int(last)
