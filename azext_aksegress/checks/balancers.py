"""EGR208 and EGR225: do the load balancers and NAT gateways of the node resource group fit the move?"""

from __future__ import annotations

import re
from functools import partial
from typing import Callable, Iterable, Iterator, Mapping, Sequence

from azext_aksegress import arm, profiles
from azext_aksegress.arm import Json
from azext_aksegress.checks import Outcome, Pass, Warn, check
from azext_aksegress.checks.nodes import in_the_cluster
from azext_aksegress.cluster import Cluster
from azext_aksegress.fixes import Fix, az, before, cutover, named, where
from azext_aksegress.matrix import LOAD_BALANCER, MANAGED_NAT_GATEWAY, USER_DEFINED_ROUTING
from azext_aksegress.network import NatGateway, address_range, holds
from azext_aksegress.request import Request
from azext_aksegress.snapshot import Unread

_BALANCERS = "Microsoft.Network/loadBalancers"
_PUBLIC_IPS = "Microsoft.Network/publicIPAddresses"

_INBOUND = ("loadBalancingRules", "inboundNatRules", "inboundNatPools")
_SERVICE_TAG = "k8s-azure-service"
"""The tag with which Kubernetes marks the public IP of its Services, `namespace/name`, several parted by commas
(kubernetes-sigs/cloud-provider-azure)."""
_SERVICE = re.compile(r"[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9-]*")
_GLOBAL_IPV6 = "2000::/3"
"""All of the internet's IPv6 addresses (IANA, IPv6 address space)."""


def _public_frontends(balancer: Json) -> dict[str, str]:
    """The public IP or prefix of each public frontend, by the frontend's lower-case id; internal ones have none."""
    found = {}
    for row in arm.objects(balancer, "properties", "frontendIPConfigurations"):
        frontend_id = arm.text(row, "id")
        address_id = arm.text(row, "properties", "publicIPAddress", "id")
        address_id = address_id or arm.text(row, "properties", "publicIPPrefix", "id")
        if frontend_id and address_id:
            found[frontend_id.lower()] = address_id
    return found


def _balancers_and_addresses(cluster: Cluster, _: Request) -> Iterator[str]:
    yield cluster.in_node_group(_BALANCERS)
    yield cluster.in_node_group(_PUBLIC_IPS)


@check(
    "EGR208",
    "no public LoadBalancer Service would be answered asymmetrically",
    to=[USER_DEFINED_ROUTING],
    reads=_balancers_and_addresses,
    sources=(
        "AKS documentation, limit-egress-traffic.md, 2026-07-02",
        "Azure/AKS#3700, MicrosoftDocs/azure-docs#87987",
    ),
    reference="https://learn.microsoft.com/azure/aks/limit-egress-traffic",
    observed_at="inbound rules of the node resource group's load balancer",
)
def public_services_are_answered(cluster: Cluster, _: Request) -> Iterator[Outcome]:
    """Requests come in by the load balancer and answers leave by the firewall, which never saw the request and drops
    them: the Service cannot be reached any more."""
    inbound = _inbound(cluster)
    described = _described(cluster)
    later = []
    for address_id in inbound:
        row = described.get(address_id.lower(), {})
        if _is_ipv6(row):
            later.append((address_id, row))
        else:
            yield _asymmetric(cluster, address_id, row)
    if later and _routes_ipv6_away(cluster):
        yield from (_asymmetric(cluster, *found) for found in later)
    elif later:
        yield Pass(cluster.id, "IPv6 only, and no route takes IPv6 away")
    _balancers(cluster)
    if not inbound:
        yield Pass(cluster.id, "no public frontend takes traffic")


def _balancers(cluster: Cluster) -> tuple[Json, ...]:
    """The load balancers of the node resource group; raises Unread where AKS's own carries egress and is not listed."""
    collection_id = cluster.in_node_group(_BALANCERS)
    rows = cluster.snapshot.collection(collection_id)
    carries = cluster.outbound_type == LOAD_BALANCER and profiles.effective_ids(cluster, LOAD_BALANCER)
    if carries and not any(_is_aks_s(row) for row in rows):
        raise Unread(collection_id, f"the list has no load balancer {_AKS_BALANCER}")
    return rows


def _is_aks_s(balancer: Json) -> bool:
    return arm.same(arm.text(balancer, "name"), _AKS_BALANCER)


def _inbound(cluster: Cluster) -> list[str]:
    """The public IPs and prefixes that take traffic for the cluster; raises Unread."""
    found: dict[str, str] = {}
    for balancer in cluster.snapshot.collection(cluster.in_node_group(_BALANCERS)):
        rules = (rule for key in _INBOUND for rule in arm.objects(balancer, "properties", key))
        used = {(arm.text(rule, "properties", "frontendIPConfiguration", "id") or "").lower() for rule in rules}
        frontends = _public_frontends(balancer)
        found.update({frontends[key].lower(): frontends[key] for key in sorted(used & set(frontends))})
    return [found[key] for key in sorted(found)]


