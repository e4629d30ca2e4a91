"""Runs a command of az, and says as the last line on stderr how many MiB it has held; run by az's own Python."""

from __future__ import annotations

import resource
import runpy
import sys

sys.argv[:1] = ["az"]
try:
    runpy.run_module("azure.cli", run_name="__main__", alter_sys=True)
finally:
    sys.stderr.write(f"\n{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}\n")
