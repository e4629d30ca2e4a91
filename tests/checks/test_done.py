"""Where there is nothing to do, the judgement ends there: what else could be said is moot, and is not looked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Iterator
from unittest import mock

import pytest

from azext_aksegress import checks
from azext_aksegress.checks import NOTE, RANGES, REGISTRY, SKIP, Outcome
from azext_aksegress.report import NOTHING_TO_DO
from tests.builders import Shop
from tests.defects import LB, MNAT, NONE, UANAT, UDR
from tests.graphs import told

TYPE = "EGR102"
"""The check that finds that there is nothing to do."""
AFTER = "EGR503"
"""A check that comes long after it."""
WITH_RANGES = {"apiServerAccessProfile": {"authorizedIPRanges": ["203.0.113.0/24"]}}


@pytest.mark.parametrize("to", [LB, UANAT, UDR, NONE])
def test_every_check_of_the_target_is_skipped_because_of_the_one_that_says_so(to: str) -> None:
    made = Shop.byo(to).report(to)
    assert made.verdict == NOTHING_TO_DO
    assert [finding.id for finding in made.findings] == [key for key, row in checks.load().items() if to in row.targets]
    others = {(finding.outcome, finding.seen.observed) for finding in made.findings if finding.id != TYPE}
    assert others == {(SKIP, f"because of {TYPE}")}
    (done,) = [finding for finding in made.findings if finding.id == TYPE]
    assert (done.outcome, done.seen.moots) == (NOTE, True)


@pytest.mark.parametrize("to", [LB, MNAT])
def test_nothing_behind_it_is_judged(to: str) -> None:
    def never(*_: object) -> Iterator[Outcome]:
        raise AssertionError("judged")

    shop = Shop.managed(to)
    checks.load()
    with mock.patch.dict(REGISTRY, {AFTER: replace(REGISTRY[AFTER], function=never)}):
        assert shop.report(to).is_done
        with pytest.raises(AssertionError, match="judged"):
            shop.report(NONE)


def test_what_was_found_before_it_is_moot_too() -> None:
    def always(*_: object) -> Iterator[Outcome]:
        yield checks.Fail(None, "always")

    first = next(iter(checks.load()))
    assert first < TYPE
    with mock.patch.dict(REGISTRY, {first: replace(REGISTRY[first], function=always)}):
        assert Shop.byo().report(LB).ids("fail") == ()


def test_ranges_that_are_to_be_updated_are_judged_all_the_same() -> None:
    shop = Shop.byo(**WITH_RANGES)
    outcomes = {}
    for update in (False, True):
        (finding,) = [found for found in shop.report(LB, update_ranges=update).findings if found.id == RANGES]
        outcomes[update] = finding.outcome
    assert outcomes[False] == SKIP
    assert outcomes[True] != SKIP


def test_a_row_of_resource_graph_ends_there_too_and_leaves_nothing_open() -> None:
    made = told(Shop.byo(UDR)).report(UDR)
    assert (made.verdict, made.ids("unknown", "fail", "warn")) == (NOTHING_TO_DO, ())
