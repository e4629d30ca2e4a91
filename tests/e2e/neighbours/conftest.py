"""An az in a world of its own: other mounts, another user, no home, beside others. Nothing outside of it is touched."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Callable, Iterator

import pytest

from tests.armsim.arm import Arm
from tests.armsim.cli import Az
from tests.builders import Shop

World = Callable[..., Az]
Serve = Callable[[Shop], Arm]

MOUNTS = "--mount" if os.geteuid() == 0 else "--map-root-user --mount"
"""The options of unshare(1) for mounts that nobody else sees; who is not root becomes it for himself alone."""

_PRIVATE = """\
if [ "$1" != inside ]; then exec unshare {options} -- "$0" inside "$@"; fi
shift
"""


@pytest.fixture(autouse=True)
def _no_records(az: Az) -> Iterator[None]:
    """Each test begins and ends without records of others."""
    folder = az.folder / "azure" / "aksegress"
    shutil.rmtree(folder, ignore_errors=True)
    yield
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def world(az: Az, tmp_path: Path) -> World:
    """`world("shell", "lines", unshare=MOUNTS)` is an az that starts after these lines, in namespaces of its own;
    `end` is a line that runs after it."""

    def made(*lines: str, unshare: str | None = None, end: str = "true") -> Az:
        """Skips where this machine gives no such namespace."""
        if unshare:
            _require(unshare, tmp_path)
        start = tmp_path / f"az-{len(list(tmp_path.iterdir()))}"
        private = _PRIVATE.format(options=unshare) if unshare else ""
        run = [f'"{az.executable}" "$@" || code=$?', end, 'exit "${code-0}"', ""]
        start.write_text("\n".join(["#!/bin/sh -e", private, *lines, *run]))
        start.chmod(0o755)
        return Az(start, az.folder, az.azure)

    return made


def _require(options: str, folder: Path) -> None:
    trial = "mount -t tmpfs none ." if "--mount" in options else "true"
    if not shutil.which("unshare"):
        pytest.skip("there is no unshare(1) here")
    words = ["unshare", *options.split(), "--", "sh", "-c", trial]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"this machine lets nobody here `{' '.join(words)}`: {done.stderr.strip()}")
