from __future__ import annotations

from typing import Any

import pytest

from azext_aksegress.firewall_rules import MAYBE, Flow, Rule, denials, stopped
from azext_aksegress.network import ranges
from azext_aksegress.snapshot import Unread
from tests.builders import aks_rule, node_rule

MCR = Flow("mcr.microsoft.com:443", 443, "Https", "mcr.microsoft.com")
DATA = Flow("*.data.mcr.microsoft.com:443", 443, "Https", "*.data.mcr.microsoft.com")
NTP = Flow("ntp.ubuntu.com:123 UDP", 123, "UDP", "ntp.ubuntu.com")
DNS = Flow("DNS", 53, "UDP", address="172.16.0.5")
API = Flow("API", 443, "TCP", "api.example", tags=("AzureCloud", "AzureCloud.westeurope"))
NODES = ranges(("10.240.0.0/24",))


def names(*patterns: str, allows: bool = True, **changes: Any) -> Rule:
    document = {**aks_rule(), "fqdnTags": [], "targetFqdns": list(patterns), **changes}
    return Rule(allows, True, document)


def tag(**changes: Any) -> Rule:
    return Rule(True, True, {**aks_rule(), **changes})


def packets(*destinations: str, allows: bool = True, **changes: Any) -> Rule:
    return Rule(allows, False, {**node_rule(), "destinationAddresses": list(destinations), **changes})


class TestApplicationRules:
    @pytest.mark.parametrize(
        "pattern", ["mcr.microsoft.com", "*.microsoft.com", "*microsoft.com", "MCR.Microsoft.com", "*"]
    )
    def test_a_name_is_held_by_itself_and_by_wildcards(self, pattern: str) -> None:
        assert names(pattern).matches(MCR) is True

    @pytest.mark.parametrize(
        "pattern", ["microsoft.com", "mcr.microsoft.co", "*.data.mcr.microsoft.com", "", "mcr?microsoft.com"]
    )
    def test_and_by_nothing_else(self, pattern: str) -> None:
        assert names(pattern).matches(MCR) is False

    def test_a_wildcard_is_held_by_a_wider_one(self) -> None:
        assert names("*.mcr.microsoft.com").matches(DATA) is True
        assert names("westeurope.data.mcr.microsoft.com").matches(DATA) is False

    def test_a_denial_of_a_part_of_it_counts(self) -> None:
        assert names("westeurope.data.mcr.microsoft.com", allows=False).matches(DATA) is True

    def test_the_tag_of_aks_holds_all_names_that_it_needs(self) -> None:
        assert tag().matches(MCR) is True
        assert tag(fqdnTags=["azurekubernetesservice"]).matches(DATA) is True
        assert tag(fqdnTags=["WindowsUpdate"]).matches(MCR) is False

    def test_a_tag_without_protocols_brings_its_own(self) -> None:
        assert tag(protocols=[]).matches(MCR) is True

    def test_protocol_and_port_must_fit(self) -> None:
        assert names("*", protocols=[{"protocolType": "Https", "port": 8443}]).matches(MCR) is False
        assert names("*", protocols=[{"protocolType": "Http", "port": 443}]).matches(MCR) is False
        assert names("*", protocols=None).matches(MCR) is False

    def test_they_know_neither_packets_nor_addresses(self) -> None:
        assert [names("*").matches(flow) for flow in (NTP, DNS, API)] == [False, False, False]

    def test_addresses_urls_and_categories_leave_it_open(self) -> None:
        assert names("*", destinationAddresses=["20.0.0.0/8"]).matches(MCR) is MAYBE
        assert names(targetUrls=["mcr.microsoft.com/aks/*"]).matches(MCR) is MAYBE
        assert names(webCategories=["Business"]).matches(MCR) is MAYBE


