"""Azure RBAC and locks: what permissions and roles allow, and where locks hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Mapping

from azext_aksegress import arm
from azext_aksegress.arm import Json
from azext_aksegress.snapshot import Unread

READ_ONLY, CAN_NOT_DELETE = "ReadOnly", "CanNotDelete"
_PROVIDER = "/providers/Microsoft.Authorization"
_LOCKS = f"{_PROVIDER}/locks"


@dataclass(frozen=True)
class Permissions:
    """One set of permissions; what `not_actions` takes away, it takes from this set alone."""

    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()

    def allow(self, action: str) -> bool:
        """Whether this set allows an action such as `Microsoft.Network/virtualNetworks/subnets/join/action`."""
        taken = any(arm.matches(pattern, action) for pattern in self.not_actions)
        return not taken and any(arm.matches(pattern, action) for pattern in self.actions)


def permissions(rows: Iterable[Json]) -> tuple[Permissions, ...]:
    """The sets in a list of permissions, or in those of a role definition."""
    return tuple(Permissions(arm.strings(row, "actions"), arm.strings(row, "notActions")) for row in rows)


def allows(granted: Iterable[Permissions], action: str) -> bool:
    """Whether some sets together allow an action: Azure adds them up. What deny assignments take away is invisible
    here."""
    return any(found.allow(action) for found in granted)


BUILT_IN_ROLES: Mapping[str, tuple[Permissions, ...]] = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": (Permissions(("*",)),),  # Owner
    "b24988ac-6180-42a0-ab88-20f7382dd24c": (  # Contributor
        Permissions(
            ("*",),
            (
                "Microsoft.Authorization/*/Delete",
                "Microsoft.Authorization/*/Write",
                "Microsoft.Authorization/elevateAccess/Action",
            ),
        ),
    ),
    "4d97b98b-1d4f-4787-a291-c67834d212e7": (Permissions(("Microsoft.Network/*",)),),  # Network Contributor
}
"""What the roles that clusters mostly have allow of networks, by id, so that they need not be read (Azure
documentation, built-in-roles.md; their ids are the same in every cloud)."""


def permissions_id(scope: str) -> str:
    """The id of the collection of what the caller may do at a scope."""
    return f"{scope.rstrip('/')}{_PROVIDER}/permissions"


def role_definition_id(subscription_id: str, role_id: str) -> str:
    """The id of a role definition as one subscription shows it: one of a management group has no other that is read."""
    return f"/subscriptions/{subscription_id}{_PROVIDER}/roleDefinitions/{arm.name(role_id)}"


def is_within(scope: str, resource_id: str) -> bool:
    """Whether a resource is a scope, or somewhere below it; `/` and management groups are above everything."""
    above = scope.strip("/").lower()
    if not above or above.startswith("providers/microsoft.management/"):
        return True
    return f"{resource_id.strip('/')}/".lower().startswith(f"{above}/")


@dataclass(frozen=True)
class Lock:
    """A lock, and the subscription, resource group or resource that it is on; `notes` are its owner's words, and
    `level` is as Azure says it where it is none that is known."""

    id: str
    level: str
    target: str
    notes: str | None

    @property
    def name(self) -> str:
        """The lock's own name."""
        return arm.name(self.id)

    def holds(self, resource_id: str) -> bool:
        """Whether it locks a resource: it is on it, or on what it is in."""
        return is_within(self.target, resource_id)


def locks_id(scope: str) -> str:
    """The id of the collection of locks at a subscription or resource group, and of those on everything in it."""
    return f"{scope.rstrip('/')}{_LOCKS}"


def lock(row: Json) -> Lock:
    """The lock in a row of such a list; raises Unread where Azure's answer does not say what it is on."""
    lock_id, level = arm.text(row, "id") or "", arm.text(row, "properties", "level")
    end = lock_id.lower().rfind(f"{_LOCKS}/".lower())
    if end <= 0:
        raise Unread(lock_id or None, "Azure's answer does not say what a lock is on")
    canonical = f"{lock_id[:end]}{_LOCKS}/{arm.name(lock_id)}"  # az takes a lock's id in this letter case only
    known = next((name for name in (READ_ONLY, CAN_NOT_DELETE) if arm.same(name, level)), level or "")
    return Lock(canonical, known, lock_id[:end], arm.text(row, "properties", "notes"))
