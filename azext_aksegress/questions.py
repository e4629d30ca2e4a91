"""Reads that are more than an id: those that Azure takes as a POST, because they ask a question, and filtered lists."""

from __future__ import annotations

from azext_aksegress import arm
from azext_aksegress.arm import Json
from azext_aksegress.cluster import Cluster

GRAPH = "/providers/Microsoft.ResourceGraph/resources"
"""Resource Graph, over every subscription that the caller sees."""
POLICIES = "Microsoft.PolicyInsights/checkPolicyRestrictions"
"""What the policies over a resource group would say of a resource that is not there yet."""

FILTER = "?$filter="
"""What parts the id of a collection from the condition that its members meet."""

COLUMNS = {
    "networkAcls": ("networkAcls", "ipRules"),
    "aclsDefault": ("networkAcls", "defaultAction"),
    "networkRuleSet": ("networkRuleSet", "ipRules"),
    "ruleSetDefault": ("networkRuleSet", "defaultAction"),
    "ipRules": ("ipRules",),
    "publicNetworkAccess": ("publicNetworkAccess",),
    "securityRules": ("securityRules",),
    "authorizedIPRanges": ("apiServerAccessProfile", "authorizedIPRanges"),
}
"""Where below `properties` network rules stand. Key Vault, storage and Cognitive Services keep them in `networkAcls`,
registries in `networkRuleSet`, Cosmos DB in `ipRules` (Azure REST API reference of each, 2026-11). With the default
action Allow, and without public access, the rules decide nothing."""
_LISTS = ("networkAcls", "networkRuleSet", "ipRules", "securityRules", "authorizedIPRanges")


def _property(column: str) -> str:
    return ".".join(("properties", *COLUMNS[column]))


NETWORK_RULES = f"""
Resources
| where type in~ ('microsoft.storage/storageaccounts', 'microsoft.keyvault/vaults',
    'microsoft.containerregistry/registries', 'microsoft.documentdb/databaseaccounts',
    'microsoft.cognitiveservices/accounts', 'microsoft.network/networksecuritygroups',
    'microsoft.containerservice/managedclusters')
| where {" or ".join(f"array_length({_property(column)}) > 0" for column in _LISTS)}
| project id, {", ".join(f"{column} = {_property(column)}" for column in COLUMNS)}
| order by id asc
""".strip()
"""Every resource with network rules by address, and of each only these."""

_PUBLIC_IP = "Microsoft.Network/publicIPAddresses"


def policies_id(cluster: Cluster) -> str:
    """The id under which the snapshot keeps what policies say of the cluster's node resource group; raises Unread."""
    return cluster.in_node_group(POLICIES)


def assigned_to(subscription_id: str, principal_id: str) -> str:
    """The id of the collection of a principal's role assignments, at a subscription, above it and below it, those of
    its groups included (Azure documentation, role-assignments-list-rest)."""
    scope = f"/subscriptions/{subscription_id}/providers/Microsoft.Authorization/roleAssignments"
    return f"{scope}{FILTER}assignedTo('{principal_id}')"


def body(cluster: Cluster, resource_id: str) -> Json | None:
    """What to send with a read that is a question, or None for a read that is none."""
    if arm.same(resource_id, GRAPH):
        return {"query": NETWORK_RULES, "options": {"resultFormat": "objectArray"}}
    if not resource_id.lower().endswith(POLICIES.lower()):
        return None
    tags = arm.dig(cluster.document, "tags")
    content = {
        "type": _PUBLIC_IP,
        "tags": tags if isinstance(tags, dict) else {},  # those of the cluster, which AKS gives to what it makes
        "name": "aksegress-check",
        "location": cluster.location or "",
        "sku": {"name": "Standard"},
        "properties": {"publicIPAllocationMethod": "Static", "publicIPAddressVersion": "IPv4"},
    }
    return {"resourceDetails": {"resourceContent": content, "apiVersion": "2025-07-01"}}
