"""Clusters that are ready for a move, and the defects that each spoil one of them in one way."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Callable, Iterator, Mapping
from unittest import mock

from azext_aksegress.checks import Finding
from tests.armsim.estate import isolated
from tests.builders import Shop

LB, MNAT, UANAT = "loadBalancer", "managedNATGateway", "userAssignedNATGateway"
UDR, NONE, BLOCK = "userDefinedRouting", "none", "block"

OPTIONS: Mapping[str, Mapping[str, Any]] = {MNAT: {"nat_gateway_sku": "StandardV2"}}
"""What a ready cluster is asked for beside the type."""


def ready(to: str) -> Shop:
    """A cluster for whose move to a type no check fails, and of which everything can be read."""
    made: dict[str, Callable[[], Shop]] = {
        LB: lambda: Shop.byo(UANAT),
        MNAT: Shop.managed,
        UANAT: lambda: Shop.byo().gated(),
        UDR: lambda: Shop.byo().routed(),
        NONE: lambda: Shop.byo(**isolated()),
        BLOCK: lambda: Shop.managed(**isolated()),
    }
    return made[to]()


@dataclass(frozen=True)
class Defect:
    """One way to spoil a ready cluster, and the check that says so.

    `also` are checks that fail for the same cause, `unknown` those that cannot be judged because of it; `options` are
    those of the move; `base` makes another ready cluster where the one of the target will not do; `always` marks
    what is said of every such cluster.
    """

    id: str
    to: str
    spoil: Callable[[Shop], object]
    outcome: str = "fail"
    also: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    base: Callable[[], Shop] | None = None
    name: str = ""
    unknown: tuple[str, ...] = ()
    always: bool = False

    def __str__(self) -> str:
        return f"{self.id}-{self.name or self.to}"

    def whole(self) -> Shop:
        """The cluster before it is spoilt."""
        return self.base() if self.base else ready(self.to)

    @property
    def asked(self) -> dict[str, Any]:
        """The options of the move, by field."""
        return {**OPTIONS.get(self.to, {}), **self.options}

    def shop(self) -> Shop:
        """The spoilt cluster."""
        shop = self.whole()
        self.spoil(shop)
        return shop


@contextmanager
def same_names() -> Iterator[None]:
    """What Azure names at random gets the same names each time."""
    numbers = count(1)
    with mock.patch("uuid.uuid4", lambda: uuid.UUID(int=next(numbers))):
        yield


def news(defect: Defect) -> list[Finding]:
    """What the check of a defect says of the spoilt cluster, with its outcome, and not of the whole one."""
    with same_names():
        whole = _said(defect, defect.whole(), OPTIONS.get(defect.to, {}))
    with same_names():
        spoilt = _said(defect, defect.shop(), defect.asked)
    known = set() if defect.always else {(row.seen.observed, row.seen.resource) for row in whole}
    return [row for row in spoilt if (row.seen.observed, row.seen.resource) not in known]


def _said(defect: Defect, shop: Shop, options: Mapping[str, Any]) -> list[Finding]:
    found = shop.report(defect.to, **options).findings
    return [row for row in found if (row.id, row.outcome) == (defect.id, defect.outcome)]
