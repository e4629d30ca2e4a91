"""EGR6xx: can I come back?"""

from __future__ import annotations

from typing import Iterator

from azext_aksegress import arm, egress, matrix, profiles
from azext_aksegress.checks import Note, Outcome, Pass, Skip, Warn, check, label, unknown
from azext_aksegress.cluster import Cluster
from azext_aksegress.request import OPTIONS, Request
from azext_aksegress.snapshot import API_VERSION, Unread

_BLOG = "AKS engineering blog, Announcing StandardV2 NAT Gateway for AKS-managed egress, 2026-09-29"
_NAT_URL = "https://learn.microsoft.com/azure/aks/nat-gateway"


@check(
    "EGR601",
    "the way back is in the matrix",
    acceptable=True,
    observed_at="matrix, reversed",
)
def way_back_is_in_the_matrix(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """A one-way door: once through, the cluster cannot return to the outbound type that it has today."""
    there = cluster.path_to(request.to, request.nat_gateway_sku)
    if there is None or there.status == matrix.NOT_SUPPORTED:
        yield Skip("EGR101")
        return
    if there.status == matrix.NOT_APPLICABLE:
        yield Pass(cluster.id, f"the type stays {request.to}")
        return
    back = cluster.path_back(request.to, request.nat_gateway_sku)
    move = f"{request.to} -> {cluster.outbound_type}"
    if request.to == cluster.outbound_type:
        move = f"{request.to} ({request.nat_gateway_sku}) -> ({cluster.nat_gateway_sku or matrix.STANDARD})"
    if back is None or not back.supported:
        source = f" ({back.source}, {back.date})" if back else ""
        yield Warn(cluster.id, f"{move} is not supported{source}")
    elif back.disputed:
        yield Note(cluster.id, f"{move}: {back.source}, {back.date}; but {'; but '.join(back.disputed)}")
    else:
        yield Pass(cluster.id, f"table of {back.date}", sources=(f"{back.source}, {back.date}",))


@check(
    "EGR602",
    "today's egress IPs can be had again",
    observed_at="effective IPs, who owns them",
)
def todays_addresses_can_be_had_again(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """AKS deletes the public IPs that it made for the old path: on the way back the cluster gets other addresses."""
    released = profiles.released_ids(cluster, request)
    carriers = tuple(egress.carriers(cluster, None))
    carried = {found.lower() for row in carriers for found in row.address_ids}
    lost = [address_id for address_id in released if address_id.lower() in carried]
    _, fewer = profiles.more_and_fewer(cluster, request)
    if fewer:
        yield Warn(cluster.id, f"{fewer} of today's addresses will be released, and AKS chooses which")
    for address_id in lost:
        yield Warn(
            address_id, f"{profiles.address_or_name(cluster.snapshot, address_id)} was made by AKS and will be released"
        )
    makes_addresses = cluster.outbound_type in (matrix.LOAD_BALANCER, matrix.MANAGED_NAT_GATEWAY)
    if makes_addresses and (not released or len(lost) < len(released)):
        yield from (
            unknown(row.unknown) for row in carriers if row.unknown and row.kind not in egress.NEVER_MADE_BY_AKS
        )


@check(
    "EGR603",
    "nothing configured today is lost",
    observed_at="loadBalancerProfile, natGatewayProfile",
)
def nothing_configured_is_lost(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """AKS drops the profile of the path that is left; the record of `migrate` keeps it, so that it can be set again."""
    lost = [
        setting
        for profile in profiles.PROFILES.values()
        if profiles.PROFILES.get(request.to) != profile or cluster.outbound_type != request.to
        for setting in _configured(cluster, profile)
        if not (request.to == matrix.LOAD_BALANCER and setting.startswith("loadBalancerProfile.backendPoolType"))
    ]
    if lost:
        yield Warn(cluster.id, "; ".join(lost))


def _configured(cluster: Cluster, profile: str) -> list[str]:
    stored = cluster.setting("networkProfile", profile)
    if not isinstance(stored, dict):
        return []
    kept = {key: value for key, value in stored.items() if key not in ("effectiveOutboundIPs", "sku")}
    told = {key: value for key, value in kept.items() if not _is_default(value, _default(profile, key))}
    if profile == profiles.PROFILES[matrix.MANAGED_NAT_GATEWAY] and _standard_is_gone(cluster):
        told["sku"] = matrix.STANDARD
    return [f"{profile}.{key} = {_short(value)}" for key, value in sorted(told.items()) if value not in (None, {}, [])]


def _standard_is_gone(cluster: Cluster) -> bool:
    """Whether a managed Standard gateway could not be had again: AKS takes StandardV2 by name where the region has it
    (AKS engineering blog, 2026-09-29); raises Unread."""
    if cluster.outbound_type != matrix.MANAGED_NAT_GATEWAY or cluster.location is None:
        return False
    return cluster.nat_gateway_sku == matrix.STANDARD and matrix.has_standard_v2(cluster.location)


def _default(profile: str, key: str) -> object:
    """What AKS sets by itself for a key of a profile: losing that is no loss."""
    if key == "enableMultipleStandardLoadBalancers":
        return False
    rows = [(option.path[2:], option.default) for option in OPTIONS if option.path[1:3] == (profile, key)]
    nested = {path[1]: default for path, default in rows if len(path) > 1}
    return nested or next((default for _, default in rows), None)


def _is_default(value: object, default: object) -> bool:
    if isinstance(value, str) and isinstance(default, str):
        return arm.same(value, default)
    if isinstance(value, dict) and isinstance(default, dict):
        return all(item in (None, 0) or item == default.get(key) for key, item in value.items())
    return value == default


def _short(value: object) -> str:
    ids = [*arm.references(value, "publicIPs"), *arm.references(value, "publicIPPrefixes")]
    ids += [*arm.strings(value, "publicIPs"), *arm.strings(value, "publicIPPrefixes")]
    if ids:
        return ", ".join(label(found) for found in ids)
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    return str(value)


@check(
    "EGR604",
    "the move does not end on StandardV2 by default",
    to=[matrix.MANAGED_NAT_GATEWAY],
    acceptable=True,
    sources=(_BLOG,),
    reference=_NAT_URL,
    observed_at="request, region, api-version",
)
def no_standard_v2_by_default(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """Without a SKU, AKS takes the region's default, which can be StandardV2: from there, no way leads back to
    loadBalancer or to a Standard gateway."""
    if request.nat_gateway_sku:
        yield Pass(cluster.id, f"{request.nat_gateway_sku} was asked for")
        return
    if cluster.outbound_type == matrix.MANAGED_NAT_GATEWAY and cluster.nat_gateway_sku:
        yield Pass(cluster.id, f"the gateway is {cluster.nat_gateway_sku} already")
        return
    region = cluster.location
    if region is not None and not matrix.has_standard_v2(region):
        yield Pass(cluster.id, f"{region} has Standard only")
    elif cluster.snapshot.answered < API_VERSION:
        yield Pass(cluster.id, f"api-version {cluster.snapshot.answered} keeps Standard")
    elif region is None:
        raise Unread(cluster.id, "Azure's answer has no location")
    else:
        yield Warn(
            cluster.id,
            f"no SKU is asked for, and the default of {region} may be StandardV2, a one-way door; --nat-gateway-sku "
            "names one (Azure refuses Standard where StandardV2 is the default)",
        )
