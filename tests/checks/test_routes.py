from __future__ import annotations

import pytest

from tests.armsim.estate import OTHER_SUBSCRIPTION, isolated, node_group
from tests.builders import CLUSTER, Shop, fixes

UDR, LB, UANAT, MNAT = "userDefinedRouting", "loadBalancer", "userAssignedNATGateway", "managedNATGateway"
IPV6 = {"ipFamilies": ["IPv4", "IPv6"]}


class TestEGR201RouteTableOnEverySubnet:
    def test_tables_everywhere_pass(self) -> None:
        assert Shop.byo().routed().outcome("EGR201", UDR) == "pass"

    def test_a_subnet_without_a_table_fails_and_is_named(self) -> None:
        assert Shop.byo().routed("snet-system").outcomes("EGR201", UDR) == [("fail", "snet-apps")]

    def test_the_fix_attaches_the_table_that_the_other_subnet_uses(self) -> None:
        shop = Shop.byo().routed("snet-system")
        table = shop.estate[shop.subnets["snet-system"]]["properties"]["routeTable"]["id"]
        assert fixes(shop.findings("EGR201", UDR)) == [
            (
                "cutover",
                f"az network vnet subnet update --ids {shop.subnets['snet-apps']} --route-table {table}",
            )
        ]

    def test_without_any_table_the_fix_makes_one_with_its_route_first(self) -> None:
        found = fixes(Shop.byo().findings("EGR201", UDR))
        assert [when for when, _ in found] == ["before", "before", "cutover"] * 2
        assert "'<firewall-private-ip>'" in found[1][1]

    def test_a_pool_that_names_no_subnet_beside_others_that_do_is_unknown(self) -> None:
        shop = Shop.byo().routed().pool("apps", vnetSubnetID=None)
        assert shop.outcomes("EGR201", UDR) == [("unknown", "apps")]

    def test_a_pod_subnet_without_a_table_fails(self) -> None:
        shop = Shop.byo().routed()
        pods = shop.estate.vnet("vnet-pods", ["snet-pods"])["snet-pods"]
        assert shop.pool("apps", podSubnetID=pods).outcomes("EGR201", UDR) == [("fail", "snet-pods")]

    def test_a_subnet_that_cannot_be_read_is_unknown_and_the_others_are_judged(self) -> None:
        shop = Shop.byo().forbid("snet-system")
        assert shop.outcomes("EGR201", UDR) == [("unknown", "snet-system"), ("fail", "snet-apps")]

    def test_what_could_not_be_read_names_the_permission(self) -> None:
        (finding,) = Shop.byo().routed("snet-system").forbid("snet-apps").findings("EGR201", UDR)
        assert "Microsoft.Network/virtualNetworks/subnets/read" in (finding.seen.observed or "")


