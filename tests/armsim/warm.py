"""An az that has loaded its modules already: most of the time of a command is otherwise imports."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.armsim.cli import Az, Result

_PROGRAM = Path(__file__).with_name("warm_main.py")


class WarmAz(Az):
    """`with WarmAz(az, *words) as warm:` runs each command in a fork of one Python, which has loaded what those words
    of az load.

    A command has a process of its own as ever, with az's own main module in it, the folder of `az` and the extension
    that is installed there; what is not shared is anything that az or the extension would remember between commands.
    """

    def __init__(self, az: Az, *words: str) -> None:
        super().__init__(az.executable, az.folder, az.azure, az.fast_clock)
        self._first = words
        self._python: Any = None

    def __enter__(self) -> WarmAz:
        self._python = subprocess.Popen(
            [str(self.executable.with_name("python")), str(_PROGRAM), str(self.folder / "learnt"), *self._first],
            env={**self.environment, "AZ_INSTALLER": "PIP"},
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if self._code():
            raise RuntimeError(f"az {' '.join(self._first)} did not go well")
        return self

    def __exit__(self, *_: Any) -> None:
        self._python.stdin.close()
        try:
            self._python.wait(10)
        except subprocess.TimeoutExpired:
            self._python.kill()
        self._python.stdout.close()

    def __call__(self, *words: str, stdin: str | None = None) -> Result:
        if stdin:
            return super().__call__(*words, stdin=stdin)
        out, err = self.folder / "stdout", self.folder / "stderr"
        job = {"words": words, "out": str(out), "err": str(err)}
        self._python.stdin.write(f"{json.dumps(job)}\n")
        self._python.stdin.flush()
        return Result(self._code(), out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))

    def _code(self) -> int:
        code = self._python.stdout.readline()
        if not code:
            raise RuntimeError("the Python that forks the commands of az is gone")
        return int(code)
