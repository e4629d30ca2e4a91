"""EGR501 and EGR502: may I, by locks and policies?"""

from __future__ import annotations

from typing import Any, Callable, Iterable, Iterator, Sequence

from azext_aksegress import access, arm, profiles, questions
from azext_aksegress.access import Lock
from azext_aksegress.arm import Json
from azext_aksegress.checks import Fail, Outcome, Pass, Skip, Warn, check, label, unknown
from azext_aksegress.cluster import Cluster
from azext_aksegress.fixes import Fix, after, az, before
from azext_aksegress.matrix import LOAD_BALANCER, MANAGED_NAT_GATEWAY, MANAGED_VNET
from azext_aksegress.request import Request
from azext_aksegress.snapshot import Unread

SUBNET = "Microsoft.Network/virtualNetworks/subnets"
ADDRESS, PREFIX = "Microsoft.Network/publicIPAddresses", "Microsoft.Network/publicIPPrefixes"
_NO_LOCK = "NotSpecified"
"""A level that Azure knows and that forbids nothing."""


def is_a(kind: str, resource_id: str) -> bool:
    """Whether an id is that of one resource of a type."""
    return arm.same(arm.resource_type(resource_id), kind) and not arm.is_collection(resource_id)


def addresses(ids: Iterable[str]) -> tuple[str, ...]:
    """Those that are ids of public IPs and prefixes; of the others EGR224 speaks."""
    return tuple(found for found in ids if is_a(ADDRESS, found) or is_a(PREFIX, found))


_Find = Callable[[Cluster, Request], Iterable[str]]
"""What of a cluster a lock must not be on, for a request; raises Unread."""


def _itself(cluster: Cluster, _: Request) -> Iterable[str]:
    return (cluster.id,)


def _node_group(cluster: Cluster, _: Request) -> Iterable[str]:
    return (cluster.node_group_id,)


def _own_addresses(cluster: Cluster, request: Request) -> Iterable[str]:
    return addresses((*request.own_ids, *profiles.stored_own_ids(cluster)))


def _own_subnets(cluster: Cluster, _: Request) -> Iterable[str]:
    """AKS's own network is in its own resource group, where a lock counts anyway."""
    ids = [found.id for found in cluster.subnets] if cluster.vnet != MANAGED_VNET else []
    return [found for found in ids if is_a(SUBNET, found)]


_FINDS: tuple[_Find, ...] = (_itself, _node_group, _own_addresses, _own_subnets)


def _places(cluster: Cluster) -> Sequence[tuple[Cluster, _Find]]:
    """Each is found by itself, so that one that cannot be leaves the others to be judged."""
    return [(cluster, find) for find in _FINDS]


def _lists_over(resource_id: str) -> tuple[str, str]:
    """The locks of the subscription of a resource, which say everything; and those of its resource group, for who may
    not list the former."""
    subscription = f"/subscriptions/{arm.part(resource_id, 'subscriptions')}"
    group = arm.child(subscription, "resourceGroups", arm.part(resource_id, "resourceGroups"))
    return access.locks_id(subscription), access.locks_id(group)


def _lock_lists(cluster: Cluster, request: Request) -> Iterator[str]:
    for find in _FINDS:
        try:
            for resource_id in find(cluster, request):
                whole, part = _lists_over(resource_id)
                yield whole
                refused = cluster.snapshot.unread.get(whole.lower())
                if refused and refused.permission:  # a list that hangs or breaks does so for a smaller scope too
                    yield part
        except Unread:
            continue


@check(
    "EGR501",
    "no lock stops it",
    each=_places,
    reads=_lock_lists,
    sources=(
        "Azure documentation, lock-resources.md, 2022-04-13",
        "Azure refusal ScopeLocked",
        "Azure/AKS#3291, 2022-10-25",
        "MicrosoftDocs/azure-aks-docs#427, 2026-05-20",
    ),
    reference="https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources",
    observed_at="locks on the cluster, both resource groups, VNet, IPs",
)
def no_lock_stops_it(place: tuple[Cluster, _Find], request: Request) -> Iterator[Outcome]:
    """Azure refuses the update, or AKS fails in the middle of it, with the old way out in pieces."""
    cluster, find = place
    for resource_id in sorted(set(find(cluster, request)), key=str.lower):
        try:
            rows = _locks_of(cluster, resource_id)
        except Unread as unread:
            yield unknown(unread)
            continue
        for row in rows:
            try:
                lock = access.lock(row)
                # AKS takes its resource group for locked whatever in it is (Azure/AKS#3291)
                group = find is _node_group
                if lock.holds(resource_id) or (group and access.is_within(resource_id, lock.target)):
                    deletes = group and lock.level == access.CAN_NOT_DELETE and _deletes(cluster, request)
                    yield from _locked(lock, deletes, _goes(cluster, request, lock.target))
            except Unread as unread:
                yield unknown(unread)
    yield Pass(cluster.id, "no lock is in the way")


