"""The egress path as a picture: who goes out how, today and afterwards."""

from __future__ import annotations

import pytest

from azext_aksegress import topology
from azext_aksegress.report import known
from azext_aksegress.request import Request
from azext_aksegress.topology import ADDRESS, CARRIER, POOL, SUBNET, Change, Topology
from tests.armsim.estate import isolated
from tests.builders import AZ, Shop
from tests.defects import Defect
from tests.render.pages import POOLS, ten_pools
from tests.test_defects import DEFECTS

LB, MNAT, UANAT, UDR = "loadBalancer", "managedNATGateway", "userAssignedNATGateway", "userDefinedRouting"


def labels(found: Topology, stage: str) -> list[str]:
    return [node.label for node in found.at(stage)]


def paths(found: Topology) -> set[tuple[str, ...]]:
    """All ways through a picture, by label."""
    ways = [(pool,) for pool in found.at(POOL)]
    for _ in range(3):
        ways = [longer for way in ways for longer in ([(*way, node) for node in found.after(way[-1].id)] or [way])]
    return {tuple(node.label for node in way) for way in ways}


def change(shop: Shop, target: str) -> Change:
    cluster = shop.cluster()
    return Change(topology.today(cluster), topology.afterwards(cluster, Request(target, None, AZ)))


class TestToday:
    def test_a_load_balancer_carries_every_subnet(self) -> None:
        assert paths(topology.today(Shop.byo().cluster())) == {
            ("system, 3 nodes", "snet-system", "load balancer of AKS", "20.50.0.2"),
            ("apps, 3 nodes", "snet-apps", "load balancer of AKS", "20.50.0.2"),
        }

    def test_a_route_to_a_firewall_goes_before_the_load_balancer(self) -> None:
        found = topology.today(Shop.byo().routed("snet-system").cluster())
        assert ("system, 3 nodes", "snet-system", "Azure Firewall fw-hub (10.1.0.4)", "52.0.0.1") in paths(found)

    def test_an_appliance_that_nobody_knows_is_named_by_its_address(self) -> None:
        found = topology.today(Shop.byo(UDR).routed(hop="10.9.9.9").cluster())
        assert "appliance 10.9.9.9" in labels(found, CARRIER)
        assert all(node.unknown for node in found.at(ADDRESS))

    def test_a_nat_gateway_has_its_name(self) -> None:
        assert labels(topology.today(Shop.byo(UANAT).cluster()), CARRIER) == ["NAT gateway nat-shop"]

    def test_a_cluster_without_egress_has_no_way_out(self) -> None:
        found = topology.today(Shop.managed("none", **isolated()).cluster())
        assert labels(found, CARRIER) == ["no way out"]
        assert found.at(ADDRESS) == ()

    def test_a_subnet_that_was_not_read_is_unknown(self) -> None:
        found = topology.today(Shop.byo().forbid("snet-apps").cluster())
        unread = {node.label: node.unknown for node in found.nodes if node.unknown}
        assert set(unread) == {"snet-apps", "unknown"}
        assert "403" in (unread["unknown"] or "")

    def test_no_pool_is_missing_in_a_large_cluster(self) -> None:
        found = topology.today(ten_pools().cluster())
        assert sorted(labels(found, POOL)) == [f"{name}, 3 nodes" for name in POOLS]
        assert len(found.at(SUBNET)) == 5

    def test_no_pool_is_missing_where_one_names_no_subnet(self) -> None:
        shop = Shop.byo()
        shop.document["properties"]["agentPoolProfiles"][1].pop("vnetSubnetID")
        assert ("apps, 3 nodes", "unknown", "unknown") in paths(topology.today(shop.cluster()))


class TestAMove:
    def test_shows_what_goes_and_what_comes(self) -> None:
        found = change(Shop.managed(), MNAT)
        assert {node.label for node in found.before.nodes if node.id in found.gone} == {
            "load balancer of AKS",
            "20.50.0.2",
        }
        assert found.after
        assert {node.label for node in found.after.nodes if node.id in found.new} == {
            "NAT gateway of AKS",
            "new addresses",
        }

    def test_is_told_in_words(self) -> None:
        assert change(Shop.managed(), MNAT).words == (
            "aks-subnet: load balancer of AKS -> NAT gateway of AKS.",
            "Egress addresses: no longer seen: 20.50.0.2; not known before the move: new addresses.",
        )

    def test_that_leaves_the_path_as_it_is_says_so(self) -> None:
        found = change(Shop.byo().routed(), UDR)
        assert (found.gone, found.new) == (frozenset(), frozenset())
        assert found.title.endswith("the same way out, the same egress addresses")

    def test_that_leaves_a_subnet_without_a_way_out_says_so(self) -> None:
        assert "snet-apps: load balancer of AKS -> no way out." in change(Shop.byo().routed("snet-system"), UDR).words

    def test_to_none_takes_the_way_out_of_all(self) -> None:
        found = change(Shop.managed(), "none")
        assert found.after
        assert labels(found.after, CARRIER) == ["no way out"]


def test_one_picture_is_told_by_who_goes_out_how() -> None:
    words = Change(topology.today(Shop.byo(UDR).cluster())).words
    assert words == ("snet-system and snet-apps: by Azure Firewall fw-hub (10.1.0.4), as 52.0.0.1.",)


@pytest.mark.parametrize("defect", DEFECTS, ids=str)
def test_the_pictures_of_any_cluster_show_what_its_report_says(defect: Defect) -> None:
    made = defect.shop().report(defect.to, **defect.asked)
    pictures = (topology.today(made.cluster), topology.afterwards(made.cluster, made.request))
    pools = {pool.name for pool in known(lambda: made.cluster.pools) or ()}
    for picture, told in zip(pictures, (made.before, made.after)):
        drawn = {node.label for node in picture.at(ADDRESS) if not node.unknown}
        assert drawn == set(told.known)
        assert pools <= {node.label.split(",")[0] for node in picture.at(POOL)}
        assert told.unknown or not any(node.unknown for node in picture.at(ADDRESS))
        assert all(picture.after(node.id) for node in picture.at(SUBNET))


class TestWhatIsNotKnown:
    def test_is_not_said_to_stay_as_it_is(self) -> None:
        found = change(Shop.byo(UDR).gated().forbid("snet-apps"), UANAT)
        assert "snet-apps: unknown." in found.words
        assert found.words[-1] == "Egress addresses: stay: 52.0.0.1; others are not known."
        assert found.title.endswith("as far as is known")

    def test_of_addresses_is_not_said_to_stay_either(self) -> None:
        found = change(Shop.byo().routed(hop="10.9.9.9"), UDR)
        assert found.words[-1] == "Egress addresses: not known: unknown."
        assert found.title.endswith("as far as is known")
