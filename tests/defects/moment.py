"""Defects of EGR107, EGR108 and EGR112."""

from __future__ import annotations

from tests.builders import Shop
from tests.defects import LB, MNAT, NONE, UANAT, UDR, Defect

EVERY_DAY = {"daily": {"intervalDays": 1}}
"""Near, whenever the clock of a real az has it checked."""
NOT_YET = "2999-01-01"
"""A start date before which a window is never open."""


def policy(shop: Shop, value: str) -> None:
    """A node disruption policy, in a version of Kubernetes from which on AKS holds outbound types against it."""
    shop.set(currentKubernetesVersion="1.37.0", nodeDisruptionProfile={"nodeDisruptionPolicy": value})


def window(shop: Shop, name: str, **more: str) -> None:
    found = {"schedule": EVERY_DAY, "startTime": "02:00", "durationHours": 4, **more}
    shop.estate.maintenance(shop.document["id"], name, maintenanceWindow=found)


def outside_the_window(shop: Shop) -> None:
    policy(shop, "AllowDuringMaintenanceWindow")
    window(shop, "aksManagedNodeOSUpgradeSchedule", startDate=NOT_YET)


DEFECTS = [
    Defect("EGR107", LB, lambda shop: shop.set(provisioningState="Updating")),
    Defect("EGR108", UDR, lambda shop: shop.set(powerState={"code": "Stopped"})),
    Defect("EGR112", UDR, lambda shop: policy(shop, "Block"), name="block"),
    Defect("EGR112", MNAT, lambda shop: policy(shop, "Block"), name="block-managed"),
    Defect("EGR112", UANAT, outside_the_window, name="outside-the-window"),
    Defect("EGR112", NONE, lambda shop: window(shop, "default"), outcome="warn", name="window-is-near"),
]
