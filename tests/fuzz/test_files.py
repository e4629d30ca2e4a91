"""Whatever a file holds, it is understood or refused; see README.md for what else holds."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz import seeds, targets
from tests.fuzz.mutations import often, torn, written

PLAN, RECORD, SNAPSHOT, REQUEST = map(json.loads, (seeds.PLAN, seeds.RECORD, seeds.SNAPSHOT, seeds.REQUEST))


@often(300)
@given(st.one_of(torn(seeds.PLAN), written(PLAN)))
def test_a_plan_is_the_one_that_was_saved_or_refused(tmp_path: Path, data: bytes) -> None:
    targets.plan(tmp_path, data)


@often(100)
@given(st.one_of(torn(seeds.RECORD), written(RECORD)))
def test_a_record_is_understood_or_refused(tmp_path: Path, data: bytes) -> None:
    targets.record(tmp_path, data)


@often(80)
@given(st.one_of(torn(seeds.SNAPSHOT), written(SNAPSHOT)))
def test_a_snapshot_is_judged_or_refused(tmp_path: Path, data: bytes) -> None:
    targets.saved_snapshot(tmp_path, data)


@often(500)
@given(st.one_of(torn(seeds.REQUEST), written(REQUEST)))
def test_a_request_is_understood_or_refused(tmp_path: Path, data: bytes) -> None:
    targets.asked(tmp_path, data)
