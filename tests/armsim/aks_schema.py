"""The JSON types of a managed cluster's known fields; what is not known here may be anything."""

from __future__ import annotations

from typing import Any

from tests.armsim.messages import Json, Refusal

_TYPES: dict[str, type] = {"string": str, "int32": int, "bool": bool}
_IDS = [{"id": "string"}]
_POOL = {
    "name": "string",
    "count": "int32",
    "minCount": "int32",
    "maxCount": "int32",
    "maxPods": "int32",
    "osDiskSizeGB": "int32",
    "vmSize": "string",
    "osType": "string",
    "type": "string",
    "mode": "string",
    "orchestratorVersion": "string",
    "vnetSubnetID": "string",
    "podSubnetID": "string",
    "enableAutoScaling": "bool",
    "enableNodePublicIP": "bool",
    "availabilityZones": ["string"],
    "upgradeSettings": {"maxSurge": "string"},
    "windowsProfile": {"disableOutboundNat": "bool"},
}
_NETWORK = {
    "networkPlugin": "string",
    "loadBalancerSku": "string",
    "outboundType": "string",
    "podCidr": "string",
    "serviceCidr": "string",
    "dnsServiceIP": "string",
    "podCidrs": ["string"],
    "serviceCidrs": ["string"],
    "ipFamilies": ["string"],
    "loadBalancerProfile": {
        "managedOutboundIPs": {"count": "int32", "countIPv6": "int32"},
        "outboundIPs": {"publicIPs": _IDS},
        "outboundIPPrefixes": {"publicIPPrefixes": _IDS},
        "effectiveOutboundIPs": _IDS,
        "allocatedOutboundPorts": "int32",
        "idleTimeoutInMinutes": "int32",
        "backendPoolType": "string",
    },
    "natGatewayProfile": {
        "managedOutboundIPProfile": {"count": "int32", "countIPv6": "int32"},
        "outboundIPs": {"publicIPs": ["string"]},
        "outboundIPPrefixes": {"publicIPPrefixes": ["string"]},
        "effectiveOutboundIPs": _IDS,
        "idleTimeoutInMinutes": "int32",
        "sku": "string",
    },
}
_CLUSTER = {
    "location": "string",
    "tags": {},
    "sku": {"name": "string", "tier": "string"},
    "identity": {"type": "string"},
    "properties": {
        "kubernetesVersion": "string",
        "dnsPrefix": "string",
        "nodeResourceGroup": "string",
        "enableRBAC": "bool",
        "disableLocalAccounts": "bool",
        "agentPoolProfiles": [_POOL],
        "networkProfile": _NETWORK,
        "apiServerAccessProfile": {
            "authorizedIPRanges": ["string"],
            "enablePrivateCluster": "bool",
            "enableVnetIntegration": "bool",
        },
        "bootstrapProfile": {"artifactSource": "string", "containerRegistryId": "string"},
    },
}


def refuse_wrong_types(body: Json) -> None:
    _check(body, _CLUSTER, "")


def _check(value: Any, wanted: Any, path: str) -> None:
    """null is of every type, as in Go."""
    if value is None:
        return
    if isinstance(wanted, str):
        kind = _TYPES[wanted]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise _unmarshal(value, path, wanted)
    elif isinstance(wanted, list):
        if not isinstance(value, list):
            raise _unmarshal(value, path, "[]")
        for row in value:
            _check(row, wanted[0], path)
    elif not isinstance(value, dict):
        raise _unmarshal(value, path, "struct")
    else:
        for key, below in wanted.items():
            _check(value.get(key), below, f"{path}.{key}" if path else key)


def _unmarshal(value: Any, path: str, wanted: str) -> Refusal:
    kind = {str: "string", bool: "bool", dict: "object", list: "array"}.get(type(value), "number")
    found = f"json: cannot unmarshal {kind} into Go struct field {path} of type {wanted}."
    return Refusal(400, "UnmarshalError", f"UnmarshalEntity encountered error: {found}", by_arm=False)
