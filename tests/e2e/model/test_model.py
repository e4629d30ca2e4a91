"""Moves, ways back, others and troubles in any order: the type is the old one or the new one, and a record says why.

`AKSEGRESS_EXAMPLES=1000 .venv/bin/pytest tests/e2e/model` plays as many games that are new at each run.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.armsim.cli import Az
from tests.e2e.model.machine import Moves

MORE = os.environ.get("AKSEGRESS_EXAMPLES")
GAMES = settings(
    max_examples=int(MORE or 40),
    stateful_step_count=15,
    derandomize=not MORE,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.timeout(0 if MORE else 900)
def test_every_state_is_explained_by_a_record(warm_az: Az) -> None:
    run_state_machine_as_test(lambda: Moves(warm_az), settings=GAMES)
