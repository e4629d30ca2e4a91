"""Clusters that are ready for a move, and the defects that each spoil one of them in one way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Mapping

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
    those of the move; `base` makes another ready cluster where the one of the target will not do.
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

    def __str__(self) -> str:
        return f"{self.id}-{self.name or self.to}"

    @property
    def asked(self) -> dict[str, Any]:
        """The options of the move, by field."""
        return {**OPTIONS.get(self.to, {}), **self.options}

    def shop(self) -> Shop:
        """The spoilt cluster."""
        shop = self.base() if self.base else ready(self.to)
        self.spoil(shop)
        return shop
