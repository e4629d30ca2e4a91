"""How Azure decides about an outbound flow, in the words of its documentation."""

from __future__ import annotations

import random
from ipaddress import ip_network
from typing import Any

import pytest

from azext_aksegress.network import ranges
from azext_aksegress.security import (
    INTERNET_RANGES,
    MEMBERS,
    Flow,
    denials,
    endpoint,
    is_public,
    narrowest,
    outbound_rules,
    without,
)
from tests.builders import outbound

GROUP = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/nsg"
SUBNET = "10.240.0.0/24"
REGISTRY = Flow(
    "the registry",
    "Tcp",
    443,
    frozenset({"*", "internet", "azurecloud", "microsoftcontainerregistry"}),
    INTERNET_RANGES,
)
SERVER = Flow("DNS", "Udp", 53, frozenset({"*", "virtualnetwork", MEMBERS}), ranges(("10.240.9.4",)))
SERVER_V6 = Flow("DNS", "Udp", 53, frozenset({"*", "virtualnetwork", MEMBERS}), ranges(("fd00::53",)))
PLATFORM = Flow("Azure DNS", "Udp", 53, frozenset({"azureplatformdns"}))


def group(*rules: Any) -> dict[str, Any]:
    """A security group as ARM answers it, of `outbound` rules."""
    rows = [{"name": rule.pop("name"), "properties": rule} for rule in (dict(found) for found in rules)]
    return {
        "id": GROUP,
        "properties": {"securityRules": [{**row, "id": f"{GROUP}/securityRules/{row['name']}"} for row in rows]},
    }


def denied(flow: Flow, *rules: Any, sources: tuple[str, ...] = (SUBNET,)) -> list[str]:
    """The names of the rules that deny a flow."""
    return [found.rule.name for found in denials(outbound_rules(group(*rules)), flow, ranges(sources))]


class TestWhichRuleDecides:
    def test_without_rules_the_default_ones_let_out_to_the_internet_and_into_the_network(self) -> None:
        assert denied(REGISTRY) == denied(SERVER) == []

    def test_what_the_default_rules_do_not_let_out_the_last_of_them_denies(self) -> None:
        elsewhere = Flow("elsewhere", "Tcp", 443, frozenset({"*"}), ranges(("10.9.0.4",)))
        assert denied(elsewhere) == ["DenyAllOutBound"]

    def test_default_rules_of_the_answer_stand_for_the_built_in_ones(self) -> None:
        (deny,) = group(outbound("DenyAllOutBound", 65500, "Deny", "*"))["properties"]["securityRules"]
        document = {"id": GROUP, "properties": {"defaultSecurityRules": [deny]}}
        assert [rule.name for rule in outbound_rules(document)].count("DenyAllOutBound") == 2
        assert not list(denials(outbound_rules(document), REGISTRY, ranges((SUBNET,))))

    def test_the_lowest_priority_decides_whatever_the_order_of_the_list(self) -> None:
        allow, deny = outbound("allow", 100, "Allow", "Internet"), outbound("deny", 200, "Deny", "*")
        assert denied(REGISTRY, allow, deny) == denied(REGISTRY, deny, allow) == []
        allow["priority"] = 300
        assert denied(REGISTRY, allow, deny) == denied(REGISTRY, deny, allow) == ["deny"]

    def test_of_two_rules_of_one_priority_the_one_that_denies_comes_first(self) -> None:
        rules = [outbound("allow", 100, "Allow", "*"), outbound("deny", 100, "Deny", "*")]
        assert denied(REGISTRY, *rules) == denied(REGISTRY, *reversed(rules)) == ["deny"]

    def test_inbound_rules_decide_nothing(self) -> None:
        assert denied(REGISTRY, outbound("deny", 100, "Deny", "*", direction="Inbound")) == []

    def test_only_the_first_rule_that_denies_is_named(self) -> None:
        assert denied(REGISTRY, outbound("one", 100, "Deny", "*"), outbound("two", 200, "Deny", "*")) == ["one"]

    def test_letter_case_does_not_matter(self) -> None:
        rule = outbound("deny", 100, "DENY", "INTERNET", direction="outbound", protocol="TCP")
        assert denied(REGISTRY, rule) == ["deny"]


