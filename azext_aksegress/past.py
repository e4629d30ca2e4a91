"""The records of earlier migrations, read back: what was there, what was done, and what is there to undo."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import Any, Iterator

from azext_aksegress import arm, expected, profiles, request
from azext_aksegress.arm import Json
from azext_aksegress.cluster import Cluster
from azext_aksegress.expected import Expected
from azext_aksegress.plan import Undo
from azext_aksegress.record import safe
from azext_aksegress.request import OPTIONS, Request
from azext_aksegress.snapshot import SCHEMA_VERSION
from azext_aksegress.steps import MOVE

MOST_RECORDS = 100
"""Records of one cluster that are looked at, the newest ones."""
LARGEST_RECORD = 4_000_000
"""Bytes; what is larger is no record of ours."""


class RecordError(ValueError):
    """A file is no record that this version understands; the message says which, and why."""


@dataclass(frozen=True)
class Past:
    """One record of a migration or rollback."""

    path: str
    cluster: Json
    before: Json
    expected: Expected
    plan: Any
    is_rollback: bool
    steps: tuple[Json, ...]

    @property
    def cluster_id(self) -> str:
        """The id of the cluster."""
        return arm.text(self.cluster, "id") or ""

    @property
    def origin(self) -> str:
        """The outbound type that the cluster was on."""
        return arm.text(self.before, "properties", "networkProfile", "outboundType") or ""

    @property
    def asked(self) -> Request:
        """What was asked for."""
        return self.expected.request

    @property
    def moved(self) -> bool:
        """Whether the update of type and options was, or may have been, taken by Azure."""
        return any(row.get("action") == MOVE for row in self._taken)

    @property
    def repeats(self) -> bool:
        """Whether it asked for what was stored already, as one that sends a failed update again does."""
        return arm.same(self.origin, self.asked.to) and not self.asked.differences(self.before.get("properties"))

    def _ranges(self, key: str) -> tuple[str, ...]:
        """The authorized ranges that were, or may have been, `added` or `removed`."""
        return tuple(dict.fromkeys(found for row in self._taken for found in arm.strings(row, key)))

    @property
    def _taken(self) -> tuple[Json, ...]:
        """What was sent, less what Azure surely did not take."""
        refused = [row.get("step") for row in self.steps if row.get("event") == "refused"]
        sent = (row for row in self.steps if row.get("event") == "sending")
        return tuple(row for row in sent if row.get("step") not in refused)

    @property
    def back(self) -> Request:
        """The request that leads back to the type, and where they were changed, to the options from before."""
        if not self.moved:
            return Request(self.origin)
        return request.as_stored(
            self.origin, self.before.get("properties"), self.asked, arm.text(self.before, "location")
        )

    @property
    def undo(self) -> Undo:
        """What a rollback by this record undoes."""
        addresses = self.expected.before.known
        return Undo(self.path, addresses, self._ranges("added"), self._ranges("removed"), self.moved)

    def why_not(self, cluster: Cluster) -> str | None:
        """Why there is no way back by this record from where a cluster is now, in a sentence, or None; raises Unread."""
        now, move = cluster.outbound_type, f"{self.origin} -> {self.asked.to}"
        if now == self.origin or (now == self.asked.to and self.moved):
            return None
        if now == self.asked.to:
            return f"Azure did not take the update of {self.path} ({move}), so it was somebody else who set {now}"
        return f"{self.path} is of the move {move}, and {cluster.name} is on {now}: it was moved again since"


def load(path: str) -> Past:
    """The record in a file; raises RecordError for anything else, and OSError."""
    try:
        return _load(path)
    except ValueError as error:
        raise RecordError(f"{path} is no record: {error}") from error


def _load(path: str) -> Past:
    if os.path.getsize(path) > LARGEST_RECORD:
        raise ValueError(f"it is larger than {LARGEST_RECORD} bytes")
    with open(path, "rb") as file:
        try:
            document = json.load(file)
        except (ValueError, RecursionError) as error:
            raise ValueError("it is no JSON, or only a part of it") from error
    version = arm.text(document, "schemaVersion")
    if version != SCHEMA_VERSION:
        raise ValueError(f"its schemaVersion is {version!r}, and this version reads {SCHEMA_VERSION!r}")
    before, steps = arm.dig(document, "before", "cluster"), arm.objects(document, "steps")
    if not arm.text(document, "cluster", "id") or not isinstance(before, dict) or not steps:
        raise ValueError("it does not say of which cluster it is, what was there, or what was done")
    awaited = expected.from_json(arm.dig(document, "expected"), before)
    is_rollback = arm.text(document, "rollbackOf") is not None
    return Past(path, document["cluster"], before, awaited, document.get("plan"), is_rollback, steps)


def newest(folder: str, cluster_id: str) -> Past | None:
    """The newest record of a cluster; raises RecordError when it cannot be understood, and OSError."""
    return next(_of(folder, cluster_id), None)


def to_undo(folder: str, cluster_id: str) -> Past | None:
    """The record of the newest migration that changed something: neither a rollback nor an update that was sent again.

    Raises RecordError and OSError.
    """
    return next((found for found in _of(folder, cluster_id) if not found.is_rollback and not found.repeats), None)


def _of(folder: str, cluster_id: str) -> Iterator[Past]:
    """The records of a cluster, the newest first; one that cannot be read may be of it, and is not passed over."""
    for path in _newest(folder, arm.name(cluster_id)):
        found = load(path)
        if arm.same(found.cluster_id, cluster_id):
            yield found


def former_addresses(folder: str, cluster_id: str) -> tuple[str, ...]:
    """The addresses, and ids of public IPs and prefixes, that a cluster had before its earlier migrations, by their
    records; what cannot be read, is of another cluster or is no record is left out."""
    documents = map(_document, _newest(folder, arm.name(cluster_id)))
    mine = [found for found in documents if arm.same(arm.text(found, "cluster", "id"), cluster_id)]
    return tuple(sorted({address for found in mine for address in _addresses(arm.dig(found, "before"))}))


def _document(path: str) -> Any:
    """What a file holds, or None where it is no JSON, too large or unreadable."""
    try:
        if os.path.getsize(path) > LARGEST_RECORD:
            return None
        with open(path, "rb") as file:
            return json.load(file)
    except (OSError, ValueError, RecursionError):
        return None


def _newest(folder: str, cluster_name: str) -> list[str]:
    ours = re.compile(rf"{re.escape(safe(cluster_name))}-\d{{8}}T\d+Z\.json", re.I)
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
