"""Resources in general: GET, PUT, PATCH and DELETE by id, collections, and children inside their parents."""

from __future__ import annotations

import copy
from typing import Any, Callable, Iterator

from tests.armsim import compute, network
from tests.armsim.arm import Answer, Arm, Refusal, Request
from tests.armsim.ids import LOCATION, name_of, parent_of, same, type_of, within
from tests.armsim.messages import Json

INLINE = {
    "routes": "routeTables",
    "securityRules": "networkSecurityGroups",
    "virtualNetworkPeerings": "virtualNetworks",
}
"""Children that live in a property of their parent; every other child is a resource of its own."""
_LOWER_INLINE = {key.lower(): key for key in INLINE}
NETWORK = "microsoft.network/"


def handle(arm: Arm, request: Request) -> Answer:
    path = request.path.rstrip("/")
    if request.method in ("GET", "HEAD"):
        if len(path.strip("/").split("/")) % 2:
            return Answer({"value": _collection(arm, path)})
        found = _shown(arm, path)
        return Answer(found, 200, {"ETag": found["etag"]} if found.get("etag") else {})
    handlers: dict[str, Callable[[Arm, Request], Answer]] = {"PUT": _put, "PATCH": _patch, "DELETE": _delete}
    if request.method not in handlers:
        raise Refusal(405, "MethodNotAllowed", f"The local Azure knows no {request.method} of {type_of(path)}.")
    return handlers[request.method](arm, request)


def operation(arm: Arm, request: Request) -> Answer:
    """Microsoft.Network is done by the time that anybody looks, as recorded."""
    return Answer({"status": "Succeeded"})


# Reading


def _shown(arm: Arm, path: str) -> Json:
    found = _stored(arm, path)
    if found is None:
        raise arm.not_found(path)
    return _with_derived(arm, found, network.back_references(arm.estate))


def _stored(arm: Arm, path: str) -> Json | None:
    """A resource itself, for changing, or a child's row with the type that it has outside of its parent."""
    found = arm.estate.resources.get(path.lower())
    if found is not None:
        return found
    rows, key = _rows(arm, path)
    row = next((row for row in rows if same(row["name"], name_of(path))), None)
    return row and {**row, "type": f"Microsoft.Network/{INLINE[key]}/{key}"}


def _rows(arm: Arm, path: str) -> tuple[list[Json], str]:
    """The list inside of a parent that a child is in, and its name."""
    kind = _LOWER_INLINE.get(path.lower().rsplit("/", 2)[-2], "")
    parent = arm.estate.resources.get((parent_of(path) or "").lower()) if kind else None
    if parent is None:
        return [], kind
    rows: list[Json] = parent["properties"].setdefault(kind, [])
    return rows, kind


def _with_derived(arm: Arm, found: Json, users: dict[str, dict[str, list[str]]]) -> Json:
    """A resource with what ARM derives: who uses it, and the children that are resources of their own."""
    shown = copy.deepcopy(found)
    if not shown["type"].lower().startswith(NETWORK):
        return shown
    network.with_back_references(shown, users.get(shown["id"].lower(), {}))
    if same(shown["type"], "Microsoft.Network/virtualNetworks"):
        subnets = [row for key, row in arm.estate.resources.items() if parent_of(key) == shown["id"].lower()]
        shown["properties"]["subnets"] = [_with_derived(arm, row, users) for row in subnets]
        shown["properties"].setdefault("virtualNetworkPeerings", [])
    return shown


def _collection(arm: Arm, path: str) -> list[Json]:
    scope, kind = path[: path.lower().rfind("/providers/")], path.lower().rpartition("/providers/")[2]
    parent = path.rpartition("/")[0]
    if parent_of(f"{path}/x") is not None and scope:
        if parent.lower() not in arm.estate.resources:
            raise arm.not_found(parent)
        return _children(arm, parent, path)
    users = network.back_references(arm.estate)
    members = [row for key, row in arm.estate.resources.items() if within(scope, key) and same(row["type"], kind)]
    return [_with_derived(arm, row, users) for row in members]


