"""Next hops: what a route's address belongs to, in the virtual network of a subnet and in its peers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Iterator

from azext_aksegress import arm
from azext_aksegress.arm import Json
from azext_aksegress.cluster import Subnet
from azext_aksegress.network import (
    Peering,
    Range,
    Route,
    RouteTable,
    address_range,
    holds,
    nat_gateway,
    route_table,
    virtual_network,
)
from azext_aksegress.snapshot import Snapshot, Unread, Untold

AZURE_FIREWALL = "Azure Firewall"
NETWORK_INTERFACE = "network interface"
LOAD_BALANCER = "internal load balancer"

FIREWALL_SUBNET = "AzureFirewallSubnet"
"""The only subnet that an Azure Firewall can be in (Azure documentation, firewall-faq, 2022-09-12)."""

EARLY_PEERS = 4
"""Up to so many peers are read before it is known which of them a next hop is in, to save a round of reads."""
MAX_OWNERS = 16
"""How many network interfaces and load balancers of a next hop's subnet are read one by one."""

_INTERFACES = "Microsoft.Network/networkInterfaces"
_LOAD_BALANCERS = "Microsoft.Network/loadBalancers"
_OWNERS = {
    _INTERFACES.lower(): (NETWORK_INTERFACE, "ipConfigurations"),
    _LOAD_BALANCERS.lower(): (LOAD_BALANCER, "frontendIPConfigurations"),
}
"""By type, what can have a private address, and where it keeps it."""


@dataclass(frozen=True)
class Owner:
    """What has an address: its kind, its id, and the ARM JSON that describes it."""

    kind: str
    id: str
    document: Json

    @property
    def name(self) -> str:
        """Its own name."""
        return arm.name(self.id)

    @property
    def forwards(self) -> bool:
        """Whether Azure lets it pass packets on that are not for itself; only a network interface needs to be told."""
        return self.kind != NETWORK_INTERFACE or arm.flag(self.document, "properties", "enableIPForwarding")


@dataclass(frozen=True)
class Place:
    """The virtual network that an address is in, and the peering that leads there; None in the subnet's own network."""

    network_id: str
    peering: Peering | None


def is_address(text: str | None) -> bool:
    """Whether a text is one IP address."""
    found = address_range(text) if text else None
    return found is not None and found.num_addresses == 1


def inside(address: str, ranges: Iterable[Range]) -> bool:
    """Whether an address is in any of some ranges."""
    return any(holds(str(found), address) for found in ranges)


def addresses(subnet: Subnet) -> tuple[str | None, ...]:
    """The next hops of the routes that lead to appliances on the way to the internet, each once; None for one without
    address; raises Unread."""
    routes = (found for found in subnet.internet_routes if found and arm.same(found.next_hop_type, "VirtualAppliance"))
    return tuple(dict.fromkeys(found.next_hop_address for found in routes))


def network_ids(subnet: Subnet) -> tuple[str, ...]:
    """The virtual network of a subnet, and those that it is peered with; raises Unread."""
    return (arm.parent(subnet.id), *(found.remote_id for found in subnet.network.peerings if found.remote_id))


def place(subnet: Subnet, address: str) -> Place | None:
    """Where an address is, seen from a subnet: by what the peerings carry, else by what the peers that were read have;
    None outside of its network and the peers; raises Unread."""
    network = subnet.network
    if inside(address, network.ranges):
        return Place(arm.parent(subnet.id), None)
    peers = [found for found in network.peerings if found.remote_id]
    holding = [found for found in peers if inside(address, found.remote_ranges)]
    best = _best(holding or [found for found in peers if inside(address, _ranges_of(subnet.snapshot, found))])
    return Place(best.remote_id, best) if best else None


def _best(peerings: Iterable[Peering]) -> Peering | None:
    return min(peerings, key=lambda found: (not found.connected, found.remote_id.lower(), found.name), default=None)


def _ranges_of(snapshot: Snapshot, peering: Peering) -> tuple[Range, ...]:
    """What the network behind a peering has, which the peering may not carry yet; nothing where it was not read."""
    try:
        return virtual_network(peering.remote_id, snapshot.resource(peering.remote_id)).ranges
    except Unread:
        return ()


