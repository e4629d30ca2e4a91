"""The long-running operation: how it begins, what a look at it says, and what is there when it ends."""

from __future__ import annotations

import copy
from dataclasses import dataclass

from tests.armsim import aks_trial, node_group
from tests.armsim.arm import Answer, Arm, Outcome, Refusal, Request
from tests.armsim.ids import LOCATION, name_of, same
from tests.armsim.messages import Json

LOOKS = 3
"""How often an operation, or its cluster, is seen running before it ends."""
PAUSE = {"x-ms-retry-after-ms": "50"}
"""Azure sends no such header for AKS; azure-core honours it, and without it each poll would take 30 seconds."""
_BEGUN, _ENDED = "2026-11-23T06:00:00.0000000Z", "2026-11-23T06:03:00.0000000Z"
_NOT_LATEST = {
    "code": "NotLatestOperation",
    "message": "Cannot proceed with the operation. Either the operation has been preempted by another one, or the "
    "information needed by the operation failed to be saved (or hasn't been saved yet).",
}
"""Recorded in March 2024, in operations that went well."""


@dataclass
class Operation:
    """One operation on a cluster, and the cluster as it was before; `again` is one that nobody here asked for."""

    name: str
    cluster: str
    origin: Json
    outcome: Outcome
    deletes: bool = False
    again: bool = False
    lasts: int = LOOKS
    looks: int = 0
    ended: bool = False


def begin(arm: Arm, host: str, stored: Json, wanted: Json) -> dict[str, str]:
    """The goal is stored at once; the effective IPs are still the old ones, as recorded in Azure."""
    operation = Operation(arm.new_id(), stored["id"], copy.deepcopy(stored), arm.take_outcome())
    stored.update(copy.deepcopy(wanted))
    _state(stored, "Updating")
    stored["eTag"] = arm.new_id()
    return _headers(arm, host, operation, stored)


def begin_delete(arm: Arm, host: str, stored: Json) -> dict[str, str]:
    operation = Operation(arm.new_id(), stored["id"], copy.deepcopy(stored), arm.take_outcome(), deletes=True)
    _state(stored, "Deleting")
    headers = _headers(arm, host, operation, stored)
    return {**headers, "location": headers["azure-asyncoperation"].replace("/operations/", "/operationresults/")}


def _headers(arm: Arm, host: str, operation: Operation, cluster: Json) -> dict[str, str]:
    arm.operations[operation.name] = operation
    subscription, where = cluster["id"].split("/")[2], cluster.get("location") or LOCATION
    path = f"/subscriptions/{subscription}/providers/Microsoft.ContainerService/locations/{where}/operations"
    return {"azure-asyncoperation": f"https://{host}{path}/{operation.name}?api-version=2017-08-31", **PAUSE}


def _state(cluster: Json, state: str) -> None:
    properties = cluster["properties"]
    for row in (properties, *(properties.get("agentPoolProfiles") or [])):
        row["provisioningState"] = state


def look(arm: Arm, cluster: Json) -> bool:
    """A look at a cluster is a look at its operation too: whoever follows the cluster alone sees the end as well."""
    for operation in _running(arm, cluster):
        _advance(arm, operation)
    return bool(_running(arm, cluster))


def _running(arm: Arm, cluster: Json) -> list[Operation]:
    of_it = [found for found in arm.operations.values() if same(found.cluster, cluster["id"] or "")]
    return [found for found in of_it if not found.ended]


def handle(arm: Arm, request: Request) -> Answer:
    operation = arm.operations.get(name_of(request.path))
    if operation is None:
        raise Refusal(404, "NotFound", "There is no such operation.", by_arm=False)
    _advance(arm, operation)
    row: Json = {"name": operation.name, "status": "InProgress", "startTime": _BEGUN}
    if arm.march_2024:
        row["error"] = dict(_NOT_LATEST)
    if "/operationresults/" in request.path.lower():
        return Answer(None, 204) if operation.ended else Answer(None, 202, dict(PAUSE))
    if not operation.ended:
        return Answer(row, 200, dict(PAUSE))
    row.update(status=operation.outcome.status, endTime=_ENDED)
    if operation.outcome.code:
        row["error"] = {"code": operation.outcome.code, "message": operation.outcome.message}
    return Answer(row)


def _advance(arm: Arm, operation: Operation) -> None:
    if operation.ended or not operation.outcome.ends:
        return
    operation.looks += 1
    if operation.looks > operation.lasts:
        operation.ended = True
        _end(arm, operation)


def _end(arm: Arm, operation: Operation) -> None:
    cluster = arm.estate.resources.get(operation.cluster.lower())
    if cluster is None:
        return
    if operation.deletes:
        node_group.remove(arm.estate, cluster)
        del arm.estate.resources[operation.cluster.lower()]
        return
    stopped = aks_trial.obstacle(arm.estate, cluster) if operation.outcome.status == "Succeeded" else None
    if stopped:
        operation.outcome = Outcome("Failed", *stopped)
    if operation.outcome.status == "Succeeded":
        node_group.settle(arm.estate, cluster)
    elif operation.outcome.stored == "origin":
        cluster["properties"] = copy.deepcopy(operation.origin["properties"])
    _state(cluster, operation.outcome.status)
    cluster["eTag"] = arm.new_id()
    if operation.outcome.status == "Succeeded" and not operation.again:
        _put_again(arm, cluster)


def _put_again(arm: Arm, cluster: Json) -> None:
    """Somebody puts the cluster as it is, of which only its state and its eTag tell."""
    looks = arm.take_put_again()
    if looks is None:
        return
    again = Operation(arm.new_id(), cluster["id"], copy.deepcopy(cluster), Outcome(), again=True, lasts=looks)
    arm.operations[again.name] = again
    _state(cluster, "Updating")
    cluster["eTag"] = arm.new_id()
