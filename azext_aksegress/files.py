"""JSON files of ours: written as a whole or not at all, and only for their owner."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from typing import Any


def write(path: str, document: Any) -> None:
    """Write a file anew, atomically and to the disk, with mode 0600; raises OSError, which names the path."""
    target = os.path.realpath(path)
    try:
        if os.path.exists(target) and not os.path.isfile(target):  # a device would be replaced by a file
            raise OSError(errno.EEXIST, "it is no regular file")
        _replace(target, json.dumps(document, indent=2) + "\n")
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from error


def _replace(target: str, text: str) -> None:
    handle, temporary = tempfile.mkstemp(prefix=".aksegress-", dir=os.path.dirname(target))  # mkstemp makes it 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
