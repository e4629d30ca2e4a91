"""The local Azure must not learn what is right from the code that it tests."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Iterator

import pytest


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("file", sorted(Path(__file__).parent.rglob("*.py")), ids=lambda file: file.stem)
def test_it_imports_nothing_of_the_extension(file: Path) -> None:
    assert not [name for name in imported(file) if name.partition(".")[0] == "azext_aksegress"]
    assert "tests.builders" not in set(imported(file))