class TestNetworkRules:
    @pytest.mark.parametrize("ports", [["*"], ["443"], ["80", "400-500"], ["0-65535"]])
    def test_a_port_is_held_by_itself_and_by_ranges(self, ports: list[str]) -> None:
        assert packets("*", destinationPorts=ports).matches(MCR) is True

    @pytest.mark.parametrize("ports", [[], None, ["80"], ["444-500"], ["text"], ["-"], [443]])
    def test_and_by_nothing_else(self, ports: object) -> None:
        assert packets("*", destinationPorts=ports).matches(MCR) is False

    def test_the_protocol_must_fit(self) -> None:
        assert packets("*", ipProtocols=["TCP"]).matches(MCR) is True
        assert packets("*", ipProtocols=["UDP", "ICMP"]).matches(MCR) is False
        assert packets("*", ipProtocols=["udp"]).matches(NTP) is True

    def test_a_classic_rule_names_its_protocols_otherwise(self) -> None:
        assert packets("*", ipProtocols=None, protocols=["TCP"]).matches(MCR) is True

    @pytest.mark.parametrize("destination", ["172.16.0.5", "172.16.0.0/12", "172.16.0.1-172.16.0.9", "0.0.0.0/0", "*"])
    def test_an_address_is_held_by_ranges(self, destination: str) -> None:
        assert packets(destination).matches(DNS) is True

    @pytest.mark.parametrize(
        "destination", ["172.16.0.6", "172.16.0.6-172.16.0.9", "AzureCloud", "fd00::/8", "9-1", "x"]
    )
    def test_and_by_no_others(self, destination: str) -> None:
        assert packets(destination).matches(DNS) is False

    def test_where_the_address_of_a_name_is_not_known_a_public_one_leaves_it_open(self) -> None:
        assert packets("20.1.2.3").matches(API) is MAYBE
        assert packets("10.0.0.0/8").matches(API) is False

    def test_a_service_tag_that_may_hold_a_name_leaves_it_open(self) -> None:
        assert packets("AzureCloud").matches(MCR) is MAYBE
        assert packets("MicrosoftContainerRegistry.WestEurope").matches(MCR) is MAYBE
        assert packets("AzureMonitor").matches(MCR) is False

    def test_a_tag_that_holds_the_api_server_is_enough(self) -> None:
        assert packets("azurecloud.WESTEUROPE").matches(API) is True
        assert packets("AzureCloud.northeurope").matches(API) is False

    def test_names_in_network_rules_count(self) -> None:
        assert packets(destinationFqdns=["ntp.ubuntu.com"]).matches(NTP) is True
        assert packets(destinationFqdns=["ntp.ubuntu.com"]).matches(DNS) is False

    def test_ip_groups_hold_what_their_lists_say(self) -> None:
        rule = packets(destinationIpGroups=["/G"])
        group = {"id": "/g", "properties": {"ipAddresses": ["172.16.0.0/24"]}}
        assert Rule(True, False, rule.document, [group]).matches(DNS) is True
        assert Rule(True, False, rule.document, [], Unread("/g", "forbidden")).matches(DNS) is MAYBE


class TestStopped:
    def test_without_rules_everything_is(self) -> None:
        assert stopped([], MCR, NODES, hopeful=True) == list(NODES)

    def test_the_first_that_matches_decides(self) -> None:
        deny = packets("*", allows=False)
        assert stopped([packets("*"), deny], MCR, NODES, hopeful=False) == []
        assert stopped([deny, packets("*")], MCR, NODES, hopeful=True) == list(NODES)

    def test_sources_that_together_hold_all_let_all_through(self) -> None:
        halves = [packets("*", sourceAddresses=[half]) for half in ("10.240.0.0/25", "10.240.0.128-10.240.0.255")]
        assert stopped(halves, MCR, NODES, hopeful=False) == []
        assert stopped(halves[:1], MCR, NODES, hopeful=True) == list(ranges(("10.240.0.128/25",)))

    def test_a_denial_of_one_source_stops_that_one(self) -> None:
        rules = [packets("*", allows=False, sourceAddresses=["10.240.0.7"]), packets("*")]
        assert stopped(rules, MCR, NODES, hopeful=True) == list(ranges(("10.240.0.7",)))

    @pytest.mark.parametrize("sources", [None, [], ["AzureCloud"], ["fd00::/8"], ["text"], [5]])
    def test_odd_sources_are_nobody(self, sources: object) -> None:
        assert stopped([packets("*", sourceAddresses=sources)], MCR, NODES, hopeful=True) == list(NODES)

    @pytest.mark.parametrize("allows", [True, False])
    def test_what_may_match_is_taken_for_the_best_or_for_the_worst(self, allows: bool) -> None:
        rules = [packets("20.1.2.3", allows=allows), *([] if allows else [packets("*")])]
        assert stopped(rules, API, NODES, hopeful=True) == []
        assert stopped(rules, API, NODES, hopeful=False) == list(NODES)

    def test_what_denies_is_told_from_what_is_not_allowed(self) -> None:
        deny = packets("*", allows=False, sourceAddresses=["10.240.0.7"])
        elsewhere = packets("*", allows=False, sourceAddresses=["10.9.0.0/16"])
        assert denials([elsewhere, deny], MCR, NODES) == (deny,)
        assert denials([packets("*"), deny], MCR, NODES) == ()
        assert denials([], MCR, NODES) == ()

    def test_sources_that_cannot_be_read_may_be_anybody(self) -> None:
        rule = Rule(True, False, {**node_rule(), "sourceAddresses": []}, [], Unread("/g", "forbidden"))
        assert stopped([rule], MCR, NODES, hopeful=True) == []
        assert stopped([rule], MCR, NODES, hopeful=False) == list(NODES)
