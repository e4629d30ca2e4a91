"""One warm az with a fast clock and one local Azure for all cases of a process."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest

from tests.armsim.cli import Az
from tests.armsim.server import LocalAzure
from tests.armsim.warm import WarmAz
from tests.e2e.conftest import EXECUTABLES, NEWEST
from tests.e2e.faults.commands import COMMANDS, MIGRATE
from tests.e2e.faults.stage import Stage, whole

pytest.register_assert_rewrite("tests.e2e.faults.rules")


@pytest.fixture(scope="session")
def cold_az(server: LocalAzure, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Az:
    """An az of its own, whose records no other test writes."""
    az = Az(EXECUTABLES[NEWEST], tmp_path_factory.mktemp("az-under-faults"), server, fast_clock=True)
    az.sign_in()
    az.add_extension(wheel)
    return az


@pytest.fixture(scope="session")
def stage(cold_az: Az, server: LocalAzure) -> Iterator[Stage]:
    server.arm = whole().arm
    with WarmAz(cold_az, *MIGRATE.words) as az:
        made = Stage(az)
        for command in COMMANDS:  # now, since each sets a scene of its own
            made.clean(command)
        yield made