def _locks_of(cluster: Cluster, resource_id: str) -> tuple[Json, ...]:
    whole, part = _lists_over(resource_id)
    try:
        return cluster.snapshot.collection(whole)
    except Unread as unread:
        if not unread.permission:
            raise
        return cluster.snapshot.collection(part)  # the smaller list says the same of this resource


def _locked(lock: Lock, deletes: bool, goes: bool) -> Iterator[Outcome]:
    seen = f"{lock.level} lock {lock.name} is on {label(lock.target)}"
    fix = _lift(lock)[:1] if goes else _lift(lock)
    if lock.level == access.READ_ONLY:
        yield Fail(lock.id, f"{seen}, which AKS deletes with the move" if goes else seen, fix=fix)
    elif lock.level == access.CAN_NOT_DELETE:
        if deletes:
            effect = "which AKS deletes with the move" if goes else "where AKS deletes what the move leaves behind"
            yield Fail(lock.id, f"{seen}, {effect}", fix=fix)
    elif lock.level != _NO_LOCK:
        raise Unread(lock.id, "Azure's answer does not say what it forbids")


def _deletes(cluster: Cluster, request: Request) -> bool:
    """Whether AKS deletes something that it made: the gateway of a type that is left, or addresses; raises Unread."""
    if cluster.outbound_type in profiles.PROFILES and cluster.outbound_type != request.to:
        return True
    if profiles.renews_nat_gateway(cluster, request) or profiles.released_ids(cluster, request):
        return True
    return profiles.more_and_fewer(cluster, request)[1] > 0


def _goes(cluster: Cluster, request: Request, target: str) -> bool:
    """Whether what a lock is on is gone after the move, so that nothing is left to lock again; where that cannot be
    known, the lock itself is a finding all the same."""
    try:
        gone = profiles.released_ids(cluster, request)
        leaves = profiles.renews_nat_gateway(cluster, request) or request.to != cluster.outbound_type
        gateway = cluster.outbound_type == MANAGED_NAT_GATEWAY and cluster.made_by_aks(target)
    except Unread:
        return False
    gateway = gateway and arm.same(arm.resource_type(target), "Microsoft.Network/natGateways")
    return (gateway and leaves) or any(access.is_within(found, target) for found in gone)


def _lift(lock: Lock) -> tuple[Fix, ...]:
    """Lift it, and put it back; az does not take the subscription from the id of a lock."""
    subscription, group = arm.part(lock.target, "subscriptions"), arm.part(lock.target, "resourceGroups")
    options = {"resource_group": group} if group else {}
    if arm.resource_type(lock.target):
        options = {"resource": lock.target}
    if lock.notes:
        options["notes"] = lock.notes
    delete = az("lock delete", ids=lock.id, subscription=subscription)
    create = az("lock create", name=lock.name, lock_type=lock.level, **options, subscription=subscription)
    return before(delete), after(create)


def _makes_addresses(cluster: Cluster, request: Request) -> bool:
    """Whether AKS makes public IPs for a request; raises Unread."""
    if request.own_ids:
        return False
    if cluster.outbound_type != request.to or profiles.renews_addresses(cluster, request):
        return True
    if profiles.more_and_fewer(cluster, request)[0]:
        return True
    return not profiles.stored_own_ids(cluster) and not profiles.has_what_it_stores(cluster)


def _policy_question(cluster: Cluster, request: Request) -> Iterator[str]:
    if _makes_addresses(cluster, request):
        yield questions.policies_id(cluster)


