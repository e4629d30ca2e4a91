"""The machines that are nodes, as Compute answers them: instances of scale sets, and machines of their own."""

from __future__ import annotations

import copy
import uuid
from dataclasses import dataclass
from typing import Iterator

from tests.armsim import compute, node_group, resources
from tests.armsim.arm import Answer, Arm, Refusal, Request
from tests.armsim.ids import LOCATION, group_of, name_of, same
from tests.armsim.messages import Json
from tests.armsim.node_hooks import RUNNING

INSTANCES = f"{compute.SCALE_SETS}/virtualMachines"
_SINCE = "2026-11-23T06:00:00+00:00"


@dataclass(frozen=True)
class Machine:
    """A node: its document as Compute shows it, and the ids of its subnets."""

    document: Json
    subnets: tuple[str, ...]

    @property
    def id(self) -> str:
        return str(self.document["id"])

    @property
    def windows(self) -> bool:
        return same(str(self.document["properties"]["storageProfile"]["osDisk"].get("osType")), "Windows")

    @property
    def pool(self) -> str:
        return str((self.document.get("tags") or {}).get(compute.POOL_TAG, ""))

    @property
    def number(self) -> int:
        """Which of its pool it is, from 0 on."""
        digits = self.document.get("instanceId") or name_of(self.id).rpartition("-")[2].lstrip("vms")
        return int(digits) if str(digits).isdigit() else 0


def handle(arm: Arm, request: Request) -> Answer:
    """Machines and their instance views, to read; whatever else is asked of a machine is as of any resource."""
    path = request.path.rstrip("/")
    if request.method not in ("GET", "HEAD"):
        if _is_instance(path):
            raise Refusal(405, "MethodNotAllowed", f"The local Azure knows no {request.method} of a node.")
        return resources.handle(arm, request)
    if same(name_of(path), "instanceView"):
        return Answer(instance_view(arm, find(arm, path.rpartition("/")[0])))
    expanded = same(request.query.get("$expand", ""), "instanceView")
    if same(name_of(path), "virtualMachines"):
        return Answer({"value": [_shown(arm, row, expanded) for row in _listed(arm, request, path)]})
    return Answer(_shown(arm, find(arm, path).document, expanded))


def interfaces(arm: Arm, request: Request) -> Answer:
    """The network interfaces of one instance of a scale set."""
    machine = find(arm, request.path.rstrip("/").rpartition("/")[0])
    rows = compute.network_interfaces(_scale_set(arm, machine.id.rpartition("/virtualMachines/")[0]))
    return Answer({"value": [row for row in rows if row["id"].lower().startswith(f"{machine.id.lower()}/")]})


def kind_of(machine_id: str) -> str:
    return INSTANCES if _is_instance(machine_id) else compute.MACHINES


def _is_instance(path: str) -> bool:
    return "/virtualmachinescalesets/" in path.lower()


def _listed(arm: Arm, request: Request, path: str) -> list[Json]:
    if _is_instance(path):
        return list(instances(_scale_set(arm, path.rpartition("/")[0])))
    rows: list[Json] = resources.handle(arm, request).body["value"]
    return rows


def _shown(arm: Arm, document: Json, expanded: bool) -> Json:
    shown = copy.deepcopy(document)
    if expanded:
        shown["properties"]["instanceView"] = instance_view(arm, _machine(arm, document))
    return shown


def find(arm: Arm, machine_id: str) -> Machine:
    """A machine by its id; refuses as Compute does where there is none."""
    if not _is_instance(machine_id):
        found = arm.estate.resources.get(machine_id.lower())
        if found is None:
            raise arm.not_found(machine_id)
        return _machine(arm, found)
    set_id, _, instance = machine_id.rpartition("/")
    rows = instances(_scale_set(arm, set_id.rpartition("/")[0]))
    wanted = next((row for row in rows if row["instanceId"] == instance), None)
    if wanted is None:
        raise Refusal(404, "NotFound", "The entity was not found in this Azure location.")
    return _machine(arm, wanted)


def _scale_set(arm: Arm, set_id: str) -> Json:
    found = arm.estate.resources.get(set_id.lower())
    if found is None:
        raise arm.not_found(set_id)
    return found


