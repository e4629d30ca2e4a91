"""Report -> Plan: what a migration will do, in order, and what changes by it. Pure: nothing is sent here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Collection, Iterator, Sequence

from azext_aksegress import arm, egress, expected, judged, matrix, profiles, ranges, steps
from azext_aksegress.arm import Json
from azext_aksegress.body import EGRESS, writable
from azext_aksegress.checks import FAIL, UNKNOWN, WARN
from azext_aksegress.cluster import Cluster
from azext_aksegress.expected import Expected
from azext_aksegress.fixes import AFTER, Fix, az, named
from azext_aksegress.network import holds
from azext_aksegress.report import Report
from azext_aksegress.request import UPDATE_RANGES, Request, Value
from azext_aksegress.snapshot import without_secrets
from azext_aksegress.steps import AUTHORIZE, MOVE, RESTORE, Step, Update

DISRUPTION = "Egress is down for minutes, open connections are reset, and AKS may reimage nodes."
OTHER_OPTIONS = "Outbound connections may fail while AKS changes the options."
NEW_ADDRESS = "The address that the internet sees changes."
REIMAGE = "Nodes take their images from the internet again only once they are reimaged."
RANGES_ONLY = "Egress stays as it is: only the API server's authorized IP ranges change."
CACHE_STAYS = "Nodes go on taking their images from the cache, until that is left too."


@dataclass(frozen=True)
class Undo:
    """What a rollback undoes of a migration.

    Its record, the addresses that AKS had made before it, the authorized ranges that it added and removed, whether its
    update of the type was, or may have been, taken, and the profile of the type from before.
    """

    record: str
    made_by_aks: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    moved: bool
    profile: Json | None = None

    def command(self, report: Report, accepted: Sequence[str] = ()) -> str:
        """The command that makes the rollback of a cluster as it was judged."""
        ranges_too = {UPDATE_RANGES: True} if report.request.update_ranges else {}
        accepting = {"accept": accepted} if accepted else {}
        return az("aks egress rollback", ids=report.cluster.id, record=self.record, **ranges_too, **accepting)

    def lost(self, report: Report) -> tuple[str, ...]:
        """The addresses that AKS has released since: nobody gets them again."""
        if not self.moved:
            return ()
        cluster = report.cluster
        there = [found for kept in profiles.PROFILES for found in profiles.effective_ids(cluster, kept)]
        kept = [profiles.address_or_name(cluster.snapshot, found) for found in there]
        return tuple(dict.fromkeys(found for found in self.made_by_aks if not any(holds(one, found) for one in kept)))


@dataclass(frozen=True)
class Plan:
    """The updates of a cluster that a move takes, and its consequences; `undo` is there where it is a rollback."""

    report: Report
    accepted: tuple[str, ...]
    undo: Undo | None = None

    @property
    def cluster(self) -> Cluster:
        """The cluster as it was judged."""
        return self.report.cluster

    @property
    def request(self) -> Request:
        """What was asked for."""
        return self.report.request

    @property
    def origin(self) -> str:
        """The outbound type that is left."""
        return self.cluster.outbound_type

    @property
    def target(self) -> str:
        """The outbound type that is asked for."""
        return self.report.request.to

    @property
    def moves(self) -> bool:
        """Whether the type or its options are sent; they may be there already, and only ranges to be changed."""
        return not self.report.is_done and (self.undo is None or self.undo.moved)

    @property
    def move(self) -> str:
        """The move in a few words; within a type it is one of options, or the same update once more."""
        if not self.moves:
            return f"{self.target}, with other authorized IP ranges"
        if self.origin != self.target:
            return f"{self.origin} -> {self.target}"
        return f"{self.target}, with other options" if self._changed else f"{self.target}, sent again"

    @property
    def expected(self) -> Expected:
        """What is to be there afterwards."""
        return expected.of(self.report, self.undo.added if self.undo else ())

    @property
    def _changed(self) -> bool:
        return bool(profiles.changes(self.cluster, self.request))

    @property
    def api_version(self) -> str:
        """The one that the cluster was read with, so that nothing of it is lost on the way back."""
        return self.cluster.snapshot.api_version

    @property
    def etag(self) -> str | None:
        """What pins the first update to the cluster that was judged, where the api-version has eTags."""
        return arm.text(self.cluster.document, "eTag")

    @property
    def command(self) -> str:
        """The command that makes this move, for a person to run again."""
        if self.undo:
            return self.undo.command(self.report, self.accepted)
        accepting = {"accept": self.accepted} if self.accepted else {}
        return az("aks egress migrate", ids=self.cluster.id, **self.request.spelled, **accepting)

    @property
    def diff(self) -> list[Json]:
        """What changes in the cluster's own settings, by path, as far as it is known."""
        return _diff(writable(self.cluster.document), self._final)

    @property
    def _final(self) -> Json:
        """The cluster's settings once all steps are made, but for the ranges of addresses that are not known yet."""
        body = self._move(self.cluster).body if self.moves else writable(self.cluster.document)
        wanted = self._known_ranges
        if wanted == self.cluster.authorized_ip_ranges:
            return body
        profile = {**(arm.dig(body, "properties", "apiServerAccessProfile") or {}), "authorizedIPRanges": list(wanted)}
        return {**body, "properties": {**body["properties"], "apiServerAccessProfile": profile}}

    @property
    def _known_ranges(self) -> tuple[str, ...]:
        """The authorized ranges after all steps, as far as they are known."""
        wanted, after = self.ranges_before_the_move, self.report.after
        if self.undo and after.complete:
            return ranges.without(
                wanted, self.undo.added, self.undo.removed, egress.to_admit(self.cluster, self.request)
            )
        return wanted

    @property
    def released(self) -> list[str]:
        """The addresses that AKS made for the path that is left, and deletes."""
        return [profiles.address_or_name(self.cluster.snapshot, address_id) for address_id in self._released_ids()]

    def _released_ids(self) -> tuple[str, ...]:
        return profiles.released_ids(self.cluster, self.report.request)

    @property
    def gained(self) -> list[str] | None:
        """The addresses that are new, or None where they cannot be known before the move."""
        before, after = self.report.before, self.report.after
        new = [found for found in after.known if not any(holds(found, today) for today in before.known)]
        return new if all(unread.reason == egress.CHOSEN_BY_AKS for unread in after.unknown) else None

    @property
    def lost(self) -> tuple[str, ...]:
        """The addresses that the migration has cost, which a rollback does not bring back."""
        return self.undo.lost(self.report) if self.undo else ()

    @property
    def disruption(self) -> str:
        """What the move costs while it is made, in words."""
        if not self.moves:
            return RANGES_ONLY
        before, after = self.report.before, self.report.after
        words = [OTHER_OPTIONS if self._keeps_the_gateway else DISRUPTION]
        kept = all(any(holds(found, today) for found in after.known) for today in before.known)
        if not (before.complete and after.complete and kept and not self.gained):
            words.append(NEW_ADDRESS)
        _, fewer = profiles.more_and_fewer(self.cluster, self.request)
        if fewer:
            words.append(f"{fewer} of today's addresses will be released, and AKS chooses which.")
        if self.request.artifact_source:
            words.append(REIMAGE)
        elif self._leaves_isolation:
            words.append(CACHE_STAYS)
        return " ".join(words)

    @property
    def _leaves_isolation(self) -> bool:
        return self.origin in matrix.ISOLATED and self.target not in matrix.ISOLATED

    @property
    def _keeps_the_gateway(self) -> bool:
        return self._changed and not profiles.renews_nat_gateway(self.cluster, self.request)

    @property
    def afterwards(self) -> tuple[Fix, ...]:
        """The commands that stay with the user once the move is made, in order: networks are shared, and AKS reimages
        no node by itself (AKS documentation, concepts-network-isolated.md, 2026-06-15)."""
        mends = [fix for finding in self.report.findings for fix in finding.seen.fix if fix.when == AFTER]
        here = named(self.cluster.id)
        if self._leaves_isolation and not self.request.artifact_source:
            mends.append(Fix(AFTER, az("aks update", **here, bootstrap_artifact_source="Direct")))
        if self._leaves_isolation or self.request.artifact_source:
            mends.append(Fix(AFTER, az("aks upgrade", **here, node_image_only=True)))
        return tuple(dict.fromkeys(mends))

    @property
    def steps(self) -> tuple[Step, ...]:
        """The updates to send, in order (design, "The order of a move"): ranges for addresses that are known, the type,
        ranges for addresses that AKS makes only then; on the way back, last, the ranges that the move had added."""
        return tuple(self._steps())

    def _steps(self) -> Iterator[Step]:
        cluster, request, after = self.cluster, self.request, self.report.after
        new = _new_ranges(self.report)
        if new:
            yield Step(AUTHORIZE, f"add {', '.join(new)} to the authorized IP ranges", self._authorize)
        if self.moves:
            options = "".join(f", {option.path[-1]} {_words(value)}" for option, value in request.asked)
            yield Step(MOVE, f"{self.move}{options}", self._move)
        made_then = any(row.reason == egress.MADE_BY_THE_MOVE for row in after.unknown)
        room = not ranges.too_many(cluster, len(self.ranges_before_the_move) + 1)
        opens = request.update_ranges and ranges.are_in_use(cluster) and room
        if opens and made_then and not ranges.admit_what_aks_makes(cluster):
            words = "add the addresses that AKS makes to the authorized IP ranges"
            yield Step(AUTHORIZE, words, steps.authorize_todays)
        if self.undo:
            yield from self._restoring(self.undo)

    def _restoring(self, undo: Undo) -> Iterator[Step]:
        """The step that takes out of the authorized ranges what the migration had added, as far as nothing needs it."""
        then, wanted = self.ranges_before_the_move, self._known_ranges
        known = self.report.after.complete
        gone, back = ranges.differing(then, wanted) if known else (undo.added, ())
        parts = [f"take {', '.join(gone)} out of the authorized IP ranges"] if gone else []
        parts += [f"put {', '.join(back)} back"] if back else []
        words = f"{' and '.join(parts)}{'' if known else ', if they carry no egress any more'}"
        if parts and (self.moves or steps.restore(self.cluster, undo.added, undo.removed)):
            yield Step(RESTORE, words, lambda now: steps.restore(now, undo.added, undo.removed))

    @property
    def ranges_before_the_move(self) -> tuple[str, ...]:
        """The authorized ranges once what is known has been added to them."""
        stored = self.cluster.authorized_ip_ranges
        new = _new_ranges(self.report)
        return ranges.joined(stored, new) if new else stored

    def _move(self, now: Cluster) -> Update:
        return steps.move(now, self.request, self.undo.profile if self.undo else None)

    def _authorize(self, now: Cluster) -> Update | None:
        return steps.authorize(now, egress.to_admit(self.cluster, self.request), self.request)

    def to_json(self) -> Json:
        """The plan as the JSON contract spells it."""
        guard = f"If-Match {self.etag}" if self.etag else "only if it reads the same right before"
        later = "If-Match of the cluster read again" if self.etag else guard
        rows = [
            {
                "order": number,
                "action": step.action,
                "resource": self.cluster.id,
                "detail": f"{step.detail}, api-version {self.api_version}, {later if number > 1 else guard}",
            }
            for number, step in enumerate(self.steps, start=1)
        ]
        return {
            "steps": rows,
            "diff": self.diff,
            "releasedIps": self.released,
            "gainedIps": self.gained,
            **({"lostIps": list(self.lost)} if self.undo else {}),
            "disruption": self.disruption,
            "fingerprint": judged.fingerprint(judged.projection(self.cluster.snapshot)),
            "accepted": list(self.accepted),
            "afterwards": [fix.to_json() for fix in self.afterwards],
        }


def _words(value: Value) -> str:
    return ", ".join(arm.name(found) for found in value) if isinstance(value, tuple) else str(value)


def make(report: Report, accepted: Collection[str], undo: Undo | None = None) -> Plan:
    """The plan for what a report judged; raises Unread when today's outbound type is not known."""
    occurred = report.ids(FAIL, WARN, UNKNOWN)
    return Plan(report, tuple(found for found in occurred if found in accepted), undo)


def _new_ranges(report: Report) -> tuple[str, ...]:
    """What the authorized ranges lack of the addresses that are known before the move, where they are to be updated."""
    if not report.request.update_ranges:
        return ()
    new = ranges.lacking(report.cluster, egress.to_admit(report.cluster, report.request), report.request)
    number = len(ranges.joined(report.cluster.authorized_ip_ranges, new))
    return () if ranges.too_many(report.cluster, number) else new


def _diff(old: Json, new: Json) -> list[Json]:
    rows = [
        row
        for path in EGRESS
        for row in judged.changes(path, *(arm.dig(document, *path.split(".")) for document in (old, new)))
    ]
    return [{"path": path, "from": without_secrets(was), "to": without_secrets(then)} for path, was, then in rows]
