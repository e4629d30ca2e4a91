"""What tests of more than one module use."""

from __future__ import annotations

import pytest

from azext_aksegress import apply as applying


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that only sleeping moves."""
    pauses: list[float] = []
    monkeypatch.setattr(applying.time, "sleep", pauses.append)
    monkeypatch.setattr(applying.time, "monotonic", lambda: sum(pauses))
    return pauses
