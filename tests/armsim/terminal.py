"""A command on a terminal, as a person runs it: a pseudo-terminal, and keys to press."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from fcntl import ioctl
from typing import Callable

from tests.armsim.cli import Az, Result

_REDRAWN = re.compile(r"[^\n]*\r\x1b\[K")
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_a_terminal(
    az: Az,
    *words: str,
    answer: str | None = None,
    prompt: str = "(y/N)",
    interrupt_at: str | None = None,
    columns: int = 100,
    seconds: float = 120,
    echo: Callable[[str], object] = lambda _: None,
) -> Result:
    """`out` is the screen without escape sequences and redrawn lines; `answer` is typed once the prompt shows.

    `interrupt_at` is a text at which Ctrl-C is pressed; `echo` gets the raw text as it comes.
    """
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen(
        [str(az.executable), *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=az.environment,
        cwd=az.folder,
        close_fds=True,
    )
    os.close(theirs)
    seen, deadline = "", time.monotonic() + seconds
    while time.monotonic() < deadline:
        ready, _, _ = select.select([ours], [], [], 0.5)
        if not ready:
            continue
        try:
            chunk = os.read(ours, 65536).decode(errors="replace")
        except OSError:  # the other side is closed
            break
        if not chunk:
            break
        seen += chunk
        echo(chunk)
        if answer is not None and prompt in seen:
            os.write(ours, f"{answer}\n".encode())
            answer = None
        if interrupt_at is not None and interrupt_at in seen:
            process.send_signal(signal.SIGINT)
            interrupt_at = None
    os.close(ours)
    screen = _ESCAPES.sub("", _REDRAWN.sub("", seen.replace("\r\n", "\n")))
    return Result(process.wait(30), screen, "")
