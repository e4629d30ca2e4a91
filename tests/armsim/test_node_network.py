"""The address that a node leaves from, and what it reaches, follow from the estate."""

from __future__ import annotations

from typing import Any

import pytest

from tests.armsim import node_network, nodes
from tests.armsim.caller import CLUSTER
from tests.armsim.estate import isolated, load_balancer_profile, pool
from tests.armsim.node_caller import Nodes

UDR, UANAT, LB = "userDefinedRouting", "userAssignedNATGateway", "loadBalancer"
PROXY = {"httpProxy": "http://10.9.0.4:3128", "httpsProxy": "http://10.9.0.4:3129", "noProxy": ["a.example", "b"]}
PRIVATE = {"enablePrivateCluster": True}


def seen(azure: Nodes, machine: str = "") -> dict[str, Any]:
    return node_network.seen_by(azure.arm, nodes.find(azure.arm, machine or azure.machine))


def addresses(azure: Nodes, machine: str = "") -> list[str]:
    found: list[str] = seen(azure, machine)["addresses"]
    return found


def routed(
    outbound_type: str = UDR, hop: str | None = "10.1.0.4", kind: str = "VirtualAppliance", **more: Any
) -> Nodes:
    azure = Nodes(outbound_type, **more)
    azure.estate.attach(azure.subnet, route_table=azure.estate.route_table("rt", hop, kind))
    return azure


def gated(outbound_type: str = UANAT, **more: Any) -> Nodes:
    azure = Nodes(outbound_type, **more)
    gateway = azure.estate.nat_gateway("nat", [azure.estate.public_ip("pip-nat", "203.0.113.7")])
    azure.estate.attach(azure.subnet, nat_gateway=gateway)
    return azure


class TestTheAddress:
    def test_is_the_load_balancer_s(self) -> None:
        azure = Nodes()
        outbound = azure.in_node_group("publicIPAddresses")
        assert addresses(azure) == [outbound[0]["properties"]["ipAddress"]]

    def test_is_any_of_the_load_balancer_s_own_ips_and_prefixes(self) -> None:
        azure = Nodes()
        own = [azure.estate.public_ip("pip", "203.0.113.1"), azure.estate.public_ip_prefix("prefix", "203.0.113.8/30")]
        azure.network["loadBalancerProfile"] = load_balancer_profile(own)
        assert addresses(azure) == ["203.0.113.1", *(f"203.0.113.{last}" for last in (8, 9, 10, 11))]

    @pytest.mark.parametrize("outbound_type", [UDR, UANAT, "none"])
    def test_is_none_where_another_type_has_no_path(self, outbound_type: str) -> None:
        assert addresses(Nodes(outbound_type)) == []

    def test_is_the_nat_gateway_s_before_those_of_nodes_and_the_load_balancer(self) -> None:
        for azure in (gated(), gated(LB), gated(LB, enableNodePublicIP=True), gated("none")):
            assert addresses(azure) == ["203.0.113.7"]

    def test_is_any_in_a_nat_gateway_s_prefix(self) -> None:
        azure = Nodes(UANAT)
        prefix = azure.estate.public_ip_prefix("prefix", "203.0.113.16/31")
        gateway = azure.estate.nat_gateway("nat", publicIpPrefixes=[{"id": prefix}])
        azure.estate.attach(azure.subnet, nat_gateway=gateway)
        assert addresses(azure) == ["203.0.113.16", "203.0.113.17"]

    def test_is_none_behind_a_gateway_without_one(self) -> None:
        azure = Nodes(UANAT)
        azure.estate.attach(azure.subnet, nat_gateway=azure.estate.nat_gateway("nat"))
        assert addresses(azure) == []

    def test_of_a_managed_nat_gateway_is_in_aks_s_own_subnet(self) -> None:
        azure = Nodes()
        azure.estate.cluster("aks-own", "managedNATGateway", agentPoolProfiles=[pool("apps", count=1)])
        (outbound,) = [
            row
            for key, row in azure.estate.resources.items()
            if "/mc_rg-shop_aks-own" in key and "ipAddress" in row["properties"]
        ]
        (scale_set,) = [row["id"] for row in azure.in_node_group("virtualMachineScaleSets") if "aks-own" in row["id"]]
        assert addresses(azure, f"{scale_set}/virtualMachines/0") == [outbound["properties"]["ipAddress"]]

    def test_is_each_node_s_own_before_the_load_balancer_s(self) -> None:
        azure = Nodes(enableNodePublicIP=True)
        both = [addresses(azure, f"{azure.scale_set}/virtualMachines/{node}") for node in (0, 1)]
        assert both[0] != both[1]
        assert not set(both[0] + both[1]) & {
            row["properties"]["ipAddress"] for row in azure.in_node_group("publicIPAddresses")
        }

    def test_of_a_node_is_in_its_pool_s_prefix(self) -> None:
        azure = Nodes(enableNodePublicIP=True)
        azure.cluster["agentPoolProfiles"][0]["nodePublicIPPrefixID"] = azure.estate.public_ip_prefix(
            "p", "203.0.113.32/28"
        )
        assert addresses(azure, f"{azure.scale_set}/virtualMachines/1") == ["203.0.113.33"]

    def test_is_that_of_a_machine_s_own_interface_too(self) -> None:
        assert addresses(gated(type="VirtualMachines")) == ["203.0.113.7"]


