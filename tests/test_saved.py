from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any, Callable

import pytest

from azext_aksegress import judged, migration, saved
from azext_aksegress.migration import Migration
from azext_aksegress.owners import NotOurs
from azext_aksegress.request import Request
from azext_aksegress.saved import PlanError, SavedPlan
from tests.armsim.estate import cluster_id
from tests.builders import AZ, CLUSTER, Shop

LB, MNAT, UANAT, UDR = "loadBalancer", "managedNATGateway", "userAssignedNATGateway", "userDefinedRouting"
VERSIONS = {"az": AZ, "aksegress": "1.0.0b1"}


def planned(shop: Shop, to: str = UANAT, accepted: tuple[str, ...] = (), **options: Any) -> Migration:
    request = Request(to, cli_version=AZ, **options)
    return migration.prepare(shop.snapshot(request), request, accepted)


def save(folder: Path, move: Migration) -> Path:
    file = folder / "plan.json"
    saved.save(str(file), move, VERSIONS)
    return file


def kept(folder: Path, move: Migration) -> SavedPlan:
    return saved.load(str(save(folder, move)), AZ)


def apply(plan: SavedPlan, shop: Shop) -> Migration:
    return plan.prepare(shop.snapshot(plan.request), plan.request)


def refusal(plan: SavedPlan, shop: Shop) -> PlanError:
    with pytest.raises(PlanError) as raised:
        apply(plan, shop)
    return raised.value


def rewrite(file: Path, **changes: Any) -> None:
    """Change a file, and give it the digest that it would have, had it been saved so."""
    document = {**json.loads(file.read_text()), **changes}
    document = {key: value for key, value in document.items() if value is not ...}
    file.write_text(json.dumps({**document, "digest": saved._digest(document)}))


def test_the_file_has_all_that_its_reader_needs(tmp_path: Path) -> None:
    shop = Shop.byo().gated()
    move = planned(shop)
    document = json.loads(save(tmp_path, move).read_text())
    assert list(document) == [
        *("schemaVersion", "kind", "createdAt", "versions", "cluster", "from", "to", "request", "eTag", "apiVersion"),
        *("plan", "judged", "fingerprint", "digest"),
    ]
    assert (document["from"], document["to"], document["eTag"]) == (LB, UANAT, shop.document["eTag"])
    assert (document["cluster"]["id"], document["versions"]) == (cluster_id(CLUSTER), VERSIONS)
    assert move.plan
    assert document["plan"] == move.plan.to_json()
    assert document["fingerprint"] == document["plan"]["fingerprint"] == judged.fingerprint(document["judged"])


def test_no_secret_is_in_it(tmp_path: Path) -> None:
    shop = Shop.byo(httpProxyConfig={"httpProxy": "http://me:hunter2@proxy:80"}).gated()
    assert "hunter2" not in save(tmp_path, planned(shop)).read_text()


def test_a_request_comes_back_with_its_options_and_what_was_accepted(tmp_path: Path) -> None:
    move = planned(Shop.managed(), MNAT, ("EGR604",), idle_timeout=9, update_ranges=True)
    plan = kept(tmp_path, move)
    assert (plan.request, plan.accepted) == (move.report.request, ("EGR604",))
    assert plan.names == ("rg-shop", CLUSTER)


