from __future__ import annotations

import copy
from typing import Any

import pytest

from azext_aksegress import body
from azext_aksegress.cluster import Cluster
from azext_aksegress.request import Request
from azext_aksegress.snapshot import API_VERSION, Snapshot, Unread
from tests.builders import Shop

LB, MNAT, UDR = "loadBalancer", "managedNATGateway", "userDefinedRouting"


def sent(shop: Shop, target: str, **options: Any) -> dict[str, Any]:
    return body.for_update(Cluster(Snapshot("", API_VERSION, shop.document)), Request(target, **options))


def without_egress(document: dict[str, Any]) -> dict[str, Any]:
    rest = copy.deepcopy(document)
    for key in ("outboundType", "loadBalancerProfile", "natGatewayProfile"):
        rest["properties"]["networkProfile"].pop(key, None)
    return rest


@pytest.mark.parametrize("target", [LB, MNAT, UDR, "userAssignedNATGateway", "none", "block"])
def test_nothing_but_read_only_and_egress_fields_differs_from_what_was_read(target: str) -> None:
    shop = Shop.byo(
        tags={"a": "b"},
        futureThing={"id": 1, "name": None},
        addonProfiles={"x": {"enabled": True, "identity": {"i": 1}}},
    )
    expected = without_egress(shop.document)
    for key in ("id", "name", "type", "eTag"):
        del expected[key]
    for key in ("principalId", "tenantId"):
        del expected["identity"][key]
    for key in ("provisioningState", "powerState", "currentKubernetesVersion", "fqdn", "resourceUID"):
        del expected["properties"][key]
    for pool in expected["properties"]["agentPoolProfiles"]:
        for key in ("provisioningState", "currentOrchestratorVersion", "eTag"):
            del pool[key]
    del expected["properties"]["addonProfiles"]["x"]["identity"]
    assert without_egress(sent(shop, target)) == expected


def test_what_was_read_stays_as_it_was() -> None:
    shop = Shop.byo()
    before = copy.deepcopy(shop.document)
    sent(shop, UDR)
    assert shop.document == before


@pytest.mark.parametrize("target", [UDR, "userAssignedNATGateway", "none", "block"])
def test_other_targets_carry_neither_profile_even_where_one_lingers(target: str) -> None:
    network = sent(Shop.managed(MNAT).network(loadBalancerProfile={"backendPoolType": "nodeIP"}), target)
    assert not {"loadBalancerProfile", "natGatewayProfile"} & set(network["properties"]["networkProfile"])


def profile(shop: Shop, target: str, **options: Any) -> dict[str, Any]:
    network = sent(shop, target, **options)["properties"]["networkProfile"]
    found: dict[str, Any] = network["loadBalancerProfile" if target == LB else "natGatewayProfile"]
    assert network["outboundType"] == target
    return found


def test_the_load_balancer_gets_one_address() -> None:
    assert profile(Shop.byo(UDR), LB) == {"managedOutboundIPs": {"count": 1}}


def test_the_load_balancer_of_a_dual_stack_cluster_gets_one_of_each_family() -> None:
    shop = Shop.byo(UDR).network(ipFamilies=["IPv4", "IPv6"])
    assert profile(shop, LB) == {"managedOutboundIPs": {"count": 1, "countIPv6": 1}}


def test_the_inbound_backend_pool_type_stays() -> None:
    shop = Shop.managed(MNAT).network(loadBalancerProfile={"backendPoolType": "nodeIP", "allocatedOutboundPorts": 8})
    assert profile(shop, LB)["backendPoolType"] == "nodeIP"


def test_the_managed_nat_gateway_gets_one_address_and_no_sku_unless_asked() -> None:
    assert profile(Shop.managed(), MNAT) == {"managedOutboundIPProfile": {"count": 1}}
    assert profile(Shop.managed(), MNAT, nat_gateway_sku="Standard")["sku"] == "Standard"


def test_a_repeated_update_keeps_the_stored_profile() -> None:
    shop = Shop.managed().set(provisioningState="Failed")
    stored = shop.document["properties"]["networkProfile"]["loadBalancerProfile"]
    assert profile(shop, LB) == {key: value for key, value in stored.items() if key != "effectiveOutboundIPs"}


def test_a_repeated_update_of_the_retired_spelling_keeps_standard_v2() -> None:
    shop = Shop.managed(MNAT).network(outboundType="managedNATGatewayV2", natGatewayProfile="odd")
    assert profile(shop.set(provisioningState="Failed"), MNAT)["sku"] == "StandardV2"