class TestADefaultRoute:
    def test_leads_to_the_azure_firewall_with_that_address(self) -> None:
        azure = routed()
        azure.estate.firewall("other", "10.1.0.5", azure.estate.public_ip("pip-other", "203.0.113.1"))
        azure.estate.firewall("fw", "10.1.0.4", azure.estate.public_ip("pip-fw", "203.0.113.2"))
        assert addresses(azure) == ["203.0.113.2"]

    def test_comes_before_everything_else(self) -> None:
        azure = gated(LB, enableNodePublicIP=True)
        azure.estate.attach(azure.subnet, route_table=azure.estate.route_table("rt", "10.1.0.4"))
        assert addresses(azure) == ["198.51.100.10"]

    def test_to_an_appliance_or_a_gateway_leads_where_the_test_says(self) -> None:
        appliance, gateway = routed(), routed(hop=None, kind="VirtualNetworkGateway")
        assert [addresses(appliance), addresses(gateway)] == [["198.51.100.10"], ["198.51.100.20"]]
        appliance.hooks.appliance, gateway.hooks.gateway = "203.0.113.3", ""
        assert [addresses(appliance), addresses(gateway)] == [["203.0.113.3"], []]

    @pytest.mark.parametrize("kind", ["None", "VnetLocal"])
    def test_may_lead_nowhere(self, kind: str) -> None:
        assert addresses(routed(LB, None, kind)) == []

    def test_to_the_internet_is_no_other_path_than_azure_s_own(self) -> None:
        assert len(addresses(routed(LB, None, "Internet"))) == 1
        assert addresses(routed(UDR, None, "Internet")) == []

    def test_is_no_other_route(self) -> None:
        azure = routed(LB)
        azure.estate.resources[next(key for key in azure.estate.resources if "/routetables/" in key)]["properties"][
            "routes"
        ][0]["properties"]["addressPrefix"] = "10.9.0.0/16"
        assert addresses(azure) != ["198.51.100.10"]


class TestBlock:
    def test_has_no_way_out_whatever_stands_around(self) -> None:
        azure = gated("block", cluster=isolated())
        assert addresses(azure) == []

    def test_reaches_the_api_server(self) -> None:
        assert seen(Nodes("block"))["apiServer"]["reached"] is True


