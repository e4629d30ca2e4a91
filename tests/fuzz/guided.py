"""Coverage-guided fuzzing of one target, with Atheris, which nothing else needs: see README.md.

python -m tests.fuzz.guided plan|record|snapshot|request|TEST [options of libFuzzer]

TEST is the name of a test of hypothesis, as `test_answers.test_a_move_…`: then Atheris chooses what hypothesis draws.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path
from typing import Callable

import atheris

with atheris.instrument_imports(include=["azext_aksegress"]):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Look for inputs until libFuzzer's own limits; the first that is a finding ends it, and is kept in a file."""
    name = sys.argv.pop(1)
    with tempfile.TemporaryDirectory() as folder:
        atheris.Setup(sys.argv, _target(name, Path(folder)))
        atheris.Fuzz()


def _target(name: str, folder: Path) -> Callable[[bytes], object]:
    if name in TARGETS:
        return lambda data: TARGETS[name](folder, data)
    module, test = name.split(".")
    found = getattr(importlib.import_module(f"tests.fuzz.{module}"), test)
    run: Callable[[bytes], object] = found.hypothesis.fuzz_one_input
    return run


if __name__ == "__main__":
    main()
