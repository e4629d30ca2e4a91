from __future__ import annotations

import pytest

from azext_aksegress import probe
from azext_aksegress.cluster import Cluster
from azext_aksegress.needs import endpoints_id
from azext_aksegress.node_script import MOST, Reply
from azext_aksegress.snapshot import Unread, Untold
from tests.armsim.estate import isolated, node_group, scope
from tests.builders import CLUSTER, Shop
from tests.nodes import Nodes, awaited_of, cluster_of, host

LB, UDR, UA_NAT = "loadBalancer", "userDefinedRouting", "userAssignedNATGateway"
TIMED_OUT, CUT_OFF, NO_NAME, NO_CURL = Reply(28, "000"), Reply(35, "000"), Reply(6, "000"), Reply(127, "")
ENDPOINTS, ADDRESS, ISOLATED, ANSWERS = "probe.endpoints", "probe.address", "probe.isolated", "probe.node"
OWN = "https://who.example.com/ip"


def hosts(nodes: Nodes) -> list[str]:
    return [host(row) for row in nodes.asked.questions]


class TestWhatIsAsked:
    def test_is_what_aks_lists_for_the_cluster(self) -> None:
        shop = Shop.byo(LB)
        found = hosts(Nodes(shop))
        assert {"mcr.microsoft.com", "login.microsoftonline.com", "api.ipify.org"} <= set(found)
        assert shop.document["properties"]["fqdn"] in found

    def test_of_a_private_cluster_is_the_private_name_of_its_api_server(self) -> None:
        private = {"enablePrivateCluster": True}
        found = hosts(Nodes(Shop.byo(LB, apiServerAccessProfile=private, privateFQDN="aks.privatelink.example.io")))
        assert found[0] == "aks.privatelink.example.io"

    def test_of_a_public_cluster_with_vnet_integration_is_no_name_of_its_api_server(self) -> None:
        shop = Shop.byo(LB, apiServerAccessProfile={"enableVnetIntegration": True})
        assert shop.document["properties"]["fqdn"] not in hosts(Nodes(shop))

    def test_of_an_isolated_cluster_is_its_api_server_and_the_internet(self) -> None:
        nodes = Nodes(Shop.quiet())
        assert [row.any_certificate for row in nodes.asked.questions] == [True, *[False] * 4]
        assert hosts(nodes)[1:] == ["api.ipify.org", "checkip.amazonaws.com", "1.1.1.1", "mcr.microsoft.com"]

    def test_is_a_service_of_ones_own_where_it_is_named(self) -> None:
        found = hosts(Nodes(Shop.byo(LB), url=OWN))
        assert "who.example.com" in found
        assert "api.ipify.org" not in found

    def test_is_no_wildcard_and_nothing_by_udp_and_that_is_said(self) -> None:
        nodes = Nodes(Shop.byo(LB))
        said = {row.seen.observed or "" for row in nodes.asked.findings}
        assert {row.outcome for row in nodes.asked.findings} == {"skip"}
        assert any("*.data.mcr.microsoft.com" in words for words in said)
        assert any("ntp.ubuntu.com" in words for words in said)

    def test_is_not_known_where_the_list_cannot_be_read(self) -> None:
        shop = Shop.byo(LB)
        shop.arm.forbid(endpoints_id(shop.cluster()))
        nodes = Nodes(shop)
        assert "mcr.microsoft.com" in hosts(nodes)
        assert [row.outcome for row in nodes.asked.findings if row.outcome != "skip"] == ["unknown"]

    @pytest.mark.parametrize("name", ["evil'; reboot; '", "$(reboot).example.com", "a b.example.com"])
    def test_is_never_a_name_that_a_shell_would_understand(self, name: str) -> None:
        nodes = Nodes(Shop.byo(LB).set(fqdn=name))
        assert not [row for row in nodes.asked.questions if "reboot" in row.url or " " in row.url]
        assert any(name in (row.seen.observed or "") and row.outcome == "unknown" for row in nodes.asked.findings)

    def test_is_no_more_than_one_script_holds_and_the_rest_is_unknown(self) -> None:
        cluster = cluster_of(Shop.byo(LB))
        rows = [
            {"domainName": f"n{number}.example.com", "endpointDetails": [{"port": 443, "protocol": "Https"}]}
            for number in range(MOST + 5)
        ]
        listed = ({"category": "images", "endpoints": rows},)
        many = Cluster(cluster.snapshot.plus({endpoints_id(cluster): listed}))
        asked = probe.inquiry(many, None)
        assert len(asked.questions) == MOST
        assert [row.outcome for row in asked.findings].count("unknown") == 8


