"""What tests say instead of JSON: a cluster of an estate, read and judged in this process."""

from __future__ import annotations

import copy
from typing import Any, Mapping, Sequence

from azext_aksegress import arm as ids
from azext_aksegress import checks, read
from azext_aksegress.arm import Json
from azext_aksegress.checks import Finding
from azext_aksegress.cluster import Cluster
from azext_aksegress.matrix import OUTBOUND_TYPES
from azext_aksegress.questions import FILTER
from azext_aksegress.report import Report, make
from azext_aksegress.request import Request
from azext_aksegress.snapshot import API_VERSION, PREVIEW_API_VERSION, Answer, Snapshot, Unread
from tests.armsim.arm import Arm
from tests.armsim.arm import Request as HttpRequest
from tests.armsim.estate import (
    CONTROL_PLANE,
    NETWORK_GROUP,
    SUBSCRIPTION,
    Estate,
    cluster_id,
    isolated,
    node_group,
    scope,
)

CLUSTER = "aks-shop"
AZ = "2.91.0"
NAMED = f"--subscription {SUBSCRIPTION} --resource-group rg-shop --name {CLUSTER}"
"""How a command of az names the cluster where it takes no `--ids`."""
NOW = "2026-11-23T06:00:00Z"
"""A Monday: when snapshots are taken."""


