"""The files that coverage-guided fuzzing has kept, each of which goes another way through the code, read once more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
FILES = [path for target in TARGETS for path in sorted((CORPUS / target).iterdir())]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_file_of_the_corpus_is_understood_or_refused(tmp_path: Path, path: Path) -> None:
    TARGETS[path.parent.name](tmp_path, path.read_bytes())
