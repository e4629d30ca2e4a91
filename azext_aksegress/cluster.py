"""What a Snapshot says, in the words of the field: the cluster, its pools, its subnets and what is attached to them.

Nothing here judges. Touching what could not be read raises Unread.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Callable, Hashable, TypeVar

from azext_aksegress import arm, matrix
from azext_aksegress.arm import Json
from azext_aksegress.network import (
    NatGateway,
    Range,
    Route,
    RouteTable,
    VirtualNetwork,
    nat_gateway,
    ranges,
    route_table,
    virtual_network,
)
from azext_aksegress.pools import Pool
from azext_aksegress.snapshot import PREVIEW_API_VERSION, Snapshot, Unread

KNOWN_SINCE = {
    "bootstrapProfile": "2025-01-01",
    "enableVnetIntegration": "2025-03-01",
    "staticEgressGatewayProfile": "2025-04-01",
    "nodeProvisioningProfile": "2025-05-01",
    "hostedSystemProfile": "2026-05-01",
    "natGatewayProfile.sku": "2026-06-01",
}
"""The first stable api-version of Microsoft.ContainerService that has a property, read from the models of
azure-mgmt-containerservice 33.0 to 41.6: where an older one answered, the property's absence says nothing."""


_T = TypeVar("_T")
NODES_WITHOUT_POOL = "nodes of no pool"
"""How findings call the nodes on a subnet that no pool names."""


@dataclass(frozen=True)
class Subnet:
    """A subnet that nodes or pods use, and the pools that do; what is attached to it is read on touch."""

    id: str
    pools: tuple[str, ...]
    cluster: Cluster

    @property
    def name(self) -> str:
        """The subnet's own name."""
        return arm.name(self.id)

    @property
    def snapshot(self) -> Snapshot:
        """Where all that is attached to it was read."""
        return self.cluster.snapshot

    @cached_property
    def route_table_id(self) -> str | None:
        """The id of the attached route table; raises Unread."""
        return arm.text(self.snapshot.resource(self.id), "properties", "routeTable", "id")

    @cached_property
    def nat_gateway_id(self) -> str | None:
        """The id of the attached NAT gateway; raises Unread."""
        return arm.text(self.snapshot.resource(self.id), "properties", "natGateway", "id")

    @property
    def network_security_group_id(self) -> str | None:
        """The id of the attached network security group; raises Unread."""
        return arm.text(self.snapshot.resource(self.id), "properties", "networkSecurityGroup", "id")

    @cached_property
    def route_table(self) -> RouteTable | None:
        """The attached route table; raises Unread."""
        table_id = self.route_table_id
        return self.cluster.parsed(table_id, route_table) if table_id else None

    @property
    def default_route(self) -> Route | None:
        """The 0.0.0.0/0 route of the attached route table; raises Unread."""
        table = self.route_table
        return table.default_route if table else None

    @cached_property
    def nat_gateway(self) -> NatGateway | None:
        """The attached NAT gateway; raises Unread."""
        gateway_id = self.nat_gateway_id
        return self.cluster.parsed(gateway_id, nat_gateway) if gateway_id else None

    @cached_property
    def network(self) -> VirtualNetwork:
        """The virtual network that it is in; raises Unread."""
        return self.cluster.parsed(arm.parent(self.id), virtual_network)

    @cached_property
    def ranges(self) -> tuple[Range, ...]:
        """Its address ranges, two where it is dual stack; raises Unread."""
        properties = self.snapshot.resource(self.id)["properties"]
        one = arm.text(properties, "addressPrefix")
        return ranges((*([one] if one else []), *arm.strings(properties, "addressPrefixes")))

    @cached_property
    def internet_routes(self) -> tuple[Route | None, ...]:
        """The routes that carry what goes to the internet; None for what the system routes; raises Unread."""
        table = self.route_table
        return table.internet_routes if table else (None,)

    @cached_property
    def may_learn_a_default_route(self) -> bool:
        """Whether a default route may come by BGP, which is invisible to ARM; raises Unread."""
        table = self.route_table
        if table and (table.default_route or not table.bgp_propagation):
            return False
        return self.network.may_learn_routes


