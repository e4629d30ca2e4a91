"""A fleet of clusters as a large company has them, for whatever must stay fast when there are thousands.

fleet(estate, 5000)  # their ids; the same ones, of the same kinds, each time
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Iterator

from tests.armsim import node_group
from tests.armsim.aks_goal import PROFILE_OF
from tests.armsim.estate import Estate, load_balancer_profile, nat_gateway_profile, route
from tests.armsim.estate_rules import READ_ONLY
from tests.armsim.fleet_document import document
from tests.armsim.ids import OTHER_SUBSCRIPTION, SUBSCRIPTION, network_id, scope
from tests.armsim.messages import Json

REGIONS = ("westeurope", "northeurope", "swedencentral", "eastus2")
_SHORT = {"virtualNetworks": "vnet", "routeTables": "rt", "networkSecurityGroups": "nsg"}
HOP = "10.0.0.4"
"""The network appliance in the hub of each region."""


@dataclass(frozen=True)
class Kind:
    """One kind of cluster: its outbound type, and what its own subnets have; without subnets, AKS made its VNet."""

    outbound_type: str
    subnets: int = 0
    table: str = ""
    gateway: bool = False
    ranges: bool = False


KINDS = (
    Kind("loadBalancer"),
    Kind("loadBalancer", ranges=True),
    Kind("managedNATGateway"),
    Kind("managedNATGateway", ranges=True),
    Kind("loadBalancer", 1, "egress"),
    Kind("loadBalancer", 2, "egress"),
    Kind("loadBalancer", 2, "egress", ranges=True),
    Kind("loadBalancer", 1),
    Kind("loadBalancer", 2),
    Kind("loadBalancer", 1, "local"),
    Kind("userAssignedNATGateway", 1, gateway=True),
    Kind("userAssignedNATGateway", 2, "egress", gateway=True),
    Kind("userDefinedRouting", 1, "egress"),
    Kind("userDefinedRouting", 2, "egress"),
)
"""A neighbourhood: the clusters of one resource group, of which those with subnets share one VNet. `egress` is a route
table whose default route leads to the appliance, `local` one without a default route."""


@dataclass(frozen=True)
class _Place:
    """Where a neighbourhood is, by its number."""

    number: int

    @property
    def subscription(self) -> str:
        """Two of three neighbourhoods are in the first subscription."""
        return OTHER_SUBSCRIPTION if self.number % 3 == 2 else SUBSCRIPTION

    @property
    def region(self) -> str:
        return REGIONS[self.number % len(REGIONS)]

    @property
    def group(self) -> str:
        return f"rg-fleet-{self.number:03}"

    @property
    def prefix(self) -> str:
        """The first two numbers of the VNet's range; only VNets without a common hub may have the same."""
        return f"10.{1 + self.number // len(REGIONS) % 250}"

    def network(self, kind: str, name: str) -> str:
        return network_id(kind, name, f"rg-fleet-net-{self.region}", self.subscription)

    def network_of(self, kind: str) -> str:
        """What the neighbourhood has one of."""
        return self.network(kind, f"{_SHORT[kind]}-fleet-{self.number:03}")

    def cluster(self, name: str) -> str:
        return f"{scope(self.group, self.subscription)}/providers/Microsoft.ContainerService/managedClusters/{name}"


