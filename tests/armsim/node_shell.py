"""A node's shell: the script itself, run by this machine's `/bin/sh`, and a network that is the local Azure's alone.

Nothing of a script reaches a real network. PATH is one folder of our own: our curl, and links to a few plain programs.
Where the kernel allows it, the script has a network namespace of its own, which is empty; and in any case a script that
names a program or a connection by its path is not run at all, PATH cannot be set, and `/etc/environment` is the node's.
"""

from __future__ import annotations

import functools
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Sequence

from tests.armsim.messages import Json

_CURL = Path(__file__).parent / "node" / "curl.py"
_BASICS = """
awk basename cat cut date dirname echo env expr false grep head id ls mkdir mktemp od printf rm sed seq sh sleep sort
tail tee test timeout touch tr true uname uniq wc xargs [
"""
_WAYS_ROUND = re.compile(r"/s?bin\b|/dev/(tcp|udp)\b|/inet\d?/|\bcommand\s+-\w*p|\bPATH\s*=|\bunset\s+PATH")
_COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)


@dataclass(frozen=True)
class Output:
    """What a script printed, and the files that it left in its folder."""

    out: bytes
    err: bytes
    left_behind: tuple[str, ...] = ()


class Place:
    """A folder with a node's network, its programs, and an empty one in which scripts run."""

    def __init__(self, folder: Path, network: Json) -> None:
        self.work = folder / "work"
        self.programs = folder / "programs"
        self.work.mkdir()
        self.programs.mkdir()
        state = folder / "network"
        state.mkdir()
        self.network = state / "network.json"
        self.network.write_text(json.dumps(network), encoding="utf-8")
        self.environment = state / "environment"
        rows = [f'{name}="{value}"\n' for name, value in network["environment"].items()]
        self.environment.write_text("".join(rows), encoding="utf-8")
        # Without site-packages and variables of the environment, Python starts in a third of the time.
        self.curl = [sys.executable, "-I", "-S", str(_CURL), str(self.network)]

    @classmethod
    @contextmanager
    def made(cls, network: Json) -> Iterator[Place]:
        with tempfile.TemporaryDirectory(prefix="node-") as folder:
            yield cls(Path(folder), network)

    def furnish(self) -> None:
        """Our curl, and the plain programs that are on this machine."""
        for name in _BASICS.split():
            found = shutil.which(name)
            if found:
                (self.programs / name).symlink_to(found)
        curl = self.programs / "curl"
        curl.write_text(f'#!/bin/sh\nexec {shlex.join(self.curl)} "$@"\n', encoding="utf-8")
        curl.chmod(0o755)

    def left_behind(self) -> tuple[str, ...]:
        return tuple(sorted(str(found.relative_to(self.work)) for found in self.work.rglob("*")))


def run(script: str, arguments: Sequence[str], network: Json, patience: float) -> Output:
    """Run a script with arguments; what takes longer than `patience` seconds is ended, with all that it began."""
    way_round = _WAYS_ROUND.search(_COMMENT.sub("", script))
    if way_round:
        return Output(b"", f"sh: 1: {way_round[0]}: the nodes of the local Azure have no such thing\n".encode())
    with Place.made(network) as place:
        place.furnish()
        of_node = script.replace("/etc/environment", shlex.quote(str(place.environment)))
        words = ["/bin/sh", "-c", f"readonly PATH\n{of_node}", "sh", *arguments]
        out, err = _ended([*alone(), *words], place, patience)
        return Output(out, err, place.left_behind())


def _ended(words: Sequence[str], place: Place, patience: float) -> tuple[bytes, bytes]:
    process = subprocess.Popen(
        words,
        cwd=place.work,
        env={"PATH": str(place.programs)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        return process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.communicate()


@functools.lru_cache(maxsize=None)
def alone() -> tuple[str, ...]:
    """The words before a command that give it a network of its own, without a way out; none where that is refused."""
    unshare = shutil.which("unshare")
    words = (str(unshare), "--user", "--map-root-user", "--net")
    if unshare and subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0:
        return words
    return ()
