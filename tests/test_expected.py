from __future__ import annotations

import json

import pytest

from azext_aksegress import arm, expected
from tests.builders import Shop

LB, MNAT, UANAT, UDR = "loadBalancer", "managedNATGateway", "userAssignedNATGateway", "userDefinedRouting"


def test_it_comes_back_from_a_record_as_it_was() -> None:
    report = Shop.managed().report(MNAT, nat_gateway_sku="Standard", cli_version=None)
    made = expected.of(report)
    read = expected.from_json(json.loads(json.dumps(made.to_json())), report.cluster)
    assert (read.request, read.before, read.gone) == (made.request, made.before, made.gone)
    assert [(type(row), str(row)) for row in read.after.unknown] == [
        (type(row), str(row)) for row in made.after.unknown
    ]


def test_the_addresses_of_the_gateway_that_is_left_should_go() -> None:
    assert expected.of(Shop.managed().report(MNAT)).gone == ("20.50.0.2",)


def test_what_is_beside_egress_is_held_against_a_record_alone() -> None:
    report = Shop.byo().routed().report(UDR)
    made = expected.of(report)
    assert made.beside is None
    read = expected.from_json(made.to_json(), report.cluster)
    assert read.beside is not None
    assert "outboundType" not in read.beside["properties"]["networkProfile"]


@pytest.mark.parametrize("document", [None, {}, [], {"request": {"to": UDR}}, {"request": {"to": LB}, "before": {}}])
def test_what_says_nothing_of_a_move_is_refused(document: object) -> None:
    with pytest.raises(ValueError, match=r"it names|it does not say"):
        expected.from_json(document, Shop.byo().cluster())


@pytest.mark.parametrize(("shop", "to"), [(Shop.managed(), MNAT), (Shop.byo().routed(), UDR), (Shop.byo(), "none")])
def test_where_nothing_stands_before_the_new_path_no_other_addresses_are_expected(shop: Shop, to: str) -> None:
    assert expected.of(shop.report(to)).settled is None


def test_a_gateway_that_a_route_stands_before_is_expected_once_the_route_is_gone() -> None:
    shop = Shop.byo(UDR).gated()
    assert [arm.name(found) for found in expected.of(shop.report(UANAT)).gateways] == ["nat-shop"]
    settled = expected.of(shop.report(UANAT, update_ranges=True)).settled
    assert settled is not None
    assert settled.known == ("52.0.0.2",)
