from __future__ import annotations

from typing import Any, Mapping

import pytest

from azext_aksegress.arm import Json
from azext_aksegress.snapshot import Answer
from tests.armsim.estate import GROUP, NETWORK_GROUP, OTHER_SUBSCRIPTION, SUBSCRIPTION, cluster_id, node_group, scope
from tests.armsim.faults import Unavailable
from tests.builders import CLUSTER, Shop, fixes

LB, MNAT, UANAT, UDR, NONE = "loadBalancer", "managedNATGateway", "userAssignedNATGateway", "userDefinedRouting", "none"
HERE = f"/subscriptions/{SUBSCRIPTION}"
NODES = scope(node_group(CLUSTER))
LOCKS = "providers/Microsoft.Authorization/locks"
POLICIES = f"{NODES}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions"
ASSIGNMENT = f"{HERE}/providers/Microsoft.Authorization/policyAssignments/no-public-ips"


class TestEGR501NoLockStopsIt:
    @pytest.mark.parametrize("to", [UANAT, UDR, NONE])
    def test_without_locks_it_passes(self, to: str) -> None:
        assert Shop.byo().outcome("EGR501", to) == "pass"

    @pytest.mark.parametrize("where", [HERE, scope(GROUP), cluster_id(CLUSTER), NODES, scope(NETWORK_GROUP)])
    def test_a_read_only_lock_on_what_the_cluster_is_in_fails_once(self, where: str) -> None:
        shop = Shop.byo(UANAT).routed()
        shop.estate.lock(where, "ReadOnly", "freeze")
        assert shop.outcomes("EGR501", UDR) == [("fail", "freeze")]

    def test_so_does_one_on_a_network_or_a_subnet_that_it_uses(self) -> None:
        shop = Shop.byo()
        shop.estate.lock(shop.network_id, "ReadOnly", "network")
        shop.estate.lock(shop.subnets["snet-apps"], "ReadOnly", "subnet")
        assert sorted(shop.outcomes("EGR501", UDR)) == [("fail", "network"), ("fail", "subnet")]

    def test_and_one_on_an_address_of_ones_own(self) -> None:
        shop = Shop.byo(UANAT)
        address = shop.own_ip()
        shop.estate.lock(address, "ReadOnly", "freeze")
        assert shop.outcomes("EGR501", LB, ip_ids=(address,)) == [("fail", "freeze")]
        assert shop.outcome("EGR501", LB) == "pass"

    def test_one_on_anything_in_the_node_resource_group_locks_it_all(self) -> None:
        shop = Shop.byo(UANAT)
        shop.estate.lock(f"{NODES}/providers/Microsoft.Compute/disks/data", "ReadOnly", "disk")
        assert shop.outcomes("EGR501", UDR) == [("fail", "disk")]

    @pytest.mark.parametrize("to", [UANAT, UDR, NONE])
    def test_a_lock_against_deletion_fails_where_aks_deletes_what_it_made(self, to: str) -> None:
        shop = Shop.byo()
        shop.estate.lock(NODES, name="keep")
        assert shop.outcomes("EGR501", to) == [("fail", "keep")]

    @pytest.mark.parametrize("where", [HERE, f"{NODES}/providers/Microsoft.Network/publicIPAddresses/pip"])
    def test_so_does_one_above_it_or_in_it(self, where: str) -> None:
        shop = Shop.byo()
        shop.estate.lock(where, name="keep")
        assert shop.outcomes("EGR501", UDR) == [("fail", "keep")]

    def test_where_aks_deletes_nothing_it_is_harmless(self) -> None:
        shop = Shop.byo(UANAT).routed()
        shop.estate.lock(NODES)
        assert shop.outcome("EGR501", UDR) == "pass"

    @pytest.mark.parametrize(("count", "outcome"), [(1, "fail"), (3, "pass")])
    def test_fewer_addresses_are_deleted_and_more_are_not(self, count: int, outcome: str) -> None:
        shop = Shop.managed()
        profile = shop.document["properties"]["networkProfile"]["loadBalancerProfile"]
        profile["managedOutboundIPs"] = {"count": 2}
        profile["effectiveOutboundIPs"].append({"id": shop.estate.outbound_ip(CLUSTER)})
        shop.estate.lock(NODES)
        assert shop.outcome("EGR501", LB, ip_count=count) == outcome

    def test_addresses_of_ones_own_instead_of_those_that_aks_made_are_a_deletion(self) -> None:
        shop = Shop.managed()
        shop.estate.lock(NODES)
        assert shop.outcome("EGR501", LB, ip_ids=(shop.own_ip(),)) == "fail"

    def test_so_is_another_sku_of_the_nat_gateway(self) -> None:
        shop = Shop.managed(MNAT)
        shop.estate.lock(NODES)
        assert shop.outcome("EGR501", MNAT, nat_gateway_sku="StandardV2") == "fail"

    @pytest.mark.parametrize("where", [scope(GROUP), scope(NETWORK_GROUP), scope("rg-else")])
    def test_a_lock_against_deletion_elsewhere_is_harmless(self, where: str) -> None:
        shop = Shop.byo()
        shop.estate.lock(where)
        assert shop.outcome("EGR501", UDR) == "pass"

    def test_a_read_only_lock_elsewhere_is_harmless(self) -> None:
        shop = Shop.byo()
        shop.estate.lock(scope("rg-else"), "ReadOnly")
        shop.estate.lock(f"{shop.network_id}-2", "ReadOnly")
        assert shop.outcome("EGR501", UDR) == "pass"

    def test_a_network_in_another_subscription_has_its_locks_there(self) -> None:
        shop = Shop()
        shop.subnets = shop.estate.vnet("vnet-hub", ["snet-hub"], group="rg-hub", subscription=OTHER_SUBSCRIPTION)
        shop.estate.cluster(CLUSTER, UANAT, pools={"system": shop.subnets["snet-hub"]})
        shop.estate.lock(shop.network_id, "ReadOnly", "far")
        assert shop.outcomes("EGR501", UDR) == [("fail", "far")]

    def test_the_fix_lifts_the_lock_and_puts_it_back(self) -> None:
        shop = Shop.byo()
        lock = shop.estate.lock(shop.subnets["snet-apps"], "ReadOnly", "freeze")
        shop.estate[lock]["properties"]["notes"] = "ask us"
        assert fixes(shop.findings("EGR501", UDR)) == [
            ("before", f"az lock delete --ids {lock} --subscription {SUBSCRIPTION}"),
            (
                "after",
                f"az lock create --name freeze --lock-type ReadOnly --resource {shop.subnets['snet-apps']} "
                f"--notes 'ask us' --subscription {SUBSCRIPTION}",
            ),
        ]

    @pytest.mark.parametrize("level", ["ReadOnly", "CanNotDelete"])
    def test_a_lock_on_an_address_that_aks_deletes_is_not_put_back(self, level: str) -> None:
        shop = Shop.byo()
        (address,) = shop.document["properties"]["networkProfile"]["loadBalancerProfile"]["effectiveOutboundIPs"]
        lock = shop.estate.lock(address["id"].upper(), level, "keep")
        (finding,) = shop.findings("EGR501", UDR)
        assert (finding.outcome, (finding.seen.resource or "").lower()) == ("fail", lock.lower())
        assert (finding.seen.observed or "").endswith(", which AKS deletes with the move")
        assert [when for when, _ in fixes([finding])] == ["before"]

    @pytest.mark.parametrize(("to", "options"), [(LB, {}), (MNAT, {"nat_gateway_sku": "StandardV2"})])
    def test_nor_is_one_on_the_gateway_that_aks_deletes(self, to: str, options: dict[str, str]) -> None:
        shop = Shop.managed(MNAT)
        shop.estate.lock(shop.managed_gateway["id"], "ReadOnly", "keep")
        assert [when for when, _ in fixes(shop.findings("EGR501", to, **options))] == ["before"]

    @pytest.mark.parametrize("level", ["ReadOnly", "CanNotDelete"])
    def test_one_on_what_stays_in_the_group_is_put_back(self, level: str) -> None:
        shop = Shop.byo()
        shop.estate.lock(f"{NODES}/providers/Microsoft.Compute/disks/data", level, "disk")
        assert [when for when, _ in fixes(shop.findings("EGR501", UDR))] == ["before", "after"]

    def test_where_the_type_of_today_is_not_known_the_lock_still_fails(self) -> None:
        shop = Shop.byo().network(outboundType=None)
        shop.estate.lock(cluster_id(CLUSTER), "ReadOnly", "freeze")
        assert ("fail", "freeze") in shop.outcomes("EGR501", UDR)

    @pytest.mark.parametrize(("where", "option"), [(HERE, ""), (NODES, f"--resource-group {node_group(CLUSTER)} ")])
    def test_also_at_a_subscription_and_a_resource_group(self, where: str, option: str) -> None:
        shop = Shop.byo()
        shop.estate.lock(where, "ReadOnly", "freeze")
        (_, (_, command)) = fixes(shop.findings("EGR501", UDR))
        assert command == f"az lock create --name freeze --lock-type ReadOnly {option}--subscription {SUBSCRIPTION}"

    def test_letter_case_is_no_matter(self) -> None:
        shop = Shop.byo()
        lock = shop.estate.lock(NODES.upper(), "readonly", "freeze")
        shop.estate[lock]["id"] = lock.upper()
        assert shop.outcomes("EGR501", UDR) == [("fail", "FREEZE")]

    def test_where_the_subscription_tells_nothing_its_resource_groups_are_asked(self) -> None:
        shop = Shop.byo()
        shop.arm.forbid(f"{HERE}/{LOCKS}")
        assert shop.outcome("EGR501", UDR) == "pass"
        shop.estate.lock(NODES, name="keep")
        assert shop.outcomes("EGR501", UDR) == [("fail", "keep")]

    def test_a_list_that_breaks_is_unknown_once_and_no_smaller_ones_are_asked_for(self) -> None:
        shop = Shop.byo()
        shop.arm.fault("GET", f"{HERE}/{LOCKS}".lower(), Unavailable(), times=9)
        assert shop.outcomes("EGR501", UDR) == [("unknown", "locks")]

    def test_what_no_list_tells_is_unknown_and_the_rest_is_judged(self) -> None:
        shop = Shop.byo()
        shop.estate.lock(scope(NETWORK_GROUP), "ReadOnly", "freeze")
        shop.arm.forbid(f"{HERE}/{LOCKS}")
        shop.arm.forbid(f"{NODES}/{LOCKS}")
        assert shop.outcomes("EGR501", UDR) == [("unknown", "locks"), ("fail", "freeze")]

    def test_it_names_the_permission_and_leaves_the_verdict_alone(self) -> None:
        shop = Shop.byo().routed()
        shop.arm.forbid(f"{HERE}/{LOCKS}")
        shop.arm.forbid(f"{NODES}/{LOCKS}")
        (finding,) = shop.findings("EGR501", UDR)
        assert "needs Microsoft.Authorization/locks/read" in (finding.seen.observed or "")
        assert not finding.check.blocks

    @pytest.mark.parametrize("level", [None, "", 1, "Strange"])
    def test_a_lock_of_an_unknown_level_is_unknown(self, level: Any) -> None:
        shop = Shop.byo()
        shop.estate.lock(NODES, level, "odd")
        assert shop.outcomes("EGR501", UDR) == [("unknown", "odd")]

    def test_a_lock_on_who_knows_what_is_unknown(self) -> None:
        shop = Shop.byo()
        shop.estate[shop.estate.lock(NODES)]["id"] = "/providers/Microsoft.Authorization/locks/odd"
        assert shop.outcomes("EGR501", UDR) == [("unknown", "odd")]

    def test_subnets_that_cannot_be_known_hide_no_lock_on_the_cluster(self) -> None:
        shop = Shop.byo().set(agentPoolProfiles=None)
        shop.estate.lock(cluster_id(CLUSTER), "ReadOnly", "freeze")
        assert ("fail", "freeze") in shop.outcomes("EGR501", UDR)
        assert "unknown" in [found for found, _ in shop.outcomes("EGR501", UDR)]


