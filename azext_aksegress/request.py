"""What is asked for: the target type and its options, spelled as `az aks update` spells them, as one table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Mapping, Tuple, Union

from azext_aksegress import arm, matrix

Value = Union[int, str, Tuple[str, ...]]

_LOAD_BALANCER = ("networkProfile", "loadBalancerProfile")
_NAT_GATEWAY = ("networkProfile", "natGatewayProfile")


@dataclass(frozen=True)
class Option:
    """One option of a move.

    `target` is the only outbound type that has it, or None where every type with a way out has; `path` is where its
    value stands below `properties` of the cluster; `limits` are the least and the greatest number AKS takes, and the
    step between them; `default` is what AKS sets by itself (AKS documentation, configure-load-balancer-standard.md and
    nat-gateway.md, 2026-07-07; azure-mgmt-containerservice 41.6.0, docstrings).
    """

    flags: tuple[str, ...]
    field: str
    target: str | None
    path: tuple[str, ...]
    limits: tuple[int, int, int] | None
    default: Value | None
    help: str

    @property
    def name(self) -> str:
        """How az calls the parameter: its first flag, as a Python name."""
        return self.flags[0].lstrip("-").replace("-", "_")

    @property
    def takes_ids(self) -> bool:
        """Whether its value is a list of resource ids."""
        return self.field in ("ip_ids", "prefix_ids")

    @property
    def about_addresses(self) -> bool:
        """Whether it says which addresses the cluster gets."""
        return self.takes_ids or self.field in ("ip_count", "ipv6_count")

    def stored(self, properties: Any) -> Value | None:
        """Its value in the `properties` of a cluster, or None."""
        if self.field == "nat_gateway_sku" and arm.same(
            arm.text(properties, "networkProfile", "outboundType"), matrix.RETIRED_STANDARD_V2_TYPE
        ):
            return matrix.STANDARD_V2
        found = arm.dig(properties, *self.path)
        if self.takes_ids:  # objects with an id below a load balancer, bare ids below a NAT gateway
            return (*arm.references({"ids": found}, "ids"), *arm.strings({"ids": found}, "ids")) or None
        return found if isinstance(found, (int, str)) else None

    def written(self, value: Value) -> Any:
        """A value as it stands in the document of a cluster."""
        if isinstance(value, tuple):
            return [{"id": found} for found in value] if self.target == matrix.LOAD_BALANCER else list(value)
        return value

    def is_default(self, stored: Value) -> bool:
        """Whether a stored value is what AKS sets by itself."""
        return self.default is not None and _comparable(stored) == _comparable(self.default)

    def holds(self, stored: Value | None, asked: Value) -> bool:
        """Whether a stored value is the one that was asked for: what AKS does not say is what it sets by itself, and
        neither letter case nor the order of ids matters."""
        found = self.default if stored is None else stored
        return found is not None and _comparable(found) == _comparable(asked)


def _comparable(value: Value) -> object:
    if isinstance(value, tuple):
        return {found.lower() for found in value}
    return value.lower() if isinstance(value, str) else value


OPTIONS = (
    Option(
        ("--load-balancer-managed-outbound-ip-count", "--lb-ip-count"),
        "ip_count",
        matrix.LOAD_BALANCER,
        (*_LOAD_BALANCER, "managedOutboundIPs", "count"),
        (1, 100, 1),
        1,
        "Number of outbound IPv4 addresses that AKS makes for the load balancer, 1 to 100.",
    ),
    Option(
        ("--load-balancer-managed-outbound-ipv6-count", "--lb-ipv6-count"),
        "ipv6_count",
        matrix.LOAD_BALANCER,
        (*_LOAD_BALANCER, "managedOutboundIPs", "countIPv6"),
        (0, 100, 1),
        0,
        "Number of outbound IPv6 addresses that AKS makes for the load balancer of a dual-stack cluster, up to 100.",
    ),
    Option(
        ("--load-balancer-outbound-ips", "--lb-ips"),
        "ip_ids",
        matrix.LOAD_BALANCER,
        (*_LOAD_BALANCER, "outboundIPs", "publicIPs"),
        (1, 100, 1),
        None,
        "Comma-separated ids of your own Standard public IPs for the load balancer.",
    ),
    Option(
        ("--load-balancer-outbound-ip-prefixes", "--lb-prefixes"),
        "prefix_ids",
        matrix.LOAD_BALANCER,
        (*_LOAD_BALANCER, "outboundIPPrefixes", "publicIPPrefixes"),
        (1, 100, 1),
        None,
        "Comma-separated ids of your own Standard public IP prefixes for the load balancer.",
    ),
    Option(
        ("--load-balancer-outbound-ports", "--lb-ports"),
        "ports",
        matrix.LOAD_BALANCER,
        (*_LOAD_BALANCER, "allocatedOutboundPorts"),
        (0, 64000, 8),
        0,
        "Outbound SNAT ports of each node, a multiple of 8 up to 64000; 0 lets Azure choose by the number of nodes.",
    ),
    Option(
        ("--load-balancer-idle-timeout", "--lb-idle-timeout"),
        "idle_timeout",
        matrix.LOAD_BALANCER,
        (*_LOAD_BALANCER, "idleTimeoutInMinutes"),
        (4, 120, 1),
        30,
        "Minutes after which the load balancer drops an idle outbound flow, 4 to 120. Default of AKS: 30.",
    ),
    Option(
        ("--load-balancer-backend-pool-type", "--lb-pool-type"),
        "backend_pool_type",
        matrix.LOAD_BALANCER,
        (*_LOAD_BALANCER, "backendPoolType"),
        None,
        "nodeIPConfiguration",
        "How nodes are members of the load balancer's inbound pool.",
    ),
    Option(
        ("--nat-gateway-managed-outbound-ip-count", "--nat-gw-ip-count"),
        "ip_count",
        matrix.MANAGED_NAT_GATEWAY,
        (*_NAT_GATEWAY, "managedOutboundIPProfile", "count"),
        (1, 16, 1),
        1,
        "Number of outbound IPv4 addresses that AKS makes for the NAT gateway, 1 to 16.",
    ),
    Option(
        ("--nat-gateway-managed-outbound-ipv6-count", "--nat-gw-ipv6-count"),
        "ipv6_count",
        matrix.MANAGED_NAT_GATEWAY,
        (*_NAT_GATEWAY, "managedOutboundIPProfile", "countIPv6"),
        (1, 16, 1),
        0,
        "Number of outbound IPv6 addresses that AKS makes for a StandardV2 NAT gateway, 1 to 16.",
    ),
    Option(
        ("--nat-gateway-outbound-ips", "--nat-gw-ips"),
        "ip_ids",
        matrix.MANAGED_NAT_GATEWAY,
        (*_NAT_GATEWAY, "outboundIPs", "publicIPs"),
        (1, 16, 1),
        None,
        "Comma-separated ids of your own StandardV2 public IPs for a StandardV2 NAT gateway.",
    ),
    Option(
        ("--nat-gateway-outbound-ip-prefixes", "--nat-gw-prefixes"),
        "prefix_ids",
        matrix.MANAGED_NAT_GATEWAY,
        (*_NAT_GATEWAY, "outboundIPPrefixes", "publicIPPrefixes"),
        (1, 16, 1),
        None,
        "Comma-separated ids of your own StandardV2 public IP prefixes for a StandardV2 NAT gateway.",
    ),
    Option(
        ("--nat-gateway-idle-timeout", "--nat-gw-idle-timeout"),
        "idle_timeout",
        matrix.MANAGED_NAT_GATEWAY,
        (*_NAT_GATEWAY, "idleTimeoutInMinutes"),
        (4, 120, 1),
        4,
        "Minutes after which the NAT gateway drops an idle flow, 4 to 120. Default of AKS: 4.",
    ),
    Option(
        ("--nat-gateway-sku", "--outbound-type-sku"),
        "nat_gateway_sku",
        matrix.MANAGED_NAT_GATEWAY,
        (*_NAT_GATEWAY, "sku"),
        None,
        matrix.STANDARD,
        "SKU of the managed NAT gateway. Without it, AKS takes the default of the region, which can be StandardV2.",
    ),
    Option(
        ("--bootstrap-artifact-source", "--artifact-source"),
        "artifact_source",
        None,
        ("bootstrapProfile", "artifactSource"),
        None,
        "Direct",
        "Direct also has nodes take their images from the internet again, once they are reimaged, when a network "
        "isolated cluster gets a way out. Without it, they stay with the cache.",
    ),
)
"""Every option of a move, in the order in which help and plans list them."""

UPDATE_RANGES = "update_authorized_ip_ranges"
"""The parameter that has the API server's authorized IP ranges admit the new addresses."""

