"""Defects of EGR4xx."""

from __future__ import annotations

from tests.armsim.estate import load_balancer_profile
from tests.builders import Shop
from tests.defects import LB, MNAT, UANAT, UDR, Defect

PORTS = 8000
FULL = {"limit": 10, "used": 10}


def _busy(shop: Shop) -> None:
    """A load balancer with more addresses than a move asks for."""
    ids = [shop.estate.outbound_ip("aks-shop") for _ in range(3)]
    shop.network(loadBalancerProfile=load_balancer_profile(ids))


def _idle(shop: Shop, minutes: int) -> None:
    """A path that keeps idle connections for longer than AKS has it."""
    profiles = {LB: "loadBalancerProfile", MNAT: "natGatewayProfile"}
    network = shop.document["properties"]["networkProfile"]
    network[profiles[network["outboundType"]]]["idleTimeoutInMinutes"] = minutes
    shop.estate.furnish(shop.document["id"])


def _growing(shop: Shop) -> None:
    """More nodes than 50 share the ports differently."""
    shop.pool("apps", enableAutoScaling=True, minCount=1, maxCount=90)


DEFECTS = [
    Defect("EGR401", LB, lambda shop: shop.estate.quota("PublicIPAddresses", **FULL), name="all"),
    Defect("EGR401", LB, lambda shop: shop.estate.quota("StandardSkuPublicIpAddresses", **FULL), name="sku"),
    Defect("EGR401", MNAT, lambda shop: shop.estate.quota("PublicIPAddresses", 4), options={"ip_count": 4}),
    Defect("EGR402", LB, lambda shop: shop.pool("apps", count=9), options={"ports": PORTS}, name="nodes"),
    Defect(
        "EGR402",
        LB,
        lambda shop: shop.pool("apps", upgradeSettings={"maxSurge": "200%"}),
        options={"ports": PORTS},
        name="surge",
    ),
    Defect(
        "EGR402",
        LB,
        lambda shop: shop.pool("apps", enableAutoScaling=True, minCount=1, maxCount=9),
        outcome="warn",
        options={"ports": PORTS},
        name="autoscaler",
    ),
    Defect("EGR402", LB, _growing, "warn", name="shrinking"),
    Defect("EGR402", MNAT, _busy, outcome="warn", name="fewer"),
    Defect("EGR402", UDR, lambda _: None, outcome="warn", name="firewall", always=True),
    Defect("EGR403", LB, lambda _: None, options={"ports": 7}),
    Defect("EGR404", UDR, lambda _: None, outcome="warn", always=True),
    Defect("EGR404", UANAT, lambda _: None, outcome="warn", always=True),
    Defect("EGR404", MNAT, lambda shop: _idle(shop, 100), outcome="warn"),
    Defect("EGR404", LB, lambda shop: _idle(shop, 60), "warn", base=lambda: Shop.managed(MNAT), name="gateway"),
]
