"""The scale sets of node pools, and the network interfaces that their nodes have."""

from __future__ import annotations

from tests.armsim.ids import LOCATION
from tests.armsim.messages import Json

SCALE_SETS = "Microsoft.Compute/virtualMachineScaleSets"


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
    return sku, {"virtualMachineProfile": {"networkProfile": profile}}


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
            "properties": {**row["properties"], "privateIPAddress": f"10.224.{node // 250}.{node % 250 + 4}"},
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
