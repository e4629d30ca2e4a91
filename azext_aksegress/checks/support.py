"""EGR1xx: is the move supported?"""

from __future__ import annotations

from typing import Iterator, Sequence

from packaging.version import Version

from azext_aksegress import arm, egress, matrix, profiles
from azext_aksegress.checks import Done, Fail, Outcome, Pass, Skip, Warn, check
from azext_aksegress.cluster import Cluster
from azext_aksegress.fixes import after, az, before, named
from azext_aksegress.pools import Pool
from azext_aksegress.request import Request
from azext_aksegress.snapshot import API_VERSION, PREVIEW_API_VERSION, Unread

OLDEST_CLI, OLDEST_CLI_FOR_ISOLATION = "2.56.0", "2.71.0"

ISOLATION_FEATURE = "NetworkIsolatedClusterPreview"
_PROVIDER = "Microsoft.ContainerService"
OLDEST_KUBERNETES = {matrix.MANAGED_NAT_GATEWAY: (1, 20), matrix.NONE: (1, 30), matrix.BLOCK: (1, 30)}
_AUTOMATIC_TYPES = {
    matrix.MANAGED_VNET: (matrix.MANAGED_NAT_GATEWAY,),
    matrix.BYO_VNET: (matrix.LOAD_BALANCER, matrix.USER_ASSIGNED_NAT_GATEWAY, matrix.USER_DEFINED_ROUTING),
}
"""What AKS Automatic offers by kind of VNet, preconfigured in its own and optional in one's own."""
_AUTOMATIC = "AKS documentation, intro-aks-automatic.md, 2026-05-22"

_EGRESS = "AKS documentation, egress-outboundtype.md, 2026-08-05"


def pools(cluster: Cluster) -> Sequence[Pool]:
    """For checks that judge each agent pool."""
    return cluster.pools


