from __future__ import annotations

from typing import Any

import pytest

from azext_aksegress import firewalls
from azext_aksegress.arm import Json
from azext_aksegress.snapshot import Snapshot, Unread
from tests.builders import aks_rule, node_rule

POLICY, PARENT = (f"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/firewallPolicies/{n}" for n in "cp")
IP_GROUP = "/subscriptions/S/resourceGroups/g/providers/Microsoft.Network/ipGroups/nodes"
IP_GROUPS = "/subscriptions/s/providers/Microsoft.Network/ipGroups"
FIREWALL: Json = {"id": "/firewall", "properties": {"firewallPolicy": {"id": POLICY}}}


def group(*collections: Json, priority: object = 100) -> Json:
    return {"properties": {"priority": priority, "ruleCollections": list(collections)}}


def collection(name: str, action: str = "Allow", priority: object = 100, rule: Json | None = None) -> Json:
    base = rule or {**node_rule()}
    return {"priority": priority, "action": {"type": action}, "rules": [{**base, "name": name}]}


def snapshot(*groups: Json, parent: tuple[Json, ...] | None = None, **more: Any) -> Snapshot:
    base = {"basePolicy": {"id": PARENT}} if parent is not None else {}
    answers: dict[str, Any] = {
        POLICY: {"properties": base},
        f"{POLICY}/ruleCollectionGroups": groups,
        PARENT: {"properties": {}},
        f"{PARENT}/ruleCollectionGroups": parent or (),
        **more,
    }
    return Snapshot("", "", {}).plus(answers)


def order(*groups: Json, **options: Any) -> list[str]:
    return [rule.document["name"] for rule in firewalls.rules_of(snapshot(*groups, **options), FIREWALL)]


class TestOrder:
    def test_network_rules_come_before_application_rules(self) -> None:
        names = {**aks_rule()}
        assert order(group(collection("names", priority=100, rule=names), collection("packets", priority=900))) == [
            "packets",
            "names",
        ]

    def test_a_rule_says_where_it_stands(self) -> None:
        named = {**collection("block"), "name": "guard"}
        (rule,) = firewalls.rules_of(snapshot(group(named)), FIREWALL)
        assert rule.words == "rule block of guard in c"
        (rule,) = firewalls.rules_of(snapshot(group(collection("block"))), FIREWALL)
        assert rule.words == "rule block of a collection in c"

    def test_groups_then_collections_by_priority(self) -> None:
        late = group(collection("c", priority=100), priority=300)
        early = group(collection("b", priority=900), collection("a", priority=200), priority=200)
        assert order(late, early) == ["a", "b", "c"]

    def test_a_parents_rules_come_first_whatever_their_priority(self) -> None:
        parent = (group(collection("parent", priority=60000), priority=60000),)
        assert order(group(collection("child")), parent=parent) == ["parent", "child"]

    def test_but_a_childs_network_rules_before_a_parents_application_rules(self) -> None:
        parent = (group(collection("parent", rule=aks_rule())),)
        assert order(group(collection("child")), parent=parent) == ["child", "parent"]

    def test_of_the_same_priority_a_denial_comes_first_in_whatever_order_they_are_listed(self) -> None:
        rows = [collection("allow"), collection("deny", "Deny")]
        assert order(group(*rows)) == order(group(*reversed(rows))) == ["deny", "allow"]

    @pytest.mark.parametrize("priority", [None, "100", {}])
    def test_what_has_no_priority_comes_last(self, priority: object) -> None:
        assert order(group(collection("odd", priority=priority), collection("b", priority=900))) == ["b", "odd"]


class TestRules:
    @pytest.mark.parametrize("action", ["DNAT", "", "allowed"])
    def test_translations_and_odd_actions_are_none(self, action: str) -> None:
        assert order(group(collection("x", action))) == []

    @pytest.mark.parametrize("kind", ["NatRule", None, 5])
    def test_other_types_are_none(self, kind: object) -> None:
        assert order(group(collection("x", rule={**node_rule(), "ruleType": kind}))) == []

    def test_letter_case_does_not_matter(self) -> None:
        assert order(group(collection("x", "ALLOW", rule={**node_rule(), "ruleType": "networkrule"}))) == ["x"]

    def test_a_policy_that_is_its_own_parent_ends(self) -> None:
        found = snapshot(group(collection("x"))).plus({POLICY: {"properties": {"basePolicy": {"id": POLICY.upper()}}}})
        assert len(firewalls.rules_of(found, FIREWALL)) == 1

    def test_a_parent_that_was_not_read_is_unread(self) -> None:
        found = snapshot(parent=(), **{PARENT: Unread(PARENT, "forbidden")})
        with pytest.raises(Unread, match="forbidden"):
            firewalls.rules_of(found, FIREWALL)

    def test_a_firewall_without_a_policy_has_classic_rules(self) -> None:
        rows = [{"properties": collection("x", rule={"protocols": ["TCP"]})}]
        firewall: Json = {"properties": {"networkRuleCollections": rows, "applicationRuleCollections": None}}
        (rule,) = firewalls.rules_of(snapshot(), firewall)
        assert not rule.is_application

    def test_the_priorities_that_are_taken_are_those_of_groups_or_of_classic_collections(self) -> None:
        assert firewalls.priorities(snapshot(group(priority=300), group(priority=100)), FIREWALL) == {100, 300}
        classic: Json = {"properties": {"networkRuleCollections": [{"properties": {"priority": 200}}]}}
        assert firewalls.priorities(snapshot(), classic) == {200}


RULE: Json = {**node_rule(), "sourceAddresses": [], "sourceIpGroups": [IP_GROUP]}


class TestIpGroups:
    def test_they_come_from_the_list_of_their_subscription(self) -> None:
        rows = ({"id": IP_GROUP.lower(), "properties": {"ipAddresses": ["10.240.0.0/16"]}},)
        found = snapshot(group(collection("x", rule=RULE)), **{IP_GROUPS: rows})
        (rule,) = firewalls.rules_of(found, FIREWALL)
        assert [str(known) for known in rule.sources] == ["10.240.0.0/16"]

    def test_one_that_is_not_in_the_list_is_unread(self) -> None:
        found = snapshot(group(collection("x", rule=RULE)), **{IP_GROUPS: ()})
        (rule,) = firewalls.rules_of(found, FIREWALL)
        assert rule.unread

    def test_their_list_is_wanted_as_soon_as_the_rules_are_known(self) -> None:
        found = snapshot(group(collection("x", rule=RULE)), parent=(), **{PARENT: Unread(PARENT, "later")})
        assert IP_GROUPS in list(firewalls.wanted_ids(found, FIREWALL))
