from __future__ import annotations

from typing import Callable

import pytest

from tests.armsim.estate import isolated, network_id
from tests.builders import Shop, fixes

UDR, UANAT, LB, MNAT = "userDefinedRouting", "userAssignedNATGateway", "loadBalancer", "managedNATGateway"

FIREWALL = network_id("azureFirewalls", "fw-hub")
FIREWALL_IP = network_id("publicIPAddresses", "pip-firewall")
FULL = [f"20.0.{number}.0/24" for number in range(200)]


def ranges(*known: str) -> dict[str, object]:
    return {"apiServerAccessProfile": {"authorizedIPRanges": list(known)}}


class TestEGR301AuthorizedRanges:
    def test_no_ranges_pass(self) -> None:
        assert Shop.byo().gated().outcome("EGR301", UANAT) == "pass"

    @pytest.mark.parametrize("known", ["52.0.0.2/32", "52.0.0.2", "52.0.0.0/24", "AzureCloud", "azurecloud.westeurope"])
    def test_a_range_that_holds_the_new_address_passes(self, known: str) -> None:
        assert Shop.byo(**ranges(known)).gated().outcome("EGR301", UANAT) == "pass"

    @pytest.mark.parametrize("known", ["20.0.0.0/8", "0.0.0.0/32", "AzureCloud.northeurope", "2001:db8::/32"])
    def test_a_new_address_outside_of_them_fails(self, known: str) -> None:
        assert Shop.byo(**ranges(known)).gated().outcome("EGR301", UANAT) == "fail"

    def test_a_tag_that_cannot_be_resolved_here_leaves_it_unknown(self) -> None:
        assert Shop.byo(**ranges("ActionGroup")).gated().outcome("EGR301", UANAT) == "unknown"

    def test_the_fix_keeps_the_old_ranges_and_adds_the_new_address(self) -> None:
        shop = Shop.byo(**ranges("20.0.0.0/8", "21.0.0.0/8")).gated()
        (when, command), _ = fixes(shop.findings("EGR301", UANAT))
        assert when == "before"
        assert command.endswith(" --api-server-authorized-ip-ranges 20.0.0.0/8,21.0.0.0/8,52.0.0.2/32")

    def test_the_other_fix_is_a_move_that_adds_the_new_address_by_itself(self) -> None:
        shop = Shop.byo(**ranges("20.0.0.0/8")).gated()
        _, fix = fixes(shop.findings("EGR301", UANAT))
        move = f"az aks egress migrate --ids {shop.document['id']} --to {UANAT} --update-authorized-ip-ranges"
        assert fix == ("cutover", move)

    def test_the_range_for_the_load_balancer_alone_is_replaced_and_never_joined(self) -> None:
        (_, command), _ = fixes(Shop.byo(**ranges("0.0.0.0/32")).gated().findings("EGR301", UANAT))
        assert command.endswith(" --api-server-authorized-ip-ranges 52.0.0.2/32")

    def test_every_address_of_the_gateway_counts(self) -> None:
        shop = Shop.byo(**ranges("52.0.0.2")).gated(addresses=["52.0.0.2", "52.0.0.3"])
        assert "52.0.0.3 is not in" in (shop.findings("EGR301", UANAT)[0].seen.observed or "")

    def test_a_prefix_must_be_held_whole(self) -> None:
        shop = Shop.byo(**ranges("52.0.0.8/31")).gated(addresses=[])
        gateway = shop.estate[shop.subnets["snet-apps"]]["properties"]["natGateway"]["id"]
        prefix = shop.estate.public_ip_prefix("ippre", "52.0.0.8/30")
        shop.estate[gateway]["properties"]["publicIpPrefixes"] = [{"id": prefix}]
        assert shop.outcome("EGR301", UANAT) == "fail"

    def test_the_firewall_behind_the_default_route_is_judged_for_user_defined_routing(self) -> None:
        assert Shop.byo(**ranges("52.0.0.1")).routed().outcome("EGR301", UDR) == "pass"
        assert Shop.byo(**ranges("52.0.0.9")).routed().outcome("EGR301", UDR) == "fail"

    @pytest.mark.parametrize(
        ("region", "outcome"),
        [("westeurope", "pass"), ("West Europe", "pass"), ("northeurope", "fail"), (None, "unknown")],
    )
    def test_a_regional_tag_covers_a_firewall_whose_address_is_of_that_region(
        self, region: str | None, outcome: str
    ) -> None:
        shop = Shop.byo(**ranges("AzureCloud.westeurope")).routed()
        shop.estate[FIREWALL_IP]["location"] = region
        assert shop.outcome("EGR301", UDR) == outcome

    def test_a_firewall_before_the_gateway_is_judged_by_its_own_region_too(self) -> None:
        shop = Shop.byo(**ranges("AzureCloud.westeurope")).gated().routed()
        shop.estate[FIREWALL_IP]["location"] = "northeurope"
        assert shop.outcome("EGR301", UANAT) == "fail"

    def test_ranges_that_hold_it_together_pass(self) -> None:
        shop = Shop.byo(**ranges("52.0.0.8/31", "52.0.0.10/31")).gated(addresses=[])
        prefix = shop.estate.public_ip_prefix("ippre", "52.0.0.8/30")
        shop.estate[shop.gateway_id("snet-apps")]["properties"]["publicIpPrefixes"] = [{"id": prefix}]
        assert shop.outcome("EGR301", UANAT) == "pass"

    @pytest.mark.parametrize("known", [["0.0.0.0/0"], ["0.0.0.0/1", "128.0.0.0/1"]])
    def test_ranges_that_hold_everything_pass_whoever_makes_the_addresses(self, known: list[str]) -> None:
        assert Shop.managed(**ranges(*known)).outcome("EGR301", MNAT) == "pass"
        assert Shop.byo(**ranges(*known)).routed(hop="10.9.9.9").outcome("EGR301", UDR) == "pass"

    def test_an_ipv6_address_is_said_not_to_be_judged(self) -> None:
        shop = Shop.byo(**ranges("52.0.0.2")).gated(addresses=["52.0.0.2", "2603::1"])
        (finding,) = shop.findings("EGR301", UANAT)
        assert finding.outcome == "note"
        assert finding.seen.observed == "2603::1 is not judged: authorized ranges take IPv4 only"

    def test_a_gateway_without_an_address_makes_it_moot(self) -> None:
        (finding,) = Shop.byo(**ranges("52.0.0.2")).gated(addresses=[]).findings("EGR301", UANAT)
        assert (finding.outcome, finding.seen.observed) == ("skip", "because of EGR212")

    def test_a_gateway_without_an_address_that_stays_on_an_isolated_cluster_needs_no_admission(self) -> None:
        found = Shop.byo(**ranges("52.0.0.2")).gated(addresses=[]).findings("EGR301", "none")
        assert {finding.outcome for finding in found} == {"skip"}

    def test_a_firewall_without_a_public_address_leaves_it_unknown(self) -> None:
        shop = Shop.byo(**ranges("52.0.0.1")).routed()
        del shop.estate[FIREWALL]["properties"]["ipConfigurations"][0]["properties"]["publicIPAddress"]
        assert shop.outcome("EGR301", UDR) == "unknown"

    def test_two_firewalls_with_the_same_private_address_leave_it_unknown(self) -> None:
        shop = Shop.byo(**ranges("52.0.0.1")).routed()
        shop.estate.firewall("fw-dev", "10.1.0.4", shop.estate.public_ip("pip-dev", "52.0.0.9"))
        assert shop.outcome("EGR301", UDR) == "unknown"

    def test_ranges_that_are_no_list_are_unknown(self) -> None:
        access = {"authorizedIPRanges": "1.2.3.4/32"}
        assert Shop.byo(apiServerAccessProfile=access).gated().outcome("EGR301", UANAT) == "unknown"

    def test_an_appliance_whose_public_address_nobody_tells_is_unknown(self) -> None:
        assert Shop.byo(**ranges("52.0.0.1")).routed(hop="10.9.9.9").outcome("EGR301", UDR) == "unknown"

    def test_addresses_that_aks_makes_cannot_be_admitted_before(self) -> None:
        assert Shop.managed(**ranges("52.0.0.1")).outcome("EGR301", MNAT) == "fail"

    def test_addresses_that_aks_makes_are_admitted_by_the_tag_of_all_azure(self) -> None:
        assert Shop.managed(**ranges("AzureCloud")).outcome("EGR301", MNAT) == "pass"

    def test_towards_the_load_balancer_it_only_warns_and_needs_no_accepting(self) -> None:
        shop = Shop.byo(UANAT, **ranges("9.9.9.9"))
        assert shop.outcome("EGR301", LB) == "warn"
        assert not shop.report(LB).refusals(())

    @pytest.mark.parametrize("access", ["enablePrivateCluster", "enableVnetIntegration"])
    def test_an_api_server_that_is_reached_privately_is_not_judged(self, access: str) -> None:
        profile = {"authorizedIPRanges": ["9.9.9.9"], access: True}
        assert Shop.byo(apiServerAccessProfile=profile).gated().outcome("EGR301", UANAT) == "skip"

    def test_a_subnet_without_the_gateway_makes_it_moot(self) -> None:
        (finding,) = Shop.byo(**ranges("52.0.0.2")).gated("snet-system").findings("EGR301", UANAT)
        assert (finding.outcome, finding.seen.observed) == ("skip", "because of EGR211")

    def test_a_subnet_without_a_table_makes_it_moot_too(self) -> None:
        (finding,) = Shop.byo(**ranges("52.0.0.1")).routed("snet-system").findings("EGR301", UDR)
        assert (finding.outcome, finding.seen.observed) == ("skip", "because of EGR201")

    def test_a_gateway_that_cannot_be_read_is_unknown(self) -> None:
        shop = Shop.byo(**ranges("52.0.0.2")).gated()
        shop.arm.forbid(shop.estate[shop.subnets["snet-apps"]]["properties"]["natGateway"]["id"])
        assert shop.outcome("EGR301", UANAT) == "unknown"
        assert shop.report(UANAT).verdict == "undetermined"


