from __future__ import annotations

from typing import Any

import pytest

from tests.armsim.estate import cluster_id, isolated, node_group, scope
from tests.builders import CLUSTER, NAMED, Shop, fixes

LB, MNAT, UANAT, UDR = "loadBalancer", "managedNATGateway", "userAssignedNATGateway", "userDefinedRouting"
NETWORK = f"{scope(node_group(CLUSTER))}/providers/Microsoft.Network"
BALANCERS, PUBLIC_IPS = f"{NETWORK}/loadBalancers", f"{NETWORK}/publicIPAddresses"
BALANCER = f"{BALANCERS}/kubernetes"
OF_THE_BALANCER = (
    f"--subscription {scope('').split('/')[2]} --resource-group {node_group(CLUSTER)} --lb-name kubernetes"
)


def served(shop: Shop, *names: str) -> list[str]:
    """Public Services on AKS's load balancer; the ids of their public IPs."""
    return [shop.estate.service(cluster_id(CLUSTER), name) for name in names or ("web",)]


class TestEGR208PublicServicesAreAnswered:
    def test_without_services_it_passes_though_the_load_balancer_carries_egress(self) -> None:
        assert Shop.byo().routed().outcome("EGR208", UDR) == "pass"

    def test_without_a_load_balancer_it_passes(self) -> None:
        assert Shop.byo(UANAT).outcome("EGR208", UDR) == "pass"

    def test_a_list_without_the_load_balancer_that_carries_egress_is_unknown(self) -> None:
        shop = Shop.byo().routed()
        del shop.estate.resources[BALANCER.lower()]
        assert shop.outcomes("EGR208", UDR) == [("unknown", "loadBalancers")]
        (finding,) = shop.findings("EGR208", UDR)
        assert "the list has no load balancer kubernetes" in (finding.seen.observed or "")

    def test_what_another_one_takes_is_said_all_the_same(self) -> None:
        shop = Shop.byo().routed()
        served(shop)
        row = shop.estate.resources.pop(BALANCER.lower())
        other = f"{BALANCERS}/other"
        shop.estate.resources[other.lower()] = {**row, "id": other, "name": "other"}
        assert shop.outcomes("EGR208", UDR) == [("warn", "kubernetes-web"), ("unknown", "loadBalancers")]

    def test_each_public_service_warns_with_its_address_and_name(self) -> None:
        shop = Shop.byo().routed()
        web, _ = served(shop, "web", "shop")
        address = shop.estate[web]["properties"]["ipAddress"]
        shop_row, web_row = shop.findings("EGR208", UDR)
        assert (web_row.outcome, web_row.seen.resource) == ("warn", web)
        assert web_row.seen.observed == f"{address} takes traffic for Service default/web"
        assert (shop_row.seen.resource or "").endswith("/kubernetes-shop")

    def test_the_fix_makes_the_service_internal_at_an_address_that_the_firewall_can_know_before(self) -> None:
        shop = Shop.byo().routed()
        served(shop)
        ((when, command),) = fixes(shop.findings("EGR208", UDR))
        assert when == "before"
        assert command.startswith("az aks command invoke --subscription ")
        assert "kubectl annotate service web -n default --overwrite" in command
        assert "azure-load-balancer-internal=true" in command

    @pytest.mark.parametrize("tag", [None, "", "web", "default/web; rm -rf /", "../web", 7])
    def test_a_tag_that_names_no_service_is_never_part_of_a_command(self, tag: Any) -> None:
        shop = Shop.byo().routed()
        (web,) = served(shop)
        shop.estate[web]["tags"]["k8s-azure-service"] = tag
        assert shop.outcome("EGR208", UDR) == "warn"
        assert fixes(shop.findings("EGR208", UDR)) == []

    def test_services_that_share_an_address_are_one_finding_with_a_command_each(self) -> None:
        shop = Shop.byo().routed()
        (web,) = served(shop)
        shop.estate[web]["tags"]["k8s-azure-service"] = "default/web,default/api"
        (finding,) = shop.findings("EGR208", UDR)
        assert len(finding.seen.fix) == 2

    def test_a_prefix_and_a_nat_rule_count_as_well(self) -> None:
        shop = Shop.byo().routed()
        served(shop)
        prefix = shop.estate.public_ip_prefix("ippre-web", "52.0.0.8/30")
        (frontend,) = [row for row in shop.balancer["frontendIPConfigurations"] if row["name"] == "web"]
        frontend["properties"] = {"publicIPPrefix": {"id": prefix}}
        shop.balancer["inboundNatRules"] = shop.balancer.pop("loadBalancingRules")
        assert shop.outcomes("EGR208", UDR) == [("warn", "ippre-web")]

    def test_a_frontend_without_rules_takes_no_traffic(self) -> None:
        shop = Shop.byo().routed()
        served(shop)
        shop.balancer["loadBalancingRules"] = []
        assert shop.outcome("EGR208", UDR) == "pass"

    def test_an_internal_load_balancer_passes(self) -> None:
        shop = Shop.byo(UANAT).routed()
        served(shop)
        for row in shop.balancer["frontendIPConfigurations"]:
            row["properties"] = {"privateIPAddress": "10.240.1.9", "subnet": {"id": shop.subnets["snet-apps"]}}
        assert shop.outcome("EGR208", UDR) == "pass"

    def test_letter_case_of_ids_does_not_matter(self) -> None:
        shop = Shop.byo().routed()
        served(shop)
        rule = shop.balancer["loadBalancingRules"][0]["properties"]["frontendIPConfiguration"]
        rule["id"] = rule["id"].upper()
        assert shop.outcomes("EGR208", UDR) == [("warn", "kubernetes-web")]

    def ipv6(self, prefix: str = "", hop: str = "VirtualAppliance") -> Shop:
        """A dual-stack Service behind a route for IPv6, where a prefix is given."""
        shop = Shop.byo().routed()
        _, six = served(shop, "web", "web-ipv6")
        shop.estate[six]["properties"].update(ipAddress="2603:1020::7", publicIPAddressVersion="IPv6")
        route = {"name": "six", "properties": {"addressPrefix": prefix, "nextHopType": hop}}
        table = shop.estate[shop.subnets["snet-apps"]]["properties"]["routeTable"]["id"]
        shop.estate[table]["properties"]["routes"] += [route] if prefix else []
        return shop

    def test_ipv6_is_answered_straight_where_no_route_takes_it_away(self) -> None:
        assert self.ipv6().outcomes("EGR208", UDR) == [("warn", "kubernetes-web")]

    def test_ipv6_alone_passes_and_says_why(self) -> None:
        shop = self.ipv6()
        shop.balancer["loadBalancingRules"].pop(0)
        (finding,) = shop.findings("EGR208", UDR)
        assert (finding.outcome, finding.seen.observed) == ("pass", "IPv6 only, and no route takes IPv6 away")

    @pytest.mark.parametrize("prefix", ["::/0", "0::/0", "2000::/3", "::/1"])
    def test_ipv6_warns_where_a_route_takes_it_away(self, prefix: str) -> None:
        found = self.ipv6(prefix).outcomes("EGR208", UDR)
        assert found == [("warn", "kubernetes-web"), ("warn", "kubernetes-web-ipv6")]

    @pytest.mark.parametrize(("prefix", "hop"), [("::/0", "Internet"), ("fd00::/8", "VirtualAppliance"), ("Sql", "")])
    def test_other_routes_leave_ipv6_alone(self, prefix: str, hop: str) -> None:
        assert self.ipv6(prefix, hop).outcomes("EGR208", UDR) == [("warn", "kubernetes-web")]

    def test_where_ipv6_goes_is_unknown_behind_a_subnet_that_cannot_be_read(self) -> None:
        found = self.ipv6().forbid("snet-apps").outcomes("EGR208", UDR)
        assert found == [("warn", "kubernetes-web"), ("unknown", "snet-apps")]

    def test_load_balancers_that_cannot_be_listed_are_unknown_and_block_nothing(self) -> None:
        shop = Shop.byo().routed()
        shop.arm.forbid(BALANCERS)
        assert shop.outcome("EGR208", UDR) == "unknown"
        assert shop.report(UDR).verdict == "readyWithWarnings"

    def test_addresses_that_cannot_be_listed_are_named_instead(self) -> None:
        shop = Shop.byo().routed()
        served(shop)
        shop.arm.forbid(PUBLIC_IPS)
        (finding,) = shop.findings("EGR208", UDR)
        assert (finding.outcome, finding.seen.observed) == ("warn", "kubernetes-web takes traffic for the cluster")

    @pytest.mark.parametrize("rows", [None, "x", [None], [{}], [{"properties": {"frontendIPConfiguration": []}}]])
    def test_odd_rules_pass(self, rows: object) -> None:
        shop = Shop.byo().routed()
        shop.balancer["loadBalancingRules"] = rows
        assert shop.outcome("EGR208", UDR) == "pass"


