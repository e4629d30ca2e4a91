"""The commands of the extension azure-firewall that let flows through a firewall (its reference in the documentation
of az)."""

from __future__ import annotations

from typing import Iterator, Mapping, Sequence

from azext_aksegress import arm, firewalls
from azext_aksegress.arm import Json
from azext_aksegress.cluster import Cluster, Subnet
from azext_aksegress.firewall_rules import AKS_TAG, Flow, Rule
from azext_aksegress.fixes import Fix, az, before, where
from azext_aksegress.snapshot import Unread

_GROUP = "aks-egress"
_WEB, _PACKETS = "aks-names", "aks-packets"


def opening(cluster: Cluster, firewall: Json, closed: Mapping[Flow, Sequence[Rule]]) -> tuple[Fix, ...]:
    """What to run so that flows from a cluster get through: names by the FQDN tag, the rest by network rules; for all
    its subnets at once, since a collection is made only once; raises Unread.

    `closed` has the rules that deny each flow; what would stand behind one of them helps nothing, and is left out.
    """
    taken = firewalls.priorities(cluster.snapshot, firewall)
    free = [number for number in (*range(100, 65000, 100), *range(101, 65000)) if number not in taken][:2]
    if len(free) < 2:
        return ()
    sources = sorted({found for subnet in cluster.subnets for found in _ranges(subnet)})
    policy_id = firewalls.policy_of(firewall)
    of_packets, of_names = free[0], free[0] if policy_id else free[-1]
    flows = []
    for flow, denials in closed.items():
        new = firewalls.order_of_new(firewall, flow.is_web, of_names if flow.is_web else of_packets)
        if all(new < rule.order for rule in denials):
            flows.append(flow)
    if not flows:
        return ()
    if policy_id:
        commands = _in_policy(policy_id, str(of_packets), sources, flows)
    else:
        commands = _classic(arm.text(firewall, "id") or "", (of_packets, of_names), sources, flows)
    return tuple(before(command) for command in commands)


def _ranges(subnet: Subnet) -> list[str]:
    try:
        return [str(known) for known in subnet.ranges if known.version == 4]
    except Unread:  # which its own finding says
        return []


def _packets(flows: Sequence[Flow]) -> list[tuple[str, str, str]]:
    """Destination, port and protocol of each network rule; where no address is known, the service tag that holds it."""
    rows = (
        (flow.address or (flow.tags[-1] if flow.tags else "*"), str(flow.port), flow.protocol)
        for flow in flows
        if not flow.is_web
    )
    return list(dict.fromkeys(rows))


def _in_policy(policy_id: str, priority: str, sources: list[str], flows: Sequence[Flow]) -> Iterator[str]:
    group = "network firewall policy rule-collection-group"
    here = {**where(policy_id), "policy_name": arm.name(policy_id)}
    yield az(f"{group} create", **here, name=_GROUP, priority=priority)
    inside = {**here, "rule_collection_group_name": _GROUP}
    if any(flow.is_web for flow in flows):
        yield az(
            f"{group} collection add-filter-collection",
            **inside,
            name=_WEB,
            collection_priority="200",
            action="Allow",
            rule_type="ApplicationRule",
            rule_name="aks",
            source_addresses=sources,
            protocols=["Http=80", "Https=443"],
            fqdn_tags=AKS_TAG,
        )
    for number, (destination, port, protocol) in enumerate(_packets(flows)):
        rule = {
            "rule_type": "NetworkRule",
            "source_addresses": sources,
            "destination_addresses": destination,
            "destination_ports": port,
            "ip_protocols": protocol,
        }
        name = f"{protocol.lower()}-{port}-{number}"
        if number:
            yield az(f"{group} collection rule add", **inside, collection_name=_PACKETS, name=name, **rule)
        else:
            new = {"name": _PACKETS, "collection_priority": "100", "action": "Allow", "rule_name": name}
            yield az(f"{group} collection add-filter-collection", **inside, **new, **rule)


def _classic(firewall_id: str, priorities: tuple[int, int], sources: list[str], flows: Sequence[Flow]) -> Iterator[str]:
    here = {**where(firewall_id), "firewall_name": arm.name(firewall_id)}
    if any(flow.is_web for flow in flows):
        yield az(
            "network firewall application-rule create",
            **here,
            collection_name=_WEB,
            name="aks",
            priority=str(priorities[1]),
            action="Allow",
            source_addresses=sources,
            protocols=["Http=80", "Https=443"],
            fqdn_tags=AKS_TAG,
        )
    for number, (destination, port, protocol) in enumerate(_packets(flows)):
        new = {} if number else {"priority": str(priorities[0]), "action": "Allow"}
        yield az(
            "network firewall network-rule create",
            **here,
            collection_name=_PACKETS,
            name=f"{protocol.lower()}-{port}-{number}",
            **new,
            source_addresses=sources,
            destination_addresses=destination,
            destination_ports=port,
            protocols=protocol,
        )
