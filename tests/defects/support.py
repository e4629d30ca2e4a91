"""Defects of EGR1xx."""

from __future__ import annotations

from tests.defects import BLOCK, LB, MNAT, UANAT, UDR, Defect

DEFECTS = [
    Defect("EGR103", UDR, lambda shop: shop.pool("apps", type="AvailabilitySet")),
    Defect("EGR104", UANAT, lambda shop: shop.network(loadBalancerSku="basic")),
    Defect("EGR107", LB, lambda shop: shop.set(provisioningState="Updating")),
    Defect("EGR108", UDR, lambda shop: shop.set(powerState={"code": "Stopped"})),
    Defect("EGR107", BLOCK, lambda shop: shop.pool("system", provisioningState="Upgrading"), name="pool"),
    Defect("EGR113", MNAT, lambda shop: shop.set(nodeProvisioningProfile={"mode": "Auto"})),
]
