"""Several clusters in one command: the worst exit code wins, and the others are printed all the same."""

from __future__ import annotations

from typing import Callable

from tests.armsim.arm import Arm
from tests.armsim.cli import Az
from tests.armsim.estate import cluster_id
from tests.builders import Shop

UDR = "userDefinedRouting"
Serve = Callable[[Shop], Arm]


def two_clusters() -> Shop:
    shop = Shop.byo(UDR)
    shop.estate.cluster("aks-two")
    return shop


def test_a_blocked_one_beside_one_without_anything_to_do_is_4(az: Az, serve: Serve) -> None:
    serve(two_clusters())
    result = az("aks", "egress", "check", "--ids", cluster_id("aks-shop"), cluster_id("aks-two"), "--to", UDR)
    assert result.code == 4
    assert {(row["cluster"]["name"], row["verdict"]) for row in result.json} == {
        ("aks-shop", "nothingToDo"),
        ("aks-two", "blocked"),
    }


def test_a_missing_one_beside_a_blocked_one_is_3(az: Az, serve: Serve) -> None:
    serve(two_clusters())
    result = az("aks", "egress", "check", "--ids", cluster_id("aks-none"), cluster_id("aks-two"), "--to", UDR)
    assert result.code == 3
    assert "aks-none" in result.err
