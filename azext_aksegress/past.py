"""The records of earlier migrations, read back: what was there, what was done, and what is there to undo."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import islice, takewhile
from typing import Any, Iterator, Sequence

from azext_aksegress import arm, egress, expected, files, owners, profiles, request
from azext_aksegress.arm import Json
from azext_aksegress.cluster import Cluster
from azext_aksegress.egress import Addresses
from azext_aksegress.expected import Expected
from azext_aksegress.fixes import az
from azext_aksegress.plan import Undo
from azext_aksegress.record import newest_first
from azext_aksegress.request import OPTIONS, Option, Request, Value
from azext_aksegress.snapshot import API_VERSION, SCHEMA_VERSION, Snapshot, Unread
from azext_aksegress.steps import MOVE

MOST_RECORDS = 100
"""Records of one cluster that are looked at, the newest ones."""


CLUSTER = "Microsoft.ContainerService/managedClusters"


class RecordError(Exception):
    """There is no record that serves; the message says which, and why, and `cure` what to do."""

    def __init__(self, message: str, cure: str = "Name another record of this cluster with --record.") -> None:
        super().__init__(message)
        self.cure = cure


class NoWayBack(RecordError):
    """A cluster is not where the record's migration left it."""


@dataclass(frozen=True)
class Past:
    """One record of a migration or rollback.

    `was` is the cluster before it, on the outbound type `origin`; `with_it` are the records of tries that belong to it
    and changed nothing but authorized ranges; `undone_by` is the record of a rollback that has taken it back.
    """

    path: str
    document: Json
    was: Cluster
    origin: str
    expected: Expected
    with_it: tuple[Past, ...] = ()
    undone_by: str | None = None

    @property
    def cluster_id(self) -> str:
        """The id of the cluster."""
        return arm.text(self.document, "cluster", "id") or ""

    @property
    def rollback_of(self) -> str | None:
        """The path of the record that it takes back, where it is of a rollback."""
        return arm.text(self.document, "rollbackOf")

    @property
    def is_rollback(self) -> bool:
        """Whether it is the record of a rollback."""
        return self.rollback_of is not None

    @property
    def was_made(self) -> bool:
        """Whether Azure took every update that was sent, and none of them failed."""
        rows = arm.objects(self.document, "steps")
        sent = [row.get("step") for row in rows if row.get("event") == "sending"]
        taken = [row.get("step") for row in rows if row.get("event") in ("accepted", "succeeded")]
        failed = any(row.get("event") in ("failed", "refused", "unknown") for row in rows)
        return bool(sent) and not failed and all(step in taken for step in sent)

    def aims_as(self, other: Past) -> bool:
        """Whether it is of a move to the same type."""
        return arm.same(self.asked.to, other.asked.to)

    def is_another_try_of(self, later: Past) -> bool:
        """Whether it is of the same move as one that was made later, and did not come to its end."""
        same = arm.same(self.origin, later.origin) and self.aims_as(later)
        return same and not self.is_rollback and not self.was_made

    @property
    def asked(self) -> Request:
        """What was asked for."""
        return self.expected.request

    @property
    def moved(self) -> bool:
        """Whether the update of type and options was, or may have been, taken by Azure, and is not taken back yet."""
        return not self.undone_by and any(row.get("action") == MOVE for row in self.taken)

    @property
    def repeats(self) -> bool:
        """Whether it asked for what was stored already, as one that sends a failed update again does."""
        return arm.same(self.origin, self.asked.to) and not self.asked.differences(self._properties)

    def _ranges(self, key: str) -> tuple[str, ...]:
        """The authorized ranges that were, or may have been, `added` or `removed`."""
        rows = [row for one in (self, *self.with_it) for row in one.taken if not self.undone_by]
        return tuple(dict.fromkeys(found for row in rows for found in arm.strings(row, key)))

    @property
    def taken(self) -> tuple[Json, ...]:
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
        made_by_aks = arm.strings(self.document, "before", "ipsMadeByAks")
        return Undo(self.path, made_by_aks, self._ranges("added"), self._ranges("removed"), self.moved, self._profile)

    @property
    def _profile(self) -> Json | None:
        """The profile of the type that the cluster was on, as it was."""
        profile = self.was.setting("networkProfile", profiles.PROFILES.get(self.origin, ""))
        return profile if isinstance(profile, dict) else None


