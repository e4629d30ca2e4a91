"""One warm az with a fast clock for the whole of the model test."""

from __future__ import annotations

from typing import Iterator

import pytest

from tests.armsim.cli import Az
from tests.armsim.server import LocalAzure
from tests.armsim.warm import WarmAz
from tests.e2e.faults.commands import MIGRATE
from tests.e2e.faults.conftest import cold_az
from tests.e2e.faults.stage import whole

__all__ = ["cold_az"]
pytest.register_assert_rewrite("tests.e2e.model.promises", "tests.e2e.model.machine")


@pytest.fixture(scope="session")
def warm_az(cold_az: Az, server: LocalAzure) -> Iterator[Az]:
    server.arm = whole().arm
    with WarmAz(cold_az, *MIGRATE.words) as az:
        yield az