def _described(cluster: Cluster) -> Mapping[str, Json]:
    """The public IPs of the node resource group by lower-case id, for words only: none where they were not read."""
    try:
        rows = cluster.snapshot.collection(cluster.in_node_group(_PUBLIC_IPS))
    except Unread:
        return {}
    return {(arm.text(row, "id") or "").lower(): row for row in rows}


def _is_ipv6(public_ip: Json) -> bool:
    found = address_range(arm.text(public_ip, "properties", "ipAddress") or "")
    return (
        found.version == 6 if found else arm.same(arm.text(public_ip, "properties", "publicIPAddressVersion"), "IPv6")
    )


def _routes_ipv6_away(cluster: Cluster) -> bool:
    """Whether a route sends the internet's IPv6 elsewhere; a 0.0.0.0/0 route leaves it alone; raises Unread."""
    unread: Unread | None = None
    for subnet in cluster.subnets:
        try:
            table = subnet.route_table
        except Unread as error:
            unread = unread or error
            continue
        if table and any(route.diverts and holds(route.prefix, _GLOBAL_IPV6) for route in table.routes):
            return True
    if unread:
        raise unread
    return False


def _asymmetric(cluster: Cluster, address_id: str, row: Json) -> Outcome:
    address = arm.text(row, "properties", "ipAddress") or arm.name(address_id)
    services = arm.text(row, "tags", _SERVICE_TAG)
    observed = f"{address} takes traffic for {f'Service {services}' if services else 'the cluster'}"
    names = [name.strip() for name in (services or "").split(",")]
    fix = tuple(_make_internal(cluster, name) for name in names if _SERVICE.fullmatch(name))
    return Warn(address_id, observed, fix=fix, expected="internal load balancers, behind DNAT on the firewall")


def _make_internal(cluster: Cluster, service: str) -> Fix:
    """With an address that is chosen first, so that the firewall's DNAT rule can be there before it is needed."""
    namespace, _, name = service.partition("/")
    annotation = "service.beta.kubernetes.io/azure-load-balancer"
    settings = f"{annotation}-internal=true {annotation}-ipv4=<private-ip-of-the-dnat-rule>"
    return before(in_the_cluster(cluster, f"kubectl annotate service {name} -n {namespace} --overwrite {settings}"))


_AKS_BALANCER, _AKS_RULE = "kubernetes", "aksoutboundrule"
_NAT_OPTIONS = {
    "publicIpAddresses": "public_ip_addresses",
    "publicIpPrefixes": "public_ip_prefixes",
    "publicIpAddressesV6": "pip_addresses_v6",
    "publicIpPrefixesV6": "pip_prefixes_v6",
}
"""The lists of a NAT gateway, and the options of `az network nat gateway update` that set them."""


def _carriers_of_aks(cluster: Cluster) -> Iterator[Callable[[], Iterator[Outcome]]]:
    """The judgement of the load balancer and that of the NAT gateway, of which each can be unknown by itself."""
    yield partial(_load_balancer, cluster)
    yield partial(_nat_gateway, cluster)


def _balancers_and_foreign_addresses(cluster: Cluster, _: Request) -> Iterator[str]:
    yield cluster.in_node_group(_BALANCERS)
    for _rule, frontends in _outbound_rules(cluster):
        yield from _unlisted(cluster, LOAD_BALANCER, frontends.values())


@check(
    "EGR225",
    "AKS's load balancer and NAT gateway carry only what AKS made",
    each=_carriers_of_aks,
    reads=_balancers_and_foreign_addresses,
    sources=("Azure/AKS#5634, 2026-02-27", "MicrosoftDocs/azure-docs#95631, 2022-07-12"),
    observed_at="node resource group: outbound rules, foreign IPs",
)
def only_what_aks_made(judge: Callable[[], Iterator[Outcome]], _: Request) -> Iterator[Outcome]:
    """AKS's next update fails over an outbound rule that it did not make, with all pools Failed, and takes away the
    addresses that it did not put there."""
    return judge()


def _outbound_rules(cluster: Cluster) -> list[tuple[Json, dict[str, str]]]:
    """The outbound rules of AKS's load balancer, each with the public IP or prefix of its frontends, by the frontend's
    id; raises Unread."""
    found = []
    for balancer in _balancers(cluster):
        if _is_aks_s(balancer):
            frontends = _public_frontends(balancer)
            for rule in arm.objects(balancer, "properties", "outboundRules"):
                used = sorted(arm.references(rule, "properties", "frontendIPConfigurations"))
                found.append((rule, {key: frontends[key.lower()] for key in used if key.lower() in frontends}))
    return sorted(found, key=lambda row: _name(row[0]))


def _name(rule: Json) -> str:
    return arm.text(rule, "name") or arm.name(arm.text(rule, "id") or "") or "without name"


