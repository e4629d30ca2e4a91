"""The records of earlier migrations, read back: what was there, what was done, and what is there to undo."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Iterator

from azext_aksegress import arm, expected, profiles, request
from azext_aksegress.arm import Json
from azext_aksegress.cluster import Cluster
from azext_aksegress.expected import Expected
from azext_aksegress.fixes import az
from azext_aksegress.plan import Undo
from azext_aksegress.record import safe
from azext_aksegress.request import OPTIONS, Request
from azext_aksegress.snapshot import API_VERSION, SCHEMA_VERSION, Snapshot, Unread
from azext_aksegress.steps import MOVE

MOST_RECORDS = 100
"""Records of one cluster that are looked at, the newest ones."""
LARGEST_RECORD = 4_000_000
"""Bytes; what is larger is no record of ours."""


class RecordError(Exception):
    """There is no record that serves; the message says which, and why, and `cure` what to do."""

    def __init__(self, message: str, cure: str = "Name another record of this cluster with --record.") -> None:
        super().__init__(message)
        self.cure = cure


class NoWayBack(RecordError):
    """A cluster is not where the record's migration left it."""


@dataclass(frozen=True)
class Past:
    """One record of a migration or rollback: `was` is the cluster before it, on the outbound type `origin`."""

    path: str
    document: Json
    was: Cluster
    origin: str
    expected: Expected

    @property
    def cluster_id(self) -> str:
        """The id of the cluster."""
        return arm.text(self.document, "cluster", "id") or ""

    @property
    def is_rollback(self) -> bool:
        """Whether it is the record of a rollback."""
        return arm.text(self.document, "rollbackOf") is not None

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
        return arm.same(self.origin, self.asked.to) and not self.asked.differences(self._properties)

    def _ranges(self, key: str) -> tuple[str, ...]:
        """The authorized ranges that were, or may have been, `added` or `removed`."""
        return tuple(dict.fromkeys(found for row in self._taken for found in arm.strings(row, key)))

    @property
    def _taken(self) -> tuple[Json, ...]:
        """What was sent, less what Azure surely did not take."""
        rows = arm.objects(self.document, "steps")
        refused = [row.get("step") for row in rows if row.get("event") == "refused"]
        sent = (row for row in rows if row.get("event") == "sending")
        return tuple(row for row in sent if row.get("step") not in refused)

    @property
    def _properties(self) -> Any:
        return self.was.document.get("properties")

    @property
    def back(self) -> Request:
        """The request that leads back to the type, and where they were changed, to the options from before."""
        if not self.moved:
            return Request(self.origin)
        return request.as_stored(self.origin, self._properties, self.asked, self.was.location)

    @property
    def undo(self) -> Undo:
        """What a rollback by this record undoes."""
        released = arm.strings(self.document, "plan", "releasedIps")
        if self.origin == self.asked.to:  # of fewer addresses, AKS chooses which it releases
            released = (*released, *self.expected.before.known)
        return Undo(self.path, released, self._ranges("added"), self._ranges("removed"), self.moved)


def newest(folder: str, cluster_id: str, path: str | None = None) -> Past:
    """The record at a path, or the newest of a cluster in a folder; raises RecordError and OSError."""
    return _pick(_of(folder, cluster_id), folder, cluster_id, path)


def to_undo(folder: str, cluster_id: str, path: str | None = None) -> Past:
    """The record at a path, or in a folder that of the newest migration which changed something: neither a rollback nor
    an update that was sent again; raises RecordError and OSError."""
    changing = (found for found in _of(folder, cluster_id) if not found.is_rollback and not found.repeats)
    return _pick(changing, folder, cluster_id, path)


def _pick(choice: Iterator[Past], folder: str, cluster_id: str, path: str | None) -> Past:
    found = load(os.path.abspath(path)) if path else next(choice, None)
    if found is None:
        raise RecordError(
            f"{folder} has no record of a migration of {arm.name(cluster_id)}.",
            "`az aks egress migrate` keeps one; name a file with --record, or a folder with --record-dir.",
        )
    if not arm.same(found.cluster_id, cluster_id):
        raise RecordError(f"{path} is of {found.cluster_id}, not of {cluster_id}.", "Name that cluster.")
    return found


def _of(folder: str, cluster_id: str) -> Iterator[Past]:
    """The records of a cluster, the newest first; one that cannot be read may be of it, and is not passed over."""
    for path in _newest(folder, arm.name(cluster_id)):
        found = load(path)
        if arm.same(found.cluster_id, cluster_id):
            yield found


def load(path: str) -> Past:
    """The record in a file; raises RecordError for anything else, and OSError."""
    try:
        return _load(path)
    except ValueError as error:
        raise RecordError(f"{path} is no record: {error}.") from error


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
    before = arm.dig(document, "before", "cluster")
    if not arm.text(document, "cluster", "id") or not isinstance(before, dict) or not arm.objects(document, "steps"):
        raise ValueError("it does not say of which cluster it is, what was there, or what was done")
    was = Cluster(Snapshot(arm.text(document, "createdAt") or "", API_VERSION, before))
    try:
        return Past(path, document, was, was.outbound_type, expected.from_json(arm.dig(document, "expected"), was))
    except Unread as unread:
        raise ValueError(str(unread)) from unread


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


def require_way_back(past: Past, snapshot: Snapshot) -> None:
    """Raise NoWayBack where somebody else has moved the cluster; where its type cannot be told, the checks say so."""
    cluster = Cluster(snapshot)
    with suppress(Unread):
        now, move = cluster.outbound_type, f"{past.origin} -> {past.asked.to}"
        if now == past.origin or (now == past.asked.to and past.moved):
            return
        why = f"{past.path} is of the move {move}, but {cluster.name} is on {now}: it was moved again since."
        if now == past.asked.to:
            why = f"{past.path} is of the move {move}, which Azure did not take: somebody else has set {now}."
        there = az("aks egress check", ids=cluster.id, to=past.origin)
        raise NoWayBack(f"{why} Nothing was sent.", f"See whether it can go to {past.origin} from here with `{there}`.")