class TestEGR301WithUpdateAuthorizedIpRanges:
    def said(self, shop: Shop, to: str, **options: object) -> list[tuple[str, str]]:
        """Outcome and words of each finding, when the ranges are to be updated."""
        found = shop.findings("EGR301", to, update_ranges=True, **options)
        return [(finding.outcome, finding.seen.observed or "") for finding in found]

    def refused(self, shop: Shop, to: str) -> bool:
        """Whether the check stops the move, when the ranges are to be updated."""
        return "EGR301" in {row.id for row in shop.report(to, update_ranges=True).refusals(())}

    def test_a_known_address_is_added_before_the_move(self) -> None:
        shop = Shop.byo(**ranges("20.0.0.0/8")).gated()
        added = "52.0.0.2/32 will be added to the authorized ranges before the move"
        assert self.said(shop, UANAT) == [("note", added)]
        assert not self.refused(shop, UANAT)

    def test_the_range_for_the_load_balancer_alone_is_said_to_give_way(self) -> None:
        ((_, words),) = self.said(Shop.byo(**ranges("0.0.0.0/32")).gated(), UANAT)
        assert words.endswith(" before the move in place of 0.0.0.0/32")

    def test_an_address_that_a_tag_may_cover_is_added_as_well(self) -> None:
        ((outcome, words),) = self.said(Shop.byo(**ranges("ActionGroup")).gated(), UANAT)
        assert (outcome, words.split()[0]) == ("note", "52.0.0.2/32")

    def test_an_ipv6_address_is_not_added(self) -> None:
        shop = Shop.byo(**ranges("20.0.0.0/8")).gated(addresses=["52.0.0.2", "2603::1"])
        assert [words.split()[0] for _, words in self.said(shop, UANAT)] == ["52.0.0.2/32", "2603::1"]

    def test_addresses_that_aks_makes_are_added_after_it_which_only_warns(self) -> None:
        shop = Shop.managed(**ranges("52.0.0.1"))
        ((outcome, words),) = self.said(shop, MNAT)
        assert outcome == "warn"
        assert "added right after it" in words
        assert not self.refused(shop, MNAT)

    def test_those_of_the_load_balancer_are_admitted_at_once_and_added_too(self) -> None:
        ((outcome, words),) = self.said(Shop.byo("none", **ranges("9.9.9.9")), LB)
        assert outcome == "note"
        assert "added right after the move as well" in words

    def test_own_addresses_of_the_load_balancer_are_added_before_the_move(self) -> None:
        shop = Shop.byo("none", **ranges("9.9.9.9"))
        own = shop.estate.public_ip("pip-own", "52.0.0.7")
        added = "52.0.0.7/32 will be added to the authorized ranges before the move"
        assert self.said(shop, LB, ip_ids=(own,)) == [("note", added)]

    def test_what_is_unknown_behind_the_load_balancer_only_warns(self) -> None:
        shop = Shop.byo("none", **ranges("9.9.9.9")).routed("snet-apps", hop="10.9.9.9")
        assert {outcome for outcome, _ in self.said(shop, LB)} == {"warn", "note"}
        assert not self.refused(shop, LB)

    @pytest.mark.parametrize("number", [1, 2])
    def test_more_ranges_than_aks_takes_fail_with_both_numbers(self, number: int) -> None:
        shop = Shop.managed(**ranges(*FULL[: 201 - number]))
        found = self.said(shop, MNAT, ip_count=number)
        assert [outcome for outcome, _ in found] == ["fail", "warn"]
        assert f"with {number} that AKS makes there would be 201 authorized ranges, and AKS takes 200" in found[0][1]

    def test_as_many_ranges_as_aks_takes_do_not(self) -> None:
        assert [outcome for outcome, _ in self.said(Shop.byo(**ranges(*FULL[:199])).gated(), UANAT)] == ["note"]

    def test_a_known_address_beyond_the_limit_fails_with_or_without_the_option(self) -> None:
        shop = Shop.byo(**ranges(*FULL)).gated()
        plain, asked = shop.findings("EGR301", UANAT), shop.findings("EGR301", UANAT, update_ranges=True)
        assert plain == asked
        ((when, command),) = fixes(plain)
        assert (when, command.endswith("ip-ranges '<fewer-ranges>,52.0.0.2/32'")) == ("before", True)

    @pytest.mark.parametrize(
        ("shop", "to", "outcome"),
        [
            (lambda: Shop.byo().gated(), UANAT, "pass"),
            (lambda: Shop.byo(**ranges("52.0.0.0/24")).gated(), UANAT, "pass"),
            (lambda: Shop.byo(**ranges("0.0.0.0/0")).gated(), UANAT, "pass"),
            (lambda: Shop.managed(**ranges("AzureCloud")), MNAT, "pass"),
            (lambda: Shop.byo("none", **ranges("0.0.0.0/32")), LB, "note"),
            (lambda: Shop.byo(apiServerAccessProfile={"enablePrivateCluster": True}).gated(), UANAT, "skip"),
            (lambda: Shop.managed(**ranges("9.9.9.9")), "none", "skip"),
        ],
    )
    def test_where_there_is_nothing_to_add_it_says_so(self, shop: Callable[[], Shop], to: str, outcome: str) -> None:
        found = self.said(shop(), to)
        assert {kind for kind, _ in found} == {outcome}
        assert all("--update-authorized-ip-ranges" in words for _, words in found)

    def test_what_cannot_be_read_is_unknown_all_the_same(self) -> None:
        shop = Shop.byo(**ranges("52.0.0.2")).gated().forbid("snet-apps")
        assert [outcome for outcome, _ in self.said(shop, UANAT)] == ["unknown"]


