"""What is in the tables of Resource Graph: rows as it shows them, made from the estate only when they are asked for.

Locks are in none: of Microsoft.Authorization, the supported tables have role assignments, role definitions and classic
administrators alone (MicrosoftDocs/azure-docs, resource-graph/reference/supported-tables-resources.md at 00ec1e2;
Azure/Azure-Proactive-Resiliency-Library-v2#43).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Collection, Iterator

from tests.armsim import groups
from tests.armsim.ids import OTHER_SUBSCRIPTION, SUBSCRIPTION, group_of, name_of, parent_of
from tests.armsim.messages import Json, Request

if TYPE_CHECKING:
    from tests.armsim.arm import Arm

Kinds = Collection[str]
"""Types in lower case."""
_EMPTY: Json = {"kind": "", "managedBy": "", "plan": None, "zones": None, "identity": None, "sku": None, "tags": None}
_NETWORK = "microsoft.network/virtualnetworks"
_ON_SUBNETS = {
    "microsoft.network/routetables": "routeTable",
    "microsoft.network/natgateways": "natGateway",
    "microsoft.network/networksecuritygroups": "networkSecurityGroup",
}


class Index:
    """Which resources there are, by type; looked through again only once some have come or gone.

    What is in a resource is never kept: a test may change it at any time, and nobody would say so.
    """

    def __init__(self, tenant: str) -> None:
        self._tenant = tenant
        self._known: list[str] = []
        self._columns: dict[str, Json] = {}
        self._by_kind: dict[str, list[str]] = {}
        self._subnets: dict[str, list[str]] = {}

    def _look(self, resources: dict[str, Json]) -> None:
        known = list(resources)
        if known == self._known:
            return
        self._known, self._columns = known, {}
        self._by_kind, self._subnets = defaultdict(list), defaultdict(list)
        for key, row in resources.items():
            kind = row["type"].lower()
            if kind == f"{_NETWORK}/subnets":
                self._subnets[key.rpartition("/subnets/")[0]].append(key)
            if _is_top_level(key, row, kind):
                self._by_kind[kind].append(key)
                self._columns[key] = self._of(key, kind)

    def _of(self, key: str, kind: str) -> Json:
        """The columns that are made of the id; type and resource group are in lower case there, as in Azure."""
        group = name_of(group_of(key))
        return {"tenantId": self._tenant, "subscriptionId": key.split("/")[2], "resourceGroup": group, "type": kind}

    def rows(self, resources: dict[str, Json], kinds: Kinds | None, hidden: tuple[str, ...]) -> Iterator[Json]:
        """Those of some types, or all; each is a new dictionary, whose values are the estate's own."""
        self._look(resources)
        users = self._users(resources) if kinds is None or not set(kinds).isdisjoint(_ON_SUBNETS) else {}
        wanted = [keys for kind, keys in self._by_kind.items() if kinds is None or kind in kinds]
        for key in (key for keys in wanted for key in keys):
            if not key.startswith(hidden):
                row = {**_EMPTY, **resources[key], **self._columns[key]}
                row.pop("etag", None)
                row.pop("eTag", None)
                yield self._with_subnets(row, key, resources, users)

    def _with_subnets(self, row: Json, key: str, resources: dict[str, Json], users: dict[str, list[Json]]) -> Json:
        """A network holds its subnets; what can be on a subnet lists those that it is on."""
        if row["type"] == _NETWORK:
            subnets = [resources[subnet] for subnet in self._subnets.get(key, ())]
            row["properties"] = {"virtualNetworkPeerings": [], **row["properties"], "subnets": subnets}
        elif row["type"] in _ON_SUBNETS:
            row["properties"] = {**row["properties"], "subnets": users.get(key, [])}
        return row

    def _users(self, resources: dict[str, Json]) -> dict[str, list[Json]]:
        found: dict[str, list[Json]] = defaultdict(list)
        for subnet in (resources[key] for keys in self._subnets.values() for key in keys):
            for name in _ON_SUBNETS.values():
                link = subnet["properties"].get(name)
                if link:
                    found[link["id"].lower()].append({"id": subnet["id"]})
        return found


def _is_top_level(key: str, row: Json, kind: str) -> bool:
    """Neither a child nor an extension of another resource."""
    extension = key.count("/providers/") != 1 or kind.startswith("microsoft.authorization/")
    return bool(row.get("id")) and not extension and parent_of(row["id"]) is None


def resources(arm: Arm, kinds: Kinds | None) -> Iterator[Json]:
    """The table Resources, without what the caller may not read, of which nobody says a word."""
    return arm.graph_index.rows(arm.estate.resources, kinds, tuple(arm.forbidden))


def containers(arm: Arm, kinds: Kinds | None) -> Iterator[Json]:
    """The table ResourceContainers: subscriptions and resource groups."""
    rows = [row for row in _containers(arm) if kinds is None or row["type"] in kinds]
    return (row for row in rows if not row["id"].lower().startswith(tuple(arm.forbidden)))


def _containers(arm: Arm) -> Iterator[Json]:
    from tests.armsim.arm import TENANT

    for subscription in (SUBSCRIPTION, OTHER_SUBSCRIPTION):
        path = f"/subscriptions/{subscription}"
        kind = "microsoft.resources/subscriptions"
        shared = {"tenantId": TENANT, "subscriptionId": subscription}
        yield {"id": path, "name": f"local {subscription[:4]}", "type": kind, **shared}
        for row in groups.handle(arm, Request("GET", f"{path}/resourceGroups", {}, {})).body["value"]:
            group = {"type": f"{kind}/resourcegroups", "resourceGroup": row["name"].lower()}
            yield {**row, **group, **shared}
