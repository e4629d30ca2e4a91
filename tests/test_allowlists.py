from __future__ import annotations

from typing import Any

import pytest

from azext_aksegress import allowlists, questions
from azext_aksegress.allowlists import AllowList
from azext_aksegress.snapshot import Snapshot

TODAY = "20.50.0.2"


def read(*rows: Any) -> tuple[AllowList, ...]:
    return allowlists.read(Snapshot("", "", {}, collections={questions.GRAPH.lower(): rows}))


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"id": None, "ipRules": [{"value": TODAY}]},
        {"id": "x", "ipRules": TODAY, "securityRules": {"a": 1}, "authorizedIPRanges": None},
        {"id": "x", "ipRules": [None, 7, {"value": 7}, {}], "authorizedIPRanges": [7, None, ""]},
        {"id": "x", "securityRules": [{"properties": None}, {"properties": {"direction": "Inbound"}}]},
    ],
)
def test_odd_rows_admit_nobody(row: dict[str, Any]) -> None:
    assert [found for found in read(row) if found.admits_some(TODAY)] == []


def test_lists_come_in_the_same_order_whatever_the_order_of_rows_and_rules() -> None:
    rows = tuple({"id": name, "ipRules": [{"value": "2.2.2.2"}, {"value": "1.1.1.1"}]} for name in ("b", "A", "b"))
    assert read(*rows) == (
        AllowList("A", ("1.1.1.1", "2.2.2.2")),
        AllowList("b", ("1.1.1.1", "2.2.2.2")),
    )


def test_a_resource_of_an_unknown_kind_has_no_command() -> None:
    assert AllowList("/subscriptions/s/providers/Microsoft.Odd/things/t", (TODAY,)).commands(["1.1.1.1"]) == ()


@pytest.mark.parametrize(
    "properties",
    [
        {"networkAcls": {"defaultAction": "Deny", "ipRules": [{"value": TODAY}]}},
        {"networkRuleSet": {"ipRules": [{"value": TODAY}]}},
        {"ipRules": [{"ipAddressOrRange": TODAY}]},
        {"apiServerAccessProfile": {"authorizedIPRanges": [TODAY]}},
    ],
)
def test_a_row_that_is_a_whole_resource_is_read_alike(properties: dict[str, Any]) -> None:
    assert [found.sources for found in read({"id": "x", "properties": properties})] == [(TODAY,)]


def test_of_a_whole_resource_too_rules_that_are_not_in_force_admit_nobody() -> None:
    open_ = {"networkAcls": {"defaultAction": "Allow", "ipRules": [{"value": TODAY}]}}
    assert read({"id": "x", "properties": open_}) == ()
