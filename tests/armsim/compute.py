"""The scale sets and machines of node pools, and the network interfaces that their nodes have."""

from __future__ import annotations

import uuid

from tests.armsim.ids import LOCATION
from tests.armsim.messages import Json

SCALE_SETS = "Microsoft.Compute/virtualMachineScaleSets"
MACHINES = "Microsoft.Compute/virtualMachines"
POOL_TAG = "aks-managed-poolName"


def scale_set(pool: Json, subnet: str, security_group: str) -> tuple[dict[str, object], Json]:
    """SKU and properties of the scale set of a pool."""
    configuration = {
        "name": "ipconfig1",
        "properties": {"primary": True, "privateIPAddressVersion": "IPv4", "subnet": {"id": subnet}},
    }
    nic = {
        "primary": True,
        "enableIPForwarding": True,
        "networkSecurityGroup": {"id": security_group},
        "ipConfigurations": [configuration],
    }
    profile = {"networkInterfaceConfigurations": [{"name": "nic", "properties": nic}]}
    sku = {"name": pool.get("vmSize"), "tier": "Standard", "capacity": pool.get("count") or 0}
    return sku, {"virtualMachineProfile": {"storageProfile": _storage(pool), "networkProfile": profile}}


def _storage(pool: Json) -> Json:
    disk = {"osType": pool.get("osType") or "Linux", "createOption": "FromImage", "caching": "ReadWrite"}
    return {"osDisk": disk}


def machine(pool: Json, machine_id: str, nic: str) -> Json:
    """Properties of a machine of a pool that is not in a scale set."""
    return {
        "vmId": str(uuid.uuid5(uuid.NAMESPACE_URL, machine_id.lower())),
        "hardwareProfile": {"vmSize": pool.get("vmSize")},
        "storageProfile": _storage(pool),
        "osProfile": {"computerName": machine_id.rpartition("/")[2], "adminUsername": "azureuser"},
        "networkProfile": {"networkInterfaces": [{"id": nic, "properties": {"primary": True}}]},
    }


def interface(nic_id: str, machine_id: str, subnet: str, security_group: str, node: int) -> Json:
    """Properties of the network interface of such a machine."""
    row = {
        "name": "ipconfig1",
        "id": f"{nic_id}/ipConfigurations/ipconfig1",
        "properties": {"primary": True, "privateIPAddress": _private(node), "subnet": {"id": subnet}},
    }
    return {
        "primary": True,
        "enableIPForwarding": True,
        "networkSecurityGroup": {"id": security_group},
        "virtualMachine": {"id": machine_id},
        "ipConfigurations": [row],
    }


def machines(pool: Json) -> int:
    """How many machines a pool has that is no scale set."""
    rows = ((pool.get("virtualMachinesProfile") or {}).get("scale") or {}).get("manual") or []
    return sum(row.get("count") or 0 for row in rows) if rows else int(pool.get("count") or 0)


def _private(node: int) -> str:
    return f"10.224.{node // 250}.{node % 250 + 4}"


def network_interfaces(resource: Json) -> list[Json]:
    """One network interface for each node of a scale set, as `…/networkInterfaces` lists them."""
    if resource["type"].lower() != SCALE_SETS.lower():
        return []
    profile = ((resource["properties"].get("virtualMachineProfile") or {}).get("networkProfile")) or {}
    capacity = int((resource.get("sku") or {}).get("capacity") or 0)
    return [
        _network_interface(resource, row, node)
        for node in range(capacity)
        for row in profile.get("networkInterfaceConfigurations") or []
    ]


def configurations(resource: Json) -> list[Json]:
    """The ipConfigurations of a scale set's nodes."""
    if not resource.get("type"):
        return []
    return [row for nic in network_interfaces(resource) for row in nic["properties"]["ipConfigurations"]]


def _network_interface(resource: Json, template: Json, node: int) -> Json:
    name = template["name"]
    nic_id = f"{resource['id']}/virtualMachines/{node}/networkInterfaces/{name}"
    rows = [
        {
            "name": row["name"],
            "id": f"{nic_id}/ipConfigurations/{row['name']}",
            "properties": {**row["properties"], "privateIPAddress": _private(node)},
        }
        for row in template["properties"]["ipConfigurations"]
    ]
    shared = {key: value for key, value in template["properties"].items() if key != "ipConfigurations"}
    return {
        "name": name,
        "id": nic_id,
        "type": f"{SCALE_SETS}/virtualMachines/networkInterfaces",
        "location": resource.get("location") or LOCATION,
        "properties": {"provisioningState": "Succeeded", **shared, "ipConfigurations": rows},
    }
