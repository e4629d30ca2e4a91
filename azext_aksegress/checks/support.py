"""EGR1xx: is the move supported?"""

from __future__ import annotations

from typing import Iterator, Sequence

from packaging.version import Version

from azext_aksegress import arm, egress, matrix, profiles
from azext_aksegress.checks import Done, Fail, Outcome, Pass, Skip, Warn, check, label, unknown
from azext_aksegress.cluster import Cluster, Pool
from azext_aksegress.fixes import after, az, before
from azext_aksegress.request import Request
from azext_aksegress.snapshot import API_VERSION, PREVIEW_API_VERSION, Unread

OLDEST_CLI, OLDEST_CLI_FOR_ISOLATION = "2.56.0", "2.71.0"
SETTLED = ("Succeeded", "Failed", "Canceled")

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
        yield Done(cluster.id, f"the cluster is on {request.to} already, and it is in force")
    else:
        yield Warn(cluster.id, f"{request.to} is stored but not in force: the update will be sent again")


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
        migrate = az("aks update", ids=arm.parent(pool.id), migrate_vmas_to_vms=True)
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
        upgrade = az("aks update", ids=cluster.id, load_balancer_sku="Standard")
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


@check(
    "EGR106",
    "what is still a preview is known to be one",
    to=[matrix.BLOCK],
    blocks=True,
    sources=(_EGRESS, "aks-preview 9.0.0b2"),
    observed_at="feature registration",
)
def preview_is_known(cluster: Cluster, _: Request) -> Iterator[Outcome]:
    """A preview comes without support, may change, and no stable api-version knows block."""
    answered = cluster.snapshot.api_version
    if answered in (API_VERSION, PREVIEW_API_VERSION):
        yield Warn(cluster.id, f"block is a preview: it is read and sent with api-version {PREVIEW_API_VERSION}")
    else:
        yield Fail(
            cluster.id,
            f"this cloud answers with api-version {answered}, which does not know block",
            expected=PREVIEW_API_VERSION,
        )


@check(
    "EGR107",
    "no operation is running, cluster and pools are in state Succeeded",
    blocks=True,
    observed_at="provisioningState of cluster and pools",
)
def nothing_is_running(cluster: Cluster, _: Request) -> Iterator[Outcome]:
    """AKS refuses an update while another operation runs, and a failed cluster may not come up with a new path."""
    states = [(cluster.id, "the cluster", cluster.text("provisioningState"))]
    states += [(pool.id, f"pool {pool.name}", pool.provisioning_state) for pool in cluster.pools]
    for resource, who, state in states:
        if state is None:
            yield unknown(Unread(resource, "Azure's answer has no provisioningState"))
        elif state.lower() not in (settled.lower() for settled in SETTLED):
            wait = az("aks wait", ids=cluster.id, updated=True)
            yield Fail(resource, f"{who} is {state}", fix=(before(wait),), expected="Succeeded")
        elif not arm.same(state, "Succeeded"):
            reconcile = az("aks update", ids=cluster.id)
            yield Warn(resource, f"{who} is {state}", fix=(before(reconcile),), expected="Succeeded")


@check(
    "EGR108",
    "the cluster is running",
    blocks=True,
    observed_at="powerState.code",
)
def cluster_is_running(cluster: Cluster, _: Request) -> Iterator[Outcome]:
    """A stopped cluster takes no update: only start and delete."""
    state = cluster.required("powerState", "code")
    if not arm.same(state, "Running"):
        start = az("aks start", ids=cluster.id)
        yield Fail(cluster.id, f"{label(cluster.id)} is {state}", fix=(before(start),), expected="Running")


@check(
    "EGR113",
    "node auto-provisioning is off",
    blocks=True,
    sources=("AKS documentation, node-auto-provisioning.md, limitations",),
    reference="https://learn.microsoft.com/azure/aks/node-auto-provisioning",
    observed_at="nodeProvisioningProfile.mode",
)
def node_auto_provisioning_is_off(cluster: Cluster, _: Request) -> Iterator[Outcome]:
    """The outbound type of a cluster with node auto-provisioning cannot be changed."""
    mode = cluster.text("nodeProvisioningProfile", "mode")
    if mode is None:
        cluster.known("nodeProvisioningProfile")
    elif arm.same(mode, "Auto"):
        off = az("aks update", ids=cluster.id, node_provisioning_mode="Manual")
        on = az("aks update", ids=cluster.id, node_provisioning_mode="Auto")
        yield Fail(
            cluster.id,
            "node auto-provisioning is on",
            fix=(
                before(off),
                after(on),
            ),
            expected="Manual",
        )
