"""One wheel, the oldest and the newest az: the same findings, exit codes and writes."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Callable

from tests.armsim.arm import Arm
from tests.armsim.cli import Az
from tests.builders import Shop

CLUSTER = ("-g", "rg-shop", "-n", "aks-shop")
Serve = Callable[[Shop], Arm]


def test_the_wheel_holds_one_extension_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if "dist-info" not in name} == {"azext_aksegress"}
    assert not [name for name in names if "test" in name]
    assert wheel.name.endswith("-py3-none-any.whl")


def test_az_reads_the_version_of_the_extension(each_az: Az) -> None:
    assert each_az.must("version").json["extensions"]["aksegress"] == "1.0.0b1"


def test_check_finds_the_missing_route(each_az: Az, serve: Serve) -> None:
    serve(Shop.byo().routed("snet-system").table("snet-apps"))
    result = each_az("aks", "egress", "check", *CLUSTER, "--to", "userDefinedRouting")
    assert result.code == 4
    assert [row["id"] for row in result.json["findings"] if row["outcome"] == "fail"] == ["EGR202"]


def test_where_az_is_told_not_to_verify_connections_check_does_not_either(each_az: Az, serve: Serve) -> None:
    serve(Shop.byo().routed())
    told = "unset REQUESTS_CA_BUNDLE; AZURE_CLI_DISABLE_CONNECTION_VERIFICATION=1"
    result = each_az.shell(f"{told} az aks egress check {' '.join(CLUSTER)} --to userDefinedRouting")
    assert result.code == 0, result.err
    assert "verification disabled" in result.err


def test_show_prints_the_snapshot(each_az: Az, serve: Serve) -> None:
    serve(Shop.byo("userAssignedNATGateway"))
    document = each_az.must("aks", "egress", "show", *CLUSTER).json
    assert document["egress"]["egressIps"] == ["52.0.0.2"]


def test_migrate_changes_the_type(each_az: Az, serve: Serve) -> None:
    shop = Shop.byo().routed()
    serve(shop)
    result = each_az("aks", "egress", "migrate", *CLUSTER, "--to", "userDefinedRouting", "--yes")
    assert (result.code, result.json["outcome"]) == (0, "applied")
    assert shop.document["properties"]["networkProfile"]["outboundType"] == "userDefinedRouting"


def test_a_cluster_that_is_not_there_is_told_with_exit_code_3(each_az: Az, serve: Serve) -> None:
    serve(Shop())
    for words in (("check", "--to", "none"), ("check",), ("show",), ("migrate", "--to", "none", "--yes")):
        result = each_az("aks", "egress", *words, *CLUSTER)
        assert result.code == 3
        assert "There is no cluster aks-shop in resource group rg-shop" in result.err


def test_the_group_appears_in_the_help_of_az_aks(each_az: Az) -> None:
    assert "egress" in each_az.must("aks", "--help").out
    assert "list-paths" in each_az.must("aks", "egress", "--help").out
