"""Allow-lists of Azure resources: who admits which addresses, as one query of Resource Graph tells it, and the commands
that admit more."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from typing import Iterator, Sequence

from azext_aksegress import arm, questions
from azext_aksegress.arm import Json
from azext_aksegress.fixes import az, named, where
from azext_aksegress.network import address_range, holds, ranges
from azext_aksegress.snapshot import Snapshot

_STORAGE = "microsoft.storage/storageaccounts"
_KEY_VAULT = "microsoft.keyvault/vaults"
_REGISTRY = "microsoft.containerregistry/registries"
_COSMOS = "microsoft.documentdb/databaseaccounts"
_COGNITIVE = "microsoft.cognitiveservices/accounts"
_SECURITY_GROUP = "microsoft.network/networksecuritygroups"
_CLUSTER = "microsoft.containerservice/managedclusters"
_WORDS = {
    _STORAGE: "storage account",
    _KEY_VAULT: "key vault",
    _REGISTRY: "container registry",
    _COSMOS: "Cosmos DB account",
    _COGNITIVE: "Cognitive Services account",
    _SECURITY_GROUP: "network security group",
    _CLUSTER: "AKS cluster",
}

_ALL_OF_AZURE = address_range("0.0.0.0/32")
"""How an account of Cosmos DB admits all addresses of Azure (Azure Cosmos DB documentation, how-to-configure-firewall,
"Allow requests from global Azure datacenters")."""
_ANYBODY = ("*", "internet")
"""Sources of a security group's rule that hold every public address (Azure documentation,
network-security-groups-overview and service-tags-overview)."""
_FAMILIES = {4: "0.0.0.0/0", 6: "::/0"}
_WITHOUT_RULES = ("disabled", "securedbyperimeter")
"""Values of `publicNetworkAccess` with which a resource's own rules admit nobody."""
_MADE_BY_AKS = re.compile(r"aks-agentpool-\d+-nsg", re.I)
"""How AKS calls the network security group of a cluster's nodes, whose rules Services of type LoadBalancer write."""


@dataclass(frozen=True)
class AllowList:
    """The addresses and ranges that a resource admits, or one inbound rule of a network security group (`rule`)."""

    resource_id: str
    sources: tuple[str, ...]
    rule: str | None = None

    @property
    def _kind(self) -> str:
        return arm.resource_type(self.resource_id).lower()

    @property
    def label(self) -> str:
        """What it is and how it is called, in words."""
        kind, rule = _WORDS.get(self._kind, self._kind), f", rule {self.rule}" if self.rule else ""
        return f"{kind} {arm.name(self.resource_id)}{rule}"

    @property
    def written_by_a_service(self) -> bool:
        """Whether a Service of a Kubernetes cluster writes it, by its loadBalancerSourceRanges."""
        return self._kind == _SECURITY_GROUP and bool(_MADE_BY_AKS.fullmatch(arm.name(self.resource_id)))

    @property
    def is_replaced(self) -> bool:
        """Whether a command sets the whole list, so that it must name again what is in it."""
        return self._kind in (_COSMOS, _CLUSTER, _SECURITY_GROUP)

    def admits_some(self, address: str) -> bool:
        """Whether it admits an address, or at least a part of a prefix."""
        return any(holds(source, address) or holds(address, source) for source in self.sources)

    def admits(self, address: str) -> bool:
        """Whether it admits an address, or the whole of a prefix."""
        known = ranges(self.sources)
        joined = [
            *collapse_addresses(found for found in known if isinstance(found, IPv4Network)),
            *collapse_addresses(found for found in known if isinstance(found, IPv6Network)),
        ]
        return any(holds(str(found), address) for found in joined)

    def is_open_to(self, address: str) -> bool:
        """Whether it admits the whole internet of an address's family: then it is no list of anybody's addresses."""
        if any(source.lower() in _ANYBODY for source in self.sources):
            return True
        known = address_range(address)
        return known is not None and self.admits(_FAMILIES[known.version])

    def commands(self, new: Sequence[str]) -> tuple[str, ...]:
        """The commands that admit more addresses; none where they belong into the manifest of a Service."""
        here, all_of = named(self.resource_id), [*self.sources, *new]
        one_by_one = {_REGISTRY: "acr network-rule add", _COGNITIVE: "cognitiveservices account network-rule add"}
        if self._kind in one_by_one:
            return tuple(az(one_by_one[self._kind], **here, ip_address=found) for found in new)
        if self._kind == _CLUSTER:
            return (az("aks update", **here, api_server_authorized_ip_ranges=",".join(all_of)),)
        if self._kind == _COSMOS:
            return (az("cosmosdb update", **here, ip_range_filter=",".join(all_of)),)
        if self._kind == _KEY_VAULT:
            return (az("keyvault network-rule add", **here, ip_address=new),)
        if self._kind == _STORAGE:
            account = {**where(self.resource_id), "account_name": arm.name(self.resource_id)}
            return (az("storage account network-rule add", **account, ip_address=_singly(new)),)
        return self._rule_update(all_of)

    def _rule_update(self, sources: Sequence[str]) -> tuple[str, ...]:
        if self.rule is None or self.written_by_a_service:
            return ()
        group = {**where(self.resource_id), "nsg_name": arm.name(self.resource_id), "name": self.rule}
        return (az("network nsg rule update", **group, source_address_prefixes=sources),)


