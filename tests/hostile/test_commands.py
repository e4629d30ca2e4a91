"""Every command that is printed is one command of az, with each name in it as one word, whatever things are called."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from azext_aksegress.fixes import UNSPEAKABLE
from tests.defects import Defect
from tests.hostile.commands import heard, judged, printed, spoken
from tests.hostile.names import CANARY, FILES, NAMES, Renamed
from tests.test_defects import DEFECTS

MANY = 200
"""Commands that the defects of one name print, at least."""
SHARES = 3
"""Each name meets every third defect, so that each defect meets four names at least."""
KINDS = [*NAMES, *FILES]


def whole(words: list[str]) -> list[str]:
    """A command as it was before an option took in a value that begins as an option does."""
    rows: list[str] = []
    for word in words:
        option, is_taken_in, value = word.partition("=-")
        rows += [option, f"-{value}"] if is_taken_in and option.startswith("--") else [word]
    return rows


def share_of(kind: str) -> int:
    """The number of the share that a name meets."""
    return KINDS.index(kind) % SHARES


def shared(share: int) -> list[Defect]:
    """The defects of a share."""
    return list(DEFECTS[share::SHARES])


@cache
def plain(share: int) -> list[list[str]]:
    """The words of every command of a share of the defects where nothing has an odd name."""
    return [spoken(command) for defect in shared(share) for command in printed(judged(defect))]


def test_every_defect_meets_several_names_and_some_that_az_would_not_take() -> None:
    for defect in DEFECTS:
        kinds = [kind for kind in KINDS if defect in shared(share_of(kind))]
        assert len(kinds) >= len(KINDS) // SHARES
        assert set(kinds) & set(FILES)


@pytest.mark.parametrize("kind", NAMES)
def test_a_shell_hears_each_name_as_one_word_and_runs_nothing_else(kind: str, tmp_path: Path) -> None:
    renamed = Renamed(NAMES[kind])
    commands = [command for defect in shared(share_of(kind)) for command in printed(judged(defect, renamed))]
    wanted = [[renamed.text(word) for word in words] for words in plain(share_of(kind))]
    assert len(commands) >= MANY
    seen = heard(commands, tmp_path)
    assert seen == [spoken(command) for command in commands]
    assert sorted(map(whole, seen)) == sorted(wanted)
    assert not (tmp_path / CANARY).exists()


@pytest.mark.parametrize("kind", FILES)
def test_what_az_would_not_take_as_it_is_stands_in_no_command(kind: str, tmp_path: Path) -> None:
    renamed = Renamed(FILES[kind])
    commands = [command for defect in shared(share_of(kind)) for command in printed(judged(defect, renamed))]
    for words in heard(commands, tmp_path):
        assert not [word for word in words if word.split("=", 1)[-1].startswith("@")]
    assert any(UNSPEAKABLE in command for command in commands)
