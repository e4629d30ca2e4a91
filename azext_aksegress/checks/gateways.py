"""EGR21x, EGR221 and EGR223: will packets have a way out, by NAT gateways and by what pools forbid?"""

from __future__ import annotations

from typing import Any, Iterator, Sequence

from azext_aksegress import arm, egress
from azext_aksegress.checks import Fail, Outcome, Pass, Skip, Warn, check
from azext_aksegress.checks.routes import subnets, used
from azext_aksegress.checks.support import pools
from azext_aksegress.cluster import Cluster, Subnet
from azext_aksegress.fixes import Fix, after, az, before, cutover, where
from azext_aksegress.matrix import (
    ISOLATED,
    LOAD_BALANCER,
    MANAGED_NAT_GATEWAY,
    STANDARD,
    STANDARD_V2,
    USER_ASSIGNED_NAT_GATEWAY,
    has_standard_v2,
)
from azext_aksegress.network import NatGateway
from azext_aksegress.pools import Pool
from azext_aksegress.request import Request
from azext_aksegress.snapshot import API_VERSION, Unread

_NAT = "AKS documentation, nat-gateway.md, 2026-07-07"
_NAT_URL = "https://learn.microsoft.com/azure/aks/nat-gateway"


@check(
    "EGR211",
    "every subnet has a NAT gateway",
    to=[USER_ASSIGNED_NAT_GATEWAY],
    each=subnets,
    blocks=True,
    sources=(
        _NAT,
        "AKS refusal SubnetNotAssociatedWithNATGateway",
    ),
    reference=_NAT_URL,
    observed_at="subnet.natGateway",
)
def nat_gateway_on_every_subnet(subnet: Subnet, _: Request) -> Iterator[Outcome]:
    """AKS refuses the change, and nodes or pods on a subnet without the gateway would lose egress."""
    gateway_id = subnet.nat_gateway_id
    if gateway_id is None:
        yield Fail(subnet.id, f"{used(subnet)} has no NAT gateway", fix=_attach(subnet))
    else:
        yield Pass(subnet.id, f"{subnet.name}: {arm.name(gateway_id)}")


def _attach(subnet: Subnet) -> tuple[Fix, ...]:
    """Attach the gateway that the cluster's other subnets in this VNet use, or one made for it: a Standard gateway
    serves one VNet (Azure documentation, NAT gateway limits)."""
    cluster = subnet.cluster
    peer = _gateway_in(arm.parent(subnet.id), cluster)
    if peer:
        return (cutover(az("network vnet subnet update", ids=subnet.id, nat_gateway=peer)),)
    network = arm.parent(subnet.id)
    gateway = f"nat-{arm.name(network)}"
    gateway_id = f"{arm.parent(network)}/natGateways/{gateway}"
    here = {**where(network), "location": cluster.location or "<region>"}
    return (
        before(az("network public-ip create", **here, name=f"pip-{gateway}", sku="Standard")),
        before(az("network nat gateway create", **here, name=gateway, public_ip_addresses=f"pip-{gateway}")),
        cutover(az("network vnet subnet update", ids=subnet.id, nat_gateway=gateway_id)),
    )


def _gateway_in(network_id: str, cluster: Cluster) -> str | None:
    for other in cluster.subnets:
        try:
            gateway_id = other.nat_gateway_id
        except Unread:
            continue
        if gateway_id and arm.same(arm.parent(other.id), network_id):
            return gateway_id
    return None


def _every_gateway(cluster: Cluster, _: Request) -> Iterator[str]:
    """The NAT gateways of all subnets, also where a route goes before them today."""
    for subnet in cluster.subnets:
        try:
            gateway_id = subnet.nat_gateway_id
        except Unread:
            continue
        if gateway_id:
            yield gateway_id


@check(
    "EGR212",
    "that gateway has a public IP or prefix",
    to=[USER_ASSIGNED_NAT_GATEWAY],
    each=subnets,
    reads=_every_gateway,
    blocks=True,
    sources=(_NAT,),
    reference=_NAT_URL,
    observed_at="natGateway.publicIpAddresses, publicIpPrefixes, and the V6 ones",
)
def nat_gateway_has_addresses(subnet: Subnet, _: Request) -> Iterator[Outcome]:
    """AKS refuses a NAT gateway without an address: nothing behind it can reach the internet."""
    gateway = subnet.nat_gateway
    if gateway is None:
        yield Skip("EGR211")
    elif not gateway.address_ids:
        observed = f"{gateway.name} has no public IP address and no prefix"
        yield Fail(gateway.id, observed, fix=_address_for(gateway, subnet.cluster.location or "<region>"))
    else:
        yield Pass(gateway.id, f"{gateway.name} has {len(gateway.address_ids)}")