@dataclass(frozen=True)
class ClusterDocument:
    """The cluster of a Snapshot as Azure describes it: its identity, and its settings by path."""

    snapshot: Snapshot

    @property
    def document(self) -> Json:
        """The cluster's ARM JSON."""
        return self.snapshot.cluster

    @cached_property
    def id(self) -> str:
        """The cluster's ARM id."""
        return arm.text(self.document, "id") or ""

    @cached_property
    def name(self) -> str:
        """The cluster's own name."""
        return arm.name(self.id)

    @cached_property
    def resource_group(self) -> str:
        """The resource group that the cluster itself is in."""
        return arm.part(self.id, "resourceGroups")

    @cached_property
    def subscription_id(self) -> str:
        """The subscription that the cluster is in."""
        return arm.part(self.id, "subscriptions")

    @cached_property
    def location(self) -> str | None:
        """The region as ARM normalises it: lower case, no spaces."""
        return arm.location(self.document)

    @cached_property
    def _known(self) -> dict[Hashable, tuple[Any, Unread | None]]:
        return {}

    def once(self, key: Hashable, find: Callable[[], _T]) -> _T:
        """What follows from this snapshot alone, found once however many checks ask for it, as is that it is unread;
        raises Unread. A key begins with what finds it, so that no two are the same."""
        if key not in self._known:
            try:
                self._known[key] = (find(), None)
            except Unread as error:
                self._known[key] = (None, error)
        found: _T
        found, unread = self._known[key]
        if unread is not None:
            raise unread.with_traceback(None)  # which would keep alive whoever asked before
        return found

    def parsed(self, resource_id: str, parse: Callable[[str, Json], _T]) -> _T:
        """What a resource says, parsed once however many subnets share it; raises Unread."""
        return self.once((resource_id.lower(), parse), lambda: parse(resource_id, self.snapshot.resource(resource_id)))

    @cached_property
    def _properties(self) -> Json:
        properties = self.document.get("properties")
        if not isinstance(properties, dict):
            raise Unread(self.id, "Azure's answer has no properties")
        return properties

    def setting(self, *path: str) -> object:
        """The value at a path below `properties`, or None; raises Unread where there are no properties at all."""
        return arm.dig(self._properties, *path)

    def text(self, *path: str) -> str | None:
        """The non-empty string at a path below `properties`, or None; raises Unread as `setting` does."""
        return arm.text(self._properties, *path)

    def required(self, *path: str) -> str:
        """The string at a path below `properties`; raises Unread where Azure's answer has none."""
        value = self.text(*path)
        if value is None:
            raise Unread(self.id, f"Azure's answer has no properties.{'.'.join(path)}")
        return value

    def known(self, property_name: str) -> None:
        """Raise Unread where the api-version that answered is older than a property."""
        since = KNOWN_SINCE[property_name]
        if self.snapshot.api_version[:10] < since:
            answered = self.snapshot.api_version
            raise Unread(self.id, f"{property_name} needs api-version {since}, and this cloud answered {answered}")


