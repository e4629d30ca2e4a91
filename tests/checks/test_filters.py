from __future__ import annotations

from typing import Any

import pytest

from tests.armsim.estate import isolated, network_id, node_group
from tests.builders import CLUSTER, Shop, fixes, outbound

LB, MNAT, UANAT = "loadBalancer", "managedNATGateway", "userAssignedNATGateway"
UDR, NONE, BLOCK = "userDefinedRouting", "none", "block"
DENY_INTERNET = outbound("deny-internet", 200, "Deny", "Internet")
NEEDED_TAGS = (
    *("AzureCloud.westeurope", "AzureResourceManager", "AzureActiveDirectory"),
    *("MicrosoftContainerRegistry", "AzureFrontDoor.FirstParty"),
)


def observed(shop: Shop, check_id: str, to: str) -> str:
    """What the findings of a check say, one a line."""
    return "\n".join(found.seen.observed or "" for found in shop.findings(check_id, to))


def vnet_without_nodes(shop: Shop, prefix: str) -> str:
    """Another network, with which nothing is peered yet."""
    return next(iter(shop.estate.vnet("vnet-dns", ["snet"], prefix=prefix).values())).rpartition("/subnets/")[0]


class TestEGR231NoRuleDeniesWhatNodesNeed:
    def test_a_subnet_without_a_group_passes(self) -> None:
        assert Shop.byo(UANAT).outcome("EGR231", LB) == "pass"

    def test_the_default_rules_pass(self) -> None:
        assert Shop.byo(UANAT).guarded().outcome("EGR231", LB) == "pass"

    @pytest.mark.parametrize("to", [LB, UANAT, UDR])
    def test_a_denied_internet_warns_once_for_a_group_on_two_subnets_and_names_the_rule(self, to: str) -> None:
        shop = Shop.byo(NONE).guarded(DENY_INTERNET)
        assert shop.outcomes("EGR231", to) == [("warn", "deny-internet")]
        said = observed(shop, "EGR231", to)
        assert "deny-internet (priority 200) of nsg-shop denies TCP 443 to the API server, " in said
        assert "Microsoft Container Registry" in said
        assert "right only where a proxy or private endpoints take its place" in said

    def test_it_warns_in_the_network_that_aks_made(self) -> None:
        shop = Shop.managed()
        subnet = next(found["id"] for found in shop.estate.resources.values() if found["name"] == "aks-subnet")
        shop.subnets = {"aks-subnet": subnet}
        assert shop.guarded(DENY_INTERNET).outcome("EGR231", MNAT) == "warn"

    def test_it_shows_the_rule_and_how_it_would_deny_less(self) -> None:
        shop = Shop.byo(UANAT).guarded(DENY_INTERNET)
        rule = f"{network_id('networkSecurityGroups', 'nsg-shop')}/securityRules/deny-internet"
        assert fixes(shop.findings("EGR231", LB)) == [
            ("before", f"az network nsg rule show --ids {rule}"),
            (
                "before",
                f"az network nsg rule update --ids {rule} --destination-address-prefixes '<what-must-stay-denied>'",
            ),
        ]

    def test_what_is_allowed_before_it_is_not_denied(self) -> None:
        shop = Shop.byo(UANAT).guarded(DENY_INTERNET, outbound("allow", 100, "Allow", "Internet", "443"))
        assert shop.outcome("EGR231", LB) == "pass"

    def test_tags_for_all_of_it_pass(self) -> None:
        allowed = [outbound(tag, 100 + row, "Allow", tag, "443") for row, tag in enumerate(NEEDED_TAGS)]
        assert Shop.byo(UANAT).guarded(*allowed, DENY_INTERNET).outcome("EGR231", LB) == "pass"

    @pytest.mark.parametrize("missing", NEEDED_TAGS)
    def test_each_of_them_is_needed(self, missing: str) -> None:
        tags = [tag for tag in NEEDED_TAGS if tag != missing]
        allowed = [outbound(tag, 100 + row, "Allow", tag, "443") for row, tag in enumerate(tags)]
        assert Shop.byo(UANAT).guarded(*allowed, DENY_INTERNET).outcome("EGR231", LB) == "warn"

    def test_ports_that_konnectivity_and_todays_nodes_do_not_need_may_be_denied(self) -> None:
        rules = [outbound(f"deny-{port}", port, "Deny", "*", str(port)) for port in (123, 1194)]
        shop = Shop.byo(UANAT).guarded(*rules, outbound("deny-9000", 300, "Deny", "*", "9000"))
        assert shop.outcome("EGR231", LB) == "pass"

    def test_a_rule_for_a_part_of_the_subnet_names_the_part(self) -> None:
        shop = Shop.byo(UANAT).guarded({**DENY_INTERNET, "sourceAddressPrefix": "10.240.1.0/25"})
        assert shop.outcomes("EGR231", LB) == [("warn", "deny-internet")]
        assert "denies from 10.240.1.0/25 TCP 443" in observed(shop, "EGR231", LB)

    def test_a_rule_for_an_application_security_group_may_deny(self) -> None:
        members = {"sourceAddressPrefix": None, "sourceApplicationSecurityGroups": [{"id": "/asg"}]}
        shop = Shop.byo(UANAT).guarded({**DENY_INTERNET, **members})
        assert "may deny TCP 443" in observed(shop, "EGR231", LB)

    def test_where_a_table_routes_the_internet_the_virtual_network_holds_it(self) -> None:
        allow = outbound("allow-network", 100, "Allow", "VirtualNetwork")
        shop = Shop.byo().routed().guarded(allow, DENY_INTERNET)
        assert (shop.outcome("EGR231", UDR), shop.outcome("EGR231", UANAT)) == ("pass", "warn")

    def test_a_private_cluster_without_the_internets_artifacts_needs_dns_alone(self) -> None:
        shop = Shop.byo(NONE, **isolated()).guarded(DENY_INTERNET)
        assert shop.outcome("EGR231", LB) == "pass"
        assert shop.guarded(outbound("deny", 100, "Deny", "AzurePlatformDNS")).outcome("EGR231", LB) == "warn"

    def test_a_dns_server_of_ones_own_is_needed(self) -> None:
        deny = outbound("deny-dns", 100, "Deny", "10.0.0.0/8", "53", protocol="Udp")
        shop = Shop.byo(UANAT).dns("10.240.9.4", "10.240.9.5").guarded(deny)
        assert "UDP 53 to DNS server 10.240.9.4, DNS server 10.240.9.5;" in observed(shop, "EGR231", LB)

    def test_azures_own_is_reached_whatever_denies_everything_else(self) -> None:
        shop = Shop.byo(UANAT).dns("168.63.129.16").guarded(outbound("deny-dns", 100, "Deny", "*", "53"))
        assert shop.outcome("EGR231", LB) == "pass"

    def test_a_rule_that_denies_names_and_images_is_one_finding(self) -> None:
        shop = Shop.byo(UANAT).dns("10.240.9.4").guarded(outbound("deny-all", 100, "Deny", "*"))
        assert shop.outcomes("EGR231", LB) == [("warn", "deny-all")]
        assert "TCP 443 to the API server" in observed(shop, "EGR231", LB)
        assert "UDP 53 to DNS server 10.240.9.4" in observed(shop, "EGR231", LB)

    def test_an_http_proxy_is_needed_at_its_port(self) -> None:
        shop = Shop.byo(UANAT, httpProxyConfig={"httpProxy": "http://u:secret@10.240.9.8:3128"})
        shop.guarded(outbound("deny-3128", 100, "Deny", "*", "3000-4000"))
        assert "TCP 3128 to HTTP proxy 10.240.9.8" in observed(shop, "EGR231", LB)
        assert "secret" not in observed(shop, "EGR231", LB)

    def test_the_rules_that_aks_made_for_block_go_with_the_move(self) -> None:
        shop = Shop.managed(BLOCK, **isolated())
        subnet = next(found["id"] for found in shop.estate.resources.values() if found["name"] == "aks-subnet")
        shop.estate.attach(subnet, nsg=shop.estate.nsg("nsg-block", [DENY_INTERNET], group=node_group(CLUSTER)))
        assert shop.outcome("EGR231", LB) == "skip"

    def test_a_group_that_cannot_be_read_is_unknown_and_only_warns(self) -> None:
        shop = Shop.byo(UANAT).guarded(DENY_INTERNET)
        shop.arm.forbid(network_id("networkSecurityGroups", "nsg-shop"))
        assert shop.outcomes("EGR231", LB) == [("unknown", "nsg-shop")]
        assert shop.report(LB).verdict == "readyWithWarnings"

    def test_a_subnet_that_cannot_be_read_is_unknown_and_the_others_are_judged(self) -> None:
        shop = Shop.byo(UANAT).guarded(DENY_INTERNET).forbid("snet-system")
        assert shop.outcomes("EGR231", LB) == [("unknown", "snet-system"), ("warn", "deny-internet")]

    def test_what_is_known_is_said_before_what_is_not(self) -> None:
        shop = Shop.byo(UANAT).guarded(DENY_INTERNET).dns("dns.example.com")
        assert shop.outcomes("EGR231", LB) == [("warn", "deny-internet"), ("unknown", "vnet-shop")]

    def test_a_subnet_without_a_range_is_unknown(self) -> None:
        shop = Shop.byo(UANAT).guarded()
        shop.estate[shop.subnets["snet-apps"]]["properties"]["addressPrefix"] = "nonsense"
        assert shop.outcomes("EGR231", LB) == [("unknown", "snet-apps")]

    def test_a_group_written_in_two_letter_cases_is_one_finding(self) -> None:
        shop = Shop.byo(UANAT).guarded(DENY_INTERNET)
        link = shop.estate[shop.subnets["snet-apps"]]["properties"]["networkSecurityGroup"]
        link["id"] = link["id"].upper()
        assert shop.outcomes("EGR231", LB) == [("warn", "deny-internet")]


