"""Defects of EGR204, EGR209 and EGR210."""

from __future__ import annotations

from typing import Any

from tests.armsim.estate import network_id
from tests.builders import Shop
from tests.defects import UDR, Defect

_HUB = network_id("virtualNetworks", "vnet-hub")
_FIREWALL = network_id("azureFirewalls", "fw-hub")
_RULES = f"{network_id('firewallPolicies', 'fwpol-hub')}/ruleCollectionGroups/rules"


def _hop(shop: Shop, address: str) -> None:
    for name in shop.subnets:
        shop.routed(name, hop=address)


def _appliance(shop: Shop) -> None:
    """The routes lead to an appliance that does not forward."""
    shop.estate.nic("nic-nva", f"{_HUB}/subnets/snet-nva", "10.1.1.7", forwards=False)
    _hop(shop, "10.1.1.7")


def _inside(shop: Shop) -> None:
    """Each subnet's route leads to an address in itself."""
    for number, name in enumerate(shop.subnets):
        shop.routed(name, hop=f"10.240.{number}.200")


def _disconnect(shop: Shop) -> None:
    (peering,) = shop.estate[shop.network_id]["properties"]["virtualNetworkPeerings"]
    peering["properties"]["peeringState"] = "Disconnected"


def _not_synced(shop: Shop) -> None:
    """The hub has got other ranges since it was peered."""
    (peering,) = shop.estate[shop.network_id]["properties"]["virtualNetworkPeerings"]
    peering["properties"]["remoteAddressSpace"] = {"addressPrefixes": ["10.2.0.0/16"]}


def _refuse(shop: Shop) -> None:
    (peering,) = shop.estate[shop.network_id]["properties"]["virtualNetworkPeerings"]
    peering["properties"]["allowVirtualNetworkAccess"] = False


def _drop(shop: Shop) -> None:
    """The firewall's own subnet has a route that leads nowhere."""
    table = shop.estate.route_table("rt-firewall", None, "None")
    shop.estate.attach(f"{_HUB}/subnets/AzureFirewallSubnet", route_table=table)


def _idle(shop: Shop) -> None:
    """The firewall was deallocated."""
    shop.estate[_FIREWALL]["properties"].update(ipConfigurations=[])


def _collection(shop: Shop) -> Any:
    (found,) = shop.estate[_RULES]["properties"]["ruleCollections"]
    return found


_BEHIND = ("EGR306", "EGR209")
"""Nobody knows the addresses and rules of what is no firewall."""

DEFECTS = [
    Defect("EGR204", UDR, lambda shop: _hop(shop, "10.1.1.9"), "warn", name="nobody", unknown=_BEHIND),
    Defect("EGR204", UDR, lambda shop: _hop(shop, "172.16.0.4"), "warn", name="elsewhere", unknown=_BEHIND),
    Defect("EGR204", UDR, lambda shop: _hop(shop, "10.1.0"), "warn", name="no-address", unknown=_BEHIND),
    Defect("EGR209", UDR, lambda shop: shop.estate.resources.pop(_RULES.lower()), name="no-rules"),
    Defect("EGR209", UDR, lambda shop: _collection(shop).update(action={"type": "Deny"}), name="denied"),
    Defect("EGR209", UDR, lambda shop: _collection(shop)["rules"].pop(), "warn", name="tag-alone"),
    Defect("EGR210", UDR, _appliance, name="no-ip-forwarding", unknown=_BEHIND),
    Defect("EGR210", UDR, _inside, name="inside", unknown=_BEHIND),
    Defect("EGR210", UDR, _disconnect, name="peering"),
    Defect("EGR210", UDR, _not_synced, name="peering-not-synced"),
    Defect("EGR210", UDR, _refuse, name="peering-without-access"),
    Defect("EGR210", UDR, _drop, name="firewall-dropped", unknown=("EGR306",)),
    Defect("EGR210", UDR, _idle, name="idle", unknown=_BEHIND),
]
