from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from azext_aksegress import checks
from azext_aksegress.cluster import Cluster
from azext_aksegress.request import Request
from tests.builders import NAMED, Shop, fixes

UDR, LB = "userDefinedRouting", "loadBalancer"
CLUSTER_UPGRADES, NODE_UPGRADES = "aksManagedAutoUpgradeSchedule", "aksManagedNodeOSUpgradeSchedule"
COVERED, NOT_COVERED = "1.37.0", "1.36.9"


class TestEGR107NothingIsRunning:
    def test_succeeded_passes(self) -> None:
        assert Shop.byo().outcome("EGR107", UDR) == "pass"

    def test_a_running_operation_fails_and_is_named(self) -> None:
        (finding,) = Shop.byo().set(provisioningState="Upgrading").findings("EGR107", UDR)
        assert finding.outcome == "fail"
        assert "Upgrading" in (finding.seen.observed or "")

    def test_a_pool_that_is_busy_fails_and_is_named(self) -> None:
        assert Shop.byo().pool("apps", provisioningState="Scaling").outcomes("EGR107", UDR) == [("fail", "apps")]

    @pytest.mark.parametrize("state", ["Failed", "Canceled"])
    def test_a_failed_cluster_warns_so_that_it_can_still_be_mended(self, state: str) -> None:
        shop = Shop.byo().set(provisioningState=state)
        assert shop.outcome("EGR107", UDR) == "warn"
        ((when, command),) = fixes(shop.findings("EGR107", UDR))
        assert (when, command) == ("before", f"az aks update {NAMED}")

    def test_a_cluster_without_a_state_is_unknown(self) -> None:
        assert Shop.byo().set(provisioningState=None).outcome("EGR107", UDR) == "unknown"

    def test_a_busy_pool_is_found_beside_a_cluster_without_a_state(self) -> None:
        shop = Shop.byo().set(provisioningState=None).pool("apps", provisioningState="Updating")
        assert shop.outcomes("EGR107", UDR) == [("unknown", "aks-shop"), ("fail", "apps")]

    def test_a_pool_without_a_state_is_unknown(self) -> None:
        assert Shop.byo().pool("apps", provisioningState=None).outcomes("EGR107", UDR) == [("unknown", "apps")]


class TestEGR108ClusterIsRunning:
    def test_running_passes(self) -> None:
        assert Shop.byo().outcome("EGR108", UDR) == "pass"

    def test_a_stopped_cluster_fails_with_the_command_that_starts_it(self) -> None:
        shop = Shop.byo().set(powerState={"code": "Stopped"})
        assert shop.outcome("EGR108", UDR) == "fail"
        assert fixes(shop.findings("EGR108", UDR))[0][1].startswith("az aks start ")

    def test_no_power_state_is_unknown(self) -> None:
        assert Shop.byo().set(powerState=None).outcome("EGR108", UDR) == "unknown"


def policy(value: object, version: str = COVERED) -> Shop:
    """A cluster with a node disruption policy, which AKS holds outbound types against from Kubernetes 1.37 on."""
    profile = {"nodeDisruptionPolicy": value}
    return Shop.byo().set(nodeDisruptionProfile=profile, currentKubernetesVersion=version)


def window(shop: Shop, name: str, day: str = "Monday", start: str = "05:00", **more: Any) -> Shop:
    """A window of four hours every week; snapshots are taken on a Monday at 06:00 UTC."""
    schedule = {"weekly": {"intervalWeeks": 1, "dayOfWeek": day}}
    found = {"schedule": schedule, "durationHours": 4, "startTime": start, **more}
    shop.estate.maintenance(shop.document["id"], name, maintenanceWindow=found)
    return shop


