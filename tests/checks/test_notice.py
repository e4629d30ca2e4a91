from __future__ import annotations

import pytest

from tests.armsim.estate import isolated, network_id
from tests.builders import Shop, fixes

UDR, UANAT, LB, MNAT = "userDefinedRouting", "userAssignedNATGateway", "loadBalancer", "managedNATGateway"

FIREWALL = network_id("azureFirewalls", "fw-hub")


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
        ((when, command),) = fixes(shop.findings("EGR301", UANAT))
        assert when == "before"
        assert command.endswith(" --api-server-authorized-ip-ranges 20.0.0.0/8,21.0.0.0/8,52.0.0.2")

    def test_the_range_for_the_load_balancer_alone_is_replaced_and_never_joined(self) -> None:
        ((_, command),) = fixes(Shop.byo(**ranges("0.0.0.0/32")).gated().findings("EGR301", UANAT))
        assert command.endswith(" --api-server-authorized-ip-ranges 52.0.0.2")

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

    def test_a_firewall_in_another_region_is_not_covered_by_a_regional_tag_for_sure(self) -> None:
        assert Shop.byo(**ranges("AzureCloud.westeurope")).routed().outcome("EGR301", UDR) == "unknown"

    def test_a_firewall_before_the_gateway_is_not_covered_by_a_regional_tag_for_sure_either(self) -> None:
        assert Shop.byo(**ranges("AzureCloud.westeurope")).gated().routed().outcome("EGR301", UANAT) == "unknown"

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
