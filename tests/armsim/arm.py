"""A local Azure Resource Manager: its state, the way of a request through it, and the journal of all of them."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, replace
from typing import Any, Callable

from tests.armsim.estate import Estate
from tests.armsim.faults import Fault, Faults, Part
from tests.armsim.graph_quota import Quota
from tests.armsim.ids import OTHER_SUBSCRIPTION, SUBSCRIPTION, group_of, name_of, type_of
from tests.armsim.messages import Answer, Json, Refusal, Request
from tests.armsim.node_hooks import NodeHooks

__all__ = ["TENANT", "Answer", "Arm", "Outcome", "Refusal", "Request", "new_id"]
TENANT = "44444444-4444-4444-4444-444444444444"
_API_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-\w+)?")
_QUESTIONS = ("/microsoft.resourcegraph/resources", "/checkpolicyrestrictions")
_NODES = "/providers/microsoft.compute/"
Handler = Callable[["Arm", Request], Answer]


@dataclass(frozen=True)
class Outcome:
    """How an operation of AKS ends; `stored` says what the cluster holds when it does not end well."""

    status: str = "Succeeded"
    code: str = ""
    message: str = ""
    stored: str = "goal"
    ends: bool = True


class Arm:
    """The state of a local Azure, and how it answers. What providers do is in modules of their own."""

    def __init__(self, estate: Estate | None = None) -> None:
        from tests.armsim.aks import API_VERSIONS
        from tests.armsim.graph_rows import Index

        self.estate = estate or Estate()
        self.journal: list[Request] = []
        self.answered = 0
        """How many answers have gone out over a wire."""
        self.forbidden: list[str] = []
        self.operations: dict[str, Any] = {}
        self.faults = Faults()
        self.api_versions: tuple[str, ...] = API_VERSIONS
        """The api-versions of Microsoft.ContainerService that this Azure knows."""
        self.default_nat_gateway_sku = "Standard"
        """What a managed NAT gateway gets where nobody asks, by the api-versions that know of SKUs."""
        self.nat_gateway_skus: tuple[str, ...] = ("Standard", "StandardV2")
        """What the region takes."""
        self.march_2024 = False
        """Answer as the service of that month was recorded: its operations carry an error though they go well, and
        its answers to PUT carry empty nodeLabels."""
        self.graph_quota: Quota | None = None
        """How many queries Resource Graph answers in a while: Quota() is Azure's, and None does not count."""
        self.graph_index = Index(TENANT)
        self.graph_results: dict[str, tuple[str, list[Json]]] = {}
        self.commands: dict[str, Json] = {}
        self.run_command: Callable[[Json, str], tuple[int, str]] = self._egress_address
        """What a command in a cluster gives: exit code and logs. By itself, the address that the cluster leaves from,
        as a pod that asks the internet for it would print."""
        self.node = NodeHooks()
        """The nodes of all clusters: what they see of the internet, and what was run on them."""
        self._next_outcome = Outcome()
        self._puts_again: list[int | None] = []

    @property
    def writes(self) -> list[Request]:
        """What may change something of Azure's; two providers are asked by POST, and change nothing, and what a command
        did to a node is in `node.scripts`."""
        sent = [request for request in self.journal if request.method not in ("GET", "HEAD")]
        paths = [(request, request.path.lower()) for request in sent]
        return [request for request, path in paths if not path.endswith(_QUESTIONS) and not _runs_on_a_node(path)]

    @property
    def depth(self) -> int:
        """How many requests in a row waited for an answer before them, where all answers take alike."""
        levels: list[int] = []
        for request in self.journal:
            levels.append(1 + max(levels[: request.after], default=0))
        return max(levels, default=0)

    def forbid(self, prefix: str) -> None:
        """Let the caller read nothing whose id begins so."""
        self.forbidden.append(prefix.lower())

    def fault(self, method: str, part: Part, fault: Fault, times: int = 1, skip: int = 0, asking: str = "") -> None:
        """Let requests whose path has this part go wrong: so many of them, after so many that go well.

        The method `*` is any; a pattern in the place of the part is one for the whole path; `asking` is a text in the
        query of Resource Graph, in any case.
        """
        self.faults.add(method, part, fault, times, skip, asking)

    def operation_ends(self, status: str, code: str = "", message: str = "", stored: str = "goal") -> None:
        """Let the next operation of AKS end as Failed or Canceled, and keep its goal or go back to its origin."""
        self._next_outcome = Outcome(status, code, message, stored)

    def operation_never_ends(self) -> None:
        """Let the next operation of AKS stay InProgress."""
        self._next_outcome = Outcome(ends=False)

    def put_again_after_success(self, looks: int = 3, skip: int = 0) -> None:
        """Let a policy, or somebody, put the cluster again as it is, right after the next operation of AKS that
        succeeds, or after so many more: it is Updating for so many looks, and its eTag changes twice."""
        self._puts_again += [*[None] * skip, looks]

    def take_put_again(self) -> int | None:
        """How many looks the update lasts that follows an operation which has just succeeded; None without one."""
        return self._puts_again.pop(0) if self._puts_again else None

    def take_outcome(self) -> Outcome:
        found, self._next_outcome = self._next_outcome, Outcome()
        return found

    def _egress_address(self, cluster: Json, _: str) -> tuple[int, str]:
        from tests.armsim.commands import effective_address

        return 0, f"{effective_address(self, cluster)}\n"

    def handle(self, request: Request) -> Answer:
        return self.faults.around(request, lambda: self._answer(request))

    def _answer(self, request: Request) -> Answer:
        try:
            self._refuse_malformed(request)
            self._authorize(request)
            return replace(self._route(request), applied=True)
        except Refusal as refusal:
            return refusal.answer

    @staticmethod
    def _refuse_malformed(request: Request) -> None:
        version = request.query.get("api-version")
        if not version:
            message = "The api-version query parameter (?api-version=) is required for all requests."
            raise Refusal(400, "MissingApiVersionParameter", message)
        if not _API_VERSION.fullmatch(version):
            raise Refusal(400, "InvalidApiVersionParameter", f"The api-version '{version}' is invalid.")
        if request.method in ("PUT", "PATCH") and not isinstance(request.body, dict):
            message = "The request content was invalid and could not be deserialized."
            raise Refusal(400, "InvalidRequestContent", message)

    def _authorize(self, request: Request) -> None:
        path = request.path.lower()
        if any(path.startswith(prefix) for prefix in self.forbidden):
            verbs = {"GET": "read", "HEAD": "read", "POST": "action", "DELETE": "delete"}
            raise self.forbidden_action(f"{type_of(request.path)}/{verbs.get(request.method, 'write')}", request.path)

    @staticmethod
    def forbidden_action(action: str, scope: str) -> Refusal:
        message = (
            f"The client 'cli' with object id 'cli' does not have authorization to perform action '{action}' over "
            f"scope '{scope}' or the scope is invalid."
        )
        return Refusal(403, "AuthorizationFailed", message)

    def _route(self, request: Request) -> Answer:
        from tests.armsim import governance

        path = request.path.rstrip("/").lower()
        if path == "/subscriptions":
            return Answer({"value": [_subscription(SUBSCRIPTION), _subscription(OTHER_SUBSCRIPTION)]})
        if path == "/tenants":
            return Answer({"value": [{"id": f"/tenants/{TENANT}", "tenantId": TENANT, "displayName": "local"}]})
        governance.refuse_locked(self, request)
        governance.refuse_denied(self, request)
        for pattern, handler in _routes():
            if pattern.search(path):
                return handler(self, request)
        raise self.not_found(request.path)

    @staticmethod
    def not_found(path: str) -> Refusal:
        """As recorded."""
        where = f" under resource group '{name_of(group_of(path))}'" if "/resourcegroups/" in path.lower() else ""
        message = (
            f"The Resource '{type_of(path)}/{name_of(path)}'{where} was not found. "
            "For more details please go to https://aka.ms/ARMResourceNotFoundFix"
        )
        return Refusal(404, "ResourceNotFound", message)

    @staticmethod
    def new_id() -> str:
        return new_id()


