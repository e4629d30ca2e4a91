"""EGR4xx: is there room?"""

from __future__ import annotations

from typing import Iterator

from azext_aksegress.checks import Fail, Outcome, Pass, Skip, check
from azext_aksegress.cluster import Cluster
from azext_aksegress.matrix import LOAD_BALANCER, MANAGED_NAT_GATEWAY, STANDARD_V2
from azext_aksegress.request import Option, Request, Value
from azext_aksegress.snapshot import API_VERSION


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
    reference="https://learn.microsoft.com/azure/aks/load-balancer-standard",
    observed_at="request",
)
def numbers_are_in_range(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """AKS refuses numbers that are out of range."""
    numbers = [(option, value) for option, value in request.asked if option.limits]
    ranges = [(_out_of_range(option, value), _expected(option)) for option, value in numbers]
    faults = [(fault, expected) for fault, expected in (*ranges, *_unknown_here(cluster, request)) if fault]
    for fault, expected in faults:
        yield Fail(cluster.id, fault, expected=expected)
    if not faults:
        yield Pass(cluster.id, f"{len(numbers)} given") if numbers else Skip("none are given")


def _out_of_range(option: Option, value: Value) -> str | None:
    lowest, highest, step = option.limits or (0, 0, 1)
    number = len(value) if isinstance(value, tuple) else int(value)
    if lowest <= number <= highest and number % step == 0:
        return None
    return f"{option.flags[0]}: {number} is not {_expected(option)}"


def _expected(option: Option) -> str:
    lowest, highest, step = option.limits or (0, 0, 1)
    multiple = f", a multiple of {step}" if step > 1 else ""
    ids = " ids" if option.takes_ids else ""
    return f"{lowest} to {highest}{ids}{multiple}"


def _unknown_here(cluster: Cluster, request: Request) -> Iterator[tuple[str, str]]:
    """Options that the target, the cluster or the cloud does not know."""
    if request.ipv6_count:
        if request.to == MANAGED_NAT_GATEWAY and request.nat_gateway_sku != STANDARD_V2:
            yield f"an IPv6 count needs --nat-gateway-sku {STANDARD_V2}: no other has IPv6", STANDARD_V2
        if not cluster.dual_stack:
            yield "an IPv6 count needs a dual-stack cluster, and this one is IPv4 only: leave it out", "no IPv6 count"
    answered = cluster.snapshot.api_version
    if request.nat_gateway_sku and answered < API_VERSION:
        needs = f"--nat-gateway-sku needs api-version {API_VERSION}, and this cloud answers with {answered}"
        yield f"{needs}: leave it out", API_VERSION
