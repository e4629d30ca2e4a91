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
from azext_aksegress.apply import ChangedMeanwhile, NotApplied
from azext_aksegress.record import Record
from tests.builders import Shop

UDR = "userDefinedRouting"


def refused(status: int, code: str = "SomeCode", retry_after: str | None = None) -> HttpResponseError:
    headers = {"Retry-After": retry_after} if retry_after else {}
    response = SimpleNamespace(status_code=status, reason="", headers=headers, text=lambda *_: "", request=None)
    error = HttpResponseError(response=response)  # type: ignore[arg-type]
    error.error = SimpleNamespace(code=code, message="what the service says")  # type: ignore[assignment]
    return error


class Done:
    """A poller of an operation that has ended."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    def done(self) -> bool:
        return True

    def wait(self, _: float) -> None:
        raise AssertionError("it has ended")

    def result(self) -> None:
        if self._error:
            raise self._error


class ScriptedAzure:
    """Answers each sending as a script says, and keeps what was sent."""

    def __init__(self, shop: Shop, *answers: Any) -> None:
        self._shop = shop
        self._answers = list(answers)
        self.sent: list[tuple[dict[str, Any], str | None]] = []

    def begin_put(self, document: bytes, etag: str | None, _: str) -> Any:
        self.sent.append((json.loads(document), etag))
        answer = self._answers.pop(0)
        if callable(answer):
            answer = answer()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def read_cluster(self) -> Any:
        return copy.deepcopy(self._shop.document)


class Run:
    """One `apply` of the move of a routed cluster to userDefinedRouting."""

    def __init__(self, folder: Path, *answers: Any, shop: Shop | None = None) -> None:
        self.shop = shop or Shop.byo().routed()
        made = self.shop.report(UDR)
        self.plan = planning.make(made, ())
        self.azure = ScriptedAzure(self.shop, *answers)
        self.record = Record(str(folder), made, self.plan, {})
        self.phases: list[str] = []

    def __call__(self) -> None:
        applying.apply(self.azure, self.plan, self.record, self.phases.append)  # type: ignore[arg-type]

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
    pauses: list[float] = []
    monkeypatch.setattr(applying.time, "sleep", pauses.append)
    return pauses


def test_the_update_goes_out_once_with_the_etag_of_what_was_judged(tmp_path: Path) -> None:
    run = Run(tmp_path, Done())
    run()
    ((_, etag),) = run.azure.sent
    assert etag == run.shop.document["eTag"]
    assert run.events == ["accepted", "succeeded"]


def test_the_record_is_there_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    run = Run(tmp_path / "file", Done())
    with pytest.raises(OSError, match="file"):
        run()
    assert run.azure.sent == []


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_azure_is_asked_again(tmp_path: Path, status: int, no_waiting: list[float]) -> None:
    run = Run(tmp_path, refused(status, retry_after="7"), Done())
    run()
    assert len(run.azure.sent) == 2
    assert no_waiting == [7]


def test_an_azure_that_stays_busy_is_left_alone(tmp_path: Path) -> None:
    run = Run(tmp_path, *[refused(429)] * applying.SENDS)
    with pytest.raises(NotApplied, match="refused"):
        run()
    assert len(run.azure.sent) == applying.SENDS


@pytest.mark.parametrize("status", [400, 403, 404, 409])
def test_a_refusal_is_told_with_its_code_and_not_repeated(tmp_path: Path, status: int) -> None:
    run = Run(tmp_path, refused(status, "TheCode"))
    with pytest.raises(NotApplied, match="TheCode"):
        run()
    assert len(run.azure.sent) == 1
    assert run.events == ["failed"]


def test_a_change_by_somebody_else_is_never_overwritten(tmp_path: Path) -> None:
    run = Run(tmp_path, refused(412))
    with pytest.raises(ChangedMeanwhile, match="somebody else"):
        run()
    assert len(run.azure.sent) == 1


@pytest.mark.parametrize("lost", [ServiceResponseError("reset"), refused(502)])
def test_an_update_that_did_not_land_is_sent_again(tmp_path: Path, lost: Exception) -> None:
    run = Run(tmp_path, lost, Done())
    run()
    assert len(run.azure.sent) == 2


def test_an_update_that_landed_without_an_answer_is_not_sent_again(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.azure._answers = [run.lands()]
    run()
    assert len(run.azure.sent) == 1
    assert run.events == ["accepted", "succeeded"]


def test_a_conflict_after_a_second_sending_may_be_with_our_own_first_one(tmp_path: Path) -> None:
    run = Run(tmp_path)

    def first_one_landed_late() -> Exception:
        run.lands()()
        return refused(412)

    run.azure._answers = [refused(503), first_one_landed_late]
    run()
    assert run.events == ["accepted", "succeeded"]


def test_an_update_is_not_sent_again_once_somebody_else_wrote(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.azure._answers = [run.somebody_else()]
    with pytest.raises(ChangedMeanwhile):
        run()
    assert len(run.azure.sent) == 1


def test_a_failed_operation_is_told_with_its_code(tmp_path: Path) -> None:
    run = Run(tmp_path, Done(refused(200, "NatGatewayFailed")))
    with pytest.raises(NotApplied, match="NatGatewayFailed"):
        run()
    assert run.events == ["accepted", "failed"]


def test_without_an_etag_the_cluster_is_compared_right_before(tmp_path: Path) -> None:
    shop = Shop.byo().routed()
    del shop.document["eTag"]
    run = Run(tmp_path, Done(), shop=shop)
    shop.estate.resources[shop.document["id"].lower()] = {**copy.deepcopy(shop.document), "tags": {"who": "else"}}
    with pytest.raises(ChangedMeanwhile):
        run()
    assert run.azure.sent == []
