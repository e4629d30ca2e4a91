"""Each command with one answer torn on the wire: told, whole, recorded, and well when it is run again."""

from __future__ import annotations

import random

import pytest

from tests.e2e.faults import requests, rules
from tests.e2e.faults.cases import Case
from tests.e2e.faults.commands import CHECK, MIGRATE, ROLLBACK, TARGET, VERIFY, Command
from tests.e2e.faults.kinds import UNCLEAR, Kind
from tests.e2e.faults.requests import Asked
from tests.e2e.faults.stage import Stage
from tests.e2e.fuzz.tears import TEARS, Torn

DRY_RUN = Command("migrate", ("--to", TARGET, "--dry-run"))
COMMANDS = {"check": CHECK, "dry-run": DRY_RUN, "migrate": MIGRATE, "verify": VERIFY, "rollback": ROLLBACK}


def asked_by(command: Command) -> list[Asked]:
    """What a clean run asks for; a dry run what a migrate asks for before its update."""
    return [row for row in requests.of(command) if command != DRY_RUN or row.phase == requests.BEFORE]


def _cases() -> dict[str, Case]:
    """Each tear in each command, at a request that chance has chosen once and for all."""
    found = {}
    for name, command in COMMANDS.items():
        chosen = random.Random(name).choices(asked_by(command), k=len(TEARS))
        for seed, ((tear, tears), asked) in enumerate(zip(TEARS.items(), chosen)):
            torn = Torn(tears, seed)
            found[f"{name}-{asked}-{tear}"] = Case(command, asked, Kind(tear, UNCLEAR, lambda _, torn=torn: torn))
    return found


CASES = _cases()


@pytest.mark.parametrize("name", CASES)
def test_an_answer_that_is_torn_is_none(stage: Stage, name: str) -> None:
    case = CASES[name]
    command, asked = case.command, case.asked
    clean, scene = stage.clean(command), stage.scene(command)
    scene.arm.fault(asked.method, asked.pattern, case.kind.make(scene.change), skip=asked.nth - 1)
    result = scene.run(command)
    assert any(request.fault for request in scene.arm.journal), "the request of the table was not sent"
    assert result.code in rules.codes(case, refused_as_stale=False), result.err

    rules.says_what_happened(result)
    if command == DRY_RUN:
        assert result.code == rules.ERROR or result.json["outcome"] == ("blocked" if result.code else "planned")
    else:
        rules.tells_the_truth(case, result, clean)
    if command in (MIGRATE, DRY_RUN):
        rules.judges_alike(case, result, stage.clean(CHECK))
    if command.writes:
        rules.leaves_the_cluster_whole(scene, result, clean.goal)
        rules.keeps_a_record(scene)
        rules.tells_its_end(scene, result)
    else:
        rules.changes_nothing(scene)
    if result.code:
        rules.ends_well(command, scene, clean.goal)
