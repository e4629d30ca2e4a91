"""Every cell of the documentation's two tables, through the command in a real az."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from tests.armsim.arm import Arm
from tests.armsim.cli import Az
from tests.armsim.estate import isolated
from tests.builders import Shop
from tests.seed import cells

Serve = Callable[[Shop], Arm]
_CACHE: dict[str, Any] = {}


@pytest.fixture
def rows(az: Az) -> list[dict[str, Any]]:
    if "rows" not in _CACHE:
        _CACHE["rows"] = az.must("aks", "egress", "list-paths").json
    found: list[dict[str, Any]] = _CACHE["rows"]
    return found


@pytest.mark.parametrize(("vnet", "origin", "target", "status"), cells())
def test_a_cell_is_what_the_documentation_says(
    rows: list[dict[str, Any]], vnet: str, origin: str, target: str, status: str
) -> None:
    (row,) = [row for row in rows if (row["vnet"], row["from"], row["to"]) == (vnet, origin, target)]
    assert row["status"] == status
    assert (row["source"], row["date"]) == (
        "MicrosoftDocs/azure-aks-docs articles/aks/egress-outboundtype.md@79ba69865",
        "2024-12-19",
    )


def test_there_are_no_other_cells(rows: list[dict[str, Any]]) -> None:
    assert len(rows) == len(cells())
    assert all(set(row) == {"vnet", "from", "to", "status", "source", "date", "disputed"} for row in rows)


@pytest.mark.parametrize(("vnet", "origin"), sorted({(vnet, origin) for vnet, origin, _, _ in cells()}))
def test_check_judges_every_cell_of_a_row_as_the_documentation_says(
    az: Az, serve: Serve, vnet: str, origin: str
) -> None:
    serve((Shop.managed if vnet == "managed" else Shop.byo)(origin, **isolated()))
    survey = az.must("aks", "egress", "check", "-g", "rg-shop", "-n", "aks-shop").json
    judged = {row["to"]: "EGR101" in row["blockers"] for row in survey if row["verdict"] != "nothingToDo"}
    expected = {
        target: status == "notSupported" for kind, start, target, status in cells() if (kind, start) == (vnet, origin)
    }
    assert {target: expected[target] for target in judged} == judged


def test_it_needs_no_network(az: Az, serve: Serve) -> None:
    arm = serve(Shop())
    az.must("aks", "egress", "list-paths", "-o", "table")
    assert arm.journal == []


def test_it_filters_by_vnet_type_and_both_ends(az: Az) -> None:
    found = az.must("aks", "egress", "list-paths", "--vnet-type", "BYO", "--from", "loadbalancer", "--to", "None").json
    assert [(row["vnet"], row["from"], row["to"]) for row in found] == [("byo", "loadBalancer", "none")]


def test_the_disputed_cell_names_the_newer_source(az: Az) -> None:
    (row,) = az.must(
        *("aks", "egress", "list-paths", "--vnet-type", "managed"),
        *("--from", "managedNATGateway", "--to", "loadBalancer"),
    ).json
    assert row["status"] == "supported"
    assert "2026-03-27" in row["disputed"][0]