class TestTheApiServer:
    def test_has_the_names_that_the_cluster_tells(self) -> None:
        azure = Nodes(cluster={"privateFQDN": "Aks-shop.private.example"})
        assert seen(azure)["apiServer"]["names"] == ["aks-shop.hcp.westeurope.azmk8s.io", "aks-shop.private.example"]

    @pytest.mark.parametrize(
        ("access", "reached"), [({}, False), (PRIVATE, True), ({"enableVnetIntegration": True}, True)]
    )
    def test_is_reached_without_a_way_out_where_it_is_inside(self, access: dict[str, Any], reached: bool) -> None:
        azure = Nodes("none", cluster={"apiServerAccessProfile": access})
        assert seen(azure)["apiServer"]["reached"] is reached

    @pytest.mark.parametrize(
        ("ranges", "reached"),
        [([], True), (["203.0.113.0/28"], True), (["203.0.113.7"], True), (["198.51.100.0/24", "AzureCloud"], False)],
    )
    def test_admits_the_ranges_that_it_has(self, ranges: list[str], reached: bool) -> None:
        azure = gated(cluster={"apiServerAccessProfile": {"authorizedIPRanges": ranges}})
        assert seen(azure)["apiServer"]["reached"] is reached

    def test_admits_aks_s_load_balancer_by_itself(self) -> None:
        azure = Nodes(cluster={"apiServerAccessProfile": {"authorizedIPRanges": ["198.51.100.0/24"]}})
        assert seen(azure)["apiServer"]["reached"] is True


class TestAProxy:
    def test_is_in_the_environment_of_linux_nodes(self) -> None:
        found = seen(Nodes(cluster={"httpProxyConfig": PROXY}))
        assert found["environment"]["https_proxy"] == found["environment"]["HTTPS_PROXY"] == "http://10.9.0.4:3129"
        assert found["environment"]["no_proxy"] == "a.example,b"
        assert found["proxies"] == ["10.9.0.4"]

    def test_may_be_turned_off(self) -> None:
        assert seen(Nodes(cluster={"httpProxyConfig": {**PROXY, "enabled": False}}))["environment"] == {}

    def test_carries_a_script_that_reads_it(self) -> None:
        azure = Nodes("none", cluster={"httpProxyConfig": PROXY})
        ask = "curl -s https://api.ipify.org || echo $?"
        assert azure.printed(ask)[0] == "28\n"
        assert azure.printed(f"set -a; . /etc/environment; {ask}")[0] == "198.51.100.30"


class TestWhatATestSays:
    def test_of_the_address_counts_even_without_a_way_out(self) -> None:
        for azure in (Nodes(), Nodes("none"), gated()):
            azure.hooks.sees = "203.0.113.9"
            assert addresses(azure) == ["203.0.113.9"]

    def test_of_a_host_is_for_one_subnet_or_for_all(self) -> None:
        azure = Nodes()
        azure.hooks.unreachable("MCR.microsoft.com", 28)
        azure.hooks.unreachable("a.example", 6, subnet=azure.subnet.upper())
        azure.hooks.unreachable("b.example", 6, subnet=f"{azure.subnet}2")
        assert seen(azure)["hosts"] == {"mcr.microsoft.com": 28, "a.example": 6}


def test_a_script_on_a_node_finds_all_of_this() -> None:
    azure = gated()
    azure.hooks.unreachable("mcr.microsoft.com", 35)
    script = [
        "address=$(curl -sS -4 --max-time 10 https://checkip.amazonaws.com)",
        'echo "address=$address"',
        'for host in mcr.microsoft.com packages.aks.azure.com "$1"; do',
        '  code=$(curl -s -k -o /dev/null -w "%{http_code}" "https://$host/")',
        '  echo "$host $code $?"',
        "done",
    ]
    fqdn = azure.cluster["fqdn"]
    out, err = azure.printed(*script, parameters=[{"name": "fqdn", "value": fqdn}])
    assert out.splitlines() == [
        "address=203.0.113.7",
        "mcr.microsoft.com 000 35",
        "packages.aks.azure.com 200 0",
        f"{fqdn} 401 0",
    ]
    assert err == ""


def test_what_changes_in_the_estate_changes_what_the_next_script_sees() -> None:
    azure = Nodes()
    ask = "curl -s https://api.ipify.org || echo no"
    first = azure.printed(ask)[0]
    assert first == azure.in_node_group("publicIPAddresses")[0]["properties"]["ipAddress"]
    azure.network["outboundType"] = "none"
    azure.estate.furnish(CLUSTER)
    assert azure.printed(ask)[0] == "no\n"
