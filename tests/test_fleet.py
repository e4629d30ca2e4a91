"""`list`, without a wire: what is asked for round by round, and the row and the sum that come of it."""

from __future__ import annotations

import re
from typing import Sequence

import pytest

from azext_aksegress import fleet, graph
from azext_aksegress.arm import Json
from azext_aksegress.cluster import Cluster
from azext_aksegress.report import VERDICTS
from azext_aksegress.surroundings import Surroundings
from tests.armsim.estate import OTHER_SUBSCRIPTION, SUBSCRIPTION, cluster_id, node_group, scope
from tests.armsim.estate_fleet import fleet as large_fleet
from tests.builders import CLUSTER, NOW, Shop
from tests.defects import LB, MNAT, UDR
from tests.graphs import Told, abouts, told
from tests.test_fleet_judged import SHOPS

KEYS = (
    *("id", "name", "resourceGroup", "subscriptionId", "location", "outboundType", "vnet", "egressIps"),
    *("egressIpsComplete", "verdict", "blockers", "warnings", "unknowns", "fullCheck"),
)
"""The contract: design.md, and what goes beyond it."""
ID = cluster_id(CLUSTER)


def row(shop: Shop, to: str | None = None) -> Json:
    """The row of the shop's cluster."""
    found = told(shop, is_judged=to is not None)
    return fleet.row(found.cluster(), found.report(to) if to else None, to)


def rows(**verdicts: int) -> list[Json]:
    """So many rows with each verdict."""
    return [{"verdict": verdict} for verdict, count in verdicts.items() for _ in range(count)]


def asked_ids(found: Told) -> list[str]:
    """The ids that are named, in any round."""
    queries = [question.query for asked in found.rounds for question in asked]
    named = [stage for query in queries for stage in query.split("\n| ") if stage.startswith("where id in~")]
    return [known for stage in named for known in re.findall(r"'(/[^']+)'", stage)]


class TestARow:
    @pytest.mark.parametrize("to", [None, UDR])
    def test_has_the_keys_of_the_contract(self, to: str | None) -> None:
        assert tuple(row(Shop.byo(), to)) == KEYS

    def test_says_where_the_cluster_is_and_how_it_goes_out(self) -> None:
        found = row(Shop.byo("userAssignedNATGateway"))
        assert {key: found[key] for key in KEYS[:9]} == {
            "id": ID,
            "name": CLUSTER,
            "resourceGroup": "rg-shop",
            "subscriptionId": SUBSCRIPTION,
            "location": "westeurope",
            "outboundType": "userAssignedNATGateway",
            "vnet": "byo",
            "egressIps": ["52.0.0.2"],
            "egressIpsComplete": True,
        }

    def test_is_not_judged_without_a_target(self) -> None:
        found = row(Shop.byo())
        assert found["verdict"] is None
        assert (found["blockers"], found["warnings"], found["unknowns"]) == ([], [], [])

    def test_says_what_blocks_what_warns_and_what_is_unknown(self) -> None:
        shop = Shop.byo()
        found, judged = row(shop, UDR), told(shop).report(UDR)
        assert (found["verdict"], found["blockers"]) == ("blocked", ["EGR201"])
        assert found["warnings"] == list(judged.ids("warn"))
        assert found["unknowns"] == list(judged.ids("unknown"))
        assert "EGR503" in found["unknowns"]

    @pytest.mark.parametrize(("to", "rest"), [(None, ""), (UDR, f" --to {UDR}")])
    def test_has_the_command_of_a_full_check(self, to: str | None, rest: str) -> None:
        assert row(Shop.byo(), to)["fullCheck"] == f"az aks egress check --ids {ID}{rest}"

    def test_says_that_addresses_are_missing_where_an_appliance_is_between(self) -> None:
        found = row(Shop.byo(UDR).routed(hop="10.1.1.4"))
        assert (found["egressIps"], found["egressIpsComplete"]) == ([], False)

    @pytest.mark.parametrize("broken", [None, [], "x", 7, {"networkProfile": None}, {"agentPoolProfiles": [None]}])
    @pytest.mark.parametrize("to", [None, LB])
    def test_is_there_whatever_the_cluster_says_of_itself(self, broken: object, to: str | None) -> None:
        shop = Shop.byo()
        shop.document["properties"] = broken
        found = row(shop, to)
        assert (found["name"], found["egressIpsComplete"]) == (CLUSTER, False)
        assert found["outboundType"] is None

    def test_of_an_unknown_kind_says_so(self) -> None:
        shop = Shop.byo().set(agentPoolProfiles=None)
        assert row(shop)["vnet"] is None


