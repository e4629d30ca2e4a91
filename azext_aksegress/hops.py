"""Next hops: what a route's address belongs to, in the virtual network of a subnet and in its peers."""

from __future__ import annotations

from typing import Iterator

from azext_aksegress import arm
from azext_aksegress.arm import Json
from azext_aksegress.cluster import Subnet
from azext_aksegress.snapshot import Unread, Untold


def network_ids(subnet: Subnet) -> tuple[str, ...]:
    """The virtual network of a subnet, and those that it is peered with; raises Unread."""
    return (arm.parent(subnet.id), *(found.remote_id for found in subnet.network.peerings if found.remote_id))


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

    Raises Unread where none is found and not all of them could be read.
    """
    found: list[Json] = []
    unread: Unread | None = None
    try:
        for collection_id in firewalls_ids(subnet):
            try:
                found += [item for item in subnet.snapshot.collection(collection_id) if address in _private(item)]
            except Unread as error:
                unread = unread or error
    except Unread as error:  # the peers are not known
        unread = unread or error
    if len(found) > 1:
        raise Untold(subnet.route_table_id, f"which of {len(found)} firewalls has {address}")
    if not found and unread:
        raise unread
    return found[0] if found else None


def _private(firewall: Json) -> tuple[str | None, ...]:
    configurations = arm.objects(firewall, "properties", "ipConfigurations")
    own = (arm.text(item, "properties", "privateIPAddress") for item in configurations)
    return (*(item for item in own if item), *_hub(firewall))


def _hub(firewall: Json) -> tuple[str, ...]:
    found = arm.text(firewall, "properties", "hubIPAddresses", "privateIPAddress")
    return (found,) if found else ()


def firewall_address_ids(subnet: Subnet, address: str | None) -> tuple[str, ...]:
    """The public IPs of the one firewall with a private address; raises Unread."""
    firewall = firewall_at(subnet, address) if address else None
    if firewall is None or _hub(firewall):
        raise Untold(subnet.route_table_id, f"the public addresses behind next hop {address or 'without address'}")
    configurations = arm.objects(firewall, "properties", "ipConfigurations")
    ids = (arm.text(item, "properties", "publicIPAddress", "id") for item in configurations)
    return tuple(found for found in ids if found)
