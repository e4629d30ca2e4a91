"""What a PUT of a cluster asks for: the stored cluster with the body laid over it, and AKS's defaults."""

from __future__ import annotations

import copy
from typing import Any

from tests.armsim import aks_access
from tests.armsim.messages import Json

NAT_SKU_SINCE = "2026-06-01"
"""The first api-version in which a managed NAT gateway has a SKU."""
STANDARD, STANDARD_V2 = "Standard", "StandardV2"
RETIRED_STANDARD_V2_TYPE = "managedNATGatewayV2"
LB_PROFILE, NAT_PROFILE = "loadBalancerProfile", "natGatewayProfile"
MANAGED_IPS = {LB_PROFILE: "managedOutboundIPs", NAT_PROFILE: "managedOutboundIPProfile"}
OWN_IPS = ("outboundIPs", "outboundIPPrefixes")
_DEFAULTS: dict[str, Json] = {
    LB_PROFILE: {"allocatedOutboundPorts": 0, "idleTimeoutInMinutes": 30, "backendPoolType": "nodeIPConfiguration"},
    NAT_PROFILE: {"idleTimeoutInMinutes": 4},
}
PROFILE_OF = {"loadBalancer": LB_PROFILE, "managedNATGateway": NAT_PROFILE}
OUTBOUND_TYPES = (*PROFILE_OF, "userAssignedNATGateway", "userDefinedRouting", "none", "block")

_READ_ONLY = {
    "properties": (
        "provisioningState",
        "powerState",
        "currentKubernetesVersion",
        "fqdn",
        "privateFQDN",
        "azurePortalFQDN",
        "maxAgentPools",
        "resourceUID",
    ),
    "agentPoolProfiles": ("provisioningState", "currentOrchestratorVersion", "nodeImageVersion", "eTag"),
    "identity": ("principalId", "tenantId"),
    LB_PROFILE: ("effectiveOutboundIPs",),
    NAT_PROFILE: ("effectiveOutboundIPs",),
}
"""What a body may hold and AKS does not take from it, by the key that it stands under."""
_WHOLE = ("tags", "nodeLabels", "bootstrapProfile")
"""What is replaced as a whole rather than laid over what is stored."""


def outbound_type(network: Json) -> str:
    """As AKS spells it: some clusters have it stored in another letter case."""
    found = str(network.get("outboundType"))
    return next((known for known in OUTBOUND_TYPES if known.lower() == found.lower()), found)


def laid_over(stored: Any, sent: Any, key: str = "") -> Any:
    """What is absent stays as it is, as recorded; null counts as absent."""
    if sent is None:
        return stored
    if isinstance(sent, list) and key == "agentPoolProfiles":
        return _pools(stored or [], sent)
    if not isinstance(sent, dict) or not isinstance(stored, dict) or key in _WHOLE:
        return copy.deepcopy(sent)
    sent = {name: value for name, value in sent.items() if name not in _READ_ONLY.get(key, ())}
    if key in MANAGED_IPS:
        stored = _without_other_choice(stored, sent, key)
    merged = {name: laid_over(stored.get(name), value, name) for name, value in sent.items()}
    return {**stored, **{name: value for name, value in merged.items() if value is not None or name in stored}}


def _pools(stored: list[Json], sent: list[Json]) -> list[Json]:
    by_name = {row.get("name"): row for row in sent}
    clean = {name: _without(row, _READ_ONLY["agentPoolProfiles"]) for name, row in by_name.items()}
    return [laid_over(row, clean.get(row["name"]), "pool") for row in stored]


def _without_other_choice(stored: Json, sent: Json, key: str) -> Json:
    """Managed IPs, own IPs and own prefixes: what is sent takes the place of what was chosen before."""
    choices = (MANAGED_IPS[key], *OWN_IPS)
    if not any(sent.get(choice) for choice in choices):
        return stored
    return _without(stored, [choice for choice in choices if not sent.get(choice)])


def _without(row: Json, keys: Any) -> Json:
    return {key: value for key, value in row.items() if key not in keys}


def goal(stored: Json, body: Json, api_version: str, default_sku: str) -> Json:
    """The cluster that the body asks for."""
    body = {key: value for key, value in body.items() if key in ("tags", "sku", "identity", "properties")}
    found: Json = laid_over(stored, body)
    aks_access.normalise(found)
    network = found["properties"]["networkProfile"]
    key = PROFILE_OF.get(outbound_type(network))
    if key:
        profile = network[key] = {**_DEFAULTS[key], **(network.get(key) or {})}
        if not any(profile.get(choice) for choice in (MANAGED_IPS[key], *OWN_IPS)):
            profile[MANAGED_IPS[key]] = {"count": 1}
    if key == NAT_PROFILE:
        _settle_sku(stored, body, network[NAT_PROFILE], api_version, default_sku)
    return found


def _settle_sku(stored: Json, body: Json, profile: Json, api_version: str, default_sku: str) -> None:
    """A SKU that is not asked for stays; a new gateway gets the region's, or Standard by an older api-version."""
    before = stored["properties"]["networkProfile"]
    asked = ((body["properties"].get("networkProfile") or {}).get(NAT_PROFILE) or {}).get("sku")
    has_one = outbound_type(before) == "managedNATGateway"
    kept = (before.get(NAT_PROFILE) or {}).get("sku") or STANDARD if has_one else None
    modern = api_version >= NAT_SKU_SINCE
    profile["sku"] = (asked if modern else None) or kept or (default_sku if modern else STANDARD)
