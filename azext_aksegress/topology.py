"""The egress path as a picture: pools, their subnets, what carries these, and the addresses that the internet sees.

Pure data, for whatever draws it; what could not be read is in it as such, so that no pool is ever missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Callable, Iterable, Iterator, Sequence, Tuple

from azext_aksegress import arm, egress, hops, matrix, profiles
from azext_aksegress.cluster import Cluster, Subnet
from azext_aksegress.egress import Carrier
from azext_aksegress.report import known
from azext_aksegress.request import Request
from azext_aksegress.snapshot import Unread, Untold

POOL, SUBNET, CARRIER, ADDRESS = "pool", "subnet", "carrier", "address"
STAGES = {POOL: "node pools", SUBNET: "subnets", CARRIER: "way out", ADDRESS: "egress addresses"}
"""The columns of the picture, in the order in which a packet meets them."""

_KINDS = {
    egress.LOAD_BALANCER: "load balancer of AKS",
    egress.NAT_GATEWAY: "NAT gateway of AKS",
    egress.NODE_PUBLIC_IP: "public IPs of the nodes",
    egress.VIRTUAL_NETWORK_GATEWAY: "virtual network gateway",
    egress.VIRTUAL_APPLIANCE: "appliance",
    egress.NO_PATH: "no way out",
    egress.UNKNOWN: "unknown",
}


@dataclass(frozen=True)
class Node:
    """One box: what it is, by an id that is the same in two pictures of the same thing, and why it is unknown."""

    stage: str
    id: str
    label: str
    unknown: str | None = None


_Way = Tuple[Node, Tuple[Node, ...]]
"""A way out, and the addresses behind it."""


@dataclass(frozen=True)
class Topology:
    """The boxes of one picture, and which leads to which."""

    title: str
    nodes: tuple[Node, ...]
    links: tuple[tuple[str, str], ...]

    def at(self, stage: str) -> tuple[Node, ...]:
        """The boxes of one column."""
        return tuple(node for node in self.nodes if node.stage == stage)

    def after(self, node_id: str) -> tuple[Node, ...]:
        """The boxes that one box leads to."""
        ids = {end for start, end in self.links if start == node_id}
        return tuple(node for node in self.nodes if node.id in ids)


@dataclass(frozen=True)
class Change:
    """Two pictures of one cluster, or one where nothing was asked for: what differs, as ids and in words."""

    before: Topology
    after: Topology | None = None

    @property
    def pictures(self) -> tuple[Topology, ...]:
        """The one or the two."""
        return (self.before, self.after) if self.after else (self.before,)

    @property
    def gone(self) -> frozenset[str]:
        """The ids of what is there before, and not after."""
        return _ids(self.before) - _ids(self.after) if self.after else frozenset()

    @property
    def new(self) -> frozenset[str]:
        """The ids of what is there after, and not before."""
        return _ids(self.after) - _ids(self.before) if self.after else frozenset()

    @property
    def title(self) -> str:
        """What differs, in half a sentence."""
        titles = " and ".join(found.title[:1].lower() + found.title[1:] for found in self.pictures)
        if self.after is None:
            return titles
        moved = _joined(node.label for node in self.after.at(SUBNET) if _by(self.before, node) != _by(self.after, node))
        old, new = ({node.id for node in found.at(ADDRESS)} for found in (self.before, self.after))
        ways = f"another way out for {moved}" if moved else "the same way out"
        addresses = "the same egress addresses" if old == new else "other egress addresses"
        limits = ", as far as is known" if any(_is_open(found) for found in self.pictures) else ""
        return f"{titles}: {ways}, {addresses}{limits}"

    @property
    def words(self) -> tuple[str, ...]:
        """What the pictures show, in sentences: who takes which way out, or how that changes; then the addresses."""
        if self.after is None:
            return tuple(_ways(self.before))
        return (*_moves(self.before, self.after), *_addresses(self.before, self.after))


def today(cluster: Cluster, title: str = "Today") -> Topology:
    """The egress path as it is."""
    return _drawn(title, cluster, None)


def afterwards(cluster: Cluster, request: Request) -> Topology:
    """The egress path as it is expected to be once a request was carried out."""
    return _drawn(f"After the move to {request.to}", cluster, request)


def _drawn(title: str, cluster: Cluster, request: Request | None) -> Topology:
    nodes: dict[str, Node] = {}
    links: dict[tuple[str, str], None] = {}

    def add(start: Node, end: Node) -> None:
        nodes[start.id], nodes[end.id] = start, end
        links[start.id, end.id] = None

    for pools, subnet, ways in _rows(cluster, request):
        for pool in pools:
            add(pool, subnet)
        for way, addresses in ways:
            add(subnet, way)
            for address in addresses:
                add(way, address)
    ordered = sorted(nodes.values(), key=lambda node: list(STAGES).index(node.stage))
    return Topology(title, tuple(ordered), tuple(links))


def _rows(cluster: Cluster, request: Request | None) -> Iterator[tuple[list[Node], Node, list[_Way]]]:
    """Each subnet, with its pools, and with its ways out and their addresses."""
    labels = _pools(cluster)
    subnets = known(lambda: cluster.subnets) or ()
    for subnet in subnets:
        pools = [labels.get(name) or _pool(name, name) for name in subnet.pools]
        carriers = _carriers(partial(egress.carriers_of, cluster, subnet, request))
        yield pools, _subnet(cluster, subnet), [_way(cluster, subnet, carrier) for carrier in carriers]
    placed = {name for subnet in subnets for name in subnet.pools}
    rest = [pool for name, pool in labels.items() if name not in placed]
    if rest or not subnets:
        is_managed = known(lambda: cluster.vnet) == matrix.MANAGED_VNET
        name = "subnet of AKS" if is_managed else "unknown"
        where = Node(SUBNET, "subnet", name, None if is_managed else "which subnet they are in was not read")
        yield (
            rest or [_pool("pools", "unknown", "the pools were not read")],
            where,
            [_way(cluster, None, carrier) for carrier in _elsewhere(cluster, request)],
        )


def _elsewhere(cluster: Cluster, request: Request | None) -> Iterable[Carrier]:
    """What carries pools whose subnet is not known: AKS's own path in AKS's own network, and nobody knows elsewhere."""
    if known(lambda: cluster.subnets):
        return (Carrier(egress.UNKNOWN, unknown=Untold(cluster.id, "which subnet they are in was not read")),)
    return _carriers(lambda: egress.carriers(cluster, request))


def _carriers(read: Callable[[], Iterable[Carrier]]) -> Iterable[Carrier]:
    """Carriers, or one that is unknown where they could not be read."""
    try:
        return tuple(read())
    except Unread as unread:
        return (Carrier(egress.UNKNOWN, unknown=unread),)


def _pools(cluster: Cluster) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for pool in known(lambda: cluster.pools) or ():
        count = arm.dig(pool.document, "count")
        nodes = f", {count} node{'' if count == 1 else 's'}" if isinstance(count, int) else ""
        found[pool.name] = _pool(pool.name, f"{pool.name}{nodes}")
    return found


def _pool(name: str, label: str, unknown: str | None = None) -> Node:
    return Node(POOL, f"pool/{name}", label, unknown)


def _subnet(cluster: Cluster, subnet: Subnet) -> Node:
    """A pool that names no subnet stands for one that was not read."""
    if arm.part(subnet.id, "agentPools"):
        return Node(SUBNET, subnet.id.lower(), "unknown", f"{subnet.name} names no subnet")
    read = known(lambda: cluster.snapshot.resource(subnet.id))
    return Node(SUBNET, subnet.id.lower(), subnet.name, None if read else "it was not read")


def _way(cluster: Cluster, subnet: Subnet | None, carrier: Carrier) -> _Way:
    """A box for what carries egress, and one for each address behind it."""
    why = str(carrier.unknown) if carrier.unknown and carrier.kind == egress.UNKNOWN else None
    node = Node(CARRIER, f"{carrier.kind}/{(carrier.via or why or '').lower()}", _label(subnet, carrier), why)
    found = [_address(cluster, address_id) for address_id in carrier.address_ids]
    if carrier.unknown and carrier.kind not in (egress.NO_PATH, egress.UNKNOWN):
        label = "new addresses" if carrier.unknown.reason == egress.MADE_BY_THE_MOVE else "unknown"
        found.append(Node(ADDRESS, f"{node.id}/{label}", label, str(carrier.unknown)))
    return node, tuple(found)


def _label(subnet: Subnet | None, carrier: Carrier) -> str:
    if carrier.kind == egress.NAT_GATEWAY and carrier.via:
        return f"NAT gateway {arm.name(carrier.via)}"
    if carrier.kind == egress.VIRTUAL_APPLIANCE:
        firewall = known(lambda: hops.firewall_at(subnet, carrier.via)) if subnet else None
        name = arm.text(firewall, "name") or arm.name(arm.text(firewall, "id") or "")
        return f"Azure Firewall {name} ({carrier.via})" if firewall else f"appliance {carrier.via or 'without address'}"
    return _KINDS[carrier.kind]


def _address(cluster: Cluster, address_id: str) -> Node:
    try:
        address = profiles.address(cluster.snapshot, address_id)
        return Node(ADDRESS, f"address/{address}", address)
    except Unread as unread:
        return Node(ADDRESS, f"address/{address_id.lower()}", arm.name(address_id), str(unread))


def _ids(found: Topology | None) -> frozenset[str]:
    return frozenset(node.id for node in found.nodes) if found else frozenset()


def _ways(found: Topology) -> Iterator[str]:
    """Who leaves how, a sentence a way out."""
    for way in found.at(CARRIER):
        subnets = [start for start, end in found.links if end == way.id]
        names = _joined(node.label for node in found.at(SUBNET) if node.id in subnets)
        addresses = _joined(node.label for node in found.after(way.id))
        if way.id.startswith(egress.NO_PATH):
            yield f"{names}: no way out."
        else:
            yield f"{names}: by {way.label}{f', as {addresses}' if addresses else ''}."


def _is_open(found: Topology) -> bool:
    """Whether a way out or an address is not known."""
    return any(node.unknown for node in (*found.at(CARRIER), *found.at(ADDRESS)))


def _by(found: Topology, subnet: Node) -> str:
    """How a subnet goes out, in words."""
    return _joined(way.label for way in found.after(subnet.id))


def _moves(before: Topology, after: Topology) -> Iterator[str]:
    """How the ways out of subnets change; those that change alike in one sentence."""
    alike: dict[tuple[str, str], list[str]] = {}
    for subnet in after.at(SUBNET):
        alike.setdefault((_by(before, subnet) or "nothing", _by(after, subnet)), []).append(subnet.label)
    for (old, new), names in alike.items():
        same = new if egress.UNKNOWN in new else f"{new}, as {before.title.lower()}"
        yield f"{_joined(names)}: {same if old == new else f'{old} -> {new}'}."


def _addresses(before: Topology, after: Topology) -> Iterator[str]:
    """Which addresses go, come and stay, and what is not known of them."""
    old, new = ({node.id: node for node in picture.at(ADDRESS)} for picture in (before, after))
    come = [node for node in new.values() if node.id not in old]
    kinds = {
        "no longer seen": [node for node in old.values() if node.id not in new],
        "new": [node for node in come if not node.unknown],
        "not known before the move": [node for node in come if node.unknown],
        "stay": [node for node in new.values() if node.id in old and not node.unknown],
        "not known": [node for node in new.values() if node.id in old and node.unknown],
    }
    said = [f"{words}: {_joined(node.label for node in found)}" for words, found in kinds.items() if found]
    if any(node.unknown for node in after.at(CARRIER)):
        said.append("others are not known")
    if said:
        yield f"Egress addresses: {'; '.join(said)}."
    elif not new:
        yield "No egress address, before and after."


def _joined(words: Iterable[str]) -> str:
    found: Sequence[str] = list(dict.fromkeys(words))
    return f"{', '.join(found[:-1])} and {found[-1]}" if len(found) > 1 else "".join(found)