class TestWhatIsWanted:
    @pytest.mark.parametrize(("vnet", "kept"), [(None, True), ("byo", True), ("managed", False)])
    def test_is_a_kind_of_network(self, vnet: str | None, kept: bool) -> None:
        assert fleet.is_wanted(told(Shop.byo()).cluster(), vnet) is kept

    @pytest.mark.parametrize("vnet", [None, "byo", "managed"])
    def test_may_be_a_cluster_of_which_nobody_knows(self, vnet: str | None) -> None:
        shop = Shop.byo().set(agentPoolProfiles=None)
        assert fleet.is_wanted(told(shop).cluster(), vnet)


class TestRounds:
    def test_ask_for_networks_and_what_is_in_node_groups_then_for_what_is_attached(self) -> None:
        asked = told(Shop.byo().routed()).rounds
        assert [abouts(found) for found in asked] == [
            [graph.OF_SUBNETS, graph.IN_GROUPS_ADDRESSES, graph.IN_GROUPS_NODES],
            [graph.OF_ATTACHED, graph.OF_FIREWALLS, graph.OF_LOCKS],
            [graph.OF_SUBNETS, graph.OF_ATTACHED],
            [],
        ]

    def test_ask_for_less_where_nothing_is_judged(self) -> None:
        asked = told(Shop.byo().routed().guarded(), is_judged=False)
        assert [abouts(found) for found in asked.rounds] == [
            [graph.OF_SUBNETS, graph.OF_ADDRESSES, graph.IN_GROUPS_NODES],
            [graph.OF_ATTACHED, graph.OF_FIREWALLS],
            [graph.OF_SUBNETS, graph.OF_ATTACHED],
            [],
        ]
        assert not any("nsg-shop" in found for found in asked_ids(asked))

    def test_ask_for_the_networks_that_aks_made_by_their_groups(self) -> None:
        first, *rest = told(Shop.managed(MNAT)).rounds
        assert abouts(first) == [graph.IN_GROUPS_SUBNETS, graph.IN_GROUPS_ADDRESSES]
        assert node_group(CLUSTER).lower() in first[0].query
        assert [abouts(found) for found in rest] == [[graph.OF_ATTACHED, graph.OF_LOCKS], [], []]

    def test_ask_by_id_for_the_addresses_alone_that_do_not_come_with_their_group(self) -> None:
        by_id = {
            name: [found.query for found in told(SHOPS[name]()).rounds[0] if found.about == graph.OF_ADDRESSES]
            for name in ("managed load balancer", "from a prefix")
        }
        assert by_id["managed load balancer"] == []
        assert ["ippre-own" in query for query in by_id["from a prefix"]] == [True]

    @pytest.mark.parametrize("is_judged", [True, False])
    def test_ask_for_nothing_where_there_is_no_cluster(self, is_judged: bool) -> None:
        assert list(fleet.rounds([], Surroundings(), is_judged)) == [[], [], [], []]

    @pytest.mark.parametrize("is_judged", [True, False])
    @pytest.mark.parametrize("name", SHOPS)
    def test_ask_for_no_id_twice(self, name: str, is_judged: bool) -> None:
        ids = asked_ids(told(SHOPS[name](), is_judged))
        assert len(ids) == len(set(ids))

    def test_do_not_ask_again_for_what_nobody_told(self) -> None:
        shop = Shop.byo().routed().gated()
        for hidden in (shop.table_id("snet-apps"), shop.gateway_id("snet-apps"), shop.network_id):
            shop.arm.forbid(hidden)
        ids = asked_ids(told(shop))
        assert len(ids) == len(set(ids))

    def test_ask_for_firewalls_in_the_subscriptions_of_peers_too(self) -> None:
        shop = Shop.byo().routed()
        (peering,) = shop.estate[shop.network_id]["properties"]["virtualNetworkPeerings"]
        remote = peering["properties"]["remoteVirtualNetwork"]
        remote["id"] = remote["id"].replace(SUBSCRIPTION, OTHER_SUBSCRIPTION)
        (question,) = [found for found in told(shop).rounds[1] if found.about == graph.OF_FIREWALLS]
        assert set(question.subscriptions) == {SUBSCRIPTION, OTHER_SUBSCRIPTION}

    def test_ask_for_no_firewalls_where_nothing_is_routed(self) -> None:
        assert graph.OF_FIREWALLS not in abouts(told(Shop.byo().gated()).rounds[1])

    def test_ask_for_what_is_on_the_subnet_of_a_node_elsewhere(self) -> None:
        found = told(SHOPS["with a node elsewhere"]())
        assert [abouts(asked) for asked in found.rounds[2:]] == [[graph.OF_ATTACHED], [graph.OF_ATTACHED]]
        assert "52.0.0.77" in found.report(LB).before.known

    def test_of_a_thousand_clusters_are_hardly_more_questions_than_of_ten(self) -> None:
        asked = []
        for count in (140, 980):
            shop = Shop()
            large_fleet(shop.estate, count)
            asked.append(sum(len(found) for found in Told(shop.arm).rounds))
        assert asked[1] <= asked[0] + 2

    @pytest.mark.parametrize("broken", [None, {"nodeResourceGroup": 7}, {"agentPoolProfiles": "x"}])
    def test_ask_for_what_is_known_of_the_others_where_one_is_broken(self, broken: object) -> None:
        bad = {"id": f"{scope('rg')}/providers/Microsoft.ContainerService/managedClusters/x", "properties": broken}
        around = Surroundings()
        found = [Cluster(around.snapshot(document, NOW)) for document in (bad, Shop.byo().document)]
        (first, *_) = fleet.rounds(found, around, is_judged=True)
        assert graph.OF_SUBNETS in abouts(first)


class TestTheSum:
    @pytest.mark.parametrize(
        ("found", "text"),
        [
            (rows(readyWithWarnings=120, blocked=68, ready=4812), "4,812 ready · 120 with warnings · 68 blocked"),
            (rows(blocked=1, undetermined=2, nothingToDo=3), "3 with nothing to do · 2 undetermined · 1 blocked"),
            (rows(ready=1), "1 ready"),
            ([{"verdict": None}] * 1234, "1,234 clusters"),
            ([{"verdict": None}], "1 cluster"),
            ([], "0 clusters"),
        ],
    )
    def test_counts_verdicts_in_one_order(self, found: Sequence[Json], text: str) -> None:
        assert fleet.summary(found) == text

    def test_has_words_for_each_verdict(self) -> None:
        for verdict in VERDICTS:
            assert fleet.summary(rows(**{verdict: 1})).startswith("1 ")


def test_rows_are_in_the_order_of_their_ids_whatever_the_case() -> None:
    found = [{"id": "/S/b"}, {"id": "/s/C"}, {"id": "/s/A"}]
    assert [known["id"] for known in fleet.in_order(found)] == ["/s/A", "/S/b", "/s/C"]
    assert fleet.in_order(found[::-1]) == fleet.in_order(found)