class Cluster(ClusterDocument):  # pylint: disable=too-many-public-methods  # one for each fact that checks ask for
    """The cluster of a Snapshot: what its settings mean."""

    @cached_property
    def outbound_type(self) -> str:
        """Today's outbound type, spelled as ARM spells it; raises Unread where there is none."""
        stored = self.required("networkProfile", "outboundType")
        if arm.same(stored, matrix.RETIRED_STANDARD_V2_TYPE):
            return matrix.MANAGED_NAT_GATEWAY
        return next((known for known in matrix.OUTBOUND_TYPES if arm.same(known, stored)), stored)

    @cached_property
    def nat_gateway_sku(self) -> str | None:
        """The SKU of the managed NAT gateway of a managedNATGateway cluster, or None; raises Unread."""
        if arm.same(self.text("networkProfile", "outboundType"), matrix.RETIRED_STANDARD_V2_TYPE):
            return matrix.STANDARD_V2
        stored = self.text("networkProfile", "natGatewayProfile", "sku")
        if stored is None and self.snapshot.api_version != PREVIEW_API_VERSION:  # which has a type for StandardV2
            self.known("natGatewayProfile.sku")
        return next((known for known in matrix.NAT_GATEWAY_SKUS if arm.same(known, stored)), stored)

    @cached_property
    def pools(self) -> tuple[Pool, ...]:
        """All agent pools; raises Unread for a cluster that lists none and has no hosted system pool either."""
        listed = arm.objects(self.setting("agentPoolProfiles"))
        pools = tuple(
            Pool(arm.child(self.id, "agentPools", arm.text(item, "name") or "unnamed"), item) for item in listed
        )
        if not pools and not arm.flag(self.setting("hostedSystemProfile"), "enabled"):
            raise Unread(self.id, "Azure's answer lists no node pools")
        return pools

    @cached_property
    def byo_subnets(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        """The subnets that the cluster names, by lower-case id: the id as written, and the pools on it."""
        uses = [(subnet_id, pool.name) for pool in self.pools for subnet_id in pool.subnet_ids]
        hosted = self.setting("hostedSystemProfile")
        hosted_ids = (arm.text(hosted, key) for key in ("systemNodeSubnetID", "nodeSubnetID"))
        uses += [(subnet_id, "hosted system") for subnet_id in hosted_ids if subnet_id]
        found: dict[str, tuple[str, tuple[str, ...]]] = {}
        for subnet_id, user in uses:
            written, users = found.get(subnet_id.lower(), (subnet_id, ()))
            found[subnet_id.lower()] = (written, users if user in users else (*users, user))
        return found

    @cached_property
    def vnet(self) -> str:
        """`byo` when any pool or the hosted system pool names a subnet, else `managed`; raises Unread."""
        if self.byo_subnets:
            return matrix.BYO_VNET
        if arm.same(arm.text(self.document, "sku", "name"), "Automatic") and not self.setting("hostedSystemProfile"):
            self.known("hostedSystemProfile")
        return matrix.MANAGED_VNET

    @property
    def unplaced_pools(self) -> tuple[Pool, ...]:
        """The pools that name no subnet beside others that do; each stands for a subnet that was not read.

        With a hosted system pool, such a pool is on that profile's nodeSubnetID.
        """
        hosted = arm.text(self.setting("hostedSystemProfile"), "nodeSubnetID")
        placed = hosted or not self.byo_subnets
        return () if placed else tuple(pool for pool in self.pools if not pool.node_subnet_id)

    @cached_property
    def subnets(self) -> tuple[Subnet, ...]:
        """Every subnet that nodes or pods use; raises Unread."""
        found = (*self.named_subnets, *(Subnet(pool.id, (pool.name,), self) for pool in self.unplaced_pools))
        return (*found, *self.unnamed_subnets)

    @cached_property
    def named_subnets(self) -> tuple[Subnet, ...]:
        """The subnets that the cluster names, or that AKS made for it; raises Unread."""
        if self.vnet == matrix.BYO_VNET:
            return tuple(Subnet(written, pools, self) for written, pools in self.byo_subnets.values())
        names = tuple(pool.name for pool in self.pools)
        return tuple(Subnet(subnet_id, names, self) for subnet_id in self.managed_subnet_ids)

    @cached_property
    def unnamed_subnets(self) -> tuple[Subnet, ...]:
        """The subnets that only nodes' network interfaces show; none where those could not be read, which EGR233 says;
        raises Unread."""
        named = {subnet.id.lower() for subnet in self.named_subnets}
        try:
            ids = self.interface_subnet_ids
        except Unread:
            return ()
        return tuple(Subnet(found, (NODES_WITHOUT_POOL,), self) for found in ids if found.lower() not in named)

    @cached_property
    def node_group_id(self) -> str:
        """The id of the node resource group, which holds what AKS makes; raises Unread."""
        group = self.required("nodeResourceGroup")
        return arm.child(f"/subscriptions/{self.subscription_id}/resourceGroups/{group}")

    def in_node_group(self, kind: str) -> str:
        """The id of the collection of all resources of a type in the node resource group; raises Unread."""
        return f"{self.node_group_id}/providers/{kind}"

    @property
    def managed_subnet_ids(self) -> tuple[str, ...]:
        """The subnets of the network that AKS made in the node resource group; raises Unread."""
        networks = self.snapshot.collection(self.in_node_group("Microsoft.Network/virtualNetworks"))
        ids = (found for network in networks for found in arm.references(network, "properties", "subnets"))
        return tuple({found.lower(): found for found in ids}.values())

    @cached_property
    def interface_subnet_ids(self) -> tuple[str, ...]:
        """The subnets of the network interfaces in the node resource group, which nodes have that are in no scale set,
        such as those of node auto-provisioning; private endpoints and links are no nodes; raises Unread."""
        interfaces = self.snapshot.collection(self.in_node_group("Microsoft.Network/networkInterfaces"))
        others = ("privateEndpoint", "privateLinkService")
        nodes = [found for found in interfaces if not any(arm.dig(found, "properties", key) for key in others)]
        rows = (row for found in nodes for row in arm.objects(found, "properties", "ipConfigurations"))
        ids = (arm.text(row, "properties", "subnet", "id") for row in rows)
        return tuple({found.lower(): found for found in ids if found}.values())

    @property
    def node_group_is_locked_down(self) -> bool:
        """Whether AKS lets nobody but itself change what is in the node resource group; raises Unread."""
        return arm.same(self.text("nodeResourceGroupProfile", "restrictionLevel"), "ReadOnly")

    @property
    def http_proxies(self) -> tuple[tuple[str, str], ...]:
        """The URLs of the HTTP proxies that nodes and pods use, each after its key; they may hold a password; raises
        Unread."""
        config = self.setting("httpProxyConfig")
        if arm.dig(config, "enabled") is False:
            return ()
        urls = ((key, arm.text(config, key)) for key in ("httpProxy", "httpsProxy"))
        return tuple((key, url) for key, url in urls if url)

    @property
    def kubenet(self) -> bool:
        """Whether AKS writes pod routes into the subnets' route table."""
        return arm.same(self.text("networkProfile", "networkPlugin"), "kubenet")

    @property
    def dual_stack(self) -> bool:
        """Whether nodes and pods have IPv6 addresses as well."""
        families = arm.strings(self.setting("networkProfile"), "ipFamilies")
        return "ipv6" in (found.lower() for found in families)

    @property
    def private_cluster(self) -> bool:
        """Whether the API server has no public address at all."""
        return arm.flag(self.setting("apiServerAccessProfile"), "enablePrivateCluster")

    @property
    def private_api_server(self) -> str | None:
        """How nodes reach the API server without the internet, in words, or None where Azure names no way."""
        if self.private_cluster:
            return "private cluster"
        if arm.flag(self.setting("apiServerAccessProfile"), "enableVnetIntegration"):
            return "API Server VNet Integration"
        return None

    @property
    def authorized_ip_ranges(self) -> tuple[str, ...]:
        """The ranges that may reach a public API server; empty when all may; raises Unread."""
        stored = self.setting("apiServerAccessProfile", "authorizedIPRanges")
        if stored is not None and not isinstance(stored, list):
            raise Unread(self.id, "Azure's answer has authorizedIPRanges that are no list")
        return arm.strings(stored)

    def made_by_aks(self, resource_id: str) -> bool:
        """Whether a resource is in the node resource group, which holds what AKS makes."""
        at_home = arm.same(arm.part(resource_id, "subscriptions"), self.subscription_id)
        return at_home and arm.same(arm.part(resource_id, "resourceGroups"), self.text("nodeResourceGroup"))

    def path_to(self, target: str, nat_gateway_sku: str | None) -> matrix.Path | None:
        """The cell of the matrix that leads from today's type and SKU to a target; raises Unread."""
        sku = self.nat_gateway_sku if self.outbound_type == matrix.MANAGED_NAT_GATEWAY else None
        return matrix.find(self.vnet, self.outbound_type, target, sku, nat_gateway_sku)

    def path_back(self, target: str, nat_gateway_sku: str | None) -> matrix.Path | None:
        """The cell that leads from a target back to today's type and SKU; raises Unread."""
        back_to_nat = self.outbound_type == matrix.MANAGED_NAT_GATEWAY
        sku = (self.nat_gateway_sku or matrix.STANDARD) if back_to_nat else None
        origin_sku = nat_gateway_sku if target == matrix.MANAGED_NAT_GATEWAY else None
        return matrix.find(self.vnet, target, self.outbound_type, origin_sku, sku)