def peering_to(subnet: Subnet, address: str) -> Peering | None:
    """The peering that leads to a next hop: to the network of the firewall that has the address, else to the one that
    the address is in; None where none is needed; raises Unread."""
    try:
        firewall = firewall_at(subnet, address)
    except Unread:  # then only the address tells
        firewall = None
    networks = _networks_of(firewall) if firewall else set()
    if networks:
        return _best(found for found in subnet.network.peerings if found.remote_id.lower() in networks)
    here = place(subnet, address)
    return here.peering if here else None


def subnet_at(subnet: Subnet, address: str) -> Subnet | None:
    """The subnet that an address lies in, in the network or a peer of another subnet; raises Unread."""
    here = place(subnet, address)
    if here is None:
        return None
    unread: Unread | None = None
    rows = arm.references(subnet.snapshot.resource(here.network_id), "properties", "subnets")
    for subnet_id in sorted(rows, key=str.lower):
        found = Subnet(subnet_id, (), subnet.cluster)
        try:
            if inside(address, found.ranges):
                return found
        except Unread as error:
            unread = unread or error
    if unread:
        raise unread
    return None


def wanted_ids(subnet: Subnet) -> Iterator[str]:
    """What to read to know what the next hops of a subnet are, as far as that is known; raises Unread."""
    if subnet.route_table_id is None:
        return
    peers = network_ids(subnet)[1:]
    if len(peers) <= EARLY_PEERS:
        yield from peers
    for address in addresses(subnet):
        try:
            yield from _owner_ids(subnet, address)
        except Unread:
            continue


def _owner_ids(subnet: Subnet, address: str | None) -> Iterator[str]:
    here = place(subnet, address) if address and is_address(address) else None
    if here is None or address is None or _is_firewalls(subnet, address):
        return
    yield here.network_id
    found = subnet_at(subnet, address)
    if found:
        yield from _candidates(found)[0]


def _is_firewalls(subnet: Subnet, address: str) -> bool:
    try:
        return firewall_at(subnet, address) is not None
    except Unread:
        return False


def _candidates(at: Subnet) -> tuple[tuple[str, ...], Unread | None]:
    """The ids of what may have an address of a subnet, and why these are not all; where the subnet does not say who is
    on it, the lists of its subscription; raises Unread."""
    rows = at.snapshot.members(at.id, "ipConfigurations")
    if not rows:
        scope = f"/subscriptions/{arm.part(at.id, 'subscriptions')}/providers"
        return (f"{scope}/{_INTERFACES}", f"{scope}/{_LOAD_BALANCERS}"), None
    users = dict(sorted((arm.parent(found).lower(), arm.parent(found)) for found in rows))
    singles = tuple(found for found in users.values() if arm.resource_type(found).lower() in _OWNERS)
    if len(singles) > MAX_OWNERS:
        return singles[:MAX_OWNERS], Untold(at.id, f"{len(singles)} may have the address, and {MAX_OWNERS} are read")
    if any("virtualmachinescalesets" in found for found in users):
        return singles, Untold(at.id, "the addresses of the instances of a scale set are not read")
    return singles, None


def owner(subnet: Subnet, address: str) -> Owner | None:
    """What has an address, in the network of a subnet, in its peers, or in a virtual hub.

    Raises Unread where nothing is found and not all of it could be read.
    """
    unread: Unread | None = None
    try:
        firewall = firewall_at(subnet, address)
        if firewall:
            return Owner(AZURE_FIREWALL, arm.text(firewall, "id") or "", firewall)
    except Unread as error:
        unread = error
    at = subnet_at(subnet, address)
    ids, reason = _candidates(at) if at else ((), None)
    unread = unread or reason
    for found in ids:
        try:
            owners = [known for known in _read(subnet, found) if at and _has(known, at, address)]
        except Unread as error:
            unread = unread or error
            continue
        if owners:
            return min(owners, key=lambda known: known.id.lower())
    if unread:
        raise unread
    return None