class TestEGR202DefaultRouteInEveryTable:
    def test_default_routes_everywhere_pass(self) -> None:
        assert Shop.byo().routed().outcome("EGR202", UDR) == "pass"

    def test_a_table_without_one_fails_and_names_the_subnet_too(self) -> None:
        shop = Shop.byo().routed("snet-system").table("snet-apps")
        assert shop.outcomes("EGR202", UDR) == [("fail", "rt-snet-apps")]
        assert "snet-apps" in (shop.findings("EGR202", UDR)[0].seen.observed or "")

    def test_the_fix_makes_the_route_with_the_hop_that_the_other_table_uses(self) -> None:
        ((when, command),) = fixes(Shop.byo().routed("snet-system").table("snet-apps").findings("EGR202", UDR))
        assert when == "cutover"
        assert command.endswith("--next-hop-type VirtualAppliance --next-hop-ip-address 10.1.0.4")

    def test_a_table_that_two_subnets_share_is_one_finding(self) -> None:
        shop = Shop.byo().table("snet-system")
        table = shop.estate[shop.subnets["snet-system"]]["properties"]["routeTable"]["id"]
        shop.estate.attach(shop.subnets["snet-apps"], route_table=table)
        assert shop.outcomes("EGR202", UDR) == [("fail", "rt-snet-system")]

    def test_without_a_table_it_is_moot(self) -> None:
        (finding,) = Shop.byo().findings("EGR202", UDR)
        assert (finding.outcome, finding.seen.observed) == ("skip", "because of EGR201")

    def test_a_private_cluster_may_learn_the_route_by_bgp(self) -> None:
        shop = Shop.byo(apiServerAccessProfile={"enablePrivateCluster": True}).routed("snet-system")
        assert shop.table("snet-apps").outcome("EGR202", UDR) == "warn"

    def test_a_public_cluster_with_vnet_integration_needs_the_route(self) -> None:
        shop = Shop.byo(apiServerAccessProfile={"enableVnetIntegration": True}).routed("snet-system")
        assert shop.table("snet-apps").outcome("EGR202", UDR) == "fail"

    def test_a_table_written_in_two_letter_cases_is_one_finding(self) -> None:
        shop = Shop.byo().table("snet-system")
        table = shop.estate[shop.subnets["snet-system"]]["properties"]["routeTable"]["id"]
        shop.estate.attach(shop.subnets["snet-apps"], route_table=table.upper())
        assert shop.outcomes("EGR202", UDR) == [("fail", "rt-snet-system")]

    def test_a_private_cluster_without_bgp_propagation_cannot(self) -> None:
        shop = Shop.byo(apiServerAccessProfile={"enablePrivateCluster": True}).routed("snet-system")
        assert shop.table("snet-apps", bgp=False).outcome("EGR202", UDR) == "fail"

    def test_a_table_that_is_gone_is_unknown(self) -> None:
        shop = Shop.byo().routed()
        shop.estate.resources.pop(shop.estate[shop.subnets["snet-apps"]]["properties"]["routeTable"]["id"].lower())
        assert shop.outcomes("EGR202", UDR) == [("unknown", "rt-snet-apps")]

    @pytest.mark.parametrize("prefix", ["0.0.0.0/1", "10.0.0.0/8", "Internet", None])
    def test_another_prefix_is_no_default_route(self, prefix: str | None) -> None:
        shop = Shop.byo().routed()
        table = shop.estate[shop.subnets["snet-apps"]]["properties"]["routeTable"]["id"]
        shop.estate[table]["properties"]["routes"][0]["properties"]["addressPrefix"] = prefix
        assert shop.outcomes("EGR202", UDR) == [("fail", "rt-snet-apps")]

    def test_the_two_halves_carry_the_traffic_and_are_no_default_route_to_aks(self) -> None:
        (finding,) = Shop.byo().routed().halves("snet-apps").findings("EGR202", UDR)
        assert finding.outcome == "fail"
        assert "0.0.0.0/1 and 128.0.0.0/1 carry the traffic" in (finding.seen.observed or "")


class TestEGR203NextHopLeadsOut:
    @pytest.mark.parametrize("hop_type", ["VirtualAppliance", "virtualappliance", "VirtualNetworkGateway"])
    def test_an_appliance_or_a_gateway_passes(self, hop_type: str) -> None:
        assert Shop.byo().routed(hop_type=hop_type).outcome("EGR203", UDR) == "pass"

    @pytest.mark.parametrize("hop_type", ["Internet", "None", "VnetLocal"])
    def test_a_hop_that_aks_refuses_fails(self, hop_type: str) -> None:
        shop = Shop.byo().routed(hop=None, hop_type=hop_type)
        assert shop.outcomes("EGR203", UDR) == [("fail", "rt-snet-system"), ("fail", "rt-snet-apps")]

    def test_a_hop_of_another_type_warns(self) -> None:
        shop = Shop.byo().routed(hop=None, hop_type="VirtualApplianceEcmp")
        assert {outcome for outcome, _ in shop.outcomes("EGR203", UDR)} == {"warn"}

    def test_the_fix_names_the_route_as_it_is_named(self) -> None:
        (_, command), *_ = fixes(Shop.byo().routed(hop=None, hop_type="Internet").findings("EGR203", UDR))
        assert command.startswith("az network route-table route update ")
        assert "--name default " in command

    def test_without_a_default_route_it_is_moot(self) -> None:
        shop = Shop.byo().table("snet-system").table("snet-apps")
        assert shop.outcome("EGR203", UDR) == "skip"

    def test_a_subnet_that_cannot_be_read_is_unknown(self) -> None:
        assert Shop.byo().routed().forbid("snet-apps").outcomes("EGR203", UDR) == [("unknown", "snet-apps")]


