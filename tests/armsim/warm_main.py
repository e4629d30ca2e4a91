"""Forks commands of az for `warm.WarmAz`; runs in az's own Python, so it imports nothing of the tests.

Arguments: a file to write to, and the words of the command of az whose modules are loaded first. Each line of
stdin is a job: the words of a command, and the files for its output. Each line of stdout is the exit code of
one; the first line is that of the command in the arguments.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import sys
import threading
from typing import Any


def main() -> None:
    """Load what the first command loads, and run the jobs."""
    _say(_load(*sys.argv[1:]))
    for line in sys.stdin:
        _say(_fork(json.loads(line)))


def _say(code: int) -> None:
    sys.stdout.write(f"{code}\n")
    sys.stdout.flush()


def _load(learnt: str, *words: str) -> int:
    """Import what a command imports; what has no name to import it by, the commands import themselves."""
    code = _fork({"words": words, "out": os.devnull, "err": os.devnull, "learnt": learnt})
    with open(learnt, encoding="utf-8") as file:
        found = json.load(file)
    sys.path[:] = found["path"]
    for name in found["modules"]:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # so that the forks do not copy what they only read
    return code


def _fork(job: dict[str, Any]) -> int:
    """Run a job in a process of its own; its exit code, or the negative number of the signal that ended it."""
    pid = os.fork()
    if pid == 0:
        try:
            _run(job)
        except SystemExit as end:
            _leave(end.code)
            raise
    status = os.waitpid(pid, 0)[1]
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _leave(code: object) -> None:
    """End this process as Python would, but for taking down all that was loaded, which takes as long as a command does;
    what is no number is left to Python to print."""
    if code is None or isinstance(code, int):
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code or 0)


def _run(job: dict[str, Any]) -> None:
    """As the launcher of az would; it ends in SystemExit."""
    for number, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, job["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, job["err"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        os.dup2(os.open(path, flags, 0o600), number)
    sys.argv[:] = ["az", *job["words"]]
    try:
        runpy.run_module("azure.cli", run_name="__main__", alter_sys=True)
    finally:
        if "learnt" in job:
            with open(job["learnt"], "w", encoding="utf-8") as file:
                json.dump({"path": sys.path, "modules": sorted(sys.modules)}, file)


if __name__ == "__main__":
    main()