@check(
    "EGR502",
    "no policy denies what AKS will create",
    to=[LOAD_BALANCER, MANAGED_NAT_GATEWAY],
    reads=_policy_question,
    sources=(
        "Azure REST API reference, policy-restrictions, check at resource group scope, 2022-03-01 and 2023-03-01",
        "Azure refusal RequestDisallowedByPolicy",
    ),
    reference="https://learn.microsoft.com/azure/governance/policy/concepts/exemption-structure",
    observed_at="`Microsoft.PolicyInsights/checkPolicyRestrictions` on the node resource group for a public IP, a POST "
    "that only reads",
)
def no_policy_denies_the_address(cluster: Cluster, request: Request) -> Iterator[Outcome]:
    """AKS takes the update and fails in the middle of it, when Azure Policy denies the public IP that it creates."""
    if not _makes_addresses(cluster, request):
        yield Skip("AKS makes no public IP for it")
        return
    question = questions.policies_id(cluster)
    answer = cluster.snapshot.resource(question)["properties"]
    for field in arm.objects(answer, "fieldRestrictions"):
        for restriction in arm.objects(field, "restrictions"):
            words = _restricted(cluster, arm.text(field, "field") or "", restriction)
            if words:
                yield _denied(cluster, arm.dig(restriction, "policy"), words)
    for row in arm.objects(answer, "contentEvaluationResult", "policyEvaluations"):
        yield from _evaluated(cluster, row)
    if not isinstance(arm.dig(answer, "contentEvaluationResult", "policyEvaluations"), list):
        raise Unread(question, "Azure's answer evaluates no policies")
    yield Pass(cluster.node_group_id, "none denies a public IP")


def _evaluated(cluster: Cluster, row: Json) -> Iterator[Outcome]:
    """The effect is named from api-version 2023-03-01 on; without a name it is one that denies, since those that only
    audit are left out."""
    effect, result = arm.text(row, "effectDetails", "policyEffect"), arm.text(row, "evaluationResult")
    policy = arm.dig(row, "policyInfo")
    if (effect and not arm.same(effect, "Deny")) or arm.same(result, "Compliant"):
        return
    if arm.same(result, "NonCompliant"):
        yield _denied(cluster, policy, "denies the public IP that AKS will create")
    else:
        assignment = arm.text(policy, "policyAssignmentId")
        yield unknown(Unread(assignment, f"its evaluation ended as {result or 'nothing'}"))


def _restricted(cluster: Cluster, field: str, restriction: Json) -> str | None:
    """What a policy wants of a field and the public IP will not have, as far as that is known, in words; what a policy
    sets or removes by itself denies nothing."""
    value = _planned(cluster).get(field.lower() if field.lower().startswith("tags") else arm.name(field).lower())
    values = [_plain(found) for found in arm.strings(restriction, "values")]
    listed = value is not None and (value in values or not values)
    result = (arm.text(restriction, "result") or "").lower()
    denies = result == "deny" and listed
    requires = result == "required" and not listed and not arm.text(restriction, "defaultValue")
    wanted = " or ".join(arm.strings(restriction, "values"))
    return f"{'denies' if denies else 'requires'} {field} {wanted}".rstrip() if denies or requires else None


def _planned(cluster: Cluster) -> dict[str, str]:
    """The fields that the question was about, and the tags that AKS hands on from the cluster, by policies' names."""
    question = questions.body(cluster, questions.policies_id(cluster))
    content = arm.dig(question, "resourceDetails", "resourceContent")
    rows = {"type": content["type"], "location": content["location"], "sku.name": content["sku"]["name"]}
    tags = arm.dig(cluster.document, "tags")
    for key, value in tags.items() if isinstance(tags, dict) else ():
        rows.update({f"tags.{key}": value, f"tags[{key}]": value, f"tags['{key}']": value})
    found = {**rows, **content["properties"]}
    return {key.lower(): _plain(value) for key, value in found.items() if isinstance(value, str)}


def _plain(text: str) -> str:
    return text.lower().replace(" ", "")


def _denied(cluster: Cluster, policy: Any, words: str) -> Outcome:
    assignment = arm.text(policy, "policyAssignmentId")
    if assignment is None:
        return Warn(cluster.node_group_id, f"a policy {words}")
    reference = arm.text(policy, "policyDefinitionReferenceId")
    only = {"policy_definition_reference_ids": reference} if reference else {}
    exemption = az(
        "policy exemption create",
        name="-".join([cluster.name, "egress", label(assignment), *([reference] if reference else [])]),
        policy_assignment=assignment,
        **only,
        exemption_category="Waiver",
        scope=cluster.node_group_id,
    )
    return Warn(assignment, f"policy assignment {label(assignment)} {words}", fix=(before(exemption),))
