from __future__ import annotations

from azext_aksegress import migration
from azext_aksegress.migration import Migration
from azext_aksegress.request import Request
from tests.armsim.estate import isolated, node_group
from tests.builders import AZ, Shop

LB, MNAT, UANAT, UDR = "loadBalancer", "managedNATGateway", "userAssignedNATGateway", "userDefinedRouting"


def prepared(shop: Shop, target: str, *accepted: str, sku: str | None = None) -> Migration:
    return migration.prepare(shop.snapshot(), Request(target, sku, AZ), accepted)


def test_a_move_that_may_be_made_is_planned() -> None:
    document = prepared(Shop.byo().routed(), UDR).to_json()
    assert document["outcome"] == "planned"
    assert list(document) == ["schemaVersion", "cluster", "from", "to", "outcome", "plan", "record", "verification"]
    assert list(document["plan"]) == [
        "steps",
        "diff",
        "releasedIps",
        "gainedIps",
        "disruption",
        "fingerprint",
        "accepted",
        "afterwards",
    ]


def test_a_move_that_must_not_be_made_is_blocked_and_carries_the_report() -> None:
    document = prepared(Shop.byo(), UDR).to_json()
    assert document["outcome"] == "blocked"
    assert document["report"]["verdict"] == "blocked"
    assert "plan" not in document


def test_what_needs_to_be_accepted_is_named() -> None:
    assert prepared(Shop.managed(), MNAT).to_json()["needsAccept"] == ["EGR604"]


def test_a_reimage_that_cannot_be_proven_needs_to_be_accepted() -> None:
    assert prepared(Shop.byo(**isolated()), "none").to_json()["needsAccept"] == ["EGR243"]
    assert prepared(Shop.byo(**isolated()), "none", "EGR243").plan


def test_what_was_accepted_is_in_the_plan_and_what_did_not_occur_is_not() -> None:
    move = prepared(Shop.managed(), MNAT, "EGR604", "EGR301")
    assert move.plan is not None
    assert move.plan.accepted == ("EGR604",)
    assert move.accepted_in_vain == ("EGR301",)


def test_a_one_way_door_may_be_gone_past_by_name() -> None:
    request = Request(MNAT, "StandardV2", AZ)
    assert migration.prepare(Shop.managed().snapshot(), request, ()).refusals
    move = migration.prepare(Shop.managed().snapshot(), request, (), by_name=("EGR601",))
    assert (move.refusals, move.report.one_way, move.accepted_in_vain) == ((), True, ())
    assert move.plan
    assert move.plan.accepted == ("EGR601",)


def test_what_was_not_asked_to_be_accepted_is_not_in_vain() -> None:
    move = migration.prepare(Shop.byo().routed().snapshot(), Request(UDR, None, AZ), ("EGR604",), by_name=("EGR601",))
    assert move.accepted_in_vain == ("EGR604",)


def test_a_started_move_has_plan_and_record_and_no_verification() -> None:
    document = prepared(Shop.byo().routed(), UDR).started("/record.json")
    assert (document["outcome"], document["record"], document["verification"]) == ("started", "/record.json", None)
    assert document["plan"]["steps"]


def test_nothing_but_unknowns_in_the_way_is_undetermined() -> None:
    assert prepared(Shop.byo(UDR).gated().forbid("snet-apps"), UANAT).undetermined
    assert not prepared(Shop.byo().forbid("snet-apps"), UANAT).undetermined


def test_nothing_to_do_has_no_plan() -> None:
    assert prepared(Shop.byo(UDR), UDR).to_json()["outcome"] == "nothingToDo"


def test_a_failed_update_is_planned_again() -> None:
    assert prepared(Shop.byo(UDR).set(provisioningState="Failed"), UDR).plan is not None


