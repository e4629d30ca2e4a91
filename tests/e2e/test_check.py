"""`check` and `show` in a real az: exit codes, output formats, snapshots, and clusters far from the happy path."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

import pytest

from tests.armsim.arm import Arm
from tests.armsim.cli import Az, Result
from tests.armsim.estate import OTHER_SUBSCRIPTION
from tests.builders import Shop

CLUSTER = ("-g", "rg-shop", "-n", "aks-shop")
UDR, UANAT, LB = "userDefinedRouting", "userAssignedNATGateway", "loadBalancer"
Serve = Callable[[Shop], Arm]


def check(az: Az, *words: str) -> Result:
    return az("aks", "egress", "check", *CLUSTER, *words)


class TestExitCodes:
    def test_ready_is_0(self, az: Az, serve: Serve) -> None:
        serve(Shop.quiet())
        result = check(az, "--to", UANAT)
        assert (result.code, result.json["verdict"]) == (0, "ready")

    def test_warnings_are_0_unless_asked(self, az: Az, serve: Serve) -> None:
        serve(Shop.byo(UANAT))
        assert check(az, "--to", LB).code == 0
        assert check(az, "--to", LB, "--fail-on", "warning").code == 4

    def test_blocked_is_4_unless_never(self, az: Az, serve: Serve) -> None:
        serve(Shop.byo())
        assert check(az, "--to", UDR).code == 4
        assert check(az, "--to", UDR, "--fail-on", "never").code == 0

    def test_undetermined_is_5_unless_never(self, az: Az, serve: Serve) -> None:
        serve(Shop.quiet().forbid("snet-apps"))
        result = check(az, "--to", UANAT)
        assert (result.code, result.json["verdict"]) == (5, "undetermined")
        assert "Microsoft.Network/virtualNetworks/subnets/read" in result.out
        assert check(az, "--to", UANAT, "--fail-on", "never").code == 0

    def test_nothing_to_do_is_0(self, az: Az, serve: Serve) -> None:
        serve(Shop.byo(UDR))
        result = check(az, "--to", UDR)
        assert (result.code, result.json["verdict"]) == (0, "nothingToDo")

    def test_the_survey_is_0_whatever_it_finds(self, az: Az, serve: Serve) -> None:
        serve(Shop.byo())
        result = check(az)
        assert result.code == 0
        assert [row["verdict"] for row in result.json].count("blocked") == 5

    @pytest.mark.parametrize(
        "words", [("--to", "udr"), ("--fail-on", "sometimes"), ("--to", LB, "--nat-gateway-sku", "Standard")]
    )
    def test_a_bad_option_is_2_and_nothing_is_sent(self, az: Az, serve: Serve, words: tuple[str, ...]) -> None:
        arm = serve(Shop.byo())
        result = check(az, *words)
        assert result.code == 2
        assert result.err.strip()
        assert arm.journal == []

    def test_an_unknown_type_names_the_allowed_ones(self, az: Az) -> None:
        assert "userAssignedNATGateway" in check(az, "--to", "udr").err

    def test_no_cluster_at_all_is_2(self, az: Az) -> None:
        assert az("aks", "egress", "check", "--to", LB).code == 2
        assert az("aks", "egress", "show").code in (1, 2)

    def test_a_cluster_that_may_not_be_read_is_1_and_names_the_permission(self, az: Az, serve: Serve) -> None:
        shop = Shop.byo()
        arm = serve(shop)
        arm.forbid(shop.document["id"])
        result = check(az)
        assert result.code == 1
        assert "Microsoft.ContainerService/managedClusters/read" in result.err


class TestOutput:
    def test_formats_keep_the_exit_code(self, az: Az, serve: Serve) -> None:
        serve(Shop.byo())
        for form in ("json", "jsonc", "table", "tsv", "yaml", "none"):
            result = check(az, "--to", UDR, "-o", form)
            assert result.code == 4, form
            assert bool(result.out.strip()) == (form != "none"), form

    def test_a_query_works_on_a_blocked_check(self, az: Az, serve: Serve) -> None:
        serve(Shop.byo())
        result = check(az, "--to", UDR, "--query", "findings[?outcome=='fail'].id", "-o", "tsv")
        assert (result.code, result.out) == (4, "EGR201\nEGR201\n")

    def test_tables_have_the_columns_a_person_needs(self, az: Az, serve: Serve) -> None:
        serve(Shop.byo(UDR))
        assert check(az, "-o", "table").out.split()[:5] == ["To", "Verdict", "Blockers", "Unknowns", "Warnings"]
        assert check(az, "--to", LB, "-o", "table").out.split()[:4] == ["Id", "Outcome", "Resource", "Observed"]
        shown = az.must("aks", "egress", "show", *CLUSTER, "-o", "table").out
        assert "snet-apps" in shown
        assert "virtualAppliance" in shown

    def test_talk_is_not_on_stdout(self, az: Az, serve: Serve) -> None:
        serve(Shop.byo())
        json.loads(check(az, "--to", UDR).out)


class TestSnapshot:
    def save(self, az: Az, folder: Path) -> Path:
        file = folder / "snapshot.json"
        file.write_text(az.must("aks", "egress", "show", *CLUSTER, "-o", "json").out)
        return file

    @pytest.mark.parametrize("target", [LB, UDR, UANAT, "none"])
    def test_it_is_judged_offline_to_the_same_findings(self, az: Az, serve: Serve, tmp_path: Path, target: str) -> None:
        serve(Shop.byo(UDR).gated("snet-system").forbid("snet-apps"))
        file, live = self.save(az, tmp_path), check(az, "--to", target)
        arm = serve(Shop())
        saved = az("aks", "egress", "check", "--snapshot", str(file), "--to", target)
        assert arm.journal == []
        assert saved.code == live.code
        assert self.findings(saved) == self.findings(live)

    @staticmethod
    def findings(result: Result) -> list[Any]:
        return [row for row in result.json["findings"] if row["id"] != "EGR105"]

    def test_the_version_of_az_is_not_judged_offline(self, az: Az, serve: Serve, tmp_path: Path) -> None:
        serve(Shop.byo())
        result = az("aks", "egress", "check", "--snapshot", str(self.save(az, tmp_path)), "--to", UDR)
        assert [row["outcome"] for row in result.json["findings"] if row["id"] == "EGR105"] == ["skip"]

    def test_names_must_match_where_they_are_given(self, az: Az, serve: Serve, tmp_path: Path) -> None:
        serve(Shop.byo())
        file = str(self.save(az, tmp_path))
        assert check(az, "--snapshot", file).code == 0
        result = az("aks", "egress", "check", "-g", "rg-shop", "-n", "another", "--snapshot", file)
        assert result.code == 1
        assert "is of aks-shop, not of another" in result.err

    def test_it_is_judged_by_whoever_is_not_signed_in(self, az: Az, serve: Serve, tmp_path: Path, wheel: Path) -> None:
        serve(Shop.byo(UDR))
        file = str(self.save(az, tmp_path))
        nobody = Az(az.executable, tmp_path / "nobody", az.azure)
        nobody.add_extension(wheel)
        for words in ((), CLUSTER):
            result = nobody("aks", "egress", "check", *words, "--snapshot", file, "--to", UDR)
            assert (result.code, result.json["verdict"]) == (0, "nothingToDo"), result.err

    @pytest.mark.parametrize(
        "text", ["", "not json", "[]", '{"schemaVersion": "9", "cluster": {"id": "/x"}}', "\ufeff{}"]
    )
    def test_a_file_that_is_no_snapshot_is_told(self, az: Az, tmp_path: Path, text: str) -> None:
        (tmp_path / "x.json").write_text(text, encoding="utf-8")
        result = az("aks", "egress", "check", "--snapshot", str(tmp_path / "x.json"))
        assert result.code == 1
        assert "is no snapshot" in result.err
        assert "Traceback" not in result.err

    @pytest.mark.parametrize("name", ["missing.json", "."])
    def test_a_file_that_cannot_be_read_is_told(self, az: Az, tmp_path: Path, name: str) -> None:
        result = az("aks", "egress", "check", "--snapshot", str(tmp_path / name))
        assert result.code == 1
        assert "Traceback" not in result.err


def _subnet_deleted(shop: Shop) -> None:
    shop.estate.resources.pop(shop.subnets["snet-apps"].lower())


def _table_gone(shop: Shop) -> None:
    shop.estate.resources.pop(shop.estate[shop.subnets["snet-apps"]]["properties"]["routeTable"]["id"].lower())


def _null(*path: str) -> Callable[[Shop], None]:
    def edit(shop: Shop) -> None:
        target = shop.document
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = None

    edit.__name__ = "null_" + "_".join(path)
    return edit


def _no_pools(shop: Shop) -> None:
    shop.set(agentPoolProfiles=[])


def _mixed_case(shop: Shop) -> None:
    shop.pool("apps", vnetSubnetID=shop.subnets["snet-apps"].upper())


NULLS = [
    _null("properties", key)
    for key in ("networkProfile", "agentPoolProfiles", "provisioningState", "powerState", "nodeResourceGroup")
] + [_null("location"), _null("eTag"), _null("sku"), _null("identity"), _null("id")]


class TestFarFromTheHappyPath:
    @pytest.mark.parametrize("edit", [_subnet_deleted, _table_gone, _no_pools, *NULLS], ids=lambda edit: edit.__name__)
    def test_there_is_always_a_report_and_never_a_green_one_for_what_was_not_read(
        self, az: Az, serve: Serve, edit: Callable[[Shop], None]
    ) -> None:
        shop = Shop.byo().routed()
        edit(shop)
        serve(shop)
        result = check(az, "--to", UDR)
        assert "Traceback" not in result.err
        unread_matters = edit.__name__ not in ("null_location", "null_eTag", "null_sku", "null_identity", "null_id")
        assert result.code in ((5,) if unread_matters and "nodeResourceGroup" not in edit.__name__ else (0, 5))
        assert result.json["findings"]
        shown = az("aks", "egress", "show", *CLUSTER)
        assert (shown.code, "Traceback" in shown.err) == (0, False)

    def test_a_subnet_in_a_subscription_that_is_forbidden_leaves_it_undetermined(self, az: Az, serve: Serve) -> None:
        shop = Shop()
        near = shop.estate.vnet("vnet-near", ["snet-near"])
        far = shop.estate.vnet("vnet-far", ["snet-far"], group="rg-far", subscription=OTHER_SUBSCRIPTION)
        shop.subnets = {**near, **far}
        shop.estate.cluster("aks-shop", pools={"system": near["snet-near"], "apps": far["snet-far"]})
        shop.routed()
        arm = serve(shop)
        assert check(az, "--to", UDR).code == 0
        arm.forbid(f"/subscriptions/{OTHER_SUBSCRIPTION}")
        result = check(az, "--to", UDR)
        assert result.code == 5
        unknown = [row for row in result.json["findings"] if row["id"] == "EGR201"]
        assert [(row["outcome"], row["resource"]) for row in unknown] == [("unknown", far["snet-far"])]
        assert "Microsoft.Network/virtualNetworks/subnets/read" in unknown[0]["observed"]

    def test_ids_are_the_same_in_any_letter_case(self, az: Az, serve: Serve) -> None:
        shop = Shop.byo().routed()
        _mixed_case(shop)
        serve(shop)
        assert check(az, "--to", UDR).code == 0
