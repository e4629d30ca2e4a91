"""Defects of EGR5xx."""

from __future__ import annotations

from tests.armsim.estate import (
    GROUP,
    NETWORK_GROUP,
    SUBSCRIPTION,
    cluster_id,
    load_balancer_profile,
    node_group,
    scope,
)
from tests.builders import CLUSTER, Shop
from tests.defects import BLOCK, LB, MNAT, NONE, UANAT, UDR, Defect

HERE = f"/subscriptions/{SUBSCRIPTION}"
NODES = scope(node_group(CLUSTER))
JOIN = "Microsoft.Network/*/join/action"


def _without_roles(shop: Shop) -> None:
    for key in [key for key in shop.estate.resources if "/roleassignments/" in key]:
        del shop.estate.resources[key]


def _with_own_address() -> Shop:
    """A load balancer cluster with an address of one's own, which goes on with it."""
    shop = Shop.byo()
    own = shop.own_ip()
    profile = {**load_balancer_profile([own]), "outboundIPs": {"publicIPs": [{"id": own}]}}
    del profile["managedOutboundIPs"]
    shop.network(loadBalancerProfile=profile)
    return shop


def _without_shared_keys(shop: Shop) -> None:
    workspace = f"{scope('rg-logs')}/providers/Microsoft.OperationalInsights/workspaces/law-shop"
    shop.set(addonProfiles={"omsagent": {"config": {"logAnalyticsWorkspaceResourceID": workspace}}})
    shop.estate.permit(workspace, ["*/read"], ["Microsoft.OperationalInsights/workspaces/sharedKeys/read"])


DEFECTS = [
    Defect("EGR501", UDR, lambda shop: shop.estate.lock(cluster_id(CLUSTER), "ReadOnly"), name="read-only-cluster"),
    Defect("EGR501", LB, lambda shop: shop.estate.lock(scope(GROUP), "ReadOnly"), name="read-only-group"),
    Defect("EGR501", MNAT, lambda shop: shop.estate.lock(NODES, "ReadOnly"), name="read-only-node-group"),
    Defect("EGR501", UANAT, lambda shop: shop.estate.lock(shop.network_id, "ReadOnly"), name="read-only-network"),
    Defect("EGR501", BLOCK, lambda shop: shop.estate.lock(HERE, "ReadOnly"), name="read-only-subscription"),
    Defect("EGR501", NONE, lambda shop: shop.estate.lock(NODES), name="kept-node-group"),
    Defect("EGR501", UDR, lambda shop: shop.estate.lock(HERE), name="kept-subscription"),
    Defect("EGR502", LB, lambda shop: shop.estate.deny(NODES), "warn"),
    Defect("EGR502", MNAT, lambda shop: shop.estate.deny(HERE), "warn"),
    Defect("EGR503", UDR, lambda shop: shop.estate.permit(scope(GROUP), ["*/read"]), name="no-write"),
    Defect("EGR503", MNAT, lambda shop: shop.estate.permit(cluster_id(CLUSTER), []), name="nothing"),
    Defect("EGR503", UANAT, lambda shop: shop.estate.permit(scope(NETWORK_GROUP), ["*/read"]), "warn", name="no-join"),
    Defect("EGR503", UDR, _without_shared_keys, "warn", name="no-workspace"),
    Defect("EGR504", UDR, _without_roles, "warn", name="no-role"),
    Defect("EGR504", UANAT, _without_roles, "warn"),
    Defect("EGR504", LB, _without_roles, "warn", base=_with_own_address, options={"ports": 64}, name="own-address"),
]
