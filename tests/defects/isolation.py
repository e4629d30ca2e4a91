"""Defects of EGR241 to EGR247."""

from __future__ import annotations

from tests.armsim.estate import KUBELET, cluster_id
from tests.armsim.estate_registries import CACHE_RULE, cache_rule, extension, registry
from tests.builders import CLUSTER, Shop
from tests.defects import BLOCK, NONE, Defect


def _caching(shop: Shop, rule: bool = True, sku: str = "Premium", endpoint: str | None = "Approved") -> None:
    found = registry(shop.estate, "acrcache", sku, endpoint)
    if rule:
        cache_rule(shop.estate, found, *CACHE_RULE)
    shop.set(bootstrapProfile={"artifactSource": "Cache", "containerRegistryId": found})


def _pulling(shop: Shop) -> None:
    shop.estate.role(KUBELET, "AcrPull", registry(shop.estate, "acrshop", endpoint=None))


def _extended(shop: Shop) -> None:
    extension(shop.estate, cluster_id(CLUSTER), "flux", "microsoft.flux")


DEFECTS = [
    Defect("EGR241", NONE, lambda shop: shop.set(bootstrapProfile={"artifactSource": "Direct"})),
    Defect("EGR242", BLOCK, lambda shop: shop.set(apiServerAccessProfile=None)),
    Defect("EGR243", NONE, lambda shop: shop, outcome="warn", always=True),
    Defect("EGR244", NONE, lambda shop: shop.pool("apps", osType="Windows"), name="windows"),
    Defect("EGR244", NONE, lambda shop: shop.network(networkPlugin="kubenet"), name="kubenet"),
    Defect("EGR244", BLOCK, lambda shop: shop.set(autoUpgradeProfile={"nodeOSUpgradeChannel": "Unmanaged"})),
    Defect("EGR245", NONE, lambda shop: _caching(shop, sku="Standard"), outcome="warn", name="tier"),
    Defect("EGR245", NONE, lambda shop: _caching(shop, endpoint="Pending"), outcome="warn", name="endpoint"),
    Defect("EGR245", BLOCK, lambda shop: _caching(shop, rule=False), outcome="warn", name="rule"),
    Defect("EGR246", NONE, lambda shop: shop.set(addonProfiles={"azurepolicy": {"enabled": True}}), outcome="warn"),
    Defect("EGR246", BLOCK, _extended, outcome="warn", name="extension"),
    Defect("EGR247", NONE, _pulling, outcome="warn"),
]