def _machine(arm: Arm, document: Json) -> Machine:
    if document["type"] == INSTANCES:
        profile = document["properties"]["networkProfileConfiguration"]
        configurations = [row["properties"] for row in profile["networkInterfaceConfigurations"]]
    else:
        rows = document["properties"]["networkProfile"]["networkInterfaces"]
        found = [arm.estate.resources.get(row["id"].lower()) for row in rows]
        configurations = [row["properties"] for row in found if row]
    rows = [row for properties in configurations for row in properties.get("ipConfigurations") or []]
    return Machine(document, tuple(row["properties"]["subnet"]["id"] for row in rows))


def cluster_of(arm: Arm, machine: Machine) -> Json | None:
    """The cluster in whose node resource group a machine is."""
    rows = [row for row in arm.estate.resources.values() if row["type"].endswith("/managedClusters")]
    return next((row for row in rows if same(node_group.group_scope(row), group_of(machine.id))), None)


def pool_of(cluster: Json | None, machine: Machine) -> Json:
    """The pool that a machine is of, by its tag; empty where no pool has it."""
    pools: list[Json] = (cluster["properties"].get("agentPoolProfiles") or []) if cluster else []
    return next((pool for pool in pools if pool["name"] == machine.pool), {})


def instances(scale_set: Json) -> Iterator[Json]:
    """Every instance of a scale set, in the shape of the recording that the README names."""
    profile = scale_set["properties"].get("virtualMachineProfile") or {}
    networking = profile.get("networkProfile") or {}
    templates = networking.get("networkInterfaceConfigurations") or []
    prefix = (profile.get("osProfile") or {}).get("computerNamePrefix") or scale_set["name"]
    for number in range(int((scale_set.get("sku") or {}).get("capacity") or 0)):
        instance = f"{scale_set['id']}/virtualMachines/{number}"
        nics = [{"id": f"{instance}/networkInterfaces/{row['name']}"} for row in templates]
        yield {
            "name": f"{scale_set['name']}_{number}",
            "id": instance,
            "type": INSTANCES,
            "location": scale_set.get("location") or LOCATION,
            "tags": dict(scale_set.get("tags") or {}),
            "instanceId": str(number),
            "sku": {key: value for key, value in scale_set["sku"].items() if key != "capacity"},
            "properties": {
                "latestModelApplied": True,
                "modelDefinitionApplied": "VirtualMachineScaleSet",
                "networkProfileConfiguration": {"networkInterfaceConfigurations": copy.deepcopy(templates)},
                "vmId": str(uuid.uuid5(uuid.NAMESPACE_URL, instance.lower())),
                "hardwareProfile": {},
                "storageProfile": {"osDisk": {"osType": "Linux"}, **copy.deepcopy(profile.get("storageProfile") or {})},
                "osProfile": {"computerName": f"{prefix}{_base36(number):0>6}", "adminUsername": "azureuser"},
                "networkProfile": {"networkInterfaces": nics},
                "provisioningState": "Succeeded",
            },
        }


def _base36(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    return (_base36(number // 36) if number >= 36 else "") + digits[number % 36]


def power_state(arm: Arm, machine: Machine) -> str:
    """What a test said of it, or else as its pool and its cluster are."""
    said = arm.node.power_of(machine.id)
    if said:
        return said
    cluster = cluster_of(arm, machine)
    levels = (pool_of(cluster, machine), cluster["properties"] if cluster else {})
    stopped = any((level.get("powerState") or {}).get("code") == "Stopped" for level in levels)
    return "deallocated" if stopped else RUNNING


def instance_view(arm: Arm, machine: Machine) -> Json:
    power = power_state(arm, machine)
    statuses = [
        {**_status("ProvisioningState/succeeded", "Provisioning succeeded"), "time": _SINCE},
        _status(f"PowerState/{power}", f"VM {power}"),
    ]
    ready = {"vmAgentVersion": "2.9.1.1", "statuses": [_status("ProvisioningState/succeeded", "Ready")]}
    return {**({"vmAgent": ready} if power == RUNNING else {}), "statuses": statuses}


def _status(code: str, display: str) -> Json:
    return {"code": code, "level": "Info", "displayStatus": display}
