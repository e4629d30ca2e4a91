"""Report -> Plan: what a migration will do, in order, and what changes by it. Pure: nothing is sent here."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Collection, List, Optional, Tuple

from azext_aksegress import arm, body, egress, matrix
from azext_aksegress.arm import Json
from azext_aksegress.checks import Request
from azext_aksegress.cluster import Cluster
from azext_aksegress.report import Report
from azext_aksegress.snapshot import PREVIEW_API_VERSION, Unread, without_secrets

DISRUPTION = (
    "Egress is down for minutes, open connections are reset, the address that the internet sees changes, "
    "and AKS may reimage nodes."
)
_PATH = "properties.networkProfile"


@dataclass(frozen=True)
class Plan:
    """One update of the cluster, as it will be sent, and its consequences.

    `body` is the document for Azure; it may hold what a record must not, and is never printed.
    """

    cluster: Cluster
    request: Request
    origin: str
    body: Json
    api_version: str
    etag: Optional[str]
    diff: Tuple[Json, ...]
    released: Tuple[str, ...]
    gained: Optional[Tuple[str, ...]]
    fingerprint: str
    accepted: Tuple[str, ...]
    one_way: bool

    @property
    def step(self) -> Json:
        """The one write of the plan."""
        guard = f"If-Match {self.etag}" if self.etag else "only if it reads the same right before"
        return {
            "order": 1,
            "action": "updateOutboundType",
            "resource": self.cluster.id,
            "detail": f"{self.origin} -> {self.request.to}, api-version {self.api_version}, {guard}",
        }

    def to_json(self) -> Json:
        """The plan as the JSON contract spells it."""
        return {
            "steps": [self.step],
            "diff": list(self.diff),
            "releasedIps": list(self.released),
            "gainedIps": None if self.gained is None else list(self.gained),
            "disruption": DISRUPTION,
            "fingerprint": self.fingerprint,
            "accepted": list(self.accepted),
        }


def make(report: Report, accepted: Collection[str]) -> Plan:
    """The plan for what a report judged; raises Unread when today's outbound type is not known."""
    cluster, request = report.cluster, report.request
    new = body.for_update(cluster, request.to, request.nat_gateway_sku)
    before, after = report.before, report.after
    kept = set(before.known) if after.complete else set()
    return Plan(
        cluster=cluster,
        request=request,
        origin=cluster.outbound_type,
        body=new,
        api_version=PREVIEW_API_VERSION if request.to == matrix.BLOCK else cluster.snapshot.api_version,
        etag=arm.text(cluster.document, "eTag"),
        diff=tuple(_diff(body.writable(cluster.document), new)),
        released=tuple(_released(cluster, request)),
        gained=tuple(found for found in after.known if found not in kept) if after.complete else None,
        fingerprint=fingerprint(cluster),
        accepted=tuple(sorted(set(accepted) & set(report.ids("fail", "warn", "unknown")))),
        one_way=report.one_way,
    )


def _diff(old: Json, new: Json) -> List[Json]:
    before, after = (arm.dig(document, "properties", "networkProfile") or {} for document in (old, new))
    return [
        {"path": f"{_PATH}.{key}", "from": without_secrets(before.get(key)), "to": without_secrets(after.get(key))}
        for key in ("outboundType", "loadBalancerProfile", "natGatewayProfile")
        if before.get(key) != after.get(key)
    ]


def _released(cluster: Cluster, request: Request) -> List[str]:
    found = []
    for address_id in egress.released_ids(cluster, request.to, request.nat_gateway_sku):
        try:
            found.append(egress.address(cluster.snapshot, address_id))
        except Unread:
            found.append(address_id)
    return found


def fingerprint(cluster: Cluster) -> str:
    """A hash of everything that was judged, the moment of reading aside: equal when nothing has changed since."""
    document = cluster.snapshot.to_json()
    document.pop("capturedAt")
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()
