"""What has become of a cluster since its move: the old path, the authorized ranges, and what is beside egress."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from azext_aksegress import expected as of_record
from azext_aksegress import plan, verify
from tests.builders import Shop
from tests.test_verify import found, outcomes

LB, UANAT, UDR = "loadBalancer", "userAssignedNATGateway", "userDefinedRouting"


class TestAPathThatIsTakenAwayAfterwards:
    def outcome(self, after: Shop) -> str:
        return outcomes(after, LB, Shop.byo(UDR))["verify.ips"]

    def test_is_expected_as_long_as_it_is_there(self) -> None:
        assert self.outcome(Shop.byo().routed()) == "pass"

    def test_is_not_missed_once_it_is_gone(self) -> None:
        assert self.outcome(Shop.byo()) == "pass"

    def test_is_no_excuse_for_any_other(self) -> None:
        assert self.outcome(Shop.byo().gated()) == "fail"


class TestAGatewayThatARouteStoodBefore:
    def outcome(self, after: Shop) -> str:
        return outcomes(after, UANAT, Shop.byo(UDR).gated())["verify.ips"]

    def test_carries_egress_once_the_route_is_gone(self) -> None:
        assert self.outcome(Shop.byo(UANAT)) == "pass"

    def test_is_not_any_gateway(self) -> None:
        other = Shop.byo(UANAT)
        another = other.estate.nat_gateway("nat-other", [other.estate.public_ip("pip-other", "52.9.9.9")])
        other.estate.attach(other.subnets["snet-apps"], nat_gateway=another)
        assert self.outcome(other) == "fail"


class TestTheAuthorizedRanges:
    def judged(self, *now: str, asked: bool = True) -> dict[str, Any]:
        """A cluster that went from 20.50.0.2 to 52.0.0.2."""
        shop = Shop.byo(apiServerAccessProfile={"authorizedIPRanges": ["20.50.0.2/32"]})
        after = Shop.byo(UANAT, apiServerAccessProfile={"authorizedIPRanges": list(now)})
        return found(after, UANAT, shop, update_ranges=asked)

    def test_that_hold_the_egress_addresses_pass(self) -> None:
        assert self.judged("52.0.0.0/16")["verify.ranges"].outcome == "pass"

    def test_that_lack_one_fail_with_the_command_that_adds_it(self) -> None:
        finding = self.judged("30.0.0.0/8")["verify.ranges"]
        assert finding.outcome == "fail"
        assert "30.0.0.0/8,52.0.0.2/32" in finding.seen.fix[0].command

    def test_that_hold_old_addresses_too_are_told_with_the_command_that_removes_them(self) -> None:
        finding = self.judged("20.50.0.2/32", "52.0.0.2/32")["verify.ranges"]
        assert finding.outcome == "note"
        assert finding.seen.fix[0].command.endswith("--api-server-authorized-ip-ranges 52.0.0.2/32")

    def by_the_record(self, *now: str) -> str | None:
        """What differs from ranges that were 20.50.0.2 and an office, of a cluster that went to 52.0.0.2."""
        recorded = ("20.50.0.2/32", "30.0.0.0/8")
        judged = Shop.byo().report(UANAT)
        shop = Shop.byo(UANAT, apiServerAccessProfile={"authorizedIPRanges": list(now)})
        kept = replace(of_record.of(judged), ranges=recorded)
        rows = {row.id: row for row in verify.after_move(shop.cluster(), kept)}
        return rows["verify.ranges"].seen.observed if "verify.ranges" in rows else None

    def test_that_are_those_of_the_record_are_no_difference(self) -> None:
        assert self.by_the_record("30.0.0.0/8", "20.50.0.2") is None

    def test_that_gave_up_the_old_address_for_the_new_are_no_difference(self) -> None:
        assert self.by_the_record("30.0.0.0/8", "52.0.0.2/32") is None

    def test_that_somebody_has_changed_are_named(self) -> None:
        assert self.by_the_record("20.50.0.2/32", "9.9.9.9/32") == "30.0.0.0/8 gone; 9.9.9.9/32 added"

    def test_behind_a_way_out_that_is_not_known_are_not_green(self) -> None:
        forbidden = Shop.byo(UANAT, apiServerAccessProfile={"authorizedIPRanges": ["52.0.0.0/24"]}).forbid("snet-apps")
        assert found(forbidden, UANAT, Shop.byo(), update_ranges=True)["verify.ranges"].outcome == "unknown"

    def test_need_not_hold_the_load_balancers_own(self) -> None:
        shop = Shop.byo(apiServerAccessProfile={"authorizedIPRanges": ["30.0.0.0/8"]})
        assert outcomes(shop, LB, Shop.byo(UDR), update_ranges=True)["verify.ranges"] == "pass"

    def test_that_a_rollback_could_not_take_out_are_told(self) -> None:
        undo = plan.Undo("record.json", (), ("52.0.0.2/32",), (), moved=True)
        shop = Shop.byo(apiServerAccessProfile={"authorizedIPRanges": ["20.0.0.0/8", "52.0.0.2/32"]})
        made = plan.make(Shop.byo(UDR).report(LB), (), undo)
        rows = {row.id: row for row in verify.after_move(shop.cluster(), made.expected)}
        assert rows["verify.ranges"].seen.observed == "they hold the old 52.0.0.2/32 too"

    def test_are_not_judged_where_nobody_asked_for_them(self) -> None:
        assert "verify.ranges" not in self.judged("30.0.0.0/8", asked=False)


class TestWhatIsBesideEgress:
    def outcome(self, **changes: Any) -> str:
        judged = Shop.byo().routed().report(UDR)
        kept = of_record.from_json(of_record.of(judged).to_json(), judged.cluster)
        rows = verify.after_move(Shop.byo(UDR, **changes).cluster(), kept)
        return {row.id: row.outcome for row in rows}["verify.beside"]

    def test_passes_where_all_is_as_it_was(self) -> None:
        assert self.outcome() == "pass"

    def test_fails_where_a_setting_is_another(self) -> None:
        assert self.outcome(dnsPrefix="another") == "fail"

    def test_takes_no_notice_of_what_a_move_changes(self) -> None:
        assert self.outcome(bootstrapProfile={"artifactSource": "Direct"}) == "pass"
