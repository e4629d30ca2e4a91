"""EGR224: will the addresses of one's own carry the egress?"""

from __future__ import annotations

from typing import Any, Iterator

from azext_aksegress import arm, profiles
from azext_aksegress.arm import Json
from azext_aksegress.checks import Fail, Outcome, Pass, Skip, Warn, check, unknown
from azext_aksegress.cluster import Cluster
from azext_aksegress.fixes import az, before, where
from azext_aksegress.matrix import LOAD_BALANCER, MANAGED_NAT_GATEWAY, STANDARD, STANDARD_V2
from azext_aksegress.network import address_range
from azext_aksegress.request import Request
from azext_aksegress.snapshot import Unread

_LB = "AKS documentation, configure-load-balancer-standard.md, 2026-07-02"
_BLOG = "AKS engineering blog, Announcing StandardV2 NAT Gateway for AKS-managed egress, 2026-09-29"
_KINDS = {"address": "Microsoft.Network/publicIPAddresses", "prefix": "Microsoft.Network/publicIPPrefixes"}
MOST_NAT_ADDRESSES = 16
_TIERS = "Azure documentation, public-ip-addresses.md, 2021-12-27: tier Global is for cross-region load balancers"
_ATTACHMENTS = ("ipConfiguration", "natGateway", "loadBalancerFrontendIpConfiguration")
"""What a public IP or prefix says of the one thing that uses it."""


