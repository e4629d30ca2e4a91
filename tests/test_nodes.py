from __future__ import annotations

from typing import Any

import pytest

from azext_aksegress import nodes
from azext_aksegress.cluster import Cluster
from azext_aksegress.snapshot import Unread
from tests.armsim.estate import node_group, scope
from tests.builders import CLUSTER, Shop
from tests.nodes import cluster_of

GROUP = scope(node_group(CLUSTER))
"""What AKS makes is in here."""


def on(shop: Shop, subnet: str) -> list[str]:
    """The names of the nodes that can be asked for a subnet, in their order."""
    cluster = cluster_of(shop)
    (found,) = [row for row in cluster.subnets if row.name == subnet]
    return [node.name for node in nodes.on(cluster, found)]


def scale_set(shop: Shop, pool: str) -> dict[str, Any]:
    rows = shop.estate.resources.values()
    return next(row for row in rows if row["type"].endswith("ScaleSets") and row["tags"][nodes.POOL_TAG] == pool)


class TestNodes:
    def test_are_those_of_the_scale_sets_on_a_subnet(self) -> None:
        found = on(Shop.byo(), "snet-apps")
        assert found
        assert all("apps" in name for name in found)

    def test_of_a_managed_network_are_on_its_one_subnet(self) -> None:
        assert on(Shop.managed(), "aks-subnet")

    def test_in_no_scale_set_are_found_by_their_network_interface(self) -> None:
        shop = Shop.byo().pool("apps", type="VirtualMachines").furnished()
        assert on(shop, "snet-apps")
        assert nodes.on(cluster_of(shop), cluster_of(shop).subnets[1])[0].id.startswith(f"{GROUP}/")

    def test_with_linux_come_before_those_with_windows(self) -> None:
        shop = Shop.byo()
        shop.pool("system", osType="Windows").pool("apps", vnetSubnetID=shop.subnets["snet-system"])
        cluster = cluster_of(shop.furnished())
        assert [row.os for row in nodes.on(cluster, cluster.subnets[0])][:1] == [nodes.LINUX]
        assert {row.os for row in nodes.on(cluster, cluster.subnets[0])} == {nodes.LINUX, nodes.WINDOWS}

    def test_know_their_system_from_their_pool_where_compute_does_not_say(self) -> None:
        shop = Shop.byo().pool("apps", osType="Windows").furnished()
        scale_set(shop, "apps")["properties"]["virtualMachineProfile"].pop("storageProfile")
        answers = cluster_of(shop).snapshot.collections
        for rows in answers.values():
            for row in rows:
                row.get("properties", {}).pop("storageProfile", None)
        cluster = Cluster(cluster_of(shop).snapshot.plus(dict(answers)))
        assert {row.os for row in nodes.on(cluster, cluster.subnets[1])} == {nodes.WINDOWS}

    def test_that_compute_complains_of_come_last(self) -> None:
        cluster = cluster_of(Shop.byo())
        key = next(key for key in cluster.snapshot.collections if "-apps-" in key)
        rows = cluster.snapshot.collections[key]
        rows[0]["properties"]["provisioningState"] = "Failed"
        cluster = Cluster(cluster.snapshot.plus({key: rows}))
        found = nodes.on(cluster, cluster.subnets[1])
        assert found[-1].id == rows[0]["id"]
        assert not found[-1].is_whole

    @pytest.mark.parametrize(
        "other",
        [
            pytest.param(
                "/subscriptions/x/resourceGroups/rg-else/providers/Microsoft.Compute/virtualMachines/a", id="else"
            ),
            pytest.param(f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/other", id="no machine"),
            pytest.param("", id="nothing"),
        ],
    )
    def test_are_never_what_is_not_compute_s_in_the_node_resource_group(self, other: str) -> None:
        cluster = cluster_of(Shop.byo())
        key = next(key for key in cluster.snapshot.collections if "-apps-" in key)
        rows = tuple({**row, "id": other} for row in cluster.snapshot.collections[key])
        cluster = Cluster(cluster.snapshot.plus({key: rows}))
        with pytest.raises(Unread, match="no node on it can be asked"):
            nodes.on(cluster, cluster.subnets[1])

    def test_are_never_machines_that_somebody_else_put_into_the_group(self) -> None:
        shop = Shop.byo()
        mine = scale_set(shop, "apps")
        shop.estate.resources[f"{GROUP}/providers/{nodes.SCALE_SETS}/aaa-agents".lower()] = {
            **mine,
            "id": f"{GROUP}/providers/{nodes.SCALE_SETS}/aaa-agents",
            "name": "aaa-agents",
            "tags": {},
        }
        cluster = cluster_of(shop)
        assert not [key for key in cluster.snapshot.collections if "aaa-agents" in key]
        assert not [row for row in nodes.on(cluster, cluster.subnets[1]) if "aaa-agents" in row.id]


class TestNoNode:
    def test_is_there_where_none_is_on_the_subnet(self) -> None:
        shop = Shop.byo().pool("apps", count=0).furnished()
        with pytest.raises(Unread, match="no node on it can be asked"):
            on(shop, "snet-apps")

    def test_speaks_for_a_subnet_of_pods(self) -> None:
        shop = Shop.byo()
        pods = shop.estate.vnet("vnet-pods", ["snet-pods"], prefix="10.9")["snet-pods"]
        with pytest.raises(Unread, match=r"only pods are on it.*from a pod of pool apps"):
            on(shop.pool("apps", podSubnetID=pods).furnished(), "snet-pods")

    @pytest.mark.parametrize("kind", [nodes.SCALE_SETS, nodes.INTERFACES])
    def test_is_known_where_they_cannot_be_listed(self, kind: str) -> None:
        shop = Shop.byo().pool("apps", type="VirtualMachines").furnished() if kind == nodes.INTERFACES else Shop.byo()
        shop.arm.forbid(f"{GROUP}/providers/{kind}")
        with pytest.raises(Unread) as raised:
            on(shop, "snet-apps")
        assert raised.value.permission