def _children(arm: Arm, parent: str, path: str) -> list[Json]:
    if same(name_of(path), "networkInterfaces"):
        return compute.network_interfaces(arm.estate[parent])
    rows, key = _rows(arm, f"{path}/x")
    if key:
        return [{**row, "type": f"Microsoft.Network/{INLINE[key]}/{key}"} for row in copy.deepcopy(rows)]
    users = network.back_references(arm.estate)
    kind = type_of(f"{path}/x")
    members = [row for found, row in arm.estate.resources.items() if parent_of(found) == parent.lower()]
    return [_with_derived(arm, row, users) for row in members if same(row["type"], kind)]


# Writing


def _put(arm: Arm, request: Request) -> Answer:
    """Create, or replace as a whole."""
    path, body = request.path.rstrip("/"), copy.deepcopy(request.body)
    stored = _stored(arm, path)
    _refuse_stale(request, stored)
    parent = parent_of(path)
    if parent is not None and parent.lower() not in arm.estate.resources:
        message = (
            f"Failed to perform 'write' on resource(s) of type '{type_of(path)}', because the parent resource "
            f"'{parent}' could not be found."
        )
        raise Refusal(404, "ParentResourceNotFound", message)
    if parent is None and not body.get("location") and not type_of(path).startswith("Microsoft.Authorization"):
        raise Refusal(400, "LocationRequired", "The location property is required for this definition.")
    _refuse_dangling(arm, path, body.get("properties") or {})
    if parent is not None and _rows(arm, path)[1]:
        written = _put_row(arm, path, body)
    else:
        written = _put_resource(arm, path, body, stored)
    return _written(arm, request, written, 200 if stored else 201)


def _put_row(arm: Arm, path: str, body: Json) -> Json:
    rows, key = _rows(arm, path)
    row = {
        "id": path,
        "name": name_of(path),
        "etag": _etag(arm),
        "properties": {**(body.get("properties") or {}), "provisioningState": "Succeeded"},
    }
    rows[:] = [other for other in rows if not same(other["name"], name_of(path))] + [row]
    return {**row, "type": f"Microsoft.Network/{INLINE[key]}/{key}"}


def _put_resource(arm: Arm, path: str, body: Json, stored: Json | None) -> Json:
    kind = type_of(path).lower()
    sent = {key: value for key, value in (body.pop("properties", None) or {}).items() if value is not None}
    properties = {**network.DEFAULTS.get(kind, {}), **sent}
    for name in network.DERIVED.get(kind, ()):
        properties.pop(name, None)
    subnets = properties.pop("subnets", None) if kind.endswith("/virtualnetworks") else None
    kept = (stored or {}).get("properties", {})
    if kind.endswith("/publicipaddresses"):
        properties["ipAddress"] = kept.get("ipAddress") or arm.estate.next_address(properties["publicIPAddressVersion"])
        body["sku"] = {"name": "Basic", "tier": "Regional", **(body.get("sku") or {})}
    if kind.startswith(NETWORK):
        properties["resourceGuid"] = kept.get("resourceGuid") or arm.new_id()
        body["etag"] = _etag(arm)
    top = {"name": name_of(path), "id": stored["id"] if stored else path, "type": type_of(path)}
    written = {**body, **top, "properties": {**properties, "provisioningState": "Succeeded"}}
    arm.estate.resources[path.lower()] = written
    for key in INLINE:
        for row in properties.get(key) or []:
            row.setdefault("id", f"{path}/{key}/{row['name']}")
    if subnets is not None:
        _put_subnets(arm, path, subnets)
    return written


def _put_subnets(arm: Arm, path: str, subnets: list[Json]) -> None:
    """The subnets of a network that is put with its subnets are those, and no others."""
    wanted = {f"{path}/subnets/{row['name']}".lower(): row for row in subnets}
    for key in [key for key in arm.estate.resources if parent_of(key) == path.lower() and key not in wanted]:
        _refuse_in_use(arm, arm.estate.resources[key])
        del arm.estate.resources[key]
    for row in subnets:
        subnet = f"{path}/subnets/{row['name']}"
        stored = arm.estate.resources.get(subnet.lower())
        _put_resource(arm, subnet, {"properties": row.get("properties") or {}}, stored)


