"""What AKS keeps in a cluster's node resource group, and how that follows the cluster's networkProfile."""

from __future__ import annotations

import uuid
import zlib
from typing import TYPE_CHECKING, Iterable

from tests.armsim import compute
from tests.armsim.aks_goal import LB_PROFILE, MANAGED_IPS, NAT_PROFILE, OWN_IPS, PROFILE_OF, STANDARD, outbound_type
from tests.armsim.ids import LOCATION, name_of, type_of, within
from tests.armsim.messages import Json

if TYPE_CHECKING:
    from tests.armsim.estate import Estate

RULE, POOL = "aksOutboundRule", "aksOutboundBackendPool"
_SINGLE = ("VirtualMachines", "AvailabilitySet")
"""Kinds of pools whose nodes are in no scale set."""
_MANAGED_TYPE = {LB_PROFILE: "aks-slb-managed-outbound-ip", NAT_PROFILE: "aks-natgateway-managed-outbound-ip"}


def group_scope(cluster: Json) -> str:
    group = cluster["properties"].get("nodeResourceGroup") or f"MC_{cluster['name']}"
    return f"/subscriptions/{cluster['id'].split('/')[2]}/resourceGroups/{group}"


def own_ids(profile: Json) -> list[str]:
    """The ids of own public IPs and prefixes: objects in a load balancer's profile, plain in a NAT gateway's."""
    rows = [row for key in OWN_IPS for rows in (profile.get(key) or {}).values() for row in rows or []]
    return [row["id"] if isinstance(row, dict) else row for row in rows]


def settle(estate: Estate, cluster: Json) -> None:
    """Make what the networkProfile asks for, and remove what it no longer does."""
    network = cluster["properties"]["networkProfile"]
    wanted = PROFILE_OF.get(outbound_type(network))
    if wanted:
        network[wanted]["effectiveOutboundIPs"] = [{"id": found} for found in _effective(estate, cluster, wanted)]
    for key in MANAGED_IPS:
        if key != wanted and network.get(key):
            _release(estate, cluster, network[key])
            network[key] = {name: value for name, value in network[key].items() if name not in _gone(key)}
    furnish(estate, cluster)


def _gone(key: str) -> tuple[str, ...]:
    """What of a profile does not stay when its outbound type is left, as recorded for the load balancer's."""
    return ("effectiveOutboundIPs", MANAGED_IPS[key], *OWN_IPS)


def _release(estate: Estate, cluster: Json, profile: Json, kept: Iterable[str] = ()) -> None:
    """The IPs that AKS made are deleted; what the user brought stays."""
    for row in profile.get("effectiveOutboundIPs") or []:
        if row["id"] not in kept and within(group_scope(cluster), row["id"]):
            estate.resources.pop(row["id"].lower(), None)


def _effective(estate: Estate, cluster: Json, key: str) -> list[str]:
    profile = cluster["properties"]["networkProfile"][key]
    effective = own_ids(profile)
    if not effective:
        managed = profile[MANAGED_IPS[key]]
        for version, count in (("IPv4", managed.get("count", 1)), ("IPv6", managed.get("countIPv6") or 0)):
            effective += _managed_ips(estate, cluster, key, version, count)
    _release(estate, cluster, profile, effective)
    return effective


def _managed_ips(estate: Estate, cluster: Json, key: str, version: str, count: int) -> list[str]:
    """Those there are, as far as they fit, and new ones."""
    profile = cluster["properties"]["networkProfile"][key]
    sku = STANDARD if key == LB_PROFILE else profile.get("sku") or STANDARD
    kept = []
    for row in profile.get("effectiveOutboundIPs") or []:
        found = estate.resources.get(row["id"].lower())
        fits = found and found["sku"]["name"] == sku and found["properties"]["publicIPAddressVersion"] == version
        if fits and within(group_scope(cluster), row["id"]):
            kept.append(row["id"])
    missing = count - len(kept)
    return kept[:count] + [outbound_ip(estate, cluster, key, sku, version) for _ in range(missing)]


