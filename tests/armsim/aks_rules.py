"""What AKS refuses. Each rule is one function of a Move; the codes that are guesses are listed in README.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Iterator

from tests.armsim import aks_access, aks_schema, aks_slots
from tests.armsim.aks_goal import (
    LB_PROFILE,
    MANAGED_IPS,
    NAT_PROFILE,
    NAT_SKU_SINCE,
    OUTBOUND_TYPES,
    OWN_IPS,
    PROFILE_OF,
    RETIRED_STANDARD_V2_TYPE,
    STANDARD,
    STANDARD_V2,
    outbound_type,
)
from tests.armsim.arm import Arm, Refusal
from tests.armsim.messages import Json

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
ISOLATED = ("none", "block")
FROM_STANDARD_V2 = ("managedNATGateway", *ISOLATED)
"""AKS's release notes of 2026-05-29: from a StandardV2 gateway, migration elsewhere remains blocked."""


@dataclass(frozen=True)
class Move:
    """A PUT of a cluster: what is stored, what was sent, and what would be stored then."""

    arm: Arm
    stored: Json
    body: Json
    goal: Json
    api_version: str

    @property
    def origin(self) -> str:
        return outbound_type(self.stored["properties"]["networkProfile"])

    @property
    def target(self) -> str:
        return outbound_type(self.network)

    @property
    def network(self) -> Json:
        found: Json = self.goal["properties"]["networkProfile"]
        return found

    @property
    def pools(self) -> list[Json]:
        return self.goal["properties"].get("agentPoolProfiles") or []

    @property
    def subnets(self) -> list[str]:
        return [pool[key] for pool in self.pools for key in ("vnetSubnetID", "podSubnetID") if pool.get(key)]

    def sent(self, profile: str) -> Json:
        """A profile of the body, as far as it is there."""
        return (self.body["properties"].get("networkProfile") or {}).get(profile) or {}

    def goal_profile(self, profile: str) -> Json:
        return self.network.get(profile) or {}


def refuse(code: str, message: str, status: int = 400) -> Refusal:
    return Refusal(status, code, message, by_arm=False)


def invalid(message: str) -> Refusal:
    return refuse("InvalidParameter", message)


def refuse_malformed(body: Any, stored: Json) -> None:
    """What is no managed cluster at all."""
    if not isinstance(body, dict):
        raise Refusal(400, "InvalidRequestContent", "The request content was invalid and could not be deserialized.")
    if not body.get("location"):
        raise Refusal(400, "LocationRequired", "The location property is required for this definition.")
    here = stored.get("location") or body["location"]
    if str(body["location"]).replace(" ", "").lower() != here.lower():
        message = f"The resource '{stored['name']}' already exists in location '{here}'."
        raise Refusal(409, "InvalidResourceLocation", message)
    aks_schema.refuse_wrong_types(body)
    if body.get("properties") is None:
        raise invalid("Required parameter properties is missing (null).")
    there = {pool["name"] for pool in stored["properties"].get("agentPoolProfiles") or []}
    for pool in body["properties"].get("agentPoolProfiles") or []:
        if pool.get("name") is None:
            raise invalid("Required parameter agentPoolProfile.name is missing (null).")
        if pool["name"] not in there:
            raise invalid("The local Azure makes no new pools.")


def refuse_busy(stored: Json) -> None:
    properties = stored["properties"]
    state = properties["provisioningState"]
    if state not in ("Succeeded", "Failed", "Canceled"):
        message = f"Operation is not allowed because there's an in progress operation ({state}) on the managed cluster."
        raise refuse("OperationNotAllowed", message, 409)
    refuse_stopped(stored)


def refuse_stopped(stored: Json) -> None:
    if (stored["properties"].get("powerState") or {}).get("code") == "Stopped":
        raise refuse("OperationNotAllowed", "The managed cluster is stopped: start it first.", 409)


def refuse_invalid(move: Move) -> None:
    for rule in RULES:
        for refusal in rule(move):
            raise refusal