def _known(cluster: Cluster, outbound_type: str) -> tuple[str, ...]:
    """The public IPs and prefixes that AKS put on the gateway of an outbound type; raises Unread where none are listed
    for today's."""
    effective = profiles.effective_ids(cluster, outbound_type)
    if outbound_type != cluster.outbound_type:
        return effective
    if not effective:
        raise Unread(cluster.id, "Azure's answer lists no effective outbound IPs")
    return (*effective, *profiles.stored_own_ids(cluster))


def _unlisted(cluster: Cluster, outbound_type: str, address_ids: Iterable[str]) -> list[str]:
    """The addresses that AKS did not put there, by their ids alone; raises Unread."""
    known = {found.lower() for found in _known(cluster, outbound_type)}
    return sorted(found for found in address_ids if known and found.lower() not in known)


def _foreign(cluster: Cluster, outbound_type: str, address_ids: Iterable[str]) -> list[str]:
    """The same without those that AKS took from a prefix that it knows; raises Unread."""
    known = _known(cluster, outbound_type)
    unlisted = _unlisted(cluster, outbound_type, address_ids)
    return [found for found in unlisted if not any(profiles.is_used(cluster, own, (found,)) for own in known)]


def _load_balancer(cluster: Cluster) -> Iterator[Outcome]:
    rules = _outbound_rules(cluster)
    made = [(rule, frontends) for rule, frontends in rules if _name(rule).lower().startswith(_AKS_RULE)]
    for rule, frontends in rules:
        if (rule, frontends) not in made:
            addresses = sorted(profiles.address_or_name(cluster.snapshot, found) for found in frontends.values())
            behind = f" ({', '.join(addresses)})" if addresses else ""
            observed = f"outbound rule {_name(rule)}{behind} on load balancer {_AKS_BALANCER} is not AKS's"
            yield Warn(arm.text(rule, "id"), observed, fix=_delete(rule))
    for rule, frontends in made:
        foreign = _foreign(cluster, LOAD_BALANCER, frontends.values())
        kept = [key for key, address_id in frontends.items() if address_id not in foreign]
        for address_id in foreign:
            yield _not_ours(cluster, address_id, f"outbound rule {_name(rule)}", _keep_frontends(cluster, rule, kept))
    yield Pass(cluster.id, f"outbound rules: {', '.join(_name(rule) for rule, _ in made) or 'none'}")


def _not_ours(cluster: Cluster, address_id: str, carrier: str, fix: str) -> Outcome:
    address = profiles.address_or_name(cluster.snapshot, address_id)
    observed = f"{address} is on {carrier}, but the cluster's profile does not list it: somebody put it there by hand"
    return Warn(address_id, observed, fix=(cutover(fix),))


def _delete(rule: Json) -> tuple[Fix, ...]:
    """It carries egress of its own, which moves to AKS's rule at that moment."""
    rule_id = arm.text(rule, "id")
    return (cutover(az("network lb outbound-rule delete", **_of_the_balancer(rule_id))),) if rule_id else ()


def _of_the_balancer(rule_id: str) -> dict[str, str]:
    return {**where(rule_id), "lb_name": arm.part(rule_id, "loadBalancers"), "name": arm.name(rule_id)}


def _keep_frontends(cluster: Cluster, rule: Json, kept: Sequence[str]) -> str:
    rule_id = arm.text(rule, "id")
    if not rule_id or not kept:
        return _reconcile(cluster)
    return az("network lb outbound-rule update", **_of_the_balancer(rule_id), frontend_ip_configs=kept)


def _reconcile(cluster: Cluster) -> str:
    """An update without options, with which AKS puts its own addresses back: nothing else would be left."""
    return az("aks update", **named(cluster.id))


def _nat_gateway(cluster: Cluster) -> Iterator[Outcome]:
    if cluster.outbound_type != MANAGED_NAT_GATEWAY:
        return
    gateways = [gateway for gateway in (subnet.nat_gateway for subnet in cluster.subnets) if gateway]
    for gateway in {found.id.lower(): found for found in gateways if cluster.made_by_aks(found.id)}.values():
        foreign = _foreign(cluster, MANAGED_NAT_GATEWAY, gateway.address_ids)
        for address_id in foreign:
            yield _not_ours(cluster, address_id, gateway.name, _keep_addresses(cluster, gateway, foreign))


def _keep_addresses(cluster: Cluster, gateway: NatGateway, foreign: Sequence[str]) -> str:
    if not set(gateway.address_ids) - set(foreign):
        return _reconcile(cluster)
    document = cluster.snapshot.resource(gateway.id)
    lists = {option: arm.references(document, "properties", key) for key, option in _NAT_OPTIONS.items()}
    kept = {option: [found for found in ids if found not in foreign] for option, ids in lists.items()}
    changed = {option: kept[option] or "null" for option, ids in lists.items() if len(kept[option]) < len(ids)}
    return az("network nat gateway update", ids=gateway.id, **changed)