def _address_for(gateway: NatGateway, location: str) -> tuple[Fix, ...]:
    """An address of the gateway's own SKU, and of all zones where that is StandardV2 (AKS documentation,
    nat-gateway.md, 2026-07-07)."""
    name = f"pip-{gateway.name}"
    is_v2 = arm.same(gateway.sku, STANDARD_V2)
    options: dict[str, Any] = {"sku": STANDARD_V2, "zone": ("1", "2", "3")} if is_v2 else {"sku": STANDARD}
    update = "network nat gateway update"
    return (
        before(az("network public-ip create", **where(gateway.id), location=location, name=name, **options)),
        cutover(az(update, **where(gateway.id), name=gateway.name, public_ip_addresses=name)),
    )


@check(
    "EGR213",
    "that gateway is healthy, its zones fit the pools' zones",
    to=[USER_ASSIGNED_NAT_GATEWAY],
    each=subnets,
    blocks=True,
    sources=(_NAT, "Azure documentation, NAT gateway and availability zones"),
    reference="https://learn.microsoft.com/azure/nat-gateway/nat-availability-zones",
    observed_at="provisioningState, zones, sku",
)
def nat_gateway_is_healthy(subnet: Subnet, _: Request) -> Iterator[Outcome]:
    """A failed gateway carries nothing; one in a single zone takes the egress of all zones down with its own."""
    gateway = subnet.nat_gateway
    if gateway is None:
        yield Skip("EGR211")
        return
    if gateway.state is None:
        raise Unread(gateway.id, "Azure's answer has no provisioningState")
    if not arm.same(gateway.state, "Succeeded"):
        again = az("network nat gateway update", **where(gateway.id), name=gateway.name)
        yield Fail(gateway.id, f"{gateway.name} is {gateway.state}", fix=(before(again),), expected="Succeeded")
    zones = sorted({zone for pool in subnet.cluster.pools if pool.name in subnet.pools for zone in pool.zones})
    if not _serves(gateway, zones):
        place = f"zone {gateway.zones[0]}" if gateway.zones else "one zone of Azure's choice"
        observed = f"{gateway.name} is in {place}, and the pools behind it in {', '.join(zones)}"
        yield Warn(gateway.id, observed, expected="a gateway in each zone, or a zone-redundant StandardV2 gateway")


def _serves(gateway: NatGateway, zones: Sequence[str]) -> bool:
    """Whether no zone of the pools depends on another one: a Standard gateway is in a single zone, which Azure chooses
    where nobody did."""
    if arm.same(gateway.sku, STANDARD_V2) or len(gateway.zones) > 1:
        return True
    return set(zones) <= set(gateway.zones) if gateway.zones else len(zones) < 2


