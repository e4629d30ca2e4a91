"""What Microsoft.Network derives: who uses an address, a table, a gateway or a subnet, and what may not go then."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Iterator

from tests.armsim import compute
from tests.armsim.estate import Estate
from tests.armsim.ids import within
from tests.armsim.messages import Json

_ON_SUBNETS = ("routeTable", "natGateway", "networkSecurityGroup")
_ON_GATEWAYS = ("publicIpAddresses", "publicIpAddressesV6", "publicIpPrefixes", "publicIpPrefixesV6")
_BY_CONFIGURATION = {
    "publicIPAddress": "ipConfiguration",
    "publicIPPrefix": "loadBalancerFrontendIpConfiguration",
    "subnet": "ipConfigurations",
}
_CONFIGURATIONS = ("ipConfigurations", "frontendIPConfigurations")


def uses(resource: Json) -> Iterator[Any]:
    stored, resource_id = resource.get("properties"), resource.get("id") or ""
    properties = stored if isinstance(stored, dict) else {}
    kind = str(resource.get("type", "")).rpartition("/")[2].lower()
    if kind == "subnets":
        for key in _ON_SUBNETS:
            yield from _use(properties.get(key), "subnets", resource_id)
    if kind == "natgateways":
        for row in (row for key in _ON_GATEWAYS for row in properties.get(key) or []):
            yield from _use(row, "natGateway", resource_id)
    if kind == "networkinterfaces":
        yield from _use(properties.get("networkSecurityGroup"), "networkInterfaces", resource_id)
    configurations = [row for key in _CONFIGURATIONS for row in properties.get(key) or []]
    for row in (*configurations, *compute.configurations(resource)):
        configuration_id = row.get("id") or f"{resource_id}/ipConfigurations/{row.get('name')}"
        for key, back in _BY_CONFIGURATION.items():
            yield from _use(row["properties"].get(key), back, configuration_id)


def _use(reference: Any, key: str, user: str) -> Iterator[Any]:
    if isinstance(reference, dict) and reference.get("id"):
        yield reference["id"].lower(), key, user


def back_references(estate: Estate) -> dict[str, dict[str, list[str]]]:
    """The users of everything that is used, by the property under which it lists them."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for resource in estate.resources.values():
        for used, key, user in uses(resource):
            found[used][key].append(user)
    return found


def user_of(estate: Estate, resource_id: str) -> str | None:
    """What uses a resource; the first, where there are several."""
    users = back_references(estate).get(resource_id.lower(), {}).values()
    return next((user for rows in users for user in rows), None)


DEFAULTS: dict[str, Json] = {
    "microsoft.network/publicipaddresses": {
        "publicIPAddressVersion": "IPv4",
        "publicIPAllocationMethod": "Static",
        "idleTimeoutInMinutes": 4,
        "ipTags": [],
        "ddosSettings": {"protectionMode": "VirtualNetworkInherited"},
    },
    "microsoft.network/natgateways": {"idleTimeoutInMinutes": 4},
    "microsoft.network/routetables": {"routes": [], "disableBgpRoutePropagation": False},
    "microsoft.network/networksecuritygroups": {"securityRules": []},
    "microsoft.network/virtualnetworks": {"virtualNetworkPeerings": []},
}
"""What a new resource has where its body does not say; those of public IPs as recorded."""
REFERRING = (*_ON_SUBNETS, *_ON_GATEWAYS)
"""The properties that refer to other resources, and that must not dangle."""
DERIVED = {
    "microsoft.network/virtualnetworks/subnets": ("ipConfigurations",),
    "microsoft.network/publicipaddresses": ("ipConfiguration", "natGateway"),
    "microsoft.network/publicipprefixes": ("loadBalancerFrontendIpConfiguration", "natGateway"),
    "microsoft.network/routetables": ("subnets",),
    "microsoft.network/natgateways": ("subnets",),
    "microsoft.network/networksecuritygroups": ("subnets", "networkInterfaces"),
}
"""What only ARM writes, whenever a body repeats it."""
_LISTS = ("subnets", "ipConfigurations", "networkInterfaces")


def with_back_references(shown: Json, users: dict[str, list[str]]) -> None:
    for key, rows in users.items():
        references = [{"id": user} for user in rows]
        shown["properties"][key] = references if key in _LISTS else references[0]
    if shown["type"].rpartition("/")[2] in ("routeTables", "natGateways", "networkSecurityGroups"):
        shown["properties"].setdefault("subnets", [])


_IN_USE = {
    "routetables": ("InUseRouteTableCannotBeDeleted", "Route table"),
    "networksecuritygroups": ("InUseNetworkSecurityGroupCannotBeDeleted", "Network security group"),
    "natgateways": ("InUseNatGatewayCannotBeDeleted", "NAT gateway"),
    "subnets": ("InUseSubnetCannotBeDeleted", "Subnet"),
    "virtualnetworks": ("InUseSubnetCannotBeDeleted", "Subnet"),
    "publicipaddresses": ("PublicIPAddressCannotBeDeleted", "Public IP address"),
    "publicipprefixes": ("InUsePublicIpPrefixCannotBeDeleted", "Public IP prefix"),
}


def obstacle(estate: Estate, resource: Json) -> tuple[str, str] | None:
    """Code and message, where a resource may not be deleted because something outside of it uses it."""
    known = _IN_USE.get(resource["type"].rpartition("/")[2].lower())
    if known is None:
        return None
    code, label = known
    for used, by_key in back_references(estate).items():
        if not within(resource["id"], used):
            continue
        for user in (user for rows in by_key.values() for user in rows):
            if not within(resource["id"], user):
                return code, f"{label} {resource['name']} is in use by {user} and cannot be deleted."
    return None
