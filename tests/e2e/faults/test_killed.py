"""A migrate that is killed after any of its requests: nothing half done, and what comes after it ends well."""

from __future__ import annotations

import re
import threading
from subprocess import Popen
from typing import Callable

import pytest

from tests.armsim.cli import Az
from tests.armsim.faults import After
from tests.e2e.faults import rules
from tests.e2e.faults.cases import KILLS, Kill
from tests.e2e.faults.commands import MIGRATE
from tests.e2e.faults.stage import Scene, Stage, steps

ANY = re.compile(".*")
SIGKILL = -9


class Victim:
    """A process that can be killed by somebody who may be there before it is known."""

    def __init__(self) -> None:
        self._known = threading.Event()
        self._process: Popen[bytes] | None = None

    def is_(self, process: Popen[bytes]) -> None:
        self._process = process
        self._known.set()

    def kill(self) -> None:
        if self._known.wait(10) and self._process:
            self._process.kill()

    def wait(self) -> int:
        """The exit code, or the negative number of the signal that ended it."""
        assert self._process
        return self._process.wait(60)


@pytest.mark.parametrize("kill", KILLS, ids=str)
def test_nothing_is_half_done(
    stage: Stage, cold_az: Az, kill: Kill, record_property: Callable[[str, str], None]
) -> None:
    record_property("command", MIGRATE.name)
    record_property("request", str(kill.nth))
    record_property("fault", "SIGKILL")
    scene, victim = stage.scene(MIGRATE), Victim()
    scene.arm.fault("*", ANY, After(victim.kill), skip=kill.nth - 1)
    scene.open()
    victim.is_(cold_az.start(*MIGRATE.words))
    assert victim.wait() == SIGKILL

    goal, at_once = stage.clean(MIGRATE).goal, scene.configured
    scene.pass_time()
    assert scene.configured in (scene.origin, goal)
    rules.keeps_a_record(scene)
    for record in scene.new_records().values():
        assert scene.applied or "accepted" not in steps(record)
        assert at_once == goal or "succeeded" not in steps(record)
    leave_half_a_record(scene)
    rules.ends_well(kill.then, scene, stage.clean(kill.then).goal)
    assert scene.applied == 1 + bool(kill.then.after)


def leave_half_a_record(scene: Scene) -> None:
    """As a process leaves it that is killed while it writes: the next one must not stumble over it."""
    scene.folder.mkdir(exist_ok=True)
    (scene.folder / ".record-half").write_text('{"schemaVersion": "1", "steps": [')
