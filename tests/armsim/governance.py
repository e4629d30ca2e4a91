"""The providers that govern: Microsoft.Authorization, .Features, .PolicyInsights, and Microsoft.Network's usages."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from typing import Any, Callable, Iterator
from urllib.parse import unquote

from tests.armsim.arm import Answer, Arm, Refusal, Request
from tests.armsim.estate import Estate
from tests.armsim.estate_rules import READ_ONLY, ROLES, Permit, Policy
from tests.armsim.ids import same, type_of, within
from tests.armsim.messages import Json

_AUTHORIZATION = "/providers/microsoft.authorization/"


def _scope(request: Request, provider: str) -> str:
    """What is before the last provider of a path."""
    return request.path[: request.path.lower().rindex(f"/providers/{provider}")]


# Locks


def locks_over(estate: Estate, resource_id: str) -> list[Json]:
    """The locks on a resource and on everything that it is in."""
    return [row for row in _extensions(estate, "locks") if within(_target(row), resource_id)]


def _extensions(estate: Estate, kind: str) -> list[Json]:
    wanted = f"microsoft.authorization/{kind}".lower()
    return [row for row in estate.resources.values() if row["type"].lower() == wanted]


def _target(extension: Json) -> str:
    found: str = extension["id"]
    return found[: found.lower().rindex(_AUTHORIZATION)]


def refuse_locked(arm: Arm, request: Request) -> None:
    """A read-only lock stops every write, any lock a deletion; locks themselves can always be removed."""
    if request.method in ("GET", "HEAD") or type_of(request.path).lower() == "microsoft.authorization/locks":
        return
    if type_of(request.path).lower().endswith(("/checkpolicyrestrictions", "microsoft.resourcegraph/resources")):
        return
    deleting = request.method == "DELETE"
    over = locks_over(arm.estate, request.path)
    stopping = [row for row in over if deleting or row["properties"]["level"] == READ_ONLY]
    if deleting:
        stopping += [row for row in _extensions(arm.estate, "locks") if within(request.path, _target(row))]
    if stopping:
        raise scope_locked(request.path, "delete" if deleting else "write", _target(stopping[0]))


def scope_locked(resource_id: str, verb: str, locked: str) -> Refusal:
    message = (
        f"The scope '{resource_id}' cannot perform {verb} operation because following scope(s) are locked: '{locked}'. "
        "Please remove the lock and try again."
    )
    return Refusal(409, "ScopeLocked", message)


# Lists of what is assigned at a scope, above it, and below it where that is not filtered away


def assigned(arm: Arm, request: Request) -> Answer:
    """Locks and role assignments, as lists."""
    scope = _scope(request, "microsoft.authorization")
    kind = request.path.rstrip("/").rpartition("/")[2]
    meets = _filter(arm.estate, unquote(request.query.get("$filter", "")))
    rows = [row for row in _extensions(arm.estate, kind) if meets(row, within(_target(row), scope))]
    related = [row for row in rows if within(_target(row), scope) or within(scope, _target(row))]
    return Answer({"value": related})


def _filter(estate: Estate, wanted: str) -> Callable[[Json, bool], bool]:
    """What a row must be, given also whether it is at or above the scope."""
    if not wanted:
        return lambda row, above: True
    if same(wanted, "atScope()"):
        return lambda row, above: above
    found = re.fullmatch(r"(?:atScope\(\) and )?(assignedTo\(|principalId eq )'?([^')]+)'?\)?", wanted, re.I)
    if found is None:
        raise Refusal(400, "UnsupportedQuery", f"The filter '{wanted}' is not supported.")
    groups = estate.groups_of.get(found[2], []) if found[1].lower().startswith("assignedto") else []
    anywhere = not wanted.lower().startswith("atscope()")
    return lambda row, above: (above or anywhere) and row["properties"].get("principalId") in (found[2], *groups)


def role_definitions(arm: Arm, request: Request) -> Answer:
    """One by its id, or those with a name."""
    scope = _scope(request, "microsoft.authorization")
    rows = [_role_definition(arm.estate, scope, name) for name in arm.estate.roles]
    wanted = request.path.rstrip("/").rpartition("/")[2]
    if not same(wanted, "roleDefinitions"):
        found = next((row for row in rows if same(row["name"], wanted)), None)
        if found is None:
            raise Refusal(404, "RoleDefinitionDoesNotExist", f"There is no role definition '{wanted}'.")
        return Answer(found)
    named = re.fullmatch(r"roleName eq '(.+)'", unquote(request.query.get("$filter", "")), re.I)
    return Answer({"value": [row for row in rows if not named or same(row["properties"]["roleName"], named[1])]})


def _role_definition(estate: Estate, scope: str, name: str) -> Json:
    role_id, actions = estate.roles[name]
    permissions = [{"actions": actions, "notActions": [], "dataActions": [], "notDataActions": []}]
    return {
        "id": f"{scope}/providers/Microsoft.Authorization/roleDefinitions/{role_id}",
        "name": role_id,
        "type": "Microsoft.Authorization/roleDefinitions",
        "properties": {
            "roleName": name,
            "type": "BuiltInRole" if name in ROLES else "CustomRole",
            "description": "",
            "assignableScopes": ["/"],
            "permissions": permissions,
        },
    }


def _permitted(estate: Estate, scope: str) -> Permit:
    """What the caller may do at a scope: what is said of the innermost that it is in, or else everything."""
    there = [row for row in estate.permits if within(row.scope, scope)]
    return max(there, key=lambda row: len(row.scope), default=Permit("/", ("*",)))


def refuse_unpermitted(arm: Arm, resource_id: str, action: str) -> None:
    """Refuse what the caller may not do; actions and what is taken from them may have `*` anywhere."""
    found = _permitted(arm.estate, resource_id)

    def meets(patterns: tuple[str, ...]) -> bool:
        return any(fnmatch(action.lower(), pattern.lower()) for pattern in patterns)

    if not meets(found.actions) or meets(found.not_actions):
        raise arm.forbidden_action(action, resource_id)


def permissions(arm: Arm, request: Request) -> Answer:
    """What the caller may do at a scope."""
    innermost = _permitted(arm.estate, _scope(request, "microsoft.authorization"))
    row = {"actions": list(innermost.actions), "notActions": list(innermost.not_actions)}
    return Answer({"value": [{**row, "dataActions": [], "notDataActions": []}]})


# Quotas


def usages(arm: Arm, request: Request) -> Answer:
    where = request.path.rstrip("/").split("/")[-2]
    subscription = "/".join(request.path.split("/")[:3])
    rows = [
        {
            "id": f"{subscription}/providers/Microsoft.Network/locations/{where}/usages/{name}",
            "unit": "Count",
            "currentValue": used(arm.estate, name, subscription, where),
            "limit": limit,
            "name": {"value": name, "localizedValue": name},
        }
        for name, (limit, _) in arm.estate.quotas.items()
    ]
    return Answer({"value": rows})


def used(estate: Estate, name: str, subscription: str, where: str) -> int:
    declared = estate.quotas[name][1]
    return declared if declared is not None else sum(counted(estate, name, subscription, where))


def counted(estate: Estate, name: str, subscription: str, where: str) -> Iterator[bool]:
    """Every resource of a subscription's region that a quota counts."""
    wanted = {"NatGateways": "natgateways"}.get(name, "publicipaddresses")
    for row in estate.resources.values():
        here = within(subscription, row["id"] or "") and same(row.get("location") or "", where)
        if here and row["type"].lower() == f"microsoft.network/{wanted}":
            yield True


