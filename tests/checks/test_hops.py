from __future__ import annotations

from typing import Any

import pytest

from tests.armsim.estate import SUBSCRIPTION, network_id
from tests.builders import Shop, fixes

UDR = "userDefinedRouting"
NVA = "10.1.1.7"
"""An address in snet-nva of the hub."""


def hub_subnet(name: str = "snet-nva") -> str:
    return f"{network_id('virtualNetworks', 'vnet-hub')}/subnets/{name}"


def appliance(forwards: bool = True) -> Shop:
    """A cluster whose default routes lead to an appliance of one's own in the hub."""
    shop = Shop.byo().routed(hop=NVA)
    shop.estate.nic("nic-nva", hub_subnet(), NVA, forwards)
    return shop


def policy_id(shop: Shop) -> str:
    return str(firewall(shop)["properties"]["firewallPolicy"]["id"])


def firewall(shop: Shop) -> Any:
    return shop.estate[network_id("azureFirewalls", "fw-hub")]


def observed(shop: Shop, check_id: str) -> list[str]:
    return [finding.seen.observed or "" for finding in shop.findings(check_id, UDR)]


class TestEGR204NextHopIsOwned:
    def test_the_address_of_a_firewall_in_a_peer_passes(self) -> None:
        assert Shop.byo().routed().outcomes("EGR204", UDR) == [("pass", "fw-hub")]

    def test_the_address_of_a_network_interface_passes(self) -> None:
        assert appliance().outcomes("EGR204", UDR) == [("pass", "nic-nva")]

    def test_the_address_of_an_internal_load_balancer_passes(self) -> None:
        shop = Shop.byo().routed(hop=NVA)
        shop.estate.internal_load_balancer("lb-nva", hub_subnet(), NVA)
        assert shop.outcomes("EGR204", UDR) == [("pass", "lb-nva")]

    def test_the_address_of_a_firewall_in_a_virtual_hub_passes(self) -> None:
        shop = Shop.byo().routed(hop="10.77.0.4")
        found = shop.estate.firewall("fw-vhub", "", shop.own_ip())
        properties = shop.estate[found]["properties"]
        properties.update(ipConfigurations=[], hubIPAddresses={"privateIPAddress": "10.77.0.4"})
        assert shop.outcomes("EGR204", UDR) == [("pass", "fw-vhub")]

    def test_an_address_that_nothing_has_warns_for_each_table(self) -> None:
        shop = Shop.byo().routed(hop="10.1.1.9")
        shop.estate.nic("nic-other", hub_subnet(), NVA)
        assert shop.outcomes("EGR204", UDR) == [("warn", "rt-snet-system"), ("warn", "rt-snet-apps")]

    def test_an_address_outside_of_the_network_and_its_peers_says_what_cannot_be_seen(self) -> None:
        found = observed(Shop.byo().routed(hop="172.16.0.4"), "EGR204")
        assert all("on premises" in text and "virtual hub" in text for text in found)

    def test_the_same_address_in_a_network_that_is_no_peer_does_not_count(self) -> None:
        shop = Shop.byo().routed(hop="10.9.0.4")
        other = shop.estate.vnet("vnet-other", ["AzureFirewallSubnet"], prefix="10.9")["AzureFirewallSubnet"]
        shop.estate.firewall("fw-other", "10.9.0.4", shop.own_ip(), subnet=other)
        assert {outcome for outcome, _ in shop.outcomes("EGR204", UDR)} == {"warn"}

    @pytest.mark.parametrize("hop", ["no address", "10.1.0.0/24", "10.1.0.400"])
    def test_what_is_no_address_warns(self, hop: str) -> None:
        shop = Shop.byo().routed(hop=hop)
        assert shop.outcomes("EGR204", UDR) == [("warn", "rt-snet-system"), ("warn", "rt-snet-apps")]

    def test_the_fix_changes_the_route_at_the_cut_over(self) -> None:
        (when, command), _ = fixes(Shop.byo().routed(hop="10.1.1.9").findings("EGR204", UDR))
        assert when == "cutover"
        assert command.startswith("az network route-table route update ")
        assert command.endswith(
            "--name default --next-hop-type VirtualAppliance --next-hop-ip-address '<firewall-private-ip>'"
        )

    def test_each_half_of_the_internet_is_judged(self) -> None:
        shop = Shop.byo().routed().halves("snet-apps", "10.1.0.4", "10.1.1.9")
        assert shop.outcomes("EGR204", UDR) == [("warn", "rt-snet-apps")]

    def test_a_subnet_that_does_not_say_who_is_on_it_is_looked_up_by_the_lists_of_its_subscription(self) -> None:
        shop = appliance()
        row = shop.estate[network_id("networkInterfaces", "nic-nva")]
        shop.estate.resources[f"{hub_subnet()}-hidden".lower()] = row  # so that nothing refers to the subnet by its id
        row["properties"]["ipConfigurations"][0]["properties"].pop("subnet")
        assert shop.outcomes("EGR204", UDR) == [("pass", "nic-nva")]

    def test_the_address_in_another_network_of_the_same_range_is_not_taken_for_it(self) -> None:
        shop = Shop.byo().routed(hop=NVA)
        twin = shop.estate.vnet("vnet-twin", ["snet-nva"], prefix="10.1")["snet-nva"]
        shop.estate.nic("nic-twin", twin, NVA)
        assert {outcome for outcome, _ in shop.outcomes("EGR204", UDR)} == {"warn"}

    def test_where_the_hub_cannot_be_read_and_nothing_is_found_it_is_unknown(self) -> None:
        shop = appliance()
        shop.arm.forbid(network_id("virtualNetworks", "vnet-hub"))
        assert shop.outcomes("EGR204", UDR) == [("unknown", "vnet-hub")]

    def test_a_network_interface_that_cannot_be_read_is_unknown_and_only_warns(self) -> None:
        shop = appliance()
        shop.arm.forbid(network_id("networkInterfaces", "nic-nva"))
        assert shop.outcomes("EGR204", UDR) == [("unknown", "nic-nva")]
        assert shop.report(UDR).verdict == "readyWithWarnings"

    def test_firewalls_that_cannot_be_read_are_unknown(self) -> None:
        shop = Shop.byo().routed()
        shop.arm.forbid(f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Network/azureFirewalls")
        assert shop.outcomes("EGR204", UDR) == [("unknown", "azureFirewalls")]

    def test_firewalls_that_cannot_be_read_do_not_matter_where_an_interface_has_the_address(self) -> None:
        shop = appliance()
        shop.arm.forbid(f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Network/azureFirewalls")
        assert shop.outcomes("EGR204", UDR) == [("pass", "nic-nva")]

    def test_instances_of_a_scale_set_that_may_have_it_leave_it_unknown(self) -> None:
        shop = Shop.byo().routed(hop="10.240.1.200")
        shop.estate.attach(shop.subnets["snet-system"], route_table=shop.estate.route_table("rt-x", "10.240.1.200"))
        outcomes = shop.outcomes("EGR204", UDR)
        assert ("unknown", "snet-apps") in outcomes

    def test_without_a_table_or_a_route_it_is_moot(self) -> None:
        shop = Shop.byo().table("snet-apps")
        assert observed(shop, "EGR204") == ["because of EGR201", "because of EGR202"]

    def test_behind_a_virtual_network_gateway_there_is_no_address_to_judge(self) -> None:
        (finding,) = Shop.byo().routed(hop=None, hop_type="VirtualNetworkGateway").findings("EGR204", UDR)
        assert (finding.outcome, finding.seen.observed) == ("skip", "egress leaves through a virtual network gateway")

    def test_a_hop_that_aks_refuses_is_judged_elsewhere(self) -> None:
        (finding,) = Shop.byo().routed(hop=None, hop_type="Internet").findings("EGR204", UDR)
        assert finding.seen.observed == "because of EGR203"

    def test_letter_case_does_not_matter(self) -> None:
        shop = appliance()
        nic = shop.estate[network_id("networkInterfaces", "nic-nva")]
        configuration = nic["properties"]["ipConfigurations"][0]
        configuration["properties"]["subnet"]["id"] = hub_subnet().upper()
        configuration["id"] = configuration["id"].upper()
        assert [outcome for outcome, _ in shop.outcomes("EGR204", UDR)] == ["pass"]


class TestEGR210NextHopCanForward:
    def test_a_firewall_passes(self) -> None:
        assert Shop.byo().routed().outcomes("EGR210", UDR) == [("pass", "fw-hub")]

    def test_a_network_interface_that_forwards_passes(self) -> None:
        assert appliance().outcomes("EGR210", UDR) == [("pass", "nic-nva")]

    def test_one_that_does_not_forward_fails_and_is_named_once(self) -> None:
        assert appliance(forwards=False).outcomes("EGR210", UDR) == [("fail", "nic-nva")]

    def test_the_fix_lets_it_forward(self) -> None:
        nic = network_id("networkInterfaces", "nic-nva")
        found = fixes(appliance(forwards=False).findings("EGR210", UDR))
        assert found == [("before", f"az network nic update --ids {nic} --ip-forwarding true")]

    def test_behind_a_load_balancer_the_appliances_are_not_judged(self) -> None:
        shop = Shop.byo().routed(hop=NVA)
        shop.estate.internal_load_balancer("lb-nva", hub_subnet(), NVA)
        assert "not judged" in observed(shop, "EGR210")[0]

    def test_a_hop_inside_the_routed_subnet_fails(self) -> None:
        shop = Shop.byo().routed()
        shop.routed("snet-apps", hop="10.240.1.9")
        assert shop.outcomes("EGR210", UDR) == [("fail", "rt-snet-apps")]
        assert "snet-apps itself" in observed(shop, "EGR210")[0]

    def test_a_peering_that_is_not_connected_fails(self) -> None:
        shop = Shop.byo().routed()
        peering(shop)["peeringState"] = "Disconnected"
        assert shop.outcomes("EGR210", UDR) == [("fail", "to-hub")]

    def test_the_peering_to_the_firewalls_network_counts_whatever_it_carries(self) -> None:
        shop = Shop.byo().routed()
        peering(shop).update(peeringState="Disconnected", remoteAddressSpace=None)
        assert shop.outcomes("EGR210", UDR) == [("fail", "to-hub")]
        peering(shop)["peeringState"] = "Connected"
        assert shop.outcomes("EGR210", UDR) == [("pass", "fw-hub")]

    def test_a_hop_that_the_peering_does_not_carry_yet_fails_and_is_synced(self) -> None:
        shop = Shop.byo().routed()
        peering(shop)["remoteAddressSpace"] = {"addressPrefixes": ["10.2.0.0/16"]}
        found = shop.findings("EGR210", UDR)
        assert [finding.outcome for finding in found] == ["fail"]
        assert "which carries only 10.2.0.0/16" in (found[0].seen.observed or "")
        peering_id = f"{shop.network_id}/virtualNetworkPeerings/to-hub"
        assert fixes(found) == [("before", f"az network vnet peering sync --ids {peering_id}")]

    def test_the_same_holds_for_an_appliance(self) -> None:
        shop = appliance()
        peering(shop)["remoteAddressSpace"] = {"addressPrefixes": ["10.2.0.0/16"]}
        assert shop.outcomes("EGR210", UDR) == [("fail", "to-hub")]
        assert shop.outcomes("EGR204", UDR) == [("pass", "nic-nva")]

    def test_a_peering_out_of_sync_that_carries_the_hop_warns(self) -> None:
        shop = Shop.byo().routed()
        peering(shop)["peeringSyncLevel"] = "RemoteNotInSync"
        assert shop.outcomes("EGR210", UDR) == [("warn", "to-hub")]
        assert fixes(shop.findings("EGR210", UDR)) == []
        peering(shop)["peeringSyncLevel"] = "LocalNotInSync"
        assert len(fixes(shop.findings("EGR210", UDR))) == 1
        peering(shop)["peeringSyncLevel"] = "fullyInSync"
        assert shop.outcomes("EGR210", UDR) == [("pass", "fw-hub")]

    def test_a_peering_that_lets_nothing_through_fails(self) -> None:
        shop = Shop.byo().routed()
        peering(shop)["allowVirtualNetworkAccess"] = False
        found = shop.findings("EGR210", UDR)
        assert [finding.outcome for finding in found] == ["fail"]
        assert fixes(found)[0][1].endswith(" --set allowVirtualNetworkAccess=true")

    @pytest.mark.parametrize(("hop", "outcome"), [("None", "fail"), ("VirtualNetworkGateway", "pass")])
    def test_a_firewall_whose_own_subnet_drops_what_leaves_fails(self, hop: str, outcome: str) -> None:
        shop = Shop.byo().routed()
        table = shop.estate.route_table("rt-firewall", None, hop)
        shop.estate.attach(hub_subnet("AzureFirewallSubnet"), route_table=table)
        assert shop.outcome("EGR210", UDR) == outcome

    def test_a_peering_that_lost_its_other_side_is_made_anew_on_both(self) -> None:
        shop = Shop.byo().routed()
        peering(shop)["peeringState"] = "Disconnected"
        found = fixes(shop.findings("EGR210", UDR))
        assert [when for when, _ in found] == ["before"] * 3
        assert [command.split()[4] for _, command in found] == ["delete", "create", "create"]
        assert f"--remote-vnet {shop.network_id} " in found[2][1]

    def test_a_peering_that_waits_for_its_other_side_needs_only_that(self) -> None:
        shop = Shop.byo().routed()
        peering(shop)["peeringState"] = "Initiated"
        ((_, command),) = fixes(shop.findings("EGR210", UDR))
        assert command.startswith("az network vnet peering create ")
        assert "--vnet-name vnet-hub " in command

    def test_a_gateway_of_the_peer_that_is_used_stays_used(self) -> None:
        shop = Shop.byo().routed()
        peering(shop).update(peeringState="Disconnected", useRemoteGateways=True)
        assert "--use-remote-gateways" in fixes(shop.findings("EGR210", UDR))[1][1]

    def test_another_peering_that_is_not_connected_does_not_matter(self) -> None:
        shop = Shop.byo().routed()
        other = shop.estate.vnet("vnet-other", ["snet"], prefix="10.9")["snet"].rsplit("/subnets", 1)[0]
        shop.estate.peering(shop.network_id, other, state="Disconnected", name="to-other")
        assert shop.outcome("EGR210", UDR) == "pass"

    def test_a_deallocated_firewall_fails(self) -> None:
        shop = Shop.byo().routed()
        firewall(shop)["properties"]["ipConfigurations"] = []
        assert shop.outcomes("EGR210", UDR) == [("fail", "fw-hub")]
        assert shop.outcome("EGR204", UDR) == "skip"

    def test_the_fix_allocates_it_again_in_its_network(self) -> None:
        shop = Shop.byo().routed()
        firewall(shop)["properties"]["ipConfigurations"] = []
        ((when, command),) = fixes(shop.findings("EGR210", UDR))
        assert when == "before"
        assert command.startswith("az network firewall ip-config create ")
        assert command.endswith(
            "--firewall-name fw-hub --name ipconfig --public-ip-address '<public-ip>' --vnet-name vnet-hub"
        )

    def test_a_deallocated_firewall_of_another_group_is_not_blamed_where_one_is_near(self) -> None:
        shop = Shop.byo().routed()
        firewall(shop)["properties"]["ipConfigurations"] = []
        far = shop.estate.firewall("fw-far", "", shop.own_ip(), group="rg-far")
        shop.estate[far]["properties"]["ipConfigurations"] = []
        assert shop.outcomes("EGR210", UDR) == [("fail", "fw-hub")]

    @pytest.mark.parametrize("state", ["Updating", "Failed", None])
    def test_a_firewall_that_is_not_settled_warns(self, state: str | None) -> None:
        shop = Shop.byo().routed()
        firewall(shop)["properties"]["provisioningState"] = state
        assert shop.outcomes("EGR210", UDR) == [("warn", "fw-hub")]

    def test_an_address_that_nothing_has_is_judged_elsewhere(self) -> None:
        assert observed(Shop.byo().routed(hop="10.1.1.9"), "EGR210") == ["because of EGR204"]
        assert observed(Shop.byo().routed(hop="172.16.0.4"), "EGR210") == ["because of EGR204"]

    def test_where_the_hub_cannot_be_read_it_is_unknown_and_only_warns(self) -> None:
        shop = appliance(forwards=False)
        shop.arm.forbid(network_id("virtualNetworks", "vnet-hub"))
        assert shop.outcomes("EGR210", UDR) == [("unknown", "vnet-hub")]
        assert shop.report(UDR).verdict == "readyWithWarnings"

    def test_a_peering_that_is_not_connected_fails_though_the_hub_cannot_be_read(self) -> None:
        shop = appliance()
        peering(shop)["peeringState"] = "Disconnected"
        shop.arm.forbid(network_id("virtualNetworks", "vnet-hub"))
        assert shop.outcomes("EGR210", UDR) == [("fail", "to-hub"), ("unknown", "vnet-hub")]

    def test_without_a_table_it_is_moot(self) -> None:
        assert observed(Shop.byo(), "EGR210") == ["because of EGR201"]


def peering(shop: Shop) -> Any:
    (row,) = shop.estate[shop.network_id]["properties"]["virtualNetworkPeerings"]
    return row["properties"]