def _read(subnet: Subnet, resource_id: str) -> Iterator[Owner]:
    """The one behind an id, or all in a list; raises Unread."""
    many = arm.is_collection(resource_id)
    rows = subnet.snapshot.collection(resource_id) if many else (subnet.snapshot.resource(resource_id),)
    kind, _ = _OWNERS[arm.resource_type(resource_id).lower()]
    for row in rows:
        yield Owner(kind, (arm.text(row, "id") or "") if many else resource_id, row)


def _has(known: Owner, at: Subnet, address: str) -> bool:
    """Whether something has an address in a subnet; the same address may be in another network as well."""
    key = next(key for kind, key in _OWNERS.values() if kind == known.kind)
    rows = [arm.dig(row, "properties") for row in arm.objects(known.document, "properties", key)]
    here = [row for row in rows if arm.same(arm.text(row, "subnet", "id") or at.id, at.id)]
    return any(holds(arm.text(row, "privateIPAddress") or "", address) for row in here)


def firewalls_ids(subnet: Subnet) -> Iterator[str]:
    """The collections of Azure Firewalls, by subscription, that can be a next hop of a subnet: those of its own
    subscription, and those of its peers; raises Unread after the first."""
    own = arm.part(subnet.id, "subscriptions")
    yield _firewalls_of(own)
    others = {arm.part(found, "subscriptions").lower() for found in network_ids(subnet)}
    yield from (_firewalls_of(found) for found in sorted(others - {own.lower(), ""}))


def _firewalls_of(subscription: str) -> str:
    return f"/subscriptions/{subscription}/providers/Microsoft.Network/azureFirewalls"


def firewall_at(subnet: Subnet, address: str | None) -> Json | None:
    """The Azure Firewall with a private address, in a virtual network or a virtual hub; two leave it open.

    Raises Unread where none is found and not all of them could be read, and where the peers are not known: a firewall
    elsewhere may have the same address.
    """
    return subnet.cluster.once((_firewall_at, subnet.id, address), lambda: _firewall_at(subnet, address))


def _firewall_at(subnet: Subnet, address: str | None) -> Json | None:
    found: dict[str, Json] = {}
    unread: Unread | None = None
    networks = {network.lower() for network in network_ids(subnet)}
    for collection_id in firewalls_ids(subnet):
        try:
            rows = [row for row in subnet.snapshot.collection(collection_id) if _is_at(row, address)]
        except Unread as error:
            unread = unread or error
            continue
        near = [row for row in rows if _networks_of(row) <= networks]
        found.update({(arm.text(row, "id") or "").lower(): row for row in near})
    if len(found) > 1:
        raise Untold(subnet.route_table_id, f"which of {len(found)} firewalls has {address}")
    if not found and unread:
        raise unread
    return next(iter(found.values()), None)


def _is_at(firewall: Json, address: str | None) -> bool:
    return any(holds(own, address or "") for own in private_addresses(firewall))


def _networks_of(firewall: Json) -> set[str]:
    """The virtual network that a firewall is in, in lower case; none for a firewall in a virtual hub."""
    return {arm.parent(found).lower() for found in subnets_of(firewall)}


def private_addresses(firewall: Json) -> tuple[str, ...]:
    """The private addresses of a firewall, those that routes name."""
    configurations = arm.objects(firewall, "properties", "ipConfigurations")
    own = (arm.text(item, "properties", "privateIPAddress") for item in configurations)
    return (*(item for item in own if item), *_hub(firewall))


def _hub(firewall: Json) -> tuple[str, ...]:
    found = arm.text(firewall, "properties", "hubIPAddresses", "privateIPAddress")
    return (found,) if found else ()