@check(
    "EGR224",
    "the outbound IPs given exist and fit",
    to=[LOAD_BALANCER, MANAGED_NAT_GATEWAY],
    blocks=True,
    sources=(_LB, _BLOG, _TIERS),
    reference="https://learn.microsoft.com/azure/aks/load-balancer-standard",
    observed_at="publicIPAddresses, publicIPPrefixes",
)
def own_addresses_fit(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """AKS refuses addresses that do not fit, or takes the update and fails half way, with the old way out gone."""
    if not request.own_ids:
        yield Skip("none are given")
        return
    yield from _combination(cluster, request)
    for address_id in request.own_ids:
        kind = "prefix" if address_id in request.prefix_ids else "address"
        try:
            faults = [f"{arm.name(address_id)} {words}" for words in _faults(cluster, request, kind, address_id)]
            taken = () if faults else tuple(_taken(cluster, request, address_id))
        except Unread as unread:
            yield unknown(unread)
            continue
        fix = (before(new_address(cluster, request, kind)),)
        yield Fail(address_id, "; ".join(faults), fix=fix) if faults else Pass(address_id, arm.name(address_id))
        yield from (Warn(address_id, f"{arm.name(address_id)}: {words}", fix=fix) for words in taken)
    yield from _too_many(cluster, request)


def _combination(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """What the options say together."""
    if request.ip_count is not None or request.ipv6_count is not None:
        yield Fail(
            cluster.id, "addresses that AKS makes and addresses of one's own are asked for together: leave one out"
        )
    if request.to == LOAD_BALANCER and request.ip_ids and request.prefix_ids:
        yield Warn(
            cluster.id,
            f"IPs and prefixes are asked for together: {_LB}, has one of them only; but Azure/AKS CHANGELOG.md, "
            "2023-09-03, allows both",
        )
    if request.to == MANAGED_NAT_GATEWAY and request.nat_gateway_sku != STANDARD_V2:
        yield Fail(
            cluster.id,
            f"a NAT gateway with IPs of one's own needs --nat-gateway-sku {STANDARD_V2}, "
            f"and {request.nat_gateway_sku or 'no SKU'} is asked for",
        )


def _too_many(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """All addresses of all prefixes count (Azure documentation, NAT gateway limits); raises Unread."""
    if request.to == MANAGED_NAT_GATEWAY and request.prefix_ids:
        ranges = [address_range(profiles.address(cluster.snapshot, found)) for found in request.prefix_ids]
        number = len(request.ip_ids) + sum(found.num_addresses for found in ranges if found)
        if number > MOST_NAT_ADDRESSES:
            yield Fail(cluster.id, f"{number} addresses are given, and a NAT gateway takes {MOST_NAT_ADDRESSES}")


def _faults(cluster: Cluster, request: Request, kind: str, address_id: str) -> Iterator[str]:
    """Why an address cannot carry the egress, in words; raises Unread."""
    named = address_id.lower().startswith("/subscriptions/") and not arm.is_collection(address_id)
    if not named or not arm.same(arm.resource_type(address_id), _KINDS[kind]):
        yield f"is not the id of a public IP {kind}: that is /subscriptions/.../providers/{_KINDS[kind]}/NAME"
        return
    try:
        document = cluster.snapshot.resource(address_id)
    except Unread as unread:
        if not unread.is_absent:
            raise
        yield "does not exist"
        return
    yield from _place(cluster, document)
    if kind == "prefix" and request.to == LOAD_BALANCER and _is_elsewhere(cluster, address_id):
        yield "is in another subscription than the cluster, which AKS refuses for prefixes"
    yield from _settings(cluster, request, kind, document)
    yield from _uses(cluster, request, document)


def _place(cluster: Cluster, document: Json) -> Iterator[str]:
    location, home = arm.text(document, "location"), cluster.location
    if location is None or home is None:
        nowhere = document if location is None else cluster.document
        raise Unread(arm.text(nowhere, "id"), "Azure's answer has no location")
    if arm.location(document) != home:
        yield f"is in {location}, and the cluster in {home}"


def _is_elsewhere(cluster: Cluster, address_id: str) -> bool:
    return not arm.same(arm.part(address_id, "subscriptions"), cluster.subscription_id)


def _settings(cluster: Cluster, request: Request, kind: str, document: Json) -> Iterator[str]:
    properties, sku = document["properties"], arm.text(document, "sku", "name")
    if not arm.same(sku, _sku(request)):
        yield f"is of SKU {sku or 'Basic'}, and {request.to} takes {_sku(request)} only"
    if arm.same(arm.text(document, "sku", "tier"), "Global"):
        yield "is of tier Global, which is for cross-region load balancers only"
    state, method = arm.text(properties, "provisioningState"), arm.text(properties, "publicIPAllocationMethod")
    if not arm.same(state, "Succeeded"):
        yield f"is in state {state or 'unknown'}, not Succeeded"
    if kind == "address" and not arm.same(method, "Static"):
        yield f"is allocated {method or 'in an unknown way'}, not Static"
    if arm.same(arm.text(properties, "publicIPAddressVersion"), "IPv6") and not cluster.dual_stack:
        yield "is IPv6, and the cluster is IPv4 only"
    if request.to == MANAGED_NAT_GATEWAY and arm.dig(properties, "customIPPrefix"):
        yield "is of a custom IP prefix, which a managed NAT gateway does not take"


def _uses(cluster: Cluster, request: Request, document: Json) -> Iterator[str]:
    """What an address is attached to, unless that is the cluster's own load balancer or NAT gateway: which keeps it, or
    got it by an update that failed."""
    address_id = arm.text(document, "id") or ""
    own = {found.lower() for found in profiles.stored_own_ids(cluster)}
    effective = {found.lower() for found in profiles.effective_ids(cluster, request.to)}
    if _is_made_by_aks(cluster, document) and address_id.lower() not in own:
        yield "was made by AKS, which does not take it for one's own"
    keeps = cluster.outbound_type == request.to and address_id.lower() in own | effective
    failed = not arm.same(cluster.text("provisioningState"), "Succeeded")
    for key in _ATTACHMENTS:
        user = arm.text(document, "properties", key, "id")
        if user and not ((keeps or failed) and cluster.made_by_aks(user)):
            yield f"is attached to {_owner(user)}"


def _taken(cluster: Cluster, request: Request, prefix_id: str) -> Iterator[str]:
    """How many addresses of a prefix are public IPs of their own already, in words, without those that the cluster's
    gateway of that type took from it; raises Unread."""
    document = cluster.snapshot.resource(prefix_id)
    effective = {found.lower() for found in profiles.effective_ids(cluster, request.to)}
    listed = {found.lower() for found in arm.references(document, "properties", "publicIPAddresses")} - effective
    if listed:
        found = address_range(arm.text(document, "properties", "ipPrefix") or "")
        taken = f"{len(listed)} of {found.num_addresses} addresses" if found else f"{len(listed)} addresses"
        yield f"{taken} of the prefix are taken"


def _is_made_by_aks(cluster: Cluster, document: Json) -> bool:
    """By the tags that AKS gives its addresses (Azure/AKS#2619), or as one of today's in the node resource group."""
    tags = document.get("tags")
    if isinstance(tags, dict) and any(str(key).lower().startswith("aks-managed") for key in tags):
        return True
    address_id = arm.text(document, "id") or ""
    today = profiles.effective_ids(cluster, cluster.outbound_type)
    return cluster.made_by_aks(address_id) and any(arm.same(address_id, found) for found in today)


def _owner(user: str) -> str:
    """The resource that a part of it, such as an IP configuration, belongs to."""
    for label in ("loadBalancers", "natGateways", "azureFirewalls", "networkInterfaces", "virtualNetworkGateways"):
        if arm.part(user, label):
            return arm.part(user, label)
    return arm.name(user)


def _sku(request: Request) -> str:
    return STANDARD if request.to == LOAD_BALANCER else STANDARD_V2


def new_address(cluster: Cluster, request: Request, kind: str) -> str:
    """The command that makes an address or a prefix that fits; StandardV2 is zone-redundant (AKS documentation,
    nat-gateway.md, 2026-07-07)."""
    options: dict[str, Any] = {**where(cluster.id), "name": "<new-name>", "sku": _sku(request)}
    options["location"] = cluster.location or "<region>"
    if _sku(request) == STANDARD_V2:
        options["zone"] = ("1", "2", "3")
    if kind == "prefix":
        return az("network public-ip prefix create", **options, length="31")
    return az("network public-ip create", **options)