def _singly(addresses: Sequence[str]) -> list[str]:
    """A storage account takes no range of one or two addresses (Azure Storage documentation, storage-network-security,
    restrictions for IP network rules)."""
    found: list[str] = []
    for written in addresses:
        known = address_range(written)
        small = known is not None and known.num_addresses <= 2
        found += [str(one) for one in known] if known is not None and small else [written]
    return found


def read(snapshot: Snapshot) -> tuple[AllowList, ...]:
    """Every allow-list among the resources that the sign-in can see, by id and rule; raises Unread."""
    rows = snapshot.collection(questions.GRAPH)
    found = {
        (known.resource_id.lower(), known.rule or "", known.sources): known for row in rows for known in _lists(row)
    }
    return tuple(found[key] for key in sorted(found))


def _lists(row: Json) -> Iterator[AllowList]:
    row = _projected(row)
    resource_id = arm.text(row, "id")
    if resource_id is None or not _is_in_force(row):
        return
    for rule in arm.objects(row, "securityRules"):
        if _admits(rule):
            yield AllowList(resource_id, _prefixes(rule), arm.text(rule, "name"))
    rules = [rule for key in ("networkAcls", "networkRuleSet", "ipRules") for rule in arm.objects(row, key)]
    values = [arm.text(rule, "value") or arm.text(rule, "ipAddressOrRange") for rule in rules]
    sources = (*(found for found in values if found), *arm.strings(row, "authorizedIPRanges"))
    kind = arm.resource_type(resource_id).lower()
    if sources and not (kind == _COSMOS and _ALL_OF_AZURE in ranges(sources)):
        yield AllowList(resource_id, tuple(sorted(set(sources))))


def _projected(row: Json) -> Json:
    """The columns of a row; those of a row that is a whole resource stand below its properties."""
    properties = row.get("properties")
    if not isinstance(properties, dict):
        return row
    return {"id": row.get("id"), **{name: arm.dig(properties, *path) for name, path in questions.COLUMNS.items()}}


def _is_in_force(row: Json) -> bool:
    """Whether the rules decide: not where everybody is admitted without them, nor where nobody is."""
    if any(arm.same(arm.text(row, key), "Allow") for key in ("aclsDefault", "ruleSetDefault")):
        return False
    return (arm.text(row, "publicNetworkAccess") or "").lower() not in _WITHOUT_RULES


def _admits(rule: Json) -> bool:
    wanted = {"direction": "Inbound", "access": "Allow"}
    return all(arm.same(arm.text(rule, "properties", key), value) for key, value in wanted.items())


def _prefixes(rule: Json) -> tuple[str, ...]:
    one = arm.text(rule, "properties", "sourceAddressPrefix")
    return tuple(sorted({*([one] if one else []), *arm.strings(rule, "properties", "sourceAddressPrefixes")}))
