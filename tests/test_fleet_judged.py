"""What Resource Graph tells of a cluster is judged as a full check judges it, or is unknown: never otherwise.

A full check is the one of `check`, with every read that it makes; the other one has only the rows of `list`.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Callable, Mapping

import pytest

from azext_aksegress import graph, report
from azext_aksegress.checks import FAIL, PASS, SKIP, UNKNOWN, WARN
from azext_aksegress.report import Report
from tests.armsim.estate import isolated, node_group
from tests.armsim.estate_fleet import KINDS, fleet
from tests.builders import CLUSTER, Shop, outbound
from tests.defects import LB, MNAT, NONE, UANAT, UDR, Defect, ready, same_names
from tests.graphs import told
from tests.test_defects import DEFECTS, TARGETS, healthy

Facts = Mapping[str, "set[tuple[str, str]]"]
GREEN = (report.READY, report.READY_WITH_WARNINGS, report.NOTHING_TO_DO)


def with_a_hub(shop: Shop, *hops: str) -> Shop:
    """Routes for the two halves of the internet, or for one, to the firewall in the hub."""
    shop.hub()
    return shop.halves("snet-system", *hops).halves("snet-apps", *hops)


def with_an_address_of_its_own(shop: Shop) -> Shop:
    """A public IP that somebody put on AKS's outbound rule."""
    return shop.outbound_address(shop.own_ip())


def with_subnet(shop: Shop, name: str) -> Shop:
    """One more subnet in the network of the cluster, such as that of a gateway."""
    shop.estate.add(f"{shop.network_id}/subnets/{name}", {"addressPrefix": "10.0.200.0/24"})
    return shop


def peered(hop: str, state: str = "Connected", **carried: object) -> Shop:
    """Routed to an address in the hub, where the peering does not say that it carries that."""
    shop = Shop.byo().routed(hop=hop)
    (peering,) = shop.estate[shop.network_id]["properties"]["virtualNetworkPeerings"]
    peering["properties"].update(peeringState=state, remoteAddressSpace=carried or None)
    return shop


def of_several_prefixes() -> Shop:
    """Subnets whose ranges are in a list, as Azure has them since there can be several."""
    shop = Shop.byo().routed(hop="10.0.0.250")
    for subnet in shop.subnets.values():
        properties = shop.estate[subnet]["properties"]
        properties["addressPrefixes"] = [properties.pop("addressPrefix")]
    return shop


def from_a_prefix() -> Shop:
    """A load balancer whose addresses are of a public IP prefix of one's own."""
    shop = Shop.byo()
    link = {"id": shop.estate.public_ip_prefix("ippre-own", "52.0.0.8/30")}
    profile = {"outboundIPPrefixes": {"publicIPPrefixes": [link]}, "effectiveOutboundIPs": [link]}
    return shop.network(loadBalancerProfile=profile)


def with_a_public_ip_for_each_node() -> Shop:
    """Nodes of one pool with addresses of a public IP prefix."""
    shop = Shop.byo()
    prefix = shop.estate.public_ip_prefix("ippre-nodes", "52.0.0.16/28")
    return shop.pool("apps", enableNodePublicIP=True, nodePublicIPPrefixID=prefix)


def with_a_node_elsewhere(shop: Shop) -> Shop:
    """A node of no pool and no scale set on a subnet with a NAT gateway of its own, which only its interface shows."""
    subnet = shop.estate.vnet("vnet-burst", ["snet-burst"], prefix="10.9")["snet-burst"]
    gateway = shop.estate.nat_gateway("nat-burst", [shop.estate.public_ip("pip-burst", "52.0.0.77")])
    shop.estate.attach(subnet, nat_gateway=gateway)
    shop.estate.nic("aks-burst-nic", subnet, "10.9.0.4", group=node_group(CLUSTER))
    return shop


def among_others() -> Shop:
    """One cluster beside a whole fleet."""
    shop = Shop.byo().routed()
    fleet(shop.estate, len(KINDS))
    return shop


def with_a_neighbour() -> Shop:
    """Another cluster on the same subnets, with another way out by its own words."""
    shop = Shop.byo().routed("snet-apps").gated("snet-system")
    shop.estate.cluster("aks-two", UDR, pools={"system": shop.subnets["snet-apps"]})
    return shop


