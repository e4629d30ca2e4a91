"""Defects of EGR303 and EGR306 to EGR308."""

from __future__ import annotations

from functools import partial

from azext_aksegress import egress
from tests.armsim.allowlists import KINDS, admitting, other_cluster, rule
from tests.armsim.estate import network_id
from tests.builders import Shop
from tests.defects import LB, MNAT, NONE, UANAT, UDR, Defect

OWN = network_id("publicIPAddresses", "pip-own")


def _today(shop: Shop) -> str:
    return egress.before(shop.cluster()).known[0]


def _reused(shop: Shop) -> None:
    own = shop.own_ip(sku="StandardV2")
    profile = shop.document["properties"]["networkProfile"]["loadBalancerProfile"]
    profile.update(outboundIPs={"publicIPs": [{"id": own}]}, effectiveOutboundIPs=[{"id": own}])


def _tagged(shop: Shop, **tags: str) -> None:
    shop.estate[shop.own_ip()]["tags"] = tags


def _admitted(shop: Shop, kind: str) -> None:
    admitting(shop.estate, kind, "guarded", "10.9.9.9", _today(shop))


def _admitted_by_a_rule(shop: Shop) -> None:
    shop.estate.nsg("nsg-db", [rule("from-aks", _today(shop))])


def _admitted_by_a_cluster(shop: Shop) -> None:
    other_cluster(shop.estate, "aks-other", f"{_today(shop)}/32")


def _share(shop: Shop, key: str) -> None:
    used = shop.estate[shop.subnets["snet-apps"]]["properties"][key]["id"]
    option = {"routeTable": "route_table", "natGateway": "nat_gateway"}[key]
    shop.estate.attach(
        shop.estate.vnet("vnet-others", ["snet-others"], prefix="10.77")["snet-others"], **{option: used}
    )


def _neighbour(shop: Shop) -> None:
    shop.estate.nic("nic-vm", shop.subnets["snet-apps"], "10.240.1.9")


DEFECTS = [
    Defect(
        "EGR303",
        MNAT,
        _reused,
        options={"ip_ids": (OWN,), "nat_gateway_sku": "StandardV2"},
        name="in use",
        also=("EGR224",),
    ),
    Defect(
        "EGR303",
        LB,
        lambda shop: _tagged(shop, **{"k8s-azure-service": "default/web"}),
        options={"ip_ids": (OWN,)},
        name="tag",
    ),
    Defect(
        "EGR303",
        LB,
        lambda shop: shop.own_ip(),
        outcome="warn",
        options={"ip_ids": (OWN,), "formerly": (OWN,)},
        name="record",
    ),
    *(
        Defect("EGR306", MNAT, partial(_admitted, kind=kind), outcome="warn", name=kind.rpartition("/")[2])
        for kind in KINDS
    ),
    Defect("EGR306", NONE, partial(_admitted, kind="Microsoft.Storage/storageAccounts"), outcome="warn"),
    Defect("EGR306", MNAT, _admitted_by_a_rule, outcome="warn", name="security group"),
    Defect("EGR306", MNAT, _admitted_by_a_cluster, outcome="warn", name="other cluster"),
    Defect("EGR307", UDR, lambda shop: _share(shop, "routeTable"), outcome="warn", name="table"),
    Defect("EGR307", UANAT, lambda shop: _share(shop, "natGateway"), outcome="warn", name="gateway"),
    Defect("EGR307", LB, _neighbour, outcome="warn", name="neighbour"),
    Defect(
        "EGR308",
        UDR,
        lambda shop: shop.document.update(tags={"managed-by": "Terraform"}),
        outcome="warn",
        name="Terraform",
    ),
]
