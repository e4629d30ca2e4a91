from __future__ import annotations

from typing import Any

import pytest

from tests.armsim.estate import OTHER_SUBSCRIPTION, SUBSCRIPTION, cluster_id, isolated, network_id
from tests.builders import Shop, aks_rule, fixes, node_rule

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


def ruled(*rules: Any, parent: str | None = None, **options: Any) -> Shop:
    """A cluster behind a firewall with only these rules."""
    shop = Shop.byo().routed()
    shop.estate.resources.pop(f"{policy_id(shop)}/rulecollectiongroups/rules".lower())
    shop.estate.firewall_policy("fwpol-hub", rules, parent, **options)
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


class TestEGR209FirewallLetsThrough:
    def test_the_tag_and_a_network_rule_pass(self) -> None:
        assert Shop.byo().routed().outcomes("EGR209", UDR) == [("pass", "fwpol-hub")]

    def test_a_policy_that_allows_nothing_fails_for_each_subnet(self) -> None:
        shop = ruled()
        assert shop.outcomes("EGR209", UDR) == [("fail", "fwpol-hub")] * 2
        assert [text.rsplit(" ", 1)[1] for text in observed(shop, "EGR209")] == ["snet-system", "snet-apps"]

    def test_rules_for_other_sources_fail_as_well(self) -> None:
        assert {outcome for outcome, _ in ruled(node_rule("10.9.0.0/16")).outcomes("EGR209", UDR)} == {"fail"}

    def test_rules_for_one_of_the_subnets_fail_for_the_other(self) -> None:
        shop = ruled(node_rule("10.240.0.0/24"))
        assert shop.outcomes("EGR209", UDR) == [("fail", "fwpol-hub")]
        assert "from snet-apps" in observed(shop, "EGR209")[0]

    def test_the_tag_alone_does_not_let_pods_reach_the_api_servers_address(self) -> None:
        shop = ruled(aks_rule())
        assert {outcome for outcome, _ in shop.outcomes("EGR209", UDR)} == {"warn"}
        assert "API server's address:443 for pods" in observed(shop, "EGR209")[0]
        assert "ntp.ubuntu.com:123 UDP" in observed(shop, "EGR209")[0]

    def test_of_a_private_cluster_the_api_servers_address_is_not_needed(self) -> None:
        shop = ruled(aks_rule(), node_rule(ports=["123"], protocol="UDP"))
        shop.set(apiServerAccessProfile={"enablePrivateCluster": True})
        assert shop.outcome("EGR209", UDR) == "pass"

    @pytest.mark.parametrize("tag", ["AzureCloud", "AzureCloud.westeurope", "azurecloud.WestEurope"])
    def test_the_service_tag_of_the_region_holds_the_api_servers_address(self, tag: str) -> None:
        rule = {**node_rule(ports=["443"], protocol="TCP"), "destinationAddresses": [tag]}
        assert ruled(aks_rule(), rule, node_rule(ports=["123"])).outcome("EGR209", UDR) == "pass"

    @pytest.mark.parametrize("tag", ["AzureCloud.northeurope", "AzureMonitor"])
    def test_another_service_tag_does_not(self, tag: str) -> None:
        rule = {**node_rule(ports=["443"], protocol="TCP"), "destinationAddresses": [tag]}
        shop = ruled(aks_rule(), rule, node_rule(ports=["123"]))
        assert {outcome for outcome, _ in shop.outcomes("EGR209", UDR)} == {"warn"}

    def test_the_api_servers_own_name_in_a_network_rule_holds_its_address(self) -> None:
        rule = {**node_rule(ports=["443"], protocol="TCP"), "destinationAddresses": []}
        rule["destinationFqdns"] = ["aks-shop.hcp.westeurope.azmk8s.io"]
        assert ruled(aks_rule(), rule, node_rule(ports=["123"])).outcome("EGR209", UDR) == "pass"

    def test_an_address_that_may_be_the_api_servers_leaves_it_unknown(self) -> None:
        rule = {**node_rule(ports=["443"], protocol="TCP"), "destinationAddresses": ["20.76.1.2"]}
        shop = ruled(aks_rule(), rule, node_rule(ports=["123"]))
        assert {outcome for outcome, _ in shop.outcomes("EGR209", UDR)} == {"unknown"}

    def test_a_name_that_is_missing_is_listed(self) -> None:
        names = ["mcr.microsoft.com", "*.azure.com", "login.microsoftonline.com", "*.mcr-msedge.net", "*.azmk8s.io"]
        rule = {**aks_rule(), "fqdnTags": [], "targetFqdns": [*names, "*.microsoft.com", "*.azureedge.net"]}
        shop = ruled(rule, node_rule(ports=["123"]))
        assert "does not let the API server's address:443 for pods through" in observed(shop, "EGR209")[0]
        rule["targetFqdns"].remove("mcr.microsoft.com")
        rule["targetFqdns"].remove("*.microsoft.com")
        found = observed(ruled(rule, node_rule(ports=["123"]), node_rule(ports=["443"], protocol="UDP")), "EGR209")[0]
        assert "*.data.mcr.microsoft.com:443, mcr.microsoft.com:443 and 1 more" in found

    def test_a_custom_dns_server_behind_the_firewall_needs_a_rule(self) -> None:
        shop = ruled(aks_rule(), node_rule(ports=["123", "443"]))
        shop.estate[shop.network_id]["properties"]["dhcpOptions"] = {"dnsServers": ["172.16.0.5"]}
        assert "DNS server 172.16.0.5:53 UDP" in observed(shop, "EGR209")[0]

    @pytest.mark.parametrize("server", ["10.240.0.5", "10.1.0.4", "168.63.129.16"])
    def test_a_dns_server_in_the_network_or_a_peer_needs_none(self, server: str) -> None:
        shop = ruled(aks_rule(), node_rule(ports=["123", "443"]))
        shop.estate[shop.network_id]["properties"]["dhcpOptions"] = {"dnsServers": [server]}
        assert shop.outcome("EGR209", UDR) == "pass"

    def test_a_parents_rules_count(self) -> None:
        shop = ruled()
        parent = shop.estate.firewall_policy("fwpol-base", [aks_rule(), node_rule()])
        shop.estate[policy_id(shop)]["properties"]["basePolicy"] = {"id": parent}
        assert shop.outcome("EGR209", UDR) == "pass"

    def test_a_parents_denial_goes_before_a_childs_permission(self) -> None:
        shop = Shop.byo().routed()
        parent = shop.estate.firewall_policy("fwpol-base", [node_rule()], action="Deny")
        shop.estate[policy_id(shop)]["properties"]["basePolicy"] = {"id": parent}
        assert {outcome for outcome, _ in shop.outcomes("EGR209", UDR)} == {"fail"}

    @pytest.mark.parametrize(("ports", "protocol"), [(["123"], "UDP"), (["53"], "UDP"), (["80"], "TCP")])
    def test_what_is_no_https_does_not_make_it_better(self, ports: list[str], protocol: str) -> None:
        shop = ruled(node_rule(ports=ports, protocol=protocol)).dns("172.16.0.5")
        assert shop.outcomes("EGR209", UDR) == [("fail", "fwpol-hub")] * 2
        assert shop.report(UDR).verdict == "blocked"

    def test_it_says_that_it_is_https_where_something_else_gets_through(self) -> None:
        assert "let any HTTPS that AKS needs through" in observed(ruled(node_rule(ports=["123"])), "EGR209")[0]

    def test_the_address_of_the_api_server_is_something(self) -> None:
        rule = {**node_rule(ports=["443"], protocol="TCP"), "destinationAddresses": []}
        rule["destinationFqdns"] = ["aks-shop.hcp.westeurope.azmk8s.io"]
        assert {outcome for outcome, _ in ruled(rule).outcomes("EGR209", UDR)} == {"warn"}

    def test_the_rule_that_denies_is_named_and_no_allow_behind_it_is_proposed(self) -> None:
        shop = ruled(node_rule(), action="Deny")
        shop.estate[f"{policy_id(shop)}/ruleCollectionGroups/rules"]["properties"]["priority"] = 100
        found = shop.findings("EGR209", UDR)
        assert (found[0].seen.observed or "").endswith(": denied by rule nodes of rules in fwpol-hub")
        assert fixes(found) == []

    def test_of_a_parents_denial_neither(self) -> None:
        shop = Shop.byo().routed()
        parent = shop.estate.firewall_policy("fwpol-base", [node_rule()], action="Deny")
        shop.estate[policy_id(shop)]["properties"]["basePolicy"] = {"id": parent}
        found = shop.findings("EGR209", UDR)
        assert (found[0].seen.observed or "").endswith(": denied by rule nodes of rules in fwpol-base")
        assert fixes(found) == []

    def test_what_stands_before_a_denial_is_proposed(self) -> None:
        found = ruled(aks_rule(), node_rule(ports=["123"], protocol="UDP"), action="Deny").findings("EGR209", UDR)
        commands = [command for _, command in fixes(found)[:4]]
        assert "--name aks-egress --priority 100" in commands[0]
        assert len(commands) == 4
        assert [row.seen.observed for row in found if "denied by rule nodes" in (row.seen.observed or "")]

    def test_where_a_network_rule_denies_all_no_names_are_opened_behind_it(self) -> None:
        commands = [command for _, command in fixes(ruled(node_rule(), action="Deny").findings("EGR209", UDR))]
        assert commands
        assert not [command for command in commands if "ApplicationRule" in command]

    def test_the_denial_of_a_classic_rule_is_named_too(self) -> None:
        shop = Shop.byo().routed()
        classic(shop, aks_rule())
        firewall(shop)["properties"]["networkRuleCollections"][0]["properties"]["action"] = {"type": "Deny"}
        found = shop.findings("EGR209", UDR)
        assert (found[0].seen.observed or "").endswith(": denied by rule nodes of rules in fw-hub")
        assert fixes(found) == []

    def test_a_parent_that_cannot_be_read_leaves_it_unknown_and_only_warns(self) -> None:
        shop = Shop.byo().routed()
        parent = shop.estate.firewall_policy("fwpol-base", [node_rule()], action="Deny")
        shop.estate[policy_id(shop)]["properties"]["basePolicy"] = {"id": parent}
        shop.arm.forbid(parent)
        (finding,) = shop.findings("EGR209", UDR)
        assert finding.outcome == "unknown"
        assert "/fwpol-base/" in (finding.seen.resource or "")
        assert shop.report(UDR).verdict == "readyWithWarnings"

    def test_a_policy_that_cannot_be_read_is_unknown(self) -> None:
        shop = Shop.byo().routed()
        shop.arm.forbid(policy_id(shop))
        assert {outcome for outcome, _ in shop.outcomes("EGR209", UDR)} == {"unknown"}

    def test_an_appliance_of_ones_own_is_unknown(self) -> None:
        assert appliance().outcomes("EGR209", UDR) == [("unknown", "nic-nva")]

    def test_one_that_cannot_forward_is_judged_elsewhere(self) -> None:
        assert observed(appliance(forwards=False), "EGR209") == ["because of EGR210"]

    def test_an_address_that_nothing_has_is_judged_elsewhere(self) -> None:
        assert observed(Shop.byo().routed(hop="10.1.1.9"), "EGR209") == ["because of EGR204"]

    def test_a_deallocated_firewall_is_judged_elsewhere(self) -> None:
        shop = Shop.byo().routed()
        firewall(shop)["properties"]["ipConfigurations"] = []
        assert observed(shop, "EGR209") == ["because of EGR210"]

    def test_classic_rules_are_judged_too(self) -> None:
        shop = Shop.byo().routed()
        classic(shop, aks_rule())
        assert shop.outcomes("EGR209", UDR) == [("pass", "fw-hub")]
        firewall(shop)["properties"]["networkRuleCollections"] = []
        assert {outcome for outcome, _ in shop.outcomes("EGR209", UDR)} == {"warn"}

    def test_a_firewall_without_any_rule_fails(self) -> None:
        shop = Shop.byo().routed()
        firewall(shop)["properties"].pop("firewallPolicy")
        assert shop.outcomes("EGR209", UDR) == [("fail", "fw-hub")] * 2

    def test_ip_groups_are_resolved(self) -> None:
        shop = ruled(aks_rule(), {**node_rule(), "sourceAddresses": [], "sourceIpGroups": [group_id()]})
        shop.estate.add(group_id(), {"ipAddresses": ["10.240.0.0/16"]})
        assert shop.outcome("EGR209", UDR) == "pass"

    def test_ip_groups_that_cannot_be_read_leave_it_unknown(self) -> None:
        shop = ruled(aks_rule(), {**node_rule(), "sourceAddresses": [], "sourceIpGroups": [group_id()]})
        shop.arm.forbid(f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Network/ipGroups")
        assert shop.outcomes("EGR209", UDR) == [("unknown", "ipGroups")]

    def test_behind_an_http_proxy_nothing_let_through_only_warns(self) -> None:
        shop = ruled().set(httpProxyConfig={"httpProxy": "http://proxy.example:3128"})
        assert {outcome for outcome, _ in shop.outcomes("EGR209", UDR)} == {"warn"}

    def test_a_network_isolated_cluster_needs_nothing(self) -> None:
        assert ruled().set(**isolated()).outcome("EGR209", UDR) == "skip"

    @pytest.mark.parametrize(
        ("rules", "outcome"),
        [
            ([], "fail"),
            ([aks_rule()], "warn"),
            ([node_rule(ports=["443"], protocol="TCP")], "unknown"),
        ],
    )
    def test_where_the_clusters_own_list_cannot_be_read_the_documented_one_is_not_enough_to_pass(
        self, rules: list[Any], outcome: str
    ) -> None:
        shop = ruled(*rules)
        shop.arm.forbid(f"{cluster_id('aks-shop')}/outboundNetworkDependenciesEndpoints")
        assert {found for found, _ in shop.outcomes("EGR209", UDR)} == {outcome}

    def test_a_firewall_in_another_subscription_is_read_there(self) -> None:
        shop = Shop.byo()
        hub = shop.estate.vnet("vnet-far", ["AzureFirewallSubnet"], prefix="10.5", subscription=OTHER_SUBSCRIPTION)
        shop.estate.peering(shop.network_id, hub["AzureFirewallSubnet"].rsplit("/subnets", 1)[0])
        ip = shop.estate.public_ip("pip-far", subscription=OTHER_SUBSCRIPTION)
        made = shop.estate.firewall(
            "fw-far", "10.5.0.4", ip, subnet=hub["AzureFirewallSubnet"], subscription=OTHER_SUBSCRIPTION
        )
        shop.routed(hop="10.5.0.4")
        assert shop.outcomes("EGR209", UDR) == [("fail", "fw-far")] * 2
        assert shop.findings("EGR209", UDR)[0].seen.resource == made

    def test_the_fix_opens_names_by_the_tag_and_addresses_by_network_rules_before_the_move(self) -> None:
        found = fixes(ruled().findings("EGR209", UDR))[:4]
        policy = "az network firewall policy rule-collection-group"
        assert [when for when, _ in found] == ["before"] * 4
        assert [command.split(" --")[0] for _, command in found] == [
            f"{policy} create",
            f"{policy} collection add-filter-collection",
            f"{policy} collection add-filter-collection",
            f"{policy} collection rule add",
        ]
        assert found[1][1].endswith("--protocols Http=80 Https=443 --fqdn-tags AzureKubernetesService")
        assert "--source-addresses 10.240.0.0/24 10.240.1.0/24 " in found[1][1]
        assert "--destination-addresses AzureCloud.westeurope --destination-ports 443" in found[3][1]

    def test_the_fix_takes_a_priority_that_is_free(self) -> None:
        shop = ruled(aks_rule("10.9.0.0/16"))
        shop.estate[f"{policy_id(shop)}/ruleCollectionGroups/rules"]["properties"]["priority"] = 100
        assert fixes(shop.findings("EGR209", UDR))[0][1].endswith("--name aks-egress --priority 200")

    def test_the_fix_of_a_firewall_with_classic_rules_is_classic(self) -> None:
        shop = Shop.byo().routed()
        firewall(shop)["properties"].pop("firewallPolicy")
        commands = [command.split(" --")[0] for _, command in fixes(shop.findings("EGR209", UDR))[:3]]
        assert commands == [
            "az network firewall application-rule create",
            *["az network firewall network-rule create"] * 2,
        ]

    def test_what_is_in_order_needs_no_fix(self) -> None:
        assert fixes(Shop.byo().routed().findings("EGR209", UDR)) == []

    @pytest.mark.parametrize("odd", [None, 5, "text", [None], [{}], [{"rules": None}], [{"rules": [{}], "action": 1}]])
    def test_odd_rules_allow_nothing(self, odd: object) -> None:
        shop = ruled(aks_rule())
        shop.estate[f"{policy_id(shop)}/ruleCollectionGroups/rules"]["properties"]["ruleCollections"] = odd
        assert {outcome for outcome, _ in shop.outcomes("EGR209", UDR)} == {"fail"}

    def test_without_a_table_it_is_moot(self) -> None:
        assert observed(Shop.byo(), "EGR209") == ["because of EGR201"]


def classic(shop: Shop, application: Any) -> None:
    """The firewall has rules of its own instead of a policy."""
    properties = firewall(shop)["properties"]
    properties.pop("firewallPolicy")
    packets = {**node_rule(), "protocols": ["Any"]}
    packets.pop("ipProtocols")
    for key, rule in (("networkRuleCollections", packets), ("applicationRuleCollections", application)):
        settings = {"priority": 100, "action": {"type": "Allow"}, "rules": [rule]}
        properties[key] = [{"name": "rules", "properties": settings}]


def group_id() -> str:
    return network_id("ipGroups", "ipg-nodes")
