from __future__ import annotations

from typing import Any

import pytest

from azext_aksegress import access
from azext_aksegress.access import Lock, Permissions
from azext_aksegress.snapshot import Unread

JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"
KEYS = "Microsoft.OperationalInsights/workspaces/sharedkeys/read"
SUBNET = "/subscriptions/1/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/snet"


class TestWildcards:
    @pytest.mark.parametrize(
        "pattern",
        [
            "*",
            JOIN,
            JOIN.upper(),
            "Microsoft.Network/*",
            "*/join/action",
            "*/action",
            "Microsoft.Network/*/join/action",
            "microsoft.network/*/SUBNETS/*/action",
            "Microsoft.Network/virtualNetworks/subnets/join/action*",
            "**",
        ],
    )
    def test_stand_for_any_text_anywhere(self, pattern: str) -> None:
        assert Permissions((pattern,)).allow(JOIN)

    @pytest.mark.parametrize(
        "pattern",
        [
            "",
            "*/read",
            "Microsoft.Network",
            "Microsoft.Network/virtualNetworks/subnets/join",
            "Microsoft.Compute/*",
            "*/subnets/*/subnets/*",
            "Microsoft.Network/virtualNetworks/subnets/join/action/*",
            "?icrosoft.Network/*",
            "[Mm]*",
        ],
    )
    def test_and_for_nothing_else(self, pattern: str) -> None:
        assert not Permissions((pattern,)).allow(JOIN)

    def test_a_text_is_not_counted_twice(self) -> None:
        assert not Permissions(("a*a",)).allow("a")
        assert not Permissions(("ab*bc",)).allow("abc")


class TestPermissions:
    def test_several_sets_are_a_union(self) -> None:
        assert access.allows([Permissions(("*/read",)), Permissions(("*/join/action",))], JOIN)

    def test_what_one_set_takes_away_another_gives(self) -> None:
        reader = Permissions(("*/read",), ("Microsoft.OperationalInsights/workspaces/sharedKeys/read",))
        assert not access.allows([reader], KEYS)
        assert access.allows([reader, Permissions(("*/read",))], KEYS)

    def test_an_empty_list_allows_nothing(self) -> None:
        assert not access.allows(access.permissions([]), JOIN)

    @pytest.mark.parametrize("odd", [None, "*", 1, {"*": "*"}, [None, 1, {}]])
    def test_odd_rows_allow_nothing(self, odd: Any) -> None:
        assert not access.allows(access.permissions([{"actions": odd, "notActions": odd}, {}]), JOIN)

    def test_the_built_in_roles_let_an_identity_join_a_network(self) -> None:
        assert all(access.allows(granted, JOIN) for granted in access.BUILT_IN_ROLES.values())


class TestScopes:
    @pytest.mark.parametrize(
        "scope",
        [
            "/",
            "/providers/Microsoft.Management/managementGroups/mg",
            "/subscriptions/1",
            "/SUBSCRIPTIONS/1/RESOURCEGROUPS/RG",
            "/subscriptions/1/resourceGroups/rg/",
            SUBNET,
        ],
    )
    def test_hold_what_is_below(self, scope: str) -> None:
        assert access.is_within(scope, SUBNET)

    @pytest.mark.parametrize("scope", ["/subscriptions/11", "/subscriptions/1/resourceGroups/r", f"{SUBNET}/x"])
    def test_and_nothing_else(self, scope: str) -> None:
        assert not access.is_within(scope, SUBNET)

    def test_a_role_of_a_management_group_is_read_at_the_subscription(self) -> None:
        role = "/providers/Microsoft.Authorization/roleDefinitions/guid"
        assert access.role_definition_id("1", role) == f"/subscriptions/1{role}"


class TestLocks:
    def lock(self, lock_id: Any, level: Any = "ReadOnly") -> Lock:
        return access.lock({"id": lock_id, "properties": {"level": level}})

    def test_are_on_what_their_id_begins_with(self) -> None:
        lock = self.lock(f"{SUBNET}/providers/Microsoft.Authorization/locks/keep")
        assert (lock.name, lock.level, lock.target) == ("keep", "ReadOnly", SUBNET)
        assert lock.holds(SUBNET)

    def test_in_any_letter_case(self) -> None:
        lock = self.lock(f"{SUBNET}/providers/microsoft.authorization/LOCKS/keep", "readonly")
        assert lock.level == "ReadOnly"
        assert lock.id == f"{SUBNET}/providers/Microsoft.Authorization/locks/keep"

    @pytest.mark.parametrize(("level", "said"), [(None, ""), (1, ""), ("", ""), ("NotSpecified", "NotSpecified")])
    def test_of_a_level_that_is_none_keep_what_azure_says(self, level: Any, said: str) -> None:
        assert self.lock(f"{SUBNET}/providers/Microsoft.Authorization/locks/keep", level).level == said

    @pytest.mark.parametrize("odd", [None, 1, "", "lock", "/providers/Microsoft.Authorization/locks/keep"])
    def test_one_that_is_on_who_knows_what_is_unread(self, odd: Any) -> None:
        with pytest.raises(Unread):
            self.lock(odd)
