"""What is to be there after a move: worked out before it, kept in its record, held against the cluster later. Pure."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Iterable

from azext_aksegress import arm, egress, judged, matrix, profiles, request
from azext_aksegress.arm import Json
from azext_aksegress.cluster import Cluster
from azext_aksegress.egress import Addresses
from azext_aksegress.report import Report
from azext_aksegress.request import Request
from azext_aksegress.snapshot import Unread, Untold


@dataclass(frozen=True)
class Expected:  # pylint: disable=too-many-instance-attributes  # all that a record keeps of an expectation
    """The type and options that were asked for, and the egress addresses of before and after the move.

    `gone` are the addresses of the gateway that is left or renewed, `withdrawn` the authorized ranges that a rollback
    takes out, `settled` the addresses once what overrides the new path is taken away, too, and `gateways` the NAT
    gateways of one's own that carry egress then.

    Only a record tells the rest: the authorized `ranges` as they were left, and the settings `beside` egress, which no
    move changes, with the api-version that told them.
    """

    request: Request
    before: Addresses
    after: Addresses
    gone: tuple[str, ...]
    withdrawn: tuple[str, ...] = ()
    settled: Addresses | None = None
    gateways: tuple[str, ...] = ()
    ranges: tuple[str, ...] | None = None
    beside: Json | None = None
    api_version: str | None = None

    def to_json(self) -> Json:
        """The expectation as a record keeps it, the cluster's settings aside."""
        return {
            "request": self.request.to_json(),
            "before": _addresses_json(self.before),
            "after": _addresses_json(self.after),
            "gone": list(self.gone),
            "withdrawn": list(self.withdrawn),
            "settled": _addresses_json(self.settled) if self.settled else None,
            "gateways": list(self.gateways),
        }


def of(report: Report, withdrawn: tuple[str, ...] = ()) -> Expected:
    """What a judged move is expected to lead to."""
    cluster, asked = report.cluster, report.request
    replaced = profiles.replaced_ids(cluster, asked)
    gone = tuple(profiles.address_or_name(cluster.snapshot, found) for found in replaced)
    settled = egress.settled(cluster, asked)
    other = settled if _said(settled) != _said(report.after) else None
    gateways = _gateways(report) if other else ()
    return Expected(asked, report.before, report.after, gone, withdrawn, other, gateways)


def from_json(document: Any, cluster: Cluster) -> Expected:
    """The expectation in a record, of a cluster as it was then; raises ValueError when it is none."""
    return Expected(
        request=request.from_json(arm.dig(document, "request"), None),
        before=_addresses(arm.dig(document, "before")),
        after=_addresses(arm.dig(document, "after")),
        gone=arm.strings(document, "gone"),
        withdrawn=arm.strings(document, "withdrawn"),
        gateways=arm.strings(document, "gateways"),
        settled=_addresses(arm.dig(document, "settled")) if arm.dig(document, "settled") else None,
        beside=judged.beside_egress(cluster.document),
        api_version=cluster.snapshot.api_version,
    )


def _gateways(report: Report) -> tuple[str, ...]:
    """The ids of the NAT gateways that a target has on the cluster's subnets, where that is its path."""
    if report.request.to != matrix.USER_ASSIGNED_NAT_GATEWAY:
        return ()
    with suppress(Unread):
        return tuple(dict.fromkeys(subnet.nat_gateway_id or "" for subnet in report.cluster.subnets))
    return ()


def _said(found: Addresses) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return found.known, tuple(map(str, found.unknown))


def _addresses_json(found: Addresses) -> Json:
    unknown = [{**row.to_json(), "untold": isinstance(row, Untold)} for row in found.unknown]
    return {"known": list(found.known), "unknown": unknown}


def _addresses(document: Any) -> Addresses:
    if not isinstance(document, dict):
        raise ValueError("it does not say which addresses were expected")
    return Addresses(arm.strings(document, "known"), tuple(_unknown(arm.objects(document, "unknown"))))


def _unknown(rows: Iterable[Json]) -> Iterable[Unread]:
    for row in rows:
        kind = Untold if arm.flag(row, "untold") else Unread
        yield kind(arm.text(row, "id"), arm.text(row, "reason") or "was not read", arm.text(row, "permission"))