class TestEGR232DnsServersStayReachable:
    @pytest.mark.parametrize("to", [UDR, NONE])
    def test_azures_own_dns_passes(self, to: str) -> None:
        assert Shop.byo(**isolated()).routed().outcome("EGR232", to) == "pass"
        assert Shop.byo(**isolated()).routed().dns("168.63.129.16").outcome("EGR232", to) == "pass"

    @pytest.mark.parametrize("to", [UDR, NONE])
    def test_a_server_in_the_network_passes(self, to: str) -> None:
        assert Shop.byo().routed().dns("10.240.9.4").outcome("EGR232", to) == "pass"

    def test_a_server_in_a_connected_peer_passes(self) -> None:
        assert Shop.byo().routed().dns("10.1.0.5").outcome("EGR232", UDR) == "pass"

    def test_a_peering_that_is_not_connected_reaches_nothing(self) -> None:
        shop = Shop.byo().routed().dns("10.1.0.5")
        shop.estate[shop.network_id]["properties"]["virtualNetworkPeerings"][0]["properties"]["peeringState"] = "x"
        assert shop.outcome("EGR232", UDR) == "warn"

    @pytest.mark.parametrize("server", ["172.16.0.4", "8.8.8.8", "10.9.0.4"])
    def test_a_server_elsewhere_is_behind_the_new_hop(self, server: str) -> None:
        shop = Shop.byo().routed().dns(server, "10.240.9.4")
        assert shop.outcomes("EGR232", UDR) == [("warn", "vnet-shop")]
        assert f"{server} is behind the new next hop" in observed(shop, "EGR232", UDR)

    @pytest.mark.parametrize(("prefix", "outcome"), [("10.1.0.0/16", "warn"), ("10.0.0.0/8", "pass")])
    def test_a_route_of_ones_own_goes_before_a_peering_unless_it_is_wider(self, prefix: str, outcome: str) -> None:
        shop = Shop.byo().routed().dns("10.1.0.5")
        table = shop.estate[shop.subnets["snet-apps"]]["properties"]["routeTable"]["id"]
        route = {"addressPrefix": prefix, "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.1.0.4"}
        shop.estate[table]["properties"]["routes"].append({"name": "to-hub", "properties": route})
        assert shop.outcome("EGR232", UDR) == outcome

    @pytest.mark.parametrize(("shop", "to"), [(Shop.byo(), NONE), (Shop.managed(), BLOCK)])
    def test_a_public_server_fails_where_no_way_out_stays(self, shop: Shop, to: str) -> None:
        shop.set(**isolated(privateDNSZone="none")).dns("10.240.9.4", "8.8.8.8")
        (finding,) = shop.findings("EGR232", to)
        assert finding.outcome == "fail"
        assert f"8.8.8.8 is on the internet, to which {to} leaves no way" in (finding.seen.observed or "")
        assert "az network vnet update --ids " in fixes([finding])[0][1]

    def test_a_public_server_warns_where_a_way_out_stays(self) -> None:
        shop = Shop.byo(UANAT, **isolated(privateDNSZone="none")).dns("8.8.8.8")
        assert shop.outcomes("EGR232", NONE) == [("warn", "vnet-shop")]
        assert "(natGateway)" in observed(shop, "EGR232", NONE)

    def test_a_way_out_of_some_subnets_is_not_enough(self) -> None:
        shop = Shop.byo(**isolated(privateDNSZone="none")).gated("snet-apps").dns("8.8.8.8")
        assert shop.outcome("EGR232", NONE) == "fail"

    def test_a_public_server_is_unknown_where_a_route_may_come_by_bgp(self) -> None:
        shop = Shop.byo(**isolated(privateDNSZone="none")).learning().dns("8.8.8.8")
        assert shop.outcome("EGR232", NONE) == "unknown"

    def test_a_public_range_that_the_network_itself_uses_is_no_internet(self) -> None:
        shop = Shop.byo(**isolated(privateDNSZone="none")).dns("20.0.0.4")
        shop.estate[shop.network_id]["properties"]["addressSpace"]["addressPrefixes"].append("20.0.0.0/24")
        assert shop.outcome("EGR232", NONE) == "pass"

    def test_private_servers_elsewhere_are_not_reached_by_the_path_that_is_left(self) -> None:
        shop = Shop.byo(**isolated(privateDNSZone="none")).dns("172.16.0.4")
        assert shop.outcome("EGR232", NONE) == "pass"

    @pytest.mark.parametrize("to", [UDR, NONE])
    @pytest.mark.parametrize("zone", [{}, {"privateDNSZone": "system"}])
    def test_a_private_zone_must_be_resolved_by_ones_own_servers(self, to: str, zone: dict[str, Any]) -> None:
        shop = Shop.byo(**isolated(**zone)).routed().dns("10.240.9.4")
        assert shop.outcomes("EGR232", to) == [("warn", "vnet-shop")]
        assert "forward it to 168.63.129.16" in observed(shop, "EGR232", to)
        ((when, command),) = fixes(shop.findings("EGR232", to))
        assert when == "before"
        assert command.startswith("az network private-dns zone list ")
        assert command.endswith(f"--resource-group {node_group(CLUSTER)}")

    def test_the_links_of_a_zone_of_ones_own_are_shown(self) -> None:
        zone = network_id("privateDnsZones", "privatelink.westeurope.azmk8s.io", "rg-dns")
        shop = Shop.byo(**isolated(privateDNSZone=zone)).dns("10.240.9.4")
        ((_, command),) = fixes(shop.findings("EGR232", NONE))
        assert command.startswith("az network private-dns link vnet list ")
        assert command.endswith("--resource-group rg-dns --zone-name privatelink.westeurope.azmk8s.io")

    @pytest.mark.parametrize("access", [{"privateDNSZone": "None"}, {"enablePrivateCluster": False}])
    def test_without_a_private_zone_there_is_none_to_resolve(self, access: dict[str, Any]) -> None:
        assert Shop.byo(**isolated(**access)).dns("10.240.9.4").outcome("EGR232", NONE) == "pass"

    def test_each_network_is_judged_once(self) -> None:
        shop = Shop.byo(**isolated(privateDNSZone="none"))
        pods = shop.estate.vnet("vnet-pods", ["snet-pods"], prefix="10.250", dns=["8.8.4.4"])["snet-pods"]
        shop.pool("apps", podSubnetID=pods).dns("8.8.8.8")
        assert shop.outcomes("EGR232", NONE) == [("fail", "vnet-shop"), ("fail", "vnet-pods")]

    def test_a_network_written_in_two_letter_cases_is_one_finding(self) -> None:
        shop = Shop.byo(**isolated(privateDNSZone="none")).dns("8.8.8.8")
        shop.pool("apps", vnetSubnetID=shop.subnets["snet-apps"].upper())
        assert shop.outcomes("EGR232", NONE) == [("fail", "vnet-shop")]

    @pytest.mark.parametrize("to", [UDR, NONE])
    def test_a_network_that_cannot_be_read_leaves_the_verdict_open(self, to: str) -> None:
        shop = Shop.byo(**isolated()).routed()
        shop.arm.forbid(shop.network_id)
        assert shop.outcome("EGR232", to) == "unknown"
        assert shop.report(to).verdict == "undetermined"

    def test_a_pool_that_names_no_subnet_is_unknown(self) -> None:
        shop = Shop.byo().routed().pool("apps", vnetSubnetID=None)
        assert ("unknown", "apps") in shop.outcomes("EGR232", UDR)

    @pytest.mark.parametrize("to", [UDR, BLOCK])
    def test_a_cluster_whose_network_is_not_there_has_no_servers(self, to: str) -> None:
        (finding,) = without_network().findings("EGR232", to)
        assert (finding.outcome, finding.seen.observed) == ("skip", "no virtual network of the cluster was found")

    def test_networks_that_cannot_be_listed_are_unknown(self) -> None:
        shop = Shop.managed(**isolated())
        shop.arm.forbid(network_id("virtualNetworks", "x", node_group(CLUSTER)).rpartition("/")[0])
        assert shop.outcome("EGR232", BLOCK) == "unknown"

    def test_the_zone_that_aks_made_is_called_so(self) -> None:
        said = observed(Shop.byo(**isolated()).dns("10.240.9.4"), "EGR232", NONE)
        assert "must resolve the API server's private DNS zone, which AKS made: " in said

    def test_a_server_that_is_no_address_is_unknown(self) -> None:
        assert Shop.byo().routed().dns("dns.example.com").outcome("EGR232", UDR) == "unknown"

    def test_beside_a_public_one_that_fails_it_is_unknown_too(self) -> None:
        shop = Shop.byo(**isolated(privateDNSZone="none")).dns("dns.example.com", "8.8.8.8")
        assert shop.outcomes("EGR232", NONE) == [("fail", "vnet-shop"), ("unknown", "vnet-shop")]

    @pytest.mark.parametrize("odd", [None, "8.8.8.8", {"dnsServers": None}, {"dnsServers": [None, 7, {}]}])
    def test_odd_answers_name_no_server(self, odd: object) -> None:
        shop = Shop.byo().routed()
        shop.estate[shop.network_id]["properties"]["dhcpOptions"] = odd
        assert shop.outcome("EGR232", UDR) == "pass"


def without_network() -> Shop:
    """A cluster in whose node resource group no virtual network is listed."""
    shop = Shop.managed(**isolated())
    rows = shop.estate.resources
    shop.estate.resources = {key: row for key, row in rows.items() if "/virtualnetworks/" not in key}
    return shop


def proxied(shop: Shop, url: str, key: str = "httpProxy", **more: Any) -> Shop:
    """The cluster with an HTTP proxy."""
    return shop.set(httpProxyConfig={key: url, **more})
