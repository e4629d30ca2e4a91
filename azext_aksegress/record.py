"""The record of a migration: what was there before, saved before the first write, and what was done since."""

from __future__ import annotations

import errno
import os
import re
from datetime import datetime, timedelta, timezone
from typing import Any, Callable

from azext_aksegress import files, owners, profiles
from azext_aksegress.arm import Json
from azext_aksegress.plan import Plan
from azext_aksegress.report import cluster_json
from azext_aksegress.snapshot import SCHEMA_VERSION, without_secrets

STAMP = "%Y%m%dT%H%M%S%f"
"""The time in a record's name, in UTC and to the microsecond: by it, records are put in order."""


class Record:
    """A JSON file that only its owner can read, replaced as a whole at each change."""

    def __init__(self, folder: str, plan: Plan, versions: dict[str, str]) -> None:
        """Nothing is written yet, and until it is, `path` may change. `folder` is made when it is not there."""
        now = datetime.now(timezone.utc)
        self._folder, self._cluster_name, self._is_there = folder, plan.cluster.name, False
        self.path = self._named(now.strftime(STAMP))
        self.step: int | None = None
        """The number of the plan's step that is made now; what happens is written down with it."""
        self.last_event: str | None = None
        self._document: Json = {
            "schemaVersion": SCHEMA_VERSION,
            "createdAt": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "versions": versions,
            "cluster": cluster_json(plan.cluster),
            "rollbackOf": plan.undo.record if plan.undo else None,
            "before": {
                "networkProfile": without_secrets(plan.cluster.setting("networkProfile")),
                "egressIps": list(plan.report.before.known),
                "ipsMadeByAks": list(profiles.addresses_made_by_aks(plan.cluster)),
                "eTag": plan.etag,
                "apiVersion": plan.api_version,
                "cluster": without_secrets(plan.cluster.document),
            },
            "expected": plan.expected.to_json(),
            "plan": plan.to_json(),
            "guardedBy": "eTag" if plan.etag else "a second read right before the write",
            "steps": [],
        }

    def save(self) -> None:
        """Write the file anew, atomically and to the disk, with mode 0600; raises OSError, and NotOurs where others can
        write to the folder."""
        _make(self._folder)
        owners.require_folder(self._folder)
        if self._is_there:
            files.write(self.path, self._document)
        else:
            self._create()

    def _create(self) -> None:
        """Write the file as the newest one, beside those of commands that run at the same time, and whatever the clock
        said when the others were written."""
        stamp = stamp_of(self.path)
        for newest in newest_first(self._folder, self._cluster_name)[:1]:
            stamp = max(stamp, _after(stamp_of(newest)))
        while not self._is_there:
            self.path = self._named(stamp)
            try:
                files.create(self.path, self._document)
                self._is_there = True
            except FileExistsError:
                stamp = _after(stamp)

    def _named(self, stamp: str) -> str:
        return os.path.join(self._folder, f"{safe(self._cluster_name)}-{stamp}Z.json")

    def done(self, event: str, **details: Any) -> None:
        """Add what happened to the steps, and save; raises OSError."""
        at = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        of_step = {"step": self.step} if self.step else {}
        self._document["steps"].append({"at": at, **of_step, "event": event, **without_secrets(details)})
        self.last_event = event
        self.save()

    def keep(self, tell: Callable[[str], object], event: str, **details: Any) -> None:
        """The same once the update is out, when a full disk must not keep anybody from following it."""
        try:
            self.done(event, **details)
        except OSError as error:
            tell(f"the record cannot be written any more ({error.strerror})")


def safe(name: str) -> str:
    """A cluster's name as the beginning of a file's."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name) or "cluster"


def _make(folder: str) -> None:
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
    except RecursionError as error:  # a level of Python's for each of the path's
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), folder) from error


def newest_first(folder: str, cluster_name: str) -> list[str]:
    """The paths of the records of clusters with a name; raises OSError but where there is no such folder."""
    try:
        found = [name for name in os.listdir(folder) if _is_of(cluster_name, name)]
    except FileNotFoundError:
        return []
    return [os.path.join(folder, name) for name in sorted(found, key=stamp_of, reverse=True)]


def _is_of(cluster_name: str, file_name: str) -> bool:
    return bool(re.fullmatch(rf"{re.escape(safe(cluster_name))}-\d{{8}}T\d+Z\.json", file_name, re.I))


def stamp_of(path: str) -> str:
    """The digits of the time in a record's name."""
    return path.rpartition("-")[2][: -len("Z.json")].upper()


def _after(stamp: str) -> str:
    """A time a microsecond later."""
    try:
        return (datetime.strptime(stamp, STAMP) + timedelta(microseconds=1)).strftime(STAMP)
    except (ValueError, OverflowError):  # no time, or the last one that there is
        return f"{stamp}0"  # which stands behind it all the same
