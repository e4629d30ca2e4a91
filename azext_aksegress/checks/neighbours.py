"""EGR303 and EGR306 to EGR308: whom else does the move concern, and what will undo it?"""

from __future__ import annotations

import re
from itertools import groupby
from typing import Callable, Iterable, Iterator, Mapping, Sequence

from azext_aksegress import allowlists, arm, egress, profiles, questions
from azext_aksegress.allowlists import AllowList
from azext_aksegress.arm import Json
from azext_aksegress.checks import Fail, Note, Outcome, Pass, Skip, Warn, check, unknown
from azext_aksegress.checks.addresses import new_address
from azext_aksegress.checks.routes import subnets
from azext_aksegress.cluster import Cluster, Subnet
from azext_aksegress.egress import Addresses
from azext_aksegress.fixes import Fix, after, before
from azext_aksegress.matrix import (
    ISOLATED,
    LOAD_BALANCER,
    MANAGED_NAT_GATEWAY,
    USER_ASSIGNED_NAT_GATEWAY,
    USER_DEFINED_ROUTING,
)
from azext_aksegress.network import APPLIANCE_HOPS, address_range, holds
from azext_aksegress.request import Request
from azext_aksegress.snapshot import Unread

_TYPES = "AKS documentation, egress-outboundtype.md, 2024-12-19"
_PREFIXES = "microsoft.network/publicipprefixes"
_ADDRESSES = ("microsoft.network/publicipaddresses", _PREFIXES)
_TAGS_OF_AKS = ("aks-managed", "k8s-azure")
"""How the tags begin that AKS gives its outbound addresses (Azure/AKS#2619), and Kubernetes those of its Services
(cloud-provider-azure, "Tagging resources managed by Cloud Provider Azure")."""


