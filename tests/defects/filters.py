"""Defects of EGR231, EGR232 and EGR305."""

from __future__ import annotations

from tests.builders import Shop, outbound
from tests.defects import BLOCK, LB, MNAT, NONE, UANAT, UDR, Defect

_DENY = outbound("deny-internet", 200, "Deny", "Internet")
_PROXY = {"httpProxy": "http://proxy.example.com:3128"}

DEFECTS = [
    Defect("EGR231", LB, lambda shop: shop.guarded(_DENY), "warn"),
    Defect("EGR231", UANAT, lambda shop: shop.guarded(_DENY), "warn"),
    Defect("EGR231", UDR, lambda shop: shop.guarded(_DENY), "warn"),
    Defect(
        "EGR231",
        LB,
        lambda shop: shop.guarded(outbound("deny-dns", 100, "Deny", "AzurePlatformDNS")),
        "warn",
        name="azure-dns",
    ),
    Defect(
        "EGR231",
        LB,
        lambda shop: shop.dns("10.240.9.4").guarded(outbound("deny-53", 100, "Deny", "VirtualNetwork", "53")),
        "warn",
        name="dns-server",
    ),
    Defect("EGR232", NONE, lambda shop: shop.dns("8.8.8.8")),
    Defect("EGR232", BLOCK, lambda shop: shop.dns("8.8.8.8")),
    Defect("EGR232", UDR, lambda shop: shop.dns("172.16.0.4"), "warn"),
    Defect("EGR232", NONE, lambda shop: shop.dns("10.240.9.4"), "warn", name="private-zone"),
    *(Defect("EGR305", to, lambda shop: shop.set(httpProxyConfig=_PROXY), "warn") for to in (MNAT, NONE, BLOCK)),
    Defect("EGR305", LB, lambda shop: shop.set(httpProxyConfig=_PROXY), "warn", base=lambda: Shop.byo(NONE)),
    Defect("EGR305", UDR, lambda shop: shop.set(httpProxyConfig={"httpsProxy": "http://172.16.0.4"}), "warn"),
]