SHOPS: Mapping[str, Callable[[], Shop]] = {
    "managed load balancer": Shop.managed,
    "managed NAT gateway": lambda: Shop.managed(MNAT),
    "managed, without a way out": lambda: Shop.managed(NONE, **isolated()),
    **{f"byo {kind}": (lambda kind=kind: Shop.byo(kind)) for kind in TARGETS},
    "quiet": Shop.quiet,
    "gated": lambda: Shop.byo().gated(),
    "gated on one subnet": lambda: Shop.byo().gated("snet-apps"),
    "gated with two addresses": lambda: Shop.byo().gated(addresses=("52.0.0.2", "52.0.0.3")),
    "routed": lambda: Shop.byo().routed(),
    "routed on one subnet": lambda: Shop.byo().routed("snet-apps"),
    "routed and gated": lambda: Shop.byo().routed().gated(),
    "routed to nobody's address": lambda: Shop.byo().routed(hop="10.1.1.4"),
    "routed to the internet": lambda: Shop.byo().routed(hop=None, hop_type="Internet"),
    "routed to a gateway": lambda: Shop.byo().routed(hop=None, hop_type="VirtualNetworkGateway"),
    "routed to nowhere": lambda: Shop.byo().routed(hop=None, hop_type="None"),
    "with a table without a default route": lambda: Shop.byo().table("snet-apps"),
    "with both halves": lambda: with_a_hub(Shop.byo()),
    "with one half": lambda: with_a_hub(Shop.byo(), "10.1.0.4"),
    "learning": lambda: Shop.byo().learning(),
    "routed and learning": lambda: Shop.byo().routed().learning(),
    "guarded": lambda: Shop.byo().gated().guarded(outbound("deny", 100, "Deny", "Internet")),
    "guarded with a hole": lambda: Shop.byo().guarded(
        outbound("allow", 100, "Allow", "Internet", "443"), outbound("deny", 200, "Deny", "*")
    ),
    "with DNS of its own": lambda: Shop.byo().routed().dns("10.9.9.9"),
    "managed, with DNS of its own": lambda: Shop.managed().dns("10.9.9.9"),
    "with an outbound rule of its own": lambda: Shop.managed().outbound_rule("own", "52.0.0.9"),
    "with an address of its own": lambda: with_an_address_of_its_own(Shop.managed()),
    "furnished": lambda: Shop.byo().furnished(),
    "failed": lambda: Shop.byo(UDR).set(provisioningState="Failed"),
    "with a subnet for a VPN gateway": lambda: with_subnet(Shop.byo().routed(), "GatewaySubnet"),
    "with a subnet for a route server": lambda: with_subnet(Shop.byo().gated(), "RouteServerSubnet"),
    "peered, and nothing said of it": lambda: peered("10.1.1.4"),
    "peered, and disconnected": lambda: peered("10.1.1.4", "Disconnected"),
    "peered, and not in sync": lambda: peered("10.1.1.4", addressPrefixes=["10.77.0.0/16"]),
    "routed on premises": lambda: Shop.byo().routed(hop="192.168.7.4"),
    "of several prefixes": of_several_prefixes,
    "from a prefix": from_a_prefix,
    "with a public IP for each node": with_a_public_ip_for_each_node,
    "with a node elsewhere": lambda: with_a_node_elsewhere(Shop.byo().gated()),
    "among others": among_others,
    "with a neighbour": with_a_neighbour,
    "without pools": lambda: Shop.byo().set(agentPoolProfiles=None),
    "provisioning its nodes": lambda: Shop.byo().set(nodeProvisioningProfile={"mode": "Auto"}),
}
"""Clusters of all kinds, by what is said of them."""


def facts(made: Report) -> Facts:
    """Outcome and resource of each finding, by check; which of many resources a pass names does not matter."""
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for finding in made.findings:
        resource = "" if finding.outcome in (PASS, SKIP) else (finding.seen.resource or "").lower()
        found[finding.id].add((finding.outcome, resource))
    return found


def unlike(full: Facts, rows: Facts) -> dict[str, object]:
    """The checks for which the rows say what the full check does not, or leave out a part without a word; what the
    full check cannot tell itself is left to the rows."""
    wrong = {}
    for check_id, seen in rows.items():
        known = {fact for fact in seen if fact[0] != UNKNOWN}
        hears = any(outcome == UNKNOWN for outcome, _ in full[check_id])
        if not hears and not (known == full[check_id] or (known < full[check_id] and known != seen)):
            wrong[check_id] = (full[check_id], seen)
    return wrong


