"""What Resource Graph is asked for: set queries of few stages, without joins, over what many clusters share. Pure.

Each selects what it names and nothing else: an answer may have 16 MiB, and what nodes are attached to grows with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Iterator, Sequence

from azext_aksegress import arm
from azext_aksegress.snapshot import VERSION

AT_ONCE = 1000
"""Ids that one query names: as many as a page has rows (Azure documentation, resource-graph/work-with-data)."""
MOST_SUBSCRIPTIONS = 1000
"""Subscriptions that one request is asked over (Azure documentation, resource-graph/troubleshoot/general)."""
_WIDEST_EXPANSION = 400
"""Rows that mv-expand makes of one at most, and 128 where nothing is said (Azure documentation, resource-graph/
concepts/query-language). A network with more subnets is unread."""

_CLUSTERS = "microsoft.containerservice/managedclusters"
NETWORKS = "microsoft.network/virtualnetworks"
BALANCERS = "microsoft.network/loadbalancers"
ADDRESSES = "microsoft.network/publicipaddresses"
PREFIXES = "microsoft.network/publicipprefixes"
TABLES = "microsoft.network/routetables"
GATEWAYS = "microsoft.network/natgateways"
SECURITY_GROUPS = "microsoft.network/networksecuritygroups"
FIREWALLS = "microsoft.network/azurefirewalls"
INTERFACES = "microsoft.network/networkinterfaces"
LOCKS = "microsoft.authorization/locks"
BY_ID = (TABLES, GATEWAYS, SECURITY_GROUPS, ADDRESSES, PREFIXES)
"""Types that are asked for by id, and come whole."""

OF_CLUSTERS = "clusters"
OF_SUBNETS = "virtual networks"
IN_GROUPS_SUBNETS = "virtual networks that AKS made"
OF_ADDRESSES = "addresses"
IN_GROUPS_ADDRESSES = "addresses and load balancers"
IN_GROUPS_NODES = "nodes of no scale set"
OF_ATTACHED = "route tables, NAT gateways and security groups"
OF_FIREWALLS = "firewalls"
OF_LOCKS = "locks"
"""What rows are of, in words; those IN_GROUPS are all that there are in some resource groups, where any came."""
SHARED = (OF_FIREWALLS, OF_LOCKS)
"""What is asked for by subscription, so that one answer does for many pages of clusters."""

_ALWAYS = ("id", "name", "type", "location", "sku", "zones")
CLUSTER_COLUMNS = (
    *("addonProfiles", "agentPoolProfiles", "apiServerAccessProfile", "autoUpgradeProfile", "azureMonitorProfile"),
    *("bootstrapProfile", "currentKubernetesVersion", "diskEncryptionSetID", "fqdn", "hostedSystemProfile"),
    *("httpProxyConfig", "identityProfile", "kubernetesVersion", "metricsProfile", "networkProfile"),
    *("nodeDisruptionProfile", "nodeProvisioningProfile", "nodeResourceGroup", "nodeResourceGroupProfile"),
    *("powerState", "privateFQDN", "provisioningState", "securityProfile", "serviceMeshProfile"),
    "servicePrincipalProfile",
)
"""Of a cluster, all that is judged."""
SUBNET_COLUMNS = (
    *("addressPrefix", "addressPrefixes", "routeTable", "natGateway", "networkSecurityGroup"),
    *("delegations", "serviceEndpoints", "provisioningState", "defaultOutboundAccess"),
)
"""Of a subnet, all that is judged but who is on it: that list has a row for each address in use."""
UNTOLD = frozenset(("ipConfigurations", VERSION))
"""What rows leave out, so that its absence says nothing: these columns, and which api-version a cloud answers with."""
NETWORK_COLUMNS = ("addressSpace", "dhcpOptions", "virtualNetworkPeerings")
IN_NODE_GROUPS = (
    *("frontendIPConfigurations", "loadBalancingRules", "outboundRules", "inboundNatRules", "inboundNatPools"),
    *("ipAddress", "ipPrefix", "publicIPAddressVersion", "publicIPAllocationMethod", "publicIPPrefix", "natGateway"),
    *("ipConfiguration", "linkedPublicIPAddress", "provisioningState", "publicIPAddresses", "dnsSettings"),
)
"""Of load balancers and addresses in the resource groups of nodes, all but the pools of nodes."""


@dataclass(frozen=True)
class Question:
    """A query over some subscriptions for rows of a kind, `about`, in words; `simpler` asks the same of a
    service that does not take the first spelling."""

    about: str
    query: str
    subscriptions: tuple[str, ...]
    simpler: str | None = None


def clusters(subscriptions: Sequence[str], resource_group: str | None) -> Iterator[Question]:
    """Every cluster, by id."""
    only = f"\n| where resourceGroup =~ {_text(resource_group)}" if resource_group else ""
    query = f"""Resources
| where type =~ '{_CLUSTERS}'{only}
| project id, name, type, location, sku, identity, tags,
    {_columns(CLUSTER_COLUMNS)}
