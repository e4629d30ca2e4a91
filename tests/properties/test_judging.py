"""What holds for every estate, however it is told."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from azext_aksegress import report
from azext_aksegress.arm import Json
from azext_aksegress.matrix import OUTBOUND_TYPES
from azext_aksegress.render import html, markdown, page, terminal
from azext_aksegress.snapshot import from_json
from tests.defects import Defect, ready
from tests.properties.documents import WORLDS, World, hidden, judged, request, shuffled, worlds
from tests.test_defects import DEFECTS

RANK = {"ready": 0, "readyWithWarnings": 1, "undetermined": 2, "blocked": 3}
READY = {target: judged(world, target)["verdict"] for target, world in WORLDS.items()}
SLOW_IS_FINE = list(HealthCheck)
often = settings(deadline=None, max_examples=150, derandomize=True, suppress_health_check=SLOW_IS_FINE)
each = settings(deadline=None, max_examples=40, derandomize=True, suppress_health_check=SLOW_IS_FINE)


def outcomes(made: Json) -> set[tuple[str, str, str]]:
    """What each check says of each resource, without the words, in which order may show."""
    return {(row["id"], row["outcome"], str(row["resource"]).lower()) for row in made["findings"]}


@often
@given(worlds())
def test_reading_and_judging_never_raise_and_always_say_the_same(told: tuple[str, World]) -> None:
    target, world = told
    assert judged(world, target) == judged(world.copied(), target)


@often
@given(worlds())
def test_whatever_is_judged_can_be_shown_and_saved_and_judged_again(told: tuple[str, World]) -> None:
    target, world = told
    wanted = request(target)
    snapshot = world.snapshot(wanted)
    made = report.make(snapshot, wanted)
    assert list(terminal.report(made, terminal.Look(80)))
    shown = page.of_report(made)
    assert all(render([shown]) for render in (html.render, markdown.render))
    saved = from_json(report.show_json(snapshot))
    assert report.make(saved, wanted).verdict in (*RANK, "nothingToDo")


@often
@given(hidden())
def test_what_cannot_be_read_never_makes_a_verdict_better(told: tuple[str, World]) -> None:
    target, world = told
    assert RANK[judged(world, target)["verdict"]] >= RANK[READY[target]]


@often
@given(hidden())
def test_what_cannot_be_read_turns_no_check_green(told: tuple[str, World]) -> None:
    target, world = told
    before = {row["id"]: row["outcome"] for row in judged(WORLDS[target], target)["findings"]}
    now = judged(world, target)["findings"]
    greener = [row["id"] for row in now if row["outcome"] == "pass" and before[row["id"]] not in ("pass", "skip")]
    assert greener == []


@pytest.mark.parametrize("target", OUTBOUND_TYPES)
@each
@given(data=st.data())
def test_a_defect_more_never_makes_a_verdict_better(target: str, data: st.DataObject) -> None:
    mine = [row for row in DEFECTS if row.to == target and not (row.base or row.options or row.unknown)]
    chosen: list[Defect] = data.draw(st.lists(st.sampled_from(mine), min_size=1, max_size=4, unique_by=str))
    shop, rank = ready(target), RANK[READY[target]]
    for defect in chosen:
        try:
            defect.spoil(shop)
        except (KeyError, ValueError):  # what it spoils is gone already
            assume(False)
        before, rank = rank, RANK[shop.report(target, **chosen[0].asked).verdict]
        assert rank >= before


@pytest.mark.parametrize("target", OUTBOUND_TYPES)
@pytest.mark.parametrize("seed", range(8))
def test_the_order_of_pools_rules_and_lists_never_matters(target: str, seed: int) -> None:
    world = WORLDS[target].copied()
    for key, document in world.documents.items():
        world.put(key, shuffled(document, random.Random(seed)))
    assert outcomes(judged(world, target)) == outcomes(judged(WORLDS[target], target))


@pytest.mark.parametrize("defect", [defect for defect in DEFECTS if not defect.options], ids=str)
def test_nor_where_something_is_wrong(defect: Defect) -> None:
    world = World(defect.shop())
    plain = outcomes(judged(world, defect.to))
    for key, document in world.documents.items():
        world.put(key, shuffled(document, random.Random(1)))
    assert outcomes(judged(world, defect.to)) == plain
