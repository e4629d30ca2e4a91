"""EGR503 and EGR504: may I, by roles?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Iterator, Sequence, Tuple, Union

from azext_aksegress import access, arm, profiles, questions
from azext_aksegress.arm import Json
from azext_aksegress.checks import Fail, Outcome, Pass, Skip, Warn, check, label, unknown
from azext_aksegress.checks.governance import ADDRESS, PREFIX, SUBNET, addresses, is_a
from azext_aksegress.cluster import Cluster, Subnet
from azext_aksegress.fixes import az, before
from azext_aksegress.matrix import LOAD_BALANCER, MANAGED_VNET, USER_ASSIGNED_NAT_GATEWAY, USER_DEFINED_ROUTING
from azext_aksegress.request import Request
from azext_aksegress.snapshot import Unread, Untold

_PERMISSIONS = "AKS documentation, aks-service-permissions.md, 2026-04-19"
_URL = "https://learn.microsoft.com/azure/aks/aks-service-permissions"
_NETWORK_ROLE = "Network Contributor"
_TABLE = "Microsoft.Network/routeTables"


def _own_addresses(cluster: Cluster, request: Request) -> tuple[str, ...]:
    """The public IPs and prefixes of one's own that the cluster will have as requested; raises Unread."""
    stays = cluster.outbound_type == request.to and not profiles.renews_addresses(cluster, request)
    return addresses(request.own_ids or (profiles.stored_own_ids(cluster) if stays else ()))


@dataclass(frozen=True)
class _Link:
    """Something that the cluster's JSON names, what the caller must be allowed on it, and a role that allows it."""

    id: str
    action: str
    role: str


def _links(cluster: Cluster, request: Request) -> Iterator[_Link]:
    """What a PUT of the cluster links to, whoever linked it first; raises Unread."""
    users = arm.dig(cluster.document, "identity", "userAssignedIdentities")
    for identity in sorted(users) if isinstance(users, dict) else ():
        yield _Link(
            identity, "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", "Managed Identity Operator"
        )
    for workspace in _workspaces(cluster):
        yield _Link(workspace, "Microsoft.OperationalInsights/workspaces/sharedkeys/read", "Log Analytics Contributor")
    disks = cluster.text("diskEncryptionSetID")
    if disks:
        yield _Link(disks, "Microsoft.Compute/diskEncryptionSets/read", "Reader")
    for address in _own_addresses(cluster, request):
        yield _Link(address, _join(address), _NETWORK_ROLE)
    for _, (subnet, _) in sorted(cluster.byo_subnets.items()):
        if is_a(SUBNET, subnet):
            yield _Link(subnet, _join(subnet), _NETWORK_ROLE)


def _join(resource_id: str) -> str:
    kinds = (ADDRESS, PREFIX, SUBNET)
    return f"{next(kind for kind in kinds if is_a(kind, resource_id))}/join/action"


def _workspaces(cluster: Cluster) -> Iterator[str]:
    """The Log Analytics workspaces of Container insights and of Microsoft Defender; keys come in any letter case."""
    config = arm.dig(_value(cluster.setting("addonProfiles"), "omsagent"), "config")
    insights = _value(config, "logAnalyticsWorkspaceResourceID")
    defender = cluster.text("securityProfile", "defender", "logAnalyticsWorkspaceResourceId")
    found = {item.lower(): item for item in (defender, insights) if isinstance(item, str) and item}
    yield from found.values()


def _value(document: object, key: str) -> object:
    rows = document.items() if isinstance(document, dict) else ()
    return next((value for name, value in rows if arm.same(str(name), key)), None)


def _may(cluster: Cluster, scope: str, action: str) -> bool:
    """Whether the caller is allowed something at a scope; raises Unread."""
    rows = cluster.snapshot.collection(access.permissions_id(scope))
    return access.allows(access.permissions(rows), action)


