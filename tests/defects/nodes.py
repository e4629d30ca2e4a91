"""Defects of the nodes, and of what AKS made for them."""

from __future__ import annotations

from tests.armsim.estate import cluster_id, isolated, node_group
from tests.builders import CLUSTER, Shop
from tests.defects import LB, MNAT, NONE, UANAT, UDR, Defect


def _stray_node(shop: Shop) -> None:
    subnet = shop.estate.vnet("vnet-burst", ["snet-burst"], prefix="10.9")["snet-burst"]
    shop.estate.nic("aks-burst-nic", subnet, "10.9.0.4", group=node_group(CLUSTER))


def _add_to_the_gateway(shop: Shop) -> None:
    shop.managed_gateway["properties"]["publicIpAddresses"].append({"id": shop.estate.public_ip("pip-own")})


_ISTIO = {"istio": {"components": {"egressGateways": [{"enabled": True, "name": "egress"}]}}}

DEFECTS = [
    Defect("EGR207", UDR, lambda shop: shop.pool("apps", enableNodePublicIP=True)),
    Defect("EGR207", LB, lambda shop: shop.pool("apps", enableNodePublicIP=True), "warn"),
    Defect("EGR208", UDR, lambda shop: shop.estate.service(cluster_id(CLUSTER)), "warn"),
    Defect("EGR225", UDR, lambda shop: shop.outbound_rule("own-rule", "52.0.0.9"), "warn", name="rule"),
    Defect(
        "EGR225", UANAT, lambda shop: shop.outbound_address(shop.estate.public_ip("pip-own")), "warn", name="address"
    ),
    Defect(
        "EGR225",
        NONE,
        _add_to_the_gateway,
        "warn",
        base=lambda: Shop.managed(MNAT, **isolated()),
        name="gateway",
    ),
    Defect("EGR233", LB, _stray_node, "warn", name="interface"),
    Defect(
        "EGR233",
        UDR,
        lambda shop: shop.set(nodeProvisioningProfile={"mode": "Auto"}),
        "warn",
        also=("EGR113",),
        name="auto-provisioning",
    ),
    Defect("EGR234", UDR, lambda shop: shop.pool("apps", mode="Gateway"), "warn", name="pool"),
    Defect(
        "EGR234", MNAT, lambda shop: shop.network(staticEgressGatewayProfile={"enabled": True}), "warn", name="enabled"
    ),
    Defect("EGR234", UANAT, lambda shop: shop.set(serviceMeshProfile=_ISTIO), "warn", name="istio"),
]
