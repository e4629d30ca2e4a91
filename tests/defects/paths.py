"""Defects of EGR20x and EGR21x: route tables and NAT gateways."""

from __future__ import annotations

from tests.armsim.estate import CONTROL_PLANE, OTHER_SUBSCRIPTION, isolated, network_id
from tests.builders import Shop
from tests.defects import LB, MNAT, NONE, UANAT, UDR, Defect

IDENTITY = network_id("x", "id-shop").replace("Microsoft.Network/x", "Microsoft.ManagedIdentity/userAssignedIdentities")
STANDARD = {"nat_gateway_sku": "Standard"}
DUAL = ["IPv4", "IPv6"]


def _without(shop: Shop, key: str) -> None:
    del shop.estate[shop.subnets["snet-apps"]]["properties"][key]


def _kubenet(shop: Shop) -> None:
    """One table for both subnets, and the identity that AKS makes by itself."""
    shop.network(networkPlugin="kubenet")
    shop.estate.attach(shop.subnets["snet-apps"], route_table=shop.table_id("snet-system"))


def _kubenet_elsewhere(shop: Shop) -> None:
    shop.network(networkPlugin="kubenet")
    identity = {"principalId": CONTROL_PLANE, "clientId": CONTROL_PLANE}
    shop.document["identity"] = {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: identity}}
    table = shop.estate.route_table("rt-far", "10.1.0.4", subscription=OTHER_SUBSCRIPTION)
    for subnet in shop.subnets.values():
        shop.estate.attach(subnet, route_table=table)


def _own_gateway(shop: Shop, **changes: object) -> None:
    shop.estate[shop.gateway_id("snet-apps")]["properties"].update(changes)


def _zoned(shop: Shop) -> None:
    shop.pool("apps", availabilityZones=["1", "2", "3"])
    shop.estate[shop.gateway_id("snet-apps")]["zones"] = ["1"]


def _without_outbound_nat(shop: Shop) -> None:
    shop.pool("apps", osType="Windows", windowsProfile={"disableOutboundNat": True})


DEFECTS = [
    Defect("EGR201", UDR, lambda shop: _without(shop, "routeTable")),
    Defect("EGR202", UDR, lambda shop: shop.table("snet-apps")),
    Defect("EGR202", UDR, lambda shop: shop.halves("snet-apps"), name="halves"),
    Defect("EGR203", UDR, lambda shop: shop.routed("snet-apps", hop=None, hop_type="Internet")),
    Defect("EGR203", UDR, lambda shop: shop.routed("snet-apps", hop=None, hop_type="None"), name="dropped"),
    Defect("EGR205", UDR, lambda shop: shop.network(ipFamilies=DUAL), "warn"),
    Defect("EGR206", UDR, _kubenet),
    Defect("EGR206", UDR, lambda shop: shop.network(networkPlugin="kubenet"), name="tables"),
    Defect("EGR206", UDR, _kubenet_elsewhere, name="subscription"),
    Defect("EGR211", UANAT, lambda shop: _without(shop, "natGateway")),
    Defect("EGR212", UANAT, lambda shop: _own_gateway(shop, publicIpAddresses=[])),
    Defect("EGR213", UANAT, lambda shop: _own_gateway(shop, provisioningState="Failed")),
    Defect("EGR213", UANAT, _zoned, "warn", name="zones"),
    Defect("EGR214", UANAT, lambda shop: shop.routed("snet-apps"), "warn"),
    Defect("EGR214", UANAT, lambda shop: shop.halves("snet-apps"), "warn", name="halves", unknown=("EGR306",)),
    Defect(
        "EGR215", MNAT, lambda shop: shop.network(ipFamilies=DUAL), "fail", ("EGR111",), {"nat_gateway_sku": "Standard"}
    ),
    Defect("EGR215", UANAT, lambda shop: shop.network(ipFamilies=DUAL), "warn"),
    Defect("EGR221", LB, lambda shop: None, "warn", always=True),
    Defect("EGR222", LB, lambda shop: shop.routed("snet-apps"), "warn"),
    Defect("EGR222", NONE, lambda shop: shop.routed("snet-apps"), "warn", base=lambda: Shop.byo(**isolated())),
    Defect("EGR223", LB, _without_outbound_nat),
]
