"""Estates, declared in a few lines: clusters and networks as the ARM JSON that real Azure answers.

shop = Estate()
network = shop.vnet("vnet-shop", ["snet-system", "snet-apps"])
table = shop.route_table("rt-egress", hop="10.1.0.4")
shop.attach(network["snet-system"], route_table=table)
shop.cluster("aks-shop", "loadBalancer", pools={"system": network["snet-system"], "apps": network["snet-apps"]})
"""

from __future__ import annotations

import uuid
from typing import Any, Dict, Mapping, Sequence

from tests.armsim import node_group as nodes
from tests.armsim.aks_goal import LB_PROFILE, PROFILE_OF
from tests.armsim.estate_rules import EstateRules
from tests.armsim.ids import (
    GROUP,
    LOCATION,
    NETWORK_GROUP,
    OTHER_SUBSCRIPTION,
    SUBSCRIPTION,
    cluster_id,
    network_id,
    node_group,
    scope,
    type_of,
)

__all__ = [
    "CONTROL_PLANE",
    "GROUP",
    "KUBELET",
    "LOCATION",
    "NETWORK_GROUP",
    "OTHER_SUBSCRIPTION",
    "SUBSCRIPTION",
    "Estate",
    "cluster_id",
    "isolated",
    "load_balancer_profile",
    "nat_gateway_profile",
    "network_id",
    "node_group",
    "pool",
    "route",
    "scope",
]

Json = Dict[str, Any]
CONTROL_PLANE = "33333333-3333-3333-3333-333333333333"
"""The principal of the identity with which a cluster manages its network."""
KUBELET = "55555555-5555-5555-5555-555555555555"
"""The principal of the identity with which its nodes pull images."""


