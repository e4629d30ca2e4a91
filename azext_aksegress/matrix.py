"""The migration paths between outbound types, as data: each cell with the document and the date that it comes from.

The two tables are those of the AKS documentation as it stood on 2024-12-19. Where a newer text of Microsoft says
something else about a cell, the cell keeps its verdict and carries the disagreement, so that a person can weigh both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator

LOAD_BALANCER = "loadBalancer"
MANAGED_NAT_GATEWAY = "managedNATGateway"
USER_ASSIGNED_NAT_GATEWAY = "userAssignedNATGateway"
USER_DEFINED_ROUTING = "userDefinedRouting"
NONE = "none"
BLOCK = "block"

OUTBOUND_TYPES = (
    LOAD_BALANCER,
    MANAGED_NAT_GATEWAY,
    USER_ASSIGNED_NAT_GATEWAY,
    USER_DEFINED_ROUTING,
    NONE,
    BLOCK,
)
ISOLATED = (NONE, BLOCK)

MANAGED_VNET = "managed"
BYO_VNET = "byo"

STANDARD = "Standard"
STANDARD_V2 = "StandardV2"
NAT_GATEWAY_SKUS = (STANDARD, STANDARD_V2)
RETIRED_STANDARD_V2_TYPE = "managedNATGatewayV2"
"""How preview api-versions up to 2026-05-02-preview spelled managedNATGateway with SKU StandardV2
(Azure/azure-rest-api-specs#45002, 2026-07-27)."""

_STANDARD_ONLY_REGIONS = (
    "canadaeast",
    "indonesiacentral",
    "israelnorthwest",
    "qatarcentral",
    "swedensouth",
    "westindia",
)
"""Regions without StandardV2 NAT gateways (Azure documentation, nat-gateway/nat-sku.md, 2026-07-27)."""
_STANDARD_ONLY_CLOUDS = ("usgov", "usdod", "usnat", "ussec", "china")
"""How the regions of clouds without StandardV2 begin (Azure/AKS CHANGELOG.md, 2026-04-02)."""

SUPPORTED = "supported"
NOT_SUPPORTED = "notSupported"
NOT_APPLICABLE = "notApplicable"

_DOC = "MicrosoftDocs/azure-aks-docs articles/aks/egress-outboundtype.md"
TABLES_SOURCE, TABLES_DATE = f"{_DOC}@79ba69865", "2024-12-19"
"""Where both tables below come from, and the day on which they were written."""

# S supported, N not supported, - the same type. Columns and rows in the order of the document.
_TABLES = {
    MANAGED_VNET: """
                            loadBalancer managedNATGateway userAssignedNATGateway userDefinedRouting none block
    loadBalancer            -            S                 N                      N                  S    S
    managedNATGateway       S            -                 N                      N                  S    S
    userAssignedNATGateway  N            N                 -                      N                  N    N
    none                    S            S                 N                      N                  -    S
    block                   S            S                 N                      N                  S    -
    """,
    BYO_VNET: """
                            loadBalancer managedNATGateway userAssignedNATGateway userDefinedRouting none block
    loadBalancer            -            N                 S                      S                  S    N
    managedNATGateway       N            -                 N                      N                  N    N
    userAssignedNATGateway  S            N                 -                      S                  S    N
    userDefinedRouting      S            N                 S                      -                  S    N
    none                    S            N                 S                      S                  -    N
    """,
}
_STATUS = {"S": SUPPORTED, "N": NOT_SUPPORTED, "-": NOT_APPLICABLE}

_DISPUTED = {
    (MANAGED_VNET, MANAGED_NAT_GATEWAY, LOAD_BALANCER): (
        f"{_DOC}@c8b7eaa34, 2026-03-27: its table says Not Supported, while the same article of 2026-08-05 still "
        "describes the move with its command",
    ),
    (MANAGED_VNET, MANAGED_NAT_GATEWAY, USER_DEFINED_ROUTING): (
        f"{_DOC}@a70d5d925, 2026-08-05: a section of the article describes the move with its command",
        "`az aks update --help` of Azure CLI 2.91.0: names userDefinedRouting for an AKS-managed VNet",
    ),
    (MANAGED_VNET, LOAD_BALANCER, USER_DEFINED_ROUTING): (
        "`az aks update --help` of Azure CLI 2.91.0: names userDefinedRouting for an AKS-managed VNet",
    ),
}

_RELEASE_NOTES = "Azure/AKS CHANGELOG.md"
_BLOG = "AKS engineering blog, Announcing StandardV2 NAT Gateway for AKS-managed egress"


@dataclass(frozen=True)
class Path:
    """One cell: whether a cluster with this kind of VNet can go from one outbound type to another."""

    vnet: str
    origin: str
    target: str
    status: str
    source: str
    date: str
    disputed: tuple[str, ...] = ()

    @property
    def supported(self) -> bool:
        """Whether the move can be made, disputed or not."""
        return self.status == SUPPORTED

    def to_json(self) -> dict[str, object]:
        """The row that `list-paths` prints."""
        return {
            "vnet": self.vnet,
            "from": self.origin,
            "to": self.target,
            "status": self.status,
            "source": self.source,
            "date": self.date,
            "disputed": list(self.disputed),
        }


def _parse(vnet: str, table: str) -> Iterator[Path]:
    header, *rows = (line.split() for line in table.strip().splitlines())
    for origin, *cells in rows:
        for target, cell in zip(header, cells):
            disputed = _DISPUTED.get((vnet, origin, target), ())
            yield Path(vnet, origin, target, _STATUS[cell], TABLES_SOURCE, TABLES_DATE, disputed)


PATHS: tuple[Path, ...] = tuple(path for vnet, table in _TABLES.items() for path in _parse(vnet, table))
"""Every cell of both tables, in the order of the document."""

_BY_CELL = {(path.vnet, path.origin, path.target): path for path in PATHS}


def find(
    vnet: str, origin: str, target: str, origin_sku: str | None = None, target_sku: str | None = None
) -> Path | None:
    """The path between two outbound types, or None where no source has a cell for it.

    A SKU matters only with managedNATGateway: StandardV2, which the tables do not know, follows the newer sources.
    """
    if origin == MANAGED_NAT_GATEWAY and origin_sku == STANDARD_V2:
        return _from_standard_v2(vnet, target, target_sku)
    if target == MANAGED_NAT_GATEWAY and target_sku == STANDARD_V2 and vnet == MANAGED_VNET:
        return _to_standard_v2(vnet, origin)
    return _BY_CELL.get((vnet, origin, target))


def _from_standard_v2(vnet: str, target: str, target_sku: str | None) -> Path | None:
    if vnet != MANAGED_VNET:
        return _BY_CELL.get((vnet, MANAGED_NAT_GATEWAY, target))
    if target == MANAGED_NAT_GATEWAY:
        status = NOT_SUPPORTED if target_sku == STANDARD else NOT_APPLICABLE
        return Path(vnet, MANAGED_NAT_GATEWAY, target, status, f"{_BLOG}: no downgrade", "2026-09-29")
    if target in ISOLATED:
        disputed = (f"{_DOC}@a39ded93c, 2026-04-09: its table says Not Supported for managedNATGatewayV2",)
        return Path(vnet, MANAGED_NAT_GATEWAY, target, SUPPORTED, _RELEASE_NOTES, "2026-05-29", disputed)
    source = f"{_RELEASE_NOTES}: from StandardV2 only none and block are open"
    return Path(vnet, MANAGED_NAT_GATEWAY, target, NOT_SUPPORTED, source, "2026-05-29")


def _to_standard_v2(vnet: str, origin: str) -> Path | None:
    if origin == MANAGED_NAT_GATEWAY:
        return Path(vnet, origin, MANAGED_NAT_GATEWAY, SUPPORTED, f"{_BLOG}: one way", "2026-09-29")
    if origin in (LOAD_BALANCER, NONE, BLOCK):
        return Path(vnet, origin, MANAGED_NAT_GATEWAY, SUPPORTED, f"{_DOC}@e30064c2f", "2026-03-31")
    return _BY_CELL.get((vnet, origin, MANAGED_NAT_GATEWAY))


def has_standard_v2(region: str) -> bool:
    """Whether a region, as ARM normalises its name, has StandardV2 NAT gateways."""
    return region not in _STANDARD_ONLY_REGIONS and not region.startswith(_STANDARD_ONLY_CLOUDS)