class TestPlan:
    def test_the_diff_says_what_changes_in_the_cluster(self) -> None:
        plan = prepared(Shop.byo().routed(), UDR).to_json()["plan"]
        assert [change["path"].rpartition(".")[2] for change in plan["diff"]] == ["outboundType", "loadBalancerProfile"]

    def test_released_are_the_addresses_that_aks_made(self) -> None:
        assert prepared(Shop.byo().routed(), UDR).to_json()["plan"]["releasedIps"] == ["20.50.0.2"]
        assert prepared(Shop.byo(UANAT), LB).to_json()["plan"]["releasedIps"] == []

    def test_gained_are_the_new_addresses_or_null_where_they_are_not_known(self) -> None:
        assert prepared(Shop.managed(), MNAT, "EGR604").to_json()["plan"]["gainedIps"] is None
        assert prepared(Shop.byo(UANAT).routed(), LB).to_json()["plan"]["gainedIps"] == []

    def test_the_step_is_pinned_to_the_cluster_that_was_judged(self) -> None:
        shop = Shop.byo().routed()
        (step,) = prepared(shop, UDR).to_json()["plan"]["steps"]
        assert step["resource"] == shop.document["id"]
        assert f"If-Match {shop.document['eTag']}" in step["detail"]

    def test_it_is_sent_with_the_api_version_that_it_was_read_with(self) -> None:
        plan = prepared(Shop.managed(**isolated()).older("2026-05-02-preview"), "block", "EGR243").plan
        assert plan is not None
        assert plan.api_version == "2026-05-02-preview"
        assert "2026-05-02-preview" in plan.to_json()["steps"][0]["detail"]

    def test_the_fingerprint_changes_with_anything_that_was_judged(self) -> None:
        shop = Shop.byo().routed()
        before, again = (prepared(shop, UDR).to_json()["plan"]["fingerprint"] for _ in range(2))
        assert before == again
        shop.estate[shop.subnets["snet-apps"]]["properties"]["addressPrefix"] = "10.9.0.0/24"
        assert prepared(shop, UDR).to_json()["plan"]["fingerprint"] != before

    def test_it_says_that_the_address_changes_only_where_it_does(self) -> None:
        for shop, target, changes in ((Shop.byo(), "none", True), (Shop.byo(UANAT).routed(), LB, False)):
            plan = prepared(shop.set(**isolated()), target, "EGR243").plan
            assert plan is not None
            assert ("the internet sees changes" in plan.disruption) is changes

    def test_no_secret_is_in_it(self) -> None:
        shop = Shop.byo(httpProxyConfig={"httpProxy": "http://me:hunter2@proxy:80"}).routed()
        assert "hunter2" not in str(prepared(shop, UDR).to_json())

    def test_the_diff_names_options_and_the_source_of_images(self) -> None:
        shop = Shop.managed("none", **isolated())
        request = Request(LB, None, AZ, idle_timeout=60, artifact_source="Direct")
        move = migration.prepare(shop.snapshot(), request, ())
        assert move.plan
        assert [row["path"] for row in move.plan.diff] == [
            "properties.networkProfile.outboundType",
            "properties.networkProfile.loadBalancerProfile",
            "properties.bootstrapProfile.artifactSource",
        ]

    def test_within_a_type_the_diff_names_each_setting(self) -> None:
        move = migration.prepare(Shop.managed().snapshot(), Request(LB, None, AZ, idle_timeout=60), ())
        assert move.plan
        assert [(row["path"].rpartition(".")[2], row["from"], row["to"]) for row in move.plan.diff] == [
            ("idleTimeoutInMinutes", 30, 60)
        ]
        assert move.plan.move == "loadBalancer, with other options"

    def test_a_failed_update_is_called_sent_again(self) -> None:
        move = prepared(Shop.byo(UDR).set(provisioningState="Failed"), UDR)
        assert move.plan
        assert move.plan.move == "userDefinedRouting, sent again"

    def test_its_step_names_the_options(self) -> None:
        move = migration.prepare(Shop.managed().snapshot(), Request(LB, None, AZ, idle_timeout=60), ())
        assert move.plan
        assert "idleTimeoutInMinutes 60" in move.plan.to_json()["steps"][0]["detail"]

    def test_what_is_left_to_do_is_what_comes_after_the_move(self) -> None:
        move = prepared(Shop.byo(UANAT), LB)
        assert move.plan
        assert {(fix.when, "--nat-gateway null" in fix.command) for fix in move.plan.afterwards} == {("after", True)}

    def test_who_leaves_isolation_is_told_of_the_cache_and_of_the_reimage(self) -> None:
        move = prepared(Shop.managed("none", **isolated()), LB)
        assert move.plan
        first, second = (fix.command for fix in move.plan.afterwards)
        assert "--bootstrap-artifact-source Direct" in first
        assert "--node-image-only" in second

    def test_who_stays_isolated_is_not(self) -> None:
        move = prepared(Shop.managed("none", **isolated()), "block", "EGR243")
        assert move.plan
        assert move.plan.afterwards == ()

    def test_other_options_disrupt_less_than_another_type(self) -> None:
        options = migration.prepare(Shop.managed().snapshot(), Request(LB, None, AZ, idle_timeout=60), ())
        sku = migration.prepare(Shop.managed(MNAT).snapshot(), Request(MNAT, "StandardV2", AZ), ("EGR601",))
        assert options.plan
        assert sku.plan
        assert "reimage" not in options.plan.disruption
        assert "reimage" in sku.plan.disruption

    def test_fewer_addresses_are_said_and_none_is_called_new(self) -> None:
        shop = Shop.managed()
        profile = shop.document["properties"]["networkProfile"]["loadBalancerProfile"]
        profile["managedOutboundIPs"]["count"] = 2
        profile["effectiveOutboundIPs"].append({"id": shop.estate.outbound_ip("aks-shop")})
        move = migration.prepare(shop.snapshot(), Request(LB, None, AZ, ip_count=1), ())
        assert move.plan
        assert move.plan.gained == []
        assert "1 of today's addresses will be released" in move.plan.disruption

    def test_an_address_out_of_a_prefix_that_stays_is_not_called_new(self) -> None:
        shop = Shop.managed()
        prefix = shop.estate.public_ip_prefix("ippre", "52.0.0.8/30")
        made = shop.estate.public_ip("made", "52.0.0.9", node_group("aks-shop"))
        profile = {"outboundIPPrefixes": {"publicIPPrefixes": [{"id": prefix}]}, "effectiveOutboundIPs": [{"id": made}]}
        shop.network(loadBalancerProfile=profile)
        for options in ({}, {"prefix_ids": (prefix,)}):
            request = Request(LB, None, AZ, idle_timeout=60, **options)
            move = migration.prepare(shop.snapshot(request), request, ())
            assert move.plan
            assert (move.plan.gained, move.plan.released) == ([], [])
            assert "The address" not in move.plan.disruption
