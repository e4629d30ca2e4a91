"""A fast clock for a Python that finds this folder on its PYTHONPATH: sleeping takes a hundredth of the time.

`time.sleep` returns early, and `time.time` and `time.monotonic` then say that all of it has passed, in every thread of
the process. Nothing else changes: `datetime`, the timeouts of sockets and locks, and what happens while nobody sleeps
go by the real clock. So waits between tries, polls and pauses are short, and their number and order stay as they are.
"""

from __future__ import annotations

import threading
import time

SPEED = 100

_sleep, _time, _monotonic = time.sleep, time.time, time.monotonic
_guard = threading.Lock()
_ahead = [0.0]


def _now() -> float:
    return _monotonic() + _ahead[0]


def sleep(seconds: float) -> None:
    """Sleep a hundredth of it, and be where the whole would have led; sleepers side by side share the time."""
    end = _now() + seconds
    _sleep(seconds / SPEED)
    with _guard:
        _ahead[0] += max(0.0, end - _now())


time.sleep = sleep
time.monotonic = _now
time.time = lambda: _time() + _ahead[0]
