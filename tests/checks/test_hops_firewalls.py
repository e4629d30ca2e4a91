from __future__ import annotations

from typing import Any

import pytest

from tests.armsim.estate import OTHER_SUBSCRIPTION, SUBSCRIPTION, cluster_id, isolated, network_id
from tests.builders import Shop, aks_rule, fixes, node_rule
from tests.checks.test_hops import appliance, firewall, observed, policy_id

UDR = "userDefinedRouting"


def ruled(*rules: Any, parent: str | None = None, **options: Any) -> Shop:
    """A cluster behind a firewall with only these rules."""
    shop = Shop.byo().routed()
    shop.estate.resources.pop(f"{policy_id(shop)}/rulecollectiongroups/rules".lower())
    shop.estate.firewall_policy("fwpol-hub", rules, parent, **options)
    return shop


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