def hidden(full: Report, rows: Report) -> set[str]:
    """The checks that make the verdict of a full check worse, and of which the rows do not say that they are open."""
    worse = full.ids(FAIL) or tuple(found.id for found in full.findings if found.leaves_open) or full.ids(WARN)
    return set(worse) - set(rows.ids(FAIL, WARN, UNKNOWN))


def compare(shop: Shop, to: str, lost: str | None = None) -> None:
    """Hold what the rows say of a shop, but for those that were lost, against a full check of it."""
    full, rows = shop.report(to), told(shop, lost=lost).report(to)
    if (
        full.is_done and not rows.is_done
    ):  # whether there is anything to do was lost, so that the rest is no longer moot
        assert rows.verdict == report.UNDETERMINED
        return
    assert unlike(facts(full), facts(rows)) == {}
    assert set(rows.before.known) <= set(full.before.known)
    assert full.before.complete or not rows.before.complete
    if rows.verdict in GREEN:
        assert not hidden(full, rows)
    else:
        assert rows.verdict in (full.verdict, report.UNDETERMINED) or full.ids(UNKNOWN)


@pytest.mark.parametrize("defect", DEFECTS, ids=str)
def test_no_row_says_of_a_defect_what_a_full_check_does_not(defect: Defect) -> None:
    with same_names():
        shop = defect.shop()
    for target in TARGETS:
        compare(shop, target)


@pytest.mark.parametrize("name", SHOPS)
def test_no_row_says_of_a_cluster_what_a_full_check_does_not(name: str) -> None:
    shop = SHOPS[name]()
    for target in TARGETS:
        compare(shop, target)


LOST = (
    *(graph.OF_SUBNETS, graph.IN_GROUPS_SUBNETS, graph.OF_ADDRESSES, graph.IN_GROUPS_ADDRESSES),
    *(graph.OF_ATTACHED, graph.OF_FIREWALLS),
)
"""What may be refused. Where nodes of no scale set are lost, their subnets are judged nowhere, and EGR233 says so."""


LOSING = (
    *("managed load balancer", "managed NAT gateway", "gated", "routed", "routed and gated", "guarded", f"byo {UDR}"),
    *(
        "from a prefix",
        "with an outbound rule of its own",
        "peered, and not in sync",
        "with a subnet for a VPN gateway",
    ),
)
"""Clusters with something of each part."""


@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("name", LOSING)
def test_what_was_refused_is_unknown_and_makes_nothing_better(name: str, lost: str) -> None:
    shop = SHOPS[name]()
    for target in TARGETS:
        compare(shop, target, lost)


def test_nothing_is_lost_where_no_part_is_refused() -> None:
    full, rows = (len(told(Shop.byo().routed(), lost=lost).report(UDR).ids(UNKNOWN)) for lost in (None, LOST[0]))
    assert full < rows


@pytest.mark.parametrize("origin", TARGETS)
def test_no_row_says_of_a_healthy_cluster_what_a_full_check_does_not(origin: str) -> None:
    for vnet in ("managed", "byo"):
        for target in TARGETS:
            compare(healthy(vnet, origin), target)


@pytest.mark.parametrize("name", SHOPS)
def test_addresses_are_the_same_whether_a_row_is_judged_or_not(name: str) -> None:
    shop = SHOPS[name]()
    judged, listed = (report.egress.before(told(shop, is_judged).cluster()) for is_judged in (True, False))
    assert (judged.known, judged.complete) == (listed.known, listed.complete)


@pytest.mark.parametrize("to", (LB, MNAT, UANAT, UDR, NONE))
def test_a_cluster_that_is_ready_is_so_by_its_row_too(to: str) -> None:
    assert told(ready(to)).report(to).verdict in GREEN


DECIDED = ("EGR101", "EGR201", "EGR202", "EGR211", "EGR212", "EGR221", "EGR222")
"""What a list is for: these checks are known of any ordinary cluster by its row."""


@pytest.mark.parametrize("kind", ["managed load balancer", "managed NAT gateway", "gated", "routed", f"byo {UDR}"])
def test_what_a_list_is_for_is_known_by_the_row(kind: str) -> None:
    for target in TARGETS:
        assert not set(told(SHOPS[kind]()).report(target).ids(UNKNOWN)) & set(DECIDED)