def _runs_on_a_node(path: str) -> bool:
    return _NODES in path and path.endswith("/runcommand")


def _routes() -> list[tuple[re.Pattern[str], Handler]]:
    """Imported late: the handlers are written in terms of Arm."""
    from tests.armsim import aks, aks_operation, commands, governance, graph, groups, node_commands, nodes, resources

    rows: list[tuple[str, Handler]] = [
        (r"^/providers/microsoft\.resourcegraph/resources$", graph.handle),
        (r"/providers/microsoft\.authorization/(locks|roleassignments)$", governance.assigned),
        (r"/providers/microsoft\.authorization/roledefinitions(/[^/]+)?$", governance.role_definitions),
        (r"/providers/microsoft\.authorization/permissions$", governance.permissions),
        (r"/providers/microsoft\.network/locations/[^/]+/usages$", governance.usages),
        (r"/providers/microsoft\.features/providers/[^/]+/features/[^/]+(/register)?$", governance.feature),
        (r"/providers/microsoft\.policyinsights/checkpolicyrestrictions$", governance.policy_restrictions),
        (r"/microsoft\.containerservice/.*/operation(s|results)/", aks_operation.handle),
        (r"/microsoft\.network/.*/operations/", resources.operation),
        (r"/microsoft\.compute/.*/operations/[^/]+$", node_commands.operation),
        (r"/microsoft\.compute/.*virtualmachines/[^/]+/runcommand$", node_commands.run),
        (
            r"/microsoft\.compute/virtualmachinescalesets/[^/]+/virtualmachines/[^/]+/networkinterfaces$",
            nodes.interfaces,
        ),
        (r"/microsoft\.compute/(.+/)?virtualmachines(/[^/]+(/instanceview)?)?$", nodes.handle),
        (r"/managedclusters/[^/]+/runcommand$", commands.run),
        (r"/managedclusters/[^/]+/commandresults/[^/]+$", commands.result),
        (r"/managedclusters/[^/]+/agentpools(/[^/]+)?$", commands.pools),
        (r"/managedclusters/[^/]+/outboundnetworkdependenciesendpoints$", commands.endpoints),
        (r"/managedclusters/[^/]+$", aks.handle),
        (r"^/subscriptions/[^/]+/resourcegroups(/[^/]+(/resources)?)?$", groups.handle),
        (r"^/subscriptions/[^/]+/resources$", groups.handle),
        (r"", resources.handle),
    ]
    return [(re.compile(pattern), handler) for pattern, handler in rows]


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