CHOICES: Mapping[str, tuple[str, ...]] = {
    "backend_pool_type": ("nodeIPConfiguration", "nodeIP"),
    "nat_gateway_sku": matrix.NAT_GATEWAY_SKUS,
    "artifact_source": ("Direct",),
}
"""The values of options that take words; the cache is turned on long before a move (see EGR241), never by one."""


@dataclass(frozen=True)
class Request:  # pylint: disable=too-many-instance-attributes  # a field for each option of a move
    """The target type and its options, None or empty where nothing was asked; and the CLI that asks, None offline.

    `formerly` has the addresses, and ids of addresses, that records of earlier migrations of the cluster name;
    `update_ranges` is whether the API server's authorized IP ranges are to admit the new addresses as well.
    """

    to: str
    nat_gateway_sku: str | None = None
    cli_version: str | None = None
    ip_count: int | None = None
    ipv6_count: int | None = None
    ip_ids: tuple[str, ...] = ()
    prefix_ids: tuple[str, ...] = ()
    ports: int | None = None
    idle_timeout: int | None = None
    backend_pool_type: str | None = None
    artifact_source: str | None = None
    update_ranges: bool = False
    formerly: tuple[str, ...] = ()

    @property
    def own_ids(self) -> tuple[str, ...]:
        """The public IPs and prefixes of one's own that the target shall use."""
        return (*self.ip_ids, *self.prefix_ids)

    @property
    def asked(self) -> tuple[tuple[Option, Value], ...]:
        """The options that were given, each with its value."""
        mine = ((option, getattr(self, option.field)) for option in OPTIONS if belongs(option, self.to))
        return tuple((option, value) for option, value in mine if value not in (None, ()))

    @property
    def spelled(self) -> dict[str, Any]:
        """The target and its options, for a command line."""
        words = {
            option.name: ",".join(value) if isinstance(value, tuple) else str(value) for option, value in self.asked
        }
        return {"to": self.to, **words, **({UPDATE_RANGES: True} if self.update_ranges else {})}

    def to_json(self) -> dict[str, Any]:
        """What was asked for, as plans and records keep it: options by the names of az's parameters."""
        options = {option.name: list(value) if isinstance(value, tuple) else value for option, value in self.asked}
        return {"to": self.to, "options": options, "updateAuthorizedIpRanges": self.update_ranges}

    def differences(self, properties: Any) -> tuple[tuple[Option, Value, Value | None], ...]:
        """The options whose stored value in the `properties` of a cluster is another: asked and stored."""
        own = any(option.takes_ids and option.stored(properties) for option in OPTIONS if option.target == self.to)
        rows = [(option, asked, option.stored(properties)) for option, asked in self.asked]
        return tuple(
            (option, asked, stored)
            for option, asked, stored in rows
            if not option.holds(stored, asked) or (own and stored is None and option.about_addresses)
        )