def _permission_lists(cluster: Cluster, request: Request) -> Iterator[str]:
    """A list for each scope, since a role may be given on any of them alone."""
    yield access.permissions_id(cluster.id)
    for link in _links(cluster, request):
        yield access.permissions_id(link.id)


@check(
    "EGR503",
    "the caller may update the cluster and join what it links",
    reads=_permission_lists,
    sources=(
        _PERMISSIONS,
        "Azure/AKS#4980, 2026-08-25",
        "Azure/azure-cli#22232, 2022-04-29",
    ),
    reference=_URL,
    observed_at="permissions on each scope",
)
def caller_may_update(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """Azure refuses the update of a cluster with AuthorizationFailed, or with LinkedAuthorizationFailed for whatever it
    links, changed or not."""
    write = _Link(
        cluster.id, "Microsoft.ContainerService/managedClusters/write", "Azure Kubernetes Service Contributor Role"
    )
    yield from _allowed(cluster, write, Fail)
    for link in _links(cluster, request):
        yield from _allowed(cluster, link, Warn)
    yield Pass(cluster.id, "you may, and what it links too")


def _allowed(cluster: Cluster, link: _Link, outcome: Callable[..., Outcome]) -> Iterator[Outcome]:
    try:
        if _may(cluster, link.id, link.action):
            return
    except Unread as unread:
        yield unknown(unread)
        return
    assign = az("role assignment create", role=link.role, scope=link.id, assignee="<you>")
    yield outcome(link.id, f"you lack {link.action} on {label(link.id)}", fix=(before(assign),))


_Need = Tuple[str, Tuple[str, ...]]
"""A resource, and what the cluster's identity does with it."""
_User = Union[Cluster, Subnet]
"""Who needs something joined: the cluster its addresses, each subnet what is attached to it."""


def _users(cluster: Cluster) -> Iterator[_User]:
    yield cluster
    if cluster.vnet != MANAGED_VNET:
        yield from cluster.subnets


def _needs(user: _User, request: Request) -> Iterator[_Need]:
    """What is in AKS's own resource group, its identity may do anything with; raises Unread."""
    if isinstance(user, Cluster):
        if request.to == LOAD_BALANCER:
            yield from ((found, (_join(found),)) for found in _own_addresses(user, request))
        return
    if is_a(SUBNET, user.id):
        yield user.id, (_join(user.id), f"{SUBNET}/read")
    kubenet = user.cluster.kubenet
    if kubenet or request.to == USER_DEFINED_ROUTING:
        table = user.route_table_id
        if table and not user.cluster.made_by_aks(table):
            yield table, (f"{_TABLE}/read", f"{_TABLE}/write") if kubenet else (f"{_TABLE}/read",)
    if request.to == USER_ASSIGNED_NAT_GATEWAY and user.nat_gateway_id:
        yield user.nat_gateway_id, ("Microsoft.Network/natGateways/join/action",)


def _concerned(cluster: Cluster, request: Request) -> bool:
    """Whether the move leads to networks or addresses that AKS did not make; raises Unread."""
    return bool(_own_addresses(cluster, request)) if request.to == LOAD_BALANCER else cluster.vnet != MANAGED_VNET


def _principal(cluster: Cluster) -> str:
    """The object id of the identity with which a cluster manages its network; raises Unread."""
    identity = arm.dig(cluster.document, "identity")
    users = arm.dig(identity, "userAssignedIdentities")
    rows = [users[key] for key in sorted(users)] if isinstance(users, dict) else []
    found = next((arm.text(row, "principalId") for row in (*rows, identity) if arm.text(row, "principalId")), None)
    if found:
        return found
    if not arm.same(cluster.text("servicePrincipalProfile", "clientId") or "msi", "msi"):
        raise Untold(cluster.id, "the object id of its service principal is known to Microsoft Entra ID alone")
    raise Unread(cluster.id, "Azure's answer has no principalId of its identity")


def _assignments_id(cluster: Cluster, resource_id: str) -> str:
    return questions.assigned_to(arm.part(resource_id, "subscriptions"), _principal(cluster))


def _role_ids(cluster: Cluster, resource_id: str) -> tuple[str, ...]:
    """The roles that the cluster's identity has on a resource, as their definitions' ids; raises Unread."""
    rows = cluster.snapshot.collection(_assignments_id(cluster, resource_id))
    there = (row for row in rows if access.is_within(_scope(row), resource_id))
    subscription = arm.part(resource_id, "subscriptions")
    roles = (arm.text(row, "properties", "roleDefinitionId") for row in there)
    return tuple(access.role_definition_id(subscription, role) for role in roles if role)


def _scope(assignment: Json) -> str:
    """Where an assignment holds; nowhere, where Azure's answer does not say."""
    return arm.text(assignment, "properties", "scope") or "nowhere"


def _role_lists(cluster: Cluster, request: Request) -> Iterator[str]:
    if not _concerned(cluster, request):
        return
    for user in _users(cluster):
        try:
            for resource_id, _ in _needs(user, request):
                yield _assignments_id(cluster, resource_id)
                yield from _unknown_roles(cluster, resource_id)
        except Unread:
            continue


def _unknown_roles(cluster: Cluster, resource_id: str) -> Sequence[str]:
    """Those of the identity's roles that need to be read, as soon as its assignments are."""
    try:
        return [role for role in _role_ids(cluster, resource_id) if arm.name(role).lower() not in access.BUILT_IN_ROLES]
    except Unread:
        return ()


@check(
    "EGR504",
    "the cluster's identity may join subnet, table, gateway, IPs",
    to=[LOAD_BALANCER, USER_ASSIGNED_NAT_GATEWAY, USER_DEFINED_ROUTING],
    each=_users,
    reads=_role_lists,
    sources=(
        _PERMISSIONS,
        "AKS documentation, configure-kubenet.md, 2026-07-30",
        "AKS refusals LinkedAuthorizationFailed and CustomRouteTableMissingPermission",
    ),
    reference=_URL,
    observed_at="role assignments, `assignedTo()`",
)
def identity_may_join(user: _User, request: Request) -> Iterator[Outcome]:
    """AKS refuses the update or fails in the middle of it; a new role assignment takes up to 60 minutes to spread."""
    cluster = user if isinstance(user, Cluster) else user.cluster
    if not _concerned(cluster, request):
        yield Skip("no IPs of one's own" if request.to == LOAD_BALANCER else "AKS made the network")
        return
    for resource_id, actions in _needs(user, request):
        try:
            missing = [action for action in actions if not _identity_may(cluster, resource_id, action)]
        except Unread as unread:
            yield unknown(unread)
            continue
        if missing:
            yield _unassigned(cluster, resource_id, missing)
        else:
            yield Pass(resource_id, f"{label(resource_id)}: assigned")


def _identity_may(cluster: Cluster, resource_id: str, action: str) -> bool:
    unread: Unread | None = None
    for role in _role_ids(cluster, resource_id):
        try:
            granted = access.BUILT_IN_ROLES.get(arm.name(role).lower()) or _defined(cluster, role)
        except Unread as error:
            unread = unread or error
            continue
        if access.allows(granted, action):
            return True
    if unread:
        raise unread
    return False


def _defined(cluster: Cluster, role: str) -> tuple[access.Permissions, ...]:
    return access.permissions(arm.objects(cluster.snapshot.resource(role), "properties", "permissions"))


def _unassigned(cluster: Cluster, resource_id: str, missing: Sequence[str]) -> Outcome:
    principal = _principal(cluster)
    assign = az(
        "role assignment create",
        assignee_object_id=principal,
        assignee_principal_type="ServicePrincipal",
        role=_NETWORK_ROLE,
        scope=resource_id,
    )
    observed = (
        f"no assignment that you can see gives identity {principal} {' and '.join(missing)} on {label(resource_id)}"
    )
    return Warn(resource_id, observed, fix=(before(assign),))
