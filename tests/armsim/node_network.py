"""What a node sees of the network, as it follows from the estate: the address it leaves from, and what it reaches.

The effective path of a subnet, as Azure has it: a default route to an appliance or a gateway, else the subnet's NAT
gateway, else the node's own public IP, else AKS's load balancer, else nothing.
"""

from __future__ import annotations

import ipaddress
from typing import Any, Iterable, Iterator
from urllib.parse import urlsplit

from tests.armsim.aks_goal import LB_PROFILE, outbound_type
from tests.armsim.arm import Arm
from tests.armsim.ids import same
from tests.armsim.messages import Json
from tests.armsim.nodes import Machine, cluster_of, pool_of

_DEFAULT = "0.0.0.0/0"
_PROXIES = ("http_proxy", "https_proxy")
_MOST = 16
"""How many addresses of a prefix are told; the largest prefix that a NAT gateway takes has so many."""


def seen_by(arm: Arm, machine: Machine) -> Json:
    """All that the node's curl knows of the network."""
    cluster = cluster_of(arm, machine)
    found = [arm.node.sees] if arm.node.sees else list(_addresses(arm, machine, cluster))
    subnet = machine.subnets[0] if machine.subnets else ""
    environment = _environment(cluster) if cluster and not machine.windows else {}
    return {
        "windows": machine.windows,
        "addresses": found,
        "hosts": arm.node.outcomes(subnet),
        "environment": environment,
        "proxies": sorted({urlsplit(environment[key]).hostname or "" for key in environment if key in _PROXIES}),
        "proxied": [arm.node.proxy],
        "apiServer": _api_server(cluster, found) if cluster else {"names": [], "reached": False},
    }


def _environment(cluster: Json) -> dict[str, str]:
    """What AKS writes to `/etc/environment` where the cluster has an HTTP proxy, in both spellings of each name."""
    config = cluster["properties"].get("httpProxyConfig") or {}
    if config.get("enabled") is False:
        return {}
    given = {
        "http_proxy": config.get("httpProxy"),
        "https_proxy": config.get("httpsProxy"),
        "no_proxy": ",".join(config.get("noProxy") or []),
    }
    return {name: value for key, value in given.items() if value for name in (key, key.upper())}


def _addresses(arm: Arm, machine: Machine, cluster: Json | None) -> Iterator[str]:
    """What the internet may see; none where there is no way out."""
    network = (cluster or {}).get("properties", {}).get("networkProfile") or {}
    if outbound_type(network) == "block":
        return
    for subnet_id in machine.subnets[:1]:
        subnet = arm.estate.resources.get(subnet_id.lower())
        properties = subnet["properties"] if subnet else {}
        hop = _default_route(arm, properties)
        if hop is not None:
            yield from _behind(arm, hop)
        elif properties.get("natGateway"):
            yield from _of_gateway(arm, properties["natGateway"]["id"])
        elif pool_of(cluster, machine).get("enableNodePublicIP") is True:
            yield _node_address(arm, pool_of(cluster, machine), machine)
        elif outbound_type(network) == "loadBalancer":
            rows = (network.get(LB_PROFILE) or {}).get("effectiveOutboundIPs")
            yield from _resolved(arm, (row["id"] for row in rows or []))


def _default_route(arm: Arm, subnet: Json) -> Json | None:
    """The properties of the subnet's default route, unless it leads to where Azure's own does."""
    table = arm.estate.resources.get(((subnet.get("routeTable") or {}).get("id") or "").lower())
    routes = [row["properties"] for row in table["properties"].get("routes") or []] if table else []
    found = next((route for route in routes if route.get("addressPrefix") == _DEFAULT), None)
    return None if found is None or same(found["nextHopType"], "Internet") else found


def _behind(arm: Arm, route: Json) -> Iterator[str]:
    kind = route["nextHopType"].lower()
    if kind == "virtualappliance":
        firewalls = list(_of_firewall(arm, route.get("nextHopIpAddress") or ""))
        yield from firewalls or filter(None, [arm.node.appliance])
    elif kind == "virtualnetworkgateway":
        yield from filter(None, [arm.node.gateway])


def _of_firewall(arm: Arm, private_ip: str) -> Iterator[str]:
    """The public addresses of the Azure Firewall that has a private one."""
    for row in arm.estate.resources.values():
        if not same(row["type"], "Microsoft.Network/azureFirewalls"):
            continue
        rows = [found["properties"] for found in row["properties"].get("ipConfigurations") or []]
        if any(found.get("privateIPAddress") == private_ip for found in rows):
            yield from _resolved(arm, ((found.get("publicIPAddress") or {}).get("id") for found in rows))


def _of_gateway(arm: Arm, gateway_id: str) -> Iterator[str]:
    gateway = arm.estate.resources.get(gateway_id.lower())
    properties = gateway["properties"] if gateway else {}
    for key in ("publicIpAddresses", "publicIpPrefixes", "publicIpAddressesV6", "publicIpPrefixesV6"):
        yield from _resolved(arm, (row["id"] for row in properties.get(key) or []))


def _resolved(arm: Arm, ids: Iterable[Any]) -> Iterator[str]:
    """The addresses of public IPs and of prefixes, in the order of their ids."""
    for found in ids:
        row = arm.estate.resources.get((found or "").lower())
        properties = row["properties"] if row else {}
        if properties.get("ipPrefix"):
            network = ipaddress.ip_network(properties["ipPrefix"])
            yield from (str(network[number]) for number in range(min(_MOST, network.num_addresses)))
        elif properties.get("ipAddress"):
            yield str(properties["ipAddress"])


def _node_address(arm: Arm, pool: Json, machine: Machine) -> str:
    """Of the pool's prefix, or else one that is no other's."""
    of_prefix = list(_resolved(arm, [pool.get("nodePublicIPPrefixID")]))
    if of_prefix:
        return of_prefix[machine.number % len(of_prefix)]
    return f"20.61.{sum(pool['name'].encode()) % 256}.{machine.number % 250 + 1}"


def _api_server(cluster: Json, addresses: list[str]) -> Json:
    """Its names, and whether the node reaches it: without any way out, where its address is a private one."""
    properties = cluster["properties"]
    access = properties.get("apiServerAccessProfile") or {}
    names = [properties[key].lower() for key in ("fqdn", "privateFQDN") if properties.get(key)]
    inside = access.get("enablePrivateCluster") is True or access.get("enableVnetIntegration") is True
    kind = outbound_type(properties["networkProfile"])
    ranges = access.get("authorizedIPRanges") or []
    open_to = not ranges or kind == "loadBalancer" or any(_within(found, ranges) for found in addresses)
    return {"names": names, "reached": inside or kind == "block" or (bool(addresses) and open_to)}


def _within(address: str, ranges: list[str]) -> bool:
    """AKS adds the addresses of its load balancer by itself, and no others; a service tag admits none of them here."""
    networks = [ipaddress.ip_network(found, strict=False) for found in ranges if found[:1].isdigit()]
    return any(ipaddress.ip_address(address) in network for network in networks)
