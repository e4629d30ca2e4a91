from __future__ import annotations

from azext_aksegress.migration import prepare
from azext_aksegress.render import table
from azext_aksegress.report import show_json, survey
from azext_aksegress.request import Request
from tests.builders import AZ, Shop

LB, MNAT, UDR = "loadBalancer", "managedNATGateway", "userDefinedRouting"


def test_a_check_has_one_row_for_each_finding() -> None:
    report = Shop.byo().report(UDR)
    rows = table.check_rows(report.to_json())
    assert [row["Id"] for row in rows] == [finding.id for finding in report.findings]
    assert list(rows[0]) == ["Id", "Outcome", "Resource", "Observed"]


def test_long_observations_are_cut() -> None:
    rows = table.check_rows(Shop.managed(MNAT).report(LB).to_json())
    assert max(len(row["Observed"]) for row in rows) == 100


def test_a_survey_has_one_row_for_each_type() -> None:
    rows = table.check_rows([made.to_row() for made in survey(Shop.byo().snapshot(), Request)])
    assert [row["To"] for row in rows][:2] == [LB, MNAT]
    assert rows[3]["Blockers"] == "EGR201"


def test_surveys_of_two_clusters_follow_one_another() -> None:
    rows = [made.to_row() for made in survey(Shop.byo().snapshot(), Request)]
    assert len(table.check_rows([rows, rows])) == 12


def test_show_has_one_row_for_each_subnet() -> None:
    rows = table.show_rows(show_json(Shop.byo(UDR).snapshot()))
    assert [(row["Subnet"], row["RouteTable"]) for row in rows] == [
        ("snet-system", "rt-snet-system"),
        ("snet-apps", "rt-snet-apps"),
    ]


def test_show_has_a_row_even_where_no_subnet_is_known() -> None:
    (row,) = table.show_rows(show_json(Shop.byo().set(agentPoolProfiles=None).snapshot()))
    assert row["OutboundType"] == LB


def test_a_migration_is_one_row_and_a_blocked_one_its_findings() -> None:
    planned = prepare(Shop.byo().routed().snapshot(), Request(UDR, cli_version=AZ), ()).to_json()
    assert [row["Outcome"] for row in table.migrate_rows(planned)] == ["planned"]
    blocked = prepare(Shop.byo().snapshot(), Request(UDR, cli_version=AZ), ()).to_json()
    assert "fail" in [row["Outcome"] for row in table.migrate_rows(blocked)]


def test_several_clusters_are_named_in_a_column_and_one_alone_is_not() -> None:
    report = Shop.byo().report(UDR).to_json()
    other = {**report, "cluster": {**report["cluster"], "id": "/x/managedClusters/aks-two"}}
    assert {row["Cluster"] for row in table.check_rows([report, other])} == {"aks-shop", "aks-two"}
    assert "Cluster" not in table.check_rows(report)[0]


def test_a_cluster_that_failed_has_a_row_with_its_error() -> None:
    rows = table.check_rows([Shop.byo().report(UDR).to_json(), {"id": "/x/aks-gone", "error": "There is none."}])
    assert (rows[-1]["Cluster"], rows[-1]["Error"]) == ("aks-gone", "There is none.")