class TestEGR205Ipv6IsRoutedToo:
    def dual(self, *prefixes: str) -> Shop:
        shop = Shop.byo().routed().network(**IPV6)
        rows = shop.estate[shop.table_id("snet-apps")]["properties"]["routes"]
        rows += [{"name": prefix, "properties": {"addressPrefix": prefix}} for prefix in prefixes]
        shop.estate.attach(shop.subnets["snet-system"], route_table=shop.table_id("snet-apps"))
        return shop

    @pytest.mark.parametrize("prefixes", [("::/0",), ("0:0::/0",), ("::/1", "8000::/1")])
    def test_a_default_route_for_ipv6_passes(self, prefixes: tuple[str, ...]) -> None:
        assert self.dual(*prefixes).outcome("EGR205", UDR) == "pass"

    @pytest.mark.parametrize("prefixes", [(), ("::/1",), ("2001:db8::/32",)])
    def test_without_one_each_table_warns_once(self, prefixes: tuple[str, ...]) -> None:
        assert self.dual(*prefixes).outcomes("EGR205", UDR) == [("warn", "rt-snet-apps")]

    def test_an_ipv4_cluster_needs_none(self) -> None:
        assert Shop.byo().routed().outcome("EGR205", UDR) == "skip"

    def test_without_a_table_it_is_moot(self) -> None:
        (finding,) = Shop.byo().network(**IPV6).findings("EGR205", UDR)
        assert (finding.outcome, finding.seen.observed) == ("skip", "because of EGR201")

    def test_a_subnet_that_cannot_be_read_is_unknown(self) -> None:
        assert ("unknown", "snet-system") in self.dual("::/0").forbid("snet-system").outcomes("EGR205", UDR)


