"""How many queries Resource Graph answers in a while: 15 in each window of five seconds, as the documentation has it.

From MicrosoftDocs/azure-docs, resource-graph/concepts/guidance-for-throttled-requests.md; the refusal from
Azure/azure-cli-extensions#3325, and Retry-After from nowhere: a guess.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Callable

from tests.armsim.messages import Refusal

REMAINING, RESETS_AFTER = "x-ms-user-quota-remaining", "x-ms-user-quota-resets-after"
LIMIT, WINDOW = 15, 5.0


@dataclass
class Quota:
    """So many queries in each window of so many seconds; a window begins with the first query after the last one."""

    limit: int = LIMIT
    window: float = WINDOW
    clock: Callable[[], float] = time.monotonic
    _used: int = field(default=0, init=False)
    _ends: float = field(default=-math.inf, init=False)

    def take(self) -> dict[str, str]:
        """Count a query, and give the headers of its answer; a Refusal where there are no more."""
        now = self.clock()
        if now >= self._ends:
            self._used, self._ends = 0, now + self.window
        seconds = max(1, math.ceil(self._ends - now))
        if self._used >= self.limit:
            raise _throttled(seconds)
        self._used += 1
        return headers(self.limit - self._used, seconds)


def headers(remaining: int = LIMIT, seconds: int = int(WINDOW)) -> dict[str, str]:
    """What every answer carries; a quota that is not used up where nobody counts."""
    return {
        REMAINING: str(remaining),
        RESETS_AFTER: f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}",
        "x-ms-tenant-subscription-limit-hit": "false",
    }


def _throttled(seconds: int) -> Refusal:
    message = (
        "Client application has been throttled and should not attempt to repeat the request until an amount of time "
        "has elapsed. Please see https://aka.ms/resourcegraph-throttling for help."
    )
    details = [{"code": "RateLimiting", "message": message}]
    found = Refusal(429, "RateLimiting", "Please provide below info when asking for support.", details=details)
    found.answer.headers.update({**headers(0, seconds), "Retry-After": str(seconds)})
    return found