def outbound_ip(
    estate: Estate, cluster: Json, key: str, sku: str = STANDARD, version: str = "IPv4", name: str = ""
) -> str:
    """A public IP that AKS makes for a cluster, under a name that nobody knows before where none is given."""
    address_id = f"{group_scope(cluster)}/providers/Microsoft.Network/publicIPAddresses/{name or uuid.uuid4()}"
    return estate.address(
        address_id,
        version=version,
        location=cluster.get("location") or LOCATION,
        sku={"name": sku, "tier": "Regional"},
        tags={**tags_of(cluster), "aks-managed-type": _MANAGED_TYPE[key]},
    )


def tags_of(cluster: Json) -> dict[str, str]:
    return {"aks-managed-cluster-name": cluster["name"], "aks-managed-cluster-rg": cluster["id"].split("/")[4]}


def furnish(estate: Estate, cluster: Json) -> None:
    """The resources that carry the cluster's network: made where they are missing, brought up to date where not."""
    _network(estate, cluster)
    _nat_gateway(estate, cluster)
    _load_balancer(estate, cluster)
    _nodes(estate, cluster)


def remove(estate: Estate, cluster: Json) -> None:
    group = group_scope(cluster)
    estate.resources = {key: row for key, row in estate.resources.items() if not within(group, key)}


def _id(cluster: Json, kind: str, name: str) -> str:
    return f"{group_scope(cluster)}/providers/{kind}/{name}"


def number(cluster: Json) -> str:
    """The eight digits in the names of what AKS makes for a cluster."""
    return f"{zlib.crc32(cluster['id'].lower().encode()) % 10**8:08}"


def managed_subnet(cluster: Json) -> str:
    return _id(cluster, "Microsoft.Network/virtualNetworks", f"aks-vnet-{number(cluster)}") + "/subnets/aks-subnet"


def _pools(cluster: Json) -> list[Json]:
    return cluster["properties"].get("agentPoolProfiles") or []


def in_managed_vnet(cluster: Json) -> bool:
    hosted = cluster["properties"].get("hostedSystemProfile") or {}
    own = [pool.get("vnetSubnetID") for pool in _pools(cluster)] + [hosted.get("nodeSubnetID")]
    return not any(own)


def _add(estate: Estate, cluster: Json, resource_id: str, properties: Json, **top: object) -> None:
    location = cluster.get("location") or LOCATION
    estate.add(resource_id, properties, location=location, tags=tags_of(cluster), **top)


def _network(estate: Estate, cluster: Json) -> None:
    subnet = managed_subnet(cluster)
    if not in_managed_vnet(cluster) or subnet.lower() in estate.resources:
        return
    vnet = subnet.rpartition("/subnets/")[0]
    _add(estate, cluster, vnet, {"addressSpace": {"addressPrefixes": ["10.224.0.0/12"]}})
    estate.add(subnet, {"addressPrefix": "10.224.0.0/16"})


def _nat_gateway(estate: Estate, cluster: Json) -> None:
    """Made anew for another SKU, on the same name."""
    gateway = _id(cluster, "Microsoft.Network/natGateways", f"aks-natgateway-{number(cluster)}")
    subnet = estate.resources.get(managed_subnet(cluster).lower())
    network = cluster["properties"]["networkProfile"]
    if outbound_type(network) != "managedNATGateway":
        if estate.resources.pop(gateway.lower(), None) and subnet:
            subnet["properties"].pop("natGateway", None)
        return
    profile = network[NAT_PROFILE]
    sku = profile.get("sku") or STANDARD
    stored = estate.resources.get(gateway.lower())
    if stored is None or stored["sku"]["name"] != sku:
        _add(estate, cluster, gateway, {"resourceGuid": str(uuid.uuid4())}, sku={"name": sku})
    properties = estate[gateway]["properties"]
    properties["idleTimeoutInMinutes"] = profile["idleTimeoutInMinutes"]
    properties.update(_gateway_addresses(estate, profile))
    if subnet:
        subnet["properties"]["natGateway"] = {"id": gateway}


