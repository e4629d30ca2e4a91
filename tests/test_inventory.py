"""How Resource Graph is asked: when, for how much at once, how often, and what becomes of what it does not answer."""

from __future__ import annotations

import json
import threading
from types import SimpleNamespace
from typing import Any, Callable, Iterator

import pytest
from azure.core.exceptions import HttpResponseError, ServiceResponseError

from azext_aksegress import graph, inventory, wire
from azext_aksegress.arm import Json
from azext_aksegress.graph import Question
from azext_aksegress.inventory import LONGEST_WAIT, MAX_PAGES, PAGE, TRIES, Incomplete, Inventory, ahead
from tests.armsim.arm import Arm, Request
from tests.builders import Shop
from tests.scripted import refused

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
SECRET = "eyJ0eXAiOiJKV1QifQ.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl"
ADDRESSES = next(graph.in_node_groups((), [f"/subscriptions/{SUBSCRIPTION}/x"]))
Script = Callable[[Json], Any]


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds slept; time goes on by sleeping alone."""
    slept: list[float] = []
    monkeypatch.setattr(inventory.time, "sleep", slept.append)
    monkeypatch.setattr(inventory.time, "monotonic", lambda: sum(slept))
    return slept


def response(document: Any, **headers: str) -> Any:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return SimpleNamespace(headers=named, content=json.dumps(document).encode())


def page(*ids: str, token: str | None = None, **more: Any) -> Json:
    rows = [{"id": found} for found in ids]
    return {"data": rows, "count": len(rows), **({"$skipToken": token} if token else {}), **more}


def too_large() -> HttpResponseError:
    """As Resource Graph refuses it: its own word is in the details."""
    error = refused(400, "BadRequest")
    error.error.details = [SimpleNamespace(code="ResponsePayloadTooLarge", message="Response payload size is 17")]
    return error


def throttled(**headers: str) -> HttpResponseError:
    error = refused(429, "RateLimiting")
    error.response.headers.update({key.replace("_", "-"): value for key, value in headers.items()})
    return error


class Scripted:
    """A reader whose Resource Graph says what a script has next, or what a function makes of each query."""

    def __init__(self, *script: Any, always: Script | None = None) -> None:
        self.script = list(script)
        self.always = always
        self.asked: list[Json] = []
        self.lock = threading.Lock()

    def begin(self) -> None:
        """A new reading."""

    def query(self, body: Json) -> Any:
        with self.lock:
            self.asked.append(body)
            found = self.always(body) if self.always else self.script.pop(0)
        if isinstance(found, Exception):
            raise found
        return response(found) if isinstance(found, dict) else found

    @property
    def sizes(self) -> list[int]:
        return [body["options"]["$top"] for body in self.asked]


class Asked:
    """One question of addresses, and what became of it."""

    def __init__(self, *script: Any, question: Question = ADDRESSES, always: Script | None = None) -> None:
        self.reader = Scripted(*script, always=always)
        self.said: list[str] = []
        self.inventory = Inventory(self.reader, self.said.append)  # type: ignore[arg-type]  # a reader by its shape
        self.rows = self.inventory._rows(question)

    @property
    def ids(self) -> list[str]:
        return [row["id"] for row in self.rows]

    @property
    def why(self) -> str:
        (reason,) = self.inventory.missing.values()
        assert self.rows == []
        return reason


class TestWaiting:
    def test_is_as_long_as_a_throttled_answer_says(self, clock: list[float]) -> None:
        asked = Asked(throttled(Retry_After="7"), page("/a"))
        assert (asked.ids, clock) == (["/a"], [7.0])
        assert asked.said == ["waiting 7 s, as Resource Graph asks"]

    def test_is_until_the_quota_is_there_again_where_that_is_later(self, clock: list[float]) -> None:
        Asked(throttled(Retry_After="2", x_ms_user_quota_resets_after="00:00:05"), page("/a"))
        assert clock == [5.0]

    def test_is_before_the_next_query_where_an_answer_was_the_last_of_the_quota(self, clock: list[float]) -> None:
        spent = {"x_ms_user_quota_remaining": "0", "x_ms_user_quota_resets_after": "00:00:03"}
        asked = Asked(response(page("/a", token="next"), **spent), page("/b"))
        assert (asked.ids, clock) == (["/a", "/b"], [3.0])

    def test_is_none_while_there_is_quota_left(self, clock: list[float]) -> None:
        rest = {"x_ms_user_quota_remaining": "1", "x_ms_user_quota_resets_after": "00:00:03"}
        Asked(response(page("/a", token="next"), **rest), page("/b"))
        assert clock == []

    @pytest.mark.parametrize("failure", [throttled(), refused(503), ServiceResponseError("reset")])
    def test_is_longer_each_time_where_nothing_is_said(self, clock: list[float], failure: Exception) -> None:
        asked = Asked(failure, failure, failure, page("/a"))
        assert (asked.ids, clock) == (["/a"], [0.5, 1.0, 1.5])

    @pytest.mark.parametrize("said", ["soon", "-5", "99:99", "", "1:2:3:4", "nan"])
    def test_is_short_where_what_is_said_is_no_time(self, clock: list[float], said: str) -> None:
        asked = Asked(throttled(Retry_After=said, x_ms_user_quota_resets_after=said), page("/a"))
        assert (asked.ids, clock) == (["/a"], [0.5])

    def test_is_never_longer_than_the_longest(self, clock: list[float]) -> None:
        asked = Asked(throttled(x_ms_user_quota_resets_after=f"00:01:{LONGEST_WAIT - 59:02}"))
        assert "too busy for this caller" in asked.why
        assert clock == []

    def test_as_long_as_the_longest_is_waited_for(self, clock: list[float]) -> None:
        asked = Asked(throttled(x_ms_user_quota_resets_after="00:01:00"), page("/a"))
        assert (asked.ids, clock) == (["/a"], [LONGEST_WAIT])

    def test_is_of_one_question_all_in_all(self, clock: list[float]) -> None:
        asked = Asked(*[throttled(Retry_After="25")] * TRIES)
        assert "too busy for this caller" in asked.why
        assert clock == [25.0, 25.0]

    def test_for_too_long_is_of_all_questions_and_none_is_sent(self, clock: list[float]) -> None:
        asked = Asked(throttled(x_ms_user_quota_resets_after="01:00:00"))
        assert asked.inventory._rows(TestTheSimplerQuery.QUESTION) == []
        assert (len(asked.reader.asked), len(asked.inventory.missing), clock) == (1, 2, [])


class TestGivingUp:
    def test_comes_after_so_many_tries(self) -> None:
        asked = Asked(*[refused(503)] * TRIES)
        assert "what the service says" in asked.why
        assert len(asked.reader.asked) == TRIES

    @pytest.mark.parametrize("status", [400, 401, 403, 404])
    def test_comes_at_once_where_the_answer_is_no(self, status: int) -> None:
        asked = Asked(refused(status))
        assert "what the service says" in asked.why
        assert len(asked.reader.asked) == 1

    @pytest.mark.parametrize(
        ("answer", "why"),
        [
            ({}, "the answer is not a list"),
            ({"data": {"rows": []}}, "the answer is not a list"),
            ({"data": ["/a"]}, "the answer is not a list"),
            (page("/a", resultTruncated="true"), "cut short"),
            (page("/a", resultTruncated=True), "cut short"),
            (page("/a", totalRecords=2), "cut short"),
            (SimpleNamespace(headers={}, content=b'{"data": ['), "the answer is no JSON"),
            (SimpleNamespace(headers={}, content=b""), "the answer is no JSON"),
        ],
    )
    def test_comes_where_an_answer_is_not_the_whole_one(self, answer: Any, why: str) -> None:
        assert why in Asked(answer).why

    def test_gives_no_rows_of_the_pages_before(self) -> None:
        asked = Asked(page("/a", token="next"), refused(403))
        assert (asked.rows, list(asked.inventory.missing)) == ([], [ADDRESSES.about])

    def test_says_what_the_details_of_an_error_say(self) -> None:
        error = refused(400, "BadRequest")
        error.error.details = [SimpleNamespace(code="InvalidQuery", message="Query is invalid")]
        assert Asked(error).why == "(InvalidQuery) Query is invalid"

    def test_tells_no_token_that_an_error_repeats(self) -> None:
        plain, detailed = refused(403), refused(400)
        plain.error.message = f"Bearer {SECRET} is not allowed"
        detailed.error.details = [SimpleNamespace(code="X", message=f"Bearer {SECRET} is not allowed")]
        for error in (plain, detailed):
            why = Asked(error).why
            assert SECRET not in why
            assert "is not allowed" in why


class TestPages:
    def test_are_followed_to_the_last(self) -> None:
        asked = Asked(page("/a", token="1"), page("/b", token="2"), page("/c", totalRecords=3))
        assert asked.ids == ["/a", "/b", "/c"]
        assert [body["options"].get("$skipToken") for body in asked.reader.asked] == [None, "1", "2"]
        assert asked.reader.sizes == [PAGE] * 3

    @pytest.mark.parametrize("failure", [too_large(), wire.TooMuch("too large")])
    def test_are_half_as_large_where_they_are_too_large(self, failure: Exception) -> None:
        asked = Asked(failure, failure, page("/a", token="next"), failure, page("/b"))
        assert asked.ids == ["/a", "/b"]
        assert asked.reader.sizes == [1000, 500, 250, 250, 125]

    def test_of_one_row_that_is_too_large_are_missing(self) -> None:
        asked = Asked(always=lambda _: too_large())
        assert "ResponsePayloadTooLarge" in asked.why
        assert asked.reader.sizes == [1000, 500, 250, 125, 62, 31, 15, 7, 3, 1]

    def test_in_a_circle_have_an_end(self) -> None:
        asked = Asked(page("/a", token="1"), page("/b", token="2"), page("/a", token="1"))
        assert asked.why == "the pages have no end"

    def test_without_an_end_have_one(self) -> None:
        numbers: Iterator[int] = iter(range(10 * MAX_PAGES))
        asked = Asked(always=lambda _: page("/a", token=str(next(numbers))))
        assert asked.why == "the pages have no end"
        assert len(asked.reader.asked) == MAX_PAGES + 1


class TestTheSimplerQuery:
    QUESTION = Question("networks", "the query", (SUBSCRIPTION,), "the simpler query")

    def test_is_asked_where_the_other_is_not_understood(self) -> None:
        asked = Asked(refused(400), page("/a"), question=self.QUESTION)
        assert asked.ids == ["/a"]
        assert [body["query"] for body in asked.reader.asked] == ["the query", "the simpler query"]
        assert asked.inventory.missing == {}

    @pytest.mark.parametrize("status", [403, 404])
    def test_is_not_asked_where_the_answer_is_another_no(self, status: int) -> None:
        asked = Asked(refused(status), question=self.QUESTION)
        assert asked.why
        assert len(asked.reader.asked) == 1

    def test_that_is_not_understood_either_is_told(self) -> None:
        asked = Asked(refused(400), refused(400), question=self.QUESTION)
        assert asked.why


class TestAFleet:
    """Clusters and their surroundings, of the local Azure."""

    @staticmethod
    def inventory(arm: Arm, wrong: Callable[[Json], Any] = lambda _: None) -> tuple[Inventory, Scripted]:
        def answer(body: Json) -> Any:
            found = wrong(body)
            if found is not None:
                return found
            path = "/providers/Microsoft.ResourceGraph/resources"
            sent = json.loads(json.dumps(body))
            return arm.handle(Request("POST", path, {"api-version": "2022-10-01"}, {}, sent)).body

        reader = Scripted(always=answer)
        return Inventory(reader, lambda _: None), reader  # type: ignore[arg-type]  # a reader by its shape

    def test_comes_with_what_is_around_it(self) -> None:
        shop = Shop.byo().routed()
        asking, _ = self.inventory(shop.arm)
        (snapshots,) = asking.batches(graph.clusters([SUBSCRIPTION], None), None, True)
        assert [found.cluster["id"] for found in snapshots] == [shop.document["id"]]
        assert shop.table_id("snet-apps").lower() in snapshots[0].resources
        assert asking.missing == {}

    def test_comes_without_a_part_that_is_not_read(self) -> None:
        shop = Shop.byo().routed()
        asking, _ = self.inventory(shop.arm, lambda body: refused(403) if "routetables" in body["query"] else None)
        (snapshots,) = asking.batches(graph.clusters([SUBSCRIPTION], None), None, True)
        assert shop.table_id("snet-apps").lower() not in snapshots[0].resources
        assert list(asking.missing) == [graph.OF_ATTACHED]

    def test_that_is_not_listed_is_incomplete(self) -> None:
        asking, _ = self.inventory(Shop.byo().arm, lambda _: refused(403))
        with pytest.raises(Incomplete, match=r"lists not every cluster: [(]SomeCode[)] what the service says"):
            list(asking.batches(graph.clusters([SUBSCRIPTION], None), None, True))

    def test_is_asked_for_no_more_than_so_many_parts_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(graph, "AT_ONCE", 1)
        shop = Shop()
        for number in range(20):
            subnets = shop.estate.vnet(f"vnet-{number}", ["snet"])
            shop.estate.cluster(f"aks-{number}", pools={"system": subnets["snet"]})
        asking, _ = self.inventory(shop.arm)
        busy, most, lock = [0], [0], threading.Lock()
        rows = asking._rows_of

        def counted(question: Question) -> list[Json]:
            with lock:
                busy[0] += 1
                most[0] = max(most[0], busy[0])
            found = rows(question)
            with lock:
                busy[0] -= 1
            return found

        monkeypatch.setattr(asking, "_rows_of", counted)
        (snapshots,) = asking.batches(graph.clusters([SUBSCRIPTION], None), None, True)
        assert len(snapshots) == 20
        assert 1 <= most[0] <= inventory.PARALLEL


class TestAhead:
    def test_gives_every_item_in_its_order(self) -> None:
        assert list(ahead(iter(range(1, 50)))) == list(range(1, 50))

    def test_gives_nothing_of_nothing(self) -> None:
        assert list(ahead(iter(()))) == []

    def test_makes_one_item_more_than_is_used_and_no_two(self) -> None:
        made: list[int] = []

        def items() -> Iterator[int]:
            for number in range(1, 10):
                made.append(number)
                yield number

        for used in ahead(items()):
            assert len(made) <= used + 1

    def test_raises_what_making_an_item_raises_after_those_before_it(self) -> None:
        def items() -> Iterator[str]:
            yield "one"
            raise Incomplete("no more")

        coming = ahead(items())
        assert next(coming) == "one"
        with pytest.raises(Incomplete, match="no more"):
            next(coming)

    def test_leaves_no_thread_that_python_waits_for_when_it_ends(self) -> None:
        held = threading.Event()

        def items() -> Iterator[str]:
            yield "one"
            held.wait(60)

        before = set(threading.enumerate())
        assert next(ahead(items())) == "one"
        assert all(thread.daemon for thread in set(threading.enumerate()) - before)
        held.set()