class TestProtocolAndPort:
    @pytest.mark.parametrize("protocol", ["Udp", "Icmp", "Esp", "Ah"])
    def test_a_rule_for_another_protocol_decides_nothing(self, protocol: str) -> None:
        assert denied(REGISTRY, outbound("deny", 100, "Deny", "*", protocol=protocol)) == []

    @pytest.mark.parametrize("port", ["443", "400-500", "443-443", "0-65535", "*"])
    def test_a_port_is_in_its_range(self, port: str) -> None:
        assert denied(REGISTRY, outbound("deny", 100, "Deny", "*", port)) == ["deny"]

    @pytest.mark.parametrize("port", ["80", "444-500", "1-442", "-", "x", "443,80", ""])
    def test_another_port_or_what_is_none_is_not(self, port: str) -> None:
        assert denied(REGISTRY, outbound("deny", 100, "Deny", "*", port)) == []

    def test_ports_may_stand_in_a_list(self) -> None:
        rule = outbound("deny", 100, "Deny", "*", "", destinationPortRanges=["80", "440-450"])
        assert denied(REGISTRY, rule) == ["deny"]


class TestDestination:
    def test_rules_that_deny_all_of_it_together_deny_it_by_the_last(self) -> None:
        halves = [outbound("low", 100, "Deny", "0.0.0.0/1"), outbound("high", 110, "Deny", "128.0.0.0/1")]
        assert denied(REGISTRY, *halves) == ["high"]
        assert denied(REGISTRY, halves[0]) == denied(REGISTRY, halves[1]) == []

    def test_what_is_allowed_before_the_last_part_of_it_is_denied_is_not_denied(self) -> None:
        low, high = outbound("low", 100, "Deny", "0.0.0.0/1"), outbound("high", 110, "Deny", "128.0.0.0/1")
        assert denied(REGISTRY, low, outbound("allow", 105, "Allow", "AzureCloud"), high) == []

    def test_rules_deny_it_together_only_from_where_both_do(self) -> None:
        low = outbound("low", 100, "Deny", "0.0.0.0/1", sourceAddressPrefix="10.240.0.0/25")
        rules = outbound_rules(group(low, outbound("high", 110, "Deny", "128.0.0.0/1")))
        (denial,) = denials(rules, REGISTRY, ranges((SUBNET,)))
        assert [str(found) for found in denial.part] == ["10.240.0.0/25"]

    @pytest.mark.parametrize("to", ["*", "Internet", "AzureCloud", "MicrosoftContainerRegistry", "0.0.0.0/0"])
    def test_a_word_or_range_that_holds_all_of_it_denies(self, to: str) -> None:
        assert denied(REGISTRY, outbound("deny", 100, "Deny", to)) == ["deny"]

    @pytest.mark.parametrize(
        "to", ["AzureCloud.eastus", "Storage", "VirtualNetwork", "20.0.0.0/8", "10.0.0.0/8", "::/0", "nonsense", ""]
    )
    def test_what_holds_none_or_some_of_it_decides_nothing(self, to: str) -> None:
        assert denied(REGISTRY, outbound("deny", 100, "Deny", to)) == []

    def test_ranges_that_together_hold_every_public_address_deny(self) -> None:
        rule = outbound("deny", 100, "Deny", "", destinationAddressPrefixes=["0.0.0.0/1", "128.0.0.0/1"])
        assert denied(REGISTRY, rule) == ["deny"]

    def test_an_allowed_tag_goes_before_a_denied_internet(self) -> None:
        allow = outbound("allow", 100, "Allow", "MicrosoftContainerRegistry", "443")
        assert denied(REGISTRY, allow, outbound("deny", 200, "Deny", "Internet")) == []

    @pytest.mark.parametrize("to", ["10.240.9.4", "10.240.9.0/24", "10.0.0.0/8", "VirtualNetwork", "*"])
    def test_a_known_address_is_in_its_range(self, to: str) -> None:
        assert denied(SERVER, outbound("deny", 100, "Deny", to)) == ["deny"]

    def test_a_known_address_outside_of_it_is_not(self) -> None:
        assert denied(SERVER, outbound("deny", 100, "Deny", "10.240.9.5")) == []

    def test_ipv6_is_decided_by_ipv6_ranges(self) -> None:
        rules = [outbound("four", 100, "Deny", "0.0.0.0/0"), outbound("six", 200, "Deny", "fd00::/8")]
        assert denied(SERVER_V6, *rules, sources=(SUBNET, "fd00:1::/64")) == ["six"]

    @pytest.mark.parametrize("to", ["*", "Internet", "168.63.129.16", "0.0.0.0/0"])
    def test_azure_dns_is_subject_to_no_rule(self, to: str) -> None:
        assert denied(PLATFORM, outbound("deny", 100, "Deny", to)) == []

    def test_but_to_one_that_names_it(self) -> None:
        assert denied(PLATFORM, outbound("deny", 100, "Deny", "AzurePlatformDNS")) == ["deny"]