def _gateway_addresses(estate: Estate, profile: Json) -> Json:
    found: Json = {"publicIpAddresses": [], "publicIpAddressesV6": [], "publicIpPrefixes": []}
    for row in profile.get("effectiveOutboundIPs") or []:
        properties = estate[row["id"]]["properties"] if row["id"].lower() in estate.resources else {}
        six = "V6" if properties.get("publicIPAddressVersion") == "IPv6" else ""
        key = "publicIpPrefixes" if "prefixLength" in properties else f"publicIpAddresses{six}"
        found[key].append({"id": row["id"]})
    return {key: rows for key, rows in found.items() if rows or key == "publicIpAddresses"}


def _load_balancer(estate: Estate, cluster: Json) -> None:
    """It stays for inbound frontends, and goes where nothing else is on it."""
    balancer = _id(cluster, "Microsoft.Network/loadBalancers", "kubernetes")
    network = cluster["properties"]["networkProfile"]
    stored = estate.resources.get(balancer.lower())
    inbound = inbound_frontends(stored) if stored else []
    outbound: list[Json] = []
    if outbound_type(network) == "loadBalancer":
        rows = (network.get(LB_PROFILE) or {}).get("effectiveOutboundIPs") or []
        outbound = [_frontend(balancer, row["id"]) for row in rows]
    if not inbound and not outbound:
        estate.resources.pop(balancer.lower(), None)
        return
    if stored is None:
        _add(estate, cluster, balancer, {}, sku={"name": STANDARD, "tier": "Regional"})
        stored = estate[balancer]
    pools = [{"name": name, "id": f"{balancer}/backendAddressPools/{name}"} for name in (POOL, "kubernetes")]
    stored["properties"].update(
        frontendIPConfigurations=inbound + outbound,
        backendAddressPools=pools if outbound else pools[1:],
        outboundRules=[_outbound_rule(balancer, outbound, network[LB_PROFILE])] if outbound else [],
    )


def add_service(estate: Estate, cluster: Json, name: str) -> str:
    """A frontend for a Service, on a public IP with the tags that Kubernetes gives it; the id of that."""
    address = _id(cluster, "Microsoft.Network/publicIPAddresses", f"kubernetes-{name}")
    tags = {"k8s-azure-cluster-name": "kubernetes", "k8s-azure-service": f"default/{name}"}
    estate.address(address, sku={"name": STANDARD, "tier": "Regional"}, tags=tags)
    balancer = _id(cluster, "Microsoft.Network/loadBalancers", "kubernetes")
    if balancer.lower() not in estate.resources:
        _add(estate, cluster, balancer, {}, sku={"name": STANDARD, "tier": "Regional"})
    properties = estate[balancer]["properties"]
    frontend = {**_frontend(balancer, address), "name": name, "id": f"{balancer}/frontendIPConfigurations/{name}"}
    properties.setdefault("frontendIPConfigurations", []).append(frontend)
    rule = {"frontendIPConfiguration": {"id": frontend["id"]}, "protocol": "Tcp", "frontendPort": 80, "backendPort": 80}
    row = {"name": f"{name}-TCP-80", "id": f"{balancer}/loadBalancingRules/{name}-TCP-80", "properties": rule}
    properties.setdefault("loadBalancingRules", []).append(row)
    return address


def inbound_frontends(balancer: Json) -> list[Json]:
    """The frontends that no outbound rule uses."""
    rules = balancer["properties"].get("outboundRules") or []
    outbound = {row["id"] for rule in rules for row in rule["properties"]["frontendIPConfigurations"]}
    return [row for row in balancer["properties"].get("frontendIPConfigurations") or [] if row["id"] not in outbound]


def _frontend(balancer: str, resource_id: str) -> Json:
    name = name_of(resource_id)
    prefix = type_of(resource_id).lower().endswith("/publicipprefixes")
    key = "publicIPPrefix" if prefix else "publicIPAddress"
    return {
        "name": name,
        "id": f"{balancer}/frontendIPConfigurations/{name}",
        "properties": {"privateIPAllocationMethod": "Dynamic", key: {"id": resource_id}},
    }


