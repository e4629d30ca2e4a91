"""Runs a command and writes its exit code, seconds and peak memory in kilobytes into a file.

Usage: python weigh.py FILE COMMAND …

A process of its own, and a small one: on Linux, a child begins with the peak of the process that it was forked from.
"""

import json
import resource
import subprocess
import sys
import time

begun = time.perf_counter()
code = subprocess.call(sys.argv[2:])
seconds = time.perf_counter() - begun
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump({"code": code, "seconds": seconds, "kilobytes": peak}, file)
