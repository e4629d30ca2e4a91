"""Report -> Plan: what a migration will do, in order, and what changes by it. Pure: nothing is sent here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Collection

from azext_aksegress import arm, egress, judged, matrix, profiles
from azext_aksegress.arm import Json
from azext_aksegress.body import for_update, writable
from azext_aksegress.checks import FAIL, UNKNOWN, WARN
from azext_aksegress.cluster import Cluster
from azext_aksegress.fixes import AFTER, Fix, az, named
from azext_aksegress.network import holds
from azext_aksegress.report import Report
from azext_aksegress.request import Request, Value
from azext_aksegress.snapshot import without_secrets

DISRUPTION = "Egress is down for minutes, open connections are reset, and AKS may reimage nodes."
OTHER_OPTIONS = "Outbound connections may fail while AKS changes the options."
NEW_ADDRESS = "The address that the internet sees changes."
REIMAGE = "Nodes take their images from the internet again only once they are reimaged."
CACHE_STAYS = "Nodes go on taking their images from the cache, until that is left too."
_CHANGED = (
    ("networkProfile", "outboundType"),
    ("networkProfile", "loadBalancerProfile"),
    ("networkProfile", "natGatewayProfile"),
    ("bootstrapProfile",),
)
"""All that a move ever changes, as paths below `properties`."""


@dataclass(frozen=True)
class Plan:
    """One update of the cluster, as it will be sent, and its consequences.

    `body` is the document for Azure; it may hold what a record must not, and is never printed.
    """

    report: Report
    body: Json
    accepted: tuple[str, ...]

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
    def move(self) -> str:
        """The move in a few words; within a type it is one of options, or the same update once more."""
        if self.origin != self.target:
            return f"{self.origin} -> {self.target}"
        return f"{self.target}, with other options" if self._changed else f"{self.target}, sent again"

    @property
    def _changed(self) -> bool:
        return bool(profiles.changes(self.cluster, self.request))

    @property
    def api_version(self) -> str:
        """The one that the cluster was read with, so that nothing of it is lost on the way back."""
        return self.cluster.snapshot.api_version

    @property
    def etag(self) -> str | None:
        """What pins the update to the cluster that was judged, where the api-version has eTags (2024-09-01 on)."""
        return arm.text(self.cluster.document, "eTag")

    @property
    def diff(self) -> list[Json]:
        """What changes in the cluster's own settings, by path."""
        return _diff(writable(self.cluster.document), self.body)

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
    def disruption(self) -> str:
        """What the move costs while it is made, in words."""
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

    def to_json(self) -> Json:
        """The plan as the JSON contract spells it."""
        guard = f"If-Match {self.etag}" if self.etag else "only if it reads the same right before"
        options = "".join(f", {option.path[-1]} {_words(value)}" for option, value in self.request.asked)
        step = {
            "order": 1,
            "action": "updateOutboundType",
            "resource": self.cluster.id,
            "detail": f"{self.move}{options}, api-version {self.api_version}, {guard}",
        }
        return {
            "steps": [step],
            "diff": self.diff,
            "releasedIps": self.released,
            "gainedIps": self.gained,
            "disruption": self.disruption,
            "fingerprint": judged.fingerprint(judged.projection(self.cluster.snapshot)),
            "accepted": list(self.accepted),
            "afterwards": [fix.to_json() for fix in self.afterwards],
        }


def _words(value: Value) -> str:
    return ", ".join(arm.name(found) for found in value) if isinstance(value, tuple) else str(value)


def make(report: Report, accepted: Collection[str]) -> Plan:
    """The plan for what a report judged; raises Unread when today's outbound type is not known."""
    cluster, request = report.cluster, report.request
    occurred = report.ids(FAIL, WARN, UNKNOWN)
    return Plan(
        report=report,
        body=for_update(cluster, request),
        accepted=tuple(found for found in occurred if found in accepted),
    )


def _diff(old: Json, new: Json) -> list[Json]:
    rows = [
        row
        for path in _CHANGED
        for row in judged.changes(
            ".".join(("properties", *path)), *(arm.dig(document, "properties", *path) for document in (old, new))
        )
    ]
    return [{"path": path, "from": without_secrets(was), "to": without_secrets(then)} for path, was, then in rows]
