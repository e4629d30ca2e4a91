"""A wrong clock for a Python that finds this folder on its PYTHONPATH: AHEAD seconds off, which may be negative.

Where BACK is set too, the clock goes back by that many seconds at each look at it. What counts elapsed time, and the
clock of TLS, stay right.
"""

from __future__ import annotations

import datetime
import os
import time

_time, _datetime = time.time, datetime.datetime
_ahead = [float(os.environ["AHEAD"])]
_back = float(os.environ.get("BACK", "0"))


def _off() -> float:
    _ahead[0] -= _back
    return _ahead[0]


class _Kind(type):
    """Takes what others made for what we make."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _datetime)


class _WrongDatetime(_datetime, metaclass=_Kind):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
        return _datetime.now(tz) + datetime.timedelta(seconds=_off())

    @classmethod
    def utcnow(cls) -> datetime.datetime:
        return cls.now(datetime.timezone.utc).replace(tzinfo=None)


time.time = lambda: _time() + _off()
datetime.datetime = _WrongDatetime
