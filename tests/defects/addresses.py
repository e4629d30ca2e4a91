"""Defects of what is asked for and of what is there before: EGR101, 102, 224, 241, 242, 301 to 304, 403 and 60x."""

from __future__ import annotations

from typing import Any

from tests.armsim.estate import network_id
from tests.builders import Shop
from tests.defects import LB, MNAT, NONE, UANAT, UDR, Defect

OWN = network_id("publicIPAddresses", "pip-own")
PREFIX = network_id("publicIPPrefixes", "ippre-own")
GIVEN: dict[str, Any] = {"ip_ids": (OWN,)}


def _taken(shop: Shop) -> None:
    prefix = shop.estate.public_ip_prefix("ippre-own", "52.0.0.8/30")
    shop.estate[prefix]["properties"]["publicIPAddresses"] = [{"id": OWN}]


def _ports(shop: Shop) -> None:
    shop.document["properties"]["networkProfile"]["loadBalancerProfile"]["allocatedOutboundPorts"] = 1024


def _ranges(shop: Shop) -> None:
    shop.set(apiServerAccessProfile={"authorizedIPRanges": ["203.0.113.0/24"]})


DEFECTS = [
    Defect("EGR101", MNAT, lambda shop: None, base=Shop.byo, always=True),
    Defect("EGR101", UDR, lambda shop: None, base=Shop.managed, also=("EGR201",), always=True),
    Defect("EGR102", LB, lambda shop: shop.set(provisioningState="Failed"), "warn", base=Shop.byo),
    Defect("EGR224", LB, lambda shop: shop.own_ip(location="northeurope"), options=GIVEN),
    Defect("EGR224", LB, lambda shop: shop.own_ip(sku="Basic"), options=GIVEN, name="sku"),
    Defect("EGR224", LB, lambda shop: shop.own_ip(publicIPAllocationMethod="Dynamic"), options=GIVEN, name="dynamic"),
    Defect(
        "EGR224",
        LB,
        lambda shop: shop.estate[shop.own_ip()]["sku"].update(tier="Global"),
        options=GIVEN,
        name="cross-region",
    ),
    Defect("EGR224", LB, _taken, "warn", options={"prefix_ids": (PREFIX,)}, name="prefix in use"),
    Defect("EGR241", NONE, lambda shop: shop.set(bootstrapProfile={"artifactSource": "Direct"})),
    Defect("EGR242", NONE, lambda shop: shop.set(apiServerAccessProfile={})),
    Defect("EGR301", UDR, _ranges),
    Defect("EGR301", UANAT, _ranges),
    Defect("EGR301", UANAT, _ranges, "note", options={"update_ranges": True}, name="known, to be added"),
    Defect("EGR301", MNAT, _ranges, "warn", options={"update_ranges": True}, name="made by AKS, to be added"),
    Defect("EGR302", MNAT, lambda shop: None, "note", always=True),
    Defect("EGR304", UDR, lambda shop: None, "note", always=True),
    Defect("EGR403", LB, lambda shop: None, options={"ports": 7}),
    Defect("EGR403", LB, lambda shop: None, options={"ip_count": 101}, name="count"),
    Defect("EGR602", MNAT, lambda shop: None, "warn", always=True),
    Defect("EGR603", UANAT, _ports, "warn"),
    Defect("EGR601", MNAT, lambda shop: None, "warn", options={"nat_gateway_sku": "StandardV2"}, always=True),
    Defect("EGR604", MNAT, lambda shop: None, "warn", options={"nat_gateway_sku": None}),
]