class TestEndpoints:
    def test_that_all_answer_pass(self) -> None:
        assert Nodes(Shop.byo(LB)).outcomes(ENDPOINTS) == {"pass"}

    @pytest.mark.parametrize("status", ["200", "301", "400", "401", "403", "404", "500"])
    def test_answer_with_any_status(self, status: str) -> None:
        nodes = Nodes(Shop.byo(LB))
        nodes.others["mcr.microsoft.com"] = Reply(0, status)
        assert nodes.outcomes(ENDPOINTS) == {"pass"}

    @pytest.mark.parametrize(
        "reply", [TIMED_OUT, CUT_OFF, NO_NAME, Reply(7, "000"), *(Reply(0, status) for status in ("407", "470", "511"))]
    )
    def test_of_which_one_does_not_answer_fail(self, reply: Reply) -> None:
        nodes = Nodes(Shop.byo(LB))
        nodes.others["mcr.microsoft.com"] = reply
        assert nodes.outcomes(ENDPOINTS) == {"fail"}
        assert any("mcr.microsoft.com:443 (" in (row.seen.observed or "") for row in nodes.findings())

    @pytest.mark.parametrize(
        "reply", [NO_CURL, Reply(2, "000"), Reply(0, ""), Reply(0, "000"), Reply(0, "999999"), Reply(0, "503")]
    )
    def test_of_which_one_could_not_be_asked_are_unknown(self, reply: Reply) -> None:
        nodes = Nodes(Shop.byo(LB))
        nodes.others["mcr.microsoft.com"] = reply
        assert nodes.outcomes(ENDPOINTS) == {"unknown"}

    def test_of_which_no_certificate_is_trusted_fail(self) -> None:
        nodes = Nodes(Shop.byo(LB))
        nodes.others = dict.fromkeys(hosts(nodes)[1:], Reply(60, "000"))
        assert nodes.outcomes(ENDPOINTS) == {"fail"}

    def test_that_stand_behind_another_name_may_have_its_certificate(self) -> None:
        nodes = Nodes(Shop.byo(LB))
        any_certificate = [host(row) for row in nodes.asked.endpoints if row.any_certificate]
        assert any_certificate == [nodes.cluster.text("fqdn"), "mcr-0001.mcr-msedge.net"]

    def test_of_which_none_could_be_asked_are_unknown(self) -> None:
        cluster = cluster_of(Shop.byo(LB))
        rows = [{"domainName": "*.example.com", "endpointDetails": [{"port": 443, "protocol": "Https"}]}]
        listed = ({"category": "images", "endpoints": rows},)
        asked = probe.inquiry(Cluster(cluster.snapshot.plus({endpoints_id(cluster): listed})), None)
        assert "unknown" in {row.outcome for row in asked.findings}

    def test_with_a_certificate_of_somebody_else_are_worth_a_note(self) -> None:
        nodes = Nodes(Shop.byo(LB))
        nodes.others["mcr.microsoft.com"] = Reply(60, "000")
        assert nodes.outcomes(ENDPOINTS) == {"note"}


class TestTheAddress:
    def test_that_carries_the_subnet_passes(self) -> None:
        assert Nodes(Shop.byo(UA_NAT), sees="52.0.0.2").outcomes(ADDRESS) == {"pass"}

    def test_that_is_another_one_fails(self) -> None:
        assert Nodes(Shop.byo(UA_NAT), sees="203.0.113.9").outcomes(ADDRESS) == {"fail"}

    def test_is_compared_subnet_by_subnet(self) -> None:
        shop = Shop.byo(UA_NAT).routed("snet-apps")
        nodes = Nodes(shop, sees="52.0.0.2")
        found = {row.seen.resource: row.outcome for row in nodes.findings() if row.id == ADDRESS}
        assert found == {shop.subnets["snet-system"]: "pass", shop.subnets["snet-apps"]: "fail"}

    @pytest.mark.parametrize("status", [28, 22, 63, 6])
    def test_that_no_service_told_is_unknown_and_another_service_can_be_named(self, status: int) -> None:
        nodes = Nodes(Shop.byo(UA_NAT))
        nodes.others = dict.fromkeys(["api.ipify.org", "checkip.amazonaws.com"], Reply(status, ""))
        assert nodes.outcomes(ADDRESS) == {"unknown"}
        assert all("--probe-url" in (row.seen.observed or "") for row in nodes.findings() if row.id == ADDRESS)

    def test_is_believed_of_one_service_where_the_other_is_silent(self) -> None:
        nodes = Nodes(Shop.byo(UA_NAT), sees="52.0.0.2")
        nodes.others["api.ipify.org"] = TIMED_OUT
        assert nodes.outcomes(ADDRESS) == {"pass"}

    @pytest.mark.parametrize("answer", ["", "1.2.3", "999.1.1.1", "...."])
    def test_is_none_in_an_answer_that_is_none(self, answer: str) -> None:
        assert Nodes(Shop.byo(UA_NAT), sees=answer).outcomes(ADDRESS) == {"unknown"}

    def test_of_an_appliance_that_azure_does_not_tell_is_a_note(self) -> None:
        shop = Shop.byo(UDR).routed(hop="10.1.1.9")
        assert Nodes(shop, sees="198.51.100.7").outcomes(ADDRESS) == {"note"}

    def test_of_before_the_move_fails_even_there(self) -> None:
        shop = Shop.byo(UDR).routed(hop="10.1.1.9")
        assert Nodes(shop, sees="52.0.0.9").outcomes(ADDRESS, "52.0.0.9") == {"fail"}

    def test_that_is_no_known_one_is_unknown_where_another_way_is_possible(self) -> None:
        assert Nodes(Shop.byo(LB).learning(), sees="198.51.100.77").outcomes(ADDRESS) == {"unknown"}

    def test_is_asked_by_ipv4_alone_and_that_is_said(self) -> None:
        dual = Shop.byo(LB).network(ipFamilies=["IPv4", "IPv6"])
        assert "skip" in {row.outcome for row in Nodes(dual).asked.findings if row.id == ADDRESS}

    def test_is_unknown_where_the_right_one_could_not_be_read(self) -> None:
        shop = Shop.byo(UA_NAT)
        shop.arm.forbid(shop.gateway_id("snet-apps"))
        assert Nodes(shop, sees="52.0.0.2").outcomes(ADDRESS) == {"unknown"}


