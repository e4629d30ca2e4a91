"""Azure Firewalls: the rules of a policy with its parents', or classic ones, in the order in which they are judged.

Network rules come before application rules; of each, a parent's before a child's, then by priority of the group and of
the collection; the first match decides, and what nothing matches is denied (Azure documentation,
firewall/rule-processing.md, 2020-04-10; firewall-manager/rule-hierarchy).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Iterator

from azext_aksegress import arm
from azext_aksegress.arm import Json
from azext_aksegress.firewall_rules import Rule
from azext_aksegress.snapshot import Snapshot, Unread

_CLASSIC = ("networkRuleCollections", "applicationRuleCollections")
"""Where a firewall without a policy keeps its rules."""


def wanted_ids(snapshot: Snapshot, firewall: Json) -> Iterator[str]:
    """What to read to know the rules of a firewall, as far as that is known."""
    for more in (_policies_and_groups, _ip_group_lists):
        try:
            yield from more(snapshot, firewall)
        except Unread:
            continue


def _policies_and_groups(snapshot: Snapshot, firewall: Json) -> Iterator[str]:
    for policy_id in _policy_ids(snapshot, firewall, ()):
        yield policy_id
        yield _groups_of(policy_id)


def _ip_group_lists(snapshot: Snapshot, firewall: Json) -> Iterator[str]:
    for rule in _rows(snapshot, firewall):
        yield from (_ip_groups_of(found) for found in _ip_groups(rule.document))


def _policy_ids(snapshot: Snapshot, firewall: Json, seen: tuple[str, ...]) -> Iterator[str]:
    """The policy of a firewall or of a policy, and its parents; raises Unread after the first that is not read."""
    key = "basePolicy" if seen else "firewallPolicy"
    found = arm.text(firewall, "properties", key, "id")
    if found and found.lower() not in seen:
        yield found
        yield from _policy_ids(snapshot, snapshot.resource(found), (*seen, found.lower()))


def _groups_of(policy_id: str) -> str:
    return arm.child(policy_id, "ruleCollectionGroups")


def _ip_groups(rule: Json) -> tuple[str, ...]:
    return (*arm.strings(rule, "sourceIpGroups"), *arm.strings(rule, "destinationIpGroups"))


def _ip_groups_of(group_id: str) -> str:
    """The collection that an IP group is in: one request for all of a subscription."""
    return f"/subscriptions/{arm.part(group_id, 'subscriptions').lower()}/providers/Microsoft.Network/ipGroups"


def rules_of(snapshot: Snapshot, firewall: Json) -> tuple[Rule, ...]:
    """All rules of a firewall about what leaves, in the order in which they are judged; raises Unread."""
    found = (_resolved(snapshot, rule) for rule in _rows(snapshot, firewall))
    return tuple(sorted(found, key=lambda rule: rule.order))


def policy_of(firewall: Json) -> str | None:
    """The id of the policy that a firewall takes its rules from; None where it has classic rules of its own."""
    return arm.text(firewall, "properties", "firewallPolicy", "id")


def priorities(snapshot: Snapshot, firewall: Json) -> set[int]:
    """The priorities that are taken: by the groups of a firewall's policy, or by its classic collections; raises
    Unread."""
    policy_id = policy_of(firewall)
    if policy_id:
        return {_priority(group) for group in snapshot.collection(_groups_of(policy_id))}
    return {_priority(row) for key in _CLASSIC for row in arm.objects(firewall, "properties", key)}


def _resolved(snapshot: Snapshot, rule: Rule) -> Rule:
    """The rule with the IP groups that it names, or with why they are not known."""
    groups: list[Json] = []
    unread: Unread | None = None
    for group_id in sorted(_ip_groups(rule.document), key=str.lower):
        try:
            rows = snapshot.collection(_ip_groups_of(group_id))
        except Unread as error:
            unread = unread or error
            continue
        named = [row for row in rows if arm.same(arm.text(row, "id"), group_id)]
        groups += named
        unread = unread if named else unread or Unread(group_id, "is not in the list of IP groups")
    return replace(rule, groups=tuple(groups), unread=unread)


def _rows(snapshot: Snapshot, firewall: Json) -> Iterator[Rule]:
    """The rules as they are written; raises Unread after those of the policies that could be read."""
    if policy_of(firewall) is None:
        yield from _classic(firewall)
        return
    for depth, policy_id in enumerate(_policy_ids(snapshot, firewall, ())):
        for group in snapshot.collection(_groups_of(policy_id)):
            for collection in arm.objects(group, "properties", "ruleCollections"):
                for rule in arm.objects(collection, "rules"):
                    kind = (arm.text(rule, "ruleType") or "").lower()
                    if kind in ("networkrule", "applicationrule"):
                        order = (-depth, _priority(group), _priority(collection))
                        place = _place(collection, policy_id)
                        yield from _rule(rule, kind == "applicationrule", collection, order, place)


def _classic(firewall: Json) -> Iterator[Rule]:
    for key in _CLASSIC:
        for collection in arm.objects(firewall, "properties", key):
            for rule in arm.objects(collection, "properties", "rules"):
                properties, order = arm.dig(collection, "properties"), (0, 0, _priority(collection))
                place = _place(collection, arm.text(firewall, "id") or "")
                yield from _rule(rule, key.startswith("application"), properties, order, place)


def _place(collection: Json, owner_id: str) -> str:
    return f"{arm.text(collection, 'name') or 'a collection'} in {arm.name(owner_id)}"


def _rule(rule: Json, is_application: bool, collection: Json, order: tuple[int, ...], place: str) -> Iterator[Rule]:
    action = (arm.text(collection, "action", "type") or "").lower()
    if action in ("allow", "deny"):
        order = (int(is_application), *order, int(action == "allow"))
        yield Rule(action == "allow", is_application, rule, order=order, place=place)


def order_of_new(firewall: Json, is_application: bool, priority: int) -> tuple[int, ...]:
    """Where the rules of a new group of a firewall's policy stand, or those of a new classic collection."""
    return (int(is_application), 0, *((priority,) if policy_of(firewall) else (0, priority)))


def _priority(document: Json) -> int:
    """From 100, the first, to 65000, the last."""
    for found in (arm.dig(document, "priority"), arm.dig(document, "properties", "priority")):
        if isinstance(found, int):
            return found
    return 65000
