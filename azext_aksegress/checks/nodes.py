"""EGR207, EGR233 and EGR234: do the nodes, and the subnets that they are on, fit the new path?"""

from __future__ import annotations

from typing import Iterator

from azext_aksegress import arm
from azext_aksegress.checks import Fail, Outcome, Pass, Warn, check
from azext_aksegress.checks.gateways import recreate
from azext_aksegress.checks.support import pools
from azext_aksegress.cluster import Cluster
from azext_aksegress.fixes import az, before, named
from azext_aksegress.matrix import (
    BYO_VNET,
    LOAD_BALANCER,
    MANAGED_NAT_GATEWAY,
    NONE,
    USER_ASSIGNED_NAT_GATEWAY,
    USER_DEFINED_ROUTING,
)
from azext_aksegress.pools import Pool
from azext_aksegress.request import Request

_PRECEDENCE = "Azure documentation, NAT gateway, outbound connectivity precedence"
_NODE_PUBLIC_IPS = "AKS documentation, use-node-public-ips.md, 2026-06-22"
_STATIC_EGRESS = "AKS documentation, configure-static-egress-gateway.md, 2026-08-06"

_BESIDE_NODE_PUBLIC_IPS = {
    USER_DEFINED_ROUTING: "userDefinedRouting does not take them",
    MANAGED_NAT_GATEWAY: "the NAT gateway goes before them",
    USER_ASSIGNED_NAT_GATEWAY: "the NAT gateway goes before them",
    LOAD_BALANCER: "they go before the load balancer",
    NONE: "a way out remains",
}


@check(
    "EGR207",
    "no pool has node public IPs",
    to=tuple(_BESIDE_NODE_PUBLIC_IPS),
    each=pools,
    blocks=True,
    sources=(_NODE_PUBLIC_IPS, _PRECEDENCE, "AKS refusal UDRWithNodePublicIPNotAllowed"),
    reference="https://learn.microsoft.com/azure/aks/use-node-public-ips",
    observed_at="enableNodePublicIP",
)
def no_node_public_ips(pool: Pool, request: Request) -> Iterator[Outcome]:
    """AKS refuses userDefinedRouting with them, and with other types these nodes leave by one of two paths."""
    if not pool.node_public_ip:
        yield Pass(pool.id, f"pool {pool.name} has none")
        return
    outcome = Fail if request.to == USER_DEFINED_ROUTING else Warn
    effect = _BESIDE_NODE_PUBLIC_IPS[request.to]
    yield outcome(pool.id, f"each node of pool {pool.name} has a public IP: {effect}", fix=recreate(pool))


@check(
    "EGR233",
    "every subnet that nodes really use was judged",
    sources=("AKS documentation, node-auto-provisioning-networking.md, 2026-09-09",),
    reference="https://learn.microsoft.com/azure/aks/node-auto-provisioning-networking",
    observed_at="NICs of the node resource group",
)
def every_subnet_was_judged(cluster: Cluster, _: Request) -> Iterator[Outcome]:
    """Nodes on a subnet that nobody looked at can lose egress with the move, or go on as before."""
    mode = cluster.text("nodeProvisioningProfile", "mode")
    free = cluster.vnet == BYO_VNET  # AKS's own network takes no other subnets
    if free and arm.same(mode, "Auto"):
        look = in_the_cluster(cluster, "kubectl get aksnodeclasses --output yaml")
        observed = "node auto-provisioning is on: an AKSNodeClass may name subnets that Azure does not show"
        yield Warn(cluster.id, observed, fix=(before(look),), expected="no vnetSubnetID that no pool names")
    interfaces = cluster.interface_subnet_ids
    for subnet in cluster.unnamed_subnets:
        observed = f"nodes of no pool are on {subnet.name}: it was judged too, since their network interfaces show it"
        yield Warn(subnet.id, f"{observed}; others may be in use when such nodes come and go")
    if free and mode is None:
        cluster.known("nodeProvisioningProfile")
    seen = "network interfaces show no other" if interfaces else "there are no nodes beside those of scale sets"
    yield Pass(cluster.id, f"subnets judged: {len(cluster.subnets)}; {seen}")


def in_the_cluster(cluster: Cluster, command: str) -> str:
    """An az command that runs another one in the cluster, also where its API server is private."""
    return az("aks command invoke", **named(cluster.id), c=command)


@check(
    "EGR234",
    "static egress gateways keep their path",
    to=[USER_DEFINED_ROUTING, USER_ASSIGNED_NAT_GATEWAY, MANAGED_NAT_GATEWAY],
    sources=(_STATIC_EGRESS, _PRECEDENCE, "Azure/AKS#4638"),
    reference="https://learn.microsoft.com/azure/aks/configure-static-egress-gateway",
    observed_at="staticEgressGatewayProfile, Gateway pools and their subnet, Istio egress gateways",
)
def static_egress_gateways_keep_their_path(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """Pods behind such a gateway leave by the new path's address, and whoever admits the gateway's own prefix refuses
    them."""
    first = "a 0.0.0.0/0 route" if request.to == USER_DEFINED_ROUTING else "a NAT gateway"
    istio = _istio_egress_gateways(cluster)
    for name in istio:
        observed = (
            f"Istio egress gateway {name} leaves by a static egress gateway: {first} goes before its public prefix"
        )
        yield Warn(cluster.id, observed, sources=("AKS documentation, istio-deploy-egress.md, 2025-04-25",))
    gateways = [pool for pool in cluster.pools if arm.same(arm.text(pool.document, "mode"), "Gateway")]
    for pool in gateways:
        subnet = arm.name(pool.node_subnet_id) if pool.node_subnet_id else "the subnet that AKS made"
        yield Warn(pool.id, f"gateway pool {pool.name} is on {subnet}, where {first} goes before its public prefix")
    if gateways or istio:
        return
    profile = cluster.setting("networkProfile", "staticEgressGatewayProfile")
    if arm.flag(profile, "enabled"):
        yield Warn(cluster.id, f"static egress gateways are enabled: {first} goes before their public prefixes")
        return
    if profile is None:
        cluster.known("staticEgressGatewayProfile")
    yield Pass(cluster.id, "none are there")


def _istio_egress_gateways(cluster: Cluster) -> list[str]:
    """The enabled egress gateways of the Istio add-on, by namespace and name."""
    listed = arm.objects(cluster.setting("serviceMeshProfile"), "istio", "components", "egressGateways")
    parts = [(arm.text(row, "namespace"), arm.text(row, "name")) for row in listed if arm.flag(row, "enabled")]
    return sorted("/".join(part for part in row if part) or "without name" for row in parts)
