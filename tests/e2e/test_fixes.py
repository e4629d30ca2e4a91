"""Every command that a finding prints is one that az has, with options that it takes; those of `az aks egress` are
checked wherever they are run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Iterator

import pytest

from azext_aksegress.fixes import az as spelled
from tests.e2e.conftest import EXECUTABLES, NEWEST
from tests.test_defects import DEFECTS

OF_AN_EXTENSION = "network firewall"
"""A group that needs an extension of its own (azure-firewall), which az offers to install at its first use."""


def commands() -> dict[str, set[str]]:
    """Every command that the defects have printed, with all options that were ever given to it."""
    found: dict[str, set[str]] = {}
    for defect in DEFECTS:
        report = defect.shop().report(defect.to, **defect.asked)
        for line in (fix.command for finding in report.findings for fix in finding.seen.fix):
            words = shlex.split(line)
            first = next((index for index, word in enumerate(words) if word.startswith("-")), len(words))
            options = {word for word in words[first:] if re.fullmatch(r"--?[a-z][a-z0-9-]*", word)}
            found.setdefault(" ".join(words[1:first]), set()).update(options)
    return found


COMMANDS = commands()


def own() -> Iterator[str]:
    yield from (command for command in COMMANDS if not command.startswith((OF_AN_EXTENSION, "aks egress")))


def test_there_are_many() -> None:
    assert len(COMMANDS) >= 25
    assert spelled("aks update", name="x") == "az aks update --name x"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where an az that nobody signed in to, of the cloud that it knows by itself, keeps what it keeps."""
    return tmp_path_factory.mktemp("az-help")


@pytest.mark.parametrize("command", sorted(own()))
def test_az_has_the_command_and_its_options(folder: Path, command: str) -> None:
    environment = {**os.environ, "AZURE_CONFIG_DIR": str(folder), "AZURE_CORE_COLLECT_TELEMETRY": "false"}
    asked = [EXECUTABLES[NEWEST], *command.split(), "--help"]
    result = subprocess.run(asked, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 0, result.stderr
    text = result.stdout
    assert {option for option in COMMANDS[command] if not re.search(rf"(?<![\w-]){option}(?![\w-])", text)} == set()