def newest(folder: str, cluster_id: str, path: str | None = None) -> Past:
    """The record at a path, or the newest of a cluster in a folder; raises RecordError and OSError, NotOurs among them
    where somebody else may have written it, or taken newer ones away."""
    return _pick(_of(folder, cluster_id), folder, cluster_id, path)


def to_undo(folder: str, cluster_id: str, path: str | None = None) -> Past:
    """The record at a path, or in a folder that of the newest migration that is neither a rollback nor an update sent
    again; with what the records around it say of it; raises RecordError and OSError.

    A migration that Azure refused is not passed over: who takes the last one back does not mean one from long ago.
    """
    named = _pick(iter(()), folder, cluster_id, path) if path else None
    records = _readable(_of(os.path.dirname(named.path), cluster_id)) if named else _of(folder, cluster_id)
    newer: list[Past] = []
    chosen = named
    for found in records:
        if found.path == named.path if named else not (found.is_rollback or found.repeats):
            chosen = found
            break
        newer.append(found)
    if chosen is None:
        chosen = _pick((found for found in newer[::-1] if not found.is_rollback), folder, cluster_id, None)
    return _with_its_tries(chosen, newer, _readable(records))


def _with_its_tries(chosen: Past, newer: Sequence[Past], older: Iterator[Past]) -> Past:
    """A record with the tries of the same move around it, and the rollback that took it back."""
    rollbacks = [found for found in newer if found.is_rollback and found.was_made]
    name = os.path.basename(chosen.path)
    undone_by = next((row.path for row in rollbacks if os.path.basename(row.rollback_of or "") == name), None)
    again = [found for found in newer if found.repeats and not found.is_rollback and found is not chosen]
    before = takewhile(lambda one: one.is_another_try_of(chosen), older)
    return replace(chosen, undone_by=undone_by, with_it=(*(row for row in again if row.aims_as(chosen)), *before))


def _readable(records: Iterator[Past]) -> Iterator[Past]:
    """Records as long as they can be read: they only add to what another one says."""
    with suppress(RecordError, OSError):
        yield from records


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
        with _told(path):
            document = files.read(path)
            other = arm.text(document, "cluster", "id")
            found = _understood(path, document) if other is None or arm.same(other, cluster_id) else None
        if found:
            yield found


def load(path: str) -> Past:
    """The record in a file; raises RecordError for anything else, and OSError."""
    with _told(path):
        return _understood(path, files.read(path))


@contextmanager
def _told(path: str) -> Iterator[None]:
    """Say of which file it is that it is no record."""
    try:
        yield
    except ValueError as error:
        raise RecordError(f"{path} is no record: {error}.") from error


def _understood(path: str, document: Any) -> Past:
    version = arm.text(document, "schemaVersion")
    if version != SCHEMA_VERSION:
        raise ValueError(f"its schemaVersion is {version!r}, and this version reads {SCHEMA_VERSION!r}")
    before = arm.dig(document, "before", "cluster")
    if not arm.text(document, "cluster", "id") or not isinstance(before, dict) or not arm.objects(document, "steps"):
        raise ValueError("it does not say of which cluster it is, what was there, or what was done")
    cluster_id = arm.text(document, "cluster", "id") or ""
    if not arm.same(arm.resource_type(cluster_id), CLUSTER) or not arm.same(arm.text(before, "id"), cluster_id):
        raise ValueError("it is of no cluster, or of two")
    api_version = arm.text(document, "before", "apiVersion") or API_VERSION
    was = Cluster(Snapshot(arm.text(document, "createdAt") or "", api_version, before))
    try:
        awaited = _since(document, was, expected.from_json(arm.dig(document, "expected"), was))
        found = Past(path, document, was, was.outbound_type, awaited)
        request.from_json(found.back.to_json(), None)  # raises for what nobody can ask for
    except Unread as unread:
        raise ValueError(str(unread)) from unread
    return found