def _patch(arm: Arm, request: Request) -> Answer:
    """Tags, and properties laid over what is there, as a merge patch."""
    stored = arm.estate.resources.get(request.path.rstrip("/").lower())
    if stored is None:
        raise arm.not_found(request.path)
    _refuse_stale(request, stored)
    _refuse_dangling(arm, request.path, request.body.get("properties") or {})
    for key in ("tags", "properties"):
        if key in request.body:
            stored[key] = _merged(stored.get(key), request.body[key])
    if "etag" in stored:
        stored["etag"] = _etag(arm)
    return Answer(_with_derived(arm, stored, network.back_references(arm.estate)))


def _merged(old: Any, new: Any) -> Any:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    merged = {**old, **{key: _merged(old.get(key), value) for key, value in new.items()}}
    return {key: value for key, value in merged.items() if value is not None}


def _delete(arm: Arm, request: Request) -> Answer:
    path = request.path.rstrip("/")
    stored = _stored(arm, path)
    if stored is None:
        return Answer(None, 204)
    _refuse_stale(request, stored)
    _refuse_in_use(arm, stored)
    rows, _ = _rows(arm, path)
    rows[:] = [row for row in rows if not same(row["name"], name_of(path))]
    for key in [key for key in arm.estate.resources if within(path, key)]:
        del arm.estate.resources[key]
    return Answer(None, 200)


def _written(arm: Arm, request: Request, written: Json, status: int) -> Answer:
    """Microsoft.Network answers with an operation, and a resource that is not ready yet, as recorded."""
    shown = _with_derived(arm, written, network.back_references(arm.estate))
    if not type_of(request.path).lower().startswith(NETWORK):
        return Answer(shown, status)
    shown["properties"]["provisioningState"] = "Updating"
    if status == 201:
        shown["properties"].pop("ipAddress", None)
    subscription, where = request.path.split("/")[2], written.get("location") or LOCATION
    path = f"/subscriptions/{subscription}/providers/Microsoft.Network/locations/{where}/operations/{arm.new_id()}"
    url = f"https://{request.headers.get('Host', '')}{path}?api-version={request.query['api-version']}"
    return Answer(shown, status, {"azure-asyncoperation": url, "x-ms-retry-after-ms": "20"})


def _refuse_stale(request: Request, stored: Json | None) -> None:
    wanted = request.headers.get("If-Match")
    stale = wanted not in (None, "*", (stored or {}).get("etag")) or (wanted == "*" and stored is None)
    if stale or (request.headers.get("If-None-Match") == "*" and stored is not None):
        raise Refusal(412, "PreconditionFailed", "Precondition failed.")


def _refuse_in_use(arm: Arm, stored: Json) -> None:
    found = network.obstacle(arm.estate, stored)
    if found:
        raise Refusal(400, *found)


def _refuse_dangling(arm: Arm, path: str, properties: Json) -> None:
    """What a network resource refers to must be there."""
    if not type_of(path).lower().startswith(NETWORK):
        return
    for used in _references(type_of(path).lower(), properties):
        if used.lower() not in arm.estate.resources and not within(path, used):
            message = (
                f"Resource {used} referenced by resource {path} was not found. Please make sure that the referenced "
                "resource exists, and that both resources are in the same region."
            )
            raise Refusal(400, "InvalidResourceReference", message)


def _references(kind: str, properties: Json) -> Iterator[str]:
    for key in network.REFERRING:
        value = None if key in network.DERIVED.get(kind, ()) else properties.get(key)
        for row in value if isinstance(value, list) else [value]:
            if isinstance(row, dict) and row.get("id"):
                yield row["id"]


def _etag(arm: Arm) -> str:
    return f'W/"{arm.new_id()}"'
