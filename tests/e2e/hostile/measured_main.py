"""Runs a command of az, and says as the last line on stderr how many MiB it has held; run by az's own Python."""

from __future__ import annotations

import re
import resource
import runpy
import sys
from pathlib import Path


def mebibytes() -> int:
    """The most memory of this process: on Linux, getrusage says that of the process which started it, where it had
    more."""
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return int(found.group(1) if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) // 1024


sys.argv[:1] = ["az"]
try:
    runpy.run_module("azure.cli", run_name="__main__", alter_sys=True)
finally:
    sys.stderr.write(f"\n{mebibytes()}\n")