class TestEGR206KubenetCanKeepItsTable:
    def kubenet(self, identity: object = None) -> Shop:
        shop = Shop.byo().routed("snet-apps").network(networkPlugin="kubenet")
        shop.estate.attach(shop.subnets["snet-system"], route_table=shop.table_id("snet-apps"))
        shop.document["identity"] = identity or {"type": "UserAssigned"}
        return shop

    @pytest.mark.parametrize("kind", ["UserAssigned", "userassigned", "SystemAssigned, UserAssigned"])
    def test_one_table_and_a_user_assigned_identity_pass(self, kind: str) -> None:
        assert self.kubenet({"type": kind}).outcome("EGR206", UDR) == "pass"

    def test_a_service_principal_passes(self) -> None:
        shop = self.kubenet()
        del shop.document["identity"]
        assert shop.outcome("EGR206", UDR) == "pass"

    def test_a_system_assigned_identity_fails_with_a_table_of_ones_own(self) -> None:
        found = self.kubenet({"type": "SystemAssigned"}).findings("EGR206", UDR)
        assert [finding.outcome for finding in found] == ["fail"]
        assert fixes(found)[0][1].endswith("--enable-managed-identity --assign-identity '<identity-id>'")

    def test_a_system_assigned_identity_passes_with_the_table_that_aks_made(self) -> None:
        shop = Shop.byo().network(networkPlugin="kubenet")
        table = shop.estate.route_table("aks-routetable", "10.1.0.4", group=node_group(CLUSTER))
        for subnet in shop.subnets.values():
            shop.estate.attach(subnet, route_table=table)
        assert shop.outcome("EGR206", UDR) == "pass"

    def test_several_tables_fail(self) -> None:
        shop = Shop.byo().routed().network(networkPlugin="kubenet")
        shop.document["identity"] = {"type": "UserAssigned"}
        (finding,) = shop.findings("EGR206", UDR)
        assert (finding.outcome, finding.seen.resource) == ("fail", shop.document["id"])

    def test_a_table_in_another_subscription_fails(self) -> None:
        shop = self.kubenet()
        table = shop.estate.route_table("rt-far", "10.1.0.4", subscription=OTHER_SUBSCRIPTION)
        for subnet in shop.subnets.values():
            shop.estate.attach(subnet, route_table=table)
        assert shop.outcomes("EGR206", UDR) == [("fail", "rt-far")]

    def test_without_any_table_it_is_moot(self) -> None:
        (finding,) = Shop.byo().network(networkPlugin="kubenet").findings("EGR206", UDR)
        assert (finding.outcome, finding.seen.observed) == ("skip", "because of EGR201")

    def test_other_network_plugins_have_no_such_table(self) -> None:
        assert Shop.byo().routed().outcome("EGR206", UDR) == "skip"

    def test_a_network_plugin_that_is_not_said_is_unknown(self) -> None:
        assert Shop.byo().routed().network(networkPlugin=None).outcome("EGR206", UDR) == "unknown"

    def test_the_tables_that_are_known_are_judged_though_another_subnet_cannot_be_read(self) -> None:
        shop = self.kubenet({"type": "SystemAssigned"}).forbid("snet-system")
        assert shop.outcomes("EGR206", UDR) == [("fail", "rt-snet-apps"), ("unknown", "snet-system")]

    def test_an_identity_of_no_known_type_is_unknown(self) -> None:
        assert self.kubenet({"principalId": "x"}).outcome("EGR206", UDR) == "unknown"

    def test_a_subnet_that_cannot_be_read_is_unknown_and_leaves_the_verdict_open(self) -> None:
        assert self.kubenet().forbid("snet-system").outcome("EGR206", UDR) == "unknown"


class TestEGR214NoRouteGoesPastTheGateway:
    def test_no_route_passes(self) -> None:
        assert Shop.byo().gated().outcome("EGR214", UANAT) == "pass"

    def test_an_appliance_route_warns_for_each_table_and_goes_after_the_move(self) -> None:
        found = Shop.byo(UDR).gated().findings("EGR214", UANAT)
        assert [finding.outcome for finding in found] == ["warn", "warn"]
        assert {when for when, _ in fixes(found)} == {"after"}

    def test_the_two_halves_warn_and_both_are_named_and_removed(self) -> None:
        (finding,) = Shop.byo().gated().halves("snet-apps").findings("EGR214", UANAT)
        assert "0.0.0.0/1 to VirtualAppliance 10.1.0.4 and sends 128.0.0.0/1 to" in (finding.seen.observed or "")
        assert len(fixes([finding])) == 2

    def test_a_route_that_drops_everything_warns(self) -> None:
        shop = Shop.byo().routed("snet-apps", hop=None, hop_type="None").gated()
        assert shop.outcomes("EGR214", UANAT) == [("warn", "rt-snet-apps")]

    def test_a_route_on_the_subnet_that_aks_made_warns(self) -> None:
        shop = Shop.managed()
        subnet = next(found["id"] for found in shop.estate.resources.values() if found["name"] == "aks-subnet")
        shop.estate.attach(subnet, route_table=shop.estate.route_table("rt-own", "10.1.0.4"))
        assert shop.outcomes("EGR214", MNAT) == [("warn", "rt-own")]

    def test_a_table_that_cannot_be_read_is_unknown(self) -> None:
        shop = Shop.byo(UDR).gated()
        shop.arm.forbid(shop.table_id("snet-apps"))
        assert ("unknown", "rt-snet-apps") in shop.outcomes("EGR214", UANAT)