def _types(move: Move) -> Iterator[Refusal]:
    if move.target == RETIRED_STANDARD_V2_TYPE and move.origin == move.target:
        return
    preview = ("block",) if move.api_version.endswith("-preview") or move.origin == "block" else ()
    known = [found for found in OUTBOUND_TYPES if found != "block"] + [*preview]
    if move.target not in known:
        yield invalid(f"The value of parameter networkProfile.outboundType is invalid: '{move.target}'.")


def _vnet(move: Move) -> Iterator[Refusal]:
    byo = bool(move.subnets)
    if byo and move.target == "managedNATGateway":
        message = "Outbound type is managedNATGateway but an agent pool is using custom VNet, which is not allowed."
        yield Refusal(400, "InvalidParameter", message, False, subcode="ManagedNATGatewayWithCustomVNetNotAllowed")
    if not byo and move.target == "userAssignedNATGateway":
        yield refuse("UserAssignedNATGatewayWithManagedVNetNotAllowed", "Not allowed in a managed VNet.")


def _paths(move: Move) -> Iterator[Refusal]:
    if move.origin == move.target:
        return
    mode = (move.stored["properties"].get("nodeProvisioningProfile") or {}).get("mode")
    if mode == "Auto":
        yield invalid("The outbound type of a cluster with node auto-provisioning cannot be changed.")
    paths = BYO if move.subnets else MANAGED
    if _on_standard_v2(move):
        allowed = [found for found in FROM_STANDARD_V2 if not move.subnets]
    else:
        allowed = paths.get(move.origin, "").split()
    if move.target not in allowed:
        yield invalid(f"Migration from {move.origin} to {move.target} is not supported.")


def _on_standard_v2(move: Move) -> bool:
    network = move.stored["properties"]["networkProfile"]
    stored_sku = (network.get(NAT_PROFILE) or {}).get("sku")
    return move.origin == RETIRED_STANDARD_V2_TYPE or (move.origin == "managedNATGateway" and stored_sku == STANDARD_V2)


def _isolation(move: Move) -> Iterator[Refusal]:
    source = (move.goal["properties"].get("bootstrapProfile") or {}).get("artifactSource")
    if move.target in ISOLATED and source != "Cache":
        message = "When outbound type is none or block, bootstrapProfile.artifactSource must be 'Cache'."
        yield refuse("InvalidNetworkIsolatedClusterConfiguration", message)


def _routes(move: Move) -> Iterator[Refusal]:
    if move.target != "userDefinedRouting":
        return
    if move.sent(LB_PROFILE):
        message = "UserDefinedRouting and load balancer profile are mutually exclusive."
        yield refuse("InvalidUserDefinedRoutingWithLoadBalancerProfile", message)
    if any(pool.get("enableNodePublicIP") for pool in move.pools):
        yield refuse("UDRWithNodePublicIPNotAllowed", "Node public IPs are not allowed with userDefinedRouting.")
    access = move.goal["properties"].get("apiServerAccessProfile") or {}
    for subnet_id in move.subnets:
        yield from _default_route(move.arm, subnet_id, bool(access.get("enablePrivateCluster")))


def _default_route(arm: Arm, subnet_id: str, private: bool) -> Iterator[Refusal]:
    subnet = _existing(arm, subnet_id)
    table_id = (subnet["properties"].get("routeTable") or {}).get("id")
    if not table_id:
        message = f"An existing route table has not been associated with subnet {subnet_id}."
        yield refuse("ExistingRouteTableNotAssociatedWithSubnet", message)
        return
    routes = _existing(arm, table_id)["properties"].get("routes") or []
    defaults = [row["properties"] for row in routes if row["properties"]["addressPrefix"] == "0.0.0.0/0"]
    if not defaults and not private:
        message = f"Default route 0.0.0.0/0 missing from route table {table_id}."
        yield refuse("RouteTableMissingDefaultRouteError", message)
    for row in defaults:
        if row["nextHopType"] not in ("VirtualAppliance", "VirtualNetworkGateway"):
            message = f"Default route 0.0.0.0/0 has a next hop of {row['nextHopType']} but only next hops of "
            yield refuse("RouteTableInvalidNextHop", message + "VirtualAppliance or VirtualNetworkGateway are allowed.")


