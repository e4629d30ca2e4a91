"""Who is asked what before harm: y/N where a way leads back, the cluster's name at a one-way door."""

from __future__ import annotations

from typing import Callable

import pytest

from tests.armsim.arm import Arm
from tests.armsim.cli import Az, Result
from tests.armsim.terminal import on_a_terminal
from tests.builders import Shop

CLUSTER = ("-g", "rg-shop", "-n", "aks-shop")
ONE_WAY = ("--to", "managedNATGateway", "--nat-gateway-sku", "StandardV2")
UDR = "userDefinedRouting"
Serve = Callable[[Shop], Arm]


def at_a_prompt(az: Az, *words: str, answer: str | None, prompt: str = "to go on:") -> Result:
    return on_a_terminal(az, "aks", "egress", "migrate", *CLUSTER, *words, answer=answer, prompt=prompt)


class TestAOneWayDoor:
    def test_opens_to_the_name_of_the_cluster(self, az: Az, serve: Serve) -> None:
        arm = serve(Shop.managed())
        result = at_a_prompt(az, *ONE_WAY, answer="aks-shop")
        assert result.code == 0, result.out
        assert "one-way door" in result.out
        assert "type the name of the cluster, aks-shop" in result.out
        assert len(arm.writes) == 1

    @pytest.mark.parametrize("answer", ["y", "yes", "", "aks"])
    def test_does_not_open_to_anything_else(self, az: Az, serve: Serve, answer: str) -> None:
        arm = serve(Shop.managed())
        result = at_a_prompt(az, *ONE_WAY, answer=answer)
        assert result.code == 1
        assert "nothing was sent" in result.out
        assert arm.writes == []

    def test_does_not_open_to_yes_alone(self, each_az: Az, serve: Serve) -> None:
        arm = serve(Shop.managed())
        result = each_az("aks", "egress", "migrate", *CLUSTER, *ONE_WAY, "--yes")
        assert (result.code, result.json["needsAccept"]) == (4, ["EGR601"])
        assert "--accept EGR601" in result.err
        assert arm.writes == []

    def test_opens_to_yes_with_its_id(self, az: Az, serve: Serve) -> None:
        arm = serve(Shop.managed())
        result = az("aks", "egress", "migrate", *CLUSTER, *ONE_WAY, "--yes", "--accept", "EGR601")
        assert (result.code, result.json["plan"]["accepted"]) == (0, ["EGR601"])
        assert len(arm.writes) == 1

    def test_asks_for_the_name_even_where_its_id_was_accepted(self, az: Az, serve: Serve) -> None:
        arm = serve(Shop.managed())
        assert at_a_prompt(az, *ONE_WAY, "--accept", "EGR601", answer="y").code == 1
        assert arm.writes == []

    def test_may_be_one_where_the_region_chooses_the_sku(self, az: Az, serve: Serve) -> None:
        arm = serve(Shop.managed())
        words = ("--to", "managedNATGateway", "--accept", "EGR604")
        assert at_a_prompt(az, *words, answer="y").code == 1
        assert arm.writes == []
        assert at_a_prompt(az, *words, answer="aks-shop").code == 0

    def test_stays_shut_without_a_terminal(self, az: Az, serve: Serve) -> None:
        arm = serve(Shop.managed())
        result = az("aks", "egress", "migrate", *CLUSTER, *ONE_WAY)
        assert result.code == 4
        assert arm.writes == []

    def test_is_not_planned_before_it_is_accepted(self, az: Az, serve: Serve) -> None:
        serve(Shop.managed())
        assert az("aks", "egress", "migrate", *CLUSTER, *ONE_WAY, "--dry-run").code == 4


def test_a_move_with_a_way_back_asks_y_or_n(az: Az, serve: Serve) -> None:
    arm = serve(Shop.byo().routed())
    result = at_a_prompt(az, "--to", UDR, answer="y", prompt="(y/N)")
    assert result.code == 0
    assert "type the name" not in result.out
    assert len(arm.writes) == 1


def test_ctrl_c_tells_that_azure_goes_on_and_how_to_look(az: Az, serve: Serve) -> None:
    shop = Shop.byo().routed()
    arm = serve(shop)
    arm.operation_never_ends()
    words = ("aks", "egress", "migrate", *CLUSTER, "--to", UDR, "--yes")
    result = on_a_terminal(az, *words, interrupt_at="Azure is changing the cluster")
    assert result.code == 1
    assert "what was sent to Azure goes on there" in result.out
    assert "az aks egress show --ids" in result.out
    assert shop.document["properties"]["networkProfile"]["outboundType"] == UDR
    assert len(arm.writes) == 1
