from __future__ import annotations

from typing import Iterator

import pytest

from azext_aksegress import checks, matrix
from azext_aksegress.checks import Check, Fail, Outcome, Pass, Warn
from azext_aksegress.cluster import Cluster
from azext_aksegress.request import Request
from azext_aksegress.snapshot import Unread
from tests.builders import Shop

REQUEST = Request("none")


def judged(function: object, *items: object) -> list[tuple[str, str | None]]:
    known = Check("EGR199", "a fact", function, each=lambda _: items)
    found = checks.judge(known, Shop.byo().cluster(), REQUEST)
    return [(finding.outcome, finding.seen.resource) for finding in found]


def test_a_check_that_yields_nothing_passes_once() -> None:
    assert judged(lambda item, request: None, "a", "b") == [("pass", None)]


def test_a_check_that_passes_twice_passes_once() -> None:
    assert judged(lambda item, request: [Pass(item, "seen")], "a", "b") == [("pass", "a")]


def test_a_pass_beside_a_warning_is_not_said() -> None:
    assert judged(lambda item, request: [Pass(item, "x") if item == "a" else Warn(item, "y")], "a", "b") == [
        ("warn", "b")
    ]


def test_the_same_finding_about_the_same_resource_is_said_once() -> None:
    assert judged(lambda item, request: [Fail("shared", "broken")], "a", "b") == [("fail", "shared")]


def test_touching_what_is_unread_is_unknown_for_that_item_alone() -> None:
    def function(item: str, _: Request) -> Iterator[Outcome]:
        if item == "a":
            raise Unread("a", "forbidden")
        yield Fail(item, "broken")

    assert judged(function, "a", "b") == [("unknown", "a"), ("fail", "b")]


def test_what_was_found_before_the_unread_is_kept() -> None:
    def function(item: str, _: Request) -> Iterator[Outcome]:
        yield Fail(item, "broken")
        raise Unread(item, "forbidden")

    assert judged(function, "a") == [("fail", "a"), ("unknown", "a")]


@pytest.mark.parametrize("check_id", ["EGR101", "EGR1", "EGR701", "X"])
def test_the_registry_refuses_an_id_that_is_taken_or_malformed(check_id: str) -> None:
    checks.load()
    with pytest.raises(ValueError, match=check_id):
        checks.check(check_id, "a fact")


@pytest.mark.parametrize("targets", [[], ["loadbalancer"], ["somewhere"]])
def test_the_registry_refuses_an_unknown_target(targets: list[str]) -> None:
    with pytest.raises(ValueError, match="EGR199"):
        checks.check("EGR199", "a fact", to=targets)


def test_the_registry_refuses_a_check_that_does_not_say_its_consequence() -> None:
    with pytest.raises(ValueError, match="EGR199"):
        checks.check("EGR199", "a fact")(lambda item, request: None)


@pytest.mark.parametrize("target", matrix.OUTBOUND_TYPES)
def test_every_check_of_a_target_has_at_least_one_finding_in_report_order(target: str) -> None:
    found = list(dict.fromkeys(finding.id for finding in Shop.byo().report(target).findings))
    assert found == [known.id for known in checks.load().values() if target in known.targets]


def test_every_subnet_unread_never_shows_green_for_what_depends_on_it() -> None:
    shop = Shop.byo("userDefinedRouting").forbid("snet-system").forbid("snet-apps")
    found = {finding.id: finding.outcome for finding in shop.report("userAssignedNATGateway").findings}
    assert {found["EGR211"], found["EGR212"]} == {"unknown"}


def test_judging_changes_nothing() -> None:
    snapshot = Shop.byo().snapshot()
    before = snapshot.to_json()
    for target in matrix.OUTBOUND_TYPES:
        checks.run(Cluster(snapshot), Request(target))
    assert snapshot.to_json() == before