def _outbound_rule(balancer: str, frontends: list[Json], profile: Json) -> Json:
    properties = {
        "protocol": "All",
        "enableTcpReset": True,
        "allocatedOutboundPorts": profile.get("allocatedOutboundPorts", 0),
        "idleTimeoutInMinutes": profile.get("idleTimeoutInMinutes", 30),
        "backendAddressPool": {"id": f"{balancer}/backendAddressPools/{POOL}"},
        "frontendIPConfigurations": [{"id": row["id"]} for row in frontends],
    }
    return {"name": RULE, "id": f"{balancer}/outboundRules/{RULE}", "properties": properties}


def _nodes(estate: Estate, cluster: Json) -> None:
    group = _id(cluster, "Microsoft.Network/networkSecurityGroups", f"aks-agentpool-{number(cluster)}-nsg")
    made = group.lower() not in estate.resources
    if made:
        _add(estate, cluster, group, {"securityRules": []})
    for pool in _pools(cluster):
        if not made:  # a new cluster has nothing to forget, and looking for it would make large estates slow
            _forget_other_kinds(estate, cluster, pool)
        if pool.get("type") in _SINGLE:
            _machines(estate, cluster, pool, group)
        else:
            _scale_set(estate, cluster, pool, group)


def _scale_set(estate: Estate, cluster: Json, pool: Json, security_group: str) -> None:
    sku, properties = compute.scale_set(pool, _subnet(cluster, pool), security_group)
    estate.add(_scale_set_id(cluster, pool), properties, sku=sku, **_of_pool(cluster, pool))


def _scale_set_id(cluster: Json, pool: Json) -> str:
    """On Windows, where the names of computers are short, it is named for the pool alone."""
    windows = pool.get("osType") == "Windows"
    name = f"aks{pool['name']}" if windows else f"aks-{pool['name']}-{number(cluster)}-vmss"
    return _id(cluster, compute.SCALE_SETS, name)


def _forget_other_kinds(estate: Estate, cluster: Json, pool: Json) -> None:
    """The scale sets that a pool had before a test made it another kind of pool."""
    stays = _scale_set_id(cluster, pool).lower() if pool.get("type") not in _SINGLE else ""
    group = _id(cluster, compute.SCALE_SETS, "").lower()
    mine = [key for key, row in estate.resources.items() if key.startswith(group) and _is_of(row, pool)]
    for key in mine:
        if key != stays:
            estate.resources.pop(key)


def _is_of(resource: Json, pool: Json) -> bool:
    return bool((resource.get("tags") or {}).get(compute.POOL_TAG) == pool["name"])


def _machines(estate: Estate, cluster: Json, pool: Json, security_group: str) -> None:
    """Machines of their own, each with a network interface, named as those of the pool's type are."""
    stem = f"aks-{pool['name']}-{number(cluster)}"
    single = pool["type"] == "VirtualMachines"
    for node in range(compute.machines(pool)):
        machine = _id(cluster, compute.MACHINES, f"{stem}-vms{node + 1}" if single else f"{stem}-{node}")
        nic = _id(cluster, "Microsoft.Network/networkInterfaces", f"{stem}-nic-{node}")
        if nic.lower() not in estate.resources:
            properties = compute.interface(nic, machine, _subnet(cluster, pool), security_group, node)
            _add(estate, cluster, nic, properties)
        estate.add(machine, compute.machine(pool, machine, nic), **_of_pool(cluster, pool))


def _subnet(cluster: Json, pool: Json) -> str:
    return pool.get("vnetSubnetID") or managed_subnet(cluster)


def _of_pool(cluster: Json, pool: Json) -> Json:
    tags = {**tags_of(cluster), compute.POOL_TAG: pool["name"]}
    return {"location": cluster.get("location") or LOCATION, "tags": tags}
