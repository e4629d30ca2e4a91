"""The record of a migration: what was there before, saved before the first write, and what was done since."""

from __future__ import annotations

import json
import os
import re
from datetime import datetime, timezone
from typing import Any, Callable, Iterator

from azext_aksegress import arm, files, profiles
from azext_aksegress.arm import Json
from azext_aksegress.plan import Plan
from azext_aksegress.report import Report, cluster_json
from azext_aksegress.request import OPTIONS
from azext_aksegress.snapshot import SCHEMA_VERSION, without_secrets

FOLDER = "aksegress"
MOST_RECORDS = 100
"""Records of one cluster that are looked at, the newest ones."""
LARGEST_RECORD = 4_000_000
"""Bytes; what is larger is no record of ours."""


class Record:
    """A JSON file that only its owner can read, replaced as a whole at each change."""

    def __init__(self, folder: str, report: Report, plan: Plan, versions: dict[str, str]) -> None:
        """Nothing is written yet. `folder` is made when it is not there."""
        now = datetime.now(timezone.utc)
        name = f"{_safe(report.cluster.name)}-{now.strftime('%Y%m%dT%H%M%S%fZ')}.json"
        self.path = os.path.join(folder, name)
        self._document: Json = {
            "schemaVersion": SCHEMA_VERSION,
            "createdAt": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "versions": versions,
            "cluster": cluster_json(report.cluster),
            "before": {
                "networkProfile": without_secrets(report.cluster.setting("networkProfile")),
                "eTag": plan.etag,
                "egressIps": list(report.before.known),
            },
            "plan": plan.to_json(),
            "guardedBy": "eTag" if plan.etag else "a second read right before the write",
            "steps": [],
        }

    def save(self) -> None:
        """Write the file anew, atomically and to the disk, with mode 0600; raises OSError."""
        os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
        files.write(self.path, self._document)

    def done(self, event: str, **details: Any) -> None:
        """Add what happened to the steps, and save; raises OSError."""
        at = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._document["steps"].append({"at": at, "event": event, **without_secrets(details)})
        self.save()

    def keep(self, tell: Callable[[str], object], event: str, **details: Any) -> None:
        """The same once the update is out, when a full disk must not keep anybody from following it."""
        try:
            self.done(event, **details)
        except OSError as error:
            tell(f"the record cannot be written any more ({error.strerror})")


def _safe(name: str) -> str:
    """A cluster's name as the beginning of a file's."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name) or "cluster"


def former_addresses(folder: str, cluster_id: str) -> tuple[str, ...]:
    """The addresses, and ids of public IPs and prefixes, that a cluster had before its earlier migrations, by their
    records; what cannot be read, is of another cluster or is no record is left out."""
    found = {address for before in _earlier(folder, cluster_id) for address in _addresses(before)}
    return tuple(sorted(found))


def _earlier(folder: str, cluster_id: str) -> Iterator[Any]:
    """What the records of a cluster say of it as it was."""
    for path in _newest(folder, arm.name(cluster_id)):
        try:
            if os.path.getsize(path) > LARGEST_RECORD:
                continue
            with open(path, "rb") as file:
                document = json.load(file)
        except (OSError, ValueError, RecursionError):
            continue
        if arm.same(arm.text(document, "cluster", "id"), cluster_id):
            yield arm.dig(document, "before")


def _newest(folder: str, cluster_name: str) -> list[str]:
    ours = re.compile(rf"{re.escape(_safe(cluster_name))}-\d{{8}}T\d+Z\.json", re.I)
    try:
        names = [name for name in os.listdir(folder) if ours.fullmatch(name)]
    except OSError:
        return []
    return [os.path.join(folder, name) for name in sorted(names, reverse=True)[:MOST_RECORDS]]


def _addresses(before: Any) -> Iterator[str]:
    yield from arm.strings(before, "egressIps")
    for profile in profiles.PROFILES.values():
        yield from arm.references(before, "networkProfile", profile, "effectiveOutboundIPs")
    for option in OPTIONS:
        stored = option.stored(before) if option.takes_ids else None
        yield from stored if isinstance(stored, tuple) else ()
