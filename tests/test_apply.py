"""What is sent, how often, and what is told of it."""

from __future__ import annotations

import copy
import shlex
from pathlib import Path

import pytest
from azure.core.exceptions import ServiceResponseError

from azext_aksegress import apply as applying
from azext_aksegress.follow import ChangedMeanwhile, NotApplied, OutcomeUnknown, Overtaken
from tests.builders import Shop
from tests.scripted import OPERATION, Run, refused

pytestmark = pytest.mark.usefixtures("no_waiting")
UDR = "userDefinedRouting"


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


@pytest.mark.parametrize("after", ["nan", "inf", "-inf", "1e400", "-5"])
def test_nobody_waits_for_long_before_sending_again(tmp_path: Path, after: str, no_waiting: list[float]) -> None:
    run = Run(tmp_path, refused(429, retry_after=after), OPERATION)
    run()
    assert sum(no_waiting) <= applying.LONGEST_PAUSE + 1


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
    assert run.events == ["sending", "refused"]


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
    with pytest.raises(Overtaken):
        run()
    assert len(run.azure.sent) == 1


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


def test_the_command_in_a_cure_quotes_the_name_of_the_cluster(tmp_path: Path) -> None:
    run = Run(tmp_path, refused(409))
    here = run.plan.cluster.document["id"] = f"{run.shop.document['id']}; touch canary"
    with pytest.raises(NotApplied) as caught:
        run()
    command = caught.value.cure.split("`")[1]
    assert shlex.split(command) == ["az", "aks", "wait", "--ids", here, "--updated"]


def test_another_change_of_somebody_elses_is_not_our_new_sku(tmp_path: Path) -> None:
    shop = Shop.managed("managedNATGateway")
    run = Run(tmp_path, shop=shop, report=shop.report("managedNATGateway", nat_gateway_sku="StandardV2"))
    run.azure.answers = [run.somebody_else()]
    with pytest.raises(Overtaken):
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
    with pytest.raises(Overtaken):
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