def test_a_new_sku_keeps_the_rest_of_the_gateways_profile() -> None:
    found = profile(Shop.managed(MNAT), MNAT, nat_gateway_sku="StandardV2")
    assert found == {"managedOutboundIPProfile": {"count": 1}, "idleTimeoutInMinutes": 4, "sku": "StandardV2"}


def test_a_cluster_whose_network_profile_was_not_read_is_never_sent() -> None:
    with pytest.raises(Unread):
        sent(Shop.byo().set(networkProfile=None), UDR)


class TestOptions:
    def test_of_the_load_balancer_stand_where_aks_reads_them(self) -> None:
        found = profile(
            Shop.byo(UDR), LB, ip_count=3, ipv6_count=2, ports=1024, idle_timeout=60, backend_pool_type="nodeIP"
        )
        assert found == {
            "managedOutboundIPs": {"count": 3, "countIPv6": 2},
            "allocatedOutboundPorts": 1024,
            "idleTimeoutInMinutes": 60,
            "backendPoolType": "nodeIP",
        }

    def test_of_the_nat_gateway_stand_where_aks_reads_them(self) -> None:
        found = profile(Shop.managed(), MNAT, nat_gateway_sku="StandardV2", ip_count=2, ipv6_count=1, idle_timeout=30)
        assert found == {
            "managedOutboundIPProfile": {"count": 2, "countIPv6": 1},
            "idleTimeoutInMinutes": 30,
            "sku": "StandardV2",
        }

    def test_addresses_of_ones_own_are_objects_below_a_load_balancer(self) -> None:
        assert profile(Shop.byo(UDR), LB, ip_ids=("/one", "/two")) == {
            "outboundIPs": {"publicIPs": [{"id": "/one"}, {"id": "/two"}]}
        }
        assert profile(Shop.byo(UDR), LB, prefix_ids=("/one",)) == {
            "outboundIPPrefixes": {"publicIPPrefixes": [{"id": "/one"}]}
        }

    def test_addresses_of_ones_own_are_bare_ids_below_a_nat_gateway(self) -> None:
        options = {"nat_gateway_sku": "StandardV2", "ip_ids": ("/one",), "prefix_ids": ("/two",)}
        assert profile(Shop.managed(), MNAT, **options) == {
            "outboundIPs": {"publicIPs": ["/one"]},
            "outboundIPPrefixes": {"publicIPPrefixes": ["/two"]},
            "sku": "StandardV2",
        }

    def test_addresses_of_ones_own_replace_those_that_aks_made(self) -> None:
        shop = Shop.managed()
        found = profile(shop, LB, ip_ids=("/one",))
        assert "managedOutboundIPs" not in found
        assert found["outboundIPs"] == {"publicIPs": [{"id": "/one"}]}
        assert found["idleTimeoutInMinutes"] == 30

    def test_addresses_that_aks_makes_replace_those_of_ones_own(self) -> None:
        shop = Shop.managed().network(loadBalancerProfile={"outboundIPs": {"publicIPs": [{"id": "/one"}]}})
        assert profile(shop, LB, ip_count=2) == {"managedOutboundIPs": {"count": 2}}

    def test_a_count_of_one_family_leaves_the_other(self) -> None:
        shop = Shop.managed().network(loadBalancerProfile={"managedOutboundIPs": {"count": 2, "countIPv6": 1}})
        assert profile(shop, LB, ipv6_count=3) == {"managedOutboundIPs": {"count": 2, "countIPv6": 3}}

    def test_a_timeout_alone_leaves_the_addresses(self) -> None:
        shop = Shop.managed().network(loadBalancerProfile={"outboundIPs": {"publicIPs": [{"id": "/one"}]}})
        assert profile(shop, LB, idle_timeout=60) == {
            "outboundIPs": {"publicIPs": [{"id": "/one"}]},
            "idleTimeoutInMinutes": 60,
        }

    def test_of_another_target_are_never_sent(self) -> None:
        network = sent(Shop.byo(), UDR, ip_count=2, idle_timeout=60)["properties"]["networkProfile"]
        assert not {"loadBalancerProfile", "natGatewayProfile"} & set(network)

    def test_the_cache_is_left_together_with_its_registry(self) -> None:
        shop = Shop.managed("none", bootstrapProfile={"artifactSource": "Cache", "containerRegistryId": "/registry"})
        assert sent(shop, LB)["properties"]["bootstrapProfile"]["containerRegistryId"] == "/registry"
        left = sent(shop, LB, artifact_source="Direct")["properties"]["bootstrapProfile"]
        assert left == {"artifactSource": "Direct"}

    def test_what_was_read_stays_as_it_was(self) -> None:
        shop = Shop.managed()
        before = copy.deepcopy(shop.document)
        sent(shop, LB, ip_count=5, idle_timeout=60, artifact_source="Direct")
        assert shop.document == before
