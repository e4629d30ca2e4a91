"""Every command that is printed is one command of az, with each name in it as one word, whatever things are called."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from azext_aksegress.fixes import UNSPEAKABLE
from tests.hostile.commands import heard, judged, printed, spoken
from tests.hostile.names import CANARY, FILES, NAMES, Renamed
from tests.test_defects import DEFECTS

MANY = 700
"""Commands that the defects print, at least."""


def whole(words: list[str]) -> list[str]:
    """A command as it was before an option took in a value that begins as an option does."""
    rows: list[str] = []
    for word in words:
        option, is_taken_in, value = word.partition("=-")
        rows += [option, f"-{value}"] if is_taken_in and option.startswith("--") else [word]
    return rows


@cache
def plain() -> list[list[str]]:
    """The words of every command where nothing has an odd name."""
    return [spoken(command) for defect in DEFECTS for command in printed(judged(defect))]


@pytest.mark.parametrize("kind", NAMES)
def test_a_shell_hears_each_name_as_one_word_and_runs_nothing_else(kind: str, tmp_path: Path) -> None:
    renamed = Renamed(NAMES[kind])
    commands = [command for defect in DEFECTS for command in printed(judged(defect, renamed))]
    wanted = [[renamed.text(word) for word in words] for words in plain()]
    assert len(commands) >= MANY
    seen = heard(commands, tmp_path)
    assert seen == [spoken(command) for command in commands]
    assert sorted(map(whole, seen)) == sorted(wanted)
    assert not (tmp_path / CANARY).exists()


@pytest.mark.parametrize("kind", FILES)
def test_what_az_would_not_take_as_it_is_stands_in_no_command(kind: str, tmp_path: Path) -> None:
    renamed = Renamed(FILES[kind])
    commands = [command for defect in DEFECTS for command in printed(judged(defect, renamed))]
    for words in heard(commands, tmp_path):
        assert not [word for word in words if word.split("=", 1)[-1].startswith("@")]
    assert any(UNSPEAKABLE in command for command in commands)