class Estate(EstateRules):
    """Resources by id; every method adds one and gives its id back."""

    def __init__(self) -> None:
        super().__init__()
        self._addresses = 0

    def __getitem__(self, resource_id: str) -> Json:
        return self.resources[resource_id.lower()]

    def add(self, resource_id: str, properties: Json | None = None, **top: Any) -> str:
        kind = type_of(resource_id)
        self.resources[resource_id.lower()] = {
            "id": resource_id,
            "name": resource_id.rpartition("/")[2],
            "type": kind,
            **({"etag": f'W/"{uuid.uuid4()}"'} if kind.startswith("Microsoft.Network/") else {}),
            "location": LOCATION,
            **top,
            "properties": {"provisioningState": "Succeeded", **(properties or {})},
        }
        return resource_id

    def vnet(
        self,
        name: str,
        subnets: Sequence[str],
        group: str = NETWORK_GROUP,
        prefix: str = "10.240",
        dns: Sequence[str] = (),
        **where: str,
    ) -> dict[str, str]:
        """The ids of the subnets, by name; each is a /24 below the first two numbers of the network's range."""
        space: Json = {"addressSpace": {"addressPrefixes": [f"{prefix}.0.0/16"]}, "virtualNetworkPeerings": []}
        servers = {"dhcpOptions": {"dnsServers": list(dns)}} if dns else {}
        network = self.add(network_id("virtualNetworks", name, group, **where), {**space, **servers})
        return {
            subnet: self.add(f"{network}/subnets/{subnet}", {"addressPrefix": f"{prefix}.{number}.0/24"})
            for number, subnet in enumerate(subnets)
        }

    def attach(
        self,
        subnet: str,
        route_table: str | None = None,
        nat_gateway: str | None = None,
        nsg: str | None = None,
    ) -> None:
        links = {"routeTable": route_table, "natGateway": nat_gateway, "networkSecurityGroup": nsg}
        for key, resource_id in links.items():
            if resource_id:
                self[subnet]["properties"][key] = {"id": resource_id}

    def route_table(
        self,
        name: str,
        hop: str | None = None,
        hop_type: str = "VirtualAppliance",
        bgp: bool = True,
        group: str = NETWORK_GROUP,
        **where: str,
    ) -> str:
        """With a default route where `hop` is given, or a type of hop that has no address."""
        table = network_id("routeTables", name, group, **where)
        routes = [route(table, hop, hop_type)] if hop or hop_type != "VirtualAppliance" else []
        return self.add(table, {"routes": routes, "disableBgpRoutePropagation": not bgp})

    def public_ip(
        self, name: str, address: str | None = None, group: str = NETWORK_GROUP, sku: str = "Standard", **where: str
    ) -> str:
        found = network_id("publicIPAddresses", name, group, **where)
        return self.address(found, address, sku={"name": sku, "tier": "Regional"})

    def address(self, resource_id: str, address: str | None = None, version: str = "IPv4", **top: Any) -> str:
        """A public IP by its id, as recorded."""
        properties = {
            "resourceGuid": str(uuid.uuid4()),
            "ipAddress": address or self.next_address(version),
            "publicIPAddressVersion": version,
            "publicIPAllocationMethod": "Static",
            "idleTimeoutInMinutes": 4,
            "ipTags": [],
            "ddosSettings": {"protectionMode": "VirtualNetworkInherited"},
        }
        return self.add(resource_id, properties, **top)

    def next_address(self, version: str = "IPv4") -> str:
        self._addresses += 1
        if version == "IPv6":
            return f"2603:1020:50::{self._addresses:x}"
        return f"20.50.{self._addresses // 250}.{self._addresses % 250 + 1}"

    def public_ip_prefix(self, name: str, prefix: str, group: str = NETWORK_GROUP, sku: str = "Standard") -> str:
        properties = {"ipPrefix": prefix, "prefixLength": int(prefix.rpartition("/")[2])}
        return self.add(network_id("publicIPPrefixes", name, group), properties, sku={"name": sku, "tier": "Regional"})

    def nsg(self, name: str, rules: Sequence[Json] = (), group: str = NETWORK_GROUP) -> str:
        """A network security group; each rule is a name and the properties of a securityRule."""
        found = network_id("networkSecurityGroups", name, group)
        return self.add(found, {"securityRules": [_row(f"{found}/securityRules", rule) for rule in rules]})

    def peering(
        self, network: str, remote: str, state: str = "Connected", name: str = "to-hub", gateways: bool = False
    ) -> str:
        """From a network to another one, whose gateways it may use."""
        space = self[remote]["properties"].get("addressSpace") if remote.lower() in self.resources else None
        properties = {
            "remoteVirtualNetwork": {"id": remote},
            "remoteAddressSpace": space or {"addressPrefixes": []},
            "peeringState": state,
            "allowForwardedTraffic": True,
            "useRemoteGateways": gateways,
        }
        row = _row(f"{network}/virtualNetworkPeerings", {"name": name, **properties})
        self[network]["properties"].setdefault("virtualNetworkPeerings", []).append(row)
        return str(row["id"])

    def nic(self, name: str, subnet: str, private_ip: str, forwards: bool = True, group: str = NETWORK_GROUP) -> str:
        """A network interface, of an appliance for example."""
        found = network_id("networkInterfaces", name, group)
        configuration = {"privateIPAddress": private_ip, "subnet": {"id": subnet}, "primary": True}
        row = {"name": "ipconfig", "id": f"{found}/ipConfigurations/ipconfig", "properties": configuration}
        return self.add(found, {"enableIPForwarding": forwards, "ipConfigurations": [row]})

    def internal_load_balancer(self, name: str, subnet: str, private_ip: str, group: str = NETWORK_GROUP) -> str:
        """A load balancer with a private address, before the instances of an appliance for example."""
        found = network_id("loadBalancers", name, group)
        frontend = {"privateIPAddress": private_ip, "subnet": {"id": subnet}}
        row = {"name": "frontend", "id": f"{found}/frontendIPConfigurations/frontend", "properties": frontend}
        return self.add(found, {"frontendIPConfigurations": [row]}, sku={"name": "Standard"})

    def service(self, cluster: str, name: str = "web") -> str:
        """A public Service of type LoadBalancer in a cluster: a frontend with a rule on AKS's load balancer."""
        return nodes.add_service(self, self[cluster], name)

    def maintenance(self, cluster: str, name: str, **properties: Any) -> str:
        """A maintenance configuration of a cluster."""
        return self.add(f"{cluster}/maintenanceConfigurations/{name}", properties)

    def nat_gateway(
        self, name: str, address_ids: Sequence[str] = (), group: str = NETWORK_GROUP, **properties: Any
    ) -> str:
        addresses = [{"id": found} for found in address_ids]
        return self.add(
            network_id("natGateways", name, group),
            {"idleTimeoutInMinutes": 4, "publicIpAddresses": addresses, **properties},
            sku={"name": "Standard"},
        )

    def firewall(
        self,
        name: str,
        private_ip: str,
        public_ip: str,
        group: str = NETWORK_GROUP,
        subnet: str | None = None,
        policy: str | None = None,
        **where: str,
    ) -> str:
        """An Azure Firewall, in a subnet and with a policy where they are given."""
        found = network_id("azureFirewalls", name, group, **where)
        configuration: Json = {"privateIPAddress": private_ip, "publicIPAddress": {"id": public_ip}}
        configuration.update({"subnet": {"id": subnet}} if subnet else {})
        row = {
            "name": "ipconfig",
            "id": f"{found}/azureFirewallIpConfigurations/ipconfig",
            "properties": configuration,
        }
        linked = {"firewallPolicy": {"id": policy}} if policy else {}
        return self.add(found, {"ipConfigurations": [row], **linked})

    def firewall_policy(
        self,
        name: str,
        rules: Sequence[Json] = (),
        parent: str | None = None,
        group: str = NETWORK_GROUP,
        action: str = "Allow",
    ) -> str:
        """A firewall policy with one group of rules, which may inherit from another policy."""
        found = network_id("firewallPolicies", name, group)
        self.add(found, {"basePolicy": {"id": parent} if parent else None, "ruleCollectionGroups": []})
        if rules:
            kind = "FirewallPolicyFilterRuleCollection"
            collection = {
                "name": "rules",
                "priority": 100,
                "ruleCollectionType": kind,
                "action": {"type": action},
                "rules": list(rules),
            }
            self.add(f"{found}/ruleCollectionGroups/rules", {"priority": 200, "ruleCollections": [collection]})
        return found

    def cluster(
        self,
        name: str,
        outbound_type: str = "loadBalancer",
        pools: Mapping[str, str | None] | None = None,
        network: Json | None = None,
        **properties: Any,
    ) -> str:
        """`pools` gives each pool its subnet, or None in the VNet that AKS makes; `network` adds to networkProfile."""
        pools = pools if pools is not None else {"system": None}
        profile: Json = {
            "networkPlugin": "azure",
            "loadBalancerSku": "standard",
            "outboundType": outbound_type,
            "ipFamilies": ["IPv4"],
            **self._profile(name, outbound_type, network or {}),
            **(network or {}),
        }
        body = {
            "powerState": {"code": "Running"},
            "kubernetesVersion": "1.33.2",
            "currentKubernetesVersion": "1.33.2",
            "dnsPrefix": name,
            "fqdn": f"{name}.hcp.{LOCATION}.azmk8s.io",
            "nodeResourceGroup": node_group(name),
            "agentPoolProfiles": [pool(found, subnet) for found, subnet in pools.items()],
            "networkProfile": profile,
            "servicePrincipalProfile": {"clientId": "msi"},
            "nodeProvisioningProfile": {"mode": "Manual"},
            "identityProfile": {"kubeletidentity": kubelet_identity(name)},
            "resourceUID": "68a5f1d2e3b4c50001a2b3c4",
            **properties,
        }
        made = self.add(
            cluster_id(name),
            body,
            eTag=str(uuid.uuid4()),
            sku={"name": "Base", "tier": "Standard"},
            identity={
                "type": "SystemAssigned",
                "principalId": CONTROL_PLANE,
                "tenantId": "44444444-4444-4444-4444-444444444444",
            },
        )
        self.furnish(made)
        return made

    def _profile(self, name: str, outbound_type: str, network: Json) -> Json:
        """That of the outbound type, with an IP that AKS made, unless the cluster brings one."""
        key = PROFILE_OF.get(outbound_type)
        if key is None or key in network:
            return {}
        make = load_balancer_profile if outbound_type == "loadBalancer" else nat_gateway_profile
        return {key: make([self.outbound_ip(name, key)])}

    def outbound_ip(self, cluster: str, profile: str = LB_PROFILE) -> str:
        """A public IP that AKS made for a cluster."""
        properties = {"nodeResourceGroup": node_group(cluster)}
        return nodes.outbound_ip(self, {"id": cluster_id(cluster), "name": cluster, "properties": properties}, profile)

    def furnish(self, cluster: str) -> None:
        """Bring the node resource group up to date with what a test changed in the cluster by hand."""
        nodes.furnish(self, self[cluster])