class TestEGR502NoPolicyDeniesWhatAksWillCreate:
    def answered(self, monkeypatch: pytest.MonkeyPatch, answer: Any, shop: Shop | None = None) -> Shop:
        """A shop where policies say something."""
        shop = shop or Shop.managed("none")
        fetch = shop.fetch

        def instead(wanted: Mapping[str, Json | None]) -> Mapping[str, Answer]:
            odd: Answer = {"id": POLICIES, "properties": answer}
            return {found: odd if found == POLICIES else row for found, row in fetch(wanted).items()}

        monkeypatch.setattr(shop, "fetch", instead)
        return shop

    def restricted(self, monkeypatch: pytest.MonkeyPatch, field: str, **restriction: Any) -> str:
        policy = {"policyAssignmentId": ASSIGNMENT}
        rows = [{"field": field, "restrictions": [{"policy": policy, **restriction}]}]
        answer = {"fieldRestrictions": rows, "contentEvaluationResult": {"policyEvaluations": []}}
        shop = Shop.managed("none")
        shop.document["tags"] = {"team": "shop"}
        return self.answered(monkeypatch, answer, shop).outcome("EGR502", LB)

    @pytest.mark.parametrize("to", [LB, MNAT])
    def test_where_none_does_it_passes(self, to: str) -> None:
        assert Shop.managed("none").outcome("EGR502", to) == "pass"

    @pytest.mark.parametrize("where", [HERE, NODES])
    def test_one_that_does_warns_and_is_named(self, where: str) -> None:
        shop = Shop.managed("none")
        shop.estate.deny(where)
        assert shop.outcomes("EGR502", MNAT) == [("warn", "no-public-ips")]

    def test_the_fix_exempts_the_node_resource_group(self) -> None:
        shop = Shop.managed("none")
        shop.estate.deny(HERE)
        assert fixes(shop.findings("EGR502", LB)) == [
            (
                "before",
                f"az policy exemption create --name aks-shop-egress-no-public-ips --policy-assignment {ASSIGNMENT} "
                f"--exemption-category Waiver --scope {NODES}",
            )
        ]

    def test_of_an_initiative_only_the_one_definition(self, monkeypatch: pytest.MonkeyPatch) -> None:
        info = {"policyAssignmentId": ASSIGNMENT, "policyDefinitionReferenceId": "no ips"}
        rows = [{"policyInfo": info, "evaluationResult": "NonCompliant"}]
        shop = self.answered(monkeypatch, {"contentEvaluationResult": {"policyEvaluations": rows}})
        ((_, command),) = fixes(shop.findings("EGR502", LB))
        assert "--policy-definition-reference-ids 'no ips'" in command

    @pytest.mark.parametrize(
        ("effect", "result", "outcome"),
        [
            ("deny", "noncompliant", "warn"),
            (None, "NonCompliant", "warn"),
            ("Audit", "NonCompliant", "pass"),
            ("DenyAction", "NonCompliant", "pass"),
            ("Deny", "Compliant", "pass"),
            ("Deny", "Error", "unknown"),
            ("Deny", None, "unknown"),
        ],
    )
    def test_only_what_denies_and_is_not_complied_with_counts(
        self, monkeypatch: pytest.MonkeyPatch, effect: str | None, result: str | None, outcome: str
    ) -> None:
        row = {
            "policyInfo": {"policyAssignmentId": ASSIGNMENT},
            "evaluationResult": result,
            "effectDetails": {"policyEffect": effect},
        }
        shop = self.answered(monkeypatch, {"contentEvaluationResult": {"policyEvaluations": [row]}})
        assert shop.outcome("EGR502", LB) == outcome

    @pytest.mark.parametrize(
        ("field", "restriction", "outcome"),
        [
            ("location", {"result": "Deny", "values": ["West Europe"]}, "warn"),
            ("location", {"result": "Deny", "values": ["eastus"]}, "pass"),
            ("location", {"result": "Required", "values": ["eastus"]}, "warn"),
            ("location", {"result": "Required", "values": ["eastus", "westeurope"]}, "pass"),
            ("type", {"result": "deny"}, "warn"),
            ("tags.owner", {"result": "Required"}, "warn"),
            ("tags.owner", {"result": "Required", "defaultValue": "us"}, "pass"),
            ("tags['team']", {"result": "Required"}, "pass"),
            ("tags[team]", {"result": "Required", "values": ["shop"]}, "pass"),
            ("tags.team", {"result": "Required", "values": ["other"]}, "warn"),
            ("tags.owner", {"result": "Removed"}, "pass"),
            ("tags.owner", {"result": "Deny"}, "pass"),
            ("Microsoft.Network/publicIPAddresses/sku.name", {"result": "Deny", "values": ["Basic"]}, "pass"),
            ("Microsoft.Network/publicIPAddresses/sku.name", {"result": "Deny", "values": ["Standard"]}, "warn"),
            ("", {}, "pass"),
        ],
    )
    def test_a_restricted_field_counts_where_the_address_does_not_fit(
        self, monkeypatch: pytest.MonkeyPatch, field: str, restriction: dict[str, Any], outcome: str
    ) -> None:
        assert self.restricted(monkeypatch, field, **restriction) == outcome

    def test_a_policy_without_an_assignment_is_said_of_the_resource_group(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rows = [{"evaluationResult": "NonCompliant"}]
        shop = self.answered(monkeypatch, {"contentEvaluationResult": {"policyEvaluations": rows}})
        assert shop.outcomes("EGR502", LB) == [("warn", node_group(CLUSTER))]

    @pytest.mark.parametrize("odd", [{}, {"contentEvaluationResult": None}, {"contentEvaluationResult": [1]}])
    def test_an_answer_that_evaluates_nothing_is_unknown(self, monkeypatch: pytest.MonkeyPatch, odd: Any) -> None:
        assert self.answered(monkeypatch, odd).outcome("EGR502", LB) == "unknown"

    def test_who_may_not_ask_does_not_know(self) -> None:
        shop = Shop.managed("none")
        shop.arm.forbid(POLICIES)
        (finding,) = shop.findings("EGR502", LB)
        assert (finding.outcome, finding.check.blocks) == ("unknown", False)

    def test_addresses_of_ones_own_are_not_created(self) -> None:
        shop = Shop.managed("none")
        shop.estate.deny(HERE)
        assert shop.outcome("EGR502", LB, ip_ids=(shop.own_ip(),)) == "skip"

    @pytest.mark.parametrize(("options", "outcome"), [({"idle_timeout": 10}, "skip"), ({"ip_count": 2}, "warn")])
    def test_of_todays_type_only_more_addresses_are_created(self, options: dict[str, Any], outcome: str) -> None:
        shop = Shop.managed()
        shop.estate.deny(HERE)
        assert shop.outcome("EGR502", LB, **options) == outcome

    def test_an_update_that_failed_before_creates_what_is_lacking(self) -> None:
        shop = Shop.managed()
        shop.document["properties"]["networkProfile"]["loadBalancerProfile"]["effectiveOutboundIPs"] = []
        shop.estate.deny(HERE)
        assert shop.outcome("EGR502", LB) == "warn"