class TestEGR112NowIsNoTimeWithoutDisruption:
    def test_without_a_policy_and_without_windows_it_passes(self) -> None:
        assert Shop.byo().outcome("EGR112", UDR) == "pass"
        assert Shop.byo().set(currentKubernetesVersion=COVERED).outcome("EGR112", UDR) == "pass"

    @pytest.mark.parametrize("value", ["Block", "block"])
    def test_block_fails_on_any_target(self, value: str) -> None:
        assert policy(value).outcomes("EGR112", UDR) == [("fail", "aks-shop")]
        assert policy(value).outcome("EGR112", "block") == "fail"

    def test_block_is_lifted_before_the_move_and_restored_after_it(self) -> None:
        shop = policy("Block")
        update = (
            f"az resource update --ids {shop.document['id']} --api-version 2026-05-02-preview "
            "--set properties.nodeDisruptionProfile.nodeDisruptionPolicy="
        )
        assert fixes(shop.findings("EGR112", UDR)) == [("before", f"{update}Allow"), ("after", f"{update}Block")]

    def test_below_1_37_its_owners_word_stands_though_aks_does_not_go_by_it(self) -> None:
        shop = policy("Block", NOT_COVERED).older("2026-05-02-preview")
        (finding,) = shop.findings("EGR112", "block")
        assert finding.outcome == "fail"
        assert "1.37" in (finding.seen.observed or "")

    def test_below_1_37_nothing_more_is_read_of_the_cluster(self) -> None:
        (finding,) = policy("Block", NOT_COVERED).findings("EGR112", UDR)
        assert finding.outcome == "pass"

    def test_a_policy_that_was_not_read_is_not_said_to_forbid_nothing(self) -> None:
        (finding,) = policy("Block", NOT_COVERED).findings("EGR112", UDR)
        assert finding.seen.observed == (
            "AKS holds no policy against this change below Kubernetes 1.37; no maintenance window opens within 24 hours"
        )

    @pytest.mark.parametrize(
        "shop", [policy("Allow"), policy("Allow", NOT_COVERED).older("2026-05-02-preview"), policy(None)]
    )
    def test_one_that_was_read_is(self, shop: Shop) -> None:
        (finding,) = shop.findings("EGR112", UDR)
        assert (finding.seen.observed or "").startswith("no node disruption policy forbids it; ")

    @pytest.mark.parametrize("value", ["Allow", None, 7])
    def test_allow_passes_and_so_does_no_policy(self, value: object) -> None:
        assert policy(value).outcome("EGR112", UDR) == "pass"

    def test_allow_during_a_window_fails_outside_of_it_and_says_when_it_opens(self) -> None:
        shop = window(policy("AllowDuringMaintenanceWindow"), NODE_UPGRADES, day="Saturday")
        (finding,) = shop.findings("EGR112", UDR)
        assert finding.outcome == "fail"
        assert "opens next: 2026-11-28 05:00 to 2026-11-28 09:00 UTC" in (finding.seen.observed or "")

    def test_allow_during_a_window_passes_while_it_is_open(self) -> None:
        shop = window(policy("AllowDuringMaintenanceWindow"), NODE_UPGRADES.lower())
        assert shop.outcome("EGR112", UDR) == "pass"

    def test_allow_during_a_window_allows_everything_while_none_is_configured(self) -> None:
        assert policy("AllowDuringMaintenanceWindow").outcome("EGR112", UDR) == "pass"

    def test_the_window_of_another_kind_does_not_count(self) -> None:
        shop = window(policy("AllowDuringMaintenanceWindow"), NODE_UPGRADES, day="Saturday")
        assert ("fail", "aks-shop") in window(shop, "default").outcomes("EGR112", UDR)

    def test_a_window_that_never_opens_fails(self) -> None:
        shop = policy("AllowDuringMaintenanceWindow")
        shop.estate.maintenance(shop.document["id"], NODE_UPGRADES)
        (finding,) = shop.findings("EGR112", UDR)
        assert finding.outcome == "fail"
        assert "does not open within 366 days" in (finding.seen.observed or "")

    @pytest.mark.parametrize(("day", "outcome"), [("Monday", "warn"), ("Tuesday", "warn"), ("Wednesday", "pass")])
    def test_a_window_that_is_open_or_opens_within_a_day_warns(self, day: str, outcome: str) -> None:
        assert window(Shop.byo(), "default", day).outcome("EGR112", UDR) == outcome

    def test_each_window_that_is_near_is_a_warning_of_its_own_in_any_order(self) -> None:
        shop = Shop.byo().set(autoUpgradeProfile={"upgradeChannel": "stable"})
        for name in (NODE_UPGRADES, "default", CLUSTER_UPGRADES):
            window(shop, name)
        names = [name for _, name in shop.outcomes("EGR112", UDR)]
        assert names == [CLUSTER_UPGRADES, NODE_UPGRADES, "default"]

    @pytest.mark.parametrize(
        ("name", "profile", "outcome"),
        [
            (CLUSTER_UPGRADES, None, "pass"),
            (CLUSTER_UPGRADES, {"upgradeChannel": "none"}, "pass"),
            (CLUSTER_UPGRADES, {"upgradeChannel": "rapid"}, "warn"),
            (NODE_UPGRADES, None, "warn"),
            (NODE_UPGRADES, {"nodeOSUpgradeChannel": "None"}, "pass"),
            (NODE_UPGRADES, {"nodeOSUpgradeChannel": "Unmanaged"}, "pass"),
            (NODE_UPGRADES, {"nodeOSUpgradeChannel": "SecurityPatch"}, "warn"),
            ("default", None, "warn"),
        ],
    )
    def test_a_window_in_which_nothing_happens_does_not_matter(self, name: str, profile: object, outcome: str) -> None:
        assert window(Shop.byo().set(autoUpgradeProfile=profile), name).outcome("EGR112", UDR) == outcome

    def test_hours_of_the_week_count_as_well(self) -> None:
        shop = Shop.byo()
        hours = [{"day": "Monday", "hourSlots": [6]}]
        shop.estate.maintenance(shop.document["id"], "default", timeInWeek=hours)
        assert shop.outcome("EGR112", UDR) == "warn"

    def test_windows_that_cannot_be_read_are_unknown_which_only_warns(self) -> None:
        shop = Shop.byo().gated()
        shop.arm.forbid(f"{shop.document['id']}/maintenanceConfigurations")
        assert shop.outcome("EGR112", "userAssignedNATGateway") == "unknown"
        assert shop.report("userAssignedNATGateway").verdict == "readyWithWarnings"

    def test_windows_that_cannot_be_read_do_not_hide_that_the_policy_forbids_it(self) -> None:
        shop = policy("Block")
        shop.arm.forbid(f"{shop.document['id']}/maintenanceConfigurations")
        assert [outcome for outcome, _ in shop.outcomes("EGR112", UDR)] == ["fail", "unknown"]

    def test_a_schedule_that_cannot_be_understood_is_unknown_and_the_others_are_judged(self) -> None:
        shop = window(window(Shop.byo(), "default"), NODE_UPGRADES, utcOffset="CET")
        assert shop.outcomes("EGR112", UDR) == [("unknown", NODE_UPGRADES), ("warn", "default")]

    def test_a_policy_that_an_older_cloud_does_not_show_is_unknown(self) -> None:
        assert policy("Block").older("2025-10-01").outcome("EGR112", UDR) == "unknown"

    def test_a_version_that_is_not_known_is_unknown_and_the_windows_are_judged(self) -> None:
        shop = window(Shop.byo().set(currentKubernetesVersion="newest"), "default")
        assert shop.outcomes("EGR112", UDR) == [("unknown", "aks-shop"), ("warn", "default")]

    def test_a_snapshot_that_does_not_say_when_it_was_taken_is_unknown(self) -> None:
        shop = window(Shop.byo(), "default")
        snapshot = replace(shop.snapshot(), captured_at="yesterday")
        (finding,) = checks.judge(checks.load()["EGR112"], Cluster(snapshot), Request(UDR))
        assert finding.outcome == "unknown"

    def test_a_snapshot_is_judged_for_the_moment_when_it_was_taken(self) -> None:
        shop = window(Shop.byo(), "default")
        snapshot = replace(shop.snapshot(), captured_at="2026-11-25T06:00:00Z")
        (finding,) = checks.judge(checks.load()["EGR112"], Cluster(snapshot), Request(UDR))
        assert finding.outcome == "pass"
