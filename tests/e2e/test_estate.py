"""One estate with a cluster for every defect, checked in a real az: each says its own, and nobody another's."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any, Callable, Mapping, Sequence

import pytest

from azext_aksegress.request import Request
from tests.armsim.arm import Arm
from tests.armsim.cli import Az
from tests.armsim.estate import Estate
from tests.builders import Shop
from tests.defects import OPTIONS, Defect, ready
from tests.test_defects import DEFECTS, TARGETS

Serve = Callable[[Shop], Arm]
GROUPS = ("rg-shop", "rg-net")


def words(to: str, options: Mapping[str, Any]) -> list[str]:
    """The options of a move, as they are typed."""
    spelled = Request(to, **options).spelled
    typed = ((f"--{name.replace('_', '-')}", value) for name, value in spelled.items())
    return [word for flag, value in typed for word in ((flag,) if value is True else (flag, value))]


def shares(defect: Defect) -> bool:
    """Whether a spoilt cluster can live beside others: what governs a whole subscription cannot, nor what is asked for
    with the ids of its own resource groups."""
    shop, plain = defect.shop().estate, Estate()
    alike = all(getattr(shop, name) == getattr(plain, name) for name in ("quotas", "features", "policies", "permits"))
    plain_options = not any(isinstance(value, tuple) for value in defect.options.values())
    return plain_options and alike and all("/resourcegroups/" in key for key in shop.resources)


def settle(estate: Estate, shop: Shop, number: int) -> str:
    """Bring a cluster and everything around it into an estate, in resource groups of its own; the cluster's id."""
    text = json.dumps(shop.estate.resources)
    found = shop.document["id"]
    for group in GROUPS:
        text = text.replace(group, f"{group}-{number:02}")
        found = found.replace(group, f"{group}-{number:02}")
    estate.resources.update(json.loads(text))
    return str(found)


def judged(az: Az, ids: Sequence[str], to: str, options: Mapping[str, Any]) -> list[dict[str, Any]]:
    result = az("aks", "egress", "check", "--ids", *ids, *words(to, options), "--fail-on", "never")
    assert result.code == 0, result.err
    return result.json if len(ids) > 1 else [result.json]


def faults(report: dict[str, Any], defect: Defect) -> list[str]:
    """What a report of a spoilt cluster says beside its defect, or that it does not say it."""
    rows = report["findings"]
    found = [f"{defect}: {row['id']} is {row['outcome']}: {row['observed']}" for row in rows if _is_false(row, defect)]
    said = any((row["id"], row["outcome"]) == (defect.id, defect.outcome) for row in rows)
    return found if said else [*found, f"{defect} is not reported"]


def _is_false(row: dict[str, Any], defect: Defect) -> bool:
    if row["outcome"] == "unknown":
        return row["id"] not in defect.unknown
    return row["outcome"] == "fail" and row["id"] not in (defect.id, *defect.also)


def test_each_of_a_whole_estate_reports_its_own_defect_and_no_false_blocker(az: Az, serve: Serve) -> None:
    shop, rows = Shop(), defaultdict(list)
    together = [defect for defect in DEFECTS if shares(defect)]
    for number, defect in enumerate(together):
        found = settle(shop.estate, defect.shop(), number)
        rows[defect.to, tuple(sorted(defect.options.items()))].append((found, defect))
    arm = serve(shop)
    wrong = []
    for (to, options), members in rows.items():
        asked = {**OPTIONS.get(to, {}), **dict(options)}
        of_cluster = {
            report["cluster"]["id"]: report for report in judged(az, [found for found, _ in members], to, asked)
        }
        wrong += [fault for found, defect in members for fault in faults(of_cluster[found], defect)]
    assert wrong == []
    assert len(together) >= 50
    assert arm.writes == []


def test_an_address_that_an_earlier_record_names_is_told(az: Az, serve: Serve) -> None:
    shop = ready("loadBalancer")
    own = shop.own_ip()
    serve(shop)
    folder = az.folder / "azure" / "aksegress"
    folder.mkdir(exist_ok=True)
    record = folder / "aks-shop-20260101T000000000000Z.json"
    record.write_text(
        json.dumps({"cluster": {"id": shop.document["id"]}, "before": {"egressIps": [address(shop, own)]}})
    )
    try:
        (report,) = judged(az, [shop.document["id"]], "loadBalancer", {"ip_ids": (own,)})
    finally:
        record.unlink()
    assert ("EGR303", "warn") in {(row["id"], row["outcome"]) for row in report["findings"]}


def address(shop: Shop, public_ip: str) -> str:
    return str(shop.estate[public_ip]["properties"]["ipAddress"])


IN_A_SUBSCRIPTION = [row for row in DEFECTS if not shares(row) and "formerly" not in row.options]


@pytest.mark.parametrize("defect", IN_A_SUBSCRIPTION, ids=str)
def test_what_governs_a_subscription_is_reported_too(az: Az, serve: Serve, defect: Defect) -> None:
    shop = defect.shop()
    serve(shop)
    (report,) = judged(az, [shop.document["id"]], defect.to, defect.asked)
    assert faults(report, defect) == []


@pytest.mark.parametrize("to", TARGETS)
def test_a_healthy_cluster_has_no_fail_and_no_unknown(az: Az, serve: Serve, to: str) -> None:
    shop = ready(to)
    serve(shop)
    (report,) = judged(az, [shop.document["id"]], to, OPTIONS.get(to, {}))
    assert {row["outcome"] for row in report["findings"]} <= {"pass", "note", "warn", "skip"}


def test_an_old_az_is_told_that_it_knows_no_isolation(prepared: Callable[[str], Az], serve: Serve) -> None:
    shop = ready("none")
    serve(shop)
    (report,) = judged(prepared("2.56.0"), [shop.document["id"]], "none", {})
    assert ("EGR105", "warn") in {(row["id"], row["outcome"]) for row in report["findings"]}
