"""A move of several updates: each pinned to the cluster read right before it, each followed, each in the record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

import pytest

from azext_aksegress import apply as applying
from azext_aksegress.follow import ChangedMeanwhile, NotApplied
from tests.builders import Shop
from tests.scripted import OPERATION, SUCCEEDED, Run, refused

pytestmark = pytest.mark.usefixtures("no_waiting")
LB, MNAT, UANAT = "loadBalancer", "managedNATGateway", "userAssignedNATGateway"
ADDED = "52.0.0.2/32"


def ranged(folder: Path, *answers: Any) -> Run:
    """A move to a NAT gateway whose address the authorized ranges are to hold first."""
    shop = Shop.byo(apiServerAccessProfile={"authorizedIPRanges": ["20.0.0.0/8"]}).gated()
    run = Run(folder, *answers, shop=shop, report=shop.report(UANAT, update_ranges=True))
    run.azure.operations = [SUCCEEDED, SUCCEEDED]
    return run


def taken(run: Run, **more: Any) -> Callable[[], str]:
    """Azure stores the ranges, and whatever somebody else sets meanwhile."""

    def answer() -> str:
        run.shop.set(apiServerAccessProfile={"authorizedIPRanges": ["20.0.0.0/8", ADDED]}, **more)
        run.shop.document["eTag"] = "after-the-ranges"
        return OPERATION

    return answer


def steps(run: Run) -> list[tuple[int, str]]:
    rows = json.loads(Path(run.record.path).read_text())["steps"]
    return [(row["step"], row["event"]) for row in rows]


def test_each_update_is_pinned_to_the_cluster_as_it_is_then(tmp_path: Path) -> None:
    run = ranged(tmp_path)
    first = run.shop.document["eTag"]
    run.azure.answers = [taken(run), OPERATION]
    run()
    assert [etag for _, etag in run.azure.sent] == [first, "after-the-ranges"]
    types = [body["properties"]["networkProfile"]["outboundType"] for body, _ in run.azure.sent]
    assert types == [LB, UANAT]
    assert [event for _, event in steps(run)] == ["sending", "accepted", "succeeded"] * 2


def test_the_ranges_spread_for_two_minutes_before_the_type_changes(tmp_path: Path, no_waiting: list[float]) -> None:
    run = ranged(tmp_path)
    run.azure.answers = [taken(run), OPERATION]
    run()
    assert sum(no_waiting) == pytest.approx(applying.SPREAD, abs=1)
    assert applying.SPREADING in run.phases


def test_what_was_changed_between_two_updates_stops_the_move(tmp_path: Path) -> None:
    run = ranged(tmp_path)
    run.azure.answers = [taken(run, dnsPrefix="another")]
    with pytest.raises(ChangedMeanwhile, match=r"dnsPrefix.*Done before: add 52\.0\.0\.2/32"):
        run()
    assert len(run.azure.sent) == 1
    assert steps(run)[-1] == (2, "refused")


def test_a_state_that_the_first_update_mends_stops_nothing(tmp_path: Path) -> None:
    run = ranged(tmp_path)
    run.shop.set(provisioningState="Failed").pool("apps", provisioningState="Failed")
    run = Run(tmp_path, shop=run.shop, report=run.shop.report(UANAT, update_ranges=True))
    run.azure.operations = [SUCCEEDED, SUCCEEDED]

    def mends() -> str:
        run.shop.pool("apps", provisioningState="Succeeded")
        return taken(run, provisioningState="Succeeded")()

    run.azure.answers = [mends, OPERATION]
    run()
    assert len(run.azure.sent) == 2


def test_a_refusal_of_the_second_update_says_what_was_done_before(tmp_path: Path) -> None:
    run = ranged(tmp_path)
    run.azure.answers = [taken(run), refused(403)]
    with pytest.raises(NotApplied, match="Done before: add"):
        run()


def test_a_refusal_of_the_first_update_leaves_the_type_alone(tmp_path: Path) -> None:
    run = ranged(tmp_path, refused(400))
    with pytest.raises(NotApplied):
        run()
    assert len(run.azure.sent) == 1
    assert steps(run) == [(1, "sending"), (1, "refused")]


def test_the_record_says_what_the_ranges_gained(tmp_path: Path) -> None:
    run = ranged(tmp_path)
    run.azure.answers = [taken(run), OPERATION]
    run()
    first = json.loads(Path(run.record.path).read_text())["steps"][0]
    assert (first["action"], first["added"], first["removed"]) == ("authorizeIpRanges", [ADDED], [])


def test_an_update_that_landed_without_an_answer_is_known_by_its_ranges(tmp_path: Path) -> None:
    run = ranged(tmp_path)

    def lost() -> Exception:
        taken(run)()
        return refused(502)

    run.azure.answers = [lost, OPERATION]
    run()
    assert len(run.azure.sent) == 2


def test_where_the_record_cannot_be_written_any_more_nothing_more_is_sent(tmp_path: Path) -> None:
    run = ranged(tmp_path / "records")

    def full() -> str:
        run.blocks_the_record()
        return taken(run)()

    run.azure.answers = [full]
    with pytest.raises(NotApplied, match=r"nothing more was sent\. Done before"):
        run()
    assert len(run.azure.sent) == 1


def test_an_interruption_between_two_updates_says_so(tmp_path: Path) -> None:
    run = ranged(tmp_path)
    run.azure.answers = [taken(run)]

    def tell(phase: str) -> None:
        if phase == applying.SPREADING:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="between two updates; nothing more was sent"):
        applying.apply(run.azure, run.plan, run.record, tell)
    assert steps(run)[-1] == (2, "interrupted")


def test_without_waiting_only_the_last_update_is_left_alone(tmp_path: Path) -> None:
    run = ranged(tmp_path)
    run.azure.answers = [taken(run), OPERATION]
    run(wait=False)
    assert steps(run) == [(1, "sending"), (1, "accepted"), (1, "succeeded"), (2, "sending"), (2, "accepted")]


class TestAfterTheMove:
    def made_by_aks(self, folder: Path, known: str = "30.0.0.0/8") -> Run:
        """A move to a NAT gateway that AKS makes, whose address the ranges are to hold then."""
        shop = Shop.managed(apiServerAccessProfile={"authorizedIPRanges": [known]})
        run = Run(folder, shop=shop, report=shop.report(MNAT, update_ranges=True))
        run.azure.operations = [SUCCEEDED, SUCCEEDED]
        moved = Shop.managed(MNAT, apiServerAccessProfile={"authorizedIPRanges": [known]})

        def answer() -> str:
            run.azure.shop = moved
            return OPERATION

        run.azure.answers = [answer, OPERATION]
        return run

    def test_nothing_is_waited_for(self, tmp_path: Path, no_waiting: list[float]) -> None:
        run = self.made_by_aks(tmp_path)
        run()
        assert len(run.azure.sent) == 2
        assert sum(no_waiting) < applying.SPREAD

    def test_ranges_that_hold_the_new_address_already_are_left_alone(self, tmp_path: Path) -> None:
        run = self.made_by_aks(tmp_path, "20.50.0.0/16")
        run()
        assert len(run.azure.sent) == 1
        assert steps(run)[-1] == (2, "notNeeded")


def test_what_was_judged_is_read_once_more_before_the_move(tmp_path: Path) -> None:
    run = ranged(tmp_path)
    run.azure.answers = [taken(run), OPERATION]
    run()
    assert run.azure.read_for_checks == 1
