"""EGR306, the part of `neighbours` that is about allow-lists of others."""

from __future__ import annotations

from typing import Any

import pytest

from azext_aksegress import checks, egress, questions
from azext_aksegress.cluster import Cluster
from azext_aksegress.request import Request
from azext_aksegress.snapshot import Snapshot
from tests.armsim.allowlists import KINDS, admitting, other_cluster, rule
from tests.armsim.estate import OTHER_SUBSCRIPTION, isolated, network_id
from tests.builders import Shop, fixes

UANAT, LB, MNAT = "userAssignedNATGateway", "loadBalancer", "managedNATGateway"
TODAY = "20.50.0.2"
"""The address of a cluster that is alone in its estate."""
STORAGE, VAULT, REGISTRY, COSMOS, COGNITIVE = KINDS


def observed(shop: Shop, to: str, **options: Any) -> list[str]:
    return [finding.seen.observed or "" for finding in shop.findings("EGR306", to, **options)]


def leaving(*sources: str, kind: str = STORAGE, **properties: Any) -> tuple[Shop, str]:
    """A cluster that leaves a managed NAT gateway with a known address, and a resource that admits some addresses."""
    shop = Shop.managed(MNAT)
    return shop, admitting(shop.estate, kind, "guarded", *(sources or (TODAY,)), **properties)


