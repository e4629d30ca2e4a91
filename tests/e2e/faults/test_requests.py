"""The table of requests is what the commands ask for now."""

from __future__ import annotations

import os

import pytest

from tests.e2e.faults import requests
from tests.e2e.faults.cases import CASES
from tests.e2e.faults.commands import COMMANDS, Command
from tests.e2e.faults.stage import Stage


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.title)
def test_a_clean_run_asks_for_what_is_in_the_table(stage: Stage, command: Command) -> None:
    seen = requests.counted(stage.clean(command).journal)
    if os.environ.get("AKSEGRESS_GOLDEN") == "write":
        requests.write(command, seen)
    assert seen == requests.table().get(command.title), "look at what changed, then run it with AKSEGRESS_GOLDEN=write"


def test_every_case_has_a_name_of_its_own() -> None:
    assert len({str(case) for case in CASES}) == len(CASES)