@check(
    "EGR303",
    "no IP of a prior outbound configuration is reused",
    to=[LOAD_BALANCER, MANAGED_NAT_GATEWAY],
    blocks=True,
    sources=(_TYPES, "AKS documentation, load-balancer-standard.md, 2026-07-02"),
    observed_at="request against effectiveOutboundIPs, tags, records",
)
def no_address_is_reused(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """The old path holds the address until it is gone, and may take it along: the update can fail half way."""
    if not request.own_ids:
        yield Skip("none are given")
    for address_id in request.own_ids:
        if arm.resource_type(address_id).lower() not in _ADDRESSES or arm.is_collection(address_id):
            yield Skip("EGR224")
            continue
        try:
            yield _use(cluster, request, address_id)
        except Unread as unread:
            yield Skip("EGR224") if unread.is_absent else unknown(unread)


def _use(cluster: Cluster, request: Request, address_id: str) -> Outcome:
    """What an address that is asked for is, or was, used for; raises Unread."""
    name = arm.name(address_id)
    stays = profiles.effective_ids(cluster, request.to)
    if any(_is_in(cluster, address_id, found) for found in stays):
        return Pass(address_id, f"{name} stays where it is")
    fix = (before(new_address(cluster, request, "prefix" if _is_prefix(address_id) else "address")),)
    taken = [found for other in profiles.PROFILES for found in profiles.effective_ids(cluster, other)]
    if any(_is_in(cluster, address_id, found) for found in taken):
        return Fail(address_id, f"{name} is an outbound address of the cluster now", fix=fix)
    made = [key for key in _tags(cluster.snapshot.resource(address_id)) if key.lower().startswith(_TAGS_OF_AKS)]
    if made:
        return Fail(address_id, f"{name} has the tag {made[0]}: AKS made it, or has used it", fix=fix)
    if request.formerly and _was_used(cluster, request, address_id):
        return Warn(address_id, f"{name} was an outbound address of the cluster, by the record of a migration", fix=fix)
    return Pass(address_id, name)


def _is_prefix(address_id: str) -> bool:
    return arm.resource_type(address_id).lower() == _PREFIXES


def _is_in(cluster: Cluster, one: str, other: str) -> bool:
    """Whether two ids are of the same public IP, or of a prefix and an address in it; raises Unread."""
    if arm.same(one, other) or not (_is_prefix(one) or _is_prefix(other)):
        return arm.same(one, other)
    return _overlap(*(profiles.address(cluster.snapshot, found) for found in (one, other)))


def _overlap(one: str, other: str) -> bool:
    return holds(one, other) or holds(other, one)


def _was_used(cluster: Cluster, request: Request, address_id: str) -> bool:
    if any(arm.same(address_id, found) for found in request.formerly):
        return True
    address = profiles.address(cluster.snapshot, address_id)
    return any(_overlap(address, found) for found in request.formerly)


def _tags(document: Json) -> dict[str, str]:
    """The tags of a resource in the order of their keys."""
    tags = arm.dig(document, "tags")
    return {str(key): str(tags[key]) for key in sorted(tags, key=str)} if isinstance(tags, dict) else {}


def _what_others_admit(*_: object) -> tuple[str, ...]:
    return (questions.GRAPH,)


@check(
    "EGR306",
    "no Azure resource that you can see allow-lists today's IPs",
    reads=_what_others_admit,
    sources=("AKS documentation, egress-outboundtype.md, 2026-08-05", "Azure documentation, Resource Graph"),
    observed_at="one Resource Graph query: network rules of storage, Key Vault, ACR, Cosmos DB, Cognitive Services; "
    "NSG source prefixes; other clusters' authorized ranges",
)
def nobody_admits_the_old_addresses(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """What admits the cluster by today's address refuses it after the move."""
    today, then = egress.before(cluster), egress.after(cluster, request)
    if today.complete and then.complete and set(today.known) == set(then.known):
        yield Pass(cluster.id, _that_stays(cluster, request) if today.known else "the cluster has no egress IP")
        return
    if today.known:
        known = [found for found in allowlists.read(cluster.snapshot) if not arm.same(found.resource_id, cluster.id)]
        by_resource = groupby(known, key=lambda found: found.resource_id.lower())
        for _, rows in by_resource:
            yield from _admission(list(rows), today, then)
    yield from (unknown(unread) for unread in today.unknown if unread.reason != egress.NO_WAY_OUT)
    yield Pass(
        cluster.id, "none found among what this sign-in can see" if today.known else "the cluster has no egress IP"
    )


def _that_stays(cluster: Cluster, request: Request) -> str:
    """A gateway or route that is left on a subnet keeps its address in use until it is taken away (EGR221, EGR222)."""
    overridden = request.to in (LOAD_BALANCER, *ISOLATED) and request.to != cluster.outbound_type
    return f"egress IPs stay{', as long as what overrides the new path does' if overridden else ''}"


def _admission(lists: Sequence[AllowList], today: Addresses, then: Addresses) -> Iterator[Outcome]:
    """What one resource must learn, by the lists of it that hold one of today's addresses."""
    seen: list[str] = []
    fixes: list[Fix] = []
    for found in lists:
        held = sorted(known for known in today.known if found.admits_some(known) and not found.is_open_to(known))
        if not held:
            continue
        new = [address for address in then.known if _families([address]) & _families(held)]
        missing = sorted(address for address in new if not found.admits(address))
        unclear = [unread for unread in then.unknown if unread.reason != egress.CHOSEN_BY_AKS]
        if missing or unclear or not new:
            seen.append(f"{found.label} admits {', '.join(held)}{_lack(found, missing, then)}")
            fixes += _admit(found, missing, unclear)
    if seen:
        yield Warn(lists[0].resource_id, "; ".join(seen), fix=tuple(dict.fromkeys(fixes)))


def _families(addresses: Iterable[str]) -> set[int]:
    return {known.version for known in map(address_range, addresses) if known}


def _lack(found: AllowList, missing: Sequence[str], then: Addresses) -> str:
    by_service = ", as a Service says by its loadBalancerSourceRanges" if found.written_by_a_service else ""
    if missing:
        return f"{by_service}, and not {', '.join(missing)}"
    if then.complete:
        return f"{by_service}, and the cluster will have no such address"
    return f"{by_service}, and the new address is not known yet"


def _admit(found: AllowList, missing: Sequence[str], unclear: Sequence[Unread]) -> Iterator[Fix]:
    """Admit what is known now; an address that AKS makes only in the move afterwards, and any other before it."""
    late = any(unread.reason == egress.MADE_BY_THE_MOVE for unread in unclear)
    early = [*missing, *(["<new-address>"] if unclear and not late else [])]
    if early:
        yield from map(before, found.commands(early))
    if late:
        yield from map(after, found.commands([*missing, "<new-address>"] if found.is_replaced else ["<new-address>"]))


@check(
    "EGR307",
    "nobody else shares what is changed",
    to=[USER_DEFINED_ROUTING, USER_ASSIGNED_NAT_GATEWAY, LOAD_BALANCER],
    each=subnets,
    sources=("Azure documentation, virtual-networks-udr-overview and NAT gateway: both act on whole subnets",),
    reference="https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview",
    observed_at="routeTable.subnets, natGateway.subnets, subnet.ipConfigurations outside the node resource group",
)
def nobody_shares_what_is_changed(subnet: Subnet, request: Request) -> Iterator[Outcome]:
    """Whatever else is on the subnet, the route table or the gateway gets another way out at the same moment."""
    judge: Mapping[str, Callable[[Subnet], Iterator[Outcome]]] = {
        USER_DEFINED_ROUTING: _by_route_table,
        USER_ASSIGNED_NAT_GATEWAY: _by_gateway,
        LOAD_BALANCER: _by_load_balancer,
    }
    yield from judge[request.to](subnet)


def _by_route_table(subnet: Subnet) -> Iterator[Outcome]:
    table = subnet.route_table
    if table:
        yield from _sharers(
            subnet, table.id, table.subnet_ids, "a default route in it, or a change of it, is theirs too"
        )
    if not _is_routed(subnet):
        yield from _residents(subnet, "they move to the new path when the default route is in force")


def _by_gateway(subnet: Subnet) -> Iterator[Outcome]:
    gateway = subnet.nat_gateway
    if gateway:
        yield from _sharers(subnet, gateway.id, gateway.subnet_ids, "they share its addresses and SNAT ports")
    routed = any(route and route.diverts for route in subnet.internet_routes)
    if gateway is None or routed:
        cause = "its default route is gone" if routed else "the gateway is attached"
        yield from _residents(subnet, f"they move to the new path when {cause}")


def _by_load_balancer(subnet: Subnet) -> Iterator[Outcome]:
    """A gateway, or a table that others use too, is detached from the cluster's subnets alone; kubenet keeps the table,
    so that its route goes for all (EGR221, EGR222)."""
    gateway_id = subnet.nat_gateway_id
    leftover = gateway_id and not egress.goes_with_the_move(subnet.cluster, gateway_id, LOAD_BALANCER)
    if leftover:
        yield from _residents(subnet, "they move to another path when its NAT gateway or default route is gone")
    table = subnet.route_table
    if table is None or not any(route and route.diverts for route in subnet.internet_routes):
        return
    if subnet.cluster.kubenet:
        yield from _sharers(subnet, table.id, table.subnet_ids, "its default route goes for them too")
    yield from _residents(subnet, "they move to another path when its NAT gateway or default route is gone")


def _is_routed(subnet: Subnet) -> bool:
    """Whether all that leaves for the internet goes to an appliance or gateway already."""
    return all(
        route and any(arm.same(route.next_hop_type, hop) for hop in APPLIANCE_HOPS) for route in subnet.internet_routes
    )


def _sharers(subnet: Subnet, shared_id: str, subnet_ids: Sequence[str], effect: str) -> Iterator[Outcome]:
    """The subnets on a table or gateway that are not the cluster's own; raises Unread."""
    own = {found.id.lower() for found in subnet.cluster.subnets}
    others = {found.lower(): _place(found) for found in sorted(subnet_ids) if found.lower() not in own}
    if others:
        yield Warn(shared_id, f"{arm.name(shared_id)} is also on {_listed(others)}: {effect}")


def _place(subnet_id: str) -> str:
    return f"{arm.name(subnet_id)} ({arm.name(arm.parent(subnet_id))})"


def _residents(subnet: Subnet, effect: str) -> Iterator[Outcome]:
    """What else is on a subnet: all that has an address there and is not in the node resource group; raises Unread."""
    owners = map(_owner, subnet.snapshot.members(subnet.id, "ipConfigurations"))
    others = {
        found.lower(): f"{arm.name(found)} ({arm.resource_type(found).rpartition('/')[2]})"
        for found in sorted(owners)
        if not subnet.cluster.made_by_aks(found)
    }
    if others:
        yield Warn(subnet.id, f"{subnet.name} also has {_listed(others)}: {effect}")


def _owner(configuration_id: str) -> str:
    """The resource that an IP configuration is part of: a network interface, a load balancer, a scale set."""
    found = re.match(r"(.*?/providers/[^/]+/[^/]+/[^/]+)", configuration_id, re.I)
    return found.group(1) if found else configuration_id


MOST_LISTED = 5
"""Names in one sentence; what is beyond is counted."""


def _listed(others: Mapping[str, str]) -> str:
    names = [others[key] for key in sorted(others)]
    rest = len(names) - MOST_LISTED
    return f"{', '.join(names[:MOST_LISTED])}{f' and {rest} more' if rest > 0 else ''}"


_TOOLS = re.compile(r"(?<![a-z])(terraform|opentofu|terragrunt|pulumi|bicep|crossplane|ansible)(?![a-z])", re.I)
"""Names that people give in tags to whom a resource belongs to."""
_TAGS_OF_TOOLS = {
    "azd-env-name": "the Azure Developer CLI",
    "crossplane-kind": "Crossplane",
    "crossplane-name": "Crossplane",
    "sigs.k8s.io_cluster-api-provider-azure_": "Cluster API",
    "yor_trace": "code that Yor tags",
}
"""How the keys begin that tools give by themselves (azd's templates; crossplane/upjet, docs/configuring-a-resource.md;
kubernetes-sigs/cluster-api-provider-azure, api/v1beta1/tags.go; bridgecrewio/yor)."""
_NO = ("", "0", "false", "no", "none")


@check(
    "EGR308",
    "infrastructure code will undo it unless it is changed first",
    sources=(
        "hashicorp/terraform-provider-azurerm#24741, and CHANGELOG.md, 3.94.0, 2024-02-29",
        "kubernetes-sigs/cluster-api-provider-azure#3090",
    ),
    observed_at="tags, systemData",
)
def code_names_the_new_type(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """The next run of code that names the old type moves the cluster back, or replaces it where its provider is old."""
    fields = "outbound_type in Terraform (azurerm before 3.94 replaces the cluster), outboundType in Bicep, ARM "
    fields += "templates, Pulumi, Crossplane and Cluster API"
    yield Note(None, f"before code runs again, have it say {request.to}: {fields}{_last_change(cluster)}")
    found = [
        f"the tag {key} names {tool}" for key, value in _tags(cluster.document).items() for tool in _tools(key, value)
    ]
    if found:
        yield Warn(cluster.id, f"code seems to manage the cluster: {'; '.join(found)}")


def _last_change(cluster: Cluster) -> str:
    """Who changed the cluster last proves nothing, since a person's pipeline is an application too; only its kind is
    told."""
    kind = arm.text(cluster.document, "systemData", "lastModifiedByType")
    by_code = any(arm.same(kind, known) for known in ("Application", "ManagedIdentity"))
    return "; the last change of the cluster came from an application, which may be such code" if by_code else ""


def _tools(key: str, value: str) -> list[str]:
    """The tools that a tag names, by its key or its value; the value is not told, since it may be a secret."""
    known = [tool for start, tool in _TAGS_OF_TOOLS.items() if key.lower().startswith(start)]
    if known:
        return known
    named = _TOOLS.search(value) or (_TOOLS.search(key) if value.strip().lower() not in _NO else None)
    return [named.group(1).lower()] if named else []