class TestSource:
    def test_a_rule_for_other_sources_decides_nothing(self) -> None:
        assert denied(REGISTRY, outbound("deny", 100, "Deny", "*", sourceAddressPrefix="10.250.0.0/16")) == []

    @pytest.mark.parametrize("source", ["*", "VirtualNetwork", SUBNET, "10.0.0.0/8", "0.0.0.0/0"])
    def test_a_rule_for_all_of_the_subnet_denies_all_of_it(self, source: str) -> None:
        rules = outbound_rules(group(outbound("deny", 100, "Deny", "*", sourceAddressPrefix=source)))
        (found,) = denials(rules, REGISTRY, ranges((SUBNET,)))
        assert (found.part, found.certain) == ((), True)

    def test_a_rule_for_a_part_denies_that_part(self) -> None:
        rules = outbound_rules(group(outbound("deny", 100, "Deny", "*", sourceAddressPrefix="10.240.0.128/25")))
        (found,) = denials(rules, REGISTRY, ranges((SUBNET,)))
        assert found.part == (ip_network("10.240.0.128/25"),)

    def test_an_allowed_part_leaves_the_rest_to_the_rules_that_follow(self) -> None:
        allow = outbound("allow", 100, "Allow", "*", sourceAddressPrefix="10.240.0.0/25")
        rules = outbound_rules(group(allow, outbound("deny", 200, "Deny", "*")))
        (found,) = denials(rules, REGISTRY, ranges((SUBNET,)))
        assert found.part == (ip_network("10.240.0.128/25"),)

    def test_two_halves_that_are_allowed_are_all_of_it(self) -> None:
        halves = ["10.240.0.128/25", "10.240.0.0/25"]
        allow = outbound("allow", 100, "Allow", "*", sourceAddressPrefix=None, sourceAddressPrefixes=halves)
        assert denied(REGISTRY, allow, outbound("deny", 200, "Deny", "*")) == []

    @pytest.mark.parametrize(
        "limit",
        [
            {"sourceAddressPrefix": None, "sourceApplicationSecurityGroups": [{"id": "/asg"}]},
            {"sourcePortRange": "1024-2048"},
        ],
    )
    def test_a_rule_that_is_limited_allows_nothing_for_certain_and_may_deny(self, limit: dict[str, Any]) -> None:
        allow, deny = outbound("allow", 100, "Allow", "*", **limit), outbound("deny", 200, "Deny", "*")
        assert denied(REGISTRY, allow, deny) == ["deny"]
        rules = outbound_rules(group(outbound("maybe", 100, "Deny", "*", **limit), deny))
        found = list(denials(rules, REGISTRY, ranges((SUBNET,))))
        assert [(row.rule.name, row.certain) for row in found] == [("maybe", False), ("deny", True)]

    def test_members_of_an_application_security_group_are_in_the_network(self) -> None:
        members = {"destinationAddressPrefix": None, "destinationApplicationSecurityGroups": [{"id": "/asg"}]}
        rule = outbound("deny", 100, "Deny", "", **members)
        assert (denied(REGISTRY, rule), denied(SERVER, rule)) == ([], ["deny"])


