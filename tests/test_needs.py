from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from azext_aksegress import needs
from azext_aksegress.cluster import Cluster
from azext_aksegress.request import Request
from azext_aksegress.snapshot import Unread, Untold
from tests.armsim.estate import cluster_id
from tests.builders import Shop

UDR = "userDefinedRouting"
HOP = "10.1.0.4"
ENDPOINTS = f"{cluster_id('aks-shop')}/outboundNetworkDependenciesEndpoints"
API = "the API server's address:443 for pods"
NAME = "aks-shop.hcp.westeurope.azmk8s.io:443"


def words(shop: Shop, endpoints: Any = None) -> list[str]:
    snapshot = shop.snapshot(Request(UDR))
    if endpoints is not None:
        snapshot = snapshot.plus({ENDPOINTS: tuple(endpoints)})
    return [flow.words for flow in needs.flows(Cluster(snapshot).subnets[0], HOP)]


def row(category: str, name: object = "example.com", **detail: object) -> Any:
    details = [{"port": 443, "protocol": "Https", **detail}]
    return {"category": category, "endpoints": [{"domainName": name, "endpointDetails": details}]}


class TestNames:
    def test_the_clusters_own_list_is_what_it_needs(self) -> None:
        found = words(Shop.byo().routed())
        assert {API, NAME, "mcr.microsoft.com:443", "ntp.ubuntu.com:123 UDP"} <= set(found)

    def test_what_is_optional_or_for_other_nodes_is_left_out(self) -> None:
        found = words(Shop.byo().routed())
        assert not {"security.ubuntu.com:80", "nvidia.github.io:443", "onegetcdn.azureedge.net:443"} & set(found)
        assert not [text for text in found if "9000" in text]

    def test_windows_and_gpu_pools_need_theirs(self) -> None:
        shop = Shop.byo().routed().pool("apps", osType="Windows", vmSize="Standard_NC4as_T4_v3")
        assert {"nvidia.github.io:443", "onegetcdn.azureedge.net:443"} <= set(words(shop))

    @pytest.mark.parametrize("profile", [{"enablePrivateCluster": True}, {"enableVnetIntegration": True}])
    def test_a_private_api_server_is_left_out(self, profile: dict[str, bool]) -> None:
        found = words(Shop.byo(apiServerAccessProfile=profile).routed())
        assert not {API, NAME} & set(found)

    def test_the_api_servers_wildcard_stands_for_its_name(self) -> None:
        found = words(Shop.byo().routed(), [row("apiserver", "*.azmk8s.io"), row("images")])
        assert found == [API, NAME, "example.com:443"]

    @pytest.mark.parametrize("endpoints", [[], [{}], [{"category": 5}], [row("images", None)], [row("x", port="443")]])
    def test_where_the_list_says_nothing_the_documented_one_stands(self, endpoints: list[Any]) -> None:
        found = words(Shop.byo().routed(), endpoints)
        assert {f"{name}:443" for name in needs.DOCUMENTED} | {API, NAME} == set(found)

    def test_and_it_is_told_why(self) -> None:
        cluster = Shop.byo().routed().cluster(Request(UDR))
        assert needs.not_listed(cluster) is None
        empty = needs.not_listed(Cluster(cluster.snapshot.plus({ENDPOINTS: ()})))
        assert isinstance(empty, Untold)
        unread = Unread(ENDPOINTS, "forbidden")
        found = needs.not_listed(Cluster(replace(cluster.snapshot, collections={}).plus({ENDPOINTS: unread})))
        assert found is unread

    def test_the_order_of_the_list_does_not_matter(self) -> None:
        rows = [row("images", "a.example"), row("images", "b.example"), row("artifacts", "a.example")]
        assert words(Shop.byo().routed(), rows) == words(Shop.byo().routed(), reversed(rows))

    def test_an_address_that_aks_says_is_the_api_servers(self) -> None:
        snapshot = Shop.byo().routed().snapshot(Request(UDR))
        snapshot = snapshot.plus({ENDPOINTS: (row("apiserver", ipAddress="20.1.2.3"),)})
        flow, *_ = needs.flows(Cluster(snapshot).subnets[0], HOP)
        assert (flow.words, flow.address) == (API, "20.1.2.3")


class TestDnsServers:
    def served(self, *servers: str) -> Shop:
        shop = Shop.byo().routed()
        shop.estate[shop.network_id]["properties"]["dhcpOptions"] = {"dnsServers": list(servers)}
        return shop

    def of(self, shop: Shop) -> list[str]:
        return [text for text in words(shop) if text.startswith("DNS")]

    def test_one_that_only_the_default_route_leads_to_is_needed(self) -> None:
        assert self.of(self.served("172.16.0.5", "8.8.8.8")) == [
            "DNS server 172.16.0.5:53 UDP",
            "DNS server 8.8.8.8:53 UDP",
        ]

    @pytest.mark.parametrize("server", ["10.240.1.9", "10.1.0.4", "168.63.129.16", "text", ""])
    def test_one_in_the_network_or_a_peer_and_azures_own_is_not(self, server: str) -> None:
        assert self.of(self.served(server)) == []

    def test_one_behind_a_peering_that_is_not_connected_is(self) -> None:
        shop = self.served("10.1.0.9")
        (peering,) = shop.estate[shop.network_id]["properties"]["virtualNetworkPeerings"]
        peering["properties"]["peeringState"] = "Disconnected"
        assert self.of(shop) == ["DNS server 10.1.0.9:53 UDP"]

    @pytest.mark.parametrize(("hop", "needed"), [(HOP, True), ("10.1.1.9", False), (None, False)])
    def test_a_longer_route_of_ones_own_goes_first(self, hop: str | None, needed: bool) -> None:
        shop = self.served("10.1.0.9")
        table = shop.estate[shop.subnets["snet-system"]]["properties"]["routeTable"]["id"]
        properties = {"addressPrefix": "10.1.0.0/16", "nextHopType": "VirtualAppliance", "nextHopIpAddress": hop}
        shop.estate[table]["properties"]["routes"].append({"name": "hub", "properties": properties})
        assert bool(self.of(shop)) == needed
