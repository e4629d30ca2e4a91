"""What is looked at: one cluster in its own network, with as much around it as a careful team has."""

from __future__ import annotations

from typing import Iterator

from azext_aksegress.arm import parent
from tests.armsim.estate import CONTROL_PLANE, NETWORK_GROUP, Estate, scope
from tests.builders import CLUSTER, aks_rule, node_rule

SHOP = ("-g", "rg-shop", "-n", CLUSTER)


def shop(pools: int, subnets: int) -> Estate:
    """A cluster behind its load balancer, ready to go through the firewall in a peered hub: each subnet has a route
    table, a NAT gateway with a public IP and a security group of its own."""
    estate = Estate()
    names = [f"snet-{number}" for number in range(subnets)]
    placed = estate.vnet("vnet-shop", names)
    hub = estate.vnet("vnet-hub", ["AzureFirewallSubnet"], prefix="10.1")["AzureFirewallSubnet"]
    estate.peering(parent(placed[names[0]]), parent(hub))
    policy = estate.firewall_policy("fwpol-hub", [aks_rule(), node_rule()])
    estate.firewall("fw-hub", "10.1.0.4", estate.public_ip("pip-firewall", "52.0.0.1"), subnet=hub, policy=policy)
    estate.role(CONTROL_PLANE, "Network Contributor", scope(NETWORK_GROUP))
    for number, subnet in enumerate(placed.values()):
        gateway = estate.nat_gateway(f"nat-{number}", [estate.public_ip(f"pip-{number}")])
        table, guard = estate.route_table(f"rt-{number}", hop="10.1.0.4"), estate.nsg(f"nsg-{number}")
        estate.attach(subnet, route_table=table, nat_gateway=gateway, nsg=guard)
    where = {f"pool{number}": placed[names[number % subnets]] for number in range(pools)}
    estate.cluster(CLUSTER, pools=where)
    return estate


def looks(subnets: int) -> Iterator[tuple[str, ...]]:
    """What a person looks at around that cluster beside the cluster itself: each subnet, and what is on it."""
    for number in range(subnets):
        here = ("-g", NETWORK_GROUP)
        yield ("network", "vnet", "subnet", "show", *here, "--vnet-name", "vnet-shop", "-n", f"snet-{number}")
        yield ("network", "route-table", "show", *here, "-n", f"rt-{number}")
        yield ("network", "nat", "gateway", "show", *here, "-n", f"nat-{number}")
        yield ("network", "public-ip", "show", *here, "-n", f"pip-{number}")
