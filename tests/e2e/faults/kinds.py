"""What goes wrong, as a table: every fault of the local Azure, refusals, and answers that are no answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from tests.armsim.arm import Answer
from tests.armsim.faults import (
    BadGateway,
    Before,
    Dropped,
    Fault,
    HalfAnswer,
    Hook,
    Html,
    Latency,
    Reset,
    Throttled,
    Unavailable,
)

ALL = ("GET", "POST", "PUT")
PASSING, REFUSED, UNCLEAR, CHANGED = "passing", "refused", "unclear", "changed"
"""How a fault ends that comes once: the request goes well when it is sent again; Azure said no; the answer says nothing
about the request; or nothing is wrong with it, and somebody else wrote the cluster right before it."""
LASTING = 99


@dataclass(frozen=True)
class Kind:
    """One thing that can go wrong with a request of one of `methods`; `make` gets the change by somebody else."""

    name: str
    nature: str
    make: Callable[[Hook], Fault]
    methods: tuple[str, ...] = ALL
    times: int = 1

    @property
    def lasts(self) -> bool:
        return self.times > 1


def _refusal(status: int) -> Callable[[Hook], Fault]:
    error = {"code": f"Code{status}", "message": "what the service says"}
    return lambda _: Answer({"error": error}, status)


def _body(text: str) -> Callable[[Hook], Fault]:
    return lambda _: Answer(text, headers={"Content-Type": "application/json"})


KINDS = (
    Kind("Latency", PASSING, lambda _: Latency(0.2)),
    Kind("Throttled", PASSING, lambda _: Throttled()),
    Kind("Unavailable", PASSING, lambda _: Unavailable(1)),
    Kind("BadGateway", PASSING, lambda _: BadGateway()),
    Kind("500", PASSING, _refusal(500)),
    Kind("Reset", PASSING, lambda _: Reset()),
    Kind("Dropped", PASSING, lambda _: Dropped()),
    Kind("HalfAnswer", PASSING, lambda _: HalfAnswer()),
    Kind("Before", CHANGED, Before),
    Kind("Html", UNCLEAR, lambda _: Html()),
    Kind("null", UNCLEAR, _body("null")),
    Kind("object", UNCLEAR, _body("{}")),
    Kind("list", UNCLEAR, _body("[]")),
    Kind("401", REFUSED, _refusal(401)),
    Kind("403", REFUSED, _refusal(403)),
    Kind("404", REFUSED, _refusal(404)),
    Kind("409", REFUSED, _refusal(409), ("PUT",)),  # of all requests, only a write can conflict with something
    Kind("412", REFUSED, _refusal(412), ("PUT",)),
    Kind("BadGatewayLasting", PASSING, lambda _: BadGateway(), times=LASTING),
    Kind("ResetLasting", PASSING, lambda _: Reset(), times=LASTING),
)
