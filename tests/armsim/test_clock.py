"""A fast clock: waiting is short, and the clock says that it was not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from tests.armsim import cli

CLOCK = Path(cli.__file__).parent / "clock"
PROGRAM = """
import json, threading, time
began, day = time.monotonic(), time.time()
sleepers = [threading.Thread(target=time.sleep, args=(30,)) for _ in range(4)]
[sleeper.start() for sleeper in sleepers]
[sleeper.join() for sleeper in sleepers]
print(json.dumps([time.monotonic() - began, time.time() - day]))
"""


def test_sleepers_side_by_side_wake_when_their_time_has_passed_and_not_later() -> None:
    began = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(CLOCK)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, check=True)
    monotonic, wall = json.loads(done.stdout)
    assert 30 <= monotonic < 45
    assert 30 <= wall < 45
    assert time.monotonic() - began < 15
