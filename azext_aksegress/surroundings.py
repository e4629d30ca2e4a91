"""What Resource Graph tells of the surroundings of many clusters, put together as ARM has it, and shared. Pure.

What Resource Graph has no row of is unread, whether it is not there, not seen by the caller, or not kept: it never says
which. So a list that would be empty is unread too, and nothing is taken for absent that only was not told.
"""

from __future__ import annotations

from functools import partial
from typing import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from azext_aksegress import arm, graph
from azext_aksegress.arm import Json
from azext_aksegress.cluster import KNOWN_SINCE
from azext_aksegress.hops import EARLY_PEERS, inside, is_address, own_address_ids, private_addresses
from azext_aksegress.network import nat_gateway, virtual_network
from azext_aksegress.snapshot import Snapshot

_PATHS = {
    "bootstrapProfile": ("bootstrapProfile",),
    "enableVnetIntegration": ("apiServerAccessProfile", "enableVnetIntegration"),
    "staticEgressGatewayProfile": ("networkProfile", "staticEgressGatewayProfile"),
    "nodeProvisioningProfile": ("nodeProvisioningProfile",),
    "hostedSystemProfile": ("hostedSystemProfile",),
    "natGatewayProfile.sku": ("networkProfile", "natGatewayProfile", "sku"),
}
"""Where the properties in KNOWN_SINCE stand."""
_OLDEST = "2024-01-01"
"""An api-version before any in KNOWN_SINCE."""
TABLE, GATEWAY = "routeTable", "natGateway"
CARRYING = (TABLE, GATEWAY)
"""What can carry the egress of a subnet that it is attached to."""
ATTACHED = (*CARRYING, "networkSecurityGroup")


class Surroundings:
    """Resources by id, and collections by the id of the collection, in lower case, as Snapshots have them."""

    def __init__(self) -> None:
        self._resources: dict[str, Json] = {}
        self._collections: dict[str, tuple[Json, ...]] = {}

    def snapshot(self, cluster: Json, captured_at: str) -> Snapshot:
        """One cluster with all that is around it, and around the others."""
        version = _api_version(cluster)
        return Snapshot(captured_at, version, cluster, self._resources, self._collections, untold=graph.UNTOLD)

    def hold(self, about: str, rows: Iterable[Json]) -> None:
        """Keep the rows of a question, `about` being its kind; those that are all there are of their type in a resource
        group or subscription, as its collection too."""
        if about in (graph.OF_SUBNETS, graph.IN_GROUPS_SUBNETS):
            found = self._networks(rows)
        elif about in (graph.OF_ADDRESSES, graph.IN_GROUPS_ADDRESSES):
            found = self._keep(_resource(row, graph.IN_NODE_GROUPS) for row in rows)
        elif about == graph.IN_GROUPS_NODES:
            found = self._keep(map(_interface, rows))
        else:
            found = self._keep(rows)
        if about in _PLACES:
            self._list(found, _PLACES[about])

    def _networks(self, rows: Iterable[Json]) -> dict[str, Json | None]:
        """Keep subnets, and the virtual networks that they are of: those, by id, of which each subnet has a row; the
        others are there without anything."""
        networks: dict[str, list[Json]] = {}
        for row in rows:
            networks.setdefault((arm.text(row, "networkId") or "").lower(), []).append(row)
        whole = []
        for found in networks.values():
            subnets = [_subnet(row) for row in found if arm.text(row, "id")]
            if found[0].get("subnets") == len(self._keep(subnets)):
                whole.append(_network(found[0], subnets))
        return {**dict.fromkeys(networks), **self._keep(whole)}

    def _keep(self, rows: Iterable[Json]) -> dict[str, Json | None]:
        """The rows by id, each once and as it was told first."""
        by_id = {(arm.text(row, "id") or "").lower(): row for row in rows}
        return {key: self._resources.setdefault(key, row) for key, row in by_id.items() if key}

    def _list(self, rows: Mapping[str, Json | None], place: Callable[[str], str]) -> None:
        """Rows as the members of collections; where one of those is not known whole, the collection is not either."""
        lists: dict[str, list[Json | None]] = {}
        for key, row in rows.items():
            lists.setdefault(place(key), []).append(row)
        for collection, found in lists.items():
            members = tuple(row for row in found if row is not None)
            if len(members) == len(found):
                self._collections[collection] = members

    def lacking(self, ids: Iterable[str]) -> list[str]:
        """The ids of which nothing is held."""
        return [found for found in ids if found.lower() not in self._resources]

    def subnets_in(self, group_ids: Iterable[str]) -> Iterator[str]:
        """The subnets of the virtual networks in some resource groups."""
        for group in group_ids:
            for network in self._collections.get(f"{group}/providers/{graph.NETWORKS}".lower(), ()):
                yield from arm.references(network, "properties", "subnets")

    def subnets_of_nodes(self, group_ids: Iterable[str]) -> Iterator[str]:
        """The subnets of the nodes in some resource groups that are in no scale set."""
        for group in group_ids:
            for interface in self._collections.get(f"{group}/providers/{graph.INTERFACES}".lower(), ()):
                rows = arm.objects(interface, "properties", "ipConfigurations")
                yield from filter(None, (arm.text(row, "properties", "subnet", "id") for row in rows))

    def attached(self, subnet_ids: Iterable[str], *kinds: str) -> set[str]:
        """The ids of what is attached to subnets, of some of ATTACHED, in lower case."""
        rows = [self._resources.get(found.lower()) for found in subnet_ids]
        ids = (arm.text(row, "properties", kind, "id") for row in rows for kind in kinds)
        return {found.lower() for found in ids if found}

    def subscriptions_near(self, subnet_ids: Iterable[str]) -> set[str]:
        """Where a firewall may be that the routes of subnets lead to: their own subscriptions, and those of peers."""
        routed = [found for found in subnet_ids if self.attached([found], TABLE)]
        networks = [self._resources.get(found) for found in {arm.parent(known).lower() for known in routed}]
        peerings = [row for found in networks for row in arm.objects(found, "properties", "virtualNetworkPeerings")]
        remote = [arm.text(row, "properties", "remoteVirtualNetwork", "id") for row in peerings]
        return {arm.part(found, "subscriptions").lower() for found in (*routed, *remote) if found} - {""}

    def peers_to_look_into(self, subnet_ids: Iterable[str]) -> Iterator[str]:
        """The peers of networks with a next hop that no peering says to carry: as a check of one cluster does, which
        so finds the peering that is not in sync."""
        pairs = {(arm.parent(known).lower(), table) for known in subnet_ids for table in self.attached([known], TABLE)}
        for network_id, table in sorted(pairs):
            network = virtual_network(network_id, self._resources.get(network_id) or {"properties": {}})
            carried = (*network.ranges, *(found for peering in network.peerings for found in peering.remote_ranges))
            peers = [peering.remote_id for peering in network.peerings if peering.remote_id]
            hops = filter(is_address, self._next_hops([table]))
            if len(peers) <= EARLY_PEERS and any(not inside(hop, carried) for hop in hops):
                yield from peers

    def _next_hops(self, table_ids: Iterable[str]) -> set[str]:
        tables = [self._resources.get(found) for found in table_ids]
        routes = [route for table in tables for route in arm.objects(table, "properties", "routes")]
        return {arm.text(route, "properties", "nextHopIpAddress") or "" for route in routes} - {""}

    def firewalls_behind(self, subnet_ids: Iterable[str]) -> list[Json]:
        """The firewalls that have an address of a next hop of subnets."""
        hops = self._next_hops(self.attached(subnet_ids, TABLE))
        every = [rows for key, rows in self._collections.items() if key.endswith(f"/providers/{graph.FIREWALLS}")]
        return [row for rows in every for row in rows if hops.intersection(private_addresses(row))]

    def addresses_of(self, gateway_ids: Iterable[str], firewalls: Sequence[Json]) -> set[str]:
        """The ids of the public IPs and prefixes of NAT gateways and firewalls."""
        rows = {found: self._resources[found] for found in gateway_ids if found in self._resources}
        carried = [found for key, row in rows.items() for found in nat_gateway(key, row).address_ids]
        return {*carried, *(found for row in firewalls for found in own_address_ids(row))}


