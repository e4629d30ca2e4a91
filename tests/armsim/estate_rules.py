"""What governs an estate: locks, roles, permissions, quotas, features and policies, each declared in a line."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Sequence

from tests.armsim.ids import SUBSCRIPTION
from tests.armsim.messages import Json

READ_ONLY, CAN_NOT_DELETE = "ReadOnly", "CanNotDelete"
ROLES = {
    "Owner": ("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", ["*"]),
    "Contributor": ("b24988ac-6180-42a0-ab88-20f7382dd24c", ["*"]),
    "Reader": ("acdd72a7-3385-48ef-bd42-f606fba81ae7", ["*/read"]),
    "Network Contributor": (
        "4d97b98b-1d4f-4787-a291-c67834d212e7",
        [
            "Microsoft.Authorization/*/read",
            "Microsoft.Network/*",
            "Microsoft.ResourceHealth/availabilityStatuses/read",
            "Microsoft.Resources/deployments/*",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
        ],
    ),
    "AcrPull": ("7f951dda-4ed3-4680-a7ca-43fe172d538d", ["Microsoft.ContainerRegistry/registries/pull/read"]),
}
"""Some built-in roles: their ids, and what they allow."""


@dataclass(frozen=True)
class Permit:
    """What the caller may do at a scope and below."""

    scope: str
    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Policy:
    """An assignment that denies a type of resource at a scope and below."""

    scope: str
    kind: str
    name: str
    effect: str = "Deny"


class EstateRules:
    """The part of an estate that says what may be done in it."""

    def __init__(self) -> None:
        self.resources: dict[str, Json] = {}
        self.permits: list[Permit] = []
        self.policies: list[Policy] = []
        self.quotas: dict[str, tuple[int, int | None]] = {
            "PublicIPAddresses": (1000, None),
            "StandardSkuPublicIpAddresses": (1000, None),
            "NatGateways": (400, None),
        }
        self.roles: dict[str, tuple[str, list[str]]] = dict(ROLES)
        self.features: dict[str, str] = {}
        self.groups_of: dict[str, list[str]] = {}

    def lock(self, scope: str, level: str = CAN_NOT_DELETE, name: str = "lock") -> str:
        """A lock at a subscription, a resource group or a resource."""
        return self._extend(scope, "locks", name, {"level": level, "notes": ""})

    def custom_role(self, name: str, actions: Sequence[str]) -> str:
        """A role of one's own, to be given by its name."""
        self.roles[name] = (str(uuid.uuid4()), list(actions))
        return name

    def role(self, principal: str, role: str, scope: str, principal_type: str = "ServicePrincipal") -> str:
        """Give a role to a principal."""
        role_id = self.roles[role][0]
        definition = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role_id}"
        properties = {"principalId": principal, "principalType": principal_type, "roleDefinitionId": definition}
        return self._extend(scope, "roleAssignments", str(uuid.uuid4()), {**properties, "scope": scope})

    def member(self, principal: str, group: str) -> None:
        """Make a principal a member of a group."""
        self.groups_of.setdefault(principal, []).append(group)

    def permit(self, scope: str, actions: Sequence[str] = ("*",), not_actions: Sequence[str] = ()) -> None:
        """Say what the caller may do at a scope and below; where nothing is said, everything.

        The innermost scope decides, while Azure adds up the roles of all.
        """
        self.permits.append(Permit(scope, tuple(actions), tuple(not_actions)))

    def quota(self, name: str, limit: int, used: int | None = None) -> None:
        """Limit a kind of network resource; without `used`, those of the estate are counted."""
        self.quotas[name] = (limit, used)

    def feature(self, namespace: str, name: str, state: str = "Registered") -> None:
        self.features[f"{namespace}/{name}"] = state

    def deny(self, scope: str, kind: str = "Microsoft.Network/publicIPAddresses", name: str = "no-public-ips") -> None:
        """Assign a policy that denies a type of resource."""
        self.policies.append(Policy(scope, kind, name))

    def _extend(self, scope: str, kind: str, name: str, properties: Json) -> str:
        found = f"{scope.rstrip('/')}/providers/Microsoft.Authorization/{kind}/{name}"
        self.resources[found.lower()] = {
            "id": found,
            "name": name,
            "type": f"Microsoft.Authorization/{kind}",
            "properties": properties,
        }
        return found
