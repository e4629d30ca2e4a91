from __future__ import annotations

import copy
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable

import pytest
from azure.core.exceptions import HttpResponseError, ServiceResponseError

from azext_aksegress import apply as applying
from azext_aksegress import plan as planning
from azext_aksegress.apply import ChangedMeanwhile, NotApplied, OutcomeUnknown
from azext_aksegress.record import Record
from azext_aksegress.report import Report
from tests.builders import Shop

UDR = "userDefinedRouting"


def refused(status: int, code: str = "SomeCode", retry_after: str | None = None) -> HttpResponseError:
    headers = {"Retry-After": retry_after} if retry_after else {}
    response = SimpleNamespace(status_code=status, reason="", headers=headers, text=lambda *_: "", request=None)
    error = HttpResponseError(response=response)
    error.error = SimpleNamespace(code=code, message="what the service says")
    return error


OPERATION = "https://azure/operation"
SUCCEEDED, RUNNING = ("Succeeded", "", 0.0), ("InProgress", "", 0.0)


class ScriptedAzure:
    """Answers each sending and each look at the operation as a script says, and keeps what was sent."""

    def __init__(self, shop: Shop, *answers: Any) -> None:
        self._shop = shop
        self.answers = list(answers)
        self.operations: list[Any] = [SUCCEEDED]
        self.reads: list[Exception] = []
        self.before_read: Callable[[], object] = lambda: None
        self.sent: list[tuple[dict[str, Any], str | None]] = []

    def put(self, document: bytes, etag: str | None, _: str) -> Any:
        self.sent.append((json.loads(document), etag))
        return played(self.answers)

    def operation(self, _: str) -> Any:
        return played(self.operations)

    def read(self, _: Any) -> Any:
        if self.reads:
            raise self.reads.pop(0)
        return self._shop.snapshot()

    def read_cluster(self, _: str) -> Any:
        self.before_read()
        if self.reads:
            raise self.reads.pop(0)
        return copy.deepcopy(self._shop.document)


def played(script: list[Any]) -> Any:
    """The next line of a script: raised where it is an error, called where it is a function."""
    answer = script.pop(0)
    answer = answer() if callable(answer) else answer
    if isinstance(answer, Exception):
        raise answer
    return answer