def _in_its_group(resource_id: str) -> str:
    return resource_id.rpartition("/")[0]


def _in_its_subscription(kind: str, resource_id: str) -> str:
    return f"/subscriptions/{arm.part(resource_id, 'subscriptions')}/providers/{kind}"


_PLACES: Mapping[str, Callable[[str], str]] = {
    graph.IN_GROUPS_SUBNETS: _in_its_group,
    graph.IN_GROUPS_ADDRESSES: _in_its_group,
    graph.IN_GROUPS_NODES: _in_its_group,
    graph.OF_FIREWALLS: partial(_in_its_subscription, graph.FIREWALLS),
    graph.OF_LOCKS: partial(_in_its_subscription, graph.LOCKS),
}
"""The collection of a row of a question that brings all of a type; where others are named by id, more may be there."""


def _resource(row: Json, columns: Collection[str]) -> Json:
    """A row as ARM has the resource."""
    return {**{key: value for key, value in row.items() if key not in columns}, "properties": _told(row, columns)}


def _told(row: Json, columns: Collection[str]) -> Json:
    """The properties in a row; a column that says nothing is not there."""
    return {name: row[name] for name in columns if row.get(name) is not None}


def _interface(row: Json) -> Json:
    """Of a network interface, its subnet."""
    configuration = {"properties": {"subnet": {"id": row.get("subnetId")}}}
    return {"id": row.get("id"), "properties": {"ipConfigurations": [configuration]}}


def _subnet(row: Json) -> Json:
    return {"id": row["id"], "name": arm.name(row["id"]), "properties": _told(row, graph.SUBNET_COLUMNS)}


def _network(row: Json, subnets: Sequence[Json]) -> Json:
    properties = {**_told(row, graph.NETWORK_COLUMNS), "subnets": list(subnets)}
    named = {"id": row["networkId"], "name": arm.name(row["networkId"])}
    return {**named, "location": row.get("location"), "properties": properties}


def cluster_in(row: Json) -> Json:
    """A row as ARM has the cluster: without the columns that say nothing, and without properties where none does."""
    found = {key: value for key, value in _resource(row, graph.CLUSTER_COLUMNS).items() if value is not None}
    return found if found["properties"] else {key: value for key, value in found.items() if key != "properties"}


def _api_version(cluster: Json) -> str:
    """The first api-version that shows what a row shows of a cluster: Resource Graph does not say which one it keeps,
    so what is absent is known to be so only up to there."""
    properties = cluster.get("properties")
    shown = (KNOWN_SINCE[name] for name, path in _PATHS.items() if arm.dig(properties, *path) is not None)
    return max(shown, default=_OLDEST)