| order by id asc"""
    for some in parts(subscriptions, MOST_SUBSCRIPTIONS):
        yield Question(OF_CLUSTERS, query, tuple(some))


def networks(network_ids: Iterable[str], groups: Iterable[str]) -> Iterator[Question]:
    """A row for each subnet of some virtual networks, and of those in some resource groups."""
    for about, place, named in ((OF_SUBNETS, _id, network_ids), (IN_GROUPS_SUBNETS, _group, groups)):
        for some in parts(_sorted(named), AT_ONCE):
            expand = "mv-expand subnet = properties.subnets"
            query = f"""Resources
| where type =~ '{NETWORKS}'
| where {place(some)}
| {expand} limit {_WIDEST_EXPANSION}
| project id = tostring(subnet.id), networkId = id, location,
    subnets = array_length(properties.subnets),
    {_columns(NETWORK_COLUMNS)},
    {_columns(SUBNET_COLUMNS, "subnet.properties")}
| order by id asc"""
            simpler = query.replace(f" limit {_WIDEST_EXPANSION}", "")
            yield Question(about, query, _subscriptions_of(some), simpler)


def in_node_groups(groups: Iterable[str], address_ids: Iterable[str]) -> Iterator[Question]:
    """Load balancers and public IPs in some resource groups, and addresses by id, which may be elsewhere."""
    kinds = ", ".join(f"'{kind}'" for kind in (BALANCERS, ADDRESSES))
    for some in parts(_sorted(groups), AT_ONCE):
        yield _addresses(IN_GROUPS_ADDRESSES, f"type in~ ({kinds})", _group(some), some)
    kinds = ", ".join(f"'{kind}'" for kind in (ADDRESSES, PREFIXES))
    for some in parts(_sorted(address_ids), AT_ONCE):
        yield _addresses(OF_ADDRESSES, f"type in~ ({kinds})", _id(some), some)


def _addresses(about: str, kind: str, place: str, some: Sequence[str]) -> Question:
    query = f"""Resources
| where {kind}
| where {place}
| project {", ".join(_ALWAYS)},
    {_columns(IN_NODE_GROUPS)}
| order by id asc"""
    return Question(about, query, _subscriptions_of(some))


def nodes(groups: Iterable[str]) -> Iterator[Question]:
    """The subnet of each node in some resource groups that is in no scale set: only of those there are network
    interfaces. All addresses of an interface are in one subnet, so the first one tells it."""
    for some in parts(_sorted(groups), AT_ONCE):
        query = f"""Resources
| where type =~ '{INTERFACES}'
| where {_group(some)}
| where isnull(properties.privateEndpoint) and isnull(properties.privateLinkService)
| project id, subnetId = tostring(properties.ipConfigurations[0].properties.subnet.id)
| order by id asc"""
        yield Question(IN_GROUPS_NODES, query, _subscriptions_of(some))


def by_id(ids: Iterable[str]) -> Iterator[Question]:
    """Route tables, NAT gateways, security groups and addresses."""
    kinds = ", ".join(f"'{kind}'" for kind in BY_ID)
    for some in parts(_sorted(ids), AT_ONCE):
        query = f"""Resources
| where type in~ ({kinds})
| where {_id(some)}
| project {", ".join(_ALWAYS)}, properties
| order by id asc"""
        yield Question(OF_ATTACHED, query, _subscriptions_of(some))


def firewalls(subscriptions: Iterable[str]) -> Iterator[Question]:
    """Every Azure Firewall of some subscriptions: a route names one by an address, and not by an id."""
    return _of_type(OF_FIREWALLS, FIREWALLS, subscriptions)


def locks(subscriptions: Iterable[str]) -> Iterator[Question]:
    """Every lock of some subscriptions. The documentation names none in any table (supported-tables-resources, 2025):
    where no row comes, nothing is known of them."""
    return _of_type(OF_LOCKS, LOCKS, subscriptions)


def _of_type(about: str, kind: str, subscriptions: Iterable[str]) -> Iterator[Question]:
    query = f"""Resources
| where type =~ '{kind}'
| project {", ".join(_ALWAYS)}, properties
| order by id asc"""
    for some in parts(sorted(subscriptions), MOST_SUBSCRIPTIONS):
        yield Question(about, query, tuple(some))


def parts(rows: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Rows in parts of a size at most."""
    return (rows[start : start + size] for start in range(0, len(rows), size))


def _id(ids: Sequence[str]) -> str:
    return f"id in~ ({', '.join(map(_text, ids))})"


def _group(group_ids: Sequence[str]) -> str:
    """By name: the same name in another subscription brings rows that nobody asks about."""
    return f"resourceGroup in~ ({', '.join(_text(arm.name(found)) for found in group_ids)})"


def _sorted(ids: Iterable[str]) -> list[str]:
    """Ids once each, whatever their case; one with what no name has in it is not asked for, and so not known."""
    return sorted({found.lower() for found in ids if found.isprintable() and found.startswith("/subscriptions/")})


def _subscriptions_of(ids: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted({arm.part(found, "subscriptions") for found in ids}))


def _columns(names: Sequence[str], below: str = "properties") -> str:
    return ", ".join(f"{name} = {below}.{name}" for name in names)


def _text(value: str) -> str:
    """A string of the query language, in which nothing ends it but its end."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
