"""Each defect is reported by its own check, and by no false blocker; without one, nothing fails and all is known."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from azext_aksegress import matrix
from tests import defects
from tests.armsim.estate import isolated
from tests.builders import Shop
from tests.checks.catalogue import CATALOGUE
from tests.defects import OPTIONS, Defect, news, ready

FOLDER = Path(defects.__file__).parent
MODULES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")
DEFECTS = [defect for name in MODULES for defect in import_module(f"tests.defects.{name}").DEFECTS]
TARGETS = (defects.LB, defects.MNAT, defects.UANAT, defects.UDR, defects.NONE, defects.BLOCK)


@pytest.mark.parametrize("to", TARGETS)
def test_of_a_ready_cluster_nothing_fails_and_everything_is_known(to: str) -> None:
    report = ready(to).report(to, **OPTIONS.get(to, {}))
    assert report.ids("fail", "unknown") == ()


CELLS = [(path.vnet, path.origin, path.target) for path in matrix.PATHS if path.supported]


def healthy(vnet: str, origin: str) -> Shop:
    """A cluster of a type that meets the preconditions of every target of its VNet kind."""
    if vnet == matrix.MANAGED_VNET:
        return Shop.managed(origin, **isolated())
    return Shop.byo(origin, **isolated()).routed().gated()


@pytest.mark.parametrize(("vnet", "origin", "target"), CELLS)
def test_of_a_healthy_cluster_nothing_fails_and_everything_is_known_for_every_supported_target(
    vnet: str, origin: str, target: str
) -> None:
    report = healthy(vnet, origin).report(target, **OPTIONS.get(target, {}))
    assert report.ids("fail", "unknown") == ()


@pytest.mark.parametrize("defect", [defect for defect in DEFECTS if not defect.always], ids=str)
def test_a_cluster_is_told_of_a_defect_only_once_it_has_it(defect: Defect) -> None:
    assert news(defect)


@pytest.mark.parametrize("defect", DEFECTS, ids=str)
def test_a_defect_is_reported_by_its_own_check_and_by_no_false_blocker(defect: Defect) -> None:
    report = defect.shop().report(defect.to, **defect.asked)
    assert defect.id in report.ids(defect.outcome)
    assert set(report.ids("fail")) <= {defect.id, *defect.also}
    assert set(report.ids("unknown")) <= set(defect.unknown)


def test_every_check_has_a_defect_but_the_one_that_looks_at_az_itself() -> None:
    assert {defect.id for defect in DEFECTS} == set(CATALOGUE) - {"EGR105"}
