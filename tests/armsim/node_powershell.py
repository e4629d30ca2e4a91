"""PowerShell on a Windows node: the few sentences of it that are interpreted here, and its error for all others.

    # a comment, or nothing
    $name = 'literal'
    $name = "$(curl.exe ARGS)"
    $name = curl.exe ARGS
    'literal'
    "text $name $LASTEXITCODE"

ARGS are bare words, or in single quotes with '' for one, and without double quotes, which Windows PowerShell 5.1 loses
on the way. As there, the lines of a program's output become one line in a string, an empty argument is not handed to a
program, and `$name:` in a string is no variable.
"""

from __future__ import annotations

import re
import subprocess
from typing import Sequence

from tests.armsim.messages import Json
from tests.armsim.node_shell import Output, Place

_QUOTED = r"'(?:[^']|'')*'"
_WORD = r"""(?:[A-Za-z0-9_./:\\=?*%+~^-]+|'(?:[^'"]|'')*')"""
_COMMAND = rf"curl\.exe((?:[ \t]+{_WORD})*)"
_NOTHING = re.compile(r"\s*(#.*)?")
_LITERAL = re.compile(rf"(?:\$(\w+)\s*=\s*)?({_QUOTED})")
_RUN = re.compile(rf'\$(\w+)\s*=\s*(?:"\$\({_COMMAND}\)"|{_COMMAND})')
_TEXT = re.compile(r'"((?:[^"`$]|\$\w+(?!\w|:))*)"')
_ERROR = (
    "{0} : The term '{0}' is not recognized as the name of a cmdlet, function, script file, or operable program. Check "
    "the spelling of the name, or if a path was included, verify that the path is correct and try again.\n"
)


def run(script: str, arguments: Sequence[str], network: Json, patience: float) -> Output:
    """Interpret a script line by line, until one that is not understood; parameters are not."""
    if arguments:
        return Output(b"", _ERROR.format(arguments[0]).encode())
    with Place.made(network) as place:
        session = _Session(place, patience)
        for line in script.splitlines():
            if not session.does(line.strip()):
                session.err.append(_ERROR.format(line.split()[0]))
                break
        return Output("\n".join(session.out).encode(), "".join(session.err).encode(), place.left_behind())


class _Session:
    def __init__(self, place: Place, patience: float) -> None:
        self.place = place
        self.patience = patience
        self.variables: dict[str, str] = {}
        self.out: list[str] = []
        self.err: list[str] = []

    def does(self, line: str) -> bool:
        """Do what a line says; False where it is not one of those above."""
        if _NOTHING.fullmatch(line):
            return True
        literal, run, text = _LITERAL.fullmatch(line), _RUN.fullmatch(line), _TEXT.fullmatch(line)
        if literal and literal[1]:
            self._set(literal[1], _unquoted(literal[2]))
        elif literal:
            self.out.append(_unquoted(literal[2]))
        elif run:
            self._set(run[1], self._curl(run[2] or run[3] or ""))
        elif text:
            self.out.append(re.sub(r"\$(\w+)", lambda found: self.variables.get(found[1].lower(), ""), text[1]))
        return bool(literal or run or text)

    def _set(self, name: str, value: str) -> None:
        self.variables[name.lower()] = value

    def _curl(self, text: str) -> str:
        words = [_unquoted(word) for word in re.findall(_WORD, text)]
        ended = subprocess.run(
            [*self.place.curl, *filter(None, words)],
            cwd=self.place.work,
            env={},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=self.patience,
            check=False,
        )
        self._set("LASTEXITCODE", str(ended.returncode))
        self.err.append(ended.stderr.decode(errors="replace"))
        return " ".join(ended.stdout.decode(errors="replace").splitlines())


def _unquoted(word: str) -> str:
    return word[1:-1].replace("''", "'") if word.startswith("'") else word
