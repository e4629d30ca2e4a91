"""The write under faults: once where it may have landed, again only where it did not, and a story that is true."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

import pytest

from tests.armsim.arm import Arm
from tests.armsim.cli import Az, Result
from tests.armsim.faults import BadGateway, Before, Dropped, Fault, HalfAnswer, Html, Reset, Throttled, Unavailable
from tests.builders import Shop

CLUSTER = ("-g", "rg-shop", "-n", "aks-shop")
LB, MNAT, UDR = "loadBalancer", "managedNATGateway", "userDefinedRouting"
MANAGED_CLUSTER, OPERATION = "/managedclusters/aks-shop", "/operations/"
Serve = Callable[[Shop], Arm]


def migrate(az: Az, to: str = UDR, *words: str) -> Result:
    return az("aks", "egress", "migrate", *CLUSTER, "--to", to, "--yes", *words)


def applied_puts(arm: Arm) -> int:
    """How many updates changed the cluster."""
    return sum(request.method == "PUT" and request.applied for request in arm.journal)


def steps(az: Az) -> list[str]:
    """The events in the newest record."""
    newest = max((az.folder / "azure" / "aksegress").glob("aks-shop-*.json"), key=lambda path: path.name)
    return [step["event"] for step in json.loads(Path(newest).read_text())["steps"]]


def stored(shop: Shop) -> str:
    found: str = shop.document["properties"]["networkProfile"]["outboundType"]
    return found


class TestTheAnswerIsLost:
    @pytest.mark.parametrize("fault", [Dropped(), HalfAnswer()], ids=lambda fault: type(fault).__name__)
    def test_an_update_that_landed_is_followed_and_not_sent_again(
        self, each_az: Az, serve: Serve, fault: Fault
    ) -> None:
        shop = Shop.byo().routed()
        arm = serve(shop)
        arm.fault("PUT", MANAGED_CLUSTER, fault)
        result = migrate(each_az)
        assert (result.code, result.json["outcome"]) == (0, "applied"), result.err
        assert "somebody else" not in result.err
        assert [request.method for request in arm.writes] == ["PUT"]
        assert steps(each_az) == ["sending", "accepted", "succeeded", "applied"]

    def test_one_that_landed_with_its_options_alone_is_followed_too(self, az: Az, serve: Serve) -> None:
        arm = serve(Shop.managed())
        arm.fault("PUT", MANAGED_CLUSTER, Dropped())
        result = migrate(az, LB, "--lb-idle-timeout", "60")
        assert (result.code, result.json["outcome"], len(arm.writes)) == (0, "applied", 1), result.err

    def test_one_that_landed_and_failed_is_told_as_ours(self, az: Az, serve: Serve) -> None:
        arm = serve(Shop.managed())
        arm.operation_ends("Failed", "NatGatewayFailed", "no room")
        arm.fault("PUT", MANAGED_CLUSTER, Dropped())
        result = migrate(az, MNAT, "--accept", "EGR604")
        assert (result.code, len(arm.writes)) == (1, 1)
        assert "its state is Failed" in result.err
        assert "somebody else" not in result.err

    def test_one_that_did_not_land_is_sent_again(self, each_az: Az, serve: Serve) -> None:
        shop = Shop.byo().routed()
        arm = serve(shop)
        arm.fault("PUT", MANAGED_CLUSTER, Reset())
        result = migrate(each_az)
        assert (result.code, result.json["outcome"]) == (0, "applied"), result.err
        assert (applied_puts(arm), stored(shop)) == (1, UDR)

    def test_somebody_elses_change_behind_a_lost_answer_is_not_overwritten(self, az: Az, serve: Serve) -> None:
        shop = Shop.byo().routed()
        arm = serve(shop)

        def change() -> None:
            shop.document["tags"] = {"who": "else"}
            shop.document["eTag"] = "another"

        arm.fault("PUT", MANAGED_CLUSTER, Reset())
        arm.fault("GET", MANAGED_CLUSTER, Before(change), skip=1)
        result = migrate(az)
        assert (result.code, applied_puts(arm), stored(shop)) == (1, 0, LB)
        assert "changed by somebody else" in result.err

    def test_without_a_read_of_what_is_stored_nothing_is_sent_again(self, az: Az, serve: Serve) -> None:
        shop = Shop.byo().routed()
        arm = serve(shop)
        arm.fault("PUT", MANAGED_CLUSTER, Dropped())
        arm.fault("GET", MANAGED_CLUSTER, BadGateway(), times=9, skip=4)  # the check reads it, and three lists of it
        result = migrate(az)
        assert (result.code, len(arm.writes)) == (1, 1)
        assert "not known whether Azure took the update" in result.err
        assert steps(az) == ["sending", "unknown"]


class TestAzureIsBusy:
    @pytest.mark.parametrize(
        "fault", [Throttled(0), Unavailable(1), Throttled()], ids=["429-at-once", "503-in-1s", "429-without-a-word"]
    )
    def test_it_is_sent_again_and_lands_once(self, az: Az, serve: Serve, fault: Fault) -> None:
        shop = Shop.byo().routed()
        arm = serve(shop)
        arm.fault("PUT", MANAGED_CLUSTER, fault)
        result = migrate(az)
        assert (result.code, applied_puts(arm), stored(shop)) == (0, 1, UDR), result.err
        assert "Azure is busy" in result.err

    def test_not_for_ever(self, az: Az, serve: Serve) -> None:
        arm = serve(Shop.byo().routed())
        arm.fault("PUT", MANAGED_CLUSTER, Throttled(0), times=9)
        result = migrate(az)
        assert (result.code, len(arm.writes), applied_puts(arm)) == (1, 4, 0)
        assert "TooManyRequests" in result.err

    def test_a_503_behind_which_it_landed_is_no_second_update(self, az: Az, serve: Serve) -> None:
        shop = Shop.byo().routed()
        arm = serve(shop)

        def land() -> None:
            shop.network(outboundType=UDR, loadBalancerProfile={})
            shop.document["eTag"] = "another"

        arm.fault("PUT", MANAGED_CLUSTER, Before(land))
        arm.fault("PUT", MANAGED_CLUSTER, Unavailable(0))
        result = migrate(az)
        assert (result.code, result.json["outcome"]) == (0, "applied"), result.err
        assert applied_puts(arm) == 0


class TestFollowing:
    @pytest.mark.parametrize(
        "fault", [BadGateway(), Reset(), Html(), Throttled(1)], ids=lambda found: type(found).__name__
    )
    def test_bad_looks_at_the_operation_change_nothing(self, az: Az, serve: Serve, fault: Fault) -> None:
        arm = serve(Shop.byo().routed())
        arm.fault("GET", OPERATION, fault, times=2)
        result = migrate(az)
        assert (result.code, result.json["outcome"]) == (0, "applied"), result.err
        assert len(arm.writes) == 1


class TestItFails:
    @pytest.mark.parametrize("status", ["Failed", "Canceled"])
    def test_with_the_goal_stored_it_is_told_and_a_second_migrate_ends_well(
        self, each_az: Az, serve: Serve, status: str
    ) -> None:
        shop = Shop.managed()
        arm = serve(shop)
        before: Any = each_az.must("aks", "egress", "show", *CLUSTER).json["egress"]["egressIps"]
        arm.operation_ends(status, "NatGatewayFailed", "no room in the subnet")
        failed = migrate(each_az, MNAT, "--nat-gw-ip-count", "2", "--accept", "EGR604")
        assert (failed.code, failed.out) == (1, "")
        assert "(NatGatewayFailed) no room in the subnet" in failed.err
        assert f"managedNATGateway is stored and not in force, state {status}" in failed.err
        assert before[0] in failed.err
        command = next(line for line in failed.err.split("`") if line.startswith("az aks egress migrate"))
        assert "--nat-gateway-managed-outbound-ip-count 2 --accept EGR604" in command

        again = each_az.shell(f"{command} --yes")
        assert (again.code, again.json["outcome"]) == (0, "applied"), again.err
        assert len(again.json["verification"]["egressIps"]) == 2
        assert steps(each_az)[-1] == "applied"

    def test_with_the_old_type_stored_it_is_told_too(self, az: Az, serve: Serve) -> None:
        shop = Shop.managed()
        arm = serve(shop)
        arm.operation_ends("Failed", "QuotaExceeded", "no public IPs left", stored="origin")
        failed = migrate(az, MNAT, "--accept", "EGR604")
        assert failed.code == 1
        assert "(QuotaExceeded) no public IPs left" in failed.err
        assert "loadBalancer is stored and in force" in failed.err
        assert migrate(az, MNAT, "--accept", "EGR604").code == 0
