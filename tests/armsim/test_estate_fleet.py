"""The fleet: what kinds of clusters are in it, where they are, and that it is the same each time."""

from __future__ import annotations

import json

import pytest

from tests.armsim.caller import Caller
from tests.armsim.estate import OTHER_SUBSCRIPTION, SUBSCRIPTION, Estate
from tests.armsim.estate_fleet import KINDS, REGIONS, fleet
from tests.armsim.messages import Json

COUNT = 20 * len(KINDS)


@pytest.fixture(scope="module")
def estate() -> Estate:
    found = Estate()
    fleet(found, COUNT)
    return found


def clusters(estate: Estate) -> list[Json]:
    return [row for row in estate.resources.values() if row["type"].endswith("/managedClusters")]


def of(estate: Estate, kind: str) -> list[Json]:
    return [row for row in estate.resources.values() if row["type"] == f"Microsoft.Network/{kind}"]


def outbound_type(cluster: Json) -> str:
    found: str = cluster["properties"]["networkProfile"]["outboundType"]
    return found


def test_the_ids_are_as_many_as_asked_for_and_the_same_each_time() -> None:
    one, other = Estate(), Estate()
    assert fleet(one, 17) == fleet(other, 17)
    named = [[key for key in estate.resources if "/roleassignments/" not in key] for estate in (one, other)]
    assert named[0] == named[1]
    assert [row["name"] for row in clusters(one)] == [f"aks-fleet-{number:04}" for number in range(1, 18)]


def test_it_is_in_both_subscriptions_and_in_all_regions(estate: Estate) -> None:
    rows = clusters(estate)
    assert {row["id"].split("/")[2] for row in rows} == {SUBSCRIPTION, OTHER_SUBSCRIPTION}
    assert {row["location"] for row in rows} == set(REGIONS)
    assert len({row["id"].split("/")[4] for row in rows}) == COUNT // len(KINDS)


def test_it_has_clusters_of_four_outbound_types(estate: Estate) -> None:
    found = {outbound_type(row) for row in clusters(estate)}
    assert found == {"loadBalancer", "managedNATGateway", "userAssignedNATGateway", "userDefinedRouting"}


def test_a_cluster_is_as_long_as_a_real_one(estate: Estate) -> None:
    sizes = [len(json.dumps(row)) for row in clusters(estate)]
    assert min(sizes) > 6_000
    assert max(sizes) < 10_000


def test_ten_clusters_share_a_vnet(estate: Estate) -> None:
    pools = [row["properties"]["agentPoolProfiles"] for row in clusters(estate)]
    vnets = [rows[0]["vnetSubnetID"].rpartition("/subnets/")[0] for rows in pools if "vnetSubnetID" in rows[0]]
    assert {vnets.count(vnet) for vnet in vnets} == {10}


def test_whatever_is_referred_to_is_there(estate: Estate) -> None:
    for subnet in of(estate, "virtualNetworks/subnets"):
        links = [subnet["properties"].get(key) for key in ("routeTable", "natGateway", "networkSecurityGroup")]
        assert all(link["id"].lower() in estate.resources for link in links if link), subnet["id"]
    for row in clusters(estate):
        for pool in row["properties"]["agentPoolProfiles"]:
            assert pool.get("vnetSubnetID", row["id"]).lower() in estate.resources


def test_subnets_have_a_table_with_a_default_route_or_without_or_none(estate: Estate) -> None:
    seen = set()
    for subnet in of(estate, "virtualNetworks/subnets"):
        table = subnet["properties"].get("routeTable")
        routes = estate[table["id"]]["properties"]["routes"] if table else []
        seen.add((bool(table), any(row["properties"]["addressPrefix"] == "0.0.0.0/0" for row in routes)))
    assert seen == {(True, True), (True, False), (False, False)}


def test_some_have_locks_security_groups_and_authorized_ranges(estate: Estate) -> None:
    locks = {row["properties"]["level"] for row in estate.resources.values() if row["type"].endswith("/locks")}
    assert locks == {"ReadOnly", "CanNotDelete"}
    filtered = ["networkSecurityGroup" in row["properties"] for row in of(estate, "virtualNetworks/subnets")]
    assert any(filtered) and not all(filtered)
    ranged = ["authorizedIPRanges" in row["properties"]["apiServerAccessProfile"] for row in clusters(estate)]
    assert any(ranged) and not all(ranged)


def test_each_has_a_node_resource_group_as_aks_makes_them(estate: Estate) -> None:
    for row in clusters(estate):
        inside = f"/resourceGroups/{row['properties']['nodeResourceGroup']}/".lower()
        kinds = {other["type"] for key, other in estate.resources.items() if inside in key}
        assert "Microsoft.Compute/virtualMachineScaleSets" in kinds
        assert ("Microsoft.Network/loadBalancers" in kinds) == (outbound_type(row) == "loadBalancer")


def test_its_clusters_can_be_read() -> None:
    caller = Caller(Estate())
    (cluster,) = fleet(caller.estate, 1)
    assert caller.get(cluster)["name"] == "aks-fleet-0001"
