"""EGR107, EGR108 and EGR112: is now the moment?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Iterator

from azext_aksegress import arm
from azext_aksegress.arm import Json
from azext_aksegress.checks import Fail, Outcome, Pass, Warn, check, label, unknown
from azext_aksegress.checks.support import kubernetes_version
from azext_aksegress.cluster import Cluster
from azext_aksegress.fixes import Fix, after, az, before, named
from azext_aksegress.maintenance import LOOK_AHEAD, Window, moment, next_window
from azext_aksegress.request import Request
from azext_aksegress.snapshot import API_VERSION, PREVIEW_API_VERSION, Unread

SETTLED = ("Succeeded", "Failed", "Canceled")
NEAR = timedelta(hours=24)
"""How long before a maintenance window opens it is no time to begin a move."""
POLICY_COVERS_OUTBOUND_TYPE_SINCE = (1, 37)
"""The Kubernetes version from which on AKS holds a change of the outbound type against the node disruption policy
(AKS documentation, node-disruption-policy.md@0382c94e9)."""

CLUSTER_UPGRADES, NODE_UPGRADES = "aksManagedAutoUpgradeSchedule", "aksManagedNodeOSUpgradeSchedule"
_NO_CHANNEL = ("none", "unmanaged")

_POLICY = "AKS documentation, node-disruption-policy.md@0382c94e9: covered from Kubernetes 1.37 on"
_PLANNED = "AKS documentation, planned-maintenance.md, 2025-12-19"


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
            wait = az("aks wait", **named(cluster.id), updated=True)
            yield Fail(resource, f"{who} is {state}", fix=(before(wait),), expected="Succeeded")
        elif not arm.same(state, "Succeeded"):
            reconcile = az("aks update", **named(cluster.id))
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
        start = az("aks start", **named(cluster.id))
        yield Fail(cluster.id, f"{label(cluster.id)} is {state}", fix=(before(start),), expected="Running")


def _maintenance(cluster: Cluster, _: Request) -> Iterator[str]:
    """The maintenance configurations; and the cluster once more, by the preview that shows its policy."""
    yield _configurations_id(cluster)
    if _policy_is_hidden(cluster):
        yield cluster.id


def _configurations_id(cluster: Cluster) -> str:
    return arm.child(cluster.id, "maintenanceConfigurations")


def _policy_covers(cluster: Cluster) -> bool:
    return kubernetes_version(cluster).release >= POLICY_COVERS_OUTBOUND_TYPE_SINCE


def _policy_is_shown(cluster: Cluster) -> bool:
    """Whether the cluster's own read shows it: no stable api-version up to 2026-06-01 knows it (models of
    azure-mgmt-containerservice 41.6.0); raises Unread."""
    return cluster.snapshot.api_version == PREVIEW_API_VERSION or cluster.setting("nodeDisruptionProfile") is not None


def _policy_is_hidden(cluster: Cluster) -> bool:
    """Whether the policy matters, and was not shown; raises Unread."""
    return not _policy_is_shown(cluster) and _policy_covers(cluster)


@check(
    "EGR112",
    "no node disruption policy forbids it now",
    reads=_maintenance,
    sources=(_POLICY, _PLANNED, "AKS refusal OperationBlockedByNodeDisruptionPolicy"),
    reference="https://learn.microsoft.com/azure/aks/node-disruption-policy",
    observed_at="nodeDisruptionProfile, maintenanceConfigurations",
)
def now_is_no_time_without_disruption(cluster: Cluster, _: Request) -> Iterator[Outcome]:
    """AKS refuses a change that its node disruption policy forbids, and an upgrade in a maintenance window would come
    into the way of the move, or of the way back."""
    policy = seen = ""
    try:
        policy = _policy(cluster)
        seen = _seen(cluster)
        yield from _forbidden(cluster, policy)
    except Unread as unread:
        yield unknown(unread)
    for configuration in _configurations(cluster):
        try:
            yield from _near(cluster, configuration, policy)
        except Unread as unread:
            yield unknown(unread)
    yield Pass(cluster.id, f"{seen}; no maintenance window opens within 24 hours")


def _seen(cluster: Cluster) -> str:
    """Why no policy stands in the way, for a pass: below Kubernetes 1.37 it need not have been read; raises Unread."""
    if _policy_is_shown(cluster) or _policy_covers(cluster):
        return "no node disruption policy forbids it"
    return "AKS holds no policy against this change below Kubernetes 1.37"


def _near(cluster: Cluster, configuration: Json, policy: str) -> Iterator[Outcome]:
    """A maintenance window that is open, or soon will be, unless it is the one that the policy asks for."""
    name = _name(configuration)
    asked_for = arm.same(policy, "AllowDuringMaintenanceWindow") and arm.same(name, NODE_UPGRADES)
    if asked_for or not _upgrades(cluster, name):
        return
    now = _captured_at(cluster)
    window = next_window(configuration, now)
    if window and window.start - now <= NEAR:
        observed = f"the maintenance window {name} {_when(window, now)}"
        yield Warn(arm.text(configuration, "id"), observed, expected="no maintenance window within 24 hours")


def _policy(cluster: Cluster) -> str:
    """The node disruption policy, or '' where none is set, which allows everything; raises Unread."""
    properties = cluster.document.get("properties")
    if _policy_is_hidden(cluster):
        answered = cluster.snapshot.answered
        if answered < API_VERSION:  # a cloud behind that one need not know the preview either
            raise Unread(cluster.id, f"the node disruption policy, which api-version {answered} does not show")
        properties = cluster.snapshot.resource(cluster.id)["properties"]
    return arm.text(properties, "nodeDisruptionProfile", "nodeDisruptionPolicy") or ""


def _forbidden(cluster: Cluster, policy: str) -> Iterator[Outcome]:
    if arm.same(policy, "Block"):
        observed = "the node disruption policy is Block"
    elif arm.same(policy, "AllowDuringMaintenanceWindow"):
        closed = _closed(cluster)
        if not closed:
            return
        observed = f"the node disruption policy is AllowDuringMaintenanceWindow, and {closed}"
    else:
        return
    if not _policy_covers(cluster):  # its owner's word stands all the same
        observed += "; AKS itself would hold this change against it from Kubernetes 1.37 on"
    yield Fail(cluster.id, observed, fix=_allow(cluster, policy), expected="Allow, or an open maintenance window")


def _closed(cluster: Cluster) -> str:
    """That the window of node upgrades is not open, in words, or ''; without such a window, AKS allows everything."""
    now = _captured_at(cluster)
    mine = [found for found in _configurations(cluster) if arm.same(_name(found), NODE_UPGRADES)]
    windows = [next_window(found, now) for found in mine]
    coming = sorted(window for window in windows if window)
    if not mine or any(window.is_open(now) for window in coming):
        return ""
    when = _when(coming[0], now) if coming else f"does not open within {LOOK_AHEAD} days"
    return f"the window {NODE_UPGRADES} {when}"


def _allow(cluster: Cluster, policy: str) -> tuple[Fix, ...]:
    """Lift the policy for the time of the move. `az aks update` has an option for it in a preview extension only."""
    path = "properties.nodeDisruptionProfile.nodeDisruptionPolicy"
    lift, restore = (
        az("resource update", ids=cluster.id, api_version=PREVIEW_API_VERSION, set=f"{path}={value}")
        for value in ("Allow", policy)
    )
    return (before(lift), after(restore))


def _configurations(cluster: Cluster) -> list[Json]:
    found = cluster.snapshot.collection(_configurations_id(cluster))
    return sorted(found, key=lambda row: (_name(row).lower(), (arm.text(row, "id") or "").lower()))


def _name(configuration: Json) -> str:
    return arm.text(configuration, "name") or arm.name(arm.text(configuration, "id") or "")


def _upgrades(cluster: Cluster, name: str) -> bool:
    """Whether anything happens in a window: a schedule turns no upgrades on. AKS's own releases come in any case, and
    node images where nothing is said (AKS documentation, auto-upgrade-node-os-image.md)."""
    if arm.same(name, CLUSTER_UPGRADES):
        channel = cluster.text("autoUpgradeProfile", "upgradeChannel") or "none"
    elif arm.same(name, NODE_UPGRADES):
        channel = cluster.text("autoUpgradeProfile", "nodeOSUpgradeChannel") or "NodeImage"
    else:
        return True
    return channel.lower() not in _NO_CHANNEL


def _when(window: Window, now: datetime) -> str:
    return f"is open: {window}" if window.is_open(now) else f"opens next: {window}"


def _captured_at(cluster: Cluster) -> datetime:
    """The moment for which a snapshot is judged, whenever that is done; raises Unread."""
    try:
        return moment(cluster.snapshot.captured_at)
    except (ValueError, OverflowError) as error:
        raise Unread(cluster.id, f"the snapshot does not say when it was taken: {error}") from error