# Features


def feature(arm: Arm, request: Request) -> Answer:
    """GET tells the state of a feature, POST …/register asks for it."""
    segments = request.path.rstrip("/").split("/")
    registering = request.method == "POST" and same(segments[-1], "register")
    namespace, name = segments[-4 if registering else -3], segments[-2 if registering else -1]
    key = next((key for key in arm.estate.features if same(key, f"{namespace}/{name}")), None)
    if key is None:
        raise Refusal(404, "FeatureNotFound", f"The feature '{name}' could not be found.")
    if registering and arm.estate.features[key] != "Registered":
        arm.estate.features[key] = "Registering"
    return Answer(
        {
            "id": f"/subscriptions/{segments[2]}/providers/Microsoft.Features/providers/{namespace}/features/{name}",
            "name": key,
            "type": "Microsoft.Features/providers/features",
            "properties": {"state": arm.estate.features[key]},
        }
    )


# Policies


def denying(estate: Estate, resource_id: str, kind: str) -> Policy | None:
    rows = estate.policies
    return next((row for row in rows if same(row.kind, kind) and within(row.scope, resource_id)), None)


def refuse_denied(arm: Arm, request: Request) -> None:
    policy = denying(arm.estate, request.path, type_of(request.path)) if request.method in ("PUT", "PATCH") else None
    if policy:
        message = f"Resource '{request.path.rpartition('/')[2]}' was disallowed by policy '{policy.name}'."
        raise Refusal(403, "RequestDisallowedByPolicy", message)


def policy_restrictions(arm: Arm, request: Request) -> Answer:
    """What policies would say of a resource that is not there yet."""
    scope = _scope(request, "microsoft.policyinsights")
    content: Any = ((request.body or {}).get("resourceDetails") or {}).get("resourceContent")
    if not isinstance(content, dict) or not content.get("type"):
        raise Refusal(400, "InvalidRequestContent", "resourceDetails.resourceContent must have a type.")
    policy = denying(arm.estate, scope, content["type"])
    evaluations = [_evaluation(policy)] if policy else []
    return Answer({"fieldRestrictions": [], "contentEvaluationResult": {"policyEvaluations": evaluations}})


def _evaluation(policy: Policy) -> Json:
    prefix = f"{policy.scope}/providers/Microsoft.Authorization"
    info = {
        "policyDefinitionId": f"{prefix}/policyDefinitions/{policy.name}",
        "policyAssignmentId": f"{prefix}/policyAssignments/{policy.name}",
    }
    return {
        "policyInfo": info,
        "evaluationResult": "NonCompliant",
        "evaluationDetails": {"evaluatedExpressions": []},
        "effectDetails": {"policyEffect": policy.effect},
    }