def _since(document: Json, was: Cluster, awaited: Expected) -> Expected:
    """What is expected, with what the steps of a record say was done to the ranges, and found of the addresses that AKS
    made; raises Unread."""
    steps = arm.objects(document, "steps")
    stored: tuple[str, ...] | None = was.authorized_ip_ranges
    done = [row.get("step") for row in steps if row.get("event") == "succeeded"]
    for row in steps:
        if row.get("event") == "sending" and row.get("action") != MOVE:
            kept = [known for known in stored or () if known not in arm.strings(row, "removed")]
            stored = (*kept, *arm.strings(row, "added")) if row.get("step") in done and stored is not None else None
    seen = [arm.strings(row, "verification", "egressIps") for row in steps if row.get("event") == "applied"]
    by_aks = {egress.MADE_BY_THE_MOVE, egress.CHOSEN_BY_AKS}
    if seen and awaited.after.unknown and {row.reason for row in awaited.after.unknown} <= by_aks:
        awaited = replace(awaited, after=Addresses(seen[-1], ()))
    return replace(awaited, ranges=stored)


def former_addresses(folder: str, cluster_id: str) -> tuple[str, ...]:
    """The addresses, and ids of public IPs and prefixes, that a cluster had before its earlier migrations, by their
    records; what cannot be read, is of another cluster or is no record is left out."""
    try:
        documents = map(_document, _newest(folder, arm.name(cluster_id)))
    except OSError:
        return ()
    mine = (found for found in documents if arm.same(arm.text(found, "cluster", "id"), cluster_id))
    newest_ones = islice(mine, MOST_RECORDS)
    return tuple(sorted({address for found in newest_ones for address in _addresses(arm.dig(found, "before"))}))


def _document(path: str) -> Any:
    """What a file holds, or None where it is none of ours."""
    try:
        return files.read(path)
    except (OSError, ValueError):
        return None


def _newest(folder: str, cluster_name: str) -> list[str]:
    """The records of clusters with a name, the newest first; raises NotOurs where others can take some away, and other
    OSErrors but where there is no such folder."""
    with suppress(FileNotFoundError):
        owners.require_folder(folder)
    return newest_first(folder, cluster_name)


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
    there = az("aks egress check", ids=cluster.id, to=past.origin)
    cure = f"See whether it can go to {past.origin} from here with `{there}`."
    require_the_same(past, cluster)
    with suppress(Unread):
        now, move = cluster.outbound_type, f"{past.origin} -> {past.asked.to}"
        if now == past.origin == past.asked.to and past.moved:
            _require_our_options(past, cluster, cure)
        if past.undone_by and now != past.origin:
            why = f"{past.path} was rolled back, by {past.undone_by}; somebody else has set {now} since."
            raise NoWayBack(f"{why} Nothing was sent.", cure)
        if now == past.origin or (now == past.asked.to and past.moved):
            return
        why = f"{past.path} is of the move {move}, but {cluster.name} is on {now}: it was moved again since."
        if now == past.asked.to:
            why = f"{past.path} is of the move {move}, which Azure did not take: somebody else has set {now}."
        raise NoWayBack(f"{why} Nothing was sent.", cure)


def require_the_same(past: Past, cluster: Cluster) -> None:
    """Raise RecordError for the record of a cluster that was deleted, and made again with the same name."""
    uid, was = (arm.text(found.document, "properties", "resourceUID") for found in (cluster, past.was))
    if uid and was and not arm.same(uid, was):
        raise RecordError(f"{past.path} is of an earlier cluster of the name {cluster.name}.")


def _require_our_options(past: Past, cluster: Cluster, cure: str) -> None:
    """Raise NoWayBack where somebody else has set an option that the migration had changed."""
    properties, before = cluster.document.get("properties"), past.was.document.get("properties")
    for option, asked, stored in past.asked.differences(properties):
        was = option.stored(before)
        if (
            stored != was
            and not (was is not None and option.holds(stored, was))
            and not _are_default(option, stored, was)
        ):
            words = f"{option.path[-1]} is {arm.spelled(stored)}, and {past.path} had set {arm.spelled(asked)}"
            raise NoWayBack(f"{words}: somebody else has changed it since. Nothing was sent.", cure)


def _are_default(option: Option, *values: Value | None) -> bool:
    """Whether values are what AKS sets by itself, said or not."""
    return all(value is None or option.is_default(value) for value in values)
