"""The numbers on reliability are those of a run of all cases that there are now."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.faults.cases import CASES, KILLS
from tools import reliability
from tools.reliability import KILLED, Ran

WRITTEN = json.loads(reliability.FILE.read_text(encoding="utf-8"))


def reported(command: str, request: str, fault: str, ended: str = "") -> str:
    """One case in pytest's report."""
    named = {"command": command, "request": request, "fault": fault}
    rows = "".join(f'<property name="{name}" value="{value}"/>' for name, value in named.items())
    return f"<testcase><properties>{rows}</properties>{ended}</testcase>"


def test_they_count_every_case_and_no_failure() -> None:
    faults = [Ran(case.command.title, case.kind.name, str(case.asked)) for case in CASES]
    kills = [Ran("migrate", KILLED, str(kill.nth)) for kill in KILLS]
    assert reliability.tally([*faults, *kills]) == WRITTEN, "run `make reliability`"


def test_the_readme_states_them() -> None:
    assert reliability.section(WRITTEN) in reliability.README.read_text(encoding="utf-8"), "run `make reliability`"


def test_they_are_counted_from_the_report_of_a_run(tmp_path: Path) -> None:
    file = tmp_path / "junit.xml"
    cases = [
        reported("show", "GET:x:1", "Reset"),
        reported("show", "GET:x:1", "Html", "<failure/>"),
        reported("migrate", "1", KILLED),
        "<testcase/>",
    ]
    file.write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>")
    found = reliability.tally(reliability.from_junit(file))
    assert (found["cases"], found["failures"], found["faults"]) == (3, 1, 2)
    assert found["commands"] == {"show": {"requests": 1, "cases": 2, "failures": 1}}
    assert found["kills"] == {"requests": 1, "cases": 1, "failures": 0}
