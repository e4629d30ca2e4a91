"""Defects of EGR10x, EGR110, EGR111 and EGR113."""

from __future__ import annotations

from tests.builders import Shop
from tests.defects import BLOCK, LB, MNAT, NONE, UANAT, UDR, Defect


def automatic(shop: Shop) -> None:
    shop.document["sku"]["name"] = "Automatic"


def in_standard_region(shop: Shop) -> None:
    shop.document["location"] = "swedensouth"


def unregistered(shop: Shop) -> None:
    shop.estate.feature("Microsoft.ContainerService", "NetworkIsolatedClusterPreview", "NotRegistered")


DEFECTS = [
    Defect("EGR103", UDR, lambda shop: shop.pool("apps", type="AvailabilitySet")),
    Defect("EGR104", UANAT, lambda shop: shop.network(loadBalancerSku="basic")),
    Defect("EGR106", BLOCK, unregistered, outcome="warn"),
    Defect("EGR109", MNAT, lambda shop: shop.set(currentKubernetesVersion="1.19.11")),
    Defect("EGR109", NONE, lambda shop: shop.set(currentKubernetesVersion="1.29.15")),
    Defect("EGR109", BLOCK, lambda shop: shop.set(currentKubernetesVersion="1.29.15")),
    Defect("EGR110", LB, automatic, base=lambda: Shop.managed(MNAT), name="egress-is-preconfigured"),
    Defect("EGR110", NONE, automatic, outcome="warn"),
    Defect("EGR111", MNAT, lambda _: None, options={"nat_gateway_sku": "Standard"}, name="standard-in-a-v2-region"),
    Defect("EGR111", MNAT, in_standard_region, name="v2-in-a-standard-region"),
    Defect("EGR113", MNAT, lambda shop: shop.set(nodeProvisioningProfile={"mode": "Auto"})),
]
