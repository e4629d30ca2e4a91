"""The README shows real output and lists what is true."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from azext_aksegress import _help, checks, matrix
from azext_aksegress.present import ExitCode

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
GOLDEN = ROOT / "tests" / "render" / "golden"
COMMANDS = [name for name in _help.helps if name.startswith("aks egress ")]
MODULES = sorted(path.stem for path in (ROOT / "azext_aksegress").glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize("case", ["check-blocked", "check-ready"])
def test_the_reports_in_it_are_those_that_the_command_prints(case: str) -> None:
    assert (GOLDEN / f"{case}.80.txt").read_text(encoding="utf-8") in README


@pytest.mark.parametrize("code", list(ExitCode))
def test_every_exit_code_is_in_it_and_in_the_help(code: ExitCode) -> None:
    assert re.search(rf"^\| {code.value} \| ", README, re.MULTILINE)
    for command in COMMANDS:
        assert re.search(rf"\b{code.value} \w+", _help.helps[command])


def test_the_role_names_every_read_that_can_be_missing() -> None:
    role = json.loads(re.findall(r"```json\n(.*?)```", README, re.DOTALL)[0])
    assert {"Microsoft.Network/virtualNetworks/subnets/read", "Microsoft.Network/azureFirewalls/read"} <= set(
        role["Actions"]
    )


@pytest.mark.parametrize("name", [*matrix.OUTBOUND_TYPES, *checks.acceptable_ids()])
def test_it_names_every_type_and_every_id_that_can_be_accepted(name: str) -> None:
    assert name in README


def test_the_version_is_the_same_everywhere() -> None:
    (version,) = re.findall(r'^VERSION = "(.*)"$', (ROOT / "setup.py").read_text(), re.MULTILINE)
    assert f"\n{version}\n" in (ROOT / "HISTORY.rst").read_text()
    assert f"aksegress-{version}-py3-none-any.whl" in README


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_it(command: str) -> None:
    assert f"`az {command}" in README


@pytest.mark.parametrize("module", MODULES)
def test_every_module_is_in_its_table(module: str) -> None:
    assert f"`{module}.py`" in README