@check(
    "EGR101",
    "the path is in the migration matrix for this VNet kind",
    blocks=True,
    observed_at="outboundType, VNet kind, matrix",
)
def path_is_in_the_matrix(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """AKS refuses a move that it does not support, or leaves the cluster in a failed state half way."""
    origin, vnet = cluster.outbound_type, cluster.vnet
    path = cluster.path_to(request.to, request.nat_gateway_sku)
    sku = cluster.nat_gateway_sku if origin == matrix.MANAGED_NAT_GATEWAY else None
    kind = "an AKS-managed VNet" if vnet == matrix.MANAGED_VNET else "a VNet of one's own"
    move = f"{origin} ({sku}) -> {request.to}" if sku == matrix.STANDARD_V2 else f"{origin} -> {request.to}"
    if path is None:
        yield Fail(cluster.id, f"no source lists {move} in {kind}{_instead(cluster)}")
        return
    sources = (f"{path.source}, {path.date}", *path.disputed)
    if path.status == matrix.NOT_SUPPORTED:
        yield Fail(
            cluster.id,
            f"{move} is not supported in {kind}{_instead(cluster)}{_but(path)}",
            sources=sources,
        )
    elif path.disputed:
        yield Warn(cluster.id, f"{move} in {kind}: {path.source}, {path.date} supports it{_but(path)}", sources=sources)
    else:
        yield Pass(cluster.id, f"table of {path.date}", sources=sources)


def _but(path: matrix.Path) -> str:
    return "".join(f"; but {source}" for source in path.disputed)


def _instead(cluster: Cluster) -> str:
    paths = (cluster.path_to(target, None) for target in matrix.OUTBOUND_TYPES)
    open_paths = [path.target for path in paths if path and path.supported]
    return f"; from here it can go to {', '.join(open_paths)}" if open_paths else "; no other type is open from here"


@check(
    "EGR102",
    "the cluster is on another type",
    observed_at="networkProfile.outboundType, natGatewayProfile.sku, effective IPs",
)
def on_another_type(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """Updating a cluster to what it is already on would break connections for nothing."""
    changed = profiles.changes(cluster, request)
    if cluster.outbound_type != request.to:
        yield Pass(cluster.id, f"on {cluster.outbound_type}")
    elif changed:
        names = ", ".join(option.path[-1] for option, *_ in changed)
        yield Pass(cluster.id, f"on {request.to}, with other options: {names}", expected="another type or options")
    elif _succeeded(cluster) and egress.in_force(cluster):
        yield Done(cluster.id, f"the cluster is on {request.to} already, and AKS has it in force{_but_by(cluster)}")
    else:
        yield Warn(cluster.id, f"{request.to} is stored but not in force: the update will be sent again")


def _but_by(cluster: Cluster) -> str:
    """What carries egress in the place of what AKS has made for it, in words."""
    made = {matrix.LOAD_BALANCER: egress.LOAD_BALANCER, matrix.MANAGED_NAT_GATEWAY: egress.NAT_GATEWAY}
    meant = made.get(cluster.outbound_type)
    kinds = {found.kind for found in egress.carriers(cluster, None)} - {egress.UNKNOWN}
    return f"; but what carries egress is {' and '.join(sorted(kinds))}" if meant and kinds - {meant} else ""


def _succeeded(cluster: Cluster) -> bool:
    states = [cluster.text("provisioningState"), *(pool.provisioning_state for pool in cluster.pools)]
    return all(arm.same(state, "Succeeded") for state in states)


@check(
    "EGR103",
    "every pool is VirtualMachineScaleSets",
    each=pools,
    blocks=True,
    sources=(_EGRESS,),
    observed_at="agentPoolProfiles[].type",
)
def pools_are_scale_sets(pool: Pool, _: Request) -> Iterator[Outcome]:
    """AKS changes the outbound type of clusters with scale set pools only."""
    if pool.type is None:
        raise Unread(pool.id, "Azure's answer has no type for this pool")
    expected = "VirtualMachineScaleSets"
    observed = f"pool {pool.name} is {pool.type}"
    if arm.same(pool.type, "VirtualMachines"):
        yield Warn(pool.id, f"{observed}, which the documentation does not name", expected=expected)
    elif not arm.same(pool.type, expected):
        migrate = az("aks update", **named(arm.parent(pool.id)), migrate_vmas_to_vms=True)
        fix = (before(migrate),) if arm.same(pool.type, "AvailabilitySet") else ()
        yield Fail(pool.id, observed, fix=fix, expected=expected)


@check(
    "EGR104",
    "the load balancer SKU is standard",
    blocks=True,
    sources=(_EGRESS,),
    observed_at="networkProfile.loadBalancerSku",
)
def load_balancer_is_standard(cluster: Cluster, _: Request) -> Iterator[Outcome]:
    """AKS refuses to change the outbound type of a cluster with a Basic load balancer."""
    sku = cluster.required("networkProfile", "loadBalancerSku")
    if not arm.same(sku, "standard"):
        upgrade = az("aks update", **named(cluster.id), load_balancer_sku="Standard")
        yield Fail(cluster.id, f"the load balancer is {sku}", fix=(before(upgrade),), expected="standard")


@check(
    "EGR105",
    f"the Azure CLI is new enough: {OLDEST_CLI}",
    blocks=True,
    sources=(_EGRESS,),
    observed_at="azure.cli.core version",
)
def cli_is_new_enough(_: Cluster, request: Request) -> Iterator[Outcome]:
    """An older az cannot load this extension or send the update."""
    if request.cli_version is None:
        yield Skip("judged offline, without az")
    elif Version(request.cli_version) < Version(OLDEST_CLI):
        yield Fail(None, f"az {request.cli_version}", fix=(before(az("upgrade")),), expected=f"{OLDEST_CLI} or newer")
    elif request.to in matrix.ISOLATED and Version(request.cli_version) < Version(OLDEST_CLI_FOR_ISOLATION):
        yield Warn(
            None,
            f"az {request.cli_version}: `az aks update` knows {request.to} from {OLDEST_CLI_FOR_ISOLATION} on; "
            "this extension sends the request itself",
            fix=(before(az("upgrade")),),
            expected=f"{OLDEST_CLI_FOR_ISOLATION} or newer",
        )
    else:
        yield Pass(None, f"az {request.cli_version}")


def _isolation_feature(cluster: Cluster, _: Request) -> tuple[str]:
    """The registration of the preview that network isolated clusters once were."""
    provider = f"/subscriptions/{cluster.subscription_id}/providers/Microsoft.Features/providers/{_PROVIDER}"
    return (f"{provider}/features/{ISOLATION_FEATURE}",)


@check(
    "EGR106",
    "what is still a preview is known to be one",
    to=[matrix.BLOCK],
    reads=_isolation_feature,
    sources=(_EGRESS, "aks-preview 9.0.0b2", "AKS documentation, network-isolated.md, 2024-11-10: the feature"),
    observed_at="feature registration",
)
def preview_is_known(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """A preview comes without support, may change, and no stable api-version knows block."""
    answered = cluster.snapshot.answered
    if answered not in (API_VERSION, PREVIEW_API_VERSION):
        yield Fail(
            cluster.id,
            f"this cloud answers with api-version {answered}, which does not know block",
            expected=PREVIEW_API_VERSION,
        )
        return
    yield Warn(cluster.id, f"block is a preview: it is read and sent with api-version {PREVIEW_API_VERSION}")
    (feature,) = _isolation_feature(cluster, request)
    try:
        state = arm.text(cluster.snapshot.resource(feature), "properties", "state")
    except Unread as unread:
        if unread.is_absent:  # it is not listed any more where nobody needs it
            return
        raise
    if not arm.same(state, "Registered"):
        here = {"namespace": _PROVIDER, "subscription": cluster.subscription_id}
        yield Warn(
            feature,
            f"the feature {ISOLATION_FEATURE} is {state or 'in no known state'}",
            fix=(
                before(az("feature register", name=ISOLATION_FEATURE, **here)),
                before(az("provider register", **here)),
            ),
            expected="Registered",
        )


def kubernetes_version(cluster: Cluster) -> Version:
    """The Kubernetes version that the control plane runs; raises Unread."""
    written = cluster.text("currentKubernetesVersion") or cluster.required("kubernetesVersion")
    try:
        return Version(written)
    except ValueError as error:  # which InvalidVersion is one of
        raise Unread(cluster.id, f"Kubernetes version {written!r} cannot be understood") from error


@check(
    "EGR109",
    "the Kubernetes version allows it",
    to=list(OLDEST_KUBERNETES),
    blocks=True,
    sources=(
        "AKS documentation, nat-gateway.md, 2026-07-07",
        "AKS documentation, concepts-network-isolated.md, 2026-06-15",
    ),
    observed_at="currentKubernetesVersion",
)
def kubernetes_version_allows_it(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """AKS refuses the type on an older version: managedNATGateway needs 1.20, none and block need 1.30."""
    found, oldest = kubernetes_version(cluster), OLDEST_KUBERNETES[request.to]
    if found.release >= oldest:
        yield Pass(cluster.id, str(found))
        return
    here = named(cluster.id)
    yield Fail(
        cluster.id,
        f"Kubernetes {found}",
        fix=(
            before(az("aks get-upgrades", **here, output="table")),
            before(az("aks upgrade", **here, kubernetes_version="<next-version>")),
        ),
        expected=f"{'.'.join(map(str, oldest))} or newer",
    )


@check(
    "EGR110",
    "an Automatic cluster keeps a type it supports",
    blocks=True,
    sources=(_AUTOMATIC,),
    reference="https://learn.microsoft.com/azure/aks/intro-aks-automatic",
    observed_at="sku.name, hostedSystemProfile",
)
def automatic_supports_it(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """AKS decides about the egress of an Automatic cluster: what it does not offer is refused, or quietly undone."""
    sku = arm.text(cluster.document, "sku", "name")
    hosted = arm.flag(cluster.setting("hostedSystemProfile"), "enabled")
    if not hosted and not arm.same(sku, "Automatic"):  # what is not said is Base (azure-mgmt-containerservice 41.6.0)
        yield Pass(cluster.id, f"the cluster is {sku or 'Base'}")
        return
    vnet = cluster.vnet
    offered = _AUTOMATIC_TYPES[vnet]
    if request.to in offered:
        yield Pass(cluster.id, f"Automatic offers {request.to}")
    elif request.to in matrix.ISOLATED:
        yield Warn(
            cluster.id,
            f"no source says that an Automatic cluster can go to {request.to}, and a new one is refused with it",
            expected=" or ".join(offered),
            sources=("a third-party report, unverified: a new one ends as InvalidNetworkIsolatedClusterConfiguration",),
        )
    elif request.to == matrix.LOAD_BALANCER:
        yield Fail(
            cluster.id,
            "in an AKS-managed VNet, the egress of an Automatic cluster is preconfigured: managedNATGateway",
            expected=" or ".join(offered),
            sources=("Azure CLI 2.91.0: `az aks update` sends managedNATGateway where loadBalancer is asked for",),
        )
    else:
        yield Skip("EGR101")


@check(
    "EGR111",
    "an explicitly asked NAT SKU is the region's",
    to=[matrix.MANAGED_NAT_GATEWAY],
    blocks=True,
    sources=(
        "AKS engineering blog, Announcing StandardV2 NAT Gateway for AKS-managed egress, 2026-09-29",
        "Azure documentation, nat-gateway/nat-sku.md, 2026-07-27",
        "AKS refusal UnsupportedOutboundType",
    ),
    reference="https://learn.microsoft.com/azure/aks/nat-gateway",
    observed_at="location, request",
)
def nat_gateway_sku_is_the_regions(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """AKS refuses StandardV2 where a region does not have it, and Standard where it does."""
    asked = request.nat_gateway_sku
    if asked is None:
        yield Skip("no SKU is asked for: AKS takes the region's")
        return
    if cluster.snapshot.answered < API_VERSION:
        yield Skip("EGR403")
        return
    region = cluster.location
    if region is None:
        raise Unread(cluster.id, "Azure's answer has no location")
    right = matrix.STANDARD_V2 if matrix.has_standard_v2(region) else matrix.STANDARD
    if asked == right:
        yield Pass(cluster.id, f"{region} has {right}")
    elif asked == matrix.STANDARD == _gateway_today(cluster):
        yield Pass(cluster.id, "the gateway is Standard today, and stays so")
    else:
        yield Fail(
            cluster.id,
            f"{asked} is asked for, and {region} takes {right}",
            expected=f"{right}, or no SKU",
        )


def _gateway_today(cluster: Cluster) -> str | None:
    """The SKU of the managed NAT gateway that the cluster has now; raises Unread."""
    managed = cluster.outbound_type == matrix.MANAGED_NAT_GATEWAY
    return cluster.nat_gateway_sku or matrix.STANDARD if managed else None


@check(
    "EGR113",
    "node auto-provisioning is off",
    blocks=True,
    sources=(
        "AKS documentation, node-auto-provisioning.md, limitations",
        "Azure/AKS#4694: the refusal in AKS's words",
    ),
    reference="https://learn.microsoft.com/azure/aks/node-auto-provisioning",
    observed_at="nodeProvisioningProfile.mode",
)
def node_auto_provisioning_is_off(cluster: Cluster, _: Request) -> Iterator[Outcome]:
    """The outbound type of a cluster with node auto-provisioning cannot be changed."""
    mode = cluster.text("nodeProvisioningProfile", "mode")
    if mode is None:
        cluster.known("nodeProvisioningProfile")
    elif arm.same(mode, "Auto"):
        off = az("aks update", **named(cluster.id), node_provisioning_mode="Manual")
        on = az("aks update", **named(cluster.id), node_provisioning_mode="Auto")
        yield Fail(
            cluster.id,
            "node auto-provisioning is on",
            fix=(
                before(off),
                after(on),
            ),
            expected="Manual",
        )
