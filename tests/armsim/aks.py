"""AKS's part: a cluster's PUT with its refusals, the long-running operation, and what the move makes and removes."""

from __future__ import annotations

import copy
import re
from typing import Any, Dict

from tests.armsim.arm import Answer, Arm, Refusal, Request, new_id
from tests.armsim.estate import LOCATION, load_balancer_profile, nat_gateway_profile, network_id, node_group

Json = Dict[str, Any]
POLLS = 3
"""How often an operation says InProgress before it ends."""
PAUSE = {"x-ms-retry-after-ms": "50"}
"""Azure sends no such header for AKS; azure-core honours it, and without it each poll would take 30 seconds."""

# From AKS's documentation of 2024-12-19, written down here a second time on purpose: the local Azure must not learn
# what is right from the code that it tests.
MANAGED = {
    "loadBalancer": "managedNATGateway none block",
    "managedNATGateway": "loadBalancer none block",
    "userAssignedNATGateway": "",
    "none": "loadBalancer managedNATGateway block",
    "block": "loadBalancer managedNATGateway none",
}
BYO = {
    "loadBalancer": "userAssignedNATGateway userDefinedRouting none",
    "managedNATGateway": "",
    "userAssignedNATGateway": "loadBalancer userDefinedRouting none",
    "userDefinedRouting": "loadBalancer userAssignedNATGateway none",
    "none": "loadBalancer userAssignedNATGateway userDefinedRouting",
}


def is_cluster(path: str) -> bool:
    return bool(re.search(r"/managedclusters/[^/]+$", path, re.I))


def put(arm: Arm, request: Request) -> Answer:
    stored = arm.estate.resources.get(request.path.lower())
    if stored is None:
        raise Refusal(404, "ResourceNotFound", "The local Azure makes no new clusters.")
    if "If-Match" in request.headers and request.headers["If-Match"] != stored["eTag"]:
        raise Refusal(412, "PreconditionFailed", "The eTag does not match that of the cluster.", by_arm=False)
    if stored["properties"]["provisioningState"] not in ("Succeeded", "Failed"):
        raise Refusal(409, "OperationNotAllowed", "Another operation is in progress.", by_arm=False)
    goal = copy.deepcopy(request.body["properties"]["networkProfile"])
    _validate(arm, stored, goal, request.body)
    return Answer(_begin(arm, stored, goal), 200, _operation_headers(arm, request, stored))


def _operation_headers(arm: Arm, request: Request, stored: Json) -> dict[str, str]:
    operation = new_id()
    arm.operations[operation] = {"cluster": stored["id"], "polls": 0}
    subscription = stored["id"].split("/")[2]
    path = f"/subscriptions/{subscription}/providers/Microsoft.ContainerService/locations/{LOCATION}/operations"
    host = request.headers["Host"]
    return {"azure-asyncoperation": f"https://{host}{path}/{operation}?api-version=2017-08-31", **PAUSE}


def operation(arm: Arm, path: str) -> Answer:
    name = path.rsplit("/", 1)[-1]
    state = arm.operations.get(name)
    if state is None:
        raise Refusal(404, "NotFound", "There is no such operation.")
    state["polls"] += 1
    row = {"name": name, "startTime": "2026-11-23T06:00:00.0000000Z"}
    if state["polls"] <= POLLS:
        return Answer({**row, "status": "InProgress"}, 200, PAUSE)
    _finish(arm, arm.estate[state["cluster"]])
    return Answer({**row, "status": "Succeeded", "endTime": "2026-11-23T06:03:00.0000000Z"})


def _subnet_ids(cluster: Json) -> list[str]:
    pools = cluster["properties"]["agentPoolProfiles"] or []
    return [pool[key] for pool in pools for key in ("vnetSubnetID", "podSubnetID") if pool.get(key)]


def _refuse(code: str, message: str) -> Refusal:
    return Refusal(400, code, message, by_arm=False)


def _validate(arm: Arm, stored: Json, goal: Json, body: Json) -> None:
    old, new = stored["properties"]["networkProfile"]["outboundType"], goal["outboundType"]
    byo = bool(_subnet_ids(stored))
    if byo and new == "managedNATGateway":
        raise _refuse("InvalidParameter", "Outbound type is managedNATGateway but an agent pool is using custom VNet.")
    if not byo and new == "userAssignedNATGateway":
        raise _refuse("UserAssignedNATGatewayWithManagedVNetNotAllowed", "Not allowed in a managed VNet.")
    if old != new and new not in (BYO if byo else MANAGED).get(old, "").split():
        raise _refuse("InvalidParameter", f"Migration from {old} to {new} is not supported.")
    if new == "userDefinedRouting":
        _validate_routes(arm, stored, goal)
    if new == "userAssignedNATGateway":
        _validate_gateways(arm, stored)
    source = (body["properties"].get("bootstrapProfile") or {}).get("artifactSource")
    if new in ("none", "block") and source != "Cache":
        raise _refuse("InvalidNetworkIsolatedClusterConfiguration", "bootstrapProfile.artifactSource must be 'Cache'.")


