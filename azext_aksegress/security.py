"""Network security groups: which rule decides about an outbound flow, as Azure evaluates them.

By priority, the lowest number first, and the first rule that matches decides; the default rules come last and are
always there (Azure documentation, network-security-groups-overview, 2026). What a service tag stands for is not known
here: a flow names the tags that hold all of its destination.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_network
from typing import Any, Iterable, Iterator, Sequence, Tuple
from urllib.parse import urlsplit

from azext_aksegress import arm
from azext_aksegress.arm import Json
from azext_aksegress.network import Range, holds_port, ranges, without

AZURE_DNS = "168.63.129.16"
"""Azure's own DNS server: the same address in every network."""
ANYWHERE, INTERNET, VIRTUAL_NETWORK = "*", "internet", "virtualnetwork"
PLATFORM_DNS = "azureplatformdns"
"""The only word by which a rule reaches Azure's own DNS (Azure documentation, what-is-ip-address-168-63-129-16)."""
MEMBERS = "members of application security groups"
"""What a rule is about that names such groups: some interfaces of the network, and ARM does not tell which."""

LAST = 65536
"""After the priority of every rule that Azure takes."""
_DEFAULTS = (
    ("AllowVnetOutBound", 65000, "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowInternetOutBound", 65001, "Allow", "*", "Internet"),
    ("DenyAllOutBound", 65500, "Deny", "*", "*"),
)
_NOT_PUBLIC = ranges(
    (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.168.0.0/16", "224.0.0.0/3", "::/127", "fc00::/7", "fe80::/10", "ff00::/8"),
        AZURE_DNS,
    )
)
"""Ranges that no public path carries."""


@dataclass(frozen=True)
class Flow:
    """What leaves a subnet for one destination: `to` in words, the words by which a rule holds all of that destination
    (`*` and service tags, in lower case), and its addresses; those of the whole internet where they are not known."""

    to: str
    protocol: str
    port: int
    tags: frozenset[str]
    ranges: tuple[Range, ...] = ()

    @property
    def version(self) -> int:
        """The IP version of its packets."""
        return self.ranges[0].version if self.ranges else 4


@dataclass(frozen=True)
class Rule:  # pylint: disable=too-many-instance-attributes  # a rule of Azure has nine parts
    """One outbound rule of a network security group; words and prefixes in lower case."""

    id: str
    name: str
    priority: int
    allows: bool
    protocol: str
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    ports: tuple[str, ...]
    limited: bool
    """Whether it is for some source ports, or for members of application security groups, only."""

    def is_about(self, flow: Flow) -> bool:
        """Whether it is about the protocol and the port of a flow."""
        if self.protocol not in (ANYWHERE, flow.protocol.lower()):
            return False
        return any(holds_port(found, flow.port) for found in self.ports)

    def reaches(self, flow: Flow) -> bool:
        """Whether it is about the protocol, the port and the whole destination of a flow."""
        whole = bool(flow.tags.intersection(self.destinations)) or bool(flow.ranges)
        return self.is_about(flow) and whole and not self.spares(flow, flow.ranges)

    def spares(self, flow: Flow, destination: tuple[Range, ...]) -> tuple[Range, ...]:
        """What is left of a part of a flow's destination without what it is about."""
        if flow.tags.intersection(self.destinations):
            return ()
        return _without_any(destination, self.destinations)

    def beyond(self, sources: Sequence[Range]) -> tuple[Range, ...]:
        """What is left of some sources without those that it is about."""
        if {ANYWHERE, VIRTUAL_NETWORK, MEMBERS}.intersection(self.sources):
            return ()
        return without(sources, ranges(self.sources))


@dataclass(frozen=True)
class Denial:
    """A rule that denies a flow, and from where: from all of the subnet where `part` is empty; `certain` unless it
    depends on what ARM does not tell."""

    rule: Rule
    part: tuple[Range, ...]
    certain: bool


def outbound_rules(document: Json) -> tuple[Rule, ...]:
    """The outbound rules of a network security group from its ARM JSON, the default ones included, in the order in
    which they decide; what is no rule is left out."""
    listed = [found for key in ("securityRules", "defaultSecurityRules") for found in _listed(document, key)]
    return tuple(sorted((*listed, *_built_in(arm.text(document, "id") or "")), key=_order))


def _order(rule: Rule) -> tuple[object, ...]:
    """Azure takes no two rules of one priority; where there are two, the one that denies comes first."""
    return (rule.priority, rule.allows, rule.name.lower(), rule.id.lower(), repr(rule))


def _listed(document: Json, key: str) -> Iterator[Rule]:
    for found in arm.objects(document, "properties", key):
        properties = arm.dig(found, "properties")
        access = (arm.text(properties, "access") or "").lower()
        if arm.same(arm.text(properties, "direction"), "Outbound") and access in ("allow", "deny"):
            yield _rule(found, properties, access == "allow")