class TestOddAnswers:
    @pytest.mark.parametrize("odd", [None, {}, [], "text", 7, {"properties": None}, {"properties": {"access": 1}}])
    def test_what_is_no_rule_decides_nothing(self, odd: object) -> None:
        document = {"id": None, "properties": {"securityRules": [odd], "defaultSecurityRules": odd}}
        assert not list(denials(outbound_rules(document), REGISTRY, ranges((SUBNET,))))

    @pytest.mark.parametrize("key", ["priority", "protocol", "sourceAddressPrefix", "destinationPortRange"])
    @pytest.mark.parametrize("value", [None, True, 7.5, [], {}, ["*"]])
    def test_a_rule_of_other_types_raises_nothing(self, key: str, value: object) -> None:
        denied(REGISTRY, {**outbound("deny", 100, "Deny", "*"), key: value})

    def test_a_rule_without_priority_comes_last(self) -> None:
        assert denied(REGISTRY, {**outbound("deny", 100, "Deny", "*"), "priority": None}) == []

    def test_the_order_of_rules_and_of_their_lists_never_matters(self) -> None:
        prefixes = ["10.240.0.0/26", "10.240.0.128/26", "10.240.0.200/32"]
        rules = [
            outbound(f"rule{number}", 100 + number % 3, ("Allow", "Deny")[number % 2], "*", sourceAddressPrefixes=part)
            for number, part in enumerate(([prefixes[0]], prefixes[1:], prefixes, [SUBNET]))
        ]
        for rule in rules:
            rule["sourceAddressPrefix"] = None
        expected = denied(REGISTRY, *rules)
        shuffled = random.Random(7)
        for _ in range(20):
            shuffled.shuffle(rules)
            for rule in rules:
                shuffled.shuffle(rule["sourceAddressPrefixes"])
            assert denied(REGISTRY, *rules) == expected


class TestRanges:
    def test_what_is_taken_away_leaves_the_rest(self) -> None:
        assert without(ranges(("10.0.0.0/24",)), ranges(("10.0.0.0/25", "fd00::/8"))) == ranges(("10.0.0.128/25",))

    def test_the_narrowest_range_that_holds_an_address_is_the_one_with_the_longest_prefix(self) -> None:
        some = ranges(("10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "::/0"))
        assert narrowest(ranges(("10.1.9.4",))[0], some) == ip_network("10.1.0.0/16")
        assert narrowest(ranges(("11.1.9.4",))[0], some) is None

    @pytest.mark.parametrize("address", ["8.8.8.8", "20.1.2.3", "2001:4860:4860::8888"])
    def test_a_public_address_is_one_of_the_internet(self, address: str) -> None:
        assert is_public(ranges((address,))[0])

    @pytest.mark.parametrize(
        "address",
        ["10.0.0.4", "172.31.0.4", "192.168.1.1", "100.64.0.1", "127.0.0.53", "169.254.10.1", "168.63.129.16"],
    )
    def test_a_private_one_or_one_of_the_platform_is_not(self, address: str) -> None:
        assert not is_public(ranges((address,))[0])

    @pytest.mark.parametrize("address", ["fd00::53", "fe80::1", "::1"])
    def test_nor_is_it_in_ipv6(self, address: str) -> None:
        assert not is_public(ranges((address,))[0])


class TestEndpoint:
    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("http://proxy.example.com:3128/", ("proxy.example.com", 3128)),
            ("http://10.1.0.4", ("10.1.0.4", 80)),
            ("https://PROXY.example.com", ("proxy.example.com", 443)),
            ("http://user:secret@10.1.0.4:3128", ("10.1.0.4", 3128)),
            ("http://[fd00::4]:3128", ("fd00::4", 3128)),
            (" http://proxy:3128 ", ("proxy", 3128)),
        ],
    )
    def test_it_is_the_host_and_port_without_user_and_password(self, url: str, expected: tuple[str, int]) -> None:
        assert endpoint(url) == expected

    @pytest.mark.parametrize(
        "url", ["", "proxy", "proxy:3128", "10.1.0.4:3128", "http://", "http://[::1", "http://h:x"]
    )
    def test_what_names_no_host_is_none(self, url: str) -> None:
        assert endpoint(url) is None
