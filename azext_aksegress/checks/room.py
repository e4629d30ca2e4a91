"""EGR4xx: is there room?"""

from __future__ import annotations

from typing import Iterator

from azext_aksegress.checks import Fail, Outcome, Pass, Skip, check
from azext_aksegress.cluster import Cluster
from azext_aksegress.matrix import LOAD_BALANCER, MANAGED_NAT_GATEWAY, STANDARD_V2
from azext_aksegress.request import Option, Request, Value


@check(
    "EGR403",
    "counts and timeouts are in range",
    to=[LOAD_BALANCER, MANAGED_NAT_GATEWAY],
    blocks=True,
    sources=(
        "AKS documentation, configure-load-balancer-standard.md, 2026-07-02",
        "AKS documentation, nat-gateway.md, 2026-07-07",
        "azure-mgmt-containerservice 41.6.0, docstrings",
    ),
    url="https://learn.microsoft.com/azure/aks/load-balancer-standard",
)
def numbers_are_in_range(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """AKS refuses numbers that are out of range."""
    numbers = [(option, value) for option, value in request.asked if option.limits]
    for option, value in numbers:
        fault = _fault(request, option, value)
        if fault:
            yield Fail(cluster.id, fault, expected=_expected(option))
    if numbers:
        yield Pass(cluster.id, f"{len(numbers)} given")
    else:
        yield Skip("none are given")


def _fault(request: Request, option: Option, value: Value) -> str | None:
    lowest, highest, step = option.limits or (0, 0, 1)
    number = len(value) if isinstance(value, tuple) else int(value)
    if not lowest <= number <= highest or number % step:
        return f"{option.flags[0]}: {number} is not {_expected(option)}"
    needs_v2 = option.field == "ipv6_count" and request.to == MANAGED_NAT_GATEWAY
    if needs_v2 and request.nat_gateway_sku != STANDARD_V2:
        return f"{option.flags[0]} needs --nat-gateway-sku {STANDARD_V2}: no other has IPv6"
    return None


def _expected(option: Option) -> str:
    lowest, highest, step = option.limits or (0, 0, 1)
    multiple = f", a multiple of {step}" if step > 1 else ""
    ids = " ids" if option.takes_ids else ""
    return f"{lowest} to {highest}{ids}{multiple}"
