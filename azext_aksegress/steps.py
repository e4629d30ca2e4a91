"""The steps of a move: each is one update of the whole cluster, made from what was read right before it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable, Sequence

from azext_aksegress import arm, egress, matrix, profiles, ranges
from azext_aksegress.arm import Json
from azext_aksegress.body import for_update, writable
from azext_aksegress.cluster import Cluster
from azext_aksegress.request import Request
from azext_aksegress.snapshot import Untold

AUTHORIZE, MOVE, RESTORE = "authorizeIpRanges", "updateOutboundType", "restoreIpRanges"


@dataclass(frozen=True)
class Update:
    """One PUT of the whole cluster.

    `base` is the cluster as it was read, and `body` the document for Azure, which may hold what a record must not and
    is never printed; `reached` tells of a cluster that was read later whether it is as this update wants it.
    """

    base: Json
    body: Json
    api_version: str
    reached: Callable[[Json], bool]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of the cluster."""
        return arm.name(arm.text(self.base, "id") or "")

    @property
    def etag(self) -> str | None:
        """What pins the update to the cluster that was read, where the api-version has eTags (2024-09-01 on)."""
        return arm.text(self.base, "eTag")

    def is_unchanged(self, now: Json) -> bool:
        """Whether a cluster that was read later is written as it was."""
        return bool(writable(now) == writable(self.base))


@dataclass(frozen=True)
class Step:
    """One step of a plan: what it does, in words, and the update that it makes of a cluster as it is right then; none
    where the cluster is so already. Making one raises Unread."""

    action: str
    detail: str
    update: Callable[[Cluster], Update | None]


def move(cluster: Cluster, request: Request, profile: Json | None = None) -> Update:
    """The update of type and options, on the way back with the profile from before; raises Unread when the cluster has
    no outbound type today."""

    def reached(now: Json) -> bool:
        properties = now.get("properties")
        stored = arm.text(properties, "networkProfile", "outboundType")
        if arm.same(stored, matrix.RETIRED_STANDARD_V2_TYPE):
            stored = matrix.MANAGED_NAT_GATEWAY
        return arm.same(stored, request.to) and not request.differences(properties)

    return Update(cluster.document, for_update(cluster, request, profile), cluster.snapshot.api_version, reached)


def authorize(cluster: Cluster, addresses: Sequence[str], request: Request | None = None) -> Update | None:
    """The update that has the authorized ranges hold some addresses too, before a move or after it; raises Unread."""
    new = ranges.lacking(cluster, addresses, request)
    return _ranges(cluster, ranges.joined(cluster.authorized_ip_ranges, new)) if new else None


def authorize_todays(cluster: Cluster) -> Update | None:
    """The same for the addresses that carry the cluster's egress now, but for those that Azure tells nobody; raises
    Unread where others are not known."""
    found = egress.before(cluster)
    for unread in found.unknown:
        if not isinstance(unread, Untold):
            raise unread
    return authorize(cluster, found.known)


def restore(cluster: Cluster, added: Sequence[str], removed: Sequence[str]) -> Update | None:
    """The update that takes from the authorized ranges what an earlier one added, and puts back what it removed; what
    carries egress now stays, and so does all where that is not known; raises Unread."""
    found = egress.before(cluster)
    if not found.complete:
        return None
    stored = cluster.authorized_ip_ranges
    wanted = ranges.without(stored, added, removed, found.known)
    return _ranges(cluster, wanted) if set(wanted) != set(stored) else None


def _ranges(cluster: Cluster, wanted: tuple[str, ...]) -> Update:
    body = writable(cluster.document)
    properties = body["properties"] = dict(body["properties"])
    others = [key for outbound_type, key in profiles.PROFILES.items() if outbound_type != cluster.outbound_type]
    network = properties["networkProfile"]  # of a type that was left, a profile lingers, and AKS may refuse it
    properties["networkProfile"] = {key: value for key, value in network.items() if key not in others}
    profile = properties.get("apiServerAccessProfile") or {}
    properties["apiServerAccessProfile"] = {**profile, "authorizedIPRanges": list(wanted)}

    def reached(now: Json) -> bool:
        stored = arm.strings(now, "properties", "apiServerAccessProfile", "authorizedIPRanges")
        return ranges.are_same(stored, wanted)

    stored = cluster.authorized_ip_ranges
    update = Update(cluster.document, body, cluster.snapshot.api_version, reached)
    return replace(
        update,
        added=tuple(found for found in wanted if found not in stored),
        removed=tuple(found for found in stored if found not in wanted),
    )
