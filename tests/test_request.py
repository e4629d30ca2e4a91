from __future__ import annotations

import json
from typing import Any

import pytest

from azext_aksegress import request
from azext_aksegress._validators import ids
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


class TestWhatBringsBackWhatIsStored:
    AWAY = Request(UDR)

    def test_leaves_out_what_aks_sets_by_itself(self) -> None:
        assert request.as_stored(LB, properties(Shop.managed()), self.AWAY) == Request(LB)

    def test_asks_for_what_was_configured(self) -> None:
        profile = {
            "outboundIPs": {"publicIPs": [{"id": "/a"}]},
            "allocatedOutboundPorts": 8,
            "idleTimeoutInMinutes": 30,
        }
        shop = Shop.managed().network(loadBalancerProfile=profile)
        assert request.as_stored(LB, properties(shop), self.AWAY) == Request(LB, ip_ids=("/a",), ports=8)

    def test_says_the_sku_though_it_is_the_default(self) -> None:
        found = request.as_stored(MNAT, properties(Shop.managed(MNAT)), self.AWAY)
        assert found == Request(MNAT, nat_gateway_sku="Standard")

    @pytest.mark.parametrize(
        ("changed", "back"),
        [
            ({"idle_timeout": 60}, {"idle_timeout": 30}),
            ({"ports": 1024, "ip_count": 3}, {"ports": 0, "ip_count": 1}),
            ({"ip_ids": ("/a",)}, {"ip_count": 1}),
        ],
    )
    def test_undoes_options_of_the_same_type(self, changed: dict[str, Any], back: dict[str, Any]) -> None:
        found = request.as_stored(LB, properties(Shop.managed()), Request(LB, **changed))
        assert found == Request(LB, **back)


@pytest.mark.parametrize(
    ("to", "options"),
    [
        (LB, {"ports": 0, "ipv6_count": 0, "idle_timeout": 30}),
        (MNAT, {"nat_gateway_sku": "Standard", "idle_timeout": 4}),
    ],
)
def test_what_azure_does_not_say_is_what_it_sets_by_itself(to: str, options: dict[str, Any]) -> None:
    assert Request(to, **options).differences({"networkProfile": {}}) == ()
    assert Request(LB, artifact_source="Direct").differences({}) == ()


def test_a_count_that_is_not_said_beside_addresses_of_ones_own_is_no_default() -> None:
    stored = {"networkProfile": {"loadBalancerProfile": {"outboundIPs": {"publicIPs": [{"id": "/a"}]}}}}
    assert len(Request(LB, ip_count=1).differences(stored)) == 1


def test_bare_ids_of_a_nat_gateway_are_read_too() -> None:
    stored = {"networkProfile": {"natGatewayProfile": {"outboundIPs": {"publicIPs": ["/A"]}}}}
    assert Request(MNAT, ip_ids=("/a",)).differences(stored) == ()


@pytest.mark.parametrize("text", ["/a,/A/", " /a , ,/a"])
def test_an_id_that_is_named_twice_is_one(text: str) -> None:
    assert ids(text) == ("/a",)


def test_what_records_say_is_no_option() -> None:
    said = Request(LB, ip_ids=("/own",), formerly=("52.0.0.1",))
    assert (said.asked, said.spelled) == (Request(LB, ip_ids=("/own",)).asked, Request(LB, ip_ids=("/own",)).spelled)
    assert said.differences({}) == Request(LB, ip_ids=("/own",)).differences({})
    assert hash(said) != hash(Request(LB, ip_ids=("/own",)))


def test_a_request_comes_back_from_what_a_plan_keeps_of_it() -> None:
    asked = Request(
        "loadBalancer", cli_version="2.91.0", ip_ids=("/subscriptions/a/b",), idle_timeout=30, update_ranges=True
    )
    assert request.from_json(json.loads(json.dumps(asked.to_json())), "2.91.0") == asked


@pytest.mark.parametrize(
    "document",
    [
        None,
        {"to": "nowhere"},
        {"to": "loadBalancer", "options": {"load_balancer_idle_timeout": "30"}},
        {"to": "loadBalancer", "options": {"load_balancer_outbound_ips": "id"}},
        {"to": "loadBalancer", "options": {"load_balancer_outbound_ips": [1]}},
    ],
)
def test_what_is_no_request_is_refused(document: object) -> None:
    with pytest.raises(ValueError, match=r"its|it names"):
        request.from_json(document, None)
