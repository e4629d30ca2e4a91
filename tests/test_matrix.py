from __future__ import annotations

import pytest

from azext_aksegress import matrix
from tests.seed import cells


@pytest.mark.parametrize(("vnet", "origin", "target", "status"), cells())
def test_a_cell_says_what_the_documentation_says(vnet: str, origin: str, target: str, status: str) -> None:
    path = matrix.find(vnet, origin, target)
    assert path is not None
    assert path.status == status


def test_the_matrix_has_the_documentations_cells_and_no_others() -> None:
    assert [(path.vnet, path.origin, path.target, path.status) for path in matrix.PATHS] == cells()
    assert len(cells()) == 60


def test_every_cell_names_its_source_and_date() -> None:
    assert {(path.source.rpartition("@")[2], path.date) for path in matrix.PATHS} == {("79ba69865", "2024-12-19")}


def test_the_way_from_a_managed_nat_gateway_to_a_load_balancer_is_supported_and_disputed() -> None:
    path = matrix.find("managed", "managedNATGateway", "loadBalancer")
    assert path is not None
    assert path.supported
    assert any("2026-03-27" in source for source in path.disputed)


def test_a_path_that_no_table_has_is_not_found() -> None:
    assert matrix.find("managed", "userDefinedRouting", "loadBalancer") is None
    assert matrix.find("byo", "block", "none") is None


@pytest.mark.parametrize(
    ("origin", "origin_sku", "target", "target_sku", "status"),
    [
        ("managedNATGateway", "StandardV2", "loadBalancer", None, "notSupported"),
        ("managedNATGateway", "StandardV2", "none", None, "supported"),
        ("managedNATGateway", "StandardV2", "block", None, "supported"),
        ("managedNATGateway", "StandardV2", "managedNATGateway", "Standard", "notSupported"),
        ("managedNATGateway", "Standard", "managedNATGateway", "StandardV2", "supported"),
        ("loadBalancer", None, "managedNATGateway", "StandardV2", "supported"),
        ("none", None, "managedNATGateway", "StandardV2", "supported"),
    ],
)
def test_standard_v2_follows_the_newer_sources(
    origin: str, origin_sku: str | None, target: str, target_sku: str | None, status: str
) -> None:
    path = matrix.find("managed", origin, target, origin_sku, target_sku)
    assert path is not None
    assert path.status == status
    assert path.date >= "2026"


def test_a_sku_opens_no_path_that_the_vnet_kind_closes() -> None:
    path = matrix.find("byo", "loadBalancer", "managedNATGateway", None, "StandardV2")
    assert path is not None
    assert path.status == "notSupported"


@pytest.mark.parametrize(
    ("region", "has_it"),
    [("westeurope", True), ("swedencentral", True), ("swedensouth", False), ("usgovvirginia", False)],
)
def test_standard_v2_is_in_most_regions(region: str, has_it: bool) -> None:
    assert matrix.has_standard_v2(region) is has_it