@check(
    "EGR215",
    "the gateway and the cluster speak the same IP families",
    to=[USER_ASSIGNED_NAT_GATEWAY, MANAGED_NAT_GATEWAY],
    blocks=True,
    sources=(
        "Azure/AKS CHANGELOG.md, 2022-11 and 2022-12: NAT gateways cannot be used with dual-stack",
        "AKS engineering blog, Announcing StandardV2 NAT Gateway for AKS-managed egress, 2026-09-29",
    ),
    reference="https://learn.microsoft.com/azure/aks/configure-dual-stack",
    observed_at="ipFamilies, sku",
)
def gateway_speaks_the_families(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """A Standard NAT gateway has no IPv6: AKS refuses it for a dual-stack cluster, or IPv6 is left with no way out."""
    families = ("IPv4", "IPv6") if cluster.dual_stack else ("IPv4",)
    if request.to == MANAGED_NAT_GATEWAY:
        yield from _managed_family(cluster, request)
        return
    for gateway in {found.id.lower(): found for found in _gateways(cluster)}.values():
        lacking = [family for family in families if family not in gateway.families]
        if gateway.address_ids and lacking:
            observed = f"{gateway.name} ({gateway.sku}) has no {' and no '.join(lacking)} address"
            yield Warn(gateway.id, observed, expected=" and ".join(families))


def _managed_family(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    if not cluster.dual_stack:
        yield Pass(cluster.id, "the cluster is IPv4 only")
        return
    sku, reason = (request.nat_gateway_sku, "") if request.nat_gateway_sku else _sku_of_aks(cluster)
    if sku == STANDARD_V2:
        yield Pass(cluster.id, f"the cluster is dual stack, and so is a {STANDARD_V2} gateway")
    elif sku is None:
        observed = "the cluster is dual stack, and no SKU is asked for: without StandardV2 there is no IPv6"
        yield Warn(cluster.id, observed, expected=STANDARD_V2)
    else:
        observed = f"the cluster is dual stack, and a Standard gateway has no IPv6{reason}"
        yield Fail(cluster.id, observed, expected=STANDARD_V2)


def _sku_of_aks(cluster: Cluster) -> tuple[str | None, str]:
    """The SKU of the managed gateway where none is asked for, and in words why; None where AKS chooses; raises
    Unread."""
    if cluster.outbound_type == MANAGED_NAT_GATEWAY and cluster.nat_gateway_sku:
        return cluster.nat_gateway_sku, f": today's gateway is {cluster.nat_gateway_sku}, and stays so"
    answered = cluster.snapshot.answered
    if answered < API_VERSION:
        return STANDARD, f": {STANDARD_V2} needs api-version {API_VERSION}, and this cloud answers with {answered}"
    if cluster.location is None:
        raise Unread(cluster.id, "Azure's answer has no location")
    if not has_standard_v2(cluster.location):
        return STANDARD, f": {cluster.location} has no {STANDARD_V2}, so the way out is another outbound type"
    return None, ""


def _gateways(cluster: Cluster) -> Iterator[NatGateway]:
    """The NAT gateways of the cluster's subnets; raises Unread."""
    for subnet in cluster.subnets:
        gateway = subnet.nat_gateway
        if gateway:
            yield gateway


@check(
    "EGR221",
    "no NAT gateway stays on a subnet and overrides the new path",
    to=[LOAD_BALANCER, *ISOLATED],
    each=subnets,
    sources=(
        "Azure documentation, NAT gateway, outbound connectivity precedence",
        "Azure/AKS#1122, Azure/AKS#1653",
    ),
    reference=_NAT_URL,
    observed_at="subnet.natGateway",
)
def no_nat_gateway_stays(subnet: Subnet, request: Request) -> Iterator[Outcome]:
    """The gateway goes on carrying the subnet's egress after the move, or leaves an isolated cluster a way out."""
    gateway_id = subnet.nat_gateway_id
    if gateway_id is None or egress.goes_with_the_move(subnet.cluster, gateway_id, request.to):
        return
    effect = "a way out remains" if request.to in ISOLATED else "it goes before the load balancer"
    detach = az("network vnet subnet update", ids=subnet.id, nat_gateway="null")
    yield Warn(subnet.id, f"{subnet.name} has NAT gateway {arm.name(gateway_id)}: {effect}", fix=(after(detach),))


@check(
    "EGR223",
    "no Windows pool has outbound NAT disabled",
    to=[LOAD_BALANCER],
    each=pools,
    blocks=True,
    sources=(
        _NAT,
        "Azure/AKS CHANGELOG.md, 2023-09-03",
    ),
    reference=_NAT_URL,
    observed_at="windowsProfile.disableOutboundNat",
)
def windows_pools_have_outbound_nat(pool: Pool, _: Request) -> Iterator[Outcome]:
    """AKS refuses loadBalancer for a pool made without outbound NAT, which can be set only when a pool is made."""
    if pool.outbound_nat_disabled:
        yield Fail(pool.id, f"pool {pool.name} has disableOutboundNat", fix=recreate(pool))


_POOL_SETTINGS = {
    "mode": "mode",
    "os_type": "osType",
    "os_sku": "osSKU",
    "node_vm_size": "vmSize",
    "node_count": "count",
    "max_pods": "maxPods",
    "vnet_subnet_id": "vnetSubnetID",
    "pod_subnet_id": "podSubnetID",
}
"""The options of `az aks nodepool add`, and where a pool's JSON keeps them; the autoscaler, labels and the like are for
its owner to add."""


def recreate(pool: Pool) -> tuple[Fix, ...]:
    """A pool keeps its setting for life, so another one takes its place, with what else is known of it."""
    of_the_cluster = {**where(pool.id), "cluster_name": arm.part(pool.id, "managedClusters")}
    stored = {option: arm.dig(pool.document, key) for option, key in _POOL_SETTINGS.items()}
    like = {option: str(value) for option, value in stored.items() if isinstance(value, (str, int)) and value}
    like.update({"node_taints": ",".join(taints)} if (taints := arm.strings(pool.document, "nodeTaints")) else {})
    return (
        before(az("aks nodepool add", **of_the_cluster, name="<new-pool>", **like)),
        before(az("aks nodepool delete", **of_the_cluster, name=pool.name)),
    )
