"""JSON files of ours: written as a whole or not at all, and only for their owner."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from typing import Any

LARGEST = 50_000_000
"""Bytes; what is larger is no file of ours."""
DEEPEST = 100
"""Levels of a document; Azure's have some twenty."""


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
        _keep_the_name(os.path.dirname(target))
    except BaseException:
        os.unlink(temporary)
        raise


def _keep_the_name(folder: str) -> None:
    """Have the disk know the new name too; Windows has no such thing, and needs none."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def read(path: str) -> Any:
    """The JSON in a file, in UTF-8 or the UTF-16 of a PowerShell; raises OSError, and ValueError for anything else."""
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size > LARGEST:
            raise ValueError(f"it is larger than {LARGEST} bytes")
        content = file.read()
    try:
        found = json.loads(content, parse_constant=_refused)
        if _depth(found) > DEEPEST:
            raise ValueError("it is nested too deeply")
    except (RecursionError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError("it is no JSON, or was cut short") from error
    return found


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _depth(value: Any) -> int:
    """How many levels a document has; those beyond DEEPEST are not counted."""
    level, depth = [value], 0
    while level and depth <= DEEPEST:
        rows = [
            found.values() if isinstance(found, dict) else found for found in level if isinstance(found, (dict, list))
        ]
        level, depth = [item for row in rows for item in row], depth + 1
    return depth