def _rule(document: Json, properties: Any, allows: bool) -> Rule:
    priority = arm.dig(properties, "priority")
    groups = [arm.objects(properties, f"{end}ApplicationSecurityGroups") for end in ("source", "destination")]
    source_ports = _words(properties, "sourcePortRange")
    sources, destinations = _words(properties, "sourceAddressPrefix"), _words(properties, "destinationAddressPrefix")
    return Rule(
        arm.text(document, "id") or "",
        arm.text(document, "name") or "unnamed",
        priority if isinstance(priority, int) and not isinstance(priority, bool) else LAST,
        allows,
        (arm.text(properties, "protocol") or "").lower(),
        (*sources, *([MEMBERS] if groups[0] else [])),
        (*destinations, *([MEMBERS] if groups[1] else [])),
        _words(properties, "destinationPortRange"),
        any(groups) or not {ANYWHERE, "0-65535"}.intersection(source_ports),
    )


def _words(properties: Any, key: str) -> tuple[str, ...]:
    """The values that stand in the singular and in the plural of a key."""
    plural = f"{key}es" if key.endswith("x") else f"{key}s"
    one = arm.text(properties, key)
    return tuple(found.strip().lower() for found in (*([one] if one else []), *arm.strings(properties, plural)))


def _built_in(group_id: str) -> Iterator[Rule]:
    """The default rules, for an answer that does not list them."""
    for name, priority, access, source, destination in _DEFAULTS:
        rule_id = arm.child(group_id, "defaultSecurityRules", name)
        words = ((source.lower(),), (destination.lower(),), (ANYWHERE,))
        yield Rule(rule_id, name, priority, access == "Allow", ANYWHERE, *words, limited=False)


def denials(rules: Iterable[Rule], flow: Flow, sources: Iterable[Range]) -> Iterator[Denial]:
    """The rules that deny a flow from some sources, each for its part of them; `rules` in the order in which they
    decide.

    A rule that is limited in what ARM does not tell allows nothing for certain, and may deny. Where in its destination
    a flow really goes is not known: it is allowed where all of that is, and denied where rules together deny all.
    """
    all_of = tuple(found for found in sources if found.version == flow.version)
    open_ = [(all_of, flow.ranges)]
    for rule in rules:
        if not rule.is_about(flow) or (rule.allows and not rule.reaches(flow)):
            continue
        open_, denied = _decided(rule, flow, open_)
        if denied:
            yield Denial(rule, denied if without(all_of, denied) else (), not rule.limited)


_Open = Tuple[Tuple[Range, ...], Tuple[Range, ...]]
"""Some sources, and what no rule has denied them yet of a flow's destination."""


def _decided(rule: Rule, flow: Flow, open_: Sequence[_Open]) -> tuple[list[_Open], tuple[Range, ...]]:
    """What a rule leaves open, and the sources from which nothing is left then that is not denied."""
    left: list[_Open] = []
    denied: list[Range] = []
    whole = rule.reaches(flow)
    for sources, destination in open_:
        others, rest = rule.beyond(sources), rule.spares(flow, destination)
        if others == sources or (rest == destination and not whole):
            left.append((sources, destination))
            continue
        own = without(sources, others)
        denied += own if not rest and not rule.allows else ()
        if rule.limited:
            left.append((sources, destination))
        else:
            left += [(others, destination)] if others else []
            left += [(own, rest)] if rest else []
    return left, tuple(denied)


@lru_cache(maxsize=1024)
def _without_any(some: tuple[Range, ...], prefixes: tuple[str, ...]) -> tuple[Range, ...]:
    """What is left of some ranges; kept, since the rules of a group are held against the same destinations for every
    subnet."""
    return without(some, ranges(prefixes))


def narrowest(address: Range, some: Iterable[Range]) -> Range | None:
    """The range with the longest prefix of those that hold an address, or None."""
    fitting = [found for found in some if not without((address,), (found,))]
    return max(fitting, key=lambda found: found.prefixlen, default=None)


def is_public(address: Range) -> bool:
    """Whether an address is one of the internet's, which a private network has no way to but its egress."""
    return bool(without((address,), _NOT_PUBLIC))


INTERNET_RANGES = without((ip_network("0.0.0.0/0"),), _NOT_PUBLIC)
"""All public IPv4 addresses."""


def endpoint(url: str) -> tuple[str, int] | None:
    """The host and port of a URL, without user and password, or None where it names no host."""
    try:
        parts = urlsplit(url.strip())
        default = 443 if parts.scheme == "https" else 80
        return (parts.hostname, parts.port or default) if parts.hostname else None
    except ValueError:
        return None