class TestEGR222NoApplianceRouteStays:
    def test_no_route_passes(self) -> None:
        assert Shop.byo("userAssignedNATGateway").outcome("EGR222", LB) == "pass"

    def test_an_appliance_route_warns_for_each_table(self) -> None:
        assert Shop.byo(UDR).outcomes("EGR222", LB) == [("warn", "rt-snet-system"), ("warn", "rt-snet-apps")]

    def test_it_warns_for_isolated_targets_too(self) -> None:
        assert {row[0] for row in Shop.byo(UDR, **isolated()).outcomes("EGR222", "none")} == {"warn"}

    def test_the_route_goes_after_the_move(self) -> None:
        assert {when for when, _ in fixes(Shop.byo(UDR).findings("EGR222", LB))} == {"after"}

    def test_a_table_that_others_use_too_is_detached_rather_than_changed(self) -> None:
        shop = Shop.byo(UDR)
        others = shop.estate.vnet("vnet-others", ["snet-others"])["snet-others"]
        table = shop.estate[shop.subnets["snet-apps"]]["properties"]["routeTable"]["id"]
        shop.estate.attach(others, route_table=table)
        commands = [command for _, command in fixes(shop.findings("EGR222", LB))]
        assert "az network route-table route delete " in commands[0]
        assert commands[1] == f"az network vnet subnet update --ids {shop.subnets['snet-apps']} --route-table null"

    def test_what_else_a_subnet_loses_with_its_table_is_said(self) -> None:
        shop = Shop.byo(UDR)
        others = shop.estate.vnet("vnet-others", ["snet-others"])["snet-others"]
        table = shop.table_id("snet-apps")
        shop.estate.attach(others, route_table=table)
        shop.estate[table]["properties"]["routes"] += [
            {"name": f"dc-{number}", "properties": {"addressPrefix": f"10.{number}.0.0/16", "nextHopType": "None"}}
            for number in (95, 94, 93, 92)
        ]
        observed = shop.findings("EGR222", LB)[1].seen.observed or ""
        lost = "dc-92 (10.92.0.0/16), dc-93 (10.93.0.0/16), dc-94 (10.94.0.0/16) and 1 more as well"
        assert observed.endswith(f"; detached from it, snet-apps loses {lost}")

    def test_a_default_route_in_finer_pieces_overrides_as_well(self) -> None:
        shop = Shop.byo().halves("snet-apps")
        routes = shop.estate[shop.table_id("snet-apps")]["properties"]["routes"]
        like = routes.pop()["properties"]
        pieces = ("128.0.0.0/2", "192.0.0.0/2")
        routes += [{"name": found, "properties": {**like, "addressPrefix": found}} for found in pieces]
        (finding,) = shop.findings("EGR222", LB)
        assert len(fixes([finding])) == 3

    def test_on_kubenet_the_route_goes_and_the_table_stays_even_when_others_use_it(self) -> None:
        shop = Shop.byo(UDR).network(networkPlugin="kubenet")
        others = shop.estate.vnet("vnet-others", ["snet-others"])["snet-others"]
        table = shop.estate[shop.subnets["snet-apps"]]["properties"]["routeTable"]["id"]
        shop.estate.attach(others, route_table=table)
        assert all("route delete" in command for _, command in fixes(shop.findings("EGR222", LB)))

    def test_a_next_hop_of_an_unknown_type_warns(self) -> None:
        shop = Shop.byo().routed(hop=None, hop_type="VirtualApplianceEcmp")
        assert {outcome for outcome, _ in shop.outcomes("EGR222", LB)} == {"warn"}

    def test_a_route_to_the_internet_overrides_nothing(self) -> None:
        assert Shop.byo().routed(hop=None, hop_type="Internet").outcome("EGR222", LB) == "pass"

    def test_a_subnet_that_cannot_be_read_is_unknown_and_only_warns(self) -> None:
        shop = Shop.byo("userAssignedNATGateway").forbid("snet-apps")
        assert shop.outcome("EGR222", LB) == "unknown"
        assert shop.report(LB).verdict == "readyWithWarnings"
