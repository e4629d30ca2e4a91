"""What tests of more than one module use."""

from __future__ import annotations

import os
from typing import Iterator

import pytest

from azext_aksegress import apply as applying


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that only sleeping moves."""
    pauses: list[float] = []
    monkeypatch.setattr(applying.time, "sleep", pauses.append)
    monkeypatch.setattr(applying.time, "monotonic", lambda: sum(pauses))
    return pauses


@pytest.fixture(scope="session", autouse=True)
def _usual_umask() -> Iterator[None]:
    """What tests write is written by us alone, as the extension wants it, whatever the umask of who runs them."""
    before = os.umask(0o022)
    yield
    os.umask(before)
