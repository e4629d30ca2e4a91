"""Whose a file, a folder or a link is, and who else may write to it: on a shared machine, what is ours is not all.

What counts as ours is what OpenSSH (`StrictModes`) takes for it: owned by the user, or by root. The rest of a path is
not looked at: who can write to a folder above ours can take ours away, as a whole, but what they put in its place is
theirs, and is refused for that. Windows has no such owners and modes, and is left to its own.
"""

from __future__ import annotations

import errno
import os
import shlex
import stat

ROOT = 0
MOST_LINKS = 40
"""Links that lead to one another; the limit of Linux (path_resolution(7))."""


class NotOurs(PermissionError):
    """What is somebody else's, or can be written by others; `cure` says how to go on knowingly."""

    def __init__(self, what: str, path: str, cure: str) -> None:
        super().__init__(errno.EACCES, what, path)
        self.cure = cure


def require_file(status: os.stat_result, path: str) -> None:
    """Raise NotOurs for a file that somebody else may have written, by the status of the file that is open."""
    found = _objection(status, "file")
    if found:
        cure = (
            "Read it. Where it says what you mean, copy it to a folder of your own, such as your home, "
            f"with `cp {shlex.quote(path)} COPY`, and name the copy."
        )
        raise NotOurs(found, path, cure)


def require_folder(path: str) -> None:
    """Raise NotOurs for a folder in which others may take away what is ours; OSError where there is none."""
    status = os.stat(followed(path))
    kept = status.st_mode & stat.S_ISVTX  # "sticky": whoever may write there, each can only remove what is his
    found = _objection(status, "folder", others_may_write=bool(kept))
    if found:
        mend = (
            f"Look at what is in it, then `chmod go-w {shlex.quote(path)}`, or choose" if _is_ours(status) else "Choose"
        )
        raise NotOurs(found, path, f"{mend} a folder of your own with --record-dir; one that is not there is made.")


def followed(path: str) -> str:
    """Where a path leads in the end; raises NotOurs where a link on the way is of somebody else."""
    for _ in range(MOST_LINKS):
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            return path
        if not stat.S_ISLNK(status.st_mode):
            return path
        if not _is_ours(status):
            cure = "Name what it leads to, if that is what you mean."
            raise NotOurs(f"this link belongs to {_name(status.st_uid)}", path, cure)
        path = os.path.join(os.path.dirname(path), os.readlink(path))
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)


def _objection(status: os.stat_result, what: str, others_may_write: bool = False) -> str:
    """Why something is not to be believed, in words, or nothing."""
    if not _is_ours(status):
        return f"this {what} belongs to {_name(status.st_uid)}"
    if others_may_write or os.name == "nt":
        return ""
    shared = status.st_mode & stat.S_IWGRP and not _is_private(status.st_gid)
    return f"others may write to this {what}" if shared or status.st_mode & stat.S_IWOTH else ""


def _is_ours(status: os.stat_result) -> bool:
    return os.name == "nt" or status.st_uid in (ROOT, os.geteuid())


def _is_private(gid: int) -> bool:
    """Whether a group is ours or root's alone, by name, as where users have a group each and the umask is 002.

    The rule of pam_umask(8), `usergroups`: the group has the name of the user. It must have no other member.
    """
    import grp

    try:
        group = grp.getgrgid(gid)
    except KeyError:  # a group without a name, as in a container
        return False
    return group.gr_name in (_name(ROOT), _name(os.geteuid())) and set(group.gr_mem) <= {group.gr_name}


def _name(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