class TestEGR302AllowListsMustLearn:
    def test_it_always_says_the_addresses_before_and_after(self) -> None:
        (finding,) = Shop.byo().gated().findings("EGR302", UANAT)
        assert finding.outcome == "note"
        kept = "20.50.0.2 of loadBalancer carries nothing since the cut-over"
        assert finding.seen.observed == f"egress IPs stay: 52.0.0.2; {kept}"
        (finding,) = Shop.byo("userAssignedNATGateway").routed().findings("EGR302", "none")
        assert finding.seen.observed == "egress IPs stay: 52.0.0.1"
        (finding,) = Shop.managed(**isolated()).findings("EGR302", "none")
        assert finding.seen.observed == "egress IPs: 20.50.0.2 -> none"

    def test_addresses_that_aks_makes_are_said_to_be_unknown(self) -> None:
        (finding,) = Shop.managed().findings("EGR302", MNAT)
        assert "unknown" in (finding.seen.observed or "").partition(" -> ")[2]

    def test_addresses_that_could_not_be_read_are_said_to_be_unknown(self) -> None:
        (finding,) = Shop.byo().gated().forbid("snet-apps").findings("EGR302", UANAT)
        assert finding.outcome == "note"
        assert "virtualNetworks/subnets/read" in (finding.seen.observed or "")

    def test_a_blocked_cluster_has_no_address(self) -> None:
        (finding,) = Shop.managed(**isolated()).findings("EGR302", "block")
        assert (finding.seen.observed or "").endswith("-> none")


class TestEGR304ConnectionsBreak:
    def test_it_is_always_said_and_never_counted(self) -> None:
        shop = Shop.quiet()
        assert shop.outcome("EGR304", UANAT) == "note"
        assert shop.report(UANAT).verdict == "ready"