def _gateways(move: Move) -> Iterator[Refusal]:
    if move.target != "userAssignedNATGateway":
        return
    for subnet_id in move.subnets:
        gateway_id = (_existing(move.arm, subnet_id)["properties"].get("natGateway") or {}).get("id")
        if not gateway_id:
            message = f"Subnet '{subnet_id}' must have a NAT gateway associated for outbound connection."
            yield refuse("SubnetNotAssociatedWithNATGateway", message)
            continue
        gateway = _existing(move.arm, gateway_id)["properties"]
        keys = ("publicIpAddresses", "publicIpPrefixes", "publicIpAddressesV6", "publicIpPrefixesV6")
        if not any(gateway.get(key) for key in keys):
            yield invalid(f"NAT gateway '{gateway_id}' must have at least one public IP or IP prefix associated.")


def _existing(arm: Arm, resource_id: str) -> Json:
    found = arm.estate.resources.get(resource_id.lower())
    if found is None:
        raise refuse("ResourceNotFound", f"The resource {resource_id} was not found.", 404)
    return found


def _windows(move: Move) -> Iterator[Refusal]:
    if move.target != "loadBalancer":
        return
    if any((pool.get("windowsProfile") or {}).get("disableOutboundNat") for pool in move.pools):
        yield invalid("A Windows pool with disableOutboundNat is not supported with outbound type loadBalancer.")


def _nat_gateway(move: Move) -> Iterator[Refusal]:
    if move.target != "managedNATGateway":
        return
    sku = move.goal_profile(NAT_PROFILE).get("sku", STANDARD)
    asked = move.sent(NAT_PROFILE).get("sku") if move.api_version >= NAT_SKU_SINCE else None
    if asked not in (None, STANDARD, STANDARD_V2):
        yield invalid(f"The value of parameter natGatewayProfile.sku is invalid: '{asked}'.")
    if asked == STANDARD and _on_standard_v2(move):
        yield invalid("The NAT gateway's SKU cannot be changed from StandardV2 to Standard.")
    stays = move.origin == "managedNATGateway" and not _on_standard_v2(move) and sku == STANDARD
    if sku not in move.arm.nat_gateway_skus and not stays:
        yield refuse("UnsupportedOutboundType", f"NAT gateway SKU {sku} is not supported in this region.")
    if sku == STANDARD and _only_for_standard_v2(move):
        yield invalid("Own IPs, own prefixes and IPv6 need natGatewayProfile.sku StandardV2.")


def _only_for_standard_v2(move: Move) -> bool:
    profile = move.goal_profile(NAT_PROFILE)
    six = (profile.get("managedOutboundIPProfile") or {}).get("countIPv6")
    return bool(six or any(profile.get(key) for key in OWN_IPS)) or "IPv6" in (move.network.get("ipFamilies") or [])


def _mixed_ips(move: Move) -> Iterator[Refusal]:
    for key, managed in MANAGED_IPS.items():
        sent = move.sent(key)
        if sent.get(managed) and any(sent.get(own) for own in OWN_IPS):
            yield refuse("InvalidParameter", f"{key}: managed and own outbound IPs are mutually exclusive.")


def _access(move: Move) -> Iterator[Refusal]:
    yield from aks_access.rules(move.goal)


def _slots(move: Move) -> Iterator[Refusal]:
    """Ranges, own IPs and ports of the profile that the target uses."""
    key = PROFILE_OF.get(move.target)
    if key:
        yield from aks_slots.rules(move.arm, move.goal, key)


RULES: tuple[Callable[[Move], Iterator[Refusal]], ...] = (
    _types,
    _vnet,
    _paths,
    _isolation,
    _routes,
    _gateways,
    _windows,
    _mixed_ips,
    _nat_gateway,
    _slots,
    _access,
)