class Shop:
    """An estate with one cluster, `aks-shop`, and what is known of it.

    `Shop.byo("userDefinedRouting")` is a healthy cluster of that type in its own VNet, with the subnets snet-system
    and snet-apps, each with a pool; `Shop.managed(…)` one in the VNet that AKS made.
    """

    def __init__(self) -> None:
        self.estate = Estate()
        self.arm = Arm(self.estate)
        self.subnets: dict[str, str] = {}
        self.api_version = API_VERSION

    @classmethod
    def managed(cls, outbound_type: str = "loadBalancer", **properties: Any) -> Shop:
        shop = cls()
        shop.estate.cluster(CLUSTER, outbound_type, **properties)
        return shop

    @classmethod
    def byo(cls, outbound_type: str = "loadBalancer", **properties: Any) -> Shop:
        shop = cls()
        shop.subnets = shop.estate.vnet("vnet-shop", ["snet-system", "snet-apps"])
        shop.estate.role(CONTROL_PLANE, "Network Contributor", scope(NETWORK_GROUP))
        pools = {"system": shop.subnets["snet-system"], "apps": shop.subnets["snet-apps"]}
        shop.estate.cluster(CLUSTER, outbound_type, pools=pools, **properties)
        if outbound_type == "userDefinedRouting":
            shop.routed()
        if outbound_type == "userAssignedNATGateway":
            shop.gated()
        return shop

    @classmethod
    def quiet(cls) -> Shop:
        """A cluster without a way out of its own, and with all that userAssignedNATGateway needs: a move without any
        warning."""
        return cls.byo("none", **isolated()).gated()

    def routed(self, *names: str, hop: str | None = "10.1.0.4", hop_type: str = "VirtualAppliance") -> Shop:
        """A route table with a default route on each subnet, and the firewall in a peered hub that it leads to."""
        self.hub()
        for name in names or tuple(self.subnets):
            table = self.estate.route_table(f"rt-{name}", hop, hop_type)
            self.estate.attach(self.subnets[name], route_table=table)
        return self

    def hub(self) -> Shop:
        """A virtual network with a firewall that lets through what AKS needs, peered with the cluster's own."""
        subnets = self.estate.vnet("vnet-hub", ["AzureFirewallSubnet", "snet-nva"], prefix="10.1")
        firewall_ip = self.estate.public_ip("pip-firewall", "52.0.0.1")
        policy = self.estate.firewall_policy("fwpol-hub", [aks_rule(), node_rule()])
        self.estate.firewall("fw-hub", "10.1.0.4", firewall_ip, subnet=subnets["AzureFirewallSubnet"], policy=policy)
        if self.subnets and not self.estate[self.network_id]["properties"]["virtualNetworkPeerings"]:
            self.estate.peering(self.network_id, ids.parent(subnets["snet-nva"]))
        return self

    def table_id(self, name: str) -> str:
        """The route table on a subnet."""
        return str(self.estate[self.subnets[name]]["properties"]["routeTable"]["id"])

    def gateway_id(self, name: str) -> str:
        """The NAT gateway on a subnet."""
        return str(self.estate[self.subnets[name]]["properties"]["natGateway"]["id"])

    @property
    def network_id(self) -> str:
        """The virtual network of the cluster's first subnet."""
        return ids.parent(next(iter(self.subnets.values())))

    def learning(self) -> Shop:
        """The hub has a gateway, from which routes can come by BGP."""
        hub = ids.parent(self.estate.vnet("vnet-er", ["GatewaySubnet"], prefix="10.2")["GatewaySubnet"])
        self.estate.peering(self.network_id, hub, name="to-gateway", gateways=True)
        return self

    def table(self, name: str, **options: Any) -> Shop:
        """A route table without a default route on one subnet."""
        self.estate.attach(self.subnets[name], route_table=self.estate.route_table(f"rt-{name}", **options))
        return self

    def halves(self, name: str, *hops: str | None) -> Shop:
        """A route table with routes for the two halves of the internet on one subnet, each to an appliance or none."""
        table = self.estate.route_table(f"rt-{name}")
        pairs = zip(("0.0.0.0/1", "128.0.0.0/1"), hops or ("10.1.0.4", "10.1.0.4"))
        self.estate[table]["properties"]["routes"] = [
            {
                "name": f"half-{number}",
                "properties": {"addressPrefix": prefix, "nextHopType": "VirtualAppliance", "nextHopIpAddress": hop},
            }
            for number, (prefix, hop) in enumerate(pairs)
            if hop
        ]
        self.estate.attach(self.subnets[name], route_table=table)
        return self

    def gated(self, *names: str, addresses: Sequence[str] = ("52.0.0.2",)) -> Shop:
        """One NAT gateway with public IPs on each subnet."""
        ips = [self.estate.public_ip(f"pip-nat-{number}", found) for number, found in enumerate(addresses)]
        gateway = self.estate.nat_gateway("nat-shop", ips)
        for name in names or tuple(self.subnets):
            self.estate.attach(self.subnets[name], nat_gateway=gateway)
        return self

    def guarded(self, *rules: Json, names: Sequence[str] = ()) -> Shop:
        """One security group with these outbound rules on each subnet; see `outbound`."""
        group = self.estate.nsg("nsg-shop", rules)
        for name in names or tuple(self.subnets):
            self.estate.attach(self.subnets[name], nsg=group)
        return self

    def dns(self, *servers: str) -> Shop:
        """DNS servers of one's own in the network of the cluster."""
        managed = (row["id"] for row in self.estate.resources.values() if row["type"].endswith("/virtualNetworks"))
        network = self.network_id if self.subnets else next(managed)
        self.estate[network]["properties"]["dhcpOptions"] = {"dnsServers": list(servers)}
        return self

    @property
    def document(self) -> dict[str, Any]:
        return self.estate[cluster_id(CLUSTER)]

    def set(self, **properties: Any) -> Shop:
        """Change properties of the cluster."""
        self.document["properties"].update(properties)
        return self

    def network(self, **settings: Any) -> Shop:
        """Change the networkProfile of the cluster."""
        self.document["properties"]["networkProfile"].update(settings)
        return self

    def pool(self, name: str, **settings: Any) -> Shop:
        """Change a pool of the cluster."""
        found = next(pool for pool in self.document["properties"]["agentPoolProfiles"] if pool["name"] == name)
        found.update(settings)
        return self

    def furnished(self) -> Shop:
        """What AKS makes for the cluster, brought up to date with what was changed by hand."""
        self.estate.furnish(self.document["id"])
        return self

    def forbid(self, subnet: str) -> Shop:
        """Let nobody read a subnet."""
        self.arm.forbid(self.subnets[subnet])
        return self

    def older(self, api_version: str) -> Shop:
        """A cloud that answers with an older api-version."""
        self.api_version = api_version
        return self

    @property
    def balancer(self) -> dict[str, Any]:
        """The properties of AKS's load balancer."""
        return self.estate[f"{scope(node_group(CLUSTER))}/providers/Microsoft.Network/loadBalancers/kubernetes"][
            "properties"
        ]

    @property
    def managed_gateway(self) -> dict[str, Any]:
        """The NAT gateway that AKS made."""
        made = f"{scope(node_group(CLUSTER))}/providers/Microsoft.Network/natGateways/".lower()
        return next(row for key, row in self.estate.resources.items() if key.startswith(made))

    def outbound_rule(self, name: str, address: str) -> Shop:
        """An outbound rule on AKS's load balancer that somebody made by hand, with an address of its own."""
        properties = {"frontendIPConfigurations": [self._frontend(self.estate.public_ip(f"pip-{name}", address))]}
        group = self.balancer["outboundRules"][0]["id"].rpartition("/")[0]
        self.balancer["outboundRules"].append({"name": name, "id": f"{group}/{name}", "properties": properties})
        return self

    def outbound_address(self, address_id: str) -> Shop:
        """A public IP or prefix that somebody put on AKS's own outbound rule."""
        properties = self.balancer["outboundRules"][0]["properties"]
        properties["frontendIPConfigurations"].append(self._frontend(address_id))
        return self

    def _frontend(self, address_id: str) -> dict[str, str]:
        """A new frontend of AKS's load balancer, as rules refer to it."""
        like = self.balancer["frontendIPConfigurations"][0]["id"].rpartition("/")[0]
        key = "publicIPPrefix" if "/publicIPPrefixes/" in address_id else "publicIPAddress"
        row = {"name": ids.name(address_id), "id": f"{like}/{ids.name(address_id)}"}
        self.balancer["frontendIPConfigurations"].append({**row, "properties": {key: {"id": address_id}}})
        return {"id": row["id"]}

    def own_ip(self, name: str = "pip-own", sku: str = "Standard", **changes: Any) -> str:
        """A public IP of one's own in the cluster's region, and what is odd about it."""
        found = self.estate.public_ip(name)
        row = self.estate[found]
        row["sku"]["name"] = sku
        row["location"] = changes.pop("location", row["location"])
        row["properties"].update(changes)
        return found

    def snapshot(self, request: Request | None = None) -> Snapshot:
        """What is read of the cluster, and of what a request names."""
        document = copy.deepcopy(self.document)
        if not self.api_version.endswith("preview") and isinstance(document["properties"], dict):
            document["properties"].pop("nodeDisruptionProfile", None)
        snapshot = Snapshot(NOW, self.api_version, document)
        requests = [request] if request else [Request(target) for target in OUTBOUND_TYPES]
        return read.complete(snapshot, self.fetch, request.own_ids if request else (), checks.reads(requests))

    def cluster(self, request: Request | None = None) -> Cluster:
        return Cluster(self.snapshot(request))

    def report(self, to: str, cli_version: str | None = AZ, **options: Any) -> Report:
        request = Request(to, cli_version=cli_version, **options)
        return make(self.snapshot(request), request)

    def findings(self, check_id: str, to: str, cli_version: str | None = AZ, **options: Any) -> list[Finding]:
        request = Request(to, cli_version=cli_version, **options)
        return list(checks.judge(checks.load()[check_id], self.cluster(request), request))

    def outcomes(self, check_id: str, to: str, **options: Any) -> list[tuple[str, str]]:
        """Outcome and name of the resource of each finding of one check."""
        found = self.findings(check_id, to, **options)
        return [(finding.outcome, ids.name(finding.seen.resource or "")) for finding in found]

    def outcome(self, check_id: str, to: str, **options: Any) -> str:
        """The outcome of a check that has one finding."""
        (finding,) = self.findings(check_id, to, **options)
        return finding.outcome

    def fetch(self, wanted: Mapping[str, Json | None]) -> Mapping[str, Answer]:
        """What the local Azure answers for each id, without a wire."""
        return {resource_id: self._answer(resource_id, question) for resource_id, question in wanted.items()}

    def _answer(self, resource_id: str, question: Json | None) -> Answer:
        path, _, condition = resource_id.partition(FILTER)
        query = {"api-version": "2025-07-01", "$filter": condition}
        if "microsoft.containerservice" in path.lower():
            current = ids.is_collection(path) or self.api_version != API_VERSION
            query["api-version"] = self.api_version if current else PREVIEW_API_VERSION
        answer = self.arm.handle(HttpRequest("POST" if question else "GET", path, query, {}, question))
        if answer.status != 200:
            permission = f"{ids.resource_type(resource_id)}/read" if answer.status == 403 else None
            reason = "not found (ResourceNotFound)" if answer.status == 404 else f"HTTP {answer.status}"
            return Unread(resource_id, reason, permission)
        if question:
            rows = answer.body.get("data")
            return {"id": resource_id, "properties": answer.body} if rows is None else tuple(rows)
        return tuple(answer.body["value"]) if ids.is_collection(resource_id) else answer.body


