from __future__ import annotations

from typing import Any

from azure.core.exceptions import ServiceRequestError

from azext_aksegress import verify
from azext_aksegress.request import Request
from tests.armsim.estate import cluster_id
from tests.builders import CLUSTER, Shop

LB, MNAT, UANAT, UDR = "loadBalancer", "managedNATGateway", "userAssignedNATGateway", "userDefinedRouting"


class Reads:
    """An Azure whose read gives a snapshot, or raises."""

    def __init__(self, shop: Shop | None) -> None:
        self._shop = shop

    def read(self, request: Request) -> object:
        if self._shop is None:
            raise ServiceRequestError("connection refused")
        return self._shop.snapshot(request)


def found(after: Shop | None, target: str = UDR, before: Shop | None = None, **options: Any) -> dict[str, Any]:
    """The findings by id, once a cluster that was as `before` is as `after`."""
    judged = (before or Shop.byo().routed()).report(target, **options)
    findings, _ = verify.read_again(Reads(after), judged)
    return {finding.id: finding for finding in findings}


def outcomes(after: Shop | None, target: str = UDR, before: Shop | None = None, **options: Any) -> dict[str, str]:
    return {check_id: finding.outcome for check_id, finding in found(after, target, before, **options).items()}


def test_type_states_and_addresses_are_proven() -> None:
    assert outcomes(Shop.byo(UDR)) == {"verify.type": "pass", "verify.state": "pass", "verify.ips": "pass"}


def test_another_type_than_asked_for_fails() -> None:
    assert outcomes(Shop.byo(UDR), "none")["verify.type"] == "fail"


def test_a_failed_cluster_or_pool_fails() -> None:
    assert outcomes(Shop.byo(UDR).set(provisioningState="Failed"))["verify.state"] == "fail"
    assert outcomes(Shop.byo(UDR).pool("apps", provisioningState="Failed"))["verify.state"] == "fail"


def test_a_state_that_is_not_there_is_unknown() -> None:
    assert outcomes(Shop.byo(UDR).set(provisioningState=None))["verify.state"] == "unknown"


def test_a_cluster_that_cannot_be_read_is_unknown() -> None:
    assert outcomes(None) == {"verify.read": "unknown"}


def test_a_cluster_without_pools_is_unknown() -> None:
    assert outcomes(Shop.byo(UDR).set(agentPoolProfiles=[])) == {"verify.read": "unknown"}


def test_it_says_the_addresses_that_are_there_now() -> None:
    assert verify.read_again(Reads(Shop.byo(UDR)), Shop.byo().routed().report(UDR))[1] == ("52.0.0.1",)


class TestOptions:
    def test_those_in_force_pass(self) -> None:
        after = Shop.byo()
        after.document["properties"]["networkProfile"]["loadBalancerProfile"]["idleTimeoutInMinutes"] = 60
        assert outcomes(after, LB, Shop.byo(UDR), idle_timeout=60, ip_count=1)["verify.options"] == "pass"

    def test_another_value_is_named(self) -> None:
        finding = found(Shop.byo(), LB, Shop.byo(UDR), idle_timeout=60)["verify.options"]
        assert (finding.outcome, finding.seen.observed, finding.seen.expected) == (
            "fail",
            "idleTimeoutInMinutes 30",
            "idleTimeoutInMinutes 60",
        )

    def test_a_sku_that_was_asked_for_is_proven_too(self) -> None:
        for sku, outcome in (("Standard", "pass"), ("StandardV2", "fail")):
            after = outcomes(Shop.managed(MNAT), MNAT, Shop.managed(), nat_gateway_sku=sku)
            assert after["verify.options"] == outcome

    def test_a_sku_that_an_old_api_version_does_not_know_is_unknown(self) -> None:
        after = Shop.managed(MNAT).older("2024-09-01")
        after.document["properties"]["networkProfile"]["natGatewayProfile"].pop("sku")
        assert outcomes(after, MNAT, Shop.managed(), nat_gateway_sku="Standard") == {"verify.read": "unknown"}


class TestAddresses:
    def test_a_missing_one_fails(self) -> None:
        before = Shop.byo().gated(addresses=("52.0.0.2", "52.0.0.3"))
        finding = found(Shop.byo(UANAT), UANAT, before)["verify.ips"]
        assert (finding.outcome, finding.seen.observed) == ("fail", "52.0.0.2; 52.0.0.3 is missing")

    def test_one_that_nobody_expected_fails(self) -> None:
        after = Shop.byo(UANAT).gated(addresses=("52.0.0.2", "52.0.0.3"))
        finding = found(after, UANAT, Shop.byo().gated())["verify.ips"]
        assert (finding.outcome, finding.seen.observed) == ("fail", "52.0.0.2, 52.0.0.3; 52.0.0.3 was not expected")

    def test_one_that_cannot_be_read_is_unknown(self) -> None:
        after = Shop.byo(UANAT)
        after.arm.forbid(after.estate.public_ip("pip-nat-0", "52.0.0.2"))
        assert outcomes(after, UANAT, Shop.byo().gated())["verify.ips"] == "unknown"

    def test_the_addresses_of_ones_own_are_expected(self) -> None:
        before = Shop.managed("none")
        own = before.own_ip(ipAddress="52.0.0.7")
        finding = found(Shop.managed(), LB, before, ip_ids=(own,))["verify.ips"]
        assert finding.outcome == "fail"
        assert "52.0.0.7 is missing" in (finding.seen.observed or "")

    def test_an_address_out_of_the_prefix_that_was_given_is_the_expected_one(self) -> None:
        before, after = Shop.managed("none"), Shop.managed()
        prefix = before.estate.public_ip_prefix("ippre", "52.0.0.8/30")
        out_of_it = after.estate.public_ip("pip-of-prefix", "52.0.0.9")
        after.document["properties"]["networkProfile"]["loadBalancerProfile"] = {
            "outboundIPPrefixes": {"publicIPPrefixes": [{"id": prefix}]},
            "effectiveOutboundIPs": [{"id": out_of_it}],
        }
        assert outcomes(after, LB, before, prefix_ids=(prefix,))["verify.ips"] == "pass"

    def test_fewer_than_aks_was_to_make_fails(self) -> None:
        finding = found(Shop.managed(MNAT), MNAT, Shop.managed(), ip_count=2)["verify.ips"]
        assert finding.outcome == "fail"
        assert "1 addresses instead of 2" in (finding.seen.observed or "")

    def test_a_released_one_that_is_still_there_fails(self) -> None:
        before = Shop.managed(MNAT)
        before.document["id"] = cluster_id(CLUSTER)
        assert outcomes(before, MNAT, before, nat_gateway_sku="StandardV2")["verify.ips"] == "fail"

    def test_those_behind_a_virtual_network_gateway_are_not_azures_to_tell(self) -> None:
        shop = Shop.byo().routed(hop=None, hop_type="VirtualNetworkGateway")
        after = Shop.byo(UDR).routed(hop=None, hop_type="VirtualNetworkGateway")
        assert outcomes(after, UDR, shop)["verify.ips"] == "skip"

    def test_none_are_expected_of_an_isolated_cluster(self) -> None:
        assert outcomes(Shop.byo("none"), "none", Shop.byo())["verify.ips"] == "pass"
