"""Files of ours: written as a whole or not at all, only for their owner, and believed only where ours."""

from __future__ import annotations

import errno
import json
import os
import secrets
import stat
import tempfile
from contextlib import contextmanager
from typing import Any, BinaryIO, Iterator

from azext_aksegress import owners, strictjson

LARGEST = 50_000_000
"""Bytes; what is larger is no file of ours."""
DEEPEST = 100
"""Levels of a document; Azure's have some twenty."""
NO_FILE = "it is no regular file"


def create(path: str, document: Any) -> None:
    """Write a file that is not there yet as `write` does; raises FileExistsError where it is, and OSError.

    Of several processes that create the same file at a time one does it: who makes the temporary file first.
    """
    text, (folder, name) = _text(document), os.path.split(path)
    temporary = os.path.join(folder, f".{name}")
    with _naming(path):
        new = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        handle = os.open(temporary, new | getattr(os, "O_BINARY", 0), 0o600)  # Windows would write other line ends
        if os.path.lexists(path):  # looked at only now, when nobody else can be about to create it
            os.close(handle)
            os.unlink(temporary)
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        _fill(handle, temporary, path, text)


def write(path: str, document: Any) -> None:
    """Write a file anew, atomically and to the disk, with mode 0600; raises OSError, which names the path, and NotOurs
    where a link of somebody else stands there."""
    text, target = _text(document), owners.followed(path)
    with _naming(path):
        if os.path.exists(target) and not os.path.isfile(target):  # a device would be replaced by a file
            raise OSError(errno.EEXIST, NO_FILE)
        handle, temporary = tempfile.mkstemp(prefix=".aksegress-", dir=_folder(target))  # mkstemp makes it 0600
        _fill(handle, temporary, target, text)


def write_text(path: str, text: str) -> None:
    """Write a text for others to read anew, atomically and to the disk, with the mode that new files get.

    Raises OSError, which names the path, and NotOurs where a link of somebody else stands there.
    """
    with _new_beside(path) as (handle, temporary, target):
        _fill(handle, temporary, target, text)


def require_writable(path: str) -> None:
    """Raise what `write_text` would, as far as that can be known before: OSError, and NotOurs."""
    with _new_beside(path) as (handle, temporary, target):
        os.close(handle)
        os.unlink(temporary)
        if os.path.lexists(target) and not os.access(target, os.W_OK):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))


@contextmanager
def _new_beside(path: str) -> Iterator[tuple[int, str, str]]:
    """A new, open file in the folder of another one, the path of it, and the one that it may become."""
    target = owners.followed(path)
    with _naming(path):
        if os.path.exists(target) and not os.path.isfile(target):
            raise OSError(errno.EEXIST, NO_FILE)
        temporary = os.path.join(_folder(target), f".aksegress-{secrets.token_hex(8)}")
        new = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        yield os.open(temporary, new, 0o666), temporary, target


def _text(document: Any) -> str:
    return json.dumps(document, indent=2) + "\n"


def _folder(path: str) -> str:
    return os.path.dirname(path) or os.curdir


@contextmanager
def _naming(path: str) -> Iterator[None]:
    """Have an OSError name the path that was asked for, and no temporary file."""
    try:
        yield
    except owners.NotOurs:
        raise
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from error


def _fill(handle: int, temporary: str, target: str, text: str) -> None:
    """Write a text through an open temporary file, which becomes the target, or is gone."""
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
    _keep_the_name(_folder(target))


def _keep_the_name(folder: str) -> None:
    """Have the disk know the new name too; Windows has no such thing, and needs none."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        except OSError as error:
            if error.errno != errno.EINVAL:  # fsync(2): some file systems of networks have it for files only
                raise
        finally:
            os.close(handle)


def read(path: str) -> Any:
    """The JSON in a file that nobody else can have written, in UTF-8 or the UTF-16 of a PowerShell; raises NotOurs and
    other OSErrors, and ValueError for anything else."""
    with _naming(path), _opened(owners.followed(path), "O_NOFOLLOW") as file:
        status = os.fstat(file.fileno())  # of what is open: a name may lead elsewhere by now
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, NO_FILE)
        owners.require_file(status, path)
        return _parsed(file)


def read_anybodys(path: str) -> Any:
    """The JSON in a file or pipe, whoever wrote it: to be looked at, not acted upon; raises OSError and ValueError."""
    with _naming(path), _opened(path) as file:
        mode = os.fstat(file.fileno()).st_mode
        if stat.S_ISFIFO(mode):
            os.set_blocking(file.fileno(), True)
        elif not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, NO_FILE)
        return _parsed(file)


def _opened(path: str, *flags: str) -> BinaryIO:
    """A file, without waiting for somebody to write to a pipe, and without taking a terminal; Windows has no such."""
    more = [getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOCTTY", *flags)]
    return open(path, "rb", opener=lambda name, basic: os.open(name, basic | sum(more)))


def _parsed(file: BinaryIO) -> Any:
    content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST} bytes")
    try:
        return strictjson.parse(content.decode(json.detect_encoding(content), "surrogatepass"), DEEPEST)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError("it is no JSON, or was cut short") from error