def aks_rule(source: str = "*", tag: str = "AzureKubernetesService") -> Json:
    """A rule of a firewall policy that lets the FQDNs through which AKS needs."""
    return {
        "name": "aks",
        "ruleType": "ApplicationRule",
        "sourceAddresses": [source],
        "fqdnTags": [tag],
        "protocols": [{"protocolType": "Https", "port": 443}],
    }


def node_rule(source: str = "*", ports: Sequence[str] = ("*",), protocol: str = "Any") -> Json:
    """A rule of a firewall policy that lets packets through, to anywhere where nothing else is said."""
    return {
        "name": "nodes",
        "ruleType": "NetworkRule",
        "sourceAddresses": [source],
        "destinationAddresses": ["*"],
        "destinationPorts": list(ports),
        "ipProtocols": [protocol],
    }


def outbound(name: str, priority: int, access: str, to: str, port: str = "*", **more: Any) -> Json:
    """An outbound rule of a network security group, from anywhere unless `more` says otherwise."""
    return {
        "name": name,
        "priority": priority,
        "direction": "Outbound",
        "access": access,
        "protocol": "*",
        "sourceAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationAddressPrefix": to,
        "destinationPortRange": port,
        **more,
    }


def fixes(found: Sequence[Finding]) -> list[tuple[str, str]]:
    """When and command of every fix."""
    return [(fix.when, fix.command) for finding in found for fix in finding.seen.fix]
