"""Rules of an Azure Firewall: what they are about, and whose packets do not get through them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address, summarize_address_range
from typing import Iterable, Iterator, Sequence

from azext_aksegress import arm
from azext_aksegress.arm import Json
from azext_aksegress.network import Range, address_range, holds_port, without
from azext_aksegress.snapshot import Unread

AKS_TAG = "AzureKubernetesService"
"""The FQDN tag that holds all names that AKS needs, and no addresses (AKS documentation, limit-egress-traffic.md,
2026-07-02)."""

MAYBE = None
"""The answer where a rule may match: it names what cannot be resolved from here."""

_EVERYTHING = ("0.0.0.0/0", "::/0")
_WEB = ("http", "https")
_VITAL = ("https", "tcp")
_ALL = "*"
_HOSTING = (
    *("azurecloud", "azurefrontdoor", "azureresourcemanager", "azureactivedirectory"),
    "microsoftcontainerregistry",
)
"""How service tags begin that may hold the addresses behind names that AKS needs (Azure documentation,
service-tags-overview)."""


@dataclass(frozen=True)
class Flow:
    """What must get through: to a name, which may begin with a wildcard, to an address, or to what service tags hold.

    `protocol` is Https, Http, TCP or UDP; application rules know only the first two. `words` say what it is.
    """

    words: str
    port: int
    protocol: str
    name: str | None = None
    address: str | None = None
    tags: tuple[str, ...] = ()

    @property
    def is_web(self) -> bool:
        """Whether application rules can let it through."""
        return self.protocol.lower() in _WEB

    @property
    def is_vital(self) -> bool:
        """Whether it is HTTPS or to the API server: without any of that no node works, however the rest fares."""
        return self.protocol.lower() in _VITAL


@dataclass(frozen=True)
class Rule:
    """One network or application rule, and where it stands: the first that matches decides. `place` says in words which
    collection it is in, and of what."""

    allows: bool
    is_application: bool
    document: Json
    groups: Sequence[Json] = ()
    unread: Unread | None = None
    order: tuple[int, ...] = ()
    place: str = ""

    @property
    def words(self) -> str:
        """How a sentence names it."""
        return f"rule {arm.text(self.document, 'name') or 'without name'} of {self.place}"

    @cached_property
    def sources(self) -> tuple[Range, ...]:
        """Whose packets it is about."""
        return _ranges([*arm.strings(self.document, "sourceAddresses"), *self._members("sourceIpGroups")])

    def _members(self, key: str) -> Iterator[str]:
        """The addresses of the IP groups that it names."""
        for group_id in arm.strings(self.document, key):
            for group in self.groups:
                if arm.same(arm.text(group, "id"), group_id):
                    yield from arm.strings(group, "properties", "ipAddresses")

    def matches(self, flow: Flow) -> bool | None:
        """Whether it is about a flow, whoever sends it; MAYBE where that cannot be told."""
        found = self._matches_web(flow) if self.is_application else self._matches_packets(flow)
        return MAYBE if self.unread and found is not False else found

    def _matches_web(self, flow: Flow) -> bool | None:
        tags = arm.strings(self.document, "fqdnTags")
        protocols = [
            (arm.text(row, "protocolType") or "").lower()
            for row in arm.objects(self.document, "protocols")
            if arm.dig(row, "port") == flow.port
        ]
        by_tag = tags and not arm.objects(self.document, "protocols")  # the tag brings its own
        if not flow.is_web or not (by_tag or flow.protocol.lower() in protocols):
            return False
        found = any(self._names(target, flow) for target in arm.strings(self.document, "targetFqdns"))
        found = found or any(arm.same(tag, AKS_TAG) for tag in tags)
        addresses = arm.strings(self.document, "destinationAddresses")
        if found:
            return MAYBE if addresses and _ALL not in addresses else True
        hosts = (target.partition("/")[0] for target in arm.strings(self.document, "targetUrls"))
        wide = any(self._names(host, flow) for host in hosts) or bool(arm.strings(self.document, "webCategories"))
        return MAYBE if wide else False

    def _matches_packets(self, flow: Flow) -> bool | None:
        protocols = {
            found.lower()
            for key in ("ipProtocols", "protocols")  # in a policy, and in a classic rule
            for found in arm.strings(self.document, key)
        }
        wanted = "tcp" if flow.is_web else flow.protocol.lower()
        ports = arm.strings(self.document, "destinationPorts")
        if not protocols & {"any", wanted} or not any(holds_port(found, flow.port) for found in ports):
            return False
        if flow.name and any(self._names(found, flow) for found in arm.strings(self.document, "destinationFqdns")):
            return True
        addresses = [*arm.strings(self.document, "destinationAddresses"), *self._members("destinationIpGroups")]
        answers = {_reaches(found, flow) for found in addresses}
        if True in answers:
            return True
        unresolved = self.unread and arm.strings(self.document, "destinationIpGroups")
        return MAYBE if unresolved or MAYBE in answers else False

    def _names(self, pattern: str, flow: Flow) -> bool:
        """Whether a pattern holds the name of a flow: all of it to allow, and some of it to deny."""
        name = flow.name or ""
        return arm.matches(pattern, name) or (not self.allows and arm.matches(name, pattern))


def _reaches(written: str, flow: Flow) -> bool | None:
    """Whether a destination of a network rule holds that of a flow."""
    found = _ranges([written])
    if any(str(known) in _EVERYTHING for known in found):
        return True
    if found and flow.address:
        there = address_range(flow.address)
        return there is not None and not without([there], found)
    if found:
        return False if all(known.is_private for known in found) else MAYBE
    if any(arm.same(written, tag) for tag in flow.tags):
        return True
    return MAYBE if flow.is_web and written.lower().startswith(_HOSTING) else False


def _ranges(written: Iterable[str]) -> tuple[Range, ...]:
    """The ranges of `*`, addresses, prefixes and `from-to`; service tags are left out."""
    found: list[Range] = []
    for text in written:
        lowest, dash, highest = text.partition("-")
        if text.strip() == _ALL:
            found += [known for known in map(address_range, _EVERYTHING) if known]
        elif dash:
            found += _summary(lowest, highest)
        else:
            found += [known for known in [address_range(text)] if known]
    return tuple(found)


def _summary(lowest: str, highest: str) -> list[Range]:
    try:
        return list(summarize_address_range(ip_address(lowest.strip()), ip_address(highest.strip())))
    except (ValueError, TypeError):  # no addresses, of two families, or in the wrong order
        return []


def stopped(rules: Sequence[Rule], flow: Flow, sources: Sequence[Range], hopeful: bool) -> list[Range]:
    """Whose packets do not get through, of some sources; where a rule may match, for the best or for the worst."""
    return [known for _, found in _stops(rules, flow, sources, hopeful) for known in found]


def denials(rules: Sequence[Rule], flow: Flow, sources: Sequence[Range]) -> tuple[Rule, ...]:
    """The rules that surely deny a flow from some sources, in order; none where no rule allows it either."""
    return tuple(rule for rule, denied in _stops(rules, flow, sources, hopeful=True) if rule and denied)


def _stops(
    rules: Sequence[Rule], flow: Flow, sources: Sequence[Range], hopeful: bool
) -> Iterator[tuple[Rule | None, Sequence[Range]]]:
    """Whose packets each rule that denies stops, and at the end those that no rule lets through."""
    left: Sequence[Range] = sources
    for rule in rules:
        match = rule.matches(flow)
        if match is False or (match is MAYBE and rule.allows != hopeful):
            continue
        rest = () if match is MAYBE and rule.unread else without(left, rule.sources)
        if not rule.allows:
            yield rule, without(left, rest)
        left = rest
    yield None, left
