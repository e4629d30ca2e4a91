from __future__ import annotations

import pytest

from azext_aksegress.checks import acceptable_ids
from azext_aksegress.matrix import OUTBOUND_TYPES
from azext_aksegress.report import VERDICTS, show_json, survey
from azext_aksegress.request import Request
from tests.armsim.estate import isolated
from tests.builders import Shop

LB, MNAT, UANAT, UDR = "loadBalancer", "managedNATGateway", "userAssignedNATGateway", "userDefinedRouting"


class TestVerdict:
    def test_ranges_that_have_no_room_go_before_nothing_to_do(self) -> None:
        full = [f"20.0.{number}.0/24" for number in range(200)]
        shop = Shop.byo(UANAT, apiServerAccessProfile={"authorizedIPRanges": full})
        assert shop.report(UANAT).verdict == "nothingToDo"
        assert shop.report(UANAT, update_ranges=True).verdict == "blocked"

    def test_all_passed_is_ready(self) -> None:
        assert Shop.quiet().report(UANAT).verdict == "ready"

    def test_a_warning_is_ready_with_warnings(self) -> None:
        assert Shop.byo().routed("snet-system").gated("snet-apps").report("none").verdict == "blocked"
        assert Shop.byo(UANAT).report(LB).verdict == "readyWithWarnings"

    def test_an_unknown_that_decides_is_undetermined(self) -> None:
        assert Shop.quiet().forbid("snet-apps").report(UANAT).verdict == "undetermined"

    def test_a_fail_beside_an_unknown_is_blocked(self) -> None:
        assert Shop.byo().forbid("snet-apps").report(UANAT).verdict == "blocked"

    def test_what_is_done_already_is_nothing_to_do(self) -> None:
        assert Shop.byo(UDR).report(UDR).verdict == "nothingToDo"


class TestContract:
    def test_the_report_has_the_keys_of_the_contract(self) -> None:
        document = Shop.byo().routed().report(UDR).to_json()
        assert list(document) == [
            "schemaVersion",
            "capturedAt",
            "cluster",
            "from",
            "to",
            "verdict",
            "counts",
            "findings",
            "egressIps",
            "wayBack",
        ]
        assert list(document["cluster"]) == [
            "id",
            "name",
            "resourceGroup",
            "subscriptionId",
            "location",
            "vnet",
            "kubernetesVersion",
        ]

    def test_a_finding_has_the_keys_of_the_contract(self) -> None:
        assert {tuple(finding) for finding in Shop.byo().report(UDR).to_json()["findings"]} == {
            (
                "id",
                "title",
                "outcome",
                "resource",
                "observed",
                "expected",
                "consequence",
                "fix",
                "url",
                "sources",
            )
        }

    def test_the_counts_add_up_to_the_findings(self) -> None:
        document = Shop.byo().forbid("snet-apps").report(UDR).to_json()
        assert sum(document["counts"].values()) == len(document["findings"])

    def test_the_addresses_after_are_null_where_they_are_not_all_known(self) -> None:
        assert Shop.managed().report(MNAT).to_json()["egressIps"] == {"before": ["20.50.0.2"], "after": None}
        assert Shop.byo().routed().report(UDR).to_json()["egressIps"] == {"before": ["52.0.0.1"], "after": ["52.0.0.1"]}

    def test_show_has_the_keys_of_the_contract(self) -> None:
        document = show_json(Shop.byo().snapshot())
        assert set(document) >= {
            "schemaVersion",
            "capturedAt",
            "egress",
            "cluster",
            "resources",
            "collections",
            "unread",
        }
        assert list(document["egress"]) == ["outboundType", "vnet", "subnets", "egressIps", "authorizedIpRanges"]
        assert list(document["egress"]["subnets"][0]) == [
            "id",
            "pools",
            "routeTable",
            "natGateway",
            "networkSecurityGroup",
            "effectivePath",
        ]

    def test_the_survey_has_one_row_for_each_type(self) -> None:
        rows = [made.to_row() for made in survey(Shop.byo().snapshot(), Request)]
        assert [row["to"] for row in rows] == list(OUTBOUND_TYPES)
        assert all(bool(row["blockers"]) == (row["verdict"] == "blocked") for row in rows)

    def test_every_verdict_is_one_of_the_contract(self) -> None:
        assert {Shop.byo().report(target).verdict for target in OUTBOUND_TYPES} <= set(VERDICTS)


class TestRefusals:
    def test_a_fail_that_may_be_accepted_is_gone_past_with_its_id_alone(self) -> None:
        shop = Shop.byo(apiServerAccessProfile={"authorizedIPRanges": ["9.9.9.9"]}).gated()
        assert {finding.id for finding in shop.report(UANAT).refusals(())} == {"EGR301"}
        assert not shop.report(UANAT).refusals(["EGR301"])

    def test_a_fail_that_may_not_be_accepted_stays(self) -> None:
        refusals = Shop.byo().report(UDR).refusals([*acceptable_ids(), "EGR201"])
        assert {finding.id for finding in refusals} == {"EGR201"}

    def test_a_warning_that_must_be_accepted_refuses(self) -> None:
        assert [finding.id for finding in Shop.managed().report(MNAT).refusals(())] == ["EGR604"]

    def test_a_warning_that_must_not_be_accepted_does_not(self) -> None:
        assert not Shop.byo(UANAT).report(LB).refusals(())

    def test_an_unknown_that_decides_refuses(self) -> None:
        report = Shop.quiet().forbid("snet-apps").report(UANAT)
        assert {finding.id for finding in report.refusals(acceptable_ids())} == {"EGR211", "EGR212", "EGR213", "EGR215"}

    def test_an_unknown_that_only_warns_does_not(self) -> None:
        assert not Shop.byo(UANAT).forbid("snet-apps").report(LB).refusals(())


@pytest.mark.parametrize("origin", [LB, MNAT, "none", "block"])
def test_a_healthy_managed_cluster_can_go_wherever_the_matrix_leads(origin: str) -> None:
    shop = Shop.managed(origin, **isolated())
    for target in {LB, MNAT, "none", "block"} - {origin}:
        report = shop.report(target)
        assert not report.ids("fail", "unknown"), (target, report.ids("fail", "unknown"))


@pytest.mark.parametrize("origin", [LB, UANAT, UDR, "none"])
def test_a_healthy_cluster_in_its_own_vnet_can_go_wherever_the_matrix_leads(origin: str) -> None:
    shop = Shop.byo(origin, **isolated()).routed().gated()
    for target in {LB, UANAT, UDR, "none"} - {origin}:
        report = shop.report(target)
        assert not report.ids("fail", "unknown"), (target, report.ids("fail", "unknown"))


class TestTheWayBack:
    def command(self, shop: Shop, to: str, **options: object) -> str:
        return str(shop.report(to, **options).way_back["command"])

    def test_asks_for_what_was_configured(self) -> None:
        profile = {"managedOutboundIPs": {"count": 2}, "allocatedOutboundPorts": 1024, "idleTimeoutInMinutes": 30}
        shop = Shop.managed().network(loadBalancerProfile=profile)
        command = self.command(shop, MNAT)
        assert "--load-balancer-managed-outbound-ip-count 2 --load-balancer-outbound-ports 1024" in command
        assert "idle-timeout" not in command

    def test_from_addresses_of_ones_own_asks_for_made_ones(self) -> None:
        shop = Shop.managed()
        assert "--load-balancer-managed-outbound-ip-count 1" in self.command(shop, LB, ip_ids=(shop.own_ip(),))