class TestEGR306NobodyAdmitsTheOldAddresses:
    def test_none_found_passes_and_says_how_far_it_saw(self) -> None:
        assert observed(Shop.managed(MNAT), LB) == ["none found among what this sign-in can see"]

    @pytest.mark.parametrize("kind", [STORAGE, VAULT, REGISTRY, COSMOS, COGNITIVE])
    def test_a_resource_that_admits_todays_address_warns(self, kind: str) -> None:
        shop, _ = leaving(kind=kind)
        assert shop.outcomes("EGR306", LB) == [("warn", "guarded")]
        assert TODAY in observed(shop, LB)[0]

    @pytest.mark.parametrize("kind", [STORAGE, REGISTRY, COSMOS, COGNITIVE])
    def test_a_range_around_it_warns_too(self, kind: str) -> None:
        assert leaving("20.50.0.0/24", kind=kind)[0].outcome("EGR306", LB) == "warn"

    @pytest.mark.parametrize("source", ["20.50.9.3", "52.0.1.0/24", "2603::/16", "odd", "0.0.0.0/32"])
    def test_other_addresses_pass(self, source: str) -> None:
        assert leaving(source)[0].outcome("EGR306", LB) == "pass"

    def test_the_command_waits_for_an_address_that_aks_makes_in_the_move(self) -> None:
        shop, _ = leaving()
        expected = (
            "az storage account network-rule add --subscription 11111111-1111-1111-1111-111111111111 "
            "--resource-group rg-shop --account-name guarded --ip-address '<new-address>'"
        )
        assert fixes(shop.findings("EGR306", LB)) == [("after", expected)]

    @pytest.mark.parametrize(
        ("kind", "ends"),
        [
            (STORAGE, ["--account-name guarded --ip-address 52.0.9.1 52.0.9.2"]),
            (VAULT, ["az keyvault", "--name guarded --ip-address 52.0.9.1 52.0.9.2"]),
            (REGISTRY, ["az acr", "--ip-address 52.0.9.1", "--ip-address 52.0.9.2"]),
            (COGNITIVE, ["az cognitiveservices account", "--ip-address 52.0.9.1", "--ip-address 52.0.9.2"]),
            (COSMOS, ["az cosmosdb update --subscription ", f"--ip-range-filter {TODAY},52.0.9.1,52.0.9.2"]),
        ],
    )
    def test_known_addresses_are_admitted_before_the_move(self, kind: str, ends: list[str]) -> None:
        shop, _ = leaving(kind=kind)
        own = tuple(shop.own_ip(f"pip-{number}", ipAddress=f"52.0.9.{number}") for number in (1, 2))
        found = fixes(shop.findings("EGR306", LB, ip_ids=own))
        assert {when for when, _ in found} == {"before"}
        assert all(any(end in command for _, command in found) for end in ends)

    def test_a_storage_account_gets_a_small_range_by_its_addresses(self) -> None:
        shop, _ = leaving()
        prefix = shop.estate.public_ip_prefix("ippre", "52.0.9.0/31")
        ((_, command),) = fixes(shop.findings("EGR306", LB, prefix_ids=(prefix,)))
        assert command.endswith("--ip-address 52.0.9.0 52.0.9.1")

    def test_the_address_of_a_gateway_that_is_not_attached_yet_is_admitted_before(self) -> None:
        shop = Shop.byo()
        (today,) = egress.before(shop.cluster()).known
        admitting(shop.estate, STORAGE, "guarded", today)
        assert [when for when, _ in fixes(shop.findings("EGR306", UANAT))] == ["before"]

    @pytest.mark.parametrize(
        "sources", [(TODAY, "52.0.9.1"), ("20.50.0.0/16", "52.0.0.0/16"), ("0.0.0.0/0",), ("0.0.0.0/2",)]
    )
    def test_rules_that_hold_the_new_address_as_well_pass(self, sources: tuple[str, ...]) -> None:
        shop, _ = leaving(*sources)
        assert shop.outcome("EGR306", LB, ip_ids=(shop.own_ip(ipAddress="52.0.9.1"),)) == "pass"

    @pytest.mark.parametrize("sources", [("0.0.0.0/0",), ("0.0.0.0/1", "128.0.0.0/1"), (TODAY, "0.0.0.0/0")])
    def test_rules_that_hold_everybody_pass_though_the_new_address_is_not_known(self, sources: tuple[str, ...]) -> None:
        assert leaving(*sources)[0].outcome("EGR306", LB) == "pass"

    def test_half_of_the_internet_is_still_a_list(self) -> None:
        assert leaving("0.0.0.0/1")[0].outcome("EGR306", LB) == "warn"

    @pytest.mark.parametrize("anybody", ["*", "Internet", "internet"])
    def test_a_rule_for_anybody_passes_though_it_names_todays_address_too(self, anybody: str) -> None:
        shop = Shop.managed(MNAT)
        shop.estate.nsg("nsg-db", [rule("a", anybody, TODAY)])
        assert shop.outcome("EGR306", LB) == "pass"

    def test_beside_a_rule_for_anybody_another_one_is_still_a_list(self) -> None:
        shop = Shop.managed(MNAT)
        shop.estate.nsg("nsg-db", [rule("a", "*"), rule("b", TODAY)])
        assert "rule b admits" in observed(shop, LB)[0]

    def test_rules_that_hold_a_new_prefix_together_pass(self) -> None:
        shop, _ = leaving(TODAY, "52.0.9.0", "52.0.9.1")
        prefix = shop.estate.public_ip_prefix("ippre", "52.0.9.0/31")
        assert shop.outcome("EGR306", LB, prefix_ids=(prefix,)) == "pass"

    def test_only_what_is_missing_is_said(self) -> None:
        shop, _ = leaving(TODAY, "52.0.9.1")
        own = tuple(shop.own_ip(f"pip-{number}", ipAddress=f"52.0.9.{number}") for number in (1, 2))
        assert observed(shop, LB, ip_ids=own)[0].endswith(f"admits {TODAY}, and not 52.0.9.2")

    def test_a_cluster_that_will_have_no_address_warns_without_a_command(self) -> None:
        shop = Shop.byo(**isolated())
        (today,) = egress.before(shop.cluster()).known
        admitting(shop.estate, STORAGE, "guarded", today)
        (finding,) = shop.findings("EGR306", "none")
        assert (finding.outcome, finding.seen.fix) == ("warn", ())

    def test_a_gateway_that_is_left_keeps_its_address_until_it_goes(self) -> None:
        assert "as long as" in observed(Shop.byo(UANAT), LB)[0]

    def test_where_the_addresses_stay_nothing_is_asked(self) -> None:
        shop = Shop.byo().gated()
        admitting(shop.estate, STORAGE, "guarded", "52.0.0.2")
        assert observed(shop, UANAT) == ["egress IPs stay"]

    @pytest.mark.parametrize(
        "properties",
        [
            {"networkAcls": {"defaultAction": "Allow", "ipRules": [{"value": TODAY}]}},
            {"publicNetworkAccess": "Disabled"},
            {"publicNetworkAccess": "securedbyperimeter"},
        ],
    )
    def test_rules_that_decide_nothing_pass(self, properties: dict[str, Any]) -> None:
        assert leaving(**properties)[0].outcome("EGR306", LB) == "pass"

    def test_a_database_that_admits_all_of_azure_passes(self) -> None:
        assert leaving(TODAY, "0.0.0.0", kind=COSMOS)[0].outcome("EGR306", LB) == "pass"

    def test_a_rule_of_a_security_group_is_updated_with_all_of_its_sources(self) -> None:
        shop = Shop.managed(MNAT)
        shop.estate.nsg("nsg-db", [rule("from-aks", TODAY, "10.9.0.0/16"), rule("other", "10.9.0.0/16")])
        own = shop.own_ip(ipAddress="52.0.9.1")
        ((when, command),) = fixes(shop.findings("EGR306", LB, ip_ids=(own,)))
        assert when == "before"
        assert command.startswith("az network nsg rule update ")
        assert command.endswith(
            f"--nsg-name nsg-db --name from-aks --source-address-prefixes 10.9.0.0/16 {TODAY} 52.0.9.1"
        )

    def test_several_rules_of_a_group_are_one_finding(self) -> None:
        shop = Shop.managed(MNAT)
        shop.estate.nsg("nsg-db", [rule("a", TODAY), rule("b", TODAY)])
        assert shop.outcomes("EGR306", LB) == [("warn", "nsg-db")]
        assert len(fixes(shop.findings("EGR306", LB))) == 2

    @pytest.mark.parametrize(
        "other", [{"direction": "Outbound"}, {"access": "Deny"}, {"direction": "outbound", "access": "allow"}]
    )
    def test_rules_that_admit_nobody_pass(self, other: dict[str, str]) -> None:
        shop = Shop.managed(MNAT)
        shop.estate.nsg("nsg-db", [rule("a", TODAY, **other)])
        assert shop.outcome("EGR306", LB) == "pass"

    @pytest.mark.parametrize("source", ["*", "Internet", "VirtualNetwork", "AzureCloud"])
    def test_sources_that_are_no_addresses_pass(self, source: str) -> None:
        shop = Shop.managed(MNAT)
        shop.estate.nsg("nsg-db", [rule("a", source)])
        assert shop.outcome("EGR306", LB) == "pass"

    def test_a_rule_that_a_service_wrote_has_no_command(self) -> None:
        shop = Shop.managed(MNAT)
        shop.estate.nsg("aks-agentpool-12345678-nsg", [rule("k8s-azure-lb_allow", TODAY)], group="MC_other")
        (finding,) = shop.findings("EGR306", LB)
        assert (finding.outcome, finding.seen.fix) == ("warn", ())
        assert "loadBalancerSourceRanges" in (finding.seen.observed or "")

    def test_another_cluster_that_admits_it_gets_all_ranges_again(self) -> None:
        shop = Shop.managed(MNAT)
        other_cluster(shop.estate, "aks-other", "10.9.0.0/16", TODAY)
        own = shop.own_ip(ipAddress="52.0.9.1")
        ((when, command),) = fixes(shop.findings("EGR306", LB, ip_ids=(own,)))
        assert when == "before"
        assert command.startswith("az aks update --subscription ")
        assert command.endswith(f"--name aks-other --api-server-authorized-ip-ranges 10.9.0.0/16,{TODAY},52.0.9.1")

    def test_the_cluster_itself_is_the_finding_of_another_check(self) -> None:
        shop = Shop.managed(MNAT, apiServerAccessProfile={"authorizedIPRanges": [TODAY]})
        assert shop.outcome("EGR306", LB) == "pass"

    def test_a_resource_in_another_subscription_is_seen(self) -> None:
        shop, found = leaving()
        row = shop.estate.resources.pop(found.lower())
        elsewhere = found.replace("11111111-1111-1111-1111-111111111111", OTHER_SUBSCRIPTION)
        shop.estate.resources[elsewhere.lower()] = {**row, "id": elsewhere}
        assert OTHER_SUBSCRIPTION in fixes(shop.findings("EGR306", LB))[0][1]

    def test_what_resource_graph_does_not_tell_is_unknown_and_only_warns(self) -> None:
        shop = Shop.managed(MNAT)
        snapshot = shop.snapshot(Request(LB))
        without = Snapshot(snapshot.captured_at, snapshot.api_version, snapshot.cluster, snapshot.resources, {})
        known = checks.load()["EGR306"]
        (finding,) = checks.judge(known, Cluster(without), Request(LB))
        assert (finding.outcome, known.blocks) == ("unknown", False)

    def test_addresses_of_today_that_are_not_known_are_unknown_beside_those_that_are(self) -> None:
        shop = Shop.byo(UANAT).routed("snet-apps", hop="10.1.0.99")
        admitting(shop.estate, STORAGE, "guarded", "52.0.0.2")
        assert sorted(row[0] for row in shop.outcomes("EGR306", LB)) == ["unknown", "warn"]

    def test_a_gateway_without_addresses_leaves_nothing_to_admit(self) -> None:
        for to in ("none", LB):
            assert observed(Shop.byo(UANAT).gated(addresses=()), to) == ["the cluster has no egress IP"]

    def test_neither_does_a_cluster_that_has_no_way_out_today(self) -> None:
        shop = Shop.byo(UANAT)
        for subnet in shop.subnets.values():
            del shop.estate[subnet]["properties"]["natGateway"]
        assert observed(shop, LB) == ["the cluster has no egress IP"]

    @pytest.mark.parametrize("hidden", ["natGateways/nat-shop", "publicIPAddresses/pip-nat-0"])
    def test_a_gateway_or_an_address_of_it_that_cannot_be_read_is_unknown(self, hidden: str) -> None:
        shop = Shop.byo(UANAT)
        shop.arm.forbid(network_id(*hidden.split("/")))
        for to in ("none", LB, UANAT):
            assert shop.outcomes("EGR306", to) == [("unknown", hidden.split("/")[1])]

    def test_it_takes_one_request(self) -> None:
        shop = Shop.managed(MNAT)
        assert list(checks.load()["EGR306"].reads(shop.cluster(), Request(LB))) == [questions.GRAPH]