def kubelet_identity(cluster: str) -> Json:
    """The identity with which nodes pull images."""
    kind = "Microsoft.ManagedIdentity/userAssignedIdentities"
    return {
        "resourceId": f"{scope(node_group(cluster))}/providers/{kind}/{cluster}-agentpool",
        "clientId": "55555555-5555-5555-5555-000000000000",
        "objectId": KUBELET,
    }


def route(table: str, hop: str | None, hop_type: str = "VirtualAppliance") -> Json:
    properties = {"addressPrefix": "0.0.0.0/0", "nextHopType": hop_type}
    if hop:
        properties["nextHopIpAddress"] = hop
    return {"id": f"{table}/routes/default", "name": "default", "properties": properties}


def _row(parent: str, rule: Json) -> Json:
    """A child that lives in its parent."""
    properties = {"provisioningState": "Succeeded", **{key: value for key, value in rule.items() if key != "name"}}
    return {"id": f"{parent}/{rule['name']}", "name": rule["name"], "properties": properties}


def pool(name: str, subnet: str | None = None, **more: Any) -> Json:
    return {
        "name": name,
        "count": 3,
        "vmSize": "Standard_D4s_v5",
        "osType": "Linux",
        "type": "VirtualMachineScaleSets",
        "mode": "System" if name == "system" else "User",
        "provisioningState": "Succeeded",
        "powerState": {"code": "Running"},
        "orchestratorVersion": "1.33.2",
        "currentOrchestratorVersion": "1.33.2",
        "eTag": str(uuid.uuid4()),
        "enableNodePublicIP": False,
        **({"vnetSubnetID": subnet} if subnet else {}),
        **more,
    }


def load_balancer_profile(address_ids: Sequence[str]) -> Json:
    return {
        "managedOutboundIPs": {"count": len(address_ids)},
        "effectiveOutboundIPs": [{"id": found} for found in address_ids],
        "allocatedOutboundPorts": 0,
        "idleTimeoutInMinutes": 30,
        "backendPoolType": "nodeIPConfiguration",
    }


def nat_gateway_profile(address_ids: Sequence[str]) -> Json:
    return {
        "managedOutboundIPProfile": {"count": len(address_ids)},
        "effectiveOutboundIPs": [{"id": found} for found in address_ids],
        "idleTimeoutInMinutes": 4,
        "sku": "Standard",
    }


def isolated(**access: Any) -> Json:
    """The properties of a cluster that may go to none or block."""
    return {
        "bootstrapProfile": {"artifactSource": "Cache"},
        "apiServerAccessProfile": {"enablePrivateCluster": True, **access},
    }
