"""Two processes say the same, whatever order Python gives its sets."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def said(seed: int) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    asked = [sys.executable, "-m", "tests.properties.say"]
    result = subprocess.run(asked, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=120)
    return result.stdout


def test_every_report_is_the_same_in_another_process() -> None:
    assert said(1) == said(2)