class TestApplying:
    def test_gives_the_same_plan_where_nothing_changed(self, tmp_path: Path) -> None:
        shop = Shop.byo().gated()
        move = planned(shop)
        again = apply(kept(tmp_path, move), shop)
        assert move.plan
        assert again.plan
        assert again.plan.to_json() == move.plan.to_json()

    def test_of_nothing_to_do_has_nothing_to_do(self, tmp_path: Path) -> None:
        shop = Shop.byo(UDR)
        plan = kept(tmp_path, planned(shop, UDR))
        assert apply(plan, shop).to_json()["outcome"] == "nothingToDo"
        shop.document["eTag"] = "another"
        assert "stale" in str(refusal(plan, shop))

    def test_is_blocked_by_what_is_in_the_way_meanwhile(self, tmp_path: Path) -> None:
        shop = Shop.byo().gated()
        plan = kept(tmp_path, planned(shop))
        shop.estate.permit(cluster_id(CLUSTER), ["*/read"])
        assert apply(plan, shop).refusals

    def test_of_another_version_is_refused_where_it_plans_otherwise(self, tmp_path: Path) -> None:
        shop = Shop.byo().gated()
        file = save(tmp_path, planned(shop))
        document = json.loads(file.read_text())
        document["plan"]["steps"][0]["action"] = "somethingElse"
        rewrite(file, plan=document["plan"], versions={"aksegress": "0.9"})
        told = str(refusal(saved.load(str(file), AZ), shop))
        assert "plan.steps[0].action: somethingElse -> updateOutboundType" in told
        assert "plans otherwise than 0.9" in told

    def test_of_nothing_to_do_is_refused_where_there_is_something_to_do(self, tmp_path: Path) -> None:
        shop = Shop.byo().gated()
        file = save(tmp_path, planned(shop))
        rewrite(file, plan=None)
        assert "plans otherwise" in str(refusal(saved.load(str(file), AZ), shop))


class TestStale:
    def test_is_told_by_fields_and_not_by_the_etag_that_changes_with_them(self, tmp_path: Path) -> None:
        shop = Shop.byo().gated()
        plan = kept(tmp_path, planned(shop))
        shop.set(tags={"a": "b"})
        shop.document["eTag"] = "another"
        told = str(refusal(plan, shop))
        assert "the cluster: tags: not set -> {a: b}" in told
        assert "eTag" not in told

    def test_is_told_by_the_etag_where_nothing_else_differs(self, tmp_path: Path) -> None:
        shop = Shop.byo().gated()
        shop.document["eTag"] = "one"
        plan = kept(tmp_path, planned(shop))
        shop.document["eTag"] = "another"
        assert "reads as before: its eTag was one, and is another" in str(refusal(plan, shop))

    def test_names_eight_differences_and_the_number_of_the_others(self, tmp_path: Path) -> None:
        shop = Shop.byo().gated()
        plan = kept(tmp_path, planned(shop))
        shop.set(**{f"new{number}": number for number in range(11)})
        told = str(refusal(plan, shop))
        assert told.count(" -> ") == 8
        assert "; and 3 more." in told

    def test_does_not_name_what_is_only_read_because_of_another_difference(self, tmp_path: Path) -> None:
        shop = Shop.byo().gated()
        plan = kept(tmp_path, planned(shop))
        gateway = shop.estate[shop.gateway_id("snet-apps")]["properties"]
        gateway["publicIpAddresses"].append({"id": shop.estate.public_ip("pip-new")})
        told = str(refusal(plan, shop))
        assert "nat-shop: publicIpAddresses[pip-new]: added" in told
        assert "not involved" not in told

    def test_is_mended_by_the_command_that_plans_the_same_again(self, tmp_path: Path) -> None:
        shop = Shop.managed()
        plan = kept(tmp_path, planned(shop, MNAT, ("EGR604",), idle_timeout=9, update_ranges=True))
        shop.document["eTag"] = "another"
        command = refusal(plan, shop).cure.partition("`")[2].partition("`")[0]
        assert shlex.split(command) == [
            *("az", "aks", "egress", "migrate", "--ids", cluster_id(CLUSTER), "--to", MNAT),
            *("--nat-gateway-idle-timeout", "9", "--update-authorized-ip-ranges", "--accept", "EGR604"),
            *("--dry-run", "--out", str(tmp_path / "plan.json")),
        ]