def as_stored(to: str, properties: Any, instead: Request, location: str | None = None) -> Request:
    """The request that would bring back what the `properties` of a cluster on an outbound type say, after another.

    What AKS sets by itself is left out, unless the other request is for the same type and changed it; the SKU is not,
    since AKS's choice need not be the same, but for Standard where the region has StandardV2: AKS refuses it there by
    name (AKS engineering blog, 2026-09-29).
    """
    changed = [option for option, _ in instead.asked] if instead.to == to else []
    addresses = any(option.about_addresses for option in changed)
    kept: dict[str, Any] = {}
    for option in OPTIONS:
        value = option.stored(properties)
        said = option in changed or (addresses and option.about_addresses) or option.field == "nat_gateway_sku"
        if value is None and option in changed and not addresses:
            value = option.default
        if option.target == to and value is not None and (said or not option.is_default(value)):
            kept[option.field] = value
    if kept.get("nat_gateway_sku") == matrix.STANDARD and location and matrix.has_standard_v2(location):
        kept.pop("nat_gateway_sku")
    return Request(to, **kept)


def belongs(option: Option, target: str | None) -> bool:
    """Whether a target has an option."""
    if option.target is None:
        return target is not None and target not in matrix.ISOLATED
    return option.target == target


def make(to: str, cli_version: str | None, given: Mapping[str, Any]) -> Request:
    """The request of a command line: `given` has the values of options by the name of the parameter."""
    fields = {
        option.field: given[option.name]
        for option in OPTIONS
        if belongs(option, to) and given.get(option.name) is not None
    }
    return Request(to=to, cli_version=cli_version, update_ranges=bool(given.get(UPDATE_RANGES)), **fields)


def from_json(document: Any, cli_version: str | None) -> Request:
    """The request that a plan or record keeps; raises ValueError when it is none that this version knows."""
    to = arm.text(document, "to")
    if to not in matrix.OUTBOUND_TYPES:
        raise ValueError("it names no outbound type to change to")
    stored = arm.dig(document, "options")
    given = {option.name: _read(option, stored) for option in OPTIONS if isinstance(stored, dict)}
    return replace(make(to, cli_version, given), update_ranges=arm.flag(document, "updateAuthorizedIpRanges"))


def _read(option: Option, stored: dict[str, Any]) -> Value | None:
    value = stored.get(option.name)
    if option.takes_ids and isinstance(value, list) and all(isinstance(found, str) for found in value):
        return tuple(value)
    kind = str if option.field in CHOICES else int
    if value is None or (isinstance(value, kind) and not isinstance(value, bool) and not option.takes_ids):
        return value
    raise ValueError(f"its {option.name} is {value!r}")
