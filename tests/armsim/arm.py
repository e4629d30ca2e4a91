"""Azure Resource Manager's part: resources by id, collections, children, permissions, envelopes, the journal."""

from __future__ import annotations

import copy
import uuid
from dataclasses import dataclass, field
from typing import Any, Callable, Dict

from tests.armsim.estate import OTHER_SUBSCRIPTION, SUBSCRIPTION, Estate

Json = Dict[str, Any]
TENANT = "44444444-4444-4444-4444-444444444444"
_REFERENCES = {
    "routeTables": "routeTable",
    "natGateways": "natGateway",
    "networkSecurityGroups": "networkSecurityGroup",
}


@dataclass(frozen=True)
class Request:
    """One line of the journal."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any = None
    status: int = 0


@dataclass
class Answer:
    """What goes back; `body` is JSON, or text that goes out as it is, as HTML."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """An error as ARM itself answers it."""

    def __init__(self, status: int, code: str, message: str, by_arm: bool = True) -> None:
        super().__init__(message)
        error = {"code": code, "message": message}
        body = {"error": error} if by_arm else {**error, "details": None, "subcode": ""}
        self.answer = Answer(body, status)


Hook = Callable[[], None]


class Arm:
    """The state of a local Azure, and how it answers. Handlers of providers are in `aks`."""

    def __init__(self, estate: Estate | None = None) -> None:
        self.estate = estate or Estate()
        self.journal: list[Request] = []
        self.forbidden: list[str] = []
        self.operations: dict[str, Json] = {}
        self.before: list[tuple[str, str, Hook]] = []
        self.instead: list[tuple[str, str, Answer]] = []

    @property
    def writes(self) -> list[Request]:
        return [request for request in self.journal if request.method not in ("GET", "HEAD")]

    def forbid(self, prefix: str) -> None:
        """Let the caller read nothing whose id begins so."""
        self.forbidden.append(prefix.lower())

    def once_before(self, method: str, part: str, hook: Hook) -> None:
        """Run something, once, right before a request: a change by somebody else, for example."""
        self.before.append((method, part.lower(), hook))

    def once_instead(self, method: str, part: str, answer: Answer) -> None:
        """Answer one request with something else than the truth."""
        self.instead.append((method, part.lower(), answer))

    def handle(self, request: Request) -> Answer:
        self._run_hooks(request)
        for row in self.instead:
            method, part, answer = row
            if method == request.method and part in request.path.lower():
                self.instead.remove(row)
                return answer
        try:
            if "api-version" not in request.query:
                raise Refusal(400, "MissingApiVersionParameter", "The api-version query parameter is required.")
            self._authorize(request)
            return self._route(request)
        except Refusal as refusal:
            return refusal.answer

    def _run_hooks(self, request: Request) -> None:
        for row in list(self.before):
            method, part, hook = row
            if method == request.method and part in request.path.lower():
                self.before.remove(row)
                hook()

    def _authorize(self, request: Request) -> None:
        path = request.path.lower()
        if any(path.startswith(prefix) for prefix in self.forbidden):
            verb = "read" if request.method == "GET" else "write"
            message = (
                f"The client 'cli' with object id 'cli' does not have authorization to perform action "
                f"'{_type(request.path)}/{verb}' over scope '{request.path}' or the scope is invalid."
            )
            raise Refusal(403, "AuthorizationFailed", message)

    def _route(self, request: Request) -> Answer:
        from tests.armsim import aks

        path = request.path
        if path.rstrip("/").lower() == "/subscriptions":
            return Answer({"value": [_subscription(SUBSCRIPTION), _subscription(OTHER_SUBSCRIPTION)]})
        if path.rstrip("/").lower() == "/tenants":
            return Answer({"value": [{"id": f"/tenants/{TENANT}", "tenantId": TENANT, "displayName": "local"}]})
        if "/operations/" in path.lower():
            return aks.operation(self, path)
        if aks.is_cluster(path) and request.method == "PUT":
            return aks.put(self, request)
        if request.method == "PUT":
            return self._put(request)
        if request.method == "DELETE":
            self.estate.resources.pop(path.lower(), None)
            self._drop_child(path)
            return Answer(None, 200)
        return self._get(path)

    def _get(self, path: str) -> Answer:
        if len(path.strip("/").split("/")) % 2:
            return Answer({"value": self._members(path)})
        found = self.estate.resources.get(path.lower()) or self._child(path)
        if found is None:
            name = "/".join([_type(path), path.rsplit("/", 1)[-1]])
            raise Refusal(404, "ResourceNotFound", f"The Resource '{name}' was not found.")
        return Answer(self._shown(found))

    def _members(self, path: str) -> list[Json]:
        prefix, _, kind = path.lower().rpartition("/providers/")
        return [
            self._shown(found)
            for found in self.estate.resources.values()
            if found["id"].lower().startswith(prefix + "/") and found["type"].lower() == kind
        ]

    def _shown(self, found: Json) -> Json:
        """A resource with what ARM derives: the subnets in a VNet, the subnets that a table or gateway is on."""
        shown = copy.deepcopy(found)
        kind = shown["type"].rpartition("/")[2]
        subnets = [row for row in self.estate.resources.values() if row["type"].endswith("/subnets")]
        if kind == "virtualNetworks":
            prefix = shown["id"].lower() + "/"
            shown["properties"]["subnets"] = [row for row in subnets if row["id"].lower().startswith(prefix)]
        if kind in _REFERENCES:
            key = _REFERENCES[kind]
            linked = [row for row in subnets if _linked(row, key) == shown["id"].lower()]
            shown["properties"]["subnets"] = [{"id": row["id"]} for row in linked]
        return shown

    def _child(self, path: str) -> Json | None:
        """A route, which lives inside its table."""
        parent, _, rest = path.rpartition("/routes/")
        table = self.estate.resources.get(parent.lower())
        rows = table["properties"].get("routes", []) if table else []
        return next(
            ({**row, "type": "Microsoft.Network/routeTables/routes"} for row in rows if row["name"] == rest), None
        )

    def _drop_child(self, path: str) -> None:
        parent, _, rest = path.rpartition("/routes/")
        table = self.estate.resources.get(parent.lower())
        if table:
            table["properties"]["routes"] = [row for row in table["properties"]["routes"] if row["name"] != rest]

    def _put(self, request: Request) -> Answer:
        """Network resources are stored as they are sent; a route goes into its table."""
        body = dict(request.body or {})
        name = request.path.rsplit("/", 1)[-1]
        parent, _, child = request.path.rpartition("/routes/")
        if parent:
            self._drop_child(request.path)
            row = {"id": request.path, "name": child, "properties": body.get("properties", {})}
            table = self.estate.resources.get(parent.lower())
            if table is None:
                raise Refusal(404, "ParentResourceNotFound", f"The route table of '{child}' was not found.")
            table["properties"].setdefault("routes", []).append(row)
            return Answer({**row, "type": "Microsoft.Network/routeTables/routes"})
        properties = {**body.pop("properties", {}), "provisioningState": "Succeeded"}
        if _type(request.path).endswith("/publicIPAddresses"):
            properties.setdefault("ipAddress", f"20.60.0.{len(self.estate.resources) % 250 + 1}")
        stored = {**body, "id": request.path, "name": name, "type": _type(request.path), "properties": properties}
        self.estate.resources[request.path.lower()] = stored
        return Answer(self._shown(stored))


def _linked(subnet: Json, key: str) -> str:
    reference = subnet["properties"].get(key) or {}
    return str(reference.get("id", "")).lower()


def _type(path: str) -> str:
    segments = path.strip("/").split("/")
    lower = [segment.lower() for segment in segments]
    if "providers" not in lower:
        return "Microsoft.Resources/subscriptions"
    provider = lower.index("providers")
    return "/".join([segments[provider + 1], *segments[provider + 2 :: 2]])


def _subscription(subscription: str) -> Json:
    return {
        "id": f"/subscriptions/{subscription}",
        "subscriptionId": subscription,
        "tenantId": TENANT,
        "displayName": f"local {subscription[:4]}",
        "state": "Enabled",
        "subscriptionPolicies": {"locationPlacementId": "Public_2014-09-01", "quotaId": "x", "spendingLimit": "Off"},
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
    }


def new_id() -> str:
    return str(uuid.uuid4())