class TestIsolation:
    def nodes(self, *replies: Reply, fallback: Reply = TIMED_OUT) -> Nodes:
        nodes = Nodes(Shop.byo("none", **isolated()))
        services = [host(row) for row in nodes.asked.services]
        nodes.others = {**dict.fromkeys(services, fallback), **dict(zip(services, replies))}
        return nodes

    def test_passes_where_nothing_on_the_internet_answers(self) -> None:
        nodes = self.nodes()
        assert nodes.outcomes(ISOLATED) == {"pass"}
        assert nodes.outcomes(ADDRESS) == set()

    @pytest.mark.parametrize("reply", [CUT_OFF, NO_NAME, Reply(7, "000")])
    def test_passes_where_it_is_refused_on_the_way(self, reply: Reply) -> None:
        assert self.nodes(fallback=reply).outcomes(ISOLATED) == {"pass"}

    @pytest.mark.parametrize("reply", [Reply(0, "200"), Reply(0, "403"), Reply(28, "200")])
    def test_fails_where_one_server_answers(self, reply: Reply) -> None:
        assert self.nodes(reply).outcomes(ISOLATED) == {"fail"}

    @pytest.mark.parametrize("reply", [NO_CURL, Reply(60, "000"), Reply(0, "000"), Reply(2, "000")])
    def test_is_unknown_where_one_could_not_be_asked(self, reply: Reply) -> None:
        assert self.nodes(reply).outcomes(ISOLATED) == {"unknown"}

    def test_is_not_proven_by_a_name_alone_that_nobody_knows(self) -> None:
        nodes = Nodes(Shop.byo("none", **isolated()))
        assert "1.1.1.1" in [host(row) for row in nodes.asked.services]

    def test_is_not_green_where_azure_s_settings_still_lead_out(self) -> None:
        nodes = Nodes(Shop.byo("none", **isolated()).routed())
        nodes.others = dict.fromkeys([host(row) for row in nodes.asked.services], CUT_OFF)
        assert nodes.outcomes(ISOLATED) == {"note"}

    def test_is_unknown_where_nodes_have_ipv6_too(self) -> None:
        dual = Shop.byo("none", **isolated()).network(ipFamilies=["IPv4", "IPv6"])
        assert "unknown" in {row.outcome for row in Nodes(dual).asked.findings}

    def test_still_needs_the_api_server(self) -> None:
        nodes = self.nodes()
        nodes.others[host(nodes.asked.endpoints[0])] = TIMED_OUT
        assert nodes.outcomes(ENDPOINTS) == {"fail"}


class TestWithoutAnAnswer:
    def test_a_subnet_is_unknown_and_nothing_else_is_said_of_it(self) -> None:
        shop = Shop.byo(UA_NAT)
        nodes = Nodes(shop, sees="52.0.0.2")
        silent = shop.subnets["snet-apps"]
        found = nodes.findings(answers={silent.lower(): Unread("/x/aks-1", "no answer within 300 s")})
        assert [(row.id, row.outcome) for row in found if row.seen.resource == silent] == [(ANSWERS, "unknown")]
        assert any("snet-apps: aks-1: no answer" in (row.seen.observed or "") for row in found)

    def test_a_subnet_of_a_service_in_aks_s_own_network_needs_none(self) -> None:
        shop = Shop.managed("managedNATGateway")
        (subnet,) = [found.id for found in cluster_of(shop).subnets]
        shop.estate[subnet]["properties"]["delegations"] = [{"name": "x"}]
        nodes = Nodes(shop)
        found = nodes.findings(answers={subnet.lower(): Untold(subnet, "no node on it can be asked")})
        assert [row.outcome for row in found if row.id == ANSWERS] == ["skip"]

    def test_nodes_of_no_pool_are_unknown_where_interfaces_cannot_be_read(self) -> None:
        shop = Shop.byo(UA_NAT)
        shop.arm.forbid(f"{scope(node_group(CLUSTER))}/providers/Microsoft.Network/networkInterfaces")
        found = Nodes(shop, sees="52.0.0.2").findings()
        assert "unknown" in {row.outcome for row in found if row.id == ANSWERS}

    def test_nobody_counts_as_having_answered(self) -> None:
        nodes = Nodes(Shop.byo(UA_NAT))
        found = probe.findings(nodes.cluster, awaited_of(nodes.cluster), nodes.asked, {})
        assert {row.outcome for row in found} == {"skip", "unknown"}
