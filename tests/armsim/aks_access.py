"""Who may reach a public API server: how AKS stores authorized IP ranges, and which it refuses."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, ip_network
from typing import Iterator

from tests.armsim.messages import Json, Refusal

LIMIT, LIMIT_WITH_VNET_INTEGRATION = 200, 2000
ONLY_THE_LOAD_BALANCER = "0.0.0.0/32"
_TAG = re.compile(r"[A-Za-z][A-Za-z0-9]*(\.[A-Za-z0-9]+)?")


def _profile(cluster: Json) -> Json:
    return cluster["properties"].get("apiServerAccessProfile") or {}


def normalise(cluster: Json) -> None:
    """An address becomes a range of one (Azure/AKS#4085); all else is kept as it was sent."""
    profile = _profile(cluster)
    if profile.get("authorizedIPRanges"):
        known = [_range(written) for written in profile["authorizedIPRanges"]]
        cluster["properties"]["apiServerAccessProfile"] = {**profile, "authorizedIPRanges": known}


def _range(written: str) -> str:
    return written if "/" in written or _network(written) is None else f"{written}/32"


def _network(written: str) -> IPv4Network | None:
    """A range that begins with its first address, as the documentation asks for."""
    try:
        found = ip_network(written)
    except ValueError:
        return None
    return found if isinstance(found, IPv4Network) else None


def rules(cluster: Json) -> Iterator[Refusal]:
    profile = _profile(cluster)
    ranges = profile.get("authorizedIPRanges") or []
    if ranges and profile.get("enablePrivateCluster"):
        yield _invalid("Private cluster cannot be enabled with AuthorizedIPRanges.")
    most = LIMIT_WITH_VNET_INTEGRATION if profile.get("enableVnetIntegration") else LIMIT
    if len(ranges) > most:
        yield _invalid(f"The number of APIServer Authorized IP Ranges is greater than the allowed value {most}.")
    if ONLY_THE_LOAD_BALANCER in ranges and len(ranges) > 1:
        message = f"Setting apiServerAuthorizedIPRange to {ONLY_THE_LOAD_BALANCER} is not allowed with other IP ranges."
        yield _invalid(f"{message} Refer to https://aka.ms/aks/auth-ip-ranges for more details")
    tags = [found for found in ranges if _TAG.fullmatch(found)]
    if len(tags) > 1:
        yield _invalid("Only one service tag is allowed in authorizedIPRanges.")
    for found in ranges:
        if found not in tags and _network(found) is None:
            yield _invalid(f"The value '{found}' of authorizedIPRanges is not an IPv4 address, CIDR or service tag.")


def _invalid(message: str) -> Refusal:
    return Refusal(400, "InvalidParameter", message, by_arm=False)