def _validate_routes(arm: Arm, stored: Json, goal: Json) -> None:
    if goal.get("loadBalancerProfile"):
        raise _refuse(
            "InvalidUserDefinedRoutingWithLoadBalancerProfile",
            "UserDefinedRouting and load balancer profile are mutually exclusive",
        )
    for subnet_id in _subnet_ids(stored):
        table_id = (arm.estate[subnet_id]["properties"].get("routeTable") or {}).get("id")
        if not table_id:
            raise _refuse("ExistingRouteTableNotAssociatedWithSubnet", f"No route table on {subnet_id}.")
        routes = arm.estate[table_id]["properties"]["routes"]
        defaults = [row for row in routes if row["properties"]["addressPrefix"] == "0.0.0.0/0"]
        if not defaults:
            raise _refuse("RouteTableMissingDefaultRouteError", f"Default route 0.0.0.0/0 missing from {table_id}.")
        if defaults[0]["properties"]["nextHopType"] not in ("VirtualAppliance", "VirtualNetworkGateway"):
            raise _refuse("RouteTableInvalidNextHop", "Only VirtualAppliance or VirtualNetworkGateway are allowed.")


def _validate_gateways(arm: Arm, stored: Json) -> None:
    for subnet_id in _subnet_ids(stored):
        gateway_id = (arm.estate[subnet_id]["properties"].get("natGateway") or {}).get("id")
        if not gateway_id:
            raise _refuse("SubnetNotAssociatedWithNATGateway", f"Subnet {subnet_id} must have a NAT gateway.")
        properties = arm.estate[gateway_id]["properties"]
        if not any(properties.get(key) for key in ("publicIpAddresses", "publicIpPrefixes")):
            raise _refuse("InvalidParameter", "NAT gateway must have at least one public IP or IP prefix associated.")


def _begin(arm: Arm, stored: Json, goal: Json) -> Json:
    """The type is stored at once; the answer still lists the old profile's effective IPs, as recorded in Azure."""
    properties = stored["properties"]
    network = properties["networkProfile"]
    properties["provisioningState"] = "Updating"
    for pool in properties["agentPoolProfiles"] or []:
        pool["provisioningState"] = "Updating"
    network["outboundType"] = goal["outboundType"]
    for key in ("loadBalancerProfile", "natGatewayProfile"):
        if goal.get(key):
            network[key] = {**(network.get(key) or {}), **goal[key]}
    stored["eTag"] = new_id()
    return copy.deepcopy(stored)


def _finish(arm: Arm, cluster: Json) -> None:
    """What the move made, and what it removed."""
    properties = cluster["properties"]
    network, name = properties["networkProfile"], cluster["name"]
    outbound_type = network["outboundType"]
    keep = {"loadBalancer": "loadBalancerProfile", "managedNATGateway": "natGatewayProfile"}.get(outbound_type)
    for key in ("loadBalancerProfile", "natGatewayProfile"):
        if key != keep:
            _release(arm, network.get(key))
    if outbound_type == "loadBalancer" and not network["loadBalancerProfile"].get("effectiveOutboundIPs"):
        count = network["loadBalancerProfile"]["managedOutboundIPs"]["count"]
        made = load_balancer_profile([arm.estate.outbound_ip(name) for _ in range(count)])
        network["loadBalancerProfile"] = {**made, **network["loadBalancerProfile"]}
    if outbound_type == "managedNATGateway" and not network["natGatewayProfile"].get("effectiveOutboundIPs"):
        count = network["natGatewayProfile"]["managedOutboundIPProfile"]["count"]
        made = nat_gateway_profile([arm.estate.outbound_ip(name) for _ in range(count)])
        network["natGatewayProfile"] = {**made, **network["natGatewayProfile"]}
    _managed_nat_gateway(arm, cluster, outbound_type)
    properties["provisioningState"] = "Succeeded"
    for pool in properties["agentPoolProfiles"] or []:
        pool["provisioningState"] = "Succeeded"
    cluster["eTag"] = new_id()


def _release(arm: Arm, profile: Json | None) -> None:
    """The profile lingers without its IPs, as recorded in Azure; the IPs that AKS made are deleted."""
    if not profile:
        return
    for row in profile.pop("effectiveOutboundIPs", []):
        if "/mc_" in row["id"].lower():
            arm.estate.resources.pop(row["id"].lower(), None)
    profile.pop("managedOutboundIPs", None)


def _managed_nat_gateway(arm: Arm, cluster: Json, outbound_type: str) -> None:
    name = cluster["name"]
    subnet = network_id("virtualNetworks", f"aks-vnet-{name}", node_group(name)) + "/subnets/aks-subnet"
    managed = arm.estate.resources.get(subnet.lower())
    gateway = network_id("natGateways", f"aks-natgateway-{name}", node_group(name))
    if managed is None:
        return
    if outbound_type == "managedNATGateway":
        ips = cluster["properties"]["networkProfile"]["natGatewayProfile"]["effectiveOutboundIPs"]
        arm.estate.nat_gateway(f"aks-natgateway-{name}", [row["id"] for row in ips], group=node_group(name))
        managed["properties"]["natGateway"] = {"id": gateway}
    elif arm.estate.resources.pop(gateway.lower(), None):
        managed["properties"].pop("natGateway", None)