class TestAFile:
    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
    def test_is_read_in_any_encoding_of_json(self, tmp_path: Path, encoding: str) -> None:
        file = save(tmp_path, planned(Shop.byo().gated()))
        file.write_bytes(file.read_text().encode(encoding))
        assert saved.load(str(file), AZ).names == ("rg-shop", CLUSTER)

    @pytest.mark.parametrize("text", ["", "{", "not json", "\x00", '{"kind": "plan"'])
    def test_that_is_no_json_is_told(self, tmp_path: Path, text: str) -> None:
        self.told(tmp_path, text, "is no JSON, or was cut short")

    def test_that_is_nested_without_end_is_told(self, tmp_path: Path) -> None:
        self.told(tmp_path, "[" * 100_000, "nested too deeply")

    @pytest.mark.parametrize("text", ["[]", "null", "{}", '{"schemaVersion": "1", "cluster": {"id": "/x"}}'])
    def test_that_is_something_else_is_told(self, tmp_path: Path, text: str) -> None:
        self.told(tmp_path, text, "is not what --out saves")

    @pytest.mark.parametrize("version", ["2", 1, None])
    def test_of_another_schema_is_told_first(self, tmp_path: Path, version: Any) -> None:
        text = json.dumps({"kind": "plan", "schemaVersion": version})
        self.told(tmp_path, text, f"schemaVersion {version!r}, and this version reads '1'")

    @pytest.mark.parametrize(
        "edit",
        [
            lambda document: document["request"].update(to=LB),
            lambda document: document["plan"]["accepted"].append("EGR601"),
            lambda document: document["judged"]["cluster"].update(tags={"a": "b"}),
            lambda document: document.pop("eTag"),
            lambda document: document.pop("digest"),
            lambda document: document.update(digest=None),
            lambda document: document.update(more=1),
        ],
    )
    def test_that_was_edited_is_told(self, tmp_path: Path, edit: Callable[[Any], Any]) -> None:
        document = json.loads(save(tmp_path, planned(Shop.byo().gated())).read_text())
        edit(document)
        self.told(tmp_path, json.dumps(document), "was changed since it was saved")

    @pytest.mark.parametrize("indent", [None, 4])
    def test_that_was_only_formatted_anew_is_whole(self, tmp_path: Path, indent: int | None) -> None:
        file = save(tmp_path, planned(Shop.byo().gated()))
        file.write_text(json.dumps(json.loads(file.read_text()), indent=indent, sort_keys=True))
        assert saved.load(str(file), AZ)

    @pytest.mark.parametrize("key", ["judged", "cluster", "request", "plan"])
    def test_without_a_part_is_told(self, tmp_path: Path, key: str) -> None:
        file = save(tmp_path, planned(Shop.byo().gated()))
        rewrite(file, **{key: ...})
        self.told(tmp_path, file.read_text(), "is missing")

    @pytest.mark.parametrize(
        "asked", [{"to": "carrierPigeon", "options": {}}, {"to": LB, "options": {"load_balancer_idle_timeout": "long"}}]
    )
    def test_that_asks_for_what_is_not_known_is_told(self, tmp_path: Path, asked: Any) -> None:
        file = save(tmp_path, planned(Shop.byo().gated()))
        rewrite(file, request=asked)
        self.told(tmp_path, file.read_text(), "asks for what this version does not know")

    @pytest.mark.parametrize("odd", [{}, {"cluster": []}, {"resources": [], "collections": 1, "unread": {"/x": None}}])
    def test_that_says_odd_things_of_what_was_judged_is_stale(self, tmp_path: Path, odd: Any) -> None:
        shop = Shop.byo().gated()
        file = save(tmp_path, planned(shop))
        rewrite(file, judged=odd)
        assert "stale" in str(refusal(saved.load(str(file), AZ), shop))

    def test_that_is_not_there_is_an_error_of_the_system(self, tmp_path: Path) -> None:
        with pytest.raises(OSError, match="missing"):
            saved.load(str(tmp_path / "missing.json"), AZ)

    @staticmethod
    def told(folder: Path, text: str, said: str) -> None:
        file = folder / "plan.json"
        file.write_text(text)
        with pytest.raises(PlanError) as raised:
            saved.load(str(file), AZ)
        assert said in str(raised.value)
        assert str(file) in str(raised.value)
        assert raised.value.cure.endswith(".")


def test_a_plan_that_others_may_have_written_is_not_applied(tmp_path: Path) -> None:
    file = save(tmp_path, planned(Shop.byo().gated()))
    file.chmod(0o666)
    with pytest.raises(NotOurs, match="others may write to this file"):
        saved.load(str(file), AZ)
