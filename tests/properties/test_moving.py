"""What holds for every plan, record and proof, however Azure tells its estate, and whoever edited the file."""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from azext_aksegress import checks, expected, judged, migration, past, verify
from azext_aksegress.arm import Json
from azext_aksegress.past import RecordError
from azext_aksegress.render import moves
from azext_aksegress.render.terminal import Look
from azext_aksegress.snapshot import Snapshot, Unread
from tests.builders import Shop
from tests.properties.documents import World, altered, request, worlds
from tests.properties.test_judging import often
from tests.records import RANGED, a_record

UDR = "userDefinedRouting"


RECORD: Json = json.loads(a_record())
NOW = Shop.byo(UDR, apiServerAccessProfile=RANGED).snapshot()


def migrated(world: World, target: str, ranges_too: bool) -> tuple[Snapshot, migration.Migration]:
    """A move of an estate, with all accepted that can be."""
    wanted = replace(request(target), update_ranges=ranges_too)
    snapshot = world.snapshot(wanted)
    return snapshot, migration.prepare(snapshot, wanted, checks.acceptable_ids())


@often
@given(worlds(), st.booleans())
def test_whatever_may_be_moved_can_be_planned_shown_sent_and_proven(told: tuple[str, World], ranges_too: bool) -> None:
    target, world = told
    _, move = migrated(world, target, ranges_too)
    json.dumps(move.to_json())
    if move.plan is None:
        return
    assert list(moves.plan(move.plan, Look(80)))
    for step in move.plan.steps:
        with suppress(Unread):  # what to send next is not known: said, and not sent
            update = step.update(move.plan.cluster)
            assert update is None or json.dumps(update.body)
    assert verify.after_move(move.plan.cluster, move.plan.expected)
    kept = expected.from_json(json.loads(json.dumps(move.plan.expected.to_json())), move.plan.cluster)
    assert verify.after_move(move.plan.cluster, kept)


@often
@given(worlds())
def test_what_was_judged_differs_in_nothing_from_itself(told: tuple[str, World]) -> None:
    target, world = told
    one, other = (judged.projection(found.snapshot(request(target))) for found in (world, world.copied()))
    assert judged.differences(one, json.loads(json.dumps(other))) == ()


@often
@given(altered(RECORD))
def test_a_record_is_understood_or_refused_whoever_edited_it(document: Json) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "record.json"
        path.write_text(json.dumps(document))
        with suppress(RecordError):
            found = past.load(str(path))
            json.dumps(migration.verified(found, found.was, verify.after_move(found.was, found.expected), ()))
            assert found.back.to == found.origin
            move = migration.take_back(found, NOW, found.back, checks.acceptable_ids())
            json.dumps(move.to_json())


def test_the_record_itself_is_understood() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "record.json"
        path.write_text(json.dumps(RECORD))
        found = past.load(str(path))
        assert (found.moved, found.undo.added) == (True, ("52.0.0.1/32",))
