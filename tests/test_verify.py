from __future__ import annotations

from azure.core.exceptions import ServiceRequestError

from azext_aksegress import verify
from azext_aksegress.checks import Request
from tests.builders import Shop

UDR = "userDefinedRouting"


class Reads:
    """An Azure whose read gives a snapshot, or raises."""

    def __init__(self, shop: Shop | None) -> None:
        self._shop = shop

    def read(self, _: str) -> object:
        if self._shop is None:
            raise ServiceRequestError("connection refused")
        return self._shop.snapshot()


def outcomes(shop: Shop | None, target: str = UDR) -> set[tuple[str, str]]:
    findings, _ = verify.read_again(Reads(shop), Request(target))
    return {(finding.id, finding.outcome) for finding in findings}


def test_the_type_and_all_states_are_proven() -> None:
    assert outcomes(Shop.byo(UDR)) == {("verify.type", "pass"), ("verify.state", "pass")}


def test_another_type_than_asked_for_fails() -> None:
    assert ("verify.type", "fail") in outcomes(Shop.byo(UDR), "none")


def test_a_failed_cluster_or_pool_fails() -> None:
    assert ("verify.state", "fail") in outcomes(Shop.byo(UDR).set(provisioningState="Failed"))
    assert ("verify.state", "fail") in outcomes(Shop.byo(UDR).pool("apps", provisioningState="Failed"))


def test_a_state_that_is_not_there_is_unknown() -> None:
    assert ("verify.state", "unknown") in outcomes(Shop.byo(UDR).set(provisioningState=None))


def test_a_cluster_that_cannot_be_read_is_unknown() -> None:
    assert outcomes(None) == {("verify.read", "unknown")}


def test_a_cluster_without_pools_is_unknown() -> None:
    assert outcomes(Shop.byo(UDR).set(agentPoolProfiles=[])) == {("verify.read", "unknown")}


def test_it_says_the_addresses_that_are_there_now() -> None:
    assert verify.read_again(Reads(Shop.byo(UDR)), Request(UDR))[1] == ("52.0.0.1",)


def test_a_sku_that_was_asked_for_is_proven_too() -> None:
    reads = Reads(Shop.managed("managedNATGateway"))
    for sku, outcome in (("Standard", "pass"), ("StandardV2", "fail")):
        findings, _ = verify.read_again(reads, Request("managedNATGateway", sku))
        assert ("verify.sku", outcome) in {(finding.id, finding.outcome) for finding in findings}
