"""Resources that admit some addresses, with the rules where the Azure REST API reference of each kind has them."""

from __future__ import annotations

from typing import Any, Callable, Sequence

from tests.armsim.estate import GROUP, Estate, cluster_id, scope
from tests.armsim.messages import Json

Rules = Callable[[Sequence[str]], Json]


def _acls(sources: Sequence[str]) -> Json:
    rules = [{"value": found, "action": "Allow"} for found in sources]
    return {"networkAcls": {"bypass": "AzureServices", "defaultAction": "Deny", "ipRules": rules}}


def _vault(sources: Sequence[str]) -> Json:
    """Key Vault stores an address as a range."""
    return _acls([found if "/" in found else f"{found}/32" for found in sources])


def _registry(sources: Sequence[str]) -> Json:
    rules = [{"value": found, "action": "Allow"} for found in sources]
    return {"networkRuleSet": {"defaultAction": "Deny", "ipRules": rules}, "publicNetworkAccess": "Enabled"}


def _cosmos(sources: Sequence[str]) -> Json:
    return {"ipRules": [{"ipAddressOrRange": found} for found in sources], "publicNetworkAccess": "Enabled"}


KINDS: dict[str, Rules] = {
    "Microsoft.Storage/storageAccounts": _acls,
    "Microsoft.KeyVault/vaults": _vault,
    "Microsoft.ContainerRegistry/registries": _registry,
    "Microsoft.DocumentDB/databaseAccounts": _cosmos,
    "Microsoft.CognitiveServices/accounts": _acls,
}


def admitting(estate: Estate, kind: str, name: str, *sources: str, **properties: Any) -> str:
    """A resource that admits some addresses and ranges."""
    return estate.add(f"{scope(GROUP)}/providers/{kind}/{name}", {**KINDS[kind](sources), **properties})


def rule(name: str, *sources: str, direction: str = "Inbound", access: str = "Allow") -> Json:
    """A rule of a network security group, from one source or from several."""
    prefixes: Json = {"sourceAddressPrefix": sources[0]} if len(sources) == 1 else {"sourceAddressPrefixes": [*sources]}
    shared = {"direction": direction, "access": access, "protocol": "Tcp", "priority": 100, "sourcePortRange": "*"}
    return {"name": name, **shared, "destinationAddressPrefix": "*", "destinationPortRange": "443", **prefixes}


def other_cluster(estate: Estate, name: str, *sources: str) -> str:
    """Another cluster, whose API server admits some ranges."""
    estate.cluster(name, apiServerAccessProfile={"authorizedIPRanges": [*sources]})
    return cluster_id(name)
