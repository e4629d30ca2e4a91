"""What rows of Resource Graph become: resources and collections as ARM has them, and nothing that was not told."""

from __future__ import annotations

import pytest

from azext_aksegress import arm, graph
from azext_aksegress.arm import Json
from azext_aksegress.cluster import KNOWN_SINCE, Cluster
from azext_aksegress.snapshot import API_VERSION, Snapshot, Unread
from azext_aksegress.surroundings import Surroundings, cluster_in
from tests.armsim.estate import cluster_id, network_id, node_group, scope
from tests.builders import CLUSTER, NOW, Shop
from tests.graphs import rows_of, told

NETWORK = network_id("virtualNetworks", "vnet-shop")
OF_GROUP = f"{scope('rg-net')}/providers/Microsoft.Network/virtualNetworks"
LOCKS_OF = "/subscriptions/s-1/providers/Microsoft.Authorization/locks"


def subnet(name: str, of: object, network: str = NETWORK, **columns: object) -> Json:
    """A row of a subnet, in a network that has so many."""
    row = {"id": f"{network}/subnets/{name}", "networkId": network, "location": "westeurope", "subnets": of}
    return {**row, "addressPrefix": "10.0.0.0/24", **columns}


def held(about: str, *rows: Json) -> Snapshot:
    around = Surroundings()
    around.hold(about, rows)
    return around.snapshot({"id": cluster_id(CLUSTER), "properties": {}}, NOW)


def names(snapshot: Snapshot, collection: str) -> list[str]:
    return [arm.name(row["id"]) for row in snapshot.collection(collection)]


class TestANetwork:
    def test_is_whole_where_each_of_its_subnets_has_a_row(self) -> None:
        found = held(graph.OF_SUBNETS, subnet("a", of=2), subnet("b", of=2)).resource(NETWORK)
        assert [row["name"] for row in found["properties"]["subnets"]] == ["a", "b"]
        assert (found["name"], found["location"]) == ("vnet-shop", "westeurope")

    @pytest.mark.parametrize("of", [3, None, "2"])
    def test_is_unread_where_rows_are_missing_and_its_subnets_are_known_all_the_same(self, of: object) -> None:
        found = held(graph.OF_SUBNETS, subnet("a", of), subnet("b", of))
        with pytest.raises(Unread):
            found.resource(NETWORK)
        assert found.resource(f"{NETWORK}/subnets/a")["properties"] == {"addressPrefix": "10.0.0.0/24"}

    def test_is_unread_where_a_page_told_a_subnet_twice_and_another_never(self) -> None:
        with pytest.raises(Unread):
            held(graph.OF_SUBNETS, subnet("a", of=2), subnet("a", of=2)).resource(NETWORK)

    def test_without_subnets_is_whole(self) -> None:
        row = {**subnet("a", of=0), "id": ""}
        assert held(graph.OF_SUBNETS, row).resource(NETWORK)["properties"]["subnets"] == []

    def test_does_not_have_what_a_row_says_nothing_of(self) -> None:
        found = held(graph.OF_SUBNETS, subnet("a", of=1, routeTable=None, dhcpOptions=None))
        assert "dhcpOptions" not in found.resource(NETWORK)["properties"]
        assert "routeTable" not in found.resource(f"{NETWORK}/subnets/a")["properties"]

    def test_that_was_named_does_not_stand_for_all_of_its_group(self) -> None:
        with pytest.raises(Unread):
            held(graph.OF_SUBNETS, subnet("a", of=1)).collection(OF_GROUP)

    def test_of_a_group_that_was_asked_for_is_in_its_list(self) -> None:
        assert names(held(graph.IN_GROUPS_SUBNETS, subnet("a", of=1)), OF_GROUP) == ["vnet-shop"]

    def test_that_is_not_whole_leaves_the_list_of_its_group_unread(self) -> None:
        rows = (subnet("a", of=1), subnet("b", of=2, network=f"{NETWORK}-two"))
        with pytest.raises(Unread):
            held(graph.IN_GROUPS_SUBNETS, *rows).collection(OF_GROUP)

    def test_that_was_named_before_is_in_the_list_too(self) -> None:
        around = Surroundings()
        for about in (graph.OF_SUBNETS, graph.IN_GROUPS_SUBNETS):
            around.hold(about, [subnet("a", of=1)])
        assert names(around.snapshot({}, NOW), OF_GROUP) == ["vnet-shop"]

    def test_of_more_subnets_than_a_query_expands_to_is_unread(self) -> None:
        shop = Shop.byo()
        for number in range(127):
            shop.estate.add(f"{shop.network_id}/subnets/s-{number}", {"addressPrefix": f"10.0.{number + 9}.0/24"})
        (question,) = graph.networks([shop.network_id], ())
        simpler = graph.Question(question.about, question.simpler or "", question.subscriptions)
        assert held(question.about, *rows_of(shop.arm, question)).resource(shop.network_id)
        with pytest.raises(Unread):
            held(question.about, *rows_of(shop.arm, simpler)).resource(shop.network_id)