def fleet(estate: Estate, count: int) -> list[str]:
    """Add `count` clusters named aks-fleet-0001 and on, with their networks and node resource groups; their ids.

    Ids, addresses and kinds are the same each time; eTags and the names of role assignments are not.
    """
    return [cluster for number in range(-(-count // len(KINDS))) for cluster in _neighbourhood(estate, number, count)]


def _neighbourhood(estate: Estate, number: int, count: int) -> Iterator[str]:
    place = _Place(number)
    first = number * len(KINDS)
    kinds = KINDS[: count - first]
    if any(kind.subnets for kind in kinds):
        _network(estate, place)
    for position, kind in enumerate(kinds):
        yield _cluster(estate, place, f"aks-fleet-{first + position + 1:04}", kind, position)
    if number % 10 == 4:
        estate.lock(scope(place.group, place.subscription))
    if number % 10 == 9:
        estate.lock(scope(place.group, place.subscription), READ_ONLY)


def _add(estate: Estate, place: _Place, resource_id: str, properties: Json, **top: object) -> str:
    return estate.add(resource_id, properties, location=place.region, tags={"costCenter": place.group}, **top)


def _network(estate: Estate, place: _Place) -> None:
    """The VNet with its way to the hub, what its subnets may have, and the identity that may manage it."""
    hub = _hub(estate, place)
    vnet = place.network_of("virtualNetworks")
    space = {"addressSpace": {"addressPrefixes": [f"{place.prefix}.0.0/16"]}, "dhcpOptions": {"dnsServers": []}}
    _add(estate, place, vnet, {**space, "virtualNetworkPeerings": []})
    estate.peering(vnet, hub)
    table = place.network_of("routeTables")
    routes = [route(f"{table}-egress", HOP), _route(f"{table}-egress", "on-premises", "172.16.0.0/12")]
    _add(estate, place, f"{table}-egress", {"routes": routes, "disableBgpRoutePropagation": True})
    local = [_route(f"{table}-local", "on-premises", "172.16.0.0/12")]
    _add(estate, place, f"{table}-local", {"routes": local, "disableBgpRoutePropagation": False})
    group = place.network_of("networkSecurityGroups")
    _add(
        estate, place, group, {"securityRules": [_rule(group, "allow-corporate", 100), _rule(group, "allow-vpn", 110)]}
    )
    if place.number % 8 != 7:  # somebody always forgets
        estate.role(_guid(_identity(place)), "Network Contributor", vnet)


def _hub(estate: Estate, place: _Place) -> str:
    """The region's, made with the first VNet that is there."""
    hub = place.network("virtualNetworks", f"vnet-hub-{place.region}")
    if hub.lower() not in estate.resources:
        _add(estate, place, hub, {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "virtualNetworkPeerings": []})
        subnet = estate.add(f"{hub}/subnets/snet-appliance", {"addressPrefix": "10.0.0.0/24"})
        nic = place.network("networkInterfaces", "nic-appliance")
        properties = {"privateIPAddress": HOP, "subnet": {"id": subnet}, "primary": True}
        row = {"name": "ipconfig", "id": f"{nic}/ipConfigurations/ipconfig", "properties": properties}
        _add(estate, place, nic, {"enableIPForwarding": True, "ipConfigurations": [row]})
    return hub


def _route(table: str, name: str, prefix: str) -> Json:
    properties = {"addressPrefix": prefix, "nextHopType": "VirtualAppliance", "nextHopIpAddress": HOP}
    return {"id": f"{table}/routes/{name}", "name": name, "properties": properties}


def _rule(group: str, name: str, priority: int) -> Json:
    properties = {
        "protocol": "Tcp",
        "sourceAddressPrefix": "172.16.0.0/12",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "VirtualNetwork",
        "destinationPortRange": "443",
        "access": "Allow",
        "direction": "Inbound",
        "priority": priority,
    }
    return {"id": f"{group}/securityRules/{name}", "name": name, "properties": properties}


def _subnets(estate: Estate, place: _Place, name: str, kind: Kind, position: int) -> list[str]:
    """The cluster's own, each a /25 with what the kind of cluster asks for."""
    links = {}
    if kind.table:
        links["routeTable"] = {"id": f"{place.network_of('routeTables')}-{kind.table}"}
    if kind.gateway:
        links["natGateway"] = {"id": _gateway(estate, place, name)}
    if place.number % 3 == 0:
        links["networkSecurityGroup"] = {"id": place.network_of("networkSecurityGroups")}
    found = []
    for index, suffix in enumerate(("system", "apps")[: kind.subnets]):
        properties = {"addressPrefix": f"{place.prefix}.{position}.{128 * index}/25", **links}
        found.append(estate.add(f"{place.network_of('virtualNetworks')}/subnets/snet-{name}-{suffix}", properties))
    return found


def _gateway(estate: Estate, place: _Place, name: str) -> str:
    address = place.network("publicIPAddresses", f"pip-{name}")
    estate.address(address, location=place.region, sku={"name": "Standard", "tier": "Regional"})
    gateway = place.network("natGateways", f"natgw-{name}")
    properties = {"idleTimeoutInMinutes": 4, "publicIpAddresses": [{"id": address}]}
    return _add(estate, place, gateway, properties, sku={"name": "Standard"})


def _cluster(estate: Estate, place: _Place, name: str, kind: Kind, position: int) -> str:
    cluster = place.cluster(name)
    subnets = _subnets(estate, place, name, kind, position)
    node_resource_group = f"MC_{place.group}_{name}_{place.region}"
    row = {"id": cluster, "name": name, "location": place.region}
    bare: Json = {**row, "properties": {"nodeResourceGroup": node_resource_group}}
    profile = PROFILE_OF.get(kind.outbound_type)
    network: Json = {"outboundType": kind.outbound_type}
    if profile:
        make = load_balancer_profile if kind.outbound_type == "loadBalancer" else nat_gateway_profile
        network[profile] = make([node_group.outbound_ip(estate, bare, profile, name=_guid(cluster))])
    properties = document(row, node_resource_group, network, subnets, _guid)
    if kind.ranges:
        access = properties["apiServerAccessProfile"]
        access["authorizedIPRanges"] = ["198.51.100.0/24", "203.0.113.17/32"]
    identity: Json = {"type": "SystemAssigned", "principalId": _guid(f"{cluster}/identity")}
    if subnets:
        users = {_identity(place): {"clientId": _guid(f"{place}"), "principalId": _guid(_identity(place))}}
        identity = {"type": "UserAssigned", "userAssignedIdentities": users}
    sku = {"name": "Base", "tier": "Standard"}
    tags = {"costCenter": place.group, "environment": ("dev", "test", "prod")[position % 3], "owner": "platform-team"}
    estate.add(cluster, properties, location=place.region, eTag=_guid(name), sku=sku, identity=identity, tags=tags)
    estate.furnish(cluster)
    return cluster


def _identity(place: _Place) -> str:
    """With which all clusters in the VNet manage it."""
    kind = "Microsoft.ManagedIdentity/userAssignedIdentities"
    return f"{scope(place.group, place.subscription)}/providers/{kind}/id-{place.group}"


def _guid(text: str) -> str:
    """Always the same for the same text."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, text.lower()))
