"""The steps of a plan, and what a rollback undoes; what a plan says of a move is in test_migration."""

from __future__ import annotations

from typing import Any

import pytest

from azext_aksegress import plan
from azext_aksegress.plan import Undo
from tests.builders import Shop

LB, MNAT, UANAT, UDR = "loadBalancer", "managedNATGateway", "userAssignedNATGateway", "userDefinedRouting"


class TestTheStepsOfAPlan:
    def actions(self, shop: Shop, to: str, undo: Undo | None = None, **options: Any) -> list[str]:
        return [step.action for step in plan.make(shop.report(to, **options), (), undo).steps]

    def ranged(self, shop: Shop, *known: str) -> Shop:
        return shop.set(apiServerAccessProfile={"authorizedIPRanges": list(known)})

    def test_known_addresses_are_admitted_before_the_move(self) -> None:
        shop = self.ranged(Shop.byo().gated(), "20.0.0.0/8")
        assert self.actions(shop, UANAT, update_ranges=True) == ["authorizeIpRanges", "updateOutboundType"]

    def test_addresses_that_aks_makes_are_admitted_after_it(self) -> None:
        shop = self.ranged(Shop.managed(), "30.0.0.0/8")
        assert self.actions(shop, MNAT, update_ranges=True) == ["updateOutboundType", "authorizeIpRanges"]

    def test_a_gateway_that_a_route_stands_before_is_admitted_too(self) -> None:
        shop = self.ranged(Shop.byo(UDR).gated(), "20.0.0.0/8")
        made = plan.make(shop.report(UANAT, update_ranges=True), ())
        assert made.ranges_before_the_move == ("20.0.0.0/8", "52.0.0.1/32", "52.0.0.2/32")

    @pytest.mark.parametrize("known", [(), ("52.0.0.2",), ("AzureCloud",)])
    def test_ranges_that_admit_them_are_left_alone(self, known: tuple[str, ...]) -> None:
        shop = self.ranged(Shop.byo().gated(), *known)
        assert self.actions(shop, UANAT, update_ranges=True) == ["updateOutboundType"]

    def test_nobody_asked_so_the_ranges_are_left_alone(self) -> None:
        assert self.actions(self.ranged(Shop.byo().gated(), "20.0.0.0/8"), UANAT) == ["updateOutboundType"]

    def test_a_list_that_would_be_too_long_is_left_alone(self) -> None:
        shop = self.ranged(Shop.byo().gated(), *(f"20.0.{number}.0/24" for number in range(200)))
        assert self.actions(shop, UANAT, update_ranges=True) == ["updateOutboundType"]

    def test_a_move_that_was_made_still_admits_its_addresses(self) -> None:
        shop = self.ranged(Shop.byo(UDR), "20.0.0.0/8")
        assert self.actions(shop, UDR, update_ranges=True) == ["authorizeIpRanges"]

    def test_where_only_ranges_change_egress_stays_as_it_is(self) -> None:
        made = plan.make(self.ranged(Shop.byo(UDR), "20.0.0.0/8").report(UDR, update_ranges=True), ())
        assert (made.disruption, made.move) == (plan.RANGES_ONLY, f"{UDR}, with other authorized IP ranges")

    def test_the_diff_says_which_ranges_are_added(self) -> None:
        shop = self.ranged(Shop.byo().gated(), "20.0.0.0/8")
        rows = {row["path"]: row["to"] for row in plan.make(shop.report(UANAT, update_ranges=True), ()).diff}
        assert rows["properties.apiServerAccessProfile.authorizedIPRanges"] == ["20.0.0.0/8", "52.0.0.2/32"]

    def test_the_way_back_ends_with_the_ranges(self) -> None:
        shop = self.ranged(Shop.byo(UDR), "20.0.0.0/8", "52.9.9.9/32")
        undo = Undo("record.json", ("52.0.0.9",), ("52.9.9.9/32",), (), moved=True)
        assert self.actions(shop, LB, undo) == ["updateOutboundType", "restoreIpRanges"]

    def test_where_only_ranges_were_added_only_they_are_taken_out(self) -> None:
        shop = self.ranged(Shop.byo(), "20.0.0.0/8", "52.9.9.9/32")
        undo = Undo("record.json", (), ("52.9.9.9/32",), (), moved=False)
        assert self.actions(shop, LB, undo) == ["restoreIpRanges"]

    def test_what_is_undone_already_has_no_step(self) -> None:
        undo = Undo("record.json", (), ("52.9.9.9/32",), (), moved=True)
        assert self.actions(self.ranged(Shop.byo(), "20.0.0.0/8"), LB, undo) == []


class TestTheAddressesThatAreLost:
    def lost(self, shop: Shop, to: str, *released: str, moved: bool = True) -> tuple[str, ...]:
        return Undo("record.json", released, (), (), moved).lost(shop.report(to))

    def test_are_those_that_aks_released(self) -> None:
        assert self.lost(Shop.byo(UDR), LB, "20.9.9.9") == ("20.9.9.9",)

    def test_are_none_where_a_failed_move_left_them_there(self) -> None:
        assert self.lost(Shop.managed(), LB, "20.50.0.2") == ()

    def test_are_none_where_nothing_was_moved(self) -> None:
        assert self.lost(Shop.managed(MNAT), LB, "20.9.9.9", moved=False) == ()


def test_a_rollback_is_sent_again_by_its_own_command() -> None:
    undo = Undo("record.json", (), (), (), moved=True)
    made = plan.make(Shop.byo(UDR).report(LB), (), undo)
    assert made.command.startswith("az aks egress rollback --ids ")
    assert made.command.endswith("--record record.json")