class TestEGR225OnlyWhatAksMade:
    @pytest.mark.parametrize("outbound_type", [LB, UANAT, UDR])
    def test_what_aks_made_passes(self, outbound_type: str) -> None:
        assert Shop.byo(outbound_type).outcome("EGR225", "none") == "pass"

    def test_what_aks_made_in_its_own_network_passes(self) -> None:
        assert Shop.managed(MNAT).outcome("EGR225", LB) == "pass"

    def test_a_list_without_the_load_balancer_that_carries_egress_is_unknown(self) -> None:
        shop = Shop.byo()
        del shop.estate.resources[BALANCER.lower()]
        assert shop.outcomes("EGR225", UDR) == [("unknown", "loadBalancers")]

    def test_services_are_inbound_and_pass(self) -> None:
        shop = Shop.byo()
        served(shop)
        assert shop.outcome("EGR225", UDR) == "pass"

    def test_another_outbound_rule_warns_with_its_addresses_and_is_deleted_at_the_cut_over(self) -> None:
        shop = Shop.byo().outbound_rule("own-rule", "52.0.0.9")
        (finding,) = shop.findings("EGR225", UDR)
        assert (finding.outcome, finding.seen.resource) == ("warn", f"{BALANCER}/outboundRules/own-rule")
        assert "own-rule (52.0.0.9)" in (finding.seen.observed or "")
        assert fixes([finding]) == [
            ("cutover", f"az network lb outbound-rule delete {OF_THE_BALANCER} --name own-rule")
        ]

    def test_a_rule_with_another_case_or_ending_is_still_that_of_aks(self) -> None:
        shop = Shop.byo()
        shop.balancer["outboundRules"][0]["name"] = "AKSOutboundRule-IPv6"
        assert shop.outcome("EGR225", UDR) == "pass"

    def test_an_address_on_the_rule_of_aks_warns_and_the_fix_keeps_the_others(self) -> None:
        shop = Shop.byo()
        kept = shop.balancer["outboundRules"][0]["properties"]["frontendIPConfigurations"][0]["id"]
        shop.outbound_address(shop.estate.public_ip("pip-own", "52.0.0.9"))
        assert shop.outcomes("EGR225", UDR) == [("warn", "pip-own")]
        assert fixes(shop.findings("EGR225", UDR)) == [
            (
                "cutover",
                f"az network lb outbound-rule update {OF_THE_BALANCER} --name aksOutboundRule"
                f" --frontend-ip-configs {kept}",
            )
        ]

    def test_where_nothing_else_is_left_the_fix_has_aks_put_its_own_back(self) -> None:
        shop = Shop.byo()
        row = shop.balancer["frontendIPConfigurations"][0]["properties"]
        row["publicIPAddress"]["id"] = shop.estate.public_ip("pip-own", "52.0.0.9")
        assert fixes(shop.findings("EGR225", UDR)) == [("cutover", f"az aks update {NAMED}")]

    def test_own_addresses_that_the_profile_names_pass(self) -> None:
        shop = Shop.byo()
        own = shop.estate.public_ip("pip-own", "52.0.0.9")
        shop.document["properties"]["networkProfile"]["loadBalancerProfile"]["outboundIPs"] = {
            "publicIPs": [{"id": own.upper()}]
        }
        assert shop.outbound_address(own).outcome("EGR225", UDR) == "pass"

    def with_prefix(self, address: str) -> Shop:
        """An address on the rule of a cluster that has a prefix of its own."""
        shop = Shop.byo()
        prefix = shop.estate.public_ip_prefix("ippre-own", "52.0.0.8/30")
        profile = shop.document["properties"]["networkProfile"]["loadBalancerProfile"]
        profile["outboundIPPrefixes"] = {"publicIPPrefixes": [{"id": prefix}]}
        return shop.outbound_address(prefix if address == "the prefix" else shop.estate.public_ip("pip-own", address))

    @pytest.mark.parametrize("address", ["the prefix", "52.0.0.9"])
    def test_a_prefix_of_ones_own_and_its_addresses_pass(self, address: str) -> None:
        assert self.with_prefix(address).outcome("EGR225", UDR) == "pass"

    def test_an_address_beside_the_prefix_warns(self) -> None:
        assert self.with_prefix("52.0.0.99").outcomes("EGR225", UDR) == [("warn", "pip-own")]

    def test_whether_it_is_of_the_prefix_is_unknown_where_it_cannot_be_read(self) -> None:
        shop = self.with_prefix("52.0.0.9")
        shop.arm.forbid(f"{scope('rg-net')}/providers/Microsoft.Network/publicIPAddresses/pip-own")
        assert shop.outcomes("EGR225", UDR) == [("unknown", "pip-own")]

    def test_without_prefixes_an_address_that_cannot_be_read_still_warns(self) -> None:
        shop = Shop.byo()
        own = shop.estate.public_ip("pip-own")
        shop.arm.forbid(own)
        assert shop.outbound_address(own).outcomes("EGR225", UDR) == [("warn", "pip-own")]

    def test_load_balancers_that_cannot_be_listed_are_unknown_and_block_nothing(self) -> None:
        shop = Shop.byo().gated()
        shop.arm.forbid(BALANCERS)
        assert shop.outcome("EGR225", UANAT) == "unknown"
        assert shop.report(UANAT).verdict == "readyWithWarnings"

    def test_without_effective_addresses_it_is_unknown_whose_an_address_is(self) -> None:
        shop = Shop.byo()
        shop.document["properties"]["networkProfile"]["loadBalancerProfile"]["effectiveOutboundIPs"] = None
        assert shop.outcome("EGR225", UDR) == "unknown"

    def test_a_load_balancer_of_ones_own_in_the_group_is_none_of_it(self) -> None:
        shop = Shop.byo()
        rule = {"name": "own-rule", "id": f"{BALANCERS}/own/outboundRules/own-rule", "properties": {}}
        shop.estate.add(f"{BALANCERS}/own", {"outboundRules": [rule]})
        assert shop.outcome("EGR225", UDR) == "pass"

    @pytest.mark.parametrize("key", ["publicIpAddresses", "publicIpAddressesV6"])
    def test_an_address_on_the_managed_nat_gateway_warns(self, key: str) -> None:
        shop = Shop.managed(MNAT)
        own = shop.estate.public_ip("pip-own", "52.0.0.9")
        shop.managed_gateway["properties"].setdefault(key, []).append({"id": own})
        assert shop.outcomes("EGR225", LB) == [("warn", "pip-own")]

    def test_the_fix_keeps_the_addresses_of_aks_on_the_gateway(self) -> None:
        shop = Shop.managed(MNAT)
        listed = shop.managed_gateway["properties"]["publicIpAddresses"]
        kept = listed[0]["id"]
        listed.append({"id": shop.estate.public_ip("pip-own", "52.0.0.9")})
        shop.managed_gateway["properties"]["publicIpPrefixes"] = [
            {"id": shop.estate.public_ip_prefix("ippre", "52.0.0.8/30")}
        ]
        assert fixes(shop.findings("EGR225", LB))[0] == (
            "cutover",
            f"az network nat gateway update --ids {shop.managed_gateway['id']}"
            f" --public-ip-addresses {kept} --public-ip-prefixes null",
        )

    def test_a_gateway_with_foreign_addresses_only_is_put_right_by_aks(self) -> None:
        shop = Shop.managed(MNAT)
        shop.managed_gateway["properties"]["publicIpAddresses"] = [{"id": shop.estate.public_ip("pip-own", "52.0.0.9")}]
        assert fixes(shop.findings("EGR225", LB)) == [("cutover", f"az aks update {NAMED}")]

    def test_a_gateway_of_ones_own_may_carry_what_it_likes(self) -> None:
        assert Shop.byo(UANAT).outcome("EGR225", LB) == "pass"

    def test_the_gateway_is_judged_where_the_load_balancers_cannot_be_listed(self) -> None:
        shop = Shop.managed(MNAT)
        shop.managed_gateway["properties"]["publicIpAddresses"].append({"id": shop.estate.public_ip("pip-own")})
        shop.arm.forbid(BALANCERS)
        assert [outcome for outcome, _ in shop.outcomes("EGR225", LB)] == ["unknown", "warn"]

    def test_a_gateway_that_cannot_be_read_is_unknown(self) -> None:
        shop = Shop.managed(MNAT, **isolated())
        shop.arm.forbid(shop.managed_gateway["id"])
        assert shop.outcome("EGR225", "none") == "unknown"

    @pytest.mark.parametrize("rules", [None, {}, "x", [None]])
    def test_odd_rules_pass(self, rules: object) -> None:
        shop = Shop.byo()
        shop.balancer["outboundRules"] = rules
        assert shop.outcome("EGR225", UDR) == "pass"

    def test_a_rule_without_name_and_id_is_not_aks_s(self) -> None:
        shop = Shop.byo()
        shop.balancer["outboundRules"].append({})
        assert shop.outcomes("EGR225", UDR) == [("warn", "")]