class Run:
    """One `apply` of the move of a routed cluster to userDefinedRouting."""

    def __init__(self, folder: Path, *answers: Any, shop: Shop | None = None, report: Report | None = None) -> None:
        self.shop = shop or Shop.byo().routed()
        made = report or self.shop.report(UDR)
        self.plan = planning.make(made, ())
        self.azure = ScriptedAzure(self.shop, *answers)
        self.record = Record(str(folder), made, self.plan, {})
        self.phases: list[str] = []

    def __call__(self, wait: bool = True) -> None:
        applying.apply(self.azure, self.plan, self.record, self.phases.append, wait)

    @property
    def events(self) -> list[str]:
        return [step["event"] for step in json.loads(Path(self.record.path).read_text())["steps"]]

    def lands(self) -> Callable[[], Exception]:
        """The update is taken, and its answer lost."""

        def answer() -> Exception:
            self.shop.network(outboundType=UDR)
            self.shop.document["eTag"] = "another"
            return ServiceResponseError("reset")

        return answer

    def somebody_else(self) -> Callable[[], Exception]:
        """Somebody else changes the cluster, and our sending is lost."""

        def answer() -> Exception:
            self.shop.set(tags={"who": "else"})
            self.shop.document["eTag"] = "another"
            return ServiceResponseError("reset")

        return answer


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that only sleeping moves."""
    pauses: list[float] = []
    monkeypatch.setattr(applying.time, "sleep", pauses.append)
    monkeypatch.setattr(applying.time, "monotonic", lambda: sum(pauses))
    return pauses


def test_the_update_goes_out_once_with_the_etag_of_what_was_judged(tmp_path: Path) -> None:
    run = Run(tmp_path, OPERATION)
    run()
    ((_, etag),) = run.azure.sent
    assert etag == run.shop.document["eTag"]
    assert run.events == ["sending", "accepted", "succeeded"]


def test_the_record_is_there_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    run = Run(tmp_path / "file", OPERATION)
    with pytest.raises(NotApplied, match="nothing was sent"):
        run()
    assert run.azure.sent == []


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_azure_is_asked_again(tmp_path: Path, status: int, no_waiting: list[float]) -> None:
    run = Run(tmp_path, refused(status, retry_after="7"), OPERATION)
    run()
    assert len(run.azure.sent) == 2
    assert sum(no_waiting) == pytest.approx(7, abs=0.1)
    assert any("sending again in 7 s" in phase for phase in run.phases)


def test_an_azure_that_stays_busy_is_left_alone(tmp_path: Path) -> None:
    run = Run(tmp_path, *[refused(429)] * applying.SENDS)
    with pytest.raises(NotApplied, match="did not take the update of aks-shop, sent 4 times"):
        run()
    assert len(run.azure.sent) == applying.SENDS


@pytest.mark.parametrize("status", [400, 403, 404, 409])
def test_a_refusal_is_told_with_its_code_and_not_repeated(tmp_path: Path, status: int) -> None:
    run = Run(tmp_path, refused(status, "TheCode"))
    with pytest.raises(NotApplied, match="TheCode"):
        run()
    assert len(run.azure.sent) == 1
    assert run.events == ["sending", "failed"]


def test_a_change_by_somebody_else_is_never_overwritten(tmp_path: Path) -> None:
    run = Run(tmp_path, refused(412))
    with pytest.raises(ChangedMeanwhile, match="somebody else"):
        run()
    assert len(run.azure.sent) == 1


@pytest.mark.parametrize("lost", [ServiceResponseError("reset"), refused(502)])
def test_an_update_that_did_not_land_is_sent_again(tmp_path: Path, lost: Exception) -> None:
    run = Run(tmp_path, lost, OPERATION)
    run()
    assert len(run.azure.sent) == 2


def test_an_update_that_landed_without_an_answer_is_not_sent_again(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.azure.answers = [run.lands()]
    run()
    assert len(run.azure.sent) == 1
    assert run.events == ["sending", "accepted", "succeeded"]


def test_a_conflict_after_a_second_sending_may_be_with_our_own_first_one(tmp_path: Path) -> None:
    run = Run(tmp_path)

    def first_one_landed_late() -> Exception:
        run.lands()()
        return refused(412)

    run.azure.answers = [refused(503), first_one_landed_late]
    run()
    assert run.events == ["sending", "accepted", "succeeded"]


def test_an_update_is_not_sent_again_once_somebody_else_wrote(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.azure.answers = [run.somebody_else()]
    with pytest.raises(ChangedMeanwhile):
        run()
    assert len(run.azure.sent) == 1


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
    run.azure.operations = [refused(404)] * applying.LOOKS
    run()
    assert run.events[-1] == "succeeded"


def test_where_neither_can_be_read_the_outcome_is_unknown_rather_than_failed(tmp_path: Path) -> None:
    run = Run(tmp_path, OPERATION)
    run.azure.operations = [refused(401)] * applying.LOOKS
    run.azure.reads = [refused(403, "Forbidden")] * applying.LOOKS
    with pytest.raises(OutcomeUnknown, match="Azure took the update"):
        run()
    assert run.events == ["sending", "accepted", "unknown"]


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


def test_every_error_names_the_record(tmp_path: Path) -> None:
    run = Run(tmp_path, refused(400))
    with pytest.raises(NotApplied) as caught:
        run()
    assert run.record.path in str(caught.value)


@pytest.mark.parametrize(("status", "cure"), [(401, "az login"), (403, "managedClusters/write"), (409, "az aks wait")])
def test_a_refusal_comes_with_its_own_cure(tmp_path: Path, status: int, cure: str) -> None:
    run = Run(tmp_path, refused(status))
    with pytest.raises(NotApplied) as caught:
        run()
    assert cure in caught.value.cure


def test_a_record_that_cannot_be_written_any_more_keeps_nobody_from_following(tmp_path: Path) -> None:
    folder = tmp_path / "records"
    run = Run(folder)

    def accepted() -> str:
        for found in folder.iterdir():
            found.unlink()
        folder.rmdir()
        folder.write_text("in the way")
        return OPERATION

    run.azure.answers = [accepted]
    run()
    assert any("the record cannot be written" in phase for phase in run.phases)


def test_another_change_of_somebody_elses_is_not_our_new_sku(tmp_path: Path) -> None:
    shop = Shop.managed("managedNATGateway")
    run = Run(tmp_path, shop=shop, report=shop.report("managedNATGateway", nat_gateway_sku="StandardV2"))
    run.azure.answers = [run.somebody_else()]
    with pytest.raises(ChangedMeanwhile):
        run()


def test_without_an_etag_the_cluster_is_compared_right_before(tmp_path: Path) -> None:
    shop = Shop.byo().routed()
    del shop.document["eTag"]
    run = Run(tmp_path, OPERATION, shop=shop)
    shop.estate.resources[shop.document["id"].lower()] = {**copy.deepcopy(shop.document), "tags": {"who": "else"}}
    with pytest.raises(ChangedMeanwhile):
        run()
    assert run.azure.sent == []


def test_without_an_etag_nothing_is_sent_again_after_a_lost_answer(tmp_path: Path) -> None:
    shop = Shop.byo().routed()
    del shop.document["eTag"]
    run = Run(tmp_path, ServiceResponseError("reset"), OPERATION, shop=shop)
    with pytest.raises(NotApplied, match="no answer"):
        run()
    assert len(run.azure.sent) == 1


def test_without_an_etag_our_own_success_is_not_taken_for_somebody_elses(tmp_path: Path) -> None:
    shop = Shop.byo().routed()
    del shop.document["eTag"]
    run = Run(tmp_path, shop=shop)

    def lands() -> Exception:
        shop.network(outboundType=UDR)
        return ServiceResponseError("reset")

    run.azure.answers = [lands]
    run()
    assert run.events[-1] == "succeeded"


def test_without_an_etag_the_cluster_is_compared_before_every_sending(tmp_path: Path) -> None:
    shop = Shop.byo().routed()
    del shop.document["eTag"]
    run = Run(tmp_path, shop=shop)

    def busy_while_somebody_writes() -> Exception:
        shop.set(tags={"who": "else"})
        return refused(503)

    run.azure.answers = [busy_while_somebody_writes, OPERATION]
    with pytest.raises(ChangedMeanwhile):
        run()
    assert len(run.azure.sent) == 1


def test_without_waiting_it_ends_once_azure_has_taken_the_update(tmp_path: Path) -> None:
    run = Run(tmp_path, OPERATION)
    run.azure.operations = []
    run(wait=False)
    assert run.events == ["sending", "accepted"]


def test_without_waiting_a_lost_answer_is_made_sure_of_all_the_same(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.azure.answers = [run.lands()]
    run(wait=False)
    assert (len(run.azure.sent), run.events) == (1, ["sending", "accepted"])


def test_options_that_are_not_stored_are_no_landed_update(tmp_path: Path) -> None:
    shop = Shop.managed()
    run = Run(tmp_path, shop=shop, report=shop.report("loadBalancer", idle_timeout=60))

    def other_change() -> Exception:
        shop.set(tags={"who": "else"}).document["eTag"] = "another"
        return ServiceResponseError("reset")

    run.azure.answers = [other_change]
    with pytest.raises(ChangedMeanwhile):
        run()


def test_a_cluster_that_was_written_and_reads_as_before_leaves_the_outcome_unknown(tmp_path: Path) -> None:
    run = Run(tmp_path)

    def undone() -> Exception:
        run.shop.document["eTag"] = "another"
        return ServiceResponseError("reset")

    run.azure.answers = [undone]
    with pytest.raises(OutcomeUnknown, match="may have been undone"):
        run()
    assert len(run.azure.sent) == 1


def test_a_running_operation_behind_a_lost_answer_is_waited_for(tmp_path: Path) -> None:
    run = Run(tmp_path)

    def begins() -> Exception:
        run.shop.set(provisioningState="Updating").document["eTag"] = "another"
        return ServiceResponseError("reset")

    reads = iter([lambda: None, lambda: None, lambda: run.shop.network(outboundType=UDR)])

    def goes_on() -> None:
        next(reads, lambda: run.shop.set(provisioningState="Succeeded"))()

    run.azure.before_read = goes_on
    run.azure.answers = [begins]
    run()
    assert (len(run.azure.sent), run.events) == (1, ["sending", "accepted", "succeeded"])


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
        said, events = self.interrupted(tmp_path, applying.WORKING)
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
