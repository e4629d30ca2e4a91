"""What becomes of an update that Azure has taken: followed to its end, or told how to look."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ServiceResponseError

from azext_aksegress import apply as applying
from azext_aksegress import follow
from azext_aksegress.follow import NotApplied, OutcomeUnknown
from tests.builders import Shop
from tests.scripted import OPERATION, RUNNING, SUCCEEDED, Run, refused

pytestmark = pytest.mark.usefixtures("no_waiting")
UDR = "userDefinedRouting"


@pytest.mark.parametrize("status", ["Failed", "Canceled"])
def test_an_operation_that_fails_is_told_with_its_code(tmp_path: Path, status: str) -> None:
    run = Run(tmp_path, OPERATION)
    run.azure.operations = [RUNNING, (status, "(NatGatewayFailed) no room", 0.0)]
    with pytest.raises(NotApplied, match=f"{status}: .NatGatewayFailed. no room"):
        run()
    assert run.events == ["sending", "accepted", "failed"]


def test_a_single_look_that_fails_is_no_failed_operation(tmp_path: Path) -> None:
    run = Run(tmp_path, OPERATION)
    run.azure.operations = [refused(403), ServiceResponseError("reset"), RUNNING, SUCCEEDED]
    run()
    assert run.events[-1] == "succeeded"


def test_where_the_operation_cannot_be_read_the_state_of_the_cluster_tells(tmp_path: Path) -> None:
    run = Run(tmp_path, OPERATION)
    run.azure.operations = [refused(404)] * follow.LOOKS
    run()
    assert run.events[-1] == "succeeded"


def test_where_neither_can_be_read_the_outcome_is_unknown_rather_than_failed(tmp_path: Path) -> None:
    run = Run(tmp_path, OPERATION)
    run.azure.operations = [refused(401)] * follow.LOOKS
    run.azure.reads = [refused(403, "Forbidden")] * follow.LOOKS
    with pytest.raises(OutcomeUnknown, match="Azure took the update"):
        run()
    assert run.events == ["sending", "accepted", "unknown"]


@pytest.mark.parametrize(("status", "asked", "seconds"), [(429, "40", 40), (503, None, follow.POLL), (429, "9999", 60)])
def test_an_azure_that_is_busy_is_asked_again_when_it_says_as_often_as_it_takes(
    tmp_path: Path, no_waiting: list[float], status: int, asked: str | None, seconds: int
) -> None:
    run = Run(tmp_path, OPERATION)
    busy = [refused(status, retry_after=asked)] * (follow.LOOKS + 1)
    run.azure.operations = [*busy, ("Succeeded", "", 0.0)]
    run()
    assert run.azure.operations == []
    assert run.events[-1] == "succeeded"
    assert sum(no_waiting) == pytest.approx(len(busy) * seconds, abs=1)


def test_a_cluster_that_azure_is_too_busy_to_show_is_asked_for_again_too(
    tmp_path: Path, no_waiting: list[float]
) -> None:
    run = Run(tmp_path, lambda: None)
    busy = [refused(429, retry_after="30")] * (follow.LOOKS + 1)
    run.azure.reads = list(busy)
    run()
    assert run.events[-1] == "succeeded"
    assert sum(no_waiting) == pytest.approx(len(busy) * 30, abs=1)


def test_an_azure_that_is_busy_for_ever_is_left_alone(tmp_path: Path, no_waiting: list[float]) -> None:
    run = Run(tmp_path, OPERATION)
    run.azure.operations = [refused(429, retry_after="60")] * 10_000
    run.shop.set(provisioningState="Updating")
    with pytest.raises(OutcomeUnknown, match="goes on in Azure"):
        run()
    assert sum(no_waiting) == pytest.approx(follow.OPERATION_TIMEOUT, abs=60)


def test_an_operation_that_never_ends_is_left_alone(tmp_path: Path) -> None:
    run = Run(tmp_path, OPERATION)
    run.azure.operations = [RUNNING] * 10_000
    run.shop.set(provisioningState="Updating")
    with pytest.raises(OutcomeUnknown, match="goes on in Azure"):
        run()


def test_a_failed_state_of_the_cluster_is_told(tmp_path: Path) -> None:
    run = Run(tmp_path, lambda: None)
    run.shop.set(provisioningState="Failed")
    with pytest.raises(NotApplied, match="its state is Failed"):
        run()


def test_a_record_that_cannot_be_written_any_more_keeps_nobody_from_following(tmp_path: Path) -> None:
    run = Run(tmp_path / "records")

    def accepted() -> str:
        run.blocks_the_record()
        return OPERATION

    run.azure.answers = [accepted]
    run()
    assert any("the record cannot be written" in phase for phase in run.phases)


def test_without_waiting_it_ends_once_azure_has_taken_the_update(tmp_path: Path) -> None:
    run = Run(tmp_path, OPERATION)
    run.azure.operations = []
    run(wait=False)
    assert run.events == ["sending", "accepted"]


class TestInterrupted:
    def interrupted(self, tmp_path: Path, at: str) -> tuple[str, list[str]]:
        """What is said, and what is in the record, where Ctrl-C comes in a phase."""
        run = Run(tmp_path, ServiceResponseError("reset"), OPERATION)
        run.azure.operations = [RUNNING] * 9

        def tell(phase: str) -> None:
            if at in phase:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt) as caught:
            applying.apply(run.azure, run.plan, run.record, tell)
        return str(caught.value), run.events

    def test_while_azure_works_it_goes_on_there(self, tmp_path: Path) -> None:
        said, events = self.interrupted(tmp_path, follow.WORKING)
        assert said == applying.GOES_ON
        assert events == ["sending", "accepted", "interrupted"]

    def test_before_azure_has_taken_it_nobody_knows(self, tmp_path: Path) -> None:
        said, events = self.interrupted(tmp_path, "did not land")
        assert said == applying.MAY_GO_ON
        assert events == ["sending", "interrupted"]

    def test_before_it_is_sent_there_is_no_record(self, tmp_path: Path) -> None:
        run = Run(tmp_path, OPERATION)

        def tell(_: str) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            applying.apply(run.azure, run.plan, run.record, tell)
        assert (run.azure.sent, list(tmp_path.iterdir())) == ([], [])


class TestAFailedOperation:
    def failing(self, tmp_path: Path, shop: Shop, **options: Any) -> Run:
        run = Run(tmp_path, OPERATION, shop=shop, report=shop.report("managedNATGateway", **options))
        run.azure.operations = [("Failed", "(NatGatewayFailed) no room", 0.0)]
        return run

    def test_is_told_with_what_egress_is_now(self, tmp_path: Path) -> None:
        shop = Shop.managed()
        run = self.failing(tmp_path, shop)
        shop.network(outboundType="managedNATGateway").set(provisioningState="Failed")
        with pytest.raises(NotApplied, match=r"is stored and not in force, state Failed, .* 20\.50\.0\.2"):
            run()

    def test_names_the_address_that_really_carries_egress(self, tmp_path: Path) -> None:
        run = Run(tmp_path, OPERATION)
        run.azure.operations = [("Failed", "no room", 0.0)]
        run.shop.network(outboundType=UDR).set(provisioningState="Failed")
        with pytest.raises(NotApplied, match=r"egress IPs 52\.0\.0\.1\. The record"):
            run()

    def test_behind_a_lost_answer_is_told_with_the_error_that_the_cluster_keeps(self, tmp_path: Path) -> None:
        run = Run(tmp_path)
        error = {"code": "QuotaExceeded", "message": "no public IPs left"}

        def lands() -> Exception:
            run.shop.network(outboundType=UDR).document["eTag"] = "another"
            run.shop.set(provisioningState="Failed", status={"provisioningError": error})
            return ServiceResponseError("reset")

        run.azure.answers = [lands]
        with pytest.raises(NotApplied, match=r"its state is Failed: \(QuotaExceeded\) no public IPs left"):
            run()

    def test_is_told_even_where_the_cluster_cannot_be_read(self, tmp_path: Path) -> None:
        run = self.failing(tmp_path, Shop.managed())
        run.azure.reads = [ServiceResponseError("reset")]
        with pytest.raises(NotApplied, match=r"no room.*What egress is now cannot be read: reset"):
            run()

    def test_ends_with_the_command_that_sends_it_again(self, tmp_path: Path) -> None:
        run = self.failing(tmp_path, Shop.managed(), ip_count=2, idle_timeout=30)
        with pytest.raises(NotApplied) as caught:
            run()
        assert "--to managedNATGateway --nat-gateway-managed-outbound-ip-count 2" in caught.value.cure


def test_a_cluster_that_cannot_be_looked_at_is_not_waited_for(tmp_path: Path, no_waiting: list[float]) -> None:
    run = Run(tmp_path)
    run.azure.reads = [refused(403)]
    follow.stand_still(run.azure, "2026-06-01", run.phases.append, 900)
    assert no_waiting == []


def test_a_pool_that_is_still_updating_is_waited_for(tmp_path: Path, no_waiting: list[float]) -> None:
    run = Run(tmp_path, shop=Shop.byo().pool("apps", provisioningState="Updating"))
    run.azure.before_read = lambda: run.shop.pool("apps", provisioningState="Succeeded") if no_waiting else None
    follow.stand_still(run.azure, "2026-06-01", run.phases.append, 900)
    assert sum(no_waiting) == pytest.approx(follow.POLL, abs=0.1)