class TestAList:
    def test_without_rows_is_unread_since_nobody_says_that_there_are_none(self) -> None:
        for about in (graph.OF_FIREWALLS, graph.OF_LOCKS, graph.IN_GROUPS_ADDRESSES, graph.IN_GROUPS_NODES):
            assert not held(about).collections

    def test_of_firewalls_and_of_locks_is_that_of_a_subscription(self) -> None:
        lock = f"/subscriptions/S-1/resourceGroups/rg/providers/{graph.LOCKS}/keep"
        found = held(graph.OF_LOCKS, {"id": lock, "name": "keep", "properties": {}})
        assert names(found, LOCKS_OF) == ["keep"]

    def test_of_addresses_is_not_made_of_those_that_were_named(self) -> None:
        address = network_id("publicIPAddresses", "pip-own")
        found = held(graph.OF_ADDRESSES, {"id": address, "ipAddress": "52.0.0.1"})
        assert found.resource(address)["properties"] == {"ipAddress": "52.0.0.1"}
        with pytest.raises(Unread):
            found.collection(address.rpartition("/")[0])

    def test_has_a_row_once_that_two_pages_told(self) -> None:
        address = network_id("publicIPAddresses", "pip-own")
        found = held(graph.IN_GROUPS_ADDRESSES, {"id": address}, {"id": address.upper()})
        assert len(found.collection(address.rpartition("/")[0])) == 1

    def test_has_no_rows_without_an_id(self) -> None:
        found = held(graph.IN_GROUPS_ADDRESSES, {"id": None}, {"name": "x"}, {"id": ""}, {"id": 7})
        assert (dict(found.resources), dict(found.collections)) == ({}, {})


class TestANodeOfNoScaleSet:
    def test_shows_the_subnet_that_it_is_on(self) -> None:
        shop = Shop.byo()
        elsewhere = shop.estate.vnet("vnet-burst", ["snet-burst"], prefix="10.9")["snet-burst"]
        shop.estate.nic("aks-burst-nic", elsewhere, "10.9.0.4", group=node_group(CLUSTER))
        assert told(shop).cluster().interface_subnet_ids == (elsewhere,)

    def test_may_be_there_or_not_where_no_row_is(self) -> None:
        with pytest.raises(Unread):
            assert told(Shop.byo()).cluster().interface_subnet_ids

    @pytest.mark.parametrize("found", [None, "", 7])
    def test_on_no_subnet_shows_none(self, found: object) -> None:
        group = f"{scope(node_group(CLUSTER))}/providers/{graph.INTERFACES}"
        around = Surroundings()
        around.hold(graph.IN_GROUPS_NODES, [{"id": f"{group}/nic", "subnetId": found}])
        assert list(around.subnets_of_nodes([scope(node_group(CLUSTER))])) == []


class TestACluster:
    @pytest.mark.parametrize("key", ["ipConfigurations"])
    def test_does_not_know_who_is_on_its_subnets(self, key: str) -> None:
        snapshot = told(Shop.byo()).cluster().snapshot
        with pytest.raises(Unread):
            snapshot.members(f"{NETWORK}/subnets/snet-apps", key)

    def test_does_not_know_with_which_api_version_its_cloud_answers(self) -> None:
        with pytest.raises(Unread):
            assert told(Shop.byo()).cluster().snapshot.answered
        assert Shop.byo().snapshot().answered == API_VERSION

    def test_has_no_columns_that_say_nothing(self) -> None:
        assert cluster_in({"id": "x", "tags": None, "identity": {}}) == {"id": "x", "identity": {}}

    def test_is_of_the_first_api_version_that_knows_what_it_shows(self) -> None:
        shown = {
            "bootstrapProfile": {"bootstrapProfile": {}},
            "enableVnetIntegration": {"apiServerAccessProfile": {"enableVnetIntegration": False}},
            "staticEgressGatewayProfile": {"networkProfile": {"staticEgressGatewayProfile": {"enabled": False}}},
            "nodeProvisioningProfile": {"nodeProvisioningProfile": {"mode": "Manual"}},
            "hostedSystemProfile": {"hostedSystemProfile": {"enabled": False}},
            "natGatewayProfile.sku": {"networkProfile": {"natGatewayProfile": {"sku": "Standard"}}},
        }
        assert set(shown) == set(KNOWN_SINCE)
        versions = {key: _version(properties) for key, properties in shown.items()}
        assert versions == KNOWN_SINCE

    def test_that_shows_none_of_them_is_older_than_all(self) -> None:
        cluster = Cluster(held(graph.OF_CLUSTERS))
        for name in KNOWN_SINCE:
            with pytest.raises(Unread):
                cluster.known(name)

    def test_that_shows_two_of_them_is_of_the_later_one(self) -> None:
        both = {"bootstrapProfile": {}, "hostedSystemProfile": {"enabled": False}}
        assert _version(both) == KNOWN_SINCE["hostedSystemProfile"]


def _version(properties: Json) -> str:
    return Surroundings().snapshot({"properties": properties}, NOW).api_version


def test_what_is_lacking_is_what_no_row_told() -> None:
    around = Surroundings()
    around.hold(graph.OF_SUBNETS, [subnet("a", of=1)])
    assert around.lacking([NETWORK.upper(), f"{NETWORK}-two"]) == [f"{NETWORK}-two"]


def test_peers_are_looked_into_only_where_a_next_hop_is_in_nothing_that_is_carried() -> None:
    near, far = Shop.byo().routed(hop="10.1.1.4"), Shop.byo().routed(hop="192.168.7.4")
    for shop, peers in ((near, []), (far, ["vnet-hub"])):
        around = told(shop).around
        subnets = [found.lower() for found in shop.subnets.values()]
        assert [arm.name(found) for found in set(around.peers_to_look_into(subnets))] == peers


def test_many_peers_are_not_looked_into() -> None:
    shop = Shop.byo().routed(hop="192.168.7.4")
    for number in range(4):
        hub = arm.parent(shop.estate.vnet(f"vnet-{number}", ["s"], prefix=f"10.{20 + number}")["s"])
        shop.estate.peering(shop.network_id, hub, name=f"to-{number}")
    assert list(told(shop).around.peers_to_look_into([found.lower() for found in shop.subnets.values()])) == []
