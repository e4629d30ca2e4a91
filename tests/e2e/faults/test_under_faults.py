"""Each command under each fault at each of its requests: told, whole, recorded, and well when it is run again."""

from __future__ import annotations

from typing import Callable

import pytest

from tests.e2e.faults import rules
from tests.e2e.faults.cases import CASES, Case
from tests.e2e.faults.commands import CHECK, MIGRATE
from tests.e2e.faults.kinds import CHANGED
from tests.e2e.faults.stage import Stage


@pytest.mark.parametrize("case", CASES, ids=str)
def test_nothing_is_lost(stage: Stage, case: Case, record_property: Callable[[str, str], None]) -> None:
    record_property("command", case.command.title)
    record_property("request", str(case.asked))
    record_property("fault", case.kind.name)
    clean, scene = stage.clean(case.command), stage.scene(case.command)
    asked, kind = case.asked, case.kind
    scene.arm.fault(asked.method, asked.pattern, kind.make(scene.change), kind.times, skip=asked.nth - 1)
    result = scene.run(case.command)
    assert any(request.fault for request in scene.arm.journal), "the request of the table was not sent"
    stale = any(request.method == "PUT" and request.status == 412 for request in scene.arm.journal)
    assert result.code in rules.codes(case, stale), result.err

    rules.says_what_happened(result)
    rules.tells_the_truth(case, result, clean)
    if case.command == MIGRATE:
        rules.judges_alike(case, result, stage.clean(CHECK))
    if case.command.writes:
        rules.leaves_the_cluster_whole(scene, result, clean.goal)
        rules.keeps_a_record(scene)
        rules.tells_its_end(scene, result)
    else:
        rules.changes_nothing(scene)
    if result.code or kind.nature == CHANGED:
        rules.ends_well(case.command, scene, clean.goal)
        assert scene.applied == case.command.writes