def deallocated_firewalls(subnet: Subnet, address: str) -> tuple[Owner, ...]:
    """The Azure Firewalls that may have had an address before they were deallocated: where it lies in an
    AzureFirewallSubnet, those without addresses in the resource group of that network, which a firewall shares (Azure
    documentation, firewall-faq, 2022-09-12), else in its subscription; raises Unread."""
    at = subnet_at(subnet, address)
    if at is None or not arm.same(at.name, FIREWALL_SUBNET):
        return ()
    rows = subnet.snapshot.collection(_firewalls_of(arm.part(at.id, "subscriptions").lower()))
    idle = {arm.text(row, "id") or "": row for row in rows if not private_addresses(row) and not _is_of_a_hub(row)}
    mine = {key: row for key, row in idle.items() if _networks_of(row) <= {arm.parent(at.id).lower()}}
    found = [Owner(AZURE_FIREWALL, key, row) for key, row in sorted(mine.items()) if key]
    group = arm.part(at.id, "resourceGroups")
    near = [known for known in found if arm.same(arm.part(known.id, "resourceGroups"), group)]
    return tuple(near or found)


def _is_of_a_hub(firewall: Json) -> bool:
    sku = arm.text(firewall, "properties", "sku", "name")
    return arm.same(sku, "AZFW_Hub") or bool(arm.text(firewall, "properties", "virtualHub", "id"))


def firewall_address_ids(subnet: Subnet, address: str | None) -> tuple[str, ...]:
    """The public IPs of the one firewall with a private address, at least one; raises Unread, also where the firewall
    has none of its own, or sends on what it lets through: forced tunnelling."""
    firewall = firewall_at(subnet, address) if address else None
    if firewall is None or _hub(firewall):
        raise Untold(subnet.route_table_id, f"the public addresses behind next hop {address or 'without address'}")
    for table, route in onward_routes(subnet.snapshot, firewall):
        raise Untold(table.id, f"egress of the firewall goes on to {route.hop}")
    gateway = attached(subnet.snapshot, firewall, "natGateway")
    found = nat_gateway(gateway, subnet.snapshot.resource(gateway)).address_ids if gateway else None
    ids = own_address_ids(firewall) if found is None else found
    if not ids:
        raise Untold(gateway or arm.text(firewall, "id"), "it has no public IP, and its egress another way out")
    return ids


def onward_routes(snapshot: Snapshot, firewall: Json) -> tuple[tuple[RouteTable, Route], ...]:
    """The routes on a firewall's own subnet that lead what goes to the internet elsewhere, each with its table; raises
    Unread."""
    table_id = attached(snapshot, firewall, "routeTable")
    if table_id is None:
        return ()
    table = route_table(table_id, snapshot.resource(table_id))
    return tuple((table, route) for route in table.internet_routes if route and route.diverts)


def own_address_ids(firewall: Json) -> tuple[str, ...]:
    """The ids of the public IPs of a firewall."""
    configurations = arm.objects(firewall, "properties", "ipConfigurations")
    ids = (arm.text(item, "properties", "publicIPAddress", "id") for item in configurations)
    return tuple(found for found in ids if found)


def carrier_ids(subnet: Subnet) -> Iterator[str]:
    """What says which addresses the firewalls on the way have: their own, their subnets, and the NAT gateways and route
    tables on these; raises Unread."""
    for address in addresses(subnet):
        firewall = firewall_at(subnet, address)
        if firewall is None:
            continue
        yield from (*subnets_of(firewall), *own_address_ids(firewall))
        found = (attached(subnet.snapshot, firewall, kind) for kind in ("natGateway", "routeTable"))
        yield from (known for known in found if known)


def subnets_of(firewall: Json) -> tuple[str, ...]:
    """The ids of the subnets that a firewall is in."""
    rows = arm.objects(firewall, "properties", "ipConfigurations")
    ids = (arm.text(row, "properties", "subnet", "id") for row in rows)
    return tuple(dict.fromkeys(found for found in ids if found))


def attached(snapshot: Snapshot, firewall: Json, kind: str) -> str | None:
    """The NAT gateway or the route table on a firewall's subnet, which says where its egress goes (Azure documentation,
    firewall integration with NAT gateway; forced tunneling); a subnet that is not there has none; raises Unread."""
    for subnet_id in subnets_of(firewall):
        try:
            document = snapshot.resource(subnet_id)
        except Unread as unread:
            if unread.is_absent:
                continue
            raise
        found = arm.text(document, "properties", kind, "id")
        if found:
            return found
    return None
