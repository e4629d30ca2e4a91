from __future__ import annotations

import pytest

from azext_aksegress import request
from azext_aksegress.request import OPTIONS, Request
from tests.builders import Shop

LB, MNAT, UDR = "loadBalancer", "managedNATGateway", "userDefinedRouting"


def test_a_request_takes_the_options_of_its_target_alone() -> None:
    given = {"load_balancer_idle_timeout": 60, "nat_gateway_idle_timeout": 30, "load_balancer_outbound_ips": None}
    assert request.make(LB, "2.91.0", given) == Request(LB, cli_version="2.91.0", idle_timeout=60)
    assert request.make(MNAT, None, given) == Request(MNAT, idle_timeout=30)
    assert request.make(UDR, None, given) == Request(UDR)


def test_zero_is_asked_for_as_much_as_any_number() -> None:
    assert [value for _, value in Request(LB, ports=0).asked] == [0]


def test_it_is_spelled_as_az_spells_it() -> None:
    assert Request(LB, ip_ids=("/one", "/two"), idle_timeout=60).spelled == {
        "to": LB,
        "load_balancer_outbound_ips": "/one,/two",
        "load_balancer_idle_timeout": "60",
    }


def test_every_flag_belongs_to_one_option() -> None:
    flags = [flag for option in OPTIONS for flag in option.flags]
    assert len(flags) == len(set(flags))


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_a_long_flag_has_a_short_alias(option: request.Option) -> None:
    assert min(len(flag.lstrip("-")) for flag in option.flags) <= 22


def properties(shop: Shop) -> object:
    return shop.document["properties"]


def test_what_is_stored_already_is_no_difference() -> None:
    shop = Shop.managed()
    profile = shop.document["properties"]["networkProfile"]["loadBalancerProfile"]
    profile["outboundIPs"] = {"publicIPs": [{"id": "/A"}, {"id": "/b"}]}
    asked = Request(LB, ip_ids=("/B", "/a"), idle_timeout=30, backend_pool_type="NodeIPConfiguration")
    assert asked.differences(properties(shop)) == ()


def test_a_difference_has_what_is_asked_and_what_is_stored() -> None:
    ((option, asked, stored),) = Request(LB, idle_timeout=60, ip_count=1).differences(properties(Shop.managed()))
    assert (option.name, asked, stored) == ("load_balancer_idle_timeout", 60, 30)


def test_what_is_not_stored_differs() -> None:
    ((_, _, stored),) = Request(LB, ip_ids=("/a",)).differences(properties(Shop.managed()))
    assert stored is None


def test_the_cache_can_be_left_only_by_a_target_with_a_way_out() -> None:
    assert Request(LB, artifact_source="Direct").asked
    assert not Request("none", artifact_source="Direct").asked


def test_what_is_stored_can_be_asked_for_again_without_what_aks_sets_by_itself() -> None:
    assert request.as_stored(LB, properties(Shop.managed())) == Request(LB)
    profile = {"outboundIPs": {"publicIPs": [{"id": "/a"}]}, "allocatedOutboundPorts": 8, "idleTimeoutInMinutes": 30}
    shop = Shop.managed().network(loadBalancerProfile=profile)
    assert request.as_stored(LB, properties(shop)) == Request(LB, ip_ids=("/a",), ports=8)
    assert request.as_stored(MNAT, properties(Shop.managed(MNAT))) == Request(MNAT, nat_gateway_sku="Standard")
